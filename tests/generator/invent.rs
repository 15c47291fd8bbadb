//! What could happen next: people, messages, changes and commits by the dice. It looks at
//! what came of earlier pushes, so that sign-offs are of what lacks them and most roads
//! end in a push that lands.

use std::collections::BTreeMap;

use super::compare::Checked;
use super::objects::Oid;
use super::plan::{Edit, MARKS, Mark, Message, Name, People, Push, ROOT, Step, Who};
use super::rng::Rng;
use super::rules::{CAST, Rules, SENIORS};

/// Who makes commits.
pub(super) const PEOPLE: &[Who] = &[
    "Kim <kim@example.com>",
    "Lee <lee@example.com>",
    "Grace Hopper <grace@example.com>",
    "Grace Hopper <Grace.Hopper@example.org>",
    "Ada Lovelace <ada@example.com>",
    "Margaret Hamilton <margaret@example.com>",
    "Brian Kernighan <brian@example.com>",
    "Mallory <mallory@example.net>",
];

/// Identities that are evidence.
pub(super) const AGENTS: &[Who] = &[
    "Claude <noreply@anthropic.com>",
    "Cursor <cursoragent@cursor.com>",
    // The policy's own.
    "CI Agent <CI-agent@example.com>",
];

/// Who pushes, with weights.
const LOGINS: &[(usize, Option<&str>)] = &[
    (10, Some("kim")),
    (6, Some("lee")),
    (4, Some("ghopper")),
    (1, Some("grace.h")),
    (1, Some("GHopper")),
    (4, Some("alovelace")),
    (4, Some("khamilton")),
    (2, Some("bkernighan")),
    (3, Some("mallory")),
    (2, Some("ci-agent")),
    (1, Some("stray-agent")),
    (2, Some("merge-queue")),
    (1, Some("deploy-key:12")),
    (1, None),
];

pub(super) const MAIN: &str = "refs/heads/main";

/// Refs that a push may name.
const REFS: &[(usize, &str)] = &[
    (10, MAIN),
    (3, "refs/heads/release/1"),
    (2, "refs/heads/release/2"),
    (4, "refs/heads/topic/a"),
    (3, "refs/heads/topic/b"),
    (3, "refs/heads/review/x"),
    (1, "refs/tags/v1"),
    (1, "refs/tags/v2"),
];

pub(super) const FILES: &[&str] = &[
    "README.md",
    "src/app.rs",
    "src/other.rs",
    "src/loop.rs",
    "docs/guide.md",
    "lib/data.bin",
    "tool.sh",
];

/// Commits that are waiting for something: a chain, and where it is to go.
#[derive(Debug, Clone)]
pub(super) struct Open {
    pub(super) base: Name,
    pub(super) chain: Vec<Name>,
    pub(super) target: String,
    /// What the oracle missed at the last try; at first what is marked.
    pub(super) missing: Vec<Name>,
    pub(super) needed: usize,
    pub(super) can_sign: Vec<String>,
}

/// See the module.
pub(super) struct Inventor<'r> {
    pub(super) dice: Rng,
    pub(super) rules: &'r Rules,
    next: Name,
    /// What the server's refs hold, as far as the steps made it.
    pub(super) refs: BTreeMap<String, Name>,
    pub(super) commits: Vec<Name>,
    pub(super) marked: Vec<Name>,
    pub(super) tags: Vec<Name>,
    /// Statements and their keys.
    pub(super) statements: Vec<(Name, &'static str)>,
    pub(super) open: Vec<Open>,
}

impl<'r> Inventor<'r> {
    pub(super) fn new(dice: Rng, rules: &'r Rules) -> Self {
        Self {
            dice,
            rules,
            next: ROOT + 1,
            refs: BTreeMap::from([(MAIN.to_owned(), ROOT)]),
            commits: vec![ROOT],
            marked: Vec::new(),
            tags: Vec::new(),
            statements: Vec::new(),
            open: Vec::new(),
        }
    }

    pub(super) fn name(&mut self) -> Name {
        self.next += 1;
        self.next
    }

