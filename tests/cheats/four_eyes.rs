//! One person who wants to be two (G13, G14).

use crate::support::keys::key_of;
use crate::support::statement::{NAMESPACE, sign};
use crate::support::{CLAUDE, Commit, Draft, MAIN, NEEDS, Policy, World, ai, human, key};

/// What Grace had a hand in, Grace can't sign; Ada can.
#[track_caller]
fn hand(pusher: &str, commit: Commit, part: &str) {
    let world = World::new();
    let clone = world.clone(pusher);
    let id = clone.commit(commit);
    clone.push_main().rejected_with(NEEDS);
    let draft = Draft::approve().commit(&clone, &id);
    clone.deliver(&[&draft.sign("ghopper")]);
    clone.push_main().rejected_with("ghopper can't").says(part);
    clone.deliver(&[&draft.sign("alovelace")]);
    clone.push_main().lands(&[MAIN]).says("alovelace");
}

fn work() -> Commit {
    ai("Add it").file("a", "a\n")
}

#[test]
fn author_signs() {
    hand("kim", work().author("ghopper"), "author");
}

#[test]
fn alias_of_the_author_signs() {
    hand("kim", work().author("G. H. <Grace.Hopper@Example.ORG>"), "author");
}

#[test]
fn committer_signs() {
    hand("kim", work().committer("ghopper"), "committer");
}

#[test]
fn co_author_signs() {
    let message = format!("Add it\n\nCo-authored-by: Grace <grace@example.com>\n{CLAUDE}\n");
    hand("kim", human(message).file("a", "a\n"), "co-author, line 3");
}

#[test]
fn co_author_outside_gits_last_trailers_signs() {
    let message =
        format!("Add it\n\n  co-AUTHORED-by : Grace <GRACE@example.com>\n\nMore.\n\n{CLAUDE}\n");
    hand("kim", human(message).file("a", "a\n"), "co-author, line 3");
}

/// Git unfolds a trailer: everybody on it is a co-author, also behind another's address.
#[test]
fn co_author_on_a_continuation_line_signs() {
    let folds = [
        "Co-authored-by: Kim <kim@example.com>,\n Grace <grace@example.com>",
        "Co-authored-by: Claude <noreply@anthropic.com>,\n\tGrace\n\t<grace@example.com>",
        "Co-authored-by: Kim <kim@example.com>,\n Grace <\"grace\"@example.com>",
    ];
    for fold in folds {
        let message = format!("Add it\n\n{fold}\n{CLAUDE}\n");
        hand("kim", human(message).file("a", "a\n"), "co-author, line 3");
    }
    // Folded prose names nobody, nor does a line that continues nothing.
    let prose = [
        "Co-authored-by: Kim <kim@example.com>\n who asked Grace about it",
        "Co-authored-by: Kim <kim@example.com>\nReviewed-by: Grace <grace@example.com>",
    ];
    for prose in prose {
        let world = World::new();
        let kim = world.clone("kim");
        let id = kim.commit(human(format!("Add it\n\n{prose}\n{CLAUDE}\n")).file("a", "a\n"));
        kim.push_main().rejected_with(NEEDS);
        kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
        kim.push_main().lands(&[MAIN]);
    }
}

#[test]
fn pusher_signs() {
    hand("ghopper", work().author("kim").committer("kim"), "pusher");
}

#[test]
fn pusher_by_another_login_signs() {
    hand("grace.h", work().author("kim").committer("kim"), "pusher");
}

#[test]
fn first_pusher_signs_and_lets_another_push() {
    let world = World::new();
    let (grace, kim) = (world.clone("ghopper"), world.clone("kim"));
    let id = grace.commit(work().author("kim").committer("kim"));
    grace.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.take(&grace, &id);
    kim.deliver(&[&Draft::approve().commit(&grace, &id).sign("ghopper")]);
    let spec = format!("{id}:{MAIN}");
    kim.push(&[&spec]).rejected_with("ghopper can't").says("first pusher");
    kim.deliver(&[&Draft::approve().commit(&grace, &id).sign("alovelace")]);
    kim.push(&[&spec]).lands(&[MAIN]);
}

