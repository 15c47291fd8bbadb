//! Which contents of a commit are read for memory (G9): the files that it makes, and the lines
//! that are new in them.

use std::collections::{BTreeMap, BTreeSet};

use super::findings;
use super::ranges::Reader;
use crate::detect::lines::{Known, Lines};
use crate::domain::change::{Change, Side};
use crate::domain::decision::Finding;
use crate::domain::ids::{ObjectId, RepoPath};
use crate::domain::limits::Passed;
use crate::domain::memory::{Fingerprint, Place};
use crate::git::made::{self, Made};
use crate::git::{GitError, Kind, change};

/// A file of more than this part of `push_bytes` is known by its blob alone.
const LARGE: usize = 4;
/// Bytes of one file beside those that a commit changes.
const SIBLING_BYTES: usize = 1 << 20;

/// What a commit makes, with what memory compares of it.
pub(super) struct Looked {
    pub(super) change: Option<Change>,
    pub(super) files: Vec<LookedFile>,
    /// Blobs that its parents held at the paths that it changes.
    pub(super) before: BTreeSet<ObjectId>,
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

    /// Different lines that are added, file by file.
    pub(super) fn distinct(&self) -> usize {
        self.files.iter().map(|f| f.added.distinct()).sum()
    }
}

fn is_file(side: Side) -> bool {
    side.mode & 0o170_000 == 0o100_000
}

impl Reader<'_> {
    /// Reads what a commit makes, for memory to learn: what it only moves is not new.
    pub(super) fn look(&mut self, id: ObjectId) -> Result<Looked, Finding> {
        self.look_beside(id, true)
    }

    /// As [`Reader::look`], to be held against memory: where a rule asks of some paths alone,
    /// what comes from other files is new there.
    pub(super) fn look_again(&mut self, id: ObjectId) -> Result<Looked, Finding> {
        let mut rules = self.policy.rules_for(self.repository);
        let all_paths = rules.all(|(_, rule)| rule.is_for_all_paths());
        self.look_beside(id, all_paths)
    }

    fn look_beside(&mut self, id: ObjectId, other_files: bool) -> Result<Looked, Finding> {
        let (repo, limits) = (self.repo, self.limits);
        let commit = &self.read(id)?.commit;
        let made = made::made(repo, commit, limits).map_err(|e| findings::git(&e))?;
        self.contents(made, other_files).map_err(|e| findings::git(&e.of_commit(id)))
    }

    fn contents(&self, made: Made, other_files: bool) -> Result<Looked, GitError> {
        let mut left = self.limits.push_bytes;
        let held = made.before.iter().map(|(_, side)| side.id).collect();
        let (mut all, mut own) = (Known::default(), BTreeMap::<RepoPath, Known>::new());
        for (path, side) in made.before.into_iter().filter(|(_, side)| is_file(*side)) {
            let before = if other_files { &mut all } else { own.entry(path).or_default() };
            match self.text(side, &mut left) {
                Ok((_, text)) => before.add(Lines::of(&text)),
                // Then more is taken to be added.
                Err(GitError::Missing { .. }) => {}
                Err(e) => return Err(e),
            }
        }
        let mut files = Vec::new();
        for (path, side) in made.files.into_iter().filter(|(_, side)| is_file(*side)) {
            let (size, text) = self.text(side, &mut left)?;
            let before = own.get(&path).unwrap_or(&all);
            let added = Lines::of(&text).without(before);
            files.push(LookedFile { path, side, size, added });
        }
        Ok(Looked { change: made.change, files, before: held })
    }

    /// All runs of a file.
    pub(super) fn whole(&self, side: Side) -> Vec<(Place, Fingerprint)> {
        let mut left = self.limits.push_bytes;
        self.text(side, &mut left).map(|(_, text)| Lines::of(&text).runs()).unwrap_or_default()
    }

    /// A file's size and contents; no contents of one that is too large.
    fn text(&self, side: Side, left: &mut usize) -> Result<(usize, Vec<u8>), GitError> {
        let (_, size) = self.repo.header(side.id)?;
        if size > self.limits.push_bytes / LARGE {
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
