//! What a commit makes, as far as memory asks (G9): the files that none of its parents
//! holds so, and what was there before.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::domain::change::{Change, Side};
use crate::domain::digest::change_digest;
use crate::domain::ids::{ChangeDigest, ObjectId, RepoPath};
use crate::domain::limits::Limits;
use crate::domain::object::Commit;

use super::change::{between_trees, net, tree_of};
use super::range::commits_of;
use super::tree::parse_tree;
use super::{GitError, Kind, Repo};

/// What a commit makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What it does; `None` for a merge and an empty change.
    pub change: Option<Change>,
    /// Files that it makes, by path.
    pub files: BTreeMap<RepoPath, Side>,
    /// What its parents held at the paths that it changes, removed ones too.
    pub before: Vec<(RepoPath, Side)>,
}

/// Files of one folder that are looked at, and bytes of each.
const SIBLINGS: usize = 16;

/// What a commit makes. Of a merge: what differs from every parent, so that whatever it
/// takes from one of them is left out, and of a file that was merged line by line both
/// parents' are before it. No child.
///
/// # Errors
/// As [`super::change::of_commit`].
pub fn made(repo: &Repo, commit: &Commit, limits: &Limits) -> Result<Made, GitError> {
    let mut changes = Vec::new();
    let parents: Vec<_> = match commit.parents.as_slice() {
        [] => vec![None],
        parents => {
            parents.iter().map(|id| tree_of(repo, *id).map(Some)).collect::<Result<_, _>>()?
        }
    };
    for parent in parents {
        let change = between_trees(repo, parent, Some(commit.tree), limits);
        changes.push(change.map_err(|e| e.of_commit(commit.id))?);
    }
    let mut made: BTreeMap<RepoPath, (Side, usize)> = BTreeMap::new();
    let mut before = Vec::new();
    for entry in changes.iter().flat_map(Change::entries) {
        before.extend(entry.old.map(|old| (entry.path.clone(), old)));
        if let Some(new) = entry.new {
            made.entry(entry.path.clone()).or_insert((new, 0)).1 += 1;
        }
    }
    let parents = changes.len();
    let of_all = made.into_iter().filter(|(_, (_, differs))| *differs == parents);
    let files = of_all.map(|(path, (side, _))| (path, side)).collect();
    let mut changes = changes.into_iter().filter(|c| parents == 1 && !c.entries().is_empty());
    Ok(Made { change: changes.next(), files, before })
}

/// Some files of the same folder and of the same kind by their names' endings, as a tree
/// holds them: what a new file there is often begun from. Nothing where it can't be read.
#[must_use]
pub fn siblings(repo: &Repo, tree: ObjectId, path: &RepoPath, limits: &Limits) -> Vec<Side> {
    let mut folder = tree;
    let mut parts: Vec<&[u8]> = path.as_bytes().split(|c| *c == b'/').collect();
    let Some(name) = parts.pop() else { return Vec::new() };
    for part in parts {
        let Ok(raw) = repo.raw_of(folder, Kind::Tree, limits.push_bytes) else { return Vec::new() };
        let Ok(entries) = parse_tree(folder, &raw) else { return Vec::new() };
        match entries.iter().find(|e| e.name == part && e.is_tree()) {
            Some(entry) => folder = entry.side.id,
            None => return Vec::new(),
        }
    }
    let Ok(raw) = repo.raw_of(folder, Kind::Tree, limits.push_bytes) else { return Vec::new() };
    let Ok(entries) = parse_tree(folder, &raw) else { return Vec::new() };
    let ending = |name: &[u8]| name.rsplit(|c| *c == b'.').next().map(<[u8]>::to_vec);
    let kind = ending(name);
    let alike = entries.iter().filter(|e| !e.is_tree() && e.name != name && ending(e.name) == kind);
    alike.map(|e| e.side).take(SIBLINGS).collect()
}

/// The digests of what would take back each of the newest commits below these, at most
/// `most`; of a merge, what it brought to its first parent. What can't be read is left out.
#[must_use]
pub fn inverses(
    repo: &Repo,
    tips: &[ObjectId],
    most: usize,
    limits: &Limits,
) -> BTreeSet<ChangeDigest> {
    let mut queue: VecDeque<ObjectId> = commits_of(repo, tips).unwrap_or_default().into();
    let mut seen: BTreeSet<ObjectId> = queue.iter().copied().collect();
    let (mut found, mut left) = (BTreeSet::new(), most);
    while let (Some(id), true) = (queue.pop_front(), left > 0) {
        left -= 1;
        let Ok((_, parents)) = repo.links(id) else { continue };
        queue.extend(parents.iter().filter(|parent| seen.insert(**parent)));
        let Some(first) = parents.first() else { continue };
        let change = net(repo, *first, id, limits);
        found.extend(change.ok().and_then(|c| change_digest(&c.inverse())));
    }
    found
}