    /// The tip of main, or whatever is left without one.
    pub(super) fn main(&self) -> Name {
        self.refs.get(MAIN).copied().unwrap_or(ROOT)
    }

    pub(super) fn reference(&mut self) -> String {
        self.dice.weighted(REFS).to_owned()
    }

    pub(super) fn login(&mut self) -> Option<&'static str> {
        self.dice.weighted(LOGINS)
    }

    /// Mostly the author's own login.
    pub(super) fn login_of(&mut self, who: Who) -> Option<&'static str> {
        let address = super::history::address(who);
        let own = CAST.iter().find(|p| p.emails.contains(&address.as_str()));
        match own {
            Some(person) if self.dice.chance(75) => Some(person.logins[0]),
            _ => self.login(),
        }
    }

    pub(super) fn who(&mut self) -> Who {
        let within = if self.dice.chance(60) { 2 } else { PEOPLE.len() };
        PEOPLE[self.dice.below(within)]
    }

    pub(super) fn people(&mut self) -> People {
        let author = self.who();
        let committer = if self.dice.chance(80) { author } else { self.who() };
        People { author, committer }
    }

    /// A message, and people as its mark has them.
    pub(super) fn message(&mut self, is_ai: bool, people: People) -> (Message, People) {
        let subject = format!("Change {}", self.next);
        let mut message = Message { subject, ..Message::default() };
        let mut people = people;
        if is_ai {
            let mark = self.dice.weighted(MARKS);
            message.mark = Some(mark);
            match mark {
                Mark::Author => people.author = AGENTS[self.dice.below(AGENTS.len())],
                Mark::Committer => people.committer = AGENTS[self.dice.below(AGENTS.len())],
                _ => {}
            }
        }
        message.denies = self.dice.chance(if self.rules.declare { 70 } else { 5 });
        message.talks = self.dice.chance(10);
        if self.dice.chance(15) {
            message.co_authors.push(self.who());
        }
        (message, people)
    }

    pub(super) fn edits(&mut self) -> Vec<Edit> {
        let many = self.dice.weighted(&[(12, 1), (4, 2), (1, 3), (2, 0)]);
        (0..many).map(|_| self.edit()).collect()
    }

    fn edit(&mut self) -> Edit {
        let text = format!("changed {} {}", self.next, self.dice.below(1_000));
        let mut path = if self.dice.chance(70) { FILES[1] } else { *self.dice.pick(FILES) };
        // Often far apart, sometimes side by side or the same.
        let at = match self.dice.below(3) {
            0 => 10 * self.dice.below(6),
            1 => self.dice.below(60),
            _ => 28 + self.dice.below(4),
        };
        match self.dice.below(24) {
            0..=11 => Edit::Line(path, at, text),
            12..=14 => Edit::Insert(path, at, text),
            15..=16 => Edit::Cut(path, at),
            17 => Edit::File("src/loop.rs", repeated(self.dice.between(2, 5))),
            18 => {
                path = "src/loop.rs";
                match self.dice.below(2) {
                    0 => Edit::Insert(path, at, "    step();".to_owned()),
                    _ => Edit::Cut(path, at),
                }
            }
            19 => Edit::Delete(path),
            20 => Edit::Rename(path, FILES[self.dice.below(FILES.len())]),
            21 => Edit::Mode(path),
            22 => Edit::Link("tool.sh", FILES[self.dice.below(FILES.len())]),
            _ => match self.dice.below(3) {
                0 => Edit::File("lib/data.bin", vec![0, 1, u8::try_from(at).expect("small")]),
                1 => Edit::File(path, Vec::new()),
                _ => Edit::File("docs/guide.md", format!("{text}\n").repeat(9).into_bytes()),
            },
        }
    }

    /// One commit upon another.
    pub(super) fn commit(&mut self, parent: Option<Name>, is_ai: bool) -> (Step, Name, People) {
        let name = self.name();
        let people = self.people();
        let (message, people) = self.message(is_ai, people);
        let edits = self.edits();
        self.commits.push(name);
        if is_ai {
            self.marked.push(name);
        }
        (Step::Commit { name, parent, edits, people, message }, name, people)
    }

    /// A chain of commits, and whoever made the last one.
    pub(super) fn chain(&mut self, base: Option<Name>, steps: &mut Vec<Step>) -> (Open, Who) {
        let long = self.dice.weighted(&[(5, 1), (4, 2), (2, 3), (1, 5)]);
        let mut at = base;
        let mut open = Open {
            base: base.unwrap_or(ROOT),
            chain: Vec::new(),
            target: MAIN.to_owned(),
            missing: Vec::new(),
            needed: self.rules.rules[0].sign_offs,
            can_sign: SENIORS.iter().map(|p| (*p).to_owned()).collect(),
        };
        let mut author = PEOPLE[0];
        for _ in 0..long {
            let is_ai = self.dice.chance(55);
            let (step, name, people) = self.commit(at, is_ai);
            steps.push(step);
            open.chain.push(name);
            if is_ai {
                open.missing.push(name);
            }
            at = Some(name);
            author = people.author;
            open.can_sign.retain(|p| !is_of(p, people.author) && !is_of(p, people.committer));
        }
        (open, author)
    }

    /// Where work begins.
    pub(super) fn base(&mut self) -> Option<Name> {
        match self.dice.below(100) {
            0..=64 => Some(self.main()),
            65..=79 => {
                let tips: Vec<_> =
                    self.refs.values().copied().filter(|n| !self.tags.contains(n)).collect();
                Some(self.dice.maybe(&tips).copied().unwrap_or(ROOT))
            }
            80..=97 => Some(*self.dice.pick(&self.commits)),
            _ => None,
        }
    }

    /// What came of a push.
    pub(super) fn heard(&mut self, push: &Push, checked: &Checked, made: &BTreeMap<Name, Oid>) {
        let verdict = &checked.verdict;
        if !verdict.rejects {
            let fit = push.updates.iter().filter(|(name, _)| !verdict.unfit.contains(name));
            for (name, target) in fit {
                match target {
                    Some(target) => self.refs.insert(name.clone(), *target),
                    None => self.refs.remove(name),
                };
            }
        }
        for open in &mut self.open {
            let tip = open.chain.last().and_then(|n| made.get(n));
            let here = push
                .updates
                .iter()
                .find(|(_, new)| tip.is_some() && new.and_then(|n| made.get(&n)) == tip);
            let Some((name, _)) = here else { continue };
            let of = verdict.missing.iter().filter(|((r, ..), _)| r == name);
            let of: Vec<_> = of.collect();
            if of.is_empty() {
                continue;
            }
            open.target.clone_from(name);
            let ids: Vec<&Oid> = of.iter().map(|((_, id, _), _)| id).collect();
            open.missing =
                made.iter().filter(|(_, id)| ids.contains(id)).map(|(n, _)| *n).collect();
            open.needed = of.iter().map(|(_, m)| m.needed.saturating_sub(m.has)).max().unwrap_or(1);
            let can = |p: &&&str| of.iter().all(|(_, m)| m.can_sign.contains(**p));
            open.can_sign = SENIORS.iter().filter(can).map(|p| (*p).to_owned()).collect();
        }
        self.open.retain(|o| {
            let landed = push.updates.iter().any(|(name, new)| {
                *name == o.target && new.is_some() && *new == o.chain.last().copied()
            });
            verdict.rejects || !landed
        });
        if self.open.len() > 6 {
            self.open.remove(0);
        }
    }
}

/// Whether an identity is this person's.
fn is_of(person: &str, who: Who) -> bool {
    let address = super::history::address(who);
    CAST.iter().any(|p| p.id == person && p.emails.contains(&address.as_str()))
}

/// A file that says the same over and over.
fn repeated(times: usize) -> Vec<u8> {
    "fn work() {\n    begin();\n    step();\n    step();\n    end();\n}\n\n"
        .repeat(times)
        .into_bytes()
}
