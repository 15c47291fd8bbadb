//! Work that was shown with its mark once, pushed by somebody else without it.

use super::work::{self, Dice, function, show, three, with};
use crate::support::{API, CLAUDE, Clone, MAIN, NEEDS, Policy, World, ai, human};

pub(super) type Files = Vec<(String, String)>;

/// What becomes of the work, in one commit or several.
struct Way {
    name: &'static str,
    make: fn(&Files) -> Vec<Files>,
}

fn each(files: &Files, change: impl Fn(&str) -> String) -> Vec<Files> {
    vec![files.iter().map(|(path, text)| (path.clone(), change(text))).collect()]
}

fn path(files: &Files, name: impl Fn(&str) -> String) -> Vec<Files> {
    vec![files.iter().map(|(path, text)| (name(path), text.clone())).collect()]
}

const WAYS: &[Way] = &[
    Way { name: "another message", make: |files| vec![files.clone()] },
    Way {
        name: "one more file",
        make: |files| {
            let more = ("app/extra.py".to_owned(), work::file(777, 60));
            vec![files.iter().cloned().chain([more]).collect()]
        },
    },
    Way { name: "split by file", make: |files| files.iter().map(|f| vec![f.clone()]).collect() },
    Way {
        name: "split inside each file",
        make: |files| {
            let half = |text: &str| -> String {
                let lines: Vec<_> = text.split_inclusive('\n').collect();
                lines[..lines.len() / 2].concat()
            };
            let first = files.iter().map(|(p, t)| (p.clone(), half(t))).collect();
            vec![first, files.clone()]
        },
    },
    Way { name: "other names", make: |files| path(files, |p| p.replace("app/", "lib/new_")) },
    Way { name: "CRLF", make: |files| each(files, |t| t.replace('\n', "\r\n")) },
    Way {
        name: "one more line each",
        make: |files| each(files, |t| format!("# checked\n{t}\nDEBUG = False\n")),
    },
    Way {
        name: "a line in the middle",
        make: |files| {
            each(files, |t| {
                let half = t.lines().count() / 2;
                let lines = t.lines().enumerate();
                lines
                    .map(
                        |(n, l)| {
                            if n == half { format!("{l}\n# looked at\n") } else { format!("{l}\n") }
                        },
                    )
                    .collect()
            })
        },
    },
    Way { name: "reindented", make: |files| each(files, |t| t.replace("    ", "\t")) },
    Way { name: "blank lines", make: |files| each(files, |t| t.replace('\n', "\n\n")) },
    Way {
        name: "functions reordered",
        make: |files| {
            each(files, |t| {
                let mut all: Vec<_> = t.split("\n\n").collect();
                all.reverse();
                all.join("\n\n")
            })
        },
    },
    Way {
        name: "a comment after every line",
        make: |files| each(files, |t| t.replace('\n', "\n    # so it is\n")),
    },
    Way {
        name: "a comment behind every line",
        make: |files| each(files, |t| t.replace('\n', "  # so it is\n")),
    },
    Way { name: "a semicolon each line", make: |files| each(files, |t| t.replace('\n', ";\n")) },
    Way {
        name: "letters of another script",
        make: |files| each(files, |t| t.replace('e', "\u{435}").replace('o', "\u{3bf}")),
    },
    // What only looks like a comment: code all the same.
    Way {
        name: "below what begins a comment elsewhere",
        make: |files| each(files, |t| format!("\"\"\"\n/*\n\"\"\"\n{t}")),
    },
    Way {
        name: "within what is a comment elsewhere",
        make: |files| each(files, |t| format!("\"\"\"\n<!--\n\"\"\"\n{t}\"\"\"\n-->\n\"\"\"\n")),
    },
    Way {
        name: "a semicolon before every second line",
        make: |files| {
            each(files, |t| {
                let lines = t.lines().enumerate();
                lines.map(|(n, l)| [["", "; "][n % 2], l, "\n"].concat()).collect()
            })
        },
    },
    Way {
        name: "each line in a tag of its own",
        make: |files| each(files, |t| t.replace('\n', " ?>\n<?php ")),
    },
    Way { name: "a NUL at the end", make: |files| each(files, |t| format!("{t}\0")) },
    Way {
        name: "all in one file",
        make: |files| {
            vec![vec![("one.py".to_owned(), files.iter().map(|f| f.1.as_str()).collect())]]
        },
    },
    Way {
        name: "among as much of one's own",
        make: |files| {
            files
                .iter()
                .enumerate()
                .map(|(n, (p, t))| {
                    let own = work::file(900 + u64::try_from(n).expect("small"), t.lines().count());
                    vec![(p.clone(), format!("{own}\n{t}"))]
                })
                .collect()
        },
    },
];

