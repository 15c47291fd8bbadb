//! The same way through the gate, whatever brings the push.

use crate::support::clone::path_text;
use crate::support::http::{HttpServer, PASSWORD, holds};
use crate::support::sshd::Sshd;
use crate::support::world::Settings;
use crate::support::{API, CLAUDE, Clone, Draft, MAIN, NEEDS, Policy, World, ai, human, key};

/// Rejected, parked, signed by git, pushed; then a senior who may not sign their own.
#[track_caller]
pub(crate) fn story(kim: &Clone<'_>, grace: &Clone<'_>) {
    kim.commit(human("Plain\n").file("plain", "x\n"));
    kim.push_main().lands(&[MAIN]);
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    kim.push_main().rejected_with(NEEDS).says(&id[..8]).says(CLAUDE);
    kim.push(&["HEAD:refs/heads/review/it"]).lands(&["refs/heads/review/it"]).says("hint:");
    grace.fetch();
    let file = path_text(&key("ghopper").file);
    let args = [
        "approve",
        &id,
        "--ref",
        MAIN,
        "--repository",
        API,
        "--key",
        &file,
        "--yes",
        "--remote",
        "origin",
    ];
    grace.countersign(&args).exits(0).says("stored");
    kim.push_main().lands(&[MAIN]).says("ghopper");
    // Who is who is what the server says: Grace's own work is not Grace's to sign.
    grace.fetch();
    grace.git(&["reset", "-q", "--hard", "origin/main"]);
    let own = grace.commit(ai("Mine").author("kim").committer("kim").file("b", "b\n"));
    grace.push_main().rejected_with(NEEDS);
    grace.deliver(&[&Draft::approve().commit(grace, &own).sign("ghopper")]);
    grace.push_main().rejected_with("ghopper can't");
}

#[test]
fn over_a_local_path() {
    let world = World::new();
    story(&world.clone("kim"), &world.clone("ghopper"));
}

#[test]
fn over_a_file_url() {
    let world = World::new();
    let url = format!("file://{}", path_text(&world.bare(API)));
    let of = |person: &str| world.clone_from(person, &url, world.bare(API));
    story(&of("kim"), &of("ghopper"));
}

#[test]
fn over_git_shell_with_a_forced_command() {
    let world = World::new();
    let sshd = Sshd::start(&world, &["kim", "ghopper"]);
    let of = |person: &str| {
        let clone = world.clone(person);
        clone.git(&["config", "core.sshCommand", &sshd.client(&world, person)]);
        clone.git(&["remote", "set-url", "origin", &sshd.url(&world.bare(API))]);
        clone.fetch();
        clone
    };
    let (kim, grace) = (of("kim"), of("ghopper"));
    story(&kim, &grace);

    // What a client sends as its name is not its name.
    let liar = of("kim");
    let ssh = format!("{} -o SetEnv=COUNTERSIGN_PUSHER=ghopper", sshd.client(&world, "kim"));
    liar.git(&["config", "core.sshCommand", &ssh]);
    let id = liar.commit(ai("Whose?").file("c", "c\n"));
    liar.push_main().rejected_with(NEEDS);
    liar.deliver(&[&Draft::approve().commit(&liar, &id).sign("ghopper")]);
    liar.push_main().lands(&[MAIN]);
}

/// One login for everybody: the keys that sign the pushes tell people apart, deliveries too.
#[test]
fn over_http_backend_with_signed_pushes() {
    let keys = format!("[{:?}]", key("kim").public);
    let world = World::with(&Policy::standard().set("kim", "keys", &keys));
    world.write_settings(&Settings { server: "push-certificate", ..Settings::default() });
    let seed = "a seed of this repository's own, for its tests";
    world.git_in(&world.bare(API), &["config", "receive.certNonceSeed", seed]);
    let server = HttpServer::start(&world);
    let of = |person: &str| {
        let clone = world.clone_from(person, &server.url("everybody", API), world.bare(API));
        clone.git(&["config", "gpg.format", "ssh"]);
        clone.git(&["config", "user.signingKey", &path_text(&key(person).file)]);
        clone.git(&["config", "push.gpgSign", "if-asked"]);
        clone
    };
    story(&of("kim"), &of("ghopper"));
}

#[test]
fn over_http_backend_with_remote_user() {
    let world = World::new();
    world.write_settings(&Settings { variable: "REMOTE_USER", ..Settings::default() });
    let server = HttpServer::start(&world);
    let of = |person: &str| {
        let clone = world.clone_from(person, &server.url(person, API), world.bare(API));
        clone.git(&["config", "http.postBuffer", "100m"]);
        clone
    };
    let (kim, grace) = (of("kim"), of("ghopper"));
    story(&kim, &grace);

    // A header is the client's word.
    let liar = of("kim");
    for header in ["Remote-User: ghopper", "Remote_User: ghopper", "X-Remote-User: ghopper"] {
        liar.git(&["config", "--add", "http.extraHeader", header]);
    }
    let id = liar.commit(ai("Whose?").file("c", "c\n"));
    liar.push_main().rejected_with(NEEDS);
    liar.deliver(&[&Draft::approve().commit(&liar, &id).sign("ghopper")]);
    liar.push_main().lands(&[MAIN]);

    // The password stands in the hook's environment; it goes nowhere from there.
    let secret = "a2ltOm9wZW4tc2VzYW1lLTcxNDM=";
    for place in ["root", "home"] {
        assert!(!holds(&world.path(place), PASSWORD.as_bytes()), "in {place}");
        assert!(!holds(&world.path(place), secret.as_bytes()), "in {place}");
    }
    let store = std::fs::read(world.store()).expect("the store");
    assert!(!store.windows(PASSWORD.len()).any(|w| w == PASSWORD.as_bytes()));
}
