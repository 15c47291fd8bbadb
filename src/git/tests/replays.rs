//! Replay (G10): what is a clean rebase of a signed change, and what only looks like one.

use super::*;
use crate::domain::change::Change;
use crate::domain::limits::Limits;
use crate::git::change::between_trees;
use crate::git::replay::{Replay, merged, replays};

/// (mode, name, content) of a file; a gitlink names the blob as its commit.
type File<'a> = (&'a str, &'a str, &'a str);

fn tree(ground: &Ground, files: &[File<'_>]) -> ObjectId {
    let mut rows: Vec<_> = files.iter().map(|(mode, p, c)| (*mode, *p, ground.blob(c))).collect();
    rows.sort_by_key(|(_, name, _)| *name);
    ground.tree(&rows)
}

struct Case<'g> {
    ground: &'g Ground,
    signed: Change,
    pushed: Change,
}

impl<'g> Case<'g> {
    /// `base` to `signed` was signed; `parent` to `pushed` is pushed.
    fn new(ground: &'g Ground, [base, signed, parent, pushed]: [&[File]; 4]) -> Self {
        let repo = ground.open();
        let between = |old, new| {
            let (old, new) = (tree(ground, old), tree(ground, new));
            between_trees(&repo, Some(old), Some(new), &Limits::default()).unwrap()
        };
        let (signed, pushed) = (between(base, signed), between(parent, pushed));
        Self { ground, signed, pushed }
    }

    fn judge(&self) -> Replay {
        replays(&self.ground.open(), &self.signed, &self.pushed, &Limits::default())
    }
}

fn text(content: &str) -> Vec<File<'_>> {
    vec![("100644", "f", content)]
}

/// One text file; `Ok` where it is clean, else the reason.
fn file(base: &str, signed: &str, parent: &str, pushed: &str) -> Result<(), String> {
    let ground = Ground::new(ObjectFormat::Sha1);
    let sides = [&text(base)[..], &text(signed), &text(parent), &text(pushed)];
    match Case::new(&ground, sides).judge() {
        Replay::Clean => Ok(()),
        Replay::Stale(reason) => Err(reason),
    }
}

const BASE: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";

#[test]
fn text_that_moved_on_is_merged() {
    let signed = BASE.replace('8', "eight");
    let parent = BASE.replace('2', "two");
    let both = parent.replace('8', "eight");
    type Row<'a> = (&'a str, &'a str, &'a str, &'a str, Result<(), &'a str>);
    let rows: &[Row] = &[
        (BASE, &signed, BASE, &signed, Ok(())),
        (BASE, &signed, &parent, &both, Ok(())),
        // Something slipped in during the rebase, or part of it was lost.
        (BASE, &signed, &parent, &both.replace('5', "five"), Err("is not the clean merge")),
        (BASE, &signed, &parent, &parent, Err("was signed and does not change")),
        (BASE, &signed, &parent, &both.replace("two", "2"), Err("is not the clean merge")),
        (BASE, &signed, &parent, &signed, Err("is not the clean merge")),
        (BASE, &signed, BASE, &both, Err("differs from what was signed")),
        // A conflict, resolved either way.
        (BASE, &signed, &BASE.replace('8', "acht"), &signed, Err("conflicts")),
        (BASE, &signed, &BASE.replace('9', "neun"), &signed.replace('9', "neun"), Err("conflicts")),
        // White space is content.
        (BASE, &signed, &parent, &both.replace("two", "two "), Err("is not the clean merge")),
        (BASE, &signed, &parent, &both.replace('\n', "\r\n"), Err("is not the clean merge")),
    ];
    for (n, (base, signed, parent, pushed, expected)) in rows.iter().enumerate() {
        let result = file(base, signed, parent, pushed);
        match (&result, expected) {
            (Ok(()), Ok(())) => {}
            (Err(reason), Err(words)) if reason.contains(words) => {}
            _ => panic!("row {n}: {result:?}"),
        }
    }
}

