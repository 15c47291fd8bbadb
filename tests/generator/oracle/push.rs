//! One push from the refs to the verdict.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;

use super::cover::Case;
use super::{Asked, Court, Facts, Oracle, Row, SKEW, Verdict, is_agent, tells, verifies};
use crate::generator::history::{History, address, objects_of};
use crate::generator::objects::Oid;
use crate::generator::rules::{self, Mode, Rule};
use crate::support::Clone;

/// Values of refs by name.
type Refs = BTreeMap<String, String>;

/// What is new for a rule and a ref; without a rule, for a ref that none gates.
struct Set<'r> {
    rule: Option<&'r Rule>,
    name: String,
    new: Vec<Oid>,
    /// What tells whether its merges are AI-assisted: the same, and for a ref that no rule
    /// gates, all that gated refs do not have.
    around: Vec<Oid>,
}

impl<'r> Oracle<'r> {
    /// Judges a push before it happens, and remembers what the gate has to.
    pub(in crate::generator) fn judge(
        &mut self,
        clone: &Clone<'r>,
        history: &mut History,
        refs: &Refs,
        asked: &Asked,
    ) -> Verdict {
        let mut verdict = Verdict::default();
        let values: Vec<Oid> = asked.updates.iter().filter_map(|(.., new)| new.clone()).collect();
        let before = objects_in(clone);
        let mut there = objects_of(clone, &values);
        there.extend(before.iter().cloned());
        let commits = commits_of(clone, &values);
        let tagged = tagged(clone, &commits);
        let unfit = asked.updates.iter().filter(|(name, _, new)| {
            name.starts_with("refs/heads/") && new.as_ref().is_some_and(|new| commits[new] != *new)
        });
        verdict.unfit = unfit.map(|(name, ..)| name.clone()).collect();
        let facts = Facts { pusher: asked.pusher, now: Timestamp::now(), before, there, tagged };
        if self.is_known_pusher(asked, &mut verdict) {
            self.take(clone, history, &facts, asked, &mut verdict);
        }
        let sets = self.walk(clone, history, refs, (asked, &commits), &mut verdict);
        let rows = {
            let mut court = self.court(clone, history, &facts, &mut verdict);
            let all = sets.iter().flat_map(|set| &set.new).cloned();
            let mut rows: Vec<Oid> = all.filter(|id| court.is_ai(id)).collect();
            rows.extend(sets.iter().flat_map(|set| court.bringing(&set.new, &set.around)));
            rows
        };
        for id in rows {
            self.see(clone, history, &facts, &id);
        }
        let mut court = self.court(clone, history, &facts, &mut verdict);
        for set in &sets {
            court.judge(set);
        }
        verdict
    }

