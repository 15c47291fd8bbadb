//! What of a hook's environment is believed (G22): nothing, until it is shown to lie in the
//! repository that git started the hook in.
//!
//! Owns the comparison of `GIT_OBJECT_DIRECTORY`, `GIT_QUARANTINE_PATH` and
//! `GIT_ALTERNATE_OBJECT_DIRECTORIES` with the disk. It must not read the process's
//! environment: the caller hands over what it found.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::GitError;

/// Git follows alternates of alternates five levels deep.
const ALTERNATE_LEVELS: usize = 5;
/// Alternates taken from one repository.
const ALTERNATES: usize = 256;

/// The variables that git sets for a hook, as they stand in its environment.
#[derive(Debug, Clone, Default)]
pub struct HookEnv {
    /// `GIT_DIR`.
    pub git_dir: Option<OsString>,
    /// `GIT_OBJECT_DIRECTORY`.
    pub object_directory: Option<OsString>,
    /// `GIT_ALTERNATE_OBJECT_DIRECTORIES`.
    pub alternates: Option<OsString>,
    /// `GIT_QUARANTINE_PATH`.
    pub quarantine_path: Option<OsString>,
    /// `GIT_NAMESPACE`.
    pub namespace: Option<OsString>,
}

/// Where git keeps a push's objects until the hooks have said yes, shown to lie directly
/// below the repository's own objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    pub(super) objects: PathBuf,
}

impl Quarantine {
    /// The directory, canonical.
    #[must_use]
    pub fn objects(&self) -> &Path {
        &self.objects
    }
}

impl HookEnv {
    /// Refuses a namespace, and a `GIT_DIR` that is not the hook's directory.
    pub(super) fn check_place(&self, cwd: &Path) -> Result<(), GitError> {
        if self.namespace.as_deref().is_some_and(|n| !n.is_empty()) {
            return Err(GitError::Namespace);
        }
        match &self.git_dir {
            Some(dir) if same_place(cwd, dir) != Some(true) => {
                Err(GitError::Environment { variable: "GIT_DIR" })
            }
            _ => Ok(()),
        }
    }

    /// The quarantine, if there is one and everything agrees. `objects` is canonical.
    pub(super) fn quarantine(
        &self,
        cwd: &Path,
        objects: &Path,
    ) -> Result<Option<Quarantine>, GitError> {
        let wrong = |variable| GitError::Environment { variable };
        let quarantine = match &self.object_directory {
            None => None,
            Some(dir) => {
                let dir = canonical(cwd, dir).ok_or(wrong("GIT_OBJECT_DIRECTORY"))?;
                if dir == objects {
                    None
                } else if is_quarantine(&dir, objects) {
                    Some(Quarantine { objects: dir })
                } else {
                    return Err(wrong("GIT_OBJECT_DIRECTORY"));
                }
            }
        };
        if let Some(path) = &self.quarantine_path {
            let path = canonical(cwd, path);
            if path.is_none() || path != quarantine.as_ref().map(|q| q.objects.clone()) {
                return Err(wrong("GIT_QUARANTINE_PATH"));
            }
        }
        self.check_alternates(cwd, objects)?;
        Ok(quarantine)
    }

    fn check_alternates(&self, cwd: &Path, objects: &Path) -> Result<(), GitError> {
        let wrong = || GitError::Environment { variable: "GIT_ALTERNATE_OBJECT_DIRECTORIES" };
        let Some(list) = &self.alternates else { return Ok(()) };
        let named = split_alternates(list.as_bytes(), b':').ok_or_else(wrong)?;
        if named.is_empty() {
            return Ok(());
        }
        let mut own: BTreeSet<PathBuf> = alternates_of(objects).into_iter().collect();
        own.insert(objects.to_owned());
        for dir in named {
            if !canonical(cwd, dir.as_os_str()).is_some_and(|dir| own.contains(&dir)) {
                return Err(wrong());
            }
        }
        Ok(())
    }
}

fn canonical(base: &Path, path: &OsStr) -> Option<PathBuf> {
    if path.is_empty() {
        return None;
    }
    std::fs::canonicalize(base.join(path)).ok()
}

fn same_place(base: &Path, path: &OsStr) -> Option<bool> {
    Some(canonical(base, path)? == std::fs::canonicalize(base).ok()?)
}

/// Directly below the objects, under one of the names that git gives a push's quarantine.
fn is_quarantine(dir: &Path, objects: &Path) -> bool {
    let named = dir.file_name().map(OsStr::as_bytes).is_some_and(|name| {
        name.starts_with(b"tmp_objdir-incoming-") || name.starts_with(b"incoming-")
    });
    named && dir.parent() == Some(objects) && dir.is_dir()
}

