//! What is new for a rule and a ref (G1), and what the new commits say.
//!
//! STRATEGY. Cheap first: one walk `old..new` of the ref itself tells its kind of movement
//! and a superset of what is new. Only where something in it matters, or where there is no
//! old value, are the other refs that the rule trusts asked for, once per push, and the
//! walk repeated with all their old tips hidden.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::findings;
use super::held::{self, Held};
use super::input::Update;
use super::walks::{Beyond, Walks};
use crate::detect::{Detector, EVIDENCE_KEPT};
use crate::domain::decision::{Family, Finding};
use crate::domain::evidence::{Declared, Detection, Evidence};
use crate::domain::facts::{NewCommits, RefChange};
use crate::domain::ids::{Login, ObjectId, RefName, RepositoryName};
use crate::domain::limits::{Limits, Passed};
use crate::domain::memory::Recollection;
use crate::domain::object::{Commit, Tag};
use crate::domain::policy::{Policy, Role, Rule, Standing};
use crate::domain::sighting::Sighting;
use crate::git::range;
use crate::git::{GitError, Kind, OwnChange, Peeled, Repo};

/// The objects of one push, read once.
pub(super) struct Reader<'a> {
    pub(super) repo: &'a Repo,
    pub(super) detector: &'a Detector,
    pub(super) policy: &'a Policy,
    pub(super) repository: &'a RepositoryName,
    pub(super) limits: &'a Limits,
    pub(super) agent: Option<Login>,
    pub(super) seen: BTreeMap<ObjectId, Seen>,
    /// What memory has of commits that it knows (G9).
    pub(super) recalled: BTreeMap<ObjectId, Recollection>,
    /// What merges do by themselves, as far as anybody asked (G16).
    pub(super) own: BTreeMap<ObjectId, OwnChange>,
    pub(super) is_clone: bool,
    pub(super) tips: OnceLock<Vec<(RefName, ObjectId)>>,
    pub(super) walks: Walks,
    pub(super) held: Held,
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
    pub(super) fn matters(&self, policy: &Policy) -> bool {
        self.detection.is_evidence(policy.counts_hints())
            || (policy.detect.declaration_required && self.detection.declared == Declared::Nothing)
    }
}

/// What a gated ref's update brings.
pub(super) enum Walked {
    /// As it was found out.
    Anew(RefChange, Vec<NewCommits>),
    /// What the ref in this place brings: nothing of it is listed twice.
    As(usize),
}

