//! What a merge commit does by itself (G16): hiding work in one, and honest ones.

use crate::support::commit::CLAUDE;
use crate::support::{Clone, Commit, Draft, MAIN, NEEDS, Policy, World, ai, human};

const LINES: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";

/// Main and an AI-assisted topic that is signed, both on top of a file of nine lines. Main
/// changes the line `main`, the topic the second one. Returns the topic's commit.
fn fork(kim: &Clone<'_>, main: &str) -> String {
    kim.commit(human("Lines\n").file("a", LINES));
    kim.branch("topic", "main");
    let id = kim.commit(ai("Second").file("a", LINES.replace('2', "two")));
    kim.deliver(&[&Draft::approve().commit(kim, &id).sign("ghopper")]);
    kim.git(&["checkout", "-q", "main"]);
    kim.commit(human("Main\n").file("a", LINES.replace(main, "main")));
    kim.push_main().lands(&[MAIN]);
    id
}

/// Merges into the current branch; `files` resolve it, or add to it.
fn merge(kim: &Clone<'_>, what: &[&str], files: Commit) -> String {
    let message = String::from_utf8(files.message.clone()).expect("text");
    let mut args = vec!["merge", "-q", "--no-ff", "--no-commit", "--allow-unrelated-histories"];
    args.extend(what);
    let _ = kim.try_git(&args);
    for (path, content) in &files.files {
        let path = kim.dir.join(std::str::from_utf8(path).expect("text"));
        match content {
            Some(content) => std::fs::write(path, content).expect("a file"),
            None => std::fs::remove_file(path).expect("a file"),
        }
    }
    kim.git(&["add", "-A"]);
    kim.git(&["commit", "-q", "--allow-empty", "-m", &message]);
    kim.head()
}

fn sign(kim: &Clone<'_>, id: &str) {
    kim.deliver(&[&Draft::approve().commit(kim, id).sign("ghopper")]);
}

#[test]
fn clean_with_a_mark_needs_nothing_of_its_own() {
    let world = World::new();
    let kim = world.clone("kim");
    fork(&kim, "8");
    let id = merge(&kim, &["topic"], ai("Merge topic"));
    kim.push_main().lands(&[MAIN]);
    assert_eq!(world.tip(&kim.bare, MAIN), Some(id));
}

#[test]
fn clean_with_a_mark_where_the_rule_checks_those() {
    let world = World::with(&Policy::standard().with("clean_merges", "\"check\""));
    let kim = world.clone("kim");
    fork(&kim, "8");
    let id = merge(&kim, &["topic"], ai("Merge topic"));
    kim.push_main().rejected_with("a clean merge; the rule wants those signed too");
    sign(&kim, &id);
    kim.push_main().lands(&[MAIN]);
    // Without a mark there is nothing to check.
    kim.branch("more", "main");
    kim.commit(human("More\n").file("b", "b\n"));
    kim.git(&["checkout", "-q", "main"]);
    merge(&kim, &["more"], human("Merge more"));
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn a_conflict_is_resolved_by_nobody_we_know() {
    let world = World::new();
    let kim = world.clone("kim");
    let assisted = fork(&kim, "2");
    let resolved = human("Merge topic").file("a", LINES.replace('2', "both"));
    let id = merge(&kim, &["topic"], resolved);
    let what = format!("not a clean merge of AI-assisted {}: decides a itself", &assisted[..8]);
    kim.push_main().rejected_with(&what).says(&id[..8]).says(NEEDS);
    sign(&kim, &id);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn a_conflict_between_people() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(human("Lines\n").file("a", LINES));
    kim.branch("topic", "main");
    kim.commit(human("Second\n").file("a", LINES.replace('2', "two")));
    kim.git(&["checkout", "-q", "main"]);
    kim.commit(human("Main\n").file("a", LINES.replace('2', "main")));
    merge(&kim, &["topic"], human("Merge topic").file("a", LINES.replace('2', "both")));
    kim.push_main().lands(&[MAIN]);
}

/// The other way: main into a topic. What main holds already makes nothing AI-assisted.
#[test]
fn a_conflict_with_what_landed_long_ago() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(human("Lines\n").file("a", LINES));
    kim.push_main().lands(&[MAIN]);
    let id = kim.commit(ai("Second").file("a", LINES.replace('2', "two")));
    sign(&kim, &id);
    kim.push_main().lands(&[MAIN]);
    kim.branch("topic", "main~1");
    kim.commit(human("Mine\n").file("a", LINES.replace('2', "mine")));
    merge(&kim, &["main"], human("Merge main").file("a", LINES.replace('2', "both")));
    kim.push(&["topic:main"]).lands(&[MAIN]);
}

