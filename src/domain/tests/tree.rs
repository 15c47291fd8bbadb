//! What stands in the tree beside the verdict.

use super::stage::{self, Hands, Row, cover, hash, id, land};
use crate::domain::decide;
use crate::domain::decision::{Family, Finding, Outcome, Requirement};
use crate::domain::facts::{Facts, RefFacts, Tie};
use crate::domain::ids::{Login, ObjectId, RefName, RepositoryName};
use crate::domain::policy::{Mode, Policy};
use crate::domain::statement::Verdict;

const NEXT: &str = "refs/heads/next";

/// One unsigned commit for `refs/heads/main`.
fn unsigned() -> (Policy, Facts) {
    let (policy, mut facts) = (stage::policy(), stage::facts());
    land(&mut facts, id(1), &Hands::default(), Some(1));
    stage::gate(&policy, &mut facts);
    (policy, facts)
}

fn say(facts: &mut Facts, n: usize, verdict: Verdict, who: &str, age: i64, tie: Tie) {
    let mut s = stage::statement(verdict, who, &[id(1)], stage::ago(age));
    s.hash = hash(n);
    s.statement.reason = Some("not like this".to_owned());
    cover(facts, id(1), s.hash, tie);
    facts.sign_offs.insert(s.hash, s);
}

fn only_requirement(policy: &Policy, facts: &Facts) -> Requirement {
    let decision = decide(policy, facts);
    let all: Vec<_> = decision
        .refs
        .iter()
        .flat_map(|r| &r.commits)
        .flat_map(|c| c.requirements.clone())
        .collect();
    let [one] = all.as_slice() else { panic!("{} requirements", all.len()) };
    one.clone()
}

fn problem(mode: Mode) -> Finding {
    Finding::new("time", Family::CouldNotFinish, "the time is over").with_mode(mode)
}

#[test]
fn a_problem_rejects_where_it_enforces() {
    for (mode, verdict) in [
        (Mode::Enforce, Outcome::Reject),
        (Mode::Warn, Outcome::Accept),
        (Mode::Observe, Outcome::Accept),
    ] {
        let (policy, mut facts) = (stage::policy(), stage::facts());
        let mut whole = facts.clone();
        whole.refs.clear();
        whole.problems = vec![problem(mode)];
        let decision = decide(&policy, &whole);
        assert_eq!((decision.verdict, decision.findings), (verdict, whole.problems));
        facts.refs[0].problems = vec![problem(mode)];
        let decision = decide(&policy, &facts);
        assert_eq!(decision.verdict, verdict, "{mode:?}");
        assert_eq!((decision.refs[0].verdict, decision.refs[0].findings.len()), (verdict, 1));
    }
}

/// G3: a rule that gates a ref and was not applied to it is no "nothing to check".
#[test]
fn a_rule_that_was_not_applied_rejects() {
    let (policy, mut facts) = unsigned();
    for set in facts.refs.iter_mut().flat_map(|r| &mut r.sets) {
        set.commits.clear();
    }
    assert_eq!(decide(&policy, &facts).verdict, Outcome::Accept);
    facts.refs[0].sets.clear();
    let decision = decide(&policy, &facts);
    assert_eq!(decision.verdict, Outcome::Reject);
    assert_eq!(decision.refs[0].findings[0].family, Family::CouldNotFinish);
}

#[test]
fn one_ref_that_may_not_land_rejects_the_push() {
    let (policy, mut facts) = unsigned();
    let free = RefFacts { name: RefName::new(NEXT), sets: Vec::new(), ..facts.refs[0].clone() };
    facts.refs.push(free);
    for _ in 0..2 {
        let decision = decide(&policy, &facts);
        assert_eq!(decision.verdict, Outcome::Reject);
        for r in &decision.refs {
            let is_main = r.name.as_str() == Some(stage::MAIN);
            assert_eq!((r.gated, r.verdict == Outcome::Reject), (is_main, is_main));
        }
        facts.refs.reverse();
    }
}

/// Gated is said of the names a ref leads to as well, and of this repository's rules alone.
#[test]
fn a_ref_is_gated_by_any_of_its_names() {
    let (mut policy, mut facts) = unsigned();
    facts.refs[0].name = RefName::new("refs/heads/alias");
    assert!(!decide(&policy, &facts).refs[0].gated);
    facts.refs[0].leads_to = vec![RefName::new(stage::MAIN)];
    assert!(decide(&policy, &facts).refs[0].gated);
    policy.rules[0].repos = stage::globs(["acme/*"]);
    assert!(decide(&policy, &facts).refs[0].gated);
    facts.repository = RepositoryName::new("other/api");
    assert!(!decide(&policy, &facts).refs[0].gated);
}

