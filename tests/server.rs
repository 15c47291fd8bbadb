//! The gate with a sign-off server as its store, and servers that lie, hang or are gone.

mod login;
mod tls;
mod two;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::clone::path_text;
use crate::support::run::{Output, run};
use crate::support::world::Settings;
use crate::support::{Draft, MAIN, NEEDS, World, ai, human, key};
use crate::transports::story;

const WEB: &str = "web/shop";
const UNREACHABLE: &str = "sign-off store unreachable";

/// `countersign serve` on this world's machine.
struct Server<'w> {
    world: &'w World,
    process: Child,
    /// `127.0.0.1:PORT`.
    address: String,
    /// Its settings.
    config: std::path::PathBuf,
}

impl<'w> Server<'w> {
    /// On any port.
    fn start(world: &'w World) -> Self {
        Self::at(world, "127.0.0.1:0")
    }

    fn at(world: &'w World, address: &str) -> Self {
        Self::with(world, address, "")
    }

    fn with(world: &'w World, address: &str, tail: &str) -> Self {
        Self::over(world, "serve", address, "sqlite:server.db", tail)
    }

    /// One of several: with a name, and a store, of its own.
    fn over(world: &'w World, name: &str, address: &str, store: &str, tail: &str) -> Self {
        let socket = world.path(&format!("{name}.sock"));
        let settings = format!(
            "policy = \"policy.toml\"\nstore = \"{store}\"\n\
             [repository]\nroot = \"root\"\n[identity]\nserver = \"env\"\n\
             [serve]\nlisten = [\"{address}\", \"unix:{}\"]\n{tail}",
            path_text(&socket)
        );
        let config = world.path(&format!("{name}.toml"));
        fs::write(&config, settings).unwrap();
        let mut serve = world.command(env!("CARGO_BIN_EXE_countersign"));
        serve.arg("--config").arg(&config).arg("serve");
        let mut process = serve.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut address = || {
            let line = lines.next().expect("the server ends").unwrap();
            line.strip_prefix("listening at ").expect(&line).to_owned()
        };
        let address = (address(), address()).0;
        Self { world, process, address, config }
    }

    fn countersign(&self, args: &[&str]) -> Output {
        let mut command = self.world.command(env!("CARGO_BIN_EXE_countersign"));
        run(command.arg("--config").arg(&self.config).args(args), b"")
    }

    /// A token's file.
    fn token(&self, name: &str, repositories: &str) -> std::path::PathBuf {
        let made = self.countersign(&["token", "create", name, repositories]);
        made.exits(0);
        let file = self.world.path(name);
        fs::write(&file, &made.stdout).unwrap();
        file
    }

    /// The hooks of this world ask it.
    fn answers(&self, token: std::path::PathBuf) {
        ask(self.world, &format!("http://{}", self.address), token);
    }

