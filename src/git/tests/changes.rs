//! Changes against `git diff-tree`, and the trees that are made to break a diff.

use super::*;
use crate::domain::change::{Change, Entry, Side};
use crate::domain::digest::change_digest;
use crate::domain::escape::escape;
use crate::domain::ids::RepoPath;
use crate::domain::limits::Limits;
use crate::git::GitError;
use crate::git::change::{CommitChange, between_trees, of_commit};
use crate::git::diff::{diff_text, of_repo};

/// What `git diff-tree` says of a commit with one parent or none.
fn by_git(ground: &Ground, commit: ObjectId) -> Change {
    let out = ground.git_with(
        &[
            "diff-tree",
            "-r",
            "--raw",
            "--no-renames",
            "--root",
            "--no-commit-id",
            "--no-abbrev",
            "-z",
            &commit.to_string(),
        ],
        b"",
    );
    let mut fields = out.split(|c| *c == 0);
    let mut entries = Vec::new();
    while let Some(meta) = fields.next().filter(|f| !f.is_empty()) {
        let meta = std::str::from_utf8(meta).unwrap().strip_prefix(':').unwrap();
        let parts: Vec<&str> = meta.split(' ').collect();
        let side = |mode: &str, id: &str| {
            let id = ObjectId::from_hex(id.as_bytes()).unwrap();
            let mode = u32::from_str_radix(mode, 8).unwrap();
            (mode != 0).then_some(Side { mode, id })
        };
        entries.push(Entry {
            path: RepoPath::new(fields.next().unwrap()),
            old: side(parts[0], parts[2]),
            new: side(parts[1], parts[3]),
        });
    }
    Change::new(ground.format, entries)
}

fn change_of(ground: &Ground, id: ObjectId, limits: &Limits) -> Result<CommitChange, GitError> {
    let repo = ground.open();
    of_commit(&repo, &repo.commit(id, limits).unwrap(), limits)
}

/// A random tree whose names are prefixes of each other, where kinds change under a name.
fn random_tree(ground: &Ground, random: &mut Random, depth: usize) -> ObjectId {
    let names = ["a", "a-b", "a.b", "a0", "ab", "B", "b", "c\n\"", "\u{fc}", "a b", "z"];
    let mut entries: Vec<(&str, &str, ObjectId)> = Vec::new();
    for name in names {
        let blob = ground.blob(format!("content {}\n", random.below(3)));
        match random.below(if depth < 3 { 9 } else { 6 }) {
            0 | 1 => {}
            2 => entries.push(("120000", name, blob)),
            3 => entries.push(("100755", name, blob)),
            4 if random.below(3) == 0 => entries.push(("160000", name, blob)),
            4 | 5 => entries.push(("100644", name, blob)),
            _ => entries.push(("40000", name, random_tree(ground, random, depth + 1))),
        }
    }
    let key = |e: &(&str, &str, ObjectId)| {
        let slash = if e.0 == "40000" { "/" } else { "" };
        format!("{}{slash}", e.1).into_bytes()
    };
    entries.sort_by_key(key);
    ground.tree(&entries)
}

#[test]
fn random_histories_change_what_git_says_they_change() {
    for (seed, format) in [(11, ObjectFormat::Sha1), (12, ObjectFormat::Sha256)] {
        let ground = Ground::new(format);
        let mut random = Random(seed);
        let mut parent = vec![];
        let mut entries = 0;
        for n in 0..12 {
            let tree = random_tree(&ground, &mut random, 0);
            let commit = ground.commit(tree, &parent, &format!("{n}\n"));
            let expected = by_git(&ground, commit);
            entries += expected.entries().len();
            let change = change_of(&ground, commit, &Limits::default()).unwrap();
            assert_eq!(change.change(), Some(&expected), "seed {seed}, commit {n}");
            parent = vec![commit];
        }
        assert!(entries > 300, "{entries}");
    }
}

/// Computed apart from this program, from the format's description.
#[test]
fn digests_stay_what_they_were() {
    let digest = |format| {
        let ground = Ground::new(format);
        let blob = |n: &str| ground.blob(n);
        let old = ground.nested(&[("100644", "a", blob("1")), ("100644", "d/x", blob("2"))]);
        let new = ground.nested(&[
            ("100755", "a", blob("1")),
            ("120000", "d/link", blob("a")),
            ("100644", "d/x", blob("3")),
        ]);
        let repo = ground.open();
        let change = between_trees(&repo, Some(old), Some(new), &Limits::default()).unwrap();
        change_digest(&change).unwrap().to_string()
    };
    assert_eq!(
        [digest(ObjectFormat::Sha1), digest(ObjectFormat::Sha256)],
        [
            "29523e9cf3ae14b4d06c2f9b30dd0f76b7c50745dccebfa8d02bdc99da3c8a48",
            "ed6c803e0470d7a163cadd1db70b2eb1f7e77e89413b6c106cea439fc2b9db82",
        ]
    );
}

