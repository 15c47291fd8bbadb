//! A mistake in each key of the policy: `policy check` points at it, and the gate is shut.

use std::fs;

use crate::support::clone::path_text;
use crate::support::{Policy, World, key};

type Bend = fn(Policy) -> Policy;

/// What the admin wrote, and what the answer has to name.
const MISTAKES: &[(&str, Bend, &[&str])] = &[
    ("unknown table", |p| p.tail("[surprise]\nx = 1\n"), &["surprise"]),
    ("person: unknown key", |p| p.set("kim", "email", "\"x\""), &["email", "emails"]),
    ("person: no list", |p| p.set("kim", "emails", "\"kim@example.com\""), &["emails"]),
    ("person: no address", |p| p.set("kim", "emails", "[\"kim\"]"), &["kim"]),
    ("person: name", |p| p.set("kim", "name", "7"), &["name"]),
    (
        "person: address of two",
        |p| p.set("kim", "emails", "[\"ADA@example.com\"]"),
        &["kim", "ADA@example.com"],
    ),
    ("person: login of two", |p| p.set("kim", "logins", "[\"grace.h\"]"), &["grace.h", "kim"]),
    ("person: login is a name", |p| p.set("kim", "logins", "[\"ghopper\"]"), &["ghopper"]),
    ("person: no key", |p| p.set("kim", "keys", "[\"hello\"]"), &["keys"]),
    ("person: cut key", |p| p.set("kim", "keys", "[\"ssh-ed25519 AAAA\"]"), &["key"]),
    (
        "person: key of two",
        |p| p.set("kim", "keys", &format!("[{:?}]", key("ghopper").public)),
        &["kim", "this key"],
    ),
    (
        "person: key with a misspelt field",
        |p| p.set("kim", "keys", &format!("[{{ key = {:?}, valid_til = 1 }}]", key("kim").public)),
        &["valid_til"],
    ),
    (
        "person: key with no time",
        |p| {
            p.set(
                "kim",
                "keys",
                &format!("[{{ key = {:?}, valid_before = \"soon\" }}]", key("kim").public),
            )
        },
        &["valid_before"],
    ),
    ("person: agent", |p| p.set("kim", "agent", "\"yes\""), &["agent"]),
    (
        "person: agent and service",
        |p| p.entry("bot", &[("agent", "true"), ("service", "true")]),
        &["agent", "service"],
    ),
    ("person: owner", |p| p.entry("bot", &[("agent", "true"), ("owner", "\"gone\"")]), &["gone"]),
    ("group: unknown person", |p| p.group("x", "[\"gone\"]"), &["gone"]),
    ("group: unknown group", |p| p.group("x", "[\"@gone\"]"), &["gone"]),
    ("group: of itself", |p| p.group("x", "[\"@y\"]").group("y", "[\"@x\"]"), &["x", "y"]),
    ("group: no list", |p| p.group("x", "\"kim\""), &["x"]),
    ("detect: unknown key", |p| p.detect("markers", "1"), &["markers"]),
    ("detect: declare", |p| p.detect("declare", "\"yes\""), &["declare", "required"]),
    ("detect: memory", |p| p.detect("memory", "\"on\""), &["memory"]),
    (
        "detect: unknown marker",
        |p| p.detect("disable", "[\"no-such-marker\"]"),
        &["no-such-marker"],
    ),
    (
        "marker: two patterns",
        |p| p.tail("[[detect.marker]]\nname = \"x\"\ntrailer = \"X\"\nline = \"y\"\n"),
        &["trailer", "line"],
    ),
    ("marker: none", |p| p.tail("[[detect.marker]]\nname = \"x\"\n"), &["trailer"]),
    (
        "marker: bad expression",
        |p| p.tail("[[detect.marker]]\nname = \"x\"\nline = \"(\"\n"),
        &["("],
    ),
    ("rule: unknown key", |p| p.with("sign_off", "1"), &["sign_off", "sign_offs"]),
    ("rule: no name", |p| p.tail("[[rule]]\nrefs = [\"x\"]\nfrom = [\"seniors\"]\n"), &["name"]),
    (
        "rule: name of two",
        |p| p.rule("production").with("refs", "[\"refs/heads/x\"]").with("from", "[\"seniors\"]"),
        &["production"],
    ),
    ("rule: no refs", |p| p.rule("x").with("from", "[\"seniors\"]"), &["refs"]),
    ("rule: short ref", |p| p.with("refs", "[\"main\"]"), &["refs/heads/main"]),
    ("rule: bad pattern", |p| p.with("refs", "[\"refs/heads/[\"]"), &["refs/heads/["]),
    ("rule: trusts", |p| p.with("trusts", "[\"main\"]"), &["trusts"]),
    ("rule: repos", |p| p.with("repos", "[\"[\"]"), &["repos"]),
    ("rule: paths", |p| p.with("paths", "[\"[\"]"), &["paths"]),
    ("rule: no people", |p| p.with("from", "[]"), &["from"]),
    ("rule: unknown group", |p| p.with("from", "[\"senior\"]"), &["senior", "seniors"]),
    ("rule: too many", |p| p.with("sign_offs", "4"), &["4", "3"]),
    ("rule: none at all", |p| p.with("sign_offs", "0"), &["sign_offs"]),
    ("rule: negative", |p| p.with("sign_offs", "-1"), &["sign_offs"]),
    ("rule: binding", |p| p.with("binding", "\"loose\""), &["binding", "replay"]),
    ("rule: valid_for", |p| p.with("valid_for", "\"ten days\""), &["valid_for"]),
    ("rule: mode", |p| p.with("mode", "\"enforced\""), &["mode", "enforce"]),
    ("rule: veto", |p| p.with("veto", "\"true\""), &["veto"]),
    ("rule: allow", |p| p.with("allow", "[\"rewinds\"]"), &["rewinds", "rewind"]),
    ("rule: readers", |p| p.with("readers", "[\"gone\"]"), &["gone"]),
    ("rule: exempt_pushers", |p| p.with("exempt_pushers", "[\"gone\"]"), &["gone"]),
    ("rule: clean_merges", |p| p.with("clean_merges", "\"no\""), &["clean_merges"]),
    ("rule: break_glass", |p| p.with("break_glass", "[\"gone\"]"), &["gone"]),
    ("rule: review_within", |p| p.with("review_within", "7"), &["review_within"]),
    ("rule: reason", |p| p.with("reason", "[]"), &["reason"]),
    ("no TOML", |p| p.tail("[[rule\n"), &["rule"]),
];

