//! Once all refs are walked: what of each set a decision may want to speak about, and what
//! those commits do.

use std::collections::BTreeMap;

use super::ask;
use super::collect::{Bench, ungated_problem};
use super::ranges::Reader;
use super::walks::Twins;
use super::{findings, held};
use crate::domain::change::Change;
use crate::domain::decision::Finding;
use crate::domain::digest::{change_digest, paths_digest};
use crate::domain::facts::{CommitFacts, Facts, Merge, NewCommits};
use crate::domain::ids::{ObjectId, PathsDigest, RefName};
use crate::git::OwnChange;
use crate::git::change::{self, CommitChange};

/// Other refs of the push that are looked at for "push it first".
const OTHERS: usize = 8;

/// Paths and changes of commits that matter.
pub(super) type Changes = BTreeMap<ObjectId, (PathsDigest, Change)>;

/// Keeps of every set what a decision may want to speak about, and reads what it does. Refs
/// that bring what an earlier one brings get its sets, once there is little left of them.
pub(super) fn settle(
    bench: &Bench<'_>,
    reader: &mut Reader<'_>,
    facts: &mut Facts,
    twins: &Twins,
) -> Changes {
    let mut refs = std::mem::take(&mut facts.refs);
    let mut changes = Changes::new();
    for place in 0..refs.len() {
        let first = twins.get(&place).and_then(|first| refs.get(*first));
        let shared = first.map(|first| (first.change, first.sets.clone(), first.problems.clone()));
        let Some(r) = refs.get_mut(place) else { continue };
        if let Some((change, sets, problems)) = shared {
            (r.change, r.sets) = (change, sets);
            r.sets.iter_mut().for_each(|set| set.lands_first.clear());
            r.problems.extend(problems);
        }
        let names: Vec<_> = r.names().cloned().collect();
        let mode = bench.policy.mode_of(&bench.repository, &names);
        let of_mode = |problem: Finding| match mode {
            Some(mode) => problem.with_mode(mode),
            None => ungated_problem(bench, problem),
        };
        for set in &mut r.sets {
            if let Err(problem) = reader.settle(set, &names) {
                set.commits.clear();
                r.problems.push(of_mode(problem));
            }
        }
        if twins.contains_key(&place) {
            continue;
        }
        let wanted: Vec<_> = r.sets.iter().flat_map(|s| &s.commits).chain(&r.ungated_ai).collect();
        for id in wanted {
            if let Err(problem) = add_commit(bench, reader, *id, facts, &mut changes)
                && r.problems.len() < 10
            {
                r.problems.push(of_mode(problem));
            }
        }
        r.problems.dedup();
    }
    facts.refs = refs;
    changes
}

impl Reader<'_> {
    /// Keeps of a set what matters, and finds the refs of this push that the rule trusts and
    /// that will hold some of it: the pusher may be told to push them first.
    fn settle(&mut self, set: &mut NewCommits, names: &[RefName]) -> Result<(), Finding> {
        let matters = |id: &ObjectId| self.seen.get(id).is_some_and(|s| s.matters(self.policy));
        set.commits.retain(|id| matters(id) || set.brings.contains_key(id));
        if set.commits.is_empty() {
            return Ok(());
        }
        let seen = set.commits.iter().filter_map(|id| self.seen.get(id));
        self.hold(seen.map(|s| held::DECIDED + held::of_detection(&s.detection)).sum())?;
        let trusted = self.trusted_pushes(set.rule);
        let others = trusted.iter().filter(|(name, _)| !names.contains(name));
        for (name, new) in others.take(OTHERS) {
            let held = self.will_hold(set.rule, name, *new);
            let held: Vec<_> = set.commits.iter().filter(|c| held.contains(c)).copied().collect();
            if !held.is_empty() {
                set.lands_first.push((name.clone(), held));
            }
        }
        Ok(())
    }
}

/// One commit about which a decision may want to speak.
fn add_commit(
    bench: &Bench<'_>,
    reader: &mut Reader<'_>,
    id: ObjectId,
    facts: &mut Facts,
    changes: &mut Changes,
) -> Result<(), Finding> {
    if facts.commits.contains_key(&id) {
        return Ok(());
    }
    let seen = reader.read(id)?;
    let done =
        change::of_commit(bench.repo, &seen.commit, bench.limits).map_err(|e| findings::git(&e))?;
    let (digest, paths) = match &done {
        CommitChange::Change(c) => {
            reader.hold(held::of_change(c))?;
            changes.insert(id, (paths_digest(c), c.clone()));
            (change_digest(c), Some(c.entries().iter().map(|e| e.path.clone()).collect()))
        }
        CommitChange::Merge | CommitChange::Empty => (None, None),
    };
    let (merge, paths) = match reader.own.get(&id) {
        Some(OwnChange::Clean) => (Some(Merge::Clean), None),
        Some(OwnChange::Paths(own)) => (Some(Merge::Own), Some(own.clone())),
        Some(OwnChange::Unread(absent)) => (Some(Merge::Unread(*absent)), None),
        // Nobody could tell, or asked: it is held for a merge with every path of its own.
        None => ((done == CommitChange::Merge).then_some(Merge::Own), paths),
    };
    let seen = reader.read(id)?;
    let bytes = held::FACTS + held::of_detection(&seen.detection);
    reader.hold(bytes)?;
    let seen = reader.read(id)?;
    let commit = CommitFacts {
        id,
        subject: seen.commit.subject().to_vec(),
        contributors: ask::contributors(bench.policy, &seen.commit, &seen.detection),
        detection: seen.detection.clone(),
        brought: seen.brought,
        change: digest,
        paths,
        merge,
    };
    facts.commits.insert(id, commit);
    Ok(())
}