#[test]
fn merges_and_empty_changes_have_none() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let tree = ground.files(&[("a", "1")]);
    let root = ground.commit(tree, &[], "Root\n");
    let side = ground.commit(tree, &[], "Side\n");
    let empty = ground.commit(tree, &[root], "Empty\n");
    let merge = ground.commit(tree, &[root, side], "Merge\n");
    let bare = ground.commit(ground.tree(&[]), &[], "Nothing\n");
    // An empty folder is no path.
    let folder =
        ground.tree(&[("100644", "a", ground.blob("1")), ("40000", "b", ground.tree(&[]))]);
    let hollow = ground.commit(folder, &[root], "Hollow\n");
    let change = |id| change_of(&ground, id, &Limits::default()).unwrap();
    assert!(matches!(change(root), CommitChange::Change(_)));
    assert_eq!(change(merge), CommitChange::Merge);
    for id in [empty, bare, hollow] {
        assert_eq!(change(id), CommitChange::Empty);
    }
}

#[test]
fn modes_stand_as_the_tree_has_them() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let blob = ground.blob("x");
    let old = ground.tree(&[("100664", "a", blob), ("100644", "b", blob)]);
    let new = ground.tree(&[("100644", "a", blob), ("0100644", "b", blob)]);
    let repo = ground.open();
    let change = between_trees(&repo, Some(old), Some(new), &Limits::default()).unwrap();
    let modes: Vec<_> =
        change.entries().iter().map(|e| (e.old.unwrap().mode, e.new.unwrap().mode)).collect();
    assert_eq!(modes, [(0o100_664, 0o100_644)]);
}

#[test]
fn a_tree_that_programs_read_differently_is_malformed() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let b = ground.blob("x");
    let empty = ground.tree(&[]);
    let good: &[&[(&str, &str, ObjectId)]] = &[
        &[("100644", "a", b), ("100644", "a.b", b), ("40000", "a0", empty)],
        &[("100644", "a", b), ("100644", "a-b", b), ("40000", "a-c", empty)],
        &[("100644", "a.b", b), ("40000", "a", empty), ("100644", "a0", b)],
    ];
    let bad: &[&[(&str, &str, ObjectId)]] = &[
        &[("100644", "a", b), ("100644", "a", b)],
        &[("100644", "a", b), ("100755", "a", b)],
        &[("100644", "a", b), ("40000", "a", empty)],
        &[("100644", "a", b), ("100644", "a.b", b), ("40000", "a", empty)],
        &[("160000", "a", b), ("100644", "a-", b), ("100644", "a.b", b), ("40000", "a", empty)],
        &[("40000", "a", empty), ("40000", "a", empty)],
        &[("100644", "b", b), ("100644", "a", b)],
        &[("40000", "a", empty), ("100644", "a.b", b)],
        &[("100644", "", b)],
        &[("100644", ".", b)],
        &[("40000", "..", empty)],
        &[("40000", ".git", empty)],
        &[("40000", ".GIT", empty)],
        &[("100644", "a/b", b)],
        &[("644", "a", b)],
        &[("0", "a", b)],
        &[("", "a", b)],
        &[("140000", "a", b)],
        &[("10064x", "a", b)],
        &[("100000644", "a", b)],
    ];
    let repo = ground.open();
    let read = |raw: &[u8]| {
        let tree = ground.object("tree", raw);
        between_trees(&repo, None, Some(tree), &Limits::default())
    };
    for entries in good {
        assert!(read(&tree_bytes(entries)).is_ok(), "{entries:?}");
    }
    for entries in bad {
        let change = read(&tree_bytes(entries));
        assert!(matches!(change, Err(GitError::Malformed { .. })), "{entries:?}: {change:?}");
    }
    let whole = tree_bytes(&[("100644", "a", b), ("100644", "b", b)]);
    for cut in (1..whole.len()).filter(|cut| *cut != whole.len() / 2) {
        assert!(matches!(read(&whole[..cut]), Err(GitError::Malformed { .. })), "{cut}");
    }
}

fn passes(got: &Result<impl Sized, GitError>, key: &str, limit: usize) -> bool {
    matches!(got, Err(GitError::Limit(p)) if p.key == key && p.limit == limit)
}

#[test]
fn changed_paths_have_a_limit() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let files: Vec<String> = (0..40).map(|n| format!("d{}/f{n}", n % 7)).collect();
    let rows: Vec<(&str, &str)> = files.iter().map(|f| (f.as_str(), "x")).collect();
    let root = ground.commit(ground.files(&rows), &[], "Root\n");
    let limits = |changed_paths| Limits { changed_paths, ..Limits::default() };
    assert!(change_of(&ground, root, &limits(40)).is_ok());
    let over = change_of(&ground, root, &limits(39));
    assert!(passes(&over, "changed_paths", 39), "{over:?}");
}

