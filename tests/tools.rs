//! The commands beside the hook: exit codes, JSON, demo, `check`, `status`, `policy`.

use std::fs;

use crate::support::clone::path_text;
use crate::support::world::Settings;
use crate::support::{API, Clone, Draft, MAIN, NEEDS, Policy, World, ai, human, key};

/// The decision that a rejection names.
fn decision_of(remote: &str) -> String {
    let mut words = remote.split_whitespace();
    let found = words.rfind(|w| w.starts_with("D-"));
    found.unwrap_or_else(|| panic!("no decision in\n{remote}")).to_owned()
}

#[test]
fn show_tells_a_decision_again() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    let push = kim.push_main();
    let decision = decision_of(&push.rejected().remote);
    let output = world.countersign(&["show", &decision, "--json"]);
    let json: serde_json::Value = serde_json::from_str(&output.exits(0).out()).expect("JSON");
    let text = json.to_string();
    for needle in [id.as_str(), MAIN, API, "production", "kim", &decision] {
        assert!(text.contains(needle), "no {needle} in {text}");
    }
    world.countersign(&["show", &decision]).exits(0).says(&id[..8]);
    world.countersign(&["show", "D-0000000000"]).exits(1);
    world.countersign(&["show", "nonsense"]).exits(2);
}

#[test]
fn every_push_to_a_gated_ref_is_on_record() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    kim.push_main().lands(&[MAIN]);
    let names = world.git_in(&kim.bare, &["ls-tree", "-r", "--name-only", "refs/countersign/log"]);
    let count = names.lines().filter(|n| n.starts_with("decisions/")).count();
    assert_eq!(count, 1, "{names}");
    let show = |n: &str| world.git_in(&kim.bare, &["show", &format!("refs/countersign/log:{n}")]);
    let name = names.lines().find(|n| n.starts_with("decisions/")).expect("a decision");
    let json: serde_json::Value = serde_json::from_str(&show(name)).expect("JSON");
    assert!(json.to_string().contains(&kim.head()), "{json}");
}

#[test]
fn machine_readable_last_line() {
    let world = World::with_settings(&Policy::standard(), "[report]\nmachine_line = true\n");
    let kim = world.clone("kim");
    kim.commit(ai("Add it").file("a", "a\n"));
    let push = kim.push_main();
    let last = push.rejected().remote.lines().last().expect("a line").to_owned();
    assert!(last.contains(&decision_of(&push.remote)), "{last}");
    let start = last.find('{').unwrap_or_else(|| panic!("no JSON in {last:?}"));
    let json: serde_json::Value = serde_json::from_str(&last[start..]).expect("JSON");
    assert!(json.is_object());
}

/// A clone that knows the policy from the log.
fn informed<'w>(world: &'w World) -> Clone<'w> {
    let setup = world.clone("kim");
    setup.commit(human("Plain\n").file("first", "x\n"));
    setup.push_main().lands(&[MAIN]);
    let kim = world.clone("kim");
    kim.git(&["config", "countersign.repository", API]);
    kim.git(&["config", "countersign.remote", "origin"]);
    fetch_log(&kim);
    kim
}

fn fetch_log(clone: &Clone<'_>) {
    clone.git(&["fetch", "-q", "origin", "+refs/countersign/log:refs/countersign/log"]);
}