#[test]
fn line_ends_of_windows_and_a_missing_last_one_survive() {
    for (from, to) in [("\n", "\r\n"), ("9\n", "9"), ("1\n", "\u{feff}1\r\n")] {
        let base = BASE.replace(from, to);
        let signed = base.replace('8', "eight");
        let parent = base.replace('2', "two");
        let both = parent.replace('8', "eight");
        assert_eq!(file(&base, &signed, &parent, &both), Ok(()), "{base:?}");
        let stale = file(&base, &signed, &parent, &(both.clone() + "\n"));
        assert!(stale.is_err(), "{base:?}");
    }
}

#[test]
fn only_plain_text_of_one_mode_is_merged() {
    let signed = BASE.replace('8', "eight");
    let parent = BASE.replace('2', "two");
    let both = parent.replace('8', "eight");
    // base, signed, parent, pushed, each as (mode, content); an absent file has no mode.
    type Row<'a> = [(&'a str, &'a str); 4];
    let plain = "100644";
    let stale: &[(Row, &str)] = &[
        ([("", ""), (plain, &signed), (plain, &parent), (plain, &both)], "added or deleted"),
        ([(plain, BASE), ("", ""), (plain, &parent), ("", "")], "added or deleted"),
        ([(plain, BASE), (plain, &signed), ("", ""), (plain, &signed)], "added or deleted"),
        (
            [("120000", BASE), ("120000", &signed), ("120000", &parent), ("120000", &both)],
            "no plain",
        ),
        (
            [("160000", BASE), ("160000", &signed), ("160000", &parent), ("160000", &both)],
            "no plain",
        ),
        ([(plain, BASE), ("100755", &signed), (plain, &parent), ("100755", &both)], "no plain"),
        ([(plain, BASE), (plain, &signed), (plain, &parent), ("100755", &both)], "no plain"),
        ([(plain, BASE), (plain, &signed), ("100755", &parent), ("100755", &both)], "no plain"),
        ([(plain, BASE), (plain, &signed), ("120000", &parent), ("120000", &both)], "no plain"),
        ([(plain, "a\0b"), (plain, "a\0c"), (plain, "z\0b"), (plain, "z\0c")], "empty or binary"),
        ([(plain, "a\n"), (plain, "a\nb\n"), (plain, ""), (plain, "b\n")], "empty or binary"),
        ([(plain, ""), (plain, "b\n"), (plain, "a\n"), (plain, "a\nb\n")], "empty or binary"),
        ([(plain, "a\n"), (plain, ""), (plain, "a\nb\n"), (plain, "b\n")], "empty or binary"),
    ];
    let ground = Ground::new(ObjectFormat::Sha1);
    for (row, words) in stale {
        let sides: Vec<Vec<File>> = row
            .iter()
            .map(|(mode, content)| {
                let mut files = vec![("100644", "keep", "x")];
                if !mode.is_empty() {
                    files.push((*mode, "f", *content));
                }
                files
            })
            .collect();
        let case = Case::new(&ground, [&sides[0], &sides[1], &sides[2], &sides[3]]);
        let Replay::Stale(reason) = case.judge() else { panic!("{row:?} is clean") };
        assert!(reason.starts_with("\"f\" ") && reason.contains(words), "{row:?}: {reason}");
    }
    let executable = |c| vec![("100755", "f", c)];
    let case = Case::new(
        &ground,
        [&executable(BASE), &executable(&signed), &executable(&parent), &executable(&both)],
    );
    assert_eq!(case.judge(), Replay::Clean);
}

#[test]
fn what_began_as_the_same_needs_the_same_end_whatever_it_is() {
    let kinds: &[(&'static str, &'static str)] = &[
        ("", ""),
        ("100644", "a\0b"),
        ("100644", ""),
        ("100755", "text\n"),
        ("120000", "target"),
        ("160000", "commit"),
    ];
    let files = |(mode, content): (&'static str, &'static str)| {
        let mut files = vec![("100644", "other", "moved on\n")];
        if !mode.is_empty() {
            files.push((mode, "f", content));
        }
        files
    };
    let mut clean = 0;
    let ground = Ground::new(ObjectFormat::Sha1);
    let kinds: Vec<Vec<File>> = kinds.iter().map(|kind| files(*kind)).collect();
    for old in &kinds {
        for new in kinds.iter().filter(|new| *new != old) {
            let case = Case::new(&ground, [old, new, old, new]);
            assert_eq!(case.judge(), Replay::Clean, "{old:?} {new:?}");
            clean += 1;
            for other in kinds.iter().filter(|o| *o != new && *o != old) {
                let case = Case::new(&ground, [old, new, old, other]);
                assert!(matches!(case.judge(), Replay::Stale(_)), "{old:?} {new:?} {other:?}");
            }
        }
    }
    assert_eq!(clean, 30);
}

