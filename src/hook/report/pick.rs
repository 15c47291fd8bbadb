//! Which refs and commits are told where there is no room for all: what keeps the push out
//! before what does not, and one of each kind before a second one. What is told stands in
//! the order of the push.

use std::collections::{BTreeMap, BTreeSet};

use super::{shown, wanting};
use crate::domain::decision::{CommitDecision, Finding, Outcome, RefDecision};
use crate::domain::policy::Mode;

/// Those that are told, and the others.
pub(super) fn refs<'a>(
    all: &[&'a RefDecision],
    most: usize,
) -> (Vec<&'a RefDecision>, Vec<&'a RefDecision>) {
    pick(all, most, |r| {
        let codes: BTreeSet<&str> = shown(&r.findings).map(|f| f.code.as_str()).collect();
        (r.verdict != Outcome::Reject, (codes, r.commits.is_empty()))
    })
}

/// Those that are told, and the others.
pub(super) fn commits<'a>(
    all: &[&'a CommitDecision],
    most: usize,
) -> (Vec<&'a CommitDecision>, Vec<&'a CommitDecision>) {
    pick(all, most, |c| {
        let codes: BTreeSet<&str> = shown(&c.findings).map(|f| f.code.as_str()).collect();
        let rules: BTreeSet<(&str, bool)> =
            wanting(c).map(|q| (q.rule.as_str(), q.blocked)).collect();
        let keeps_out =
            c.findings.iter().any(Finding::rejects) || wanting(c).any(|q| q.mode == Mode::Enforce);
        (!keeps_out, (codes, rules))
    })
}

/// Those that are told, and the others.
pub(super) fn findings<'a>(
    all: &[&'a Finding],
    most: usize,
) -> (Vec<&'a Finding>, Vec<&'a Finding>) {
    pick(all, most, |f| (!f.rejects(), f.code.as_str()))
}

/// A kind begins with whether it is told last.
fn pick<'a, T, Kind: Ord>(
    all: &[&'a T],
    most: usize,
    kind: impl Fn(&'a T) -> (bool, Kind),
) -> (Vec<&'a T>, Vec<&'a T>) {
    let mut of_kind: BTreeMap<(bool, Kind), Vec<usize>> = BTreeMap::new();
    for (place, item) in all.iter().enumerate() {
        of_kind.entry(kind(item)).or_default().push(place);
    }
    let mut ranks: Vec<(bool, usize, usize)> = Vec::new();
    for ((is_last, _), places) in &of_kind {
        ranks.extend(places.iter().enumerate().map(|(nth, place)| (*is_last, nth, *place)));
    }
    ranks.sort_unstable();
    let told: BTreeSet<usize> = ranks.iter().take(most).map(|(_, _, place)| *place).collect();
    let (told, rest): (Vec<_>, Vec<_>) =
        all.iter().enumerate().partition(|(place, _)| told.contains(place));
    let items = |list: Vec<(usize, &&'a T)>| list.into_iter().map(|(_, item)| *item).collect();
    (items(told), items(rest))
}
