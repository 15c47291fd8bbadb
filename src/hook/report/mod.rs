//! A decision as the text that a pusher reads (design: the commands).
//!
//! Plain ASCII unless the data is not, at most 72 columns, lines led by the words that git
//! colours. It renders the tree and works nothing out anew.

mod machine;
mod page;
mod pick;
mod requirement;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use self::page::Page;
pub use self::requirement::people_of;
use crate::domain::decision::{
    CommitDecision, Decision, Family, Finding, Have, MergeDecision, Met, Outcome, RefDecision,
    Requirement,
};
use crate::domain::escape::escape_short;
use crate::domain::evidence::{Evidence, Place};
use crate::domain::ids::{PersonId, RefName, RequestId};
use crate::domain::policy::Mode;

/// Commits shown of a ref.
const COMMITS: usize = 10;
/// Pieces of evidence shown of a commit.
const EVIDENCE: usize = 3;
/// Paths shown of a merge's own change.
const OWN_PATHS: usize = 5;
/// Names shown of a list of people.
const PEOPLE: usize = 8;
/// Refs shown of a push.
const REFS: usize = 8;
/// Further refs that are named.
const NAMED: usize = 24;
/// Problems of the push as a whole that are shown.
const PROBLEMS: usize = 8;

/// What the text needs beside the decision.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// A ref prefix below which nothing is gated, such as `refs/heads/review/`.
    pub review: Option<String>,
    /// Whether the decision stands in the log, so that its id leads somewhere.
    pub is_recorded: bool,
    /// `[report] machine_line`.
    pub machine_line: bool,
    /// `[report] ungated_hint` (G25).
    pub ungated_hint: bool,
    /// Whether what was shown is remembered (G9).
    pub remembers: bool,
    /// Whether whoever reads it runs the gate, on a machine of their own.
    pub detail: bool,
    /// Whether all refs and commits are told, however many.
    pub whole: bool,
    /// Review requests by ref, where seniors ask a server for them.
    pub requests: BTreeMap<RefName, RequestId>,
    /// That server's address, where it is one for everybody.
    pub server: Option<String>,
}

/// The whole text, each line ended by a line feed; empty where there is nothing to say.
#[must_use]
pub fn text(decision: &Decision, around: &Surroundings) -> String {
    let mut page = Page::default();
    for delivery in &decision.deliveries {
        page.fixed(&format!("countersign: {} {}", delivery.answer.word(), delivery.statement));
    }
    let problems: Vec<_> = shown(&decision.findings).collect();
    let most = if around.whole { usize::MAX } else { PROBLEMS };
    let (told, rest) = pick::findings(&problems, most);
    for finding in told {
        problem(&mut page, finding, None, around);
    }
    if !rest.is_empty() {
        page.line(&format!("and {}", count(rest.len(), "more problem", "more problems")));
    }
    let spoken: Vec<_> = decision.refs.iter().filter(|r| has_something_to_say(r)).collect();
    // Where the gate could not decide, what it knows of sign-offs is not the whole.
    let undecided = |f: &Finding| f.family != Family::NotAllowed && f.rejects();
    let spoken = if decision.findings.iter().any(undecided) { Vec::new() } else { spoken };
    let (mut told, rest) = pick::refs(&spoken, if around.whole { usize::MAX } else { REFS });
    told.sort_by_key(|r| r.verdict != Outcome::Reject);
    for r in told {
        reference(&mut page, decision, r, around);
    }
    if !rest.is_empty() {
        let of_them = match rest.iter().filter(|r| r.verdict == Outcome::Reject).count() {
            0 => String::new(),
            n => format!(", {n} of them rejected"),
        };
        let shown: Vec<_> = rest.iter().take(NAMED).map(|r| r.name.to_string()).collect();
        let more = if rest.len() > NAMED { ", ..." } else { "" };
        let refs = count(rest.len(), "more ref", "more refs");
        page.wrapped("", &format!("and {refs}{of_them}: {}{more}", shown.join(", ")));
    }
    ungated(&mut page, decision, around);
    closing(&mut page, decision, around);
    page.into_text()
}

