//! What merge commits do by themselves (G16): every path whose result is not what the clean
//! automatic merge of the parents gives.
//!
//! STRATEGY. Git's own `merge-tree` merges all pairs of parents of a push again, in one
//! child, renames on, the virtual bases of criss-cross histories included. It runs in an empty
//! temporary repository that borrows the objects: what it writes would be kept in the
//! quarantine, and no attribute, merge driver or configuration of the real one takes part
//! (G17). What then differs from the pushed trees is merged once more without following
//! renamed folders, as libgit2 and older gits do; equal to either is clean. Ids are compared,
//! never names.
//!
//! More than two parents can't be merged so: see [`super::octopus`].

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;

use super::change::{between_trees, tree_of};
use super::child::{Child, Said};
use super::environment::quoted_alternate;
use super::{GitError, Repo};
use crate::domain::ids::{ObjectFormat, ObjectId, RepoPath};
use crate::domain::limits::{Limits, Passed};
use crate::domain::object::Commit;

/// Settings that would change what an automatic merge gives, at git's defaults.
const DEFAULTS: [&str; 4] =
    ["diff.renames=true", "merge.renames=true", "merge.renameLimit=7000", "diff.renameLimit=7000"];
/// How a folder that one side renamed takes what the other side adds to it: git's default,
/// and what libgit2 and older gits do.
const FOLDERS: [&str; 2] = ["merge.directoryRenames=conflict", "merge.directoryRenames=false"];

/// What a merge commit does by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnChange {
    /// Nothing: it holds what the automatic merge of its parents gives.
    Clean,
    /// It decides what these paths hold; sorted, at least one.
    Paths(Vec<RepoPath>),
    /// Nobody can tell here: to merge again needs this object, which the repository lacks, as
    /// a partial clone does. It may decide everything itself.
    Unread(ObjectId),
}

/// How many bytes of paths are kept of merges: each within its own limit, many of them
/// would fill the memory.
pub(super) struct Kept {
    bytes: usize,
    limit: usize,
}

impl Kept {
    /// A path, its name aside.
    const PATH: usize = 150;

    pub(super) fn new(limits: &Limits) -> Self {
        Self { bytes: 0, limit: limits.push_bytes }
    }

    pub(super) fn take<'a>(
        &mut self,
        paths: impl IntoIterator<Item = &'a RepoPath>,
    ) -> Result<(), GitError> {
        let bytes: usize = paths.into_iter().map(|path| path.as_bytes().len() + Self::PATH).sum();
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes <= self.limit {
            return Ok(());
        }
        let what = "what the merges of this push decide by themselves";
        Err(GitError::Limit(Passed::new("push_bytes", self.limit, what)))
    }
}

/// What an automatic merge gave.
struct Again {
    tree: ObjectId,
    conflicts: Vec<RepoPath>,
    is_clean: bool,
}

impl Repo {
    /// What each merge does by itself; commits with one parent or none are left out. At most
    /// two children, and one for each commit with more than two parents, or that can't be
    /// merged again.
    ///
    /// # Errors
    /// [`GitError::Limit`] for an own change that is too large, or all of them together
    /// (`push_bytes`); [`GitError`] where a child fails or needs more memory than it may take.
    pub fn own_changes(
        &self,
        merges: &[&Commit],
        limits: &Limits,
    ) -> Result<BTreeMap<ObjectId, OwnChange>, GitError> {
        let mut own = BTreeMap::new();
        let mut pairs: Vec<&Commit> = Vec::new();
        let mut kept = Kept::new(limits);
        for merge in merges {
            match merge.parents.len() {
                0 | 1 => {}
                2 => pairs.push(merge),
                _ => {
                    let found = match self.own_of_many(merge, limits) {
                        Ok(paths) if paths.is_empty() => OwnChange::Clean,
                        Ok(paths) => {
                            kept.take(&paths)?;
                            OwnChange::Paths(paths)
                        }
                        Err(GitError::Missing { id }) => OwnChange::Unread(id),
                        Err(e) => return Err(e.of_commit(merge.id)),
                    };
                    own.insert(merge.id, found);
                }
            }
        }
        let mut paths: BTreeMap<ObjectId, Vec<RepoPath>> = BTreeMap::new();
        for folders in FOLDERS {
            if !pairs.is_empty() {
                pairs = self.merge_pairs(&pairs, folders, limits, &mut own, &mut paths)?;
            }
        }
        for merge in pairs {
            let mut paths = paths.remove(&merge.id).unwrap_or_default();
            if paths.is_empty() {
                // A conflict of which git names no path: everything that the merge brings.
                let first = merge.parents.first().map(|id| tree_of(self, *id)).transpose()?;
                paths = paths_between(self, first, merge.tree, limits)?;
            }
            own.insert(merge.id, OwnChange::Paths(paths));
        }
        Ok(own)
    }

