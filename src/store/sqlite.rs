//! The store in one SQLite file: the embedded default, no daemon needed.
//!
//! Many short-lived processes share the file. It is in write-ahead mode, so readers never
//! wait; every write begins with `BEGIN IMMEDIATE`, so that two writers queue up for the
//! busy timeout instead of failing half-way. `synchronous` can't be changed inside a
//! transaction: it is set before each.
//!
//! After any error the connection is closed, not reused: SQLite may have rolled back by
//! itself, and what came next would run outside of a transaction.

mod decisions;
mod fault;
mod memory;
mod open;
mod sightings;
mod statements;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection, SqlitePool, Transaction};

use self::fault::Fault;
use super::memory::{Asked, Kept, MemoryStats, Recalled};
use super::{
    Durability, NewDecision, NewStatement, Position, Store, StoreError, StoredDecision, Submitted,
    Unpublished, Update, Wanted,
};
use crate::domain::ids::{
    ChangeDigest, DecisionId, ObjectId, PolicyDigest, RepositoryName, StatementHash,
};
use crate::domain::memory::Trace;
use crate::domain::sighting::Sighting;
use crate::domain::statement::Signed;

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

/// A connection of the pool is waited for at least this long.
const ACQUIRE: Duration = Duration::from_secs(5);

impl Sqlite {
    async fn acquire(&self) -> Result<PoolConnection<sqlx::Sqlite>, StoreError> {
        self.pool.acquire().await.map_err(|error| Fault::from(error).explain(&self.path))
    }

    /// Gives the connection back after a success, closes it after a fault.
    fn done<T>(
        &self,
        mut conn: PoolConnection<sqlx::Sqlite>,
        result: Result<T, Fault>,
    ) -> Result<T, StoreError> {
        result.map_err(|fault| {
            conn.close_on_drop();
            fault.explain(&self.path)
        })
    }

    /// Closes every connection; the last one of all processes empties the write-ahead log,
    /// with two syncs. A hook calls [`Store::abandon`] instead.
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

#[async_trait]
impl Store for Sqlite {
    async fn submit(&self, statements: &[NewStatement]) -> Result<Vec<Submitted>, StoreError> {
        if statements.is_empty() {
            return Ok(Vec::new());
        }
        let mut conn = self.acquire().await?;
        let result = statements::submit(&mut conn, statements).await;
        self.done(conn, result)
    }

    async fn statements(&self, hashes: &[StatementHash]) -> Result<Vec<Signed>, StoreError> {
        if hashes.is_empty() {
            return Ok(Vec::new());
        }
        let mut conn = self.acquire().await?;
        let result = statements::by_hash(&mut conn, hashes).await;
        self.done(conn, result)
    }

    async fn statements_about(
        &self,
        repository: &RepositoryName,
        wanted: &Wanted,
    ) -> Result<Vec<Signed>, StoreError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let mut conn = self.acquire().await?;
        let result = statements::about(&mut conn, repository, wanted).await;
        self.done(conn, result)
    }

