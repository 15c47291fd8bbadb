//! From a URL to a file with the right schema.
//!
//! The hook opens the store for every push, so an up-to-date file costs two reads: no DDL,
//! no write lock. A file that isn't ours, or was written by a newer program, isn't touched.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Connection, SqliteConnection};

use super::fault::{explained, quoted, unreachable};
use crate::domain::escape::escape;
use crate::store::StoreError;
use crate::store::fault::Fault;

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations/sqlite");

/// `PRAGMA application_id` of every store: 'CSGN'.
const APPLICATION: i64 = 0x4353_474E;

/// The newest schema that this program knows.
pub(super) fn known_version() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// The file that `sqlite:///absolute/path` names, byte for byte.
pub(super) fn path_of(url: &str) -> Result<PathBuf, StoreError> {
    let refuse =
        |why: &str| StoreError::Unreachable(format!("\"{}\" {why}", escape(url.as_bytes())));
    let path = url.strip_prefix("sqlite://").ok_or_else(|| refuse("is not a sqlite:// URL"))?;
    if !path.starts_with('/') {
        return Err(refuse("is not sqlite:// and an absolute path"));
    }
    if path.contains(['?', '#', '\0']) {
        return Err(refuse("has parameters, and a store's URL takes none"));
    }
    Ok(PathBuf::from(path))
}

/// Makes sure that a regular file is there; a new one is empty and its owner's alone.
///
/// SQLite gives its side files the mode of the file itself. The new file is closed before
/// it gets its name: closing it later would drop the locks that another connection of this
/// process holds on it (<https://www.sqlite.org/howtocorrupt.html>, section 2.2).
pub(super) fn ensure_file(path: &Path, create: bool) -> Result<(), StoreError> {
    match std::fs::metadata(path) {
        Ok(there) if there.is_file() => return Ok(()),
        Ok(there) if there.is_dir() => return Err(unreachable(path, "is a folder")),
        Ok(_) => return Err(unreachable(path, "is not a regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (),
        Err(error) => return Err(unreachable(path, &format!("can't be opened: {error}"))),
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    if !folder.is_dir() {
        let why = format!("can't be opened: there is no folder {}", quoted(folder));
        return Err(unreachable(path, &why));
    }
    if !create {
        return Err(unreachable(path, "does not exist"));
    }
    create_file(path, folder)
        .map_err(|error| unreachable(path, &format!("can't be created: {error}")))
}

fn create_file(path: &Path, folder: &Path) -> io::Result<()> {
    let fresh = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o600))
        .tempfile_in(folder)?
        .into_temp_path();
    match fresh.persist_noclobber(path) {
        Err(refused) if refused.error.kind() != io::ErrorKind::AlreadyExists => Err(refused.error),
        // Another process was first: its file is as good.
        _ => Ok(()),
    }
}

/// What a file says it is, read in one snapshot.
struct Header {
    version: i64,
    application: i64,
    blank: bool,
}

async fn header(conn: &mut SqliteConnection) -> Result<Header, sqlx::Error> {
    let (version, application, tables): (i64, i64, i64) = sqlx::query_as(
        "SELECT user_version, application_id, EXISTS (SELECT 1 FROM sqlite_schema)
         FROM pragma_user_version, pragma_application_id",
    )
    .fetch_one(conn)
    .await?;
    let blank = version == 0 && application == 0 && tables == 0;
    Ok(Header { version, application, blank })
}

/// Brings the file to the newest schema, where it isn't already there.
pub(super) async fn ensure_schema(
    conn: &mut SqliteConnection,
    path: &Path,
) -> Result<(), StoreError> {
    let explain = |fault: Fault| explained(fault, path);
    let header = header(conn).await.map_err(|error| explain(error.into()))?;
    if header.application != APPLICATION && !header.blank {
        return Err(unreachable(path, "is another program's database"));
    }
    refuse_newer(header.version)?;
    ensure_write_ahead(conn).await.map_err(explain)?;
    if header.version < known_version() {
        migrate(conn, path).await?;
    }
    Ok(())
}

fn refuse_newer(found: i64) -> Result<(), StoreError> {
    let known = known_version();
    if found > known { Err(StoreError::NewerSchema { found, known }) } else { Ok(()) }
}

/// Switches the file to the write-ahead log, for good, where it isn't. For that SQLite
/// needs the file for itself, and waits for it as for any lock.
async fn ensure_write_ahead(conn: &mut SqliteConnection) -> Result<(), Fault> {
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *conn).await?;
    if mode == "wal" {
        return Ok(());
    }
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode = WAL").fetch_one(conn).await?;
    if mode == "wal" { Ok(()) } else { Err(Fault::Row(format!("its journal mode stays {mode:?}"))) }
}

/// In one transaction, begun with the write lock: of two processes that open a new file at
/// once, the second finds the schema there. (sqlx's own lock does nothing on SQLite.)
async fn migrate(conn: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let explain = |error: sqlx::Error| explained(error.into(), path);
    super::synchronous(conn, crate::store::Durability::Synced).await.map_err(explain)?;
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await.map_err(explain)?;
    let found = header(&mut tx).await.map_err(explain)?.version;
    refuse_newer(found)?;
    if found < known_version() {
        // `run` does the same, but its future isn't `Send` on a borrowed connection.
        MIGRATIONS.run_direct(None, &mut *tx, false).await.map_err(|e| failed(e, path))?;
    }
    tx.commit().await.map_err(explain)
}

fn failed(error: MigrateError, path: &Path) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            explained(error.into(), path)
        }
        other => StoreError::Damaged(format!("{}: {other}", quoted(path))),
    }
}