#[test]
fn a_path_of_twenty_thousand_levels_stops_at_its_limit() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let mut tree = ground.tree(&[("100644", "f", ground.blob("x"))]);
    let mut shallow = tree;
    for level in 2..=20_000 {
        tree = ground.tree(&[("40000", "d", tree)]);
        if level == 1_000 {
            shallow = tree;
        }
    }
    let deep = ground.commit(tree, &[], "Deep\n");
    let fits = ground.commit(shallow, &[], "Fits\n");
    assert!(change_of(&ground, fits, &Limits::default()).is_ok());
    let over = change_of(&ground, deep, &Limits::default());
    assert!(passes(&over, "path_levels", 1_000), "{over:?}");
    // Even where the limit lets it, nothing recurses.
    let limits = Limits { path_levels: 30_000, ..Limits::default() };
    let bounded = change_of(&ground, deep, &limits);
    assert!(bounded.is_ok() || passes(&bounded, "push_bytes", 256 << 20), "{bounded:?}");
}

#[test]
fn a_few_trees_that_name_each_other_many_times_stop_too() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let names: Vec<String> = (0..10).map(|n| n.to_string()).collect();
    for leaf in [ground.tree(&[("100644", "f", ground.blob("x"))]), ground.tree(&[])] {
        let mut tree = leaf;
        for _ in 0..12 {
            let entries: Vec<_> = names.iter().map(|n| ("40000", n.as_str(), tree)).collect();
            tree = ground.tree(&entries);
        }
        let bomb = ground.commit(tree, &[], "Bomb\n");
        let change = change_of(&ground, bomb, &Limits::default());
        assert!(passes(&change, "changed_paths", 50_000), "{change:?}");
    }
}

#[test]
fn long_names_under_a_long_prefix_do_not_fill_the_memory() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let blob = ground.blob("x");
    let names: Vec<String> = (0..1_000).map(|n| format!("{n:04}")).collect();
    let files: Vec<_> = names.iter().map(|n| ("100644", n.as_str(), blob)).collect();
    let long = "x".repeat(1 << 20);
    let tree = ground.tree(&[("40000", &long, ground.tree(&files))]);
    let bomb = ground.commit(tree, &[], "Bomb\n");
    let change = change_of(&ground, bomb, &Limits::default());
    assert!(passes(&change, "push_bytes", 256 << 20), "{change:?}");
}

#[test]
fn a_missing_or_false_tree_is_no_empty_one() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let absent = ObjectId::from_raw(&[5; 20]).unwrap();
    let hole = ground.tree(&[("40000", "d", absent)]);
    let false_folder = ground.tree(&[("40000", "d", ground.blob("x"))]);
    let repo = ground.open();
    let of = |tree| between_trees(&repo, None, Some(tree), &Limits::default());
    assert!(matches!(of(hole), Err(GitError::Missing { id }) if id == absent));
    assert!(matches!(of(false_folder), Err(GitError::WrongKind { .. })));
    let orphan = ground.commit(hole, &[absent], "Orphan\n");
    let change = change_of(&ground, orphan, &Limits::default());
    assert!(matches!(change, Err(GitError::Missing { .. })));
}

#[test]
fn the_text_shows_every_entry() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let blob = |bytes: &str| ground.blob(bytes);
    let old = ground.nested(&[
        ("100644", "gone", blob("bye\n")),
        ("100644", "mode", blob("same\n")),
        ("100644", "odd", blob("\u{1}\u{2}\u{3}\u{4}\u{5}\n")),
        ("100644", "text", blob("1\n2\n3\n")),
        ("100644", "zero", blob("a\0b")),
    ]);
    let new = ground.nested(&[
        ("100644", "added", blob("no newline")),
        ("100755", "mode", blob("same\n")),
        ("160000", "module", blob("x")),
        ("100644", "odd", blob("\u{1}\u{2}\u{3}\u{4}\u{6}\n")),
        ("100644", "text", blob("1\ntwo\n3\n")),
        ("100644", "zero", blob("a\0c")),
    ]);
    let repo = ground.open();
    let limits = Limits::default();
    let change = between_trees(&repo, Some(old), Some(new), &limits).unwrap();
    let shown = diff_text(&change, 100_000, &|id| of_repo(&repo, id, &limits)).unwrap();
    assert!(!shown.is_cut);
    let lines: Vec<_> = shown.text.split(|c| *c == b'\n').map(escape).collect();
    insta::assert_snapshot!(lines.join("\n"));
    let cut = diff_text(&change, 100, &|id| of_repo(&repo, id, &limits)).unwrap();
    assert_eq!((cut.text.as_slice(), cut.is_cut), (&shown.text[..100], true));
    let small = Limits { merge_blob_bytes: 3, ..limits };
    assert!(diff_text(&change, 100_000, &|id| of_repo(&repo, id, &small)).unwrap().is_cut);
}
