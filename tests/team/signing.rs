//! Signing by stock tools and by Countersign, verified by the other.

use std::fs;

use crate::support::clone::path_text;
use crate::support::keys::key_of;
use crate::support::run::{bare_command, run};
use crate::support::statement::{NAMESPACE, commit_digests, from_now, sign};
use crate::support::{API, Draft, MAIN, NEEDS, Policy, World, ai, human, key};

/// Every sort of key that `ssh-keygen` makes without hardware, its statement made and
/// signed without the program.
#[test]
fn stock_keys_of_every_sort_sign() {
    let sorts = [
        ("ed25519", "0"),
        ("ecdsa", "256"),
        ("ecdsa", "384"),
        ("ecdsa", "521"),
        ("rsa", "2048"),
        ("rsa", "4096"),
    ];
    let keys: Vec<_> = sorts.iter().map(|(kind, bits)| key_of("ghopper", kind, bits)).collect();
    let list: Vec<String> = keys.iter().map(|k| format!("{:?}", k.public)).collect();
    let policy = Policy::standard().set("ghopper", "keys", &format!("[{}]", list.join(", ")));
    let world = World::with(&policy);
    let kim = world.clone("kim");
    for (n, key) in keys.iter().enumerate() {
        let id = kim.commit(ai(&format!("Work {n}")).file(format!("f{n}"), "x\n"));
        kim.push_main().rejected_with(NEEDS);
        kim.deliver(&[&sign(&Draft::approve().commit(&kim, &id).bytes(), key, NAMESPACE)]);
        kim.push_main().lands(&[MAIN]);
    }
}

#[test]
fn short_rsa_keys_do_not_sign() {
    let weak = key_of("ghopper", "rsa", "1024");
    let policy = Policy::standard().set("ghopper", "keys", &format!("[{:?}]", weak.public));
    let world = World::with(&policy);
    let kim = world.clone("kim");
    let id = kim.commit(ai("Work").file("f", "x\n"));
    let signed = sign(&Draft::approve().commit(&kim, &id).bytes(), &weak, NAMESPACE);
    let delivery = kim.deliveries(&[&signed]).remove(0);
    kim.push(&[&delivery]).rejected();
}

#[test]
fn what_approve_wrote_verifies_with_ssh_keygen_alone() {
    let world = World::new();
    let (kim, grace) = (world.clone("kim"), world.clone("ghopper"));
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    grace.fetch();
    let out = grace.dir.join("signed");
    let key = key("ghopper");
    let args = [
        "approve",
        &id,
        "--ref",
        MAIN,
        "--repository",
        API,
        "-m",
        "Read it twice",
        "--key",
        &path_text(&key.file),
        "--yes",
        "--out",
        &path_text(&out),
    ];
    grace.countersign(&args).exits(0);
    let file = written(&out);
    let signature = fs::read(format!("{}.sig", path_text(&file))).expect("a signature");
    let statement = fs::read(&file).expect("a statement");

    let signers = world.path("allowed_signers");
    fs::write(&signers, format!("ghopper {}\n", key.public)).expect("a file");
    let signature_file = world.path("check.sig");
    fs::write(&signature_file, &signature).expect("a file");
    let mut verify = bare_command("ssh-keygen");
    verify.args(["-Y", "verify", "-I", "ghopper", "-n", NAMESPACE]);
    verify.arg("-f").arg(&signers).arg("-s").arg(&signature_file);
    run(&mut verify, &statement).exits(0).says("Good");

    let (change, paths) = commit_digests(&kim, &id).expect("a change");
    let parsed: serde_json::Value = serde_json::from_slice(&statement).expect("JSON");
    let digest = &parsed["subject"][0]["digest"];
    assert_eq!(digest["gitCommit"], id.as_str());
    assert_eq!(digest["change-v1"], change.as_str());
    assert_eq!(digest["paths-v1"], paths.as_str());
    assert_eq!(parsed["predicate"]["repository"], API);
    assert_eq!(parsed["predicate"]["refs"], serde_json::json!([MAIN]));
    assert_eq!(parsed["predicate"]["reason"], "Read it twice");

    // By hand to the host, as for forges that take no refs outside heads and tags.
    kim.push_main().rejected_with(NEEDS);
    world.countersign(&["submit", &path_text(&file)]).exits(0).says("stored");
    world.countersign(&["submit", &path_text(&file)]).exits(0).says("known");
    kim.push_main().lands(&[MAIN]);
}

