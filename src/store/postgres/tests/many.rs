//! Many at once, and a server that dies under them.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::cluster::Cluster;
use super::{Options, open, run};
use crate::domain::ids::Login;
use crate::domain::sighting::Sighting;
use crate::store::chain::{Chain, verify_chain};
use crate::store::contract::{
    at, commit, decision, repository, sighting, statement, subject, trace, update,
};
use crate::store::{Durability, Position, Store};

const MANY: u64 = 8;
const EACH: u64 = 25;

/// Runs one body in many threads, each with a store of its own.
fn at_once(cluster: &Cluster, body: impl AsyncFn(&dyn Store, u64) + Send + Sync + Clone + 'static) {
    let threads: Vec<_> = (0..MANY)
        .map(|number| {
            let (url, body) = (cluster.url(), body.clone());
            thread::spawn(move || {
                run(async {
                    let store = open(&url, Options::default()).await.unwrap();
                    body(&store, number).await;
                });
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn the_chain_of_many_writers_is_whole() {
    let cluster = Cluster::start();
    at_once(&cluster, async |store, number| {
        for n in 0..EACH {
            let new = decision(number * 1000 + n, "a", vec![]);
            store.append(&new, Durability::Buffered).await.unwrap();
        }
    });
    run(async {
        let store = open(&cluster.url(), Options::default()).await.unwrap();
        let chain = verify_chain(&store).await.unwrap();
        let Chain::Whole { rows, .. } = chain else { panic!("{chain:?}") };
        assert_eq!(rows, MANY * EACH);
    });
}

/// A reader that follows the numbers while others write passes over nothing.
#[test]
fn a_reader_passes_over_no_statement_and_no_landing() {
    let cluster = Cluster::start();
    let done = Arc::new(AtomicBool::new(false));
    let reader = {
        let (url, done) = (cluster.url(), Arc::clone(&done));
        run(async { open(&url, Options::default()).await.unwrap() });
        thread::spawn(move || {
            run(async {
                let store = open(&url, Options::default()).await.unwrap();
                let (mut position, mut statements, mut decisions) = (Position::default(), 0, 0);
                loop {
                    let last = done.load(Ordering::SeqCst);
                    let page = store.unpublished(&repository("a"), position, 3).await.unwrap();
                    statements += page.statements.len();
                    decisions += page.decisions.len();
                    if last && page.position == position {
                        return (statements, decisions);
                    }
                    position = page.position;
                }
            })
        })
    };
    at_once(&cluster, async |store, number| {
        for n in 0..EACH {
            let name = format!("{number} {n}");
            store.submit(&[statement(&name, "a", vec![subject(1)])]).await.unwrap();
            let id = number * 1000 + n;
            let to = commit(u32::try_from(id).unwrap());
            let update = update(b"refs/heads/main", commit(999_999), to);
            let new = decision(id, "a", vec![update.clone()]);
            store.append(&new, Durability::Synced).await.unwrap();
            store.land(&repository("a"), &[update], at(3)).await.unwrap();
        }
    });
    done.store(true, Ordering::SeqCst);
    let all = usize::try_from(MANY * EACH).unwrap();
    assert_eq!(reader.join().unwrap(), (all, all));
}

/// All see the same commits at once, in an order of their own: none waits for ever, and all
/// are told the same first pusher.
#[test]
fn of_many_who_show_a_commit_one_is_first() {
    let cluster = Cluster::start();
    // Of half of them memory learns only later.
    let known: Vec<Sighting> = (200..400).map(sighting).collect();
    run(async {
        let store = open(&cluster.url(), Options::default()).await.unwrap();
        store.see(&known, &[], &[]).await.unwrap();
    });
    let seen = Arc::new(std::sync::Mutex::new(HashSet::new()));
    let all = Arc::clone(&seen);
    at_once(&cluster, async move |store, number| {
        let mine = |n: u32| {
            let first_pusher = Some(Login::new(format!("pusher-{number}")));
            Sighting { first_pusher, ..sighting(n) }
        };
        let mut traces: Vec<_> = (200..400).map(trace).collect();
        if number.is_multiple_of(2) {
            traces.reverse();
        }
        store.see(&[sighting(200)], &[], &traces).await.unwrap();
        let mut shown: Vec<Sighting> = (0..200).map(mine).collect();
        let mut traces: Vec<_> = (0..200).map(trace).collect();
        if number.is_multiple_of(2) {
            shown.reverse();
            traces.reverse();
        }
        let mut rows = store.see(&shown, &[], &traces).await.unwrap();
        rows.sort_by_key(|row| row.commit);
        all.lock().unwrap().insert(format!("{rows:?}"));
    });
    assert_eq!(seen.lock().unwrap().len(), 1, "everybody reads the same rows");
    assert_eq!(cluster.sql("SELECT count(*) FROM sightings"), "400");
    assert_eq!(cluster.sql("SELECT count(*) FROM traces"), "400");
}

/// What was confirmed before a crash is there after it, and a store of several connections
/// works again by itself.
#[test]
fn a_crash_loses_nothing_that_was_confirmed() {
    let mut cluster = Cluster::start();
    let connect = Duration::from_secs(1);
    let several = Options { connections: 2, connect, ..Options::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = runtime.block_on(open(&cluster.url(), several)).unwrap();
    for round in 0..2 {
        runtime.block_on(async {
            for n in 0..10 {
                let n = round * 10 + n;
                store.append(&decision(n, "a", vec![]), Durability::Buffered).await.unwrap();
                let name = format!("statement {n}");
                store.submit(&[statement(&name, "a", vec![subject(1)])]).await.unwrap();
            }
        });
        cluster.crash();
        let new = decision(1000 + round, "a", vec![]);
        let error = runtime.block_on(store.append(&new, Durability::Buffered)).unwrap_err();
        assert!(error.to_string().contains("unreachable"), "{error}");
        cluster.up(&[]);
    }
    runtime.block_on(async {
        assert!(matches!(verify_chain(&store).await.unwrap(), Chain::Whole { rows: 20, .. }));
        let all = store.newest_statements(&repository("a"), 100).await.unwrap();
        assert_eq!(all.len(), 20);
    });
}
