//! Why the repository gave no answer.

use std::path::PathBuf;

use crate::domain::ids::{ObjectId, RefName};
use crate::domain::limits::Passed;

/// Why the repository gave no answer. None of these is a verdict; in the hook all reject.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// Nothing that can be opened lies there.
    #[error("\"{}\" can't be opened as a git repository: {reason}", path.display())]
    Open {
        /// Where.
        path: PathBuf,
        /// What git or libgit2 says.
        reason: String,
    },
    /// A variable of the hook's environment names something outside the repository (G22).
    #[error("the environment variable \"{variable}\" points outside the repository")]
    Environment {
        /// Its name; never its value.
        variable: &'static str,
    },
    /// The push came through `GIT_NAMESPACE` (G17).
    #[error("the push goes through a git namespace")]
    Namespace,
    /// An object that is not there.
    #[error("object {id} is missing")]
    Missing {
        /// Which.
        id: ObjectId,
    },
    /// The push's own objects are gone.
    #[error("what the push brought was taken away meanwhile, as git gc --prune=now does")]
    Pruned,
    /// An object over its limit; it was not read.
    #[error("object {id} has {size} bytes, the limit is {max}")]
    TooLarge {
        /// Which.
        id: ObjectId,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// An object that is there and can't be read.
    #[error("object {id} can't be read: {reason}")]
    Unreadable {
        /// Which.
        id: ObjectId,
        /// What libgit2 says.
        reason: String,
    },
    /// An object of another kind than asked for.
    #[error("object {id} is no {wanted}")]
    WrongKind {
        /// Which.
        id: ObjectId,
        /// `commit`, `tag`, `tree` or `blob`.
        wanted: &'static str,
    },
    /// An object that programs read differently, or not at all (G17).
    #[error("object {id} is malformed: {reason}")]
    Malformed {
        /// Which.
        id: ObjectId,
        /// What is wrong.
        reason: &'static str,
    },
    /// The same of a folder in what a commit builds on: no fault of the commit's.
    #[error("object {id}, in what a commit builds on, is malformed: {reason}")]
    MalformedBelow {
        /// Which.
        id: ObjectId,
        /// What is wrong.
        reason: &'static str,
    },
    /// A commit, a tag or a change over one of the settable limits.
    #[error("{0}")]
    Limit(Passed),
    /// A walk over the limit `new_commits`.
    #[error("more than {limit} commits are new")]
    TooManyCommits {
        /// The limit.
        limit: usize,
    },
    /// A new commit whose parent is not there.
    #[error("commit {commit} has parent {parent}, which is missing")]
    MissingParent {
        /// The child.
        commit: ObjectId,
        /// The parent.
        parent: ObjectId,
        /// Whether that is so because the pusher's own clone is shallow: the push would make
        /// the repository shallow too.
        ends_early: bool,
    },
    /// Tags nested too deep.
    #[error("tag {id} is nested more than {limit} levels deep")]
    TagsTooDeep {
        /// The outermost.
        id: ObjectId,
        /// The limit.
        limit: usize,
    },
    /// A ref name that git would not take, or a symbolic ref that leads nowhere.
    #[error("ref \"{name}\" can't be followed: {reason}")]
    Ref {
        /// Which.
        name: RefName,
        /// Why.
        reason: &'static str,
    },
    /// A ref that is no longer what it was when it was read.
    #[error("ref \"{name}\" could not be updated: {reason}")]
    RefMoved {
        /// Which.
        name: RefName,
        /// What git says.
        reason: String,
    },
    /// Words that name no commit.
    #[error("\"{spec}\" names no commit here: {reason}")]
    Spec {
        /// As given, escaped.
        spec: String,
        /// Why.
        reason: String,
    },
    /// A log that holds something its own names contradict (G24).
    #[error("the published log is damaged at \"{path}\": {reason}")]
    Log {
        /// The path in its tree, escaped.
        path: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A `git` child that could not start, failed, or said too much or too little.
    #[error("\"git {command}\" failed: {reason}")]
    Child {
        /// The subcommand.
        command: String,
        /// Its standard error's first lines, escaped, or what we saw.
        reason: String,
    },
    /// A file of the repository that can't be read or written.
    #[error("\"{}\" can't be used", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl GitError {
    /// A limit that a part of a commit passes, said of the commit.
    #[must_use]
    pub fn of_commit(self, id: ObjectId) -> Self {
        match self {
            Self::Limit(passed) => {
                let what = format!("{} of commit {}", passed.what, id.short());
                Self::Limit(passed.about(what))
            }
            other => other,
        }
    }
}
