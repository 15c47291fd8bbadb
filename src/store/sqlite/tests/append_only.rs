//! The database itself holds the store append-only, and what gets past it is found.

use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row, SqliteConnection};

use super::{Place, run};
use crate::domain::ids::RowHash;
use crate::store::chain::{Chain, Link, row_holds, verify_chain};
use crate::store::contract::{
    at, commit, decision, kept_change, landing, repository, sighting, statement, subject, trace,
    update,
};
use crate::store::keeper::Keeper;
use crate::store::{Durability, Position, Store, sql};

/// What may be deleted, and is not evidence.
const SHOWN: [&str; 5] = ["objects", "object_repositories", "secrets", "answered", "sessions"];

const TABLES: [&str; 17] = [
    "requests",
    "rounds",
    "closings",
    "tokens",
    "token_revocations",
    "statements",
    "subjects",
    "changes",
    "sightings",
    "policies",
    "decisions",
    "updates",
    "landings",
    "traces",
    "trace_blobs",
    "trace_runs",
    "discharges",
];

/// Those without a number of their own: a row is its key and nothing else.
const KEYS_ALONE: [&str; 2] = ["trace_blobs", "trace_runs"];

/// A row or more in every table; the hashes of three decisions.
async fn filled(place: &Place) -> Vec<RowHash> {
    let store = place.open().await;
    store.submit(&[statement("a", "a", vec![subject(1), subject(2)])]).await.unwrap();
    store.see(&[sighting(1)], &[kept_change(1)], &[trace(1)]).await.unwrap();
    let policy = b"version = 1";
    let digest = crate::domain::digest::policy_digest(policy);
    store.keep_policy(&digest, policy).await.unwrap();
    store.keep_request(&crate::store::contract::request(1, "a")).await.unwrap();
    let mut hashes = Vec::new();
    for n in 1..=3 {
        let main = update(b"refs/heads/main", commit(n), commit(n + 1));
        let new = match n {
            3 => landing(3, "a", main.clone(), &[commit(1)]),
            n => decision(u64::from(n), "a", vec![main.clone()]),
        };
        hashes.push(store.append(&new, Durability::Buffered).await.unwrap().hash);
        store.land(&repository("a"), &[main], at(3)).await.unwrap();
    }
    let token = crate::store::contract::token();
    store.keep_token(&crate::domain::digest::token_hash("x"), &token).await.unwrap();
    store.revoke_token(&token.name, at(4)).await.unwrap();
    store.close().await;
    hashes
}

async fn execute(conn: &mut SqliteConnection, text: String) -> Result<u64, String> {
    let done = sqlx::query(sqlx::AssertSqlSafe(text)).execute(conn).await;
    done.map(|done| done.rows_affected()).map_err(|error| error.to_string())
}

/// Every table as text.
async fn dump(conn: &mut SqliteConnection) -> Vec<String> {
    let mut lines = Vec::new();
    for table in TABLES {
        let rowid = if KEYS_ALONE.contains(&table) { "0" } else { "rowid" };
        let columns = columns(conn, table).await;
        let text = format!("SELECT {rowid}, json_array({columns}) FROM {table}");
        let rows: Vec<SqliteRow> =
            sqlx::query(sqlx::AssertSqlSafe(text)).fetch_all(&mut *conn).await.unwrap();
        assert!(!rows.is_empty(), "{table} is empty, so this test shows nothing of it");
        let line = |row: &SqliteRow| {
            format!("{table} {} {}", row.get::<i64, _>(0), row.get::<String, _>(1))
        };
        lines.extend(rows.iter().map(line));
    }
    lines
}

async fn columns(conn: &mut SqliteConnection, table: &str) -> String {
    let names: Vec<String> =
        sqlx::query_scalar("SELECT 'quote(' || name || ')' FROM pragma_table_info($1)")
            .bind(table)
            .fetch_all(conn)
            .await
            .unwrap();
    names.join(", ")
}

#[test]
fn the_list_of_tables_is_whole() {
    let place = Place::new();
    run(async {
        place.open().await.close().await;
        let mut there: Vec<String> = sqlx::query_scalar(
            "SELECT name FROM sqlite_schema WHERE type = 'table'
             AND name NOT LIKE 'sqlite_%' AND name <> '_sqlx_migrations'",
        )
        .fetch_all(&mut place.raw().await)
        .await
        .unwrap();
        there.sort();
        let mut known = [TABLES.as_slice(), &SHOWN].concat();
        known.sort_unstable();
        assert_eq!(there, known);
    });
}

