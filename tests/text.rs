//! What the pusher reads: snapshots of each family, and what must hold of every text.
//!
//! Ids, dates and decisions are replaced by names before a snapshot is taken.

use std::collections::BTreeMap;

use regex::Regex;

use crate::support::world::lines;
use crate::support::{CLAUDE, Clone, Commit, Draft, MAIN, Policy, PushResult, World, ai, human};

/// Ids by the order in which they are met, so that a reader can tell them apart.
fn redact(text: &str) -> String {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let hex = Regex::new(r"\b[0-9a-f]{8}(?:[0-9a-f]{0,56})\b").expect("a pattern");
    let named = hex.replace_all(text, |found: &regex::Captures<'_>| {
        let next = names.len() + 1;
        let number = names.entry(found[0][..8].to_owned()).or_insert(next);
        if found[0].len() == 8 { format!("<id-{number}>") } else { format!("<full-id-{number}>") }
    });
    let decision = Regex::new(r"\bD-[0-9A-Z]{10}\b").expect("a pattern");
    let date = Regex::new(r"\b20\d\d-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?Z?)?").expect("a pattern");
    let named = decision.replace_all(&named, "D-<decision>");
    let print = Regex::new(r"SHA256:[A-Za-z0-9+/]{43}").expect("a pattern");
    let named = print.replace_all(&named, "SHA256:<key>");
    date.replace_all(&named, "<date>").into_owned()
}

/// Plain ASCII, at most 72 columns, no blanks at the ends, no empty ending.
#[track_caller]
fn well_formed(push: &PushResult) {
    // The fixed line of a delivery is read by programs.
    let fixed = |line: &&str| line.starts_with("countersign: ");
    for line in push.remote.lines().filter(|l| !fixed(l)) {
        assert!(line.is_ascii(), "not ASCII: {line:?}\n{}", push.all);
        assert!(line.len() <= 72, "{} columns: {line:?}\n{}", line.len(), push.all);
        assert_eq!(line.trim_end(), line, "{}", push.all);
    }
}

#[track_caller]
fn snapshot(name: &str, push: &PushResult) {
    well_formed(push);
    insta::assert_snapshot!(name, redact(&push.remote));
}

fn work(n: usize) -> Commit {
    ai(&format!("Work {n}")).file(format!("src/f{n}.rs"), format!("{n}\n"))
}

#[test]
fn one_commit_needs_a_sign_off() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(ai("Add token refresh").file("src/token.rs", "fn refresh() {}\n"));
    snapshot("one_commit", &kim.push_main());
}

