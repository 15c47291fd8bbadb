//! Review requests: what a refused push leaves, and the senior's loop without a clone.

use std::fs;

use serde_json::Value;

use crate::support::clone::path_text;
use crate::support::run::{Output, run};
use crate::support::store::tamper;
use crate::support::{Clone, MAIN, NEEDS, Policy, World, ai, human, key};

/// What `queue` lists.
fn queue(world: &World, args: &[&str]) -> Vec<Value> {
    let args = [&["queue", "--json"], args].concat();
    let output = world.countersign(&args);
    output.exits(0).out().lines().map(|l| serde_json::from_str(l).expect("JSON")).collect()
}

/// The ids that `queue` lists.
fn ids(world: &World, args: &[&str]) -> Vec<String> {
    let id = |v: &Value| v["request"]["id"].as_str().expect("an id").to_owned();
    queue(world, args).iter().map(id).collect()
}

#[track_caller]
fn only(world: &World) -> String {
    let mut found = ids(world, &[]);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn approve(world: &World, who: &str, ids: &[&str]) -> Output {
    let file = path_text(&key(who).file);
    world.countersign(&[&["approve", "--yes", "--key", &file], ids].concat())
}

/// The digest of what a request's one commit does.
fn change_of(world: &World, id: &str) -> String {
    let found = queue(world, &[]);
    let found = found.iter().find(|v| v["request"]["id"] == *id).expect("a request");
    found["request"]["last"]["commits"][0]["change"].as_str().expect("a digest").to_owned()
}

/// A commit with a change of a file that main has.
fn edit(kim: &Clone<'_>) -> String {
    kim.commit(human("Start\n").file("src/a.rs", "one\ntwo\nthree\n"));
    kim.push_main().lands(&[MAIN]);
    kim.commit(ai("Change two").file("src/a.rs", "one\nTWO\nthree\n").file("b", "new\n"))
}

#[test]
fn a_senior_signs_without_a_clone() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = edit(&kim);
    assert!(ids(&world, &[]).is_empty());
    world.countersign(&["queue"]).exits(0).says("nothing waits");
    kim.push_main().rejected_with(NEEDS);
    let request = only(&world);
    world.countersign(&["queue"]).exits(0).says(&request).says("\"Change two\", 1 commit, 2 files");
    let shown = world.countersign(&["show", &request]);
    shown.exits(0).says(&id[..8]).says("Claude").says("production").says("M src/a.rs").says("A b");
    shown.keeps_quiet_about("TWO");
    let shown = world.countersign(&["show", &request, "--diff"]);
    shown.exits(0).says("-two\n+TWO\n").says("+new\n").says("    Change two\n");
    approve(&world, "ghopper", &[&request]).exits(0).says("stored");
    world.countersign(&["show", &request]).exits(0).says("ghopper approved");
    kim.push_main().lands(&[MAIN]);
    assert!(ids(&world, &[]).is_empty());
    world.countersign(&["show", &request]).exits(0).says("landed");
    approve(&world, "ghopper", &[&request]).exits(1).says("has landed");
    assert_eq!(ids(&world, &["--all"]), [request]);
}

/// One request for a pusher, a ref and a set of changes.
#[test]
fn pushing_again_makes_no_second_request() {
    let world = World::new();
    let (kim, bob) = (world.clone("kim"), world.clone("bob"));
    let id = edit(&kim);
    kim.push_main().rejected_with(NEEDS);
    let request = only(&world);
    kim.push_main().rejected_with(NEEDS);
    assert_eq!(only(&world), request);
    // Rebased: other ids, the same changes.
    kim.git(&["reset", "-q", "--hard", "origin/main"]);
    kim.commit(human("Meanwhile\n").file("other", "x\n"));
    kim.push_main().lands(&[MAIN]);
    kim.git(&["cherry-pick", &id]);
    kim.push_main().rejected_with(NEEDS);
    assert_eq!(only(&world), request);
    let shown = world.countersign(&["show", &request, "--json"]);
    let json: Value = serde_json::from_str(&shown.exits(0).out()).unwrap();
    let tips: Vec<_> = json["rounds"].as_array().unwrap().iter().map(|r| &r["tip"]).collect();
    assert_eq!(tips, [&Value::from(id), &Value::from(kim.head())]);
    // Somebody else, another ref, another change: others.
    bob.take(&kim, "HEAD");
    bob.push(&["FETCH_HEAD:refs/heads/main"]).rejected_with(NEEDS);
    assert_eq!(ids(&world, &[]).len(), 2);
    kim.amend(ai("Change two").file("b", "newer\n"));
    kim.push_main().rejected_with(NEEDS);
    assert_eq!(ids(&world, &[]).len(), 3);
}

