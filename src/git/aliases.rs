//! Symbolic refs seen from what they lead to: which other names show what a push writes
//! (G17).
//!
//! `packed-refs` holds no symbolic refs, so in a repository that keeps its refs in files
//! only loose ones are looked at; tables are read by ourselves ([`super::tables`]), as git
//! does not list what leads to nothing yet. `HEAD` is nobody's alias here.

use std::collections::BTreeSet;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::domain::ids::RefName;

use super::refs::{DAMAGED, bad, is_absence, is_safe, linked};
use super::repo::RefStorage;
use super::{GitError, Repo};

/// Loose refs and folders that one push looks at.
const ENTRIES: usize = 100_000;
/// Steps that are followed: more than git's five, which links of the file system come on
/// top of.
const STEPS: usize = 16;

/// A name that shows what other names hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alias {
    /// The symbolic ref; of a linked folder, the folder.
    pub name: RefName,
    /// What it leads through, at least one name, in order.
    pub hops: Vec<RefName>,
    /// Whether it is a link to a folder of refs: all refs in it have a second name.
    pub is_folder: bool,
}

impl Alias {
    /// The name under which this alias shows the ref `name`, if it does.
    #[must_use]
    pub fn of(&self, name: &RefName) -> Option<RefName> {
        self.hops.iter().find_map(|hop| {
            if !self.is_folder {
                return (hop == name).then(|| self.name.clone());
            }
            let rest = name.as_bytes().strip_prefix(hop.as_bytes())?;
            rest.starts_with(b"/").then(|| RefName::new([self.name.as_bytes(), rest].concat()))
        })
    }
}

impl Repo {
    /// The symbolic refs among those that any of these patterns of ours could match, and
    /// perhaps others. What is damaged or a circle leads as far as it can be followed: git
    /// reads nothing through it.
    ///
    /// No child. Where refs are files, a pattern without a wildcard costs one small read,
    /// and one with a wildcard a read of every loose ref below its plain folder; where they
    /// stand in tables, these are read once.
    ///
    /// # Errors
    /// [`GitError::Ref`] for a link that leads nowhere or out of the refs, and for more
    /// loose refs than 100,000; [`GitError::File`] for what can't be read.
    pub fn symbolic_aliases(&self, patterns: &[&str]) -> Result<Vec<Alias>, GitError> {
        let mut names: BTreeSet<RefName> = BTreeSet::new();
        let mut folders: BTreeSet<&str> = BTreeSet::new();
        for pattern in patterns {
            match folder_of(pattern) {
                Some(folder) => folders.extend(folder),
                None => {
                    let name = RefName::new(*pattern);
                    names.extend((is_ref(name.as_bytes())).then_some(name));
                }
            }
        }
        let mut linked_folders = BTreeSet::new();
        match self.ref_storage {
            _ if folders.is_empty() => {}
            RefStorage::Files => self.walk_loose(&folders, &mut names, &mut linked_folders)?,
            RefStorage::Tables => {
                let tables = self.tables()?;
                let below = folders.iter().flat_map(|folder| tables.symbolic_below(folder));
                names.extend(below.filter(|name| is_ref(name.as_bytes())).cloned());
            }
        }
        let mut aliases = Vec::new();
        for (list, is_folder) in [(names, false), (linked_folders, true)] {
            for name in list {
                let hops = self.hops(&name)?;
                if !hops.is_empty() {
                    aliases.push(Alias { name, hops, is_folder });
                }
            }
        }
        Ok(aliases)
    }

    fn hops(&self, name: &RefName) -> Result<Vec<RefName>, GitError> {
        let mut hops: Vec<RefName> = Vec::new();
        while hops.len() < STEPS {
            match self.step(hops.last().unwrap_or(name)) {
                Ok(Some(next)) if next != *name && !hops.contains(&next) => hops.push(next),
                Ok(_) | Err(GitError::Ref { reason: DAMAGED, .. }) => break,
                Err(e) => return Err(e),
            }
        }
        Ok(hops)
    }

    /// Adds what is symbolic below these folders.
    fn walk_loose(
        &self,
        folders: &BTreeSet<&str>,
        names: &mut BTreeSet<RefName>,
        linked_folders: &mut BTreeSet<RefName>,
    ) -> Result<(), GitError> {
        let mut left = ENTRIES;
        let mut open: Vec<PathBuf> = Vec::new();
        for folder in folders {
            // A folder inside another one of them is walked with that one.
            if folders.iter().any(|f| f != folder && folder.starts_with(f)) {
                continue;
            }
            let folder = folder.trim_end_matches('/');
            let name = RefName::new(folder);
            if folder != "refs"
                && linked(&self.common_dir, Path::new(folder)).map_err(|r| bad(&name, r))?.is_some()
            {
                linked_folders.insert(name);
            }
            open.push(PathBuf::from(folder));
        }
        while let Some(folder) = open.pop() {
            let path = self.common_dir.join(&folder);
            let file_error = |source| GitError::File { path: path.clone(), source };
            let entries = match std::fs::read_dir(&path) {
                Ok(entries) => entries,
                Err(e) if is_absence(e.kind()) => continue,
                Err(e) => return Err(file_error(e)),
            };
            for entry in entries {
                let entry = entry.map_err(file_error)?;
                let relative = folder.join(entry.file_name());
                let name = RefName::new(relative.as_os_str().as_bytes());
                left = left.checked_sub(1).ok_or_else(|| bad(&name, CROWDED))?;
                if !is_ref(name.as_bytes()) {
                    continue;
                }
                let kind = entry.file_type().map_err(file_error)?;
                if kind.is_dir() {
                    open.push(relative);
                } else if kind.is_symlink() {
                    if entry.path().is_dir() {
                        linked_folders.insert(name);
                        open.push(relative);
                    } else {
                        names.insert(name);
                    }
                } else if kind.is_file() && is_symbolic(&entry.path())? {
                    names.insert(name);
                }
            }
        }
        Ok(())
    }
}

const CROWDED: &str =
    "more than 100,000 loose refs are around it, too many to look through (git pack-refs --all)";

fn is_ref(name: &[u8]) -> bool {
    name.starts_with(b"refs/") && is_safe(name)
}

/// The folder below which everything is that a pattern with a wildcard can match, with its
/// slash; `Some(None)` where that is no ref, `None` for a pattern without a wildcard.
fn folder_of(pattern: &str) -> Option<Option<&str>> {
    let plain = pattern.get(..pattern.find(['*', '?', '[', '{', '\\'])?)?;
    if "refs/".starts_with(plain) {
        return Some(Some("refs/"));
    }
    let folder = plain.get(..=plain.rfind('/').unwrap_or(0)).unwrap_or_default();
    let is_below_refs = folder == "refs/" || is_ref(folder.trim_end_matches('/').as_bytes());
    Some(is_below_refs.then_some(folder))
}

/// Whether a loose ref's file says where it leads; the rest of it is not looked at.
fn is_symbolic(path: &Path) -> Result<bool, GitError> {
    let mut start = [0; 4];
    match std::fs::File::open(path).and_then(|mut file| file.read(&mut start)) {
        Ok(_) => Ok(&start == b"ref:"),
        Err(e) if is_absence(e.kind()) => Ok(false),
        Err(source) => Err(GitError::File { path: path.to_owned(), source }),
    }
}
