//! The sum of a range (G3, G11).

use crate::support::world::lines;
use crate::support::{CLAUDE, Clone, Draft, MAIN, NEEDS, Policy, World, ai, human};

/// A range statement as `approve BASE..TIP` makes it.
#[track_caller]
fn range(clone: &Clone<'_>, named: &[&str], base: &str, tip: &str) -> Draft {
    Draft::approve().commits(clone, named).net(clone, base, tip)
}

#[test]
fn evil_commit_and_its_undo_with_the_sum_signed() {
    let world = World::new();
    let kim = world.clone("kim");
    let base = kim.head();
    let good = kim.commit(ai("Good").file("good", "x\n"));
    let evil = kim.commit(ai("Evil").file("evil", "backdoor\n"));
    let undo = kim.commit(ai("Undo").without("evil"));
    kim.push_main().rejected_with("3 of 3 commits");
    // The sum is `good` alone, and so is what was named.
    kim.deliver(&[&range(&kim, &[&good], &base, &undo).sign("ghopper")]);
    kim.push_main().rejected_with(&evil[..8]).says(&undo[..8]);
    kim.deliver(&[&range(&kim, &[&good, &evil, &undo], &base, &undo).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn range_that_leaves_out_the_signers_own_commit() {
    let world = World::new();
    let (kim, grace) = (world.clone("kim"), world.clone("ghopper"));
    let base = kim.head();
    let kims = kim.commit(ai("Kim's").file("kims", "x\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    grace.take(&kim, &kims);
    grace.branch("topic", &kims);
    let graces = grace.commit(ai("Grace's").file("graces", "x\n"));
    grace.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.fetch();
    kim.branch("squash", "origin/main");
    kim.git(&["merge", "-q", "--squash", "origin/topic"]);
    kim.commit(human(format!("Both\n\n{CLAUDE}\n")));
    grace.deliver(&[&range(&grace, &[&kims], &base, &graces).sign("ghopper")]);
    kim.push_main().rejected_with(NEEDS);
    // Named or not: who made part of the sum can't sign the sum.
    grace.deliver(&[&range(&grace, &[&kims, &graces], &base, &graces).sign("ghopper")]);
    kim.push_main().rejected_with("can't sign it: author");
    grace.deliver(&[&range(&grace, &[&kims, &graces], &base, &graces).sign("alovelace")]);
    kim.push_main().lands(&[MAIN]);
}

/// A squash of two signed commits, and the same again after a revert.
#[test]
fn net_change_used_for_two_commits_of_one_push() {
    let world = World::new();
    let kim = world.clone("kim");
    let base = kim.head();
    let one = kim.commit(ai("One").file("a", "a\n"));
    let two = kim.commit(ai("Two").file("b", "b\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.deliver(&[&range(&kim, &[&one, &two], &base, &two).sign("ghopper")]);
    kim.branch("squash", "origin/main");
    let squash = || human(format!("Both\n\n{CLAUDE}\n")).file("a", "a\n").file("b", "b\n");
    kim.commit(squash());
    kim.commit(human("Take it back\n").without("a").without("b"));
    kim.commit(squash());
    kim.push_main().rejected_with("1 of 3 commits");
    kim.push(&["HEAD~2:refs/heads/main"]).lands(&[MAIN]);
}

#[test]
fn net_change_whose_range_is_not_what_it_says() {
    let world = World::new();
    let kim = world.clone("kim");
    let base = kim.head();
    let one = kim.commit(ai("One").file("a", "a\n"));
    let two = kim.commit(ai("Two").file("b", "b\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.branch("squash", "origin/main");
    kim.commit(human(format!("Both\n\n{CLAUDE}\n")).file("a", "a\n").file("b", "evil\n"));
    let squash = kim.head();
    // The digest of the pushed change under the ids of an honest range.
    let lie = range(&kim, &[&one, &two], &base, &two).edit(|v| {
        let (change, paths) =
            crate::support::statement::commit_digests(&kim, &squash).expect("a change");
        v["subject"][2]["digest"]["change-v1"] = change.into();
        v["subject"][2]["digest"]["paths-v1"] = paths.into();
    });
    let delivery = kim.deliveries(&[&lie.sign("ghopper")]).remove(0);
    kim.push(&[&delivery]);
    kim.push_main().rejected_with(NEEDS);
    // Ids that nobody has.
    let gone = range(&kim, &[&one, &two], &base, &two).edit(|v| {
        v["predicate"]["net"]["base"] = "1".repeat(40).into();
    });
    kim.deliver(&[&gone.sign("ghopper")]);
    kim.amend(human(format!("Both\n\n{CLAUDE}\n")).file("a", "a\n").file("b", "b\n"));
    kim.push_main().rejected_with(NEEDS);
    kim.deliver(&[&range(&kim, &[&one, &two], &base, &two).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
}

/// From a base beside it, a range seems to take back what no commit of it takes back.
#[test]
fn net_change_from_a_base_beside_the_range() {
    let world = World::new();
    let kim = world.clone("kim");
    let fork = kim.head();
    kim.commit(human("Guard it\n").file("guard", "x\n"));
    kim.push_main().lands(&[MAIN]);
    let beside = kim.head();
    kim.branch("topic", &fork);
    let one = kim.commit(ai("One").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.branch("squash", &beside);
    kim.commit(human(format!("One\n\n{CLAUDE}\n")).file("a", "a\n").without("guard"));
    kim.deliver(&[&range(&kim, &[&one], &beside, &one).sign("ghopper")]);
    kim.push_main().rejected_with("does not start at its single merge base");
    kim.amend(human(format!("One\n\n{CLAUDE}\n")).file("a", "a\n"));
    kim.deliver(&[&range(&kim, &[&one], &fork, &one).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
}

/// Every commit of the range was shown to the signer, or the sum covers nothing.
#[test]
fn range_with_a_commit_that_was_not_named() {
    for plain in [false, true] {
        let world = World::new();
        let kim = world.clone("kim");
        let base = kim.head();
        let one = kim.commit(ai("One").file("a", "a\n"));
        let hidden = if plain { human("Hidden\n") } else { ai("Hidden") };
        let hidden = kim.commit(hidden.file("b", "b\n"));
        kim.push(&["HEAD:refs/heads/topic"]).accepted();
        kim.deliver(&[&range(&kim, &[&one], &base, &hidden).sign("ghopper")]);
        kim.branch("squash", "origin/main");
        kim.git(&["merge", "-q", "--squash", "origin/topic"]);
        kim.commit(human(format!("Both\n\n{CLAUDE}\n")));
        kim.push_main().rejected_with(NEEDS).says(&hidden[..8]);
        kim.deliver(&[&range(&kim, &[&one, &hidden], &base, &hidden).sign("ghopper")]);
        kim.push_main().lands(&[MAIN]);
    }
}

/// A plain commit inside the range is part of what was signed; it has to be named too.
#[test]
fn unflagged_commit_of_the_range_is_named_as_well() {
    let world = World::new();
    let kim = world.clone("kim");
    let base = kim.head();
    let one = kim.commit(ai("One").file("src/app.rs", lines(&[(10, "one")])));
    let plain = kim.commit(human("Plain\n").file("src/other.rs", lines(&[(10, "plain")])));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.deliver(&[&range(&kim, &[&one, &plain], &base, &plain).sign("ghopper")]);
    kim.branch("squash", "origin/main");
    kim.git(&["merge", "-q", "--squash", "origin/topic"]);
    kim.commit(human(format!("Both\n\n{CLAUDE}\n")));
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn net_change_does_not_cover_a_merge() {
    let world = World::with(&Policy::standard().with("clean_merges", "\"check\""));
    let kim = world.clone("kim");
    let base = kim.head();
    let one = kim.commit(ai("One").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.deliver(&[&range(&kim, &[&one], &base, &one).sign("ghopper")]);
    kim.branch("work", "origin/main");
    let message = format!("Merge topic\n\n{CLAUDE}");
    kim.git(&["merge", "-q", "--no-ff", "-m", &message, "origin/topic"]);
    kim.push_main().rejected_with("1 of 2 commits");
}