/// One commit by itself: what makes it AI-assisted, what it needs and who stands how to that.
#[must_use]
pub fn commit_text(c: &CommitDecision) -> String {
    let mut page = Page::default();
    one_commit(&mut page, c, &mut Vec::new());
    page.into_text()
}

fn shown(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|f| f.mode != Mode::Observe)
}

fn has_something_to_say(r: &RefDecision) -> bool {
    shown(&r.findings).next().is_some()
        || r.commits.iter().any(|c| {
            shown(&c.findings).next().is_some()
                || c.requirements.iter().any(|q| q.mode != Mode::Observe || q.met != Met::No)
        })
}

/// The first words tell whose business a "no" is.
fn family(family: Family) -> &'static str {
    match family {
        Family::NotAllowed => "not allowed",
        Family::UnknownPusher => "can't tell who you are",
        Family::StoreUnreachable => "sign-off store unreachable",
        Family::PolicyBroken => "policy broken",
        Family::CouldNotFinish => "could not finish",
    }
}

fn problem(page: &mut Page, finding: &Finding, place: Option<&str>, around: &Surroundings) {
    let lead = if finding.rejects() { "error" } else { "warning" };
    let place = place.map(|p| format!(" ({p})")).unwrap_or_default();
    page.wrapped(
        &format!("{lead}: "),
        &format!("{}: {}{place}", family(finding.family), finding.message),
    );
    match &finding.detail {
        Some(detail) if around.detail => {
            page.wrapped("  ", &escape_short(detail.as_bytes(), 2_000))
        }
        _ if finding.family != Family::NotAllowed
            && finding.rejects()
            && finding.hints.is_empty() =>
        {
            page.line("hint: this is not your fault; tell the server's admins");
        }
        _ => {}
    }
    for hint in &finding.hints {
        page.wrapped("hint: ", hint);
    }
}

fn reference(page: &mut Page, decision: &Decision, r: &RefDecision, around: &Surroundings) {
    let name = r.name.to_string();
    for finding in shown(&r.findings) {
        problem(page, finding, Some(&name), around);
    }
    let open: Vec<&CommitDecision> = r.commits.iter().filter(|c| is_open(c)).collect();
    if r.verdict == Outcome::Accept {
        let_in(page, r);
    }
    if open.is_empty() {
        return;
    }
    heading(page, decision, r, &open);
    let mut told = Vec::new();
    let (shown, rest) = pick::commits(&open, if around.whole { usize::MAX } else { COMMITS });
    for commit in shown {
        page.blank();
        one_commit(page, commit, &mut told);
    }
    if !rest.is_empty() {
        page.blank();
        page.line(&format!("  and {}", count(rest.len(), "more commit", "more commits")));
    }
    page.blank();
    steps::next(page, decision, r, &open, around);
}

fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// Whether something about the commit is missing, in a mode that speaks.
fn is_open(c: &CommitDecision) -> bool {
    shown(&c.findings).next().is_some() || wanting(c).next().is_some()
}

/// What is not met, in a mode that speaks.
fn wanting(c: &CommitDecision) -> impl Iterator<Item = &Requirement> {
    c.requirements.iter().filter(|q| q.met == Met::No && q.mode != Mode::Observe)
}

/// What is not met and has to be for the ref to land; all of it where the ref lands anyway.
fn pressing<'a>(c: &'a CommitDecision, r: &RefDecision) -> impl Iterator<Item = &'a Requirement> {
    let rejects = r.verdict == Outcome::Reject;
    wanting(c).filter(move |q| !rejects || q.mode == Mode::Enforce)
}