/// What came after a sign-off is shown by itself.
#[test]
fn what_changed_since_a_sign_off_is_shown() {
    let world = World::new();
    let kim = world.clone("kim");
    edit(&kim);
    kim.push_main().rejected_with(NEEDS);
    let first = only(&world);
    approve(&world, "ghopper", &[&first]).exits(0);
    let work = ai("Change two").file("src/a.rs", "one\nTWO\nthree\n");
    kim.amend(work.file("b", "new\nand more\n"));
    kim.push_main().rejected_with("stale");
    let second = ids(&world, &[]).into_iter().find(|id| *id != first).unwrap();
    let shown = world.countersign(&["show", &second, "--diff"]);
    let text = shown.exits(0).says("since ghopper signed").out();
    let (_, since) = text.rsplit_once("since ghopper signed").unwrap();
    assert!(since.contains(" new\n+and more\n"), "{since}");
    assert!(!since.contains("TWO"), "{since}");
}

/// Who signs is asked once for several requests, and signs all or none.
#[test]
fn several_requests_take_one_passphrase() {
    let world = World::new();
    let kim = world.clone("kim");
    edit(&kim);
    kim.push_main().rejected_with(NEEDS);
    let bob = world.clone("bob");
    bob.commit(ai("Another").file("c", "c\n"));
    bob.push_main().rejected_with(NEEDS);
    let found = ids(&world, &[]);
    let [one, two] = found.as_slice() else { panic!("{found:?}") };
    let private = world.path("locked");
    fs::copy(&key("ghopper").file, &private).unwrap();
    fs::copy(key("ghopper").file.with_extension("pub"), world.path("locked.pub")).unwrap();
    let file = path_text(&private);
    let lock = ["-q", "-p", "-P", "", "-N", "secret words", "-f", &file];
    run(world.command("ssh-keygen").args(lock), b"").exits(0);
    let asked = world.path("asked");
    let askpass = world.path("askpass");
    let script = format!("#!/bin/sh\necho asked >>'{}'\necho 'secret words'\n", path_text(&asked));
    fs::write(&askpass, script).unwrap();
    run(world.command("chmod").arg("755").arg(&askpass), b"").exits(0);
    let mut command = world.command(env!("CARGO_BIN_EXE_countersign"));
    command
        .arg("--config")
        .arg(world.config())
        .args(["approve", "--yes", "--key", &file, one, two]);
    command.env("SSH_ASKPASS", &askpass).env("SSH_ASKPASS_REQUIRE", "force");
    let signed = run(&mut command, b"");
    assert_eq!(signed.exits(0).out().matches("stored ").count(), 2);
    assert_eq!(fs::read_to_string(&asked).unwrap(), "asked\n");
    // The innocent twin of a bad one: nothing is signed where one of them is none.
    approve(&world, "alovelace", &[one, "R-0000000000"]).exits(1).keeps_quiet_about("stored");
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn a_decline_is_told_to_the_pusher() {
    let world = World::with(&Policy::standard());
    let kim = world.clone("kim");
    edit(&kim);
    kim.push_main().rejected_with(NEEDS);
    let request = only(&world);
    let file = path_text(&key("ghopper").file);
    let decline = ["decline", &request, "--key", &file, "--yes"];
    world.countersign(&decline).exits(2);
    world.countersign(&[&decline[..], &["-m", "no tests"]].concat()).exits(0);
    kim.push_main().rejected_with("no tests");
    world.countersign(&["queue"]).exits(0).says("ghopper declined");
}

/// One's own come first, and go once they are answered.
#[test]
fn the_own_ones_come_first() {
    let world = World::new();
    let kim = world.clone("kim");
    edit(&kim);
    kim.push_main().rejected_with(NEEDS);
    let of_kim = only(&world);
    let grace = world.clone("ghopper");
    grace.commit(ai("By Grace").file("g", "g\n"));
    grace.push_main().rejected_with(NEEDS);
    let of_grace = ids(&world, &[]).into_iter().find(|id| *id != of_kim).unwrap();
    assert_eq!(ids(&world, &["--as", "ghopper", "--mine"]), std::slice::from_ref(&of_kim));
    assert_eq!(ids(&world, &["--as", "ghopper"]), [of_kim.clone(), of_grace.clone()]);
    approve(&world, "ghopper", &[&of_kim]).exits(0);
    assert!(ids(&world, &["--as", "ghopper", "--mine"]).is_empty());
    assert_eq!(ids(&world, &["--as", "alovelace", "--mine"]).len(), 2);
    assert_eq!(ids(&world, &["--repository", "web/shop"]), Vec::<String>::new());
    world.countersign(&["queue", "--mine"]).exits(2).says("--as PERSON");
    world.countersign(&["queue", "--limit", "1"]).exits(0).says("and 1 more request");
}

/// What is too large, binary or too much is listed, and said not to be shown.
#[test]
fn limits_of_what_is_kept() {
    let tail = "[requests]\nfile_bytes = 100\nrequest_bytes = 150\n";
    let world = World::with_settings(&Policy::standard(), tail);
    let kim = world.clone("kim");
    let work = ai("Much")
        .file("large", "x\n".repeat(51))
        .file("binary", b"x\0y")
        .file("one", "1\n".repeat(45))
        .file("two", "2\n".repeat(45));
    kim.commit(work);
    kim.push_main().rejected_with(NEEDS);
    let request = only(&world);
    let shown = world.countersign(&["show", &request, "--diff"]);
    shown.exits(0).says("(too large to be kept, 102 bytes)").says("(binary, 3 bytes)");
    shown
        .says("+1\n")
        .says("(not kept: the request is full, 90 bytes)")
        .says("not all of the change");
    // It can be signed all the same: the ids are.
    approve(&world, "ghopper", &[&request]).exits(0).says("stored");
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn what_deserves_a_look_comes_first() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(human("Start\n").file("z.sh", "#!/bin/sh\n"));
    kim.push_main().lands(&[MAIN]);
    kim.commit(ai("Tricky").file("a", "plain\n").file("m.rs", "let x = \"\u{202e}\";\n"));
    kim.git(&["update-index", "--chmod=+x", "z.sh"]);
    kim.git(&["commit", "-q", "--amend", "--no-edit"]);
    kim.push_main().rejected_with(NEEDS);
    let text = world.countersign(&["show", &only(&world)]).exits(0).out();
    let place = |needle: &str| text.find(needle).unwrap_or_else(|| panic!("no {needle} in {text}"));
    assert!(place("T z.sh").max(place("m.rs")) < place("A a\n"), "{text}");
    assert!(text.contains("U+202E") && text.contains("becomes executable"), "{text}");
    assert!(!text.contains('\u{202e}'));
}

/// A merge's change can't be shown by files alone.
#[test]
fn a_merge_is_signed_in_a_clone() {
    let world = World::new();
    let kim = world.clone("kim");
    edit(&kim);
    kim.git(&["checkout", "-q", "-b", "side", "origin/main"]);
    kim.commit(human("Other\n").file("src/a.rs", "one\nzwei\nthree\n"));
    kim.git(&["checkout", "-q", "-"]);
    kim.try_git(&["merge", "-q", "side"]).exits(1);
    kim.commit(ai("Merge side").file("src/a.rs", "one\nboth\nthree\n"));
    kim.push_main().rejected_with(NEEDS);
    let request = only(&world);
    world.countersign(&["show", &request]).exits(0).says("signed in a clone");
    approve(&world, "ghopper", &[&request]).exits(1).says("in a clone");
    let file = path_text(&key("ghopper").file);
    let decline = ["decline", &request, "--key", &file, "--yes", "-m", "no"];
    world.countersign(&decline).exits(0);
}

/// Whatever the store gives is held against its id before anybody sees it.
#[test]
fn a_store_that_shows_something_else() {
    let world = World::new();
    let kim = world.clone("kim");
    let real = edit(&kim);
    let bob = world.clone("bob");
    let harmless = bob.commit(ai("Harmless").file("b", "x\n"));
    let blob = |clone: &Clone<'_>, of: &str| clone.rev(&format!("{of}:b"));
    let (shown, file) = (blob(&bob, &harmless), blob(&kim, &real));
    bob.push_main().rejected_with(NEEDS);
    let other = only(&world);
    kim.push_main().rejected_with(NEEDS);
    let request = ids(&world, &[]).into_iter().find(|id| *id != other).unwrap();
    let taken = |what: &str, from: &str| {
        format!(
            "UPDATE objects SET (packed, bytes) = (SELECT o.packed, o.bytes FROM objects AS o
             WHERE o.id = '{from}') WHERE id = '{what}'"
        )
    };
    let (mine, theirs) = (change_of(&world, &request), change_of(&world, &other));
    let bytes = format!("(SELECT c.bytes FROM changes AS c WHERE c.digest = '{theirs}')");
    // A file with another's bytes, a commit with another's, a change of other files.
    let rows = [
        (taken(&file, &shown), "file"),
        (taken(&real, &harmless), "commit"),
        (format!("UPDATE changes SET bytes = {bytes} WHERE digest = '{mine}'"), "change"),
    ];
    // With nothing of it in files beside it.
    tamper(&world.store(), "PRAGMA wal_checkpoint(TRUNCATE)");
    let whole = fs::read(world.store()).unwrap();
    for (swap, what) in rows {
        tamper(&world.store(), &swap);
        let said = approve(&world, "ghopper", &[&request]);
        said.exits(1).says(&format!("what the store gave for {what}")).says("something else");
        world.countersign(&["show", &request, "--diff"]).exits(1).says("do not sign");
        for side in ["-wal", "-shm"] {
            fs::remove_file(format!("{}{side}", path_text(&world.store()))).ok();
        }
        fs::write(world.store(), &whole).unwrap();
    }
    approve(&world, "ghopper", &[&request]).exits(0).says("stored");
    kim.push_main().lands(&[MAIN]);
}

