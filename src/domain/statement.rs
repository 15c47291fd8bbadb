//! Sign-off statements as checked data. `crate::signature` is the only way in from bytes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{ChangeDigest, ObjectId, PathsDigest, PersonId, RepositoryName, StatementHash};
use super::policy::Key;

/// What a signed statement says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// What it is about.
    pub subjects: Vec<Subject>,
    /// The one repository it is for (G12).
    pub repository: RepositoryName,
    /// Full ref names or the policy's globs (G12), as written.
    pub refs: Vec<String>,
    /// What it says.
    pub verdict: Verdict,
    /// Why, in the signer's words.
    pub reason: Option<String>,
    /// When it was signed, by the signer's clock.
    pub issued_at: Timestamp,
    /// When it ends of itself.
    pub expires_at: Option<Timestamp>,
    /// The range whose net change is among the subjects (G11).
    pub net: Option<Net>,
}

/// One subject. A commit has `commit`, and `change` and `paths` unless its change is empty
/// or it is a merge; a net change has `change` and `paths` alone; a revocation's has
/// `statement` alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// For people.
    pub name: String,
    /// `gitCommit`.
    pub commit: Option<ObjectId>,
    /// `change-v1`.
    pub change: Option<ChangeDigest>,
    /// `paths-v1`.
    pub paths: Option<PathsDigest>,
    /// `sha256`: the hash of a statement.
    pub statement: Option<StatementHash>,
}

/// A range whose sum was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Net {
    /// The range's single merge base.
    pub base: ObjectId,
    /// Its last commit.
    pub tip: ObjectId,
}

/// What a statement says about its subjects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It may land.
    Approve,
    /// It must not land.
    Decline,
    /// The named statements are void.
    Revoke,
    /// It may land without sign-offs, once (G19).
    Override,
    /// What memory says of it is wrong (G9).
    Correct,
}

/// The exact bytes that were signed, and the signature over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The statement, byte for byte.
    pub statement: Vec<u8>,
    /// The armoured SSHSIG.
    pub signature: Vec<u8>,
}

impl Signed {
    /// The statement's name everywhere (G24).
    #[must_use]
    pub fn hash(&self) -> StatementHash {
        super::digest::statement_hash(&self.statement, &self.signature)
    }
}

/// A statement whose signature verified against a key that the policy gives a person.
/// Whether it counts (time, group, revocation) is for the decision to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignOff {
    /// Its name everywhere.
    pub hash: StatementHash,
    /// What it says.
    pub statement: Statement,
    /// Who signed.
    pub signer: PersonId,
    /// With which of their keys.
    pub key: Key,
    /// The hash of the second file that anybody can make of an ECDSA signature, and that
    /// verifies as well; `None` for other kinds of key.
    pub twin: Option<StatementHash>,
}
