//! One requirement that is not met: how many of whom, who stands how to it.

use super::page::Page;
use super::{PEOPLE, names, shown_name};
use crate::domain::decision::{Requirement, Unusable};
use crate::domain::escape::escape_short;
use crate::domain::policy::Mode;

pub(super) fn told(page: &mut Page, q: &Requirement) {
    let has = match q.have.as_slice() {
        [] => "has 0".to_owned(),
        have => format!("has {} ({})", have.len(), names(have.iter().map(|h| &h.person))),
    };
    let from: Vec<_> = q.from.iter().map(|g| format!("@{g}")).collect();
    page.wrapped(
        "    ",
        &format!(
            "rule \"{}\" (policy line {}{}): needs {} of {}, {has}",
            shown_name(&q.rule),
            q.line,
            if q.mode == Mode::Warn { ", only warns" } else { "" },
            q.needed,
            from.join(", ")
        ),
    );
    if let Some(reason) = &q.reason {
        page.wrapped("      ", &escape_short(reason.as_bytes(), 300));
    }
    if q.one_more {
        let why = "one more than usual: who first pushed it has no name the policy can trust";
        page.wrapped("      ", why);
    }
    for line in people_of(q) {
        page.wrapped("      ", &line);
    }
    if let Some(first) = &q.push_first {
        page.wrapped("      ", &format!("or push {first} first: this rule trusts what it holds"));
    }
}

/// Who stands how to a requirement that is not met, a line each: sign-offs that do not
/// count, declines, who can sign, who can't.
#[must_use]
pub fn people_of(q: &Requirement) -> Vec<String> {
    let mut lines = Vec::new();
    // Who had a hand in it is told below, in fewer words.
    let is_told = |u: &Unusable| {
        u.had_a_hand && !u.correction && q.cannot.iter().any(|c| c.person == u.person)
    };
    for u in q.unusable.iter().filter(|u| !is_told(u)).take(PEOPLE) {
        let of = u.names.map(|id| format!(" of {}", id.short())).unwrap_or_default();
        let said = if u.correction { "correction" } else { "sign-off" };
        lines.push(format!("{}'s {said}{of} does not count: {}", u.person, u.why));
    }
    for d in q.declined.iter().take(PEOPLE) {
        let why = if d.why.is_empty() { String::new() } else { format!(": {}", d.why) };
        lines.push(format!("{} declined it{why}", d.person));
    }
    if q.blocked {
        lines.push("a decline blocks until who declined approves or revokes it".to_owned());
        return lines;
    }
    if !q.can_sign.is_empty() {
        lines.push(format!("can sign: {}", names(q.can_sign.iter())));
    }
    for c in q.cannot.iter().take(PEOPLE) {
        lines.push(format!("{} can't: {}", c.person, c.why));
    }
    if is_out_of_reach(q) {
        let text = if q.one_more {
            "nobody else can sign: a person whom the policy lists has to amend and push the \
             commit, or an admin to put more people into these groups"
        } else {
            "nobody else can sign: an admin has to put more people into these groups"
        };
        lines.push(text.to_owned());
    }
    lines
}

/// Whether more sign-offs are missing than there are people left to give them.
pub(super) fn is_out_of_reach(q: &Requirement) -> bool {
    q.needed.saturating_sub(q.have.len()) > q.can_sign.len()
}
