//! The one decision: facts and policy in, the whole result tree out. Pure.
//!
//! STRATEGY. For each ref, each rule that gates it and each new commit of that rule's set
//! (G1): evidence makes a requirement (G4, G6), the requirement collects every statement
//! that is tied to the commit (G10, G11), drops those that do not count (G12, G15) or whose
//! signer had a hand in it (G13), and counts people (G14). Nothing here asks anybody.

use std::collections::{BTreeMap, BTreeSet};

use super::decision::{
    Cannot, CommitDecision, Decision, Early, Family, Finding, FirstPusher, MergeDecision, Met,
    Outcome, RefDecision, Requirement, RuleChecked,
};
use super::escape::escape_short;
use super::evidence::{Declared, Evidence, Place};
use super::facts::{CommitFacts, Facts, Merge, NewCommits, RefChange, RefFacts};
use super::four_eyes::{FourEyes, Pair};
use super::ids::{ObjectId, PersonId, RefName};
use super::policy::{Mode, Policy, Rule, Standing};
use super::validity::is_valid_key;

/// Longest subject shown, in characters.
const SUBJECT: usize = 60;
/// Paths of a merge's own change that are kept, and how many characters of each.
const OWN_PATHS: usize = 20;
const PATH: usize = 200;

/// Judges one push.
#[must_use]
pub fn decide(policy: &Policy, facts: &Facts) -> Decision {
    let mut judge = Judge { policy, facts, nets: BTreeMap::new(), early: BTreeSet::new() };
    let mut refs: Vec<_> = facts.refs.iter().map(|r| judge.reference(r)).collect();
    drop_circles(&mut refs);
    let rejects = facts.problems.iter().any(Finding::rejects)
        || refs.iter().any(|r| r.verdict == Outcome::Reject);
    Decision {
        id: facts.id.clone(),
        at: facts.at,
        repository: facts.repository.clone(),
        policy: Some(policy.digest),
        pusher: facts.pusher.clone(),
        verdict: if rejects { Outcome::Reject } else { Outcome::Accept },
        findings: facts.problems.clone(),
        deliveries: facts.deliveries.clone(),
        refs,
        first_pushers: facts
            .sightings
            .values()
            .map(|row| FirstPusher { commit: row.commit, login: row.first_pusher.clone() })
            .collect(),
    }
}

/// "Push that ref first" helps only where that ref may land by itself.
fn drop_circles(refs: &mut [RefDecision]) {
    let refused: BTreeSet<RefName> =
        refs.iter().filter(|r| r.verdict == Outcome::Reject).map(|r| r.name.clone()).collect();
    let commits = refs.iter_mut().flat_map(|r| &mut r.commits);
    for q in commits.flat_map(|c| &mut c.requirements) {
        q.push_first.take_if(|name| refused.contains(name));
    }
}

/// A commit before any rule has looked at it.
fn view(commit: &CommitFacts) -> CommitDecision {
    let own = commit.paths.as_deref().unwrap_or_default();
    // A merge that nobody weighed is neither.
    let is_weighed = |merge: &Merge| *merge != Merge::Own || !own.is_empty();
    let merge = commit.merge.filter(is_weighed).map(|merge| MergeDecision {
        own: own.iter().take(OWN_PATHS).map(|p| escape_short(p.as_bytes(), PATH)).collect(),
        own_paths: own.len(),
        brings: None,
        unread: match merge {
            Merge::Unread(absent) => Some(absent),
            Merge::Clean | Merge::Own => None,
        },
    });
    CommitDecision {
        id: commit.id,
        subject: escape_short(&commit.subject, SUBJECT),
        evidence: commit.detection.evidence.clone(),
        merge,
        findings: Vec::new(),
        requirements: Vec::new(),
    }
}

/// That a marked merge needs nothing of its own has to be shown too (G3, G16).
fn is_marked_clean_merge(rule: &Rule, commit: &CommitFacts) -> bool {
    commit.merge == Some(Merge::Clean) && commit.detection.is_evidence(rule.hints_count)
}

pub(super) struct Judge<'a> {
    pub(super) policy: &'a Policy,
    pub(super) facts: &'a Facts,
    /// Which commit a person's net change of a range covers in this push: never two (G11).
    pub(super) nets: BTreeMap<(PersonId, ObjectId, ObjectId), ObjectId>,
    /// AI-assisted commits of ungated refs that were counted with an earlier ref (G25).
    pub(super) early: BTreeSet<ObjectId>,
}

/// One rule, one ref, one commit.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) rule: &'a Rule,
    pub(super) reference: &'a RefFacts,
    pub(super) commit: &'a CommitFacts,
}

