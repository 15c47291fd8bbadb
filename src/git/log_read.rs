//! Reading the published log in any clone (G24). Nothing in its tree is trusted: names are
//! compared with hashes of what they name, sizes are read before contents.

use std::collections::BTreeMap;

use crate::domain::digest::policy_digest;
use crate::domain::escape::escape_short;
use crate::domain::ids::{DecisionId, ObjectId, PolicyDigest, StatementHash};
use crate::domain::limits::{Limits, SIGNATURE_BYTES};
use crate::domain::policy::joined;
use crate::domain::statement::Signed;

use super::inbox::FILES;
use super::log::{LogPosition, is_decision_id, position};
use super::tree::parse_tree;
use super::{GitError, Kind, Repo, change};

/// Bytes of a decision or a policy.
const FILE_BYTES: usize = 16 << 20;
/// Bytes of the whole log, trees included.
const LOG_BYTES: usize = 1 << 30;

/// What a log holds. Statements are whole, not verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    /// By hash.
    pub statements: Vec<Signed>,
    /// By id; the bytes that the store chained.
    pub decisions: Vec<(DecisionId, Vec<u8>)>,
    /// Policies, each with its catalogue behind a zero byte, whose bytes have this digest.
    pub policies: Vec<(PolicyDigest, Vec<u8>)>,
    /// The keys of a policy for `ssh-keygen`; nothing ties them to the policy but its name.
    pub allowed_signers: Vec<(PolicyDigest, Vec<u8>)>,
    /// How far it has come.
    pub position: LogPosition,
}

/// Reads the log whose last commit this is. Names that a later version may have added are
/// passed over. No child.
///
/// # Errors
/// [`GitError::Log`] where a name and what it names contradict each other.
pub fn read_log(repo: &Repo, commit: ObjectId, limits: &Limits) -> Result<Log, GitError> {
    let position = position(repo, commit)?;
    let mut reader = Reader { repo, left: LOG_BYTES };
    let mut log = Log { position, ..Log::default() };
    let root = reader.folder(change::tree_of(repo, commit)?)?;
    let part = |name: &str| root.get(name.as_bytes()).filter(|e| e.is_folder).map(|e| e.id);
    if let Some(id) = part("statements") {
        log.statements = reader.statements(id, limits)?;
    }
    if let Some(id) = part("decisions") {
        for (name, entry) in reader.folder(id)? {
            let id = text(&name).and_then(|n| n.strip_suffix(".json"));
            if let Some(id) = id.filter(|id| is_decision_id(id) && entry.is_file) {
                log.decisions.push((DecisionId::new(id), reader.file(entry.id, FILE_BYTES)?));
            }
        }
    }
    if let Some(id) = part("policy") {
        reader.policies(id, &mut log)?;
    }
    Ok(log)
}

#[derive(Clone, Copy)]
struct Node {
    id: ObjectId,
    is_folder: bool,
    is_file: bool,
}

struct Reader<'r> {
    repo: &'r Repo,
    left: usize,
}

fn text(name: &[u8]) -> Option<&str> {
    std::str::from_utf8(name).ok()
}

fn damaged(path: &[u8], reason: &'static str) -> GitError {
    GitError::Log { path: escape_short(path, 120), reason }
}

impl Reader<'_> {
    fn file(&mut self, id: ObjectId, max: usize) -> Result<Vec<u8>, GitError> {
        self.object(id, Kind::Blob, max)
    }

    fn object(&mut self, id: ObjectId, kind: Kind, max: usize) -> Result<Vec<u8>, GitError> {
        let bytes = self.repo.raw_of(id, kind, max.min(self.left))?;
        self.left -= bytes.len().min(self.left);
        Ok(bytes)
    }

    fn folder(&mut self, id: ObjectId) -> Result<BTreeMap<Vec<u8>, Node>, GitError> {
        let raw = self.object(id, Kind::Tree, self.left)?;
        let entries = parse_tree(id, &raw)?;
        let node = |e: &super::tree::TreeEntry<'_>| Node {
            id: e.side.id,
            is_folder: e.is_tree(),
            is_file: e.side.mode == 0o100_644,
        };
        Ok(entries.iter().map(|e| (e.name.to_vec(), node(e))).collect())
    }

    fn statements(&mut self, id: ObjectId, limits: &Limits) -> Result<Vec<Signed>, GitError> {
        let mut statements = Vec::new();
        for (fan, folder) in self.folder(id)? {
            if !folder.is_folder {
                continue;
            }
            for (name, entry) in self.folder(folder.id)? {
                let Some(hash) = StatementHash::from_hex(&name).filter(|_| entry.is_folder) else {
                    continue;
                };
                if !name.starts_with(&fan) || fan.len() != 2 {
                    return Err(damaged(&name, "the statement lies in another folder"));
                }
                let files = self.folder(entry.id)?;
                let file = |name: &str| {
                    let found = files.get(name.as_bytes()).filter(|f| f.is_file);
                    found.ok_or_else(|| damaged(&fan, "a statement or its signature is missing"))
                };
                let [statement, signature] = FILES;
                let (statement, signature) = (file(statement)?.id, file(signature)?.id);
                let signed = Signed {
                    statement: self.file(statement, limits.statement_bytes)?,
                    signature: self.file(signature, SIGNATURE_BYTES)?,
                };
                if signed.hash() != hash {
                    return Err(damaged(&name, "the statement has another hash"));
                }
                statements.push(signed);
            }
        }
        Ok(statements)
    }

    fn policies(&mut self, id: ObjectId, log: &mut Log) -> Result<(), GitError> {
        let files = self.folder(id)?;
        for (name, entry) in &files {
            let parts = text(name).and_then(|n| n.split_once('.')).filter(|_| entry.is_file);
            let Some((digest, kind)) = parts else { continue };
            let Some(digest) = PolicyDigest::from_hex(digest.as_bytes()) else { continue };
            match kind {
                "toml" => {
                    let mut bytes = self.file(entry.id, FILE_BYTES)?;
                    let beside = files.get(format!("{digest}.markers.toml").as_bytes());
                    if let Some(catalogue) = beside.filter(|e| e.is_file) {
                        bytes = joined(bytes, &self.file(catalogue.id, FILE_BYTES)?);
                    }
                    if policy_digest(&bytes) != digest {
                        return Err(damaged(name, "the policy has another digest"));
                    }
                    log.policies.push((digest, bytes));
                }
                "allowed_signers" => {
                    log.allowed_signers.push((digest, self.file(entry.id, FILE_BYTES)?));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
