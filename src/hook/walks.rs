//! Walks that the refs of a push share: what each of them brings beyond the refs that a rule
//! trusts, beyond all gated refs, or beyond every ref (G1).
//!
//! STRATEGY. A push of many refs onto a repository of many refs must not cost the product:
//! what is hidden is listed once, and the walk that hides it starts from all pushed tips at
//! once ([`NewGraph`]). A single ref is walked for itself.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use super::input::Update;
use super::ranges::{Reader, too_new};
use crate::domain::decision::Finding;
use crate::domain::facts::NewCommits;
use crate::domain::ids::{ObjectId, RefName};
use crate::domain::limits::Passed;
use crate::domain::policy::{Mode, Rule};
use crate::git::bases::Bases;
use crate::git::graph::{self, NewGraph};
use crate::git::range::{self, Hidden};
use crate::git::{GitError, Repo};

/// So many refs are walked one by one where all of them together pass the limit, to find out
/// which of them it is.
const FEW: usize = 32;

/// What is not new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Beyond {
    /// What any ref held before the push.
    EveryRef,
    /// What any gated ref held.
    Gated,
    /// What the refs held that the rule in this place trusts.
    Rule(usize),
}

/// What makes two gated refs bring the same: the old value, the commit that they end in, and
/// the rules.
pub(super) type Alike = (ObjectId, ObjectId, Vec<usize>);

/// For refs of a push, by their places, an earlier one that brings the same to the same rules.
pub(super) type Twins = BTreeMap<usize, usize>;

/// What the refs of one push have in common.
#[derive(Default)]
pub(super) struct Walks {
    /// The first gated ref of each sort, by its place in the push.
    pub(super) firsts: HashMap<Alike, usize>,
    /// Each ref that is not to go, by all its names, and its new value.
    pushed: Vec<(Vec<RefName>, ObjectId)>,
    hidden: BTreeMap<Beyond, Rc<[ObjectId]>>,
    /// For a rule: the refs of the push that it trusts.
    trusted: BTreeMap<usize, Rc<[(RefName, ObjectId)]>>,
    graphs: BTreeMap<Beyond, Graph>,
    /// What earlier ungated refs of the push have been found to bring.
    told: HashSet<ObjectId>,
    /// For a rule and a ref that it trusts: what the ref will hold that is new for the rule.
    held: BTreeMap<(usize, RefName), Rc<HashSet<ObjectId>>>,
}

#[derive(Clone)]
enum Graph {
    Shared(Rc<NewGraph>),
    /// Each ref is walked for itself.
    Single,
    Over(Passed),
}

impl Walks {
    pub(super) fn of(pushed: Vec<(Vec<RefName>, ObjectId)>) -> Self {
        Self { pushed, ..Self::default() }
    }
}

