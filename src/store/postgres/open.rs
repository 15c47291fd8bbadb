//! From a URL to a database with the right settings and schema.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::LazyLock;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, PgConnection};

use super::fault::{explained, unreachable};
use crate::domain::escape::escape;
use crate::store::StoreError;

/// The list of what was done to a database has a name of its own: others may keep tables there.
static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrator = sqlx::migrate!("src/store/migrations/postgres");
    migrator.dangerous_set_table_name("countersign_migrations");
    migrator
});

/// The oldest server that is tested, as it numbers itself.
const OLDEST: i32 = 150_000;

/// The newest schema that this program knows.
pub(super) fn known_version() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// What a URL asks for, and a name for the database without the URL's secrets.
///
/// A server elsewhere has to prove who it is, unless the URL sets `sslmode` to less.
pub(super) fn connect_options(
    url: &str,
    patience: Duration,
) -> Result<(String, PgConnectOptions), StoreError> {
    let refuse = |why: &str| Err(unreachable("the URL of the store", why));
    let Ok(mut options) = PgConnectOptions::from_str(url) else {
        return refuse("can't be read: write postgres://user@host/database");
    };
    let Some(database) = options.get_database().map(str::to_owned) else {
        return refuse("names no database: write postgres://user@host/database");
    };
    let host = options.get_host().to_owned();
    let is_local = options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let asked = url.split_once('?').map_or("", |(_, asked)| asked);
    if !is_local && !asked.contains("sslmode=") && !asked.contains("ssl-mode=") {
        options = options.ssl_mode(PgSslMode::VerifyFull);
    }
    let place = options.get_socket().map_or(host, |socket| socket.display().to_string());
    let name = format!("the PostgreSQL database \"{database}\" at {place}");
    let options = options
        .application_name("countersign")
        .options([
            ("statement_timeout", format!("{}ms", patience.as_millis())),
            ("lock_timeout", format!("{}ms", patience.as_millis())),
            ("idle_in_transaction_session_timeout", "60s".to_owned()),
            ("default_transaction_isolation", "read committed".to_owned()),
        ])
        .disable_statement_logging();
    Ok((escape(name.as_bytes()), options))
}

/// What a server says of itself.
type Said = (i32, String, String, String, bool, bool);

/// Checks that a confirmed write is on disk, and brings the tables to the newest schema, where
/// they aren't already there.
pub(super) async fn ensure_schema(
    conn: &mut PgConnection,
    name: &str,
    create: bool,
) -> Result<(), StoreError> {
    let explain = |error: sqlx::Error| explained(error.into(), name);
    let (version, fsync, pages, commit, is_standby, has_tables): Said = sqlx::query_as(
        "SELECT current_setting('server_version_num')::int, current_setting('fsync'),
                current_setting('full_page_writes'), current_setting('synchronous_commit'),
                pg_is_in_recovery(), to_regclass('countersign_migrations') IS NOT NULL",
    )
    .fetch_one(&mut *conn)
    .await
    .map_err(explain)?;
    if version < OLDEST {
        return Err(unreachable(name, "is older than PostgreSQL 15"));
    }
    for (setting, value) in
        [("fsync", fsync), ("full_page_writes", pages), ("synchronous_commit", commit)]
    {
        if value == "off" {
            let why = format!("would lose confirmed sign-offs: it has {setting} = off");
            return Err(unreachable(name, &why));
        }
    }
    if is_standby {
        return Err(unreachable(name, "is read-only: a standby"));
    }
    if !has_tables && !create {
        return Err(unreachable(name, "holds no sign-off store: its tables are missing"));
    }
    let found = if has_tables { schema_version(conn).await.map_err(explain)? } else { 0 };
    let known = known_version();
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    if found < known {
        // Under a lock, so that of two programs the second finds the tables there.
        MIGRATIONS.run_direct(None, conn, false).await.map_err(|e| failed(e, name))?;
    }
    Ok(())
}

async fn schema_version(conn: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM countersign_migrations WHERE success")
        .fetch_one(conn)
        .await
}

fn failed(error: MigrateError, name: &str) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            explained(error.into(), name)
        }
        other => unreachable(name, &format!("can't be brought up to date: {other}")),
    }
}
