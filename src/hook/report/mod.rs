//! A decision as the text that a pusher reads (design: the commands).
//!
//! Plain ASCII unless the data is not, at most 72 columns, lines led by the words that git
//! colours. It renders the tree and works nothing out anew.

mod machine;
mod page;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use self::page::Page;
use crate::domain::decision::{
    CommitDecision, Decision, Family, Finding, Have, MergeDecision, Met, Outcome, RefDecision,
    Requirement, Unusable,
};
use crate::domain::escape::escape_short;
use crate::domain::evidence::{Evidence, Place};
use crate::domain::ids::PersonId;
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
    /// Whether whoever reads it runs the gate, on a machine of their own.
    pub detail: bool,
}

/// The whole text, each line ended by a line feed; empty where there is nothing to say.
#[must_use]
pub fn text(decision: &Decision, around: &Surroundings) -> String {
    let mut page = Page::default();
    for delivery in &decision.deliveries {
        page.fixed(&format!("countersign: {} {}", delivery.answer.word(), delivery.statement));
    }
    for finding in shown(&decision.findings) {
        problem(&mut page, finding, None, around);
    }
    let spoken: Vec<_> = decision.refs.iter().filter(|r| has_something_to_say(r)).collect();
    // Where the gate could not decide, what it knows of sign-offs is not the whole.
    let undecided = |f: &Finding| f.family != Family::NotAllowed && f.rejects();
    let mut spoken = if decision.findings.iter().any(undecided) { Vec::new() } else { spoken };
    // What keeps the push out is told first: there may be more than there is room for.
    spoken.sort_by_key(|r| r.verdict != Outcome::Reject);
    for r in spoken.iter().take(REFS) {
        reference(&mut page, decision, r, around);
    }
    let rest = spoken.get(REFS..).unwrap_or_default();
    if !rest.is_empty() {
        page.line(&match rest.iter().filter(|r| r.verdict == Outcome::Reject).count() {
            0 => format!("and {} more refs", rest.len()),
            n => format!("and {} more refs, {n} of them rejected", rest.len()),
        });
    }
    ungated(&mut page, decision, around);
    closing(&mut page, decision, around);
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
    let mut open: Vec<&CommitDecision> = r.commits.iter().filter(|c| is_open(c)).collect();
    open.sort_by_key(|c| !keeps_out(c));
    if open.is_empty() {
        let_in(page, r);
        return;
    }
    heading(page, r, &open);
    let mut told = Vec::new();
    for commit in open.iter().take(COMMITS) {
        page.blank();
        one_commit(page, commit, &mut told);
    }
    if open.len() > COMMITS {
        page.blank();
        page.line(&format!("  and {} more commits", open.len() - COMMITS));
    }
    page.blank();
    steps::next(page, decision, r, &open, around);
}

/// Whether something about the commit is missing, in a mode that speaks.
fn is_open(c: &CommitDecision) -> bool {
    shown(&c.findings).next().is_some() || wanting(c).next().is_some()
}

/// Whether it is one of those that keep the push out.
fn keeps_out(c: &CommitDecision) -> bool {
    c.findings.iter().any(Finding::rejects) || wanting(c).any(|q| q.mode == Mode::Enforce)
}

/// What is not met, in a mode that speaks.
fn wanting(c: &CommitDecision) -> impl Iterator<Item = &Requirement> {
    c.requirements.iter().filter(|q| q.met == Met::No && q.mode != Mode::Observe)
}

fn heading(page: &mut Page, r: &RefDecision, open: &[&CommitDecision]) {
    let rejects = r.verdict == Outcome::Reject;
    let lead = if rejects { "error: " } else { "warning: " };
    let all = r.rules.iter().map(|c| c.checked).max().unwrap_or(open.len());
    let unsigned: Vec<_> = open.iter().filter(|c| wanting(c).next().is_some()).collect();
    // More sign-offs would not help.
    let is_declined = unsigned.iter().all(|c| wanting(c).all(|q| q.blocked));
    let what = match unsigned.len() {
        0 if open.len() == 1 => "1 commit makes no declaration".to_owned(),
        0 => format!("{} commits make no declaration", open.len()),
        1 if all == 1 && is_declined => "1 commit declined".to_owned(),
        n if is_declined => format!("{n} of {all} commits declined"),
        1 if all == 1 => "1 commit needs a senior sign-off".to_owned(),
        1 => format!("1 of {all} commits needs a senior sign-off"),
        n => format!("{n} of {all} commits need a senior sign-off"),
    };
    page.wrapped(lead, &format!("{what} ({})", r.name));
    if !rejects {
        page.line("warning: accepted all the same: the rule only warns");
    }
}

