//! The new commits of gated refs, held against memory (G9).
//!
//! When something counts, `domain::memory` says; which contents are read, `look`; what is
//! learned, `learn`.

use std::collections::{BTreeMap, BTreeSet};

use super::collect::{Bench, StoreSource, View};
use super::learn;
use super::ranges::Reader;
use super::recalled::{Answers, Pending, questions, with_own, words};
use super::walks::Beyond;
use crate::domain::change::{Change, Entry};
use crate::domain::decision::Finding;
use crate::domain::digest::change_digest;
use crate::domain::evidence::{Evidence, MarkerKind, Place, Strength};
use crate::domain::facts::Facts;
use crate::domain::ids::{ChangeDigest, ObjectId};
use crate::domain::memory::{Question, Source, Trace};
use crate::domain::policy::{Mode, Policy, Rule};
use crate::git::{change, made, range};
use crate::store::memory::Asked;
use crate::store::{Store, StoreError};

/// The marker's name of a commit that memory knows.
pub const MARKER: &str = "memory";
/// Questions that are put together.
const CHUNK: usize = 100_000;
/// Earlier commits of a push that are looked for in what the refs hold.
const LANDED: usize = 64;
/// Landed commits among which the inverse of a commit is looked for, and commits for which.
const INVERSES: usize = 1_000;
const REVERTS: usize = 16;

impl Reader<'_> {
    /// Whether the refs that a rule trusts held a commit before the push, and the rule asks
    /// of all that it does.
    fn has_landed(&mut self, rule: usize, commit: ObjectId) -> bool {
        let asks = self.policy.rules.get(rule).is_some_and(|rule| {
            let is_asked = |e: &Entry| rule.paths.matches(e.path.as_bytes());
            let within = |c: Change| c.entries().iter().all(is_asked);
            rule.is_for_all_paths()
                || change::known(self.repo, commit, self.limits).is_some_and(within)
        });
        if !asks {
            return false;
        }
        let Ok(trusted) = self.hidden(Beyond::Rule(rule)) else { return false };
        self.repo.exists_before_push(commit)
            && range::new_commits(self.repo, commit, &trusted, 1).is_ok_and(|new| new.is_empty())
    }

    /// Whether a commit that was read is AI-assisted for a rule: what memory knows may have
    /// landed for one and not for another.
    pub(super) fn is_ai_for(&self, rule: usize, id: &ObjectId) -> bool {
        let Some(seen) = self.seen.get(id) else { return false };
        let hints = self.policy.rules.get(rule).is_some_and(|rule| rule.hints_count);
        let is_known = self.recalled.get(id).is_some_and(|r| r.rules.contains(&rule));
        is_known || seen.detection.shows(hints)
    }
}

/// Holds the new commits of gated refs that show nothing against memory, and adds evidence
/// to those that it knows. What could not be read is a problem of its refs.
pub(super) async fn recall(
    bench: &Bench<'_>,
    source: &dyn StoreSource,
    reader: &mut Reader<'_>,
    facts: &mut Facts,
) -> Result<(), StoreError> {
    let sets = facts.refs.iter().flat_map(|r| &r.sets);
    // Whether a pusher is exempt depends on who showed a marked commit's change before (G2).
    let mut rules = bench.policy.rules_for(&bench.repository);
    let exempts = rules.any(|(_, rule)| !rule.exempt_pushers.is_empty());
    let unmarked: BTreeSet<ObjectId> =
        sets.flat_map(|s| &s.commits).filter(|id| exempts || !reader.is_ai(id)).copied().collect();
    let is_asked = bench.policy.detect.memory && matches!(bench.view, View::Server);
    if !is_asked || unmarked.is_empty() {
        return Ok(());
    }
    let own = own(bench, reader, facts);
    let store = source.store().await?;
    if own.is_empty() && !store.has_memory().await? {
        return Ok(());
    }
    let desk = Desk { bench, store, own };
    let mut failed: BTreeMap<ObjectId, Finding> = BTreeMap::new();
    let (mut pending, mut size) = (Vec::new(), 0);
    let mut rest = unmarked.into_iter().peekable();
    while let Some(id) = rest.next() {
        match reader.look_again(id) {
            Ok(looked) => {
                size += 1 + looked.files.len() + looked.lines();
                let change = looked.change.as_ref().and_then(change_digest);
                pending.push(Pending { id, change, looked });
            }
            Err(finding) => {
                failed.insert(id, finding);
            }
        }
        if size >= CHUNK || rest.peek().is_none() {
            desk.answer(reader, std::mem::take(&mut pending)).await?;
            size = 0;
        }
    }
    for r in &mut facts.refs {
        let names: Vec<_> = r.names().cloned().collect();
        let mut commits = r.sets.iter().flat_map(|s| &s.commits);
        if let Some(problem) = commits.find_map(|id| failed.get(id)) {
            let mode = bench.policy.mode_of(&bench.repository, &names).unwrap_or(Mode::Warn);
            r.problems.push(problem.clone().with_mode(mode));
        }
    }
    weigh(bench, reader, facts);
    Ok(())
}

