//! What memory learns of an AI-assisted commit (G9).

use std::collections::BTreeSet;

use super::collect::Bench;
use super::ranges::Reader;
use crate::domain::change::{Change, Side};
use crate::domain::decision::Finding;
use crate::domain::digest::{change_digest, path_fingerprint};
use crate::domain::ids::{ObjectId, RepoPath};
use crate::domain::memory::{Recollection, Trace};

/// Of a file of fewer bytes anybody may have the same: a change of nothing else has no weight.
const TINY: usize = 128;
/// A file of fewer added lines than this, and of fewer bytes, tells nothing by itself.
const BLOB_LINES: usize = 4;
const BLOB_BYTES: usize = 512;

/// What memory keeps of an AI-assisted commit. Of one that it knows itself, only what it
/// knew: the rest may be somebody's own.
pub(super) fn trace(
    bench: &Bench<'_>,
    reader: &mut Reader<'_>,
    id: ObjectId,
) -> Result<Trace, Finding> {
    let detect = &bench.policy.detect;
    let detection = &reader.read(id)?.detection;
    let (has_mark, has_hint) = (detection.shows(false), detection.shows(true));
    // One that was shown so itself is learned whole.
    let is_shown = has_mark || reader.recalled.get(&id).is_some_and(Recollection::was_shown);
    let is_known = reader.recalled.contains_key(&id) && !is_shown;
    let looked = if is_known { reader.look_again(id)? } else { reader.look(id)? };
    let is_generated = |path: &RepoPath| detect.generated.matches(path.as_bytes());
    let is_tiny = |side: Side| reader.repo.header(side.id).is_ok_and(|(_, size)| size < TINY);
    let weight = |change: &Change| {
        let entries = change.entries().iter().filter(|e| !is_generated(&e.path));
        entries.flat_map(|e| [e.old, e.new]).flatten().any(|side| !is_tiny(side))
    };
    let mut trace = Trace {
        commit: id,
        decision: bench.id.clone(),
        change: looked.change.as_ref().filter(|c| weight(c)).and_then(change_digest),
        blobs: BTreeSet::new(),
        runs: BTreeSet::new(),
        lines: 0,
        echo: false,
    };
    // What else is AI-assisted is so for what it was pushed with: a merge for what it brings,
    // a hint for a rule that counts hints.
    trace.echo = !is_shown;
    if !is_shown && has_hint {
        return Ok(Trace { change: None, ..trace });
    }
    let known = reader.recalled.get(&id).filter(|_| !is_shown);
    for file in looked.files.iter().filter(|f| !is_generated(&f.path)) {
        let path = path_fingerprint(file.path.as_bytes()).0;
        if let Some(known) = known {
            let Some(known) = known.files.iter().find(|f| f.path == file.path) else { continue };
            let runs = file.added.runs().into_iter();
            let seen = runs.filter(|(place, _)| known.runs.contains_key(place));
            trace.runs.extend(seen.map(|(_, run)| (run, path)));
            trace.lines += known.runs.len();
            if !known.blob.is_empty() || !known.runs.is_empty() {
                trace.blobs.insert(file.side.id);
            }
            continue;
        }
        if looked.before.contains(&file.side.id) {
            // It only got another name, and is whose it was.
            continue;
        }
        let is_large = file.added.is_empty() && file.size >= BLOB_BYTES;
        if file.size >= TINY && file.added.len() >= BLOB_LINES
            || file.added.bytes() >= BLOB_BYTES
            || is_large
        {
            trace.blobs.insert(file.side.id);
        }
        if !file.added.is_empty() {
            let own = file.added.clone().without(&reader.beside(id, &file.path));
            trace.lines += own.distinct();
            trace.runs.extend(own.winnowed().into_iter().map(|run| (run, path)));
        }
    }
    Ok(trace)
}
