//! Pushes out of a seeded generator: the same in every run.

use std::sync::LazyLock;

use super::oracle::Oracle;
use super::stage::{self, Hands, Row, ago, hash, id};
use crate::domain::decide;
use crate::domain::decision::Decision;
use crate::domain::evidence::Strength;
use crate::domain::facts::{Facts, RefFacts, Tie};
use crate::domain::ids::{Login, RefName, RepositoryName};
use crate::domain::policy::{Binding, Mode, Policy, Rule};
use crate::domain::statement::{Net, SignOff, Verdict};

pub(super) const WORLDS: u64 = 500;
const NEXT: &str = "refs/heads/next";
const LANDS: u8 = 3;
const SIGNED: std::ops::Range<u8> = 11..14;
const NAMES: &[&str] =
    &["dev", "dev", "dev", "dev", "dev", "dev", "pam", "?x", "ann", "ben", "cleo", "bot", "ghost"];
const LOGINS: &[&str] = &[
    "dev",
    "dev",
    "dev",
    "dev",
    "dev",
    "dev",
    "dev",
    "dev.d",
    "zed",
    "pam",
    "ann",
    "ann.a",
    "ANN",
    "ben",
    "bot",
    "ghost",
    "queue",
    "deploy-key:7",
    "ci-token:7",
    "none",
    "norow",
];

/// xorshift64*: the same worlds in every run.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap() % n
    }

    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(super) fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    pub(super) fn shuffle<T>(&mut self, all: &mut [T]) {
        for n in (1..all.len()).rev() {
            all.swap(n, self.below(n + 1));
        }
    }
}

#[derive(Clone)]
pub(super) struct World {
    pub(super) policy: Policy,
    pub(super) facts: Facts,
}

impl World {
    /// `nets`: whether one net change may be tied to many commits.
    fn new(seed: u64, nets: Nets, base: &Policy) -> Self {
        let dice = &mut Dice::new(seed);
        let mut policy = base.clone();
        policy.rules.truncate(1 + dice.below(2));
        policy.rules.iter_mut().for_each(|r| any_rule(dice, r));
        let mut facts = stage::facts();
        facts.unlisted_is_nobody = dice.one_in(4);
        facts.pusher = Some(*dice.of(LOGINS)).filter(|l| !l.starts_with("no")).map(Login::new);
        for n in 1..=*dice.of(&[1, 1, 1, 2, LANDS]) {
            let change = (!dice.one_in(6)).then_some(n);
            stage::land(&mut facts, id(n), &any_hands(dice), change);
            let found = *dice.of(&[Strength::Assistance, Strength::Declaration, Strength::Hint]);
            let commit = facts.commits.get_mut(&id(n)).unwrap();
            commit.detection.evidence = vec![stage::evidence(found)];
            if dice.one_in(5) {
                stage::shown(&mut facts, id(90 + n), &Row::new(any_login(dice)), n);
            }
        }
        SIGNED.for_each(|n| stage::named(&mut facts, id(n), &any_hands(dice)));
        if dice.one_in(3) {
            let next = RefFacts { name: RefName::new(NEXT), ..facts.refs[0].clone() };
            facts.refs.push(next);
        }
        stage::gate(&policy, &mut facts);
        let mut world = Self { policy, facts };
        for n in 1..=dice.below(8) {
            world.say(dice, n, nets);
        }
        world
    }

    fn say(&mut self, dice: &mut Dice, n: usize, nets: Nets) {
        let verdict = match dice.below(8) {
            0 => Verdict::Decline,
            1 => Verdict::Revoke,
            _ => Verdict::Approve,
        };
        let s = any_statement(dice, n, verdict);
        self.add(dice, s, nets);
    }

    pub(super) fn add(&mut self, dice: &mut Dice, mut s: SignOff, nets: Nets) {
        if s.statement.verdict == Verdict::Revoke {
            s.statement.subjects = vec![stage::revoked(hash(1 + dice.below(8)))];
            self.facts.sign_offs.insert(s.hash, s);
            return;
        }
        let many = *dice.of(&[true, true, false]);
        let mut net = false;
        for commit in self.facts.commits.keys().copied().collect::<Vec<_>>() {
            let tie = any_tie(dice, nets);
            let is_net = matches!(tie, Tie::Net { .. });
            if !many && dice.one_in(2) || is_net && net && nets == Nets::ForOne {
                continue;
            }
            net |= is_net;
            stage::cover(&mut self.facts, commit, s.hash, tie);
        }
        // Statements of a range of their own, or all of one.
        let tip = if nets == Nets::ForOne { *s.hash.as_bytes().first().unwrap() } else { 0 };
        s.statement.net = net.then(|| Net { base: id(200), tip: id(tip + 20) });
        self.facts.sign_offs.insert(s.hash, s);
    }

