//! All that is known about one push, collected before anything is decided.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::decision::Finding;
use super::evidence::{Detection, Evidence};
use super::ids::{
    ChangeDigest, DecisionId, Login, ObjectId, RefName, RepoPath, RepositoryName, StatementHash,
};
use super::memory::Recollection;
use super::sighting::{Contributors, Sighting};
use super::statement::SignOff;

/// One push.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The id that its decision will have.
    pub id: DecisionId,
    /// Now.
    pub at: Timestamp,
    /// Where.
    pub repository: RepositoryName,
    /// The authenticated login; `None` where the server gave none.
    pub pusher: Option<Login>,
    /// The setting `unlisted = "nobody"`.
    pub unlisted_is_nobody: bool,
    /// In the order of the push, deliveries left out.
    pub refs: Vec<RefFacts>,
    /// Sign-offs that came with this push.
    pub deliveries: Vec<Delivery>,
    /// Problems of the push as a whole.
    pub problems: Vec<Finding>,
    /// Every new commit that shows evidence, says something about AI or must.
    pub commits: BTreeMap<ObjectId, CommitFacts>,
    /// The row of every AI-assisted commit, and of commits that statements name.
    pub sightings: BTreeMap<ObjectId, Sighting>,
    /// All rows of a change, from whichever commit (G2).
    pub same_change: BTreeMap<ChangeDigest, Vec<Sighting>>,
    /// Who has a hand in the commits that statements name, from objects or rows; absent
    /// where neither could be read.
    pub contributors: BTreeMap<ObjectId, Contributors>,
    /// Statements whose signatures verified, each once.
    pub sign_offs: BTreeMap<StatementHash, SignOff>,
    /// How statements are tied to each AI-assisted commit.
    pub covers: BTreeMap<ObjectId, Vec<Cover>>,
    /// What memory has of commits that it knows (G9).
    pub recalled: BTreeMap<ObjectId, Recollection>,
    /// Commits that are not in the repository and of which a note tells AI use.
    pub noted: BTreeMap<ObjectId, Evidence>,
}

/// One ref update.
#[derive(Debug, Clone)]
pub struct RefFacts {
    /// As pushed.
    pub name: RefName,
    /// The refs that a symbolic one leads to, then the gated symbolic refs that lead to any
    /// of these; empty for a plain ref that nothing gated leads to (G17).
    pub leads_to: Vec<RefName>,
    /// Value before; zero for a create.
    pub old: ObjectId,
    /// Value after; zero for a delete.
    pub new: ObjectId,
    /// What kind of update.
    pub change: RefChange,
    /// What is new, one set for each rule that gates the ref (G1).
    pub sets: Vec<NewCommits>,
    /// What could not be read, or must not be.
    pub problems: Vec<Finding>,
    /// On an ungated ref: the new commits that show evidence (G25) and that no earlier one of
    /// the push has, and merges of its new commits as in [`NewCommits::brings`].
    pub ungated_ai: Vec<ObjectId>,
}

impl Facts {
    /// Commits that are AI-assisted for any ref of the push: by what they show, or as a
    /// merge by what they bring together (G16). With hints where a rule counts them.
    #[must_use]
    pub fn assisted(&self, hints_count: bool) -> BTreeSet<ObjectId> {
        let shows = |c: &&CommitFacts| c.detection.is_evidence(hints_count);
        let shows = self.commits.values().filter(shows).map(|c| c.id);
        let brings = self.refs.iter().flat_map(|r| {
            let of_sets = r.sets.iter().flat_map(|s| s.brings.keys());
            of_sets.chain(&r.ungated_ai).copied()
        });
        shows.chain(brings).filter(|id| self.commits.contains_key(id)).collect()
    }
}

impl RefFacts {
    /// Every name under which rules may gate it: as pushed, what that leads to, and what leads there.
    pub fn names(&self) -> impl Iterator<Item = &RefName> {
        std::iter::once(&self.name).chain(&self.leads_to)
    }
}

/// What kind of update a ref sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefChange {
    /// It did not exist.
    Create,
    /// The old value is an ancestor of the new one.
    FastForward,
    /// It is not.
    Rewind,
    /// It is to go.
    Delete,
}

/// What is new for one rule and one ref (G1).
#[derive(Debug, Clone)]
pub struct NewCommits {
    /// The rule's place in the policy.
    pub rule: usize,
    /// How many were looked at.
    pub checked: usize,
    /// Those that stand in [`Facts::commits`], oldest first.
    pub commits: Vec<ObjectId>,
    /// Merges among them that are not clean, each with an AI-assisted commit of this set
    /// that it brings together with others: that makes them AI-assisted too (G16).
    pub brings: BTreeMap<ObjectId, ObjectId>,
    /// Refs of this push that the rule trusts and that will hold some of them.
    pub lands_first: Vec<(RefName, Vec<ObjectId>)>,
}

/// What the decision needs of one new commit.
#[derive(Debug, Clone)]
pub struct CommitFacts {
    /// Its id.
    pub id: ObjectId,
    /// Its subject, as it is.
    pub subject: Vec<u8>,
    /// What the detector saw.
    pub detection: Detection,
    /// Who has a hand in it, known agents left out.
    pub contributors: Contributors,
    /// Whether its object came with this push.
    pub brought: bool,
    /// What it does; `None` for a merge or an empty change.
    pub change: Option<ChangeDigest>,
    /// Its changed paths, a merge's own; `None` where every rule of the ref matches (G4).
    pub paths: Option<Vec<RepoPath>>,
    /// What it is as a merge; `None` for a commit with one parent or none.
    pub merge: Option<Merge>,
}

/// A commit with several parents (G16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// It holds what the automatic merge of its parents gives.
    Clean,
    /// It has a change of its own: [`CommitFacts::paths`].
    Own,
    /// It can't be merged again here for want of this object, and so has every change.
    Unread(ObjectId),
}

/// A sign-off that came with the push (G24).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its name.
    pub statement: StatementHash,
    /// What became of it.
    pub answer: Answer,
}

/// The one word of the hook's fixed line about a delivery (G24).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It is new and on disk.
    Stored,
    /// The store had it.
    Known,
    /// A delete of what the store never had.
    Unknown,
}

impl Answer {
    /// The word of the fixed line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Known => "known",
            Self::Unknown => "unknown",
        }
    }
}

/// How one statement is tied to one commit that is to land.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// The statement.
    pub statement: StatementHash,
    /// How.
    pub tie: Tie,
}

/// The strongest tie that was found (G10, G11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tie {
    /// It names this commit's id.
    Commit,
    /// It names another commit with the same change digest.
    SameFiles {
        /// That commit.
        signed: ObjectId,
    },
    /// This commit is a clean rebase of one that it names.
    Replay {
        /// That commit.
        signed: ObjectId,
    },
    /// This commit is the sum of a range that it names.
    Net {
        /// Whether by the same change digest; else by replay.
        same_files: bool,
        /// The AI-assisted commits of the range.
        signed: Vec<ObjectId>,
    },
    /// It names something close that this commit is no longer.
    Stale {
        /// The commit that it names.
        signed: Option<ObjectId>,
        /// What differs, for the pusher.
        why: String,
    },
}
