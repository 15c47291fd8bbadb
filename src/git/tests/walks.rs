//! Walks against a walk by hand, and against everything that could bend them.

use std::collections::{BTreeSet, HashMap};

use super::*;
use crate::git::GitError;
use crate::git::environment::HookEnv;
use crate::git::graph::NewGraph;
use crate::git::range::{Hidden, new_commits, new_for_any_ref, ref_change};

/// A history of `n` commits with random parents and random dates.
struct History {
    ground: Ground,
    commits: Vec<ObjectId>,
    parents: HashMap<ObjectId, Vec<ObjectId>>,
}

impl History {
    fn random(format: ObjectFormat, seed: u64, n: usize, dates: usize) -> Self {
        let ground = Ground::new(format);
        let mut random = Random(seed);
        let tree = ground.tree(&[]);
        let (mut commits, mut parents): (Vec<ObjectId>, HashMap<_, _>) = Default::default();
        for at in 0..n {
            let mut own = BTreeSet::new();
            for _ in 0..[0, 1, 1, 1, 1, 2, 2, 3][random.below(8)].min(at) {
                own.insert(commits[at - 1 - random.below(at.min(6))]);
            }
            let own: Vec<_> = own.into_iter().collect();
            // With few dates to draw from, most commits are as old as their children; with
            // many, histories are skewed.
            let time = 1_700_000_000 + i64::try_from(at / 4 + random.below(dates)).unwrap();
            let raw = commit_bytes(tree, &own, time, &format!("Number {at}\n"));
            let id = ground.object("commit", &raw);
            commits.push(id);
            parents.insert(id, own);
        }
        Self { ground, commits, parents }
    }

    fn reach(&self, tips: &[ObjectId]) -> BTreeSet<ObjectId> {
        let mut seen = BTreeSet::new();
        let mut stack = tips.to_vec();
        while let Some(id) = stack.pop() {
            if seen.insert(id) {
                stack.extend(&self.parents[&id]);
            }
        }
        seen
    }

    fn check_order(&self, commits: &[ObjectId]) {
        let mut done = BTreeSet::new();
        let all: BTreeSet<_> = commits.iter().copied().collect();
        assert_eq!(all.len(), commits.len());
        for id in commits {
            assert!(self.parents[id].iter().all(|p| !all.contains(p) || done.contains(p)));
            done.insert(*id);
        }
    }
}

/// What one walk finds for all tips, divided, is what is new for each; forged dates may make
/// it more, never less.
#[test]
fn walked_together_is_walked_apart() {
    let rows = [(5, ObjectFormat::Sha1, 1), (6, ObjectFormat::Sha256, 1)];
    for (seed, format, dates) in rows.into_iter().chain([(7, ObjectFormat::Sha1, 1_000)]) {
        let history = History::random(format, seed, 60, dates);
        let repo = history.ground.open();
        let mut random = Random(seed + 100);
        for _ in 0..40 {
            let mut some = |n: usize, among: usize| -> Vec<_> {
                (0..n).map(|_| history.commits[59 - random.below(among)]).collect()
            };
            let (tips, hidden) = (some(4, 30), some(3, 60));
            let walk = || NewGraph::walk(&repo, &tips, Hidden::Commits(&hidden), 100).unwrap();
            let (graph, started) = children(walk);
            assert_eq!(started, 1);
            for tip in &tips {
                let all = history.reach(&[*tip]);
                let new: BTreeSet<_> = all.difference(&history.reach(&hidden)).copied().collect();
                let together = graph.of(tip, 100).unwrap();
                history.check_order(&together);
                assert!(graph.knows(tip) && new.iter().all(|id| graph.holds(id)));
                let found: BTreeSet<_> = together.iter().copied().collect();
                assert!(found == new || (dates > 1 && found.is_superset(&new)));
                if let Some(less) = together.len().checked_sub(1) {
                    let over = graph.of(tip, less);
                    assert!(
                        matches!(over, Err(GitError::TooManyCommits { limit }) if limit == less)
                    );
                }
            }
            if let Some(less) = graph.size().checked_sub(1) {
                let over = NewGraph::walk(&repo, &tips, Hidden::Commits(&hidden), less);
                assert!(matches!(over, Err(GitError::TooManyCommits { limit }) if limit == less));
            }
            assert!(!graph.knows(&history.commits[0]));
        }
    }
}

