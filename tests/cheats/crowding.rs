//! Statements that are there to be in the way of others, and pushes that hide one commit
//! behind another (G8, G10, G15).

use crate::support::statement::{DAY, from_now};
use crate::support::{Draft, MAIN, NEEDS, Policy, World, ai, human};

/// A draft about one commit that names forty others with the same change before it.
fn junk(draft: Draft) -> Draft {
    draft.edit(|v| {
        let real = v["subject"][0].clone();
        let list = v["subject"].as_array_mut().expect("a list");
        *list = (0..40)
            .map(|n| {
                let mut subject = real.clone();
                subject["digest"]["gitCommit"] = format!("{n:040x}").into();
                subject["name"] = format!("commit {n}").into();
                subject
            })
            .collect();
    })
}

/// A veto is not crowded out by statements of somebody who may sign nothing, nor by an
/// approver's, however new they are.
#[test]
fn veto_behind_a_heap_of_statements() {
    let keys = format!("[{:?}]", crate::support::key("kim").public);
    let policy = Policy::standard().with("veto", "true").set("kim", "keys", &keys);
    let world = World::with(&policy);
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    let decline = Draft::new("decline", crate::support::API).set("reason", "No");
    kim.deliver(&[&decline.commit(&kim, &id).sign("alovelace")]);
    let amended = kim.amend(ai("Add it, said better").file("a", "a\n"));
    kim.deliver(&[&Draft::approve().commit(&kim, &amended).sign("ghopper")]);
    kim.push_main().rejected_with("alovelace declined");
    let later = |seconds| Draft::approve().set("issuedAt", from_now(seconds));
    let outsider = junk(later(200).refs(&["refs/heads/nowhere"]).commit(&kim, &id)).sign("kim");
    let approvers: Vec<_> =
        (0..35).map(|n| junk(later(200 + n).commit(&kim, &id)).sign("khamilton")).collect();
    kim.deliver(&[&outsider]);
    kim.deliver(&approvers.iter().collect::<Vec<_>>());
    kim.push_main().rejected_with("alovelace declined");
    // Who declined may lift it.
    let lift = Draft::approve().set("issuedAt", from_now(100)).commit(&kim, &amended);
    kim.deliver(&[&lift.sign("alovelace")]);
    kim.push_main().lands(&[MAIN]);
}

/// One approval of many commits of one file covers the last like the first.
#[test]
fn long_approval_of_one_file_covers_all_of_it() {
    let world = World::new();
    let kim = world.clone("kim");
    let ids: Vec<String> =
        (0..40).map(|n| kim.commit(ai(&format!("Step {n}")).file("a", format!("{n}\n")))).collect();
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    let names: Vec<&str> = ids.iter().map(String::as_str).collect();
    kim.deliver(&[&Draft::approve().commits(&kim, &names).sign("ghopper")]);
    let ada = world.clone("alovelace");
    ada.commit(human("Meanwhile\n").file("b", "b\n"));
    ada.push_main().accepted();
    kim.fetch();
    kim.git(&["rebase", "-q", "origin/main"]);
    kim.push_main().lands(&[MAIN]);
}

/// A decline from a clock that is days ahead could not be lifted until then.
#[test]
fn decline_from_the_future() {
    let world = World::with(&Policy::standard().with("veto", "true"));
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    let decline = Draft::new("decline", crate::support::API).set("reason", "No");
    let future = decline.clone().set("issuedAt", from_now(DAY)).commit(&kim, &id);
    let specs = kim.deliveries(&[&future.sign("alovelace")]);
    kim.push(&[&specs[0]]).rejected_with("future");
    kim.deliver(&[&decline.commit(&kim, &id).sign("alovelace")]);
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    kim.push_main().rejected_with("alovelace declined");
}

/// What an agent shows below a commit that is too large to be read is remembered all the
/// same.
#[test]
fn agents_commit_below_one_that_is_too_large() {
    let policy =
        Policy::standard().entry("ci-agent", &[("agent", "true"), ("owner", "\"ghopper\"")]);
    let world = World::with_settings(&policy, "[limits]\ncommit_bytes = 3000\n");
    let (agent, kim) = (world.clone("ci-agent"), world.clone("kim"));
    let plain = || human("Plain\n").author("kim").committer("kim");
    let id = agent.commit(plain().file("a", "a\n"));
    agent.commit(human(format!("Long\n\n{}\n", "x".repeat(4000))).file("b", "b\n"));
    agent.push(&["HEAD:refs/heads/topic"]).accepted().says("commit_bytes");
    kim.take(&agent, &id);
    kim.push(&[&format!("{id}:{MAIN}")]).rejected_with(NEEDS).says("ci-agent");
    let own = kim.commit(plain().file("c", "c\n"));
    kim.push(&[&format!("{own}:{MAIN}")]).lands(&[MAIN]);
}

/// An exempt senior's rebase of somebody's work is not their own.
#[test]
fn exempt_senior_rebases_somebodys_branch() {
    let policy = Policy::standard()
        .group("exempt", r#"["khamilton"]"#)
        .with("exempt_pushers", r#"["exempt"]"#);
    let world = World::with(&policy);
    let (kim, margaret) = (world.clone("kim"), world.clone("khamilton"));
    let id =
        kim.commit(ai("Add it").file("src/app.rs", crate::support::world::lines(&[(30, "new")])));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    margaret.commit(
        human("Meanwhile\n").file("src/app.rs", crate::support::world::lines(&[(5, "meanwhile")])),
    );
    margaret.push_main().lands(&[MAIN]);
    margaret.take(&kim, &id);
    margaret.git(&["cherry-pick", &id]);
    margaret.push_main().rejected_with(NEEDS);
    margaret.git(&["reset", "-q", "--hard", "origin/main"]);
    margaret.commit(ai("Own work").file("own", "own\n"));
    margaret.push_main().lands(&[MAIN]);
}

/// One senior's many statements leave another's alone.
#[test]
fn sign_off_behind_another_seniors_heap() {
    let world = World::new();
    let kim = world.clone("kim");
    let start = kim.head();
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    let good = Draft::approve().set("issuedAt", from_now(-600)).commit(&kim, &id).sign("ghopper");
    kim.deliver(&[&good]);
    // Newer ones about commits that nobody has, with the same change.
    let heap: Vec<_> = (0..40)
        .map(|n| {
            let draft = Draft::approve().set("issuedAt", from_now(-n)).commit(&kim, &id);
            let forged = format!("{n:040x}");
            let text = String::from_utf8(draft.bytes()).expect("text").replace(&id, &forged);
            let key = crate::support::key("alovelace");
            crate::support::statement::sign(
                text.as_bytes(),
                &key,
                crate::support::statement::NAMESPACE,
            )
        })
        .collect();
    kim.deliver(&heap.iter().collect::<Vec<_>>());
    kim.branch("work", &start);
    kim.commit(ai("Rebased").file("a", "a\n"));
    kim.push_main().lands(&[MAIN]);
}
