//! Refs: listing them (git's word, whatever keeps them), one ref's value, and where a
//! symbolic ref leads (G17).
//!
//! One ref is read without a child, whether refs are files or stand in tables.

use std::ffi::OsStr;
use std::io::{ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::domain::ids::{ObjectId, RefName};

use super::repo::RefStorage;
use super::{GitError, Repo};

/// Git follows symbolic refs five levels deep.
const SYMBOLIC_LEVELS: usize = 5;
/// Bytes of a loose ref's file that are looked at.
const LOOSE_BYTES: u64 = 8 << 10;

/// Bytes that no path of a file has: a longer name is no loose ref.
const PATH_BYTES: usize = 4_096;

/// Why what a ref says is nothing.
pub(super) const DAMAGED: &str = "it is damaged";

/// What a ref holds, one step.
#[derive(Clone)]
pub(super) enum Held {
    Nothing,
    Id(ObjectId),
    Symbolic(RefName),
}

impl Repo {
    /// All refs whose names begin with `prefix`, with the object each ends in, sorted by
    /// name. One child, whatever their number.
    pub fn refs(&self, prefix: Option<&str>) -> Result<Vec<(RefName, ObjectId)>, GitError> {
        let folder = prefix.and_then(|p| p.rfind('/').and_then(|end| p.get(..=end)));
        let plain = folder.filter(|f| !f.contains(['*', '?', '[', '\\']) && f.starts_with("refs/"));
        let stdout = self
            .git("for-each-ref")
            .args(["--format=%(objectname)%00%(refname)%00"])
            .args(plain)
            .output()?;
        let mut refs = parse_refs(&stdout)?;
        let prefix = prefix.unwrap_or_default().as_bytes();
        refs.retain(|(name, _)| name.as_bytes().starts_with(prefix));
        refs.sort();
        Ok(refs)
    }

    /// The object a ref ends in; `None` where there is no such ref. No child.
    pub fn ref_value(&self, name: &RefName) -> Result<Option<ObjectId>, GitError> {
        let chain = self.resolve_symbolic(name)?;
        let last = chain.last().unwrap_or(name);
        match (self.held(last)?, self.ref_storage) {
            (Held::Id(id), _) => Ok(Some(id)),
            (_, RefStorage::Files) => self.packed(last),
            (_, RefStorage::Tables) => Ok(None),
        }
    }

    /// The names that a symbolic ref leads through, the last of which is the one that a
    /// push to it writes; empty for a plain ref and for one that does not exist. What
    /// leads on through a link of the file system counts as symbolic. No child.
    ///
    /// # Errors
    /// [`GitError::Ref`] for a name git would not take, a circle, a link out of the refs.
    pub fn resolve_symbolic(&self, name: &RefName) -> Result<Vec<RefName>, GitError> {
        let mut chain: Vec<RefName> = Vec::new();
        loop {
            let next = self.step(chain.last().unwrap_or(name))?;
            let Some(target) = next else { return Ok(chain) };
            if chain.len() >= SYMBOLIC_LEVELS {
                return Err(bad(name, "it is symbolic more than five times over"));
            }
            chain.push(target);
        }
    }

    /// The name that a symbolic ref leads to, one step.
    pub(super) fn step(&self, name: &RefName) -> Result<Option<RefName>, GitError> {
        match self.held(name)? {
            Held::Symbolic(target) if is_safe(target.as_bytes()) => Ok(Some(target)),
            Held::Symbolic(_) => Err(bad(name, DAMAGED)),
            Held::Nothing | Held::Id(_) => Ok(None),
        }
    }

    /// One step, without `packed-refs`, which holds no symbolic refs.
    fn held(&self, name: &RefName) -> Result<Held, GitError> {
        if !is_safe(name.as_bytes()) {
            return Err(bad(name, "git would not take its name"));
        }
        match self.ref_storage {
            RefStorage::Files => self.loose(name),
            RefStorage::Tables => Ok(self.tables()?.held(name)),
        }
    }

    fn loose(&self, name: &RefName) -> Result<Held, GitError> {
        if name.as_bytes().len() >= PATH_BYTES {
            return Ok(Held::Nothing);
        }
        let top = if name.as_bytes() == b"HEAD" { &self.git_dir } else { &self.common_dir };
        let relative = Path::new(OsStr::from_bytes(name.as_bytes()));
        if let Some(target) = linked(top, relative).map_err(|reason| bad(name, reason))? {
            return Ok(Held::Symbolic(target));
        }
        let path = top.join(relative);
        let mut bytes = Vec::new();
        let read = std::fs::File::open(&path)
            .and_then(|file| file.take(LOOSE_BYTES).read_to_end(&mut bytes));
        match read {
            Ok(_) => parse_loose(&bytes).ok_or_else(|| bad(name, DAMAGED)),
            Err(e) if is_absence(e.kind()) => Ok(Held::Nothing),
            Err(source) => Err(GitError::File { path, source }),
        }
    }

    fn packed(&self, name: &RefName) -> Result<Option<ObjectId>, GitError> {
        let path = self.common_dir.join("packed-refs");
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(GitError::File { path, source }),
        };
        let hex = self.format.raw_len() * 2;
        let line = bytes.split(|c| *c == b'\n').find(|line| {
            line.get(hex..).and_then(|rest| rest.strip_prefix(b" ")) == Some(name.as_bytes())
        });
        let Some(line) = line else { return Ok(None) };
        let id = line.get(..hex).and_then(ObjectId::from_hex);
        id.map(Some).ok_or_else(|| bad(name, "packed-refs is damaged"))
    }
}

