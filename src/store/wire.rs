//! What a store's client and server say to each other: one JSON object for a question, one
//! for its answer.
//!
//! Owns the form; `http` asks, the server answers with [`answer`]. Bytes are base 64. A field
//! that nobody knows, and one that comes twice, is refused.

use std::borrow::Cow;

use base64ct::{Base64, Encoding};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::memory::Asked;
use super::request::RequestQuery;
use super::{
    Durability, NewDecision, NewStatement, Position, Store, StoreError, StoredDecision,
    Unpublished, Update, Wanted,
};
use crate::domain::ids::{
    ChangeDigest, DecisionId, Login, ObjectId, PolicyDigest, RefName, RepositoryName, RequestId,
    RowHash, StatementHash,
};
use crate::domain::memory::Trace;
use crate::domain::request::{NewRequest, Round};
use crate::domain::sighting::Sighting;
use crate::domain::statement::{Signed, Statement};

/// Bytes, in base 64 on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&Base64::encode_string(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Base64::decode_vec(&text).map(Self).map_err(|_| serde::de::Error::custom("not base 64"))
    }
}

/// A change with its digest.
pub type WireChange = (ChangeDigest, Bytes);

fn wire_changes(changes: &[(ChangeDigest, Vec<u8>)]) -> Vec<WireChange> {
    changes.iter().map(|(digest, bytes)| (*digest, Bytes(bytes.clone()))).collect()
}

fn plain_changes(changes: Vec<WireChange>) -> Vec<(ChangeDigest, Vec<u8>)> {
    changes.into_iter().map(|(digest, bytes)| (digest, bytes.0)).collect()
}

/// [`Signed`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireSigned {
    /// The signed bytes.
    pub statement: Bytes,
    /// The armoured SSHSIG over them.
    pub signature: Bytes,
}

impl From<Signed> for WireSigned {
    fn from(signed: Signed) -> Self {
        Self { statement: Bytes(signed.statement), signature: Bytes(signed.signature) }
    }
}

impl From<WireSigned> for Signed {
    fn from(wire: WireSigned) -> Self {
        Self { statement: wire.statement.0, signature: wire.signature.0 }
    }
}

/// [`NewStatement`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireStatement {
    signed: WireSigned,
    statement: Statement,
    changes: Vec<WireChange>,
    received_at: Timestamp,
    delivered_by: Option<String>,
}

impl From<&NewStatement> for WireStatement {
    fn from(new: &NewStatement) -> Self {
        Self {
            signed: new.signed.clone().into(),
            statement: new.statement.clone(),
            changes: wire_changes(&new.changes),
            received_at: new.received_at,
            delivered_by: new.delivered_by.clone(),
        }
    }
}

impl From<WireStatement> for NewStatement {
    fn from(wire: WireStatement) -> Self {
        Self {
            signed: wire.signed.into(),
            statement: wire.statement,
            changes: plain_changes(wire.changes),
            received_at: wire.received_at,
            delivered_by: wire.delivered_by,
        }
    }
}

/// [`Update`]: names of refs are bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireUpdate {
    name: Bytes,
    old: ObjectId,
    new: ObjectId,
}

impl From<&Update> for WireUpdate {
    fn from(update: &Update) -> Self {
        Self { name: Bytes(update.name.as_bytes().to_vec()), old: update.old, new: update.new }
    }
}

impl From<WireUpdate> for Update {
    fn from(wire: WireUpdate) -> Self {
        Self { name: RefName::new(wire.name.0), old: wire.old, new: wire.new }
    }
}

/// [`NewDecision`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireNewDecision {
    id: DecisionId,
    repository: RepositoryName,
    at: Timestamp,
    accepted: bool,
    policy: Option<PolicyDigest>,
    body: Bytes,
    updates: Vec<WireUpdate>,
}

impl From<&NewDecision> for WireNewDecision {
    fn from(new: &NewDecision) -> Self {
        Self {
            id: new.id.clone(),
            repository: new.repository.clone(),
            at: new.at,
            accepted: new.accepted,
            policy: new.policy,
            body: Bytes(new.body.clone()),
            updates: new.updates.iter().map(WireUpdate::from).collect(),
        }
    }
}

impl From<WireNewDecision> for NewDecision {
    fn from(wire: WireNewDecision) -> Self {
        Self {
            id: wire.id,
            repository: wire.repository,
            at: wire.at,
            accepted: wire.accepted,
            policy: wire.policy,
            body: wire.body.0,
            updates: wire.updates.into_iter().map(Update::from).collect(),
        }
    }
}