    /// Merges again. The clean ones go to `own`, the others come back, and their paths go
    /// to `paths` unless an earlier round found some.
    fn merge_pairs<'a>(
        &self,
        pairs: &[&'a Commit],
        folders: &str,
        limits: &Limits,
        own: &mut BTreeMap<ObjectId, OwnChange>,
        paths: &mut BTreeMap<ObjectId, Vec<RepoPath>>,
    ) -> Result<Vec<&'a Commit>, GitError> {
        let failed = |source| GitError::File { path: "a temporary folder".into(), source };
        let folder = tempfile::tempdir().map_err(failed)?;
        empty_repository(folder.path(), self.format()).map_err(failed)?;
        let results = self.merge_all(pairs, folders, folder.path())?;
        let with_results = self.with_objects(&folder.path().join("objects"))?;
        let (mut open, mut kept) = (Vec::new(), Kept::new(limits));
        for (merge, again) in pairs.iter().zip(results) {
            let again = match again {
                Ok(again) => again,
                Err(absent) => {
                    own.insert(merge.id, OwnChange::Unread(absent));
                    continue;
                }
            };
            if again.is_clean && again.tree == merge.tree {
                own.insert(merge.id, OwnChange::Clean);
                continue;
            }
            open.push(*merge);
            let found = paths.entry(merge.id).or_default();
            if found.is_empty() {
                let differs = paths_between(&with_results, Some(again.tree), merge.tree, limits)
                    .map_err(|e| e.of_commit(merge.id))?;
                let all: BTreeSet<_> = differs.into_iter().chain(again.conflicts).collect();
                kept.take(&all)?;
                found.extend(all);
            }
        }
        Ok(open)
    }

    /// What each automatic merge gave, or the object for want of which git stopped there: it
    /// goes on behind that one.
    fn merge_all(
        &self,
        pairs: &[&Commit],
        folders: &str,
        place: &Path,
    ) -> Result<Vec<Result<Again, ObjectId>>, GitError> {
        let mut results: Vec<Result<Again, ObjectId>> = Vec::new();
        while let Some(rest) = pairs.get(results.len()..).filter(|rest| !rest.is_empty()) {
            let said = self.merge_tree(rest, folders, place)?;
            let again = parse(&said.stdout, self.format());
            match (said.code, again) {
                (0, Some(again)) if again.len() == rest.len() => {
                    results.extend(again.into_iter().map(Ok));
                }
                (0, _) => {
                    let reason = "its output is cut short or not what was asked for".to_owned();
                    return Err(GitError::Child { command: "merge-tree".to_owned(), reason });
                }
                (_, again) => {
                    let absent = self.absent_of(&said.stderr);
                    let again = again.filter(|again| again.len() < rest.len()).zip(absent);
                    let (again, absent) = again.ok_or_else(|| said.error("merge-tree"))?;
                    results.extend(again.into_iter().map(Ok));
                    results.push(Err(absent));
                }
            }
        }
        Ok(results)
    }

    /// The object that git names where it gives up, if this repository really lacks it.
    fn absent_of(&self, stderr: &str) -> Option<ObjectId> {
        let words = stderr.split(|c: char| !c.is_ascii_hexdigit());
        let ids = words.filter_map(|word| ObjectId::from_hex(word.as_bytes()));
        ids.filter(|id| id.format() == self.format()).find(|id| !self.exists(*id))
    }

    fn merge_tree(&self, pairs: &[&Commit], folders: &str, place: &Path) -> Result<Said, GitError> {
        let mut alternates = OsString::new();
        if let Some(quarantine) = &self.quarantine {
            alternates.push(quoted_alternate(&quarantine.objects));
            alternates.push(":");
        }
        alternates.push(quoted_alternate(&self.objects));
        let empty_tree = match self.format() {
            ObjectFormat::Sha1 => "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
            ObjectFormat::Sha256 => {
                "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
            }
        };
        let mut settings: Vec<&str> = DEFAULTS.to_vec();
        settings.push(folders);
        let stdin: String = pairs
            .iter()
            .filter_map(|c| match c.parents.as_slice() {
                [ours, theirs] => Some(format!("{ours} {theirs}\n")),
                _ => None,
            })
            .collect();
        Child::bounded(place, "merge-tree", &settings)
            .env("GIT_OBJECT_DIRECTORY", place.join("objects"))
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", alternates)
            .env("GIT_ATTR_SOURCE", empty_tree)
            .args(["--stdin", "-z", "--name-only", "--no-messages", "--allow-unrelated-histories"])
            .stdin(stdin.into_bytes())
            .run()
    }
}

fn paths_between(
    repo: &Repo,
    old: Option<ObjectId>,
    new: ObjectId,
    limits: &Limits,
) -> Result<Vec<RepoPath>, GitError> {
    let change = between_trees(repo, old, Some(new), limits)?;
    Ok(change.entries().iter().map(|e| e.path.clone()).collect())
}

/// A bare repository without anything in it, in files that git needs to take it for one.
fn empty_repository(place: &Path, format: ObjectFormat) -> std::io::Result<()> {
    std::fs::create_dir(place.join("objects"))?;
    std::fs::create_dir(place.join("refs"))?;
    std::fs::write(place.join("HEAD"), "ref: refs/heads/none\n")?;
    let config = format!(
        "[core]\n\trepositoryFormatVersion = 1\n\tbare = true\n\
         [extensions]\n\tobjectFormat = {}\n",
        format.name()
    );
    std::fs::write(place.join("config"), config)
}

/// One result after the other: `1` where it is clean, else `0`; the tree; the names of
/// paths in conflict; an empty field.
fn parse(stdout: &[u8], format: ObjectFormat) -> Option<Vec<Again>> {
    let mut results = Vec::new();
    let mut fields = stdout.split(|c| *c == 0);
    loop {
        let is_clean = match fields.next()? {
            b"" => return fields.next().is_none().then_some(results),
            b"0" => false,
            b"1" => true,
            _ => return None,
        };
        let tree = ObjectId::from_hex(fields.next()?).filter(|id| id.format() == format)?;
        let mut conflicts = Vec::new();
        loop {
            match fields.next()? {
                b"" => break,
                path => conflicts.push(RepoPath::new(path)),
            }
        }
        if is_clean && !conflicts.is_empty() {
            return None;
        }
        results.push(Again { tree, conflicts, is_clean });
    }
}
