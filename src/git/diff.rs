//! A change as text for people: what `approve` shows. Built from the entries of the very
//! [`Change`] that is signed, so that nothing is shown that is not signed, nor the other
//! way round.
//!
//! The bytes are hostile (G21): whoever prints them escapes them line by line.

use git2::{DiffOptions, Patch};

use crate::domain::change::{Change, Entry, Side};
use crate::domain::ids::ObjectId;
use crate::domain::limits::Limits;

use super::{GitError, Kind, Repo};

/// A diff, or the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffText {
    /// Like `git diff`, with paths unquoted; raw bytes.
    pub text: Vec<u8>,
    /// Whether it was cut at the limit, or holds something too large to be shown: then it
    /// is not all of the change.
    pub is_cut: bool,
}

/// What is known of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contents {
    /// Its bytes.
    Bytes(Vec<u8>),
    /// Why they are not shown, for people.
    Not(String),
}

/// The change's diff, at most about `max` bytes, with the files that `contents` gives. No
/// child.
///
/// # Errors
/// A file that `contents` can't give.
pub fn diff_text(
    change: &Change,
    max: usize,
    contents: &dyn Fn(ObjectId) -> Result<Contents, GitError>,
) -> Result<DiffText, GitError> {
    let mut diff = DiffText { text: Vec::new(), is_cut: false };
    let zero = ObjectId::zero(change.format());
    for entry in change.entries() {
        if diff.text.len() >= max {
            diff.is_cut = true;
            break;
        }
        one(entry, zero, contents, &mut diff)?;
    }
    if diff.text.len() > max {
        diff.text.truncate(max);
        diff.is_cut = true;
    }
    Ok(diff)
}

/// Files as a repository has them; those above `merge_blob_bytes` are not shown.
///
/// # Errors
/// An object that is missing or can't be read.
pub fn of_repo(repo: &Repo, id: ObjectId, limits: &Limits) -> Result<Contents, GitError> {
    match repo.raw_of(id, Kind::Blob, limits.merge_blob_bytes) {
        Ok(bytes) => Ok(Contents::Bytes(bytes)),
        Err(GitError::TooLarge { .. }) => Ok(Contents::Not("too large to be shown".to_owned())),
        Err(e) => Err(e),
    }
}

fn one(
    entry: &Entry,
    zero: ObjectId,
    contents: &dyn Fn(ObjectId) -> Result<Contents, GitError>,
    diff: &mut DiffText,
) -> Result<(), GitError> {
    let path = entry.path.as_bytes();
    let id = |side: Option<Side>| side.map_or(zero, |s| s.id);
    for part in [b"diff --git a/", path, b" b/", path, b"\n"] {
        diff.text.extend_from_slice(part);
    }
    let modes = match (entry.old, entry.new) {
        (None, Some(new)) => format!("new file mode {:06o}\n", new.mode),
        (Some(old), None) => format!("deleted file mode {:06o}\n", old.mode),
        (Some(old), Some(new)) if old.mode != new.mode => {
            format!("old mode {:06o}\nnew mode {:06o}\n", old.mode, new.mode)
        }
        _ => String::new(),
    };
    diff.text.extend_from_slice(modes.as_bytes());
    if id(entry.old) == id(entry.new) {
        return Ok(());
    }
    let index = format!("index {}..{}\n", id(entry.old), id(entry.new));
    diff.text.extend_from_slice(index.as_bytes());
    let (old, new) = match (side(entry.old, contents)?, side(entry.new, contents)?) {
        (Contents::Bytes(old), Contents::Bytes(new)) => (old, new),
        (Contents::Not(why), _) | (_, Contents::Not(why)) => {
            diff.is_cut = true;
            diff.text.extend_from_slice(format!("({why})\n").as_bytes());
            return Ok(());
        }
    };
    if old.contains(&0) || new.contains(&0) {
        diff.text.extend_from_slice(b"Binary files differ\n");
        return Ok(());
    }
    for (mark, side) in [("--- ", entry.old.map(|_| "a/")), ("+++ ", entry.new.map(|_| "b/"))] {
        diff.text.extend_from_slice(mark.as_bytes());
        match side {
            None => diff.text.extend_from_slice(b"/dev/null"),
            Some(side) => {
                diff.text.extend_from_slice(side.as_bytes());
                diff.text.extend_from_slice(path);
            }
        }
        diff.text.push(b'\n');
    }
    let failed =
        |e: git2::Error| GitError::Unreadable { id: id(entry.new), reason: e.message().to_owned() };
    // Left to itself libgit2 calls much text binary, and shows nothing of it.
    let mut options = DiffOptions::new();
    options.force_text(true);
    let patch = Patch::from_buffers(&old, None, &new, None, Some(&mut options)).map_err(failed)?;
    hunks(&patch, &mut diff.text).map_err(failed)
}

/// A gitlink's contents are the commit it names.
fn side(
    side: Option<Side>,
    contents: &dyn Fn(ObjectId) -> Result<Contents, GitError>,
) -> Result<Contents, GitError> {
    match side {
        None => Ok(Contents::Bytes(Vec::new())),
        Some(side) if side.mode == 0o160_000 => {
            Ok(Contents::Bytes(format!("Subproject commit {}\n", side.id).into_bytes()))
        }
        Some(side) => contents(side.id),
    }
}

fn hunks(patch: &Patch<'_>, out: &mut Vec<u8>) -> Result<(), git2::Error> {
    for hunk in 0..patch.num_hunks() {
        let (header, lines) = patch.hunk(hunk)?;
        out.extend_from_slice(header.header());
        if !header.header().ends_with(b"\n") {
            out.push(b'\n');
        }
        for line in 0..lines {
            let line = patch.line_in_hunk(hunk, line)?;
            if let mark @ ('+' | '-' | ' ') = line.origin() {
                out.extend_from_slice(mark.to_string().as_bytes());
            }
            out.extend_from_slice(line.content());
        }
    }
    Ok(())
}
