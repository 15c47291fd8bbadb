//! The strict readers held against git and libgit2: what we read, they read alike; where
//! they differ, or one of them gives up, we refuse; and what git's own checks let pass, we do
//! not.
//!
//! `COUNTERSIGN_OBJECTS=100000` makes more of them, `COUNTERSIGN_SEED` others.

use std::fmt::Write as _;

use git2::Repository;

use super::*;
use crate::domain::object::{Commit, Ident};
use crate::git::commit::parse_commit;

/// What git's checks let pass and we do not: programs differ in which of two headers they
/// take, and where a message begins.
const STRICTER: &[&str] = &[
    "a header stands twice or out of order",
    "it names a parent twice",
    "its encoding header is folded",
    "no empty line ends its headers",
    "one of its first headers is folded",
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

/// What one of the three reads of a commit.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    tree: String,
    parents: Vec<String>,
    people: [Vec<u8>; 4],
    message: Vec<u8>,
}

fn ours(commit: &Commit) -> Read {
    let Ident { name, email } = &commit.author;
    let c = &commit.committer;
    Read {
        tree: commit.tree.to_string(),
        parents: commit.parents.iter().map(ToString::to_string).collect(),
        people: [name.clone(), email.clone(), c.name.clone(), c.email.clone()].map(trim),
        message: commit.message.clone(),
    }
}

/// Blanks and marks around names and addresses, which libgit2 takes off, name nobody.
fn trim(part: Vec<u8>) -> Vec<u8> {
    let is_mark = |c: &u8| *c <= 32 || b".,:;<>\"\\'".contains(c);
    let start = part.iter().position(|c| !is_mark(c)).unwrap_or(part.len());
    let end = part.iter().rposition(|c| !is_mark(c)).map_or(start, |at| at + 1);
    part[start..end].to_vec()
}

fn libgit2(repo: &Repository, id: ObjectId) -> Option<Read> {
    let commit = repo.find_commit(git2::Oid::from_bytes(id.as_bytes()).ok()?).ok()?;
    let (a, c) = (commit.author(), commit.committer());
    let people = [a.name_bytes(), a.email_bytes(), c.name_bytes(), c.email_bytes()];
    Some(Read {
        tree: commit.tree_id().to_string(),
        parents: commit.parent_ids().map(|p| p.to_string()).collect(),
        people: people.map(|p| trim(p.to_vec())),
        message: commit.message_raw_bytes().to_vec(),
    })
}

/// Git's own view; without re-coding, which says nothing of what stands there.
fn git(ground: &Ground, id: ObjectId) -> Option<Read> {
    let format = "--format=%T%x00%P%x00%an%x00%ae%x00%cn%x00%ce%x00%B";
    let mut git = git_in(&ground.path, &ground.root);
    git.args(["-c", "i18n.logOutputEncoding=none", "-c", "log.mailmap=false"]);
    git.args(["show", "-s", "--encoding=none", format, &id.to_string()]);
    let (ok, stdout, _) = run(git, b"");
    let stdout = stdout.strip_suffix(b"\n").filter(|_| ok)?;
    let mut parts = stdout.splitn(7, |c| *c == 0).map(<[u8]>::to_vec);
    let mut text = || parts.next();
    let tree = String::from_utf8(text()?).ok()?;
    let parents = String::from_utf8(text()?).ok()?;
    let people = [trim(text()?), trim(text()?), trim(text()?), trim(text()?)];
    let parents = parents.split(' ').filter(|p| !p.is_empty()).map(str::to_owned).collect();
    Some(Read { tree, parents, people, message: text()? })
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
    let repo = Repository::open(&ground.path).unwrap();
    let (seed, count) = (number("COUNTERSIGN_SEED", 1), number("COUNTERSIGN_OBJECTS", 400));
    assert!(
        commits.iter().all(|id| fsck(&ground, *id)),
        "git's checks find fault with a plain commit"
    );
    let (mut accepted, mut refused, mut wrong) = (0, 0, String::new());
    for n in 0..count {
        let raw = odd(&mut Dice(seed.wrapping_mul(1 << 32).wrapping_add(n)), &trees, &commits);
        let id = ground.object("commit", &raw);
        let shown = String::from_utf8_lossy(&raw);
        match parse_commit(id, &raw) {
            Ok(commit) => {
                accepted += 1;
                let (ours, theirs, gits) = (ours(&commit), libgit2(&repo, id), git(&ground, id));
                let recoded = commit.encoding.is_some();
                let alike = |other: Option<&Read>| {
                    other.is_some_and(|o| {
                        o.tree == ours.tree
                            && o.parents == ours.parents
                            && (recoded || o.people == ours.people)
                            && (recoded || o.message == ours.message)
                    })
                };
                if !alike(theirs.as_ref()) || !alike(gits.as_ref()) {
                    let _ = writeln!(
                        wrong,
                        "{shown:?}\nours {ours:?}\nlibgit2 {theirs:?}\ngit {gits:?}\n"
                    );
                }
            }
            Err(why) => {
                refused += 1;
                if !STRICTER.contains(&why.reason) && fsck(&ground, id) {
                    let _ = writeln!(wrong, "{shown:?}\nrefused, and git finds no fault: {why}\n");
                }
            }
        }
    }
    eprintln!("{accepted} accepted, {refused} refused");
    assert!(wrong.is_empty(), "{wrong}");
    assert!(accepted > count / 8 && refused > count / 8, "{accepted} accepted, {refused} refused");
}
