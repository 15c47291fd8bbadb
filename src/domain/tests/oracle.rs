//! The rules G10 to G15 once more, naively and from their own words: what the laws hold
//! the decision against. It shares no code with it beyond the data's types.

use jiff::{SignedDuration, Timestamp};

use crate::domain::facts::{CommitFacts, Facts, RefFacts, Tie};
use crate::domain::ids::{Login, ObjectId, PersonId};
use crate::domain::policy::{Binding, Policy, Role, Rule};
use crate::domain::sighting::{Contributors, Part};
use crate::domain::statement::{SignOff, Verdict};

/// The first pusher of a commit, as far as G13 cares.
#[derive(Debug, PartialEq, Eq)]
enum First {
    Person(PersonId),
    SomebodyElse,
    Nobody,
}

pub(super) struct Oracle<'a> {
    pub(super) policy: &'a Policy,
    pub(super) facts: &'a Facts,
}

/// Who signed, of the people a rule asks.
#[derive(Debug, Default)]
pub(super) struct Signed {
    /// With a sign-off that counts by itself.
    pub(super) clean: Vec<PersonId>,
    /// Only with one whose commit was first pushed by nobody.
    pub(super) one_more: Vec<PersonId>,
}

impl Signed {
    pub(super) fn are_enough(&self, rule: &Rule) -> bool {
        let all = self.clean.len() + self.one_more.len();
        self.clean.len() >= rule.sign_offs || all > rule.sign_offs
    }
}