/// [`StoredDecision`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireDecision {
    id: DecisionId,
    repository: RepositoryName,
    policy: Option<PolicyDigest>,
    body: Bytes,
    hash: RowHash,
    previous: Option<RowHash>,
}

impl From<StoredDecision> for WireDecision {
    fn from(stored: StoredDecision) -> Self {
        let StoredDecision { id, repository, policy, body, hash, previous } = stored;
        Self { id, repository, policy, body: Bytes(body), hash, previous }
    }
}

impl From<WireDecision> for StoredDecision {
    fn from(wire: WireDecision) -> Self {
        let WireDecision { id, repository, policy, body, hash, previous } = wire;
        Self { id, repository, policy, body: body.0, hash, previous }
    }
}

/// [`Unpublished`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireUnpublished {
    statements: Vec<WireSigned>,
    decisions: Vec<WireDecision>,
    position: Position,
}

impl From<Unpublished> for WireUnpublished {
    fn from(lacking: Unpublished) -> Self {
        Self {
            statements: lacking.statements.into_iter().map(WireSigned::from).collect(),
            decisions: lacking.decisions.into_iter().map(WireDecision::from).collect(),
            position: lacking.position,
        }
    }
}

impl From<WireUnpublished> for Unpublished {
    fn from(wire: WireUnpublished) -> Self {
        Self {
            statements: wire.statements.into_iter().map(Signed::from).collect(),
            decisions: wire.decisions.into_iter().map(StoredDecision::from).collect(),
            position: wire.position,
        }
    }
}

/// [`NewRequest`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireRequest {
    id: RequestId,
    repository: RepositoryName,
    name: Bytes,
    pusher: Option<Login>,
    round: Round,
    objects: Vec<(ObjectId, Bytes)>,
}

impl From<&NewRequest> for WireRequest {
    fn from(new: &NewRequest) -> Self {
        Self {
            id: new.id.clone(),
            repository: new.repository.clone(),
            name: Bytes(new.name.as_bytes().to_vec()),
            pusher: new.pusher.clone(),
            round: new.round.clone(),
            objects: new.objects.iter().map(|(id, b)| (*id, Bytes(b.clone()))).collect(),
        }
    }
}

impl From<WireRequest> for NewRequest {
    fn from(wire: WireRequest) -> Self {
        Self {
            id: wire.id,
            repository: wire.repository,
            name: RefName::new(wire.name.0),
            pusher: wire.pusher,
            round: wire.round,
            objects: wire.objects.into_iter().map(|(id, bytes)| (id, bytes.0)).collect(),
        }
    }
}