fn heading(page: &mut Page, decision: &Decision, r: &RefDecision, open: &[&CommitDecision]) {
    let rejects = r.verdict == Outcome::Reject;
    let lead = if rejects { "error: " } else { "warning: " };
    let all = r.rules.iter().map(|c| c.checked).max().unwrap_or(open.len());
    let of_all = |n: usize| match (n, all) {
        (1, 1) => "1 commit".to_owned(),
        _ => format!("{n} of {all} commits"),
    };
    let unsigned: Vec<_> = open.iter().filter(|c| pressing(c, r).next().is_some()).collect();
    // More sign-offs would not help.
    let declined = unsigned.iter().filter(|c| pressing(c, r).all(|q| q.blocked)).count();
    let needing = unsigned.len() - declined;
    let has_finding = |c: &&&CommitDecision| shown(&c.findings).any(|f| !rejects || f.rejects());
    let silent = open.iter().filter(has_finding).count();
    let mut what = Vec::new();
    if needing > 0 {
        let verb = if needing == 1 { "needs" } else { "need" };
        what.push(format!("{} {verb} a senior sign-off", of_all(needing)));
    }
    if declined > 0 {
        what.push(format!("{} declined", of_all(declined)));
    }
    if silent > 0 {
        let verb = if silent == 1 { "makes" } else { "make" };
        what.push(format!("{} {verb} no declaration", count(silent, "commit", "commits")));
    }
    page.wrapped(lead, &format!("{} ({})", what.join("; "), r.name));
    if !rejects {
        page.line(match decision.verdict {
            Outcome::Accept => "warning: accepted all the same: the rule only warns",
            Outcome::Reject => "warning: the rule only warns",
        });
    }
}

/// `told` holds what was said of earlier commits, so that it is not said again.
fn one_commit<'a>(page: &mut Page, c: &'a CommitDecision, told: &mut Vec<&'a Requirement>) {
    page.cut(&format!("  {} {}", c.id.short(), escape_short(c.subject.as_bytes(), 72)));
    // What a rule counts though it is weak stands alone, or it would not be asked about.
    let is_weak = !c.evidence.iter().any(|e| e.strength.counts()) && wanting(c).next().is_some();
    let counted: Vec<_> = c.evidence.iter().filter(|e| e.strength.counts() || is_weak).collect();
    for evidence in counted.iter().take(EVIDENCE) {
        page.wrapped(if is_weak { "    AI (hint): " } else { "    AI: " }, &found(evidence));
    }
    if counted.len() > EVIDENCE {
        page.line(&format!("    AI: and {} more lines", counted.len() - EVIDENCE));
    }
    let is_told = |merge: &&MergeDecision| wanting(c).next().is_some() || merge.unread.is_some();
    if let Some(merge) = c.merge.as_ref().filter(is_told) {
        page.wrapped("    ", &said_of_merge(merge));
    }
    for finding in shown(&c.findings) {
        page.wrapped("    ", &finding.message);
        for hint in &finding.hints {
            page.wrapped("      ", hint);
        }
    }
    for q in wanting(c) {
        if told.contains(&q) {
            page.wrapped("    ", &format!("rule \"{}\": as above", shown_name(&q.rule)));
        } else {
            requirement::told(page, q);
            told.push(q);
        }
    }
}

/// What a merge does by itself, and what it brings (G16).
fn said_of_merge(merge: &MergeDecision) -> String {
    if merge.is_clean() {
        return "a clean merge; the rule wants those signed too".to_owned();
    }
    let brings =
        merge.brings.map_or_else(String::new, |id| format!(" of AI-assisted {}", id.short()));
    if let Some(absent) = merge.unread {
        let absent = absent.short();
        return format!(
            "a merge{brings} that can't be merged again here, as the server lacks object {absent}; \
             taken for one that decides everything itself"
        );
    }
    let shown: Vec<_> =
        merge.own.iter().take(OWN_PATHS).map(|p| escape_short(p.as_bytes(), 120)).collect();
    let more = match merge.own_paths.saturating_sub(shown.len()) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    format!("not a clean merge{brings}: decides {}{more} itself", shown.join(", "))
}

