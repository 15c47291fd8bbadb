//! A read-only store in memory: what a clone knows of the server's store from the
//! published log, for `countersign check`.
//!
//! It answers the engine's questions as if its writes had happened, and keeps none: a
//! sighting that it doesn't have comes back as given, an appended decision as it would be
//! chained. Writes that somebody relies on afterwards (a delivery, a landing) are refused.

use std::collections::{BTreeSet, HashMap, HashSet};

use async_trait::async_trait;
use jiff::Timestamp;

use super::memory::{Asked, Kept, MemoryStats, Recalled};
use super::request::RequestQuery;
use super::rows;
use super::{
    Durability, NewDecision, NewStatement, Position, Store, StoreError, StoredDecision, Submitted,
    Unpublished, Update, Wanted,
};
use crate::domain::ids::{
    ChangeDigest, DecisionId, ObjectId, PathsDigest, PolicyDigest, RepositoryName, RequestId,
    StatementHash,
};
use crate::domain::memory::Trace;
use crate::domain::request::{NewRequest, Request, Requested, Round};
use crate::domain::sighting::Sighting;
use crate::domain::statement::{Signed, Statement};

/// What a snapshot is made of.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// In the order in which they came.
    pub statements: Vec<(Signed, Statement)>,
    /// Of two rows of one commit the first wins.
    pub sightings: Vec<Sighting>,
    /// Encoded changes by digest.
    pub changes: Vec<(ChangeDigest, Vec<u8>)>,
    /// Policies by digest.
    pub policies: Vec<(PolicyDigest, Vec<u8>)>,
    /// In the chain's order. A repository's published log has gaps, so of it
    /// [`super::chain::row_holds`] says something, a walk over the whole chain nothing.
    pub decisions: Vec<StoredDecision>,
}

/// [`Contents`], indexed.
#[derive(Debug, Default)]
pub struct Snapshot {
    statements: Vec<Signed>,
    /// Of each statement, at its place.
    repositories: Vec<RepositoryName>,
    by_hash: HashMap<StatementHash, usize>,
    by_commit: HashMap<(RepositoryName, ObjectId), Vec<usize>>,
    by_change: HashMap<(RepositoryName, ChangeDigest), Vec<usize>>,
    by_paths: HashMap<(RepositoryName, PathsDigest), Vec<usize>>,
    by_target: HashMap<(RepositoryName, StatementHash), Vec<usize>>,
    sightings: HashMap<ObjectId, Sighting>,
    sightings_by_change: HashMap<ChangeDigest, Vec<ObjectId>>,
    changes: HashMap<ChangeDigest, Vec<u8>>,
    policies: HashMap<PolicyDigest, Vec<u8>>,
    decisions: Vec<StoredDecision>,
}

fn read_only<T>() -> Result<T, StoreError> {
    Err(StoreError::Unreachable("it is a read-only snapshot".into()))
}

impl Snapshot {
    /// Indexes the contents.
    #[must_use]
    pub fn new(contents: Contents) -> Self {
        let mut snapshot = Self { decisions: contents.decisions, ..Self::default() };
        for (signed, statement) in contents.statements {
            snapshot.add_statement(signed, &statement);
        }
        for sighting in contents.sightings {
            snapshot.add_sighting(sighting);
        }
        for (digest, bytes) in contents.changes {
            snapshot.changes.entry(digest).or_insert(bytes);
        }
        for (digest, bytes) in contents.policies {
            snapshot.policies.entry(digest).or_insert(bytes);
        }
        snapshot
    }

    fn add_statement(&mut self, signed: Signed, statement: &Statement) {
        let hash = signed.hash();
        let place = self.statements.len();
        if self.by_hash.contains_key(&hash) {
            return;
        }
        self.by_hash.insert(hash, place);
        self.statements.push(signed);
        self.repositories.push(statement.repository.clone());
        let repository = &statement.repository;
        for subject in &statement.subjects {
            index(&mut self.by_commit, repository, subject.commit, place);
            index(&mut self.by_change, repository, subject.change, place);
            index(&mut self.by_paths, repository, subject.paths, place);
            index(&mut self.by_target, repository, subject.statement, place);
        }
    }

    fn add_sighting(&mut self, sighting: Sighting) {
        if self.sightings.contains_key(&sighting.commit) {
            return;
        }
        if let Some(change) = sighting.change {
            self.sightings_by_change.entry(change).or_default().push(sighting.commit);
        }
        self.sightings.insert(sighting.commit, sighting);
    }

    fn signed(&self, places: BTreeSet<usize>) -> Vec<Signed> {
        places.into_iter().filter_map(|place| self.statements.get(place).cloned()).collect()
    }
}

