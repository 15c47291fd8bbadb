//! The store's questions, each put to the server as it is.

use std::borrow::Cow;

use async_trait::async_trait;
use jiff::Timestamp;

use super::Http;
use crate::domain::ids::{
    ChangeDigest, DecisionId, ObjectId, PolicyDigest, RepositoryName, RequestId, StatementHash,
};
use crate::domain::memory::Trace;
use crate::domain::request::{NewRequest, Request, Requested, Round};
use crate::domain::sighting::Sighting;
use crate::domain::statement::Signed;
use crate::store::memory::{Asked, Kept, MemoryStats, Recalled};
use crate::store::request::RequestQuery;
use crate::store::wire::{
    Bytes, Question, WireChange, WireDecision, WireSigned, WireStatement, WireUnpublished,
    WireUpdate,
};
use crate::store::{
    Durability, NewDecision, NewStatement, Position, Store, StoreError, StoredDecision, Submitted,
    Unpublished, Update, Wanted,
};

fn signed(all: Vec<WireSigned>) -> Vec<Signed> {
    all.into_iter().map(Signed::from).collect()
}

fn wire(changes: &[(ChangeDigest, Vec<u8>)]) -> Vec<WireChange> {
    changes.iter().map(|(digest, bytes)| (*digest, Bytes(bytes.clone()))).collect()
}

#[async_trait]
impl Store for Http {
    async fn submit(&self, statements: &[NewStatement]) -> Result<Vec<Submitted>, StoreError> {
        let statements = statements.iter().map(WireStatement::from).collect();
        self.ask(&Question::Submit { statements }).await
    }

    async fn statements(&self, hashes: &[StatementHash]) -> Result<Vec<Signed>, StoreError> {
        Ok(signed(self.ask(&Question::Statements { hashes: hashes.into() }).await?))
    }

    async fn statements_about(
        &self,
        repository: &RepositoryName,
        wanted: &Wanted,
    ) -> Result<Vec<Signed>, StoreError> {
        let wanted = std::borrow::Cow::Borrowed(wanted);
        let repository = repository.clone();
        Ok(signed(self.ask(&Question::StatementsAbout { repository, wanted }).await?))
    }

    async fn newest_statements(
        &self,
        repository: &RepositoryName,
        limit: usize,
    ) -> Result<Vec<Signed>, StoreError> {
        let repository = repository.clone();
        Ok(signed(self.ask(&Question::NewestStatements { repository, limit }).await?))
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
        let changes = wire(changes);
        let (sightings, traces) = (sightings.into(), traces.into());
        self.ask(&Question::See { sightings, changes, traces }).await
    }

    async fn has_memory(&self) -> Result<bool, StoreError> {
        self.ask(&Question::HasMemory {}).await
    }

    async fn recall(
        &self,
        repository: &RepositoryName,
        asked: &Asked,
    ) -> Result<Recalled, StoreError> {
        let asked = std::borrow::Cow::Borrowed(asked);
        self.ask(&Question::Recall { repository: repository.clone(), asked }).await
    }

    async fn sightings(
        &self,
        commits: &[ObjectId],
        changes: &[ChangeDigest],
    ) -> Result<Vec<Sighting>, StoreError> {
        let (commits, changes) = (commits.into(), changes.into());
        self.ask(&Question::Sightings { commits, changes }).await
    }

    async fn traces(&self, prefix: &str, limit: usize) -> Result<Vec<Kept>, StoreError> {
        self.ask(&Question::Traces { prefix: prefix.to_owned(), limit }).await
    }

    async fn shown_in(
        &self,
        decision: &DecisionId,
        limit: usize,
    ) -> Result<Vec<ObjectId>, StoreError> {
        self.ask(&Question::ShownIn { decision: decision.clone(), limit }).await
    }

    async fn memory_stats(&self) -> Result<MemoryStats, StoreError> {
        self.ask(&Question::MemoryStats {}).await
    }