/// "Nothing to check" is shown (G3), and what needs nothing is not listed.
#[test]
fn a_clean_push_shows_its_rules_and_no_commit() {
    let (policy, mut facts) = unsigned();
    facts.commits.get_mut(&id(1)).unwrap().detection.evidence.clear();
    let decision = decide(&policy, &facts);
    assert_eq!(decision.verdict, Outcome::Accept);
    assert!(decision.refs[0].commits.is_empty());
    assert_eq!((decision.refs[0].rules.len(), decision.refs[0].rules[0].checked), (1, 1));
}

#[test]
fn an_ungated_push_is_told_what_the_first_enforcing_rule_asks() {
    let (mut policy, mut facts) = (stage::policy(), stage::facts());
    assert_eq!(decide(&policy, &facts).refs[0].early, None);
    facts.refs[0].ungated_ai = vec![id(1), id(2)];
    policy.rules.push(stage::rule("second", 20));
    policy.rules[0].mode = Mode::Warn;
    policy.rules[1].refs = stage::globs([NEXT, stage::MAIN]);
    policy.rules[1].sign_offs = 2;
    let decision = decide(&policy, &facts);
    let early = decision.refs[0].early.clone().unwrap();
    // Nobody is known to have pushed them first, and that stays so (G13).
    assert_eq!((early.refs.as_str(), early.sign_offs), (NEXT, 3));
    for commit in [id(1), id(2)] {
        stage::named(&mut facts, commit, &Hands::default());
    }
    let decision = decide(&policy, &facts);
    assert_eq!(decision.refs[0].early.as_ref().map(|e| e.sign_offs), Some(2));
    assert_eq!(decision.refs[0].ungated_ai, 2);
    policy.rules[1].mode = Mode::Observe;
    assert_eq!(decide(&policy, &facts).refs[0].early, None);
}

/// "Push that ref first" is said of the ref that holds the commit, where it may land.
#[test]
fn push_first_names_a_ref_that_may_land() {
    let (mut policy, mut facts) = unsigned();
    let wanted = |policy: &Policy, facts: &Facts| {
        let decision = decide(policy, facts);
        decision.refs[0].commits[0].requirements[0].push_first.clone()
    };
    let next = RefName::new(NEXT);
    facts.refs[0].sets[0].lands_first =
        vec![(RefName::new("refs/heads/x"), vec![id(7)]), (next.clone(), vec![id(1)])];
    assert_eq!(wanted(&policy, &facts), Some(next.clone()));
    let other = RefFacts { name: next.clone(), sets: Vec::new(), ..facts.refs[0].clone() };
    facts.refs.push(other);
    assert_eq!(wanted(&policy, &facts), Some(next));
    policy.rules.push(stage::rule("second", 20));
    policy.rules[1].refs = stage::globs([NEXT]);
    let lands_first = facts.refs[0].sets[0].lands_first.clone();
    stage::gate(&policy, &mut facts);
    facts.refs[0].sets[0].lands_first = lands_first;
    assert_eq!(wanted(&policy, &facts), None, "that ref is refused itself");
}

#[test]
fn who_can_sign_and_who_can_not() {
    let (mut policy, mut facts) = (stage::policy(), stage::facts());
    policy.rules[0].sign_offs = 3;
    let hands = Hands { author: "cleo".to_owned(), ..Hands::default() };
    land(&mut facts, id(1), &hands, Some(1));
    stage::gate(&policy, &mut facts);
    say(&mut facts, 1, Verdict::Approve, "ann", 60, Tie::Commit);
    let q = only_requirement(&policy, &facts);
    assert_eq!(q.have.iter().map(|h| h.person.as_str()).collect::<Vec<_>>(), ["ann"]);
    assert_eq!(q.can_sign.iter().map(|p| p.as_str()).collect::<Vec<_>>(), ["ben"]);
    assert_eq!(q.cannot.len(), 1);
    assert_eq!((q.cannot[0].person.as_str(), q.cannot[0].why.as_str()), ("cleo", "author"));
}

/// Of each person one statement that does not count, the newest, and only of people who
/// have none that counts.
#[test]
fn what_does_not_count_is_told_once_a_person() {
    let (policy, mut facts) = unsigned();
    let stale = |n| Tie::Stale { signed: Some(id(n)), why: "src/a differs".to_owned() };
    say(&mut facts, 1, Verdict::Approve, "ann", 60, stale(30));
    say(&mut facts, 2, Verdict::Approve, "ann", 90, stale(31));
    say(&mut facts, 3, Verdict::Approve, "ben", 60, stale(32));
    say(&mut facts, 4, Verdict::Approve, "ben", 90, Tie::Commit);
    let q = only_requirement(&policy, &facts);
    let told: Vec<_> = q.unusable.iter().map(|u| (u.person.as_str(), u.statement)).collect();
    assert_eq!(told, [("ann", hash(1))]);
    assert_eq!(q.have.len(), 1);
}

