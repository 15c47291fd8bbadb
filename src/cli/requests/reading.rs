//! One request with everything that a senior needs, each part held against its id.

use std::collections::BTreeMap;

use super::Desk;
use crate::cli::error::CliError;
use crate::domain::change::{Change, Entry};
use crate::domain::decision::{CommitDecision, Decision, RefDecision, Requirement};
use crate::domain::digest::{change_digest, change_digest_of_bytes, paths_digest};
use crate::domain::escape::escape_short;
use crate::domain::ids::{ChangeDigest, ObjectId, PersonId};
use crate::domain::object::Commit;
use crate::domain::policy::Policy;
use crate::domain::request::{Request, Round};
use crate::domain::statement::{SignOff, Subject};
use crate::git::commit::parse_commit;
use crate::git::diff::{Contents, DiffText, diff_text};
use crate::git::{GitError, Kind, is_of};
use crate::hook::collect::TITLE;
use crate::store::Wanted;

/// A request as it is shown.
pub(in crate::cli) struct Reading {
    pub(in crate::cli) request: Request,
    pub(in crate::cli) rounds: Vec<Round>,
    pub(in crate::cli) policy: Policy,
    /// Commits that lack a sign-off, oldest first.
    pub(in crate::cli) parts: Vec<Part>,
    /// What people said of it, also since it was pushed last.
    pub(in crate::cli) said: Vec<SignOff>,
    files: BTreeMap<ObjectId, Vec<u8>>,
}

/// One commit of it.
pub(in crate::cli) struct Part {
    pub(in crate::cli) decided: CommitDecision,
    pub(in crate::cli) commit: Commit,
    /// `None` for a merge or an empty change.
    pub(in crate::cli) change: Option<Change>,
    /// What is other than in a commit that somebody signed.
    pub(in crate::cli) since: Option<Since>,
}

/// What changed since an earlier sign-off.
pub(in crate::cli) struct Since {
    pub(in crate::cli) person: PersonId,
    pub(in crate::cli) signed: ObjectId,
    /// From what they signed to what waits now.
    pub(in crate::cli) change: Change,
}

impl Part {
    pub(in crate::cli) fn is_merge(&self) -> bool {
        self.commit.parents.len() > 1
    }

    pub(in crate::cli) fn subject(&self) -> Subject {
        let title = escape_short(self.commit.subject(), TITLE);
        Subject {
            name: format!("{} {title}", self.commit.id.short()),
            commit: Some(self.commit.id),
            change: self.change.as_ref().and_then(change_digest),
            paths: self.change.as_ref().map(paths_digest),
            statement: None,
        }
    }
}

impl Reading {
    pub(super) async fn load(desk: &Desk, request: Request) -> Result<Self, CliError> {
        let store = &*desk.store;
        let decided = decided(desk, &request).await?;
        let policy = desk.policy(decided.0).await?;
        let rounds = store.rounds(&request.id).await?;
        let waiting: Vec<CommitDecision> = decided
            .1
            .commits
            .into_iter()
            .filter(|c| c.requirements.iter().any(Requirement::rejects))
            .collect();
        let ids: Vec<ObjectId> = waiting.iter().map(|c| c.id).collect();
        let raw: BTreeMap<ObjectId, Vec<u8>> =
            store.objects(&request.repository, &ids).await?.into_iter().collect();
        let digest = |id: ObjectId| {
            request.last.commits.iter().find(|a| a.commit == id).and_then(|a| a.change)
        };
        let mut changes = Changes::default();
        changes.read(desk, ids.iter().filter_map(|id| digest(*id)).collect()).await?;
        let mut parts = Vec::new();
        for decided in waiting {
            let id = decided.id;
            let commit = commit_of(id, raw.get(&id))?;
            let change = digest(id).map(|digest| changes.get(digest)).transpose()?;
            let since = since(desk, &decided, change.as_ref(), &mut changes).await?;
            parts.push(Part { decided, commit, change, since });
        }
        let wanted = Wanted {
            commits: ids,
            changes: parts.iter().filter_map(|p| p.subject().change).collect(),
            ..Wanted::default()
        };
        let said = desk.said(&request.repository, &wanted, &policy).await?;
        let mut reading = Self { request, rounds, policy, parts, said, files: BTreeMap::new() };
        reading.read_files(desk).await?;
        Ok(reading)
    }

    async fn read_files(&mut self, desk: &Desk) -> Result<(), CliError> {
        let of_part = |p: &Part| {
            let since = p.since.as_ref().map(|s| &s.change);
            p.change.iter().chain(since).flat_map(Change::blobs).collect::<Vec<_>>()
        };
        let mut ids: Vec<ObjectId> = self.parts.iter().flat_map(of_part).collect();
        ids.sort_unstable();
        ids.dedup();
        for (id, bytes) in desk.store.objects(&self.request.repository, &ids).await? {
            if !is_of(id, Kind::Blob, &bytes) {
                return Err(forged(&format!("file {}", id.short())));
            }
            self.files.insert(id, bytes);
        }
        Ok(())
    }

