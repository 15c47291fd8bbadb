//! Signed pushes as the source of the pusher's name (G22): forging one, or using one again.

use ring::hmac;

use crate::support::clone::path_text;
use crate::support::statement::sign;
use crate::support::world::Settings;
use crate::support::{API, Clone, Draft, MAIN, NEEDS, Policy, PushResult, World, ai, human, key};

const SEED: &str = "receive.certNonceSeed";

/// A server that knows people by their signed pushes alone.
fn world() -> World {
    world_of(&policy())
}

/// The standard policy, and a key for Kim, who signs nothing off.
fn policy() -> Policy {
    Policy::standard().set("kim", "keys", &format!("[{:?}]", key("kim").public))
}

fn world_of(policy: &Policy) -> World {
    let world = World::with(policy);
    world.write_settings(&Settings { server: "push-certificate", ..Settings::default() });
    world.git_in(&world.bare(API), &["config", SEED, "a seed that nobody knows"]);
    world
}

/// A clone whose pushes are signed with the key of this name.
fn signing<'w>(world: &'w World, person: &str, with: &str) -> Clone<'w> {
    let clone = world.clone(person);
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
    let world = world();
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
    let world = world();
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
    let world = world();
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
    push_unsigned(&kim, &["HEAD:refs/heads/main"]).rejected_with("does not count");
    kim.set_env("GIT_PUSH_CERT", &"0".repeat(40));
    push_unsigned(&kim, &["HEAD:refs/heads/main"]).rejected_with("this push is not signed");
    kim.set_env("GIT_PUSH_CERT", &"1".repeat(40));
    push_unsigned(&kim, &["HEAD:refs/heads/main"]).rejected_with("can't be read");
    kim.push_main().lands(&[MAIN]);
}

/// The certificates that the server has kept of earlier pushes.
fn kept(world: &World, clone: &Clone<'_>) -> Vec<String> {
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
    let world = world();
    let kim = signing(&world, "kim", "kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    kim.push_main().lands(&[MAIN]);
    let [certificate] = kept(&world, &kim).try_into().expect("one certificate");
    let mallory = world.clone("mallory");
    mallory.commit(human("Mine\n").file("b", "b\n"));
    mallory.set_env("GIT_PUSH_CERT", &certificate);
    mallory.push_main().rejected_with("its updates differ");
    // Not even a part of what it signs.
    mallory
        .push(&["HEAD:refs/heads/main", "HEAD:refs/heads/topic"])
        .rejected_with("updates differ");
}

/// The same update again, in a repository that was set back or in another one.
#[test]
fn with_a_certificate_of_the_same_update_elsewhere() {
    let world = world_of(&policy().with("allow", r#"["rewind"]"#));
    let kim = signing(&world, "kim", "kim");
    let before = kim.rev("origin/main");
    let id = kim.commit(human("Plain\n").file("a", "a\n"));
    kim.push_main().lands(&[MAIN]);
    let [certificate] = kept(&world, &kim).try_into().expect("one certificate");
    let other = world.repository("payments/other");
    world.git_in(&other, &["config", SEED, "a seed that nobody knows"]);
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
    mallory.push(&[&format!("{id}:{MAIN}")]).rejected_with("certificate is for another");
    // In its own repository it is good as long as its nonce is.
    world.git_in(&kim.bare, &["update-ref", MAIN, &before]);
    world.git_in(&kim.bare, &["config", SEED, "another seed"]);
    let mallory = world.clone("mallory");
    mallory.take(&kim, "main");
    mallory.set_env("GIT_PUSH_CERT", &certificate);
    mallory.push(&[&format!("{id}:{MAIN}")]).rejected_with("nonce is not one");
}

/// A certificate as git would have made it, at some other time.
fn certificate(
    clone: &Clone<'_>,
    signer: &str,
    age: i64,
    edit: impl Fn(String) -> String,
) -> Vec<u8> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = i64::try_from(now.expect("after 1970").as_secs()).expect("a time");
    let stamp = now - age;
    let url = path_text(&clone.bare);
    let seed = clone.world.git_in(&clone.bare, &["config", SEED]);
    let code_key =
        hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, format!("{url}:{stamp}").as_bytes());
    let code = hmac::sign(&code_key, seed.as_bytes());
    let code: String = code.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    let (old, new) = (clone.rev("origin/main"), clone.head());
    let text = edit(format!(
        "certificate version 0.1\npusher SHA256:x {stamp} +0000\npushee {url}\n\
         nonce {stamp}-{code}\n\n{old} {new} {MAIN}\n"
    ));
    let signed = sign(text.as_bytes(), &key(signer), "git");
    [signed.statement, signed.signature].concat()
}

/// Pushes main without a signature, pointing to this certificate.
fn push_under(clone: &Clone<'_>, certificate: &[u8]) -> PushResult {
    let id = clone.git_with(&["hash-object", "-w", "--stdin"], certificate);
    clone.git(&["tag", "-f", "cert", &id]);
    push_unsigned(clone, &["--force", "cert"]).accepted();
    clone.set_env("GIT_PUSH_CERT", &id);
    push_unsigned(clone, &["HEAD:refs/heads/main"])
}

/// Who signs, how many seconds ago, what is changed before, and what the gate says of it.
type Row<'a> = (&'a str, i64, &'a dyn Fn(String) -> String, &'a str);

