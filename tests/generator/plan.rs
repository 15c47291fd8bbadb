//! What is to happen in a world, step by step. Steps name what earlier steps made by
//! numbers of their own; a step whose makings are gone is passed over, so that any part of
//! a plan is a plan: that is what shrinking needs.

/// What a step made: a commit, a tag or a statement.
pub(super) type Name = usize;

/// `Name <address>`.
pub(super) type Who = &'static str;

/// The first commit of main, which every world has.
pub(super) const ROOT: Name = 0;

/// How a message, or an identity, tells of an AI tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    CoAuthor,
    AssistedBy,
    Declared,
    /// In the body, with a paragraph of trailers below.
    Above,
    /// A trailer in the middle of a paragraph, indented, with CRLF.
    Mixed,
    /// As the subject.
    Subject,
    /// The author is an agent.
    Author,
    /// The committer is an agent.
    Committer,
}

/// All of them, with weights.
pub(super) const MARKS: &[(usize, Mark)] = &[
    (6, Mark::CoAuthor),
    (3, Mark::AssistedBy),
    (2, Mark::Declared),
    (2, Mark::Above),
    (2, Mark::Mixed),
    (1, Mark::Subject),
    (2, Mark::Author),
    (1, Mark::Committer),
];

/// A message in the making.
#[derive(Debug, Clone, Default)]
pub(super) struct Message {
    pub(super) subject: String,
    pub(super) mark: Option<Mark>,
    /// Says `AI-Assisted: no`.
    pub(super) denies: bool,
    /// Speaks of AI and is innocent.
    pub(super) talks: bool,
    pub(super) co_authors: Vec<Who>,
}

/// A change of one file; it does nothing where the file is not what it needs.
#[derive(Debug, Clone)]
pub(super) enum Edit {
    /// Replaces a line.
    Line(&'static str, usize, String),
    /// Adds a line before this one.
    Insert(&'static str, usize, String),
    /// Takes a line out.
    Cut(&'static str, usize),
    /// Writes a whole file.
    File(&'static str, Vec<u8>),
    Delete(&'static str),
    Rename(&'static str, &'static str),
    /// Turns the executable bit.
    Mode(&'static str),
    Link(&'static str, &'static str),
}

/// Author and committer.
#[derive(Debug, Clone, Copy)]
pub(super) struct People {
    pub(super) author: Who,
    pub(super) committer: Who,
}

/// How the tree of a merge comes about, before its edits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blend {
    /// What git makes of it, conflict marks and all.
    Automatic,
    /// That of one parent: the others' work is dropped.
    Parent(usize),
    /// Path by path from any parent, as an octopus does, the later ones first.
    Layers,
}

/// A statement in the making. Times are seconds from now.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// Name of the key that signs.
    pub(super) key: &'static str,
    pub(super) verdict: &'static str,
    pub(super) commits: Vec<Name>,
    /// Base and tip, with all commits between as subjects, but for one where `gap`.
    pub(super) range: Option<(Name, Name)>,
    pub(super) gap: bool,
    /// The first subject is said to do what this other commit does.
    pub(super) lie: Option<Name>,
    pub(super) refs: Vec<String>,
    pub(super) issued: i64,
    pub(super) expires: Option<i64>,
    pub(super) wrong_repository: bool,
    /// A byte is changed after signing.
    pub(super) tampered: bool,
    /// Signed for something else.
    pub(super) wrong_namespace: bool,
}

/// One thing that happens.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Commit {
        name: Name,
        parent: Option<Name>,
        edits: Vec<Edit>,
        people: People,
        message: Message,
    },
    Merge {
        name: Name,
        parents: Vec<Name>,
        blend: Blend,
        edits: Vec<Edit>,
        people: People,
        message: Message,
    },
    /// A cherry-pick or, reversed, a revert. Without a message: the original's.
    Pick {
        name: Name,
        of: Name,
        onto: Name,
        reverse: bool,
        author: Option<Who>,
        committer: Who,
        message: Option<Message>,
    },
    /// The sum of `base..tip` as one commit on `onto`.
    Squash {
        name: Name,
        base: Name,
        tip: Name,
        onto: Name,
        people: People,
        message: Message,
    },
    /// The same commit again with other people or another message.
    Amend {
        name: Name,
        of: Name,
        edits: Vec<Edit>,
        people: People,
        message: Message,
    },
    Tag {
        name: Name,
        of: Name,
        tagger: Who,
        message: Message,
    },
    Sign {
        name: Name,
        draft: Draft,
    },
    Revoke {
        name: Name,
        of: Name,
        key: &'static str,
        issued: i64,
    },
    /// By hand, on the host.
    Submit {
        statements: Vec<Name>,
    },
    Push(Push),
}

/// One `git push --force`.
#[derive(Debug, Clone)]
pub(super) struct Push {
    /// The authenticated login.
    pub(super) pusher: Option<&'static str>,
    /// A ref and its new value; none deletes it.
    pub(super) updates: Vec<(String, Option<Name>)>,
    /// Statements that come along.
    pub(super) deliver: Vec<Name>,
}