/// A request that names one commit and shows what another does: what is signed covers nothing.
#[test]
fn a_store_that_calls_one_change_by_another_commit() {
    let world = World::new();
    let kim = world.clone("kim");
    let real = edit(&kim);
    let bob = world.clone("bob");
    bob.commit(ai("Harmless").file("b", "x\n"));
    bob.push_main().rejected_with(NEEDS);
    let other = only(&world);
    kim.push_main().rejected_with(NEEDS);
    let request = ids(&world, &[]).into_iter().find(|id| *id != other).unwrap();
    let (mine, theirs) = (change_of(&world, &request), change_of(&world, &other));
    tamper(
        &world.store(),
        &format!("UPDATE rounds SET body = replace(body, '{mine}', '{theirs}')"),
    );
    let shown = world.countersign(&["show", &request, "--diff"]);
    shown.exits(0).says(&real[..8]).says("+x\n").keeps_quiet_about("TWO");
    approve(&world, "ghopper", &[&request]).exits(0).says("stored");
    kim.push_main().rejected_with("is not its change");
}

/// In a terminal: one after the other, in the pager, answered by a letter.
#[test]
fn review_goes_through_the_queue() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = edit(&kim);
    let base = kim.rev("origin/main");
    kim.push_main().rejected_with(NEEDS);
    kim.git(&["reset", "-q", "--hard", &base]);
    kim.commit(ai("Second").file("second", "2\n").file("third", "3\n").file("fourth", "4\n"));
    kim.push_main().rejected_with(NEEDS);
    let file = path_text(&key("ghopper").file);
    let program = env!("CARGO_BIN_EXE_countersign");
    let review = format!(
        "'{program}' --config '{}' review --as ghopper --key '{file}'",
        path_text(&world.config())
    );
    world
        .countersign(&["review", "--as", "ghopper", "--key", &file])
        .exits(2)
        .says("nobody is there");
    let mut script = world.command("script");
    script.env("PAGER", "cat").env("SHELL", "/bin/sh");
    let answers = b"x\na\nd\n\nd\nno tests\n";
    let output = run(script.args(["-q", "-e", "-c", &review, "/dev/null"]), answers);
    let text = output.exits(0).out().replace('\r', "");
    for needle in ["(1 of 2)", "+TWO\n", "(2 of 2)", "+2\n", "a decline needs a reason"] {
        assert!(text.contains(needle), "no {needle} in {text}");
    }
    kim.push_main().rejected_with("no tests");
    kim.push(&[&format!("{id}:refs/heads/main")]).lands(&[MAIN]);
    assert!(ids(&world, &["--as", "ghopper", "--mine"]).is_empty());
}

/// What a pusher wrote can't steer the terminal of whoever reads it.
#[test]
fn hostile_text_is_shown_harmless() {
    let world = World::new();
    let kim = world.clone("kim");
    let text = "x\u{1b}[2J\u{202e}\u{7}\r\n\ttab\n";
    let message = format!("S\u{1b}]0;t\u{7}\n\n{text}\n{}\n", crate::support::CLAUDE);
    kim.commit(human(message).file("e\u{1b}[1mvil", text));
    kim.push_main().rejected_with(NEEDS);
    let request = only(&world);
    let shown = world.countersign(&["show", &request, "--diff"]).exits(0).out();
    let listed = world.countersign(&["queue"]).exits(0).out();
    for said in [&shown, &listed] {
        assert!(!said.contains(['\u{1b}', '\u{202e}', '\u{7}', '\r']), "{said:?}");
    }
    assert!(shown.contains("\ttab\n"), "{shown:?}");
}
