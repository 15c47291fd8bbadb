//! What the store is asked about a push: who first showed what, and everything that was
//! signed about it.

use std::collections::{BTreeMap, BTreeSet};

use super::collect::{Bench, StoreSource, TITLE, View};
use super::cover::{Eligible, LOOKS, Landing, Ties};
use super::learn;
use super::ranges::Reader;
use super::settle::Changes;
use super::statements::{self, Answers};
use crate::detect::Detector;
use crate::domain::decision::Finding;
use crate::domain::escape::escape_short;
use crate::domain::evidence::{Detection, Evidence, is_only_unreadable};
use crate::domain::facts::{CommitFacts, Cover, Facts, RefFacts, Tie};
use crate::domain::ids::ObjectId;
use crate::domain::object::Commit;
use crate::domain::policy::{Mode, Policy, Standing};
use crate::domain::sighting::{Contributor, Contributors, Part, Sighting};
use crate::domain::statement::SignOff;
use crate::store::StoreError;

/// Sign-offs shown for their title alone.
const TITLES: usize = 3;

/// What the row of a merge says that shows no mark (G16).
const NO_MARK: &str = "a merge with a change of its own";

/// Who has a hand in a commit by its own text. Known agents stand for nobody, unless the
/// policy gives their address to somebody: a marker must not take a senior out of sight.
pub(super) fn contributors(
    policy: &Policy,
    commit: &Commit,
    detection: &Detection,
) -> Contributors {
    let email = |raw: &[u8]| {
        let text = std::str::from_utf8(raw).map_or_else(|_| escape_short(raw, 200), str::to_owned);
        text.trim().to_lowercase()
    };
    let author = (Part::Author, &commit.author.email);
    let committer = (Part::Committer, &commit.committer.email);
    let others = detection.co_authors.iter().map(|c| (Part::CoAuthor(c.line), &c.ident.email));
    let all = std::iter::once(author).chain(others).chain(std::iter::once(committer));
    Contributors(
        all.map(|(part, raw)| Contributor { part, email: email(raw) })
            .filter(|c| {
                policy.person_by_email(c.email.as_bytes()).is_some()
                    || !detection.agents.iter().any(|a| *a == c.email.as_bytes())
            })
            .collect(),
    )
}

/// Rows of first pushers, then everything that statements say.
pub(super) async fn ask_store(
    bench: &Bench<'_>,
    source: &dyn StoreSource,
    reader: &mut Reader<'_>,
    facts: &mut Facts,
    changes: &Changes,
) -> Result<(), StoreError> {
    facts.recalled = reader.recalled.clone();
    let assisted: Vec<ObjectId> = facts.assisted(bench.policy.counts_hints()).into_iter().collect();
    if assisted.is_empty() && facts.noted.is_empty() {
        return Ok(());
    }
    let store = source.store().await?;
    let rows: Vec<Sighting> = assisted
        .iter()
        .filter_map(|id| facts.commits.get(id))
        .map(|c| sighting(bench, c, changes))
        .chain(facts.noted.iter().map(|(id, evidence)| noted(bench, *id, evidence)))
        .collect();
    let kept: Vec<_> = assisted
        .iter()
        .filter_map(|id| {
            let digest = facts.commits.get(id)?.change?;
            Some((digest, changes.get(id)?.1.to_bytes()))
        })
        .collect();
    let mut traces = Vec::new();
    // A message that can't be read shows nothing to remember: once it can be, it speaks.
    let is_unread = |id: &&ObjectId| {
        let commit = facts.commits.get(id);
        commit.is_some_and(|c| c.merge.is_none() && is_only_unreadable(&c.detection.evidence))
    };
    let learned: Vec<_> = assisted.iter().filter(|id| learns(bench) && !is_unread(id)).collect();
    for id in learned {
        match learn::trace(bench, reader, *id) {
            Ok(trace) => traces.push(trace),
            Err(problem) => {
                facts.problems.push(Finding { hints: Vec::new(), ..problem }.with_mode(Mode::Warn));
            }
        }
    }
    for row in store.see(&rows, &kept, &traces).await? {
        facts.sightings.insert(row.commit, row);
    }
    let gated: BTreeSet<ObjectId> =
        facts.refs.iter().flat_map(|r| &r.sets).flat_map(|s| s.commits.iter().copied()).collect();
    let asked = assisted
        .iter()
        .filter(|id| gated.contains(id))
        .filter_map(|id| facts.commits.get(id))
        .map(|c| (c, changes.get(&c.id).map(|(p, _)| *p)));
    let known = facts.recalled.values().flat_map(|known| &known.sources);
    let learned_from: BTreeSet<ObjectId> = known.map(|s| s.commit).collect();
    let answers =
        statements::ask(store, &bench.repository, bench.policy, asked, &learned_from).await?;
    tie(reader, facts, changes, answers, &gated);
    let is_bare = facts.covers.values().any(Vec::is_empty);
    if is_bare {
        let newest = statements::newest(store, &bench.repository, bench.policy).await?;
        tie_by_title(facts, newest);
    }
    Ok(())
}

/// Whether memory learns: it does on the server, unless the policy says no.
fn learns(bench: &Bench<'_>) -> bool {
    bench.policy.detect.memory && matches!(bench.view, View::Server)
}

