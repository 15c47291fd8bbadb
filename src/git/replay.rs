//! Whether a pushed commit is a clean rebase of a signed change (G10, binding `replay`).
//!
//! Owns the rule per path: ids first, and a three-way merge only where the file moved on
//! below the signed change. It reads blobs; it must not ask configuration, attributes or
//! renames anything.

use git2::{MergeFileInput, MergeFileOptions, MergeFileResult, merge_file};

use crate::domain::change::{Change, Entry, Side};
use crate::domain::ids::{ObjectId, RepoPath};
use crate::domain::limits::Limits;

use super::{GitError, Kind, Repo};

/// What a pushed change is to a signed one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// Its clean rebase.
    Clean,
    /// Something else; the reason names the path, escaped.
    Stale(String),
}

/// Compares a signed change with a pushed one. The pushed change's old sides are what the
/// pushed commit's parent holds. No child.
#[must_use]
pub fn replays(repo: &Repo, signed: &Change, pushed: &Change, limits: &Limits) -> Replay {
    if signed.format() != pushed.format() {
        return Replay::Stale("the signed change is of another object format".to_owned());
    }
    let pairs = match pair_up(signed, pushed) {
        Ok(pairs) => pairs,
        Err(reason) => return Replay::Stale(reason),
    };
    // Ids are cheap, blobs are not: a path that is stale by ids alone spares all merges.
    let mut moved = Vec::new();
    for (signed, pushed) in pairs {
        match by_ids(signed, pushed) {
            Ok(None) => {}
            Ok(Some(merge)) => moved.push((&signed.path, merge)),
            Err(reason) => return stale(&signed.path, reason),
        }
    }
    for (path, merge) in moved {
        if let Err(reason) = merge.check(repo, limits) {
            return stale(path, &reason);
        }
    }
    Replay::Clean
}

fn stale(path: &RepoPath, reason: &str) -> Replay {
    Replay::Stale(format!("\"{path}\" {reason}"))
}

/// The entries by path, if the sets of paths are the same.
fn pair_up<'a>(
    signed: &'a Change,
    pushed: &'a Change,
) -> Result<Vec<(&'a Entry, &'a Entry)>, String> {
    let (mut s, mut p) = (signed.entries().iter(), pushed.entries().iter());
    let mut pairs = Vec::with_capacity(signed.entries().len());
    loop {
        match (s.next(), p.next()) {
            (None, None) => return Ok(pairs),
            (Some(signed), Some(pushed)) if signed.path == pushed.path => {
                pairs.push((signed, pushed));
            }
            (Some(signed), Some(pushed)) if signed.path > pushed.path => {
                return Err(format!("\"{}\" changes and was not signed", pushed.path));
            }
            (None, Some(pushed)) => {
                return Err(format!("\"{}\" changes and was not signed", pushed.path));
            }
            (Some(signed), _) => {
                return Err(format!("\"{}\" was signed and does not change", signed.path));
            }
        }
    }
}

/// A file that moved on below the signed change.
#[derive(Clone, Copy)]
struct Merge {
    signed_old: ObjectId,
    signed_new: ObjectId,
    parent: ObjectId,
    pushed: ObjectId,
}

fn by_ids(signed: &Entry, pushed: &Entry) -> Result<Option<Merge>, &'static str> {
    if signed.old == pushed.old {
        return if signed.new == pushed.new {
            Ok(None)
        } else {
            Err("differs from what was signed")
        };
    }
    let all = (signed.old, signed.new, pushed.old, pushed.new);
    let (Some(signed_old), Some(signed_new), Some(parent), Some(new)) = all else {
        return Err("was added or deleted, and began as something else when it was signed");
    };
    let regular = |side: Side| matches!(side.mode, 0o100_644 | 0o100_755);
    let sides = [signed_old, signed_new, parent, new];
    if !sides.iter().all(|side| regular(*side) && side.mode == signed_old.mode) {
        return Err("is no plain file with one mode, and has moved on since it was signed");
    }
    Ok(Some(Merge {
        signed_old: signed_old.id,
        signed_new: signed_new.id,
        parent: parent.id,
        pushed: new.id,
    }))
}

impl Merge {
    /// Both of libgit2's merges must be clean and give what was pushed: alone, either may
    /// move a hunk into another function.
    fn check(&self, repo: &Repo, limits: &Limits) -> Result<(), String> {
        let base = text(repo, self.signed_old, limits)?;
        let ours = text(repo, self.signed_new, limits)?;
        let theirs = text(repo, self.parent, limits)?;
        let pushed = blob(repo, self.pushed, limits)?;
        for patience in [false, true] {
            let result = merged(&base, &ours, &theirs, patience)
                .map_err(|e| format!("can't be merged: {}", e.message()))?;
            // An unclean result has no content that may be asked for.
            if !result.is_automergeable() {
                return Err("conflicts with what came in between".to_owned());
            }
            if result.content() != pushed.as_slice() {
                return Err("is not the clean merge of what was signed".to_owned());
            }
        }
        Ok(())
    }
}

pub(super) fn merged(
    base: &[u8],
    ours: &[u8],
    theirs: &[u8],
    patience: bool,
) -> Result<MergeFileResult, git2::Error> {
    let input = |content| {
        let mut input = MergeFileInput::new();
        input.content(content);
        input
    };
    let (base, ours, theirs) = (input(base), input(ours), input(theirs));
    let mut options = MergeFileOptions::new();
    options.patience(patience);
    merge_file(&base, &ours, &theirs, Some(&mut options))
}

fn blob(repo: &Repo, id: ObjectId, limits: &Limits) -> Result<Vec<u8>, String> {
    repo.raw_of(id, Kind::Blob, limits.merge_blob_bytes).map_err(|e| match e {
        GitError::TooLarge { size, max, .. } => {
            let to = "too many to merge; the limit merge_blob_bytes is";
            format!("has {size} bytes in {}, {to} {max}", id.short())
        }
        _ => format!("can't be read in {}", id.short()),
    })
}

/// A blob that is neither empty nor binary: of those libgit2 makes no usable result.
fn text(repo: &Repo, id: ObjectId, limits: &Limits) -> Result<Vec<u8>, String> {
    let bytes = blob(repo, id, limits)?;
    if bytes.is_empty() || bytes.contains(&0) {
        return Err("is empty or binary, and has moved on since it was signed".to_owned());
    }
    Ok(bytes)
}
