//! `countersign hook post-receive`: records what landed and publishes the log (G24).
//!
//! The store never depends on it: what one run misses, the next one sweeps.

use std::collections::BTreeSet;

use super::environment;
use super::input::{self, Update};
use super::names::{Aliases, names_of};
use super::run::Invocation;
use super::{log, opened};
use crate::domain::ids::{PolicyDigest, RepositoryName};
use crate::domain::policy::Policy;
use crate::domain::statement::Signed;
use crate::git::log::{LogFile, LogPosition, LogWriter};
use crate::git::{HookEnv, Repo, inbox};
use crate::policy::{self, Loaded};
use crate::settings;
use crate::store::{self, Position, Store, StoreError};
use crate::{detect, signature};

/// Statements and decisions published with one commit of the log.
const BATCH: usize = 500;

/// Late decisions of the store among which a landing may have been missed.
const LATE: usize = 1_000;

/// Why nothing, or not all, was published; the push has landed all the same.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The settings or the policy can't be used.
    #[error("{0}")]
    Settings(String),
    /// The repository can't be read or written.
    #[error(transparent)]
    Git(#[from] crate::git::GitError),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}

/// Runs after the refs have moved.
///
/// # Errors
/// [`PostError`]; the next run makes up for it.
pub fn post_receive(mut invocation: Invocation) -> Result<(), PostError> {
    let settings =
        settings::load(&invocation.config).map_err(|e| PostError::Settings(e.to_string()))?;
    log::start(&settings.log);
    let mut bytes = Vec::new();
    let limit = u64::try_from(settings.limits.stdin_bytes).unwrap_or(u64::MAX);
    std::io::Read::read_to_end(
        &mut std::io::Read::take(&mut invocation.stdin, limit.saturating_add(1)),
        &mut bytes,
    )
    .map_err(|e| PostError::Settings(e.to_string()))?;
    let updates = input::parse(&bytes, &settings.limits)
        .map_err(|finding| PostError::Settings(finding.message))?;
    // Only where nothing is gated did so many land.
    let Some(updates) = updates.all else { return Ok(()) };
    let cwd = invocation.cwd.canonicalize().map_err(|e| PostError::Settings(e.to_string()))?;
    let repository = environment::repository(&invocation.env, &settings, &cwd)
        .map_err(|finding| PostError::Settings(finding.message))?;
    let loaded = policy::load(&settings.policy, &detect::marker_names())
        .map_err(|e| PostError::Settings(e.to_string()))?;
    let policy = &loaded.checked.policy;
    let repo = Repo::open_in_hook(&cwd, &HookEnv::default())?;
    if !concerns(&repo, policy, &repository, &updates) {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| PostError::Settings(e.to_string()))?;
    runtime.block_on(async {
        let store = opened::open(opened::location(&settings), &repo).await?;
        let mut landed: Vec<_> = updates
            .iter()
            .map(|u| store::Update { name: u.name.clone(), old: u.old, new: u.new })
            .collect();
        let missed = store.not_landed(&repository, LATE).await?;
        landed.extend(missed.into_iter().filter(|u| has_landed(&repo, u)).take(BATCH));
        store.land(&repository, &landed, invocation.now).await?;
        let current = settings.log.publish_policy.then_some(&loaded);
        publish(&repo, store.as_ref(), &repository, current).await?;
        store.checkpoint().await?;
        Ok(())
    })
}

/// Whether any updated ref is gated or reserved: others leave nothing to record.
fn concerns(repo: &Repo, policy: &Policy, repository: &RepositoryName, updates: &[Update]) -> bool {
    let aliases = Aliases::new();
    // What can't be told is recorded: that harms nobody.
    let is_gated = |u: &Update| {
        names_of(repo, policy, repository, &aliases, &u.name)
            .map_or(true, |names| policy.mode_of(repository, &names).is_some())
    };
    policy.rules_for(repository).next().is_some()
        && updates
            .iter()
            .any(|u| u.name.as_bytes().starts_with(super::deliver::RESERVED) || is_gated(u))
}

/// Whether a ref holds what an update was to bring, or what came on top of it: a run that was
/// killed or could not start has recorded nothing.
fn has_landed(repo: &Repo, update: &store::Update) -> bool {
    match repo.ref_value(&update.name) {
        Ok(None) => update.new.is_zero(),
        Ok(Some(_)) if update.new.is_zero() => false,
        Ok(Some(now)) => {
            let bases = || repo.merge_bases(update.new, now);
            now == update.new || bases().is_ok_and(|bases| bases == [update.new])
        }
        Err(_) => false,
    }
}

/// Brings whatever the log lacks from the store into `refs/countersign/log`, under a lock,
/// and deletes inbox refs whose statement the store has.
///
/// # Errors
/// As [`post_receive`].
pub async fn publish(
    repo: &Repo,
    store: &dyn Store,
    repository: &RepositoryName,
    current: Option<&Loaded>,
) -> Result<(), PostError> {
    let digest = current.map(|loaded| loaded.checked.policy.digest);
    let writer = LogWriter::lock(repo)?;
    let mut reached = None;
    loop {
        let tip = writer.tip()?;
        let known = tip.map(|t| t.position).unwrap_or_default();
        let since = match reached {
            Some(position) => position,
            None => since_of(store, repository, known).await?,
        };
        let batch = store.unpublished(repository, since, BATCH).await?;
        if batch.position == since && known.policy == digest {
            break;
        }
        let last = batch.statements.last().map(Signed::hash);
        let mut files: Vec<_> = batch.statements.into_iter().map(LogFile::Statement).collect();
        let mut policies = BTreeSet::new();
        for decision in &batch.decisions {
            files.push(LogFile::Decision(decision.id.clone(), landing_json(decision)));
            policies.extend(decision.policy);
        }
        if let Some(current) = current {
            for digest in policies.into_iter().filter(|d| Some(*d) != digest) {
                if let Some(bytes) = store.policy(&digest).await? {
                    files.extend(policy_files(digest, bytes));
                }
            }
            if known.policy != digest {
                let digest = current.checked.policy.digest;
                files.extend(policy_files(digest, current.bytes.clone()));
            }
        }
        let position = LogPosition {
            statements: batch.position.statements,
            landings: batch.position.landings,
            statement: last.or(known.statement),
            policy: digest,
        };
        writer.append(tip.map(|t| t.commit), files, position)?;
        reached = Some(batch.position);
    }
    sweep(repo, store, &writer).await
}

/// Where to go on: the log's position, if the store has the last published statement there.
/// Else it was restored and given its statements anew, and its numbers say nothing: all of
/// it is published again, which changes nothing that the log has.
async fn since_of(
    store: &dyn Store,
    repository: &RepositoryName,
    known: LogPosition,
) -> Result<Position, StoreError> {
    let since = Position { statements: known.statements, landings: known.landings };
    let Some(last) = known.statement else { return Ok(since) };
    let before = Position { statements: known.statements - 1, landings: i64::MAX };
    let found = store.unpublished(repository, before, 1).await?;
    let is_there = found.position.statements == known.statements
        && found.statements.first().map(Signed::hash) == Some(last);
    Ok(if is_there { since } else { Position::default() })
}

/// The decision's exact bytes as a string, so that its row's hash can be computed again
/// from what stands beside it.
fn landing_json(decision: &store::StoredDecision) -> Vec<u8> {
    let body = String::from_utf8_lossy(&decision.body);
    let value = serde_json::json!({
        "row": { "hash": decision.hash, "previous": decision.previous },
        "body": body,
    });
    let mut text = serde_json::to_vec_pretty(&value).unwrap_or_default();
    text.push(b'\n');
    text
}

/// A policy and its keys, so that any clone knows rules, names and keys.
fn policy_files(digest: PolicyDigest, bytes: Vec<u8>) -> [LogFile; 2] {
    let signers = policy::parse("policy", &bytes, &detect::marker_names())
        .map(|checked| signature::allowed_signers(&checked.policy))
        .unwrap_or_default();
    [LogFile::Policy(digest, bytes), LogFile::AllowedSigners(digest, signers.into_bytes())]
}

/// Deletes inbox refs whose statements the store has: 10,000 of them made a push four
/// times slower.
async fn sweep(repo: &Repo, store: &dyn Store, writer: &LogWriter<'_>) -> Result<(), PostError> {
    let refs = repo.refs(Some("refs/countersign/inbox/"))?;
    let hashes: Vec<_> = refs.iter().filter_map(|(name, _)| inbox::parse_ref_name(name)).collect();
    if hashes.is_empty() {
        return Ok(());
    }
    let known: BTreeSet<_> = store
        .statements(&hashes)
        .await?
        .iter()
        .map(crate::domain::statement::Signed::hash)
        .collect();
    let done: Vec<_> = refs
        .into_iter()
        .filter(|(name, _)| inbox::parse_ref_name(name).is_some_and(|h| known.contains(&h)))
        .collect();
    Ok(writer.delete(&done)?)
}
