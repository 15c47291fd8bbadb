//! Every kind of repository, and what happens to one while a push is judged: the gate reads
//! them all alike, and what it can't read it refuses.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::clone::path_text;
use crate::support::world::lines;
use crate::support::{API, CLAUDE, Clone, Draft, MAIN, NEEDS, Policy, World, ai, human, reftables};

/// Human work lands, marked work needs its sign-off by whatever way it comes, merges are
/// merged again, and what landed is published.
fn goes_the_whole_way(world: &World, kim: &Clone<'_>, repository: &str) {
    let sign = |id: &str| {
        let draft = Draft::new("approve", repository).commit(kim, id);
        kim.deliver(&[&draft.sign("ghopper")]);
    };
    kim.commit(human("Plain\n").file("a", "1\n2\n3\n4\n5\n"));
    kim.push_main().lands(&[MAIN]);
    let id = kim.commit(ai("Marked").file("b", "b\n"));
    kim.push_main().rejected_with(NEEDS).says(&id[..8]);
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.push_main().rejected_with(&id[..8]);
    sign(&id);
    kim.push_main().lands(&[MAIN]);
    // A merge that decides something itself, and one that does not.
    kim.branch("topic", "main~1");
    let other = kim.commit(ai("Other").file("a", "1\ntwo\n3\n4\n5\n"));
    sign(&other);
    kim.git(&["checkout", "-q", "main"]);
    kim.git(&["merge", "-q", "--no-ff", "--no-commit", "topic"]);
    fs::write(kim.dir.join("evil"), "evil\n").expect("a file");
    kim.git(&["add", "-A"]);
    kim.git(&["commit", "-q", "-m", "Merge topic"]);
    kim.push_main().rejected_with("decides evil itself");
    kim.git(&["reset", "-q", "--hard", "HEAD~1"]);
    kim.git(&["merge", "-q", "--no-ff", "-m", &format!("Merge topic\n\n{CLAUDE}"), "topic"]);
    kim.push_main().lands(&[MAIN]);
    let log = ["ls-tree", "--name-only", "refs/countersign/log", "decisions/"];
    assert!(world.git_in(&kim.bare, &log).lines().count() >= 3);
}

/// What is done to the repository before anybody pushes.
type Preparation = fn(&World, &Path);

fn git(world: &World, bare: &Path, args: &[&str]) {
    world.git_in(bare, args);
}

/// Some history in several packs.
fn packs(world: &World, bare: &Path) {
    for n in 0..3 {
        let tree = world.git_in(bare, &["rev-parse", "main^{tree}"]);
        let message = format!("Pack {n}");
        let identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
        let commit = ["commit-tree", &tree, "-p", "main", "-m", &message];
        let id = world.git_in(bare, &[&identity[..], &commit[..]].concat());
        git(world, bare, &["update-ref", MAIN, &id]);
        git(world, bare, &["repack", "-q", "-d"]);
    }
}

/// The objects move to another repository, and from there on to a third.
fn alternates(world: &World, bare: &Path) {
    let (near, far) = (world.path("near/objects"), world.path("far/objects"));
    for folder in [&near, &far] {
        fs::create_dir_all(folder.join("info")).expect("a folder");
    }
    git(world, bare, &["repack", "-q", "-a", "-d"]);
    fs::rename(bare.join("objects/pack"), far.join("pack")).expect("packs");
    fs::create_dir(bare.join("objects/pack")).expect("a folder");
    fs::write(near.join("info/alternates"), format!("{}\n", path_text(&far))).expect("a file");
    fs::create_dir_all(bare.join("objects/info")).expect("a folder");
    fs::write(bare.join("objects/info/alternates"), format!("{}\n", path_text(&near)))
        .expect("a file");
}

/// A commit-graph that is no such thing.
fn broken_commit_graph(world: &World, bare: &Path) {
    packs(world, bare);
    git(world, bare, &["commit-graph", "write", "--reachable"]);
    let file = bare.join("objects/info/commit-graph");
    let mut bytes = fs::read(&file).expect("a commit-graph");
    let end = bytes.len() - 30;
    bytes[100..end].fill(0x55);
    fs::remove_file(&file).expect("a file");
    fs::write(&file, bytes).expect("a file");
}

