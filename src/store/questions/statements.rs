//! Statements and their subjects.

use std::collections::HashSet;

use super::sightings::{keep_changes, unknown_changes};
use super::{Connection, Fault, Turn, turn, write};
use crate::domain::ids::{RepositoryName, StatementHash};
use crate::domain::statement::Signed;
use crate::store::rows::{self, SignedRow};
use crate::store::{Durability, NewStatement, Submitted, Wanted, sql};

/// Keeps them all or none. What is known already was on disk before anybody could read it,
/// so a delivery of nothing new takes no write lock.
pub(super) async fn submit(
    conn: &mut Connection,
    statements: &[NewStatement],
) -> Result<Vec<Submitted>, Fault> {
    let hashes: Vec<StatementHash> = statements.iter().map(|new| new.signed.hash()).collect();
    let known = known(conn, &hashes).await?;
    let changes = statements.iter().flat_map(|new| &new.changes);
    let changes = unknown_changes(conn, changes).await?;
    if changes.is_empty() && hashes.iter().all(|hash| known.contains(&hash.to_string())) {
        return Ok(vec![Submitted::Known; statements.len()]);
    }
    let mut tx = write(conn, Durability::Synced).await?;
    turn(&mut tx, Turn::Statements).await?;
    keep_changes(&mut tx, &changes).await?;
    let mut answers = Vec::with_capacity(statements.len());
    for (new, hash) in statements.iter().zip(&hashes) {
        answers.push(keep(&mut tx, new, &hash.to_string()).await?);
    }
    tx.commit().await?;
    Ok(answers)
}

async fn known(conn: &mut Connection, hashes: &[StatementHash]) -> Result<HashSet<String>, Fault> {
    let found: Vec<String> =
        sqlx::query_scalar(sql::KNOWN_STATEMENTS).bind(rows::list(hashes)?).fetch_all(conn).await?;
    Ok(found.into_iter().collect())
}

async fn keep(conn: &mut Connection, new: &NewStatement, hash: &str) -> Result<Submitted, Fault> {
    let repository = new.statement.repository.as_str();
    let kept = sqlx::query(sql::KEEP_STATEMENT)
        .bind(hash)
        .bind(repository)
        .bind(rows::verdict(new.statement.verdict))
        .bind(new.signed.statement.as_slice())
        .bind(new.signed.signature.as_slice())
        .bind(new.received_at.to_string())
        .bind(new.delivered_by.as_deref())
        .execute(&mut *conn)
        .await?;
    if kept.rows_affected() == 0 {
        return Ok(Submitted::Known);
    }
    for (ordinal, subject) in (0i64..).zip(&new.statement.subjects) {
        sqlx::query(sql::KEEP_SUBJECT)
            .bind(hash)
            .bind(ordinal)
            .bind(repository)
            .bind(subject.commit.map(|id| id.to_string()))
            .bind(subject.change.map(|digest| digest.to_string()))
            .bind(subject.paths.map(|digest| digest.to_string()))
            .bind(subject.statement.map(|hash| hash.to_string()))
            .execute(&mut *conn)
            .await?;
    }
    Ok(Submitted::Stored)
}

pub(super) async fn by_hash(
    conn: &mut Connection,
    hashes: &[StatementHash],
) -> Result<Vec<Signed>, Fault> {
    let found: Vec<SignedRow> =
        sqlx::query_as(sql::STATEMENTS_BY_HASH).bind(rows::list(hashes)?).fetch_all(conn).await?;
    Ok(found.into_iter().map(rows::signed).collect())
}

pub(super) async fn newest(
    conn: &mut Connection,
    repository: &RepositoryName,
    limit: usize,
) -> Result<Vec<Signed>, Fault> {
    let found: Vec<SignedRow> = sqlx::query_as(sql::NEWEST_STATEMENTS)
        .bind(repository.as_str())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(conn)
        .await?;
    Ok(found.into_iter().map(rows::signed).collect())
}

pub(super) async fn about(
    conn: &mut Connection,
    repository: &RepositoryName,
    wanted: &Wanted,
) -> Result<Vec<Signed>, Fault> {
    let found: Vec<SignedRow> = sqlx::query_as(sql::STATEMENTS_ABOUT)
        .bind(repository.as_str())
        .bind(rows::list(&wanted.commits)?)
        .bind(rows::list(&wanted.changes)?)
        .bind(rows::list(&wanted.paths)?)
        .bind(rows::list(&wanted.targets)?)
        .fetch_all(conn)
        .await?;
    Ok(found.into_iter().map(rows::signed).collect())
}