    fn end(&mut self, signal: &str) -> Option<i32> {
        let id = self.process.id().to_string();
        self.world.command("kill").args(["-s", signal, &id]).status().unwrap();
        self.process.wait().unwrap().code()
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn ask(world: &World, url: &str, token: std::path::PathBuf) {
    let (database, token) = (Some(url.to_owned()), Some(token));
    world.write_settings(&Settings { database, token, ..Settings::default() });
}

#[test]
fn it_is_the_same_way_through_the_gate() {
    let world = World::new();
    let server = Server::start(&world);
    server.answers(server.token("git-1", "payments/*"));
    story(&world.clone("kim"), &world.clone("ghopper"));
    assert!(!world.store().exists(), "nothing is kept on the Git host");
    server.countersign(&["token", "list"]).exits(0).says("git-1  payments/*");
}

/// A senior's loop goes through the server, too.
#[test]
fn requests_go_through_the_server() {
    let world = World::new();
    let server = Server::with(&world, "127.0.0.1:0", "[log]\nfile = \"serve.log\"\n");
    server.answers(server.token("git-1", "payments/*"));
    let kim = world.clone("kim");
    kim.commit(ai("Add it").file("a", "a\n"));
    let push = kim.push_main();
    push.rejected_with(NEEDS);
    // Its log names the decision, and who asked.
    let decision = push.remote.split_whitespace().rfind(|w| w.starts_with("D-")).unwrap();
    let log = fs::read_to_string(world.path("serve.log")).unwrap();
    let lines = log.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap());
    let asked = lines.filter(|l| l["fields"]["request"] == *decision).collect::<Vec<_>>();
    assert!(!asked.is_empty() && asked.iter().all(|l| l["fields"]["who"] == "host git-1"), "{log}");
    let listed = world.countersign(&["queue"]).exits(0).out();
    let id = listed.split_whitespace().next().unwrap().to_owned();
    push.says(&format!("hint:      countersign approve {id}"));
    world.countersign(&["show", &id, "--diff"]).exits(0).says("+a\n");
    let key = path_text(&key("ghopper").file);
    world.countersign(&["approve", &id, "--yes", "--key", &key]).exits(0).says("stored");
    kim.push_main().lands(&[MAIN]);
    world.countersign(&["queue"]).exits(0).says("nothing waits");
}

/// A token is for its repositories, and for as long as it lives.
#[test]
fn a_token_opens_what_it_is_for() {
    let world = World::new();
    world.repository(WEB);
    let server = Server::start(&world);
    server.answers(server.token("git-1", "payments/*"));
    let (kim, shop) = (world.clone("kim"), world.clone_of("kim", WEB));
    kim.commit(human("Plain\n").file("plain", "x\n"));
    kim.push_main().lands(&[MAIN]);
    shop.commit(ai("Add it").file("a", "a\n"));
    shop.push_main().rejected_with(UNREACHABLE);
    server.countersign(&["token", "create", "git-1", "**"]).exits(1).says("already");
    server.answers(server.token("git-2", "**"));
    shop.push_main().rejected_with(NEEDS);
    server.countersign(&["token", "revoke", "git-2"]).exits(0);
    server.countersign(&["token", "revoke", "git-2"]).exits(1);
    shop.push_main().rejected_with(UNREACHABLE);
}

/// A server that is killed loses nothing that it confirmed; the gate stays closed until it is
/// back, and then works by itself.
#[test]
fn a_server_that_is_killed_closes_the_gate_until_it_is_back() {
    let world = World::new();
    let mut server = Server::start(&world);
    let token = server.token("git-1", "**");
    server.answers(token.clone());
    let (kim, grace) = (world.clone("kim"), world.clone("ghopper"));
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    kim.push_main().rejected_with(NEEDS);
    kim.push(&["HEAD:refs/heads/review/it"]).lands(&["refs/heads/review/it"]);
    grace.fetch();
    grace.deliver(&[&Draft::approve().commit(&grace, &id).sign("ghopper")]);
    server.end("KILL");
    kim.push_main().rejected_with(UNREACHABLE).says("not your fault");
    kim.push(&["HEAD:refs/heads/topic"]).lands(&["refs/heads/topic"]);
    let address = server.address.clone();
    let mut server = Server::at(&world, &address);
    server.answers(token);
    kim.push_main().lands(&[MAIN]).says("ghopper");
    assert_eq!(server.end("TERM"), Some(0), "it ends when it is asked to");
}

/// What a server answers whatever it is asked.
enum Answer {
    Says(&'static str),
    Huge,
    Trickles,
    Silent,
}

/// Answers every connection of a test's, for as long as it runs.
fn answering(answer: Answer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.unwrap();
            let mut question = [0; 65_536];
            let _ = stream.read(&mut question);
            let head = |length: usize| {
                format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n")
            };
            match &answer {
                Answer::Says(body) => drop(write!(stream, "{}{body}", head(body.len()))),
                Answer::Huge => {
                    let body = " ".repeat(10_000_000);
                    drop(write!(stream, "{}{body}", head(body.len())));
                }
                Answer::Trickles => {
                    stream.write_all(head(1_000).as_bytes()).ok();
                    while stream.write_all(b" ").is_ok() {
                        std::thread::sleep(Duration::from_secs(1));
                    }
                }
                Answer::Silent => kept.push(stream),
            }
        }
    });
    format!("http://{address}")
}

/// Whatever a server does, a gated push is rejected within the time budget, and what no rule
/// gates passes.
#[test]
fn servers_that_lie_or_hang() {
    let world = World::new();
    let token = world.path("token");
    fs::write(&token, "cst_x").unwrap();
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    // Statements that nobody signed, for every question.
    let forged = Draft::approve().commit(&kim, &id).sign("mallory");
    let base64 = |bytes: &[u8]| <base64ct::Base64 as base64ct::Encoding>::encode_string(bytes);
    let forged = format!(
        "[{{\"statement\": \"{}\", \"signature\": \"{}\"}}]",
        base64(&forged.statement),
        base64(&forged.signature)
    );
    let forged: &'static str = Box::leak(forged.into_boxed_str());
    let rows = [
        ("refused", "http://127.0.0.1:1".to_owned()),
        ("no JSON", answering(Answer::Says("<html>"))),
        ("true", answering(Answer::Says("true"))),
        ("nothing", answering(Answer::Says("[]"))),
        ("forged", answering(Answer::Says(forged))),
        ("huge", answering(Answer::Huge)),
        ("a byte a second", answering(Answer::Trickles)),
        ("silent", answering(Answer::Silent)),
    ];
    for (what, url) in rows {
        ask(&world, &url, token.clone());
        let started = Instant::now();
        let push = kim.push_main();
        push.rejected();
        let took = started.elapsed();
        assert!(took < Duration::from_secs(30), "{what}: {took:?}");
        // Whoever waits for long is told for what, in one line.
        let told = push.remote.matches("countersign: waiting for the sign-off store").count();
        assert!(told <= 1 && (told == 1 || took < Duration::from_secs(4)), "{what}: {took:?}");
        assert!(told == 0 || took >= Duration::from_secs(2), "{what}: {took:?}");
        let name = format!("refs/heads/{}", what.replace(' ', "-"));
        kim.push(&[&format!("HEAD:{name}")]).lands(&[&name]);
    }
}
