//! The next commands, complete and correct for this repository.

use std::collections::BTreeSet;

use super::page::Page;
use super::requirement::is_out_of_reach;
use super::{Surroundings, names, pressing};
use crate::domain::decision::{
    CommitDecision, Decision, Finding, Outcome, RefDecision, Requirement,
};
use crate::domain::evidence::{MarkerKind, is_only_unreadable};
use crate::domain::facts::RefChange;
use crate::domain::ids::{ObjectId, PersonId};

/// Longest name made for a review branch, in bytes.
const SLUG: usize = 24;
const BUNDLE: &str = "review.bundle";
const BUNDLED: &str = "countersign-review";
/// Ids named one by one before a range is shorter.
const IDS: usize = 4;

/// What to do about unsigned commits of one ref.
pub(super) fn next(
    page: &mut Page,
    decision: &Decision,
    r: &RefDecision,
    open: &[&CommitDecision],
    around: &Surroundings,
) {
    let is_hopeless = |c: &CommitDecision| pressing(c, r).any(|q| !q.blocked && is_out_of_reach(q));
    let unsigned: Vec<_> =
        open.iter().filter(|c| pressing(c, r).any(is_open) && !is_hopeless(c)).copied().collect();
    let Some(last) = unsigned.last() else { return };
    let signers = Signers::of(&unsigned, r);
    if signers.0.is_empty() {
        return;
    }
    let unread = unsigned.iter().filter(|c| is_only_unreadable(&c.evidence)).count();
    if unread > 0 && r.verdict == Outcome::Reject {
        page.wrapped("hint: ", "a message in UTF-8 can be read, and may need no sign-off:");
        page.line("hint:      git config i18n.commitEncoding UTF-8");
        page.line("hint:      git commit --amend");
        page.wrapped("hint: ", "or have it signed as it is:");
    }
    let remembered = unsigned.len() - unread;
    if around.remembers && r.verdict == Outcome::Reject && remembered > 0 {
        let are = if remembered == 1 { "change is" } else { "changes are" };
        page.wrapped("hint: ", &format!("the {are} remembered; removing the mark does not help"));
    }
    let is_known = |c: &&CommitDecision| c.evidence.iter().any(|e| e.kind == MarkerKind::Memory);
    if unsigned.iter().any(is_known) {
        let text = "if memory is wrong, a senior says so: countersign correct --help";
        page.wrapped("hint: ", text);
    }
    let full_name = r.name.to_string();
    if !full_name.starts_with("refs/") {
        let why = format!("push to a full name, such as refs/heads/main, not to {full_name}");
        return page.wrapped("hint: ", &why);
    }
    if full_name.as_bytes() != r.name.as_bytes() {
        let why = "the ref's name has characters that can't be shown, so no command here can \
                   name it: push to a plain name";
        return page.wrapped("hint: ", why);
    }
    if let Some(request) = around.requests.get(&r.name) {
        page.wrapped("hint: ", &format!("{}, from anywhere:", signers.text()));
        let mut command = words(&["countersign", "approve", request.as_str()]);
        command.extend(around.server.iter().map(|url| format!("--server {}", quoted(url))));
        page.command("hint:      ", &command);
        page.wrapped("hint: ", "or by git:");
    }
    // A branch takes a commit, not the tag that leads to it.
    let tip = match full_name.starts_with("refs/tags/") {
        true => format!("'{}^{{commit}}'", r.new.short()),
        false => r.new.short(),
    };
    let them = if unsigned.len() == 1 { "it" } else { "them" };
    page.line(&format!("hint: 1. push {them} where a senior can read {them}:"));
    let branch = around.review.as_ref().map(|prefix| format!("{prefix}{}", slug(last)));
    match &branch {
        Some(full) => page
            .command("hint:      ", &words(&["git", "push", "origin", &format!("{tip}:{full}")])),
        None => bundle(page, r, &tip),
    }
    page.wrapped("hint: ", &format!("2. {}, in a clone:", signers.text()));
    match &branch {
        Some(full) => {
            let name = full.strip_prefix("refs/heads/").unwrap_or(full);
            page.command("hint:      ", &words(&["git", "fetch", "origin", name]));
        }
        None => {
            page.command("hint:      ", &words(&["git", "fetch", BUNDLE, BUNDLED]));
        }
    }
    let mut command = words(&["countersign", "approve"]);
    if unsigned.len() <= IDS || r.change != RefChange::FastForward {
        command.extend(unsigned.iter().map(|c| c.id.short()));
    } else {
        command.push(range(r));
    }
    let name = quoted(&full_name);
    let repository = quoted(&decision.repository.to_string());
    // A flag and its value stay on one line.
    command.push(format!("--ref {name}"));
    command.push(format!("--repository {repository}"));
    command.push("--remote origin".to_owned());
    page.command("hint:      ", &command);
    // A decline, or a declaration that is missing, would keep the same push out again.
    let is_stuck = |c: &CommitDecision| {
        is_hopeless(c)
            || pressing(c, r).any(|q| q.blocked)
            || c.findings.iter().any(Finding::rejects)
    };
    if r.verdict == Outcome::Reject && !open.iter().any(|c| is_stuck(c)) {
        page.wrapped("hint: ", "3. the same push again:");
        let again = format!("{}:{}", r.new.short(), quoted(&full_name));
        page.command("hint:      ", &words(&["git", "push", "origin", &again]));
    }
}