const PREPARATIONS: &[(&str, Preparation)] = &[
    ("as it is", |_, _| {}),
    ("refs packed", |world, bare| git(world, bare, &["pack-refs", "--all"])),
    ("collected", |world, bare| git(world, bare, &["gc", "-q", "--prune=now"])),
    ("many packs", packs),
    ("a multi-pack-index", |world, bare| {
        packs(world, bare);
        git(world, bare, &["multi-pack-index", "write", "--bitmap"]);
    }),
    ("a commit-graph", |world, bare| {
        packs(world, bare);
        git(world, bare, &["commit-graph", "write", "--reachable", "--changed-paths"]);
    }),
    ("a broken commit-graph", broken_commit_graph),
    ("alternates of alternates", alternates),
    ("unpacking nothing", |world, bare| git(world, bare, &["config", "receive.unpackLimit", "1"])),
    ("unpacking everything", |world, bare| {
        git(world, bare, &["config", "receive.unpackLimit", "100000"]);
    }),
    ("fsck", |world, bare| git(world, bare, &["config", "receive.fsckObjects", "true"])),
    ("no fsck", |world, bare| git(world, bare, &["config", "receive.fsckObjects", "false"])),
    ("push options", |world, bare| {
        git(world, bare, &["config", "receive.advertisePushOptions", "true"]);
    }),
    ("grafts", |world, bare| {
        let main = world.git_in(bare, &["rev-parse", "main"]);
        fs::create_dir_all(bare.join("info")).expect("a folder");
        fs::write(bare.join("info/grafts"), format!("{main}\n")).expect("a file");
    }),
    ("a log that git hides", |world, bare| {
        git(world, bare, &["config", "receive.hideRefs", "refs/countersign/log"]);
    }),
];

#[test]
fn repositories_in_all_states() {
    std::thread::scope(|scope| {
        for half in PREPARATIONS.chunks(PREPARATIONS.len().div_ceil(2)) {
            scope.spawn(move || {
                for (name, prepare) in half {
                    eprintln!("{name}");
                    let world = World::new();
                    prepare(&world, &world.bare(API));
                    goes_the_whole_way(&world, &world.clone("kim"), API);
                }
            });
        }
    });
}

#[test]
fn other_ids_and_other_ways_to_keep_refs() {
    let world = World::new();
    world.repository_of("payments/long", "sha256");
    goes_the_whole_way(&world, &world.clone_of("kim", "payments/long"), "payments/long");
    world.repository_with("payments/table", reftables());
    goes_the_whole_way(&world, &world.clone_of("kim", "payments/table"), "payments/table");
}

/// A work tree's repository, and a further work tree of it: one repository, one name.
#[test]
fn repositories_with_work_trees() {
    let world = World::new();
    let bare = world.bare(API);
    let tree = world.path("root/payments/tree");
    let git_dir = tree.join(".git");
    world.git_in(&world.path("home"), &["clone", "-q", &path_text(&bare), &path_text(&tree)]);
    world.git_in(&git_dir, &["config", "receive.denyCurrentBranch", "ignore"]);
    world.git_in(&git_dir, &["update-ref", "-d", "refs/remotes/origin/main"]);
    fs::create_dir_all(git_dir.join("hooks")).expect("a folder");
    world.install(&git_dir);
    let kim = world.clone_from("kim", &path_text(&tree), git_dir.clone());
    goes_the_whole_way(&world, &kim, "payments/tree");
    // Through the folder of a further work tree the same rules hold, under the same name.
    let policy = world.path("policy.toml");
    let text = fs::read_to_string(&policy).expect("a policy");
    fs::write(&policy, text + "repos = [\"payments/tree\"]\n").expect("a policy");
    let further = world.path("root/further");
    world.git_in(&git_dir, &["worktree", "add", "-q", "-b", "side", &path_text(&further)]);
    for url in [further.clone(), git_dir.join("worktrees/further")] {
        let kim = world.clone_from("kim", &path_text(&url), git_dir.clone());
        kim.git(&["checkout", "-q", "-B", "main", "origin/main"]);
        let file = url.file_name().and_then(|n| n.to_str()).expect("a name").to_owned();
        let id =
            kim.commit(ai("Marked").file(format!("{file}{}", url.components().count()), "x\n"));
        kim.push_main().rejected_with(NEEDS).says("payments/tree");
        let draft = Draft::new("approve", "payments/tree").commit(&kim, &id);
        kim.deliver(&[&draft.sign("ghopper")]);
        kim.push_main().lands(&[MAIN]);
    }
}