#[test]
fn a_change_hidden_in_a_clean_merge() {
    let world = World::new();
    let kim = world.clone("kim");
    fork(&kim, "8");
    merge(&kim, &["topic"], human("Merge topic").file("evil", "evil\n"));
    kim.push_main().rejected_with("decides evil itself");
    kim.git(&["reset", "-q", "--hard", "origin/main"]);
    let lines = LINES.replace('2', "two").replace('8', "main").replace('5', "evil");
    merge(&kim, &["topic"], human("Merge topic").file("a", lines));
    kim.push_main().rejected_with("decides a itself");
    kim.git(&["reset", "-q", "--hard", "origin/main"]);
    merge(&kim, &["topic"], human("Merge topic"));
    kim.push_main().lands(&[MAIN]);
}

/// `git log -p` and `--cc` show nothing of it.
#[test]
fn the_work_of_one_parent_dropped() {
    let world = World::new();
    let kim = world.clone("kim");
    fork(&kim, "8");
    merge(&kim, &["-s", "ours", "topic"], human("Merge topic"));
    kim.push_main().rejected_with("decides a itself");
    kim.git(&["reset", "-q", "--hard", "topic"]);
    merge(&kim, &["-s", "ours", "origin/main"], human("Merge main"));
    kim.push_main().rejected_with("decides a itself");
}

#[test]
fn a_mode_changed_in_a_merge() {
    let world = World::new();
    let kim = world.clone("kim");
    fork(&kim, "8");
    let _ = kim.try_git(&["merge", "-q", "--no-ff", "--no-commit", "topic"]);
    kim.git(&["update-index", "--chmod=+x", "a"]);
    kim.git(&["commit", "-q", "-m", "Merge topic"]);
    kim.push_main().rejected_with("decides a itself");
}

#[test]
fn with_attributes_that_resolve_conflicts() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(human("Attributes\n").file(".gitattributes", "* merge=union\n"));
    fork(&kim, "2");
    let id = merge(&kim, &["topic"], human("Merge topic"));
    kim.push_main().rejected_with("decides a itself");
    sign(&kim, &id);
    kim.push_main().lands(&[MAIN]);
}

/// Nor do those of the repository itself, or its settings: people merge elsewhere.
#[test]
fn with_settings_of_the_host_that_resolve_conflicts() {
    let world = World::new();
    let kim = world.clone("kim");
    fork(&kim, "2");
    std::fs::create_dir_all(kim.bare.join("info")).expect("a folder");
    for (attributes, key, value) in [
        ("* merge=union\n", "x.y", "z"),
        ("* merge=evil\n", "merge.evil.driver", "cp %B %A"),
        ("", "merge.default", "union"),
        ("", "merge.renames", "false"),
    ] {
        std::fs::write(kim.bare.join("info/attributes"), attributes).expect("a file");
        world.git_in(&kim.bare, &["config", key, value]);
        kim.git(&["reset", "-q", "--hard", "origin/main"]);
        let union = LINES.replace('2', "main\ntwo");
        merge(&kim, &["topic"], human("Merge topic").file("a", union));
        kim.push_main().rejected_with("decides a itself");
        world.git_in(&kim.bare, &["config", "--unset", key]);
    }
}

