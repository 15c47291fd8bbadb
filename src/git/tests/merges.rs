//! Merges (G16): what git makes of the parents by itself, and what is a merge's own.

use super::*;
use crate::domain::limits::Limits;
use crate::git::OwnChange;

/// Name and content of plain files.
type Files<'a> = &'a [(&'a str, &'a str)];

fn tree(ground: &Ground, files: Files<'_>) -> ObjectId {
    let mut rows: Vec<_> = files.iter().map(|(p, c)| ("100644", *p, ground.blob(c))).collect();
    rows.sort_by_key(|(_, name, _)| *name);
    ground.tree(&rows)
}

fn commit(ground: &Ground, files: Files<'_>, parents: &[ObjectId]) -> ObjectId {
    let parents: String = parents.iter().map(|p| format!("parent {p}\n")).collect();
    let tree = tree(ground, files);
    let raw = format!("tree {tree}\n{parents}author {PERSON}\ncommitter {PERSON}\n\nm\n");
    ground.object("commit", raw.as_bytes())
}

/// The own paths of merges, in order; none for a clean one.
fn own(ground: &Ground, merges: &[ObjectId]) -> Vec<Vec<String>> {
    let repo = ground.open();
    let limits = Limits::default();
    let commits: Vec<_> = merges.iter().map(|id| repo.commit(*id, &limits).unwrap()).collect();
    let own = repo.own_changes(&commits.iter().collect::<Vec<_>>(), &limits).unwrap();
    let paths = |id| match own.get(id) {
        Some(OwnChange::Clean) => Vec::new(),
        Some(OwnChange::Paths(paths)) => {
            assert!(!paths.is_empty(), "an own change of nothing");
            paths.iter().map(ToString::to_string).collect()
        }
        Some(OwnChange::Unread(absent)) => vec![format!("?{absent}")],
        None => vec!["(no merge)".to_owned()],
    };
    merges.iter().map(paths).collect()
}

const A: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";

#[test]
fn two_sides_of_files_and_lines() {
    for format in FORMATS {
        let ground = Ground::new(format);
        let (two, eight) = (A.replace('2', "two"), A.replace('8', "eight"));
        let both = two.replace('8', "eight");
        let base = commit(&ground, &[("a", A), ("b", "b\n"), ("gone", "x\n")], &[]);
        let ours = commit(&ground, &[("a", &two), ("b", "b\n"), ("gone", "x\n")], &[base]);
        let theirs = commit(&ground, &[("a", &eight), ("b", "B\n"), ("c", "c\n")], &[base]);
        let merged = |files: Files<'_>| commit(&ground, files, &[ours, theirs]);
        let merges = [
            merged(&[("a", &both), ("b", "B\n"), ("c", "c\n")]),
            // One side's work dropped, a line added, a file kept, added, and left out.
            merged(&[("a", &two), ("b", "B\n"), ("c", "c\n")]),
            merged(&[("a", &format!("{both}evil\n")), ("b", "b\n"), ("c", "c\n")]),
            merged(&[("a", &both), ("b", "B\n"), ("c", "c\n"), ("gone", "x\n")]),
            merged(&[("a", &both), ("b", "B\n"), ("c", "c\n"), ("new", "x\n")]),
            merged(&[("a", &both), ("b", "B\n")]),
            commit(&ground, &[("a", A)], &[base]),
        ];
        let expected: [&[&str]; 7] =
            [&[], &["a"], &["a", "b"], &["gone"], &["new"], &["c"], &["(no merge)"]];
        assert_eq!(own(&ground, &merges), expected);
    }
}

#[test]
fn conflicts_are_own_however_they_end() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let base = commit(&ground, &[("a", A), ("b", "b\n")], &[]);
    let ours = commit(&ground, &[("a", &A.replace('2', "x")), ("b", "b\n")], &[base]);
    let theirs = commit(&ground, &[("a", &A.replace('2', "y")), ("b", "B\n")], &[base]);
    let mut merges = Vec::new();
    for resolved in ["x", "y", "xy", "2"] {
        let a = A.replace('2', resolved);
        merges.push(commit(&ground, &[("a", &a), ("b", "B\n")], &[ours, theirs]));
    }
    // Even the very bytes that git leaves in the file.
    let git = ["merge-tree", &ours.to_string(), &theirs.to_string()].map(str::to_owned);
    let mut command = git_in(&ground.path, &ground.root);
    command.args([&git[0], "--write-tree", &git[1], &git[2]]);
    let left = String::from_utf8(run(command, b"").1).unwrap();
    let tree = left.lines().next().unwrap();
    let raw = format!(
        "tree {tree}\nparent {ours}\nparent {theirs}\nauthor {PERSON}\ncommitter {PERSON}\n\nm\n"
    );
    merges.push(ground.object("commit", raw.as_bytes()));
    assert_eq!(own(&ground, &merges), vec![vec!["a".to_owned()]; 5]);
}