#[test]
fn the_pushed_paths_are_exactly_the_signed_ones() {
    let base = [("100644", "a", "1\n"), ("100644", "b", "1\n")];
    let a = [("100644", "a", "2\n"), ("100644", "b", "1\n")];
    let b = [("100644", "a", "1\n"), ("100644", "b", "2\n")];
    let ab = [("100644", "a", "2\n"), ("100644", "b", "2\n")];
    let plus = [("100644", "a", "2\n"), ("100644", "b", "1\n"), ("100644", "c", "new\n")];
    let ground = Ground::new(ObjectFormat::Sha1);
    let words =
        |signed: &[File], pushed: &[File]| match Case::new(&ground, [&base, signed, &base, pushed])
            .judge()
        {
            Replay::Clean => "clean".to_owned(),
            Replay::Stale(reason) => reason,
        };
    assert_eq!(words(&a, &a), "clean");
    assert_eq!(words(&a, &ab), "\"b\" changes and was not signed");
    assert_eq!(words(&b, &ab), "\"a\" changes and was not signed");
    assert_eq!(words(&ab, &a), "\"b\" was signed and does not change");
    assert_eq!(words(&ab, &b), "\"a\" was signed and does not change");
    assert_eq!(words(&a, &b), "\"a\" was signed and does not change");
    assert_eq!(words(&a, &plus), "\"c\" changes and was not signed");
}

#[test]
fn a_blob_that_is_gone_or_too_large_is_stale_and_says_so() {
    let signed = BASE.replace('8', "eight");
    let parent = BASE.replace('2', "two");
    let both = parent.replace('8', "eight");
    let ground = Ground::new(ObjectFormat::Sha1);
    let sides = [&text(BASE)[..], &text(&signed), &text(&parent), &text(&both)];
    let case = Case::new(&ground, sides);
    assert_eq!(case.judge(), Replay::Clean);
    let limits = Limits { merge_blob_bytes: BASE.len(), ..Limits::default() };
    let Replay::Stale(reason) = replays(&case.ground.open(), &case.signed, &case.pushed, &limits)
    else {
        panic!("clean");
    };
    assert!(reason.contains("too many to merge"), "{reason}");
    for content in [BASE, &signed, &parent, &both] {
        let id = case.ground.blob(content);
        let text = id.to_string();
        let path = case.ground.path.join("objects").join(&text[..2]).join(&text[2..]);
        std::fs::remove_file(path).unwrap();
        let Replay::Stale(reason) = case.judge() else { panic!("clean") };
        assert!(reason.contains(&format!("can't be read in {}", id.short())), "{reason}");
        case.ground.blob(content);
    }
    let other = Change::new(ObjectFormat::Sha256, vec![]);
    let stale = replays(&case.ground.open(), &other, &case.pushed, &Limits::default());
    assert!(matches!(stale, Replay::Stale(_)));
}

