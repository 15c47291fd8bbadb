//! The published log as a store to judge with, in any clone.

use std::collections::{BTreeMap, BTreeSet};

use super::clone::{Clone, Log};
use super::error::CliError;
use super::runtime;
use crate::domain::decide;
use crate::domain::decision::{CommitDecision, Decision, FirstPusher, RefDecision};
use crate::domain::digest::change_digest;
use crate::domain::ids::{ObjectId, RepositoryName};
use crate::domain::policy::Policy;
use crate::domain::sighting::{Contributors, Sighting};
use crate::git::change::{self};
use crate::hook::collect::{self, Bench, StoreSource, View};
use crate::hook::names::Aliases;
use crate::signature;
use crate::store::snapshot::{Contents, Snapshot};
use crate::store::{Store, StoreError};

/// A snapshot that is there already.
pub(super) struct Ready(Snapshot);

#[async_trait::async_trait(?Send)]
impl StoreSource for Ready {
    async fn store(&self) -> Result<&dyn Store, StoreError> {
        Ok(&self.0)
    }
}

impl Clone {
    /// Statements and first pushers of the log; changes from the clone's own objects.
    pub(super) fn snapshot(&self, log: &Log, repository: &RepositoryName) -> Ready {
        let mut contents = Contents::default();
        let mut commits = BTreeSet::new();
        for signed in &log.statements {
            let limit = self.limits.statement_bytes;
            let Ok(statement) = signature::parse(&signed.statement, limit) else { continue };
            commits.extend(statement.subjects.iter().filter_map(|s| s.commit));
            if let Some(net) = statement.net
                && let Ok(sum) = change::net(&self.repo, net.base, net.tip, &self.limits)
            {
                contents.changes.extend(change_digest(&sum).map(|d| (d, sum.to_bytes())));
            }
            contents.statements.push((signed.clone(), statement));
        }
        let firsts =
            log.decisions.iter().flat_map(|l| l.decision.first_pushers.iter().map(move |f| (l, f)));
        for (landing, FirstPusher { commit, login }) in firsts {
            commits.insert(*commit);
            contents.sightings.push(Sighting {
                commit: *commit,
                repository: repository.clone(),
                first_pusher: login.clone(),
                at: landing.decision.at,
                change: None,
                paths: None,
                contributors: Contributors::default(),
                evidence: String::new(),
            });
        }
        let changes: BTreeMap<_, _> = commits
            .iter()
            .filter_map(|id| {
                let change = change::known(&self.repo, *id, &self.limits)?;
                Some((change_digest(&change)?, change.to_bytes()))
            })
            .collect();
        contents.changes.extend(changes);
        Ready(Snapshot::new(contents))
    }

    /// Judges commits of a landed ref again, under the policy and at the time of their
    /// decision.
    pub(super) fn judge_again(
        &self,
        policy: &Policy,
        decision: &Decision,
        landed: &RefDecision,
        commits: &[ObjectId],
        source: &Ready,
    ) -> Result<Vec<CommitDecision>, CliError> {
        let detector = self.detector(Some(policy))?;
        let bench = Bench {
            repo: &self.repo,
            repository: decision.repository.clone(),
            policy,
            detector: &detector,
            limits: &self.limits,
            pusher: decision.pusher.clone(),
            no_pusher: None,
            unlisted_is_nobody: false,
            now: decision.at,
            id: decision.id.clone(),
            view: View::Clone(Vec::new()),
            aliases: Aliases::from(Vec::new()),
        };
        let facts = runtime()?
            .block_on(collect::collect_landed(&bench, landed, commits, source))
            .map_err(|finding| CliError::new(finding.message))?;
        let again = decide(policy, &facts);
        Ok(again.refs.into_iter().flat_map(|r| r.commits).collect())
    }
}
