//! Merges of more than two parents (G16).
//!
//! STRATEGY. Git merges such parents one after the other, and where they touch different
//! things the result holds, path by path, what one of them has. So a path is the merge's own
//! unless a parent holds the same there, and every other parent gives way to one that does:
//! it holds what their merge bases hold, all of them, and so has changed nothing that could
//! be lost. Ids are compared, never contents: what git would merge line by line is own.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::change::{between_trees, tree_of};
use super::merge::Kept;
use super::{GitError, Repo, range};
use crate::domain::change::Side;
use crate::domain::ids::{ObjectId, RepoPath};
use crate::domain::limits::Limits;
use crate::domain::object::Commit;

/// Pairs of parents of one merge whose bases are asked for, a child each. What needs more of
/// them is own.
const PAIRS: usize = 128;

/// What a tree holds wherever it differs from the result.
type Differing = BTreeMap<RepoPath, Option<Side>>;

struct Octopus<'a> {
    repo: &'a Repo,
    limits: &'a Limits,
    /// The tree of the merge.
    result: ObjectId,
    parents: &'a [ObjectId],
    sides: Vec<Differing>,
    /// The merge base of every two parents, where all share one.
    shared: Option<ObjectId>,
    bases: BTreeMap<(usize, usize), Vec<ObjectId>>,
    held: BTreeMap<ObjectId, Differing>,
    kept: Kept,
}

impl Repo {
    /// Paths that a merge of more than two parents decides itself; sorted. Some children.
    pub(super) fn own_of_many(
        &self,
        merge: &Commit,
        limits: &Limits,
    ) -> Result<Vec<RepoPath>, GitError> {
        let mut octopus = Octopus {
            repo: self,
            limits,
            result: merge.tree,
            parents: &merge.parents,
            sides: Vec::new(),
            shared: self.shared_base(&merge.parents, limits)?,
            bases: BTreeMap::new(),
            held: BTreeMap::new(),
            kept: Kept::new(limits),
        };
        for parent in &merge.parents {
            let side = octopus.differing(*parent)?;
            octopus.sides.push(side);
        }
        octopus.own()
    }

    /// The only common ancestor that matters: no two of the commits share one above it.
    fn shared_base(
        &self,
        commits: &[ObjectId],
        limits: &Limits,
    ) -> Result<Option<ObjectId>, GitError> {
        let bases = self.octopus_bases(commits)?;
        let [base] = bases.as_slice() else { return Ok(None) };
        let mut seen = HashSet::new();
        for tip in commits {
            match range::new_commits(self, *tip, &[*base], limits.new_commits) {
                Ok(above) if above.iter().all(|id| seen.insert(*id)) => {}
                Ok(_) | Err(GitError::TooManyCommits { .. }) => return Ok(None),
                Err(e) => return Err(e),
            }
        }
        Ok(Some(*base))
    }
}

impl Octopus<'_> {
    fn differing(&mut self, commit: ObjectId) -> Result<Differing, GitError> {
        let tree = tree_of(self.repo, commit)?;
        let change = between_trees(self.repo, Some(tree), Some(self.result), self.limits)?;
        self.kept.take(change.entries().iter().map(|e| &e.path))?;
        Ok(change.entries().iter().map(|e| (e.path.clone(), e.old)).collect())
    }

    fn own(&mut self) -> Result<Vec<RepoPath>, GitError> {
        let paths: BTreeSet<RepoPath> = self.sides.iter().flat_map(|s| s.keys()).cloned().collect();
        let mut own = Vec::new();
        for path in paths {
            let (others, holders): (Vec<usize>, Vec<usize>) = (0..self.parents.len())
                .partition(|i| self.sides.get(*i).is_some_and(|side| side.contains_key(&path)));
            for other in others {
                if !self.gives_way(other, &holders, &path)? {
                    own.push(path);
                    break;
                }
            }
        }
        Ok(own)
    }

    /// Whether a parent has changed nothing at a path since it and one of the holders parted.
    fn gives_way(
        &mut self,
        other: usize,
        holders: &[usize],
        path: &RepoPath,
    ) -> Result<bool, GitError> {
        let has = self.sides.get(other).and_then(|side| side.get(path)).copied().flatten();
        for holder in holders {
            let Some(bases) = self.bases(other, *holder)? else { continue };
            let mut is_unchanged = !bases.is_empty() || has.is_none();
            for base in bases {
                if !self.held.contains_key(&base) {
                    let held = self.differing(base)?;
                    self.held.insert(base, held);
                }
                let held = self.held.get(&base).and_then(|held| held.get(path));
                is_unchanged &= held == Some(&has);
            }
            if is_unchanged {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The merge bases of two parents; `None` where too many were asked for.
    fn bases(&mut self, a: usize, b: usize) -> Result<Option<Vec<ObjectId>>, GitError> {
        if let Some(base) = self.shared {
            return Ok(Some(vec![base]));
        }
        let pair = (a.min(b), a.max(b));
        if let Some(known) = self.bases.get(&pair) {
            return Ok(Some(known.clone()));
        }
        let (Some(one), Some(two)) = (self.parents.get(pair.0), self.parents.get(pair.1)) else {
            return Ok(None);
        };
        if self.bases.len() >= PAIRS {
            return Ok(None);
        }
        let found = self.repo.merge_bases(*one, *two)?;
        self.bases.insert(pair, found.clone());
        Ok(Some(found))
    }
}
