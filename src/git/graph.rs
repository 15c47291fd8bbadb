//! What several refs of one push bring, walked once.
//!
//! STRATEGY. One walk for each ref would list everything that is hidden for each of them:
//! pushed refs times existing refs. Instead all tips are walked together, by one child, and
//! what that finds is divided in process: whatever lies between a tip and one of its
//! ancestors that is not hidden is not hidden either, so the ways from a tip through the new
//! commits alone lead to all that is new for it.

use std::collections::{HashMap, HashSet};

use crate::domain::ids::ObjectId;

use super::range::{Hidden, Line, parents_first, rev_list};
use super::{GitError, Repo};

/// Bytes that a graph takes for each commit with its parent, the child's output included.
pub const COMMIT_BYTES: usize = 400;

/// The commits that some tips reach and that are not hidden.
pub struct NewGraph {
    tips: HashSet<ObjectId>,
    /// Parents first.
    commits: Vec<ObjectId>,
    place: HashMap<ObjectId, usize>,
    /// The places of a commit's parents, as far as they are in here.
    parents: Vec<Vec<usize>>,
}

impl NewGraph {
    /// Walks from these commits; `hidden` holds commits. One child.
    ///
    /// # Errors
    /// [`GitError::TooManyCommits`] past `limit`, and where the child fails.
    pub fn walk(
        repo: &Repo,
        tips: &[ObjectId],
        hidden: Hidden<'_>,
        limit: usize,
    ) -> Result<Self, GitError> {
        let listed = rev_list(repo, tips, hidden, limit)?;
        let commits = parents_first(&listed)?;
        let place: HashMap<_, _> = commits.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        let mut parents = vec![Vec::new(); commits.len()];
        for Line { id, parents: of } in listed {
            if let Some(own) = place.get(&id).and_then(|at| parents.get_mut(*at)) {
                own.extend(of.iter().filter_map(|parent| place.get(parent)));
            }
        }
        Ok(Self { tips: tips.iter().copied().collect(), commits, place, parents })
    }

    /// How many commits there are.
    #[must_use]
    pub fn size(&self) -> usize {
        self.commits.len()
    }

    /// Whether it was walked from this commit, so that [`NewGraph::of`] can tell.
    #[must_use]
    pub fn knows(&self, tip: &ObjectId) -> bool {
        self.tips.contains(tip)
    }

    /// Whether this commit is one of them.
    #[must_use]
    pub fn holds(&self, id: &ObjectId) -> bool {
        self.place.contains_key(id)
    }

    /// The commits that one of the tips reaches, parents first. No child.
    ///
    /// # Errors
    /// [`GitError::TooManyCommits`] past `limit`.
    pub fn of(&self, tip: &ObjectId, limit: usize) -> Result<Vec<ObjectId>, GitError> {
        self.besides(&HashSet::new(), tip, limit)
    }

    /// As [`NewGraph::of`], without what some earlier of the tips reach: their commits are
    /// `told`.
    ///
    /// # Errors
    /// [`GitError::TooManyCommits`] past `limit`.
    pub fn besides(
        &self,
        told: &HashSet<ObjectId>,
        tip: &ObjectId,
        limit: usize,
    ) -> Result<Vec<ObjectId>, GitError> {
        let mut reached: HashSet<usize> = HashSet::new();
        let mut open: Vec<usize> = self.place.get(tip).copied().into_iter().collect();
        while let Some(at) = open.pop() {
            if self.commits.get(at).is_none_or(|id| told.contains(id)) {
                continue;
            }
            if reached.insert(at) {
                open.extend(self.parents.get(at).into_iter().flatten());
            }
            if reached.len() > limit {
                return Err(GitError::TooManyCommits { limit });
            }
        }
        let mut places: Vec<usize> = reached.into_iter().collect();
        places.sort_unstable();
        Ok(places.iter().filter_map(|at| self.commits.get(*at)).copied().collect())
    }
}
