//! Statements about new commits: one bulk question, and one for what revokes their twins
//! where there are any; every answer verified (G15).

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::facts::CommitFacts;
use crate::domain::ids::{ChangeDigest, ObjectId, PathsDigest, RepositoryName, StatementHash};
use crate::domain::policy::Policy;
use crate::domain::sighting::Sighting;
use crate::domain::statement::{SignOff, Signed, Verdict};
use crate::signature::{self, VerifyError};
use crate::store::{Store, StoreError, Wanted};

/// What the store says about a set of commits.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) sign_offs: BTreeMap<StatementHash, SignOff>,
    pub(super) kept: BTreeMap<ChangeDigest, Vec<u8>>,
    /// Rows of commits that statements name.
    pub(super) named: Vec<Sighting>,
    /// All rows of a new commit's change.
    pub(super) same_change: BTreeMap<ChangeDigest, Vec<Sighting>>,
}

impl Answers {
    /// Keeps what verifies and is for this repository.
    fn keep(&mut self, found: Vec<Signed>, repository: &RepositoryName, policy: &Policy) {
        for signed in found {
            match verify(&signed, policy) {
                Ok(s) if s.statement.repository == *repository => {
                    self.sign_offs.insert(s.hash, s);
                }
                Ok(_) => {}
                Err(e) => {
                    tracing::warn!(statement = %signed.hash(), error = %e, "statement ignored");
                }
            }
        }
    }

    /// Second hashes of what was found: a revocation of one may be all that ever came of
    /// it. A revocation itself is final under any hash.
    fn twins(&self) -> Vec<StatementHash> {
        let signed = self.sign_offs.values();
        signed.filter(|s| s.statement.verdict != Verdict::Revoke).filter_map(|s| s.twin).collect()
    }
}

/// Without a limit of bytes: what the store has was held against one when it came in, and
/// under a lower one of today a long decline or revocation would be passed over.
fn verify(signed: &Signed, policy: &Policy) -> Result<SignOff, VerifyError> {
    signature::verify_within(signed, policy, usize::MAX)
}

/// Newest statements that are looked through for a title.
const NEWEST: usize = 200;

/// The newest verified approvals of the repository.
pub(super) async fn newest(
    store: &dyn Store,
    repository: &RepositoryName,
    policy: &Policy,
) -> Result<Vec<SignOff>, StoreError> {
    let found = store.newest_statements(repository, NEWEST).await?;
    let verified = found.iter().filter_map(|signed| verify(signed, policy).ok());
    Ok(verified
        .filter(|s| s.statement.repository == *repository)
        .filter(|s| s.statement.verdict == Verdict::Approve)
        .collect())
}

/// Asks for everything that may bear on these commits, and on those that memory learned
/// from. What does not verify is passed over:
/// a store can withhold, it can't forge.
pub(super) async fn ask(
    store: &dyn Store,
    repository: &RepositoryName,
    policy: &Policy,
    commits: impl Iterator<Item = (&CommitFacts, Option<PathsDigest>)>,
    learned_from: &BTreeSet<ObjectId>,
) -> Result<Answers, StoreError> {
    let mut wanted = Wanted::default();
    for (commit, paths) in commits {
        wanted.commits.push(commit.id);
        wanted.changes.extend(commit.change);
        wanted.paths.extend(paths);
    }
    let mut answers = Answers::default();
    if wanted.commits.is_empty() {
        return Ok(answers);
    }
    wanted.commits.extend(learned_from);
    let found = store.statements_about(repository, &wanted).await?;
    answers.keep(found, repository, policy);
    let targets = answers.twins();
    if !targets.is_empty() {
        let twins = Wanted { targets, ..Wanted::default() };
        let found = store.statements_about(repository, &twins).await?;
        answers.keep(found, repository, policy);
    }
    let subjects = || answers.sign_offs.values().flat_map(|s| &s.statement.subjects);
    let digests: BTreeSet<ChangeDigest> = subjects().filter_map(|s| s.change).collect();
    let mut named: BTreeSet<ObjectId> = subjects().filter_map(|s| s.commit).collect();
    named.extend(learned_from);
    let digests: Vec<_> = digests.into_iter().collect();
    let named: Vec<_> = named.into_iter().collect();
    answers.kept = store.changes(&digests).await?.into_iter().collect();
    for row in store.sightings(&named, &wanted.changes).await? {
        if let Some(change) = row.change {
            answers.same_change.entry(change).or_default().push(row.clone());
        }
        answers.named.push(row);
    }
    Ok(answers)
}
