//! What memory is asked and what it answers (G9), and what a landing takes out of it.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::decision::{Decision, Met, RefDecision};
use crate::domain::ids::{ChangeDigest, ObjectId, RefName, RepositoryName, StatementHash};
use crate::domain::memory::{Fingerprint, Source};

/// Commits of which memory keeps the same blob or run: more of them tell nothing more.
pub(super) const SHARED: i64 = 64;

/// What some commits make.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Commits by id: whether they were shown as AI-assisted themselves.
    pub commits: Vec<ObjectId>,
    /// Changes by digest.
    pub changes: Vec<ChangeDigest>,
    /// Blobs by id.
    pub blobs: Vec<ObjectId>,
    /// Runs of added lines.
    pub runs: Vec<Fingerprint>,
}

/// What memory has of it. Numbers are places in `commits`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recalled {
    /// What anything was learned from.
    pub commits: Vec<Source>,
    /// Those that were asked for themselves.
    pub itself: Vec<(ObjectId, usize)>,
    /// Who made which change.
    pub changes: Vec<(ChangeDigest, usize)>,
    /// Who made which blob.
    pub blobs: Vec<(ObjectId, usize)>,
    /// Who added which run, and in which file by the path's hash.
    pub runs: Vec<(Fingerprint, usize, i64)>,
}

/// What is kept of one commit, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The commit and who showed it; where it has landed stands in `landed` alone.
    pub commit: Source,
    /// What it does, where that has weight.
    pub change: Option<ChangeDigest>,
    /// How many of its files are kept.
    pub blobs: u64,
    /// How many runs of its lines are kept.
    pub runs: u64,
    /// Where it is no evidence any more: repository, rule and since when.
    pub landed: Vec<(RepositoryName, String, Timestamp)>,
}

/// How much memory holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MemoryStats {
    /// Commits that something was learned from.
    pub commits: u64,
    /// Those among them that memory itself told.
    pub echoes: u64,
    /// Files, by commit.
    pub blobs: u64,
    /// Runs of lines, by commit and file.
    pub runs: u64,
    /// Commits that have landed, by repository and rule.
    pub discharges: u64,
}

/// What a landing of one ref takes out of memory for one rule.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Discharged {
    pub(super) rule: String,
    /// What landed covered.
    pub(super) commits: Vec<ObjectId>,
    /// Sign-offs of net changes that were used: what they name has landed with it.
    pub(super) nets: BTreeSet<StatementHash>,
}

/// What a decision let in because it was covered, or its pusher exempt, by ref. A body that
/// this program can't read takes no weight away.
#[derive(Debug, Default)]
pub(super) struct Landed(HashMap<RefName, Vec<Discharged>>);

impl Landed {
    pub(super) fn of(body: &[u8]) -> Self {
        let Ok(decision) = serde_json::from_slice::<Decision>(body) else { return Self::default() };
        let refs = decision.refs.into_iter();
        Self(refs.map(|r| (r.name.clone(), discharged(&r))).collect())
    }

    pub(super) fn on(&self, name: &RefName) -> Option<&Vec<Discharged>> {
        self.0.get(name)
    }
}

fn discharged(r: &RefDecision) -> Vec<Discharged> {
    let mut all: Vec<Discharged> = Vec::new();
    for commit in &r.commits {
        for q in commit.requirements.iter().filter(|q| q.met != Met::No) {
            let nets = q.have.iter().filter(|h| h.net).map(|h| h.statement);
            match all.iter_mut().find(|d| d.rule == q.rule) {
                Some(known) => {
                    known.commits.push(commit.id);
                    known.nets.extend(nets);
                }
                None => all.push(Discharged {
                    rule: q.rule.clone(),
                    commits: vec![commit.id],
                    nets: nets.collect(),
                }),
            }
        }
    }
    all
}
