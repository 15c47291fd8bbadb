//! What goes wrong under way: the store says so, and keeps all of a write or nothing.

use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{Connection, Executor};

use super::{Place, impatient, run};
use crate::domain::ids::RepositoryName;
use crate::store::chain::verify_chain;
use crate::store::contract::{
    at, commit, decision, kept_change, repository, sighting, statement, subject, update,
};
use crate::store::sqlite::{Options, Sqlite, open};
use crate::store::{
    Durability, NewDecision, NewStatement, Position, Store, StoreError, Submitted, Unpublished,
};

fn unreachable(error: &StoreError, says: &str) {
    let StoreError::Unreachable(reason) = error else { panic!("{error}") };
    assert!(reason.contains("store.db\" ") && reason.contains(says), "{reason}");
}

async fn everything(store: &dyn Store) -> Unpublished {
    store.unpublished(&RepositoryName::new("a"), Position::default(), 1_000).await.unwrap()
}

#[test]
fn a_locked_file_is_unreachable_for_writers() {
    let place = Place::new();
    run(async {
        place.open().await.close().await;
        let mut other = place.raw().await;
        other.execute("BEGIN EXCLUSIVE").await.unwrap();
        let store = open(&place.url(), impatient()).await.unwrap();
        let locked = "is locked by another process";
        let new = [statement("a", "a", vec![])];
        unreachable(&store.submit(&new).await.unwrap_err(), locked);
        unreachable(&store.see(&[sighting(1)], &[], &[]).await.unwrap_err(), locked);
        let appended = store.append(&decision(1, "a", vec![]), Durability::Buffered).await;
        unreachable(&appended.unwrap_err(), locked);
        other.execute("COMMIT").await.unwrap();
        assert_eq!(store.submit(&new).await.unwrap(), [Submitted::Stored]);
    });
}

#[test]
fn a_new_file_that_is_locked_is_unreachable() {
    let place = Place::new();
    std::fs::write(place.path(), "").unwrap();
    run(async {
        let mut other = place.raw().await;
        other.execute("BEGIN EXCLUSIVE; CREATE TABLE x (y)").await.unwrap();
        let refused = open(&place.url(), impatient()).await.unwrap_err();
        unreachable(&refused, "is locked by another process");
        other.execute("ROLLBACK").await.unwrap();
        place.open().await;
    });
}

/// The switch to the write-ahead log needs the file for itself.
#[test]
fn a_new_file_that_is_being_read_is_waited_for() {
    let place = Place::new();
    std::fs::write(place.path(), "").unwrap();
    run(async {
        let mut reader = place.raw().await;
        reader.execute("BEGIN; SELECT * FROM sqlite_schema").await.unwrap();
        let url = place.url();
        let refused = open(&url, impatient()).await.unwrap_err();
        unreachable(&refused, "is locked by another process");
        let opening = tokio::spawn(async move { open(&url, Options::default()).await });
        for _ in 0..2_000 {
            reader.execute("SELECT * FROM sqlite_schema").await.unwrap();
        }
        reader.execute("ROLLBACK").await.unwrap();
        opening.await.unwrap().unwrap();
    });
}

/// Lets the file grow by no page any more, on the store's one connection.
async fn fill_the_disk(store: &Sqlite) {
    let mut conn = store.pool.acquire().await.unwrap();
    // SQLite takes the file's present size for a limit below it.
    conn.execute("PRAGMA max_page_count = 1").await.unwrap();
}

fn large() -> NewStatement {
    let mut new = statement("large", "a", vec![subject(2)]);
    new.signed.statement = vec![b' '; 1 << 20];
    new.changes = vec![kept_change(3)];
    new
}

#[test]
fn a_full_disk_is_unreachable_and_nothing_is_half_written() {
    let place = Place::new();
    run(async {
        let store = place.open().await;
        let full = "the disk is full";

        fill_the_disk(&store).await;
        let both = [statement("small", "a", vec![subject(1)]), large()];
        unreachable(&store.submit(&both).await.unwrap_err(), full);
        assert_eq!(everything(&store).await.statements, []);
        assert_eq!(store.changes(&[kept_change(3).0]).await.unwrap(), []);

        fill_the_disk(&store).await;
        let many: Vec<_> = (0..1_000).map(sighting).collect();
        unreachable(&store.see(&many, &[], &[]).await.unwrap_err(), full);
        let commits: Vec<_> = many.iter().map(|one| one.commit).collect();
        assert_eq!(store.sightings(&commits, &[]).await.unwrap(), []);

        fill_the_disk(&store).await;
        let main = update(b"refs/heads/main", commit(1), commit(2));
        let body = vec![b' '; 1 << 20];
        let new = NewDecision { body, ..decision(1, "a", vec![main.clone()]) };
        unreachable(&store.append(&new, Durability::Synced).await.unwrap_err(), full);
        assert_eq!(store.decision(&new.id).await.unwrap(), None);
        assert_eq!(store.land(&repository("a"), &[main], at(1)).await.unwrap(), []);

        // The disk has room again, and the same store goes on.
        assert_eq!(store.submit(&both).await.unwrap(), [Submitted::Stored; 2]);
        store.append(&new, Durability::Synced).await.unwrap();
        assert_eq!(store.see(&many, &[], &[]).await.unwrap(), many);
    });
}