fn index<T: std::hash::Hash + Eq>(
    by: &mut HashMap<(RepositoryName, T), Vec<usize>>,
    repository: &RepositoryName,
    key: Option<T>,
    place: usize,
) {
    if let Some(key) = key {
        by.entry((repository.clone(), key)).or_default().push(place);
    }
}

fn places<T: std::hash::Hash + Eq + Copy>(
    by: &HashMap<(RepositoryName, T), Vec<usize>>,
    repository: &RepositoryName,
    keys: &[T],
) -> Vec<usize> {
    let lists = keys.iter().filter_map(|key| by.get(&(repository.clone(), *key)));
    lists.flatten().copied().collect()
}

#[async_trait]
impl Store for Snapshot {
    async fn submit(&self, statements: &[NewStatement]) -> Result<Vec<Submitted>, StoreError> {
        if statements.is_empty() { Ok(Vec::new()) } else { read_only() }
    }

    async fn statements(&self, hashes: &[StatementHash]) -> Result<Vec<Signed>, StoreError> {
        Ok(self.signed(hashes.iter().filter_map(|hash| self.by_hash.get(hash)).copied().collect()))
    }

    async fn statements_about(
        &self,
        repository: &RepositoryName,
        wanted: &Wanted,
    ) -> Result<Vec<Signed>, StoreError> {
        let mut found = BTreeSet::new();
        found.extend(places(&self.by_commit, repository, &wanted.commits));
        found.extend(places(&self.by_change, repository, &wanted.changes));
        found.extend(places(&self.by_paths, repository, &wanted.paths));
        let hashes: Vec<StatementHash> =
            found.iter().filter_map(|place| Some(self.statements.get(*place)?.hash())).collect();
        found.extend(places(&self.by_target, repository, &hashes));
        found.extend(places(&self.by_target, repository, &wanted.targets));
        Ok(self.signed(found))
    }

    async fn newest_statements(
        &self,
        repository: &RepositoryName,
        limit: usize,
    ) -> Result<Vec<Signed>, StoreError> {
        let all = self.statements.iter().zip(&self.repositories).rev();
        let own = all.filter(|(_, r)| *r == repository).map(|(signed, _)| signed.clone());
        Ok(own.take(limit).collect())
    }

    async fn see(
        &self,
        sightings: &[Sighting],
        _changes: &[(ChangeDigest, Vec<u8>)],
        _traces: &[Trace],
    ) -> Result<Vec<Sighting>, StoreError> {
        let mut seen = HashSet::new();
        let first = sightings.iter().filter(|given| seen.insert(given.commit));
        Ok(first.map(|given| self.sightings.get(&given.commit).unwrap_or(given).clone()).collect())
    }

    /// The published log holds nothing of it.
    async fn has_memory(&self) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn traces(&self, _prefix: &str, _limit: usize) -> Result<Vec<Kept>, StoreError> {
        read_only()
    }

    async fn keep_request(&self, _new: &NewRequest) -> Result<Requested, StoreError> {
        read_only()
    }

    async fn requests(&self, _query: &RequestQuery) -> Result<Vec<Request>, StoreError> {
        read_only()
    }

    async fn rounds(&self, _id: &RequestId) -> Result<Vec<Round>, StoreError> {
        read_only()
    }

    async fn has_objects(
        &self,
        _repository: &RepositoryName,
        _ids: &[ObjectId],
    ) -> Result<Vec<ObjectId>, StoreError> {
        read_only()
    }

    async fn objects(
        &self,
        _repository: &RepositoryName,
        _ids: &[ObjectId],
    ) -> Result<Vec<(ObjectId, Vec<u8>)>, StoreError> {
        read_only()
    }

    async fn shown_in(
        &self,
        _decision: &DecisionId,
        _limit: usize,
    ) -> Result<Vec<ObjectId>, StoreError> {
        read_only()
    }

    async fn memory_stats(&self) -> Result<MemoryStats, StoreError> {
        read_only()
    }

    async fn recall(
        &self,
        _repository: &RepositoryName,
        _asked: &Asked,
    ) -> Result<Recalled, StoreError> {
        Ok(Recalled::default())
    }

    async fn sightings(
        &self,
        commits: &[ObjectId],
        changes: &[ChangeDigest],
    ) -> Result<Vec<Sighting>, StoreError> {
        let by_change = changes.iter().filter_map(|change| self.sightings_by_change.get(change));
        let wanted: HashSet<&ObjectId> = commits.iter().chain(by_change.flatten()).collect();
        let found = wanted.into_iter().filter_map(|commit| self.sightings.get(commit).cloned());
        Ok(rows::in_order(found.collect()))
    }

    async fn changes(
        &self,
        digests: &[ChangeDigest],
    ) -> Result<Vec<(ChangeDigest, Vec<u8>)>, StoreError> {
        let digests: BTreeSet<&ChangeDigest> = digests.iter().collect();
        let found = digests.into_iter().filter_map(|digest| self.changes.get_key_value(digest));
        Ok(found.map(|(digest, bytes)| (*digest, bytes.clone())).collect())
    }

