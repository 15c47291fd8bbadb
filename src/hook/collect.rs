//! Facts first: everything that the decision needs of one push, read once.
//!
//! The hook and `countersign check` share it; they differ in the store that they ask and in
//! where the pusher's name comes from.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jiff::Timestamp;

use super::ask::{ask_store, remember_agents};
use super::deliver::{Desk, RESERVED};
use super::findings;
use super::held::Held;
use super::input::Update;
use super::memory;
use super::merges::{self, Ungated};
use super::names::{self, Aliases};
use super::notes;
use super::ranges::{self, Reader, Walked};
use super::refused::{misleading_name, shallow, unknown_pusher};
use super::settle::settle;
use super::walks::{Twins, Walks};
use crate::detect::Detector;
use crate::domain::decision::{CommitDecision, Finding, RefDecision};
use crate::domain::facts::{Facts, NewCommits, RefChange, RefFacts};
use crate::domain::ids::{DecisionId, Login, ObjectId, RefName, RepositoryName};
use crate::domain::limits::Limits;
use crate::domain::policy::{Mode, Policy};
use crate::git::{GitError, Repo};
use crate::store::{Store, StoreError};

/// Longest title that statements carry, in characters.
pub const TITLE: usize = 60;

/// Everything a push is held against.
pub struct Bench<'a> {
    /// Where the push goes.
    pub repo: &'a Repo,
    /// Its name.
    pub repository: RepositoryName,
    /// The rules.
    pub policy: &'a Policy,
    /// The markers.
    pub detector: &'a Detector,
    /// The limits.
    pub limits: &'a Limits,
    /// The authenticated login.
    pub pusher: Option<Login>,
    /// Why there is none, where the source of the name can tell.
    pub no_pusher: Option<Finding>,
    /// `unlisted = "nobody"`.
    pub unlisted_is_nobody: bool,
    /// The clock, read once.
    pub now: Timestamp,
    /// The decision's id.
    pub id: DecisionId,
    /// Whose view of the repository it is.
    pub view: View,
    /// Empty, to be filled when first asked for; filled with nothing in a clone, whose
    /// symbolic refs are not the server's.
    pub aliases: Aliases,
}

/// Whose view of the repository the facts are collected in.
#[derive(Debug, Clone)]
pub enum View {
    /// The server's: refs are as they are, a push's objects are in quarantine.
    Server,
    /// A clone's: what the server's refs held when they were last fetched, by the server's
    /// names. Every new commit is taken to be brought by the push.
    Clone(Vec<(RefName, ObjectId)>),
}

/// A store that is opened when the first question comes: most pushes to ungated refs have
/// none (G18).
#[async_trait::async_trait(?Send)]
pub trait StoreSource {
    /// The store, opened if it was not yet.
    async fn store(&self) -> Result<&dyn Store, StoreError>;
}

/// The strictest mode of any gated ref of a push; a delivery counts as enforced. `None`
/// where nothing is gated.
#[must_use]
pub fn strictest_mode(bench: &Bench<'_>, updates: &[Update]) -> Option<Mode> {
    let any_gate = bench.policy.rules_for(&bench.repository).next().is_some();
    updates
        .iter()
        .filter_map(|u| {
            if any_gate && u.name.as_bytes().starts_with(RESERVED) {
                return Some(Mode::Enforce);
            }
            match names_of(bench, u) {
                Ok(names) => bench.policy.mode_of(&bench.repository, &names),
                Err(_) => any_gate.then_some(Mode::Enforce),
            }
        })
        .max()
}

