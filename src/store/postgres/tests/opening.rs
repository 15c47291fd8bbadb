//! What a database has to be to be opened, and what is said of one that is not.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::cluster::Cluster;
use super::{Options, open, run};
use crate::store::{Store, StoreError};

fn impatient() -> Options {
    Options {
        connect: Duration::from_millis(400),
        patience: Duration::from_millis(400),
        ..Options::default()
    }
}

fn refusal(url: &str, options: Options) -> String {
    let error = run(open(url, options)).expect_err("it opens");
    assert!(matches!(error, StoreError::Unreachable(_)), "{error:?}");
    error.to_string()
}

/// A server that would forget what it confirmed, or has.
#[test]
fn what_would_lose_a_confirmed_write_is_refused() {
    let mut cluster = Cluster::start();
    run(async { open(&cluster.url(), Options::default()).await.unwrap() });
    for setting in ["fsync=off", "full_page_writes=off", "synchronous_commit=off"] {
        cluster.end("QUIT");
        cluster.up(&[setting]);
        let said = refusal(&cluster.url(), Options::default());
        assert!(said.contains(&setting.replace('=', " = ")), "{said}");
    }
    cluster.end("QUIT");
    cluster.up(&["synchronous_commit=local"]);
    run(async { open(&cluster.url(), Options::default()).await.unwrap() });
    cluster.sql("ALTER SYSTEM SET default_transaction_read_only = on");
    cluster.sql("SELECT pg_reload_conf()");
    cluster.end("QUIT");
    cluster.up(&[]);
    let store = run(open(&cluster.url(), Options::default())).expect("it can be read");
    let error = run(store.keep_policy(&crate::domain::digest::policy_digest(b"x"), b"x"));
    assert!(error.unwrap_err().to_string().contains("is read-only"));
}

#[test]
fn a_schema_that_is_newer_or_missing_is_left_alone() {
    let cluster = Cluster::start();
    let there = Options { create: false, ..Options::default() };
    let said = refusal(&cluster.url(), there.clone());
    assert!(said.contains("its tables are missing"), "{said}");
    assert_eq!(cluster.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
    run(async { open(&cluster.url(), Options::default()).await.unwrap() });
    run(async { open(&cluster.url(), there.clone()).await.unwrap() });
    cluster.sql(
        "INSERT INTO countersign_migrations (version, description, success, checksum, execution_time)
         VALUES (99, 'later', true, '', 0)",
    );
    let newer = run(open(&cluster.url(), there)).expect_err("it opens");
    assert!(matches!(newer, StoreError::NewerSchema { found: 99, .. }), "{newer:?}");
}

/// Two programs that open a new database at once make its tables once.
#[test]
fn two_openers_make_one_schema() {
    let cluster = Cluster::start();
    let openers: Vec<_> = (0..4)
        .map(|_| {
            let url = cluster.url();
            std::thread::spawn(move || run(open(&url, Options::default())).map(drop))
        })
        .collect();
    for opener in openers {
        opener.join().unwrap().unwrap();
    }
    let once = cluster.sql("SELECT count(*) = max(version) FROM countersign_migrations");
    assert_eq!(once, "t", "each migration is done once");
}

/// Each says what is wrong, none the password.
#[test]
fn what_can_not_be_reached_is_named() {
    let mut cluster = Cluster::start();
    let folder = cluster.url().replace("/postgres?", "/absent?");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().unwrap();
    let rows = [
        (folder, "is not there"),
        (
            cluster.url().replace("user=postgres", "user=nobody&password=hunter2"),
            "refuses the login",
        ),
        (format!("postgres://me:hunter2@{silent}/x"), "gives no answer"),
        ("postgres://me:hunter2@127.0.0.1:1/x".to_owned(), "can't be reached"),
        ("postgres://me:hunter2@no-such-host.invalid/x".to_owned(), "can't be reached"),
        ("postgres://me:hunter2@127.0.0.1".to_owned(), "names no database"),
        ("postgres://me:hunter2@127.0.0.1:port/x".to_owned(), "can't be read"),
    ];
    for (url, expected) in rows {
        let started = Instant::now();
        let said = refusal(&url, impatient());
        assert!(said.contains(expected), "{url}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
        assert!(started.elapsed() < Duration::from_secs(20), "{url}: {:?}", started.elapsed());
    }
    cluster.end("QUIT");
    let said = refusal(&cluster.url(), impatient());
    assert!(said.contains("can't be reached"), "{said}");
}

/// A server elsewhere has to prove who it is.
#[test]
fn a_server_elsewhere_proves_who_it_is() {
    use sqlx::postgres::PgSslMode::{Disable, Prefer, Require, VerifyFull};
    let rows = [
        ("postgres://u:sslmode=disable@db.example.com/x", VerifyFull),
        ("postgres://u@192.0.2.7/x", VerifyFull),
        ("postgres://u@db.example.com/x?sslmode=require", Require),
        ("postgres://u@db.example.com/x?sslmode=disable", Disable),
        ("postgres://u@127.0.0.1/x", Prefer),
        ("postgres://u@localhost/x", Prefer),
        ("postgres:///x?host=/run/postgresql", Prefer),
    ];
    for (url, mode) in rows {
        let (_, options) =
            crate::store::postgres::open::connect_options(url, Duration::from_secs(1)).unwrap();
        assert_eq!(format!("{:?}", options.get_ssl_mode()), format!("{mode:?}"), "{url}");
    }
}
