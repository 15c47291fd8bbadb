//! Every question of the store's trait, put to a database.
//!
//! SQLite and PostgreSQL run the same text (`sql`), and what binds it and reads the answer is
//! the same for both, so this folder is a module of `sqlite` and of `postgres`. Above it, each
//! says what its `Engine` and `Connection` are, how a write begins, and how a writer waits for
//! its `turn`. (sqlx can say it once for both, too, with ten bounds on each function.)

pub(super) mod decisions;
pub(super) mod memory;
mod requests;
mod sessions;
pub(super) mod sightings;
pub(super) mod statements;
mod tokens;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Connection, Engine, Turn, turn, write};
use crate::domain::ids::{
    ChangeDigest, DecisionId, ObjectId, PolicyDigest, RepositoryName, RequestId, StatementHash,
    TokenHash,
};
use crate::domain::memory::Trace;
use crate::domain::request::{NewRequest, Request, Requested, Round};
use crate::domain::sighting::Sighting;
use crate::domain::statement::Signed;
use crate::store::fault::Fault;
use crate::store::keeper::{Keeper, Session, Token};
use crate::store::memory::{Asked, Kept, MemoryStats, Recalled};
use crate::store::request::RequestQuery;
use crate::store::{
    Durability, NewDecision, NewStatement, Position, Store, StoreError, StoredDecision, Submitted,
    Unpublished, Update, Wanted,
};

#[async_trait]
impl Store for Engine {
    async fn submit(&self, statements: &[NewStatement]) -> Result<Vec<Submitted>, StoreError> {
        if statements.is_empty() {
            return Ok(Vec::new());
        }
        let mut conn = self.acquire().await?;
        let result = self.patiently(statements::submit(&mut conn, statements)).await;
        self.done(conn, result)
    }

    async fn statements(&self, hashes: &[StatementHash]) -> Result<Vec<Signed>, StoreError> {
        if hashes.is_empty() {
            return Ok(Vec::new());
        }
        let mut conn = self.acquire().await?;
        let result = self.patiently(statements::by_hash(&mut conn, hashes)).await;
        self.done(conn, result)
    }

