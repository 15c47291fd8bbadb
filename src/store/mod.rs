//! The sign-off store: the only place that names SQL.
//!
//! Append-only: statements and decisions are never updated or deleted. The store is not
//! trusted: whoever decides verifies whatever it returns (G15).
//!
//! [`open_store`] is the one way in. The questions stand in `sql` alone, in a form that
//! every database runs; `sqlite` is the file on this machine, `postgres` a database for many,
//! `snapshot` what a clone knows.

pub mod chain;
mod fault;
pub mod http;
pub mod keeper;
mod location;
pub mod memory;
pub mod postgres;
pub mod request;
mod rows;
pub mod session;
pub mod snapshot;
mod sql;
pub mod sqlite;
pub mod wire;

#[cfg(test)]
pub(crate) mod contract;

pub use location::{Location, open_existing_store, open_keeper, open_store};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::ids::{
    ChangeDigest, DecisionId, ObjectId, PathsDigest, PolicyDigest, RefName, RepositoryName,
    RequestId, RowHash, StatementHash,
};
use crate::domain::memory::Trace;
use crate::domain::request::{NewRequest, Request, Requested, Round};
use crate::domain::sighting::Sighting;
use crate::domain::statement::{Signed, Statement};
use memory::{Asked, Kept, MemoryStats, Recalled};
use request::RequestQuery;

/// Why the store gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It can't be reached, opened or locked in time, or its disk is full.
    #[error("the sign-off store is unreachable: {0}")]
    Unreachable(String),
    /// It is a server, and who asks is nobody that it knows.
    #[error("who asks is nobody: {0}")]
    NoLogin(String),
    /// It was written by a newer Countersign.
    #[error("the store's schema is version {found}, this program knows {known}")]
    NewerSchema {
        /// The store's.
        found: i64,
        /// This program's.
        known: i64,
    },
    /// It lacks what a repository has published: an older copy, or made anew.
    #[error("the sign-off store lacks the statement {0}, which this repository has published")]
    Behind(StatementHash),
    /// What it returned can't be.
    #[error("the sign-off store is damaged: {0}")]
    Damaged(String),
}

/// A verified statement on its way into the store.
#[derive(Debug, Clone)]
pub struct NewStatement {
    /// The exact bytes.
    pub signed: Signed,
    /// What they say, for the index.
    pub statement: Statement,
    /// [`crate::domain::change::Change::to_bytes`] of subjects, where known.
    pub changes: Vec<(ChangeDigest, Vec<u8>)>,
    /// When.
    pub received_at: Timestamp,
    /// Who handed it in; not who signed.
    pub delivered_by: Option<String>,
}

/// What became of a delivery (G24).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Submitted {
    /// It is new.
    Stored,
    /// The store had it.
    Known,
}

/// What a statement may be about.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Commits by id.
    pub commits: Vec<ObjectId>,
    /// Changes by digest.
    pub changes: Vec<ChangeDigest>,
    /// Sets of paths, to find candidates for replay.
    pub paths: Vec<PathsDigest>,
    /// Statements by hash, kept or not: what revokes them.
    pub targets: Vec<StatementHash>,
}

impl Wanted {
    fn is_empty(&self) -> bool {
        let Self { commits, changes, paths, targets } = self;
        commits.is_empty() && changes.is_empty() && paths.is_empty() && targets.is_empty()
    }
}

/// A decision on its way into the log.
#[derive(Debug, Clone)]
pub struct NewDecision {
    /// Its id.
    pub id: DecisionId,
    /// Where.
    pub repository: RepositoryName,
    /// When.
    pub at: Timestamp,
    /// Whether the push was accepted.
    pub accepted: bool,
    /// Under which policy.
    pub policy: Option<PolicyDigest>,
    /// The decision as JSON, the exact bytes that are chained.
    pub body: Vec<u8>,
    /// The ref updates that were judged.
    pub updates: Vec<Update>,
}

/// One ref update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The ref.
    pub name: RefName,
    /// Its value before; zero for a create.
    pub old: ObjectId,
    /// Its value after; zero for a delete.
    pub new: ObjectId,
}

