//! What memory learns from refs that were there before the gate (G23).

use std::collections::HashSet;

use super::ask::ask_store;
use super::collect::{Bench, StoreSource, empty, reader};
use super::input::Update;
use super::ranges::Reader;
use super::settle::settle;
use super::walks::Twins;
use super::{findings, notes};
use crate::domain::decision::Finding;
use crate::domain::facts::{Facts, RefChange, RefFacts};
use crate::domain::ids::{ObjectId, RefName};

/// Commits that are learned at once: what is held of them at a time has a limit.
const PIECE: usize = 1_000;
/// The finding's code where even a piece is too much.
const TOO_MUCH: &str = "limit-push-bytes";

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

/// A repository's open refs, learned one after the other as if each were pushed now by
/// nobody.
pub struct Lesson<'a> {
    bench: &'a Bench<'a>,
    source: &'a dyn StoreSource,
    /// What stands: notes about it tell nothing.
    base: &'a HashSet<ObjectId>,
    /// Commits that are AI-assisted, or stand on one that is.
    above: HashSet<ObjectId>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Learned {
    /// AI-assisted commits.
    pub commits: usize,
    /// What could not be read.
    pub problems: Vec<Finding>,
}

impl<'a> Lesson<'a> {
    /// Of a repository that this is the base of.
    #[must_use]
    pub fn new(
        bench: &'a Bench<'a>,
        source: &'a dyn StoreSource,
        base: &'a HashSet<ObjectId>,
    ) -> Self {
        Self { bench, source, base, above: HashSet::new() }
    }

    /// Learns the AI-assisted commits of a ref; `done` is told how many commits were looked
    /// at since it was told last.
    ///
    /// # Errors
    /// The finding where the store does not answer.
    pub async fn learn(
        &mut self,
        open: &OpenRef,
        done: impl Fn(usize),
    ) -> Result<Learned, Finding> {
        let mut all = Learned::default();
        let mut pieces: Vec<&[ObjectId]> = open.commits.chunks(PIECE).rev().collect();
        if pieces.is_empty() {
            pieces.push(&[]);
        }
        let mut reads_notes = true;
        while let Some(piece) = pieces.pop() {
            let learned = self.piece(open, piece, reads_notes).await?;
            let is_too_much = learned.problems.iter().any(|f| f.code == TOO_MUCH);
            if is_too_much && piece.len() > 1 {
                let (first, rest) = piece.split_at(piece.len() / 2);
                pieces.extend([rest, first]);
                continue;
            }
            reads_notes = false;
            all.commits += learned.commits;
            all.problems.extend(learned.problems);
            done(piece.len());
        }
        Ok(all)
    }

    async fn piece(
        &mut self,
        open: &OpenRef,
        piece: &[ObjectId],
        reads_notes: bool,
    ) -> Result<Learned, Finding> {
        let mut facts = empty(self.bench);
        let mut reader = reader(self.bench);
        let zero = ObjectId::zero(self.bench.repo.format());
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
        if reads_notes {
            self.read_notes(&mut reader, &mut facts, &mut r);
        }
        self.read(&mut reader, piece, &mut r);
        facts.refs.push(r);
        let changes = settle(self.bench, &mut reader, &mut facts, &Twins::new());
        let asked = ask_store(self.bench, self.source, &mut reader, &mut facts, &changes).await;
        asked.map_err(|e| findings::store(&e))?;
        let commits = facts.assisted(false).len() + facts.noted.len();
        let problems = facts.refs.into_iter().flat_map(|r| r.problems).chain(facts.problems);
        Ok(Learned { commits, problems: problems.collect() })
    }

    fn read_notes(&self, reader: &mut Reader<'_>, facts: &mut Facts, r: &mut RefFacts) {
        let update = Update { name: r.name.clone(), old: r.old, new: r.new };
        match notes::read(self.bench, reader, &update) {
            Ok(noted) => {
                let open = noted.commits.into_iter().filter(|id| !self.base.contains(id));
                r.ungated_ai.extend(open);
                facts.noted.extend(noted.absent);
            }
            Err(problem) => r.problems.push(problem),
        }
    }

    /// Finds the commits with a mark, and the merges with a change of their own that bring
    /// some (G16).
    fn read(&mut self, reader: &mut Reader<'_>, piece: &[ObjectId], r: &mut RefFacts) {
        let mut bringing = Vec::new();
        for id in piece {
            let seen = match reader.read(*id) {
                Ok(seen) => seen,
                Err(problem) => {
                    r.problems.push(problem);
                    continue;
                }
            };
            let parents = &seen.commit.parents;
            if seen.detection.is_ai_assisted() {
                r.ungated_ai.push(*id);
            } else if parents.iter().all(|parent| !self.above.contains(parent)) {
                continue;
            } else if parents.len() > 1 {
                bringing.push(*id);
            }
            self.above.insert(*id);
        }
        if let Err(e) = reader.learn_own_changes(bringing.iter().copied()) {
            r.problems.push(findings::git(&e));
        }
        r.ungated_ai.extend(bringing.into_iter().filter(|id| reader.has_own_change(id)));
    }
}