/// Collects the facts of one push. What could not be found out stands among the facts as
/// problems: nothing is skipped (G3, G5).
pub async fn collect(bench: &Bench<'_>, updates: &[Update], source: &dyn StoreSource) -> Facts {
    let mut facts = empty(bench);
    let mode = strictest_mode(bench, updates);
    if bench.pusher.is_none()
        && matches!(bench.view, View::Server)
        && let Some(mode) = mode
    {
        let why = bench.no_pusher.clone().unwrap_or_else(unknown_pusher);
        facts.problems.push(why.with_mode(mode));
    }
    let any_gate = bench.policy.rules_for(&bench.repository).next().is_some();
    if any_gate {
        facts.problems.extend(shallow(bench));
    }
    let (reserved, others): (Vec<_>, Vec<_>) =
        updates.iter().cloned().partition(|u| any_gate && u.name.as_bytes().starts_with(RESERVED));
    let mut store_error = None;
    if !reserved.is_empty()
        && !facts.problems.iter().any(Finding::rejects)
        && let Err(e) = deliveries(bench, &reserved, source, &mut facts).await
    {
        store_error = Some(e);
    }
    let mut reader = reader(bench);
    let (ungated, twins) = walk_refs(bench, &others, &mut reader, &mut facts);
    if let Err(e) = remember_agents(bench, source, &mut reader, &facts).await {
        store_error.get_or_insert(e);
    }
    if let Err(e) = memory::recall(bench, source, &mut reader, &mut facts).await {
        store_error.get_or_insert(e);
    }
    merges::weigh(bench, &mut reader, &mut facts, &ungated);
    let changes = settle(bench, &mut reader, &mut facts, &twins);
    if store_error.is_none()
        && let Err(e) = ask_store(bench, source, &mut reader, &mut facts, &changes).await
    {
        store_error = Some(e);
    }
    if let Some(e) = store_error {
        tracing::error!(error = %e, "store");
        facts.problems.push(findings::of_store(&e, mode));
    }
    facts
}

pub(super) fn empty(bench: &Bench<'_>) -> Facts {
    Facts {
        id: bench.id.clone(),
        at: bench.now,
        repository: bench.repository.clone(),
        pusher: bench.pusher.clone(),
        unlisted_is_nobody: bench.unlisted_is_nobody,
        refs: Vec::new(),
        deliveries: Vec::new(),
        problems: Vec::new(),
        commits: BTreeMap::new(),
        sightings: BTreeMap::new(),
        same_change: BTreeMap::new(),
        contributors: BTreeMap::new(),
        sign_offs: BTreeMap::new(),
        covers: BTreeMap::new(),
        recalled: BTreeMap::new(),
        noted: BTreeMap::new(),
    }
}

pub(super) fn reader<'a>(bench: &'a Bench<'a>) -> Reader<'a> {
    let standing = bench.policy.standing(bench.pusher.as_ref(), bench.unlisted_is_nobody);
    Reader {
        repo: bench.repo,
        detector: bench.detector,
        policy: bench.policy,
        repository: &bench.repository,
        limits: bench.limits,
        agent: ranges::agent_of(&standing, bench.pusher.as_ref()),
        seen: BTreeMap::new(),
        recalled: BTreeMap::new(),
        own: BTreeMap::new(),
        is_clone: matches!(bench.view, View::Clone(_)),
        tips: match &bench.view {
            View::Server => OnceLock::new(),
            View::Clone(tips) => OnceLock::from(tips.clone()),
        },
        walks: Walks::default(),
        held: Held::new(bench.limits),
    }
}

async fn deliveries(
    bench: &Bench<'_>,
    reserved: &[Update],
    source: &dyn StoreSource,
    facts: &mut Facts,
) -> Result<(), StoreError> {
    let desk = Desk {
        repo: bench.repo,
        policy: bench.policy,
        repository: &bench.repository,
        limits: bench.limits,
        now: bench.now,
        pusher: bench.pusher.as_ref(),
    };
    let taken = desk.take(reserved, source.store().await?).await?;
    facts.deliveries = taken.deliveries;
    facts.problems.extend(taken.problems);
    Ok(())
}

