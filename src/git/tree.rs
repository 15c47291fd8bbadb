//! Trees from raw bytes, strictly: what git, libgit2 and others would read differently is
//! refused.

use std::cmp::Ordering;

use crate::domain::change::Side;
use crate::domain::ids::ObjectId;

use super::GitError;

/// One entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TreeEntry<'a> {
    pub(super) name: &'a [u8],
    pub(super) side: Side,
}

const TYPE: u32 = 0o170_000;

impl TreeEntry<'_> {
    /// Whether it is a folder.
    pub(super) fn is_tree(&self) -> bool {
        self.side.mode & TYPE == 0o040_000
    }

    /// Git's order: a folder sorts as if its name ended in a slash. Equal only for the same
    /// name with the same kind of thing under it.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let common = self.name.len().min(other.name.len());
        let (a, a_rest) = self.name.split_at_checked(common).unwrap_or_default();
        let (b, b_rest) = other.name.split_at_checked(common).unwrap_or_default();
        let end =
            |rest: &[u8], tree| rest.first().copied().or(if tree { Some(b'/') } else { None });
        a.cmp(b)
            .then_with(|| end(a_rest, self.is_tree()).cmp(&end(b_rest, other.is_tree())))
            .then_with(|| self.name.len().cmp(&other.name.len()))
    }
}

/// Reads a tree object's bytes. Modes stand as the tree has them, leading zeros aside.
///
/// # Errors
/// [`GitError::Malformed`]: cut short; a mode that is no file, link, folder or gitlink; a
/// name that is empty, `.`, `..`, `.git` or has a slash; entries out of order or twice.
pub(super) fn parse_tree(id: ObjectId, raw: &[u8]) -> Result<Vec<TreeEntry<'_>>, GitError> {
    let wrong = |reason| GitError::Malformed { id, reason };
    let mut entries: Vec<TreeEntry<'_>> = Vec::new();
    // Names of earlier non-folders that begin the present name: the only ones a folder of
    // the same name can collide with without standing next to it.
    let mut open: Vec<&[u8]> = Vec::new();
    let mut rest = raw;
    while !rest.is_empty() {
        let entry = next(id, &mut rest).ok_or_else(|| wrong("a tree entry is cut short"))?;
        let kind = entry.side.mode & TYPE;
        if !matches!(kind, 0o100_000 | 0o120_000 | 0o040_000 | 0o160_000) {
            return Err(wrong("a tree entry's mode is none that git has"));
        }
        if is_forbidden(entry.name) {
            return Err(wrong("a tree entry's name is none that git checks out"));
        }
        if entries.last().is_some_and(|last| last.order(&entry) != Ordering::Less) {
            return Err(wrong("tree entries stand out of order or twice"));
        }
        while open.last().is_some_and(|name| !entry.name.starts_with(name)) {
            open.pop();
        }
        if open.last() == Some(&entry.name) {
            return Err(wrong("tree entries stand out of order or twice"));
        }
        if !entry.is_tree() {
            open.push(entry.name);
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn is_forbidden(name: &[u8]) -> bool {
    name.is_empty()
        || name == b"."
        || name == b".."
        || name.eq_ignore_ascii_case(b".git")
        || name.contains(&b'/')
}

fn next<'a>(tree: ObjectId, rest: &mut &'a [u8]) -> Option<TreeEntry<'a>> {
    let space = rest.iter().take(8).position(|c| *c == b' ')?;
    let (mode, after) = rest.split_at_checked(space)?;
    let after = after.get(1..)?;
    let end = after.iter().position(|c| *c == 0)?;
    let (name, after) = after.split_at_checked(end)?;
    let (id, after) = after.get(1..)?.split_at_checked(tree.format().raw_len())?;
    *rest = after;
    Some(TreeEntry { name, side: Side { mode: octal(mode)?, id: ObjectId::from_raw(id)? } })
}

fn octal(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |mode, c| match c {
        b'0'..=b'7' => Some((mode << 3) | u32::from(c - b'0')),
        _ => None,
    })
}