/// A server that itself has but the end of history.
#[test]
fn a_shallow_repository() {
    let world = World::new();
    packs(&world, &world.bare(API));
    let shallow = world.path("root/payments/shallow.git");
    let url = format!("file://{}", path_text(&world.bare(API)));
    let clone = ["clone", "-q", "--bare", "--depth=2", &url, &path_text(&shallow)];
    world.git_in(&world.path("home"), &clone);
    fs::create_dir_all(shallow.join("hooks")).expect("a folder");
    world.install(&shallow);
    assert!(shallow.join("shallow").exists());
    // A branch that forks below where the server's history ends: that is the server's doing.
    let whole = world.clone_from("kim", &path_text(&world.bare(API)), shallow.clone());
    whole.git(&["remote", "set-url", "origin", &path_text(&shallow)]);
    whole.branch("fork", "main~3");
    whole.commit(human("Plain\n").file("fork", "x\n"));
    whole
        .push(&["HEAD:refs/heads/release/1"])
        .refused()
        .says("could not finish")
        .says("server's repository lacks")
        .keeps_quiet_about("unshallow");
    goes_the_whole_way(&world, &world.clone_of("kim", "payments/shallow"), "payments/shallow");
}

/// What a partial clone lacks is neither fetched nor passed over.
#[test]
fn a_partial_clone() {
    let world = World::new();
    let full = world.bare(API);
    packs(&world, &full);
    world.git_in(&full, &["config", "uploadpack.allowFilter", "true"]);
    let partial = world.path("root/payments/partial.git");
    let url = format!("file://{}", path_text(&full));
    let clone = ["clone", "-q", "--bare", "--filter=blob:none", &url, &path_text(&partial)];
    world.git_in(&world.path("home"), &clone);
    fs::create_dir_all(partial.join("hooks")).expect("a folder");
    world.install(&partial);
    let kim = world.clone_from("kim", &path_text(&full), partial.clone());
    kim.git(&["remote", "set-url", "origin", &path_text(&partial)]);
    goes_the_whole_way(&world, &kim, "payments/partial");
    assert!(missing(&world, &partial) > 0, "the push made the gate fetch what was missing");
}

/// A partial server, which has no file that it was not pushed, and a full clone of it: main and
/// topic change lines of one file, so that only a server that has that file can merge them.
fn partial(world: &World) -> Clone<'_> {
    let full = world.bare(API);
    world.git_in(&full, &["config", "uploadpack.allowFilter", "true"]);
    let partial = world.path("root/payments/partial.git");
    let url = format!("file://{}", path_text(&full));
    let clone = ["clone", "-q", "--bare", "--filter=blob:none", &url, &path_text(&partial)];
    world.git_in(&world.path("home"), &clone);
    fs::create_dir_all(partial.join("hooks")).expect("a folder");
    world.install(&partial);
    let kim = world.clone_from("kim", &path_text(&full), partial.clone());
    kim.git(&["remote", "set-url", "origin", &path_text(&partial)]);
    // A delta would make git fetch what it is a delta of.
    kim.git(&["config", "pack.window", "0"]);
    kim.commit(human("Top\n").file("src/app.rs", lines(&[(2, "top")])));
    kim.git(&["tag", "top"]);
    kim.branch("topic", "main~1");
    kim.commit(human("Bottom\n").file("src/app.rs", lines(&[(50, "bottom")])));
    kim.git(&["checkout", "-q", "main"]);
    kim
}

