//! What a commit does to the tree, from raw trees alone: no rename detection, attributes,
//! configuration or cache takes part.
//!
//! STRATEGY. A stack of pairs of folders that differ. Each pair is read, parsed strictly
//! and merged by name in one pass; files that differ become entries, folders that differ
//! are pushed, folders with equal ids are never read. No recursion. Folders, levels,
//! entries, and the bytes of trees and paths together are bounded, so that neither a path
//! of a million levels nor a few trees that name each other a million times cost more.

use std::cmp::Ordering;

use crate::domain::change::{Change, Entry, Side};
use crate::domain::ids::{ObjectId, RepoPath};
use crate::domain::limits::{Limits, Passed};
use crate::domain::object::Commit;

use super::tree::{TreeEntry, parse_tree};
use super::{GitError, Kind, Repo};

/// What a commit does, as far as it can be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommitChange {
    /// It has more than one parent, and so no change of its own name (G10).
    Merge,
    /// It changes no path.
    Empty,
    /// It changes these.
    Change(Change),
}

impl CommitChange {
    /// The change, where there is one.
    #[must_use]
    pub fn change(&self) -> Option<&Change> {
        match self {
            Self::Change(change) => Some(change),
            _ => None,
        }
    }
}

/// What a commit does to its parent's tree; a root's parent is the empty tree. No child.
///
/// # Errors
/// [`GitError::Limit`] (`changed_paths`, `path_levels`, `push_bytes` for all that has to be
/// read), [`GitError::Malformed`] for a tree that programs read differently.
pub fn of_commit(repo: &Repo, commit: &Commit, limits: &Limits) -> Result<CommitChange, GitError> {
    let old = match commit.parents.as_slice() {
        [] => None,
        [parent] => Some(tree_of(repo, *parent)?),
        _ => return Ok(CommitChange::Merge),
    };
    let change =
        between_trees(repo, old, Some(commit.tree), limits).map_err(|e| e.of_commit(commit.id))?;
    Ok(if change.entries().is_empty() { CommitChange::Empty } else { CommitChange::Change(change) })
}

/// What the commit with this id does; `None` for a merge, an empty change and whatever
/// can't be read. No child.
#[must_use]
pub fn known(repo: &Repo, id: ObjectId, limits: &Limits) -> Option<Change> {
    let commit = repo.commit(id, limits).ok()?;
    match of_commit(repo, &commit, limits).ok()? {
        CommitChange::Change(change) => Some(change),
        CommitChange::Merge | CommitChange::Empty => None,
    }
}

/// What a range does as a whole, from the tree of one commit to that of another (G11). No
/// child.
///
/// # Errors
/// As [`of_commit`].
pub fn net(
    repo: &Repo,
    base: ObjectId,
    tip: ObjectId,
    limits: &Limits,
) -> Result<Change, GitError> {
    between_trees(repo, Some(tree_of(repo, base)?), Some(tree_of(repo, tip)?), limits)
}

/// The tree of a commit, whatever else is wrong with it. No child.
pub fn tree_of(repo: &Repo, commit: ObjectId) -> Result<ObjectId, GitError> {
    Ok(repo.links(commit)?.0)
}

/// What leads from one tree to another; `None` is the empty tree. No child.
///
/// # Errors
/// As [`of_commit`].
pub fn between_trees(
    repo: &Repo,
    old: Option<ObjectId>,
    new: Option<ObjectId>,
    limits: &Limits,
) -> Result<Change, GitError> {
    let mut walk = Walk { repo, limits, bytes: 0, entries: Vec::new(), stack: Vec::new(), seen: 0 };
    walk.push(Vec::new(), 0, old, new)?;
    while let Some(pair) = walk.stack.pop() {
        walk.compare(&pair)?;
    }
    Ok(Change::new(repo.format(), walk.entries))
}

/// What is wrong on the old side is no fault of the new one's.
fn below(error: GitError) -> GitError {
    match error {
        GitError::Malformed { id, reason } => GitError::MalformedBelow { id, reason },
        other => other,
    }
}

