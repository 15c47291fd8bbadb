//! Cuts a failing plan down: whatever can go without the disagreement going, goes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::Timestamp;

use super::plan::{Push, Step};
use super::rules::Rules;
use super::scene::{Scene, world};
use super::words;

/// Tries at most: each is a world of its own.
const TRIES: usize = 250;

/// What a failing plan is as a script, and how it fails.
pub(super) fn shrink(rules: &Rules, mut steps: Vec<Step>) -> (String, String) {
    let mut tries = 0;
    let mut fails = |steps: &[Step]| {
        tries += 1;
        (tries <= TRIES).then(|| replay(rules, steps)).flatten()
    };
    let Some((at, mut script, mut why)) = fails(&steps) else {
        return ("it does not fail again".to_owned(), String::new());
    };
    steps.truncate(at + 1);
    let mut part = steps.len().div_ceil(2);
    loop {
        let mut from = 0;
        let mut less = false;
        while from < steps.len() {
            let to = (from + part).min(steps.len());
            let rest = [&steps[..from], &steps[to..]].concat();
            match fails(&rest) {
                Some((at, s, w)) => {
                    (script, why, less) = (s, w, true);
                    steps = rest;
                    steps.truncate(at + 1);
                }
                None => from = to,
            }
        }
        if part == 1 && !less {
            break;
        }
        part = part.div_ceil(2).max(1);
    }
    for at in 0..steps.len() {
        for smaller in smaller(&steps[at]) {
            let mut rest = steps.clone();
            rest[at] = smaller;
            if let Some((_, s, w)) = fails(&rest) {
                (script, why) = (s, w);
                steps = rest;
            }
        }
    }
    let plan: Vec<String> = steps.iter().map(|step| format!("# {step:?}")).collect();
    (format!("{script}\n{}", plan.join("\n")), why)
}

/// The place of the step that fails, the script up to it, and why.
fn replay(rules: &Rules, steps: &[Step]) -> Option<(usize, String, String)> {
    let now = Timestamp::from_second(Timestamp::now().as_second()).expect("a time");
    let world = world(rules, now);
    let mut scene = Scene::new(&world, rules, now);
    for (at, step) in steps.iter().enumerate() {
        let done = catch_unwind(AssertUnwindSafe(|| scene.step(step)));
        let why = match done {
            Err(panic) => words(panic.as_ref()),
            Ok(Some(checked)) if !checked.differs.is_empty() => checked.differs.join("\n"),
            Ok(_) => continue,
        };
        return Some((at, scene.shop.script.text().to_owned(), why));
    }
    None
}

/// The same step with less in it.
fn smaller(step: &Step) -> Vec<Step> {
    match step {
        Step::Push(push) => {
            let without = |at: usize| {
                let mut updates = push.updates.clone();
                updates.remove(at);
                Step::Push(Push { updates, ..push.clone() })
            };
            let quiet = |at: usize| {
                let mut deliver = push.deliver.clone();
                deliver.remove(at);
                Step::Push(Push { deliver, ..push.clone() })
            };
            // From the end, so that places stay right.
            let updates = (0..push.updates.len()).rev().map(without);
            updates.chain((0..push.deliver.len()).rev().map(quiet)).collect()
        }
        Step::Sign { name, draft } if draft.commits.len() > 1 => (0..draft.commits.len())
            .map(|at| {
                let mut draft = draft.clone();
                draft.commits = vec![draft.commits[at]];
                Step::Sign { name: *name, draft }
            })
            .collect(),
        Step::Commit { name, parent, edits, people, message } if !edits.is_empty() => {
            let few = |edits: Vec<_>| Step::Commit {
                name: *name,
                parent: *parent,
                edits,
                people: *people,
                message: message.clone(),
            };
            vec![few(edits[..1].to_vec()), few(Vec::new())]
        }
        _ => Vec::new(),
    }
}
