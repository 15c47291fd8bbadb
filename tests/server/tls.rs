//! A server that speaks TLS, and whom a hook believes.

use std::fs;
use std::path::PathBuf;

use super::{Server, UNREACHABLE, ask};
use crate::support::clone::path_text;
use crate::support::run::run;
use crate::support::{MAIN, NEEDS, World, ai};

fn openssl(world: &World, args: &[&str]) {
    let mut openssl = world.command("openssl");
    run(openssl.current_dir(world.path("")).args(args), b"").exits(0);
}

/// An authority's file.
fn authority(world: &World, name: &str) -> PathBuf {
    let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
    let subject = format!("/CN={name}");
    openssl(
        world,
        &[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-subj",
            &subject,
            "-keyout",
            &key,
            "-out",
            &certificate,
        ],
    );
    world.path(&certificate)
}

/// The server's certificate, by an authority.
fn certify(world: &World, by: &str) {
    let (by_key, by_certificate) = (format!("{by}.key"), format!("{by}.pem"));
    openssl(
        world,
        &[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=server",
            "-keyout",
            "new.key",
            "-out",
            "server.csr",
        ],
    );
    fs::write(world.path("extensions"), "subjectAltName = IP:127.0.0.1\n").unwrap();
    openssl(
        world,
        &[
            "x509",
            "-req",
            "-in",
            "server.csr",
            "-CA",
            &by_certificate,
            "-CAkey",
            &by_key,
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            "extensions",
            "-out",
            "new.pem",
        ],
    );
    for kind in ["key", "pem"] {
        fs::rename(world.path(&format!("new.{kind}")), world.path(&format!("server.{kind}")))
            .unwrap();
    }
}

#[test]
fn hooks_believe_whom_their_authority_vouches_for() {
    let world = World::new();
    let (ours, other) = (authority(&world, "ours"), authority(&world, "other"));
    certify(&world, "ours");
    let tail = "tls_certificate = \"server.pem\"\ntls_key = \"server.key\"\n";
    let server = Server::with(&world, "127.0.0.1:0", tail);
    let token = server.token("git-1", "**");
    let kim = world.clone("kim");
    kim.commit(ai("Add it").file("a", "a\n"));
    let url = format!("https://{}", server.address);
    let trust = |authority: Option<&PathBuf>| {
        ask(&world, &url, token.clone());
        let text = fs::read_to_string(world.config()).unwrap();
        let line = authority.map(|file| format!("store_authority = \"{}\"\n", path_text(file)));
        fs::write(world.config(), line.unwrap_or_default() + &text).unwrap();
    };
    trust(None);
    kim.push_main().rejected_with(UNREACHABLE);
    trust(Some(&other));
    kim.push_main().rejected_with(UNREACHABLE);
    trust(Some(&ours));
    kim.push_main().rejected_with(NEEDS).says(&format!("--server {url}"));
    // Whoever may set variables is not believed about authorities.
    trust(None);
    kim.set_env("SSL_CERT_FILE", &path_text(&ours));
    kim.push_main().rejected_with(UNREACHABLE);
    trust(Some(&ours));
    // A new certificate is taken as it comes; half of a new one is not.
    fs::write(world.path("server.key"), "none").unwrap();
    kim.commit(ai("Another").file("b", "b\n"));
    kim.push_main().rejected_with(NEEDS);
    certify(&world, "other");
    kim.push_main().rejected_with(UNREACHABLE);
    trust(Some(&other));
    kim.push_main().rejected_with(NEEDS);
    assert!(kim.push_main().landed().is_empty() && world.tip(&kim.bare, MAIN).is_some());
}

#[test]
fn a_certificate_goes_with_its_key() {
    let world = World::new();
    authority(&world, "ours");
    certify(&world, "ours");
    let serve = |tail: &str| {
        let settings = format!(
            "policy = \"policy.toml\"\nstore = \"sqlite:server.db\"\n[repository]\nroot = \"root\"\n\
             [identity]\nserver = \"env\"\n[serve]\nlisten = [\"127.0.0.1:0\"]\n{tail}"
        );
        fs::write(world.path("serve.toml"), settings).unwrap();
        let mut serve = world.command(env!("CARGO_BIN_EXE_countersign"));
        run(serve.arg("--config").arg(world.path("serve.toml")).arg("serve"), b"")
    };
    serve("tls_certificate = \"server.pem\"\n").exits(1).says("goes with its key");
    serve("tls_certificate = \"server.pem\"\ntls_key = \"absent\"\n").exits(1).says("absent");
    serve("tls_certificate = \"server.pem\"\ntls_key = \"ours.key\"\n")
        .exits(1)
        .says("can't be used");
    fs::write(world.path("empty"), "").unwrap();
    serve("tls_certificate = \"empty\"\ntls_key = \"server.key\"\n")
        .exits(1)
        .says("no certificate");
}