#[test]
fn a_read_only_file_is_read_and_not_written() {
    let place = Place::new();
    run(async {
        place.open().await.submit(&[statement("a", "a", vec![])]).await.unwrap();
        // Root writes to files of any mode, so the connection is what is read-only here.
        let connect = SqliteConnectOptions::new().filename(place.path()).read_only(true);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_lazy_with(connect);
        let store = Sqlite { path: place.path(), pool };
        assert_eq!(everything(&store).await.statements.len(), 1);
        let refused = store.append(&decision(1, "a", vec![]), Durability::Synced).await;
        unreachable(&refused.unwrap_err(), "is read-only");
    });
}

/// Whatever byte of the file is lost, the answer is an answer or an error.
#[test]
fn a_damaged_file_is_an_error_and_no_panic() {
    let place = Place::new();
    run(async {
        let store = place.open().await;
        let many: Vec<_> = (0..200).map(sighting).collect();
        store.see(&many, &[], &[]).await.unwrap();
        store.submit(&[large()]).await.unwrap();
        store.close().await;
        let whole = std::fs::read(place.path()).unwrap();
        let commits: Vec<_> = many.iter().map(|one| one.commit).collect();

        let mut errors = 0;
        for page in 0..whole.len() / 4096 {
            let mut broken = whole.clone();
            broken[page * 4096..(page + 1) * 4096].fill(0xff);
            std::fs::write(place.path(), &broken).unwrap();
            let answer = async {
                let store = open(&place.url(), impatient()).await?;
                let seen = store.sightings(&commits, &[]).await?;
                let appended = store.append(&decision(1, "a", vec![]), Durability::Synced).await;
                store.close().await;
                appended.map(|_| seen)
            };
            match answer.await {
                Ok(seen) => assert_eq!(seen, many, "page {page}"),
                Err(StoreError::Unreachable(why) | StoreError::Damaged(why)) => {
                    assert!(why.contains("store.db\""), "{why}");
                    errors += 1;
                }
                Err(other) => panic!("page {page}: {other}"),
            }
            for side in ["-wal", "-shm"] {
                std::fs::remove_file(place.dir.path().join(format!("store.db{side}"))).ok();
            }
        }
        assert!(errors > 10, "only {errors}");

        std::fs::write(place.path(), &whole[..whole.len() / 2]).unwrap();
        let half = async { open(&place.url(), impatient()).await?.submit(&[large()]).await };
        assert!(matches!(half.await, Err(StoreError::Damaged(_) | StoreError::Unreachable(_))));
    });
}

/// Rows that were changed into what can't be, as somebody with the file could.
#[test]
fn a_row_that_can_not_be_is_damage() {
    let place = Place::new();
    run(async {
        let store = place.open().await;
        store.see(&[sighting(1)], &[], &[]).await.unwrap();
        store.append(&decision(1, "a", vec![]), Durability::Synced).await.unwrap();
        let mut conn = place.raw().await;
        conn.execute(
            "DROP TRIGGER sightings_are_never_updated; DROP TRIGGER decisions_are_never_updated",
        )
        .await
        .unwrap();
        let sighted = |text: &'static str| (text, true);
        for (text, of_sighting) in [
            sighted("UPDATE sightings SET seen_at = 'yesterday'"),
            sighted("UPDATE sightings SET seen_at = '2026-11-20T00:00:00Z', contributors = '[{}]'"),
            sighted("UPDATE sightings SET contributors = '[]', change_digest = 'C0'"),
            sighted("UPDATE sightings SET change_digest = NULL, paths_digest = ''"),
            ("UPDATE decisions SET hash = 'x'", false),
            ("UPDATE decisions SET hash = replace(previous, '0', '1'), policy = 'x'", false),
        ] {
            conn.execute(text).await.unwrap();
            let error = if of_sighting {
                store.sightings(&[commit(1)], &[]).await.err()
            } else {
                verify_chain(&store).await.err()
            };
            assert!(matches!(error, Some(StoreError::Damaged(_))), "{text}: {error:?}");
        }
        let table_gone = "DROP TRIGGER sightings_are_never_deleted; DROP TABLE sightings";
        conn.execute(table_gone).await.unwrap();
        let error = store.sightings(&[commit(1)], &[]).await.unwrap_err();
        assert!(matches!(error, StoreError::Damaged(_)), "{error}");
    });
}

