//! Rows as text and bytes, and back. What can't be read back is a fault of the store,
//! never a panic and never a guess.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::digest::row_hash;
use crate::domain::ids::{
    ChangeDigest, DecisionId, Login, ObjectId, PathsDigest, PolicyDigest, RefName, RepositoryName,
    RequestId, RowHash,
};
use crate::domain::request::{Request, Round};
use crate::domain::sighting::Sighting;
use crate::domain::statement::{Signed, Verdict};

use super::keeper::Token;
use super::{NewDecision, StoredDecision};

/// What the first decision names as the row before it.
const NOTHING_BEFORE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// `statement, signature`.
pub(super) type SignedRow = (Vec<u8>, Vec<u8>);

/// `commit_id, repository, first_pusher, seen_at, change_digest, paths_digest,
/// contributors, evidence`.
pub(super) type SightingRow =
    (String, String, Option<String>, String, Option<String>, Option<String>, String, String);

/// `seq, id, repository, policy, body, previous, hash`.
pub(super) type DecisionRow = (i64, String, String, Option<String>, Vec<u8>, String, String);

/// `name, repositories, created_at, revoked_at`.
pub(super) type TokenRow = (String, String, String, Option<String>);

/// `seq, id, repository, ref, pusher, body, landed_at, rounds, first second`.
pub(super) type RequestRow =
    (i64, String, String, Vec<u8>, Option<String>, String, Option<String>, i64, i64);

/// A row that can't be, in words.
#[derive(Debug)]
pub(super) struct Unreadable(pub(super) String);

fn unreadable(what: &str, value: &str) -> Unreadable {
    let value: String = value.chars().take(80).collect();
    Unreadable(format!("{what} reads {value:?}"))
}

/// A list of ids as the JSON array that `json_each` opens.
pub(super) fn list<T: Serialize>(ids: &[T]) -> Result<String, Unreadable> {
    serde_json::to_string(ids).map_err(|error| Unreadable(error.to_string()))
}

pub(super) fn signed((statement, signature): SignedRow) -> Signed {
    Signed { statement, signature }
}

pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approve",
        Verdict::Decline => "decline",
        Verdict::Revoke => "revoke",
        Verdict::Override => "override",
        Verdict::Correct => "correct",
    }
}

pub(super) fn object(hex: &str) -> Result<ObjectId, Unreadable> {
    ObjectId::from_hex(hex.as_bytes()).ok_or_else(|| unreadable("object id", hex))
}

pub(super) fn change_digest(hex: &str) -> Result<ChangeDigest, Unreadable> {
    ChangeDigest::from_hex(hex.as_bytes()).ok_or_else(|| unreadable("a change's digest", hex))
}

pub(super) fn time(text: &str) -> Result<Timestamp, Unreadable> {
    text.parse().map_err(|_| unreadable("a time", text))
}

/// What `sightings` keeps of one.
pub(super) fn contributors(sighting: &Sighting) -> Result<String, Unreadable> {
    serde_json::to_string(&sighting.contributors).map_err(|error| Unreadable(error.to_string()))
}

pub(super) fn sighting(row: SightingRow) -> Result<Sighting, Unreadable> {
    let (commit, repository, first_pusher, at, change, paths, contributors, evidence) = row;
    let paths = paths
        .map(|hex| {
            PathsDigest::from_hex(hex.as_bytes())
                .ok_or_else(|| unreadable("a sighting's digest of paths", &hex))
        })
        .transpose()?;
    Ok(Sighting {
        commit: ObjectId::from_hex(commit.as_bytes())
            .ok_or_else(|| unreadable("a sighting's commit", &commit))?,
        repository: RepositoryName::new(repository),
        first_pusher: first_pusher.map(Login::new),
        at: time(&at)?,
        change: change.as_deref().map(change_digest).transpose()?,
        paths,
        contributors: serde_json::from_str(&contributors)
            .map_err(|_| unreadable("a sighting's contributors", &contributors))?,
        evidence,
    })
}

pub(super) fn token(row: TokenRow) -> Result<Token, Unreadable> {
    let (name, repositories, created_at, revoked_at) = row;
    Ok(Token {
        name,
        repositories: serde_json::from_str(&repositories)
            .map_err(|_| unreadable("a token's repositories", &repositories))?,
        created_at: time(&created_at)?,
        revoked_at: revoked_at.as_deref().map(time).transpose()?,
    })
}

/// Sightings in the order that every store gives them in.
pub(super) fn in_order(mut sightings: Vec<Sighting>) -> Vec<Sighting> {
    sightings.sort_by_key(|s| (s.at, s.commit));
    sightings
}

fn row_hash_of(hex: &str) -> Result<RowHash, Unreadable> {
    RowHash::from_hex(hex.as_bytes()).ok_or_else(|| unreadable("a decision's hash", hex))
}

/// `previous` as the table keeps it.
pub(super) fn previous_text(previous: Option<&RowHash>) -> String {
    previous.map_or_else(|| NOTHING_BEFORE.to_owned(), RowHash::to_string)
}

/// The last row's hash, from what `LAST_HASH` gave.
pub(super) fn last_hash(hex: Option<&str>) -> Result<Option<RowHash>, Unreadable> {
    hex.map(row_hash_of).transpose()
}

/// The row that a decision becomes after `previous`.
pub(super) fn chained(decision: &NewDecision, previous: Option<RowHash>) -> StoredDecision {
    StoredDecision {
        id: decision.id.clone(),
        repository: decision.repository.clone(),
        policy: decision.policy,
        body: decision.body.clone(),
        hash: row_hash(previous.as_ref(), &decision.body),
        previous,
    }
}

/// With its sequence number.
pub(super) fn decision(row: DecisionRow) -> Result<(i64, StoredDecision), Unreadable> {
    let (seq, id, repository, policy, body, previous, hash) = row;
    let policy = policy
        .map(|hex| {
            PolicyDigest::from_hex(hex.as_bytes())
                .ok_or_else(|| unreadable("a decision's policy", &hex))
        })
        .transpose()?;
    let previous = (previous != NOTHING_BEFORE).then(|| row_hash_of(&previous)).transpose()?;
    let stored = StoredDecision {
        id: DecisionId::new(id),
        repository: RepositoryName::new(repository),
        policy,
        body,
        hash: row_hash_of(&hash)?,
        previous,
    };
    Ok((seq, stored))
}

/// Any value as JSON.
pub(super) fn text<T: Serialize>(value: &T) -> Result<String, Unreadable> {
    serde_json::to_string(value).map_err(|error| Unreadable(error.to_string()))
}

pub(super) fn round(body: &str) -> Result<Round, Unreadable> {
    serde_json::from_str(body).map_err(|_| unreadable("a request's round", body))
}

pub(super) fn request(row: RequestRow) -> Result<Request, Unreadable> {
    let (seq, id, repository, name, pusher, body, landed_at, rounds, first) = row;
    Ok(Request {
        seq,
        id: RequestId::new(id),
        repository: RepositoryName::new(repository),
        name: RefName::new(name),
        pusher: pusher.map(Login::new),
        opened_at: Timestamp::from_second(first)
            .map_err(|_| unreadable("a time", &first.to_string()))?,
        rounds: u64::try_from(rounds).unwrap_or(0),
        last: round(&body)?,
        landed_at: landed_at.as_deref().map(time).transpose()?,
    })
}