#[test]
fn random_histories_give_exactly_what_is_new() {
    for (seed, format) in [(1, ObjectFormat::Sha1), (2, ObjectFormat::Sha256)] {
        let history = History::random(format, seed, 60, 1);
        let repo = history.ground.open();
        let mut random = Random(seed + 100);
        for _ in 0..60 {
            let tip = history.commits[59 - random.below(20)];
            let hidden: Vec<_> =
                (0..random.below(4)).map(|_| history.commits[random.below(60)]).collect();
            let old = history.reach(&hidden);
            let new: BTreeSet<_> = history.reach(&[tip]).difference(&old).copied().collect();
            let walked = new_commits(&repo, tip, &hidden, 100).unwrap();
            history.check_order(&walked);
            assert_eq!(walked.into_iter().collect::<BTreeSet<_>>(), new);
        }
    }
}

#[test]
fn forged_dates_never_hide_a_new_commit() {
    let history = History::random(ObjectFormat::Sha1, 7, 80, 1_000);
    let repo = history.ground.open();
    let mut random = Random(8);
    for _ in 0..80 {
        let tip = history.commits[random.below(80)];
        let hidden = history.commits[random.below(80)];
        let old = history.reach(&[hidden]);
        let walked: BTreeSet<_> =
            new_commits(&repo, tip, &[hidden], 100).unwrap().into_iter().collect();
        assert!(history.reach(&[tip]).difference(&old).all(|id| walked.contains(id)));
    }
}

#[test]
fn an_update_is_a_fast_forward_exactly_if_the_old_tip_is_an_ancestor() {
    let history = History::random(ObjectFormat::Sha1, 3, 50, 1);
    let repo = history.ground.open();
    let mut random = Random(4);
    let mut seen = BTreeSet::new();
    for _ in 0..80 {
        let (old, new) = (history.commits[random.below(50)], history.commits[random.below(50)]);
        let change = ref_change(&repo, old, new, 100).unwrap();
        let ancestors = history.reach(&[new]);
        assert_eq!(change.fast_forward, ancestors.contains(&old));
        let expected: BTreeSet<_> = ancestors.difference(&history.reach(&[old])).copied().collect();
        assert_eq!(change.commits.into_iter().collect::<BTreeSet<_>>(), expected);
        seen.insert(change.fast_forward);
    }
    assert_eq!(seen.len(), 2);
}

/// `main` with two commits, a branch and a merge of it.
struct Merged {
    ground: Ground,
    root: ObjectId,
    main: ObjectId,
    side: ObjectId,
    merge: ObjectId,
}

fn merged() -> Merged {
    let ground = Ground::new(ObjectFormat::Sha1);
    let tree = ground.tree(&[]);
    let root = ground.commit(tree, &[], "Root\n");
    let main = ground.commit(tree, &[root], "Main\n");
    let side = ground.commit(tree, &[root], "Side\n");
    let merge = ground.commit(tree, &[main, side], "Merge\n");
    Merged { ground, root, main, side, merge }
}

#[test]
fn a_plain_push_starts_no_child_and_a_merge_one() {
    let Merged { ground, root, main, side, merge } = merged();
    let repo = ground.open();
    let (plain, n) = children(|| ref_change(&repo, root, main, 10).unwrap());
    assert_eq!((plain.commits, plain.fast_forward, n), (vec![main], true, 0));
    let (same, n) = children(|| ref_change(&repo, main, main, 10).unwrap());
    assert_eq!((same.commits, same.fast_forward, n), (vec![], true, 0));
    let (walked, n) = children(|| ref_change(&repo, main, merge, 10).unwrap());
    assert_eq!((walked.commits, walked.fast_forward, n), (vec![side, merge], true, 1));
    let (rewind, n) = children(|| ref_change(&repo, main, root, 10).unwrap());
    assert_eq!((rewind.commits, rewind.fast_forward, n), (vec![], false, 1));
    let (other, n) = children(|| ref_change(&repo, side, main, 10).unwrap());
    assert_eq!((other.commits, other.fast_forward, n), (vec![main], false, 1));
    let (new, n) = children(|| new_commits(&repo, merge, &[main, side], 10).unwrap());
    assert_eq!((new, n), (vec![merge], 1));
}