#[test]
fn check_says_what_the_gate_would() {
    let world = World::new();
    let kim = informed(&world);
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    let check = ["check", "origin/main..HEAD", "--ref", MAIN, "--as", "kim"];
    kim.countersign(&check).exits(3).says(&id[..8]).says("production");
    kim.push_main().rejected_with(NEEDS);
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    fetch_log(&kim);
    kim.countersign(&check).exits(0).says("ghopper");
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn check_of_plain_work_passes_and_says_what_it_could_not_see() {
    let world = World::new();
    let kim = informed(&world);
    kim.commit(human("Plain\n").file("a", "a\n"));
    let check = ["check", "origin/main..HEAD", "--ref", MAIN, "--as", "kim"];
    kim.countersign(&check).exits(0).says("not checked here").says("first pushed");
}

#[test]
fn check_fails_in_a_shallow_clone() {
    let world = World::new();
    let kim = informed(&world);
    kim.commit(human("Plain\n").file("a", "a\n"));
    kim.push_main().lands(&[MAIN]);
    let dir = world.path("clones/shallow");
    let url = format!("file://{}", path_text(&kim.bare));
    world.git_in(&kim.dir, &["clone", "-q", "--depth=1", &url, &path_text(&dir)]);
    let shallow = Clone::new(&world, "kim", dir, kim.bare.clone());
    shallow.git(&["config", "countersign.repository", API]);
    fetch_log(&shallow);
    let check = ["check", "HEAD", "--ref", MAIN, "--as", "kim"];
    shallow.countersign(&check).exits(1).says("shallow");
}

#[test]
fn status_counts_what_is_missing() {
    let world = World::new();
    let kim = informed(&world);
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    let status = ["status", "origin/main..HEAD", "--ref", MAIN, "--as", "kim"];
    kim.countersign(&status).exits(3).says(&id[..8]);
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    fetch_log(&kim);
    kim.countersign(&status).exits(0).says("ghopper");
}

/// For whoever wants to push as soon as they may; in vain it does not wait.
#[test]
fn status_waits_for_the_last_sign_off() {
    let world = World::with(&Policy::standard().with("sign_offs", "2"));
    let kim = informed(&world);
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    let wait = || {
        let mut status = kim.command(env!("CARGO_BIN_EXE_countersign"));
        status.args(["status", "origin/main..HEAD", "--ref", MAIN, "--as", "kim", "--wait"]);
        status.stdout(std::process::Stdio::piped()).spawn().unwrap()
    };
    let mut waiting = wait();
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    assert!(waiting.try_wait().unwrap().is_none(), "one more is missing");
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("alovelace")]);
    let output = waiting.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("signed off by"));
    kim.push_main().lands(&[MAIN]);
    let other = kim.commit(ai("Another").file("b", "b\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    let mut waiting = wait();
    assert!(waiting.try_wait().unwrap().is_none());
    let no = Draft::approve().commit(&kim, &other).set("verdict", "decline").set("reason", "No");
    kim.deliver(&[&no.sign("ghopper")]);
    assert_eq!(waiting.wait().unwrap().code(), Some(3), "somebody declined");
}

#[test]
fn status_tells_declines_and_refs_without_a_rule() {
    let world = World::with(&Policy::standard().with("veto", "true"));
    let kim = informed(&world);
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    let no = Draft::approve().commit(&kim, &id).set("verdict", "decline").set("reason", "No");
    kim.deliver(&[&no.sign("ghopper")]);
    fetch_log(&kim);
    let run = |command: &str, name: &str| {
        kim.countersign(&[command, "origin/main..HEAD", "--ref", name, "--as", "kim"])
    };
    run("status", MAIN).exits(3).says("blocked").says("ghopper declined it: No").says("1 open");
    for command in ["status", "check"] {
        let said = run(command, "refs/heads/foo");
        said.exits(0).says("no rule gates refs/heads/foo here");
        assert!(!said.all().contains("new commit"), "{}", said.all());
    }
}

#[test]
fn exit_codes() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.countersign(&["--help"]).exits(0);
    kim.countersign(&["--version"]).exits(0);
    kim.countersign(&[]).exits(2);
    kim.countersign(&["no-such-command"]).exits(2);
    kim.countersign(&["approve"]).exits(2);
    kim.countersign(&["approve", "--no-such-flag"]).exits(2);
    // A name that is missing is an error, never guessed.
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    let output = kim.countersign(&["approve", &id, "--ref", MAIN, "--yes", "--out", "x"]);
    assert!(matches!(output.code, Some(1 | 2)), "{}", output.all());
    output.says("repository");
    for command in [
        "hook", "approve", "decline", "revoke", "submit", "verify", "status", "check", "show",
        "policy", "demo",
    ] {
        let output = kim.countersign(&[command, "--help"]);
        output.exits(0);
    }
    let nowhere = Settings { store: Some(world.path("nowhere/x.db")), ..Settings::default() };
    world.write_settings(&nowhere);
    world.countersign(&["show", "D-0000000000"]).exits(5);
}

