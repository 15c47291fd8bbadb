//! The chain of decisions, what landed, what a published log lacks, and the policies.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{Connection, Fault, Turn, memory, requests, turn, write};
use crate::domain::digest::policy_digest;
use crate::domain::ids::{DecisionId, PolicyDigest, RefName, RepositoryName};
use crate::store::memory::Landed;
use crate::store::rows::{self, DecisionRow};
use crate::store::{Durability, NewDecision, Position, StoredDecision, Unpublished, Update, sql};

pub(super) async fn keep_policy(
    conn: &mut Connection,
    digest: &PolicyDigest,
    bytes: &[u8],
) -> Result<(), Fault> {
    if policy(conn, digest).await?.is_some() {
        return Ok(());
    }
    if policy_digest(bytes) != *digest {
        return Err(Fault::Row(format!("the bytes given for the policy {digest} aren't its")));
    }
    // A decision that names it follows in the same log: synced, it takes this row with it.
    let mut tx = write(conn, Durability::Buffered).await?;
    sqlx::query(sql::KEEP_POLICY).bind(digest.to_string()).bind(bytes).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(())
}

pub(super) async fn policy(
    conn: &mut Connection,
    digest: &PolicyDigest,
) -> Result<Option<Vec<u8>>, Fault> {
    Ok(sqlx::query_scalar(sql::POLICY).bind(digest.to_string()).fetch_optional(conn).await?)
}

/// Reads the last row and adds the next under one write lock.
pub(super) async fn append(
    conn: &mut Connection,
    decision: &NewDecision,
    durability: Durability,
) -> Result<StoredDecision, Fault> {
    let mut tx = write(conn, durability).await?;
    turn(&mut tx, Turn::Decisions).await?;
    let last: Option<String> = sqlx::query_scalar(sql::LAST_HASH).fetch_optional(&mut *tx).await?;
    let stored = rows::chained(decision, rows::last_hash(last.as_deref())?);
    sqlx::query(sql::APPEND_DECISION)
        .bind(stored.id.as_str())
        .bind(stored.repository.as_str())
        .bind(decision.at.to_string())
        .bind(i64::from(decision.accepted))
        .bind(stored.policy.map(|digest| digest.to_string()))
        .bind(stored.body.as_slice())
        .bind(rows::previous_text(stored.previous.as_ref()))
        .bind(stored.hash.to_string())
        .execute(&mut *tx)
        .await?;
    for update in &decision.updates {
        sqlx::query(sql::APPEND_UPDATE)
            .bind(stored.id.as_str())
            .bind(update.name.as_bytes())
            .bind(update.old.to_string())
            .bind(update.new.to_string())
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(stored)
}

pub(super) async fn by_id(
    conn: &mut Connection,
    id: &DecisionId,
) -> Result<Option<StoredDecision>, Fault> {
    let row: Option<DecisionRow> =
        sqlx::query_as(sql::DECISION).bind(id.as_str()).fetch_optional(conn).await?;
    let row = row.map(rows::decision).transpose()?;
    Ok(row.map(|(_, stored)| stored))
}

pub(super) async fn after(
    conn: &mut Connection,
    after: i64,
    limit: usize,
) -> Result<Vec<(i64, StoredDecision)>, Fault> {
    let found: Vec<DecisionRow> =
        sqlx::query_as(sql::DECISIONS_AFTER).bind(after).bind(count(limit)).fetch_all(conn).await?;
    Ok(found.into_iter().map(rows::decision).collect::<Result<_, _>>()?)
}

/// Durable: whatever is published after it, the decisions before it included, is on disk.
pub(super) async fn land(
    conn: &mut Connection,
    repository: &RepositoryName,
    updates: &[Update],
    at: Timestamp,
) -> Result<Vec<DecisionId>, Fault> {
    let mut landed: Vec<DecisionId> = Vec::new();
    let mut new: Vec<(DecisionId, &Update)> = Vec::new();
    for update in updates {
        let judged: Option<(String, i64)> = sqlx::query_as(sql::JUDGED)
            .bind(repository.as_str())
            .bind(update.name.as_bytes())
            .bind(update.old.to_string())
            .bind(update.new.to_string())
            .fetch_optional(&mut *conn)
            .await?;
        let Some((id, recorded)) = judged else { continue };
        let id = DecisionId::new(id);
        if recorded == 0 {
            new.push((id.clone(), update));
        }
        if !landed.contains(&id) {
            landed.push(id);
        }
    }
    if new.is_empty() {
        return Ok(landed);
    }
    let mut tx = write(conn, Durability::Synced).await?;
    turn(&mut tx, Turn::Landings).await?;
    let mut bodies: HashMap<DecisionId, Landed> = HashMap::new();
    for (id, update) in new {
        sqlx::query(sql::LAND)
            .bind(id.as_str())
            .bind(update.name.as_bytes())
            .bind(repository.as_str())
            .bind(at.to_string())
            .execute(&mut *tx)
            .await?;
        if !bodies.contains_key(&id) {
            let body = by_id(&mut tx, &id).await?.map(|d| d.body).unwrap_or_default();
            bodies.insert(id.clone(), Landed::of(&body));
        }
        for discharged in bodies.get(&id).and_then(|l| l.on(&update.name)).into_iter().flatten() {
            memory::discharge(&mut tx, repository, discharged, at).await?;
        }
        if let Some(landed) = bodies.get(&id).and_then(|l| l.on(&update.name)) {
            requests::close_landed(&mut tx, repository, &update.name, landed, at).await?;
        }
    }
    tx.commit().await?;
    Ok(landed)
}

pub(super) async fn not_landed(
    conn: &mut Connection,
    repository: &RepositoryName,
    among: usize,
) -> Result<Vec<Update>, Fault> {
    let found: Vec<(Vec<u8>, String, String)> = sqlx::query_as(sql::NOT_LANDED)
        .bind(repository.as_str())
        .bind(count(among))
        .fetch_all(conn)
        .await?;
    let update = |(name, old, new): (Vec<u8>, String, String)| {
        let (old, new) = (rows::object(&old)?, rows::object(&new)?);
        Ok(Update { name: RefName::new(name), old, new })
    };
    found.into_iter().map(update).collect()
}

pub(super) async fn unpublished(
    conn: &mut Connection,
    repository: &RepositoryName,
    since: Position,
    limit: usize,
) -> Result<Unpublished, Fault> {
    let statements: Vec<(i64, Vec<u8>, Vec<u8>)> = sqlx::query_as(sql::UNPUBLISHED_STATEMENTS)
        .bind(repository.as_str())
        .bind(since.statements)
        .bind(count(limit))
        .fetch_all(&mut *conn)
        .await?;
    let decisions: Vec<DecisionRow> = sqlx::query_as(sql::UNPUBLISHED_DECISIONS)
        .bind(repository.as_str())
        .bind(since.landings)
        .bind(count(limit))
        .fetch_all(conn)
        .await?;
    let mut lacking = Unpublished { position: since, ..Unpublished::default() };
    for (seq, statement, signature) in statements {
        lacking.position.statements = seq;
        lacking.statements.push(rows::signed((statement, signature)));
    }
    for row in decisions {
        let (seq, stored) = rows::decision(row)?;
        lacking.position.landings = seq;
        lacking.decisions.push(stored);
    }
    Ok(lacking)
}

/// A number as databases take it.
pub(super) fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
