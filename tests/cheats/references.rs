//! Refs as a way around: deletes, rewinds, names that mislead (G17, G24).

use crate::support::clone::path_text;
use crate::support::{Clone, Draft, MAIN, NEEDS, Policy, World, ai, human, reftables};

/// Main two plain commits further on.
fn grown(world: &World) -> crate::support::Clone<'_> {
    let kim = world.clone("kim");
    kim.commit(human("One\n").file("a", "a\n"));
    kim.commit(human("Two\n").file("b", "b\n"));
    kim.push_main().accepted();
    kim.git(&["config", "remote.origin.push", "HEAD"]);
    world.git_in(&kim.bare, &["config", "receive.denyDeleteCurrent", "ignore"]);
    kim
}

#[test]
fn rewinding_a_gated_ref() {
    let world = World::new();
    let kim = grown(&world);
    kim.push(&["+HEAD~1:refs/heads/main"]).rejected_with("rewind");
    kim.branch("other", "HEAD~2");
    kim.commit(human("Another\n").file("c", "c\n"));
    kim.push(&["+HEAD:refs/heads/main"]).rejected_with("rewind");
    // An ungated ref is its owner's.
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.push(&["+HEAD~1:refs/heads/topic"]).lands(&["refs/heads/topic"]);
    world.set_policy(&Policy::standard().with("allow", r#"["rewind"]"#));
    kim.push(&["+HEAD:refs/heads/main"]).lands(&[MAIN]);
}

#[test]
fn allowed_rewind_is_no_way_around_a_sign_off() {
    let world = World::with(&Policy::standard().with("allow", r#"["rewind", "delete"]"#));
    let kim = grown(&world);
    kim.branch("other", "HEAD~2");
    kim.commit(ai("Another").file("c", "c\n"));
    kim.push(&["+HEAD:refs/heads/main"]).rejected_with(NEEDS);
    // Deleted in one push, created anew in the next.
    kim.push(&[":refs/heads/main"]).lands(&[MAIN]);
    kim.push_main().rejected_with(NEEDS);
}

#[test]
fn deleting_a_gated_ref() {
    let world = World::new();
    let kim = grown(&world);
    kim.push(&[":refs/heads/main"]).rejected_with("delete");
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.push(&[":refs/heads/topic"]).lands(&["refs/heads/topic"]);
    world.set_policy(&Policy::standard().with("allow", r#"["delete"]"#));
    kim.push(&[":refs/heads/main"]).lands(&[MAIN]);
}

#[test]
fn names_that_git_reads_in_another_way() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    let head = kim.head();
    let hex = "d".repeat(40);
    for name in [
        format!("refs/replace/{head}"),
        "refs/heads/HEAD".to_owned(),
        "refs/heads/refs/heads/main".to_owned(),
        format!("refs/heads/{hex}"),
        format!("refs/tags/{hex}"),
        format!("refs/heads/{}", "d".repeat(64)),
    ] {
        kim.push(&[&format!("HEAD:{name}")]).refused();
    }
    for name in ["refs/heads/HEADER", "refs/tags/v1", "refs/heads/feature/refs/x"] {
        kim.push(&[&format!("HEAD:{name}")]).lands(&[name]);
    }
}

/// What points to a gated ref is gated.
#[test]
fn symbolic_ref_to_a_gated_one() {
    let world = World::new();
    let kim = world.clone("kim");
    world.git_in(&kim.bare, &["symbolic-ref", "refs/heads/alias", MAIN]);
    kim.commit(ai("Marked").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/alias"]).rejected_with(NEEDS);
    kim.amend(human("Plain\n").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/alias"]).accepted();
    assert_eq!(world.tip(&kim.bare, MAIN), Some(kim.head()));
    // What lands under the other name stands in the log like all that lands.
    let id = kim.commit(ai("Signed").file("b", "b\n"));
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    let landings = |bare| {
        let log = ["ls-tree", "--name-only", "refs/countersign/log", "decisions/"];
        world.git_in(bare, &log).lines().count()
    };
    let before = landings(&kim.bare);
    kim.push(&["HEAD:refs/heads/alias"]).accepted();
    assert_eq!(landings(&kim.bare), before + 1);
    verifies(&kim, &id);
}

/// What landed under one name of a ref is verified against the rules of all its names.
fn verifies(clone: &Clone<'_>, id: &str) {
    clone.git(&["fetch", "-q", "origin", "+refs/countersign/log:refs/countersign/log"]);
    clone.countersign(&["verify", id, "--offline"]).exits(0).says("signed off by ghopper");
}

/// What a gated symbolic ref leads to moves it, so it is gated too.
#[test]
fn ref_that_a_gated_symbolic_one_leads_to() {
    let policy = Policy::standard();
    for (alias, target) in [
        (MAIN, "refs/heads/trunk"),
        ("refs/heads/release/current", "refs/heads/rc"),
        // Not there yet.
        ("refs/heads/release/next", "refs/heads/unborn"),
    ] {
        let world = World::with(&policy);
        let kim = world.clone("kim");
        let git = |args: &[&str]| world.git_in(&kim.bare, args);
        if !target.ends_with("unborn") {
            git(&["update-ref", target, MAIN]);
        }
        git(&["symbolic-ref", alias, target]);
        let before = world.tip(&kim.bare, target);
        let id = kim.commit(ai("Marked").file("a", "a\n"));
        let spec = format!("HEAD:{target}");
        let push = kim.push(&[&spec]);
        push.rejected_with(NEEDS);
        push.rejected_with("\"production\"");
        assert_eq!(world.tip(&kim.bare, target), before, "{target}");
        // By any name: alone, with others, forced, as a delete.
        kim.push(&[&spec, "HEAD:refs/heads/topic"]).rejected_with(NEEDS);
        if before.is_some() {
            kim.push(&[&format!(":{target}")]).rejected_with("delete");
        }
        // A human's commit passes.
        kim.amend(human("Plain\n").file("a", "a\n"));
        assert_ne!(kim.head(), id);
        kim.push(&[&spec]).accepted();
        assert_eq!(world.tip(&kim.bare, alias), Some(kim.head()));
        // What is signed for the gated name lands, and stands in the log.
        let id = kim.commit(ai("Signed").file("b", "b\n"));
        kim.push(&[&spec]).rejected_with(NEEDS);
        kim.deliver(&[&Draft::approve().refs(&[alias]).commit(&kim, &id).sign("ghopper")]);
        let landings = || {
            let log = ["ls-tree", "--name-only", "refs/countersign/log", "decisions/"];
            world.git_in(&kim.bare, &log).lines().count()
        };
        let landed = landings();
        kim.push(&[&spec]).accepted();
        assert_eq!(world.tip(&kim.bare, alias), Some(id.clone()));
        assert_eq!(landings(), landed + 1, "{target}");
        verifies(&kim, &id);
    }
}

/// Whatever keeps the refs: a gated alias of what is not there yet, or no longer, in a chain,
/// or outside of the branches; git lists none of them.
#[test]
fn gated_symbolic_refs_that_lead_to_nothing() {
    let world = World::new();
    world.repository("payments/files");
    world.repository_with("payments/tables", reftables());
    for name in ["payments/files", "payments/tables"] {
        let kim = world.clone_of("kim", name);
        let git = |args: &[&str]| world.git_in(&kim.bare, args);
        git(&["update-ref", "refs/heads/wip", MAIN]);
        for (alias, target) in [
            ("refs/heads/release/next", "refs/heads/release-7"),
            ("refs/heads/release/chain", "refs/heads/middle"),
            ("refs/heads/middle", "refs/heads/leaf"),
            ("refs/heads/release/change", "refs/changes/7"),
            ("refs/heads/release/gone", "refs/heads/wip"),
            // Nobody's rule names this one.
            ("refs/heads/free", "refs/heads/topic"),
        ] {
            git(&["symbolic-ref", alias, target]);
        }
        git(&["update-ref", "-d", "refs/heads/wip"]);
        kim.commit(ai("Marked").file("a", "a\n"));
        for packed in [false, true] {
            for target in
                ["heads/release-7", "heads/middle", "heads/leaf", "changes/7", "heads/wip"]
            {
                kim.push(&[&format!("HEAD:refs/{target}")]).rejected_with(NEEDS);
            }
            if !packed {
                git(&["pack-refs", "--all"]);
            }
        }
        kim.push(&["HEAD:refs/heads/topic"]).accepted();
        assert_eq!(world.tip(&kim.bare, "refs/heads/free"), Some(kim.head()));
        kim.push_main().rejected_with(NEEDS);
        // No longer an alias: whoever moved it on has freed what it led to.
        git(&["symbolic-ref", "-d", "refs/heads/release/next"]);
        kim.push(&["HEAD:refs/heads/release-7"]).accepted();
        kim.amend(human("Plain\n").file("a", "a\n"));
        kim.push(&["HEAD:refs/heads/leaf"]).accepted();
        assert_eq!(world.tip(&kim.bare, "refs/heads/release/chain"), Some(kim.head()));
    }
}

#[test]
fn symbolic_ref_among_ungated_ones() {
    let world = World::new();
    let kim = world.clone("kim");
    world.git_in(&kim.bare, &["symbolic-ref", "refs/heads/alias", "refs/heads/topic"]);
    world.git_in(&kim.bare, &["symbolic-ref", "refs/heads/x", "refs/heads/y"]);
    world.git_in(&kim.bare, &["symbolic-ref", "refs/heads/y", "refs/heads/x"]);
    kim.commit(ai("Marked").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.commit(ai("Another").file("b", "b\n"));
    kim.push(&["HEAD:refs/heads/alias"]).accepted();
    assert_eq!(world.tip(&kim.bare, "refs/heads/topic"), Some(kim.head()));
    kim.push_main().rejected_with(NEEDS);
}

/// Only what is gated makes commits old: a symbolic ref that a rule trusts and none gates
/// would show what is parked on an ungated branch.
#[test]
fn trusted_symbolic_ref_to_an_ungated_one() {
    let trusts = r#"["refs/heads/main", "refs/heads/stable/*", "refs/heads/release/*"]"#;
    let world = World::with(&Policy::standard().with("trusts", trusts));
    let kim = world.clone("kim");
    world.git_in(&kim.bare, &["symbolic-ref", "refs/heads/stable/1", "refs/heads/topic"]);
    kim.commit(ai("Marked").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    assert_eq!(world.tip(&kim.bare, "refs/heads/stable/1"), Some(kim.head()));
    kim.push_main().rejected_with(NEEDS);
    // A gated one counts, as nothing got on what it leads to without a sign-off.
    world.git_in(&kim.bare, &["symbolic-ref", "refs/heads/release/1", "refs/heads/rc"]);
    let id = kim.head();
    kim.push(&["HEAD:refs/heads/rc"]).rejected_with(NEEDS);
    let draft = Draft::approve().refs(&["refs/heads/release/1"]).commit(&kim, &id);
    kim.deliver(&[&draft.sign("ghopper")]);
    kim.push(&["HEAD:refs/heads/rc"]).accepted();
    kim.push_main().lands(&[MAIN]);
}

/// A replacement on the server makes git show a clean commit where a marked one stands.
#[test]
fn replacement_does_not_change_what_the_gate_reads() {
    let world = World::new();
    let kim = world.clone("kim");
    let base = kim.head();
    let clean = kim.commit(human("Plain\n").file("a", "a\n"));
    kim.git(&["reset", "-q", "--hard", &base]);
    let marked = kim.commit(ai("Marked").file("a", "a\n"));
    kim.push(&[&format!("{clean}:refs/heads/clean"), &format!("{marked}:refs/heads/marked")])
        .accepted();
    world.git_in(&kim.bare, &["update-ref", &format!("refs/replace/{marked}"), &clean]);
    kim.push(&[&format!("{marked}:{MAIN}")]).rejected_with(&marked[..8]);
}

#[test]
fn push_that_would_make_the_repository_shallow() {
    let world = World::new();
    let kim = world.clone("kim");
    for n in 0..3 {
        kim.commit(ai(&format!("Marked {n}")).file("a", format!("{n}\n")));
    }
    kim.commit(human("Plain\n").file("b", "b\n"));
    let shallow = world.path("clones/shallow");
    let url = format!("file://{}", path_text(&kim.dir));
    world.git_in(&kim.dir, &["clone", "-q", "--depth=1", &url, &path_text(&shallow)]);
    let thief = crate::support::Clone::new(&world, "kim", shallow, kim.bare.clone());
    thief.git(&["remote", "set-url", "origin", &path_text(&kim.bare)]);
    world.git_in(&kim.bare, &["config", "receive.shallowUpdate", "true"]);
    thief.push(&["HEAD:refs/heads/release/1"]).rejected_with("shallow");
    // Shallow on one ref is shallow for the whole repository, gated or not.
    thief.push(&["HEAD:refs/heads/topic"]).rejected_with("shallow");
    // The same where the server has the parent that the client does not show.
    kim.push(&["HEAD~1:refs/heads/below"]).accepted();
    thief.push(&["HEAD:refs/heads/topic"]).rejected_with("shallow");
    assert!(!kim.bare.join("shallow").exists());
    // A shallow clone whose roots the server has is like any other.
    let honest = world.path("clones/honest");
    let url = format!("file://{}", path_text(&kim.bare));
    world.git_in(&kim.dir, &["clone", "-q", "--depth=1", &url, &path_text(&honest)]);
    let honest = crate::support::Clone::new(&world, "kim", honest, kim.bare.clone());
    honest.commit(human("Plain\n").file("c", "c\n"));
    honest.push_main().lands(&[MAIN]);
}

#[test]
fn mirror_of_everything() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    kim.git(&["checkout", "-q", "-b", "topic"]);
    kim.commit(ai("Marked").file("b", "b\n"));
    kim.git(&["branch", "-q", "-f", "main"]);
    kim.push_with(&["--mirror"], &[]).rejected_with(NEEDS);
    // A mirror without main would delete it.
    kim.git(&["branch", "-q", "-D", "main"]);
    kim.git(&["update-ref", "-d", "refs/remotes/origin/HEAD"]);
    kim.git(&["update-ref", "-d", "refs/remotes/origin/main"]);
    kim.push_with(&["--mirror"], &[]).rejected_with("delete");
    // A plain one passes.
    let other = world.clone("kim");
    other.commit(human("Plain\n").file("a", "a\n"));
    let push = other.push_with(&["--mirror"], &[]);
    push.accepted();
    assert!(push.landed().contains(&MAIN.to_owned()));
}

/// Whatever pretends to be the gate's own is refused, and says nothing to the log.
#[test]
fn the_gates_own_refs() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = kim.commit(ai("Marked").file("a", "a\n"));
    kim.push_main().rejected_with(NEEDS);
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
    let log = world.tip(&kim.bare, "refs/countersign/log");
    assert!(log.is_some(), "no log after a landing");
    for spec in [
        "+HEAD:refs/countersign/log",
        ":refs/countersign/log",
        "HEAD:refs/countersign/log/x",
        "HEAD:refs/countersign/anything",
        "HEAD:refs/countersign/inbox",
        "HEAD:refs/countersign/inbox/x",
        "HEAD:refs/countersign/inbox/x/y",
    ] {
        kim.push(&[spec]).refused();
        assert_eq!(world.tip(&kim.bare, "refs/countersign/log"), log, "after {spec}");
    }
    let refs = world.git_in(&kim.bare, &["for-each-ref", "refs/countersign"]);
    assert_eq!(refs.lines().count(), 1, "{refs}");
}

#[test]
fn gated_ref_ends_in_a_commit() {
    let world = World::with(&Policy::standard().with("refs", r#"["refs/heads/*", "refs/tags/*"]"#));
    let kim = world.clone("kim");
    let marked = kim.commit(ai("Marked").file("a", "a\n"));
    kim.git(&["tag", "-a", "-m", "v1", "v1", &marked]);
    kim.git(&["tag", "-a", "-m", "of a tag", "v2", "v1"]);
    kim.push(&["refs/tags/v1"]).rejected_with(&marked[..8]);
    kim.push(&["refs/tags/v2"]).rejected_with(&marked[..8]);
    let tree = kim.rev("HEAD^{tree}");
    kim.push(&[&format!("{tree}:refs/tags/tree")]).refused();
    kim.git(&["tag", "-a", "-m", "plain", "v0", "origin/main"]);
    kim.push(&["refs/tags/v0"]).lands(&["refs/tags/v0"]);
}

#[test]
fn tag_whose_message_tells() {
    let world = World::with(&Policy::standard().with("refs", r#"["refs/heads/*", "refs/tags/*"]"#));
    let kim = world.clone("kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    let message = format!("v1\n\n{}", crate::support::CLAUDE);
    kim.git(&["tag", "-a", "-m", &message, "v1"]);
    kim.push(&["refs/tags/v1"]).rejected_with(NEEDS);
    let raw = format!(
        "object {}\ntype commit\ntag v1\ntagger Claude <noreply@anthropic.com> 1 +0000\n\nv1\n",
        kim.head()
    );
    let tag = kim.object("tag", raw.as_bytes());
    kim.push(&[&format!("{tag}:refs/tags/v1")])
        .rejected_with("AI: tagger \"Claude <noreply@anthropic.com>\"")
        .keeps_quiet_about("line 0");
    kim.git(&["tag", "-f", "-a", "-m", "v1", "v1"]);
    kim.push(&["refs/tags/v1"]).rejected_with("shown as AI-assisted before");
    kim.amend(human("Plain again\n").file("a", "a\n"));
    kim.git(&["tag", "-f", "-a", "-m", "v1", "v1"]);
    kim.push(&["refs/tags/v1"]).lands(&["refs/tags/v1"]);
    // A message about a commit that is on main already makes it no new one.
    kim.push_main().lands(&[MAIN]);
    world.set_policy(
        &Policy::standard()
            .with("refs", r#"["refs/heads/*", "refs/tags/*"]"#)
            .with("allow", r#"["rewind"]"#),
    );
    kim.git(&["tag", "-f", "-a", "-m", &message, "v1"]);
    kim.push_with(&["--force"], &["refs/tags/v1"]).lands(&["refs/tags/v1"]);
}

/// Another tag object in the place of an annotated tag is a rewind, whatever both point to.
#[test]
fn annotated_tag_replaced_by_another() {
    for (allow, lands) in [("[]", false), (r#"["rewind"]"#, true)] {
        let policy = Policy::standard()
            .with("refs", r#"["refs/tags/*", "refs/heads/main"]"#)
            .with("allow", allow);
        let world = World::with(&policy);
        let kim = world.clone("kim");
        kim.git(&["tag", "-a", "-m", "One", "v1"]);
        kim.push(&["v1"]).lands(&["refs/tags/v1"]);
        kim.git(&["tag", "-f", "-a", "-m", "Two", "v1"]);
        if lands {
            kim.push(&["--force", "v1"]).lands(&["refs/tags/v1"]);
        } else {
            kim.push(&["--force", "v1"]).rejected_with("rewound");
        }
        // A plain tag that moves on is none.
        kim.git(&["tag", "light"]);
        kim.push(&["light"]).lands(&["refs/tags/light"]);
        kim.commit(human("Plain\n").file("a", "a\n"));
        kim.git(&["tag", "-f", "light"]);
        kim.push(&["--force", "light"]).lands(&["refs/tags/light"]);
    }
}

/// No command can name a ref whose name can't be shown; one that can be is named whole.
#[test]
fn names_that_no_hint_can_show() {
    let world = World::with(&Policy::standard().with("refs", r#"["refs/heads/*", "refs/tags/*"]"#));
    let kim = world.clone("kim");
    kim.commit(ai("Marked").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/b\u{202e}d"])
        .rejected_with("push to a plain name")
        .keeps_quiet_about("countersign approve");
    // What only looks like a space is not shown as one.
    for blank in ["\u{a0}", "\u{2800}", "\u{1680}"] {
        let push = kim.push(&[&format!("HEAD:refs/heads/b{blank}d")]);
        push.rejected_with("push to a plain name");
        assert!(!push.remote.contains(blank), "{}", push.all);
    }
    kim.push(&["HEAD:refs/heads/gr\u{fc}n"]).rejected_with("--ref 'refs/heads/gr\u{fc}n'");
    // A tag is shown on a branch by the commit that it leads to.
    kim.git(&["tag", "-a", "-m", "Release", "v1"]);
    let tag = kim.rev("v1");
    kim.push(&["v1"]).rejected_with(&format!("'{}^{{commit}}'", &tag[..8]));
}