    fn court<'a>(
        &'a self,
        clone: &'a Clone<'r>,
        history: &'a mut History,
        facts: &'a Facts,
        verdict: &'a mut Verdict,
    ) -> Court<'a, 'r> {
        Court { oracle: self, facts, clone, history, nets: HashMap::new(), verdict }
    }

    /// Whether the gate goes on to look at deliveries: who pushes has to be known where
    /// anything is enforced (G5).
    fn is_known_pusher(&self, asked: &Asked, verdict: &mut Verdict) -> bool {
        let rules = asked.updates.iter().flat_map(|(name, ..)| self.gating(name));
        let mut mode = rules.map(|rule| rule.mode).max();
        if !asked.deliver.is_empty() {
            mode = Some(Mode::Enforce);
        }
        let Some(mode) = mode.filter(|_| asked.pusher.is_none()) else { return true };
        verdict.codes.insert("pusher-unknown");
        verdict.rejects |= mode == Mode::Enforce;
        mode != Mode::Enforce
    }

    /// Deliveries are taken first, each for itself (G24).
    fn take(
        &mut self,
        clone: &Clone<'_>,
        history: &mut History,
        facts: &Facts,
        asked: &Asked,
        verdict: &mut Verdict,
    ) {
        for statement in &asked.deliver {
            let ahead = statement.issued.duration_since(facts.now);
            let early = statement.verdict == "decline" && ahead > SKEW;
            if !verifies(statement) || statement.wrong_repository || early {
                verdict.codes.insert("delivery-refused");
                verdict.rejects = true;
                continue;
            }
            for subject in &statement.subjects {
                let Some((change, _)) = &subject.digests else { continue };
                let done = match (&subject.commit, &statement.net) {
                    (Some(id), _) if facts.there.contains(id) => {
                        history.commit(clone, id).digests.clone()
                    }
                    (None, Some((base, tip)))
                        if facts.there.contains(base) && facts.there.contains(tip) =>
                    {
                        history.sum(clone, base, tip)
                    }
                    _ => None,
                };
                if done.is_some_and(|(done, _)| done == *change) {
                    self.kept.insert(change.clone());
                }
            }
            let is_new = !self.has(statement);
            verdict.answers.insert(statement.hash.clone(), if is_new { "stored" } else { "known" });
            if is_new {
                self.store.push(statement.clone());
            }
        }
    }

    /// One row per AI-assisted commit, never changed (G13).
    fn see(&mut self, clone: &Clone<'_>, history: &mut History, facts: &Facts, id: &Oid) {
        let digests = history.commit(clone, id).digests.clone();
        if let Some((change, _)) = &digests {
            self.kept.insert(change.clone());
        }
        let first = facts.pusher.filter(|_| !facts.before.contains(id));
        self.rows.entry(id.clone()).or_insert(Row { first, digests });
    }

    /// What moves, and what is new (G1).
    fn walk(
        &self,
        clone: &Clone<'_>,
        history: &mut History,
        refs: &Refs,
        (asked, commits): (&Asked, &HashMap<Oid, Oid>),
        verdict: &mut Verdict,
    ) -> Vec<Set<'r>> {
        let mut sets = Vec::new();
        for (name, old, new) in &asked.updates {
            let movement = match (old, new) {
                (Some(_), None) => Some("delete"),
                (Some(old), Some(new)) if !is_ancestor(clone, old, new) => Some("rewind"),
                // Whoever has an annotated tag would not get what replaces it.
                (Some(old), Some(new)) if old != new && is_tag(clone, old) => Some("rewind"),
                _ => None,
            };
            for rule in self.gating(name) {
                let allowed = match movement {
                    Some("delete") => rule.allow_delete,
                    Some(_) => rule.allow_rewind,
                    None => true,
                };
                if let Some(code) = movement.filter(|_| !allowed) {
                    verdict.codes.insert(code);
                    verdict.rejects |= rule.mode == Mode::Enforce;
                }
            }
            let Some(tip) = new.as_ref().map(|new| commits[new].clone()) else { continue };
            let theirs = |name: &String| !name.starts_with("refs/countersign/");
            let mut gated = false;
            for rule in self.gating(name) {
                gated = true;
                let trusted = |other: &String| other == name || self.trusts(rule, other);
                let hidden = refs.iter().filter(|(n, _)| theirs(n) && trusted(n));
                let hidden: Vec<Oid> = hidden.map(|(_, id)| id.clone()).collect();
                let new = history.rev_list(clone, std::slice::from_ref(&tip), &hidden);
                let around = new.clone();
                sets.push(Set { rule: Some(rule), name: name.clone(), new, around });
            }
            if !gated {
                let hidden = refs.iter().filter(|(n, _)| theirs(n));
                let hidden: Vec<Oid> = hidden.map(|(_, id)| id.clone()).collect();
                let new = history.rev_list(clone, std::slice::from_ref(&tip), &hidden);
                let hidden = refs.iter().filter(|(n, _)| self.gating(n).next().is_some());
                let hidden: Vec<Oid> = hidden.map(|(_, id)| id.clone()).collect();
                let around = history.rev_list(clone, std::slice::from_ref(&tip), &hidden);
                sets.push(Set { rule: None, name: name.clone(), new, around });
            }
        }
        sets
    }

    /// A trusted pattern counts only for refs that this rule or an enforcing one gates.
    fn trusts(&self, rule: &Rule, name: &str) -> bool {
        rules::matches(rule.trusts.as_ref().unwrap_or(&rule.refs), name)
            && (rules::matches(&rule.refs, name)
                || self.gating(name).any(|other| other.mode == Mode::Enforce))
    }
}