/// A folder that differs.
struct Pair {
    /// Its path with a slash at the end; empty for the root.
    prefix: Vec<u8>,
    /// Levels of the paths in it.
    levels: usize,
    old: Option<ObjectId>,
    new: Option<ObjectId>,
}

struct Walk<'a> {
    repo: &'a Repo,
    limits: &'a Limits,
    bytes: usize,
    entries: Vec<Entry>,
    stack: Vec<Pair>,
    /// Folders pushed so far.
    seen: usize,
}

impl Walk<'_> {
    fn spend(&mut self, bytes: usize) -> Result<(), GitError> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.limits.push_bytes { Err(self.too_large()) } else { Ok(()) }
    }

    fn too_large(&self) -> GitError {
        let limit = self.limits.push_bytes;
        GitError::Limit(Passed::new("push_bytes", limit, "what has to be read for the change"))
    }

    fn too_many(&self) -> GitError {
        let limit = self.limits.changed_paths;
        GitError::Limit(Passed::new("changed_paths", limit, "the change"))
    }

    fn push(
        &mut self,
        prefix: Vec<u8>,
        above: usize,
        old: Option<ObjectId>,
        new: Option<ObjectId>,
    ) -> Result<(), GitError> {
        if old == new {
            return Ok(());
        }
        let limit = self.limits.path_levels;
        if above > limit {
            return Err(GitError::Limit(Passed::new("path_levels", limit, "a changed path")));
        }
        // A folder that differs without a path that does holds but empty folders: there are
        // few of them in honest history, so two for each path are plenty.
        let limit = self.limits.changed_paths;
        self.seen += 1;
        if self.seen > limit.saturating_mul(2).saturating_add(self.limits.path_levels) {
            return Err(self.too_many());
        }
        self.spend(prefix.len())?;
        self.stack.push(Pair { prefix, levels: above + 1, old, new });
        Ok(())
    }

    fn read(&mut self, id: Option<ObjectId>) -> Result<Vec<u8>, GitError> {
        let Some(id) = id else { return Ok(Vec::new()) };
        let left = self.limits.push_bytes.saturating_sub(self.bytes);
        let raw = match self.repo.raw_of(id, Kind::Tree, left) {
            Err(GitError::TooLarge { .. }) => return Err(self.too_large()),
            raw => raw?,
        };
        self.spend(raw.len())?;
        Ok(raw)
    }

    fn compare(&mut self, pair: &Pair) -> Result<(), GitError> {
        let (old_raw, new_raw) = (self.read(pair.old)?, self.read(pair.new)?);
        let zero = ObjectId::zero(self.repo.format());
        let old = parse_tree(pair.old.unwrap_or(zero), &old_raw).map_err(below)?;
        let new = parse_tree(pair.new.unwrap_or(zero), &new_raw)?;
        let (mut olds, mut news) = (old.iter().peekable(), new.iter().peekable());
        loop {
            let order = match (olds.peek(), news.peek()) {
                (None, None) => return Ok(()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(old), Some(new)) => old.order(new),
            };
            let old = if order.is_le() { olds.next() } else { None };
            let new = if order.is_ge() { news.next() } else { None };
            self.meet(pair, old, new)?;
        }
    }

    /// One name, which is a folder on both sides, on one, or on none.
    fn meet(
        &mut self,
        pair: &Pair,
        old: Option<&TreeEntry<'_>>,
        new: Option<&TreeEntry<'_>>,
    ) -> Result<(), GitError> {
        let Some(some) = old.or(new) else { return Ok(()) };
        let path = |more: &[u8]| [pair.prefix.as_slice(), some.name, more].concat();
        let sides = (old.map(|e| e.side), new.map(|e| e.side));
        if sides.0 == sides.1 {
            return Ok(());
        }
        if some.is_tree() {
            return self.push(
                path(b"/"),
                pair.levels,
                sides.0.map(|s: Side| s.id),
                sides.1.map(|s| s.id),
            );
        }
        if self.entries.len() >= self.limits.changed_paths {
            return Err(self.too_many());
        }
        let path = path(b"");
        self.spend(path.len())?;
        self.entries.push(Entry { path: RepoPath::new(path), old: sides.0, new: sides.1 });
        Ok(())
    }
}
