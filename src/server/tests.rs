//! The store's contract over HTTP, and who may ask.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use jiff::Timestamp;
use tempfile::TempDir;

use super::{Address, Listener, Policies, Server, Sessions, listen, serve};
use crate::domain::digest::token_hash;
use crate::domain::ids::RepositoryName;
use crate::domain::request::NewRequest;
use crate::store::contract::{request, run, store_contract};
use crate::store::http::{self, Http};
use crate::store::keeper::Token;
use crate::store::request::RequestQuery;
use crate::store::{Store, StoreError, open_keeper};

store_contract!(fresh);

/// A server of its own, on a socket and a port, in a thread that ends with it.
struct Running {
    dir: TempDir,
    port: u16,
    end: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

const POLICY: &str = "version = 1
[people.grace]
keys = [\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\"]
[groups]
seniors = [\"grace\"]
[[rule]]
name = \"production\"
refs = [\"refs/heads/main\"]
from = [\"seniors\"]
";

const TOKENS: [(&str, &[&str]); 2] = [("all", &["**"]), ("payments", &["payments/*"])];

impl Running {
    fn start(uids: Vec<u32>) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let (ready, port) = mpsc::channel();
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let folder = dir.path().to_owned();
        let thread = std::thread::spawn(move || {
            run(async move {
                let url = format!("sqlite://{}/store.db", folder.display());
                let store = open_keeper(&url, 2).await.expect("a store");
                for (name, repositories) in TOKENS {
                    let repositories = repositories.iter().map(|&r| r.to_owned()).collect();
                    let name = name.to_owned();
                    let token = Token {
                        name: name.clone(),
                        repositories,
                        created_at: Timestamp::UNIX_EPOCH,
                        revoked_at: None,
                    };
                    assert!(store.keep_token(&token_hash(&name), &token).await.expect("kept"));
                    assert!(!store.keep_token(&token_hash("x"), &token).await.expect("known"));
                }
                let policy = folder.join("policy.toml");
                std::fs::write(&policy, POLICY).expect("a policy");
                let policies = Policies::open(policy, Timestamp::now()).expect("a policy");
                let sessions = Sessions { idle: 60, longest: 120 };
                let server = Server {
                    secret: vec![7; 32],
                    store,
                    uids,
                    policies,
                    names: Vec::new(),
                    sessions,
                    clock: Timestamp::now,
                };
                let server = Arc::new(server);
                let tcp = listen(&Address::Tcp("127.0.0.1:0".into())).await.expect("a port");
                let unix = listen(&Address::Unix(folder.join("sock"))).await.expect("a socket");
                let Listener::Tcp(socket) = &tcp else { panic!("a port") };
                ready.send(socket.local_addr().expect("a port").port()).expect("a test");
                let ended = async {
                    ended.await.ok();
                };
                tokio::select! {
                    done = serve(Arc::clone(&server), tcp, None, std::future::pending()) => done.expect("tcp"),
                    done = serve(server, unix, None, std::future::pending()) => done.expect("unix"),
                    () = ended => {}
                }
            });
        });
        let port = port.recv().expect("a server");
        Self { dir, port, end: Some(end), thread: Some(thread) }
    }

    fn over_socket(&self) -> Http {
        let url = format!("unix:{}/sock", self.dir.path().display());
        http::open(&url, None, http::Options::default()).expect("a store")
    }

    fn over_tcp(&self, token: Option<&str>) -> Http {
        let url = format!("http://127.0.0.1:{}", self.port);
        http::open(&url, token, http::Options::default()).expect("a store")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end.take().map(|end| end.send(()));
        self.thread.take().map(std::thread::JoinHandle::join);
    }
}

fn own_uid() -> u32 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").expect("/proc").uid()
}

fn fresh(body: impl AsyncFnOnce(&dyn Store)) {
    let server = Running::start(vec![own_uid()]);
    run(async { body(&server.over_socket()).await });
}

#[track_caller]
fn refused<T>(answer: Result<T, StoreError>, why: &str) {
    match answer {
        Err(StoreError::Unreachable(said) | StoreError::NoLogin(said)) if said.contains(why) => {}
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it answers"),
    }
}

/// A token, or a system user that the settings name; a token is for its repositories alone.
#[test]
fn who_may_ask() {
    let server = Running::start(vec![own_uid().wrapping_add(1)]);
    let (api, web) = (RepositoryName::new("payments/api"), RepositoryName::new("web/shop"));
    run(async {
        refused(server.over_socket().has_memory().await, "401");
        refused(server.over_tcp(None).has_memory().await, "401");
        refused(server.over_tcp(Some("guess")).has_memory().await, "no-login");
        refused(server.over_tcp(Some("")).has_memory().await, "no-login");
        let all = server.over_tcp(Some("all"));
        assert!(!all.has_memory().await.expect("an answer"));
        assert!(all.newest_statements(&web, 1).await.expect("an answer").is_empty());
        assert!(all.decisions(0, 1).await.expect("an answer").is_empty());
        let some = server.over_tcp(Some("payments"));
        assert!(some.newest_statements(&api, 1).await.expect("an answer").is_empty());
        refused(some.newest_statements(&web, 1).await, "not-yours");
        refused(some.decisions(0, 1).await, "not-yours");
        refused(some.traces("ab", 1).await, "not-yours");
    });
}

/// A revoked token is one that nobody knows, from the next question on.
#[test]
fn a_revoked_token_opens_nothing() {
    let server = Running::start(Vec::new());
    run(async {
        let some = server.over_tcp(Some("payments"));
        assert!(!some.has_memory().await.expect("an answer"));
        let url = format!("sqlite://{}/store.db", server.dir.path().display());
        let store = open_keeper(&url, 1).await.expect("a store");
        let now = Timestamp::UNIX_EPOCH;
        assert!(store.revoke_token("payments", now).await.expect("revoked"));
        assert!(!store.revoke_token("payments", now).await.expect("once"));
        assert!(!store.revoke_token("nobody", now).await.expect("none"));
        refused(some.has_memory().await, "no-login");
        let tokens = store.tokens().await.expect("tokens");
        let lived: Vec<_> =
            tokens.iter().map(|t| (t.name.as_str(), t.revoked_at.is_none())).collect();
        assert_eq!(lived, [("all", true), ("payments", false)]);
        assert!(!server.over_tcp(Some("all")).has_memory().await.expect("the other"));
    });
}

/// Sends bytes, reads to the end.
fn raw(port: u16, bytes: &[u8]) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).expect("a server");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
    stream.write_all(bytes).expect("sent");
    let mut said = String::new();
    stream.read_to_string(&mut said).ok();
    said
}

fn posted(port: u16, body: &str) -> String {
    let head = "POST /api/v1/store HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
                authorization: Bearer all\r\n";
    raw(port, format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes())
}

/// Whatever is asked, the answer is a problem with a code, and the server goes on.
#[test]
fn hostile_questions() {
    let server = Running::start(Vec::new());
    let deep = "[".repeat(200_000);
    let rows = [
        ("", "400", "unreadable"),
        ("{}", "400", "unreadable"),
        (deep.as_str(), "400", "unreadable"),
        (r#"{"drop_tables": {}}"#, "400", "unreadable"),
        (r#"{"has_memory": {"and": 1}}"#, "400", "unreadable"),
        (r#"{"has_memory": {}} {"has_memory": {}}"#, "400", "unreadable"),
        (r#"{"traces": {"prefix": "a", "prefix": "b", "limit": 1}}"#, "400", "unreadable"),
        (r#"{"traces": {"prefix": "a", "limit": -1}}"#, "400", "unreadable"),
        (r#"{"statements": {"hashes": ["zz"]}}"#, "400", "unreadable"),
        (r#"{"policy": {"digest": "../../etc/passwd"}}"#, "400", "unreadable"),
    ];
    for (body, status, code) in rows {
        let said = posted(server.port, body);
        let shown: String = body.chars().take(60).collect();
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{shown}: {said}");
        assert!(said.contains("application/problem+json") && said.contains(code), "{said}");
    }
    let huge = "POST /api/v1/store HTTP/1.1\r\nhost: x\r\nauthorization: Bearer all\r\n\
                content-length: 99999999999\r\n\r\n";
    assert!(raw(server.port, huge.as_bytes()).starts_with("HTTP/1.1 413"));
    let get = "GET /api/v1/store HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert!(raw(server.port, get.as_bytes()).starts_with("HTTP/1.1 405"));
    for path in ["/", "/api/v1/store/../../etc/passwd", "/api/v1/statements", "/healthz/x"] {
        let get = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        assert!(raw(server.port, get.as_bytes()).starts_with("HTTP/1.1 404"), "{path}");
    }
    for path in ["/healthz", "/readyz"] {
        let get = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        assert!(raw(server.port, get.as_bytes()).starts_with("HTTP/1.1 200"), "{path}");
    }
    assert!(posted(server.port, r#"{"has_memory": {}}"#).ends_with("false"));
}

/// Requests are shown to hosts that have their repositories, and what a host hands in is what
/// its ids say.
#[test]
fn requests_of_other_repositories_are_not_there() {
    let server = Running::start(Vec::new());
    run(async {
        let (all, some) = (server.over_tcp(Some("all")), server.over_tcp(Some("payments")));
        let (api, shop) = (request(1, "payments/api"), request(2, "web/shop"));
        some.keep_request(&api).await.expect("its own");
        refused(some.keep_request(&shop).await, "not-yours");
        all.keep_request(&shop).await.expect("any");
        let query = RequestQuery { limit: 9, ids: Vec::new(), ..RequestQuery::one(&api.id) };
        assert_eq!(all.requests(&query).await.expect("both").len(), 2);
        let seen = some.requests(&query).await.expect("one");
        assert_eq!(seen.iter().map(|r| &r.id).collect::<Vec<_>>(), [&api.id]);
        assert!(some.requests(&RequestQuery::one(&shop.id)).await.expect("none").is_empty());
        assert_eq!(some.rounds(&api.id).await.expect("its own").len(), 1);
        assert!(some.rounds(&shop.id).await.expect("none").is_empty());
        refused(some.objects(&shop.repository, &[]).await, "not-yours");
        let id = api.round.commits.first().expect("one").commit;
        let forged = NewRequest { objects: vec![(id, b"tree x\n".to_vec())], ..api };
        refused(all.keep_request(&forged).await, "422");
    });
}