/// A file added to a folder that the other side renamed: git's default sees a conflict,
/// older gits and libgit2 leave it where it is.
#[test]
fn folders_that_were_renamed() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let folder = |name: &str, more: &[(&str, &str)]| {
        let mut rows: Vec<_> = [("one", A), ("two", "2\n"), ("three", "3\n")]
            .iter()
            .chain(more)
            .map(|(n, c)| ("100644", *n, ground.blob(c)))
            .collect();
        rows.sort_by_key(|(_, n, _)| *n);
        (name.to_owned(), ground.tree(&rows))
    };
    let root = |folders: &[(String, ObjectId)], parents: &[ObjectId]| {
        let rows: Vec<_> = folders.iter().map(|(n, id)| ("40000", n.as_str(), *id)).collect();
        let tree = ground.tree(&rows);
        let parents: String = parents.iter().map(|p| format!("parent {p}\n")).collect();
        let raw = format!("tree {tree}\n{parents}author {PERSON}\ncommitter {PERSON}\n\nm\n");
        ground.object("commit", raw.as_bytes())
    };
    let base = root(&[folder("old", &[])], &[]);
    let ours = root(&[folder("new", &[])], &[base]);
    let theirs = root(&[folder("old", &[("x", "x\n")])], &[base]);
    let new_file = [("x", ground.blob("x\n"))].map(|(n, id)| ("100644", n, id));
    let left = (String::from("old"), ground.tree(&new_file));
    let stays = root(&[folder("new", &[]), left], &[ours, theirs]);
    let moves = root(&[folder("new", &[("x", "x\n")])], &[ours, theirs]);
    let found = own(&ground, &[stays, moves]);
    assert_eq!(found[0], Vec::<String>::new());
    assert!(found[1].contains(&"new/x".to_owned()), "{found:?}");
}

#[test]
fn more_than_two_parents() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let base = commit(&ground, &[("a", "a\n"), ("b", "b\n"), ("c", "c\n")], &[]);
    let one = commit(&ground, &[("a", "A\n"), ("b", "b\n"), ("c", "c\n")], &[base]);
    let two = commit(&ground, &[("a", "a\n"), ("b", "B\n"), ("c", "c\n")], &[base]);
    let three = commit(&ground, &[("a", "x\n"), ("b", "b\n"), ("c", "c\n")], &[base]);
    let all = [one, two, three];
    let merges = [
        // Two ways for a: to take one is a decision, as is to take nobody's.
        commit(&ground, &[("a", "A\n"), ("b", "B\n"), ("c", "c\n")], &all),
        commit(&ground, &[("a", "x\n"), ("b", "B\n"), ("c", "c\n")], &all),
        commit(&ground, &[("a", "Ax\n"), ("b", "B\n"), ("c", "c\n")], &all),
        // The only change to b dropped; c changed by none of them.
        commit(&ground, &[("a", "A\n"), ("b", "b\n"), ("c", "c\n")], &all),
        commit(&ground, &[("a", "A\n"), ("b", "B\n"), ("c", "C\n")], &all),
    ];
    let expected: [&[&str]; 5] = [&["a"], &["a"], &["a"], &["a", "b"], &["a", "c"]];
    assert_eq!(own(&ground, &merges), expected);
    // One way for each.
    let four = commit(&ground, &[("a", "a\n"), ("b", "b\n"), ("c", "C\n")], &[base]);
    let clean = commit(&ground, &[("a", "A\n"), ("b", "B\n"), ("c", "C\n")], &[one, two, four]);
    // A parent that no other shares a past with is no reason to drop anything.
    let root = commit(&ground, &[("r", "r\n")], &[]);
    let all = [("a", "A\n"), ("b", "B\n"), ("c", "c\n"), ("r", "r\n")];
    let with_root = commit(&ground, &all, &[one, two, root]);
    let undone = commit(&ground, &[("a", "a\n"), ("b", "b\n"), ("c", "c\n")], &[one, base, root]);
    let emptied = commit(&ground, &[("r", "r\n")], &[one, base, root]);
    // Nor is one that goes back behind the others.
    let back = commit(&ground, &[("a", "a\n"), ("b", "B\n"), ("c", "c\n")], &[one, base, two]);
    let merges = [clean, with_root, undone, emptied, back];
    let expected: [&[&str]; 5] = [&[], &[], &["a", "r"], &["a", "b", "c"], &["a"]];
    assert_eq!(own(&ground, &merges), expected);
}

#[test]
fn roots_that_share_no_past() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let one = commit(&ground, &[("a", "a\n"), ("both", "1\n")], &[]);
    let two = commit(&ground, &[("b", "b\n"), ("both", "2\n")], &[]);
    let merges = [
        commit(&ground, &[("a", "a\n"), ("b", "b\n"), ("both", "1\n")], &[one, two]),
        commit(
            &ground,
            &[("a", "a\n"), ("both", "1\n")],
            &[one, commit(&ground, &[("z", "z\n")], &[])],
        ),
    ];
    assert_eq!(own(&ground, &merges), [vec!["both"], vec!["z"]]);
}

/// What an automatic merge writes goes nowhere near the repository, and a merge of many asks
/// git once.
#[test]
fn nothing_is_written_and_one_child_asked() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let base = commit(&ground, &[("a", A)], &[]);
    let ours = commit(&ground, &[("a", &A.replace('2', "x"))], &[base]);
    let theirs = commit(&ground, &[("a", &A.replace('8', "y"))], &[base]);
    let merged = A.replace('2', "x").replace('8', "y");
    let merges: Vec<_> = (0..50)
        .map(|n| commit(&ground, &[("a", &merged), ("n", &format!("{n}"))], &[ours, theirs]))
        .collect();
    let count = || ground.git(&["count-objects"]);
    let before = count();
    let started = STARTED.get();
    let found = own(&ground, &merges);
    assert_eq!(found, vec![vec!["n".to_owned()]; 50]);
    assert_eq!(STARTED.get() - started, 2);
    assert_eq!(count(), before);
}
