//! A careless admin, a full disk, a dead hook: closed, in words that blame the right one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::thread;

use crate::support::clone::path_text;
use crate::support::world::Settings;
use crate::support::{Clone, Draft, MAIN, NEEDS, Policy, World, ai, human};

/// Plain work of Kim's, so that only the admin's mistake can stop it.
fn plain(world: &World) -> Clone<'_> {
    let kim = world.clone("kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    kim
}

/// Refused in so many words, without the admin's details in the pusher's face.
#[track_caller]
fn not_the_pushers_fault(world: &World, kim: &Clone<'_>, needle: &str) {
    let push = kim.push_main();
    push.rejected_with(needle).says("not your fault");
    push.keeps_quiet_about(&path_text(&world.path("")));
    push.keeps_quiet_about("panicked").keeps_quiet_about(NEEDS);
}

#[test]
fn no_policy() {
    let world = World::new();
    let kim = plain(&world);
    fs::remove_file(world.path("policy.toml")).expect("a file");
    not_the_pushers_fault(&world, &kim, "policy");
    fs::create_dir(world.path("policy.toml")).expect("a folder");
    not_the_pushers_fault(&world, &kim, "policy");
    fs::remove_dir(world.path("policy.toml")).expect("a folder");
    world.set_policy(&Policy::standard());
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn empty_policy() {
    let world = World::new();
    let kim = plain(&world);
    for text in ["", "\n", "# nothing yet\n", "version = 1\n", "\u{feff}", "\0", "version = 2\n"] {
        fs::write(world.path("policy.toml"), text).expect("a file");
        not_the_pushers_fault(&world, &kim, "policy");
        // What is gated is not known, so neither is what is not.
        kim.push(&["HEAD:refs/heads/topic"]).rejected_with("policy");
    }
    world.set_policy(&Policy::standard());
    kim.push_main().lands(&[MAIN]);
}

/// Cut off anywhere, a policy must not let AI-assisted work through.
#[test]
fn half_written_policy() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(ai("Add it").file("a", "a\n"));
    let text = Policy::standard().to_toml();
    let lines = text.match_indices('\n').map(|(at, _)| at + 1);
    let cuts = lines.chain((0..text.len()).step_by(97));
    for cut in cuts.filter(|cut| text[..*cut].trim_end() != text.trim_end()) {
        fs::write(world.path("policy.toml"), &text[..cut]).expect("a file");
        let push = kim.push_main();
        assert!(!push.ok, "landed with the policy cut at {cut}:\n{}\n{}", &text[..cut], push.all);
        push.rejected();
    }
}