#[test]
fn no_row_is_updated_deleted_or_replaced() {
    let place = Place::new();
    run(async {
        filled(&place).await;
        let mut conn = place.raw().await;
        let before = dump(&mut conn).await;
        for table in TABLES {
            let column: String =
                sqlx::query_scalar("SELECT name FROM pragma_table_info($1) ORDER BY cid DESC")
                    .bind(table)
                    .fetch_one(&mut conn)
                    .await
                    .unwrap();
            for text in [
                format!("UPDATE {table} SET {column} = {column}"),
                format!("UPDATE OR REPLACE {table} SET rowid = rowid + 100"),
                format!("DELETE FROM {table}"),
                format!("DELETE FROM {table} WHERE rowid = 1"),
            ] {
                if KEYS_ALONE.contains(&table) && text.contains("rowid") {
                    continue;
                }
                let refused = execute(&mut conn, text.clone()).await.unwrap_err();
                assert!(refused.contains("append-only"), "{text}: {refused}");
            }
            let same = format!("INSERT OR REPLACE INTO {table} SELECT * FROM {table}");
            let replaced = execute(&mut conn, same).await;
            let is_same = KEYS_ALONE.contains(&table);
            assert!(is_same || matches!(replaced, Err(_) | Ok(0)), "{table}: {replaced:?}");
        }
        // The same key with another content, and the same sequence number with another key.
        for text in [
            "INSERT OR REPLACE INTO sightings
                 SELECT commit_id, repository, 'mallory', seen_at, change_digest, paths_digest,
                        contributors, evidence FROM sightings",
            "INSERT OR REPLACE INTO changes SELECT digest, x'00' FROM changes",
            "INSERT OR REPLACE INTO policies SELECT digest, x'00' FROM policies",
            "INSERT OR REPLACE INTO statements
                 SELECT seq, 'other', repository, verdict, statement, signature, received_at, NULL
                 FROM statements",
            "INSERT OR REPLACE INTO landings
                 SELECT seq, decision, x'00', repository, landed_at FROM landings",
            "INSERT OR REPLACE INTO traces
                 SELECT seq, commit_id, 'D-0', NULL, 0, 0 FROM traces",
            "INSERT OR REPLACE INTO discharges
                 SELECT repository, rule, commit_id, 'never' FROM discharges",
        ] {
            assert_eq!(execute(&mut conn, text.into()).await, Ok(0), "{text}");
        }
        assert_eq!(dump(&mut conn).await, before);
    });
}

#[test]
fn the_chain_does_not_fork() {
    let place = Place::new();
    run(async {
        let hashes = filled(&place).await;
        let mut conn = place.raw().await;
        let before = dump(&mut conn).await;
        let zeros = "0".repeat(64);
        let last = hashes[2];
        // (sequence number, id, previous, hash)
        for (seq, id, previous, hash) in [
            ("NULL", "D-X", zeros.clone(), "f0".repeat(32)),
            ("NULL", "D-X", hashes[0].to_string(), "f0".repeat(32)),
            ("NULL", "D-X", hashes[1].to_string(), "f0".repeat(32)),
            ("2", "D-X", last.to_string(), "f0".repeat(32)),
            ("NULL", "D-1000000000", last.to_string(), "f0".repeat(32)),
            ("NULL", "D-X", last.to_string(), hashes[0].to_string()),
        ] {
            let text = format!(
                "INSERT OR REPLACE INTO decisions
                 VALUES ({seq}, '{id}', 'a', '', 1, NULL, x'00', '{previous}', '{hash}')"
            );
            let refused = execute(&mut conn, text.clone()).await.unwrap_err();
            assert!(refused.contains("follows the last"), "{text}: {refused}");
        }
        assert_eq!(dump(&mut conn).await, before);
        // The twin that follows the last one is taken.
        let text = format!(
            "INSERT INTO decisions VALUES (NULL, 'D-X', 'a', '', 1, NULL, x'00', '{last}', '{}')",
            "f0".repeat(32)
        );
        assert_eq!(execute(&mut conn, text).await, Ok(1));
    });
}

