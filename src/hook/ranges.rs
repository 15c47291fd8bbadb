//! What is new for a rule and a ref (G1), and what the new commits say.
//!
//! STRATEGY. Cheap first: one walk `old..new` of the ref itself tells its kind of movement
//! and a superset of what is new. Only where something in it matters, or where there is no
//! old value, are the other refs that the rule trusts asked for, once per push, and the
//! walk repeated with all their old tips hidden.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::input::{self, Update};
use super::log::chain;
use crate::detect::Detector;
use crate::domain::decision::{Family, Finding};
use crate::domain::evidence::{Declared, Detection, Evidence};
use crate::domain::facts::{NewCommits, RefChange};
use crate::domain::ids::{Login, ObjectId, RefName, RepositoryName};
use crate::domain::limits::Limits;
use crate::domain::object::{Commit, Tag};
use crate::domain::policy::{Mode, Policy, Role, Rule, Standing};
use crate::domain::sighting::Sighting;
use crate::git::range;
use crate::git::{GitError, Kind, OwnChange, Repo};

/// Other refs of the push that are looked at for "push it first".
const OTHERS: usize = 8;

/// The objects of one push, read once.
pub(super) struct Reader<'a> {
    pub(super) repo: &'a Repo,
    pub(super) detector: &'a Detector,
    pub(super) policy: &'a Policy,
    pub(super) repository: &'a RepositoryName,
    pub(super) limits: &'a Limits,
    pub(super) agent: Option<Login>,
    pub(super) seen: BTreeMap<ObjectId, Seen>,
    /// What merges do by themselves, as far as anybody asked (G16).
    pub(super) own: BTreeMap<ObjectId, OwnChange>,
    pub(super) is_clone: bool,
    pub(super) tips: OnceLock<Vec<(RefName, ObjectId)>>,
}

/// One commit that was read, and what the detector saw in it.
pub(super) struct Seen {
    pub(super) commit: Commit,
    pub(super) detection: Detection,
    /// Whether its object came with this push.
    pub(super) brought: bool,
}

impl Seen {
    /// Whether a decision may want to speak about it.
    fn matters(&self, policy: &Policy) -> bool {
        self.detection.is_ai_assisted()
            || (policy.detect.declaration_required && self.detection.declared == Declared::Nothing)
    }
}

/// What a gated ref's update brings.
pub(super) struct Walked {
    pub(super) change: RefChange,
    pub(super) sets: Vec<NewCommits>,
}

