//! The strict readers held against git and libgit2: what we read, they read alike; where
//! they differ, or one of them gives up, we refuse; and what git's own checks let pass, we do
//! not.
//!
//! `COUNTERSIGN_OBJECTS=100000` makes more of them, `COUNTERSIGN_SEED` others.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use git2::Repository;

use super::*;
use crate::domain::object::{Commit, Ident};
use crate::git::commit::parse_commit;
use reading::{AS_IT_STANDS, FORMAT, Read};

#[path = "../../../tests/fuzz/reading.rs"]
mod reading;

/// What git's checks let pass and we do not: programs differ in which of two headers they
/// take, where a message begins, and whether ids may be written in capitals.
const STRICTER: &[&str] = &[
    "a header stands twice or out of order",
    "it names a parent twice",
    "its encoding header is folded",
    "no empty line ends its headers",
    "one of its first headers is folded",
    "it names an object by no lower-case id of its own format",
];

/// SplitMix64, so that a seed makes the same objects everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n).unwrap()).unwrap()
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

const NAMES: &[&str] =
    &["Ada Lovelace", "A", "", " Ada ", "Gr\u{fc}n", "Ada. ", "\"Ada\"", "Ada, Countess", "A\tB"];
const EMAILS: &[&str] =
    &["ada@example.com", "", "a b", "ada", " ada@example.com ", "\u{fc}@x", "a,b"];
const TIMES: &[&str] = &[
    "1700000000 +0000",
    "0 +0000",
    "-5 +0000",
    "4294967296 -0730",
    "99999999999999999999 +0000",
    "1700000000",
    "",
    "1700000000 UTC",
    "soon +0000",
    "1700000000 +9999",
    " 1700000000  +0000",
];
/// Whole people that no part makes.
const PEOPLE: &[&str] = &[
    "Ada ada@example.com 1 +0000",
    "Ada <a@b> <c@d> 1 +0000",
    "Ada <<a@b>> 1 +0000",
    "Ada > <a@b> 1 +0000",
    "Ada <a@b",
    "Ada a@b> 1 +0000",
    "<a@b> Ada 1 +0000",
    "Ada <a@b>1 +0000",
    "Ada<a@b> 1 +0000",
    "",
];
const HEADERS: &[&str] = &[
    "encoding ISO-8859-1",
    "encoding UTF-8",
    "encoding x\n y",
    "gpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----",
    "gpgsig-sha256 a\n b",
    "mergetag object 1111111111111111111111111111111111111111\n type commit\n author Evil <e@x> 1 +0000",
    "HG:extra a",
    "x",
    " folded",
    "author Evil <evil@example.com> 1 +0000",
    "committer Evil <evil@example.com> 1 +0000",
    "parent 1111111111111111111111111111111111111111",
    "tree 1111111111111111111111111111111111111111",
    "Author: Evil",
    "\tx",
];
const MESSAGES: &[&str] = &[
    "Subject\n",
    "Subject",
    "",
    "\n\nSubject\n\nBody\n",
    "Subject\r\n\r\nBody\r\n",
    "tree 1111111111111111111111111111111111111111\nauthor x\n\nm\n",
    "Subject\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n",
    "\u{fc}\n",
];

fn person(dice: &mut Dice) -> String {
    if dice.below(16) == 0 {
        return dice.pick(PEOPLE).to_owned();
    }
    let (name, email) = (dice.pick(NAMES), dice.pick(EMAILS));
    let time = if dice.below(4) != 0 { TIMES[0] } else { dice.pick(TIMES) };
    format!("{name} <{email}> {time}")
}

/// A commit with something odd about it, mostly.
fn odd(dice: &mut Dice, trees: &[ObjectId], commits: &[ObjectId]) -> Vec<u8> {
    let mut lines = vec![format!("tree {}", trees[dice.below(trees.len())])];
    for _ in 0..dice.below(4) {
        lines.push(format!("parent {}", commits[dice.below(commits.len())]));
    }
    lines.push(format!("author {}", person(dice)));
    lines.push(format!("committer {}", person(dice)));
    for _ in 0..dice.below(3) {
        lines.push(dice.pick(HEADERS).to_owned());
    }
    let (at, other) = (dice.below(lines.len()), dice.below(lines.len()));
    match dice.below(21) {
        0 => lines.swap(at, other),
        1 => drop(lines.remove(at)),
        2 => lines.insert(other, lines[at].clone()),
        3 => lines[at] = lines[at].replacen(' ', "  ", 1),
        4 => lines[at] = lines[at].replacen(' ', "\t", 1),
        5 => lines[at].push('\r'),
        6 => lines[at] = lines[at].to_uppercase(),
        _ => {}
    }
    let mut raw = lines.join("\n");
    raw.push_str(dice.pick(&["\n\n", "\n\n", "\n\n", "\n\n", "\n", "", "\n \n", "\r\n\r\n"]));
    raw.push_str(dice.pick(MESSAGES));
    let mut raw = raw.into_bytes();
    match dice.below(16) {
        0 => raw.truncate(dice.below(raw.len())),
        1 => {
            let at = dice.below(raw.len());
            raw[at] = *dice.pick(&[&0_u8, &b'\n', &b' ', &0xff, &b'<', &b'>']);
        }
        _ => {}
    }
    raw
}