    async fn changes(
        &self,
        digests: &[ChangeDigest],
    ) -> Result<Vec<(ChangeDigest, Vec<u8>)>, StoreError> {
        let found: Vec<WireChange> =
            self.ask(&Question::Changes { digests: digests.into() }).await?;
        Ok(found.into_iter().map(|(digest, bytes)| (digest, bytes.0)).collect())
    }

    async fn keep_policy(&self, digest: &PolicyDigest, bytes: &[u8]) -> Result<(), StoreError> {
        let bytes = Bytes(bytes.to_vec());
        self.ask(&Question::KeepPolicy { digest: *digest, bytes }).await
    }

    async fn policy(&self, digest: &PolicyDigest) -> Result<Option<Vec<u8>>, StoreError> {
        let found: Option<Bytes> = self.ask(&Question::Policy { digest: *digest }).await?;
        Ok(found.map(|bytes| bytes.0))
    }

    async fn append(
        &self,
        decision: &NewDecision,
        durability: Durability,
    ) -> Result<StoredDecision, StoreError> {
        let question = Question::Append { decision: decision.into(), durability };
        Ok(self.ask::<WireDecision>(&question).await?.into())
    }

    async fn decisions(
        &self,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, StoredDecision)>, StoreError> {
        let found: Vec<(i64, WireDecision)> =
            self.ask(&Question::Decisions { after, limit }).await?;
        Ok(found.into_iter().map(|(seq, row)| (seq, row.into())).collect())
    }

    async fn decision(&self, id: &DecisionId) -> Result<Option<StoredDecision>, StoreError> {
        let found: Option<WireDecision> = self.ask(&Question::Decision { id: id.clone() }).await?;
        Ok(found.map(StoredDecision::from))
    }

    async fn land(
        &self,
        repository: &RepositoryName,
        updates: &[Update],
        at: Timestamp,
    ) -> Result<Vec<DecisionId>, StoreError> {
        let updates = updates.iter().map(WireUpdate::from).collect();
        self.ask(&Question::Land { repository: repository.clone(), updates, at }).await
    }

    async fn keep_request(&self, new: &NewRequest) -> Result<Requested, StoreError> {
        self.ask(&Question::KeepRequest { request: new.into() }).await
    }

    async fn requests(&self, query: &RequestQuery) -> Result<Vec<Request>, StoreError> {
        self.ask(&Question::Requests { query: Cow::Borrowed(query) }).await
    }

    async fn rounds(&self, id: &RequestId) -> Result<Vec<Round>, StoreError> {
        self.ask(&Question::Rounds { id: id.clone() }).await
    }

    async fn has_objects(
        &self,
        repository: &RepositoryName,
        ids: &[ObjectId],
    ) -> Result<Vec<ObjectId>, StoreError> {
        let ids = ids.into();
        self.ask(&Question::HasObjects { repository: repository.clone(), ids }).await
    }

    async fn objects(
        &self,
        repository: &RepositoryName,
        ids: &[ObjectId],
    ) -> Result<Vec<(ObjectId, Vec<u8>)>, StoreError> {
        let ids = ids.into();
        let question = Question::Objects { repository: repository.clone(), ids };
        let found: Vec<(ObjectId, Bytes)> = self.ask(&question).await?;
        Ok(found.into_iter().map(|(id, bytes)| (id, bytes.0)).collect())
    }

    async fn not_landed(
        &self,
        repository: &RepositoryName,
        among: usize,
    ) -> Result<Vec<Update>, StoreError> {
        let question = Question::NotLanded { repository: repository.clone(), among };
        let found: Vec<WireUpdate> = self.ask(&question).await?;
        Ok(found.into_iter().map(Update::from).collect())
    }

    async fn unpublished(
        &self,
        repository: &RepositoryName,
        since: Position,
        limit: usize,
    ) -> Result<Unpublished, StoreError> {
        let question = Question::Unpublished { repository: repository.clone(), since, limit };
        Ok(self.ask::<WireUnpublished>(&question).await?.into())
    }

    async fn abandon(self: Box<Self>) {}
}
