//! Many refs onto many refs: what it costs does not grow with the product.

use std::fmt::Write;

use super::{TOPIC, commit};
use crate::support::{CLAUDE, Clone, MAIN, NEEDS, World};

/// Branches that are there already, each with a commit of its own.
pub(super) fn settle(world: &World, clone: &Clone<'_>, number: usize) {
    let mut stream = String::new();
    for n in 0..number {
        let name = format!("refs/heads/old/{n}");
        write!(stream, "reset {name}\nfrom {MAIN}^0\n\n").expect("text");
        stream.push_str(&commit(n, "Old\n", "").replace(TOPIC, &name));
    }
    let mut command = world.command("git");
    command.current_dir(&clone.bare).args(["fast-import", "--quiet"]);
    crate::support::run::run(&mut command, stream.as_bytes()).exits(0);
    world.git_in(&clone.bare, &["pack-refs", "--all"]);
}

/// New branches in a clone, `refs/heads/{below}/N`, each with a commit of its own.
pub(super) fn branches(clone: &Clone<'_>, below: &str, number: usize, message: &str) {
    let mut stream = String::new();
    for n in 0..number {
        let name = format!("refs/heads/{below}/{n}");
        write!(stream, "reset {name}\nfrom refs/remotes/origin/main\n\n").expect("text");
        stream.push_str(&commit(n, message, "").replace(TOPIC, &name));
    }
    clone.git_with(&["fast-import", "--quiet", "--force"], stream.as_bytes());
}

/// Notes every git that the hook starts.
fn count_git(world: &World, clone: &Clone<'_>) {
    let folder = world.path("counting");
    std::fs::create_dir(&folder).expect("a folder");
    let log = world.path("children");
    let script = format!(
        "#!/bin/sh\nPATH=\"${{PATH#*:}}\"\necho \"$*\" >> '{}'\nexec git \"$@\"\n",
        log.display()
    );
    std::fs::write(folder.join("git"), script).expect("a file");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.join("git"), mode).expect("a mode");
    let path = format!("PATH='{}':\"$PATH\"\nexport PATH\n", folder.display());
    let shim = world.shim("pre-receive");
    world.install_shim(&clone.bare, "pre-receive", &format!("{path}{shim}"));
}

fn children(world: &World) -> String {
    let log = world.path("children");
    let text = std::fs::read_to_string(&log).unwrap_or_default();
    std::fs::remove_file(&log).ok();
    text
}

#[test]
fn one_walk_for_all_refs() {
    let world = World::new();
    let kim = world.clone("kim");
    settle(&world, &kim, 50);
    count_git(&world, &kim);
    branches(&kim, "new", 20, "New\n");
    let ai = format!("New\n\n{CLAUDE}\n");
    branches(&kim, "ai", 20, &ai);
    branches(&kim, "release", 20, "New\n");
    for (spec, most) in [
        ("refs/heads/new/*:refs/heads/new/*", 1),
        ("refs/heads/ai/*:refs/heads/ai/*", 1),
        ("refs/heads/release/*:refs/heads/release/*", 2),
    ] {
        let push = kim.push(&[spec]);
        push.accepted();
        assert_eq!(push.landed().len(), 20, "{}", push.all);
        let started = children(&world);
        let walks = started.lines().filter(|line| line.contains("rev-list")).count();
        let all = started.lines().count();
        assert!(walks == 1 && all <= most, "{spec} started {all}:\n{started}");
    }
    // Marked ones are each refused by their own name.
    let push = kim.push(&["refs/heads/ai/*:refs/heads/release/x*"]);
    push.rejected_with(NEEDS).says("refs/heads/release/x0").says("refs/heads/release/x1");
    let started = children(&world);
    assert!(started.lines().count() <= 2, "{started}");
}

/// Where refs stand in tables, none of them costs a child of its own, symbolic ones or not.
#[test]
fn no_child_for_a_ref_in_tables() {
    let world = World::new();
    let bare = world.repository_with("payments/tables", crate::support::reftables());
    let kim = world.clone_of("kim", "payments/tables");
    let alias = |name: &str, to: &str| world.git_in(&bare, &["symbolic-ref", name, to]);
    alias("refs/heads/release/next", "refs/heads/new/7");
    alias("refs/heads/release/gone", "refs/heads/gone");
    for n in 0..20 {
        alias(&format!("refs/heads/alias/{n}"), &format!("refs/heads/target/{n}"));
    }
    count_git(&world, &kim);
    branches(&kim, "new", 20, "New\n");
    for to in ["new", "alias", "release"] {
        let push = kim.push(&[&format!("refs/heads/new/*:refs/heads/{to}/*")]);
        push.accepted();
        assert!(push.landed().len() >= 20, "{}", push.all);
        // To open it, to walk, and to list what gated refs hold.
        let started = children(&world);
        assert!(started.lines().count() <= 3, "{to} started {started}");
    }
}

