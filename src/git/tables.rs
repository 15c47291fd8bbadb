//! Refs in reftables, read by ourselves: git lists no symbolic ref that leads to nothing yet,
//! and would be one child for each ref that is followed (G17).
//!
//! Read-only, and no more of the format (git's `Documentation/technical/reftable`) than the
//! blocks of refs: a stack of tables, the later ones on top, each of them sorted blocks of
//! names that share prefixes. What does not read as it should is an error, never an absence.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Error, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use crate::domain::ids::{ObjectFormat, ObjectId, RefName};

use super::refs::Held;
use super::{GitError, Repo};

/// The file that names the tables of a stack, the lowest first.
const LIST: &str = "tables.list";
/// How often the list is read anew where tables went while they were read, and the wait
/// between: git puts them together as it likes.
const TRIES: u32 = 100;
const WAIT: Duration = Duration::from_millis(10);

/// The refs of a repository that keeps them in tables.
pub(super) struct Tables {
    /// What the lists of tables said.
    lists: Vec<u8>,
    refs: BTreeMap<RefName, Held>,
}

impl Tables {
    pub(super) fn held(&self, name: &RefName) -> Held {
        self.refs.get(name).cloned().unwrap_or(Held::Nothing)
    }

    /// All symbolic refs below a folder, which ends with a slash.
    pub(super) fn symbolic_below(&self, folder: &str) -> impl Iterator<Item = &RefName> {
        let below = self.refs.range(RefName::new(folder)..);
        below
            .take_while(move |(name, _)| name.as_bytes().starts_with(folder.as_bytes()))
            .filter(|(_, held)| matches!(held, Held::Symbolic(_)))
            .map(|(name, _)| name)
    }
}

impl Repo {
    /// The tables as they are now; read once as long as they stay the same.
    pub(super) fn tables(&self) -> Result<Rc<Tables>, GitError> {
        // A further work tree has a stack of its own for its `HEAD` and the like.
        let mut stacks = vec![self.common_dir.join("reftable")];
        if self.git_dir != self.common_dir {
            stacks.push(self.git_dir.join("reftable"));
        }
        for _ in 0..TRIES {
            let lists = stacks.iter().map(|stack| list(stack)).collect::<Result<Vec<_>, _>>()?;
            let joined = lists.join(&0);
            let known = self.tables.borrow().clone();
            if let Some(known) = known.filter(|known| known.lists == joined) {
                return Ok(known);
            }
            let mut refs = BTreeMap::new();
            let read = stacks.iter().zip(&lists);
            let read = read.map(|(stack, list)| self.add_stack(stack, list, &mut refs));
            match read.collect::<Result<(), _>>() {
                Err(GitError::File { source, .. }) if source.kind() == ErrorKind::NotFound => {
                    std::thread::sleep(WAIT);
                }
                Err(e) => return Err(e),
                Ok(()) => {
                    let tables = Rc::new(Tables { lists: joined, refs });
                    *self.tables.borrow_mut() = Some(Rc::clone(&tables));
                    return Ok(tables);
                }
            }
        }
        Err(damaged(&self.common_dir.join("reftable").join(LIST), "it names tables that are gone"))
    }

    fn add_stack(
        &self,
        stack: &Path,
        list: &[u8],
        refs: &mut BTreeMap<RefName, Held>,
    ) -> Result<(), GitError> {
        for name in list.split(|c| *c == b'\n').filter(|name| !name.is_empty()) {
            let plain = std::str::from_utf8(name).ok().filter(|n| !n.contains('/'));
            let name =
                plain.ok_or_else(|| damaged(&stack.join(LIST), "it names what is no table"))?;
            Table::open(stack.join(name), self.format)?.read(refs)?;
        }
        Ok(())
    }
}

/// What a stack's list says; nothing where there is none, as in git.
fn list(stack: &Path) -> Result<Vec<u8>, GitError> {
    let path = stack.join(LIST);
    match std::fs::read(&path) {
        Ok(bytes) => Ok(bytes),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(GitError::File { path, source }),
    }
}

fn damaged(path: &Path, reason: &'static str) -> GitError {
    let source = Error::new(ErrorKind::InvalidData, reason);
    GitError::File { path: path.to_owned(), source }
}

/// One file of a stack.
struct Table {
    file: File,
    path: PathBuf,
    header: usize,
    /// Bytes from block to block; 0 where blocks follow each other without a gap.
    block: usize,
    /// Where refs end at the latest.
    end: usize,
    id_len: usize,
}

impl Table {
    fn open(path: PathBuf, format: ObjectFormat) -> Result<Self, GitError> {
        let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (size, file) =
            opened.map_err(|source| GitError::File { path: path.clone(), source })?;
        let mut table = Self { file, path, header: 0, block: 0, end: 0, id_len: format.raw_len() };
        table.frame(usize::try_from(size).unwrap_or(usize::MAX), format)?;
        Ok(table)
    }