#[test]
fn policy_init_writes_what_policy_check_takes() {
    let world = World::new();
    let file = world.path("new-policy.toml");
    let kim = world.clone("kim");
    let path = path_text(&file);
    let public = format!("{}.pub", path_text(&key("ghopper").file));
    let init =
        ["policy", "init", &path, "--id", "ghopper", "--email", "g@example.com", "--key", &public];
    kim.countersign(&init).exits(0);
    kim.countersign(&["policy", "check", &path]).exits(0);
    let before = fs::read(&file).expect("a file");
    let again = kim.countersign(&init);
    assert_ne!(again.code, Some(0), "overwrote a policy");
    assert_eq!(fs::read(&file).expect("a file"), before);
}

#[test]
fn demo_teaches_and_leaves_nothing_behind() {
    let world = World::new();
    let temporary = world.path("tmp");
    fs::create_dir(&temporary).expect("a folder");
    let kim = world.clone("kim");
    kim.set_env("TMPDIR", &path_text(&temporary));
    let output = kim.countersign(&["demo"]);
    output.exits(0);
    for needle in ["git push", "countersign approve", NEEDS, "stale", "can't"] {
        output.says(needle);
    }
    assert_eq!(fs::read_dir(&temporary).expect("a folder").count(), 0, "left something behind");
    let kept = world.path("kept");
    kim.countersign(&["demo", "--keep", &path_text(&kept)]).exits(0);
    assert!(fs::read_dir(&kept).expect("a folder").count() > 0);
    // What was there is not trampled on.
    let again = kim.countersign(&["demo", "--keep", &path_text(&kept)]);
    assert_ne!(again.code, Some(0));
}

/// Nobody's configuration leaks in, and nobody's identity.
#[test]
fn demo_needs_no_configuration() {
    let world = World::new();
    let mut command = crate::support::run::bare_command(env!("CARGO_BIN_EXE_countersign"));
    command.arg("demo").current_dir(world.path("home")).env("TMPDIR", world.path("home"));
    crate::support::run::run(&mut command, b"").exits(0);
    let mut command = crate::support::run::bare_command(env!("CARGO_BIN_EXE_countersign"));
    command.arg("demo").current_dir(world.path("home")).env("TMPDIR", world.path("home"));
    let config = "[commit]\n\tgpgSign = true\n[user]\n\tsigningKey = nothing\n[core]\n\t\
        hooksPath = /nonexistent\n[init]\n\tdefaultBranch = trunk\n[push]\n\tgpgSign = true\n";
    fs::write(world.path("home/.gitconfig"), config).expect("a file");
    command.env("HOME", world.path("home"));
    crate::support::run::run(&mut command, b"").exits(0);
}

/// A store that a tool made would be its user's own, and empty.
#[test]
fn tools_make_no_store() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    let signed = Draft::approve().commit(&kim, &id).sign("ghopper");
    let file = world.path("statement.json");
    fs::write(&file, &signed.statement).expect("a file");
    fs::write(world.path("statement.json.sig"), &signed.signature).expect("a file");
    world.countersign(&["show", "D-0000000000"]).exits(5).says("first push");
    world.countersign(&["submit", &path_text(&file)]).exits(5).says("first push");
    world.countersign(&["show", "nonsense"]).exits(2).says("no decision's id");
    kim.push_main().rejected_with(NEEDS);
    world.countersign(&["submit", &path_text(&file)]).exits(0).says("stored");
}

#[test]
fn approve_warns_and_stops_before_it_signs() {
    let world = World::new();
    let kim = informed(&world);
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    let (out, key) = (path_text(&world.path("s.json")), path_text(&key("ghopper").file));
    let approve = |name: &str| {
        kim.countersign(&["approve", &id, "--ref", name, "--out", &out, "--key", &key, "--yes"])
    };
    let said = approve(MAIN);
    assert!(!said.exits(0).all().contains("warning"), "{}", said.all());
    let said = approve("refs/heads/foo");
    said.exits(1).says("is there already");
    assert!(!said.all().contains("Approve for"), "{}", said.all());
    fs::remove_file(&out).expect("a file");
    approve(MAIN).exits(1).says("s.json.sig");
    fs::remove_file(format!("{out}.sig")).expect("a file");
    approve("refs/heads/foo").exits(0).says("no rule of the fetched policy gates refs/heads/foo");
    world
        .countersign(&["policy", "init", "--email", "a@b.c", "--key", "missing.pub"])
        .exits(2)
        .says("is not there");
}
