//! A repository with a history, put behind the gate (G23).

use super::work::{three, with};
use crate::support::clone::path_text;
use crate::support::{API, MAIN, NEEDS, Policy, World, ai, human};

/// A repository in which things happened before anybody looked: marked work on main, on an
/// open branch, and noted.
fn old_repository(world: &World) -> (String, Vec<(String, String)>) {
    let bare = world.bare(API);
    let kim = world.clone("kim");
    kim.commit(with(ai("Landed before"), &three(1, 30)));
    let main = kim.head();
    kim.git(&["checkout", "-q", "-b", "topic"]);
    let open: Vec<_> =
        three(2, 30).into_iter().map(|(p, t)| (p.replace("app/", "open/"), t)).collect();
    kim.commit(with(ai("Not landed"), &open));
    let from = path_text(&kim.dir);
    world.git_in(&bare, &["fetch", "-q", &from, "HEAD:refs/heads/topic"]);
    world.git_in(&bare, &["update-ref", MAIN, &main]);
    (main, open)
}

fn adopt(world: &World, more: &[&str]) -> crate::support::run::Output {
    let bare = path_text(&world.bare(API));
    let mut args = vec!["adopt", "--repo", &bare];
    args.extend(more);
    world.countersign(&args)
}

#[test]
fn what_stands_is_told_and_what_is_open_is_remembered() {
    let world = World::new();
    let (main, open) = old_repository(&world);
    let bare = world.bare(API);
    let dry = adopt(&world, &["--dry-run"]);
    dry.exits(0).says("would adopt payments/api").says("nothing was learned");
    assert!(!world.store().exists());
    adopt(&world, &[])
        .exits(0)
        .says("adopted payments/api")
        .says("base: 1 ref, 2 commits; 1 AI-assisted, and stand as they are")
        .says("Landed before (Co-Authored-By: Claude")
        .says("memory: 1 open ref, 1 commit; 1 AI-assisted, remembered");
    assert!(world.tip(&bare, &format!("refs/countersign/base/{main}")).is_some());
    // Again: nothing else.
    adopt(&world, &[]).exits(0).says("1 AI-assisted, remembered");
    // What was open is known without its mark; what had landed is everybody's.
    let mallory = world.clone("mallory");
    mallory.commit(with(human("Mine\n"), &open));
    mallory.push_main().rejected_with(NEEDS).says("same change as");
    mallory.git(&["reset", "-q", "--hard", "origin/main"]);
    let moved: Vec<_> =
        three(1, 30).into_iter().map(|(p, t)| (p.replace("app/", "lib/"), t)).collect();
    mallory.commit(with(human("Copy\n"), &moved));
    mallory.push_main().lands(&[MAIN]);
}

