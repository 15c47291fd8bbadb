//! Bases: commits that stand with all that is below them, because they were there before the
//! gate (G23).
//!
//! Each is a ref of its own, so that it is seen, fetched and kept by git. What makes it a
//! base is a file of the repository that no push can write: a ref may have been planted
//! while nothing here was gated.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;

use crate::domain::ids::{ObjectId, RefName};

use super::{GitError, Repo};

/// Where the refs stand.
const PREFIX: &str = "refs/countersign/base/";
/// The list, an id a line, in the folder that all work trees share.
const LIST: &str = "countersign-bases";
/// Bytes of the list: more ids than a repository has branches.
const LIST_BYTES: u64 = 16 << 20;

/// The bases of a repository.
#[derive(Debug, Default)]
pub struct Bases(BTreeSet<ObjectId>);

impl Bases {
    /// Whether a ref with this value is a base.
    #[must_use]
    pub fn has(&self, name: &RefName, value: &ObjectId) -> bool {
        name.as_bytes() == format!("{PREFIX}{value}").as_bytes() && self.0.contains(value)
    }
}

impl Repo {
    /// The bases that were recorded; none where nobody has adopted the repository.
    ///
    /// # Errors
    /// [`GitError::File`] for a list that can't be read, or is none.
    pub fn recorded_bases(&self) -> Result<Bases, GitError> {
        let (path, failed) = self.list();
        let text = match std::fs::metadata(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Bases::default()),
            Ok(there) if there.len() > LIST_BYTES => Err(io::Error::from(ErrorKind::FileTooLarge)),
            Err(e) => Err(e),
            Ok(_) => std::fs::read_to_string(&path),
        };
        let text = text.map_err(&failed)?;
        let ids = text.lines().map(|line| ObjectId::from_hex(line.as_bytes()));
        let ids: Option<BTreeSet<_>> = ids.collect();
        ids.map(Bases).ok_or_else(|| failed(io::Error::from(ErrorKind::InvalidData)))
    }

    /// Records commits as bases; those that are stay. One child.
    ///
    /// # Errors
    /// [`GitError::Child`] where git refuses, of a commit that is not there for example;
    /// [`GitError::File`] where the list can't be read or written.
    pub fn add_bases(&self, commits: &BTreeSet<ObjectId>) -> Result<(), GitError> {
        let lines = commits.iter().map(|id| format!("update {PREFIX}{id}\0{id}\0\0"));
        let said = self
            .git("update-ref")
            .env("GIT_COMMITTER_NAME", "Countersign")
            .env("GIT_COMMITTER_EMAIL", "countersign@localhost")
            .args(["-z", "--stdin"])
            .stdin(lines.collect::<String>().into_bytes())
            .run()?;
        if said.code != 0 {
            let command = "update-ref".to_owned();
            return Err(GitError::Child { command, reason: said.stderr });
        }
        let Bases(mut all) = self.recorded_bases()?;
        all.extend(commits);
        let (path, failed) = self.list();
        let text: String = all.iter().map(|id| format!("{id}\n")).collect();
        let mut fresh = tempfile::NamedTempFile::new_in(&self.common_dir).map_err(&failed)?;
        fresh.write_all(text.as_bytes()).map_err(&failed)?;
        fresh.as_file().sync_all().map_err(&failed)?;
        fresh.persist(&path).map(drop).map_err(|e| failed(e.error))
    }

    fn list(&self) -> (PathBuf, impl Fn(io::Error) -> GitError) {
        let path = self.common_dir.join(LIST);
        let failed = {
            let path = path.clone();
            move |source| GitError::File { path: path.clone(), source }
        };
        (path, failed)
    }
}