#[test]
fn made_by_hand() {
    let same = |text: String| text;
    let rows: &[Row<'_>] = &[
        ("kim", 5_400, &same, "nonce is too old"),
        ("kim", -1_200, &same, "nonce is too old"),
        ("mallory", 0, &same, "gives to nobody"),
        ("kim", 0, &|t| t.replace("nonce 1", "nonce 2"), "nonce is not one"),
        ("kim", 0, &|t| t.replace("nonce ", "nonse "), "no nonce follows"),
        ("kim", 0, &|t| t.replace("\n\n", "\nx y\n\n"), "something else"),
        ("kim", 0, &|t| t.replace(MAIN, "refs/heads/other"), "its updates differ"),
        ("kim", 0, &|t| format!("{t}{t}"), "its updates differ"),
        ("kim", 0, &|t| t.replace("api.git", "api2.git"), "certificate is for another"),
        ("kim", 0, &|t| t.replace("0.1", "0.2"), "its first line is not"),
        ("kim", 0, &|t| t.replace("pusher", "pusher\0"), "NUL"),
        (
            "kim",
            0,
            &|t| format!("{t}-----BEGIN PGP SIGNATURE-----\n"),
            "not signed with an SSH key",
        ),
    ];
    for (signer, age, edit, why) in rows {
        let world = world();
        let mallory = world.clone("mallory");
        mallory.commit(human("Mine\n").file("b", "b\n"));
        let made = certificate(&mallory, signer, *age, edit);
        push_under(&mallory, &made).rejected_with(why);
    }
    // What is left is as good as git's own: it is Kim who signed, whoever carries it.
    let world = world();
    let carrier = world.clone("mallory");
    carrier.commit(human("Mine\n").file("b", "b\n"));
    let options = |t: String| t.replace("\n\n", "\npush-option x\npush-option AI: no\n\n");
    push_under(&carrier, &certificate(&carrier, "kim", 1_800, options)).lands(&[MAIN]);
}

/// Keys count while the policy says so.
#[test]
fn with_a_key_that_is_retired() {
    let public = key("kim").public;
    for (how, lands) in [
        ("revoked = true", false),
        ("valid_before = 2026-01-01T00:00:00Z", false),
        ("valid_after = 2099-01-01T00:00:00Z", false),
        ("valid_after = 2020-01-01T00:00:00Z", true),
    ] {
        let keys = format!("[{{ key = {public:?}, {how} }}]");
        let world = world_of(&Policy::standard().set("kim", "keys", &keys));
        let kim = signing(&world, "kim", "kim");
        kim.commit(human("Plain\n").file("a", "a\n"));
        if lands {
            kim.push_main().lands(&[MAIN]);
        } else {
            kim.push_main().rejected_with("signed with a key that is not");
        }
    }
}

/// A login of the transport is nobody's word here.
#[test]
fn under_another_login() {
    let world = world();
    let grace = signing(&world, "ghopper", "kim");
    let id = grace.commit(ai("Marked").author("kim").committer("kim").file("a", "a\n"));
    grace.push(&["HEAD:refs/heads/topic"]).accepted();
    // The key is Kim's, so Kim was the first pusher, and Grace may sign.
    grace.deliver(&[&Draft::approve().commit(&grace, &id).sign("ghopper")]);
    grace.push_main().lands(&[MAIN]);
}

#[test]
fn without_a_seed() {
    let world = world();
    let kim = signing(&world, "kim", "kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    let made = certificate(&kim, "kim", 0, |t| t);
    world.git_in(&kim.bare, &["config", "--unset", SEED]);
    push_under(&kim, &made).rejected_with("policy broken: git's receive.certNonceSeed is not set");
    // Nor one that the client brings.
    for (name, value) in
        [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", SEED), ("GIT_CONFIG_VALUE_0", "mine")]
    {
        kim.set_env(name, value);
    }
    let file = world.path("evil");
    std::fs::write(&file, "[receive]\ncertNonceSeed = mine\n").expect("a file");
    kim.set_env("GIT_CONFIG_GLOBAL", &path_text(&file));
    push_under(&kim, &made).refused().says("receive.certNonceSeed is not set");
}
