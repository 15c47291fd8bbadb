//! How often each way of laundering real work is seen through: the table of the README.

use std::collections::BTreeMap;
use std::path::Path;

use super::laundered::{Files, launder};
use super::work::{Dice, show};
use crate::support::World;
use crate::support::run::run;

/// Lines of each file of a change.
const LINES: std::ops::RangeInclusive<usize> = 20..=200;

/// What is read, and what begins a comment there.
const KINDS: [(&str, &str); 12] = [
    ("c", "//"),
    ("go", "//"),
    ("java", "//"),
    ("js", "//"),
    ("php", "//"),
    ("py", "#"),
    ("rb", "#"),
    ("rs", "//"),
    ("sh", "#"),
    ("ts", "//"),
    ("tsx", "//"),
    ("kt", "//"),
];

type Way = fn(&Files, &str) -> Vec<Files>;

fn each(files: &Files, change: impl Fn(&str) -> String) -> Vec<Files> {
    vec![files.iter().map(|(path, text)| (path.clone(), change(text))).collect()]
}

fn lines(text: &str, change: impl FnMut((usize, &str)) -> String) -> String {
    text.lines().enumerate().map(change).map(|line| line + "\n").collect()
}

/// Two words of each so many lines become others.
fn words(text: &str, of: usize) -> String {
    let mut dice = Dice(u64::try_from(text.len()).expect("small"));
    let mut left = 0;
    lines(text, |(n, line)| {
        left = if n % of == 0 { 2 } else { left };
        let is_word = |w: &str| w.len() > 2 && w.chars().all(|c| c.is_alphanumeric() || c == '_');
        let all: Vec<&str> = line.split(' ').collect();
        let here =
            all.iter().rposition(|w| is_word(w.trim_matches(|c: char| c.is_ascii_punctuation())));
        match here {
            Some(place) if left > 0 => {
                left -= 1;
                let new = format!("x{}", dice.below(1_000));
                let mut all: Vec<String> = all.into_iter().map(str::to_owned).collect();
                all[place] = new;
                all.join(" ")
            }
            _ => line.to_owned(),
        }
    })
}

fn renamed(text: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        if word.len() > 2 && !word.starts_with(|c: char| c.is_ascii_digit()) {
            out.extend(["q", &word.chars().rev().collect::<String>()]);
        } else {
            out.push_str(&word);
        }
        word.clear();
        out.push(c);
    }
    out
}

const WAYS: [(&str, Way); 23] = [
    ("another message", |f, _| vec![f.clone()]),
    ("split by file", |f, _| f.iter().map(|file| vec![file.clone()]).collect()),
    ("split inside files", |f, _| {
        let half = |t: &str| {
            lines(t, |(_, l)| l.to_owned())
                .lines()
                .take(t.lines().count() / 2)
                .fold(String::new(), |t, l| t + l + "\n")
        };
        vec![f.iter().map(|(p, t)| (p.clone(), half(t))).collect(), f.clone()]
    }),
    ("one more file", |f, _| {
        vec![f.iter().cloned().chain([("more".to_owned(), super::work::file(777, 60))]).collect()]
    }),
    ("CRLF", |f, _| each(f, |t| t.replace('\n', "\r\n"))),
    ("reindented", |f, _| each(f, |t| lines(t, |(_, l)| format!("      {}", l.trim_start())))),
    ("blank lines", |f, _| each(f, |t| t.replace('\n', "\n\n"))),
    ("a comment after each second line", |f, c| {
        each(f, |t| {
            lines(t, |(n, l)| if n % 2 == 0 { format!("{l}\n{c} so") } else { l.to_owned() })
        })
    }),
    ("a comment after each line", |f, c| each(f, |t| lines(t, |(_, l)| format!("{l}\n{c} so")))),
    ("a comment behind each line", |f, c| each(f, |t| lines(t, |(_, l)| format!("{l} {c} so")))),
    ("a semicolon behind each line", |f, _| each(f, |t| t.replace('\n', ";\n"))),
    ("look-alike letters", |f, _| each(f, |t| t.replace('e', "\u{435}").replace('o', "\u{3bf}"))),
    ("a NUL", |f, _| each(f, |t| format!("{t}\0"))),
    ("under other names", |f, _| {
        vec![f.iter().map(|(p, t)| (format!("new/{p}.x"), t.clone())).collect()]
    }),
    ("all in one file", |f, _| {
        vec![vec![("one".to_owned(), f.iter().map(|f| f.1.as_str()).collect())]]
    }),
    ("paragraphs reversed", |f, _| {
        each(f, |t| {
            t.split("\n\n").collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n\n")
        })
    }),
    ("the first half of each alone", |f, _| {
        each(f, |t| t.lines().take(t.lines().count() / 2).fold(String::new(), |t, l| t + l + "\n"))
    }),
    ("two words in each ten lines", |f, _| each(f, |t| words(t, 10))),
    ("two words in each five lines", |f, _| each(f, |t| words(t, 5))),
    ("long lines wrapped", |f, _| {
        each(f, |t| {
            lines(t, |(_, l)| match l.char_indices().find(|(n, c)| *n > 30 && *c == ' ') {
                Some((n, _)) => format!("{}\n{}", &l[..n], &l[n + 1..]),
                None => l.to_owned(),
            })
        })
    }),
    ("every identifier renamed", |f, _| each(f, renamed)),
    ("lines joined by two", |f, _| {
        each(f, |t| {
            lines(t, |(n, l)| if n % 2 == 0 { format!("{l} \u{0}") } else { l.to_owned() })
                .replace(" \0\n", " ")
        })
    }),
    ("lines sorted", |f, _| {
        each(f, |t| {
            let mut all: Vec<_> = t.lines().collect();
            all.sort_unstable();
            all.join("\n") + "\n"
        })
    }),
];

