//! What a rejection by memory says, and how a senior takes weight away.

use super::work::{self, show, three, with};
use crate::support::clone::path_text;
use crate::support::{API, Clone, Draft, MAIN, NEEDS, Policy, World, ai, human, key};

#[test]
fn a_match_says_what_matched() {
    let world = World::new();
    let files = three(71, 30);
    let kim = show(&world, &files);
    let short = kim.head()[..8].to_owned();
    let other = world.clone("mallory");
    let text = format!("{}{}", files[0].1, work::file(72, 5));
    other.commit(human("Mine\n").file("app/else.py", text));
    let push = other.push_main();
    push.rejected_with(NEEDS)
        .says(&short)
        .says("app/else.py")
        .says("added lines")
        .says("with \"Co-Authored-By: Claude");
}

#[test]
fn switched_off_it_knows_nothing() {
    let world = World::with(&Policy::standard().detect("memory", "false"));
    let files = three(81, 30);
    let _kim = show(&world, &files);
    let other = world.clone("mallory");
    other.commit(with(human("Mine\n"), &files));
    other.push_main().lands(&[MAIN]);
}

/// Of work whose first pusher has no name nobody knows who had a hand in it: one more says so.
#[test]
fn a_correction_of_a_nameless_push_takes_one_more() {
    let world = World::new();
    let files = three(92, 30);
    let nobody = world.clone("");
    let shown = nobody.commit(with(ai("Add the ledger").author("kim").committer("kim"), &files));
    nobody.push(&["HEAD:refs/heads/topic"]).accepted();
    let other = world.clone("mallory");
    other.commit(with(human("Mine\n"), &files));
    other.push_main().rejected_with("same change as");
    let draft = Draft::approve().commit(&nobody, &shown);
    let draft = draft.set("verdict", "correct").set("reason", "the trailer was wrong");
    other.deliver(&[&draft.sign("ghopper")]);
    other.push_main().rejected_with("the rule wants 2");
    other.deliver(&[&draft.sign("alovelace")]);
    other.push_main().lands(&[MAIN]);
}

/// One senior says that the trailer was wrong; whoever made it can't.
#[test]
fn a_correction_takes_weight_away() {
    for names_the_source in [true, false] {
        let world = World::new();
        let files = three(91, 30);
        let kim = show(&world, &files);
        let other = world.clone("mallory");
        let id = other.commit(with(human("Mine\n"), &files));
        other.push_main().rejected_with("same change as");
        let (clone, named) = match names_the_source {
            true => (&kim, kim.head()),
            false => (&other, id),
        };
        let correct = |who: &str, refs: &str| {
            let key = path_text(&key(who).file);
            clone.countersign(&[
                "correct",
                &named,
                "--ref",
                refs,
                "--repository",
                API,
                "--key",
                &key,
                "--yes",
                "-m",
                "the trailer was wrong",
                "--remote",
                "origin",
            ])
        };
        correct("ghopper", "refs/heads/other").exits(0);
        other.push_main().rejected_with("same change as");
        correct("ghopper", MAIN).exits(0);
        other.push_main().lands(&[MAIN]);
    }
}

/// What is remembered, and why, on the Git host.
#[test]
fn memory_is_shown() {
    let world = World::new();
    world.countersign(&["memory", "show", "1a2b3c4d"]).exits(5).says("does not exist");
    let files = three(95, 30);
    let kim = show(&world, &files);
    let id = kim.head();
    world
        .countersign(&["memory", "show", &id[..8]])
        .exits(0)
        .says(&format!("{id} in {API}"))
        .says("by kim, decision D-")
        .says("mark: Co-Authored-By: Claude")
        .says("remembered: its change, 3 files, ")
        .keeps_quiet_about("landed");
    let shown = world.countersign(&["--json", "memory", "show", &id]).exits(0).out();
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    let decision = shown[0]["decision"].as_str().expect("an id").to_owned();
    world.countersign(&["show", &decision]).exits(1).says("countersign memory show D-");
    world.countersign(&["memory", "show", &decision]).exits(0).says(&id);
    world.countersign(&["memory", "show", "zzzz"]).exits(2).says("is no commit's id");
    world.countersign(&["memory", "show", "0000"]).exits(1).says("nothing is remembered");
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
    world
        .countersign(&["memory", "show", &id])
        .exits(0)
        .says("no evidence for rule \"production\" since");
    let stats = world.countersign(&["--json", "memory", "stats"]).exits(0).out();
    let stats: serde_json::Value = serde_json::from_str(&stats).expect("JSON");
    assert_eq!(stats["commits"], 1, "{stats}");
    assert_eq!(stats["blobs"], 3, "{stats}");
    assert!(stats["runs"].as_u64() > Some(20), "{stats}");
    assert!(stats["discharges"].as_u64() > Some(0), "{stats}");
}

