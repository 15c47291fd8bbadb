//! Notes about AI use that a push brings: what they annotate is AI-assisted from then on.

use super::collect::Bench;
use super::findings;
use super::input::Update;
use super::ranges::Reader;
use crate::detect::notes::NOTE_BYTES;
use crate::domain::change::Entry;
use crate::domain::decision::Finding;
use crate::domain::evidence::Evidence;
use crate::domain::ids::{ObjectId, RepoPath};
use crate::git::{GitError, Kind, change};

/// What one notes ref says.
#[derive(Default)]
pub(super) struct Noted {
    /// Commits that are here, with what was said added to them.
    pub(super) commits: Vec<ObjectId>,
    /// Commits that are not.
    pub(super) absent: Vec<(ObjectId, Evidence)>,
}

/// Reads the notes that an update adds or changes; nothing for a ref that holds others.
///
/// # Errors
/// The finding where they can't be read.
pub(super) fn read(
    bench: &Bench<'_>,
    reader: &mut Reader<'_>,
    update: &Update,
) -> Result<Noted, Finding> {
    let mut noted = Noted::default();
    if update.is_delete() || !bench.detector.reads_notes(&update.name) {
        return Ok(noted);
    }
    let entries = changed(bench, update).map_err(|e| findings::git(&e))?;
    for entry in entries {
        let Some((commit, note)) = annotated(&entry) else { continue };
        let text = match bench.repo.raw_of(note, Kind::Blob, NOTE_BYTES) {
            Ok(text) => text,
            Err(e) => return Err(findings::git(&e)),
        };
        let Some(evidence) = bench.detector.note(&update.name, &text) else { continue };
        let is_here = bench.repo.header(commit).is_ok_and(|(kind, _)| kind == Kind::Commit);
        if is_here && reader.read(commit).is_ok() {
            reader.add_evidence(&commit, evidence);
            noted.commits.push(commit);
        } else if !bench.repo.exists(commit) {
            noted.absent.push((commit, evidence));
        }
    }
    Ok(noted)
}

/// What differs from the notes that the ref held.
fn changed(bench: &Bench<'_>, update: &Update) -> Result<Vec<Entry>, GitError> {
    let tree = |id: ObjectId| match id.is_zero() {
        true => Ok(None),
        false => change::tree_of(bench.repo, id).map(Some),
    };
    // A ref that held something else than a commit held no notes.
    let old = tree(update.old).unwrap_or_default();
    let new = tree(update.new)?;
    let all = change::between_trees(bench.repo, old, new, bench.limits)?;
    Ok(all.entries().to_vec())
}

/// The object that a path names, its folders taken together, and the note.
fn annotated(entry: &Entry) -> Option<(ObjectId, ObjectId)> {
    let new = entry.new.filter(|side| side.mode & 0o170_000 == 0o100_000)?;
    Some((named(&entry.path)?, new.id))
}

fn named(path: &RepoPath) -> Option<ObjectId> {
    let hex: Vec<u8> = path.as_bytes().iter().copied().filter(|c| *c != b'/').collect();
    ObjectId::from_hex(&hex)
}