/// Where every branch is gated: a file to send. A bundle needs a ref to carry.
fn bundle(page: &mut Page, r: &RefDecision, tip: &str) {
    page.command("hint:      ", &words(&["git", "branch", "-f", BUNDLED, tip]));
    let what = match r.old.is_zero() {
        true => BUNDLED.to_owned(),
        false => format!("{}..{BUNDLED}", r.old.short()),
    };
    page.command("hint:      ", &words(&["git", "bundle", "create", BUNDLE, &what]));
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

fn range(r: &RefDecision) -> String {
    let short = |id: &ObjectId| id.short();
    if r.old.is_zero() { short(&r.new) } else { format!("{}..{}", short(&r.old), short(&r.new)) }
}

/// Who signs which commits: the same people and the same number of them stand together.
struct Signers<'a>(Vec<(BTreeSet<&'a PersonId>, usize, Vec<ObjectId>)>);

impl<'a> Signers<'a> {
    fn of(unsigned: &[&'a CommitDecision], r: &RefDecision) -> Self {
        let mut groups: Vec<(BTreeSet<&PersonId>, usize, Vec<ObjectId>)> = Vec::new();
        for c in unsigned {
            for q in pressing(c, r).filter(|q| is_open(q)) {
                let able: BTreeSet<_> = q.can_sign.iter().collect();
                let missing = q.needed.saturating_sub(q.have.len()).max(1);
                match groups.iter_mut().find(|(p, m, _)| *p == able && *m == missing) {
                    Some((_, _, commits)) if commits.last() == Some(&c.id) => {}
                    Some((_, _, commits)) => commits.push(c.id),
                    None => groups.push((able, missing, vec![c.id])),
                }
            }
        }
        Self(groups)
    }

    /// `ghopper or alovelace (3f9c2ab1); khamilton (77d01e5c) sign`.
    fn text(&self) -> String {
        let [(people, missing, _)] = self.0.as_slice() else {
            let parts: Vec<_> = self
                .0
                .iter()
                .map(|(people, missing, commits)| {
                    let ids: Vec<_> = commits.iter().take(IDS).map(ObjectId::short).collect();
                    let more = if commits.len() > IDS { ", ..." } else { "" };
                    format!("{} ({}{more})", some(people, *missing), ids.join(", "))
                })
                .collect();
            return format!("{} sign", parts.join("; "));
        };
        let verb = if *missing == 1 || people.len() == 1 { "signs" } else { "sign" };
        format!("{} {verb}", some(people, *missing))
    }
}

/// Whether somebody's sign-off would help with what is wanting: somebody can sign, and
/// nothing blocks.
fn is_open(q: &Requirement) -> bool {
    !q.blocked && !q.can_sign.is_empty()
}

fn some(people: &BTreeSet<&PersonId>, missing: usize) -> String {
    let list: Vec<_> = people.iter().copied().collect();
    match (list.as_slice(), missing) {
        ([one], _) => one.to_string(),
        ([one, two], 1) => format!("{one} or {two}"),
        ([one, two], _) => format!("{one} and {two}"),
        (_, 1) => format!("one of {}", names(list.into_iter())),
        (_, n) => format!("{n} of {}", names(list.into_iter())),
    }
}

/// A branch name out of the subject of the last commit: letters, digits and dashes.
fn slug(commit: &CommitDecision) -> String {
    let mut slug = String::new();
    for c in commit.subject.chars() {
        let dash = slug.is_empty() || slug.ends_with('-');
        match c {
            c if c.is_ascii_alphanumeric() => slug.push(c.to_ascii_lowercase()),
            _ if !dash => slug.push('-'),
            _ => {}
        }
        if slug.len() >= SLUG {
            break;
        }
    }
    let slug = slug.trim_matches('-');
    let id = commit.id.short();
    if slug.is_empty() { id } else { format!("{slug}-{}", id.get(..4).unwrap_or(&id)) }
}

/// In single quotes where a shell would read more into it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:@+=,".contains(c);
    if text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}
