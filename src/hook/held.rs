//! The account of what the hook holds of a push's commits (`push_bytes`): without one, a
//! small pack of many commits, each within its own limits, would fill the memory.
//!
//! It is kept before the memory is taken, and by estimates: what an entry costs by and
//! large, its copies for the store and the report included.

use std::cell::Cell;

use crate::domain::change::Change;
use crate::domain::evidence::Detection;
use crate::domain::ids::{ObjectId, RepoPath};
use crate::domain::limits::{Limits, Passed};

/// A commit that was read, its text aside.
pub(super) const COMMIT: usize = 600;
/// A commit in a list.
pub(super) const LISTED: usize = size_of::<ObjectId>();
/// What a decision says of a commit for a rule and a ref, its evidence aside.
pub(super) const DECIDED: usize = 3_000;
/// Facts of a commit that matters, its evidence and its paths aside.
pub(super) const FACTS: usize = 4_000;
/// A piece of evidence, its text aside.
const EVIDENCE: usize = 300;
/// A co-author, the name and the address aside.
const CO_AUTHOR: usize = 400;
/// A changed path, its name aside.
const ENTRY: usize = 250;
/// Copies of a changed path's name.
const NAMES: usize = 3;

/// See the module.
pub(super) struct Held {
    bytes: Cell<usize>,
    limit: usize,
}

impl Held {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { bytes: Cell::new(0), limit: limits.push_bytes }
    }

    /// Adds to the account, unless that passes the limit.
    pub(super) fn take(&self, bytes: usize) -> Result<(), Passed> {
        let sum = self.bytes.get().saturating_add(bytes);
        if sum > self.limit {
            let what = "what the gate would have to hold of the commits of this push";
            return Err(Passed::new("push_bytes", self.limit, what));
        }
        self.bytes.set(sum);
        Ok(())
    }
}

/// What the detector saw in a commit.
pub(super) fn of_detection(detection: &Detection) -> usize {
    let evidence = detection.evidence.iter().map(|e| EVIDENCE + e.text.len());
    let people = detection.co_authors.iter().map(|c| &c.ident);
    let people = people.map(|who| CO_AUTHOR + who.name.len() + who.email.len());
    let agents = detection.agents.iter().map(|address| CO_AUTHOR + address.len());
    evidence.chain(people).chain(agents).sum()
}

/// What a commit does.
pub(super) fn of_change(change: &Change) -> usize {
    change.entries().iter().map(|e| of_path(&e.path)).sum()
}

/// One path of a change.
pub(super) fn of_path(path: &RepoPath) -> usize {
    ENTRY + NAMES * path.as_bytes().len()
}
