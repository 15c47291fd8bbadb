//! Hiding which commits are new (G1, G3).

use crate::support::clone::path_text;
use crate::support::{Draft, MAIN, NEEDS, Policy, World, ai, human, key};

const TOPIC: &str = "refs/heads/topic";

#[test]
fn parked_on_an_ungated_branch_first() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).lands(&[TOPIC]);
    kim.push_main().rejected_with(NEEDS);
    // Also when something plain stands on top of it.
    kim.commit(human("Plain\n").file("b", "b\n"));
    kim.push_main().rejected_with(&id[..8]);
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn through_a_second_ref_of_the_same_push() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(ai("Add it").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/aaa", "HEAD:refs/heads/main"]).rejected_with(NEEDS);
    kim.push(&["HEAD:refs/heads/main", "HEAD:refs/heads/zzz"]).rejected_with(NEEDS);
    kim.push(&["HEAD:refs/heads/main", "HEAD:refs/tags/v1"]).rejected_with(NEEDS);
    kim.amend(human("Plain\n").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/aaa", "HEAD:refs/heads/main"]).lands(&["refs/heads/aaa", MAIN]);
}

#[test]
fn on_an_ungated_ref_that_the_rule_would_trust() {
    // `trusts` names a branch that nothing gates: it must not make anything old.
    let world = World::with(
        &Policy::standard().with("trusts", r#"["refs/heads/main", "refs/heads/topic"]"#),
    );
    let kim = world.clone("kim");
    kim.commit(ai("Add it").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.push_main().rejected_with(NEEDS);
    kim.amend(human("Plain\n").file("a", "a\n"));
    kim.push_main().lands(&[MAIN]);
}

/// Nor one that a rule only watches.
#[test]
fn on_a_ref_that_another_rule_only_watches() {
    for mode in ["warn", "observe"] {
        let policy = Policy::standard()
            .with("trusts", r#"["refs/heads/main", "refs/heads/topic"]"#)
            .rule("watch")
            .with("refs", r#"["refs/heads/topic"]"#)
            .with("from", r#"["seniors"]"#)
            .with("mode", &format!("{mode:?}"));
        let world = World::with(&policy);
        let kim = world.clone("kim");
        kim.commit(ai("Add it").file("a", "a\n"));
        kim.push(&["HEAD:refs/heads/topic"]).accepted();
        kim.push_main().rejected_with(NEEDS);
        world.set_policy(&policy.with("mode", "\"enforce\""));
        // What a gated ref holds already is its base.
        kim.push_main().lands(&[MAIN]);
    }
}

/// Another rule's gate is no gate of this one, unless the rule says that it trusts it.
#[test]
fn through_a_ref_that_is_gated_for_less() {
    let policy = Policy::standard()
        .rule("staging")
        .with("refs", r#"["refs/heads/staging"]"#)
        .with("from", r#"["leads"]"#)
        .group("leads", r#"["kim"]"#)
        .set("kim", "keys", &format!("[{:?}]", key("kim").public));
    let world = World::with(&policy);
    let grace = world.clone("ghopper");
    let id = grace.commit(ai("Add it").file("a", "a\n"));
    let draft = Draft::approve().refs(&["refs/heads/staging"]).commit(&grace, &id);
    grace.deliver(&[&draft.sign("kim")]);
    grace.push(&["HEAD:refs/heads/staging"]).lands(&["refs/heads/staging"]);
    grace.push_main().rejected_with(NEEDS);
    let trusting = policy.clone().rule("main").with("refs", r#"["refs/heads/main"]"#);
    let trusting = trusting.with("from", r#"["seniors"]"#);
    let trusting = trusting.with("trusts", r#"["refs/heads/main", "refs/heads/staging"]"#);
    let text = trusting
        .to_toml()
        .replace(r#"["refs/heads/main", "refs/heads/release/*"]"#, r#"["refs/heads/release/*"]"#);
    std::fs::write(world.path("policy.toml"), text).expect("a file");
    grace.push_main().lands(&[MAIN]);
}

#[test]
fn new_release_branch_at_a_parked_commit() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.push(&["HEAD:refs/heads/release/1"]).rejected_with(NEEDS);
    // A release branch where main stands brings nothing new.
    kim.push(&["origin/main:refs/heads/release/1"]).lands(&["refs/heads/release/1"]);
    let draft = Draft::approve().refs(&["refs/heads/release/*"]).commit(&kim, &id);
    kim.deliver(&[&draft.sign("ghopper")]);
    kim.push(&["HEAD:refs/heads/release/2"]).lands(&["refs/heads/release/2"]);
}

#[test]
fn object_stored_already_whose_branch_was_deleted() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.push(&[":refs/heads/topic"]).lands(&[TOPIC]);
    assert_eq!(world.git_in(&kim.bare, &["cat-file", "-t", &id]), "commit");
    kim.push_main().rejected_with(NEEDS);
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn object_placed_in_the_repository_past_the_gate() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    world.git_in(&kim.bare, &["fetch", "-q", &path_text(&kim.dir), "HEAD"]);
    kim.push_main().rejected_with(NEEDS);
    // Nobody knows who showed it first, so one more has to sign.
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    kim.push_main().rejected_with("needs 2");
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("alovelace")]);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn only_the_tip_is_signed() {
    let world = World::new();
    let kim = world.clone("kim");
    let first = kim.commit(ai("One").file("a", "a\n"));
    let second = kim.commit(ai("Two").file("b", "b\n"));
    kim.push_main().rejected_with(&first[..8]).says(&second[..8]);
    kim.deliver(&[&Draft::approve().commit(&kim, &second).sign("ghopper")]);
    kim.push_main().rejected_with("1 of 2 commits").says(&first[..8]);
    kim.deliver(&[&Draft::approve().commit(&kim, &first).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn behind_a_merge_on_its_second_parent() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.branch("side", "origin/main");
    let side = kim.commit(ai("Add it").file("a", "a\n"));
    kim.branch("work", "origin/main");
    kim.commit(human("Plain\n").file("b", "b\n"));
    kim.git(&["merge", "-q", "--no-ff", "-m", "Merge side", "side"]);
    kim.push_main().rejected_with(&side[..8]);
    // Merged so that nothing of the side's tree is left, it still is new history.
    kim.git(&["reset", "-q", "--hard", "HEAD~1"]);
    kim.git(&["merge", "-q", "--no-ff", "-s", "ours", "-m", "Merge side", "side"]);
    kim.push_main().rejected_with(&side[..8]).says("decides a itself");
    kim.deliver(&[&Draft::approve().commits(&kim, &[&side, &kim.head()]).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn dated_before_everything_else() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.set_env("GIT_COMMITTER_DATE", "1970-01-02T00:00:00Z");
    kim.set_env("GIT_AUTHOR_DATE", "1970-01-02T00:00:00Z");
    let id = kim.commit(ai("Long ago").file("a", "a\n"));
    kim.push_main().rejected_with(&id[..8]);
    kim.amend(human("Long ago\n").file("a", "a\n"));
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn history_of_its_own_beside_main() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.git(&["checkout", "-q", "--orphan", "other"]);
    kim.git(&["rm", "-rqf", "."]);
    let root = kim.commit(ai("A root").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/release/1"]).rejected_with(&root[..8]);
    kim.git(&["checkout", "-q", "main"]);
    kim.git(&["merge", "-q", "--allow-unrelated-histories", "-m", "Join", "other"]);
    kim.push_main().rejected_with(&root[..8]);
    kim.deliver(&[&Draft::approve().commit(&kim, &root).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn too_many_refs_or_too_long_a_name() {
    let settings = "[limits]\nrefs = 3\nref_name_bytes = 40\n";
    let world = World::with_settings(&Policy::standard(), settings);
    let kim = world.clone("kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    let many: Vec<String> = (0..4).map(|n| format!("HEAD:refs/heads/t{n}")).collect();
    let mut specs: Vec<&str> = many.iter().map(String::as_str).collect();
    kim.push(&specs).accepted();
    specs.push("HEAD:refs/heads/main");
    specs.remove(0);
    kim.commit(human("Plain\n").file("b", "b\n"));
    kim.push(&specs).rejected_with("refs under [limits]");
    let long = "HEAD:refs/heads/a-name-that-is-longer-than-forty-bytes";
    kim.push(&[long]).accepted();
    kim.commit(human("Plain\n").file("c", "c\n"));
    kim.push(&[long, "HEAD:refs/heads/main"]).rejected_with("ref_name_bytes");
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn too_much_to_look_at_is_a_no_and_not_a_yes() {
    let world = World::with_settings(&Policy::standard(), "[limits]\nnew_commits = 3\n");
    let kim = world.clone("kim");
    for n in 0..4 {
        kim.commit(human(format!("Plain {n}\n")).file("a", format!("{n}\n")));
    }
    // Where nothing is gated a limit is no reason to refuse.
    kim.push(&["HEAD:refs/heads/topic"]).lands(&[TOPIC]);
    kim.push_main().rejected_with("new_commits");
    kim.push(&["HEAD~1:refs/heads/main"]).lands(&[MAIN]);
    kim.push_main().lands(&[MAIN]);
}