/// A senior's own work is exempt; somebody else's that they changed a little is not.
#[test]
fn an_exemption_is_for_ones_own() {
    let policy = Policy::standard().with("exempt_pushers", "[\"seniors\"]");
    let world = World::with(&policy);
    let files = three(97, 30);
    let kim = show(&world, &files);
    let grace = world.clone("ghopper");
    grace.commit(with(ai("My own"), &three(98, 30)).author("ghopper"));
    grace.push_main().lands(&[MAIN]);
    let near: Vec<_> = files
        .iter()
        .map(|(p, t)| (p.replace("app/", "x/"), format!("{t}\nOWN = True\n")))
        .collect();
    grace.commit(with(ai("Not my own"), &near).author("ghopper"));
    grace.push_main().rejected_with(NEEDS);
    drop(kim);
}

/// Who took the work over can't say that it is not what it is.
#[test]
fn a_correction_by_who_pushes_it_does_not_count() {
    let world = World::new();
    let files = three(99, 30);
    let kim = show(&world, &files);
    let grace = world.clone("ghopper");
    let near: Vec<_> =
        files.iter().map(|(p, t)| (p.clone(), t.replacen("limit", "l", 1))).collect();
    grace.commit(with(human("Mine\n"), &near));
    grace.push_main().rejected_with(NEEDS).says("countersign correct --help");
    let correct = |who: &str| {
        kim.deliver(&[&Draft::new("correct", API)
            .refs(&[MAIN])
            .commit(&kim, &kim.head())
            .sign(who)]);
    };
    correct("ghopper");
    grace.push_main().rejected_with(NEEDS);
    correct("alovelace");
    grace.push_main().lands(&[MAIN]);
}

/// What was said and does not help is told with its reason; what helps, without a word.
#[test]
fn a_correction_that_does_not_count_is_told() {
    let correct = |kim: &Clone<'_>, who: &str, refs: &str| {
        let draft = Draft::new("correct", API).refs(&[refs]).commit(kim, &kim.head());
        let signed = draft.sign(who);
        kim.deliver(&[&signed]);
        signed
    };
    let two = Policy::standard().with("sign_offs", "2");
    let world = World::with(&two);
    let files = three(101, 30);
    let kim = show(&world, &files);
    let short = kim.head()[..8].to_owned();
    let grace = world.clone("ghopper");
    let id = grace.commit(with(human("Mine\n"), &files));
    let of = |who: &str| format!("{who}'s correction of {short} does not count:");
    grace.push_main().rejected_with(NEEDS).keeps_quiet_about("'s correction");
    correct(&kim, "ghopper", MAIN);
    correct(&kim, "khamilton", "refs/heads/other");
    let why = format!("{} author of {}", of("ghopper"), &id[..8]);
    let push = grace.push_main();
    push.rejected_with(NEEDS).says(&why);
    push.says(&format!("{} it is for refs/heads/other", of("khamilton")));
    // One counts, and is one too few.
    let signed = correct(&kim, "alovelace", MAIN);
    grace.push_main().rejected_with(NEEDS).says(&format!("{} the rule wants 2", of("alovelace")));
    correct(&kim, "khamilton", MAIN);
    kim.deliver(&[&Draft::new("revoke", API).statement(&signed.hash()).sign("alovelace")]);
    let why = format!("{} revoked by the signer", of("alovelace"));
    grace.push_main().rejected_with(NEEDS).says(&why);

    // The innocent twin: those that count let it in, and are no matter.
    let world = World::with(&two);
    let kim = show(&world, &files);
    let mallory = world.clone("mallory");
    mallory.commit(with(human("Mine\n"), &files));
    correct(&kim, "ghopper", MAIN);
    correct(&kim, "alovelace", MAIN);
    mallory.push_main().lands(&[MAIN]).keeps_quiet_about("correction");
}

/// Two pushes showed it, one of them is corrected.
#[test]
fn what_else_it_is_known_from_is_told() {
    let world = World::new();
    let files = three(103, 30);
    let kim = show(&world, &files);
    let first = kim.head();
    kim.commit(with(ai("Again"), &[("lib/else.py".to_owned(), files[0].1.clone())]));
    kim.push(&["HEAD:refs/heads/topic"]).lands(&["refs/heads/topic"]);
    let second = kim.head();
    let mallory = world.clone("mallory");
    mallory.commit(human("Mine\n").file("app/mine.py", format!("{}OWN = [1, 2]\n", files[0].1)));
    mallory.push_main().rejected_with(NEEDS);
    let correct = |id: &str| {
        kim.deliver(&[&Draft::new("correct", API).refs(&[MAIN]).commit(&kim, id).sign("ghopper")]);
    };
    correct(&first);
    let why = format!("does not count: it is known from {} too", &second[..8]);
    mallory.push_main().rejected_with(NEEDS).says(&why);
    correct(&second);
    mallory.push_main().lands(&[MAIN]);
    // A mark is no memory.
    let id = mallory.commit(ai("Own\n").file("app/x.py", work::file(104, 30)));
    let other = Draft::new("correct", API).refs(&[MAIN]).commit(&mallory, &id).sign("ghopper");
    kim.deliver(&[&other]);
    mallory.push_main().rejected_with(NEEDS).says(&format!("{} shows its mark itself", &id[..8]));
}
