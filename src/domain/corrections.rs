//! What seniors have said of memory (G9): whether it takes a requirement away, and why it
//! does not where it does not.

use std::collections::BTreeSet;

use super::decide::{Case, Judge};
use super::decision::Unusable;
use super::four_eyes::{FourEyes, Pair};
use super::ids::{ObjectId, PersonId};
use super::memory::{Basis, Question};
use super::statement::{SignOff, Verdict};
use super::tally::unusable;
use super::validity::Standard;

impl Judge<'_> {
    /// Whether memory knows a commit, for this rule and after what seniors have said of it.
    pub(super) fn is_remembered(&self, case: Case<'_>, rule: usize) -> bool {
        self.basis(case, rule).is_some()
    }

    fn basis(&self, case: Case<'_>, rule: usize) -> Option<Basis<'_>> {
        let known = self.facts.recalled.get(&case.commit.id)?;
        if !known.rules.contains(&rule) || self.is_corrected(case, case.commit.id) {
            return None;
        }
        let sources = known.sources.iter().map(|s| s.commit);
        let corrected: BTreeSet<_> = sources.filter(|id| self.is_corrected(case, *id)).collect();
        let thresholds = self.policy.detect.thresholds;
        let name = &case.rule.name;
        known.basis(Question { rule, name, corrected: &corrected, thresholds })
    }

    /// Whether enough seniors of a rule have said that what memory has of a commit is wrong:
    /// of one that it learned from, or of the one that is to land.
    fn is_corrected(&self, case: Case<'_>, named: ObjectId) -> bool {
        let counting = self.corrections().filter(|s| names(s, named));
        let counting = counting.filter(|s| self.counts(case, s, named).is_ok());
        let people: BTreeSet<&PersonId> = counting.map(|s| &s.signer).collect();
        people.len() >= self.needed(case, named)
    }

    fn corrections(&self) -> impl Iterator<Item = &SignOff> {
        self.facts.sign_offs.values().filter(|s| s.statement.verdict == Verdict::Correct)
    }

    fn needed(&self, case: Case<'_>, named: ObjectId) -> usize {
        let eyes = FourEyes { policy: self.policy, facts: self.facts };
        let pair = Pair { signed: &[named], landing: &case.commit.id };
        case.rule.sign_offs + usize::from(eyes.needs_one_more(pair))
    }

    /// Why what a person says of one commit does not count: nobody corrects what they had a
    /// hand in, the named commit or the one that is to land.
    fn counts(&self, case: Case<'_>, s: &SignOff, named: ObjectId) -> Result<(), String> {
        Standard { facts: self.facts, rule: case.rule, reference: case.reference }.correction(s)?;
        let eyes = FourEyes { policy: self.policy, facts: self.facts };
        for commit in [named, case.commit.id] {
            let own = [commit];
            if let Some(why) = eyes.objection(&s.signer, Pair { signed: &own, landing: &commit }) {
                return Err(format!("{why} of {}", commit.short()));
            }
        }
        Ok(())
    }

    /// What was said of a commit or of what it is known from, and leaves it asked for.
    pub(super) fn vain_corrections(&self, case: Case<'_>, rule: usize) -> Vec<Unusable> {
        let known = self.facts.recalled.get(&case.commit.id).filter(|k| k.rules.contains(&rule));
        let sources = known.iter().flat_map(|known| &known.sources).map(|s| s.commit);
        let about: BTreeSet<ObjectId> = sources.chain([case.commit.id]).collect();
        let mut vain = Vec::new();
        for s in self.corrections() {
            let named = s.statement.subjects.iter().filter_map(|sub| sub.commit);
            for named in named.filter(|id| about.contains(id)) {
                let said = self.counts(case, s, named);
                vain.push((said.is_err(), s, named, said.err()));
            }
        }
        // Of what a person says of one commit, what counts is told rather than what does not.
        vain.sort_by_key(|(is_void, ..)| *is_void);
        let mut told = BTreeSet::new();
        vain.retain(|(_, s, named, _)| told.insert((&s.signer, *named)));
        let told = vain.into_iter().map(|(_, s, named, why)| {
            let why = why.unwrap_or_else(|| self.not_enough(case, rule, named));
            unusable(s, Some(named), &why.into())
        });
        told.collect()
    }

    /// Why what counts is not enough.
    fn not_enough(&self, case: Case<'_>, rule: usize, named: ObjectId) -> String {
        if case.commit.detection.shows(case.rule.hints_count) {
            return format!("{} shows its mark itself", case.commit.id.short());
        }
        if !self.is_corrected(case, named) {
            return format!("the rule wants {}", self.needed(case, named));
        }
        match self.basis(case, rule).map(|basis| basis.source()) {
            Some(s) if s.repository == self.facts.repository => {
                format!("it is known from {} too", s.commit.short())
            }
            _ => "it is known from elsewhere too".to_owned(),
        }
    }
}

fn names(s: &SignOff, commit: ObjectId) -> bool {
    s.statement.subjects.iter().any(|sub| sub.commit == Some(commit))
}
