//! Laws that hold for any facts.

use std::collections::{BTreeMap, BTreeSet};

use super::stage::{self, hash};
use super::worlds::{Dice, FOR_MANY, FOR_ONE, Nets, WORLDS, World, any_approval, any_statement};
use crate::domain::decision::{Decision, Met, Outcome};
use crate::domain::evidence::Strength;
use crate::domain::facts::RefChange;
use crate::domain::ids::{ObjectId, StatementHash};
use crate::domain::policy::Mode;
use crate::domain::statement::Verdict;

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
            // A rule that only tells takes a net change from nobody.
            let enforced = c.requirements.iter().filter(|q| q.mode == Mode::Enforce);
            for h in enforced.flat_map(|q| &q.have).filter(|h| h.net) {
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

/// Of a net change that several commits could use, too.
#[test]
fn order_of_refs_and_statements_changes_no_verdict_of_nets() {
    for_all(Nets::ForMany, |w, before, dice| {
        let mut other = w.clone();
        other.facts.covers.values_mut().for_each(|c| dice.shuffle(c));
        dice.shuffle(&mut other.facts.refs);
        for r in &mut other.facts.refs {
            dice.shuffle(&mut r.sets);
            r.sets.iter_mut().for_each(|s| dice.shuffle(&mut s.commits));
        }
        Some(same(before, &other.decide()))
    });
}