/// What `info/alternates` lists, and what that lists in turn, canonical; directories that
/// are not there are left out, as git does.
pub(super) fn alternates_of(objects: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut level = vec![objects.to_owned()];
    for _ in 0..ALTERNATE_LEVELS {
        let mut next = Vec::new();
        for dir in level {
            let list = std::fs::read(dir.join("info/alternates")).unwrap_or_default();
            for entry in split_alternates(&list, b'\n').unwrap_or_default() {
                let Some(entry) = canonical(&dir, entry.as_os_str()) else { continue };
                let known = entry == *objects || found.contains(&entry);
                if !known && entry.is_dir() && found.len() < ALTERNATES {
                    found.push(entry.clone());
                    next.push(entry);
                }
            }
        }
        level = next;
    }
    found
}

/// Splits as git's `link_alt_odb_entries`: a leading `#` makes a comment, a leading quote a
/// C-style string. `None` where a quoted string does not end or says what git would not.
fn split_alternates(list: &[u8], separator: u8) -> Option<Vec<PathBuf>> {
    let mut entries = Vec::new();
    let mut rest = list;
    while let Some(first) = rest.first() {
        let entry = if *first == b'"' {
            let (entry, after) = unquote(rest)?;
            rest = match after.split_first() {
                None => after,
                Some((c, after)) if *c == separator => after,
                Some(_) => return None,
            };
            entry
        } else {
            let end = rest.iter().position(|c| *c == separator).unwrap_or(rest.len());
            let (entry, after) = rest.split_at_checked(end)?;
            rest = after.get(1..).unwrap_or_default();
            if *first == b'#' { Vec::new() } else { entry.to_vec() }
        };
        if !entry.is_empty() {
            entries.push(PathBuf::from(OsString::from_vec(entry)));
        }
    }
    Some(entries)
}

/// Reads git's C-style quoting; the string and what follows its closing quote.
fn unquote(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.strip_prefix(b"\"")?;
    let mut out = Vec::new();
    loop {
        let (c, after) = rest.split_first()?;
        rest = after;
        match c {
            b'"' => return Some((out, rest)),
            b'\\' => {
                let (c, after) = rest.split_first()?;
                rest = after;
                out.push(match c {
                    b'a' => 7,
                    b'b' => 8,
                    b'f' => 12,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'v' => 11,
                    b'\\' | b'"' => *c,
                    b'0'..=b'3' => {
                        let (digits, after) = rest.split_at_checked(2)?;
                        rest = after;
                        octal(*c, digits)?
                    }
                    _ => return None,
                });
            }
            c => out.push(*c),
        }
    }
}

fn octal(first: u8, more: &[u8]) -> Option<u8> {
    more.iter().try_fold(first - b'0', |sum, c| {
        let digit = c.checked_sub(b'0').filter(|d| *d < 8)?;
        sum.checked_mul(8)?.checked_add(digit)
    })
}

/// A directory as one entry of `GIT_ALTERNATE_OBJECT_DIRECTORIES`, quoted where it must be.
pub(super) fn quoted_alternate(dir: &Path) -> OsString {
    let bytes = dir.as_os_str().as_bytes();
    if !bytes.contains(&b':') && !bytes.starts_with(b"\"") {
        return dir.as_os_str().to_owned();
    }
    let mut out = vec![b'"'];
    for c in bytes {
        match c {
            b'"' | b'\\' => out.extend([b'\\', *c]),
            c if *c < 0x20 => out.extend(format!("\\{c:03o}").into_bytes()),
            c => out.push(*c),
        }
    }
    out.push(b'"');
    OsString::from_vec(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(list: &str) -> Option<Vec<String>> {
        let entries = split_alternates(list.as_bytes(), b':')?;
        Some(entries.iter().map(|p| p.display().to_string()).collect())
    }

    #[test]
    fn alternates_split_as_git_does() {
        let rows: &[(&str, Option<&[&str]>)] = &[
            ("", Some(&[])),
            ("/a", Some(&["/a"])),
            ("/a:/b::", Some(&["/a", "/b"])),
            ("#/a:/b", Some(&["/b"])),
            ("\"/a:b\":/c", Some(&["/a:b", "/c"])),
            ("\"/a\\\"\\\\\\101\"", Some(&["/a\"\\A"])),
            ("\"/a", None),
            ("\"/a\"b", None),
            ("\"/a\\9\"", None),
            ("\"/a\\38x\"", None),
        ];
        for (list, entries) in rows {
            let entries = entries.map(|e| e.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
            assert_eq!(split(list), entries, "{list}");
        }
    }

    #[test]
    fn quoting_goes_round() {
        for path in ["/plain", "/with:colon", "\"quote", "/a:\\b\"c\nd", "/gr\u{fc}n:x"] {
            let quoted = quoted_alternate(Path::new(path));
            let back = split_alternates(quoted.as_bytes(), b':').unwrap();
            assert_eq!(back, [PathBuf::from(path)]);
        }
    }
}
