//! Writing the published log, `refs/countersign/log` (G24): a chain of commits whose tree
//! only grows.
//!
//! Owns the layout of that tree, the lock around it and the compare-and-swap of its ref.
//! It must not know the store: the caller says what the log lacks.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::PathBuf;

use crate::domain::escape::escape;
use crate::domain::ids::{DecisionId, ObjectId, PolicyDigest, RefName, StatementHash};
use crate::domain::policy::parts;
use crate::domain::statement::Signed;

use super::inbox::FILES;
use super::write::{NewFile, commit};
use super::{GitError, Kind, Repo};

/// The log's ref.
pub const REF: &str = "refs/countersign/log";
/// Bytes of a commit of the log: its size is fixed but for two numbers and a parent.
const COMMIT_BYTES: usize = 1 << 10;
const LOCK: &str = "countersign.lock";
const TITLE: &str = "Countersign log\n\nPosition: ";

/// How far the log has come, in the store's own sequence numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogPosition {
    /// Of the last published statement.
    pub statements: i64,
    /// Of the last published landing.
    pub landings: i64,
    /// The last published statement, which any whole store has.
    pub statement: Option<StatementHash>,
    /// The policy in force when it was written, where the log publishes policies.
    pub policy: Option<PolicyDigest>,
}

/// The log's last commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogTip {
    /// Its id.
    pub commit: ObjectId,
    /// What it says.
    pub position: LogPosition,
}

/// One thing the log keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogFile {
    /// `statements/ab/<h>/statement.json` and its signature.
    Statement(Signed),
    /// `decisions/<id>.json`.
    Decision(DecisionId, Vec<u8>),
    /// `policy/<digest>.toml`, and its catalogue as `policy/<digest>.markers.toml`.
    Policy(PolicyDigest, Vec<u8>),
    /// `policy/<digest>.allowed_signers`.
    AllowedSigners(PolicyDigest, Vec<u8>),
}

impl LogFile {
    fn into_files(self) -> Result<Vec<NewFile>, GitError> {
        Ok(match self {
            Self::Statement(signed) => {
                let hash = signed.hash().to_string();
                let folder = format!("statements/{}/{hash}", hash.get(..2).unwrap_or_default());
                let [statement, signature] = FILES.map(|name| format!("{folder}/{name}"));
                vec![
                    NewFile { path: statement, bytes: signed.statement },
                    NewFile { path: signature, bytes: signed.signature },
                ]
            }
            Self::Decision(id, bytes) => {
                if !is_decision_id(id.as_str()) {
                    let path = escape(id.as_str().as_bytes());
                    return Err(GitError::Log { path, reason: "it is no decision id" });
                }
                vec![NewFile { path: format!("decisions/{}.json", id.as_str()), bytes }]
            }
            Self::Policy(digest, bytes) => {
                let (policy, catalogue) = parts(&bytes);
                let file = |kind: &str, bytes: &[u8]| {
                    let path = format!("policy/{digest}.{kind}");
                    NewFile { path, bytes: bytes.to_vec() }
                };
                let catalogue = catalogue.map(|bytes| file("markers.toml", bytes));
                std::iter::once(file("toml", policy)).chain(catalogue).collect()
            }
            Self::AllowedSigners(digest, bytes) => {
                vec![NewFile { path: format!("policy/{digest}.allowed_signers"), bytes }]
            }
        })
    }
}

/// `D-` and ten letters or digits.
pub(super) fn is_decision_id(text: &str) -> bool {
    text.strip_prefix("D-").is_some_and(|random| {
        random.len() == 10 && random.bytes().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase())
    })
}

/// The right to append, held until dropped, against other processes too.
pub struct LogWriter<'r> {
    repo: &'r Repo,
    _lock: File,
}

impl<'r> LogWriter<'r> {
    /// Waits until no other process appends.
    pub fn lock(repo: &'r Repo) -> Result<Self, GitError> {
        let (path, lock) = lock_file(repo)?;
        lock.lock().map_err(|source| GitError::File { path, source })?;
        Ok(Self { repo, _lock: lock })
    }

    /// `None` while another process appends.
    pub fn try_lock(repo: &'r Repo) -> Result<Option<Self>, GitError> {
        let (path, lock) = lock_file(repo)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self { repo, _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(GitError::File { path, source }),
        }
    }

    /// Where the log stands; `None` before its first commit. No child where refs are files.
    pub fn tip(&self) -> Result<Option<LogTip>, GitError> {
        tip(self.repo)
    }

