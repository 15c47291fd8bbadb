//! Who a login and an address are, and who can't sign what (G2, G13).

use super::Court;
use crate::generator::history::{Commit, address};
use crate::generator::objects::Oid;
use crate::generator::rules::{CAST, Kind, Person, Rule};

/// What stands behind a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Somebody(Option<&'static str>),
    Nobody,
}

impl Standing {
    fn person(self) -> Option<&'static str> {
        match self {
            Self::Somebody(person) => person,
            Self::Nobody => None,
        }
    }
}

fn by_login(login: &str) -> Option<&'static Person> {
    let exact = CAST.iter().find(|p| p.logins.contains(&login));
    exact.or_else(|| CAST.iter().find(|p| p.logins.iter().any(|l| l.eq_ignore_ascii_case(login))))
}

fn by_address(address: &str) -> Option<&'static Person> {
    CAST.iter().find(|p| p.emails.contains(&address))
}

/// What kind of login it is, where the policy knows it.
pub(super) fn kind(login: Option<&str>) -> Option<Kind> {
    Some(by_login(login?)?.kind)
}

/// Addresses of co-author lines.
fn co_authors(commit: &Commit) -> impl Iterator<Item = String> {
    let lines = commit.message.lines().map(str::trim);
    lines.filter(|l| l.to_lowercase().starts_with("co-authored-by:")).map(address)
}

/// Addresses of everybody whom a commit names, agents' owners for their agents.
fn hands(commit: &Commit) -> Vec<&'static str> {
    let addresses = [commit.author.clone(), commit.committer.clone()];
    let all = addresses.into_iter().chain(co_authors(commit));
    all.filter_map(|a| {
        let person = by_address(&a)?;
        match person.kind {
            Kind::Person => Some(person.id),
            Kind::Agent(owner) => owner,
            Kind::Service => None,
        }
    })
    .collect()
}

impl Court<'_, '_> {
    pub(super) fn standing(&self, login: Option<&'static str>) -> Standing {
        let Some(login) = login else { return Standing::Nobody };
        match by_login(login).map(|p| (p.id, p.kind)) {
            Some((id, Kind::Person)) => Standing::Somebody(Some(id)),
            Some((_, Kind::Agent(Some(owner)))) => Standing::Somebody(Some(owner)),
            Some(_) => Standing::Nobody,
            None if self.oracle.rules.unlisted_is_nobody => Standing::Nobody,
            None if login.starts_with("deploy-key:") => Standing::Nobody,
            None => Standing::Somebody(None),
        }
    }

    fn first(&self, id: &Oid) -> Standing {
        self.standing(self.oracle.rows.get(id).and_then(|row| row.first))
    }

    /// Why a person's sign-off can't count for these signed commits and the one that lands.
    pub(super) fn objection(
        &mut self,
        person: &str,
        signed: &[Oid],
        landing: &Oid,
    ) -> Option<&'static str> {
        for id in signed {
            if !self.facts.there.contains(id) && !self.oracle.rows.contains_key(id) {
                return Some("nobody can say who made it");
            }
            let made = hands(self.history.commit(self.clone, id)).contains(&person);
            if made {
                return Some("had a hand in it");
            }
            if self.first(id).person() == Some(person) {
                return Some("first pusher");
            }
        }
        let other = |s: Standing| s != Standing::Nobody && s.person() != Some(person);
        if !signed.is_empty() && signed.iter().all(|id| other(self.first(id))) {
            return None;
        }
        if hands(self.history.commit(self.clone, landing)).contains(&person) {
            return Some("had a hand in what lands");
        }
        if self.first(landing).person() == Some(person) {
            return Some("first pusher of what lands");
        }
        (self.standing(self.facts.pusher).person() == Some(person)).then_some("pusher")
    }

    /// Whether nobody's name stands behind a signed commit: one more has to sign.
    pub(super) fn needs_one_more(&self, signed: &[Oid], landing: &Oid) -> bool {
        let own = std::slice::from_ref(landing);
        let signed = if signed.is_empty() { own } else { signed };
        signed.iter().any(|id| self.first(id) == Standing::Nobody)
    }

    /// G2: the pusher is exempt, was the first to push this commit, and nobody else showed
    /// the same change.
    pub(super) fn is_exempt(&mut self, rule: &Rule, id: &Oid) -> bool {
        let exact = |login: Option<&str>| {
            CAST.iter().find(|p| login.is_some_and(|l| p.logins.contains(&l)))
        };
        let Some(pusher) = exact(self.facts.pusher) else { return false };
        if pusher.kind != Kind::Person || !rule.exempt.contains(&pusher.id) {
            return false;
        }
        let theirs = |login: Option<&str>| exact(login).is_some_and(|p| p.id == pusher.id);
        let commit = self.history.commit(self.clone, id);
        let mut makers = co_authors(commit).chain([commit.author.clone()]);
        let another =
            |a: String| by_address(&a).is_some_and(|p| p.kind == Kind::Person && p.id != pusher.id);
        if makers.any(another) {
            return false;
        }
        let digests = commit.digests.clone();
        let mut same =
            self.oracle.rows.iter().filter(|(other, row)| {
                *other == id || (digests.is_some() && row.digests == digests)
            });
        same.all(|(_, row)| theirs(row.first))
    }
}