impl Court<'_, '_> {
    fn judge(&mut self, set: &Set<'_>) {
        let Some(rule) = set.rule else { return };
        let bringing = self.bringing(&set.new, &set.around);
        for id in &set.new {
            // A merge by its own paths; what changes nothing matches every rule (G4).
            let paths: Vec<Vec<u8>> = match self.own(id) {
                Some(own) => own.into_iter().collect(),
                None => {
                    let commit = self.history.commit(self.clone, id);
                    commit.entries.iter().map(|(path, ..)| path.clone()).collect()
                }
            };
            let matches = paths.is_empty()
                || paths.iter().any(|path| {
                    rules::matches(&rule.paths, std::str::from_utf8(path).expect("text"))
                });
            if !matches {
                self.note("a rule does not match the paths");
                continue;
            }
            if self.is_asked(rule, id, &bringing) {
                let case = Case { rule, name: &set.name, id };
                if let Some(missing) = self.requirement(&case) {
                    self.verdict.rejects |= rule.mode == Mode::Enforce;
                    self.note(&format!("missing: {:?}", rule.mode));
                    let place = (set.name.clone(), id.clone(), rule.name.to_owned());
                    self.verdict.missing.insert(place, missing);
                }
            } else if self.oracle.rules.declare && !self.is_ai(id) && self.is_silent(id) {
                self.verdict.codes.insert("declaration-missing");
                self.verdict.rejects |= rule.mode == Mode::Enforce;
            }
        }
    }

    /// Whether a commit without evidence neither says no nor is a clean merge (G6).
    fn is_silent(&mut self, id: &Oid) -> bool {
        let commit = self.history.commit(self.clone, id);
        let says_no = commit.message.lines().any(|l| l == "AI-Assisted: no");
        !says_no && !self.own(id).is_some_and(|own| own.is_empty())
    }
}

/// All objects of the repository.
fn objects_in(clone: &Clone<'_>) -> HashSet<Oid> {
    let args = ["cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objectname)"];
    clone.world.git_in(&clone.bare, &args).lines().map(str::to_owned).collect()
}

/// The commit that each value ends in.
fn commits_of(clone: &Clone<'_>, values: &[Oid]) -> HashMap<Oid, Oid> {
    if values.is_empty() {
        return HashMap::new();
    }
    let peeled: Vec<String> = values.iter().map(|id| format!("{id}^{{commit}}")).collect();
    let mut args = vec!["rev-parse"];
    args.extend(peeled.iter().map(String::as_str));
    let listed = clone.git(&args);
    values.iter().cloned().zip(listed.lines().map(str::to_owned)).collect()
}

/// Commits about which an annotated tag, also a nested one, tells of AI.
fn tagged(clone: &Clone<'_>, commits: &HashMap<Oid, Oid>) -> HashSet<Oid> {
    let mut found = HashSet::new();
    for (value, commit) in commits {
        let mut at = value.clone();
        while at != *commit {
            let text = clone.git(&["cat-file", "tag", &at]);
            let (head, message) = text.split_once("\n\n").expect("a message");
            let tagger = head.lines().find_map(|line| line.strip_prefix("tagger "));
            if tells(message) || tagger.is_some_and(|tagger| is_agent(&address(tagger))) {
                found.insert(commit.clone());
            }
            let next = head.lines().next().and_then(|l| l.strip_prefix("object "));
            next.expect("an object").clone_into(&mut at);
        }
    }
    found
}

fn is_tag(clone: &Clone<'_>, id: &str) -> bool {
    clone.git(&["cat-file", "-t", id]) == "tag"
}

/// Whether a commit is another one or an ancestor of it.
pub(super) fn is_ancestor(clone: &Clone<'_>, old: &Oid, new: &Oid) -> bool {
    clone.try_git(&["merge-base", "--is-ancestor", old, new]).code == Some(0)
}