    /// Reads the header, and the footer, which repeats it and says what comes after the refs.
    fn frame(&mut self, size: usize, format: ObjectFormat) -> Result<(), GitError> {
        let start = self.bytes(0, 8)?;
        let mut start = Cursor(&start);
        let (magic, version, block) = (start.take(4), start.number(1), start.number(3));
        let header = match (magic, version, format) {
            (Some(b"REFT"), Some(1), ObjectFormat::Sha1) => 24,
            (Some(b"REFT"), Some(2), _) => 28,
            _ => return Err(self.wrong("it is no table that the gate knows")),
        };
        let footer = header + 44;
        let end = size.checked_sub(footer).filter(|end| *end >= header);
        let end = end.ok_or_else(|| self.wrong("it is cut"))?;
        let top = self.bytes(0, header)?;
        let bottom = self.bytes(end, footer)?;
        let mut bottom = Cursor(&bottom);
        if bottom.take(header) != Some(&top) {
            return Err(self.wrong("its header and its footer differ"));
        }
        let hash: &[u8] = if format == ObjectFormat::Sha1 { b"sha1" } else { b"s256" };
        if header == 28 && !top.ends_with(hash) {
            return Err(self.wrong("its ids are of another kind"));
        }
        let mut position = || bottom.number(8).unwrap_or_default();
        let (index, objects, _, log) = (position(), position() >> 5, position(), position());
        let after = [index, objects, log].into_iter().filter(|at| *at > 0).min();
        self.end = end.min(after.unwrap_or(usize::MAX));
        self.header = header;
        self.block = block.unwrap_or_default();
        Ok(())
    }

    /// Puts this table's refs on top of those of the tables below.
    fn read(&self, refs: &mut BTreeMap<RefName, Held>) -> Result<(), GitError> {
        let mut at = 0;
        loop {
            // The first block begins with the file's header, and its length says so.
            let head = if at == 0 { self.header } else { 0 };
            if at + head >= self.end {
                return Ok(());
            }
            let start = self.bytes(at + head, 4)?;
            let mut start = Cursor(&start);
            match start.take(1) {
                Some(b"r") => {}
                // An index of blocks follows the last of them; a table may have logs alone.
                Some(b"i") if at > 0 => return Ok(()),
                Some(b"g") if at == 0 => return Ok(()),
                _ => return Err(self.wrong("a block in it is of no known kind")),
            }
            let len = start.number(3).filter(|len| *len >= head + 6 && at + len <= self.end);
            let len = len.ok_or_else(|| self.wrong("a block in it has a wrong length"))?;
            let block = self.bytes(at, len)?;
            let records = records_of(&block, head);
            let done = records.and_then(|records| self.add(records, refs));
            done.ok_or_else(|| self.wrong("a block in it can't be read"))?;
            at += if len < self.block && !self.follows_at(at + len)? { self.block } else { len };
        }
    }

    /// Whether the next block stands right here, where a gap of zeros would be.
    fn follows_at(&self, at: usize) -> Result<bool, GitError> {
        Ok(at < self.end && self.bytes(at, 1)? != [0])
    }

    fn add(&self, records: &[u8], refs: &mut BTreeMap<RefName, Held>) -> Option<()> {
        let mut rest = Cursor(records);
        let mut name: Vec<u8> = Vec::new();
        while !rest.0.is_empty() {
            let shared = rest.varint().filter(|shared| *shared <= name.len())?;
            let more = rest.varint()?;
            name.truncate(shared);
            name.extend_from_slice(rest.take(more >> 3)?);
            let _update_index = rest.varint()?;
            let held = match more & 7 {
                0 => None,
                kind @ (1 | 2) => {
                    let id = rest.take(self.id_len)?;
                    // Of a tag also what it leads to.
                    rest.take(self.id_len * (kind - 1))?;
                    Some(Held::Id(ObjectId::from_raw(id)?))
                }
                3 => {
                    let len = rest.varint()?;
                    Some(Held::Symbolic(RefName::new(rest.take(len)?)))
                }
                _ => return None,
            };
            match held {
                Some(held) => refs.insert(RefName::new(&*name), held),
                None => refs.remove(&RefName::new(&*name)),
            };
        }
        Some(())
    }

    fn bytes(&self, at: usize, len: usize) -> Result<Vec<u8>, GitError> {
        let mut bytes = vec![0; len];
        let read = self.file.read_exact_at(&mut bytes, u64::try_from(at).unwrap_or(u64::MAX));
        read.map_err(|source| GitError::File { path: self.path.clone(), source })?;
        Ok(bytes)
    }

    fn wrong(&self, reason: &'static str) -> GitError {
        damaged(&self.path, reason)
    }
}

/// A block's records, between its head and its list of places to start from.
fn records_of(block: &[u8], head: usize) -> Option<&[u8]> {
    let (rest, count) = block.split_last_chunk()?;
    let restarts = usize::from(u16::from_be_bytes(*count)) * 3;
    rest.get(head + 4..rest.len().checked_sub(restarts)?)
}

/// Bytes that are read from the front.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of so many bytes, the highest first.
    fn number(&mut self, bytes: usize) -> Option<usize> {
        let taken = self.take(bytes)?;
        taken.iter().try_fold(0_usize, |n, byte| Some(n.checked_mul(256)? | usize::from(*byte)))
    }

    /// A number of as many bytes as it needs, as in packs.
    fn varint(&mut self) -> Option<usize> {
        let mut n = 0_usize;
        loop {
            let byte = usize::from(*self.take(1)?.first()?);
            n |= byte & 0x7f;
            if byte & 0x80 == 0 {
                return Some(n);
            }
            n = n.checked_add(1)?.checked_mul(128)?;
        }
    }
}