impl Oracle<'_> {
    /// Whether the whole push may land, were a net change free to cover many commits.
    pub(super) fn accepts(&self) -> bool {
        self.facts.refs.iter().all(|r| {
            r.sets.iter().all(|set| {
                let rule = &self.policy.rules[set.rule];
                set.commits.iter().all(|c| self.lets_in(rule, r, &self.facts.commits[c]))
            })
        })
    }

    fn lets_in(&self, rule: &Rule, r: &RefFacts, commit: &CommitFacts) -> bool {
        if rule.mode != crate::domain::policy::Mode::Enforce {
            return true;
        }
        if !commit.detection.evidence.iter().any(|e| e.strength.counts()) {
            return true;
        }
        if rule.veto && rule.approvers.iter().any(|p| self.declines(rule, r, commit, p)) {
            return false;
        }
        self.exempts(rule, commit) || self.signed(rule, r, commit).are_enough(rule)
    }

    pub(super) fn signed(&self, rule: &Rule, r: &RefFacts, commit: &CommitFacts) -> Signed {
        let mut signed = Signed::default();
        for person in &rule.approvers {
            if self.declines(rule, r, commit, person) {
                continue;
            }
            let pairs: Vec<Vec<ObjectId>> = self
                .said(commit, person, Verdict::Approve)
                .filter(|(s, _)| self.is_valid(rule, r, s))
                .filter_map(|(_, tie)| names(rule, commit, tie))
                .filter(|named| !self.has_a_hand(person, named, commit))
                .collect();
            let by_nobody = |named: &Vec<ObjectId>| {
                named.iter().any(|c| self.first(c) == First::Nobody)
                    || named.is_empty() && self.first(&commit.id) == First::Nobody
            };
            if pairs.iter().any(|named| !by_nobody(named)) {
                signed.clean.push(person.clone());
            } else if !pairs.is_empty() {
                signed.one_more.push(person.clone());
            }
        }
        signed
    }

    fn said(
        &self,
        commit: &CommitFacts,
        person: &PersonId,
        verdict: Verdict,
    ) -> impl Iterator<Item = (&SignOff, &Tie)> {
        let covers = self.facts.covers.get(&commit.id).into_iter().flatten();
        covers
            .map(|c| (&self.facts.sign_offs[&c.statement], &c.tie))
            .filter(move |(s, _)| s.signer == *person && s.statement.verdict == verdict)
    }

    /// A decline of theirs that no later approval of theirs has lifted.
    fn declines(&self, rule: &Rule, r: &RefFacts, commit: &CommitFacts, p: &PersonId) -> bool {
        let lifted = |at: Timestamp| {
            self.said(commit, p, Verdict::Approve).any(|(a, tie)| {
                names(rule, commit, tie).is_some()
                    && self.is_valid(rule, r, a)
                    && a.statement.issued_at > at
            })
        };
        self.said(commit, p, Verdict::Decline).any(|(d, tie)| {
            names(rule, commit, tie).is_some()
                && self.is_meant_for(r, rule, d)
                && key_was_good(d, d.statement.issued_at)
                && !self.is_revoked(d)
                && !lifted(d.statement.issued_at)
        })
    }

    fn is_valid(&self, rule: &Rule, r: &RefFacts, s: &SignOff) -> bool {
        let (now, issued) = (self.facts.at, s.statement.issued_at);
        let oldest = now - SignedDuration::try_from(rule.valid_for).unwrap();
        self.is_meant_for(r, rule, s)
            && issued >= oldest
            && issued <= now + SignedDuration::from_mins(5)
            && s.statement.expires_at.is_none_or(|end| end > now)
            && key_was_good(s, issued)
            && key_was_good(s, now)
            && !self.is_revoked(s)
    }

    /// The laws' statements name full refs alone.
    fn is_meant_for(&self, r: &RefFacts, _rule: &Rule, s: &SignOff) -> bool {
        let name = r.name.as_str().unwrap();
        s.statement.repository == self.facts.repository
            && s.statement.refs.iter().any(|n| n == name)
    }

    fn is_revoked(&self, s: &SignOff) -> bool {
        let same = |o: &&SignOff| o.signer == s.signer && o.statement == s.statement;
        let hashes: Vec<_> = self.facts.sign_offs.values().filter(same).map(|o| o.hash).collect();
        self.facts.sign_offs.values().any(|r| {
            r.statement.verdict == Verdict::Revoke
                && r.signer == s.signer
                && key_was_good(r, r.statement.issued_at)
                && r.statement.repository == s.statement.repository
                && r.statement
                    .subjects
                    .iter()
                    .any(|x| x.statement.is_some_and(|h| hashes.contains(&h)))
        })
    }

    pub(super) fn exempts(&self, rule: &Rule, commit: &CommitFacts) -> bool {
        let Some(login) = &self.facts.pusher else { return false };
        let listed = self.policy.people.values().find(|p| p.logins.contains(login));
        let Some(person) = listed.filter(|p| p.role == Role::Person) else { return false };
        let theirs = |row: &crate::domain::sighting::Sighting| {
            row.first_pusher.as_ref().is_some_and(|l| person.logins.contains(l))
        };
        let known = commit.change.and_then(|c| self.facts.same_change.get(&c));
        let makers = commit.contributors.0.iter().filter(|c| c.part != Part::Committer);
        let makers: Vec<_> = makers
            .filter_map(|c| self.policy.person_by_email(c.email.as_bytes()))
            .filter(|p| p.role == Role::Person)
            .collect();
        rule.exempt_pushers.contains(&person.id)
            && makers.iter().all(|p| p.id == person.id)
            && self.facts.sightings.get(&commit.id).is_some_and(theirs)
            && known.into_iter().flatten().all(theirs)
    }

    pub(super) fn has_a_hand(
        &self,
        person: &PersonId,
        named: &[ObjectId],
        lands: &CommitFacts,
    ) -> bool {
        for commit in named {
            let object = self.facts.commits.get(commit).map(|c| &c.contributors);
            let Some(hands) = object.or_else(|| self.facts.contributors.get(commit)) else {
                return true;
            };
            if self.is_among(person, hands) || self.first(commit) == First::Person(person.clone()) {
                return true;
            }
        }
        let by_others = |c| match self.first(c) {
            First::Person(first) => first != *person,
            First::SomebodyElse => true,
            First::Nobody => false,
        };
        let waived = !named.is_empty() && named.iter().all(by_others);
        let pusher = self.facts.pusher.as_ref().map_or(First::Nobody, |l| self.stands_for(l));
        !waived
            && (self.is_among(person, &lands.contributors)
                || self.first(&lands.id) == First::Person(person.clone())
                || pusher == First::Person(person.clone()))
    }

    fn is_among(&self, person: &PersonId, hands: &Contributors) -> bool {
        let mine = |email: &String| {
            self.policy.people.values().any(|p| {
                let stands = match &p.role {
                    Role::Person => p.id == *person,
                    Role::Agent { owner } => owner.as_ref() == Some(person),
                    Role::Service => false,
                };
                stands && p.emails.contains(email)
            })
        };
        hands.0.iter().any(|h| mine(&h.email))
    }

    fn first(&self, commit: &ObjectId) -> First {
        let row = self.facts.sightings.get(commit);
        row.and_then(|r| r.first_pusher.as_ref()).map_or(First::Nobody, |l| self.stands_for(l))
    }

    fn stands_for(&self, login: &Login) -> First {
        let is = |l: &Login| l.as_str().eq_ignore_ascii_case(login.as_str());
        match self.policy.people.values().find(|p| p.logins.iter().any(is)).map(|p| &p.role) {
            Some(Role::Person) => {
                let p = self.policy.people.values().find(|p| p.logins.iter().any(is)).unwrap();
                First::Person(p.id.clone())
            }
            Some(Role::Agent { owner: Some(owner) }) => First::Person(owner.clone()),
            Some(Role::Agent { owner: None } | Role::Service) => First::Nobody,
            None if self.facts.unlisted_is_nobody => First::Nobody,
            None if login.as_str().starts_with("deploy-key:") => First::Nobody,
            None if login.as_str().starts_with("ci-token:") => First::Nobody,
            None => First::SomebodyElse,
        }
    }
}

/// The commits that a tie names, where the rule's binding takes it.
fn names(rule: &Rule, commit: &CommitFacts, tie: &Tie) -> Option<Vec<ObjectId>> {
    let same_files = matches!(rule.binding, Binding::SameFiles | Binding::Replay);
    let replay = rule.binding == Binding::Replay;
    match tie {
        Tie::Commit => Some(vec![commit.id]),
        Tie::SameFiles { signed } => same_files.then(|| vec![*signed]),
        Tie::Replay { signed } => replay.then(|| vec![*signed]),
        Tie::Net { same_files: true, signed } => same_files.then(|| signed.clone()),
        Tie::Net { same_files: false, signed } => replay.then(|| signed.clone()),
        Tie::Stale { .. } => None,
    }
}

fn key_was_good(s: &SignOff, at: Timestamp) -> bool {
    !s.key.revoked
        && s.key.valid_after.is_none_or(|start| at >= start)
        && s.key.valid_before.is_none_or(|end| at < end)
}