/// A new branch on old history asks nothing of it, even where its rule trusts nothing else.
#[test]
fn a_wider_rule_starts_from_the_base() {
    let narrow = Policy::standard().with("refs", r#"["refs/heads/main"]"#);
    let wide = narrow
        .clone()
        .rule("releases")
        .with("refs", r#"["refs/heads/release/*"]"#)
        .with("from", r#"["seniors"]"#);
    for is_adopted in [false, true] {
        let world = World::with(&narrow);
        let (main, _) = old_repository(&world);
        if is_adopted {
            adopt(&world, &["--base", "refs/heads/main"]).exits(0);
        }
        world.set_policy(&wide);
        let kim = world.clone("kim");
        let push = kim.push(&[&format!("{main}:refs/heads/release/1")]);
        assert_eq!(push.ok, is_adopted, "{}", push.all);
    }
    let world = World::with(&narrow);
    old_repository(&world);
    adopt(&world, &["--base", "refs/heads/other"]).exits(2).says("there is no ref");
}

/// Clients make no bases.
#[test]
fn a_base_is_not_pushed() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = kim.commit(with(ai("Mine"), &three(3, 30)));
    let base = format!("HEAD:refs/countersign/base/{id}");
    kim.push(&[&base]).rejected();
    kim.push(&[&base, "HEAD:refs/heads/main"]).rejected();
    kim.push_main().rejected_with(NEEDS);
}

/// A base that was planted while nobody looked is none, not even for who adopts later.
#[test]
fn a_planted_base_is_none() {
    let elsewhere = Policy::standard().with("repos", r#"["web/*"]"#);
    let world = World::with(&elsewhere);
    let kim = world.clone("kim");
    let id = kim.commit(with(ai("Mine"), &three(5, 30)));
    // Nothing is gated here yet, so the place is not reserved.
    assert!(kim.push(&[&format!("HEAD:refs/countersign/base/{id}")]).ok);
    world.set_policy(&Policy::standard());
    kim.push_main().rejected_with(NEEDS);
    adopt(&world, &[]).exits(0).says("base: 1 ref, 1 commit; 0 AI-assisted");
    kim.push_main().rejected_with(NEEDS);
    // Nor is one whose name says something else than what it holds.
    let main = kim.rev("origin/main");
    let name = format!("refs/countersign/base/{main}");
    assert_eq!(world.tip(&world.bare(API), &name), Some(main));
    world.git_in(&world.bare(API), &["update-ref", &name, &id]);
    kim.push_main().rejected_with(NEEDS);
}

/// However long an open branch is: more of it than a push may hold is learned in pieces, a
/// merge that mixes marked work of one piece into another's too.
#[test]
fn a_long_open_branch_is_learned() {
    let world = World::with_settings(&Policy::standard(), "[limits]\npush_bytes = 100000\n");
    let bare = world.bare(API);
    let kim = world.clone("kim");
    let main = kim.head();
    let first = three(6, 30);
    kim.commit(with(ai("First"), &first));
    kim.plain_commits(150);
    let marked = kim.commit(ai("Second").file("second", "second\n"));
    kim.branch("side", &main);
    kim.plain_commits(150);
    kim.commit(human("Side\n").file("side", "side\n"));
    kim.git(&["merge", "-q", "--no-ff", "--no-commit", &marked]);
    kim.commit(human("Merge\n").file("merged", "decided here\n"));
    let last = three(7, 30);
    let last: Vec<_> = last.into_iter().map(|(p, t)| (p.replace("app/", "last/"), t)).collect();
    kim.commit(with(ai("Last"), &last));
    let from = path_text(&kim.dir);
    world.git_in(&bare, &["fetch", "-q", &from, "HEAD:refs/heads/develop"]);
    adopt(&world, &[]).exits(0).says("memory: 1 open ref, 305 commits; 4 AI-assisted, remembered");
    let mallory = world.clone("mallory");
    for files in [first, last] {
        mallory.git(&["reset", "-q", "--hard", "origin/main"]);
        mallory.commit(with(human("Mine\n"), &files));
        mallory.push_main().rejected_with(NEEDS).says("AI: same");
    }
    mallory.git(&["reset", "-q", "--hard", "origin/main"]);
    mallory.commit(with(human("Mine\n"), &three(8, 30)));
    mallory.push_main().lands(&[MAIN]);
}

/// Bases are recorded last, so that one that failed half-way has let nothing stand, and also
/// where nothing is to be remembered.
#[test]
fn a_base_is_recorded_once_the_rest_is_done() {
    let world = World::new();
    let (main, _) = old_repository(&world);
    let bare = world.bare(API);
    let base = format!("refs/countersign/base/{main}");
    std::fs::create_dir(world.store()).expect("a folder in the store's place");
    adopt(&world, &[]).exits(5);
    assert_eq!(world.tip(&bare, &base), None);
    world.set_policy(&Policy::standard().detect("memory", "false"));
    adopt(&world, &[]).exits(0).says("adopted payments/api").says("nothing was learned");
    assert_eq!(world.tip(&bare, &base), Some(main));
}
