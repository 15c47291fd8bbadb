//! What a rule may ask, and what the other modes do.

use crate::support::world::Settings;
use crate::support::{Draft, MAIN, NEEDS, Policy, World, ai, human};

#[test]
fn two_sign_offs_are_two_people() {
    let world = World::with(&Policy::standard().with("sign_offs", "2"));
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    let draft = Draft::approve().commit(&kim, &id);
    kim.push_main().rejected_with("needs 2 of @seniors, has 0");
    kim.deliver(&[&draft.sign("ghopper")]);
    kim.push_main().rejected_with("has 1").says("ghopper").says("alovelace").says("khamilton");
    kim.deliver(&[&draft.sign("alovelace")]);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn rules_of_a_ref_are_joined_by_and() {
    let policy = Policy::standard()
        .group("payments", r#"["khamilton"]"#)
        .rule("payments")
        .with("refs", r#"["refs/heads/main"]"#)
        .with("paths", r#"["pay/**"]"#)
        .with("from", r#"["payments"]"#);
    let world = World::with(&policy);
    let kim = world.clone("kim");
    let outside = kim.commit(ai("Outside").file("src/a.rs", "a\n"));
    kim.deliver(&[&Draft::approve().commit(&kim, &outside).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
    let inside = kim.commit(ai("Inside").file("pay/a.rs", "a\n"));
    kim.deliver(&[&Draft::approve().commit(&kim, &inside).sign("ghopper")]);
    let push = kim.push_main();
    push.rejected_with("rule \"payments\"").says("khamilton");
    push.keeps_quiet_about("rule \"production\"");
    kim.deliver(&[&Draft::approve().commit(&kim, &inside).sign("khamilton")]);
    kim.push_main().lands(&[MAIN]);
    // A commit that changes nothing matches every rule of the ref.
    let empty = kim.commit(ai("Nothing"));
    kim.deliver(&[&Draft::approve().commit(&kim, &empty).sign("ghopper")]);
    kim.push_main().rejected_with("rule \"payments\"");
    kim.deliver(&[&Draft::approve().commit(&kim, &empty).sign("khamilton")]);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn rule_for_other_repositories_says_nothing_here() {
    let world = World::with(&Policy::standard().with("repos", r#"["infra/*"]"#));
    let kim = world.clone("kim");
    kim.commit(ai("Add it").file("a", "a\n"));
    kim.push_main().lands(&[MAIN]);
    world.repository("infra/dns");
    let kim = world.clone_of("kim", "infra/dns");
    kim.commit(ai("Add it").file("a", "a\n"));
    kim.push_main().rejected_with(NEEDS);
}

#[test]
fn warn_tells_and_observe_keeps_quiet() {
    for (mode, says) in [("warn", true), ("observe", false)] {
        let world = World::with(&Policy::standard().with("mode", &format!("\"{mode}\"")));
        let kim = world.clone("kim");
        kim.commit(ai("Add it").file("a", "a\n"));
        let push = kim.push_main();
        push.lands(&[MAIN]).keeps_quiet_about("error:");
        if says {
            push.says("warning:").says(NEEDS).says("ghopper");
        } else {
            push.keeps_quiet_about("sign-off");
        }
    }
}

#[test]
fn warning_rule_beside_an_enforced_one_does_not_soften_it() {
    let policy = Policy::standard()
        .rule("soft")
        .with("refs", r#"["refs/heads/main"]"#)
        .with("from", r#"["seniors"]"#)
        .with("mode", "\"warn\"");
    let world = World::with(&policy);
    let kim = world.clone("kim");
    kim.commit(ai("Add it").file("a", "a\n"));
    kim.push_main().rejected_with("rule \"production\"");
}

#[test]
fn ungated_branch_passes_with_one_hint() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(ai("One").file("a", "a\n"));
    kim.commit(ai("Two").file("b", "b\n"));
    let push = kim.push(&["HEAD:refs/heads/topic"]);
    push.lands(&["refs/heads/topic"]).says("hint: 2 ").says(MAIN).keeps_quiet_about("error:");
    let hints =
        push.remote.lines().filter(|l| l.starts_with("hint: ") && !l.starts_with("hint:  "));
    assert_eq!(hints.count(), 1, "{}", push.all);
}

#[test]
fn declared_or_not() {
    let world = World::with(&Policy::standard().detect("declare", "\"required\""));
    let kim = world.clone("kim");
    kim.commit(human("Say nothing\n").file("a", "a\n"));
    kim.push_main().rejected_with("AI-Assisted");
    kim.amend(human("Say no\n\nAI-Assisted: no\n").file("a", "a\n"));
    kim.push_main().lands(&[MAIN]);
    kim.commit(human("Say yes\n\nAI-Assisted: yes\n").file("b", "b\n"));
    kim.push_main().rejected_with(NEEDS);
}

/// A clean merge makes no declaration of its own; one that brings something of its own does.
#[test]
fn merges_that_say_nothing() {
    let world = World::with(&Policy::standard().detect("declare", "\"required\""));
    let kim = world.clone("kim");
    let said = |what: &str| human(format!("{what}\n\nAI-Assisted: no\n"));
    kim.branch("side", "origin/main");
    kim.commit(said("Side").file("a", "a\n"));
    kim.branch("work", "origin/main");
    kim.commit(said("Work").file("b", "b\n"));
    kim.git(&["merge", "-q", "--no-ff", "-m", "Merge side", "side"]);
    let clean = kim.head();
    std::fs::write(kim.dir.join("c"), "smuggled\n").expect("a file");
    kim.git(&["add", "c"]);
    kim.git(&["commit", "-q", "--amend", "-m", "Merge side"]);
    kim.push_main().rejected_with("AI-Assisted");
    kim.git(&["reset", "-q", "--hard", &clean]);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn no_does_not_cancel_a_mark() {
    let world = World::new();
    let kim = world.clone("kim");
    let message = "Say no\n\nAI-Assisted: no\nCo-Authored-By: Claude <noreply@anthropic.com>\n";
    kim.commit(human(message).file("a", "a\n"));
    kim.push_main().rejected_with(NEEDS);
}

#[test]
fn policys_own_marker() {
    let policy = Policy::standard()
        .tail("[[detect.marker]]\nname = \"acme-agent\"\ntrailer = \"Acme-Agent\"\n");
    let world = World::with(&policy);
    let kim = world.clone("kim");
    kim.commit(human("Add it\n\nAcme-Agent: 7\n").file("a", "a\n"));
    kim.push_main().rejected_with("Acme-Agent: 7");
    kim.amend(human("Add it\n\nAcme-Agency: 7\n").file("a", "a\n"));
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn what_an_agent_pushes_is_ai_assisted() {
    let policy =
        Policy::standard().entry("ci-agent", &[("agent", "true"), ("owner", "\"ghopper\"")]);
    let world = World::with(&policy);
    let agent = world.clone("ci-agent");
    let id = agent.commit(human("Add it\n").author("kim").committer("kim").file("a", "a\n"));
    agent.push_main().rejected_with(NEEDS);
    agent.deliver(&[&Draft::approve().commit(&agent, &id).sign("ghopper")]);
    agent.push_main().rejected_with("ghopper can't");
    agent.deliver(&[&Draft::approve().commit(&agent, &id).sign("alovelace")]);
    agent.push_main().lands(&[MAIN]);
}

#[test]
fn pusher_without_a_name() {
    let world = World::new();
    let nobody = world.clone("");
    nobody.commit(human("Plain\n").author("kim").committer("kim").file("a", "a\n"));
    // On a branch that no rule matches nobody has to say who they are.
    nobody.push(&["HEAD:refs/heads/topic"]).lands(&["refs/heads/topic"]);
    nobody.push_main().rejected_with("can't tell who you are");
}

#[test]
fn unlisted_login_is_somebody_or_nobody_as_the_settings_say() {
    for (unlisted, lands) in [("person", true), ("nobody", false)] {
        let world = World::new();
        world.write_settings(&Settings { unlisted: Some(unlisted), ..Settings::default() });
        let mallory = world.clone("mallory");
        let id = mallory.commit(ai("Add it").file("a", "a\n"));
        mallory.push(&["HEAD:refs/heads/topic"]).accepted();
        mallory.deliver(&[&Draft::approve().commit(&mallory, &id).sign("ghopper")]);
        let push = mallory.push_main();
        if lands {
            push.lands(&[MAIN]);
            continue;
        }
        push.rejected_with("needs 2");
        mallory.deliver(&[&Draft::approve().commit(&mallory, &id).sign("alovelace")]);
        mallory.push_main().lands(&[MAIN]);
    }
}

#[test]
fn service_pushes_but_stands_for_nobody() {
    let world = World::with(&Policy::standard().entry("merge-queue", &[("service", "true")]));
    let queue = world.clone("merge-queue");
    // What Kim showed first is Kim's, whoever lands it.
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    queue.take(&kim, &id);
    queue.push(&[&format!("{id}:{MAIN}")]).lands(&[MAIN]);
    // What only the queue has shown is nobody's.
    queue.git(&["reset", "-q", "--hard", &id]);
    let own = queue.commit(ai("More").author("kim").committer("kim").file("b", "b\n"));
    queue.deliver(&[&Draft::approve().commit(&queue, &own).sign("ghopper")]);
    queue.push_main().rejected_with("needs 2");
    queue.deliver(&[&Draft::approve().commit(&queue, &own).sign("alovelace")]);
    queue.push_main().lands(&[MAIN]);
}

#[test]
fn exempt_pusher_needs_no_sign_off_for_work_of_their_own() {
    let policy = Policy::standard()
        .group("exempt", r#"["khamilton"]"#)
        .with("exempt_pushers", r#"["exempt"]"#);
    let world = World::with(&policy);
    let margaret = world.clone("khamilton");
    margaret.commit(ai("Add it").file("a", "a\n"));
    margaret.push_main().lands(&[MAIN]);
    let grace = world.clone("ghopper");
    grace.commit(ai("Add it too").file("b", "b\n"));
    grace.push_main().rejected_with(NEEDS);
}

/// What is too weak to conclude asks for a sign-off where a rule counts it, and only there.
#[test]
fn hints_count_where_a_rule_says_so() {
    let world = World::with(&Policy::standard().with("hints", "\"count\""));
    let kim = world.clone("kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    kim.push_main().lands(&[MAIN]);
    let id = kim.commit(human("Fix it\n\nReviewed-by: CodeRabbit\n").file("b", "b\n"));
    let push = kim.push_main();
    push.rejected_with(NEEDS);
    assert!(
        push.remote.contains("AI (hint): line 3 \"Reviewed-by: CodeRabbit\""),
        "{}",
        push.remote
    );
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);

    world.set_policy(&Policy::standard());
    kim.commit(human("Fix that\n\nReviewed-by: CodeRabbit\n").file("c", "c\n"));
    kim.push_main().lands(&[MAIN]);
}
