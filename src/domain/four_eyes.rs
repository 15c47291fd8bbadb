//! Who can't sign a commit, and why (G13).

use super::facts::Facts;
use super::ids::{Login, ObjectId, PersonId};
use super::policy::{Policy, Role, Standing};
use super::sighting::{Contributor, Contributors, Part};

/// The authenticated and claimed people around the commits of one cover.
pub(super) struct FourEyes<'a> {
    pub(super) policy: &'a Policy,
    pub(super) facts: &'a Facts,
}

/// One cover: the commits that a statement names, and the commit that is to land.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) signed: &'a [ObjectId],
    pub(super) landing: &'a ObjectId,
}

impl FourEyes<'_> {
    fn standing(&self, login: Option<&Login>) -> Standing {
        self.policy.standing(login, self.facts.unlisted_is_nobody)
    }

    /// Who first pushed a commit; `Nobody` without a row, or with one that has no name.
    fn first_pusher(&self, commit: &ObjectId) -> Standing {
        let row = self.facts.sightings.get(commit);
        self.standing(row.and_then(|r| r.first_pusher.as_ref()))
    }

    fn contributors(&self, commit: &ObjectId) -> Option<&Contributors> {
        match self.facts.commits.get(commit) {
            Some(c) => Some(&c.contributors),
            None => self.facts.contributors.get(commit),
        }
    }

    /// Why this person's sign-off can't count for this pair; `None` where it can.
    pub(super) fn objection(&self, person: &PersonId, pair: Pair<'_>) -> Option<String> {
        for signed in pair.signed {
            let of = if signed == pair.landing {
                String::new()
            } else {
                format!(" of the signed commit {}", signed.short())
            };
            let Some(contributors) = self.contributors(signed) else {
                return Some(format!(
                    "nobody can say who made the signed commit {}: it is not in this \
                     repository and no push showed it",
                    signed.short()
                ));
            };
            if let Some(part) = self.part(person, contributors) {
                return Some(format!("{part}{of}"));
            }
            if self.first_pusher(signed).person() == Some(person) {
                return Some(format!("first pusher{of}"));
            }
        }
        if self.is_waived(person, pair) {
            return None;
        }
        let Some(contributors) = self.contributors(pair.landing) else {
            return Some("nobody can say who made it".to_owned());
        };
        if let Some(part) = self.part(person, contributors) {
            return Some(part);
        }
        if self.first_pusher(pair.landing).person() == Some(person) {
            return Some("first pusher".to_owned());
        }
        let pusher = self.standing(self.facts.pusher.as_ref());
        (pusher.person() == Some(person)).then(|| "pusher".to_owned())
    }

    /// The second half of G13 is waived where each signed commit has a row of its own and
    /// was first pushed by another person.
    fn is_waived(&self, person: &PersonId, pair: Pair<'_>) -> bool {
        !pair.signed.is_empty()
            && pair.signed.iter().all(|signed| {
                let first = self.first_pusher(signed);
                first.is_somebody() && first.person() != Some(person)
            })
    }

    /// Whether the rule needs one more distinct sign-off: nobody's name stands behind a
    /// signed commit, so that nothing but free text tells who made it, and free text loosens
    /// nothing (G2), not even where the policy knows every address in it.
    pub(super) fn needs_one_more(&self, pair: Pair<'_>) -> bool {
        // The sum of commits without evidence has no signed commit to ask about.
        let signed =
            if pair.signed.is_empty() { std::slice::from_ref(pair.landing) } else { pair.signed };
        signed.iter().any(|commit| !self.first_pusher(commit).is_somebody())
    }

    /// Whether author or co-authors are anybody else whom the policy knows: then a commit is
    /// not this person's own, whoever pushed it first (G2).
    pub(super) fn names_another(&self, person: &PersonId, contributors: &Contributors) -> bool {
        let makers = contributors.0.iter().filter(|c| c.part != Part::Committer);
        makers
            .filter_map(|c| self.policy.person_by_email(c.email.as_bytes()))
            .any(|who| who.role == Role::Person && who.id != *person)
    }

    /// What this person is said to have done, by their own address or their agent's.
    fn part(&self, person: &PersonId, contributors: &Contributors) -> Option<String> {
        contributors.0.iter().find_map(|Contributor { part, email }| {
            let who = self.policy.person_by_email(email.as_bytes())?;
            let part = match part {
                Part::Author => "author".to_owned(),
                Part::CoAuthor(line) => format!("co-author, line {line}"),
                Part::Committer => "committer".to_owned(),
            };
            match &who.role {
                Role::Person => (who.id == *person).then_some(part),
                Role::Agent { owner } => (owner.as_ref() == Some(person))
                    .then(|| format!("owner of {}, the {part}", who.id)),
                Role::Service => None,
            }
        })
    }
}
