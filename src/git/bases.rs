//! Bases: commits that stand with all that is below them, because they were there before the
//! gate (G23). Each is a ref of its own, so that they are seen, fetched and kept by git;
//! clients can't write there.

use std::collections::BTreeSet;

use crate::domain::ids::{ObjectId, RefName};

use super::{GitError, Repo};

/// Where they stand.
pub const PREFIX: &str = "refs/countersign/base/";

/// Whether a ref is a base.
#[must_use]
pub fn is_base(name: &RefName) -> bool {
    name.as_bytes().starts_with(PREFIX.as_bytes())
}

impl Repo {
    /// Records commits as bases; those that are stay. One child.
    ///
    /// # Errors
    /// [`GitError::Child`] where git refuses, of a commit that is not there for example.
    pub fn add_bases(&self, commits: &BTreeSet<ObjectId>) -> Result<(), GitError> {
        let lines = commits.iter().map(|id| format!("update {PREFIX}{id}\0{id}\0\0"));
        let said = self
            .git("update-ref")
            .env("GIT_COMMITTER_NAME", "Countersign")
            .env("GIT_COMMITTER_EMAIL", "countersign@localhost")
            .args(["-z", "--stdin"])
            .stdin(lines.collect::<String>().into_bytes())
            .run()?;
        match said.code {
            0 => Ok(()),
            _ => Err(GitError::Child { command: "update-ref".to_owned(), reason: said.stderr }),
        }
    }
}
