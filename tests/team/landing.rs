//! From a rejected push to a landed one, by each way in which a team lands things.

use crate::support::world::lines;
use crate::support::{API, CLAUDE, Clone, Draft, MAIN, NEEDS, Policy, World, ai, human, key};

/// Kim's AI-assisted work, refused on main and parked where a senior can read it.
#[track_caller]
fn park(kim: &Clone<'_>) -> String {
    let id = kim.commit(ai("Add token refresh").file("src/token.rs", "fn refresh() {}\n"));
    kim.push_main().rejected_with(NEEDS);
    kim.push(&["HEAD:refs/heads/review/token"]).lands(&["refs/heads/review/token"]);
    id
}

/// A senior signs in a clone of their own and delivers by git.
#[track_caller]
fn approve(senior: &Clone<'_>, what: &str) {
    senior.fetch();
    let key = key(&senior.person);
    let file = key.file.to_str().expect("a path");
    let args = ["approve", what, "--ref", MAIN, "--repository", API, "--key", file, "--yes"];
    senior.countersign(&[&args[..], &["--remote", "origin"]].concat()).exits(0).says("stored");
}

#[test]
fn human_work_lands_without_a_word() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(human("Fix the typo\n\nNo tool had a hand in this.\n").file("README.md", "# S\n"));
    let push = kim.push_main();
    push.lands(&[MAIN]).keeps_quiet_about("AI").keeps_quiet_about("error");
}

#[test]
fn developer_lands_what_a_senior_signed() {
    let world = World::new();
    let (kim, grace) = (world.clone("kim"), world.clone("ghopper"));
    let id = park(&kim);
    approve(&grace, &id);
    kim.push_main().lands(&[MAIN]).says("ghopper");
}

#[test]
fn senior_lands_what_they_signed_themselves() {
    let world = World::new();
    let (kim, grace) = (world.clone("kim"), world.clone("ghopper"));
    let id = park(&kim);
    approve(&grace, &id);
    grace.push(&[&format!("{id}:{MAIN}")]).lands(&[MAIN]).says("ghopper");
}

#[test]
fn senior_can_not_sign_what_nobody_else_showed_the_gate() {
    let world = World::new();
    let (kim, grace) = (world.clone("kim"), world.clone("ghopper"));
    let id = kim.commit(ai("Add token refresh").file("src/token.rs", "fn refresh() {}\n"));
    grace.take(&kim, &id);
    grace.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    grace.push(&[&format!("{id}:{MAIN}")]).rejected_with("ghopper can't");
}

/// Two AI-assisted commits of Kim's on a review branch, signed as a range by Grace.
#[track_caller]
fn signed_range<'w>(world: &'w World) -> (Clone<'w>, Clone<'w>) {
    let (kim, grace) = (world.clone("kim"), world.clone("ghopper"));
    kim.commit(ai("Add token refresh").file("src/token.rs", "fn refresh() {}\n"));
    kim.commit(ai("Call it").file("src/app.rs", lines(&[(30, "refresh()")])));
    kim.push(&["HEAD:refs/heads/review/token"]).accepted();
    approve(&grace, "origin/main..origin/review/token");
    (kim, grace)
}

/// A message as a forge's squash writes it: both trailers, one of them above the last
/// paragraph.
fn squash_message() -> String {
    format!("Token refresh (#7)\n\n* Add token refresh\n\n{CLAUDE}\n\n* Call it\n\n{CLAUDE}\n")
}

#[test]
fn senior_squashes_the_range_they_signed() {
    let world = World::new();
    let (_kim, grace) = signed_range(&world);
    grace.git(&["merge", "-q", "--squash", "origin/review/token"]);
    grace.commit(human(squash_message()));
    grace.push_main().lands(&[MAIN]).says("ghopper");
}

#[test]
fn squash_with_one_more_change_is_not_what_was_signed() {
    let world = World::new();
    let (_kim, grace) = signed_range(&world);
    grace.git(&["merge", "-q", "--squash", "origin/review/token"]);
    grace.commit(human(squash_message()).file("src/other.rs", lines(&[(1, "one more")])));
    grace.push_main().rejected_with(NEEDS);
}

