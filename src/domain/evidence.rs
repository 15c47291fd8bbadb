//! What tells that a commit was made with an AI tool's help, and where it was found.

use serde::{Deserialize, Serialize};

use super::object::Ident;

/// What a marker proves. The first three make a commit AI-assisted (G6).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// A tool wrote the commit.
    Authorship,
    /// A tool helped with it.
    Assistance,
    /// Its author says so.
    Declaration,
    /// A tool looked at it; shown, no evidence of making.
    ReviewOnly,
    /// Too weak to conclude; shown.
    Hint,
}

impl Strength {
    /// Whether it makes a commit AI-assisted.
    #[must_use]
    pub fn counts(self) -> bool {
        matches!(self, Self::Authorship | Self::Assistance | Self::Declaration)
    }
}

/// Which sort of place a marker looks at.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum MarkerKind {
    /// An identity as author.
    Author,
    /// An identity as committer.
    Committer,
    /// An identity in a trailer (`Co-authored-by`, `Assisted-by`, ...).
    TrailerIdentity,
    /// A trailer key whose value tells.
    Trailer,
    /// A footer line that a tool writes.
    Footer,
    /// A link to a tool's session.
    SessionLink,
    /// The author's own statement.
    Declaration,
    /// The authenticated pusher is a known agent (G8).
    Pusher,
    /// The message can't be decoded (G17).
    Unreadable,
    /// An earlier change that memory knows (G9).
    Memory,
    /// A note that a tool keeps about the commit.
    Note,
}

/// Where a piece of evidence stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The author header.
    Author,
    /// The committer header.
    Committer,
    /// A line of the message, counted from 1 at the subject.
    Line(usize),
    /// A line of the named header, counted from 1.
    Header(String, usize),
    /// A line of the message of an annotated tag that points here, counted from 1; 0 is
    /// its tagger.
    Tag(usize),
    /// The push itself.
    Pusher,
    /// The message as a whole.
    Message,
    /// What the commit does, held against memory (G9).
    Change,
    /// A note about it, in a ref of its own.
    Note,
}

/// One marker found in one place of one commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The marker's stable name.
    pub marker: String,
    /// The tool, where the marker names one.
    pub tool: Option<String>,
    /// The sort of place.
    pub kind: MarkerKind,
    /// What it proves.
    pub strength: Strength,
    /// Where exactly.
    pub place: Place,
    /// The bytes found, escaped (G21) and at most 200 characters.
    pub text: String,
    /// Whether the line quotes another message: of what it reverts, merges or answers. It
    /// counts all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub quotation: bool,
}

/// What a commit says about AI use by a declaration trailer (`AI-Assisted: yes|no`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Declared {
    /// It says that AI helped.
    Yes,
    /// It says that none did; this cancels no evidence (G6).
    No,
    /// It says nothing.
    #[default]
    Nothing,
}

/// A co-author as a trailer of the message names them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CoAuthor {
    /// Name and address.
    pub ident: Ident,
    /// The message's line, counted from 1.
    pub line: usize,
}

/// All that the detector sees in one commit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Detection {
    /// In order of place.
    pub evidence: Vec<Evidence>,
    /// The declaration, `Yes` if any line says yes.
    pub declared: Declared,
    /// Everybody a co-author trailer names, agents included.
    pub co_authors: Vec<CoAuthor>,
    /// Which of author, committer and co-authors are known agents, by e-mail in lower
    /// case: nobody's identity in G13.
    pub agents: Vec<Vec<u8>>,
}

/// Whether all that tells of AI is a message that can't be read.
#[must_use]
pub fn is_only_unreadable(evidence: &[Evidence]) -> bool {
    let mut counted = evidence.iter().filter(|e| e.strength.counts()).peekable();
    counted.peek().is_some() && counted.all(|e| e.kind == MarkerKind::Unreadable)
}

impl Detection {
    /// Whether at least one piece of evidence counts.
    #[must_use]
    pub fn is_ai_assisted(&self) -> bool {
        self.evidence.iter().any(|e| e.strength.counts())
    }

    /// The same for a rule that may count hints and reviews, too.
    #[must_use]
    pub fn is_evidence(&self, hints_count: bool) -> bool {
        self.is_ai_assisted() || (hints_count && !self.evidence.is_empty())
    }

    /// Whether the commit itself shows it, memory aside.
    #[must_use]
    pub fn shows(&self, hints_count: bool) -> bool {
        let mut own = self.evidence.iter().filter(|e| e.kind != MarkerKind::Memory);
        own.any(|e| hints_count || e.strength.counts())
    }
}
