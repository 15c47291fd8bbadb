//! What a merge does of its own (G16).

use super::Court;
use crate::generator::objects::Oid;

impl Court<'_, '_> {
    /// Whether a merge of two holds exactly what git makes of its parents by itself.
    pub(super) fn is_clean_merge(&mut self, id: &Oid) -> bool {
        let commit = self.history.commit(self.clone, id);
        let [ours, theirs] = commit.parents.as_slice() else { return false };
        let args = ["merge-tree", "--write-tree", "--no-messages", ours, theirs];
        let merged = self.clone.try_git(&args);
        merged.code == Some(0) && merged.out().lines().next() == Some(commit.tree.as_str())
    }
}