/// `line 7 "Co-authored-by: ..."`.
fn found(e: &Evidence) -> String {
    let text = escape_short(e.text.as_bytes(), 120);
    let quotes = if e.quotation { ", quoting another message" } else { "" };
    let place = match &e.place {
        Place::Author => format!("author \"{text}\""),
        Place::Committer => format!("committer \"{text}\""),
        Place::Line(n) => format!("line {n} \"{text}\""),
        Place::Header(name, n) => format!("header {name}, line {n} \"{text}\""),
        Place::Tag(0) => format!("tagger \"{text}\""),
        Place::Tag(n) => format!("line {n} of the tag's message \"{text}\""),
        Place::Pusher => format!("pushed by the agent {text}"),
        Place::Change => escape_short(e.text.as_bytes(), 240),
        Place::Note => format!("a note in {text}"),
        Place::Message if text.is_empty() => "the message can't be read".to_owned(),
        Place::Message => format!("the message can't be read as \"{text}\", which it says it is"),
    };
    format!("{place}{quotes}")
}

fn shown_name(rule: &str) -> String {
    escape_short(rule.as_bytes(), 60)
}

fn names<'a>(people: impl Iterator<Item = &'a PersonId>) -> String {
    let all: Vec<_> = people.map(PersonId::to_string).collect();
    let more = all.len().saturating_sub(PEOPLE);
    let shown: Vec<_> = all.into_iter().take(PEOPLE).collect();
    match more {
        0 => shown.join(", "),
        n => format!("{} and {n} more", shown.join(", ")),
    }
}

/// One line that says whose sign-off let it in.
fn let_in(page: &mut Page, r: &RefDecision) {
    let met = |met: Met| {
        r.commits.iter().filter(move |c| c.requirements.iter().any(|q| q.met == met)).count()
    };
    let signers: BTreeSet<&PersonId> = r
        .commits
        .iter()
        .flat_map(|c| &c.requirements)
        .flat_map(|q| q.have.iter().map(|h: &Have| &h.person))
        .collect();
    let plural = |n: usize| if n == 1 { "1 commit".to_owned() } else { format!("{n} commits") };
    let signed = met(Met::SignedOff);
    if signed > 0 {
        let by = names(signers.into_iter());
        page.wrapped("success: ", &format!("{}: {} signed off by {by}", r.name, plural(signed)));
    }
    let exempt = met(Met::Exempt);
    if exempt > 0 {
        let text = format!("{}: {} let in, the pusher is exempt", r.name, plural(exempt));
        page.wrapped("success: ", &text);
    }
}

/// G25: told early.
fn ungated(page: &mut Page, decision: &Decision, around: &Surroundings) {
    if !around.ungated_hint || decision.verdict == Outcome::Reject {
        return;
    }
    let Some(early) = decision.refs.iter().find_map(|r| r.early.as_ref()) else { return };
    let count: usize = decision.refs.iter().map(|r| r.ungated_ai).sum();
    let commits =
        if count == 1 { "1 commit is".to_owned() } else { format!("{count} commits are") };
    let from: Vec<_> = early.from.iter().map(|g| format!("@{g}")).collect();
    page.wrapped(
        "hint: ",
        &format!(
            "{commits} AI-assisted; {} will ask for {} sign-off{} of {}",
            escape_short(early.refs.as_bytes(), 80),
            early.sign_offs,
            if early.sign_offs == 1 { "" } else { "s" },
            from.join(", ")
        ),
    );
}

fn closing(page: &mut Page, decision: &Decision, around: &Surroundings) {
    if decision.verdict == Outcome::Reject && around.is_recorded {
        let policy = decision.policy.map_or_else(|| "unread".to_owned(), |p| p.short());
        page.line(&format!("decision {} policy {policy}", decision.id.as_str()));
    }
    if around.machine_line {
        page.fixed(&format!("countersign-json: {}", machine::line(decision)));
    }
}