#[test]
fn mistake_in_each_key() {
    let world = World::new();
    let file = path_text(&world.path("policy.toml"));
    let mut silent = Vec::new();
    for (label, bend, needles) in MISTAKES {
        let policy = bend(Policy::standard());
        world.set_policy(&policy);
        let output = world.countersign(&["policy", "check", &file]);
        let text = output.all();
        let missing: Vec<_> = needles.iter().filter(|n| !text.contains(**n)).collect();
        let placed = text.contains("policy.toml:") && text.contains('^');
        if output.code != Some(1) || !missing.is_empty() || !placed {
            silent.push(format!("{label}: code {:?}, not named {missing:?}\n{text}", output.code));
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn a_good_policy_passes_and_says_what_it_does() {
    let world = World::new();
    let file = path_text(&world.path("policy.toml"));
    world.countersign(&["policy", "check", &file]).exits(0).keeps_quiet_about("error");
}

/// Allowed, but worth a word.
#[test]
fn warnings_do_not_fail_the_check() {
    let world = World::new();
    let file = path_text(&world.path("policy.toml"));
    let trusting = Policy::standard().with("trusts", r#"["refs/heads/main", "refs/heads/topic"]"#);
    world.set_policy(&trusting);
    let output = world.countersign(&["policy", "check", &file]);
    output.exits(0).says("warning").says("refs/heads/topic");
}

/// A rule that nobody can meet since their keys have run out.
#[test]
fn keys_that_have_run_out_are_told() {
    let world = World::new();
    let file = path_text(&world.path("policy.toml"));
    let until = |time: &str| {
        let public = &crate::support::key("ghopper").public;
        let keys = format!("[{{ key = {public:?}, valid_before = {time} }}]");
        let policy = Policy::standard().group("seniors", r#"["ghopper"]"#);
        world.set_policy(&policy.set("ghopper", "keys", &keys));
        world.countersign(&["policy", "check", &file])
    };
    until("2020-01-01T00:00:00Z").exits(0).says("valid today").says("0 people have a key");
    until("2999-01-01T00:00:00Z").exits(0).keeps_quiet_about("valid today");
}

#[test]
fn check_of_what_is_not_there() {
    let world = World::new();
    let file = path_text(&world.path("nothing.toml"));
    world.countersign(&["policy", "check", &file]).exits(1).says("nothing.toml");
    fs::write(world.path("nothing.toml"), "").expect("a file");
    world.countersign(&["policy", "check", &file]).exits(1);
}