pub(super) fn bad(name: &RefName, reason: &'static str) -> GitError {
    GitError::Ref { name: name.clone(), reason }
}

pub(super) fn is_absence(kind: ErrorKind) -> bool {
    use ErrorKind::{InvalidFilename, IsADirectory, NotADirectory, NotFound};
    matches!(kind, NotFound | IsADirectory | NotADirectory | InvalidFilename)
}

/// As much of `git check-ref-format` as keeps a name below `refs/` on the disk.
pub(super) fn is_safe(name: &[u8]) -> bool {
    let part_is_safe =
        |part: &[u8]| !part.is_empty() && !part.starts_with(b".") && !part.ends_with(b".lock");
    let odd = |c: &u8| *c < 0x20 || matches!(*c, 0x7f | b' ' | b'\\' | b'~' | b'^' | b':');
    name == b"HEAD"
        || (name.starts_with(b"refs/")
            && name.split(|c| *c == b'/').all(part_is_safe)
            && !name.windows(2).any(|w| w == b"..")
            && !name.iter().any(odd))
}

fn parse_loose(bytes: &[u8]) -> Option<Held> {
    if let Some(target) = bytes.strip_prefix(b"ref:") {
        let target = target.trim_ascii();
        return is_safe(target).then(|| Held::Symbolic(RefName::new(target)));
    }
    ObjectId::from_hex(bytes.trim_ascii_end()).map(Held::Id)
}

/// The ref that `relative` is on the disk, where links, or a file system that folds case,
/// make it another one. Git follows them when it writes, so a push would write that one.
pub(super) fn linked(top: &Path, relative: &Path) -> Result<Option<RefName>, &'static str> {
    let path = top.join(relative);
    // Git reads a link whose text is a ref name as a symbolic ref, wherever it leads.
    if let Ok(text) = std::fs::read_link(&path) {
        let text = text.as_os_str().as_bytes();
        if text.starts_with(b"refs/") && is_safe(text) {
            return Ok(Some(RefName::new(text)));
        }
        if !path.exists() {
            return Err("it is a link that leads nowhere");
        }
    }
    let (there, real) = deepest(top, &path, relative).ok_or("its folder can't be found")?;
    let missing = path.strip_prefix(&there).map_err(|_| "its folder can't be found")?;
    let real = if missing.as_os_str().is_empty() { real } else { real.join(missing) };
    if real == path {
        return Ok(None);
    }
    let target = real.strip_prefix(top).map_err(|_| "it is a link out of the repository")?;
    let target = target.as_os_str().as_bytes();
    if is_safe(target) {
        Ok(Some(RefName::new(target)))
    } else {
        Err("it is a link out of the refs")
    }
}

/// As much of a path as is there, and where that leads.
fn deepest(top: &Path, path: &Path, relative: &Path) -> Option<(PathBuf, PathBuf)> {
    for there in path.ancestors().take(2) {
        if let Ok(real) = std::fs::canonicalize(there) {
            return Some((there.to_owned(), real));
        }
    }
    // From the top: of thousands of folders in a name few are there.
    let mut found = (top.to_owned(), std::fs::canonicalize(top).ok()?);
    for part in relative.components() {
        let there = found.0.join(part);
        let Ok(real) = std::fs::canonicalize(&there) else { break };
        found = (there, real);
    }
    Some(found)
}

fn parse_refs(stdout: &[u8]) -> Result<Vec<(RefName, ObjectId)>, GitError> {
    let wrong = || GitError::Child {
        command: "for-each-ref".to_owned(),
        reason: "its output is not id, NUL, name, NUL, line feed".to_owned(),
    };
    let mut refs = Vec::new();
    let mut rest = stdout;
    while !rest.is_empty() {
        let mut parts = rest.splitn(3, |c| *c == 0);
        let id = parts.next().and_then(ObjectId::from_hex).ok_or_else(wrong)?;
        let name = parts.next().ok_or_else(wrong)?;
        rest = parts.next().and_then(|rest| rest.strip_prefix(b"\n")).ok_or_else(wrong)?;
        refs.push((RefName::new(name), id));
    }
    Ok(refs)
}