impl Reader<'_> {
    /// Whether so many refs are pushed that a walk for each costs more than one for all.
    pub(super) fn has_many(&self) -> bool {
        self.walks.pushed.len() > FEW
    }

    /// What refs held that hide their commits; nothing for every ref, which git lists.
    pub(super) fn hidden(&mut self, beyond: Beyond) -> Result<Rc<[ObjectId]>, GitError> {
        if let Some(hidden) = self.walks.hidden.get(&beyond) {
            return Ok(Rc::clone(hidden));
        }
        let tips = if beyond == Beyond::EveryRef { &[] } else { self.tips()? };
        let hides = |name: &RefName| match beyond {
            Beyond::EveryRef => false,
            Beyond::Gated => self.policy.mode_of(self.repository, [name]).is_some(),
            Beyond::Rule(place) => {
                self.policy.rules.get(place).is_some_and(|r| self.trusts(r, name))
            }
        };
        let bases = if tips.is_empty() { Bases::default() } else { self.repo.recorded_bases()? };
        let stands = |(name, id): &&(RefName, ObjectId)| hides(name) || bases.has(name, id);
        let mut hidden: Vec<_> = tips.iter().filter(stands).map(|(_, id)| *id).collect();
        hidden.sort_unstable();
        hidden.dedup();
        let hidden: Rc<[ObjectId]> = hidden.into();
        self.walks.hidden.insert(beyond, Rc::clone(&hidden));
        Ok(hidden)
    }

    /// The commits of a pushed tip beyond what is hidden, parents first, where that was
    /// walked for all refs at once; `None` where each is walked for itself.
    pub(super) fn shared(
        &mut self,
        beyond: Beyond,
        tip: &ObjectId,
    ) -> Result<Option<Vec<ObjectId>>, GitError> {
        let graph = self.graph(beyond)?.filter(|graph| graph.knows(tip));
        graph.map(|graph| graph.of(tip, self.limits.new_commits)).transpose()
    }

    /// What a tip brings that no ref held and no earlier ungated ref of this push brings;
    /// `None` where each is walked for itself. Many refs on the same commits need not tell
    /// them many times. A tip that `has_tags` is told once more: they may say more of it.
    pub(super) fn untold(
        &mut self,
        tip: &ObjectId,
        has_tags: bool,
    ) -> Result<Option<Vec<ObjectId>>, GitError> {
        let Some(graph) = self.graph(Beyond::EveryRef)?.filter(|graph| graph.knows(tip)) else {
            return Ok(None);
        };
        if has_tags {
            self.walks.told.remove(tip);
        }
        let new = graph.besides(&self.walks.told, tip, self.limits.new_commits)?;
        self.walks.told.extend(&new);
        Ok(Some(new))
    }

    /// The walk from all pushed tips that are concerned; `None` for a single one.
    pub(super) fn graph(&mut self, beyond: Beyond) -> Result<Option<Rc<NewGraph>>, GitError> {
        let graph = match self.walks.graphs.get(&beyond) {
            Some(graph) => graph.clone(),
            None => {
                let graph = self.walk(beyond)?;
                self.walks.graphs.insert(beyond, graph.clone());
                graph
            }
        };
        match graph {
            Graph::Shared(graph) => Ok(Some(graph)),
            Graph::Single => Ok(None),
            Graph::Over(passed) => Err(GitError::Limit(passed)),
        }
    }

    fn walk(&mut self, beyond: Beyond) -> Result<Graph, GitError> {
        let pushed = self.walks.pushed.iter().filter(|(names, _)| self.concerns(beyond, names));
        let mut tips: Vec<_> = pushed.filter_map(|(_, new)| commit(self.repo, *new)).collect();
        // Many refs on the same commit are many.
        if tips.len() < 2 {
            return Ok(Graph::Single);
        }
        tips.sort_unstable();
        tips.dedup();
        let hidden = range::commits_of(self.repo, &self.hidden(beyond)?)?;
        let hidden = match beyond {
            Beyond::EveryRef => Hidden::EveryRef,
            _ => Hidden::Commits(&hidden),
        };
        let all = self.limits.new_commits.saturating_mul(tips.len());
        let most = all.min(self.limits.push_bytes / graph::COMMIT_BYTES);
        match NewGraph::walk(self.repo, &tips, hidden, most) {
            Ok(graph) => {
                let bytes = graph.size().saturating_mul(graph::COMMIT_BYTES);
                let taken = self.held.take(bytes);
                Ok(taken.map_or_else(Graph::Over, |()| Graph::Shared(Rc::new(graph))))
            }
            Err(GitError::TooManyCommits { .. }) if tips.len() > FEW => {
                let what = format!("at least one of the {} refs of this push", tips.len());
                Ok(Graph::Over(if most == all {
                    Passed::new("new_commits", self.limits.new_commits, what)
                } else {
                    let what = "what the gate would have to hold of the commits of this push";
                    Passed::new("push_bytes", self.limits.push_bytes, what)
                }))
            }
            // Which ref it is that can't be walked, each one's own walk tells.
            Err(_) => Ok(Graph::Single),
        }
    }

    fn concerns(&self, beyond: Beyond, names: &[RefName]) -> bool {
        match beyond {
            Beyond::EveryRef | Beyond::Gated => {
                self.policy.mode_of(self.repository, names).is_none()
            }
            Beyond::Rule(place) => self.policy.rules.get(place).is_some_and(|rule| {
                rule.gates_any(names) || names.iter().any(|name| self.trusts(rule, name))
            }),
        }
    }

    /// Whether a rule trusts a ref. A trusted pattern counts only for refs that this rule
    /// matches or an enforcing rule gates: else a commit parked on an ungated branch would
    /// be old.
    pub(super) fn trusts(&self, rule: &Rule, name: &RefName) -> bool {
        rule.trusts.matches(name.as_bytes())
            && (rule.gates(name)
                || self.policy.mode_of(self.repository, [name]) == Some(Mode::Enforce))
    }

    /// Leaves of a set what the refs that its rule trusts do not hold: a set in which nothing
    /// seemed to matter was not held against them.
    pub(super) fn narrow(
        &mut self,
        set: &mut NewCommits,
        name: &RefName,
        old: ObjectId,
        new: ObjectId,
    ) -> Result<(), Finding> {
        let update = Update { name: name.clone(), old, new };
        let tip = self.peel(new)?.target;
        let own = std::mem::take(&mut set.commits);
        let narrowed = self.beyond_trusted(set.rule, &update, tip, Some(&own));
        set.commits = narrowed.map_err(|e| too_new(&update, e))?;
        set.checked = set.commits.len();
        Ok(())
    }

    /// The refs of this push that a rule trusts, as pushed.
    pub(super) fn trusted_pushes(&mut self, place: usize) -> Rc<[(RefName, ObjectId)]> {
        if let Some(found) = self.walks.trusted.get(&place) {
            return Rc::clone(found);
        }
        let rule = self.policy.rules.get(place);
        let pushed =
            self.walks.pushed.iter().filter_map(|(names, new)| Some((names.first()?, new)));
        let trusted = pushed.filter(|(name, _)| rule.is_some_and(|rule| self.trusts(rule, name)));
        let trusted: Rc<[_]> = trusted.map(|(name, new)| (name.clone(), *new)).collect();
        self.walks.trusted.insert(place, Rc::clone(&trusted));
        trusted
    }

    /// What a ref of this push that a rule trusts will hold that is new for the rule.
    pub(super) fn will_hold(
        &mut self,
        place: usize,
        name: &RefName,
        new: ObjectId,
    ) -> Rc<HashSet<ObjectId>> {
        let key = (place, name.clone());
        if let Some(held) = self.walks.held.get(&key) {
            return Rc::clone(held);
        }
        let held = self.will_hold_new(Beyond::Rule(place), new);
        let held: Rc<HashSet<_>> = Rc::new(held.unwrap_or_default().into_iter().collect());
        self.walks.held.insert(key, Rc::clone(&held));
        held
    }

    fn will_hold_new(&mut self, beyond: Beyond, new: ObjectId) -> Option<Vec<ObjectId>> {
        let tip = commit(self.repo, new)?;
        if let Some(held) = self.shared(beyond, &tip).ok()? {
            return Some(held);
        }
        let hidden = self.hidden(beyond).ok()?;
        range::new_commits(self.repo, tip, &hidden, self.limits.new_commits).ok()
    }

    /// What a gated ref would have to take with the tip of an ungated one, as far as it can
    /// be read: what is below a merge tells whether it is AI-assisted (G16).
    pub(super) fn ahead_of_gated(&mut self, new: ObjectId) -> Vec<ObjectId> {
        let ahead = self.will_hold_new(Beyond::Gated, new).unwrap_or_default();
        ahead.into_iter().filter(|id| self.read(*id).is_ok()).collect()
    }
}

fn commit(repo: &Repo, id: ObjectId) -> Option<ObjectId> {
    range::commit_of(repo, id).ok().flatten()
}
