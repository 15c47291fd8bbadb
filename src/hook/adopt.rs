//! What memory learns from refs that were there before the gate (G23).

use std::collections::HashSet;

use super::ask::ask_store;
use super::collect::{Bench, StoreSource, empty, reader};
use super::input::Update;
use super::merges::{self, Ungated};
use super::settle::settle;
use super::walks::Twins;
use super::{findings, notes};
use crate::domain::decision::Finding;
use crate::domain::facts::{RefChange, RefFacts};
use crate::domain::ids::{ObjectId, RefName};

/// One ref that nobody gates.
#[derive(Debug, Clone)]
pub struct OpenRef {
    /// Its name.
    pub name: RefName,
    /// What it holds.
    pub value: ObjectId,
    /// Its commits that stand on no base and on no earlier open ref, parents first.
    pub commits: Vec<ObjectId>,
}

/// Learns the AI-assisted commits of an open ref, as if it were pushed now by nobody; notes
/// about commits of `base` tell of what stands. How many there are, and what could not be
/// read.
///
/// # Errors
/// The finding where the store does not answer.
pub async fn learn(
    bench: &Bench<'_>,
    open: &OpenRef,
    base: &HashSet<ObjectId>,
    source: &dyn StoreSource,
) -> Result<(usize, Vec<Finding>), Finding> {
    let mut facts = empty(bench);
    let mut reader = reader(bench);
    let zero = ObjectId::zero(bench.repo.format());
    let update = Update { name: open.name.clone(), old: zero, new: open.value };
    let mut r = RefFacts {
        name: open.name.clone(),
        leads_to: Vec::new(),
        old: zero,
        new: open.value,
        change: RefChange::Create,
        sets: Vec::new(),
        problems: Vec::new(),
        ungated_ai: Vec::new(),
    };
    match notes::read(bench, &mut reader, &update) {
        Ok(noted) => {
            r.ungated_ai.extend(noted.commits.into_iter().filter(|id| !base.contains(id)));
            facts.noted.extend(noted.absent);
        }
        Err(problem) => r.problems.push(problem),
    }
    for id in &open.commits {
        match reader.read(*id) {
            Ok(seen) if seen.detection.is_ai_assisted() => r.ungated_ai.push(*id),
            Ok(_) => {}
            Err(problem) => r.problems.push(problem),
        }
    }
    facts.refs.push(r);
    let merges = open.commits.iter().filter(|id| reader.is_merge(id)).copied().collect();
    let around = open.commits.clone();
    merges::weigh(bench, &mut reader, &mut facts, &[Ungated { place: 0, merges, around }]);
    let changes = settle(bench, &mut reader, &mut facts, &Twins::new());
    let asked = ask_store(bench, source, &mut reader, &mut facts, &changes).await;
    asked.map_err(|e| findings::store(&e))?;
    let learned = facts.assisted(false).len() + facts.noted.len();
    let problems = facts.refs.into_iter().flat_map(|r| r.problems).chain(facts.problems);
    Ok((learned, problems.collect()))
}