#[test]
fn of_two_hidden_commits_on_one_line_the_nearer_counts() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let tree = ground.tree(&[]);
    let mut line = vec![ground.commit(tree, &[], "0\n")];
    for n in 1..6 {
        line.push(ground.commit(tree, &[line[n - 1]], &format!("{n}\n")));
    }
    let repo = ground.open();
    for a in 0..6 {
        for b in 0..6 {
            let new = new_commits(&repo, line[5], &[line[a], line[b]], 9).unwrap();
            assert_eq!(new, line[a.max(b) + 1..]);
        }
    }
}

#[test]
fn a_walk_has_a_limit() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let tree = ground.tree(&[]);
    let mut line = vec![ground.commit(tree, &[], "0\n")];
    for n in 1..1_200 {
        line.push(ground.commit(tree, &[line[n - 1]], &format!("{n}\n")));
    }
    let repo = ground.open();
    for (from, limit, fits) in
        [(1_189, 10, true), (1_189, 9, false), (0, 1_199, true), (0, 1_198, false)]
    {
        let (old, new) = (line[from], line[1_199]);
        let walked = new_commits(&repo, new, &[old], limit);
        match walked {
            Ok(walked) => assert!(fits && walked == line[from + 1..]),
            Err(GitError::TooManyCommits { limit: l }) => assert!(!fits && l == limit),
            Err(e) => panic!("{e}"),
        }
        assert_eq!(ref_change(&repo, old, new, limit).is_ok(), fits);
    }
    assert_eq!(new_commits(&repo, line[1_199], &[], 1_200).unwrap(), line);
}

#[test]
fn hidden_ids_may_be_tags_and_must_be_there() {
    let Merged { ground, root, main, merge, .. } = merged();
    ground.git(&["tag", "-a", "-m", "t", "v1", &main.to_string()]);
    ground.git(&["tag", "-a", "-m", "t", "v2", "v1"]);
    let tag = hex(ground.git(&["rev-parse", "v2"]).as_bytes());
    let blob = ground.blob("nothing to hide");
    let repo = ground.open();
    assert_eq!(new_commits(&repo, merge, &[tag, blob], 9).unwrap().len(), 2);
    assert_eq!(new_commits(&repo, tag, &[root], 9).unwrap(), [main]);
    let absent = ObjectId::from_raw(&[7; 20]).unwrap();
    for (tip, hidden) in [(merge, absent), (absent, root), (merge, ObjectId::zero(ground.format))] {
        let walked = new_commits(&repo, tip, &[hidden], 9);
        assert!(matches!(walked, Err(GitError::Missing { .. })), "{walked:?}");
    }
    let wrong = new_commits(&repo, blob, &[root], 9);
    assert!(matches!(wrong, Err(GitError::WrongKind { .. })));
}

#[test]
fn replace_refs_grafts_shallow_lists_and_commit_graphs_change_nothing() {
    let Merged { ground, root, main, side, merge } = merged();
    ground.point("refs/heads/main", merge);
    ground.git(&["commit-graph", "write", "--reachable"]);
    // Each of these makes plain git hide `side`.
    let forged = ground.commit(ground.tree(&[]), &[main], "Merge\n");
    ground.git(&["update-ref", &format!("refs/replace/{merge}"), &forged.to_string()]);
    std::fs::create_dir_all(ground.path.join("info")).unwrap();
    std::fs::write(ground.path.join("info/grafts"), format!("{merge} {main}\n")).unwrap();
    let listed = ground.git(&["rev-list", &format!("{main}..{merge}")]);
    assert!(!listed.contains(&side.to_string()), "plain git is expected to be fooled");
    let all = || {
        let repo = ground.open();
        let new = new_commits(&repo, merge, &[main], 9).unwrap();
        let change = ref_change(&repo, root, merge, 9).unwrap();
        (new, change.commits.len(), repo.merge_bases(main, side).unwrap())
    };
    assert_eq!(all(), (vec![side, merge], 3, vec![root]));
    std::fs::write(ground.path.join("shallow"), format!("{merge}\n{side}\n")).unwrap();
    assert!(ground.open().is_shallow());
    assert_eq!(all(), (vec![side, merge], 3, vec![root]));
}

