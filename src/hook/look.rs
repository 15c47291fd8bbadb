//! Which contents of a commit are read for memory (G9): the files that it makes, and the lines
//! that are new in them.

use super::findings;
use super::ranges::Reader;
use crate::detect::lines::{Known, Lines};
use crate::domain::change::{Change, Side};
use crate::domain::decision::Finding;
use crate::domain::ids::{ObjectId, RepoPath};
use crate::domain::limits::Passed;
use crate::git::made::{self, Made};
use crate::git::{GitError, Kind, change};

/// Bytes of one file beside those that a commit changes.
const SIBLING_BYTES: usize = 1 << 20;

/// What a commit makes, with what memory compares of it.
pub(super) struct Looked {
    pub(super) change: Option<Change>,
    pub(super) files: Vec<LookedFile>,
}

pub(super) struct LookedFile {
    pub(super) path: RepoPath,
    pub(super) side: Side,
    pub(super) size: usize,
    /// Distinctive lines that are added.
    pub(super) added: Lines,
}

impl Looked {
    pub(super) fn lines(&self) -> usize {
        self.files.iter().map(|f| f.added.len()).sum()
    }
}

fn is_file(side: Side) -> bool {
    side.mode & 0o170_000 == 0o100_000
}

impl Reader<'_> {
    /// Reads what a commit makes.
    pub(super) fn look(&mut self, id: ObjectId) -> Result<Looked, Finding> {
        let (repo, limits) = (self.repo, self.limits);
        let commit = &self.read(id)?.commit;
        let looked = made::made(repo, commit, limits).and_then(|made| self.contents(id, made));
        looked.map_err(|e| findings::git(&e))
    }

    fn contents(&self, id: ObjectId, made: Made) -> Result<Looked, GitError> {
        let mut left = self.limits.push_bytes;
        let mut before = Known::default();
        for side in made.before.iter().filter(|side| is_file(**side)) {
            match self.text(*side, &mut left) {
                Ok((_, text)) => before.add(Lines::of(&text)),
                // Then more is taken to be added.
                Err(GitError::Missing { .. }) => {}
                Err(e) => return Err(e.of_commit(id)),
            }
        }
        let mut files = Vec::new();
        for (path, side) in made.files.into_iter().filter(|(_, side)| is_file(*side)) {
            let (size, text) = self.text(side, &mut left).map_err(|e| e.of_commit(id))?;
            let added = Lines::of(&text).without(&before);
            files.push(LookedFile { path, side, size, added });
        }
        Ok(Looked { change: made.change, files })
    }

    /// A file's size and contents; no contents of one that is too large for a merge too.
    fn text(&self, side: Side, left: &mut usize) -> Result<(usize, Vec<u8>), GitError> {
        let (_, size) = self.repo.header(side.id)?;
        if size > self.limits.merge_blob_bytes {
            return Ok((size, Vec::new()));
        }
        *left = left.checked_sub(size).ok_or_else(|| {
            let what = "what memory has to read of a commit";
            GitError::Limit(Passed::new("push_bytes", self.limits.push_bytes, what))
        })?;
        Ok((size, self.repo.raw_of(side.id, Kind::Blob, size)?))
    }

    /// Lines of files beside it, which a new file is often begun from.
    pub(super) fn beside(&self, id: ObjectId, path: &RepoPath) -> Known {
        let mut known = Known::default();
        let parent = self.seen.get(&id).and_then(|s| s.commit.parents.first());
        let Some(Ok(tree)) = parent.map(|parent| change::tree_of(self.repo, *parent)) else {
            return known;
        };
        for side in made::siblings(self.repo, tree, path, self.limits) {
            if let Ok(text) = self.repo.raw_of(side.id, Kind::Blob, SIBLING_BYTES) {
                known.add(Lines::of(&text));
            }
        }
        known
    }
}
