//! The store in one SQLite file: the embedded default, no daemon needed.
//!
//! Many short-lived processes share the file. It is in write-ahead mode, so readers never
//! wait; every write begins with `BEGIN IMMEDIATE`, so that two writers queue up for the
//! busy timeout instead of failing half-way. `synchronous` can't be changed inside a
//! transaction: it is set before each.
//!
//! After any error the connection is closed, not reused: SQLite may have rolled back by
//! itself, and what came next would run outside of a transaction.

mod fault;
mod open;
#[path = "questions/mod.rs"]
mod questions;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection as _, SqliteConnection, SqlitePool, Transaction};

use self::fault::explained;
use super::fault::{Fault, Turn};
use super::{Durability, StoreError};

/// How a file is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How long to wait for another process's write; then the store is unreachable.
    pub busy_timeout: Duration,
    /// Whether a missing file is made. Where it has to be there already, as in a hook, a
    /// missing one is a disk that isn't mounted: an empty store forgets every revocation.
    pub create: bool,
    /// Connections at once. One is enough for a process that asks one thing at a time.
    pub connections: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(5), create: true, connections: 1 }
    }
}

/// An open SQLite file.
#[derive(Debug)]
pub struct Sqlite {
    path: PathBuf,
    pool: SqlitePool,
}

/// Opens `sqlite:///absolute/path`, makes a new file (mode 0600) where the options say so,
/// and brings an older schema up to date.
///
/// # Errors
/// [`StoreError::Unreachable`] names the file and what is wrong with it;
/// [`StoreError::NewerSchema`] leaves it as it is.
pub async fn open(url: &str, options: Options) -> Result<Sqlite, StoreError> {
    let path = open::path_of(url)?;
    open::ensure_file(&path, options.create)?;
    let connect = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(false)
        .foreign_keys(true)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(options.busy_timeout)
        .disable_statement_logging();
    let pool = SqlitePoolOptions::new()
        .min_connections(0)
        .max_connections(options.connections.max(1))
        .acquire_timeout(options.busy_timeout.saturating_mul(2).max(ACQUIRE))
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(connect);
    let store = Sqlite { path, pool };
    let mut conn = store.acquire().await?;
    match open::ensure_schema(&mut conn, &store.path).await {
        Ok(()) => Ok(store),
        Err(error) => {
            // Closed before the answer, so that a refused file is left alone.
            conn.close().await.ok();
            Err(error)
        }
    }
}

type Engine = Sqlite;
type Connection = SqliteConnection;

/// A connection of the pool is waited for at least this long.
const ACQUIRE: Duration = Duration::from_secs(5);

impl Sqlite {
    async fn acquire(&self) -> Result<PoolConnection<sqlx::Sqlite>, StoreError> {
        self.pool.acquire().await.map_err(|error| explained(error.into(), &self.path))
    }

    /// Gives the connection back after a success, closes it after a fault.
    fn done<T>(
        &self,
        mut conn: PoolConnection<sqlx::Sqlite>,
        result: Result<T, Fault>,
    ) -> Result<T, StoreError> {
        result.map_err(|fault| {
            conn.close_on_drop();
            explained(fault, &self.path)
        })
    }

    /// A file answers, or says that it is locked.
    async fn patiently<T>(
        &self,
        question: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        question.await
    }

    async fn leave(self) {
        for _ in 0..self.pool.size() {
            // Waits until the connection in use last is back, then keeps it from closing.
            if let Ok(conn) = self.pool.acquire().await {
                std::mem::forget(conn);
            }
        }
        std::mem::forget(self);
    }

    /// Closes every connection; the last one of all processes empties the write-ahead log,
    /// with two syncs. A hook calls [`super::Store::abandon`] instead.
    pub async fn close(self) {
        self.pool.close().await;
    }
}

/// Sets whether the next commits wait for the disk.
async fn synchronous(
    conn: &mut SqliteConnection,
    durability: Durability,
) -> Result<(), sqlx::Error> {
    let pragma = match durability {
        Durability::Synced => "PRAGMA synchronous = FULL",
        Durability::Buffered => "PRAGMA synchronous = NORMAL",
    };
    sqlx::query(pragma).execute(conn).await?;
    Ok(())
}

/// Begins a transaction that holds the write lock. Dropped, it leaves nothing.
async fn write(
    conn: &mut SqliteConnection,
    durability: Durability,
) -> Result<Transaction<'_, sqlx::Sqlite>, sqlx::Error> {
    synchronous(conn, durability).await?;
    conn.begin_with("BEGIN IMMEDIATE").await
}

/// Writers queue up for the write lock alone.
async fn turn(_: &mut Connection, _: Turn) -> Result<(), Fault> {
    Ok(())
}

async fn checkpoint(conn: &mut Connection) -> Result<(), Fault> {
    sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(conn).await?;
    Ok(())
}
