//! The new commits of gated refs, held against memory (G9).
//!
//! When something counts, `domain::memory` says; which contents are read, `look`; what is
//! learned, `learn`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::collect::{Bench, StoreSource, View};
use super::look::Looked;
use super::ranges::Reader;
use super::walks::Beyond;
use crate::domain::decision::Finding;
use crate::domain::digest::change_digest;
use crate::domain::evidence::{Evidence, MarkerKind, Place, Strength};
use crate::domain::facts::Facts;
use crate::domain::ids::{ChangeDigest, ObjectId, RepositoryName};
use crate::domain::memory::{Basis, FileRecollection, Question, Recollection, Source, Sources};
use crate::domain::policy::{Detect, Mode};
use crate::git::{made, range};
use crate::store::StoreError;
use crate::store::memory::{Asked, Recalled};

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
    /// Whether the refs that a rule trusts held a commit before the push.
    fn has_landed(&mut self, rule: usize, commit: ObjectId) -> bool {
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

/// A commit that was looked at and not yet answered for.
struct Pending {
    id: ObjectId,
    change: Option<ChangeDigest>,
    looked: Looked,
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
    let unmarked: BTreeSet<ObjectId> =
        sets.flat_map(|s| &s.commits).filter(|id| !reader.is_ai(id)).copied().collect();
    let is_asked = bench.policy.detect.memory && matches!(bench.view, View::Server);
    if !is_asked || unmarked.is_empty() || !source.store().await?.has_memory().await? {
        return Ok(());
    }
    let store = source.store().await?;
    let mut failed: BTreeMap<ObjectId, Finding> = BTreeMap::new();
    let (mut pending, mut size) = (Vec::new(), 0);
    let mut rest = unmarked.into_iter().peekable();
    while let Some(id) = rest.next() {
        match reader.look(id) {
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
            let asked = questions(&pending);
            let recalled = store.recall(&bench.repository, &asked).await?;
            let answers = Answers::new(bench, recalled);
            for commit in pending.drain(..) {
                if let Some(found) = answers.of(&commit) {
                    reader.recalled.insert(commit.id, found);
                }
            }
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

fn questions(pending: &[Pending]) -> Asked {
    let mut asked = Asked::default();
    for commit in pending {
        asked.commits.push(commit.id);
        asked.changes.extend(commit.change);
        asked.blobs.extend(commit.looked.files.iter().map(|f| f.side.id));
        asked.runs.extend(commit.looked.files.iter().flat_map(|f| f.added.runs()));
    }
    asked.blobs.sort_unstable();
    asked.blobs.dedup();
    asked.runs.sort_unstable();
    asked.runs.dedup();
    asked
}

/// What the store answered, by what was asked.
#[derive(Default)]
struct Answers {
    commits: Vec<Source>,
    itself: HashMap<ObjectId, Sources>,
    changes: HashMap<ChangeDigest, Sources>,
    blobs: HashMap<ObjectId, Sources>,
    runs: HashMap<i64, Sources>,
}

/// Runs that so many people showed, in as many files, are everybody's.
const COMMON: usize = 3;

impl Answers {
    fn new(bench: &Bench<'_>, recalled: Recalled) -> Self {
        let place = |name: &String| bench.policy.rules.iter().position(|r| r.name == *name);
        let commits: Vec<_> = recalled
            .commits
            .into_iter()
            .map(|c| Source {
                commit: c.commit,
                repository: c.repository,
                first_pusher: c.first_pusher,
                at: c.at,
                evidence: c.evidence,
                decision: c.decision,
                lines: c.lines,
                echo: c.echo,
                landed_for: c.landed_for.iter().filter_map(place).collect(),
            })
            .collect();
        let mut all = Self { commits, ..Self::default() };
        for (commit, source) in recalled.itself {
            all.itself.entry(commit).or_default().push(source);
        }
        for (digest, source) in recalled.changes {
            all.changes.entry(digest).or_default().push(source);
        }
        for (blob, source) in recalled.blobs {
            all.blobs.entry(blob).or_default().push(source);
        }
        let mut files: HashMap<i64, BTreeSet<i64>> = HashMap::new();
        for (run, source, file) in recalled.runs {
            let sources = all.runs.entry(run.0).or_default();
            if !sources.contains(&source) {
                sources.push(source);
            }
            files.entry(run.0).or_default().insert(file);
        }
        all.runs.retain(|run, sources| {
            let people: BTreeSet<_> = sources
                .iter()
                .filter_map(|s| all.commits.get(*s))
                .map(|s| (&s.repository, &s.first_pusher))
                .collect();
            people.len() < COMMON || files.get(run).is_none_or(|files| files.len() < COMMON)
        });
        all
    }

    /// What memory has of a commit, with the sources that it needs alone.
    fn of(&self, commit: &Pending) -> Option<Recollection> {
        let mut places: BTreeMap<usize, usize> = BTreeMap::new();
        let mut kept = Vec::new();
        let mut own = |sources: Option<&Sources>| -> Sources {
            let sources = sources.map_or(&[][..], Vec::as_slice);
            let place = |place: &usize| {
                let source = self.commits.get(*place)?;
                Some(*places.entry(*place).or_insert_with(|| {
                    kept.push(source.clone());
                    kept.len() - 1
                }))
            };
            sources.iter().filter_map(place).collect()
        };
        let itself = own(self.itself.get(&commit.id));
        let change = own(commit.change.as_ref().and_then(|digest| self.changes.get(digest)));
        let mut files = Vec::new();
        for file in &commit.looked.files {
            let blob = own(self.blobs.get(&file.side.id));
            let runs = file.added.runs().into_iter().enumerate();
            let runs: BTreeMap<usize, Sources> = runs
                .filter_map(|(line, run)| Some((line, own(Some(self.runs.get(&run.0)?)))))
                .collect();
            if !blob.is_empty() || !runs.is_empty() {
                let (path, lines) = (file.path.clone(), file.added.len());
                files.push(FileRecollection { path, lines, blob, runs });
            }
        }
        let lines = commit.looked.lines();
        (!kept.is_empty()).then(|| Recollection {
            sources: kept,
            itself,
            change,
            lines,
            files,
            ..Recollection::default()
        })
    }
}

/// The question without what seniors have said since.
fn plain(detect: &Detect, rule: usize) -> Question<'static> {
    static NOBODY: BTreeSet<ObjectId> = BTreeSet::new();
    Question { rule, corrected: &NOBODY, thresholds: detect.thresholds }
}

/// Adds evidence to what memory knows, for each rule that gates one of its refs.
fn weigh(bench: &Bench<'_>, reader: &mut Reader<'_>, facts: &mut Facts) {
    let detect = &bench.policy.detect;
    let asked = asked(reader, facts);
    mark_landed(reader, &asked);
    spread(detect, reader, &asked);
    let mut reverts = Reverts { left: REVERTS, inverses: None };
    let mut known = std::mem::take(&mut reader.recalled);
    known.retain(|id, found| {
        let mut bases = Vec::new();
        for rule in asked.get(id).into_iter().flatten() {
            if let Some(basis) = found.basis(plain(detect, *rule))
                && !reverts.is_one(reader, *rule, *id)
            {
                bases.push((*rule, words(&basis, &bench.repository)));
            }
        }
        let Some((_, text)) = bases.first() else { return false };
        let evidence = Evidence {
            marker: MARKER.to_owned(),
            tool: None,
            kind: MarkerKind::Memory,
            strength: Strength::Assistance,
            place: Place::Change,
            quotation: false,
            text: text.clone(),
        };
        reader.add_evidence(id, evidence);
        found.rules = bases.into_iter().map(|(rule, _)| rule).collect();
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

/// Marks what the refs that a rule trusts held already: the gate had no say in it, or has
/// let it in.
fn mark_landed(reader: &mut Reader<'_>, asked: &AskedBy) {
    let mut looks = LANDED;
    let mut landed: BTreeMap<(usize, ObjectId), bool> = BTreeMap::new();
    let mut known = std::mem::take(&mut reader.recalled);
    for (id, found) in &mut known {
        for rule in asked.get(id).into_iter().flatten() {
            for source in &mut found.sources {
                let key = (*rule, source.commit);
                if !landed.contains_key(&key) && looks > 0 {
                    looks -= 1;
                    landed.insert(key, reader.has_landed(*rule, source.commit));
                }
                if landed.get(&key) == Some(&true) {
                    source.landed_for.insert(*rule);
                }
            }
        }
    }
    reader.recalled = known;
}

/// Counts what the commits of a rule add together of each source.
fn spread(detect: &Detect, reader: &mut Reader<'_>, asked: &AskedBy) {
    let mut all: BTreeMap<(usize, ObjectId), usize> = BTreeMap::new();
    for (id, found) in &reader.recalled {
        for rule in asked.get(id).into_iter().flatten() {
            for (place, lines) in found.seen_of(plain(detect, *rule)) {
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

/// What memory says, for the pusher. Of another repository only a decision to ask about.
fn words(basis: &Basis<'_>, here: &RepositoryName) -> String {
    let shown = |s: &Source| {
        if s.repository != *here {
            return format!("in another repository, see decision {}", s.decision);
        }
        let day = s.at.to_string();
        let day = day.get(..10).unwrap_or(&day).to_owned();
        let by = s.first_pusher.as_ref().map_or_else(String::new, |p| format!(" by {p}"));
        format!("pushed {day}{by} with \"{}\"", s.evidence)
    };
    let of = |s: &Source| match s.repository == *here {
        true => format!("{}, {}", s.commit.short(), shown(s)),
        false => format!("a commit {}", shown(s)),
    };
    match basis {
        Basis::Itself(s) => format!("shown as AI-assisted before, {}", shown(s)),
        Basis::Change(s) => format!("same change as {}", of(s)),
        Basis::File(s, path) => format!("same file {path} as {}", of(s)),
        Basis::Lines { source, seen, of: all, files } => {
            let mut shown: Vec<_> = files.iter().take(3).map(ToString::to_string).collect();
            if files.len() > shown.len() {
                shown.push(format!("{} more", files.len() - shown.len()));
            }
            let shown = shown.join(", ");
            format!("{seen} of {all} added lines ({shown}) as in {}", of(source))
        }
        Basis::Spread(source, lines) => {
            format!("with others of this push {lines} added lines as in {}", of(source))
        }
    }
}