    /// The file's text, where the request has it.
    pub(in crate::cli) fn file(&self, id: ObjectId) -> Option<&[u8]> {
        self.files.get(&id).map(Vec::as_slice)
    }

    /// A change as `git diff` shows it, at most about `max` bytes.
    pub(in crate::cli) fn diff(&self, change: &Change, max: usize) -> Result<DiffText, CliError> {
        let contents = |id: ObjectId| -> Result<Contents, GitError> {
            if let Some(bytes) = self.files.get(&id) {
                return Ok(Contents::Bytes(bytes.clone()));
            }
            let mut left_out = self.rounds.iter().flat_map(|round| &round.left_out);
            let why = left_out.rfind(|l| l.id == id);
            Ok(Contents::Not(why.map_or_else(
                || "not kept with the request".to_owned(),
                |l| format!("{}, {} bytes", l.why.words(), l.bytes),
            )))
        };
        Ok(diff_text(change, max, &contents)?)
    }
}

/// The policy and what was decided about the request's ref when it was pushed last.
async fn decided(
    desk: &Desk,
    request: &Request,
) -> Result<(Option<crate::domain::ids::PolicyDigest>, RefDecision), CliError> {
    let missing = || {
        CliError::new(format!("the store has no decision {}", request.last.decision))
            .hint("decisions stand in the store of the server that judged the push")
    };
    let row = desk.store.decision(&request.last.decision).await?.ok_or_else(missing)?;
    let decision: Decision = serde_json::from_slice(&row.body)?;
    let of_ref = decision.refs.into_iter().find(|r| r.name == request.name);
    Ok((decision.policy, of_ref.ok_or_else(missing)?))
}

/// The commit that has this id, and no other.
fn commit_of(id: ObjectId, raw: Option<&Vec<u8>>) -> Result<Commit, CliError> {
    let Some(raw) = raw else {
        return Err(CliError::new(format!("commit {} is not kept any more", id.short()))
            .hint("push it again, or sign it in a clone"));
    };
    if !is_of(id, Kind::Commit, raw) {
        return Err(forged(&format!("commit {}", id.short())));
    }
    parse_commit(id, raw).map_err(|_| forged(&format!("commit {}", id.short())))
}

fn forged(what: &str) -> CliError {
    CliError::new(format!("what the store gave for {what} is something else"))
        .hint("do not sign from it; tell the server's admins")
}

/// Kept changes, hashed again.
#[derive(Default)]
struct Changes(BTreeMap<ChangeDigest, Change>);

impl Changes {
    async fn read(&mut self, desk: &Desk, digests: Vec<ChangeDigest>) -> Result<(), CliError> {
        for (digest, bytes) in desk.store.changes(&digests).await? {
            let change = Change::from_bytes(&bytes);
            match change.filter(|_| change_digest_of_bytes(&bytes) == digest) {
                Some(change) => drop(self.0.insert(digest, change)),
                None => return Err(forged(&format!("change {}", digest.short()))),
            }
        }
        Ok(())
    }

    fn get(&self, digest: ChangeDigest) -> Result<Change, CliError> {
        self.0.get(&digest).cloned().ok_or_else(|| {
            CliError::new(format!("the store does not have the change {}", digest.short()))
                .hint("push it again, or sign it in a clone")
        })
    }
}

/// What is other than in the commit of the first stale sign-off.
async fn since(
    desk: &Desk,
    decided: &CommitDecision,
    now: Option<&Change>,
    changes: &mut Changes,
) -> Result<Option<Since>, CliError> {
    let Some(now) = now else { return Ok(None) };
    let unusable = decided.requirements.iter().flat_map(|q| &q.unusable);
    let stale: Vec<_> =
        unusable.filter(|u| !u.correction).filter_map(|u| Some((u, u.names?))).collect();
    for (unusable, signed) in stale {
        let found = desk.store.statements(&[unusable.statement]).await?;
        let Some(bytes) = found.into_iter().next() else { continue };
        let Ok(statement) = crate::signature::parse(&bytes.statement, usize::MAX) else { continue };
        let subject = statement.subjects.iter().find(|sub| sub.commit == Some(signed));
        let Some(digest) = subject.and_then(|sub| sub.change) else { continue };
        changes.read(desk, vec![digest]).await?;
        let Ok(then) = changes.get(digest) else { continue };
        let change = between(&then, now);
        let person = unusable.person.clone();
        return Ok(Some(Since { person, signed, change }));
    }
    Ok(None)
}

/// From the files that one change makes to those of another.
fn between(then: &Change, now: &Change) -> Change {
    let mut paths: BTreeMap<_, Entry> = BTreeMap::new();
    for (change, is_now) in [(then, false), (now, true)] {
        for entry in change.entries() {
            let other = if is_now { then } else { now };
            let twin = other.entries().iter().find(|e| e.path == entry.path);
            // A path that the other leaves alone holds there what it held before.
            let there = twin.map_or(entry.old, |e| e.new);
            let (old, new) = if is_now { (there, entry.new) } else { (entry.new, there) };
            paths.insert(entry.path.clone(), Entry { path: entry.path.clone(), old, new });
        }
    }
    Change::new(now.format(), paths.into_values().collect())
}
