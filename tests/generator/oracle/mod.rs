//! The verdict of a push, computed in the plainest way from what git says and what was
//! signed. It shares no code with the gate, and knows nothing of caches, short cuts and
//! limits: only the rules of the design, G1 to G16, and what the steps made.

mod cover;
mod merges;
mod people;
mod push;

use push::is_ancestor;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::history::{Digests, History};
use super::objects::Oid;
use super::rules::{self, Rules};
use super::statements::Statement;
use crate::support::Clone;

/// How far the signer's clock may be ahead (G15).
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// A push before it is judged.
pub(in crate::generator) struct Asked {
    pub(in crate::generator) pusher: Option<&'static str>,
    /// Ref, value before, value after.
    pub(in crate::generator) updates: Vec<(String, Option<Oid>, Option<Oid>)>,
    pub(in crate::generator) deliver: Vec<Statement>,
}

/// A requirement that is not met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::generator) struct Missing {
    pub(in crate::generator) needed: usize,
    pub(in crate::generator) has: usize,
    pub(in crate::generator) can_sign: BTreeSet<String>,
}

/// What a requirement is about: ref, commit and rule.
pub(in crate::generator) type Place = (String, Oid, String);

/// What the gate has to say.
#[derive(Debug, Default)]
pub(in crate::generator) struct Verdict {
    pub(in crate::generator) rejects: bool,
    /// Codes of all findings.
    pub(in crate::generator) codes: BTreeSet<&'static str>,
    pub(in crate::generator) missing: BTreeMap<Place, Missing>,
    /// Branches that git itself will not point to a tag, whatever the hook says.
    pub(in crate::generator) unfit: BTreeSet<String>,
    /// `stored` or `known`, by the statement's hash.
    pub(in crate::generator) answers: BTreeMap<String, &'static str>,
    /// A net change could cover one of several commits: which is the gate's choice.
    pub(in crate::generator) either: bool,
    /// What happened on the way, for the tally.
    pub(in crate::generator) notes: BTreeSet<String>,
}

/// The row of a commit that a push showed (G13).
struct Row {
    first: Option<&'static str>,
    digests: Option<Digests>,
}

/// What the gate has to remember from push to push.
pub(in crate::generator) struct Oracle<'r> {
    rules: &'r Rules,
    rows: HashMap<Oid, Row>,
    /// Changes whose entries are kept, for replays (G10).
    kept: HashSet<String>,
    store: Vec<Statement>,
    /// When the world began: the keys' times are counted from there.
    began: Timestamp,
}

/// What is known of one push before anything is judged.
struct Facts {
    pusher: Option<&'static str>,
    now: Timestamp,
    /// Objects that the repository had before.
    before: HashSet<Oid>,
    /// Those, and what the push brings.
    there: HashSet<Oid>,
    /// Commits of which an annotated tag of this push tells (G17).
    tagged: HashSet<Oid>,
}

/// One push, and whom to ask about it.
struct Court<'a, 'w> {
    oracle: &'a Oracle<'w>,
    facts: &'a Facts,
    clone: &'a Clone<'w>,
    history: &'a mut History,
    /// What a net change was used for.
    nets: HashMap<(String, Oid, Oid), Oid>,
    verdict: &'a mut Verdict,
}

impl<'r> Oracle<'r> {
    pub(in crate::generator) fn new(rules: &'r Rules, began: Timestamp) -> Self {
        Self { rules, rows: HashMap::new(), kept: HashSet::new(), store: Vec::new(), began }
    }

    /// Whether the host's store takes a statement.
    pub(in crate::generator) fn submit(&mut self, statement: &Statement) -> bool {
        let taken = verifies(statement);
        if taken && !self.has(statement) {
            self.store.push(statement.clone());
        }
        taken
    }

    fn has(&self, statement: &Statement) -> bool {
        self.store.iter().any(|s| s.hash == statement.hash)
    }

    /// Rules that gate a ref.
    fn gating(&self, name: &str) -> impl Iterator<Item = &'r rules::Rule> {
        self.rules.rules.iter().filter(move |rule| rules::matches(&rule.refs, name))
    }
}

/// A signature by a key of somebody in the policy, whatever has become of the key.
fn verifies(statement: &Statement) -> bool {
    let right = crate::support::statement::NAMESPACE;
    rules::owner(statement.key).is_some() && !statement.tampered && statement.namespace == right
}

impl Court<'_, '_> {
    fn note(&mut self, what: &str) {
        self.verdict.notes.insert(what.to_owned());
    }

    /// Whether there is evidence (G6 to G8, G17).
    fn is_ai(&mut self, id: &Oid) -> bool {
        let by_agent = |login| matches!(people::kind(login), Some(rules::Kind::Agent(_)));
        let brought = !self.facts.before.contains(id);
        let first = self.oracle.rows.get(id).and_then(|row| row.first);
        self.facts.tagged.contains(id)
            || (brought && by_agent(self.facts.pusher))
            || by_agent(first)
            || shows_mark(self.history.commit(self.clone, id))
    }
}

/// Whether a commit itself tells of AI: by one of the marks that the generator makes.
fn shows_mark(commit: &super::history::Commit) -> bool {
    is_agent(&commit.author) || is_agent(&commit.committer) || tells(&commit.message)
}

/// Whether an address is an agent's of which the generator makes commits and tags.
fn is_agent(address: &str) -> bool {
    ["noreply@anthropic.com", "cursoragent@cursor.com", "ci-agent@example.com"].contains(&address)
}

/// Whether a text has one of the generator's marks.
fn tells(text: &str) -> bool {
    const MARKS: [&str; 4] = [
        "co-authored-by: claude <noreply@anthropic.com>",
        "assisted-by: github copilot",
        "ai-assisted: yes",
        "generated with [claude code]",
    ];
    let text = text.to_lowercase();
    MARKS.iter().any(|mark| text.contains(mark))
}