    /// Puts files on top of `previous` and moves the ref from it. Two children.
    ///
    /// # Errors
    /// [`GitError::RefMoved`] where the ref is no longer at `previous`.
    pub fn append(
        &self,
        previous: Option<ObjectId>,
        files: Vec<LogFile>,
        position: LogPosition,
    ) -> Result<ObjectId, GitError> {
        let mut new = Vec::new();
        for file in files {
            new.extend(file.into_files()?);
        }
        let LogPosition { statements, landings, statement, policy } = position;
        let statement = statement.map(|h| format!(" statement={h}")).unwrap_or_default();
        let policy = policy.map(|p| format!(" policy={p}")).unwrap_or_default();
        let message =
            format!("{TITLE}statements={statements} landings={landings}{statement}{policy}\n");
        let commit = commit(self.repo, previous, &message, &new)?;
        let old = previous.unwrap_or(ObjectId::zero(self.repo.format()));
        self.update(REF, format!("update {REF}\0{commit}\0{old}\0").into_bytes())?;
        Ok(commit)
    }

    /// Deletes refs, all or none, each only if it still has this value. One child.
    ///
    /// # Errors
    /// [`GitError::RefMoved`] where one has not; nothing was deleted then.
    pub fn delete(&self, refs: &[(RefName, ObjectId)]) -> Result<(), GitError> {
        let mut stdin = Vec::new();
        for (name, id) in refs {
            if name.as_bytes().contains(&0) {
                return Err(GitError::Ref { name: name.clone(), reason: "it holds a NUL byte" });
            }
            stdin.extend_from_slice(b"delete ");
            stdin.extend_from_slice(name.as_bytes());
            stdin.extend_from_slice(format!("\0{id}\0").as_bytes());
        }
        match refs.first() {
            None => Ok(()),
            Some((name, _)) => self.update(&name.to_string(), stdin),
        }
    }

    fn update(&self, name: &str, stdin: Vec<u8>) -> Result<(), GitError> {
        // Only a repository that logs every ref's changes asks who we are.
        let said = self
            .repo
            .git("update-ref")
            .env("GIT_COMMITTER_NAME", "Countersign")
            .env("GIT_COMMITTER_EMAIL", "countersign@localhost")
            .args(["-z", "--stdin"])
            .stdin(stdin)
            .run()?;
        match said.code {
            0 => Ok(()),
            _ => Err(GitError::RefMoved { name: RefName::new(name), reason: said.stderr }),
        }
    }
}

/// Opened for reading alone where it exists: another user of the repository may have made
/// it, and a lock needs no more.
fn lock_file(repo: &Repo) -> Result<(PathBuf, File), GitError> {
    let path = repo.common_dir.join(LOCK);
    let file = match File::open(&path) {
        Err(e) if e.kind() == ErrorKind::NotFound => {
            OpenOptions::new().append(true).create(true).open(&path)
        }
        file => file,
    };
    match file {
        Ok(file) => Ok((path, file)),
        Err(source) => Err(GitError::File { path, source }),
    }
}

/// Where the log stands; `None` before its first commit. No child where refs are files.
pub fn tip(repo: &Repo) -> Result<Option<LogTip>, GitError> {
    match repo.ref_value(&RefName::new(REF))? {
        None => Ok(None),
        Some(commit) => Ok(Some(LogTip { commit, position: position(repo, commit)? })),
    }
}

/// What a commit of the log says of its position.
pub(super) fn position(repo: &Repo, commit: ObjectId) -> Result<LogPosition, GitError> {
    let raw = repo.raw_of(commit, Kind::Commit, COMMIT_BYTES)?;
    let reason = "its message is not that of a log";
    let text = std::str::from_utf8(&raw).ok();
    text.and_then(|text| parse_position(text.split_once("\n\n")?.1))
        .ok_or(GitError::Malformed { id: commit, reason })
}

fn parse_position(message: &str) -> Option<LogPosition> {
    let numbers = message.strip_prefix(TITLE)?.strip_suffix('\n')?;
    let (statements, rest) = numbers.strip_prefix("statements=")?.split_once(" landings=")?;
    let (rest, policy) = match rest.split_once(" policy=") {
        None => (rest, None),
        Some((rest, hex)) => (rest, Some(PolicyDigest::from_hex(hex.as_bytes())?)),
    };
    let (landings, statement) = match rest.split_once(" statement=") {
        None => (rest, None),
        Some((landings, hex)) => (landings, Some(StatementHash::from_hex(hex.as_bytes())?)),
    };
    let (statements, landings) = (statements.parse().ok()?, landings.parse().ok()?);
    Some(LogPosition { statements, landings, statement, policy })
}