async fn synchronous(store: &Sqlite) -> i64 {
    let mut conn = store.pool.acquire().await.unwrap();
    sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *conn).await.unwrap()
}

#[test]
fn what_must_be_durable_is_written_with_full_sync() {
    const NORMAL: i64 = 1;
    const FULL: i64 = 2;
    let place = Place::new();
    run(async {
        place.open().await.close().await;
        let store = place.open().await;
        assert_eq!(synchronous(&store).await, NORMAL);
        let main = update(b"refs/heads/main", commit(1), commit(2));
        let buffered = decision(1, "a", vec![main.clone()]);
        let synced = decision(2, "a", vec![]);

        store.append(&synced, Durability::Synced).await.unwrap();
        assert_eq!(synchronous(&store).await, FULL, "append, synced");
        store.append(&buffered, Durability::Buffered).await.unwrap();
        assert_eq!(synchronous(&store).await, NORMAL, "append, buffered");
        store.submit(&[statement("a", "a", vec![])]).await.unwrap();
        assert_eq!(synchronous(&store).await, FULL, "submit");
        let digest = crate::domain::digest::policy_digest(b"p");
        store.keep_policy(&digest, b"p").await.unwrap();
        assert_eq!(synchronous(&store).await, NORMAL, "keep_policy");
        store.see(&[sighting(1)], &[], &[]).await.unwrap();
        assert_eq!(synchronous(&store).await, FULL, "see");
        store.append(&decision(3, "a", vec![]), Durability::Buffered).await.unwrap();
        store.land(&repository("a"), &[main], at(1)).await.unwrap();
        assert_eq!(synchronous(&store).await, FULL, "land");
    });
}

/// What is known already is not written again: no lock, no wait for the disk.
#[test]
fn nothing_new_takes_no_write_lock() {
    let place = Place::new();
    run(async {
        let store = open(&place.url(), impatient()).await.unwrap();
        let mut new = statement("a", "a", vec![subject(1)]);
        new.changes = vec![kept_change(1)];
        let new = [new];
        let digest = crate::domain::digest::policy_digest(b"p");
        let main = [update(b"refs/heads/main", commit(1), commit(2))];
        let judged = decision(1, "a", main.to_vec());
        store.submit(&new).await.unwrap();
        store.see(&[sighting(2)], &[kept_change(2)], &[]).await.unwrap();
        store.keep_policy(&digest, b"p").await.unwrap();
        store.append(&judged, Durability::Buffered).await.unwrap();
        store.land(&repository("a"), &main, at(1)).await.unwrap();

        let mut writer = place.raw().await;
        writer.execute("BEGIN IMMEDIATE").await.unwrap();
        assert_eq!(store.submit(&new).await.unwrap(), [Submitted::Known]);
        let seen = store.see(&[sighting(2)], &[kept_change(2)], &[]).await.unwrap();
        assert_eq!(seen, [sighting(2)]);
        store.see(&[], &[], &[]).await.unwrap();
        store.keep_policy(&digest, b"p").await.unwrap();
        let landed = store.land(&repository("a"), &main, at(2)).await.unwrap();
        assert_eq!(landed, [judged.id]);
        store.land(&repository("b"), &main, at(2)).await.unwrap();
        writer.execute("ROLLBACK").await.unwrap();
        writer.close().await.unwrap();
    });
}

/// A hook whose time is up drops what it was waiting for.
#[test]
fn a_cancelled_write_leaves_all_or_nothing() {
    let place = Place::new();
    run(async {
        let store = place.open().await;
        let many: Vec<_> = (0..500).map(sighting).collect();
        let commits: Vec<_> = many.iter().map(|one| one.commit).collect();
        for micros in [0, 1, 50, 200, 800, 3_000, 10_000] {
            let budget = Duration::from_micros(micros);
            let seen = tokio::time::timeout(budget, store.see(&many, &[], &[])).await;
            let there = store.sightings(&commits, &[]).await.unwrap().len();
            assert!(there == 0 || there == many.len(), "{there} after {micros} us");
            assert!(seen.is_err() || there == many.len());
        }
        assert_eq!(store.see(&many, &[], &[]).await.unwrap(), many);
    });
}
