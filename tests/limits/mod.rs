//! Limits by real pushes (G20): what is at a limit passes, one more is refused by the
//! limit's name, and the innocent twin lands.
//!
//! `COUNTERSIGN_LARGE=1` adds those that take their time: full sizes under the defaults,
//! with a bound on the hook's memory. `large` tells what each of them took.

mod commits;
mod deliveries;
mod large;
mod many_refs;
mod memory;
mod refs;
mod time;

use crate::support::{Clone, Policy, PushResult, World};

/// The branch that nothing gates.
const TOPIC: &str = "refs/heads/topic";

/// A world with a limit of its own.
fn limited(key: &str, value: &str) -> World {
    World::with_settings(&Policy::standard(), &format!("[limits]\n{key} = {value}\n"))
}

/// What the server says, without its leads and line breaks.
fn words(push: &PushResult) -> String {
    let leads = ["error:", "warning:", "hint:"];
    let word = |line: &str| {
        let lead = leads.iter().find_map(|lead| line.strip_prefix(lead));
        lead.unwrap_or(line).split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    push.remote.lines().flat_map(word).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(push: &PushResult, needle: &str) {
    assert!(words(push).contains(needle), "the server does not say {needle:?}\n{}", push.all);
}

/// Refused for this limit: its name, its value, what was seen, whose fault it is not, and
/// what to do.
#[track_caller]
fn refused(push: &PushResult, key: &str, limit: usize, seen: &str) {
    push.rejected_with("could not finish").says("not your fault");
    says(push, &format!("{seen}, the limit {key} is {limit}"));
    says(push, &format!("an admin can raise {key} under [limits]"));
}

/// Landed all the same, and told.
#[track_caller]
fn told(push: &PushResult, key: &str) {
    push.accepted().says("warning: could not finish");
    says(push, &format!("the limit {key} is "));
}

/// Runs `git fast-import` in a clone; `refs/heads/topic` starts from the server's main.
#[track_caller]
fn import(clone: &Clone<'_>, stream: &str) {
    let start = format!("reset {TOPIC}\nfrom refs/remotes/origin/main\n\n");
    clone.git_with(&["fast-import", "--quiet", "--force"], format!("{start}{stream}").as_bytes());
}

/// One commit of a `git fast-import`, on top of `refs/heads/topic`; `files` are its lines.
fn commit(n: usize, message: &str, files: &str) -> String {
    let who = format!("Kim Developer <kim@example.com> {} +0000", 1_767_700_000 + n);
    let length = message.len();
    format!("commit {TOPIC}\nauthor {who}\ncommitter {who}\ndata {length}\n{message}\n{files}\n")
}

/// A line that writes a file.
fn file(path: &str, content: &str) -> String {
    format!("M 100644 inline {path}\ndata {}\n{content}\n", content.len())
}