/// Files of few distinct lines, so that hunks find more than one place to go.
#[test]
fn a_hunk_that_slides_is_stale_wherever_it_slides_to() {
    // A merge before libgit2 was set up fails.
    let _repo = Ground::new(ObjectFormat::Sha1).open();
    let mut random = Random(21);
    let (mut agreed, mut slid, mut conflicts) = (0, 0, 0);
    let mut slides = Vec::new();
    for _ in 0..4_000 {
        let line = |r: &mut Random| ["{\n", "}\n", "a\n", "b\n", "\n"][r.below(5)].to_owned();
        let base: Vec<String> = (0..14).map(|_| line(&mut random)).collect();
        let edit = |r: &mut Random| {
            let mut lines = base.clone();
            for _ in 0..1 + r.below(2) {
                let at = r.below(lines.len());
                match r.below(3) {
                    0 => drop(lines.remove(at)),
                    1 => lines.insert(at, line(r)),
                    _ => lines.splice(at..at, [line(r), line(r), line(r)]).for_each(drop),
                }
            }
            lines.concat()
        };
        let (base, ours, theirs) = (base.concat(), edit(&mut random), edit(&mut random));
        let merge = |patience| {
            let m = merged(base.as_bytes(), ours.as_bytes(), theirs.as_bytes(), patience).unwrap();
            m.is_automergeable().then(|| String::from_utf8(m.content().to_vec()).unwrap())
        };
        match (merge(false), merge(true)) {
            (Some(a), Some(b)) if a == b => agreed += 1,
            (None, None) => conflicts += 1,
            (a, b) => {
                slid += 1;
                if slides.len() < 12 && base != ours && base != theirs {
                    slides.push((base, ours, theirs, a, b));
                }
            }
        }
    }
    assert!(agreed > 100 && slid > 10 && conflicts > 100, "{agreed} {slid} {conflicts}");
    for (base, ours, theirs, a, b) in slides {
        for pushed in [a, b].into_iter().flatten().filter(|p| *p != theirs) {
            let result = file(&base, &ours, &theirs, &pushed);
            assert!(result.is_err(), "{base:?} {ours:?} {theirs:?} {pushed:?}");
        }
    }
}

/// A branch of one commit per edit, rebased by git itself onto a main that moved on.
#[test]
fn what_git_rebases_cleanly_is_clean_and_a_resolved_conflict_is_not() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let body = |marks: &[(usize, &str)]| -> String {
        let line =
            |n| marks.iter().find(|(at, _)| *at == n).map_or(format!("line {n}"), |m| m.1.into());
        (1..=40).map(|n| line(n) + "\n").collect()
    };
    let commit = |marks: &[(usize, &str)], parents: &[ObjectId], extra: &[(&str, &str)]| {
        let text = body(marks);
        let mut files = vec![("src/f", text.as_str())];
        files.extend(extra);
        ground.commit(ground.files(&files), parents, "Edit\n")
    };
    let root = commit(&[], &[], &[]);
    let main = commit(&[(3, "main was here")], &[root], &[("other", "x\n")]);
    let far = commit(&[(30, "branch")], &[root], &[]);
    let near = commit(&[(3, "branch"), (30, "branch")], &[far], &[]);
    ground.point("refs/heads/main", main);
    ground.point("refs/heads/topic", near);
    ground.git(&["clone", "-q", ".", "../work"]);
    let work = ground.root.join("work");
    let in_work = |args: &[&str]| {
        let mut git = git_in(&work, &ground.root);
        git.env("GIT_EDITOR", "true").args(args);
        run(git, b"")
    };
    assert!(in_work(&["checkout", "-q", "topic"]).0);
    let (ok, _, stderr) = in_work(&["rebase", "-q", "origin/main"]);
    assert!(!ok && stderr.contains("conflict"), "{stderr}");
    let resolved = body(&[(3, "both"), (30, "branch")]);
    std::fs::write(work.join("src/f"), resolved).unwrap();
    assert!(in_work(&["add", "src/f"]).0);
    let (ok, _, stderr) = in_work(&["rebase", "--continue"]);
    assert!(ok, "{stderr}");
    let (_, out, _) = in_work(&["rev-list", "--reverse", "origin/main..topic"]);
    let rebased: Vec<_> = out.split(|c| *c == b'\n').filter(|l| !l.is_empty()).map(hex).collect();
    let repo = Repo::open(&work.join(".git")).unwrap();
    let limits = Limits::default();
    let change = |id| {
        let commit = repo.commit(id, &limits).unwrap();
        crate::git::change::of_commit(&repo, &commit, &limits).unwrap().change().unwrap().clone()
    };
    let judge = |signed, pushed| replays(&repo, &change(signed), &change(pushed), &limits);
    assert_eq!(judge(far, rebased[0]), Replay::Clean);
    let stale = judge(near, rebased[1]);
    assert!(matches!(&stale, Replay::Stale(r) if r.contains("\"src/f\" conflicts")), "{stale:?}");
    // Never the other one's change, nor the two together.
    assert!(matches!(judge(near, rebased[0]), Replay::Stale(_)));
    assert!(matches!(judge(far, rebased[1]), Replay::Stale(_)));
}
