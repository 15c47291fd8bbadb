//! The store's file behind the program's back.

use std::future::Future;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(work)
}

async fn connect(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(false);
    options.connect().await.expect("the store's file")
}

/// Runs SQL with the append-only triggers out of the way, as somebody with the file could.
#[track_caller]
pub(crate) fn tamper(file: &Path, sql: &str) {
    block_on(async {
        let mut store = connect(file).await;
        let drops: Vec<String> = sqlx::query_scalar(
            "SELECT 'DROP TRIGGER ' || name FROM sqlite_schema WHERE type = 'trigger'",
        )
        .fetch_all(&mut store)
        .await
        .expect("triggers");
        for drop in drops {
            store.execute(AssertSqlSafe(drop)).await.expect("a dropped trigger");
        }
        store.execute(AssertSqlSafe(sql.to_owned())).await.expect("a change");
        store.close().await.expect("an end");
    });
}

/// One number out of the store.
#[track_caller]
pub(crate) fn count(file: &Path, sql: &'static str) -> i64 {
    block_on(async {
        let mut store = connect(file).await;
        sqlx::query_scalar(sql).fetch_one(&mut store).await.expect("a number")
    })
}

/// Holds the file's write lock while something else happens.
#[track_caller]
pub(crate) fn while_locked<T>(file: &Path, work: impl FnOnce() -> T) -> T {
    block_on(async {
        let mut store = connect(file).await;
        store.execute("BEGIN IMMEDIATE").await.expect("the lock");
        let result = work();
        store.execute("ROLLBACK").await.expect("an end");
        result
    })
}

/// The bytes that a question gives, one row each.
#[track_caller]
pub(crate) fn blobs(file: &Path, sql: &'static str) -> Vec<Vec<u8>> {
    block_on(async {
        let mut store = connect(file).await;
        sqlx::query_scalar(sql).fetch_all(&mut store).await.expect("rows")
    })
}
