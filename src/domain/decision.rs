//! The result tree of one push: what every output renders.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use super::facts::{Delivery, RefChange};
use super::ids::{
    DecisionId, Login, ObjectId, PersonId, PolicyDigest, RefName, RepositoryName, StatementHash,
};
use super::policy::{Binding, Mode};

/// Accept or reject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The push may land.
    Accept,
    /// It may not.
    Reject,
}

/// Whose business a "no" is: the first words of the text (design: families).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// The policy says no.
    NotAllowed,
    /// The server gave no name for the pusher.
    UnknownPusher,
    /// The sign-off store does not answer.
    StoreUnreachable,
    /// The policy or the settings are missing or broken.
    PolicyBroken,
    /// Time, a limit, an unreadable object, a bug.
    CouldNotFinish,
}

/// One stated problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable, kebab-case.
    pub code: String,
    /// Whose business it is.
    pub family: Family,
    /// What it does to the push: the strictest mode of the rules it stands for.
    pub mode: Mode,
    /// The fact, lower case, hostile bytes escaped.
    pub message: String,
    /// What to do, one line each.
    pub hints: Vec<String>,
    /// What lies below it, for whoever runs the gate: paths of the server, words of other
    /// programs. It goes to the gate's own log and never to a pusher or the store.
    #[serde(skip)]
    pub detail: Option<String>,
}

impl Finding {
    /// A finding that rejects, without hints.
    #[must_use]
    pub fn new(code: &str, family: Family, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            family,
            mode: Mode::Enforce,
            message: message.into(),
            hints: Vec::new(),
            detail: None,
        }
    }

    /// With what only the log is told.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// With one more hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// With another effect.
    #[must_use]
    pub fn with_mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Whether it rejects.
    #[must_use]
    pub fn rejects(&self) -> bool {
        self.mode == Mode::Enforce
    }
}

/// The whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Its id.
    pub id: DecisionId,
    /// When.
    pub at: Timestamp,
    /// Where.
    pub repository: RepositoryName,
    /// Under which policy; `None` where none could be read.
    pub policy: Option<PolicyDigest>,
    /// Who pushed.
    pub pusher: Option<Login>,
    /// The answer to git.
    pub verdict: Outcome,
    /// Problems of the push as a whole.
    pub findings: Vec<Finding>,
    /// Sign-offs that came with it.
    pub deliveries: Vec<Delivery>,
    /// Each ref.
    pub refs: Vec<RefDecision>,
    /// The rows of first pushers that it rests on (G13).
    pub first_pushers: Vec<FirstPusher>,
}

/// Who was the first to show an AI-assisted commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstPusher {
    /// The commit.
    pub commit: ObjectId,
    /// The login; `None` where the row has no name.
    pub login: Option<Login>,
}

/// One ref.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefDecision {
    /// As pushed.
    pub name: RefName,
    /// The other names under which rules gate it: symbolic refs and where they lead (G17).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leads_to: Vec<RefName>,
    /// What kind of update.
    pub change: RefChange,
    /// Value before.
    pub old: ObjectId,
    /// Value after.
    pub new: ObjectId,
    /// Whether a rule matches it.
    pub gated: bool,
    /// Whether it may land by itself.
    pub verdict: Outcome,
    /// Problems of the ref as a whole.
    pub findings: Vec<Finding>,
    /// Each rule that gates it, and how many commits are new for it.
    pub rules: Vec<RuleChecked>,
    /// Commits about which there is something to say, oldest first.
    pub commits: Vec<CommitDecision>,
    /// On an ungated ref: how many new commits show evidence, those of the push's earlier
    /// refs aside (G25).
    pub ungated_ai: usize,
    /// On an ungated ref: what a gated one would ask for them (G25).
    pub early: Option<Early>,
}

/// What the first enforcing rule of the repository will ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Early {
    /// The refs it gates, as written.
    pub refs: String,
    /// How many distinct people must sign.
    pub sign_offs: usize,
    /// From these groups.
    pub from: Vec<String>,
}