impl Reader<'_> {
    /// The commits of a gated ref, one set for each rule.
    pub(super) fn gated(&mut self, update: &Update, names: &[RefName]) -> Result<Walked, Finding> {
        let rules: Vec<(usize, Rule)> = self
            .policy
            .rules_for(self.repository)
            .filter(|(_, r)| r.gates_any(names))
            .map(|(i, r)| (i, r.clone()))
            .collect();
        if update.is_delete() {
            return Ok(Walked { change: RefChange::Delete, sets: Vec::new() });
        }
        let (tip, tags) = self.tip(update)?;
        self.add_tag_evidence(&tags, tip)?;
        let max = self.limits.new_commits;
        let (change, own) = if update.old.is_zero() {
            (RefChange::Create, None)
        } else {
            let (fast_forward, own) = match range::ref_change(self.repo, update.old, tip, max) {
                Ok(walk) => (walk.fast_forward, Some(walk.commits)),
                Err(GitError::TooManyCommits { .. }) => {
                    let bases = self.repo.merge_bases(update.old, tip).map_err(|e| self.git(e))?;
                    (bases == [update.old], None)
                }
                Err(e) => return Err(self.git(e)),
            };
            // Whoever has the old tag would not get the new one, whatever it points to.
            let replaces = self.replaces_tag(update)?;
            let moves_on = fast_forward && !replaces;
            (if moves_on { RefChange::FastForward } else { RefChange::Rewind }, own)
        };
        let mut sets = Vec::new();
        for (place, rule) in rules {
            let commits = self.new_for(&rule, update, tip, own.as_deref())?;
            for id in &commits {
                self.read(*id)?;
            }
            let checked = commits.len();
            sets.push(NewCommits {
                rule: place,
                checked,
                commits,
                brings: BTreeMap::new(),
                lands_first: Vec::new(),
            });
        }
        Ok(Walked { change, sets })
    }

    /// The new commits of an ungated ref, not reachable from any ref's old value; none where
    /// none of them matters. What can't be read is told, and hides nothing of the rest.
    pub(super) fn ungated(&mut self, update: &Update) -> (Vec<ObjectId>, Option<Finding>) {
        match self.ungated_ids(update) {
            Ok(ids) => {
                let mut trouble = None;
                for id in &ids {
                    trouble = trouble.or(self.read(*id).err());
                }
                (ids, trouble)
            }
            Err(problem) => (Vec::new(), Some(problem)),
        }
    }

    /// What a gated ref would have to take with the tip of an ungated one, as far as it can
    /// be read: what is below a merge tells whether it is AI-assisted (G16).
    pub(super) fn ahead_of_gated(&mut self, update: &Update) -> Vec<ObjectId> {
        let Ok(tips) = self.tips() else { return Vec::new() };
        let is_gated = |name| self.policy.mode_of(self.repository, [name]).is_some();
        let hidden: Vec<_> = tips.iter().filter(|(n, _)| is_gated(n)).map(|(_, id)| *id).collect();
        let max = self.limits.new_commits;
        let ahead = range::new_commits(self.repo, update.new, &hidden, max).unwrap_or_default();
        ahead.into_iter().filter(|id| self.read(*id).is_ok()).collect()
    }

    fn ungated_ids(&mut self, update: &Update) -> Result<Vec<ObjectId>, Finding> {
        if update.is_delete() {
            return Ok(Vec::new());
        }
        let peeled = self.repo.peel(update.new, self.limits).map_err(|e| self.git(e))?;
        if peeled.kind != Kind::Commit {
            return Ok(Vec::new());
        }
        // A tip that can't be read is told of by whoever reads the whole list.
        let _ = self.add_tag_evidence(&peeled.tags, peeled.target);
        let max = self.limits.new_commits;
        if !update.old.is_zero() {
            let own = range::new_commits(self.repo, peeled.target, &[update.old], max)
                .map_err(|e| self.git(e))?;
            let mut matters = false;
            for id in &own {
                matters |= self.read(*id).is_err() || self.is_ai(id) || self.is_merge(id);
            }
            if !matters {
                return Ok(Vec::new());
            }
        }
        let old = (!update.old.is_zero()).then_some(update.old);
        range::new_for_any_ref(self.repo, peeled.target, old, max).map_err(|e| self.git(e))
    }

    /// Whether a commit that was read shows evidence.
    pub(super) fn is_ai(&self, id: &ObjectId) -> bool {
        self.seen.get(id).is_some_and(|s| s.detection.is_ai_assisted())
    }

    /// Whether an annotated tag is to go for something else.
    fn replaces_tag(&self, update: &Update) -> Result<bool, Finding> {
        let (kind, _) = self.repo.header(update.old).map_err(|e| self.git(e))?;
        Ok(kind == Kind::Tag && update.old != update.new)
    }

    /// A gated ref must end in a commit (G17).
    fn tip(&self, update: &Update) -> Result<(ObjectId, Vec<Tag>), Finding> {
        let peeled = self.repo.peel(update.new, self.limits).map_err(|e| self.git(e))?;
        if peeled.kind == Kind::Commit {
            return Ok((peeled.target, peeled.tags));
        }
        let message = format!("{} is a gated ref and would not end in a commit", update.name);
        Err(Finding::new("not-a-commit", Family::NotAllowed, message))
    }

    fn new_for(
        &mut self,
        rule: &Rule,
        update: &Update,
        tip: ObjectId,
        own: Option<&[ObjectId]>,
    ) -> Result<Vec<ObjectId>, Finding> {
        if let Some(own) = own {
            let mut matters = self.knows_agents();
            for id in own {
                let policy = self.policy;
                matters |= self.read(*id)?.matters(policy);
            }
            if !matters {
                return Ok(own.to_vec());
            }
        }
        let mut hidden = self.trusted(rule)?;
        if !update.old.is_zero() {
            hidden.push(update.old);
        }
        hidden.sort_unstable();
        hidden.dedup();
        if let (Some(own), [only]) = (own, hidden.as_slice())
            && *only == update.old
        {
            return Ok(own.to_vec());
        }
        let max = self.limits.new_commits;
        range::new_commits(self.repo, tip, &hidden, max).map_err(|e| match e {
            GitError::TooManyCommits { .. } => {
                let what = format!("the number of new commits for {}", update.name);
                input::limit("limit-new-commits", &what, max, "new_commits").hint(format!(
                    "or rule \"{}\" (policy line {}) can list in trusts the refs that already \
                     hold this history",
                    rule.name, rule.line
                ))
            }
            e => self.git(e),
        })
    }

    /// Old tips of the refs that a rule trusts. A trusted pattern counts only for refs that
    /// this rule matches or an enforcing rule gates: else a commit parked on an ungated
    /// branch would be old.
    fn trusted(&self, rule: &Rule) -> Result<Vec<ObjectId>, Finding> {
        let tips = self.tips()?.iter();
        Ok(tips.filter(|(name, _)| self.trusts(rule, name)).map(|(_, id)| *id).collect())
    }

    fn trusts(&self, rule: &Rule, name: &RefName) -> bool {
        rule.trusts.matches(name.as_bytes())
            && (rule.gates(name)
                || self.policy.mode_of(self.repository, [name]) == Some(Mode::Enforce))
    }

    fn tips(&self) -> Result<&[(RefName, ObjectId)], Finding> {
        if let Some(tips) = self.tips.get() {
            return Ok(tips);
        }
        let tips = self.repo.refs(None).map_err(|e| self.git(e))?;
        Ok(self.tips.get_or_init(|| tips))
    }

    /// Keeps of a set what matters, and finds the refs of this push that the rule trusts and
    /// that will hold some of it: the pusher may be told to push them first.
    pub(super) fn settle(
        &self,
        set: &mut NewCommits,
        names: &[RefName],
        all: &[(RefName, ObjectId)],
    ) {
        let matters = |id: &ObjectId| self.seen.get(id).is_some_and(|s| s.matters(self.policy));
        set.commits.retain(|id| matters(id) || set.brings.contains_key(id));
        let Some(rule) = self.policy.rules.get(set.rule) else { return };
        if set.commits.is_empty() {
            return;
        }
        let others = all
            .iter()
            .filter(|(n, new)| !names.contains(n) && !new.is_zero() && self.trusts(rule, n));
        for (name, new) in others.take(OTHERS) {
            let hidden = self.trusted(rule).unwrap_or_default();
            let held = range::new_commits(self.repo, *new, &hidden, self.limits.new_commits);
            let held: BTreeSet<_> = held.unwrap_or_default().into_iter().collect();
            let held: Vec<_> = set.commits.iter().filter(|c| held.contains(c)).copied().collect();
            if !held.is_empty() {
                set.lands_first.push((name.clone(), held));
            }
        }
    }

    /// Whether the policy lists any agent.
    pub(super) fn knows_agents(&self) -> bool {
        self.policy.people.values().any(|p| matches!(p.role, Role::Agent { .. }))
    }

    /// Adds evidence to a commit that was read.
    pub(super) fn add_evidence(&mut self, id: &ObjectId, evidence: Evidence) {
        if let Some(seen) = self.seen.get_mut(id)
            && !seen.detection.evidence.contains(&evidence)
        {
            seen.detection.evidence.push(evidence);
        }
    }

    /// Whether an agent was the first to push a commit (G8).
    pub(super) fn is_agents(&self, row: Option<&Sighting>) -> bool {
        let login = row.and_then(|r| r.first_pusher.as_ref());
        matches!(self.policy.standing(login, false), Standing::Agent { .. })
    }

    /// Reads and scans one commit, once.
    pub(super) fn read(&mut self, id: ObjectId) -> Result<&Seen, Finding> {
        if !self.seen.contains_key(&id) {
            let commit = self.repo.commit(id, self.limits).map_err(|e| self.git(e))?;
            let mut detection = self.detector.commit(&commit);
            let brought = self.is_clone || !self.repo.exists_before_push(id);
            if let (Some(agent), true) = (&self.agent, brought) {
                detection.evidence.push(Detector::agent_pusher(agent));
            }
            self.seen.insert(id, Seen { commit, detection, brought });
        }
        self.seen.get(&id).ok_or_else(|| {
            Finding::new("bug", Family::CouldNotFinish, "a commit was read and is not there")
        })
    }

    /// Messages of annotated tags are read for evidence about what they point to (G17),
    /// before anybody asks whether it matters.
    fn add_tag_evidence(&mut self, tags: &[Tag], tip: ObjectId) -> Result<(), Finding> {
        if tags.is_empty() {
            return Ok(());
        }
        self.read(tip)?;
        let found: Vec<_> = tags.iter().flat_map(|t| self.detector.tag(t)).collect();
        for evidence in found {
            self.add_evidence(&tip, evidence);
        }
        Ok(())
    }

    /// A git error in the pusher's words (G5): the fault is rarely theirs.
    pub(super) fn git(&self, error: GitError) -> Finding {
        git_finding(&error, self.limits)
    }
}

