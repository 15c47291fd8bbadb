//! Sightings, where the first row wins for ever, and the bytes of changes.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::memory;
use super::{Connection, Fault, Turn, turn, write};
use crate::domain::digest::change_digest_of_bytes;
use crate::domain::ids::{ChangeDigest, ObjectId};
use crate::domain::memory::Trace;
use crate::domain::sighting::Sighting;
use crate::store::rows::{self, SightingRow};
use crate::store::{Durability, sql};

/// Inserts what has no row and reads back every row, in the order given. What has one was
/// on disk before anybody could read it, so seeing nothing new takes no write lock.
pub(super) async fn see(
    conn: &mut Connection,
    sightings: &[Sighting],
    changes: &[(ChangeDigest, Vec<u8>)],
    traces: &[Trace],
) -> Result<Vec<Sighting>, Fault> {
    let commits = distinct(sightings);
    let mut rows = by_commit(conn, &commits).await?;
    let changes = unknown_changes(conn, changes).await?;
    let traces = memory::unknown(conn, traces).await?;
    if !changes.is_empty() || !traces.is_empty() || rows.len() < commits.len() {
        let mut tx = write(conn, Durability::Synced).await?;
        keep_changes(&mut tx, &changes).await?;
        let mut new: Vec<&Sighting> =
            sightings.iter().filter(|s| !rows.contains_key(&s.commit)).collect();
        // In one order for all: who waits for another's row holds none that the other waits for.
        new.sort_by_key(|s| s.commit);
        for sighting in new {
            keep(&mut tx, sighting).await?;
        }
        if !traces.is_empty() {
            turn(&mut tx, Turn::Traces).await?;
        }
        for trace in traces {
            memory::keep(&mut tx, trace).await?;
        }
        rows = by_commit(&mut tx, &commits).await?;
        tx.commit().await?;
    }
    commits
        .iter()
        .map(|commit| rows.remove(commit).ok_or_else(|| lost(commit)))
        .collect::<Result<_, _>>()
}

fn lost(commit: &ObjectId) -> Fault {
    Fault::Row(format!("the sighting of {commit} isn't there after it was written"))
}

/// Each commit once, in the order given.
fn distinct(sightings: &[Sighting]) -> Vec<ObjectId> {
    let mut seen = HashSet::new();
    sightings.iter().map(|s| s.commit).filter(|commit| seen.insert(*commit)).collect()
}

async fn by_commit(
    conn: &mut Connection,
    commits: &[ObjectId],
) -> Result<HashMap<ObjectId, Sighting>, Fault> {
    Ok(find(conn, commits, &[]).await?.into_iter().map(|s| (s.commit, s)).collect())
}

async fn keep(conn: &mut Connection, sighting: &Sighting) -> Result<(), Fault> {
    sqlx::query(sql::KEEP_SIGHTING)
        .bind(sighting.commit.to_string())
        .bind(sighting.repository.as_str())
        .bind(sighting.first_pusher.as_ref().map(|login| login.as_str()))
        .bind(sighting.at.to_string())
        .bind(sighting.change.map(|digest| digest.to_string()))
        .bind(sighting.paths.map(|digest| digest.to_string()))
        .bind(rows::contributors(sighting)?)
        .bind(sighting.evidence.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn find(
    conn: &mut Connection,
    commits: &[ObjectId],
    changes: &[ChangeDigest],
) -> Result<Vec<Sighting>, Fault> {
    let found: Vec<SightingRow> = sqlx::query_as(sql::SIGHTINGS)
        .bind(rows::list(commits)?)
        .bind(rows::list(changes)?)
        .fetch_all(conn)
        .await?;
    let found: Result<Vec<_>, _> = found.into_iter().map(rows::sighting).collect();
    Ok(rows::in_order(found?))
}

pub(super) async fn changes(
    conn: &mut Connection,
    digests: &[ChangeDigest],
) -> Result<Vec<(ChangeDigest, Vec<u8>)>, Fault> {
    let found: Vec<(String, Vec<u8>)> =
        sqlx::query_as(sql::CHANGES).bind(rows::list(digests)?).fetch_all(conn).await?;
    let found: Result<Vec<_>, _> = found
        .into_iter()
        .map(|(hex, bytes)| Ok::<_, Fault>((rows::change_digest(&hex)?, bytes)))
        .collect();
    found
}

/// Those that the store lacks, each once, in order. A row is never changed, so bytes that aren't the
/// digest's are refused here: they would stay for ever.
pub(super) async fn unknown_changes<'a>(
    conn: &mut Connection,
    changes: impl IntoIterator<Item = &'a (ChangeDigest, Vec<u8>)>,
) -> Result<Vec<(ChangeDigest, &'a [u8])>, Fault> {
    let mut given = BTreeMap::new();
    for (digest, bytes) in changes {
        if change_digest_of_bytes(bytes) != *digest {
            return Err(Fault::Row(format!("the bytes given for the change {digest} aren't its")));
        }
        given.insert(*digest, bytes.as_slice());
    }
    if given.is_empty() {
        return Ok(Vec::new());
    }
    let digests: Vec<ChangeDigest> = given.keys().copied().collect();
    let known: Vec<String> =
        sqlx::query_scalar(sql::KNOWN_CHANGES).bind(rows::list(&digests)?).fetch_all(conn).await?;
    for hex in &known {
        given.remove(&rows::change_digest(hex)?);
    }
    Ok(given.into_iter().collect())
}

pub(in crate::store) async fn keep_changes(
    conn: &mut Connection,
    changes: &[(ChangeDigest, &[u8])],
) -> Result<(), Fault> {
    for (digest, bytes) in changes {
        sqlx::query(sql::KEEP_CHANGE)
            .bind(digest.to_string())
            .bind(*bytes)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}