    async fn newest_statements(
        &self,
        repository: &RepositoryName,
        limit: usize,
    ) -> Result<Vec<Signed>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = statements::newest(&mut conn, repository, limit).await;
        self.done(conn, result)
    }

    async fn see(
        &self,
        sightings: &[Sighting],
        changes: &[(ChangeDigest, Vec<u8>)],
        traces: &[Trace],
    ) -> Result<Vec<Sighting>, StoreError> {
        if sightings.is_empty() && changes.is_empty() {
            return Ok(Vec::new());
        }
        let mut conn = self.acquire().await?;
        let result = sightings::see(&mut conn, sightings, changes, traces).await;
        self.done(conn, result)
    }

    async fn has_memory(&self) -> Result<bool, StoreError> {
        let mut conn = self.acquire().await?;
        let result = memory::has_any(&mut conn).await;
        self.done(conn, result)
    }

    async fn traces(&self, prefix: &str, limit: usize) -> Result<Vec<Kept>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = memory::kept(&mut conn, prefix, limit).await;
        self.done(conn, result)
    }

    async fn shown_in(
        &self,
        decision: &DecisionId,
        limit: usize,
    ) -> Result<Vec<ObjectId>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = memory::shown_in(&mut conn, decision, limit).await;
        self.done(conn, result)
    }

    async fn memory_stats(&self) -> Result<MemoryStats, StoreError> {
        let mut conn = self.acquire().await?;
        let result = memory::stats(&mut conn).await;
        self.done(conn, result)
    }

    async fn recall(
        &self,
        repository: &RepositoryName,
        asked: &Asked,
    ) -> Result<Recalled, StoreError> {
        let mut conn = self.acquire().await?;
        let result = memory::recall(&mut conn, repository, asked).await;
        self.done(conn, result)
    }

    async fn sightings(
        &self,
        commits: &[ObjectId],
        changes: &[ChangeDigest],
    ) -> Result<Vec<Sighting>, StoreError> {
        if commits.is_empty() && changes.is_empty() {
            return Ok(Vec::new());
        }
        let mut conn = self.acquire().await?;
        let result = sightings::find(&mut conn, commits, changes).await;
        self.done(conn, result)
    }

    async fn changes(
        &self,
        digests: &[ChangeDigest],
    ) -> Result<Vec<(ChangeDigest, Vec<u8>)>, StoreError> {
        if digests.is_empty() {
            return Ok(Vec::new());
        }
        let mut conn = self.acquire().await?;
        let result = sightings::changes(&mut conn, digests).await;
        self.done(conn, result)
    }

    async fn keep_policy(&self, digest: &PolicyDigest, bytes: &[u8]) -> Result<(), StoreError> {
        let mut conn = self.acquire().await?;
        let result = decisions::keep_policy(&mut conn, digest, bytes).await;
        self.done(conn, result)
    }

    async fn policy(&self, digest: &PolicyDigest) -> Result<Option<Vec<u8>>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = decisions::policy(&mut conn, digest).await;
        self.done(conn, result)
    }

    async fn append(
        &self,
        decision: &NewDecision,
        durability: Durability,
    ) -> Result<StoredDecision, StoreError> {
        let mut conn = self.acquire().await?;
        let result = decisions::append(&mut conn, decision, durability).await;
        self.done(conn, result)
    }

    async fn decision(&self, id: &DecisionId) -> Result<Option<StoredDecision>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = decisions::by_id(&mut conn, id).await;
        self.done(conn, result)
    }

    async fn decisions(
        &self,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, StoredDecision)>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = decisions::after(&mut conn, after, limit).await;
        self.done(conn, result)
    }

    async fn land(
        &self,
        repository: &RepositoryName,
        updates: &[Update],
        at: Timestamp,
    ) -> Result<Vec<DecisionId>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = decisions::land(&mut conn, repository, updates, at).await;
        self.done(conn, result)
    }

    async fn not_landed(
        &self,
        repository: &RepositoryName,
        among: usize,
    ) -> Result<Vec<Update>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = decisions::not_landed(&mut conn, repository, among).await;
        self.done(conn, result)
    }

    async fn unpublished(
        &self,
        repository: &RepositoryName,
        since: Position,
        limit: usize,
    ) -> Result<Unpublished, StoreError> {
        let mut conn = self.acquire().await?;
        let result = decisions::unpublished(&mut conn, repository, since, limit).await;
        self.done(conn, result)
    }

    async fn checkpoint(&self) -> Result<(), StoreError> {
        let mut conn = self.acquire().await?;
        let result = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut *conn).await;
        self.done(conn, result.map(|_| ()).map_err(Fault::from))
    }

    async fn abandon(self: Box<Self>) {
        for _ in 0..self.pool.size() {
            // Waits until the connection in use last is back, then keeps it from closing.
            if let Ok(conn) = self.pool.acquire().await {
                std::mem::forget(conn);
            }
        }
        std::mem::forget(self);
    }
}
