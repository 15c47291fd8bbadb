//! From a URL to a file with the right schema, or a reason that names the file.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sqlx::{Connection, Executor, Row};

use super::{Place, impatient, raw, run, url};
use crate::domain::ids::RepositoryName;
use crate::store::contract::{sighting, statement, subject};
use crate::store::sqlite::open::known_version;
use crate::store::sqlite::{Options, open};
use crate::store::{
    Location, Position, Store, StoreError, Submitted, open_existing_store, open_store,
};

async fn reason(path: &Path) -> String {
    reason_of(&url(path)).await
}

async fn reason_of(url: &str) -> String {
    match open(url, impatient()).await {
        Err(StoreError::Unreachable(reason)) => reason,
        other => panic!("{url}: {other:?}"),
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_new_file_is_its_owners_alone() {
    let place = Place::new();
    run(async {
        let store = place.open().await;
        store.see(&[sighting(1)], &[], &[]).await.unwrap();
        for side in ["", "-wal", "-shm"] {
            let path = place.dir.path().join(format!("store.db{side}"));
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
        assert_eq!(std::fs::read_dir(place.dir.path()).unwrap().count(), 3, "nothing else");
    });
}

#[test]
fn what_was_kept_is_there_after_reopening() {
    let place = Place::new();
    run(async {
        let first = open_store(at(&place.url())).await.unwrap();
        first.see(&[sighting(1)], &[], &[]).await.unwrap();
        drop(first);
        let again = open_existing_store(at(&place.url())).await.unwrap();
        assert_eq!(again.sightings(&[sighting(1).commit], &[]).await.unwrap(), [sighting(1)]);
    });
}

/// A hook whose disk isn't mounted must not begin a new memory.
#[test]
fn a_missing_file_is_made_only_where_it_may_be() {
    let place = Place::new();
    run(async {
        let refused = open_existing_store(at(&place.url())).await.err().unwrap().to_string();
        assert!(refused.contains("store.db\" does not exist"), "{refused}");
        assert!(!place.path().exists());
        open_store(at(&place.url())).await.unwrap();
        open_existing_store(at(&place.url())).await.unwrap();
    });
}

#[test]
fn a_url_is_sqlite_and_an_absolute_path() {
    run(async {
        for (url, says) in [
            ("sqlite://relative.db", "absolute path"),
            ("sqlite:///", "is a folder"),
            ("sqlite::memory:", "is not a sqlite:// URL"),
            ("sqlite:/tmp/x", "is not a sqlite:// URL"),
            ("sqlite:///tmp/x?mode=memory", "takes none"),
            ("sqlite:///tmp/x#y", "takes none"),
            ("sqlite:///tmp/x\0y", "takes none"),
        ] {
            let reason = reason_of(url).await;
            assert!(reason.contains(says), "{url}: {reason}");
        }
        for url in ["mysql://kim:secret@db/x", "/var/lib/x.db", ""] {
            let refused = open_store(at(url)).await.err().unwrap().to_string();
            assert!(refused.contains("sqlite:///path"), "{refused}");
            assert!(!refused.contains("secret"), "{refused}");
        }
    });
}

#[test]
fn a_file_that_is_no_store_is_named_and_left_alone() {
    let place = Place::new();
    let dir = place.dir.path();
    run(async {
        let text = dir.join("text");
        std::fs::write(&text, "version = 1\n".repeat(1_000)).unwrap();
        let other = dir.join("other.db");
        std::fs::write(&other, "").unwrap();
        let mut conn = raw(&other).await;
        conn.execute("CREATE TABLE users (id INTEGER)").await.unwrap();
        conn.close().await.unwrap();
        let before = std::fs::read(&other).unwrap();

        for (path, says) in [
            (text.clone(), "is not a database"),
            (other.clone(), "is another program's database"),
            (dir.to_owned(), "is a folder"),
            (dir.join("no/such/store.db"), "there is no folder"),
            (text.join("below.db"), "can't be opened"),
            ("/dev/null".into(), "is not a regular file"),
        ] {
            let reason = reason(&path).await;
            assert!(reason.starts_with(&format!("\"{}\" ", path.display())), "{reason}");
            assert!(reason.contains(says), "{reason}");
        }
        assert_eq!(std::fs::read(&other).unwrap(), before);
        assert_eq!(std::fs::read_to_string(&text).unwrap(), "version = 1\n".repeat(1_000));
    });
}

#[test]
fn a_newer_schema_is_refused_and_not_touched() {
    let place = Place::new();
    run(async {
        place.open().await.close().await;
        let mut conn = place.raw().await;
        conn.execute("PRAGMA user_version = 99").await.unwrap();
        conn.close().await.unwrap();
        let before = std::fs::read(place.path()).unwrap();
        let refused = open(&place.url(), Options::default()).await.unwrap_err();
        let known = known_version();
        assert!(
            matches!(refused, StoreError::NewerSchema { found: 99, known: k } if k == known),
            "{refused}"
        );
        assert_eq!(std::fs::read(place.path()).unwrap(), before);
    });
}

#[test]
fn every_migration_sets_the_version() {
    let place = Place::new();
    run(async {
        place.open().await.close().await;
        let mut conn = place.raw().await;
        let versions = conn
            .fetch_one("SELECT user_version, (SELECT max(version) FROM _sqlx_migrations) FROM pragma_user_version")
            .await
            .unwrap();
        assert_eq!(versions.get::<i64, _>(0), known_version());
        assert_eq!(versions.get::<i64, _>(1), known_version());
    });
}

/// The hook opens the store for every push: it must not queue up for that.
#[test]
fn an_up_to_date_file_is_opened_and_read_beside_a_writer() {
    let place = Place::new();
    run(async {
        place.open().await.close().await;
        let mut writer = place.raw().await;
        let before: i64 =
            sqlx::query_scalar("PRAGMA schema_version").fetch_one(&mut writer).await.unwrap();
        writer.execute("BEGIN EXCLUSIVE").await.unwrap();
        let store = open(&place.url(), impatient()).await.unwrap();
        let none = store.unpublished(&RepositoryName::new("a"), Position::default(), 1).await;
        assert_eq!(none.unwrap().statements, []);
        writer.execute("ROLLBACK").await.unwrap();
        let after: i64 =
            sqlx::query_scalar("PRAGMA schema_version").fetch_one(&mut writer).await.unwrap();
        assert_eq!(after, before, "no DDL");
    });
}

/// `VACUUM INTO` writes a copy that has no write-ahead log.
#[test]
fn a_restored_copy_has_a_write_ahead_log_again() {
    let place = Place::new();
    let copy = Place::new();
    run(async {
        let store = place.open().await;
        let new = [statement("a", "a", vec![subject(1)])];
        store.submit(&new).await.unwrap();
        sqlx::query("VACUUM INTO $1")
            .bind(copy.path().to_str().unwrap())
            .execute(&mut place.raw().await)
            .await
            .unwrap();
        let restored = copy.open().await;
        assert_eq!(restored.submit(&new).await.unwrap(), [Submitted::Known]);
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
            .fetch_one(&mut copy.raw().await)
            .await
            .unwrap();
        assert_eq!(mode, "wal");
    });
}

/// Closing costs two syncs; a hook leaves the log to the next process.
#[test]
fn an_abandoned_store_leaves_its_log_and_a_closed_one_does_not() {
    let place = Place::new();
    let log = place.dir.path().join("store.db-wal");
    run(async {
        let store = place.open().await;
        store.see(&[sighting(1)], &[], &[]).await.unwrap();
        Box::new(store).abandon().await;
    });
    assert_ne!(std::fs::metadata(&log).unwrap().len(), 0);
    let twin = Place::new();
    run(async {
        let store = twin.open().await;
        store.see(&[sighting(1)], &[], &[]).await.unwrap();
        store.close().await;
    });
    assert!(!twin.dir.path().join("store.db-wal").exists());
    run(async {
        let found = place.open().await.sightings(&[sighting(1).commit], &[]).await;
        assert_eq!(found.unwrap(), [sighting(1)]);
    });
}

#[test]
fn a_checkpoint_moves_the_log_into_the_file() {
    let place = Place::new();
    run(async {
        let store = place.open().await;
        store.see(&[sighting(1)], &[], &[]).await.unwrap();
        let before = std::fs::read(place.path()).unwrap();
        store.checkpoint().await.unwrap();
        assert_ne!(std::fs::read(place.path()).unwrap(), before);
    });
}

fn at(url: &str) -> Location<'_> {
    Location { url, token: None, authority: None, request: None }
}
