//! Signed pushes as the source of the pusher's name (G22): forging one, or using one again.

use super::forged::{CODES, Made, SECRET, SEED, codes, world};
use crate::support::clone::path_text;
use crate::support::{Clone, Draft, MAIN, NEEDS, PushResult, World, ai, human, key};

/// A clone whose pushes are signed with the key of this name.
pub(super) fn signing<'w>(world: &'w World, person: &str, with: &str) -> Clone<'w> {
    signed(world.clone(person), with)
}

pub(super) fn signed<'w>(clone: Clone<'w>, with: &str) -> Clone<'w> {
    clone.git(&["config", "gpg.format", "ssh"]);
    let file = key(with).file.clone();
    clone.git(&["config", "user.signingKey", file.to_str().expect("text")]);
    clone.git(&["config", "push.gpgSign", "true"]);
    clone
}

fn push_unsigned(clone: &Clone<'_>, refspecs: &[&str]) -> PushResult {
    clone.push_with(&["--no-signed"], refspecs)
}

#[test]
fn signed_by_who_pushes() {
    let world = world("sha1", CODES);
    let kim = signing(&world, "kim", "kim");
    let id = kim.commit(ai("Marked").file("a", "a\n"));
    kim.push_main().rejected_with(NEEDS).keeps_quiet_about("one more than usual");
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
    // And who first pushed it can't sign it.
    let grace = signing(&world, "ghopper", "ghopper");
    let own = grace.commit(ai("Hers").author("kim").committer("kim").file("b", "b\n"));
    grace.push(&["HEAD:refs/heads/topic"]).accepted();
    grace.deliver(&[&Draft::approve().commit(&grace, &own).sign("ghopper")]);
    grace.push_main().rejected_with("ghopper can't: first pusher");
}