pub(super) fn launder(world: &World, who: &str, ways: &[Files]) -> crate::support::PushResult {
    let other = world.clone(who);
    for (n, files) in ways.iter().enumerate() {
        other.commit(with(human(format!("My own work, part {n}\n")), files).author("mallory"));
    }
    other.push_main()
}

#[test]
fn every_way_is_seen_through() {
    for lines in [20, 60, 200] {
        for way in WAYS {
            let world = World::new();
            let files = three(3, lines);
            let kim = show(&world, &files);
            let push = launder(&world, "mallory", &(way.make)(&files));
            assert!(!push.ok, "{} of {lines} lines landed:\n{}", way.name, push.all);
            push.rejected_with(NEEDS)
                .says("pushed 20")
                .says("by kim")
                .says("removing the mark does not help");
            drop(kim);
        }
    }
}

/// The innocent twin of all of them: somebody else's work of the same shape.
#[test]
fn what_others_write_lands() {
    for way in WAYS {
        let world = World::new();
        let kim = show(&world, &three(3, 60));
        launder(&world, "mallory", &(way.make)(&three(4, 60))).lands(&[MAIN]);
        drop(kim);
    }
}

/// In an encoding that git takes for binary, with a byte order mark and without.
#[test]
fn in_utf_16() {
    for (mark, seed) in [("\u{feff}", 7), ("", 7), ("\u{feff}", 8), ("", 8)] {
        let world = World::new();
        let kim = show(&world, &three(7, 30));
        let mallory = world.clone("mallory");
        let mut commit = human("Mine\n");
        for (path, text) in three(seed, 30) {
            let units = format!("{mark}{text}").encode_utf16().collect::<Vec<_>>();
            let bytes: Vec<u8> = units.iter().flat_map(|u| u.to_le_bytes()).collect();
            commit = commit.file(&path, bytes);
        }
        mallory.commit(commit);
        let push = mallory.push_main();
        assert_eq!(push.ok, seed == 8, "{}", push.all);
        drop(kim);
    }
}

/// Wherever it was shown: in a push that was rejected, in another repository.
#[test]
fn wherever_it_was_shown() {
    let files = three(5, 40);
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(with(ai("Add the ledger"), &files));
    kim.push_main().rejected_with(NEEDS);
    launder(&world, "mallory", std::slice::from_ref(&files)).rejected_with("same change as");

    let world = World::new();
    world.repository("web/shop");
    let kim = world.clone_of("kim", "web/shop");
    kim.git(&["checkout", "-q", "-b", "topic"]);
    kim.commit(with(ai("Add the ledger"), &files));
    kim.push(&["HEAD:refs/heads/topic"]).lands(&["refs/heads/topic"]);
    launder(&world, "mallory", &[files])
        .rejected_with("same change as a commit in another")
        .says("see decision D-")
        .keeps_quiet_about("by kim");
}

/// By git's own means.
#[test]
fn by_rebase_cherry_pick_squash_and_revert() {
    let files = three(6, 30);
    let story = |what: &dyn Fn(&Clone<'_>, &str)| {
        let world = World::new();
        let kim = show(&world, &files);
        let mallory = world.clone("mallory");
        mallory.commit(human("Something else\n").file("other", "other\n"));
        mallory.push_main().lands(&[MAIN]);
        let tip = mallory.take(&kim, "topic");
        what(&mallory, &tip);
        mallory.push_main().rejected_with(NEEDS).says("by kim");
    };
    story(&|mallory, tip| {
        mallory.git(&["cherry-pick", "--no-commit", tip]);
        mallory.git(&["commit", "-q", "-m", "Mine"]);
    });
    story(&|mallory, tip| {
        mallory.git(&["merge", "-q", "--squash", tip]);
        mallory.git(&["commit", "-q", "-m", "Mine"]);
    });
    // A merge that brings what neither of its parents has.
    story(&|mallory, tip| {
        mallory.git(&["branch", "-f", "side", "HEAD~1"]);
        mallory.git(&["checkout", "-q", "side"]);
        mallory.commit(human("On the side\n").file("side", "side\n"));
        mallory.git(&["checkout", "-q", "main"]);
        mallory.git(&["merge", "-q", "--no-commit", "--no-ff", "side"]);
        mallory.git(&["checkout", tip, "--", "app"]);
        mallory.git(&["commit", "-q", "-m", "Merge branch 'side'"]);
    });
    // The mark stays in a commit that is not pushed: only its undoing and that one's.
    story(&|mallory, tip| {
        let head = mallory.head();
        mallory.git(&["cherry-pick", tip]);
        mallory.git(&["revert", "--no-edit", "HEAD"]);
        mallory.git(&["revert", "--no-edit", "HEAD"]);
        mallory.git(&["reset", "-q", "--soft", &head]);
        mallory.git(&["commit", "-q", "-m", "Mine"]);
    });
}