/// That a rule was applied, shown so that "nothing to check" is shown (G3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleChecked {
    /// The rule's name.
    pub rule: String,
    /// What it does when it is not met.
    pub mode: Mode,
    /// New commits looked at.
    pub checked: usize,
}

/// One commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitDecision {
    /// Its id.
    pub id: ObjectId,
    /// Its subject, escaped, at most 72 characters.
    pub subject: String,
    /// What tells that it is AI-assisted.
    pub evidence: Vec<Evidence>,
    /// What it is as a merge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<MergeDecision>,
    /// Problems of the commit that no sign-off mends.
    pub findings: Vec<Finding>,
    /// One for each rule that wants something of it.
    pub requirements: Vec<Requirement>,
}

/// What a commit with several parents is (G16).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeDecision {
    /// The first paths of its own change, escaped; empty for a clean merge.
    pub own: Vec<String>,
    /// How many there are.
    pub own_paths: usize,
    /// An AI-assisted commit, new for this ref, that it brings together with others: why a
    /// merge that is not clean is AI-assisted whatever it says.
    pub brings: Option<ObjectId>,
    /// The object for want of which it could not be merged again: it is taken for a merge
    /// that decides everything itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<ObjectId>,
}

impl MergeDecision {
    /// Whether it holds what the automatic merge of its parents gives.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.own_paths == 0 && self.unread.is_none()
    }
}

/// What one rule wants of one AI-assisted commit on one ref, and what is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// The rule's name.
    pub rule: String,
    /// Its line in the policy.
    pub line: usize,
    /// What it does when it is not met.
    pub mode: Mode,
    /// In the admin's words.
    pub reason: Option<String>,
    /// Groups that sign.
    pub from: Vec<String>,
    /// How many distinct people must sign.
    pub needed: usize,
    /// Whether one of them is for a first pusher without a name (G13).
    pub one_more: bool,
    /// Whether it is met, and by what.
    pub met: Met,
    /// Sign-offs that count, each person once.
    pub have: Vec<Have>,
    /// Who could sign what is missing.
    pub can_sign: Vec<PersonId>,
    /// Who of the groups can't, and why.
    pub cannot: Vec<Cannot>,
    /// Sign-offs, and corrections of memory, that do not count, and why.
    pub unusable: Vec<Unusable>,
    /// Standing declines.
    pub declined: Vec<Unusable>,
    /// Whether one of them blocks, however many sign (`veto`).
    pub blocked: bool,
    /// A ref of the same push that the rule trusts and that holds the commit: push it
    /// first (G1).
    pub push_first: Option<RefName>,
}

impl RefDecision {
    /// Every name under which rules may gate it.
    pub fn names(&self) -> impl Iterator<Item = &RefName> {
        std::iter::once(&self.name).chain(&self.leads_to)
    }
}

impl Requirement {
    /// Whether it rejects the push.
    #[must_use]
    pub fn rejects(&self) -> bool {
        self.mode == Mode::Enforce && self.met == Met::No
    }
}

/// Whether a requirement is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Met {
    /// Enough people signed.
    SignedOff,
    /// The pusher is exempt and was the first to push it (G2).
    Exempt,
    /// Not.
    No,
}

/// One sign-off that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Have {
    /// Who signed.
    pub person: PersonId,
    /// What.
    pub statement: StatementHash,
    /// How it is tied.
    pub binding: Binding,
    /// Whether it is a net change's (G11).
    pub net: bool,
}

/// One person who can't sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cannot {
    /// Who.
    pub person: PersonId,
    /// Such as `co-author, line 9`.
    pub why: String,
}

/// One statement that does not count, or that blocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unusable {
    /// Who signed.
    pub person: PersonId,
    /// What.
    pub statement: StatementHash,
    /// The commit that it names; `None` for a net change.
    pub names: Option<ObjectId>,
    /// Such as `stale: src/a.rs differs`.
    pub why: String,
    /// Whether the reason is that they had a hand in it (G13).
    pub had_a_hand: bool,
    /// Whether it is no sign-off and no decline, but says that memory is wrong (G9).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub correction: bool,
}
