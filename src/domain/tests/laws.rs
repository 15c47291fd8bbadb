//! Laws that hold for any facts: thousands of pushes out of a seeded generator.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::oracle::Oracle;
use super::stage::{self, Hands, Row, ago, hash, id};
use crate::domain::decide;
use crate::domain::decision::{Decision, Met, Outcome};
use crate::domain::evidence::Strength;
use crate::domain::facts::{Facts, RefChange, RefFacts, Tie};
use crate::domain::ids::{Login, ObjectId, RefName, RepositoryName, StatementHash};
use crate::domain::policy::{Binding, Mode, Policy, Rule};
use crate::domain::statement::{Net, SignOff, Verdict};

const WORLDS: u64 = 500;
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
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap() % n
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    fn shuffle<T>(&mut self, all: &mut [T]) {
        for n in (1..all.len()).rev() {
            all.swap(n, self.below(n + 1));
        }
    }
}

#[derive(Clone)]
struct World {
    policy: Policy,
    facts: Facts,
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

    fn add(&mut self, dice: &mut Dice, mut s: SignOff, nets: Nets) {
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

    fn decide(&self) -> Decision {
        decide(&self.policy, &self.facts)
    }

    fn oracle(&self) -> Oracle<'_> {
        Oracle { policy: &self.policy, facts: &self.facts }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Nets {
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
        rule.exempt_pushers = [stage::who("dev")].into();
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
    let range = (0..=dice.below(2)).map(|n| id(SIGNED.start + u8::try_from(n).unwrap())).collect();
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

fn any_statement(dice: &mut Dice, n: usize, verdict: Verdict) -> SignOff {
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

fn any_approval<'a>(w: &'a World, dice: &mut Dice) -> Option<&'a SignOff> {
    let all = w.facts.sign_offs.values();
    let approvals: Vec<_> = all.filter(|s| s.statement.verdict == Verdict::Approve).collect();
    if approvals.is_empty() { None } else { Some(*dice.of(&approvals)) }
}

/// Worlds and what the decision says of them, made once for all laws.
type Worlds = Vec<(World, Decision)>;

static FOR_ONE: LazyLock<Worlds> = LazyLock::new(|| worlds(Nets::ForOne));
static FOR_MANY: LazyLock<Worlds> = LazyLock::new(|| worlds(Nets::ForMany));

fn worlds(nets: Nets) -> Worlds {
    let mut base = stage::policy();
    base.rules.push(stage::rule("second", 20));
    base.rules.iter_mut().for_each(|r| r.refs = stage::globs([stage::MAIN, NEXT]));
    let world = |seed| World::new(seed, nets, &base);
    (1..=WORLDS).map(world).map(|w| (w.clone(), w.decide())).collect()
}

/// Runs a law over all worlds, telling the seed that breaks it; counts those where it had
/// something to say.
fn for_all(
    nets: Nets,
    law: impl Fn(&World, &Decision, &mut Dice) -> Option<Result<(), String>>,
) -> u64 {
    let worlds = if nets == Nets::ForOne { &FOR_ONE } else { &FOR_MANY };
    let mut said = 0;
    for (seed, (world, decision)) in (1..).zip(worlds.iter()) {
        match law(world, decision, &mut Dice::new(!seed)) {
            None => {}
            Some(Ok(())) => said += 1,
            Some(Err(why)) => panic!("world {seed}: {why}"),
        }
    }
    said
}

fn never_loosens(before: &Decision, after: &Decision) -> Result<(), String> {
    match (before.verdict, after.verdict) {
        (Outcome::Reject, Outcome::Accept) => Err("a reject became an accept".to_owned()),
        _ => Ok(()),
    }
}

fn same(before: &Decision, after: &Decision) -> Result<(), String> {
    let (before, after) = (before.verdict, after.verdict);
    if before == after { Ok(()) } else { Err(format!("{before:?}, then {after:?}")) }
}

#[test]
fn the_generator_makes_both_verdicts() {
    let accepts = for_all(Nets::ForOne, |_, d, _| (d.verdict == Outcome::Accept).then_some(Ok(())));
    assert!((WORLDS / 5..WORLDS * 4 / 5).contains(&accepts), "{accepts} of {WORLDS} are accepted");
    let signed = for_all(Nets::ForOne, |_, d, _| {
        let mut all = d.refs.iter().flat_map(|r| &r.commits).flat_map(|c| &c.requirements);
        let signed = all.any(|q| q.met == Met::SignedOff && q.mode == Mode::Enforce);
        (signed && d.verdict == Outcome::Accept).then_some(Ok(()))
    });
    assert!(signed > WORLDS / 20, "{signed} of {WORLDS} are accepted because they are signed");
}

/// Both ways: no bypass, and no rejection that the rules do not ask for.
#[test]
fn the_verdict_is_what_the_naive_rules_say() {
    for_all(Nets::ForOne, |w, d, _| {
        let (got, wanted) = (d.verdict == Outcome::Accept, w.oracle().accepts());
        Some(if got == wanted { Ok(()) } else { Err(format!("accepts {got}, rules {wanted}")) })
    });
}

#[test]
fn accepted_ai_has_enough_people_without_a_hand() {
    let said = for_all(Nets::ForMany, |w, d, _| {
        if d.verdict == Outcome::Reject {
            return None;
        }
        Some(if w.oracle().accepts() { Ok(()) } else { Err("accepted all the same".to_owned()) })
    });
    assert!(said > WORLDS / 5);
}

#[test]
fn more_evidence_never_loosens() {
    for_all(Nets::ForMany, |w, before, dice| {
        let mut more = w.clone();
        let n = dice.below(more.facts.commits.len());
        let commit = more.facts.commits.values_mut().nth(n)?;
        commit.detection.evidence.push(stage::evidence(Strength::Authorship));
        Some(never_loosens(before, &more.decide()))
    });
}

#[test]
fn one_approval_less_never_loosens() {
    let said = for_all(Nets::ForOne, |w, before, dice| {
        let gone = any_approval(w, dice)?.hash;
        let mut fewer = w.clone();
        fewer.facts.sign_offs.remove(&gone);
        fewer.facts.covers.values_mut().for_each(|c| c.retain(|c| c.statement != gone));
        Some(never_loosens(before, &fewer.decide()))
    });
    assert!(said > WORLDS / 2);
}

#[test]
fn one_decline_more_never_loosens() {
    for_all(Nets::ForMany, |w, _, dice| {
        let mut more = w.clone();
        more.policy.rules[0].veto = true;
        let before = more.decide();
        let s = any_statement(dice, 50, Verdict::Decline);
        more.add(dice, s, Nets::ForMany);
        Some(never_loosens(&before, &more.decide()))
    });
}

#[test]
fn one_revocation_of_an_approval_more_never_loosens() {
    for_all(Nets::ForOne, |w, before, dice| {
        let mut s = any_approval(w, dice)?.clone();
        s.statement.verdict = Verdict::Revoke;
        s.statement.subjects = vec![stage::revoked(s.hash)];
        s.hash = hash(51);
        let mut more = w.clone();
        more.facts.sign_offs.insert(s.hash, s);
        Some(never_loosens(before, &more.decide()))
    });
}

#[test]
fn order_changes_no_verdict() {
    for_all(Nets::ForOne, |w, before, dice| {
        let mut other = w.clone();
        other.facts.covers.values_mut().for_each(|c| dice.shuffle(c));
        dice.shuffle(&mut other.facts.refs);
        for r in &mut other.facts.refs {
            dice.shuffle(&mut r.sets);
            r.sets.iter_mut().for_each(|s| dice.shuffle(&mut s.commits));
        }
        other.facts.same_change.values_mut().for_each(|rows| dice.shuffle(rows));
        Some(same(before, &other.decide()))
    });
}

/// The names of statements are hashes: whatever they are, the verdict is the same.
#[test]
fn names_of_statements_change_no_verdict() {
    let rename = |h: StatementHash| StatementHash::from_raw(h.as_bytes().map(|byte| !byte));
    for_all(Nets::ForOne, |w, before, _| {
        let mut other = w.clone();
        let all = std::mem::take(&mut other.facts.sign_offs);
        other.facts.sign_offs = all
            .into_values()
            .map(|mut s| {
                s.hash = rename(s.hash);
                for subject in &mut s.statement.subjects {
                    subject.statement = subject.statement.map(rename);
                }
                (s.hash, s)
            })
            .collect();
        let covers = other.facts.covers.values_mut().flatten();
        covers.for_each(|c| c.statement = rename(c.statement));
        Some(same(before, &other.decide()))
    });
}

#[test]
fn rules_that_do_not_enforce_never_reject() {
    for_all(Nets::ForMany, |w, _, dice| {
        let mut mild = w.clone();
        mild.policy.detect.declaration_required = dice.one_in(2);
        for rule in &mut mild.policy.rules {
            rule.mode = *dice.of(&[Mode::Warn, Mode::Observe]);
        }
        let changes = [RefChange::Rewind, RefChange::Create, RefChange::FastForward];
        mild.facts.refs[0].change = *dice.of(&changes);
        let accepted = mild.decide().verdict == Outcome::Accept;
        Some(if accepted { Ok(()) } else { Err("it rejects".to_owned()) })
    });
}

/// A push of an enforcing rule and a milder one: the milder one changes nothing.
#[test]
fn a_milder_rule_beside_changes_no_verdict() {
    for_all(Nets::ForOne, |w, _, _| {
        let mut one = w.clone();
        one.policy.rules.truncate(1);
        stage::gate(&one.policy, &mut one.facts);
        let before = one.decide();
        let mut mild = one.policy.rules[0].clone();
        (mild.mode, mild.veto, mild.sign_offs) = (Mode::Warn, true, 3);
        one.policy.rules.push(mild);
        stage::gate(&one.policy, &mut one.facts);
        Some(same(&before, &one.decide()))
    });
}

#[test]
fn no_net_change_covers_two_commits() {
    let said = for_all(Nets::ForMany, |w, decision, _| {
        let mut covered: BTreeMap<_, BTreeSet<ObjectId>> = BTreeMap::new();
        for c in decision.refs.iter().flat_map(|r| &r.commits) {
            for h in c.requirements.iter().flat_map(|q| &q.have).filter(|h| h.net) {
                let net = w.facts.sign_offs[&h.statement].statement.net.unwrap();
                covered.entry((h.person.clone(), net.base, net.tip)).or_default().insert(c.id);
            }
        }
        if covered.is_empty() {
            return None;
        }
        let two = covered.values().any(|commits| commits.len() > 1);
        Some(if two { Err(format!("{covered:?}")) } else { Ok(()) })
    });
    assert!(said > WORLDS / 20, "only {said} worlds have a net change that counts");
}
