//! Review requests: what a refused push leaves for those who sign. Its objects are gone as soon
//! as git has the answer.
//!
//! Whatever goes wrong here is for the log alone: the push is refused already, and for a reason
//! of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::collect::{Bench, StoreSource};
use super::log::{Place, chain};
use crate::domain::decision::{
    CommitDecision, Decision, Family, Finding, Outcome, RefDecision, Requirement,
};
use crate::domain::digest::{change_digest, request_id};
use crate::domain::ids::{ObjectId, PersonId, RefName, RequestId};
use crate::domain::request::{Asked, LeftOut, NewRequest, Round, Why};
use crate::git::{GitError, Kind, change};
use crate::settings::RequestSettings;
use crate::store::StoreError;

/// Commits of the largest request: all that one statement names.
const COMMITS: usize = 1_000;

/// Refs of a push for which requests are kept.
const REFS: usize = 16;

/// How long all of it may take. The pusher waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bytes of a file that are looked at for a zero byte, as git does.
const LOOKED_AT: usize = 8_000;

/// Why there is no request.
#[derive(Debug, thiserror::Error)]
enum RequestError {
    #[error("it has more than {COMMITS} AI-assisted commits")]
    TooMany,
    #[error("it took longer than {} s", PATIENCE.as_secs())]
    Late,
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The requests of a push, by ref.
pub(super) type Requests = BTreeMap<RefName, RequestId>;

/// Keeps a request for every ref for which sign-offs are missing.
pub(super) async fn keep(
    bench: &Bench<'_>,
    settings: &RequestSettings,
    decision: &Decision,
    place: &Place,
    source: &dyn StoreSource,
) -> Requests {
    let mut kept = Requests::new();
    let is_of_store = |f: &Finding| f.family == Family::StoreUnreachable;
    if decision.verdict == Outcome::Accept || decision.findings.iter().any(is_of_store) {
        return kept;
    }
    let deadline = tokio::time::Instant::now() + PATIENCE;
    for r in decision.refs.iter().filter(|r| r.commits.iter().any(waits)).take(REFS) {
        let keeping = keep_one(bench, settings, decision, r, source);
        let result = tokio::time::timeout_at(deadline, keeping).await;
        match result.unwrap_or(Err(RequestError::Late)) {
            Ok(id) => drop(kept.insert(r.name.clone(), id)),
            Err(e) => tracing::warn!(
                decision = decision.id.as_str(),
                repository = %decision.repository,
                folder = %place.git_dir.display(),
                cause = chain(&e),
                "no review request was kept"
            ),
        }
    }
    kept
}

fn waits(c: &CommitDecision) -> bool {
    c.requirements.iter().any(Requirement::rejects)
}

async fn keep_one(
    bench: &Bench<'_>,
    settings: &RequestSettings,
    decision: &Decision,
    r: &RefDecision,
    source: &dyn StoreSource,
) -> Result<RequestId, RequestError> {
    let (repo, limits) = (bench.repo, bench.limits);
    let assisted: Vec<_> = r.commits.iter().filter(|c| !c.requirements.is_empty()).collect();
    if assisted.len() > COMMITS {
        return Err(RequestError::TooMany);
    }
    let mut commits = Vec::new();
    let (mut files, mut paths) = (Vec::new(), BTreeSet::new());
    for c in &assisted {
        let change = change::known(repo, c.id, limits);
        commits.push(Asked { commit: c.id, change: change.as_ref().and_then(change_digest) });
        if waits(c) {
            files.extend(change.iter().flat_map(|change| change.blobs()));
            let entries = change.iter().flat_map(|change| change.entries());
            paths.extend(entries.map(|entry| entry.path.clone()));
        }
    }
    let waiting: Vec<ObjectId> = assisted.iter().filter(|c| waits(c)).map(|c| c.id).collect();
    let store = source.store().await?;
    let all: Vec<ObjectId> = waiting.iter().chain(&files).copied().collect();
    let has = store.has_objects(&bench.repository, &all).await?;
    let has: BTreeSet<ObjectId> = has.into_iter().collect();
    let mut objects = Vec::new();
    for id in waiting.iter().filter(|id| !has.contains(id)) {
        objects.push((*id, repo.raw_of(*id, Kind::Commit, limits.commit_bytes)?));
    }
    let mut shelf = Shelf { settings, left: settings.request_bytes, left_out: Vec::new() };
    let mut seen = BTreeSet::new();
    for id in files.into_iter().filter(|id| seen.insert(*id)) {
        objects.extend(shelf.take(bench, id, has.contains(&id)).map(|bytes| (id, bytes)));
    }
    let round = Round {
        at: decision.at,
        decision: decision.id.clone(),
        old: r.old,
        tip: r.new,
        commits,
        left_out: shelf.left_out,
        title: assisted.iter().find(|c| waits(c)).map_or_else(String::new, |c| c.subject.clone()),
        waiting: waiting.len(),
        files: paths.len(),
        can_sign: can_sign(&assisted),
    };
    let pusher = bench.pusher.clone();
    let id = request_id(&bench.repository, &r.name, pusher.as_ref(), &round.commits);
    let (repository, name) = (bench.repository.clone(), r.name.clone());
    let new = NewRequest { id: id.clone(), repository, name, pusher, round, objects };
    let answer = store.keep_request(&new).await?;
    tracing::info!(request = id.as_str(), decision = decision.id.as_str(), ?answer, "request");
    Ok(id)
}

/// Who could sign any of what is missing.
fn can_sign(assisted: &[&CommitDecision]) -> Vec<PersonId> {
    let missing = assisted.iter().flat_map(|c| &c.requirements).filter(|q| q.rejects());
    let people: BTreeSet<_> = missing.flat_map(|q| &q.can_sign).collect();
    people.into_iter().cloned().collect()
}

/// What of the files is kept.
struct Shelf<'a> {
    settings: &'a RequestSettings,
    /// Bytes that there is still room for.
    left: usize,
    left_out: Vec<LeftOut>,
}

impl Shelf<'_> {
    /// A file's bytes, where they are to be sent.
    fn take(&mut self, bench: &Bench<'_>, id: ObjectId, is_kept: bool) -> Option<Vec<u8>> {
        let Ok((Kind::Blob, size)) = bench.repo.header(id) else {
            return self.leave_out(id, 0, Why::Absent);
        };
        if size > self.settings.file_bytes {
            return self.leave_out(id, size, Why::Large);
        }
        let Some(left) = self.left.checked_sub(size) else {
            return self.leave_out(id, size, Why::Full);
        };
        if is_kept {
            self.left = left;
            return None;
        }
        let Ok(bytes) = bench.repo.raw_of(id, Kind::Blob, size) else {
            return self.leave_out(id, size, Why::Absent);
        };
        if bytes.iter().take(LOOKED_AT).any(|byte| *byte == 0) {
            return self.leave_out(id, size, Why::Binary);
        }
        self.left = left;
        Some(bytes)
    }

    fn leave_out(&mut self, id: ObjectId, bytes: usize, why: Why) -> Option<Vec<u8>> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.left_out.push(LeftOut { id, bytes, why });
        None
    }
}
