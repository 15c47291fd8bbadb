//! Histories of public repositories, replayed as pushes: how many commits of people does
//! memory take for somebody's marked work?

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::run::run;
use crate::support::store::blobs;
use crate::support::{API, MAIN, Policy, World};

const TOPIC: &str = "refs/heads/topic";
const ZERO: &str = "0000000000000000000000000000000000000000";

/// The newest pushes of each repository that `COUNTERSIGN_REPOSITORIES` names.
#[test]
#[ignore = "needs clones of public repositories"]
fn public_histories_are_replayed() {
    let list = std::env::var("COUNTERSIGN_REPOSITORIES").expect("COUNTERSIGN_REPOSITORIES");
    let most = std::env::var("COUNTERSIGN_PUSHES").map_or(1_000, |n| n.parse().expect("a number"));
    for place in std::env::split_paths(&list) {
        let counts = replay(&place, most);
        eprintln!("{}: {counts}", place.display());
    }
}

/// Everything that is pushed to main goes to a branch that nobody gates first, as a review
/// would have it; the rule only observes, so all of it lands.
fn replay(place: &Path, most: usize) -> String {
    let policy = Policy::standard().with("mode", "\"observe\"");
    let world = World::with(&policy);
    let bare = world.bare(API);
    let objects = place.join("objects").canonicalize().expect("objects");
    let alternates: PathBuf = bare.join("objects/info/alternates");
    std::fs::write(alternates, format!("{}\n", objects.display())).expect("alternates");
    let git = |args: &[&str]| {
        let mut command = world.command("git");
        command.arg("-C").arg(place).args(args);
        run(&mut command, b"").line()
    };
    let steps = git(&["rev-list", "--first-parent", &format!("--max-count={}", most + 1), "HEAD"]);
    let mut steps: Vec<&str> = steps.lines().collect();
    steps.reverse();
    let (first, rest) = steps.split_first().expect("a commit");
    world.git_in(&bare, &["update-ref", MAIN, first]);
    let mut old = *first;
    let mut commits = 0;
    for new in rest {
        let range = git(&["rev-list", "--count", &format!("{old}..{new}")]);
        commits += range.parse::<usize>().expect("a number");
        for line in [format!("{ZERO} {new} {TOPIC}\n"), format!("{old} {new} {MAIN}\n")] {
            world.hook(&bare, "pre-receive", "kim", line.as_bytes()).exits(0);
        }
        world.git_in(&bare, &["update-ref", MAIN, new]);
        old = new;
    }
    let (mut marked, mut known) = (BTreeSet::new(), BTreeSet::new());
    for body in blobs(&world.store(), "SELECT body FROM decisions") {
        let decision: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        for c in decision["refs"].as_array().into_iter().flatten() {
            for c in c["commits"].as_array().into_iter().flatten() {
                let evidence = c["evidence"].as_array().cloned().unwrap_or_default();
                let id = c["id"].as_str().expect("an id").to_owned();
                let by_memory = |e: &serde_json::Value| e["kind"] == "memory";
                if let Some(found) = evidence.iter().find(|e| by_memory(e)) {
                    eprintln!("known {id} {} <- {}", c["subject"], found["text"]);
                    known.insert(id);
                } else if !evidence.is_empty() {
                    marked.insert(id);
                }
            }
        }
    }
    let people = commits - marked.len();
    format!(
        "{} pushes, {commits} commits, {} marked, {people} of people, of which {} known",
        rest.len(),
        marked.len(),
        known.len()
    )
}