/// A decision as the log keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDecision {
    /// Its id.
    pub id: DecisionId,
    /// Where.
    pub repository: RepositoryName,
    /// Under which policy.
    pub policy: Option<PolicyDigest>,
    /// The exact bytes.
    pub body: Vec<u8>,
    /// [`crate::domain::digest::row_hash`] of the row before and `body`.
    pub hash: RowHash,
    /// The hash of the row before; `None` for the first.
    pub previous: Option<RowHash>,
}

/// How far a repository's published log has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Sequence number of the last published statement.
    pub statements: i64,
    /// Sequence number of the last published landing.
    pub landings: i64,
}

/// What a published log lacks.
#[derive(Debug, Clone, Default)]
pub struct Unpublished {
    /// In the order in which they came.
    pub statements: Vec<Signed>,
    /// Decisions whose push landed, each once.
    pub decisions: Vec<StoredDecision>,
    /// Where the log stands once these are in it.
    pub position: Position,
}

/// Whether a write waits for the disk (G18).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// `synchronous = FULL`: on disk before the call returns.
    Synced,
    /// In the write-ahead log; a power cut may lose it, a crash of the program does not.
    Buffered,
}

/// What the gate and the tools ask of a store.
#[async_trait]
pub trait Store: Send + Sync {
    /// Keeps statements with their changes, all or none, on disk before it returns; one
    /// answer each, in the order given (the second of two equal ones is known). Bytes that
    /// aren't the change they are given for are [`StoreError::Damaged`].
    async fn submit(&self, statements: &[NewStatement]) -> Result<Vec<Submitted>, StoreError>;

    /// The statements with these hashes, each once, in the order in which they came, absent
    /// ones left out.
    async fn statements(&self, hashes: &[StatementHash]) -> Result<Vec<Signed>, StoreError>;

    /// In one bulk question: every statement of the repository with a subject that is
    /// wanted, and every statement of it whose subject is one of those or one of the wanted
    /// targets (revocations). Each once, in the order in which they came.
    async fn statements_about(
        &self,
        repository: &RepositoryName,
        wanted: &Wanted,
    ) -> Result<Vec<Signed>, StoreError>;

    /// The newest statements of a repository, newest first: to tell a pusher that something
    /// close to their commit was signed, never to cover one.
    async fn newest_statements(
        &self,
        repository: &RepositoryName,
        limit: usize,
    ) -> Result<Vec<Signed>, StoreError>;

    /// Inserts a row for each commit that has none, with the changes' bytes, in one
    /// durable transaction, and reads back the row of every commit given: each once, in the
    /// order given. The first row wins for ever, whatever repository or pusher comes later.
    /// Where nothing is new, nothing is written. Bytes as for [`Store::submit`]. Of commits
    /// with a row memory keeps what it is given, the first time it is given any (G9).
    async fn see(
        &self,
        sightings: &[Sighting],
        changes: &[(ChangeDigest, Vec<u8>)],
        traces: &[Trace],
    ) -> Result<Vec<Sighting>, StoreError>;

    /// Whether memory holds anything at all.
    async fn has_memory(&self) -> Result<bool, StoreError>;

    /// What memory has of any of these, and for which rules of the repository it has
    /// landed; commits the oldest first. Of what very many commits share, some.
    async fn recall(
        &self,
        repository: &RepositoryName,
        asked: &Asked,
    ) -> Result<Recalled, StoreError>;

    /// The rows of these commits, and of every commit with one of these changes, of any
    /// repository; each once, the oldest first.
    async fn sightings(
        &self,
        commits: &[ObjectId],
        changes: &[ChangeDigest],
    ) -> Result<Vec<Sighting>, StoreError>;

    /// What memory keeps of the commits whose ids begin so, oldest first, at most `limit`.
    async fn traces(&self, prefix: &str, limit: usize) -> Result<Vec<Kept>, StoreError>;

    /// The commits of which memory learned in one push, at most `limit`; a push to ungated
    /// refs leaves no decision.
    async fn shown_in(
        &self,
        decision: &DecisionId,
        limit: usize,
    ) -> Result<Vec<ObjectId>, StoreError>;

    /// How much memory holds.
    async fn memory_stats(&self) -> Result<MemoryStats, StoreError>;