#[test]
fn two_rules_and_five_commits() {
    let policy = Policy::standard()
        .group("payments", r#"["khamilton", "alovelace"]"#)
        .rule("payments")
        .with("refs", r#"["refs/heads/main"]"#)
        .with("paths", r#"["pay/**"]"#)
        .with("sign_offs", "2")
        .with("from", r#"["payments"]"#);
    let world = World::with(&policy);
    let kim = world.clone("kim");
    kim.commit(human("Plain one\n").file("a", "a\n"));
    kim.commit(work(1));
    let pay = kim.commit(ai("Retry on 429").file("pay/retry.rs", "retry\n"));
    kim.commit(human("Plain two\n").file("b", "b\n"));
    kim.commit(human(format!("Squash (#7)\n\n* One\n\n{CLAUDE}\n\n* Two\n")).file("c", "c\n"));
    kim.deliver(&[&Draft::approve().commit(&kim, &pay).sign("alovelace")]);
    snapshot("two_rules", &kim.push_main());
}

#[test]
fn stale_sign_off() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = kim.commit(ai("Edit").file("src/app.rs", lines(&[(30, "edited")])));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    kim.amend(ai("Edit").file("src/app.rs", lines(&[(30, "edited"), (31, "more")])));
    snapshot("stale", &kim.push_main());
}

#[test]
fn sign_offs_that_do_not_count() {
    let world = World::new();
    let kim = world.clone("kim");
    let message = format!("Add it\n\nCo-authored-by: Ada <ada@example.com>\n{CLAUDE}\n");
    let id = kim.commit(human(message).author("ghopper").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    let draft = Draft::approve().commit(&kim, &id);
    kim.deliver(&[&draft.sign("ghopper"), &draft.sign("alovelace")]);
    snapshot("can_not_sign", &kim.push_main());
}

#[test]
fn expired_revoked_declined() {
    let world = World::with(&Policy::standard().with("veto", "true"));
    let kim = world.clone("kim");
    let id = kim.commit(work(1));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    let draft = Draft::approve().commit(&kim, &id);
    let old = crate::support::statement::from_now(-30 * 86_400);
    let revoked = draft.sign("alovelace");
    kim.deliver(&[
        &draft.clone().set("issuedAt", old).sign("ghopper"),
        &revoked,
        &Draft::new("revoke", crate::support::API).statement(&revoked.hash()).sign("alovelace"),
        &draft.set("verdict", "decline").set("reason", "Needs a test").sign("khamilton"),
    ]);
    snapshot("expired_revoked_declined", &kim.push_main());
}

/// Steps that lead nowhere are none.
#[test]
fn more_are_missing_than_can_sign() {
    let world = World::with(&Policy::standard().with("sign_offs", "3"));
    let kim = world.clone("kim");
    kim.commit(work(1).author("ghopper"));
    let push = kim.push_main();
    assert!(!push.remote.contains("hint: 1."), "{}", push.remote);
    snapshot("out_of_reach", &push);
}

#[test]
fn warn_mode() {
    let world = World::with(&Policy::standard().with("mode", "\"warn\""));
    let kim = world.clone("kim");
    kim.commit(work(1));
    let push = kim.push_main();
    push.lands(&[MAIN]);
    snapshot("warn", &push);
}

#[test]
fn success_and_hint() {
    let world = World::new();
    let kim = world.clone("kim");
    let one = kim.commit(work(1));
    let two = kim.commit(work(2));
    snapshot("hint_on_an_ungated_branch", &kim.push(&["HEAD:refs/heads/topic"]));
    let delivered = kim.deliveries(&[
        &Draft::approve().commit(&kim, &one).sign("ghopper"),
        &Draft::approve().commit(&kim, &two).sign("alovelace"),
    ]);
    snapshot("delivered", &kim.push(&[&delivered[0], &delivered[1]]));
    snapshot("landed", &kim.push_main());
}

#[test]
fn who_are_you() {
    let world = World::new();
    let nobody = world.clone("");
    nobody.commit(work(1).author("kim").committer("kim"));
    snapshot("no_identity", &nobody.push_main());
}

#[test]
fn not_the_pushers_fault() {
    let world = World::with_settings(&Policy::standard(), "[limits]\nnew_commits = 3\n");
    let kim = world.clone("kim");
    (0..4).for_each(|n| drop(kim.commit(human(format!("{n}\n")).file("a", format!("{n}\n")))));
    snapshot("limit", &kim.push_main());
    kim.git(&["reset", "-q", "--hard", "origin/main"]);
    kim.commit(work(1));
    let settings = crate::support::world::Settings {
        store: Some(world.path("nowhere/x.db")),
        ..Default::default()
    };
    world.write_settings(&settings);
    snapshot("store_unreachable", &kim.push_main());
    snapshot("store_unreachable_ungated", &kim.push(&["HEAD:refs/heads/topic"]));
    world.write_settings(&Default::default());
    world.set_policy(&Policy::standard().with("sign_off", "1"));
    snapshot("policy_broken", &kim.push_main());
}

#[test]
fn refs_that_may_not_go() {
    let world = World::new();
    let kim = world.clone("kim");
    world.git_in(&kim.bare, &["config", "receive.denyDeleteCurrent", "ignore"]);
    snapshot("delete", &kim.push(&[":refs/heads/main"]));
    kim.commit(human("Plain\n").file("a", "a\n"));
    kim.push_main().accepted();
    snapshot("rewind", &kim.push(&["+HEAD~1:refs/heads/main"]));
}

#[test]
fn deliveries_that_are_refused() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = kim.commit(work(1));
    let elsewhere = Draft::approve().set("repository", "payments/web").commit(&kim, &id);
    let specs = kim.deliveries(&[
        &elsewhere.sign("ghopper"),
        &Draft::approve().commit(&kim, &id).sign("mallory"),
    ]);
    snapshot("wrong_repository", &kim.push(&[&specs[0]]));
    snapshot("unknown_key", &kim.push(&[&specs[1]]));
    snapshot("reserved_ref", &kim.push(&["HEAD:refs/countersign/mine"]));
}

#[test]
fn several_refs_and_a_long_list() {
    let world = World::new();
    let kim = world.clone("kim");
    (0..30).for_each(|n| drop(kim.commit(work(n))));
    snapshot("two_refs", &kim.push(&["HEAD:refs/heads/main", "HEAD~28:refs/heads/release/1"]));
}

/// There is room for some refs and some commits: those that keep the push out come first.
#[test]
fn what_keeps_a_push_out_is_shown_before_what_does_not() {
    let world = World::new();
    let kim = world.clone("kim");
    let signed = kim.commit(work(1));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    let names: Vec<_> = (0..10).map(|n| format!("refs/heads/release/{n}")).collect();
    let refs: Vec<_> = names.iter().map(String::as_str).collect();
    kim.deliver(&[&Draft::approve().refs(&refs).commit(&kim, &signed).sign("ghopper")]);
    let open = kim.commit(work(2));
    let mut specs: Vec<_> = (0..10).map(|n| format!("{signed}:refs/heads/release/{n}")).collect();
    specs.extend((0..12).map(|n| format!("{open}:refs/heads/release/open-{n}")));
    let specs: Vec<_> = specs.iter().map(String::as_str).collect();
    let push = kim.push(&specs);
    push.rejected().says("(refs/heads/release/open-0)").says(&open[..8]);
    push.says("and 14 more refs, 4 of them rejected:").says("refs/heads/release/open-11");
    kim.push(&specs[..10]).accepted().says("and 2 more refs: refs/heads/release/8,");

    let policy = Policy::standard()
        .with("mode", "\"warn\"")
        .rule("payments")
        .with("refs", r#"["refs/heads/main"]"#)
        .with("paths", r#"["pay/**"]"#)
        .with("from", r#"["seniors"]"#);
    let world = World::with(&policy);
    for is_first in [true, false] {
        let kim = world.clone("kim");
        let pay = || kim.commit(ai("Pay").file("pay/x.rs", "x\n"));
        let first = is_first.then(pay);
        (0..12).for_each(|n| drop(kim.commit(work(n))));
        let pay = first.unwrap_or_else(pay);
        kim.push_main().rejected_with("rule \"payments\"").says(&pay[..8]);
    }
}

/// One of each kind is shown before a second one of any.
#[test]
fn what_is_wrong_in_its_own_way_is_not_hidden_behind_a_heap() {
    let policy = Policy::standard().detect("declare", "\"required\"").with("veto", "true");
    let policy = policy
        .rule("payments")
        .with("refs", r#"["refs/heads/main"]"#)
        .with("paths", r#"["pay/**"]"#)
        .with("from", r#"["seniors"]"#);
    let world = World::with(&policy);
    let kim = world.clone("kim");
    let heap = |from: usize| (from..from + 12).for_each(|n| drop(kim.commit(work(n))));
    heap(0);
    let silent = kim.commit(human("Say nothing\n").file("a", "a\n"));
    let pay = kim.commit(ai("Pay").file("pay/x.rs", "x\n"));
    let vetoed = kim.commit(ai("Vetoed").file("b", "b\n"));
    heap(20);
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    let decline = Draft::new("decline", crate::support::API).set("reason", "Needs a test");
    kim.deliver(&[&decline.commit(&kim, &vetoed).sign("khamilton")]);
    let push = kim.push_main();
    push.rejected_with("25 of 27 commits need a senior sign-off; 1 of 27 commits");
    push.says(&silent[..8]).says("makes no declaration").says(&pay[..8]).says("\"payments\"");
    push.says(&vetoed[..8]).says("khamilton declined it: Needs a test").says("and 17 more commits");
    // The same push can't pass: no sign-off helps against two of them.
    push.keeps_quiet_about("the same push again");
}

/// What is only warned about does not keep the push out, and is told so.
#[test]
fn rules_that_only_warn_beside_one_that_does_not() {
    let policy = Policy::standard()
        .with("refs", r#"["refs/heads/main", "refs/heads/dry"]"#)
        .with("paths", r#"["src/**"]"#)
        .with("from", r#"["leads"]"#)
        .group("leads", r#"["ghopper"]"#)
        .rule("advice")
        .with("mode", "\"warn\"")
        .with("refs", r#"["refs/heads/main", "refs/heads/warned"]"#)
        .with("from", r#"["seniors"]"#);
    let world = World::with(&policy);
    let kim = world.clone("kim");
    let signed = kim.commit(work(1));
    kim.commit(ai("Words").file("docs/a", "a\n"));
    let push = kim.push_main();
    push.rejected_with("1 of 2 commits needs a senior sign-off").says(", only warns): needs 1");
    push.says("2. ghopper signs, in a clone").keeps_quiet_about("one of alovelace");
    kim.push(&["HEAD:refs/heads/main", "HEAD:refs/heads/warned"])
        .rejected()
        .keeps_quiet_about("accepted all the same");
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.deliver(&[&Draft::approve().commit(&kim, &signed).sign("ghopper")]);
    let push = kim.push_main();
    push.lands(&[MAIN]).says("1 commit signed off by ghopper").says("accepted all the same");
}

#[test]
fn declaration_is_missing() {
    let world = World::with(&Policy::standard().detect("declare", "\"required\""));
    let kim = world.clone("kim");
    kim.commit(human("Say nothing\n").file("a", "a\n"));
    snapshot("declare", &kim.push_main());
}

/// Who is asked to sign is enough to let the push in, rule by rule.
#[test]
fn steps_name_enough_signers() {
    let world = World::with(&Policy::standard().with("sign_offs", "2"));
    let kim = world.clone("kim");
    kim.commit(work(1));
    kim.push_main().rejected_with("needs 2").keeps_quiet_about("one of alovelace");

    let policy = Policy::standard()
        .with("paths", r#"["src/**"]"#)
        .with("from", r#"["leads"]"#)
        .group("leads", r#"["ghopper"]"#)
        .rule("payments")
        .with("refs", r#"["refs/heads/main"]"#)
        .with("paths", r#"["pay/**"]"#)
        .with("from", r#"["payments"]"#)
        .group("payments", r#"["khamilton"]"#);
    let world = World::with(&policy);
    let kim = world.clone("kim");
    let one = kim.commit(work(1));
    let pay = kim.commit(ai("Pay").file("pay/x.rs", "x\n"));
    let push = kim.push_main();
    push.rejected_with("ghopper").keeps_quiet_about("one of ghopper, khamilton");
    // One command a signer, with their own commits, or one that says who signs which.
    let steps: String = push.remote.lines().filter(|l| l.starts_with("hint:")).collect();
    for needle in ["ghopper", "khamilton", &one[..8], &pay[..8]] {
        assert!(steps.contains(needle), "{needle} is in no step\n{}", push.all);
    }
}

/// Two refs that are both refused do not send the pusher in a circle.
#[test]
fn no_circle_of_refs_to_push_first() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(work(1));
    let push = kim.push(&["HEAD:refs/heads/main", "HEAD:refs/heads/release/1"]);
    push.rejected().keeps_quiet_about("first: this rule trusts");
}

/// A veto is not lifted by one more sign-off, so none is asked for.
#[test]
fn veto_says_that_it_blocks() {
    let world = World::with(&Policy::standard().with("veto", "true"));
    let kim = world.clone("kim");
    let id = kim.commit(work(1));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    let decline = Draft::new("decline", crate::support::API).set("reason", "Needs a test");
    kim.deliver(&[
        &Draft::approve().commit(&kim, &id).sign("ghopper"),
        &decline.commit(&kim, &id).sign("khamilton"),
    ]);
    let push = kim.push_main();
    push.rejected_with("khamilton declined").says("has 1").says("Needs a test");
    push.keeps_quiet_about("signs, in a clone");
}

/// What the store holds is not known, so nothing is said of it.
#[test]
fn store_that_is_down_is_not_taken_for_an_empty_one() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = kim.commit(work(1));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    let store = world.path("nowhere/x.db");
    let settings = crate::support::world::Settings { store: Some(store), ..Default::default() };
    world.write_settings(&settings);
    let push = kim.push_main();
    push.rejected_with("store").keeps_quiet_about("has 0").keeps_quiet_about("signs, in a clone");
}

/// Somebody whom the server gave no name is told that, and nothing they can't act on.
#[test]
fn nameless_pusher_is_not_sent_for_signatures() {
    let world = World::new();
    let nobody = world.clone("");
    nobody.commit(work(1).author("kim").committer("kim"));
    nobody
        .push_main()
        .rejected_with("can't tell who you are")
        .keeps_quiet_about("signs, in a clone");
}

/// The commands of a rejection, typed as they stand, lead to a landing.
#[test]
fn printed_commands_work_as_they_stand() {
    let world = World::new();
    let (kim, grace) = (world.clone("kim"), world.clone("ghopper"));
    kim.git(&["checkout", "-q", "-b", "token-refresh"]);
    kim.commit(work(1));
    kim.commit(work(2));
    let push = kim.push_main();
    push.rejected();
    let commands = commands_of(&push.remote);
    let run = |clone: &Clone<'_>, line: &str| {
        let line = line.replace("countersign ", &format!("{} ", env!("CARGO_BIN_EXE_countersign")));
        let output = clone.command("sh").args(["-c", &line]).output().expect("a shell");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{line}\n{said}\nof\n{}", push.remote);
    };
    assert!(commands.iter().any(|c| c.starts_with("git push origin ")), "{commands:?}");
    assert!(commands.iter().any(|c| c.starts_with("countersign approve ")), "{commands:?}");
    // The senior's own settings, as the README tells them to make once.
    let key = crate::support::key("ghopper");
    grace.git(&["config", "countersign.key", key.file.to_str().expect("a path")]);
    for command in &commands {
        if command.starts_with("git push") {
            run(&kim, command);
        } else if command.starts_with("countersign") {
            run(&grace, &format!("{command} --yes"));
        } else {
            run(&grace, command);
        }
    }
    // The last of them was the push itself.
    assert_eq!(world.tip(&kim.bare, MAIN), Some(kim.head()), "of\n{}", push.remote);
}

/// `hint:` lines that are indented deep are commands; deeper ones continue them.
fn commands_of(remote: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for line in remote.lines() {
        let Some(rest) = line.strip_prefix("hint: ") else { continue };
        let text = rest.trim_start();
        let depth = rest.len() - text.len();
        if text.starts_with("git ") || text.starts_with("countersign ") {
            commands.push(text.to_owned());
        } else if depth >= 5 && !commands.is_empty() {
            let last = commands.last_mut().expect("a command");
            let kept = last.trim_end_matches('\\').trim_end().len();
            last.truncate(kept);
            last.push(' ');
            last.push_str(text);
        }
    }
    commands.into_iter().map(|c| c.trim_end_matches('\\').trim().to_owned()).collect()
}

const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}gnp\u{2066}\u{200b}\u{9b}31m";

/// ESC and bidi in subject, author, trailer, path and ref; [`PushResult`] looks at every
/// character of every push.
#[test]
fn hostile_bytes_are_shown_and_not_obeyed() {
    let world = World::new();
    let kim = world.clone("kim");
    let who = format!("{HOSTILE} <kim{HOSTILE}@example.com>");
    let message =
        format!("{HOSTILE}subject\r\x08\x08fake\n\nCo-Authored-By: {HOSTILE} {}\n", &CLAUDE[16..]);
    kim.commit(human(&message).author(&who).committer(&who).file(format!("p{HOSTILE}"), "x\n"));
    let branch = "refs/heads/release/\u{202e}gnp\u{2066}".to_owned();
    for name in [MAIN, &branch, "refs/heads/topic\u{202e}x"] {
        let push = kim.push(&[&format!("HEAD:{name}")]);
        assert_eq!(push.ok, name.contains("topic"), "{}", push.all);
        push.keeps_quiet_about("fake\n");
    }
    let id = kim.head();
    kim.deliver(&[&Draft::approve().set("reason", HOSTILE).commit(&kim, &id).sign("ghopper")]);
    let push = kim.push(&[&format!("HEAD:{MAIN}")]);
    // A committer whom the policy does not know is Kim, the first pusher.
    push.lands(&[MAIN]);
    let other = Draft::approve().refs(&[HOSTILE]).commit(&kim, &id).sign("alovelace");
    let specs = kim.deliveries(&[&other]);
    kim.push(&[&specs[0]]);
    let other = Draft::new("approve", HOSTILE).commit(&kim, &id).sign("alovelace");
    let specs = kim.deliveries(&[&other]);
    kim.push(&[&specs[0]]).rejected();
}

/// The same bytes on the senior's terminal.
#[test]
fn hostile_bytes_on_the_laptop() {
    let world = World::new();
    let (kim, grace) = (world.clone("kim"), world.clone("ghopper"));
    let message = format!("{HOSTILE}subject\n\nCo-Authored-By: {HOSTILE} {}\n", &CLAUDE[16..]);
    let id = kim.commit(human(&message).file(format!("p{HOSTILE}"), "x\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    grace.fetch();
    let key = crate::support::key("ghopper");
    let file = key.file.to_str().expect("a path");
    let args = [
        "approve",
        &id,
        "--ref",
        MAIN,
        "--repository",
        crate::support::API,
        "--key",
        file,
        "--yes",
        "--remote",
        "origin",
    ];
    let output = grace.countersign(&args);
    output.exits(0);
    let harmful = |c: &char| matches!(*c, '\x1b' | '\u{7}' | '\u{202e}' | '\u{2066}' | '\u{9b}');
    assert!(!output.all().contains(harmful_of(&harmful)), "{:?}", output.all());
    kim.push_main().lands(&[MAIN]);
}

fn harmful_of(test: &dyn Fn(&char) -> bool) -> impl FnMut(char) -> bool + '_ {
    move |c| test(&c)
}

/// Long names make long lines only where a command must stay whole.
#[test]
fn long_data_is_cut() {
    let world = World::new();
    let kim = world.clone("kim");
    let long = "x".repeat(5_000);
    kim.commit(
        human(format!("{long}\n\nCo-Authored-By: {long} <noreply@anthropic.com>\n"))
            .author(&format!("{long} <{long}@example.com>"))
            .file("a", "a\n"),
    );
    let push = kim.push_main();
    push.rejected();
    well_formed(&push);
}
