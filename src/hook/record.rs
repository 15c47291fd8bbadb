//! The store of one push, and what is written into it at the end.

use std::cell::OnceCell;

use super::collect::StoreSource;
use super::log::chain;
use super::{findings, opened};
use crate::domain::decision::{Decision, Family, Outcome};
use crate::domain::policy::Mode;
use crate::git::Repo;
use crate::store::{self, Durability, NewDecision, Store, StoreError};

/// The store by its URL, opened when first asked.
pub(super) struct LazyStore<'a> {
    at: store::Location<'a>,
    repo: &'a Repo,
    cell: tokio::sync::OnceCell<Box<dyn Store>>,
    /// Why it could not be opened or written, for the log.
    failure: OnceCell<String>,
}

#[async_trait::async_trait(?Send)]
impl StoreSource for LazyStore<'_> {
    async fn store(&self) -> Result<&dyn Store, StoreError> {
        let open = || opened::open(self.at, self.repo);
        self.cell.get_or_try_init(open).await.map(AsRef::as_ref).inspect_err(|e| self.failed(e))
    }
}

impl<'a> LazyStore<'a> {
    pub(super) fn new(at: store::Location<'a>, repo: &'a Repo) -> Self {
        let (cell, failure) = (tokio::sync::OnceCell::new(), OnceCell::new());
        Self { at, repo, cell, failure }
    }

    /// Why it could not be opened or written.
    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// Where it was opened.
    pub(super) fn into_store(self) -> Option<Box<dyn Store>> {
        self.cell.into_inner()
    }

    fn failed(&self, error: &StoreError) {
        // What went wrong first is the cause of what follows.
        let _ = self.failure.set(chain(error));
    }
}

/// Appends the decision before the exit code is given (G18). A push with no gated ref
/// writes nothing here.
pub(super) async fn record(
    mut decision: Decision,
    mode: Option<Mode>,
    policy: &[u8],
    source: &LazyStore<'_>,
) -> Decision {
    let Some(mode) = mode else { return decision };
    let asked = decision.refs.iter().any(|r| r.commits.iter().any(|c| !c.requirements.is_empty()));
    let accepted = decision.verdict == Outcome::Accept;
    let durability = if accepted && asked { Durability::Synced } else { Durability::Buffered };
    let appended = async {
        let store = source.store().await?;
        if let Some(digest) = &decision.policy {
            store.keep_policy(digest, policy).await?;
        }
        let body = serde_json::to_vec(&decision)
            .map_err(|e| StoreError::Damaged(format!("a decision has no JSON form: {e}")))?;
        let updates = decision
            .refs
            .iter()
            .map(|r| store::Update { name: r.name.clone(), old: r.old, new: r.new })
            .collect();
        let new = NewDecision {
            id: decision.id.clone(),
            repository: decision.repository.clone(),
            at: decision.at,
            accepted,
            policy: decision.policy,
            body,
            updates,
        };
        store.append(&new, durability).await
    };
    if let Err(e) = appended.await {
        source.failed(&e);
        let known = decision.findings.iter().any(|f| f.family == Family::StoreUnreachable);
        if !known {
            decision.findings.push(findings::store(&e).with_mode(mode));
        }
        if mode == Mode::Enforce {
            decision.verdict = Outcome::Reject;
        }
    }
    decision
}