    async fn statements_about(
        &self,
        repository: &RepositoryName,
        wanted: &Wanted,
    ) -> Result<Vec<Signed>, StoreError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let mut conn = self.acquire().await?;
        let result = self.patiently(statements::about(&mut conn, repository, wanted)).await;
        self.done(conn, result)
    }

    async fn newest_statements(
        &self,
        repository: &RepositoryName,
        limit: usize,
    ) -> Result<Vec<Signed>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(statements::newest(&mut conn, repository, limit)).await;
        self.done(conn, result)
    }

    async fn see(
        &self,
        sightings: &[Sighting],
        changes: &[(ChangeDigest, Vec<u8>)],
        traces: &[Trace],
    ) -> Result<Vec<Sighting>, StoreError> {
        if sightings.is_empty() && changes.is_empty() {
            return Ok(Vec::new());
        }
        let mut conn = self.acquire().await?;
        let result = self.patiently(sightings::see(&mut conn, sightings, changes, traces)).await;
        self.done(conn, result)
    }

    async fn has_memory(&self) -> Result<bool, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(memory::has_any(&mut conn)).await;
        self.done(conn, result)
    }

    async fn traces(&self, prefix: &str, limit: usize) -> Result<Vec<Kept>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(memory::kept(&mut conn, prefix, limit)).await;
        self.done(conn, result)
    }

    async fn shown_in(
        &self,
        decision: &DecisionId,
        limit: usize,
    ) -> Result<Vec<ObjectId>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(memory::shown_in(&mut conn, decision, limit)).await;
        self.done(conn, result)
    }

    async fn memory_stats(&self) -> Result<MemoryStats, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(memory::stats(&mut conn)).await;
        self.done(conn, result)
    }

    async fn recall(
        &self,
        repository: &RepositoryName,
        asked: &Asked,
    ) -> Result<Recalled, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(memory::recall(&mut conn, repository, asked)).await;
        self.done(conn, result)
    }

    async fn sightings(
        &self,
        commits: &[ObjectId],
        changes: &[ChangeDigest],
    ) -> Result<Vec<Sighting>, StoreError> {
        if commits.is_empty() && changes.is_empty() {
            return Ok(Vec::new());
        }
        let mut conn = self.acquire().await?;
        let result = self.patiently(sightings::find(&mut conn, commits, changes)).await;
        self.done(conn, result)
    }

    async fn changes(
        &self,
        digests: &[ChangeDigest],
    ) -> Result<Vec<(ChangeDigest, Vec<u8>)>, StoreError> {
        if digests.is_empty() {
            return Ok(Vec::new());
        }
        let mut conn = self.acquire().await?;
        let result = self.patiently(sightings::changes(&mut conn, digests)).await;
        self.done(conn, result)
    }

    async fn keep_policy(&self, digest: &PolicyDigest, bytes: &[u8]) -> Result<(), StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(decisions::keep_policy(&mut conn, digest, bytes)).await;
        self.done(conn, result)
    }

    async fn policy(&self, digest: &PolicyDigest) -> Result<Option<Vec<u8>>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(decisions::policy(&mut conn, digest)).await;
        self.done(conn, result)
    }

    async fn append(
        &self,
        decision: &NewDecision,
        durability: Durability,
    ) -> Result<StoredDecision, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(decisions::append(&mut conn, decision, durability)).await;
        self.done(conn, result)
    }

    async fn decision(&self, id: &DecisionId) -> Result<Option<StoredDecision>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(decisions::by_id(&mut conn, id)).await;
        self.done(conn, result)
    }

    async fn decisions(
        &self,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, StoredDecision)>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(decisions::after(&mut conn, after, limit)).await;
        self.done(conn, result)
    }

    async fn land(
        &self,
        repository: &RepositoryName,
        updates: &[Update],
        at: Timestamp,
    ) -> Result<Vec<DecisionId>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(decisions::land(&mut conn, repository, updates, at)).await;
        self.done(conn, result)
    }

    async fn not_landed(
        &self,
        repository: &RepositoryName,
        among: usize,
    ) -> Result<Vec<Update>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(decisions::not_landed(&mut conn, repository, among)).await;
        self.done(conn, result)
    }

    async fn keep_request(&self, new: &NewRequest) -> Result<Requested, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(requests::keep(&mut conn, new)).await;
        self.done(conn, result)
    }

    async fn requests(&self, query: &RequestQuery) -> Result<Vec<Request>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(requests::find(&mut conn, query)).await;
        self.done(conn, result)
    }

    async fn rounds(&self, id: &RequestId) -> Result<Vec<Round>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(requests::rounds(&mut conn, id)).await;
        self.done(conn, result)
    }

    async fn has_objects(
        &self,
        repository: &RepositoryName,
        ids: &[ObjectId],
    ) -> Result<Vec<ObjectId>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(requests::has_objects(&mut conn, repository, ids)).await;
        self.done(conn, result)
    }

    async fn objects(
        &self,
        repository: &RepositoryName,
        ids: &[ObjectId],
    ) -> Result<Vec<(ObjectId, Vec<u8>)>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(requests::objects(&mut conn, repository, ids)).await;
        self.done(conn, result)
    }

    async fn unpublished(
        &self,
        repository: &RepositoryName,
        since: Position,
        limit: usize,
    ) -> Result<Unpublished, StoreError> {
        let mut conn = self.acquire().await?;
        let result =
            self.patiently(decisions::unpublished(&mut conn, repository, since, limit)).await;
        self.done(conn, result)
    }

    async fn checkpoint(&self) -> Result<(), StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(super::checkpoint(&mut conn)).await;
        self.done(conn, result)
    }

    async fn abandon(self: Box<Self>) {
        (*self).leave().await;
    }
}

#[async_trait]
impl Keeper for Engine {
    async fn keep_token(&self, hash: &TokenHash, token: &Token) -> Result<bool, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(tokens::keep(&mut conn, hash, token)).await;
        self.done(conn, result)
    }

    async fn revoke_token(&self, name: &str, at: Timestamp) -> Result<bool, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(tokens::revoke(&mut conn, name, at)).await;
        self.done(conn, result)
    }

    async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(tokens::all(&mut conn)).await;
        self.done(conn, result)
    }

    async fn token(&self, hash: &TokenHash) -> Result<Option<Token>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(tokens::by_hash(&mut conn, hash)).await;
        self.done(conn, result)
    }

    async fn secret(&self, name: &str, random: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(sessions::secret(&mut conn, name, random)).await;
        self.done(conn, result)
    }

    async fn answer_challenge(
        &self,
        hash: &TokenHash,
        second: i64,
        oldest: i64,
    ) -> Result<bool, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(sessions::answer(&mut conn, hash, second, oldest)).await;
        self.done(conn, result)
    }

    async fn keep_session(
        &self,
        hash: &TokenHash,
        session: &Session,
        oldest: i64,
    ) -> Result<(), StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(sessions::keep(&mut conn, hash, session, oldest)).await;
        self.done(conn, result)
    }

    async fn session(&self, hash: &TokenHash) -> Result<Option<Session>, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(sessions::find(&mut conn, hash)).await;
        self.done(conn, result)
    }

    async fn touch_session(&self, hash: &TokenHash, second: i64) -> Result<(), StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(sessions::touch(&mut conn, hash, second)).await;
        self.done(conn, result)
    }

    async fn end_session(&self, hash: &TokenHash) -> Result<bool, StoreError> {
        let mut conn = self.acquire().await?;
        let result = self.patiently(sessions::end(&mut conn, hash)).await;
        self.done(conn, result)
    }
}