/// Where nothing is tied to a commit, a sign-off of one with the same title is worth a word:
/// most likely the commit was amended since. It covers nothing.
fn tie_by_title(facts: &mut Facts, newest: Vec<SignOff>) {
    for (id, covers) in facts.covers.iter_mut().filter(|(_, covers)| covers.is_empty()) {
        let Some(commit) = facts.commits.get(id) else { continue };
        let title = escape_short(&commit.subject, TITLE);
        for s in &newest {
            let of_title = |name: &str| name.split_once(' ').is_some_and(|(_, t)| t == title);
            let named = s.statement.subjects.iter().find(|sub| of_title(&sub.name));
            let Some(signed) = named.and_then(|sub| sub.commit) else { continue };
            let why = "it has the same title and changes other files".to_owned();
            covers.push(Cover { statement: s.hash, tie: Tie::Stale { signed: Some(signed), why } });
            facts.sign_offs.entry(s.hash).or_insert_with(|| s.clone());
        }
        covers.truncate(TITLES);
    }
}

fn sighting(bench: &Bench<'_>, commit: &CommitFacts, changes: &Changes) -> Sighting {
    let evidence = commit.detection.evidence.iter().find(|e| e.strength.counts());
    Sighting {
        commit: commit.id,
        repository: bench.repository.clone(),
        first_pusher: bench.pusher.clone().filter(|_| commit.brought),
        at: bench.now,
        change: commit.change,
        paths: changes.get(&commit.id).map(|(p, _)| *p),
        contributors: commit.contributors.clone(),
        evidence: evidence.map_or_else(|| NO_MARK.to_owned(), |e| e.text.clone()),
    }
}

/// Of a commit that is not here nothing but the note is known, and nobody as its pusher.
fn noted(bench: &Bench<'_>, commit: ObjectId, evidence: &Evidence) -> Sighting {
    Sighting {
        commit,
        repository: bench.repository.clone(),
        first_pusher: None,
        at: bench.now,
        change: None,
        paths: None,
        contributors: Contributors::default(),
        evidence: evidence.text.clone(),
    }
}

/// A commit that an agent was the first to push stays AI-assisted whoever pushes it on, and
/// whatever its message says (G8). Asked only where the policy knows agents at all.
pub(super) async fn remember_agents(
    bench: &Bench<'_>,
    source: &dyn StoreSource,
    reader: &mut Reader<'_>,
    facts: &Facts,
) -> Result<(), StoreError> {
    let new: BTreeSet<ObjectId> =
        facts.refs.iter().flat_map(|r| &r.sets).flat_map(|s| s.commits.iter().copied()).collect();
    if new.is_empty() || !reader.knows_agents() {
        return Ok(());
    }
    let new: Vec<_> = new.into_iter().collect();
    for row in source.store().await?.sightings(&new, &[]).await? {
        let login = row.first_pusher.as_ref();
        let standing = bench.policy.standing(login, bench.unlisted_is_nobody);
        if let (Standing::Agent { .. }, Some(login)) = (standing, login) {
            reader.add_evidence(&row.commit, Detector::agent_pusher(login));
        }
    }
    Ok(())
}

/// Every statement against every AI-assisted commit of a gated ref.
fn tie(
    reader: &mut Reader<'_>,
    facts: &mut Facts,
    changes: &Changes,
    answers: Answers,
    gated: &BTreeSet<ObjectId>,
) {
    for row in answers.named {
        facts.sightings.entry(row.commit).or_insert(row);
    }
    let names: Vec<_> = facts.refs.iter().flat_map(RefFacts::names).cloned().collect();
    let rules = reader.policy.rules_for(reader.repository).map(|(_, rule)| rule);
    let mut ties = Ties {
        eligible: Eligible::of(rules.filter(|r| r.gates_any(&names)), facts.at),
        sign_offs: &answers.sign_offs,
        sightings: &facts.sightings,
        kept: &answers.kept,
        looks: LOOKS,
        nets: BTreeMap::new(),
    };
    let mut covers = BTreeMap::new();
    for id in facts.assisted(reader.policy.counts_hints()).intersection(gated) {
        let Some(commit) = facts.commits.get(id) else { continue };
        let landing = Landing {
            id: *id,
            title: escape_short(&commit.subject, TITLE),
            change: commit.change.zip(changes.get(id).map(|(_, c)| c.clone())),
        };
        covers.insert(*id, ties.of(reader, &landing));
    }
    facts.covers = covers;
    let policy = reader.policy;
    let named = answers.sign_offs.values().flat_map(|s| &s.statement.subjects);
    let named: BTreeSet<ObjectId> = named.filter_map(|s| s.commit).collect();
    for id in named {
        let from_object =
            reader.read(id).map(|s| contributors(policy, &s.commit, &s.detection)).ok();
        let from_row = || facts.sightings.get(&id).map(|r| r.contributors.clone());
        if let Some(people) = from_object.or_else(from_row) {
            facts.contributors.insert(id, people);
        }
    }
    facts.same_change = answers.same_change;
    facts.sign_offs = answers.sign_offs;
}
