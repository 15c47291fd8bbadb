//! Deliveries: signed statements as commits under `refs/countersign/inbox/` (G24).
//!
//! Owns the one shape that a delivery has. Whether its signature is anyone's is not asked
//! here.

use crate::domain::ids::{ObjectId, RefName, StatementHash};
use crate::domain::limits::{Limits, Passed, SIGNATURE_BYTES};
use crate::domain::statement::Signed;

use super::tree::parse_tree;
use super::write::{NewFile, PERSON, commit};
use super::{GitError, Kind, Repo};

/// Where deliveries come in.
pub const PREFIX: &str = "refs/countersign/inbox/";

const MESSAGE: &str = "Countersign delivery\n";
/// The only files of a delivery, in the order of a tree.
pub(super) const FILES: [&str; 2] = ["statement.json", "statement.json.sig"];
/// Bytes of the commit and of the tree: both have a fixed size well below this.
const OBJECT_BYTES: usize = 1 << 10;

/// Why a delivery was not taken.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// It is none: the pusher's fault. The text says why.
    #[error("not a delivery: {0}")]
    Refused(String),
    /// We could not tell.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// The ref that delivers the statement with this hash.
#[must_use]
pub fn ref_name(hash: &StatementHash) -> RefName {
    RefName::new(format!("{PREFIX}{hash}"))
}

/// The hash that a ref claims to deliver; `None` for a ref that delivers nothing.
#[must_use]
pub fn parse_ref_name(name: &RefName) -> Option<StatementHash> {
    StatementHash::from_hex(name.as_bytes().strip_prefix(PREFIX.as_bytes())?)
}

/// Writes a delivery; the same statement gives the same commit in every repository of one
/// object format. One child.
pub fn write(repo: &Repo, signed: &Signed) -> Result<ObjectId, GitError> {
    let [statement, signature] = FILES.map(str::to_owned);
    let files = [
        NewFile { path: statement, bytes: signed.statement.clone() },
        NewFile { path: signature, bytes: signed.signature.clone() },
    ];
    commit(repo, None, MESSAGE, &files)
}

/// Reads a delivery that was pushed to `name`; sizes before contents. No child.
///
/// # Errors
/// [`InboxError::Refused`] for anything that [`write()`] would not have written there.
pub fn read(
    repo: &Repo,
    name: &RefName,
    id: ObjectId,
    limits: &Limits,
) -> Result<Signed, InboxError> {
    let refused = |why: &str| InboxError::Refused(why.to_owned());
    let hash = parse_ref_name(name).ok_or_else(|| {
        refused("its ref is not refs/countersign/inbox/ and the statement's hash")
    })?;
    let commit = of_kind(repo, id, Kind::Commit, OBJECT_BYTES, "the commit")?;
    let tree = tree_of(id, &commit)
        .filter(|tree| commit == expected_commit(*tree))
        .ok_or_else(|| refused("its commit has a parent, or another author, date or message"))?;
    let raw = of_kind(repo, tree, Kind::Tree, OBJECT_BYTES, "the tree")?;
    let entries = parse_tree(tree, &raw).map_err(|_| refused("its tree is malformed"))?;
    let [statement, signature] = entries.as_slice() else {
        return Err(refused("its tree does not hold exactly two files"));
    };
    if raw != expected_tree(statement.side.id, signature.side.id) {
        return Err(refused("its tree holds something else than two plain statement files"));
    }
    let signed = Signed {
        statement: statement_of(repo, statement.side.id, limits)?,
        signature: of_kind(repo, signature.side.id, Kind::Blob, SIGNATURE_BYTES, FILES[1])?,
    };
    if signed.hash() != hash {
        return Err(refused("its statement and signature have another hash than its ref says"));
    }
    Ok(signed)
}

fn statement_of(repo: &Repo, id: ObjectId, limits: &Limits) -> Result<Vec<u8>, InboxError> {
    let limit = limits.statement_bytes;
    match repo.header(id).map_err(InboxError::Git)? {
        (Kind::Blob, size) if size > limit => {
            let passed = Passed::new("statement_bytes", limit, FILES[0]).seen(size);
            Err(InboxError::Git(GitError::Limit(passed)))
        }
        _ => of_kind(repo, id, Kind::Blob, limit, FILES[0]),
    }
}

fn of_kind(
    repo: &Repo,
    id: ObjectId,
    kind: Kind,
    max: usize,
    what: &str,
) -> Result<Vec<u8>, InboxError> {
    repo.raw_of(id, kind, max).map_err(|e| match e {
        GitError::TooLarge { size, max, .. } => {
            InboxError::Refused(format!("{what} has {size} bytes, the limit is {max}"))
        }
        GitError::WrongKind { .. } => InboxError::Refused(format!("{what} is no {}", kind.name())),
        e => InboxError::Git(e),
    })
}

fn tree_of(id: ObjectId, commit: &[u8]) -> Option<ObjectId> {
    let hex = commit.strip_prefix(b"tree ")?.get(..id.format().raw_len() * 2)?;
    ObjectId::from_hex(hex)
}

fn expected_commit(tree: ObjectId) -> Vec<u8> {
    format!("tree {tree}\nauthor {PERSON}\ncommitter {PERSON}\n\n{MESSAGE}").into_bytes()
}

fn expected_tree(statement: ObjectId, signature: ObjectId) -> Vec<u8> {
    let mut tree = Vec::new();
    for (name, id) in FILES.into_iter().zip([statement, signature]) {
        tree.extend_from_slice(format!("100644 {name}\0").as_bytes());
        tree.extend_from_slice(id.as_bytes());
    }
    tree
}
