//! The harness itself: without the gate everything lands, so a rejection is the gate's; and
//! its own digests and signatures are what stock tools say.

use crate::support::clone::path_text;
use crate::support::http::HttpServer;
use crate::support::sshd::Sshd;
use crate::support::statement::{NAMESPACE, commit_digests, hex};
use crate::support::{API, Clone, Delivery, Draft, MAIN, World, ai, key};

/// A world whose hooks always say yes.
fn ungated() -> World {
    let world = World::new();
    for hook in ["pre-receive", "post-receive"] {
        let said = "echo \"pusher=$COUNTERSIGN_PUSHER$REMOTE_USER\"\n";
        world.install_shim(&world.bare(API), hook, said);
    }
    world
}

#[track_caller]
fn lands(kim: &Clone<'_>) {
    kim.commit(ai("Add it").file("a", "a\n"));
    kim.push_main().lands(&[MAIN]).says("pusher=kim");
}

#[test]
fn without_the_gate_all_lands() {
    let world = ungated();
    lands(&world.clone("kim"));
}

#[test]
fn without_the_gate_all_lands_over_ssh() {
    let world = ungated();
    let sshd = Sshd::start(&world, &["kim"]);
    let kim = world.clone("kim");
    kim.git(&["config", "core.sshCommand", &sshd.client(&world, "kim")]);
    kim.git(&["remote", "set-url", "origin", &sshd.url(&kim.bare)]);
    lands(&kim);
}

#[test]
fn without_the_gate_all_lands_over_http() {
    let world = ungated();
    let server = HttpServer::start(&world);
    lands(&world.clone_from("kim", &server.url("kim", API), world.bare(API)));
}

/// `change-v1` written out by hand for one small commit.
#[test]
fn digests_by_hand() {
    let world = ungated();
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    let blob: Vec<u8> =
        b"\x78\x98\x19\x22\x61\x3b\x2a\xfb\x60\x25\x04\x2f\xf6\xbd\x87\x8a\xc1\x99\x4e\x85"
            .to_vec();
    let change = [
        b"countersign change v1\n\x04sha1\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x01a".to_vec(),
        vec![0; 24],
        0o100_644_u32.to_be_bytes().to_vec(),
        blob,
    ]
    .concat();
    let paths = b"countersign paths v1\n\0\0\0\0\0\0\0\x01a";
    assert_eq!(commit_digests(&kim, &id), Some((hex(&change), hex(paths))));
    let empty = kim.commit(ai("Nothing"));
    assert_eq!(commit_digests(&kim, &empty), None);
}

#[test]
fn signatures_and_deliveries_are_well_formed() {
    let world = ungated();
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    let signed = Draft::approve().commit(&kim, &id).sign("ghopper");
    let signature = String::from_utf8(signed.signature.clone()).expect("text");
    assert!(signature.starts_with("-----BEGIN SSH SIGNATURE-----"), "{signature}");
    assert_eq!(NAMESPACE, "countersign-sign-off-v1");
    assert_ne!(key("ghopper").public, key("alovelace").public);
    let spec = Delivery::of(&signed).write(&kim);
    let (commit, name) = spec.split_once(':').expect("a refspec");
    assert_eq!(
        kim.git(&["log", "-1", "--format=%an|%ae|%at|%P|%B", commit]),
        "Countersign|countersign@localhost|0||Countersign delivery"
    );
    assert_eq!(
        kim.git(&["show", &format!("{commit}:statement.json")]).into_bytes(),
        signed.statement
    );
    assert_eq!(name.len(), "refs/countersign/inbox/".len() + 64);
    kim.push(&[&spec]).accepted();
    assert!(world.tip(&kim.bare, name).is_some());
    assert!(!path_text(&kim.dir).is_empty());
}
