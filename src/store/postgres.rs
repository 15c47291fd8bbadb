//! The store in a PostgreSQL database: for many Git hosts and servers at once.
//!
//! Invariants are constraints of the tables, so that READ COMMITTED is enough. Where numbers
//! have to appear in order, writers queue up for an advisory lock, one for each kind of row,
//! and hold it until their rows are on disk and can be seen. Every commit waits for the disk.
//!
//! What reaches the database comes from the URL alone, never from `PG*` variables, which a
//! pusher might be able to set.

mod fault;
mod open;
#[path = "questions/mod.rs"]
mod questions;

#[cfg(test)]
mod tests;

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection as _, PgConnection, PgPool, Transaction};

use self::fault::{explained, unreachable};
use super::fault::{Fault, Turn};
use super::{Durability, StoreError};

/// How a database is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How long to wait for a connection; then the store is unreachable.
    pub connect: Duration,
    /// How long one question may take.
    pub patience: Duration,
    /// Whether tables are made where there are none. Where they have to be there already, as
    /// in a hook, a database without them is another one: it would have forgotten everything.
    pub create: bool,
    /// Connections at once. One is enough for a process that asks one thing at a time.
    pub connections: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            patience: Duration::from_secs(20),
            create: true,
            connections: 1,
        }
    }
}

/// An open database.
#[derive(Debug)]
pub struct Postgres {
    /// Host and database, for messages; never a password.
    name: String,
    options: Options,
    connect: PgConnectOptions,
    pool: PgPool,
}

/// Opens `postgres://user@host/database`, and brings an older schema up to date.
///
/// # Errors
/// [`StoreError::Unreachable`] names the database and what is wrong with it, a setting that
/// would let a confirmed write get lost included; [`StoreError::NewerSchema`] leaves it as it is.
pub async fn open(url: &str, options: Options) -> Result<Postgres, StoreError> {
    let (name, connect) = open::connect_options(url, options.patience)?;
    let pool = PgPoolOptions::new()
        .min_connections(0)
        .max_connections(options.connections.max(1))
        .acquire_timeout(options.connect)
        // One that waited in a pool may be of a server that has been started anew since.
        .test_before_acquire(options.connections > 1)
        .connect_lazy_with(connect.clone());
    let store = Postgres { name, options, connect, pool };
    let mut conn = store.acquire().await?;
    open::ensure_schema(&mut conn, &store.name, store.options.create).await?;
    Ok(store)
}

type Engine = Postgres;
type Connection = PgConnection;

impl Postgres {
    async fn acquire(&self) -> Result<PoolConnection<sqlx::Postgres>, StoreError> {
        match self.pool.acquire().await {
            Ok(conn) => Ok(conn),
            // The pool tries again until its time is up, and then tells nothing but that.
            Err(sqlx::Error::PoolTimedOut) => Err(self.why().await),
            Err(error) => Err(explained(error.into(), &self.name)),
        }
    }

    /// Why there is no connection.
    async fn why(&self) -> StoreError {
        match tokio::time::timeout(self.options.connect / 2, self.connect.connect()).await {
            Err(_) => unreachable(&self.name, "gives no answer"),
            Ok(Err(error)) => explained(error.into(), &self.name),
            Ok(Ok(_)) => unreachable(&self.name, "has no free connection"),
        }
    }

    /// Gives the connection back after a success, closes it after a fault.
    fn done<T>(
        &self,
        mut conn: PoolConnection<sqlx::Postgres>,
        result: Result<T, Fault>,
    ) -> Result<T, StoreError> {
        result.map_err(|fault| {
            conn.close_on_drop();
            explained(fault, &self.name)
        })
    }

    /// The server ends a question that takes too long; a network that has gone says nothing.
    async fn patiently<T>(
        &self,
        question: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let patience = self.options.patience + Duration::from_secs(1);
        match tokio::time::timeout(patience, question).await {
            Ok(answer) => answer,
            Err(_) => Err(Fault::Sql(sqlx::Error::PoolTimedOut)),
        }
    }

    async fn leave(self) {
        self.close().await;
    }

    /// Takes leave of the server.
    pub async fn close(self) {
        tokio::time::timeout(Duration::from_secs(1), self.pool.close()).await.ok();
    }
}

/// Begins a transaction. Every commit waits for the disk: of one that a server lost, somebody
/// may have been told.
async fn write(
    conn: &mut Connection,
    _: Durability,
) -> Result<Transaction<'_, sqlx::Postgres>, sqlx::Error> {
    conn.begin().await
}

/// Waits until no other transaction adds such rows, and holds back others until this one ends.
async fn turn(conn: &mut Connection, turn: Turn) -> Result<(), Fault> {
    /// 'CSGN': other programs lock numbers of theirs in the same database.
    const OURS: i32 = 0x4353_474E;
    let number: i32 = match turn {
        Turn::Statements => 1,
        Turn::Decisions => 2,
        Turn::Landings => 3,
        Turn::Traces => 4,
        Turn::Requests => 5,
    };
    sqlx::query("SELECT pg_advisory_xact_lock($1, $2)")
        .bind(OURS)
        .bind(number)
        .execute(conn)
        .await?;
    Ok(())
}

/// The server writes its log away by itself.
async fn checkpoint(_: &mut Connection) -> Result<(), Fault> {
    Ok(())
}
