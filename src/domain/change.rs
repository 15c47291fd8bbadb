//! What a commit does to the tree, in a form that anyone who is shown the files can
//! recompute: no rename detection, no attributes, no configuration.

use super::ids::{ObjectFormat, ObjectId, RepoPath};

/// One side of an entry: a tree entry's mode (such as `0o100644`) and object id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Side {
    /// The mode's bits as the tree holds them.
    pub mode: u32,
    /// The blob, or the commit of a gitlink.
    pub id: ObjectId,
}

/// One path that differs. At least one side is there, and the sides differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Where.
    pub path: RepoPath,
    /// What the parent had.
    pub old: Option<Side>,
    /// What the commit has.
    pub new: Option<Side>,
}

/// The list of entries in byte order of path, each path at most once as old and once as
/// new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    format: ObjectFormat,
    entries: Vec<Entry>,
}

/// First bytes of every encoded change: the digest's domain tag.
const TAG: &[u8] = b"countersign change v1\n";

impl Change {
    /// Sorts the entries and drops those whose sides are equal.
    #[must_use]
    pub fn new(format: ObjectFormat, mut entries: Vec<Entry>) -> Self {
        entries.retain(|e| e.old != e.new);
        entries.sort();
        Self { format, entries }
    }

    /// The entries, in byte order of path.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The files of both sides, gitlinks left out, in the entries' order.
    pub fn blobs(&self) -> impl Iterator<Item = ObjectId> {
        const GITLINK: u32 = 0o160_000;
        let sides = self.entries.iter().flat_map(|e| [e.old, e.new]).flatten();
        sides.filter(|side| side.mode != GITLINK).map(|side| side.id)
    }

    /// Which hash the ids are of.
    #[must_use]
    pub fn format(&self) -> ObjectFormat {
        self.format
    }

    /// What takes it back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let back = |e: &Entry| Entry { path: e.path.clone(), old: e.new, new: e.old };
        Self::new(self.format, self.entries.iter().map(back).collect())
    }

    /// The bytes that `change-v1` hashes. Integers are big-endian: the tag; one byte of
    /// length and the object format's name; u64 number of entries; then for each entry u64
    /// length of the path, the path, u32 old mode, old id, u32 new mode, new id (mode 0 and
    /// a zero id where there is none).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let name = self.format.name().as_bytes();
        let mut out = TAG.to_vec();
        out.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(name);
        out.extend_from_slice(&len64(self.entries.len()));
        for entry in &self.entries {
            out.extend_from_slice(&len64(entry.path.as_bytes().len()));
            out.extend_from_slice(entry.path.as_bytes());
            for side in [entry.old, entry.new] {
                let zero = Side { mode: 0, id: ObjectId::zero(self.format) };
                let side = side.unwrap_or(zero);
                out.extend_from_slice(&side.mode.to_be_bytes());
                out.extend_from_slice(side.id.as_bytes());
            }
        }
        out
    }

    /// The inverse of [`Change::to_bytes`]; `None` unless the bytes are exactly what it
    /// would write. Whoever reads them from a store hashes them again first.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(TAG)?;
        let name_len = usize::from(take(&mut rest, 1)?.first().copied()?);
        let format = match take(&mut rest, name_len)? {
            b"sha1" => ObjectFormat::Sha1,
            b"sha256" => ObjectFormat::Sha256,
            _ => return None,
        };
        let count = take64(&mut rest)?;
        let mut entries = Vec::new();
        for _ in 0..count {
            let path_len = take64(&mut rest)?;
            let path = RepoPath::new(take(&mut rest, path_len)?);
            let old = take_side(&mut rest, format)?;
            let new = take_side(&mut rest, format)?;
            entries.push(Entry { path, old, new });
        }
        let change = Self::new(format, entries);
        (rest.is_empty() && change.to_bytes() == bytes).then_some(change)
    }
}

fn len64(len: usize) -> [u8; 8] {
    u64::try_from(len).unwrap_or(u64::MAX).to_be_bytes()
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(len)?;
    *rest = tail;
    Some(head)
}

fn take64(rest: &mut &[u8]) -> Option<usize> {
    let raw: [u8; 8] = take(rest, 8)?.try_into().ok()?;
    usize::try_from(u64::from_be_bytes(raw)).ok()
}

fn take_side(rest: &mut &[u8], format: ObjectFormat) -> Option<Option<Side>> {
    let mode = u32::from_be_bytes(take(rest, 4)?.try_into().ok()?);
    let id = ObjectId::from_raw(take(rest, format.raw_len())?)?;
    Some((mode != 0 || !id.is_zero()).then_some(Side { mode, id }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::digest::{change_digest, paths_digest};

    fn side(mode: u32, fill: u8) -> Option<Side> {
        ObjectId::from_raw(&[fill; 20]).map(|id| Side { mode, id })
    }

    fn entry(path: &str, old: Option<Side>, new: Option<Side>) -> Entry {
        Entry { path: RepoPath::new(path), old, new }
    }

    #[test]
    fn bytes_go_round_and_nothing_else_is_taken() {
        let change = Change::new(
            ObjectFormat::Sha1,
            vec![
                entry("b", side(0o100_644, 1), side(0o100_755, 1)),
                entry("a", None, side(0o120_000, 2)),
                entry("same", side(0o100_644, 3), side(0o100_644, 3)),
            ],
        );
        let bytes = change.to_bytes();
        assert_eq!(change.entries().len(), 2);
        assert_eq!(Change::from_bytes(&bytes).as_ref(), Some(&change));
        for cut in 0..bytes.len() {
            assert_eq!(Change::from_bytes(&bytes[..cut]), None);
        }
        let mut longer = bytes;
        longer.push(0);
        assert_eq!(Change::from_bytes(&longer), None);
    }

    #[test]
    fn every_field_moves_the_digest_and_an_empty_change_has_none() {
        let one = |e: Entry| change_digest(&Change::new(ObjectFormat::Sha1, vec![e]));
        let base = one(entry("a", side(0o100_644, 1), side(0o100_644, 2)));
        let others = [
            one(entry("b", side(0o100_644, 1), side(0o100_644, 2))),
            one(entry("a", side(0o100_755, 1), side(0o100_644, 2))),
            one(entry("a", side(0o100_644, 9), side(0o100_644, 2))),
            one(entry("a", side(0o100_644, 1), side(0o100_755, 2))),
            one(entry("a", side(0o100_644, 1), side(0o100_644, 9))),
            one(entry("a", None, side(0o100_644, 2))),
        ];
        assert!(base.is_some());
        assert!(others.iter().all(|o| o.is_some() && *o != base));
        assert_eq!(change_digest(&Change::new(ObjectFormat::Sha1, vec![])), None);
    }

    #[test]
    fn paths_do_not_run_into_each_other() {
        let of = |paths: &[&str]| {
            let entries = paths.iter().map(|p| entry(p, None, side(0o100_644, 1))).collect();
            paths_digest(&Change::new(ObjectFormat::Sha1, entries))
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_eq!(of(&["a", "b"]), of(&["b", "a"]));
    }
}