/// What the push shows itself: its marked commits, on whatever ref.
fn own(bench: &Bench<'_>, reader: &mut Reader<'_>, facts: &Facts) -> Vec<(Trace, Source)> {
    let sets = facts.refs.iter().flat_map(|r| &r.sets).flat_map(|s| &s.commits);
    let all: BTreeSet<ObjectId> =
        sets.chain(facts.refs.iter().flat_map(|r| &r.ungated_ai)).copied().collect();
    let mut own = Vec::new();
    for id in all {
        if !reader.is_ai(&id) {
            continue;
        }
        // What can't be read is told by whoever keeps it.
        let Ok(trace) = learn::trace(bench, reader, id) else { continue };
        let evidence = reader.seen.get(&id).map_or(&[][..], |s| &s.detection.evidence);
        let evidence = evidence.iter().find(|e| e.strength.counts()).map(|e| e.text.clone());
        let commit = Source {
            commit: id,
            repository: bench.repository.clone(),
            first_pusher: bench.pusher.clone(),
            at: bench.now,
            evidence: evidence.unwrap_or_default(),
            decision: bench.id.clone(),
            lines: trace.lines,
            echo: trace.echo,
            landed_for: BTreeSet::new(),
        };
        own.push((trace, commit));
    }
    own
}

/// Where memory is asked.
struct Desk<'a> {
    bench: &'a Bench<'a>,
    store: &'a dyn Store,
    own: Vec<(Trace, Source)>,
}

impl Desk<'_> {
    async fn ask(&self, asked: &Asked) -> Result<Answers, StoreError> {
        let recalled = self.store.recall(&self.bench.repository, asked).await?;
        Ok(Answers::new(with_own(recalled, &self.own)))
    }

    /// Asks about commits, and about whole files of those to which anything known is added.
    async fn answer(
        &self,
        reader: &mut Reader<'_>,
        pending: Vec<Pending>,
    ) -> Result<(), StoreError> {
        let answers = self.ask(&questions(&pending)).await?;
        for commit in pending {
            let Some(mut found) = answers.of(&commit) else { continue };
            for place in 0..found.files.len() {
                let file = found.files.get(place).filter(|f| !f.runs.is_empty());
                let looked =
                    file.and_then(|f| commit.looked.files.iter().find(|l| l.path == f.path));
                let Some(looked) = looked else { continue };
                let runs = reader.whole(looked.side);
                let asked = runs.iter().map(|(_, run)| *run).collect();
                let asked = Asked { runs: asked, ..Asked::default() };
                self.ask(&asked).await?.add_whole(&mut found, place, &runs);
            }
            reader.recalled.insert(commit.id, found);
        }
        Ok(())
    }
}

/// The question without what seniors have said since.
fn plain(policy: &Policy, rule: usize) -> Question<'_> {
    static NOBODY: BTreeSet<ObjectId> = BTreeSet::new();
    let name = name_of(policy, rule);
    Question { rule, name, corrected: &NOBODY, thresholds: policy.detect.thresholds }
}

fn name_of(policy: &Policy, rule: usize) -> &str {
    policy.rules.get(rule).map_or("", |rule| &rule.name)
}

/// Adds evidence to what memory knows, for each rule that gates one of its refs.
fn weigh(bench: &Bench<'_>, reader: &mut Reader<'_>, facts: &mut Facts) {
    let asked = asked(reader, facts);
    mark_landed(reader, facts, &asked);
    spread(bench.policy, reader, &asked);
    let mut reverts = Reverts { left: REVERTS, inverses: None };
    let mut known = std::mem::take(&mut reader.recalled);
    known.retain(|id, found| {
        let mut bases = Vec::new();
        for rule in asked.get(id).into_iter().flatten() {
            if let Some(basis) = found.basis(plain(bench.policy, *rule))
                && !reverts.is_one(reader, *rule, *id)
            {
                bases.push((*rule, words(&basis, &bench.repository)));
            }
        }
        let Some((_, text)) = bases.first() else { return false };
        let text = text.clone();
        found.rules = bases.into_iter().map(|(rule, _)| rule).collect();
        if reader.is_ai(id) {
            return true;
        }
        let evidence = Evidence {
            marker: MARKER.to_owned(),
            tool: None,
            kind: MarkerKind::Memory,
            strength: Strength::Assistance,
            place: Place::Change,
            quotation: false,
            text,
        };
        reader.add_evidence(id, evidence);
        true
    });
    reader.recalled = known;
    for r in &mut facts.refs {
        let names: Vec<_> = r.names().cloned().collect();
        for set in &mut r.sets {
            if set.commits.iter().any(|id| reader.recalled.contains_key(id))
                && let Err(problem) = reader.narrow(set, &r.name, r.old, r.new)
            {
                let mode = bench.policy.mode_of(&bench.repository, &names).unwrap_or(Mode::Warn);
                r.problems.push(problem.with_mode(mode));
            }
        }
    }
}

