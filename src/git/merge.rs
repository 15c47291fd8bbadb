//! Whether a merge is what git makes of its parents by itself.

use std::ffi::OsString;

use super::environment::quoted_alternate;
use super::{GitError, Repo};
use crate::domain::ids::{ObjectFormat, ObjectId};
use crate::domain::object::Commit;

impl Repo {
    /// Whether a commit with two parents holds exactly the tree of their clean automatic
    /// merge, renames on. `false` for any other commit, for a conflict, and where the parents
    /// have no common past. Attributes choose no merge driver. One child, whose objects go to
    /// a temporary folder: in the quarantine git would keep them.
    ///
    /// # Errors
    /// [`GitError`] where the child can't be started or a folder can't be made.
    pub fn is_clean_merge(&self, commit: &Commit) -> Result<bool, GitError> {
        let [ours, theirs] = commit.parents.as_slice() else { return Ok(false) };
        let failed = |source| GitError::File { path: "a temporary folder".into(), source };
        let folder = tempfile::tempdir().map_err(failed)?;
        let mut alternates = OsString::new();
        if let Some(quarantine) = &self.quarantine {
            alternates.push(quoted_alternate(&quarantine.objects));
            alternates.push(":");
        }
        alternates.push(quoted_alternate(&self.objects));
        let empty_tree = match self.format() {
            ObjectFormat::Sha1 => "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
            ObjectFormat::Sha256 => {
                "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
            }
        };
        let said = self
            .git("merge-tree")
            .env("GIT_OBJECT_DIRECTORY", folder.path())
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", alternates)
            .env("GIT_ATTR_SOURCE", empty_tree)
            .args(["--write-tree", "--no-messages", &ours.to_string(), &theirs.to_string()])
            .run()?;
        let tree = said.stdout.split(|b| *b == b'\n').next().and_then(ObjectId::from_hex);
        Ok(said.code == 0 && tree == Some(commit.tree))
    }
}