/// `--out` names the statement's file, or a folder to put it in.
fn written(out: &std::path::Path) -> std::path::PathBuf {
    if !out.is_dir() {
        return out.to_owned();
    }
    let entries = fs::read_dir(out).expect("a folder");
    let mut paths = entries.map(|e| e.expect("an entry").path());
    paths.find(|p| p.extension().is_some_and(|x| x == "json")).expect("a statement")
}

#[test]
fn approve_shows_what_will_be_signed() {
    let world = World::new();
    let (kim, grace) = (world.clone("kim"), world.clone("ghopper"));
    let first = kim.commit(ai("Add it").file("src/one.rs", "1\n"));
    let second = kim.commit(human("Tidy up\n").file("src/two.rs", "2\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    grace.fetch();
    let args = [
        "approve",
        "origin/main..origin/topic",
        "--ref",
        MAIN,
        "--repository",
        API,
        "--key",
        &path_text(&key("ghopper").file),
        "--yes",
        "--remote",
        "origin",
    ];
    let output = grace.countersign(&args);
    output.exits(0);
    for needle in [
        API,
        MAIN,
        &first[..8],
        &second[..8],
        "Add it",
        "Claude",
        "src/one.rs",
        "src/two.rs",
        "net",
    ] {
        output.says(needle);
    }
}

#[test]
fn approve_does_not_believe_a_remote_without_the_gate() {
    let world = World::new();
    let plain = world.path("plain.git");
    world.git_in(
        &world.path("root"),
        &["clone", "-q", "--bare", &path_text(&world.bare(API)), &path_text(&plain)],
    );
    let grace = world.clone_from("ghopper", &path_text(&plain), plain);
    let id = grace.commit(ai("Add it").author("kim").committer("kim").file("a", "a\n"));
    let args = [
        "approve",
        &id,
        "--ref",
        MAIN,
        "--repository",
        API,
        "--key",
        &path_text(&key("ghopper").file),
        "--yes",
        "--remote",
        "origin",
    ];
    grace.countersign(&args).exits(1);
}

#[test]
fn decline_blocks_until_its_signer_approves() {
    let world = World::with(&Policy::standard().with("veto", "true"));
    let (kim, ada) = (world.clone("kim"), world.clone("alovelace"));
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    let signed = Draft::approve().commit(&kim, &id).sign("ghopper");
    kim.deliver(&[&signed]);
    ada.fetch();
    let tail = [
        "--repository",
        API,
        "--key",
        &path_text(&key("alovelace").file),
        "--yes",
        "--remote",
        "origin",
    ];
    let decline = ["decline", &id, "--ref", MAIN, "-m", "Not like this"];
    ada.countersign(&[&decline[..], &tail].concat()).exits(0).says("stored");
    kim.push_main().rejected_with("alovelace").says("declined");
    // Only what the same person says later lifts it.
    let later = Draft::approve().set("issuedAt", from_now(60)).commit(&kim, &id);
    kim.deliver(&[&later.sign("khamilton")]);
    kim.push_main().rejected_with("declined");
    kim.deliver(&[&later.sign("alovelace")]);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn revoke_is_final_and_only_the_signers() {
    let world = World::new();
    let (kim, grace) = (world.clone("kim"), world.clone("ghopper"));
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    let signed = Draft::approve().commit(&kim, &id).sign("ghopper");
    kim.push_main().rejected_with(NEEDS);
    kim.deliver(&[&signed]);
    let tail = [
        "-m",
        "On second thoughts",
        "--repository",
        API,
        "--key",
        &path_text(&key("ghopper").file),
        "--yes",
        "--remote",
        "origin",
    ];
    let revoke = ["revoke", &signed.hash()];
    grace.countersign(&[&revoke[..], &tail].concat()).exits(0).says("stored");
    kim.push_main().rejected_with("revoked");
}

/// Told before the question; what somebody else signed is not even delivered.
#[test]
fn revoke_shows_the_statement_and_stops_at_anothers() {
    let world = World::new();
    let (kim, grace) = (world.clone("kim"), world.clone("ghopper"));
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    let signed = Draft::approve().commit(&kim, &id).sign("ghopper");
    kim.push_main().rejected_with(NEEDS);
    kim.deliver(&[&signed]);
    kim.push_main().lands(&[MAIN]);
    let revoke = |who: &str, hash: &str| {
        let file = path_text(&key(who).file);
        let tail = ["--repository", API, "--key", &file, "--yes", "--remote", "origin"];
        grace.countersign(&[&["revoke", hash][..], &tail].concat())
    };
    let hash = signed.hash();
    revoke("alovelace", &hash).says("no fetched log").says("nothing may be revoked");
    grace.git(&["fetch", "-q", "origin", "refs/countersign/log:refs/countersign/log"]);
    revoke("alovelace", &hash).exits(1).says("own signer alone").says("nothing was delivered");
    revoke("ghopper", &"0".repeat(64)).says("not in the fetched log");
    revoke("ghopper", &hash).exits(0).says("approve for").says("by ghopper").says("stored");
}

#[test]
fn landed_commit_verifies_offline_in_any_clone() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    let plain = kim.commit(human("Plain\n").file("b", "b\n"));
    kim.push_main().rejected_with(NEEDS);
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
    let reader = world.clone("alovelace");
    reader.git(&["fetch", "-q", "origin", "refs/countersign/log:refs/countersign/log"]);
    reader.git(&["remote", "set-url", "origin", "/nowhere"]);
    reader.countersign(&["verify", &id, "--offline"]).exits(0).says("ghopper");
    reader.countersign(&["verify", &plain, "--offline"]).exits(0);
    let parked = reader.commit(ai("Unsigned").file("c", "c\n"));
    let output = reader.countersign(&["verify", &parked, "--offline"]);
    assert_ne!(output.code, Some(0), "{}", output.all());
}

/// As the README says it: git and ssh-keygen alone.
#[test]
fn landed_commit_verifies_without_countersign() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    kim.push_main().rejected_with(NEEDS);
    let signed = Draft::approve().commit(&kim, &id).sign("ghopper");
    kim.deliver(&[&signed]);
    kim.push_main().lands(&[MAIN]);
    kim.git(&["fetch", "-q", "origin", "refs/countersign/log:refs/countersign/log"]);
    let names = kim.git(&["ls-tree", "-r", "--name-only", "refs/countersign/log"]);
    let hash = signed.hash();
    let base = format!("statements/{}/{hash}", &hash[..2]);
    let one = |start: &str, end: &str| {
        let found = names.lines().find(|n| n.starts_with(start) && n.ends_with(end));
        found.unwrap_or_else(|| panic!("no {start}...{end} in\n{names}")).to_owned()
    };
    let show = |name: &str| {
        kim.try_git(&["show", &format!("refs/countersign/log:{name}")]).exits(0).stdout.clone()
    };
    assert_eq!(show(&format!("{base}/statement.json")), signed.statement);
    assert_eq!(show(&format!("{base}/statement.json.sig")), signed.signature);
    let decision = String::from_utf8(show(&one("decisions/", ".json"))).expect("text");
    assert!(decision.contains(&id) && decision.contains(&hash), "{decision}");
    assert!(one("policy/", ".toml").ends_with(".toml"));
    let signers = world.path("signers");
    fs::write(&signers, show(&one("policy/", ".allowed_signers"))).expect("a file");
    let signature = world.path("landed.sig");
    fs::write(&signature, &signed.signature).expect("a file");
    let mut verify = bare_command("ssh-keygen");
    verify.args(["-Y", "verify", "-I", "ghopper", "-n", NAMESPACE]);
    verify.arg("-f").arg(&signers).arg("-s").arg(&signature);
    run(&mut verify, &signed.statement).exits(0).says("Good");
    // The inbox was swept.
    assert_eq!(world.tip(&kim.bare, &format!("refs/countersign/inbox/{hash}")), None);
}