#[test]
fn first_pusher_stays_so_when_the_branch_is_gone_or_the_push_was_refused() {
    let world = World::new();
    let (grace, kim) = (world.clone("ghopper"), world.clone("kim"));
    let id = grace.commit(work().author("kim").committer("kim"));
    grace.push_main().rejected_with(NEEDS);
    kim.take(&grace, &id);
    kim.push(&[&format!("{id}:refs/heads/topic")]).accepted();
    kim.push(&[":refs/heads/topic"]).accepted();
    kim.deliver(&[&Draft::approve().commit(&grace, &id).sign("ghopper")]);
    kim.push(&[&format!("{id}:{MAIN}")]).rejected_with("ghopper can't");
}

#[test]
fn unknown_address_is_taken_for_the_first_pushers() {
    let world = World::new();
    let (grace, kim) = (world.clone("ghopper"), world.clone("kim"));
    let id = grace.commit(work().author("Gina <gina@example.net>").committer("kim"));
    grace.push(&["HEAD:refs/heads/topic"]).accepted();
    // Kim lands it, so that Grace is neither author by the policy nor today's pusher.
    kim.take(&grace, &id);
    kim.deliver(&[&Draft::approve().commit(&grace, &id).sign("ghopper")]);
    kim.push(&[&format!("{id}:{MAIN}")]).rejected_with("ghopper can't");
    // Shown first by Kim, the unknown address is Kim's.
    let other = kim.commit(ai("Other").author("Gina <gina@example.net>").file("b", "b\n"));
    kim.push(&["HEAD:refs/heads/other"]).accepted();
    kim.deliver(&[&Draft::approve().commit(&kim, &other).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn agents_address_is_nobodys() {
    let world = World::new();
    let kim = world.clone("kim");
    let commit = human("Add it\n").file("a", "a\n");
    let id = kim.commit(commit.author("Claude <noreply@anthropic.com>").committer("kim"));
    kim.push_main().rejected_with("noreply@anthropic.com");
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
}

/// Without a name for who showed it first, one more has to sign.
#[test]
fn shown_first_by_nobody() {
    let world = World::new();
    let (nobody, kim) = (world.clone(""), world.clone("kim"));
    let id = nobody.commit(work().author("kim").committer("kim"));
    nobody.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.take(&nobody, &id);
    let draft = Draft::approve().commit(&kim, &id);
    kim.deliver(&[&draft.sign("ghopper")]);
    let spec = format!("{id}:{MAIN}");
    kim.push(&[&spec]).rejected_with("needs 2");
    kim.deliver(&[&draft.sign("alovelace")]);
    kim.push(&[&spec]).lands(&[MAIN]);
}

/// Nobody is not "another person": what a senior signed and nobody showed first, they may
/// not rebase or squash under their own name.
#[test]
fn nameless_first_push_waives_nothing() {
    let world = World::new();
    let (nobody, grace) = (world.clone(""), world.clone("ghopper"));
    let id = nobody.commit(work().author("kim").committer("kim"));
    nobody.push(&["HEAD:refs/heads/topic"]).accepted();
    grace.take(&nobody, &id);
    grace.deliver(&[&Draft::approve().commit(&grace, &id).sign("ghopper")]);
    grace.push(&[&format!("{id}:{MAIN}")]).rejected_with("ghopper can't: pusher");
    grace.commit(human("Meanwhile\n").file("meanwhile", "x\n"));
    grace.push_main().accepted();
    grace.git(&["cherry-pick", &id]);
    grace.push_main().rejected_with("ghopper can't: committer");
    // Shown first by Kim, the same is as it should be.
    let world = World::new();
    let (kim, grace) = (world.clone("kim"), world.clone("ghopper"));
    let id = kim.commit(work());
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    grace.take(&kim, &id);
    grace.deliver(&[&Draft::approve().commit(&grace, &id).sign("ghopper")]);
    grace.commit(human("Meanwhile\n").file("meanwhile", "x\n"));
    grace.push_main().accepted();
    grace.git(&["cherry-pick", &id]);
    grace.push_main().lands(&[MAIN]);
}

/// A senior without the name's help may not land what they signed: nobody is not "another
/// person".
#[test]
fn senior_launders_a_commit_through_a_nameless_push() {
    let world = World::new();
    let (nobody, grace) = (world.clone(""), world.clone("ghopper"));
    let id = nobody.commit(work().author("kim").committer("kim"));
    nobody.push(&["HEAD:refs/heads/topic"]).accepted();
    grace.take(&nobody, &id);
    let draft = Draft::approve().commit(&grace, &id);
    grace.deliver(&[&draft.sign("ghopper"), &draft.sign("alovelace")]);
    grace.push(&[&format!("{id}:{MAIN}")]).rejected_with("ghopper can't");
    grace.deliver(&[&draft.sign("khamilton")]);
    grace.push(&[&format!("{id}:{MAIN}")]).lands(&[MAIN]);
}

/// A policy where Grace has two keys.
fn two_keys() -> Policy {
    let second = key_of("ghopper", "ecdsa", "256").public;
    let keys = format!("[{:?}, {second:?}]", key("ghopper").public);
    Policy::standard().set("ghopper", "keys", &keys).with("sign_offs", "2")
}

#[test]
fn two_keys_of_one_senior_are_one_sign_off() {
    let world = World::with(&two_keys());
    let kim = world.clone("kim");
    let id = kim.commit(work());
    let draft = Draft::approve().commit(&kim, &id);
    kim.push_main().rejected_with("has 0");
    let second = sign(&draft.bytes(), &key_of("ghopper", "ecdsa", "256"), NAMESPACE);
    kim.deliver(&[&draft.sign("ghopper"), &second]);
    kim.push_main().rejected_with("has 1");
    kim.deliver(&[&draft.sign("alovelace")]);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn two_people_sign_the_same_bytes() {
    let world = World::with(&Policy::standard().with("sign_offs", "2"));
    let kim = world.clone("kim");
    let id = kim.commit(work());
    let draft = Draft::approve().commit(&kim, &id);
    let (one, two) = (draft.sign("ghopper"), draft.sign("alovelace"));
    assert_eq!(one.statement, two.statement);
    assert_ne!(one.hash(), two.hash());
    kim.deliver(&[&one]);
    kim.push_main().rejected_with("has 1");
    kim.deliver(&[&two]);
    kim.push_main().lands(&[MAIN]);
}

/// The same change under a decoy's id, which names another author.
#[test]
fn decoy_with_the_same_change_and_a_forged_author() {
    for decoy_is_pushed in [false, true] {
        let world = World::new();
        let grace = world.clone("ghopper");
        let decoy = grace.commit(work().author("kim").committer("kim"));
        if decoy_is_pushed {
            grace.push(&["HEAD:refs/heads/decoy"]).accepted();
        }
        let draft = Draft::approve().commit(&grace, &decoy);
        grace.deliver(&[&draft.sign("ghopper")]);
        let real = grace.amend(work());
        assert_ne!(real, decoy);
        grace.push_main().rejected_with("ghopper can't");
        // Nor may somebody else land it for them.
        let kim = world.clone("kim");
        kim.take(&grace, &real);
        kim.push(&[&format!("{real}:{MAIN}")]).rejected_with("ghopper can't");
        // Ada may sign either; of a decoy that the gate has never seen nobody knows who
        // made it, so there it has to be the real one.
        let shown = if decoy_is_pushed { draft } else { Draft::approve().commit(&grace, &real) };
        grace.deliver(&[&shown.sign("alovelace")]);
        kim.push(&[&format!("{real}:{MAIN}")]).lands(&[MAIN]);
    }
}

/// The subject gives the decoy's id the real change's digests.
#[test]
fn statement_whose_subject_lies() {
    let world = World::new();
    let (kim, grace) = (world.clone("kim"), world.clone("ghopper"));
    // A harmless commit of Kim's, shown by Kim, and Grace's own work.
    let decoy = kim.commit(ai("Harmless").file("harmless", "x\n"));
    kim.push(&["HEAD:refs/heads/decoy"]).accepted();
    let real = grace.commit(ai("Mine").file("mine", "x\n"));
    let draft = Draft::approve().commit(&grace, &real).edit(|v| {
        v["subject"][0]["digest"]["gitCommit"] = decoy.as_str().into();
    });
    let delivery = grace.deliveries(&[&draft.sign("ghopper")]).remove(0);
    grace.push(&[&delivery]);
    grace.push_main().rejected();
    grace.deliver(&[&Draft::approve().commit(&grace, &real).sign("alovelace")]);
    grace.push_main().lands(&[MAIN]);
}

/// Whoever shows a senior a change can call it by another commit's id.
#[test]
fn statement_that_gives_a_commit_another_change() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(ai("Harmless").file("harmless", "x\n"));
    let shown = kim.head();
    kim.git(&["reset", "-q", "--hard", "HEAD~"]);
    let id = kim.commit(ai("Real").file("real", "x\n"));
    let draft = |of: &str| {
        Draft::approve().commit(&kim, of).edit(|v| {
            v["subject"][0]["digest"]["gitCommit"] = id.as_str().into();
        })
    };
    kim.deliver(&[&draft(&shown).sign("ghopper")]);
    kim.push_main().rejected_with("is not its change");
    let bare = draft(&id).edit(|v| {
        v["subject"][0]["digest"] = serde_json::json!({ "gitCommit": id });
    });
    kim.deliver(&[&bare.sign("alovelace")]);
    kim.push_main().rejected_with("is not its change");
    kim.deliver(&[&draft(&id).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn exempt_senior_lands_somebody_elses_branch() {
    let policy = Policy::standard()
        .group("exempt", r#"["ghopper"]"#)
        .with("exempt_pushers", r#"["exempt"]"#);
    let world = World::with(&policy);
    let (kim, grace) = (world.clone("kim"), world.clone("ghopper"));
    let id = kim.commit(work());
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    grace.fetch();
    // Fast-forward, merge commit, rebase, cherry-pick, squash under their own name.
    grace.push(&["origin/topic:refs/heads/main"]).rejected_with(&id[..8]);
    grace.git(&["merge", "-q", "--no-ff", "-m", "Merge topic", "origin/topic"]);
    grace.push_main().rejected_with(&id[..8]);
    grace.git(&["reset", "-q", "--hard", "origin/main"]);
    grace.commit(human("Meanwhile\n").file("meanwhile", "x\n"));
    grace.push_main().lands(&[MAIN]);
    grace.git(&["cherry-pick", &id]);
    assert_ne!(grace.head(), id);
    grace.push_main().rejected_with(NEEDS);
    grace.amend(work());
    grace.push_main().rejected_with(NEEDS);
    // Work of their own is exempt.
    grace.amend(ai("My own").file("own", "x\n"));
    grace.push_main().lands(&[MAIN]);
}

/// Exempt is the authenticated pusher, not a name in the commit.
#[test]
fn exemption_is_not_claimed_by_a_name_in_the_commit() {
    let policy = Policy::standard()
        .group("exempt", r#"["ghopper"]"#)
        .with("exempt_pushers", r#"["exempt"]"#);
    let world = World::with(&policy);
    let kim = world.clone("kim");
    kim.commit(work().author("ghopper").committer("ghopper"));
    kim.push_main().rejected_with(NEEDS);
}
