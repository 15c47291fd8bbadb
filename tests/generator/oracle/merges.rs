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

    /// What no parent has, and where all that changed a path changed it alike, what is not
    /// that.
    fn own_of_many(&self, parents: &[Oid], tree: &Oid) -> Own {
        let mut sides = parents.iter().map(|parent| self.differs(parent, tree));
        let first = sides.next().expect("parents");
        let mut own = sides.fold(first, |all, side| all.intersection(&side).cloned().collect());
        let mut args = vec!["merge-base", "--all", "--octopus"];
        args.extend(parents.iter().map(String::as_str));
        let bases = self.clone.try_git(&args).out();
        let [base] = bases.lines().collect::<Vec<_>>()[..] else { return own };
        let base = base.to_owned();
        let changed: BTreeSet<Vec<u8>> =
            parents.iter().flat_map(|parent| self.differs(&base, parent)).collect();
        for path in changed {
            let at = |id: &Oid| {
                let name = std::str::from_utf8(&path).expect("text");
                self.clone.git(&["ls-tree", id, "--", name])
            };
            let before = at(&base);
            let ways: BTreeSet<String> =
                parents.iter().map(at).filter(|side| *side != before).collect();
            if ways.len() == 1 && !ways.contains(&at(tree)) {
                own.insert(path);
            }
        }
        own
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