/// Git's own view of some commits, by their ids.
fn git(ground: &Ground, ids: &[ObjectId]) -> Vec<(String, Read)> {
    let mut git = git_in(&ground.path, &ground.root);
    git.args(AS_IT_STANDS).args(["log", "--no-walk=unsorted", "--stdin"]);
    git.args(["--encoding=none", FORMAT]);
    let ids: String = ids.iter().map(|id| format!("{id}\n")).collect();
    Read::of_git(&run(git, ids.as_bytes()).1)
}

/// Whether git's own checks find no fault with an object that is there; those of
/// `git index-pack --strict`, which are the same in every version.
fn fsck(ground: &Ground, id: ObjectId) -> bool {
    let mut pack = git_in(&ground.path, &ground.root);
    pack.args(["pack-objects", "-q", "--stdout"]);
    let (ok, bytes, _) = run(pack, format!("{id}\n").as_bytes());
    let file = ground.root.join("one.pack");
    std::fs::write(&file, bytes).unwrap();
    let mut index = git_in(&ground.path, &ground.root);
    index.args(["index-pack", "--strict", "-o"]).arg(ground.root.join("one.idx")).arg(&file);
    let (sound, _, stderr) = run(index, b"");
    ok && sound && stderr.is_empty()
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn commits_read_as_git_and_libgit2_read_them() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let trees = [ground.tree(&[]), ground.tree(&[("100644", "a", ground.blob("a\n"))])];
    let commits: Vec<ObjectId> = (0..4)
        .map(|n| {
            let raw = format!("tree {}\nauthor {PERSON}\ncommitter {PERSON}\n\n{n}\n", trees[0]);
            ground.object("commit", raw.as_bytes())
        })
        .collect();
    let (seed, count) = (number("COUNTERSIGN_SEED", 1), number("COUNTERSIGN_OBJECTS", 400));
    assert!(
        commits.iter().all(|id| fsck(&ground, *id)),
        "git's checks find fault with a plain commit"
    );
    let made = (0..count)
        .map(|n| odd(&mut Dice(seed.wrapping_mul(1 << 32).wrapping_add(n)), &trees, &commits));
    let (accepted, refused) = all_read_alike(&ground, &made.collect::<Vec<_>>());
    eprintln!("{accepted} accepted, {refused} refused");
    let eighth = usize::try_from(count / 8).unwrap();
    assert!(accepted > eighth && refused > eighth, "{accepted} accepted, {refused} refused");
}

/// What fuzzing began with, and what it found.
#[test]
fn the_corpus_of_the_fuzzer_reads_alike() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus/commit");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let corpus: Vec<Vec<u8>> = files.map(|file| std::fs::read(file).unwrap()).collect();
    let (accepted, refused) = all_read_alike(&ground, &corpus);
    assert!(accepted > 3 && refused > 3, "{accepted} accepted, {refused} refused");
}

/// What we take, git and libgit2 read alike; what we refuse, git's checks refuse as well, or
/// we know why not. How many of each there were.
fn all_read_alike(ground: &Ground, made: &[Vec<u8>]) -> (usize, usize) {
    let repo = Repository::open(&ground.path).unwrap();
    let (mut taken, mut refused, mut wrong) = (Vec::new(), 0, String::new());
    for raw in made {
        let id = ground.object("commit", raw);
        match parse_commit(id, raw) {
            Ok(commit) => taken.push((commit, raw)),
            Err(why) => {
                refused += 1;
                if !STRICTER.contains(&why.reason) && fsck(ground, id) {
                    let shown = String::from_utf8_lossy(raw);
                    let _ = writeln!(wrong, "{shown:?}\nrefused, and git finds no fault: {why}\n");
                }
            }
        }
    }
    let ids: Vec<ObjectId> = taken.iter().map(|(commit, _)| commit.id).collect();
    let gits: HashMap<String, Read> = git(ground, &ids).into_iter().collect();
    for (commit, raw) in &taken {
        let (ours, theirs) = (Read::ours(commit), Read::of_libgit2(&repo, commit.id));
        let git = gits.get(&commit.id.to_string());
        let recoded = commit.encoding.is_some();
        if !ours.is_alike(theirs.as_ref(), recoded) || !ours.is_alike(git, recoded) {
            let shown = String::from_utf8_lossy(raw);
            let _ = writeln!(wrong, "{shown:?}\nours {ours:?}\nlibgit2 {theirs:?}\ngit {git:?}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    (taken.len(), refused)
}
