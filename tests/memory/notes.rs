//! Notes that tools push beside commits.

use super::work;
use crate::support::{Clone, MAIN, NEEDS, World, human};

const NOTES: &str = "refs/notes/ai:refs/notes/ai";

fn log(key: &str) -> String {
    format!(
        "app/a.py\n  {key} 1-20\n---\n{{\"schema_version\":\"authorship/3.0.0\",\"sessions\":{{\
         \"{key}\":{{\"agent_id\":{{\"tool\":\"cursor\",\"model\":\"m\"}}}}}}}}"
    )
}

/// An unmarked commit, and a note about it.
fn noted(kim: &Clone<'_>, key: &str) -> String {
    let id = kim.commit(human("Add it\n").file("app/a.py", work::file(7, 30)));
    kim.git(&["notes", "--ref=ai", "add", "-m", &log(key), &id]);
    id
}

const AI: &str = "0123456789abcdef";
const HUMAN: &str = "h_0123456789abcd";

#[test]
fn in_the_same_push() {
    for refs in [["HEAD:refs/heads/main", NOTES], [NOTES, "HEAD:refs/heads/main"]] {
        let world = World::new();
        let kim = world.clone("kim");
        noted(&kim, AI);
        let push = kim.push(&refs);
        push.rejected_with(NEEDS).says("a note in refs/notes/ai: cursor");
    }
    let world = World::new();
    let kim = world.clone("kim");
    noted(&kim, HUMAN);
    kim.push(&["HEAD:refs/heads/main", NOTES]).lands(&[MAIN, "refs/notes/ai"]);
}

/// After the commit was pushed somewhere, and before it was pushed anywhere.
#[test]
fn before_and_after_the_commit() {
    for is_first in [true, false] {
        let world = World::new();
        let kim = world.clone("kim");
        noted(&kim, AI);
        let topic = "HEAD:refs/heads/topic";
        let (one, two) = if is_first { (NOTES, topic) } else { (topic, NOTES) };
        assert!(kim.push(&[one]).ok && kim.push(&[two]).ok);
        let push = kim.push_main();
        push.rejected_with(NEEDS).says("shown as AI-assisted before").says("refs/notes/ai: cursor");
        // Without the note, and by somebody else.
        let mallory = world.clone("mallory");
        mallory.commit(human("Mine\n").file("app/a.py", work::file(7, 30)));
        mallory.push_main().rejected_with(NEEDS);
    }
    let world = World::new();
    let kim = world.clone("kim");
    noted(&kim, HUMAN);
    assert!(kim.push(&[NOTES]).ok);
    kim.push_main().lands(&[MAIN]);
}

/// A note among very many lies in a folder of a folder; another ref's notes are people's own.
#[test]
fn in_folders_and_in_other_refs() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = kim.commit(human("Add it\n").file("app/a.py", work::file(7, 30)));
    let note = kim.git_with(&["hash-object", "-w", "--stdin"], log(AI).as_bytes());
    let leaf = format!("100644 blob {}\t{}\n", note.trim(), &id[4..]);
    let leaf = kim.git_with(&["mktree"], leaf.as_bytes());
    let middle = format!("040000 tree {}\t{}\n", leaf.trim(), &id[2..4]);
    let middle = kim.git_with(&["mktree"], middle.as_bytes());
    let top = format!("040000 tree {}\t{}\n", middle.trim(), &id[..2]);
    let top = kim.git_with(&["mktree"], top.as_bytes());
    let commit = kim.git(&["commit-tree", "-m", "Notes", top.trim()]);
    let other = format!("{}:refs/notes/commits", commit.trim());
    assert!(kim.push(&[&other]).ok);
    let ours = format!("{}:refs/notes/agent-trace", commit.trim());
    assert!(kim.push(&[&ours]).ok);
    kim.push_main().rejected_with(NEEDS).says("refs/notes/agent-trace: cursor");

    let world = World::new();
    let kim = world.clone("kim");
    noted(&kim, AI);
    assert!(kim.push(&["refs/notes/ai:refs/notes/commits"]).ok);
    kim.push_main().lands(&[MAIN]);
}
