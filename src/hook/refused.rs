//! What is refused wherever anything is gated, whatever a commit says (G17, G22).

use std::collections::BTreeSet;

use super::collect::Bench;
use super::findings;
use crate::domain::decision::{Family, Finding};
use crate::domain::facts::Facts;
use crate::domain::ids::{ObjectId, RefName};
use crate::domain::policy::Mode;

/// Names that git accepts and people, or git itself, misread (G17); refused where anything
/// is gated. They may be deleted.
pub(super) fn misleading_name(bench: &Bench<'_>, name: &RefName) -> Option<Finding> {
    bench.policy.rules_for(&bench.repository).next()?;
    let bytes = name.as_bytes();
    let short = bytes.strip_prefix(b"refs/heads/").or_else(|| bytes.strip_prefix(b"refs/tags/"));
    let is_hex = |s: &[u8]| (s.len() == 40 || s.len() == 64) && s.iter().all(u8::is_ascii_hexdigit);
    let why = if bytes.starts_with(b"refs/replace/") {
        "would let git show other objects than there are"
    } else if short == Some(b"HEAD") {
        "can be taken for HEAD"
    } else if short.is_some_and(|s| s.starts_with(b"refs/")) {
        "can be taken for another ref's full name"
    } else if short.is_some_and(is_hex) {
        "can be taken for an object id"
    } else {
        return None;
    };
    Some(Finding::new("ref-name", Family::NotAllowed, format!("{name} {why}")))
}

/// With `receive.shallowUpdate` a push from a shallow clone can make the repository shallow,
/// for every ref of it.
pub(super) fn shallow(bench: &Bench<'_>) -> Option<Finding> {
    match bench.repo.new_shallow_root() {
        Ok(root) => root.map(|root| {
            let message = format!(
                "this push comes from a shallow clone that ends at {}: the repository would \
                 become shallow there",
                root.short()
            );
            Finding::new("shallow", Family::NotAllowed, message)
                .hint("git fetch --unshallow, then push again")
        }),
        Err(e) => Some(findings::git(&e)),
    }
}

/// The server gave no name.
pub(super) fn unknown_pusher() -> Finding {
    Finding::new(
        "pusher-unknown",
        Family::UnknownPusher,
        "the server gave the gate no name for you, so it can't tell whose push this is",
    )
    .hint("this is the server's set-up, not your push: tell its admins")
}

/// AI-assisted work on refs that nobody gates needs no name now; that it is remembered without
/// one asks for one more sign-off later (G13). Where signing would have given it a name, that is
/// told while the pusher can mend it.
pub(super) fn nameless(bench: &Bench<'_>, facts: &Facts) -> Option<Finding> {
    let why = bench.no_pusher.clone().filter(|_| bench.pusher.is_none())?;
    if facts.problems.iter().any(|f| f.code == why.code && f.mode != Mode::Observe) {
        return None;
    }
    let has_no_name =
        |id: &ObjectId| facts.sightings.get(id).is_some_and(|row| row.first_pusher.is_none());
    let all: BTreeSet<&ObjectId> =
        facts.refs.iter().flat_map(|r| &r.ungated_ai).filter(|id| has_no_name(id)).collect();
    let what = match all.len() {
        0 => return None,
        1 => "1 AI-assisted commit is kept without the name of who first pushed it, and".to_owned(),
        n => format!(
            "{n} AI-assisted commits are kept without the name of who first pushed them, and each"
        ),
    };
    let message = format!("{}; {what} will need one more sign-off", why.message);
    Some(Finding { message, ..why.with_mode(Mode::Warn) })
}