/// Reads every ref's new commits; the sets hold all of them until [`settle`]. Returns the
/// merges of ungated refs, and gated refs whose sets stay empty until then.
fn walk_refs(
    bench: &Bench<'_>,
    updates: &[Update],
    reader: &mut Reader<'_>,
    facts: &mut Facts,
) -> (Vec<Ungated>, Twins) {
    let named: Vec<_> = updates
        .iter()
        .map(|update| match names_of(bench, update) {
            Ok(names) => (update, names, None),
            Err(e) => (update, vec![update.name.clone()], Some(findings::git(&e))),
        })
        .collect();
    let pushed = named.iter().filter(|(update, ..)| !update.is_delete());
    reader.walks = Walks::of(pushed.map(|(u, names, _)| (names.clone(), u.new)).collect());
    let (mut ungated, mut twins) = (Vec::new(), Twins::new());
    // What notes say of a commit counts for every ref of the push, so they are read first.
    let mut noted: Vec<_> =
        named.iter().map(|(update, ..)| notes::read(bench, reader, update)).collect();
    noted.reverse();
    for (update, names, unresolved) in named {
        let mode = bench.policy.mode_of(&bench.repository, &names);
        let mut r = RefFacts {
            name: update.name.clone(),
            old: update.old,
            new: update.new,
            change: if update.is_delete() { RefChange::Delete } else { RefChange::Create },
            sets: Vec::new(),
            problems: misleading_name(bench, &update.name).into_iter().collect(),
            ungated_ai: Vec::new(),
            leads_to: names.get(1..).unwrap_or_default().to_vec(),
        };
        if update.is_delete() {
            r.problems.clear();
        }
        r.problems.extend(unresolved);
        if r.problems.is_empty() {
            match mode {
                Some(mode) => match reader.gated(update, &names, facts.refs.len()) {
                    Ok(Walked::Anew(change, sets)) => (r.change, r.sets) = (change, sets),
                    Ok(Walked::As(first)) => drop(twins.insert(facts.refs.len(), first)),
                    Err(problem) => r.problems.push(problem.with_mode(mode)),
                },
                None => {
                    let (new, trouble) = reader.ungated(update);
                    let merges: Vec<_> =
                        new.iter().filter(|id| reader.is_merge(id)).copied().collect();
                    r.ungated_ai = new.into_iter().filter(|id| reader.is_ai(id)).collect();
                    if !merges.is_empty() {
                        let around = reader.ahead_of_gated(update.new);
                        ungated.push(Ungated { place: facts.refs.len(), merges, around });
                    }
                    r.problems.extend(trouble.map(|problem| ungated_problem(bench, problem)));
                }
            }
        }
        match noted.pop() {
            Some(Ok(noted)) => {
                r.ungated_ai.extend(noted.commits);
                facts.noted.extend(noted.absent);
            }
            Some(Err(problem)) => r.problems.push(ungated_problem(bench, problem)),
            None => {}
        }
        facts.refs.push(r);
    }
    (ungated, twins)
}

/// What could not be read of an ungated ref rejects nothing (G5), but is told: the gate may
/// not have seen all that it should remember. Only shallow on one ref is shallow for the
/// whole repository.
pub(super) fn ungated_problem(bench: &Bench<'_>, problem: Finding) -> Finding {
    let any_gate = bench.policy.rules_for(&bench.repository).next().is_some();
    match (any_gate, problem.code.as_str()) {
        (true, "shallow") => problem.with_mode(Mode::Enforce),
        (true, _) => problem.with_mode(Mode::Warn),
        (false, _) => problem.with_mode(Mode::Observe),
    }
}

/// Every name under which rules may gate an update.
fn names_of(bench: &Bench<'_>, update: &Update) -> Result<Vec<RefName>, GitError> {
    names::names_of(bench.repo, bench.policy, &bench.repository, &bench.aliases, &update.name)
}

/// Collects the facts of commits that landed on a ref, to judge them again: each set holds
/// just these, whatever is new now.
pub async fn collect_landed(
    bench: &Bench<'_>,
    landed: &RefDecision,
    commits: &[ObjectId],
    source: &dyn StoreSource,
) -> Result<Facts, Finding> {
    let mut facts = empty(bench);
    let mut reader = reader(bench);
    for id in commits {
        reader.read(*id)?;
    }
    let merges: Vec<_> = commits.iter().filter(|id| reader.is_merge(id)).copied().collect();
    reader.learn_own_changes(merges).map_err(|e| findings::git(&e))?;
    let brings = |c: &CommitDecision| {
        let brought = c.merge.as_ref()?.brings?;
        (commits.contains(&c.id) && reader.has_own_change(&c.id)).then_some((c.id, brought))
    };
    let brings: BTreeMap<_, _> = landed.commits.iter().filter_map(brings).collect();
    let rules =
        bench.policy.rules_for(&bench.repository).filter(|(_, r)| r.gates_any(landed.names()));
    let set = |(rule, _)| NewCommits {
        rule,
        checked: commits.len(),
        commits: commits.to_vec(),
        brings: brings.clone(),
        lands_first: Vec::new(),
    };
    facts.refs.push(RefFacts {
        name: landed.name.clone(),
        leads_to: landed.leads_to.clone(),
        old: landed.old,
        new: landed.new,
        change: RefChange::FastForward,
        sets: rules.map(set).collect(),
        problems: Vec::new(),
        ungated_ai: Vec::new(),
    });
    let changes = settle(bench, &mut reader, &mut facts, &Twins::new());
    let asked = ask_store(bench, source, &mut reader, &mut facts, &changes).await;
    asked.map_err(|e| findings::store(&e))?;
    Ok(facts)
}