    async fn keep_policy(&self, _digest: &PolicyDigest, _bytes: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn policy(&self, digest: &PolicyDigest) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.policies.get(digest).cloned())
    }

    async fn append(
        &self,
        decision: &NewDecision,
        _durability: Durability,
    ) -> Result<StoredDecision, StoreError> {
        Ok(rows::chained(decision, self.decisions.last().map(|last| last.hash)))
    }

    async fn decision(&self, id: &DecisionId) -> Result<Option<StoredDecision>, StoreError> {
        Ok(self.decisions.iter().find(|stored| stored.id == *id).cloned())
    }

    async fn decisions(
        &self,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, StoredDecision)>, StoreError> {
        let numbered = (1i64..).zip(&self.decisions).filter(|(seq, _)| *seq > after);
        Ok(numbered.take(limit).map(|(seq, stored)| (seq, stored.clone())).collect())
    }

    async fn land(
        &self,
        _repository: &RepositoryName,
        _updates: &[Update],
        _at: Timestamp,
    ) -> Result<Vec<DecisionId>, StoreError> {
        read_only()
    }

    async fn not_landed(
        &self,
        _repository: &RepositoryName,
        _among: usize,
    ) -> Result<Vec<Update>, StoreError> {
        Ok(Vec::new())
    }

    async fn unpublished(
        &self,
        _repository: &RepositoryName,
        _since: Position,
        _limit: usize,
    ) -> Result<Unpublished, StoreError> {
        read_only()
    }

    async fn abandon(self: Box<Self>) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::digest::row_hash;
    use crate::store::contract::statements::{finds_the_library, library};
    use crate::store::contract::{
        at, change, commit, decision, kept_change, repository, run, sighting, statement,
    };

    fn contents() -> Contents {
        Contents {
            statements: library().into_iter().map(|new| (new.signed, new.statement)).collect(),
            ..Contents::default()
        }
    }

    #[test]
    fn it_finds_what_any_store_finds() {
        run(finds_the_library(&Snapshot::new(contents())));
        let mut doubled = contents();
        doubled.statements.extend(contents().statements);
        run(finds_the_library(&Snapshot::new(doubled)));
    }

    #[test]
    fn what_is_given_comes_back_and_is_not_kept() {
        let known = Sighting { first_pusher: None, ..sighting(1) };
        let later = Sighting { at: at(99), ..sighting(1) };
        let snapshot = Snapshot::new(Contents {
            sightings: vec![known.clone(), later],
            changes: vec![kept_change(1)],
            ..Contents::default()
        });
        run(async {
            let given = [sighting(2), sighting(1), sighting(2)];
            let seen = snapshot.see(&given, &[kept_change(2)], &[]).await.unwrap();
            assert_eq!(seen, [sighting(2), known.clone()]);
            let kept = snapshot.sightings(&[commit(1), commit(2)], &[change(1).0]).await.unwrap();
            assert_eq!(kept, [known]);
            let changes = snapshot.changes(&[change(1).0, change(2).0]).await.unwrap();
            assert_eq!(changes, [kept_change(1)]);
        });
    }

    #[test]
    fn a_decision_is_hashed_and_not_kept() {
        let new = decision(1, "a", vec![]);
        let empty = Snapshot::default();
        run(async {
            let first = empty.append(&new, Durability::Synced).await.unwrap();
            assert_eq!(first.hash, row_hash(None, &new.body));
            assert_eq!(empty.decision(&new.id).await.unwrap(), None);

            let contents = Contents { decisions: vec![first.clone()], ..Contents::default() };
            let snapshot = Snapshot::new(contents);
            assert_eq!(snapshot.decision(&new.id).await.unwrap(), Some(first.clone()));
            let next = snapshot.append(&decision(2, "a", vec![]), Durability::Synced).await;
            assert_eq!(next.unwrap().previous, Some(first.hash));
            assert_eq!(snapshot.decisions(0, 9).await.unwrap().len(), 1);
        });
    }

    #[test]
    fn what_somebody_would_rely_on_is_refused() {
        let snapshot = Snapshot::new(contents());
        let unreachable = |error| matches!(error, Some(StoreError::Unreachable(_)));
        run(async {
            let new = [statement("new", "r", vec![])];
            assert!(unreachable(snapshot.submit(&new).await.err()));
            assert!(unreachable(snapshot.land(&repository("r"), &[], at(0)).await.err()));
            let since = Position::default();
            assert!(unreachable(snapshot.unpublished(&repository("r"), since, 1).await.err()));
            assert_eq!(snapshot.submit(&[]).await.unwrap(), []);
        });
    }
}