/// Three files of one kind each, up to so many changes of each kind, from a repository's HEAD.
fn changes(world: &World, place: &Path, most: usize) -> Vec<(Files, &'static str)> {
    let git = |args: &[&str]| {
        let mut command = world.command("git");
        run(command.arg("-C").arg(place).args(args), b"").exits(0).out()
    };
    let listed = git(&["ls-tree", "-r", "-l", "HEAD"]);
    let mut by_kind: BTreeMap<&str, Files> = BTreeMap::new();
    for row in listed.lines() {
        let Some((head, path)) = row.split_once('\t') else { continue };
        let size = head.split_whitespace().nth(3).and_then(|size| size.parse::<usize>().ok());
        let kind = path.rsplit_once('.').map_or("", |(_, kind)| kind);
        let Some((kind, _)) = KINDS.iter().find(|(known, _)| *known == kind) else { continue };
        let found = by_kind.entry(kind).or_default();
        if found.len() >= 3 * most || !size.is_some_and(|size| (400..20_000).contains(&size)) {
            continue;
        }
        let text = git(&["show", &format!("HEAD:{path}")]);
        if LINES.contains(&text.lines().count()) && !text.contains('\0') {
            found.push((path.to_owned(), text));
        }
    }
    let sign = |kind: &str| KINDS.iter().find(|(k, _)| *k == kind).map_or("#", |(_, sign)| sign);
    let of_kind = |(kind, files): (&str, Files)| {
        let sign = sign(kind);
        files.chunks_exact(3).map(|three| (three.to_vec(), sign)).collect::<Vec<_>>()
    };
    by_kind.into_iter().flat_map(of_kind).collect()
}

/// Real files of `COUNTERSIGN_REPOSITORIES`, shown with a mark and pushed by somebody else.
#[test]
#[ignore = "needs clones of public repositories"]
fn real_work_is_known_again() {
    let list = std::env::var("COUNTERSIGN_REPOSITORIES").expect("COUNTERSIGN_REPOSITORIES");
    let most = std::env::var("COUNTERSIGN_CHANGES").map_or(2, |n| n.parse().expect("a number"));
    let world = World::new();
    let all: Vec<_> =
        std::env::split_paths(&list).flat_map(|place| changes(&world, &place, most)).collect();
    assert!(!all.is_empty(), "no change of three files");
    for (name, way) in WAYS {
        let mut known = 0;
        for (files, sign) in &all {
            let world = World::new();
            let kim = show(&world, files);
            known += usize::from(!launder(&world, "mallory", &way(files, sign)).ok);
            drop(kim);
        }
        eprintln!("{name}: {known} of {}", all.len());
    }
}