#[test]
fn a_missing_parent_is_named() {
    let Merged { ground, root, main, .. } = merged();
    let absent = ObjectId::from_raw(&[9; 20]).unwrap();
    let tree = ground.tree(&[]);
    let orphan = ground.commit(tree, &[absent], "Orphan\n");
    let tip = ground.commit(tree, &[orphan], "Tip\n");
    let merge = ground.commit(tree, &[main, tip], "Merge\n");
    // A client's shallow list makes git itself content with it.
    std::fs::write(ground.path.join("shallow"), format!("{orphan}\n")).unwrap();
    let repo = ground.open();
    for (tip, hidden) in [(tip, vec![main]), (merge, vec![main]), (merge, vec![])] {
        let walked = new_commits(&repo, tip, &hidden, 9);
        let Err(GitError::MissingParent { commit, parent, .. }) = walked else {
            panic!("{walked:?}");
        };
        assert_eq!((commit, parent), (orphan, absent));
    }
    assert_eq!(new_commits(&repo, main, &[root], 9).unwrap(), [main]);
}

#[test]
fn on_an_ungated_ref_every_ref_hides() {
    let Merged { ground, root, main, side, merge } = merged();
    ground.point("refs/heads/main", main);
    ground.point("refs/heads/topic", root);
    let dir = ground.path.join("objects/incoming-x");
    std::fs::create_dir(&dir).unwrap();
    let tree = ground.tree(&[]);
    let own = |parent, message: &str| {
        write_object(&dir, ground.format, "commit", &commit_bytes(tree, &[parent], 3, message))
    };
    let (plain, on_main) = (own(root, "Plain\n"), own(main, "On main\n"));
    let env = HookEnv { object_directory: os(&dir), ..HookEnv::default() };
    let repo = Repo::open_in_hook(&ground.path, &env).unwrap();
    let walk = |tip, old| children(|| new_for_any_ref(&repo, tip, old, 9).unwrap());
    assert_eq!(walk(plain, Some(root)), (vec![plain], 0));
    // A new branch, and one that takes up another's commits: git has to look at the refs.
    assert_eq!(walk(plain, None), (vec![plain], 1));
    assert_eq!(walk(on_main, Some(root)), (vec![on_main], 1));
    // What was there and no ref leads to any more is new again.
    assert_eq!(walk(side, Some(root)), (vec![side], 1));
    assert_eq!(walk(merge, Some(main)), (vec![side, merge], 1));
}

#[test]
fn merge_bases_are_all_found() {
    let ground = Ground::new(ObjectFormat::Sha256);
    let tree = ground.tree(&[]);
    let root = ground.commit(tree, &[], "Root\n");
    let a = ground.commit(tree, &[root], "A\n");
    let b = ground.commit(tree, &[root], "B\n");
    let ab = ground.commit(tree, &[a, b], "AB\n");
    let ba = ground.commit(tree, &[b, a], "BA\n");
    let island = ground.commit(tree, &[], "Island\n");
    let repo = ground.open();
    let mut both = vec![a, b];
    both.sort_unstable();
    assert_eq!(repo.merge_bases(ab, ba).unwrap(), both);
    assert_eq!(repo.merge_bases(a, b).unwrap(), [root]);
    assert_eq!(repo.merge_bases(a, island).unwrap(), []);
    let absent = repo.merge_bases(a, ObjectId::zero(ground.format));
    assert!(matches!(absent, Err(GitError::Missing { .. })));
}

#[test]
fn many_hidden_tips_go_through_standard_input() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let tree = ground.tree(&[]);
    let root = ground.commit(tree, &[], "Root\n");
    let hidden: Vec<_> =
        (0..2_000).map(|n| ground.commit(tree, &[root], &format!("{n}\n"))).collect();
    let tip = ground.commit(tree, &hidden[..2], "Tip\n");
    let repo = ground.open();
    assert_eq!(new_commits(&repo, tip, &hidden, 9).unwrap(), [tip]);
}