/// `told` holds what was said of earlier commits, so that it is not said again.
fn one_commit<'a>(page: &mut Page, c: &'a CommitDecision, told: &mut Vec<&'a Requirement>) {
    page.cut(&format!("  {} {}", c.id.short(), escape_short(c.subject.as_bytes(), 72)));
    let counted: Vec<_> = c.evidence.iter().filter(|e| e.strength.counts()).collect();
    for evidence in counted.iter().take(EVIDENCE) {
        page.wrapped("    AI: ", &found(evidence));
    }
    if counted.len() > EVIDENCE {
        page.line(&format!("    AI: and {} more lines", counted.len() - EVIDENCE));
    }
    if let Some(merge) = c.merge.as_ref().filter(|_| wanting(c).next().is_some()) {
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
            requirement(page, q);
            told.push(q);
        }
    }
}

/// What a merge does by itself, and what it brings (G16).
fn said_of_merge(merge: &MergeDecision) -> String {
    if merge.is_clean() {
        return "a clean merge; the rule wants those signed too".to_owned();
    }
    let shown: Vec<_> =
        merge.own.iter().take(OWN_PATHS).map(|p| escape_short(p.as_bytes(), 120)).collect();
    let more = match merge.own_paths.saturating_sub(shown.len()) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let brings =
        merge.brings.map_or_else(String::new, |id| format!(" of AI-assisted {}", id.short()));
    format!("not a clean merge{brings}: decides {}{more} itself", shown.join(", "))
}

/// `line 7 "Co-authored-by: ..."`.
fn found(e: &Evidence) -> String {
    let text = escape_short(e.text.as_bytes(), 120);
    match &e.place {
        Place::Author => format!("author \"{text}\""),
        Place::Committer => format!("committer \"{text}\""),
        Place::Line(n) => format!("line {n} \"{text}\""),
        Place::Header(name, n) => format!("header {name}, line {n} \"{text}\""),
        Place::Tag(n) => format!("line {n} of the tag's message \"{text}\""),
        Place::Pusher => format!("pushed by the agent {text}"),
        Place::Message if text.is_empty() => "the message can't be read".to_owned(),
        Place::Message => format!("the message can't be read as \"{text}\", which it says it is"),
    }
}

fn requirement(page: &mut Page, q: &Requirement) {
    let has = match q.have.as_slice() {
        [] => "has 0".to_owned(),
        have => format!("has {} ({})", have.len(), names(have.iter().map(|h| &h.person))),
    };
    let from: Vec<_> = q.from.iter().map(|g| format!("@{g}")).collect();
    page.wrapped(
        "    ",
        &format!(
            "rule \"{}\" (policy line {}): needs {} of {}, {has}",
            shown_name(&q.rule),
            q.line,
            q.needed,
            from.join(", ")
        ),
    );
    if let Some(reason) = &q.reason {
        page.wrapped("      ", &escape_short(reason.as_bytes(), 300));
    }
    if q.one_more {
        let why = "one more than usual: who first pushed it has no name the policy can trust";
        page.wrapped("      ", why);
    }
    for line in people_of(q) {
        page.wrapped("      ", &line);
    }
    if let Some(first) = &q.push_first {
        page.wrapped("      ", &format!("or push {first} first: this rule trusts what it holds"));
    }
}

/// Who stands how to a requirement that is not met, a line each: sign-offs that do not
/// count, declines, who can sign, who can't.
#[must_use]
pub fn people_of(q: &Requirement) -> Vec<String> {
    let mut lines = Vec::new();
    // Who had a hand in it is told below, in fewer words.
    let is_told = |u: &Unusable| u.had_a_hand && q.cannot.iter().any(|c| c.person == u.person);
    for u in q.unusable.iter().filter(|u| !is_told(u)).take(PEOPLE) {
        let of = u.names.map(|id| format!(" of {}", id.short())).unwrap_or_default();
        lines.push(format!("{}'s sign-off{of} does not count: {}", u.person, u.why));
    }
    for d in q.declined.iter().take(PEOPLE) {
        let why = if d.why.is_empty() { String::new() } else { format!(": {}", d.why) };
        lines.push(format!("{} declined it{why}", d.person));
    }
    if q.blocked {
        lines.push("a decline blocks until who declined approves or revokes it".to_owned());
        return lines;
    }
    if !q.can_sign.is_empty() {
        lines.push(format!("can sign: {}", names(q.can_sign.iter())));
    }
    for c in q.cannot.iter().take(PEOPLE) {
        lines.push(format!("{} can't: {}", c.person, c.why));
    }
    if is_out_of_reach(q) {
        let text = if q.one_more {
            "nobody else can sign: a person whom the policy lists has to amend and push the \
             commit, or an admin to put more people into these groups"
        } else {
            "nobody else can sign: an admin has to put more people into these groups"
        };
        lines.push(text.to_owned());
    }
    lines
}

/// Whether more sign-offs are missing than there are people left to give them.
fn is_out_of_reach(q: &Requirement) -> bool {
    q.needed.saturating_sub(q.have.len()) > q.can_sign.len()
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
    if r.verdict == Outcome::Reject {
        return;
    }
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