    /// The kept bytes of these changes, absent ones left out. The caller hashes them again.
    async fn changes(
        &self,
        digests: &[ChangeDigest],
    ) -> Result<Vec<(ChangeDigest, Vec<u8>)>, StoreError>;

    /// Keeps a policy that judges something; nothing to do where it is kept already. Call it
    /// before [`Store::append`]: a synced decision takes the policy to the disk with it.
    async fn keep_policy(&self, digest: &PolicyDigest, bytes: &[u8]) -> Result<(), StoreError>;

    /// A kept policy.
    async fn policy(&self, digest: &PolicyDigest) -> Result<Option<Vec<u8>>, StoreError>;

    /// Appends a decision to the chain. The chain covers the body alone: what the other
    /// fields say has to stand in it. An id that is taken is [`StoreError::Damaged`].
    async fn append(
        &self,
        decision: &NewDecision,
        durability: Durability,
    ) -> Result<StoredDecision, StoreError>;

    /// Decisions of all repositories in the chain's order, each with its sequence number,
    /// those after `after` (0: from the first), at most `limit`.
    async fn decisions(
        &self,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, StoredDecision)>, StoreError>;

    /// A decision by its id.
    async fn decision(&self, id: &DecisionId) -> Result<Option<StoredDecision>, StoreError>;

    /// Records that these updates landed, each under the newest accepted decision of the
    /// repository that judged exactly it; updates that no decision judged are passed over.
    /// Gives the ids of those decisions, each once, also where the landing was recorded
    /// already. On disk before it returns, and every decision before it too (G18). What a
    /// decision let in covered, and what the net changes that it used name, is no evidence
    /// for that rule and repository from then on (G9).
    async fn land(
        &self,
        repository: &RepositoryName,
        updates: &[Update],
        at: Timestamp,
    ) -> Result<Vec<DecisionId>, StoreError>;

    /// Updates of a repository that an accepted decision judged and whose landing is not
    /// recorded, oldest first, among the newest `among` decisions of all repositories: git
    /// may have refused them after all, or nobody saw them land.
    async fn not_landed(
        &self,
        repository: &RepositoryName,
        among: usize,
    ) -> Result<Vec<Update>, StoreError>;

    /// Keeps a refused push for those who sign, or what is new of one that is kept already. It
    /// is closed by [`Store::land`] once every commit of its last round has landed on its ref,
    /// by its id or by a commit that does the same. An id that is another request's is
    /// [`StoreError::Damaged`].
    async fn keep_request(&self, new: &NewRequest) -> Result<Requested, StoreError>;

    /// Requests, each with its last round, in the order in which they came first.
    async fn requests(&self, query: &RequestQuery) -> Result<Vec<Request>, StoreError>;

    /// Every push of a request, the oldest first.
    async fn rounds(&self, id: &RequestId) -> Result<Vec<Round>, StoreError>;

    /// Those of these objects that requests of the repository brought.
    async fn has_objects(
        &self,
        repository: &RepositoryName,
        ids: &[ObjectId],
    ) -> Result<Vec<ObjectId>, StoreError>;

    /// Their raw bytes, absent ones and what is more than a request may hold left out. The
    /// caller hashes them again.
    async fn objects(
        &self,
        repository: &RepositoryName,
        ids: &[ObjectId],
    ) -> Result<Vec<(ObjectId, Vec<u8>)>, StoreError>;

    /// What the published log of a repository lacks after `since`, at most `limit`
    /// statements and `limit` decisions; neither where the log is up to date. Sequence
    /// numbers appear in order, so that a reader passes over none.
    async fn unpublished(
        &self,
        repository: &RepositoryName,
        since: Position,
        limit: usize,
    ) -> Result<Unpublished, StoreError>;

    /// Moves what is in the write-ahead log into the database, as far as nobody is in the
    /// way. For `post-receive`, whose time the pusher doesn't wait for.
    async fn checkpoint(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Ends the use of a store in a process that is about to exit, without closing it:
    /// closing the last connection of a SQLite file costs two syncs. Nothing is lost; the
    /// next process finds the write-ahead log.
    async fn abandon(self: Box<Self>);
}
