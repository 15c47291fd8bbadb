//! One commit, and what it does.

use super::{TOPIC, commit, file, import, limited, refused, says, told};
use crate::support::{CLAUDE, Draft, MAIN, NEEDS, World, ai, human};

#[test]
fn new_commits() {
    let world = limited("new_commits", "3");
    let kim = world.clone("kim");
    for n in 0..4 {
        kim.commit(human(format!("Plain {n}\n")).file("a", format!("{n}\n")));
    }
    let push = kim.push_main();
    refused(&push, "new_commits", 3, "refs/heads/main has more than 3 new commits");
    says(&push, "push an older commit first");
    told(&kim.push(&["HEAD:refs/heads/topic"]), "new_commits");
    kim.push(&["HEAD~1:refs/heads/main"]).lands(&[MAIN]);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn commit_bytes() {
    let world = limited("commit_bytes", "1000");
    let kim = world.clone("kim");
    let plain = kim.commit(human("").file("a", "a\n"));
    let bytes = kim.try_git(&["cat-file", "commit", &plain]).stdout.len();
    let message = |more: usize| format!("{}\n", "x".repeat(1_000 - bytes - 1 + more));
    let long = kim.amend(human(message(1)).file("a", "a\n"));
    let push = kim.push_main();
    refused(&push, "commit_bytes", 1_000, &format!("commit {} has 1001 bytes", &long[..8]));
    says(&push, "write a shorter message");
    kim.amend(human(message(0)).file("a", "a\n"));
    kim.push_main().lands(&[MAIN]);
    // A tag's message is one too.
    kim.git(&["tag", "-a", "-m", &"x".repeat(1_000), "v1", "HEAD"]);
    let push = kim.push(&["v1:refs/heads/release/1"]);
    refused(&push, "commit_bytes", 1_000, "bytes");
    told(&kim.push(&["v1"]), "commit_bytes");
}

#[test]
fn changed_paths() {
    let world = limited("changed_paths", "5");
    let kim = world.clone("kim");
    let files = |n: usize| (0..n).fold(ai("Many"), |c, at| c.file(format!("d/{at}"), "x\n"));
    let many = kim.commit(files(6));
    let push = kim.push_main();
    let seen = format!("the change of commit {} has more than 5 changed paths", &many[..8]);
    refused(&push, "changed_paths", 5, &seen);
    says(&push, "split the commit into smaller ones");
    told(&kim.push(&["HEAD:refs/heads/topic"]), "changed_paths");
    let fits = kim.amend(files(5));
    kim.push_main().rejected_with(NEEDS);
    kim.deliver(&[&Draft::approve().commit(&kim, &fits).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
    // What people's own commits change is asked only where there is something to remember.
    let wide = || (0..9).fold(human("Mine\n"), |c, at| c.file(format!("e/{at}"), "x\n"));
    kim.commit(wide());
    refused(&kim.push_main(), "changed_paths", 5, "has more than 5 changed paths");
    let world = limited("changed_paths", "5");
    let kim = world.clone("kim");
    kim.commit(wide());
    kim.push_main().lands(&[MAIN]);
}

/// Ten folders in ten folders, twelve times: 10^12 files in thirteen small trees.
#[test]
fn tree_bomb() {
    for leaf in [true, false] {
        let world = World::new();
        let kim = world.clone("kim");
        let blob = kim.object("blob", b"x");
        let leaf = if leaf { format!("100644 blob {blob}\tf\n") } else { String::new() };
        let mut tree = kim.git_with(&["mktree"], leaf.as_bytes());
        for _ in 0..12 {
            let rows: String = (0..10).map(|n| format!("040000 tree {tree}\t{n}\n")).collect();
            tree = kim.git_with(&["mktree"], rows.as_bytes());
        }
        let parent = kim.head();
        let make = |message: &str| kim.git(&["commit-tree", "-p", &parent, "-m", message, &tree]);
        let bomb = make(&format!("Bomb\n\n{CLAUDE}"));
        let push = kim.push(&[&format!("{bomb}:{MAIN}")]);
        let seen = format!("the change of commit {} has more than 50000 changed", &bomb[..8]);
        refused(&push, "changed_paths", 50_000, &format!("{seen} paths"));
        told(&kim.push(&[&format!("{bomb}:{TOPIC}")]), "changed_paths");
        let twin = make("Not mine to look into");
        kim.push(&[&format!("{twin}:{MAIN}")]).lands(&[MAIN]);
    }
}

#[test]
fn parents() {
    let world = limited("parents", "3");
    let kim = world.clone("kim");
    let main = kim.head();
    let side = |n: usize| {
        kim.branch(&format!("side{n}"), &main);
        kim.commit(human(format!("Side {n}\n")).file(format!("s{n}"), "s\n"))
    };
    let sides: Vec<String> = (0..3).map(side).collect();
    let octopus = |sides: &[String]| {
        kim.branch("octopus", &main);
        kim.git(&[&["merge", "-q", "--no-ff", "-m", "All"], &refs(sides)[..]].concat());
        kim.head()
    };
    let over = octopus(&sides);
    let push = kim.push_main();
    refused(&push, "parents", 3, &format!("commit {} has 4 parents", &over[..8]));
    says(&push, "merge fewer branches at once");
    octopus(&sides[..2]);
    kim.push_main().lands(&[MAIN]);
}

fn refs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

#[test]
fn path_levels() {
    let world = limited("path_levels", "4");
    let kim = world.clone("kim");
    let deep = kim.commit(ai("Deep").file("a/b/c/d/e/f", "x\n"));
    let push = kim.push_main();
    let seen = format!("a changed path of commit {} has more than 4 levels", &deep[..8]);
    refused(&push, "path_levels", 4, &seen);
    says(&push, "put the files under fewer folders");
    let fits = kim.amend(ai("Less deep").file("a/b/c/d/f", "x\n"));
    kim.deliver(&[&Draft::approve().commit(&kim, &fits).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
    let own = || human("Mine\n").file("1/2/3/4/5/6/f", "x\n");
    kim.commit(own());
    refused(&kim.push_main(), "path_levels", 4, "has more than 4 levels");
    let world = limited("path_levels", "4");
    let kim = world.clone("kim");
    kim.commit(own());
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn path_of_a_thousand_and_one_levels() {
    let world = World::new();
    let kim = world.clone("kim");
    for levels in [1_000, 1_001] {
        let path = format!("{}f", "d/".repeat(levels));
        import(&kim, &commit(0, &format!("Deep\n\n{CLAUDE}\n"), &file(&path, "x\n")));
        let push = kim.push(&[&format!("{TOPIC}:{MAIN}")]);
        if levels == 1_000 {
            push.rejected_with(NEEDS);
        } else {
            refused(&push, "path_levels", 1_000, "has more than 1000 levels");
        }
    }
}

/// A file that a rebase has merged: past the limit its sign-off is stale, and says why.
#[test]
fn merge_blob_bytes() {
    let text = |at: usize, word: &str| crate::support::world::lines(&[(at, word)]);
    let size = text(5, "kim's line").len() + "ada's line".len();
    for (limit, lands) in [(size, true), (100, false)] {
        let world = limited("merge_blob_bytes", &limit.to_string());
        let (kim, ada) = (world.clone("kim"), world.clone("alovelace"));
        let id = kim.commit(ai("Kim's").file("src/app.rs", text(5, "kim's line")));
        kim.push(&["HEAD:refs/heads/topic"]).accepted();
        kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
        ada.commit(human("Ada's\n").file("src/app.rs", text(50, "ada's line")));
        ada.push_main().lands(&[MAIN]);
        kim.fetch();
        kim.git(&["rebase", "-q", "origin/main"]);
        let push = kim.push_main();
        if lands {
            push.lands(&[MAIN]);
        } else {
            push.rejected_with(NEEDS);
            says(&push, "the limit merge_blob_bytes is 100");
        }
    }
}
