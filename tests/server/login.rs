//! People at a server: who gets in, what they see, and for how long.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::Server;
use crate::support::clone::path_text;
use crate::support::run::{Output, run};
use crate::support::{Clone, MAIN, NEEDS, Policy, World, ai, key};

/// Posts JSON; the status and the answer.
fn post(address: &str, path: &str, secret: Option<&str>, body: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(address).unwrap();
    let secret = secret.map(|s| format!("authorization: Bearer {s}\r\n")).unwrap_or_default();
    let head = format!(
        "POST /{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n{secret}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

/// A signature in a namespace.
fn signature(world: &World, who: &str, namespace: &str, text: &str) -> String {
    let mut keygen = world.command("ssh-keygen");
    let keygen = keygen.args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(key(who).file);
    run(keygen, text.as_bytes()).exits(0).out()
}

/// Runs a command as somebody on a machine of their own.
fn at(world: &World, who: &str, server: &Server<'_>, args: &[&str]) -> Output {
    let home = world.path(&format!("home-of-{who}"));
    fs::create_dir_all(&home).unwrap();
    let mut command = world.command(env!("CARGO_BIN_EXE_countersign"));
    command.env("HOME", &home).env_remove("XDG_STATE_HOME").current_dir(&home);
    let url = format!("http://{}", server.address);
    run(command.args(args).args(["--server", &url]), b"")
}

fn login(world: &World, who: &str, server: &Server<'_>) -> Output {
    at(world, who, server, &["login", "--key", &path_text(&key(who).file)])
}

/// The secret that somebody's machine keeps.
fn secret(world: &World, who: &str) -> String {
    let file = world.path(&format!("home-of-{who}/.local/state/countersign/sessions.json"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let sessions: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let mut sessions = sessions.as_object().unwrap().values();
    sessions.next().unwrap()["session"].as_str().unwrap().to_owned()
}

/// Kim's push, refused; the request's id.
fn refused(world: &World, kim: &Clone<'_>) -> String {
    kim.commit(ai("Add it").file("a", "a\n"));
    kim.push_main().rejected_with(NEEDS);
    let listed = world.countersign(&["queue"]).exits(0).out();
    listed.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn a_senior_signs_from_anywhere() {
    let world = World::new();
    let server = Server::start(&world);
    server.answers(server.token("git-1", "**"));
    let kim = world.clone("kim");
    let id = refused(&world, &kim);
    at(&world, "ghopper", &server, &["queue"]).exits(4).says("countersign login --server http");
    login(&world, "ghopper", &server).exits(0).says("as ghopper");
    at(&world, "ghopper", &server, &["queue", "--mine"]).exits(0).says(&id).says("*");
    at(&world, "ghopper", &server, &["show", &id, "--diff"]).exits(0).says("+a\n");
    let key = path_text(&key("ghopper").file);
    let approve = ["approve", &id, "--yes", "--key", &key];
    at(&world, "ghopper", &server, &approve).exits(0).says("stored");
    at(&world, "ghopper", &server, &["queue", "--mine"]).exits(0).says("nothing waits");
    at(&world, "ghopper", &server, &approve).exits(0);
    kim.push_main().lands(&[MAIN]);
    // After the end nothing goes any more, here or with the secret that somebody copied.
    let copied = secret(&world, "ghopper");
    at(&world, "ghopper", &server, &["logout"]).exits(0);
    at(&world, "ghopper", &server, &["queue"]).exits(4);
    let question =
        json!({ "has_objects": { "repository": "payments/api", "ids": [] } }).to_string();
    let (status, said) = post(&server.address, "api/v1/store", Some(&copied), &question);
    assert_eq!((status, &said["code"]), (401, &json!("no-login")));
}

/// Whoever may not read a repository does not learn that there is anything.
#[test]
fn people_see_what_they_may_read() {
    let policy = Policy::standard().group("readers", "[\"bob\"]").with("readers", "[\"readers\"]");
    let policy = policy.person("bob", "bob@example.com", Some("bob"));
    let policy = policy.set("kim", "keys", &format!("[\"{}\"]", key("kim").public));
    let world = World::with(&policy);
    let server = Server::start(&world);
    server.answers(server.token("git-1", "**"));
    let id = refused(&world, &world.clone("kim"));
    login(&world, "mallory", &server).exits(4).says("nobody's in the policy");
    for who in ["bob", "kim"] {
        login(&world, who, &server).exits(0);
    }
    at(&world, "bob", &server, &["show", &id, "--diff"]).exits(0).says("+a\n");
    at(&world, "kim", &server, &["queue"]).exits(0).says("nothing waits");
    at(&world, "kim", &server, &["show", &id]).exits(1).says("no review request");
    let (kim, bob) = (secret(&world, "kim"), secret(&world, "bob"));
    let ask = |secret: &str, question: Value| {
        post(&server.address, "api/v1/store", Some(secret), &question.to_string())
    };
    let decision = world.countersign(&["show", &id, "--json"]).exits(0).out();
    let decision: Value = serde_json::from_str(&decision).unwrap();
    let decision = json!({ "decision": { "id": decision["request"]["last"]["decision"] } });
    assert!(ask(&bob, decision.clone()).1.is_object());
    assert_eq!(ask(&kim, decision), (200, Value::Null));
    let api = "payments/api";
    let rows = [
        json!({ "objects": { "repository": api, "ids": [] } }),
        json!({ "statements_about": { "repository": api, "wanted":
            { "commits": [], "changes": [], "paths": [], "targets": [] } } }),
        json!({ "requests": { "query": { "ids": [], "repository": api, "open_since": null,
            "after": 0, "limit": 9 } } }),
    ];
    for row in rows {
        assert_eq!(ask(&kim, row.clone()).0, 403, "{row}");
        assert_eq!(ask(&bob, row.clone()).0, 200, "{row}");
    }
    // What hosts ask is for hosts: rows that nobody verifies, and the whole log.
    let rows = [
        json!({ "has_memory": {} }),
        json!({ "memory_stats": {} }),
        json!({ "decisions": { "after": 0, "limit": 1 } }),
        json!({ "not_landed": { "repository": api, "among": 1 } }),
        json!({ "land": { "repository": api, "updates": [], "at": "2026-01-01T00:00:00Z" } }),
        json!({ "see": { "sightings": [], "changes": [], "traces": [] } }),
    ];
    for row in rows {
        assert_eq!(ask(&bob, row.clone()).0, 403, "{row}");
    }
}

/// An answer counts once, for this server, in its own namespace, and by a key that counts.
#[test]
fn a_challenge_is_answered_once() {
    let world = World::new();
    let server = Server::start(&world);
    let address = server.address.clone();
    let own = format!("http://{address}");
    let challenge = || {
        let (status, said) = post(&address, "api/v1/login/challenge", None, "{}");
        assert_eq!(status, 200);
        said["challenge"].as_str().unwrap().to_owned()
    };
    let text = |name: &str, challenge: &str| {
        format!("countersign login v1\nserver {name}\nchallenge {challenge}\n")
    };
    let answer = |name: &str, challenge: &str, signature: &str| {
        let body = json!({ "server": name, "challenge": challenge, "signature": signature });
        post(&address, "api/v1/login", None, &body.to_string())
    };
    let namespace = "countersign-login-v1";
    let good = challenge();
    let signed = signature(&world, "ghopper", namespace, &text(&own, &good));
    assert_eq!(answer(&own, &good, &signed).0, 200);
    let (status, said) = answer(&own, &good, &signed);
    assert_eq!((status, &said["code"]), (401, &json!("login")), "it was answered");
    let other = challenge();
    assert_eq!(answer(&own, &other, &signed).0, 401, "another challenge");
    assert_eq!(answer(&own, "csc_0", &signed).0, 401, "none of this server's");
    let wrong: [(&str, &str, &str, &str); 4] = [
        ("another server", "https://evil.example", "ghopper", namespace),
        ("the namespace of sign-offs", &own, "ghopper", "countersign-sign-off-v1"),
        ("git's namespace", &own, "ghopper", "git"),
        ("nobody's key", &own, "mallory", namespace),
    ];
    for (what, name, who, namespace) in wrong {
        let fresh = challenge();
        let signed = signature(&world, who, namespace, &text(name, &fresh));
        assert_eq!(answer(name, &fresh, &signed).0, 401, "{what}");
    }
    let bodies = ["", "{", "[]", "{\"server\": 1}", "{\"server\": \"\", \"server\": \"\"}"];
    for body in bodies {
        assert_eq!(post(&address, "api/v1/login", None, body).0, 400, "{body}");
    }
    let huge = format!("{{\"server\": \"{}\"}}", "x".repeat(100_000));
    assert_eq!(post(&address, "api/v1/login", None, &huge).0, 413);
}

/// Who is taken out of the policy is out; a policy that is broken changes nothing.
#[test]
fn a_session_lasts_as_long_as_the_key() {
    let world = World::new();
    let server = Server::start(&world);
    server.answers(server.token("git-1", "**"));
    refused(&world, &world.clone("kim"));
    login(&world, "ghopper", &server).exits(0);
    let answers_in_time = |expected: i32| {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        loop {
            let code = at(&world, "ghopper", &server, &["queue"]).code;
            if code == Some(expected) || std::time::Instant::now() > until {
                break assert_eq!(code, Some(expected));
            }
        }
    };
    let ready = |needle: &str| {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        loop {
            let mut stream = TcpStream::connect(&server.address).unwrap();
            stream.write_all(b"GET /readyz HTTP/1.0\r\n\r\n").unwrap();
            let mut said = String::new();
            stream.read_to_string(&mut said).unwrap();
            if said.contains(needle) || std::time::Instant::now() > until {
                break assert!(said.contains(needle), "{said}");
            }
            at(&world, "ghopper", &server, &["queue"]).exits(0);
        }
    };
    fs::write(world.path("policy.toml"), "version = 1\n[people\n").unwrap();
    ready("the last one stays");
    let other = format!("[\"{}\"]", key("khamilton").public);
    world.set_policy(
        &Policy::standard().set("khamilton", "keys", "[]").set("ghopper", "keys", &other),
    );
    answers_in_time(4);
    world.set_policy(&Policy::standard());
    answers_in_time(0);
}
