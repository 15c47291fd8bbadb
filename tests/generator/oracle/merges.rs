//! What a merge does of its own, and what makes it AI-assisted (G16).

use std::collections::BTreeSet;

use super::{Court, is_ancestor};
use crate::generator::objects::Oid;
use crate::generator::rules::Rule;

/// Paths that a merge decides itself; none where git makes the same of its parents.
type Own = BTreeSet<Vec<u8>>;

impl Court<'_, '_> {
    /// What a commit with several parents does of its own; `None` for any other.
    pub(super) fn own(&mut self, id: &Oid) -> Option<Own> {
        let commit = self.history.commit(self.clone, id);
        let (parents, tree) = (commit.parents.clone(), commit.tree.clone());
        match parents.as_slice() {
            [] | [_] => None,
            [ours, theirs] => Some(self.own_of_two(ours, theirs, &tree)),
            many => Some(self.own_of_many(many, &tree)),
        }
    }

    fn own_of_two(&self, ours: &Oid, theirs: &Oid, tree: &Oid) -> Own {
        let mut found = Own::new();
        for folders in ["conflict", "false"] {
            let folders = format!("merge.directoryRenames={folders}");
            let merged = self.clone.try_git(&[
                "-c",
                &folders,
                "merge-tree",
                "--write-tree",
                "-z",
                "--name-only",
                "--no-messages",
                "--allow-unrelated-histories",
                ours,
                theirs,
            ]);
            let mut fields = merged.stdout.split(|c| *c == 0);
            let result = fields.next().expect("a tree");
            let result = std::str::from_utf8(result).expect("an id").to_owned();
            if merged.code == Some(0) && result == *tree {
                return Own::new();
            }
            let conflicts = fields.take_while(|path| !path.is_empty()).map(<[u8]>::to_vec);
            if found.is_empty() {
                found = self.differs(&result, tree);
                found.extend(conflicts);
            }
        }
        if found.is_empty() { self.differs(ours, tree) } else { found }
    }

    /// Paths at which no parent holds the same, or at which a parent that holds something
    /// else has changed it since it parted from each of those that do.
    fn own_of_many(&self, parents: &[Oid], tree: &Oid) -> Own {
        let at = |id: &Oid, path: &[u8]| {
            let name = std::str::from_utf8(path).expect("text");
            self.clone.git(&["ls-tree", id, "--", name])
        };
        let paths: Own = parents.iter().flat_map(|parent| self.differs(parent, tree)).collect();
        let is_own = |path: &Vec<u8>| {
            let result = at(tree, path);
            let (holders, others): (Vec<&Oid>, Vec<&Oid>) =
                parents.iter().partition(|parent| at(parent, path) == result);
            let gives_way = |other: &&Oid| {
                holders.iter().any(|holder| {
                    let bases = self.clone.try_git(&["merge-base", "--all", other, holder]).out();
                    let has = at(other, path);
                    let unrelated = bases.is_empty() && has.is_empty();
                    let same = bases.lines().all(|base| at(&base.to_owned(), path) == has);
                    unrelated || (!bases.is_empty() && same)
                })
            };
            !others.iter().all(gives_way)
        };
        paths.into_iter().filter(is_own).collect()
    }

    fn differs(&self, one: &Oid, other: &Oid) -> Own {
        let args = ["diff-tree", "-r", "-z", "--no-renames", "--name-only", one, other];
        let listed = self.clone.try_git(&args);
        listed.stdout.split(|c| *c == 0).filter(|p| !p.is_empty()).map(<[u8]>::to_vec).collect()
    }

    /// Merges of a set that are not clean and have an AI-assisted commit of the set below
    /// them.
    pub(super) fn bringing(&mut self, merges: &[Oid], set: &[Oid]) -> Vec<Oid> {
        let assisted: Vec<Oid> = set.iter().filter(|id| self.is_ai(id)).cloned().collect();
        let mut bringing = Vec::new();
        for id in merges {
            if self.own(id).is_none_or(|own| own.is_empty()) {
                continue;
            }
            let below = |a: &Oid| a != id && is_ancestor(self.clone, a, id);
            if assisted.iter().any(below) {
                bringing.push(id.clone());
            }
        }
        bringing
    }

    /// Whether a rule wants a sign-off of a commit, paths aside.
    pub(super) fn is_asked(&mut self, rule: &Rule, id: &Oid, bringing: &[Oid]) -> bool {
        match self.own(id) {
            Some(own) if own.is_empty() && self.is_ai(id) => {
                self.note("a clean merge with a mark");
                rule.check_clean_merges || self.facts.tagged.contains(id)
            }
            Some(own) if !own.is_empty() && bringing.contains(id) => {
                self.note("a merge that is not clean brings AI");
                true
            }
            _ => self.is_ai(id),
        }
    }
}