/// Whoever can write the file can drop the triggers.
async fn tampered(text: &'static str) -> (Chain, Vec<RowHash>) {
    let place = Place::new();
    let hashes = filled(&place).await;
    let mut conn = place.raw().await;
    for trigger in [
        "decisions_are_never_updated",
        "decisions_are_never_deleted",
        "decisions_follow_the_last",
        "updates_are_never_deleted",
        "landings_are_never_deleted",
    ] {
        execute(&mut conn, format!("DROP TRIGGER {trigger}")).await.unwrap();
    }
    execute(&mut conn, "PRAGMA foreign_keys = OFF".into()).await.unwrap();
    assert_ne!(execute(&mut conn, text.into()).await.unwrap(), 0);
    conn.close().await.unwrap();
    (verify_chain(&place.open().await).await.unwrap(), hashes)
}

#[test]
fn what_was_tampered_with_is_found() {
    let rows: [(&str, i64, Link); 6] = [
        ("UPDATE decisions SET body = CAST(body || ' ' AS BLOB) WHERE seq = 2", 2, Link::Changed),
        (
            "UPDATE decisions SET body = (SELECT body FROM decisions WHERE seq = 1) WHERE seq = 3",
            3,
            Link::Changed,
        ),
        ("UPDATE decisions SET hash = replace(hash, 'a', 'b') WHERE seq = 3", 3, Link::Changed),
        ("DELETE FROM decisions WHERE seq = 2", 3, Link::Parted),
        ("DELETE FROM decisions WHERE seq = 1", 2, Link::Parted),
        ("UPDATE decisions SET seq = -seq", -3, Link::Parted),
    ];
    for (text, at, how) in rows {
        match run(tampered(text)).0 {
            Chain::Broken { seq, link, .. } => assert_eq!((seq, link), (at, how), "{text}"),
            whole => panic!("{text}: {whole:?}"),
        }
    }
}

/// What a walk can't see, its head shows.
#[test]
fn a_shortened_chain_has_another_head() {
    let (whole, hashes) = run(tampered("DELETE FROM decisions WHERE seq = 3"));
    assert_eq!(whole, Chain::Whole { rows: 2, head: Some(hashes[1]) });
}

#[test]
fn one_row_alone_shows_its_own_tampering() {
    let place = Place::new();
    run(async {
        filled(&place).await;
        let (_, mut row) = place.open().await.decisions(0, 2).await.unwrap().remove(1);
        assert!(row_holds(&row));
        row.body.push(b' ');
        assert!(!row_holds(&row));
    });
}

/// A question of 20,000 ids looks each one up; none reads a table from end to end.
#[test]
fn no_question_scans_a_table() {
    let place = Place::new();
    run(async {
        filled(&place).await;
        let mut conn = place.raw().await;
        for text in [
            sql::STATEMENTS_BY_HASH,
            sql::STATEMENTS_ABOUT,
            sql::KNOWN_STATEMENTS,
            sql::KNOWN_CHANGES,
            sql::CHANGES,
            sql::SIGHTINGS,
            sql::JUDGED,
            sql::UNPUBLISHED_DECISIONS,
            sql::SIGHTED,
            sql::KNOWN_TRACES,
            sql::KEEP_TRACE_BLOBS,
            sql::KEEP_TRACE_RUNS,
            sql::TRACES_BY_CHANGE,
            sql::TRACES_BY_BLOB,
            sql::TRACES_BY_RUN,
            sql::TRACES,
            sql::DISCHARGES,
            sql::DISCHARGE_NAMED,
        ] {
            let explained = format!("EXPLAIN QUERY PLAN {text}");
            let rows: Vec<SqliteRow> =
                sqlx::query(sqlx::AssertSqlSafe(explained)).fetch_all(&mut conn).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
            // The tables' names in the questions; `f`, `found` and `w` are lists they bring.
            let table = |step: &&String| {
                let name = step.split(' ').nth(1).unwrap_or_default();
                step.starts_with("SCAN")
                    && ["s", "c", "d", "l", "e", "u", "r", "t", "b"].contains(&name)
            };
            let scans = plan.iter().filter(table);
            assert_eq!(scans.count(), 0, "{text}\n{}", plan.join("\n"));
        }
        let missing = Position { statements: i64::MAX, landings: i64::MAX };
        let none = place.open().await.unpublished(&repository("a"), missing, 1).await.unwrap();
        assert_eq!(none.position, missing);
    });
}