#[test]
fn policy_with_a_mistake() {
    let world = World::new();
    let kim = plain(&world);
    for policy in [
        Policy::standard().with("sign_off", "1"),
        Policy::standard().with("sign_offs", "4"),
        Policy::standard().with("from", r#"["senior"]"#),
        Policy::standard().with("mode", "\"enforced\""),
        Policy::standard().set("kim", "emails", r#"["grace@example.com"]"#),
    ] {
        world.set_policy(&policy);
        not_the_pushers_fault(&world, &kim, "policy");
        let check = world.countersign(&["policy", "check", &path_text(&world.path("policy.toml"))]);
        check.exits(1).says("policy.toml:").says("^");
    }
    world.set_policy(&Policy::standard());
    world.countersign(&["policy", "check", &path_text(&world.path("policy.toml"))]).exits(0);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let world = World::new();
    world.set_policy(
        &Policy::standard()
            .with("sign_off", "1")
            .with("from", r#"["nobody-here"]"#)
            .with("refs", r#"["refs/heads/["]"#)
            .set("kim", "emial", r#"["kim@example.com"]"#),
    );
    let check = world.countersign(&["policy", "check", &path_text(&world.path("policy.toml"))]);
    check.exits(1);
    for needle in ["sign_off", "sign_offs", "nobody-here", "refs/heads/[", "emial", "emails"] {
        check.says(needle);
    }
}

#[test]
fn settings_missing_or_broken() {
    let world = World::new();
    let kim = plain(&world);
    let good = fs::read_to_string(world.config()).expect("a file");
    for text in ["", "policy = 1\n", "surprise = true\n", &good[..good.len() / 2]] {
        fs::write(world.config(), text).expect("a file");
        kim.push_main().rejected();
        kim.push(&["HEAD:refs/heads/topic"]).rejected();
    }
    fs::write(world.config(), format!("surprise = true\n{good}")).expect("a file");
    kim.push_main().rejected();
    fs::remove_file(world.config()).expect("a file");
    kim.push_main().rejected();
    fs::write(world.config(), good).expect("a file");
    kim.push_main().lands(&[MAIN]);
}

/// A store that is not one: main is closed, other branches are open with a hint.
#[track_caller]
fn store_is_down(world: &World, store: &Path) {
    world.write_settings(&Settings { store: Some(store.to_owned()), ..Settings::default() });
    let kim = world.clone("kim");
    kim.commit(ai("Add it").file("a", "a\n"));
    kim.push_main().rejected_with("store").says("not your fault");
    kim.push(&["HEAD:refs/heads/topic"]).lands(&["refs/heads/topic"]).says("hint:");
    kim.push(&["HEAD:refs/heads/release/1", "HEAD:refs/heads/topic2"]).rejected_with("store");
    kim.git(&["reset", "-q", "--hard", "origin/main"]);
    kim.commit(human("Plain\n").file("b", "b\n"));
    kim.push(&["HEAD:refs/heads/plain"]).lands(&["refs/heads/plain"]);
    world.write_settings(&Settings::default());
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn store_that_can_not_be_read() {
    let world = World::new();
    let at = |name: &str| world.path(name);
    store_is_down(&world, &at("nowhere/countersign.db"));
}

#[test]
fn store_that_is_a_folder() {
    let world = World::new();
    fs::create_dir(world.path("folder.db")).expect("a folder");
    store_is_down(&world, &world.path("folder.db"));
}

#[test]
fn store_that_is_no_database() {
    let world = World::new();
    let file = world.path("garbage.db");
    fs::write(&file, "this is a diary, not a database\n".repeat(1_000)).expect("a file");
    store_is_down(&world, &file);
    let text = fs::read_to_string(&file).expect("a file");
    assert!(text.starts_with("this is a diary"), "the gate wrote into somebody's file");
}

/// A store that is missing, and one that another repository's push made anew in its place,
/// have forgotten what was revoked.
#[test]
fn store_that_is_gone_or_made_anew() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = kim.commit(ai("First").file("first", "x\n"));
    kim.push_main().rejected_with(NEEDS);
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
    kim.commit(ai("Second").file("second", "x\n"));
    let kept = world.path("kept.db");
    let moved = |from: &Path, to: &Path| {
        for tail in ["", "-wal", "-shm"] {
            let name = |p: &Path| format!("{}{tail}", p.display());
            if Path::new(&name(from)).exists() {
                fs::rename(name(from), name(to)).expect("a file to move");
            }
        }
    };
    moved(&world.store(), &kept);
    kim.push_main().rejected_with("sign-off store unreachable");
    assert!(!world.store().exists(), "a refused push made a store");
    world.repository("payments/web");
    let other = world.clone_of("kim", "payments/web");
    other.commit(ai("Elsewhere").file("first", "x\n"));
    other.push_main().rejected_with(NEEDS);
    assert!(world.store().exists());
    kim.push_main().rejected_with("lacks what this");
    moved(&world.store(), &world.path("anew.db"));
    moved(&kept, &world.store());
    kim.push_main().rejected_with(NEEDS);
}

#[test]
fn store_cut_short() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(ai("First").file("first", "x\n"));
    kim.push_main().rejected_with(NEEDS);
    let cut = world.path("cut.db");
    let whole = fs::read(world.store()).expect("the store");
    fs::write(&cut, &whole[..whole.len().min(100)]).expect("a file");
    store_is_down(&world, &cut);
}

/// A shim whose program may write no more than this many blocks of 512 bytes to a file.
fn limited_shim(world: &World, blocks: u32) -> String {
    format!("trap '' XFSZ\nulimit -f {blocks}\n{}", world.shim("pre-receive"))
}

/// Wherever the disk gives out, a push is refused whole or accepted whole.
#[test]
fn full_disk() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(human("Plain\n").file("first", "x\n"));
    kim.push_main().lands(&[MAIN]);
    let mut refused = 0;
    for (n, blocks) in [0, 1, 8, 32, 64, 128, 256, 512, 1_024].into_iter().enumerate() {
        let id = kim.commit(ai(&format!("Work {n}")).file(format!("f{n}"), "x\n"));
        let signed = Draft::approve().commit(&kim, &id).sign("ghopper");
        world.install_shim(&kim.bare, "pre-receive", &limited_shim(&world, blocks));
        let spec = kim.deliveries(&[&signed]).remove(0);
        let push = kim.push(&["HEAD:refs/heads/main", &spec]);
        world.install(&kim.bare);
        if push.ok {
            push.lands(&[MAIN]);
            continue;
        }
        refused += 1;
        push.rejected_with("store").says("not your fault").keeps_quiet_about("panicked");
        // Room again: the same push goes through.
        kim.push(&["HEAD:refs/heads/main", &spec]).lands(&[MAIN]);
    }
    assert!(refused > 0, "the limit never bit");
}

#[test]
fn hook_that_is_killed() {
    let world = World::new();
    let kim = plain(&world);
    world.install_shim(&kim.bare, "pre-receive", "kill -9 $$\n");
    kim.push_main().refused();
    kim.push(&["HEAD:refs/heads/topic"]).refused();
    // Killed while it waits for its input, it leaves nothing behind.
    let mut command = world.command(env!("CARGO_BIN_EXE_countersign"));
    command.arg("--config").arg(world.config()).args(["hook", "pre-receive"]);
    command.current_dir(&kim.bare).env("GIT_DIR", ".").env("COUNTERSIGN_PUSHER", "kim");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the hook");
    child.kill().expect("a kill");
    assert!(!child.wait().expect("a status").success());
    world.install(&kim.bare);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn program_that_is_gone() {
    let world = World::new();
    let kim = plain(&world);
    let shim = world.shim("pre-receive").replace("countersign'", "no-such-program'");
    world.install_shim(&kim.bare, "pre-receive", &shim);
    kim.push_main().refused();
    world.install(&kim.bare);
    kim.push_main().lands(&[MAIN]);
}

/// Git passes over a hook without its run bit: the gate is off, and only git says so. What
/// is left of the gate is that nothing vouches for what landed.
#[test]
fn hook_without_its_run_bit() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    let hook = kim.bare.join("hooks/pre-receive");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o644)).expect("a mode");
    let push = kim.push_main();
    push.accepted();
    assert!(push.all.contains("hook was ignored"), "{}", push.all);
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("a mode");
    let output = kim.countersign(&["verify", &id]);
    assert_ne!(output.code, Some(0), "{}", output.all());
}

/// post-receive is a convenience; without it pushes land, and the next run catches up.
#[test]
fn post_receive_that_fails_or_is_missing() {
    let world = World::new();
    let kim = world.clone("kim");
    let mut signed = Vec::new();
    for (n, shim) in ["exit 1\n", "kill -9 $$\n"].into_iter().enumerate() {
        world.install_shim(&kim.bare, "post-receive", shim);
        let id = kim.commit(ai(&format!("Work {n}")).file(format!("f{n}"), "x\n"));
        kim.push_main().rejected_with(NEEDS);
        kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
        kim.push_main().lands(&[MAIN]);
        signed.push(id);
    }
    assert_eq!(world.tip(&kim.bare, "refs/countersign/log"), None);
    // What the gate let in and git refused has not landed.
    let lost = kim.commit(ai("Lost").file("lost", "x\n"));
    kim.deliver(&[&Draft::approve().commit(&kim, &lost).sign("ghopper")]);
    world.install_shim(&kim.bare, "update", "exit 1\n");
    kim.push_main().refused();
    fs::remove_file(kim.bare.join("hooks/update")).expect("a hook");
    world.install(&kim.bare);
    kim.git(&["reset", "-q", "--hard", "HEAD~1"]);
    kim.commit(human("Plain\n").file("p", "x\n"));
    kim.push_main().lands(&[MAIN]);
    let log = world.git_in(&kim.bare, &["ls-tree", "-r", "--name-only", "refs/countersign/log"]);
    let statements = log.lines().filter(|l| l.ends_with("statement.json")).count();
    assert_eq!(statements, 3, "{log}");
    assert_eq!(log.lines().filter(|l| l.starts_with("decisions/")).count(), 3, "{log}");
    kim.git(&["fetch", "-q", "origin", "+refs/countersign/log:refs/countersign/log"]);
    for id in &signed {
        kim.countersign(&["verify", id, "--offline"]).exits(0).says("signed off by ghopper");
    }
    kim.countersign(&["verify", &lost, "--offline"]).exits(3).says("no landing");
    let refs = world.git_in(&kim.bare, &["for-each-ref", "refs/countersign/inbox"]);
    assert_eq!(refs, "");
}

/// Several hooks at once on one file.
#[test]
fn many_pushes_at_once() {
    let world = World::new();
    let clones: Vec<(Clone<'_>, String)> = (0..6)
        .map(|n| {
            let kim = world.clone("kim");
            let id = kim.commit(ai(&format!("Work {n}")).file(format!("f{n}"), "x\n"));
            (kim, id)
        })
        .collect();
    // Clones are not shared between threads; their pushes are commands like any other.
    let pushes: Vec<_> = clones
        .iter()
        .enumerate()
        .map(|(n, (kim, id))| {
            let refs = ["refs/heads/release/*"];
            let draft = Draft::approve().refs(&refs).commit(kim, id);
            let spec = kim.deliveries(&[&draft.sign("ghopper")]).remove(0);
            let mut command = kim.command("git");
            command.args(["push", "origin", &spec, &format!("HEAD:refs/heads/release/{n}")]);
            command
        })
        .collect();
    thread::scope(|scope| {
        let running: Vec<_> = pushes
            .into_iter()
            .map(|mut command| scope.spawn(move || crate::support::run::run(&mut command, b"")))
            .collect();
        for push in running {
            push.join().expect("a push").exits(0).says("stored");
        }
    });
    let (kim, _) = &clones[0];
    let heads = world.git_in(&kim.bare, &["for-each-ref", "refs/heads/release"]);
    assert_eq!(heads.lines().count(), 6, "{heads}");
    // Whoever came last published for all.
    kim.commit(human("Plain\n").file("p", "x\n"));
    kim.push(&["HEAD:refs/heads/release/0"]).accepted();
    let log = world.git_in(&kim.bare, &["ls-tree", "-r", "--name-only", "refs/countersign/log"]);
    assert_eq!(log.lines().filter(|l| l.ends_with("statement.json")).count(), 6, "{log}");
}

/// The admins find every push that could not be judged, each in one line.
#[test]
fn the_log_names_what_could_not_be_judged() {
    let world = World::with_settings(&Policy::standard(), "[log]\nfile = \"gate.log\"\n");
    let (kim, nobody) = (plain(&world), world.clone(""));
    let faults = || -> Vec<serde_json::Value> {
        let log = fs::read_to_string(world.path("gate.log")).unwrap_or_default();
        fs::write(world.path("gate.log"), "").expect("a file");
        let lines = log.lines().map(|l| serde_json::from_str(l).expect("JSON"));
        let mut lines: Vec<serde_json::Value> = lines.collect();
        lines.retain(|l| l["level"] == "ERROR" && l["fields"]["message"] == "not judged");
        lines
    };
    let one = |code: &str, cause: &str, remote: &str| {
        let lines = faults();
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        let fields = &line["fields"];
        assert_eq!(fields["code"], code, "{line}");
        assert_eq!(fields["repository"], crate::support::API, "{line}");
        assert!(fields["git_dir"].to_string().contains("api.git"), "{line}");
        assert!(fields["cause"].to_string().contains(cause), "{line}");
        assert!(remote.contains(fields["decision"].as_str().expect("an id")), "{line}");
    };
    nobody.commit(ai("Whose?").author("kim").committer("kim").file("b", "b\n"));
    let push = nobody.push_main();
    one("pusher-unknown", "", &push.rejected().remote);

    fs::write(world.path("policy.toml"), "version = 2\n").expect("a file");
    one("policy-broken", "no rule", &kim.push_main().rejected().remote);
    fs::remove_file(world.path("policy.toml")).expect("a file");
    one("policy-broken", "No such file", &kim.push_main().rejected().remote);
    world.set_policy(&Policy::standard());

    fs::rename(world.store(), world.path("away.db")).ok();
    fs::create_dir(world.store()).expect("a folder");
    one("store-unreachable", "is a folder", &kim.push_main().rejected().remote);
    fs::remove_dir(world.store()).expect("a folder");
    fs::rename(world.path("away.db"), world.store()).ok();

    kim.push_main().lands(&[MAIN]);
    kim.commit(ai("Add it").file("c", "c\n"));
    kim.push_main().rejected_with(NEEDS);
    assert!(faults().is_empty());
}

#[test]
fn policy_check_warns_of_a_log_that_can_not_be_written() {
    let tail = |file: &str| format!("[log]\nfile = \"{file}\"\n");
    let world = World::with_settings(&Policy::standard(), &tail("nowhere/gate.log"));
    world.countersign(&["policy", "check"]).exits(0).says("can't be appended to");
    let world = World::with_settings(&Policy::standard(), &tail("gate.log"));
    let said = world.countersign(&["policy", "check"]);
    said.exits(0);
    assert!(!said.all().contains("appended"), "{}", said.all());
    assert!(!world.path("gate.log").exists());
}

/// As the README restores statements that a backup lacks: out of the published log.
#[test]
fn statements_come_back_from_the_log() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    kim.push_main().lands(&[MAIN]);
    let backup = path_text(&world.path("backup.db"));
    let store = path_text(&world.store());
    let mut copy = world.command("cp");
    copy.args([&store, &backup]);
    crate::support::run::run(&mut copy, b"").exits(0);

    let id = kim.commit(ai("Add it").file("b", "b\n"));
    kim.push_main().rejected_with(NEEDS);
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    for side in ["-wal", "-shm"] {
        fs::remove_file(format!("{store}{side}")).ok();
    }
    fs::rename(&backup, &store).expect("a file");
    kim.push_main().rejected_with("lacks what this");

    let tar = path_text(&world.path("log.tar"));
    let archive = ["archive", "-o", &tar, "refs/countersign/log", "statements"];
    world.git_in(&kim.bare, &archive);
    let mut untar = world.command("tar");
    untar.arg("-x").arg("-f").arg(&tar).arg("-C").arg(world.path("home"));
    crate::support::run::run(&mut untar, b"").exits(0);
    let files = "$0 --config $1 submit statements/*/*/statement.json";
    let mut submit = world.command("sh");
    submit.args(["-c", files, env!("CARGO_BIN_EXE_countersign"), &path_text(&world.config())]);
    crate::support::run::run(&mut submit, b"").exits(0).says("stored");
    kim.push_main().lands(&[MAIN]);
    // The store counts anew; what comes from now on is published all the same.
    let published = || {
        let log = ["ls-tree", "-r", "--name-only", "refs/countersign/log"];
        world.git_in(&kim.bare, &log).lines().count()
    };
    let before = published();
    let next = kim.commit(ai("Add another").file("c", "c\n"));
    kim.deliver(&[&Draft::approve().commit(&kim, &next).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
    assert_eq!(published(), before + 3, "a statement, its signature and a decision");
}

/// What is wrong with settings or policy stands in the log, all of it.
#[test]
fn mistakes_are_in_the_log_and_not_on_the_pushers_screen() {
    let world = World::with_settings(&Policy::standard(), "[log]\nfile = \"gate.log\"\n");
    let kim = world.clone("kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    let logged = |needle: &str| {
        let log = fs::read_to_string(world.path("gate.log")).expect("a log");
        assert!(log.contains(needle), "{log}");
    };
    let policy = fs::read_to_string(world.path("policy.toml")).expect("a policy");
    fs::write(world.path("policy.toml"), format!("{policy}modee = 1\nvetoo = true\n"))
        .expect("a file");
    kim.push_main().rejected_with("policy broken").keeps_quiet_about("modee");
    logged("unknown key \\\"modee\\\"");
    logged("unknown key \\\"vetoo\\\"");
    fs::write(world.path("policy.toml"), policy).expect("a file");
    let settings = fs::read_to_string(world.config()).expect("settings");
    fs::write(world.config(), settings.replace("root =", "rot =")).expect("a file");
    kim.push_main().rejected_with("policy broken").keeps_quiet_about("rot");
    logged("unknown key \\\"rot\\\"");
    fs::write(world.config(), settings).expect("a file");
    kim.push_main().lands(&[MAIN]);
}