/// Whom the agent's marker on what is brought stands for (G8).
pub(super) fn agent_of(standing: &Standing, login: Option<&Login>) -> Option<Login> {
    match standing {
        Standing::Agent { .. } => login.cloned(),
        _ => None,
    }
}

/// A git error as a finding.
pub(super) fn git_finding(error: &GitError, limits: &Limits) -> Finding {
    match error {
        GitError::TooManyCommits { .. } => {
            let what = "the number of new commits";
            input::limit("limit-new-commits", what, limits.new_commits, "new_commits")
        }
        GitError::MissingParent { commit, .. } => Finding::new(
            "shallow",
            Family::NotAllowed,
            format!(
                "{} has a parent that neither the push nor the repository holds: the history \
                 would become shallow",
                commit.short()
            ),
        )
        .hint("git fetch --unshallow, then push again"),
        GitError::Malformed { id, .. } => Finding::new(
            "malformed-object",
            Family::NotAllowed,
            format!("{error}: programs would read {} differently", id.short()),
        )
        .hint("recreate the commit with git itself"),
        GitError::TooLarge { .. } => {
            Finding::new("limit-object", Family::CouldNotFinish, error.to_string())
                .hint("an admin can raise commit_bytes or changed_paths under [limits]")
        }
        GitError::Environment { .. } => {
            Finding::new("environment", Family::CouldNotFinish, error.to_string())
        }
        GitError::Unreadable { id, .. } => {
            let message = format!("object {id} can't be read");
            Finding::new("unreadable-object", Family::CouldNotFinish, message).detail(chain(error))
        }
        GitError::Open { .. } | GitError::File { .. } | GitError::Child { .. } => {
            let message = "the gate can't read this repository";
            Finding::new("repository-unreadable", Family::CouldNotFinish, message)
                .detail(chain(error))
        }
        _ => Finding::new("unreadable-object", Family::CouldNotFinish, error.to_string()),
    }
}