#[test]
fn what_does_not_count_says_which_commit_it_names() {
    let signed = id(30);
    let rows: [(Tie, Option<ObjectId>); 5] = [
        (Tie::Commit, Some(id(1))),
        (Tie::SameFiles { signed }, Some(signed)),
        (Tie::Replay { signed }, Some(signed)),
        (Tie::Stale { signed: Some(signed), why: String::new() }, Some(signed)),
        (Tie::Net { same_files: true, signed: vec![signed] }, None),
    ];
    for (tie, names) in rows {
        let (policy, mut facts) = unsigned();
        stage::named(&mut facts, signed, &Hands::default());
        say(&mut facts, 1, Verdict::Approve, "ann", 11 * 86_400, tie.clone());
        let q = only_requirement(&policy, &facts);
        assert_eq!(q.unusable.iter().map(|u| u.names).collect::<Vec<_>>(), [names], "{tie:?}");
    }
}

#[test]
fn a_decline_says_why_and_blocks_nobody_without_a_veto() {
    let (mut policy, mut facts) = unsigned();
    say(&mut facts, 1, Verdict::Decline, "ben", 60, Tie::Commit);
    let q = only_requirement(&policy, &facts);
    assert_eq!((q.declined.len(), q.declined[0].why.as_str()), (1, "not like this"));
    assert!(!q.blocked);
    policy.rules[0].veto = true;
    assert!(only_requirement(&policy, &facts).blocked);
}

/// Somebody's better sign-off is the one that is told.
#[test]
fn of_two_sign_offs_the_one_that_needs_no_more_counts() {
    let (policy, mut facts) = unsigned();
    stage::named(&mut facts, id(30), &Hands { row: Row::Nameless, ..Hands::default() });
    say(&mut facts, 1, Verdict::Approve, "ann", 60, Tie::SameFiles { signed: id(30) });
    say(&mut facts, 2, Verdict::Approve, "ann", 90, Tie::Commit);
    let q = only_requirement(&policy, &facts);
    assert_eq!((q.have.len(), q.have[0].statement, q.needed), (1, hash(2), 1));
    say(&mut facts, 3, Verdict::Approve, "ben", 60, Tie::SameFiles { signed: id(30) });
    let q = only_requirement(&policy, &facts);
    assert_eq!((q.have.len(), q.needed, q.one_more), (2, 1, false));
}

/// The decision carries whom it took for the first pusher of each commit.
#[test]
fn first_pushers_stand_in_the_decision() {
    let (policy, mut facts) = unsigned();
    stage::named(&mut facts, id(30), &Hands { row: Row::Nameless, ..Hands::default() });
    let decision = decide(&policy, &facts);
    let rows: Vec<_> = decision
        .first_pushers
        .iter()
        .map(|f| (f.commit, f.login.as_ref().map(|l| l.as_str().to_owned())))
        .collect();
    assert_eq!(rows, [(id(1), Some("dev".to_owned())), (id(30), None)]);
}

#[test]
fn a_login_is_taken_byte_for_byte_before_its_case_is_forgotten() {
    let mut policy = stage::policy();
    let cleo = policy.people.get_mut(&stage::who("cleo")).unwrap();
    cleo.logins.push(Login::new("ANN"));
    let of = |login: &str| policy.person_by_login(&Login::new(login)).map(|p| p.id.clone());
    assert_eq!(of("ANN"), Some(stage::who("cleo")));
    assert_eq!(of("ann"), Some(stage::who("ann")));
    assert_eq!(of("DEV"), Some(stage::who("dev")));
    assert_eq!(of("nobody"), None);
}

#[test]
fn an_address_is_taken_in_any_case() {
    let policy = stage::policy();
    let of = |email: &[u8]| policy.person_by_email(email).map(|p| p.id.clone());
    assert_eq!(of(b" ANN@Example.Com "), Some(stage::who("ann")));
    assert_eq!(of(b"ann@example.com.evil"), None);
    assert_eq!(of(b"ann@example.com\xff"), None);
}

#[test]
fn the_strictest_mode_of_the_rules_that_gate_a_ref() {
    let mut policy = stage::policy();
    let (main, here) = (RefName::new(stage::MAIN), RepositoryName::new(stage::REPOSITORY));
    let of = |policy: &Policy| policy.mode_of(&here, [&main]);
    policy.rules[0].mode = Mode::Warn;
    policy.rules.push(stage::rule("second", 20));
    assert_eq!(of(&policy), Some(Mode::Enforce));
    policy.rules[1].repos = stage::globs(["other/*"]);
    assert_eq!(of(&policy), Some(Mode::Warn));
    policy.rules[0].refs = stage::globs([NEXT]);
    assert_eq!(of(&policy), None);
}
