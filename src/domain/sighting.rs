//! Who first showed an AI-assisted commit to the gate (G13).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{ChangeDigest, Login, ObjectId, PathsDigest, RepositoryName};

/// Who has a hand in a commit, by its own free text; known agents are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Contributors(pub Vec<Contributor>);

/// One hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contributor {
    /// What they are said to have done.
    pub part: Part,
    /// Their address, lower case; bytes that are not UTF-8 are escaped, which no policy's
    /// address equals.
    pub email: String,
}

/// What a contributor is said to have done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The author header.
    Author,
    /// A co-author trailer on this line of the message.
    CoAuthor(usize),
    /// The committer header.
    Committer,
}

/// One row per AI-assisted commit that any push showed, never changed (G13).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// The commit.
    pub commit: ObjectId,
    /// Where it was shown.
    pub repository: RepositoryName,
    /// The authenticated login; `None` where the identity was missing or the object was
    /// already in the repository.
    pub first_pusher: Option<Login>,
    /// When.
    pub at: Timestamp,
    /// What it does; `None` for a merge or an empty change.
    pub change: Option<ChangeDigest>,
    /// The set of paths it does it to.
    pub paths: Option<PathsDigest>,
    /// Who its object names.
    pub contributors: Contributors,
    /// The evidence's line, escaped, for "pushed by kim with ...".
    pub evidence: String,
}
