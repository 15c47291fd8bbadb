//! Traces of AI-assisted commits, and what has landed of them (G9).

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;

use super::sightings;
use super::{Connection, Fault};
use crate::domain::ids::{DecisionId, Login, ObjectId, RepositoryName};
use crate::domain::memory::{Fingerprint, Source, Trace};
use crate::domain::sighting::Sighting;
use crate::store::memory::{Asked, Discharged, Kept, MemoryStats, Recalled, SHARED};
use crate::store::{rows, sql};

/// `seq, commit_id, repository, first_pusher, seen_at, evidence, decision, lines, echo`.
type TraceRow = (i64, String, String, Option<String>, String, String, String, i64, i64);

pub(super) async fn has_any(conn: &mut Connection) -> Result<bool, Fault> {
    let any: Option<String> = sqlx::query_scalar(sql::ANY_SIGHTING).fetch_optional(conn).await?;
    Ok(any.is_some())
}

/// Those of which nothing is kept yet, each once.
pub(super) async fn unknown<'a>(
    conn: &mut Connection,
    traces: &'a [Trace],
) -> Result<Vec<&'a Trace>, Fault> {
    if traces.is_empty() {
        return Ok(Vec::new());
    }
    let commits: Vec<ObjectId> = traces.iter().map(|t| t.commit).collect();
    let known: Vec<String> =
        sqlx::query_scalar(sql::KNOWN_TRACES).bind(rows::list(&commits)?).fetch_all(conn).await?;
    let mut known = known.iter().map(|hex| rows::object(hex)).collect::<Result<HashSet<_>, _>>()?;
    Ok(traces.iter().filter(|t| known.insert(t.commit)).collect())
}