/// A question of [`Store`], by its method's name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs, reason = "each is the method of Store with this name, and its arguments")]
pub enum Question<'a> {
    Submit { statements: Vec<WireStatement> },
    Statements { hashes: Cow<'a, [StatementHash]> },
    StatementsAbout { repository: RepositoryName, wanted: Cow<'a, Wanted> },
    NewestStatements { repository: RepositoryName, limit: usize },
    See { sightings: Cow<'a, [Sighting]>, changes: Vec<WireChange>, traces: Cow<'a, [Trace]> },
    HasMemory {},
    Recall { repository: RepositoryName, asked: Cow<'a, Asked> },
    Sightings { commits: Cow<'a, [ObjectId]>, changes: Cow<'a, [ChangeDigest]> },
    Traces { prefix: String, limit: usize },
    ShownIn { decision: DecisionId, limit: usize },
    MemoryStats {},
    Changes { digests: Cow<'a, [ChangeDigest]> },
    KeepPolicy { digest: PolicyDigest, bytes: Bytes },
    Policy { digest: PolicyDigest },
    Append { decision: WireNewDecision, durability: Durability },
    Decisions { after: i64, limit: usize },
    Decision { id: DecisionId },
    Land { repository: RepositoryName, updates: Vec<WireUpdate>, at: Timestamp },
    NotLanded { repository: RepositoryName, among: usize },
    Unpublished { repository: RepositoryName, since: Position, limit: usize },
    KeepRequest { request: WireRequest },
    Requests { query: Cow<'a, RequestQuery> },
    Rounds { id: RequestId },
    HasObjects { repository: RepositoryName, ids: Cow<'a, [ObjectId]> },
    Objects { repository: RepositoryName, ids: Cow<'a, [ObjectId]> },
}

impl Question<'_> {
    /// Of whom it asks, or whom it tells of; none where it asks of all.
    #[must_use]
    pub fn repositories(&self) -> Vec<&RepositoryName> {
        match self {
            Self::Submit { statements } => {
                statements.iter().map(|s| &s.statement.repository).collect()
            }
            Self::See { sightings, .. } => sightings.iter().map(|s| &s.repository).collect(),
            Self::Append { decision, .. } => vec![&decision.repository],
            Self::StatementsAbout { repository, .. }
            | Self::NewestStatements { repository, .. }
            | Self::Recall { repository, .. }
            | Self::Land { repository, .. }
            | Self::NotLanded { repository, .. }
            | Self::Unpublished { repository, .. }
            | Self::HasObjects { repository, .. }
            | Self::Objects { repository, .. } => vec![repository],
            Self::KeepRequest { request } => vec![&request.repository],
            Self::Requests { query } => query.repository.iter().collect(),
            _ => Vec::new(),
        }
    }
}

/// Puts a question to a store; its answer as JSON.
///
/// # Errors
/// The store's own.
pub async fn answer(store: &dyn Store, question: Question<'_>) -> Result<Vec<u8>, StoreError> {
    use Question as Q;
    match question {
        Q::Submit { statements } => {
            let new: Vec<NewStatement> = statements.into_iter().map(NewStatement::from).collect();
            json(&store.submit(&new).await?)
        }
        Q::Statements { hashes } => json(&signed(store.statements(&hashes).await?)),
        Q::StatementsAbout { repository, wanted } => {
            json(&signed(store.statements_about(&repository, &wanted).await?))
        }
        Q::NewestStatements { repository, limit } => {
            json(&signed(store.newest_statements(&repository, limit).await?))
        }
        Q::See { sightings, changes, traces } => {
            json(&store.see(&sightings, &plain_changes(changes), &traces).await?)
        }
        Q::HasMemory {} => json(&store.has_memory().await?),
        Q::Recall { repository, asked } => json(&store.recall(&repository, &asked).await?),
        Q::Sightings { commits, changes } => json(&store.sightings(&commits, &changes).await?),
        Q::Traces { prefix, limit } => json(&store.traces(&prefix, limit).await?),
        Q::ShownIn { decision, limit } => json(&store.shown_in(&decision, limit).await?),
        Q::MemoryStats {} => json(&store.memory_stats().await?),
        Q::Changes { digests } => json(&wire_changes(&store.changes(&digests).await?)),
        Q::KeepPolicy { digest, bytes } => json(&store.keep_policy(&digest, &bytes.0).await?),
        Q::Policy { digest } => json(&store.policy(&digest).await?.map(Bytes)),
        Q::Append { decision, durability } => {
            json(&WireDecision::from(store.append(&decision.into(), durability).await?))
        }
        Q::Decisions { after, limit } => {
            let found = store.decisions(after, limit).await?.into_iter();
            json(&found.map(|(seq, row)| (seq, row.into())).collect::<Vec<(i64, WireDecision)>>())
        }
        Q::Decision { id } => json(&store.decision(&id).await?.map(WireDecision::from)),
        Q::Land { repository, updates, at } => {
            let updates: Vec<Update> = updates.into_iter().map(Update::from).collect();
            json(&store.land(&repository, &updates, at).await?)
        }
        Q::NotLanded { repository, among } => {
            let found = store.not_landed(&repository, among).await?;
            json(&found.iter().map(WireUpdate::from).collect::<Vec<_>>())
        }
        Q::KeepRequest { request } => json(&store.keep_request(&request.into()).await?),
        Q::Requests { query } => json(&store.requests(&query).await?),
        Q::Rounds { id } => json(&store.rounds(&id).await?),
        Q::HasObjects { repository, ids } => json(&store.has_objects(&repository, &ids).await?),
        Q::Objects { repository, ids } => {
            let found = store.objects(&repository, &ids).await?.into_iter();
            json(&found.map(|(id, bytes)| (id, Bytes(bytes))).collect::<Vec<_>>())
        }
        Q::Unpublished { repository, since, limit } => {
            json(&WireUnpublished::from(store.unpublished(&repository, since, limit).await?))
        }
    }
}

fn signed(all: Vec<Signed>) -> Vec<WireSigned> {
    all.into_iter().map(WireSigned::from).collect()
}

/// An answer's form.
///
/// # Errors
/// [`StoreError::Damaged`] for what has none.
pub fn json<T: Serialize + ?Sized>(answer: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(answer).map_err(|e| StoreError::Damaged(e.to_string()))
}