/// Two tokens changed in each function: most of them are known again.
#[test]
fn with_tokens_changed() {
    let mut caught = 0;
    for seed in 0..10 {
        let world = World::new();
        let mut dice = Dice(seed + 100);
        let functions: Vec<String> = (0..12).map(|_| function(&mut dice)).collect();
        let file = |all: &[String]| vec![("app/a.py".to_owned(), all.concat())];
        let kim = show(&world, &file(&functions));
        let changed: Vec<String> = functions
            .iter()
            .map(|f| {
                let mut lines: Vec<String> = f.lines().map(str::to_owned).collect();
                for _ in 0..2 {
                    let line = dice.below(lines.len() - 1);
                    lines[line] = lines[line].replacen("entry", "row", 1).replacen('e', "ee", 1);
                }
                lines.join("\n") + "\n"
            })
            .collect();
        caught += usize::from(!launder(&world, "mallory", &[file(&changed)]).ok);
        drop(kim);
    }
    assert!(caught >= 8, "{caught} of 10");
}

/// The amend that everybody tries first.
#[test]
fn an_amend_of_one_line_by_the_same_person() {
    let world = World::new();
    let kim = world.clone("kim");
    let lines: Vec<String> = (0..40).map(|n| format!("value_{n} = {n}\n")).collect();
    kim.commit(human("Base\n").file("a", lines.concat()));
    kim.push_main().lands(&[MAIN]);
    let changed = lines.concat().replace("value_7 = 7", "value_7 = seven()");
    kim.commit(ai("Fix it").file("a", &changed));
    kim.push_main().rejected_with(CLAUDE);
    kim.git(&["commit", "-q", "--amend", "-m", "Fix it"]);
    kim.push_main().rejected_with("same change as");
    let bare = world.bare(API);
    assert_eq!(world.tip(&bare, MAIN), Some(kim.rev("origin/main")));
}

/// Where a rule asks of some paths alone: brought in beside them first, and moved then.
#[test]
fn moved_in_from_where_nobody_asks() {
    for is_marked in [true, false] {
        let world = World::with(&Policy::standard().with("paths", r#"["app/**"]"#));
        let files = three(14, 30);
        let kim = show(&world, if is_marked { &files } else { &[] });
        let mallory = world.clone("mallory");
        let beside: Files =
            files.iter().map(|(p, t)| (p.replace("app/", "docs/"), t.clone())).collect();
        mallory.commit(with(human("Some notes\n"), &beside));
        mallory.push_main().lands(&[MAIN]);
        mallory.git(&["mv", "docs", "app"]);
        mallory.git(&["commit", "-q", "-m", "Tidy up"]);
        let push = mallory.push_main();
        assert_eq!(push.ok, !is_marked, "{}", push.all);
        drop(kim);
    }
}

/// A few lines with each push: before most of it is there, it is seen.
#[test]
fn drop_by_drop() {
    let world = World::new();
    let text = work::file(15, 60);
    let _kim = show(&world, &[("app/ledger.py".to_owned(), text.clone())]);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mallory = world.clone("mallory");
    let mut landed = 0;
    for end in (4..=lines.len()).step_by(4) {
        mallory
            .commit(human(format!("Lines to {end}\n")).file("app/own.py", lines[..end].concat()));
        if !mallory.push_main().ok {
            break;
        }
        landed = end;
    }
    assert!(landed <= lines.len() * 2 / 3, "{landed} of {}", lines.len());
    // And an innocent twin, of the same size and pace.
    let world = World::new();
    let _kim = show(&world, &[("app/ledger.py".to_owned(), text)]);
    let other = world.clone("mallory");
    let text = work::file(16, 60);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for end in (4..=lines.len()).step_by(4) {
        other.commit(human(format!("Lines to {end}\n")).file("app/own.py", lines[..end].concat()));
        other.push_main().lands(&[MAIN]);
    }
}

/// The original comes with the copy, on a branch that nobody gates.
#[test]
fn beside_the_original_in_one_push() {
    for order in [["topic:refs/heads/topic", "main:refs/heads/main"], ["main", "topic"]] {
        let world = World::new();
        let files = three(17, 30);
        let kim = world.clone("kim");
        let near: Files =
            files.iter().map(|(p, t)| (p.clone(), t.replacen("limit", "l", 1))).collect();
        kim.commit(with(human("Mine\n"), &near));
        kim.git(&["checkout", "-q", "-b", "topic", "origin/main"]);
        kim.commit(with(ai("Add the ledger"), &files));
        kim.push(&order).rejected_with(NEEDS);
    }
}
