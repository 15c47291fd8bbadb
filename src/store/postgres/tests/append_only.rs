//! The database itself holds the store append-only.

use super::cluster::Cluster;
use super::{Options, open, run};
use crate::domain::digest::policy_digest;
use crate::store::contract::{
    at, commit, kept_change, landing, repository, sighting, statement, subject, trace, update,
};
use crate::store::keeper::Keeper;
use crate::store::{Durability, Store};

/// What may be deleted, and is not evidence.
const SHOWN: [&str; 5] = ["answered", "object_repositories", "objects", "secrets", "sessions"];

const TABLES: [&str; 17] = [
    "changes",
    "closings",
    "decisions",
    "discharges",
    "landings",
    "policies",
    "requests",
    "rounds",
    "sightings",
    "statements",
    "subjects",
    "token_revocations",
    "tokens",
    "trace_blobs",
    "trace_runs",
    "traces",
    "updates",
];

fn filled(cluster: &Cluster) {
    filled_by(&cluster.url());
}

/// A row or more in every table.
fn filled_by(url: &str) {
    run(async {
        let store = open(url, Options::default()).await.unwrap();
        store.submit(&[statement("a", "a", vec![subject(1)])]).await.unwrap();
        store.see(&[sighting(1)], &[kept_change(1)], &[trace(1)]).await.unwrap();
        let policy = b"version = 1";
        store.keep_policy(&policy_digest(policy), policy).await.unwrap();
        store.keep_request(&crate::store::contract::request(1, "a")).await.unwrap();
        let main = update(b"refs/heads/main", commit(1), commit(2));
        let new = landing(1, "a", main.clone(), &[commit(1)]);
        store.append(&new, Durability::Buffered).await.unwrap();
        store.land(&repository("a"), &[main], at(3)).await.unwrap();
        let token = crate::store::contract::token();
        store.keep_token(&crate::domain::digest::token_hash("x"), &token).await.unwrap();
        store.revoke_token(&token.name, at(4)).await.unwrap();
    });
}

#[test]
fn no_row_is_updated_deleted_or_truncated() {
    let cluster = Cluster::start();
    filled(&cluster);
    let tables = cluster.sql(
        "SELECT string_agg(table_name, ' ' ORDER BY table_name) FROM information_schema.tables
         WHERE table_schema = 'public' AND table_name <> 'countersign_migrations'",
    );
    let mut known = [TABLES.as_slice(), &SHOWN].concat();
    known.sort_unstable();
    assert_eq!(tables, known.join(" "), "the list of tables is whole");
    for table in TABLES {
        let count = format!("SELECT count(*) FROM {table}");
        let before = cluster.sql(&count);
        assert_ne!(before, "0", "{table} is empty, so this test shows nothing of it");
        let column = cluster.sql(&format!(
            "SELECT column_name FROM information_schema.columns
             WHERE table_name = '{table}' AND is_identity = 'NO' ORDER BY ordinal_position LIMIT 1"
        ));
        for text in [
            format!("UPDATE {table} SET {column} = {column}"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table} CASCADE"),
        ] {
            let said = cluster.try_sql(&text).expect_err(&text);
            assert!(said.contains("are append-only"), "{text}: {said}");
        }
        assert_eq!(cluster.sql(&count), before, "{table}");
    }
}

/// Whoever inserts by hand can't fork the chain, nor replace what is there.
#[test]
fn the_first_row_wins_and_the_chain_has_no_fork() {
    let cluster = Cluster::start();
    filled(&cluster);
    let again = [
        "INSERT INTO sightings SELECT * FROM sightings",
        "INSERT INTO changes SELECT * FROM changes",
        "INSERT INTO policies SELECT * FROM policies",
        "INSERT INTO statements (hash, repository, verdict, statement, signature, received_at)
         SELECT hash, repository, verdict, statement, signature, received_at FROM statements",
        "INSERT INTO decisions (id, repository, decided_at, accepted, body, previous, hash)
         SELECT 'D-2', repository, decided_at, accepted, body, previous, repeat('1', 64)
         FROM decisions",
        "INSERT INTO decisions (id, repository, decided_at, accepted, body, previous, hash)
         SELECT 'D-2', repository, decided_at, accepted, body, repeat('2', 64), repeat('1', 64)
         FROM decisions",
    ];
    for text in again {
        let said = cluster.try_sql(text).expect_err(text);
        let refused = said.contains("duplicate key") || said.contains("follows the last one");
        assert!(refused, "{text}: {said}");
    }
    // The innocent twin: a row that follows the last one.
    cluster.sql(
        "INSERT INTO decisions (id, repository, decided_at, accepted, body, previous, hash)
         SELECT 'D-2', repository, decided_at, accepted, body, hash, repeat('1', 64)
         FROM decisions",
    );
}

/// Once the tables are there, what README grants is enough, and lets nobody do more.
#[test]
fn a_role_that_may_only_add_is_enough() {
    let cluster = Cluster::start();
    run(async { open(&cluster.url(), Options::default()).await.unwrap() });
    let readme = include_str!("../../../../README.md");
    let grants = readme.split("```sql\n").nth(1).and_then(|rest| rest.split("```").next());
    cluster.sql("CREATE ROLE gate LOGIN");
    cluster.sql(grants.expect("the grants in README"));
    filled_by(&cluster.url().replace("user=postgres", "user=gate"));
    assert_eq!(cluster.sql("SELECT count(*) FROM landings"), "1");
    let said = cluster.try_sql("SET ROLE gate; DROP TRIGGER append_only ON decisions");
    assert!(said.expect_err("it may drop a trigger").contains("must be owner"));
}