#[test]
fn not_signed_at_all() {
    let world = world("sha1", CODES);
    let kim = signing(&world, "kim", "kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    push_unsigned(&kim, &["HEAD:refs/heads/main"])
        .rejected_with("can't tell who you are: this push is not signed")
        .says("git push --signed");
    // Whatever no rule matches needs no name.
    push_unsigned(&kim, &["HEAD:refs/heads/topic"]).accepted();
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn with_the_variables_alone() {
    let world = world("sha1", CODES);
    let kim = signing(&world, "kim", "kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    for (name, value) in [
        ("GIT_PUSH_CERT_STATUS", "G"),
        ("GIT_PUSH_CERT_SIGNER", "kim"),
        ("GIT_PUSH_CERT_KEY", "SHA256:x"),
        ("GIT_PUSH_CERT_NONCE_STATUS", "OK"),
        ("COUNTERSIGN_PUSHER", "kim"),
        ("REMOTE_USER", "kim"),
    ] {
        kim.set_env(name, value);
    }
    push_unsigned(&kim, &["HEAD:refs/heads/main"]).rejected_with("this push is not signed");
    // A blob of one's own.
    let forged = kim.object("blob", b"certificate version 0.1\npusher kim\n");
    kim.git(&["tag", "forged", &forged]);
    push_unsigned(&kim, &["forged"]).accepted();
    kim.set_env("GIT_PUSH_CERT", &forged);
    push_unsigned(&kim, &["HEAD:refs/heads/main"]).rejected_with("bears no signature");
    kim.set_env("GIT_PUSH_CERT", &"0".repeat(40));
    push_unsigned(&kim, &["HEAD:refs/heads/main"]).rejected_with("this push is not signed");
    kim.set_env("GIT_PUSH_CERT", &"1".repeat(40));
    push_unsigned(&kim, &["HEAD:refs/heads/main"])
        .rejected_with("the push certificate 11111111 can't be");
    kim.push_main().lands(&[MAIN]);
}

/// The certificates that the server has kept of earlier pushes.
pub(super) fn kept(world: &World, clone: &Clone<'_>) -> Vec<String> {
    let all = world.git_in(&clone.bare, &["cat-file", "--batch-all-objects", "--batch-check"]);
    all.lines()
        .filter(|line| line.contains(" blob "))
        .filter_map(|line| line.split(' ').next())
        .filter(|id| {
            world.git_in(&clone.bare, &["cat-file", "blob", id]).starts_with("certificate version")
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn with_another_pushs_certificate() {
    let world = world("sha1", CODES);
    let kim = signing(&world, "kim", "kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    kim.push_main().lands(&[MAIN]);
    let [certificate] = kept(&world, &kim).try_into().expect("one certificate");
    let mallory = world.clone("mallory");
    mallory.commit(human("Mine\n").file("b", "b\n"));
    mallory.set_env("GIT_PUSH_CERT", &certificate);
    mallory.push_main().rejected_with("certificate is for another push");
    // Not even a part of what it signs.
    mallory
        .push(&["HEAD:refs/heads/main", "HEAD:refs/heads/topic"])
        .rejected_with("certificate is for another push");
}

/// The same update again, in a repository that was set back or in another one.
#[test]
fn with_a_certificate_of_the_same_update_elsewhere() {
    let world = world("sha1", CODES);
    let kim = signing(&world, "kim", "kim");
    let before = kim.rev("origin/main");
    let id = kim.commit(human("Plain\n").file("a", "a\n"));
    kim.push_main().lands(&[MAIN]);
    let [certificate] = kept(&world, &kim).try_into().expect("one certificate");
    let other = world.repository("payments/other");
    // Even the seed was copied.
    world.git_in(&other, &["config", SEED, SECRET]);
    world.git_in(&other, &["fetch", "-q", kim.bare.to_str().expect("text"), "+main:main"]);
    world.git_in(&other, &["update-ref", MAIN, &before]);
    let blob = world.git_in(&kim.bare, &["cat-file", "blob", &certificate]) + "\n";
    let mallory = world.clone_of("mallory", "payments/other");
    let copy = mallory.git_with(&["hash-object", "-w", "--stdin"], blob.as_bytes());
    assert_eq!(copy, certificate);
    mallory.git(&["tag", "copy", &copy]);
    mallory.push(&["copy"]).accepted();
    mallory.take(&kim, "main");
    mallory.set_env("GIT_PUSH_CERT", &copy);
    let result = mallory.push(&[&format!("{id}:{MAIN}")]);
    assert_eq!(codes(&result), ["certificate-repository"], "{}", result.all);
    // In its own repository it is good as long as its nonce is.
    world.git_in(&kim.bare, &["update-ref", MAIN, &before]);
    world.git_in(&kim.bare, &["config", SEED, &SECRET.repeat(2)]);
    let mallory = world.clone("mallory");
    mallory.take(&kim, "main");
    mallory.set_env("GIT_PUSH_CERT", &certificate);
    mallory.push(&[&format!("{id}:{MAIN}")]).rejected_with("nonce is not one");
}

/// A login of the transport is nobody's word here.
#[test]
fn under_another_login() {
    let world = world("sha1", CODES);
    let grace = signing(&world, "ghopper", "kim");
    let id = grace.commit(ai("Marked").author("kim").committer("kim").file("a", "a\n"));
    grace.push(&["HEAD:refs/heads/topic"]).accepted();
    // The key is Kim's, so Kim was the first pusher, and Grace may sign.
    grace.deliver(&[&Draft::approve().commit(&grace, &id).sign("ghopper")]);
    grace.push_main().lands(&[MAIN]);
}

/// A seed counts where no other repository has it: it is the server's business, whatever a
/// client brings.
#[test]
fn without_a_seed_of_its_own() {
    let world = world("sha1", CODES);
    let kim = signing(&world, "kim", "kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    let made = Made::of(&kim);
    let refused = |result: &PushResult, why: &str| {
        result.rejected_with("policy broken: git's receive.certNonceSeed").says(why);
        result.says("not your fault").says("an admin runs, in this repository: git config");
        assert_eq!(codes(result), ["certificate-seed"]);
    };
    world.git_in(&kim.bare, &["config", SEED, "a short one"]);
    refused(&kim.push_main(), "receive.certNonceSeed has 11 bytes in the");
    world.git_in(&kim.bare, &["config", "--unset", SEED]);
    refused(&made.push(&kim), "receive.certNonceSeed is not set in the");
    // One of all repositories, by the system's or a user's configuration or by a file that
    // several include.
    let shared = world.path("shared");
    std::fs::write(&shared, format!("[receive]\ncertNonceSeed = {SECRET}\n")).expect("a file");
    world.git_in(&kim.bare, &["config", "include.path", &path_text(&shared)]);
    refused(&kim.push_main(), "is not set");
    world.git_in(&kim.bare, &["config", "--unset", "include.path"]);
    world.git_in(&kim.bare, &["config", "--global", SEED, SECRET]);
    refused(&kim.push_main(), "is not set");
    world.git_in(&kim.bare, &["config", "--global", "--unset", SEED]);
    for (name, value) in [
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", SEED),
        ("GIT_CONFIG_VALUE_0", SECRET),
        ("GIT_CONFIG_GLOBAL", &path_text(&shared)),
    ] {
        kim.set_env(name, value);
    }
    refused(&made.push(&kim), "is not set");
}

/// What a push may be besides one fast-forward, all in one certificate.
#[test]
fn of_several_refs_with_options() {
    let world = world("sha1", CODES);
    let kim = signing(&world, "kim", "kim");
    world.git_in(&kim.bare, &["config", "receive.advertisePushOptions", "true"]);
    let old = kim.rev("origin/main");
    kim.commit(human("Plain\n").file("a", "a\n"));
    let refs = ["HEAD:refs/heads/main", "HEAD:refs/heads/release/1", "HEAD:refs/heads/topic"];
    let landed = ["refs/heads/main", "refs/heads/release/1", "refs/heads/topic"];
    kim.push_with(&["--atomic", "-o", "one", "-o", "", "-o", "two=2 3"], &refs).lands(&landed);
    let rewind = format!("+{old}:refs/heads/main");
    kim.push_with(&["--force"], &[&rewind, ":refs/heads/release/1", ":refs/heads/topic"])
        .lands(&landed);
    // With each of the keys.
    for (name, kind, bits) in [("kim", "ecdsa", "256"), ("kim", "rsa", "2048")] {
        let file = path_text(&crate::support::keys::key_of(name, kind, bits).file);
        kim.git(&["config", "user.signingKey", &file]);
        kim.commit(human(format!("{kind}\n")).file("a", kind));
        kim.push_with(&["-o", "x"], &["HEAD:refs/heads/main"]).lands(&[MAIN]);
    }
    // Options that the certificate does not have, or not so.
    kim.fetch();
    kim.commit(human("More\n").file("b", "b\n"));
    for options in [&["y"][..], &["x", "x"], &[""], &["x", "y"]] {
        let mut made = Made::of(&kim);
        made.options.push("x".to_owned());
        let options: Vec<_> = options.iter().flat_map(|o| ["-o", *o]).collect();
        let result = made.push_with(&kim, &options);
        assert_eq!(codes(&result), ["certificate-options"], "{}", result.all);
        result.rejected();
    }
    let mut made = Made::of(&kim);
    made.options.push("x".to_owned());
    made.push_with(&kim, &["-o", "x"]).lands(&[MAIN]);
}

/// Nobody's work on a ref that nobody gates lands, with a word about what it will cost.
#[test]
fn nameless_work_on_a_branch() {
    let world = world("sha1", "");
    let kim = signing(&world, "kim", "kim");
    let topic = ["HEAD:refs/heads/topic"];
    kim.commit(human("Plain\n").file("a", "a\n"));
    push_unsigned(&kim, &topic).lands(&["refs/heads/topic"]).keeps_quiet_about("warning");
    let id = kim.commit(ai("Marked").file("b", "b\n"));
    push_unsigned(&kim, &topic)
        .lands(&["refs/heads/topic"])
        .says("warning: can't tell who you are: this push is not signed")
        .says("1 AI-assisted commit is kept without")
        .says("will need one more")
        .says("git push --signed")
        .says("will ask for 2 sign-offs");
    kim.push_main().rejected_with("needs 2 of @seniors").says("one more than usual");
    for senior in ["ghopper", "alovelace"] {
        kim.push_main().rejected_with(NEEDS);
        kim.deliver(&[&Draft::approve().commit(&kim, &id).sign(senior)]);
    }
    kim.push_main().lands(&[MAIN]);
    // Signed, it has a name from the first; who carries it on needs none.
    kim.commit(ai("Hers").file("c", "c\n"));
    kim.push(&topic).lands(&["refs/heads/topic"]).keeps_quiet_about("warning");
    push_unsigned(&kim, &["HEAD:refs/heads/copy"])
        .lands(&["refs/heads/copy"])
        .keeps_quiet_about("warning");
}
