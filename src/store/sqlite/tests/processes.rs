//! Many processes share one file, and any of them may be killed.
//!
//! The other processes are this test binary again, running [`child`] alone.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use super::{Place, run};
use crate::domain::ids::Login;
use crate::domain::sighting::Sighting;
use crate::store::chain::{Chain, verify_chain};
use crate::store::contract::{commit, decision, sighting, statement, subject};
use crate::store::sqlite::questions::sightings;
use crate::store::sqlite::{Options, open, synchronous, write};
use crate::store::{Durability, Store};

const WRITERS: u64 = 8;
const APPENDS: u64 = 50;

const URL: &str = "COUNTERSIGN_TEST_URL";
const ACT: &str = "COUNTERSIGN_TEST_ACT";
const NUMBER: &str = "COUNTERSIGN_TEST_NUMBER";

fn spawn(place: &Place, act: &str, number: u64) -> Child {
    Command::new(std::env::current_exe().expect("this test"))
        .args(["--ignored", "--exact", "store::sqlite::tests::processes::child", "--nocapture"])
        .env(URL, place.url())
        .env(ACT, act)
        .env(NUMBER, number.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a child")
}

fn succeed(children: Vec<Child>) {
    for child in children {
        let output = child.wait_with_output().expect("its end");
        let said = String::from_utf8_lossy(&output.stderr).into_owned()
            + &String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
    }
}

/// Not a test: what the processes of the tests below do.
#[test]
#[ignore = "the tests here run it in processes of its own"]
fn child() {
    let Ok(url) = std::env::var(URL) else { return };
    let number: u64 = std::env::var(NUMBER).unwrap().parse().unwrap();
    let act = std::env::var(ACT).unwrap();
    run(async {
        let store = open(&url, Options::default()).await.unwrap();
        match act.as_str() {
            "append" => append_many(&store, number).await,
            "see" => {
                let login = Some(Login::new(format!("pusher-{number}")));
                let mine = Sighting { first_pusher: login, ..sighting(1) };
                let seen = store.see(&[mine], &[], &[]).await.unwrap();
                let first = seen[0].first_pusher.clone().unwrap();
                store.append(&claim(number, &first), Durability::Synced).await.unwrap();
            }
            "hang in a transaction" => {
                let mut conn = store.acquire().await.unwrap();
                let mut tx = write(&mut conn, Durability::Synced).await.unwrap();
                let change = crate::store::contract::kept_change(1);
                let change = [(change.0, change.1.as_slice())];
                sightings::keep_changes(&mut tx, &change).await.unwrap();
                hang();
            }
            "hang after a commit" => {
                let new = decision(number, "a", vec![]);
                store.append(&new, Durability::Buffered).await.unwrap();
                hang();
            }
            other => panic!("{other}"),
        }
    });
}

/// Says so and waits to be killed.
fn hang() {
    writeln!(std::io::stderr(), "READY").unwrap();
    std::io::stdin().lines().for_each(drop);
    panic!("nobody killed it");
}

fn kill(mut child: Child) {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let ready = lines.any(|line| line.unwrap().contains("READY"));
    assert!(ready, "it died by itself");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A decision whose body says whom its writer read as the first pusher.
fn claim(number: u64, first: &Login) -> crate::store::NewDecision {
    crate::store::NewDecision { body: first.as_str().into(), ..decision(number, "a", vec![]) }
}

async fn append_many(store: &dyn Store, writer: u64) {
    for n in 0..APPENDS {
        let durability = if n % 10 == 0 { Durability::Synced } else { Durability::Buffered };
        let new = decision(writer * 1_000 + n, "a", vec![]);
        store.append(&new, durability).await.unwrap();
    }
}

async fn assert_none_lost(store: &dyn Store) {
    let chain = verify_chain(store).await.unwrap();
    assert!(matches!(chain, Chain::Whole { rows, .. } if rows == WRITERS * APPENDS), "{chain:?}");
    for id in (0..WRITERS).flat_map(|w| (0..APPENDS).map(move |n| w * 1_000 + n)) {
        assert!(store.decision(&decision(id, "a", vec![]).id).await.unwrap().is_some());
    }
}

#[test]
fn processes_append_to_one_chain() {
    let place = Place::new();
    succeed((0..WRITERS).map(|number| spawn(&place, "append", number)).collect());
    run(async { assert_none_lost(&place.open().await).await });
}

#[test]
fn tasks_append_to_one_chain() {
    let place = Place::new();
    run(async {
        // Half of them share a store with several connections.
        let options = Options { connections: 3, ..Options::default() };
        let shared = Arc::new(open(&place.url(), options).await.unwrap());
        let mut tasks = Vec::new();
        for writer in 0..WRITERS {
            let store = match writer {
                0..4 => shared.clone(),
                _ => Arc::new(place.open().await),
            };
            tasks.push(tokio::spawn(async move { append_many(&*store, writer).await }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_none_lost(&place.open().await).await;
    });
}

/// Both the file and the schema are made by whoever is first; nobody fails.
#[test]
fn processes_make_one_new_file_and_agree_on_the_first_pusher() {
    for _ in 0..3 {
        let place = Place::new();
        succeed((0..WRITERS).map(|number| spawn(&place, "see", number)).collect());
        run(async {
            let store = place.open().await;
            let seen = store.sightings(&[commit(1)], &[]).await.unwrap();
            let first = seen[0].first_pusher.clone().unwrap();
            let claims = store.decisions(0, 100).await.unwrap();
            assert_eq!(claims.len() as u64, WRITERS);
            for (_, row) in claims {
                assert_eq!(row.body, first.as_str().as_bytes());
            }
        });
    }
}

#[test]
fn a_killed_writer_leaves_nothing_and_what_was_committed_stays() {
    let place = Place::new();
    run(async { place.open().await.close().await });
    kill(spawn(&place, "hang in a transaction", 1));
    kill(spawn(&place, "hang after a commit", 2));
    run(async {
        let store = place.open().await;
        let change = crate::store::contract::change(1).0;
        assert_eq!(store.changes(&[change]).await.unwrap(), []);
        let kept = store.decision(&decision(2, "a", vec![]).id).await.unwrap();
        assert!(kept.is_some());
        // Its lock died with it.
        store.submit(&[statement("a", "a", vec![subject(1)])]).await.unwrap();
        store.append(&decision(3, "a", vec![]), Durability::Synced).await.unwrap();
        let chain = verify_chain(&store).await.unwrap();
        assert!(matches!(chain, Chain::Whole { rows: 2, .. }), "{chain:?}");
    });
}

/// A connection that is dropped with an open transaction rolls it back.
#[test]
fn a_dropped_transaction_leaves_nothing() {
    let place = Place::new();
    run(async {
        let store = place.open().await;
        let mut conn = store.acquire().await.unwrap();
        let mut tx = write(&mut conn, Durability::Synced).await.unwrap();
        let (digest, bytes) = crate::store::contract::kept_change(1);
        sightings::keep_changes(&mut tx, &[(digest, &bytes)]).await.unwrap();
        drop(tx);
        synchronous(&mut conn, Durability::Buffered).await.unwrap();
        drop(conn);
        assert_eq!(store.changes(&[digest]).await.unwrap(), []);
        assert_eq!(store.sightings(&[sighting(1).commit], &[]).await.unwrap(), []);
    });
}