pub(super) async fn keep(conn: &mut Connection, trace: &Trace) -> Result<(), Fault> {
    let lines = i64::try_from(trace.lines).unwrap_or(i64::MAX);
    let seq: Option<i64> = sqlx::query_scalar(sql::KEEP_TRACE)
        .bind(trace.commit.to_string())
        .bind(trace.decision.as_str())
        .bind(trace.change.map(|digest| digest.to_string()))
        .bind(lines)
        .bind(i64::from(trace.echo))
        .fetch_optional(&mut *conn)
        .await?;
    // Somebody else was first, in this very moment.
    let Some(seq) = seq else { return Ok(()) };
    let blobs: Vec<&ObjectId> = trace.blobs.iter().collect();
    sqlx::query(sql::KEEP_TRACE_BLOBS)
        .bind(rows::list(&blobs)?)
        .bind(seq)
        .bind(SHARED)
        .execute(&mut *conn)
        .await?;
    let runs: Vec<String> =
        trace.runs.iter().map(|(run, file)| format!("{:+020}{file:+020}", run.0)).collect();
    sqlx::query(sql::KEEP_TRACE_RUNS)
        .bind(rows::list(&runs)?)
        .bind(seq)
        .bind(SHARED)
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn recall(
    conn: &mut Connection,
    repository: &RepositoryName,
    asked: &Asked,
) -> Result<Recalled, Fault> {
    let itself: Vec<(String, Option<i64>)> = sqlx::query_as(sql::SIGHTED)
        .bind(rows::list(&asked.commits)?)
        .fetch_all(&mut *conn)
        .await?;
    let changes: Vec<(String, i64)> = sqlx::query_as(sql::TRACES_BY_CHANGE)
        .bind(rows::list(&asked.changes)?)
        .fetch_all(&mut *conn)
        .await?;
    let blobs: Vec<(String, i64)> = sqlx::query_as(sql::TRACES_BY_BLOB)
        .bind(rows::list(&asked.blobs)?)
        .fetch_all(&mut *conn)
        .await?;
    let runs: Vec<(i64, i64, i64)> = sqlx::query_as(sql::TRACES_BY_RUN)
        .bind(rows::list(&asked.runs)?)
        .fetch_all(&mut *conn)
        .await?;
    let of_changes = changes.iter().map(|(_, seq)| *seq);
    let of_blobs = blobs.iter().map(|(_, seq)| *seq);
    let of_runs = runs.iter().map(|(_, seq, _)| *seq);
    let of_itself = itself.iter().filter_map(|(_, seq)| *seq);
    let wanted = of_changes.chain(of_blobs).chain(of_runs).chain(of_itself).collect();
    let mut recalled = Recalled::default();
    let places = commits(conn, wanted, &mut recalled).await?;
    let place = |seq: &i64| {
        let missing = || Fault::Row(format!("memory has no commit {seq}, which it points to"));
        places.get(seq).copied().ok_or_else(missing)
    };
    for (hex, seq) in &changes {
        recalled.changes.push((rows::change_digest(hex)?, place(seq)?));
    }
    for (hex, seq) in &blobs {
        recalled.blobs.push((rows::object(hex)?, place(seq)?));
    }
    for (run, seq, file) in &runs {
        recalled.runs.push((Fingerprint(*run), place(seq)?, *file));
    }
    let mut bare = Vec::new();
    for (hex, seq) in &itself {
        match seq {
            Some(seq) => recalled.itself.push((rows::object(hex)?, place(seq)?)),
            None => bare.push(rows::object(hex)?),
        }
    }
    for row in sightings::find(conn, &bare, &[]).await? {
        recalled.itself.push((row.commit, recalled.commits.len()));
        recalled.commits.push(bare_source(row));
    }
    landed(conn, repository, &mut recalled).await?;
    Ok(recalled)
}

/// Reads the commits with these numbers, oldest first, and tells their places.
async fn commits(
    conn: &mut Connection,
    wanted: BTreeSet<i64>,
    recalled: &mut Recalled,
) -> Result<HashMap<i64, usize>, Fault> {
    let mut places = HashMap::new();
    if wanted.is_empty() {
        return Ok(places);
    }
    let wanted: Vec<i64> = wanted.into_iter().collect();
    let found: Vec<TraceRow> =
        sqlx::query_as(sql::TRACES).bind(rows::list(&wanted)?).fetch_all(conn).await?;
    for row in found {
        places.insert(row.0, recalled.commits.len());
        recalled.commits.push(remembered(row)?);
    }
    Ok(places)
}

/// Marks what has landed in a repository.
async fn landed(
    conn: &mut Connection,
    repository: &RepositoryName,
    recalled: &mut Recalled,
) -> Result<(), Fault> {
    if recalled.commits.is_empty() {
        return Ok(());
    }
    let commits: Vec<ObjectId> = recalled.commits.iter().map(|c| c.commit).collect();
    let landed: Vec<(String, String)> = sqlx::query_as(sql::DISCHARGES)
        .bind(rows::list(&commits)?)
        .bind(repository.as_str())
        .fetch_all(conn)
        .await?;
    let mut rules: HashMap<ObjectId, BTreeSet<String>> = HashMap::new();
    for (hex, rule) in landed {
        rules.entry(rows::object(&hex)?).or_default().insert(rule);
    }
    for commit in &mut recalled.commits {
        commit.landed_for = rules.get(&commit.commit).cloned().unwrap_or_default();
    }
    Ok(())
}

pub(super) async fn discharge(
    conn: &mut Connection,
    repository: &RepositoryName,
    discharged: &Discharged,
    at: Timestamp,
) -> Result<(), Fault> {
    for commit in &discharged.commits {
        sqlx::query(sql::DISCHARGE)
            .bind(repository.as_str())
            .bind(&discharged.rule)
            .bind(commit.to_string())
            .bind(at.to_string())
            .execute(&mut *conn)
            .await?;
    }
    for statement in &discharged.nets {
        sqlx::query(sql::DISCHARGE_NAMED)
            .bind(repository.as_str())
            .bind(&discharged.rule)
            .bind(statement.to_string())
            .bind(at.to_string())
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// What `TRACES_BY_PREFIX` gives: a [`TraceRow`], `change_digest`, and counts.
type KeptRow = (
    i64,
    String,
    String,
    Option<String>,
    String,
    String,
    String,
    i64,
    i64,
    Option<String>,
    i64,
    i64,
);

pub(super) async fn kept(
    conn: &mut Connection,
    prefix: &str,
    limit: usize,
) -> Result<Vec<Kept>, Fault> {
    let found: Vec<KeptRow> = sqlx::query_as(sql::TRACES_BY_PREFIX)
        .bind(prefix)
        .bind(format!("{prefix}~"))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(&mut *conn)
        .await?;
    let mut all = Vec::new();
    for row in found {
        let (seq, commit, repository, pusher, at, evidence, decision, lines, echo, change, ..) =
            &row;
        let row_of = (
            *seq,
            commit.clone(),
            repository.clone(),
            pusher.clone(),
            at.clone(),
            evidence.clone(),
            decision.clone(),
            *lines,
            *echo,
        );
        let landed: Vec<(String, String, String)> =
            sqlx::query_as(sql::DISCHARGES_OF).bind(commit).fetch_all(&mut *conn).await?;
        let landed = landed.into_iter().map(|(repository, rule, at)| {
            Ok::<_, Fault>((RepositoryName::new(repository), rule, rows::time(&at)?))
        });
        all.push(Kept {
            commit: remembered(row_of)?,
            change: change.as_deref().map(rows::change_digest).transpose()?,
            blobs: row.10.try_into().unwrap_or(0),
            runs: row.11.try_into().unwrap_or(0),
            landed: landed.collect::<Result<_, _>>()?,
        });
    }
    Ok(all)
}

pub(super) async fn shown_in(
    conn: &mut Connection,
    decision: &DecisionId,
    limit: usize,
) -> Result<Vec<ObjectId>, Fault> {
    let found: Vec<String> = sqlx::query_scalar(sql::TRACES_BY_DECISION)
        .bind(decision.as_str())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(conn)
        .await?;
    Ok(found.iter().map(|hex| rows::object(hex)).collect::<Result<_, _>>()?)
}

pub(super) async fn stats(conn: &mut Connection) -> Result<MemoryStats, Fault> {
    let row: (i64, i64, i64, i64, i64) = sqlx::query_as(sql::MEMORY_STATS).fetch_one(conn).await?;
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    Ok(MemoryStats {
        commits: count(row.0),
        echoes: count(row.1),
        blobs: count(row.2),
        runs: count(row.3),
        discharges: count(row.4),
    })
}

fn remembered(row: TraceRow) -> Result<Source, Fault> {
    let (_, commit, repository, first_pusher, at, evidence, decision, lines, echo) = row;
    Ok(Source {
        commit: rows::object(&commit)?,
        repository: RepositoryName::new(repository),
        first_pusher: first_pusher.map(Login::new),
        at: rows::time(&at)?,
        evidence,
        decision: DecisionId::new(decision),
        lines: usize::try_from(lines).unwrap_or(0),
        echo: echo != 0,
        landed_for: BTreeSet::new(),
    })
}

/// What is known of a commit of which only a row is kept.
fn bare_source(row: Sighting) -> Source {
    Source {
        commit: row.commit,
        repository: row.repository,
        first_pusher: row.first_pusher,
        at: row.at,
        evidence: row.evidence,
        decision: DecisionId::new(String::new()),
        lines: 0,
        echo: false,
        landed_for: BTreeSet::new(),
    }
}
