//! Merges among the new commits: what they do by themselves, and which of them are
//! AI-assisted by what they bring together (G16).
//!
//! Owns the spread of "AI-assisted" from commits to the merges above them. What a merge's
//! own change is, `git` finds out.

use std::collections::{BTreeMap, BTreeSet};

use super::collect::Bench;
use super::ranges::Reader;
use super::{findings, held};
use crate::domain::evidence::Declared;
use crate::domain::facts::Facts;
use crate::domain::ids::ObjectId;
use crate::domain::policy::Mode;
use crate::git::{GitError, OwnChange};

/// The merges of an ungated ref.
pub(super) struct Ungated {
    /// The ref's place in the push.
    pub(super) place: usize,
    /// Those that are new.
    pub(super) merges: Vec<ObjectId>,
    /// What a gated ref would have to take with them, parents first.
    pub(super) around: Vec<ObjectId>,
}

/// Finds out what every merge does about which a decision may want to know, and fills in
/// what merges bring together. The sets hold all new commits, parents first.
pub(super) fn weigh(
    bench: &Bench<'_>,
    reader: &mut Reader<'_>,
    facts: &mut Facts,
    ungated: &[Ungated],
) {
    let mut wanted: BTreeSet<ObjectId> = BTreeSet::new();
    let mut asking: BTreeSet<usize> = BTreeSet::new();
    for (place, r) in facts.refs.iter_mut().enumerate() {
        for set in &mut r.sets {
            let is_asked = |id: &ObjectId| reader.is_ai_for(set.rule, id);
            let below = below(reader, &set.commits, is_asked);
            for id in set.commits.iter().filter(|id| reader.is_merge(id)) {
                let brought = brought(reader, &below, id);
                if let Some(brought) = brought {
                    set.brings.insert(*id, brought);
                }
                if brought.is_some() || is_asked(id) || must_declare(reader, id) {
                    wanted.insert(*id);
                    asking.insert(place);
                }
            }
        }
    }
    let mut learned = Vec::new();
    for u in ungated {
        let below = below(reader, &u.around, |id| reader.is_ai(id));
        let bringing = u.merges.iter().filter(|id| brought(reader, &below, id).is_some());
        learned.extend(bringing.map(|id| (u.place, *id)));
    }
    wanted.extend(learned.iter().map(|(_, id)| *id));
    if let Err(e) = reader.learn_own_changes(wanted) {
        let problem = findings::git(&e);
        for (place, r) in facts.refs.iter_mut().enumerate() {
            let names: Vec<_> = r.names().cloned().collect();
            let mode = bench.policy.mode_of(&bench.repository, &names).unwrap_or(Mode::Warn);
            if asking.contains(&place) || learned.iter().any(|(at, _)| *at == place) {
                r.problems.push(problem.clone().with_mode(mode));
            }
        }
    }
    for set in facts.refs.iter_mut().flat_map(|r| &mut r.sets) {
        set.brings.retain(|id, _| reader.has_own_change(id));
    }
    for (place, id) in learned {
        if let Some(r) = facts.refs.get_mut(place)
            && reader.has_own_change(&id)
            && !r.ungated_ai.contains(&id)
        {
            r.ungated_ai.push(id);
        }
    }
}

/// For each commit of a list, parents first, an AI-assisted one that it is or that lies
/// below it in the list.
pub(super) fn below(
    reader: &Reader<'_>,
    commits: &[ObjectId],
    is_ai: impl Fn(&ObjectId) -> bool,
) -> BTreeMap<ObjectId, ObjectId> {
    let mut below = BTreeMap::new();
    for id in commits {
        let found = if is_ai(id) { Some(*id) } else { brought(reader, &below, id) };
        if let Some(found) = found {
            below.insert(*id, found);
        }
    }
    below
}

/// An AI-assisted commit below one of its parents.
pub(super) fn brought(
    reader: &Reader<'_>,
    below: &BTreeMap<ObjectId, ObjectId>,
    id: &ObjectId,
) -> Option<ObjectId> {
    let seen = reader.seen.get(id)?;
    seen.commit.parents.iter().find_map(|parent| below.get(parent)).copied()
}

fn must_declare(reader: &Reader<'_>, id: &ObjectId) -> bool {
    reader.policy.detect.declaration_required
        && reader.seen.get(id).is_some_and(|s| s.detection.declared == Declared::Nothing)
}

impl Reader<'_> {
    /// Whether a commit that was read has several parents.
    pub(super) fn is_merge(&self, id: &ObjectId) -> bool {
        self.seen.get(id).is_some_and(|s| s.commit.parents.len() > 1)
    }

    /// Whether a merge is known not to be clean, or nobody can tell.
    pub(super) fn has_own_change(&self, id: &ObjectId) -> bool {
        matches!(self.own.get(id), Some(OwnChange::Paths(_) | OwnChange::Unread(_)))
    }

    /// Finds out what merges that were read do by themselves, each once.
    pub(super) fn learn_own_changes(
        &mut self,
        ids: impl IntoIterator<Item = ObjectId>,
    ) -> Result<(), GitError> {
        let unknown = ids.into_iter().filter(|id| !self.own.contains_key(id));
        let merges: Vec<_> =
            unknown.filter_map(|id| self.seen.get(&id)).map(|s| &s.commit).collect();
        if !merges.is_empty() {
            let own = self.repo.own_changes(&merges, self.limits)?;
            let paths = own.values().flat_map(|own| match own {
                OwnChange::Paths(paths) => paths.as_slice(),
                OwnChange::Clean | OwnChange::Unread(_) => &[],
            });
            self.held.take(paths.map(held::of_path).sum()).map_err(GitError::Limit)?;
            self.own.extend(own);
        }
        Ok(())
    }
}