impl Judge<'_> {
    fn reference(&mut self, r: &RefFacts) -> RefDecision {
        let names: Vec<_> = r.names().collect();
        let gated = self.policy.mode_of(&self.facts.repository, names.iter().copied()).is_some();
        let mut findings = r.problems.clone();
        findings.extend(self.movement(r));
        findings.extend(self.unchecked(r));
        let mut commits: BTreeMap<ObjectId, CommitDecision> = BTreeMap::new();
        let mut order: Vec<ObjectId> = Vec::new();
        let mut rules = Vec::new();
        for set in &r.sets {
            let Some(rule) = self.policy.rules.get(set.rule) else { continue };
            rules.push(RuleChecked {
                rule: rule.name.clone(),
                mode: rule.mode,
                checked: set.checked,
            });
            for id in &set.commits {
                let Some(commit) = self.facts.commits.get(id) else { continue };
                let case = Case { rule, reference: r, commit };
                let (requirement, finding) = self.commit(case, set);
                let is_exempt = is_marked_clean_merge(rule, commit);
                if requirement.is_none() && finding.is_none() && !is_exempt {
                    continue;
                }
                let entry = commits.entry(*id).or_insert_with(|| {
                    order.push(*id);
                    view(commit)
                });
                if let (Some(merge), Some(brought)) = (&mut entry.merge, set.brings.get(id)) {
                    merge.brings = Some(*brought);
                }
                entry.requirements.extend(requirement);
                entry.findings.extend(finding);
            }
        }
        let commits: Vec<_> = order.iter().filter_map(|id| commits.remove(id)).collect();
        let rejects = findings.iter().any(Finding::rejects)
            || commits.iter().any(|c| {
                c.findings.iter().any(Finding::rejects)
                    || c.requirements.iter().any(Requirement::rejects)
            });
        RefDecision {
            name: r.name.clone(),
            leads_to: r.leads_to.clone(),
            change: r.change,
            old: r.old,
            new: r.new,
            gated,
            verdict: if rejects { Outcome::Reject } else { Outcome::Accept },
            findings,
            rules,
            commits,
            ungated_ai: r.ungated_ai.iter().filter(|id| self.early.insert(**id)).count(),
            early: self.early(r),
        }
    }

    fn early(&self, r: &RefFacts) -> Option<Early> {
        if r.ungated_ai.is_empty() {
            return None;
        }
        let mut rules = self.policy.rules_for(&self.facts.repository);
        let (_, rule) = rules.find(|(_, rule)| rule.mode == Mode::Enforce)?;
        // Who is not known now will not be known later (G13).
        let eyes = FourEyes { policy: self.policy, facts: self.facts };
        let one_more = r
            .ungated_ai
            .iter()
            .any(|id| eyes.needs_one_more(Pair { signed: std::slice::from_ref(id), landing: id }));
        Some(Early {
            refs: rule.refs.patterns().next()?.to_owned(),
            sign_offs: rule.sign_offs + usize::from(one_more),
            from: rule.from.clone(),
        })
    }

    /// "Nothing to check" has to be shown (G3): a rule that gates the ref and has no set was
    /// not applied.
    fn unchecked(&self, r: &RefFacts) -> Option<Finding> {
        if r.change == RefChange::Delete || !r.problems.is_empty() {
            return None;
        }
        let is_applied = |place| r.sets.iter().any(|s| s.rule == place);
        let mut rules = self.policy.rules_for(&self.facts.repository);
        let (_, rule) = rules.find(|(i, rule)| rule.gates_any(r.names()) && !is_applied(*i))?;
        let message = format!("rule \"{}\" was not applied to {}", rule.name, r.name);
        Some(Finding::new("bug", Family::CouldNotFinish, message).with_mode(rule.mode))
    }

    /// Deletes and rewinds, which every rule of the ref has to allow (G17).
    fn movement(&self, r: &RefFacts) -> Vec<Finding> {
        let (code, word, done) = match r.change {
            RefChange::Delete => ("delete", "delete", "deleted"),
            RefChange::Rewind => ("rewind", "rewind", "rewound"),
            RefChange::Create | RefChange::FastForward => return Vec::new(),
        };
        let allows = |rule: &Rule| match r.change {
            RefChange::Delete => rule.allow_delete,
            _ => rule.allow_rewind,
        };
        self.policy
            .rules_for(&self.facts.repository)
            .filter(|(_, rule)| rule.gates_any(r.names()) && !allows(rule))
            .map(|(_, rule)| {
                let message = format!(
                    "rule \"{}\" (policy line {}) does not let {} be {done}",
                    rule.name, rule.line, r.name
                );
                Finding::new(code, Family::NotAllowed, message)
                    .with_mode(rule.mode)
                    .hint(format!("an admin can set allow = [\"{word}\"] in that rule"))
            })
            .collect()
    }

    fn commit(
        &mut self,
        case: Case<'_>,
        set: &NewCommits,
    ) -> (Option<Requirement>, Option<Finding>) {
        let matches = case
            .commit
            .paths
            .as_ref()
            .is_none_or(|paths| paths.iter().any(|p| case.rule.paths.matches(p.as_bytes())));
        if !matches {
            return (None, None);
        }
        if self.is_asked(case, set) {
            return (Some(self.requirement(case, set)), None);
        }
        // A clean merge makes no declaration of its own.
        let silent = case.commit.merge != Some(Merge::Clean)
            && case.commit.detection.declared == Declared::Nothing;
        let finding = (self.policy.detect.declaration_required && silent).then(|| {
            Finding::new(
                "declaration-missing",
                Family::NotAllowed,
                format!("the policy wants a declaration, yes or no (rule \"{}\")", case.rule.name),
            )
            .with_mode(case.rule.mode)
            .hint("add a line \"AI-Assisted: no\" or \"AI-Assisted: yes\" to the message")
        });
        (None, finding)
    }

    /// Whether a rule wants a sign-off of a commit, paths aside: it shows evidence, memory
    /// knows it, or it is a merge that is not clean and brings AI-assisted commits. What a
    /// clean merge says of itself counts only where the rule checks those; a tag that points
    /// to it speaks of more (G16).
    fn is_asked(&self, case: Case<'_>, set: &NewCommits) -> bool {
        let Case { rule, commit, .. } = case;
        if is_marked_clean_merge(rule, commit) && !rule.check_clean_merges {
            let by_tag = |e: &Evidence| e.strength.counts() && matches!(e.place, Place::Tag(_));
            return commit.detection.evidence.iter().any(by_tag);
        }
        commit.detection.shows(rule.hints_count)
            || set.brings.contains_key(&commit.id)
            || self.is_remembered(case, set.rule)
    }

    fn requirement(&mut self, case: Case<'_>, set: &NewCommits) -> Requirement {
        let Case { rule, commit, .. } = case;
        let own = [commit.id];
        let itself = Pair { signed: &own, landing: &commit.id };
        let eyes = FourEyes { policy: self.policy, facts: self.facts };
        let tally = self.tally(case);
        let enough = tally.is_enough(rule);
        let one_more = match tally.have.as_slice() {
            [] => eyes.needs_one_more(itself),
            have => !enough && have.iter().any(|(_, more)| *more),
        };
        let blocked = rule.veto && !tally.declined.is_empty();
        let met = if self.is_exempt(case, set.rule) && !blocked {
            Met::Exempt
        } else if enough && !blocked {
            Met::SignedOff
        } else {
            Met::No
        };
        let signed: BTreeSet<&PersonId> = tally.have.iter().map(|(h, _)| &h.person).collect();
        let mut can_sign = Vec::new();
        let mut cannot = Vec::new();
        for person in rule.approvers.iter().filter(|p| !signed.contains(p)) {
            let keyless =
                (!self.has_key(person)).then(|| "no key of theirs is valid now".to_owned());
            match eyes.objection(person, itself).or(keyless) {
                None => can_sign.push(person.clone()),
                Some(why) => cannot.push(Cannot { person: person.clone(), why }),
            }
        }
        let push_first = set
            .lands_first
            .iter()
            .find(|(_, commits)| commits.contains(&commit.id))
            .map(|(name, _)| name.clone());
        let mut unusable = tally.unusable;
        unusable.extend(self.vain_corrections(case, set.rule));
        Requirement {
            rule: rule.name.clone(),
            line: rule.line,
            mode: rule.mode,
            reason: rule.reason.clone(),
            from: rule.from.clone(),
            needed: rule.sign_offs + usize::from(one_more),
            one_more,
            met,
            have: tally.have.into_iter().map(|(h, _)| h).collect(),
            can_sign,
            cannot,
            unusable,
            declined: tally.declined,
            blocked,
            push_first,
        }
    }

    /// Whether what a person signs now would count for its key (G15).
    fn has_key(&self, person: &PersonId) -> bool {
        let keys = self.policy.people.get(person).map_or(&[][..], |p| &p.keys);
        keys.iter().any(|key| is_valid_key(key, self.facts.at))
    }

    /// G2: only an authenticated pusher who was the first to push this commit, and whose
    /// change memory does not know from anybody else.
    fn is_exempt(&self, case: Case<'_>, place: usize) -> bool {
        let Case { rule, commit, .. } = case;
        let Some(login) = self.facts.pusher.as_ref() else { return false };
        let Standing::Listed { person } =
            self.policy.standing(Some(login), self.facts.unlisted_is_nobody)
        else {
            return false;
        };
        // Only what may tighten looks at a login in any case, or at an agent's as its owner's.
        let logins = self.policy.people.get(&person).map_or(&[][..], |p| &p.logins);
        let is_theirs = |login: Option<&_>| login.is_some_and(|l| logins.contains(l));
        if !is_theirs(Some(login)) || !rule.exempt_pushers.contains(&person) {
            return false;
        }
        // The author's name is free text: it adds a requirement, and so does a co-author's.
        let eyes = FourEyes { policy: self.policy, facts: self.facts };
        if eyes.names_another(&person, &commit.contributors) {
            return false;
        }
        let known = self.facts.recalled.get(&commit.id).filter(|k| k.rules.contains(&place));
        let mut sources = known.iter().flat_map(|known| &known.sources);
        if !sources.all(|s| is_theirs(s.first_pusher.as_ref())) {
            return false;
        }
        let row = self.facts.sightings.get(&commit.id);
        row.is_some_and(|r| is_theirs(r.first_pusher.as_ref()))
            && commit
                .change
                .and_then(|c| self.facts.same_change.get(&c))
                .is_none_or(|rows| rows.iter().all(|r| is_theirs(r.first_pusher.as_ref())))
    }
}
