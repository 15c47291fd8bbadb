//! Each binding, after main moved on in another file, in the same file, in the same lines.

use crate::support::world::lines;
use crate::support::{Commit, Draft, MAIN, NEEDS, Policy, World, ai, human};

/// How main moved while the sign-off was under way.
#[derive(Debug, Clone, Copy)]
enum Moved {
    NotAtAll,
    OtherFile,
    SameFile,
    SameLines,
}

use Moved::{NotAtAll, OtherFile, SameFile, SameLines};

/// What lands, by binding: rows in the order of [`Moved`].
const MATRIX: [(&str, [(Moved, bool); 4]); 3] = [
    ("commit", [(NotAtAll, true), (OtherFile, false), (SameFile, false), (SameLines, false)]),
    ("same-files", [(NotAtAll, true), (OtherFile, true), (SameFile, false), (SameLines, false)]),
    ("replay", [(NotAtAll, true), (OtherFile, true), (SameFile, true), (SameLines, false)]),
];

fn moves(moved: Moved) -> Option<Commit> {
    let commit = human("Meanwhile\n");
    match moved {
        NotAtAll => None,
        OtherFile => Some(commit.file("src/other.rs", lines(&[(30, "meanwhile")]))),
        SameFile => Some(commit.file("src/app.rs", lines(&[(5, "meanwhile")]))),
        SameLines => Some(commit.file("src/app.rs", lines(&[(30, "meanwhile")]))),
    }
}

#[track_caller]
fn row(binding: &str, moved: Moved, lands: bool) {
    let world = World::with(&Policy::standard().with("binding", &format!("\"{binding}\"")));
    let kim = world.clone("kim");
    let work = || ai("Refresh tokens");
    let id = kim.commit(work().file("src/app.rs", lines(&[(30, "refresh()")])));
    kim.push(&["HEAD:refs/heads/review/token"]).accepted();
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    if let Some(commit) = moves(moved) {
        let ada = world.clone("alovelace");
        ada.commit(commit);
        ada.push_main().accepted();
        kim.fetch();
        kim.branch("rebased", "origin/main");
        let result = match moved {
            SameFile => lines(&[(5, "meanwhile"), (30, "refresh()")]),
            _ => lines(&[(30, "refresh()")]),
        };
        kim.commit(work().file("src/app.rs", result));
    }
    let push = kim.push_main();
    if lands {
        push.lands(&[MAIN]);
    } else {
        push.rejected_with(NEEDS).says("stale");
    }
}

#[test]
fn bound_by_commit() {
    for (moved, lands) in MATRIX[0].1 {
        row(MATRIX[0].0, moved, lands);
    }
}

#[test]
fn bound_by_files() {
    for (moved, lands) in MATRIX[1].1 {
        row(MATRIX[1].0, moved, lands);
    }
}

#[test]
fn bound_by_replay() {
    for (moved, lands) in MATRIX[2].1 {
        row(MATRIX[2].0, moved, lands);
    }
}

/// Pushed result of a replay where files come, go or change sort: only as signed.
#[test]
fn replay_of_files_that_come_and_go() {
    let world = World::new();
    let kim = world.clone("kim");
    let work = |app: &str| {
        ai("Move it").file("src/new.rs", "new\n").without("src/other.rs").file("src/app.rs", app)
    };
    let id = kim.commit(work(&lines(&[(30, "moved")])));
    kim.push(&["HEAD:refs/heads/review/move"]).accepted();
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    let ada = world.clone("alovelace");
    ada.commit(human("Meanwhile\n").file("src/app.rs", lines(&[(5, "meanwhile")])));
    ada.push_main().accepted();
    kim.fetch();
    kim.branch("rebased", "origin/main");
    let result = lines(&[(5, "meanwhile"), (30, "moved")]);
    kim.commit(work(&result).file("src/new.rs", "newer\n"));
    kim.push_main().rejected_with("stale");
    kim.amend(work(&result).file("src/fourth.rs", "more\n"));
    kim.push_main().rejected_with(NEEDS);
    kim.amend(work(&result));
    kim.push_main().lands(&[MAIN]);
}

/// A deleted file that main has changed since is no longer the file whose deletion was
/// signed.
#[test]
fn replay_does_not_delete_what_was_not_shown() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = kim.commit(ai("Drop it").without("src/other.rs"));
    kim.push(&["HEAD:refs/heads/review/drop"]).accepted();
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    let ada = world.clone("alovelace");
    ada.commit(human("Meanwhile\n").file("src/other.rs", lines(&[(5, "meanwhile")])));
    ada.push_main().accepted();
    kim.fetch();
    kim.branch("rebased", "origin/main");
    kim.commit(ai("Drop it").without("src/other.rs"));
    kim.push_main().rejected_with("stale");
}