#[test]
fn squash_is_covered_by_nothing_where_commits_are_bound_by_id() {
    let world = World::with(&Policy::standard().with("binding", "\"commit\""));
    let (kim, grace) = signed_range(&world);
    grace.git(&["merge", "-q", "--squash", "origin/review/token"]);
    grace.commit(human(squash_message()));
    grace.push_main().rejected_with(NEEDS);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn senior_rebases_what_they_signed() {
    let world = World::new();
    let (_kim, grace) = signed_range(&world);
    let ada = world.clone("alovelace");
    ada.commit(human("Meanwhile\n").file("src/app.rs", lines(&[(5, "meanwhile")])));
    ada.push_main().accepted();
    grace.fetch();
    grace.branch("token", "origin/review/token");
    grace.git(&["rebase", "-q", "origin/main"]);
    assert_eq!(grace.git(&["log", "-1", "--format=%ae %ce"]), "kim@example.com grace@example.com");
    grace.push_main().lands(&[MAIN]).says("ghopper");
}

#[test]
fn senior_merges_what_they_signed() {
    let world = World::new();
    let (_kim, grace) = signed_range(&world);
    grace.git(&["merge", "-q", "--no-ff", "-m", "Merge review/token", "origin/review/token"]);
    grace.push_main().lands(&[MAIN]).says("ghopper");
}

#[test]
fn merge_commit_with_evidence_needs_a_sign_off_by_id() {
    let world = World::with(&Policy::standard().with("clean_merges", "\"check\""));
    let (_kim, grace) = signed_range(&world);
    let message = format!("Merge review/token\n\n{CLAUDE}");
    grace.git(&["merge", "-q", "--no-ff", "-m", &message, "origin/review/token"]);
    let merge = grace.head();
    grace.push_main().rejected_with("1 of 3 commits");
    grace.push(&["HEAD:refs/heads/review/merge"]).accepted();
    approve(&world.clone("alovelace"), &merge);
    grace.push_main().lands(&[MAIN]);
}

#[test]
fn sign_off_and_main_in_one_push() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = park(&kim);
    let signed = Draft::approve().commit(&kim, &id).sign("ghopper");
    let delivery = kim.deliveries(&[&signed]).remove(0);
    for options in [&["--atomic"][..], &[]] {
        let other = world.clone("kim");
        other.take(&kim, &id);
        other.take(&kim, delivery.split(':').next().expect("an id"));
        if options.is_empty() {
            // The second time nothing is left to do but main itself.
            world.git_in(&other.bare, &["update-ref", MAIN, &format!("{id}~1")]);
        }
        let push = other.push_with(options, &[&format!("{id}:{MAIN}"), &delivery]);
        push.lands(&[MAIN]).says(&signed.hash());
    }
}

#[test]
fn bad_delivery_beside_main_stops_both() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = kim.commit(human("Plain work\n").file("a", "a\n"));
    let signed = Draft::approve().commit(&kim, &id).sign("mallory");
    let delivery = kim.deliveries(&[&signed]).remove(0);
    kim.push(&[&format!("{id}:{MAIN}"), &delivery]).rejected();
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn amended_files_make_the_sign_off_stale() {
    let world = World::new();
    let (kim, grace) = (world.clone("kim"), world.clone("ghopper"));
    let id = park(&kim);
    approve(&grace, &id);
    kim.amend(ai("Add token refresh").file("src/token.rs", "fn refresh() { evil() }\n"));
    kim.push_main().rejected_with("stale");
    // Its innocent twin: only the message was amended.
    kim.amend(ai("Add a token refresh").file("src/token.rs", "fn refresh() {}\n"));
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn repository_with_sha256_ids_works_alike() {
    let world = World::new();
    world.repository_of("payments/new", "sha256");
    let (kim, grace) =
        (world.clone_of("kim", "payments/new"), world.clone_of("ghopper", "payments/new"));
    let id = kim.commit(ai("Add token refresh").file("src/token.rs", "fn refresh() {}\n"));
    assert_eq!(id.len(), 64);
    kim.push_main().rejected_with(NEEDS);
    kim.push(&["HEAD:refs/heads/review/token"]).accepted();
    grace.fetch();
    let draft = Draft::new("approve", "payments/new").commit(&kim, &id);
    grace.deliver(&[&draft.sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
    kim.commit(ai("Unsigned").file("src/more.rs", "fn more() {}\n"));
    kim.push_main().rejected_with(NEEDS);
}

#[test]
fn two_refs_are_judged_against_the_values_before_the_push() {
    let policy = Policy::standard()
        .with("refs", r#"["refs/heads/main"]"#)
        .rule("releases")
        .with("refs", r#"["refs/heads/release/*"]"#)
        .with("trusts", r#"["refs/heads/release/*", "refs/heads/main"]"#)
        .with("from", r#"["seniors"]"#);
    let world = World::with(&policy);
    let (kim, grace) = (world.clone("kim"), world.clone("ghopper"));
    let id = park(&kim);
    approve(&grace, &id);
    let push = kim.push(&["HEAD:refs/heads/main", "HEAD:refs/heads/release/1"]);
    push.rejected_with("refs/heads/release/1").says("push refs/heads/main first");
    kim.push_main().lands(&[MAIN]);
    kim.push(&["HEAD:refs/heads/release/1"]).lands(&["refs/heads/release/1"]);
}