impl Reader<'_> {
    /// The commits of the gated ref in this place of the push, one set for each rule.
    pub(super) fn gated(
        &mut self,
        update: &Update,
        names: &[RefName],
        place: usize,
    ) -> Result<Walked, Finding> {
        let rules: Vec<(usize, Rule)> = self
            .policy
            .rules_for(self.repository)
            .filter(|(_, r)| r.gates_any(names))
            .map(|(i, r)| (i, r.clone()))
            .collect();
        if update.is_delete() {
            return Ok(Walked::Anew(RefChange::Delete, Vec::new()));
        }
        let (tip, tags) = self.tip(update)?;
        self.add_tag_evidence(&tags, tip)?;
        let alike = (update.old, tip, rules.iter().map(|(i, _)| *i).collect());
        if let Some(first) = self.walks.firsts.get(&alike) {
            return Ok(Walked::As(*first));
        }
        let max = self.limits.new_commits;
        let (change, own) = if update.old.is_zero() {
            (RefChange::Create, None)
        } else {
            let (fast_forward, own) = match range::ref_change(self.repo, update.old, tip, max) {
                Ok(walk) => (walk.fast_forward, Some(walk.commits)),
                Err(GitError::TooManyCommits { .. }) => {
                    let bases =
                        self.repo.merge_bases(update.old, tip).map_err(|e| findings::git(&e))?;
                    (bases == [update.old], None)
                }
                Err(e) => return Err(findings::git(&e)),
            };
            // Whoever has the old tag would not get the new one, whatever it points to.
            let replaces = self.replaces_tag(update)?;
            let moves_on = fast_forward && !replaces;
            (if moves_on { RefChange::FastForward } else { RefChange::Rewind }, own)
        };
        let mut sets = Vec::new();
        for (at, rule) in rules {
            let commits = self.new_for((at, &rule), update, tip, own.as_deref())?;
            self.hold(commits.len().saturating_mul(held::LISTED))?;
            for id in &commits {
                self.read(*id)?;
            }
            let checked = commits.len();
            sets.push(NewCommits {
                rule: at,
                checked,
                commits,
                brings: BTreeMap::new(),
                lands_first: Vec::new(),
            });
        }
        self.walks.firsts.insert(alike, place);
        Ok(Walked::Anew(change, sets))
    }

    /// The new commits of an ungated ref, not reachable from any ref's old value; none where
    /// none of them matters. What can't be read is told, and hides nothing of the rest.
    pub(super) fn ungated(&mut self, update: &Update) -> (Vec<ObjectId>, Option<Finding>) {
        match self.ungated_ids(update) {
            Ok(ids) => {
                let mut trouble = self.hold(ids.len().saturating_mul(held::LISTED)).err();
                if trouble.is_some() {
                    return (Vec::new(), trouble);
                }
                for id in &ids {
                    trouble = trouble.or(self.read(*id).err());
                }
                (ids, trouble)
            }
            Err(problem) => (Vec::new(), Some(problem)),
        }
    }

    fn ungated_ids(&mut self, update: &Update) -> Result<Vec<ObjectId>, Finding> {
        if update.is_delete() {
            return Ok(Vec::new());
        }
        let peeled = self.peel(update.new)?;
        if peeled.kind != Kind::Commit {
            return Ok(Vec::new());
        }
        // A tip that can't be read is told of by whoever reads the whole list.
        let _ = self.add_tag_evidence(&peeled.tags, peeled.target);
        let max = self.limits.new_commits;
        if !update.old.is_zero() && !self.has_many() {
            let own = range::new_commits(self.repo, peeled.target, &[update.old], max)
                .map_err(|e| too_new(update, e))?;
            let mut matters = false;
            for id in &own {
                matters |= self.read(*id).is_err() || self.is_ai(id) || self.is_merge(id);
            }
            if !matters {
                return Ok(Vec::new());
            }
        }
        let untold = self.untold(&peeled.target, !peeled.tags.is_empty());
        if let Some(new) = untold.map_err(|e| too_new(update, e))? {
            return Ok(new);
        }
        let old = (!update.old.is_zero()).then_some(update.old);
        range::new_for_any_ref(self.repo, peeled.target, old, max).map_err(|e| too_new(update, e))
    }

    /// Whether a commit that was read shows evidence, for a rule that may count hints.
    pub(super) fn shows(&self, id: &ObjectId, hints_count: bool) -> bool {
        self.seen.get(id).is_some_and(|s| s.detection.is_evidence(hints_count))
    }

    /// Whether a commit that was read shows evidence.
    pub(super) fn is_ai(&self, id: &ObjectId) -> bool {
        self.seen.get(id).is_some_and(|s| s.detection.is_ai_assisted())
    }

    /// Whether an annotated tag is to go for something else.
    fn replaces_tag(&self, update: &Update) -> Result<bool, Finding> {
        let (kind, _) = self.repo.header(update.old).map_err(|e| findings::git(&e))?;
        Ok(kind == Kind::Tag && update.old != update.new)
    }

    /// Takes tags off. Each ref's are read anew, also those that many refs share.
    pub(super) fn peel(&self, id: ObjectId) -> Result<Peeled, Finding> {
        let peeled = self.repo.peel(id, self.limits).map_err(|e| findings::git(&e))?;
        self.hold(peeled.tags.iter().map(|tag| tag.message.len()).sum())?;
        Ok(peeled)
    }

    /// A gated ref must end in a commit (G17).
    fn tip(&self, update: &Update) -> Result<(ObjectId, Vec<Tag>), Finding> {
        let peeled = self.peel(update.new)?;
        if peeled.kind == Kind::Commit {
            return Ok((peeled.target, peeled.tags));
        }
        let message = format!("{} is a gated ref and would not end in a commit", update.name);
        Err(Finding::new("not-a-commit", Family::NotAllowed, message))
    }

    fn new_for(
        &mut self,
        (place, rule): (usize, &Rule),
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
        self.beyond_trusted(place, update, tip, own).map_err(|e| {
            let finding = too_new(update, e);
            if finding.code != NEW_COMMITS {
                return finding;
            }
            finding
                .hint(format!(
                    "or rule \"{}\" (policy line {}) can list in trusts the refs that already hold \
                 this history",
                    rule.name, rule.line
                ))
                .hint("or they can place it on the host and run countersign adopt")
        })
    }

    /// What a tip brings beyond the old value of its own ref and of those that a rule trusts;
    /// `own` is what it brings beyond its own ref's.
    pub(super) fn beyond_trusted(
        &mut self,
        place: usize,
        update: &Update,
        tip: ObjectId,
        own: Option<&[ObjectId]>,
    ) -> Result<Vec<ObjectId>, GitError> {
        let beyond = Beyond::Rule(place);
        let trusted = self.hidden(beyond)?;
        match own {
            Some(own) if trusted.iter().all(|id| *id == update.old) => return Ok(own.to_vec()),
            Some(own) => {
                if let Some(graph) = self.graph(beyond)?.filter(|graph| graph.knows(&tip)) {
                    return Ok(own.iter().filter(|id| graph.holds(id)).copied().collect());
                }
            }
            None if update.old.is_zero() => {
                if let Some(new) = self.shared(beyond, &tip)? {
                    return Ok(new);
                }
            }
            None => {}
        }
        let mut hidden = trusted.to_vec();
        if !update.old.is_zero() {
            hidden.push(update.old);
        }
        range::new_commits(self.repo, tip, &hidden, self.limits.new_commits)
    }

    pub(super) fn tips(&self) -> Result<&[(RefName, ObjectId)], GitError> {
        if let Some(tips) = self.tips.get() {
            return Ok(tips);
        }
        let tips = self.repo.refs(None)?;
        Ok(self.tips.get_or_init(|| tips))
    }

    /// Whether the policy lists any agent.
    pub(super) fn knows_agents(&self) -> bool {
        self.policy.people.values().any(|p| matches!(p.role, Role::Agent { .. }))
    }

    /// Adds evidence to a commit that was read. Where there is a heap of it already, as many
    /// tags on one commit can make, only a piece of another kind of place or weight.
    pub(super) fn add_evidence(&mut self, id: &ObjectId, evidence: Evidence) {
        let Some(seen) = self.seen.get_mut(id) else { return };
        let known = &mut seen.detection.evidence;
        let is_like = |e: &Evidence| {
            e.strength.counts() == evidence.strength.counts()
                && std::mem::discriminant(&e.place) == std::mem::discriminant(&evidence.place)
        };
        let is_heap = known.len() >= EVIDENCE_KEPT && known.iter().any(is_like);
        if !is_heap && !known.contains(&evidence) {
            known.push(evidence);
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
            // Sizes before contents, and one that is too large for itself says so.
            let (_, size) = self.repo.header(id).map_err(|e| findings::git(&e))?;
            if size <= self.limits.commit_bytes {
                self.hold(held::COMMIT.saturating_add(size))?;
            }
            let commit = self.repo.commit(id, self.limits).map_err(|e| findings::git(&e))?;
            let mut detection = self.detector.commit(&commit);
            self.hold(held::of_detection(&detection))?;
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

    /// Adds to the account of what is held.
    pub(super) fn hold(&self, bytes: usize) -> Result<(), Finding> {
        self.held.take(bytes).map_err(|passed| findings::limit(&passed))
    }
}

/// The code of the finding for too many new commits.
const NEW_COMMITS: &str = "limit-new-commits";

/// Why what is new for a ref can't be listed.
pub(super) fn too_new(update: &Update, error: GitError) -> Finding {
    match error {
        GitError::TooManyCommits { limit } => {
            findings::limit(&Passed::new("new_commits", limit, update.name.to_string()))
        }
        e => findings::git(&e),
    }
}

/// Whom the agent's marker on what is brought stands for (G8).
pub(super) fn agent_of(standing: &Standing, login: Option<&Login>) -> Option<Login> {
    match standing {
        Standing::Agent { .. } => login.cloned(),
        _ => None,
    }
}