/// What can't be merged again for want of a file is taken for a merge that decides everything
/// itself: the report says so, and whoever signs it by its id lets it in.
#[test]
fn merges_that_a_partial_server_can_not_merge_again() {
    let docs = Policy::standard()
        .rule("docs")
        .with("refs", r#"["refs/heads/main"]"#)
        .with("paths", r#"["docs/**"]"#)
        .with("from", r#"["seniors"]"#);
    let world = World::with(&docs);
    let kim = partial(&world);
    let absent = kim.rev("main~1:src/app.rs");
    let sign = |id: &str| {
        let draft = Draft::new("approve", "payments/partial").commit(&kim, id);
        kim.deliver(&[&draft.sign("ghopper")]);
    };
    let merge = |message: &str| {
        kim.git(&["reset", "-q", "--hard", "top"]);
        kim.git(&["merge", "-q", "--no-ff", "-m", message, "topic"]);
        kim.head()
    };
    // An innocent one needs no merging.
    merge("Merge topic");
    kim.push(&["HEAD:refs/heads/release/1"]).accepted();
    let marked = merge(&format!("Merge topic\n\n{CLAUDE}"));
    let push = kim.push_main();
    push.rejected_with(NEEDS)
        .says(&format!("object {}", &absent[..8]))
        .says("rule \"production\"")
        .says("rule \"docs\"");
    push.keeps_quiet_about("could not finish");
    sign(&marked);
    kim.push_main().lands(&[MAIN]);
    // One that says nothing, and brings AI-assisted work that is signed.
    kim.branch("topic", "top~1");
    let brought = kim.commit(ai("Middle").file("src/app.rs", lines(&[(40, "middle")])));
    sign(&brought);
    kim.git(&["checkout", "-q", "main"]);
    kim.git(&["merge", "-q", "--no-ff", "-m", "Merge topic", "topic"]);
    let silent = kim.head();
    kim.push_main()
        .rejected_with(NEEDS)
        .says(&silent[..8])
        .says(&format!("of AI-assisted {}", &brought[..8]));
    sign(&silent);
    kim.push_main().lands(&[MAIN]);
    // One that others follow in the same push, whose files are all there.
    kim.branch("topic", "top~1");
    kim.commit(human("Twenty\n").file("src/app.rs", lines(&[(20, "twenty")])));
    kim.git(&["checkout", "-q", "main"]);
    kim.git(&["merge", "-q", "--no-ff", "-m", &format!("Merge topic\n\n{CLAUDE}"), "topic"]);
    let marked = kim.head();
    kim.branch("later", "main~1");
    kim.commit(human("Plain\n").file("a", "a\n"));
    kim.git(&["checkout", "-q", "main"]);
    kim.git(&["merge", "-q", "--no-ff", "-m", &format!("Merge later\n\n{CLAUDE}"), "later"]);
    kim.push_main().rejected_with("1 of ").says(&marked[..8]);
    sign(&marked);
    kim.push_main().lands(&[MAIN]);
}

fn missing(world: &World, bare: &Path) -> usize {
    let args = ["rev-list", "--objects", "--all", "--missing=print"];
    world.git_in(bare, &args).lines().filter(|line| line.starts_with('?')).count()
}

#[test]
fn pushes_of_many_kinds() {
    let world = World::new();
    let bare = world.bare(API);
    world.git_in(&bare, &["config", "receive.advertisePushOptions", "true"]);
    let kim = world.clone("kim");
    let id = kim.commit(ai("Marked").file("a", "a\n"));
    let refs = ["HEAD:refs/heads/main", "HEAD:refs/heads/topic"];
    kim.push_with(&["--atomic"], &refs).rejected_with(&id[..8]);
    kim.push_with(&["-o", "AI-Assisted: no", "-o", "skip"], &refs).rejected_with(&id[..8]);
    kim.push_with(&["--force", "--no-thin"], &refs).rejected_with(&id[..8]);
    kim.push_with(&["--mirror"], &[]).rejected_with(&id[..8]);
    // Nothing comes with it: the objects are there.
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.push(&["HEAD:refs/heads/main"]).rejected_with(&id[..8]);
    kim.push(&["HEAD:refs/heads/release/1"]).rejected_with(&id[..8]);
    // Deletes alone have no quarantine.
    kim.push(&[":refs/heads/topic"]).lands(&["refs/heads/topic"]);
    kim.push(&[":refs/heads/main"]).rejected_with("delete");
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    kim.push_with(&["--atomic", "-o", "x"], &refs).lands(&[MAIN, "refs/heads/topic"]);
}

/// A shim whose git does something else first, once.
fn meddling(world: &World, bare: &Path, first: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let folder = world.path("meddling");
    fs::create_dir_all(&folder).expect("a folder");
    let script = format!(
        "#!/bin/sh\nPATH=${{PATH#*:}}\nif mkdir '{0}/done' 2>/dev/null; then\n\
         env -i PATH=\"$PATH\" HOME='{0}' sh -c 'cd {1} && {first}' >/dev/null 2>&1 || touch '{0}/failed'\n\
         fi\nexec git \"$@\"\n",
        path_text(&folder),
        path_text(bare)
    );
    fs::write(folder.join("git"), script).expect("a file");
    fs::set_permissions(folder.join("git"), fs::Permissions::from_mode(0o755)).expect("a mode");
    let shim =
        format!("export PATH='{}':\"$PATH\"\n{}", path_text(&folder), world.shim("pre-receive"));
    world.install_shim(bare, "pre-receive", &shim);
    folder
}

/// Objects move from under the gate while it works.
#[test]
fn a_repository_that_is_repacked_meanwhile() {
    for first in [
        "git repack -q -a -d -f",
        "git gc -q --prune=1.day.ago",
        "git pack-refs --all",
        "git multi-pack-index write; git repack -q -a -d",
    ] {
        let world = World::new();
        let bare = world.bare(API);
        packs(&world, &bare);
        let kim = world.clone("kim");
        // A merge, so that git is asked at all.
        kim.branch("topic", "main");
        let id = kim.commit(ai("Marked").file("a", "a\n"));
        kim.git(&["checkout", "-q", "main"]);
        kim.commit(human("Plain\n").file("b", "b\n"));
        kim.git(&["merge", "-q", "--no-ff", "-m", "Merge topic", "topic"]);
        let folder = meddling(&world, &bare, first);
        kim.push_main().rejected_with(&id[..8]);
        assert!(folder.join("done").exists(), "{first}: git was not asked");
        assert!(!folder.join("failed").exists(), "{first} failed");
        world.install(&bare);
        kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
        fs::remove_dir(folder.join("done")).expect("a folder");
        let folder = meddling(&world, &bare, first);
        kim.push_main().lands(&[MAIN]);
        assert!(folder.join("done").exists() && !folder.join("failed").exists());
    }
}

/// Pruning everything deletes the push's own objects: no fault of the pusher's.
#[test]
fn a_repository_that_is_pruned_meanwhile() {
    let world = World::new();
    let bare = world.bare(API);
    let kim = world.clone("kim");
    kim.branch("topic", "main");
    kim.commit(human("Topic\n").file("a", "a\n"));
    kim.git(&["checkout", "-q", "main"]);
    kim.commit(human("Plain\n").file("b", "b\n"));
    kim.git(&["merge", "-q", "--no-ff", "-m", "Merge topic", "topic"]);
    meddling(&world, &bare, "git gc -q --prune=now");
    kim.push_main().refused().says("could not finish").says("git gc --prune=now");
    world.install(&bare);
    kim.push_main().lands(&[MAIN]);
}

/// A repository that has lost something says so; nothing is passed over.
#[test]
fn a_damaged_repository() {
    let world = World::new();
    let bare = world.bare(API);
    let kim = world.clone("kim");
    world.git_in(&bare, &["config", "receive.unpackLimit", "100000"]);
    let parked = kim.commit(ai("Marked").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    let loose = |id: &str| bare.join("objects").join(&id[..2]).join(&id[2..]);
    let tree = kim.rev("HEAD^{tree}");
    let keep = |id: &str| fs::read(loose(id)).expect("a loose object");
    let put = |id: &str, bytes: &[u8]| {
        let _ = fs::remove_file(loose(id));
        fs::write(loose(id), bytes).expect("a file");
    };
    for id in [&parked, &tree] {
        let whole = keep(id);
        // Of another content, empty, and gone.
        for bytes in [b"garbage".as_slice(), b""] {
            put(id, bytes);
            kim.push_main().refused();
        }
        fs::remove_file(loose(id)).expect("a file");
        let other = world.clone("kim");
        other.take(&kim, "main");
        kim.push(&[&format!("{parked}:{MAIN}")]).refused();
        put(id, &whole);
    }
    kim.push_main().rejected_with(NEEDS);
    kim.deliver(&[&Draft::approve().commit(&kim, &parked).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
}

/// What the server's files are called is not for the pusher; the log has it.
#[test]
fn a_repository_that_can_not_be_opened() {
    let world = World::with_settings(&Policy::standard(), "[log]\nfile = \"gate.log\"\n");
    let bare = world.bare(API);
    let kim = world.clone("kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    let log = world.path("gate.log");
    let shim = world.shim("pre-receive");
    let broken = format!(
        "cp config keep; echo '[core' >>config\n({shim})\ncode=$?; mv keep config; exit $code\n"
    );
    world.install_shim(&bare, "pre-receive", &broken);
    let push = kim.push_main();
    push.refused().says("the gate can't read this repository").says("not your fault");
    push.keeps_quiet_about(&path_text(&bare)).keeps_quiet_about("config");
    let said = fs::read_to_string(&log).expect("the log");
    assert!(said.contains("config") && said.contains("repository-unreadable"), "{said}");
    world.install(&bare);
    kim.push_main().lands(&[MAIN]);
}