/// Many ungated refs on the same commits tell each of them once, whatever leads to them.
#[test]
fn the_same_commits_on_many_ungated_refs() {
    let world = World::new();
    let kim = world.clone("kim");
    let ai = format!("Work\n\n{CLAUDE}\n");
    super::import(&kim, &(0..5).map(|n| commit(n, &ai, "")).collect::<String>());
    let same: Vec<String> = (0..9).map(|n| format!("topic:refs/heads/same/{n}")).collect();
    let push = kim.push(&same.iter().map(String::as_str).collect::<Vec<_>>());
    push.accepted().says("5 commits are AI-assisted");
    super::import(&kim, &(5..10).map(|n| commit(n, &ai, "")).collect::<String>());
    let specs: Vec<String> = (0..50).map(|n| format!("topic~{}:refs/heads/t/{n}", n % 5)).collect();
    let mut specs: Vec<&str> = specs.iter().map(String::as_str).collect();
    // The tag alone says that the commit below is AI-assisted, after a branch did not.
    kim.commit(crate::support::human("Plain\n").file("a", "a\n"));
    kim.git(&["tag", "-a", "-m", CLAUDE, "z", "HEAD"]);
    specs.extend(["HEAD:refs/heads/a", "z"]);
    let push = kim.push(&specs);
    push.accepted().says("6 commits are AI-assisted");
    // Each of them has a row: whoever pushes it on, it stays kim's.
    let policy = crate::support::Policy::standard().with("sign_offs", "1");
    world.set_policy(&policy);
    let grace = world.clone("ghopper");
    grace.fetch();
    let push = grace.push(&["origin/t/0:main"]);
    push.rejected_with("5 of 5 commits need a senior sign-off");
    grace.push(&["origin/a:main"]).rejected_with("shown as AI-assisted before");
    grace.commit(crate::support::human("Plain\n").file("a", "a\n"));
    grace.push_main().lands(&[MAIN]);
}

/// One ref over the limit among few is told by its name; the others are not.
#[test]
fn one_long_ref_among_few() {
    let world = super::limited("new_commits", "3");
    let kim = world.clone("kim");
    branches(&kim, "release", 2, "New\n");
    let long: String = (0..9).map(|n| commit(n, "Long\n", "")).collect();
    super::import(&kim, &long);
    let specs = ["refs/heads/release/*:refs/heads/release/*", "topic:refs/heads/release/long"];
    let push = kim.push(&specs);
    super::refused(&push, "new_commits", 3, "refs/heads/release/long has more than 3 new commits");
    push.keeps_quiet_about("release/0").keeps_quiet_about("release/1");
    kim.push(&specs[..1]).lands(&["refs/heads/release/0", "refs/heads/release/1"]);
}

/// Gated refs of the same tip share what is new for them: it is listed once, and each of them
/// is judged by it.
#[test]
fn one_list_for_all_gated_refs_of_a_tip() {
    let world = super::limited("push_bytes", "1_200_000");
    let kim = world.clone("kim");
    let import = |message: &str| {
        let message = |n: usize| if n == 100 { message.to_owned() } else { format!("Work {n}\n") };
        super::import(&kim, &(0..200).map(|n| commit(n, &message(n), "")).collect::<String>());
    };
    let push = |place: &str| {
        let mut specs: Vec<_> =
            (0..200).map(|n| format!("topic:refs/heads/release/{place}-{n}")).collect();
        // One that starts elsewhere, and one that ends elsewhere.
        specs.extend(["topic:main".to_owned(), format!("topic~100:refs/heads/release/{place}-x")]);
        kim.push(&specs.iter().map(String::as_str).collect::<Vec<_>>())
    };
    import(&format!("Work\n\n{CLAUDE}\n"));
    let marked = kim.rev("topic~99");
    let refused = push("marked");
    refused.rejected_with(NEEDS).says("193 more refs, 193 of them rejected").says(&marked[..8]);
    kim.push(&["topic~100:refs/heads/release/below"]).accepted();
    let names: Vec<_> = ["refs/heads/main", "refs/heads/release/*"].to_vec();
    let draft = crate::support::Draft::approve().refs(&names).commit(&kim, &marked);
    kim.deliver(&[&draft.sign("ghopper")]);
    assert_eq!(push("signed").accepted().landed().len(), 202);
    import("Work\n");
    assert_eq!(push("plain").accepted().landed().len(), 202);
}
