//! The contract, and what is SQLite's own.

mod append_only;
mod faults;
mod opening;
mod processes;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use tempfile::TempDir;

use super::{Options, Sqlite, open};
use crate::store::Store;
use crate::store::contract::{run, store_contract};

store_contract!(fresh);

/// A folder of its own for one store.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("store.db")
    }

    fn url(&self) -> String {
        url(&self.path())
    }

    async fn open(&self) -> Sqlite {
        open(&self.url(), Options::default()).await.expect("a store")
    }

    /// A connection that is not the store's, with nothing set.
    async fn raw(&self) -> SqliteConnection {
        raw(&self.path()).await
    }
}

fn url(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

async fn raw(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(Duration::ZERO);
    options.connect().await.expect("a connection")
}

/// Waits for nothing that a test doesn't want to wait for.
fn impatient() -> Options {
    Options { busy_timeout: Duration::from_millis(20), ..Options::default() }
}

fn fresh(body: impl AsyncFnOnce(&dyn Store)) {
    let place = Place::new();
    run(async { body(&place.open().await).await });
}

#[test]
fn tokens_live_once() {
    let place = Place::new();
    run(async { crate::store::contract::tokens_live_once(&place.open().await).await });
}

#[test]
fn sessions_come_and_go() {
    let place = Place::new();
    run(async { crate::store::contract::sessions_come_and_go(&place.open().await).await });
}