    pub(super) fn decide(&self) -> Decision {
        decide(&self.policy, &self.facts)
    }

    pub(super) fn oracle(&self) -> Oracle<'_> {
        Oracle { policy: &self.policy, facts: &self.facts }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Nets {
    /// Each net change is tied to one commit.
    ForOne,
    /// One range's is tied to several.
    ForMany,
}

fn any_rule(dice: &mut Dice, rule: &mut Rule) {
    rule.sign_offs = *dice.of(&[1, 1, 1, 2, 2, 3]);
    rule.binding = *dice.of(&[Binding::Replay, Binding::SameFiles, Binding::Commit]);
    rule.veto = dice.one_in(3);
    rule.mode = *dice.of(&[Mode::Enforce, Mode::Enforce, Mode::Enforce, Mode::Warn]);
    if dice.one_in(3) {
        rule.exempt_pushers = ["dev", "ann"].map(stage::who).into();
    }
}

fn any_login(dice: &mut Dice) -> &'static str {
    dice.of::<&'static str>(LOGINS)
}

fn any_hands(dice: &mut Dice) -> Hands {
    let name = |dice: &mut Dice| (*dice.of(NAMES)).to_owned();
    Hands {
        author: name(dice),
        co_authors: (0..dice.below(3) / 2).map(|_| name(dice)).collect(),
        committer: name(dice),
        row: Row::new(any_login(dice)),
        unread: dice.one_in(12),
    }
}

fn any_tie(dice: &mut Dice, nets: Nets) -> Tie {
    let signed = id(SIGNED.start + u8::try_from(dice.below(SIGNED.len())).unwrap());
    let range = (0..dice.below(3)).map(|n| id(SIGNED.start + u8::try_from(n).unwrap())).collect();
    let kind = if nets == Nets::ForMany && dice.one_in(2) { 6 } else { dice.below(9) };
    match kind {
        0..=2 => Tie::Commit,
        3 | 4 => Tie::SameFiles { signed },
        5 => Tie::Replay { signed },
        6 => Tie::Net { same_files: true, signed: range },
        7 => Tie::Net { same_files: false, signed: range },
        _ => Tie::Stale { signed: Some(signed), why: "src/a differs".to_owned() },
    }
}

pub(super) fn any_statement(dice: &mut Dice, n: usize, verdict: Verdict) -> SignOff {
    const AGES: &[i64] = &[-900, -60, 60, 60, 60, 600, 600, 600, 3600, 3600, 86400, 950_400];
    let signer = *dice.of(&["ann", "ann", "ben", "ben", "cleo", "pam"]);
    let mut s = stage::statement(verdict, signer, &[], ago(*dice.of(AGES)));
    s.hash = hash(n);
    s.statement.refs = vec![stage::MAIN.to_owned(), NEXT.to_owned()];
    match dice.below(24) {
        0 => s.statement.refs.truncate(1),
        1 => s.statement.repository = RepositoryName::new("acme/other"),
        2 => s.statement.expires_at = Some(ago(*dice.of(&[-60, 60]))),
        3 => s.key.revoked = true,
        4 => s.key.valid_before = Some(ago(*dice.of(&[30, 1200]))),
        5 => s.key.valid_after = Some(ago(1200)),
        _ => {}
    }
    s
}

pub(super) fn any_approval<'a>(w: &'a World, dice: &mut Dice) -> Option<&'a SignOff> {
    let all = w.facts.sign_offs.values();
    let approvals: Vec<_> = all.filter(|s| s.statement.verdict == Verdict::Approve).collect();
    if approvals.is_empty() { None } else { Some(*dice.of(&approvals)) }
}

/// Worlds and what the decision says of them, made once for all laws.
pub(super) type Worlds = Vec<(World, Decision)>;

pub(super) static FOR_ONE: LazyLock<Worlds> = LazyLock::new(|| worlds(Nets::ForOne));
pub(super) static FOR_MANY: LazyLock<Worlds> = LazyLock::new(|| worlds(Nets::ForMany));

fn worlds(nets: Nets) -> Worlds {
    let mut base = stage::policy();
    base.rules.push(stage::rule("second", 20));
    base.rules.iter_mut().for_each(|r| r.refs = stage::globs([stage::MAIN, NEXT]));
    let world = |seed| World::new(seed, nets, &base);
    (1..=WORLDS).map(world).map(|w| (w.clone(), w.decide())).collect()
}