/// The rules that ask for each commit of which memory has something.
type AskedBy = BTreeMap<ObjectId, BTreeSet<usize>>;

fn asked(reader: &Reader<'_>, facts: &Facts) -> AskedBy {
    let mut asked = AskedBy::new();
    for set in facts.refs.iter().flat_map(|r| &r.sets) {
        for id in set.commits.iter().filter(|id| reader.recalled.contains_key(id)) {
            asked.entry(*id).or_default().insert(set.rule);
        }
    }
    asked
}

/// Marks what a rule's trusted refs held already, since the gate had no say in it or has let
/// it in, and what would land with it: that is asked for itself, where the rule asks of all
/// paths.
fn mark_landed(reader: &mut Reader<'_>, facts: &Facts, asked: &AskedBy) {
    let mut with: BTreeMap<usize, BTreeSet<ObjectId>> = BTreeMap::new();
    for set in facts.refs.iter().flat_map(|r| &r.sets) {
        let rule = reader.policy.rules.get(set.rule);
        if rule.is_some_and(Rule::is_for_all_paths) {
            with.entry(set.rule).or_default().extend(&set.commits);
        }
    }
    let mut looks = LANDED;
    let mut landed: BTreeMap<(usize, ObjectId), bool> = BTreeMap::new();
    let mut known = std::mem::take(&mut reader.recalled);
    for (id, found) in &mut known {
        for rule in asked.get(id).into_iter().flatten() {
            let with = with.get(rule);
            for source in found.sources.iter_mut().filter(|s| s.commit != *id) {
                let key = (*rule, source.commit);
                let is_with = with.is_some_and(|with| with.contains(&source.commit));
                if !is_with && !landed.contains_key(&key) && looks > 0 {
                    looks -= 1;
                    landed.insert(key, reader.has_landed(*rule, source.commit));
                }
                if is_with && reader.is_ai(&source.commit) || landed.get(&key) == Some(&true) {
                    source.landed_for.insert(name_of(reader.policy, *rule).to_owned());
                }
            }
        }
    }
    reader.recalled = known;
}

/// Counts what the commits of a rule add together of each source.
fn spread(policy: &Policy, reader: &mut Reader<'_>, asked: &AskedBy) {
    let mut all: BTreeMap<(usize, ObjectId), usize> = BTreeMap::new();
    for (id, found) in &reader.recalled {
        for rule in asked.get(id).into_iter().flatten() {
            for (place, lines) in found.seen_of(plain(policy, *rule)) {
                if let Some(source) = found.sources.get(place) {
                    *all.entry((*rule, source.commit)).or_default() += lines;
                }
            }
        }
    }
    for (id, found) in &mut reader.recalled {
        for rule in asked.get(id).into_iter().flatten() {
            for (place, source) in found.sources.iter().enumerate() {
                if let Some(lines) = all.get(&(*rule, source.commit)) {
                    found.spread.insert((*rule, place), *lines);
                }
            }
        }
    }
}

/// Looks for what a commit takes back: the exact inverse of a landed change is no evidence.
struct Reverts {
    left: usize,
    /// Digests of what would take back the newest landed commits, by rule.
    inverses: Option<(usize, BTreeSet<ChangeDigest>)>,
}

impl Reverts {
    fn is_one(&mut self, reader: &mut Reader<'_>, rule: usize, id: ObjectId) -> bool {
        let Some(left) = self.left.checked_sub(1) else { return false };
        self.left = left;
        let change = reader.look(id).ok().and_then(|looked| looked.change);
        let Some(digest) = change.as_ref().and_then(change_digest) else { return false };
        if self.inverses.as_ref().is_none_or(|(of, _)| *of != rule) {
            self.inverses = Some((rule, inverses(reader, rule)));
        }
        self.inverses.as_ref().is_some_and(|(_, known)| known.contains(&digest))
    }
}

fn inverses(reader: &mut Reader<'_>, rule: usize) -> BTreeSet<ChangeDigest> {
    let trusted = reader.hidden(Beyond::Rule(rule)).map(|t| t.to_vec()).unwrap_or_default();
    made::inverses(reader.repo, &trusted, INVERSES, reader.limits)
}