#[test]
fn with_several_merge_bases() {
    let world = World::new();
    let kim = world.clone("kim");
    fork(&kim, "8");
    // Each side merges the other: what follows has two merge bases.
    let main = kim.head();
    merge(&kim, &["topic"], human("Merge topic"));
    kim.git(&["checkout", "-q", "topic"]);
    merge(&kim, &[&main], human("Merge main"));
    kim.commit(
        human("Fourth\n")
            .file("a", LINES.replace('2', "two").replace('8', "main").replace('4', "four")),
    );
    kim.git(&["checkout", "-q", "main"]);
    kim.commit(human("Other\n").file("b", "b\n"));
    assert_eq!(kim.git(&["merge-base", "--all", "main", "topic"]).lines().count(), 2);
    merge(&kim, &["topic"], human("Merge topic again").file("b", "evil\n"));
    kim.push_main().rejected_with("decides b itself");
    kim.git(&["reset", "-q", "--hard", "HEAD~1"]);
    merge(&kim, &["topic"], human("Merge topic again"));
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn of_many_parents() {
    let world = World::new();
    let kim = world.clone("kim");
    fork(&kim, "8");
    for (branch, file) in [("two", "b"), ("three", "c")] {
        kim.branch(branch, "main");
        kim.commit(human(format!("{file}\n")).file(file, "x\n"));
    }
    kim.git(&["checkout", "-q", "main"]);
    let octopus = ["topic", "two", "three"];
    merge(&kim, &octopus, human("Octopus").file("d", "evil\n"));
    kim.push_main().rejected_with("decides a, d itself");
    kim.git(&["reset", "-q", "--hard", "origin/main"]);
    merge(&kim, &octopus, human("Octopus").without("b"));
    kim.push_main().rejected_with("decides a, b itself");
    // What two of them change, git joins: nobody else's version of the file.
    kim.git(&["reset", "-q", "--hard", "origin/main"]);
    kim.branch("topic", "topic");
    kim.git(&["rebase", "-q", "main"]);
    sign(&kim, &kim.head());
    kim.git(&["checkout", "-q", "main"]);
    merge(&kim, &octopus, ai("Octopus"));
    assert_eq!(kim.git(&["rev-list", "--parents", "-1", "HEAD"]).split(' ').count(), 5);
    kim.push_main().lands(&[MAIN]);
}

/// Parents that share no past, or lie behind each other, are no reason to undo what one of
/// them did.
#[test]
fn of_many_parents_that_drop_the_work_of_one() {
    let world = World::new();
    let kim = world.clone("kim");
    let before = kim.commit(human("Check it\n").file("auth", "weak\n"));
    kim.commit(human("Mend it\n").file("auth", "strong\n"));
    kim.push_main().lands(&[MAIN]);
    kim.git(&["checkout", "-q", "--orphan", "root"]);
    kim.git(&["rm", "-q", "-r", "-f", "."]);
    kim.commit(human("Root\n").file("r", "r\n"));
    kim.branch("beside", &before);
    kim.commit(human("Beside\n").file("auth", "other\n"));
    kim.git(&["checkout", "-q", "main"]);
    let octopus = |tree: &str, parents: &[&str]| {
        let parents: Vec<_> = parents.iter().flat_map(|p| ["-p", p]).collect();
        let message = format!("Octopus\n\n{}", crate::support::CLAUDE);
        let args = [&["commit-tree", tree, "-m", &message], &parents[..]].concat();
        format!("{}:{MAIN}", kim.git(&args))
    };
    let old = format!("{before}^{{tree}}");
    kim.push(&[&octopus(&old, &["main", &before, "root"])]).rejected_with("auth, r itself");
    kim.push(&[&octopus("root^{tree}", &["main", &before, "root"])]).rejected_with("itself");
    kim.push(&[&octopus(&old, &["main", &before, "beside"])]).rejected_with("auth itself");
    kim.git(&["read-tree", "main"]);
    kim.git(&["read-tree", "--prefix=", "root"]);
    let all = kim.git(&["write-tree"]);
    kim.push(&[&octopus(&all, &["main", &before, "root"])]).lands(&[MAIN]);
}

#[test]
fn of_an_unrelated_root() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.git(&["checkout", "-q", "--orphan", "other"]);
    kim.git(&["rm", "-q", "-r", "-f", "--ignore-unmatch", "."]);
    let id = kim.commit(ai("Root").file("x", "x\n").file("y", "y\n"));
    kim.git(&["checkout", "-q", "main"]);
    merge(&kim, &["other"], human("Merge other").file("x", "evil\n"));
    kim.push_main().rejected_with("decides x itself");
    kim.git(&["reset", "-q", "--hard", "origin/main"]);
    merge(&kim, &["other"], human("Merge other"));
    kim.push_main().rejected_with(&id[..8]).keeps_quiet_about("not a clean merge");
    sign(&kim, &id);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn with_renames() {
    let world = World::new();
    let kim = world.clone("kim");
    fork(&kim, "8");
    kim.git(&["checkout", "-q", "topic"]);
    kim.git(&["mv", "a", "moved"]);
    kim.commit(human("Move\n").file("z", "z\n"));
    kim.git(&["checkout", "-q", "main"]);
    merge(&kim, &["topic"], ai("Merge topic"));
    assert!(kim.git(&["ls-files"]).contains("moved"));
    kim.push_main().lands(&[MAIN]);
}

/// A tag speaks of more than of the merge that it points to.
#[test]
fn under_a_tag_with_a_mark() {
    let policy = Policy::standard()
        .with("refs", r#"["refs/heads/main", "refs/tags/*"]"#)
        .with("trusts", r#"["refs/heads/main"]"#);
    let world = World::with(&policy);
    let kim = world.clone("kim");
    let assisted = fork(&kim, "8");
    let tags = |id: &str| {
        let draft = Draft::approve().refs(&["refs/tags/*"]).commit(&kim, id);
        kim.deliver(&[&draft.sign("ghopper")]);
    };
    tags(&assisted);
    let id = merge(&kim, &["topic"], human("Merge topic"));
    kim.git(&["tag", "-a", "-m", &format!("Release\n\n{CLAUDE}"), "v1"]);
    kim.push(&["v1"]).rejected_with("of the tag's message");
    kim.git(&["tag", "-a", "-m", "Release", "v2"]);
    kim.push(&["v2"]).lands(&["refs/tags/v2"]);
    tags(&id);
    kim.push(&["v1"]).lands(&["refs/tags/v1"]);
}

/// A merge is held against a rule's paths by what is its own.
#[test]
fn under_a_rule_for_some_paths() {
    let world = World::with(&Policy::standard().with("paths", r#"["src/**"]"#));
    let kim = world.clone("kim");
    kim.commit(human("Lines\n").file("src/a", LINES));
    kim.branch("topic", "main");
    kim.commit(ai("Second").file("docs", "docs\n"));
    kim.git(&["checkout", "-q", "main"]);
    kim.commit(human("Main\n").file("b", "b\n"));
    merge(&kim, &["topic"], human("Merge topic").file("src/a", "own\n"));
    kim.push_main().rejected_with("decides src/a itself");
    kim.git(&["reset", "-q", "--hard", "HEAD~1"]);
    merge(&kim, &["topic"], human("Merge topic").file("b", "own\n"));
    kim.push_main().lands(&[MAIN]);
}

/// Who shows a merge first on a review branch is its first pusher, so that one senior is
/// enough; and who made it can't sign it.
#[test]
fn shown_on_a_review_branch_first() {
    let world = World::new();
    let kim = world.clone("kim");
    fork(&kim, "2");
    kim.push(&["topic:refs/heads/review/topic"]).accepted();
    let id = merge(&kim, &["topic"], human("Merge topic").file("a", "both\n"));
    kim.push(&["main:refs/heads/review/merge"]).accepted();
    kim.push_main().rejected_with("needs 1 of @seniors").keeps_quiet_about("one more than usual");
    let grace = world.clone("ghopper");
    grace.fetch();
    grace.git(&["checkout", "-q", "-B", "mine", "origin/main"]);
    let own = merge(&grace, &["origin/review/topic"], human("Merge topic").file("a", "hers\n"));
    sign(&grace, &own);
    grace.push(&["mine:main"]).rejected_with("ghopper can't: author");
    sign(&kim, &id);
    grace.push(&["origin/review/merge:main"]).lands(&[MAIN]);
}

/// A squash of a range hides no merge's resolution from four eyes (G11, G13).
#[test]
fn in_a_range_whose_sum_is_signed_by_who_made_it() {
    let world = World::new();
    let kim = world.clone("kim");
    fork(&kim, "2");
    kim.push(&["topic:refs/heads/review/topic"]).accepted();
    let base = kim.rev("origin/main");
    let squashed = |by: &str, resolved: &str| {
        let clone = world.clone(by);
        clone.take(&kim, "topic");
        let id = merge(&clone, &["FETCH_HEAD"], human("Merge topic").file("a", resolved));
        let range = clone.git(&["rev-list", &format!("{base}..{id}")]);
        let range: Vec<&str> = range.lines().collect();
        let draft = Draft::approve().commits(&clone, &range).net(&clone, &base, &id);
        clone.push(&["main:refs/heads/review/range"]).accepted();
        clone.deliver(&[&draft.sign("ghopper")]);
        kim.git(&["reset", "-q", "--hard", "origin/main"]);
        kim.commit(ai("Squash").file("a", resolved));
        kim.push_main()
    };
    squashed("ghopper", "hers\n").rejected_with("ghopper");
    kim.push(&[":refs/heads/review/range"]).accepted();
    squashed("mallory", "other\n").lands(&[MAIN]);
}

/// What is merged again leaves nothing in the repository.
#[test]
fn leaves_no_objects_behind() {
    let world = World::new();
    let kim = world.clone("kim");
    fork(&kim, "2");
    let id = merge(&kim, &["topic"], human("Merge topic").file("a", "both\n"));
    sign(&kim, &id);
    kim.push_main().lands(&[MAIN]);
    let objects = world.git_in(&kim.bare, &["cat-file", "--batch-all-objects", "--batch-check"]);
    for blob in objects.lines().filter(|line| line.contains(" blob ")) {
        let id = blob.split(' ').next().expect("an id");
        let text = world.git_in(&kim.bare, &["cat-file", "blob", id]);
        assert!(!text.contains("<<<<<<<"), "{text}");
    }
}
