//! Review requests: a refused push, kept so that a senior can read and sign it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{
    ChangeDigest, DecisionId, Login, ObjectId, PersonId, RefName, RepositoryName, RequestId,
};

/// One commit that waits for sign-offs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Its id.
    pub commit: ObjectId,
    /// What it does; `None` for a merge or an empty change.
    pub change: Option<ChangeDigest>,
}

/// An object that is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// Its id.
    pub id: ObjectId,
    /// Its size in bytes.
    pub bytes: u64,
    /// Why.
    pub why: Why,
}

/// Why an object is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// It is larger than a file may be.
    Large,
    /// It holds a zero byte.
    Binary,
    /// The request holds as much as it may.
    Full,
    /// The server does not have it.
    Absent,
}

impl Why {
    /// In words, after the object's name.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Large => "too large to be kept",
            Self::Binary => "binary",
            Self::Full => "not kept: the request is full",
            Self::Absent => "not on the server",
        }
    }
}

/// One push of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Round {
    /// When.
    pub at: Timestamp,
    /// The decision that refused it.
    pub decision: DecisionId,
    /// The ref's value then.
    pub old: ObjectId,
    /// What it would have become.
    pub tip: ObjectId,
    /// The AI-assisted commits, oldest first.
    pub commits: Vec<Asked>,
    /// What of their files is not shown.
    pub left_out: Vec<LeftOut>,
    /// The subject of the first that lacks a sign-off, escaped.
    pub title: String,
    /// How many lack one.
    pub waiting: usize,
    /// How many files these change.
    pub files: usize,
    /// Who could sign any of them.
    pub can_sign: Vec<PersonId>,
}

impl Round {
    /// Whether another push says nothing new: times and places aside.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        let told = |r: &Self| {
            (r.commits.clone(), r.left_out.clone(), r.waiting, r.files, r.can_sign.clone())
        };
        told(self) == told(other)
    }
}

/// A request as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Its place in the order in which requests came.
    pub seq: i64,
    /// Its id.
    pub id: RequestId,
    /// Where.
    pub repository: RepositoryName,
    /// The ref that it is for.
    pub name: RefName,
    /// Who pushed; `None` where the server gave no name.
    pub pusher: Option<Login>,
    /// When it was pushed first.
    pub opened_at: Timestamp,
    /// How often it was pushed.
    pub rounds: u64,
    /// As it was pushed last.
    pub last: Round,
    /// When all of it had landed.
    pub landed_at: Option<Timestamp>,
}

/// A request on its way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRequest {
    /// [`super::digest::request_id`] of the rest.
    pub id: RequestId,
    /// Where.
    pub repository: RepositoryName,
    /// The ref that it is for.
    pub name: RefName,
    /// Who pushed.
    pub pusher: Option<Login>,
    /// This push.
    pub round: Round,
    /// Raw commits and files that the store has not of this repository.
    pub objects: Vec<(ObjectId, Vec<u8>)>,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requested {
    /// It is new, or was closed and is open again.
    Opened,
    /// It was open, and other commits do the same now.
    Moved,
    /// It was open with just these commits.
    Known,
}
