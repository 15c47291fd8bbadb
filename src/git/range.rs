//! Walks: which commits are new (G1), and what an update does to its ref.
//!
//! STRATEGY. Most pushes add a chain of commits with one parent each to what the ref held.
//! Such a chain is walked in process: every ancestor of its tip is in the chain or an
//! ancestor of its base, and none of the chain is an ancestor of the base, so the chain is
//! exactly what is new, whatever dates say. Everything else is asked of `git rev-list` in
//! the sealed environment, once, with the ids on standard input; libgit2's own walk is
//! unusable with many hidden tips. A rev-list that fails is looked into in process, to say
//! which object is missing.
//!
//! Shallow lists, grafts, replace refs and commit-graphs change nothing here (G17).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use crate::domain::ids::{ObjectFormat, ObjectId};

use super::commit::{links, tag_link};
use super::read::TAG_LEVELS;
use super::{GitError, Kind, Repo};

/// Commits of a chain that are walked in process before git is asked.
const CHAIN: usize = 1_000;
/// Bytes of a commit that a walk reads; whoever wants its message has a limit of their own.
const COMMIT_BYTES: usize = 16 << 20;

/// What an update does to a ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefChange {
    /// The commits reachable from the new tip and not from the old, parents first.
    pub commits: Vec<ObjectId>,
    /// Whether the old tip is the new one or an ancestor of it.
    pub fast_forward: bool,
}

/// The commits reachable from `tip` and from none of `hidden`, parents before children.
/// `hidden` may name tags; what does not end in a commit hides nothing. At most one child;
/// none where `tip` is a short chain upon a single hidden commit.
///
/// # Errors
/// [`GitError::TooManyCommits`] past `limit`; [`GitError::MissingParent`] where history
/// ends early; [`GitError::Missing`] where `tip` or one of `hidden` is not there.
pub fn new_commits(
    repo: &Repo,
    tip: ObjectId,
    hidden: &[ObjectId],
    limit: usize,
) -> Result<Vec<ObjectId>, GitError> {
    let tip = commit_of(repo, tip)?.ok_or(GitError::WrongKind { id: tip, wanted: "commit" })?;
    let bases = commits_of(repo, hidden)?;
    if let [base] = bases.as_slice()
        && let Some(chain) = chain(repo, tip, |id| id == *base)
    {
        return within(chain, limit);
    }
    parents_first(&rev_list(repo, &[tip], Hidden::Commits(&bases), limit)?)
}

/// The commits reachable from any of these, parents first. One child.
///
/// # Errors
/// [`GitError::TooManyCommits`] past `limit`, and where the child fails.
pub fn all_commits(
    repo: &Repo,
    tips: &[ObjectId],
    limit: usize,
) -> Result<Vec<ObjectId>, GitError> {
    if tips.is_empty() {
        return Ok(Vec::new());
    }
    parents_first(&rev_list(repo, tips, Hidden::Commits(&[]), limit)?)
}

/// The commits reachable from `tip` and from no ref's value before the push (G1, ungated
/// refs), parents first. `old` is the pushed ref's own value, if it has one. No child where
/// the push itself brought a short chain on top of `old`.
///
/// # Errors
/// As [`new_commits`].
pub fn new_for_any_ref(
    repo: &Repo,
    tip: ObjectId,
    old: Option<ObjectId>,
    limit: usize,
) -> Result<Vec<ObjectId>, GitError> {
    let tip = commit_of(repo, tip)?.ok_or(GitError::WrongKind { id: tip, wanted: "commit" })?;
    let old = old.map(|id| commit_of(repo, id)).transpose()?.flatten();
    // What was not there before the push, no ref can have led to.
    if let Some(old) = old
        && repo.quarantine.is_some()
        && let Some(chain) = chain(repo, tip, |id| id == old)
        && !chain.iter().any(|id| repo.exists_before_push(*id))
    {
        return within(chain, limit);
    }
    parents_first(&rev_list(repo, &[tip], Hidden::EveryRef, limit)?)
}

/// What moving a ref from `old` to `new` does; both are commits or tags of commits. At most
/// one child; none for a short chain.
///
/// # Errors
/// As [`new_commits`].
pub fn ref_change(
    repo: &Repo,
    old: ObjectId,
    new: ObjectId,
    limit: usize,
) -> Result<RefChange, GitError> {
    let commit = |id| commit_of(repo, id)?.ok_or(GitError::WrongKind { id, wanted: "commit" });
    let (old, new) = (commit(old)?, commit(new)?);
    if let Some(chain) = chain(repo, new, |id| id == old) {
        return Ok(RefChange { commits: within(chain, limit)?, fast_forward: true });
    }
    // On a way from `new` down to `old` the last commit above `old` can't be reachable from
    // it (that would be a circle), so it is listed, and names `old` as its parent.
    let listed = rev_list(repo, &[new], Hidden::Commits(&[old]), limit)?;
    let fast_forward = listed.iter().any(|line| line.parents.contains(&old));
    Ok(RefChange { fast_forward, commits: parents_first(&listed)? })
}

impl Repo {
    /// The best common ancestors of two commits, sorted; empty where they share none. One
    /// child.
    pub fn merge_bases(&self, a: ObjectId, b: ObjectId) -> Result<Vec<ObjectId>, GitError> {
        self.bases(&["--all"], &[a, b])
    }

    /// The best common ancestors of all of these commits at once, sorted; empty where they
    /// share none. One child.
    pub(super) fn octopus_bases(&self, commits: &[ObjectId]) -> Result<Vec<ObjectId>, GitError> {
        self.bases(&["--all", "--octopus"], commits)
    }

    fn bases(&self, how: &[&str], commits: &[ObjectId]) -> Result<Vec<ObjectId>, GitError> {
        let names = commits.iter().map(ToString::to_string);
        let said = self.git("merge-base").args(how).args(["--"]).args(names).run()?;
        match said.code {
            0 => {}
            1 if said.stdout.is_empty() && said.stderr.is_empty() => return Ok(Vec::new()),
            _ => {
                let missing = commits.iter().copied().find(|id| !self.exists(*id));
                return Err(match missing {
                    Some(id) => GitError::Missing { id },
                    None => said.error("merge-base"),
                });
            }
        }
        let mut bases = Vec::new();
        for line in lines(&said.stdout, "merge-base")? {
            bases.push(ObjectId::from_hex(line).ok_or_else(|| garbled("merge-base"))?);
        }
        bases.sort_unstable();
        Ok(bases)
    }

    /// The parents of a commit as git reads them, and its tree; for walks alone, everything
    /// that judges a commit reads it by [`Repo::commit`].
    pub(super) fn links(&self, id: ObjectId) -> Result<(ObjectId, Vec<ObjectId>), GitError> {
        let raw = self.raw_of(id, Kind::Commit, COMMIT_BYTES)?;
        links(id, &raw).ok_or(GitError::Malformed { id, reason: "its first headers" })
    }
}

/// The commits that these end in, each once; what does not end in one is left out.
///
/// # Errors
/// [`GitError::Missing`] where one of them is not there.
pub fn commits_of(repo: &Repo, ids: &[ObjectId]) -> Result<Vec<ObjectId>, GitError> {
    let mut commits = Vec::new();
    for id in ids {
        commits.extend(commit_of(repo, *id)?);
    }
    commits.sort_unstable();
    commits.dedup();
    Ok(commits)
}

/// The commit that an id ends in; `None` where that is a tree or a blob. Old tags that
/// [`Repo::peel`] would refuse still point somewhere.
pub fn commit_of(repo: &Repo, id: ObjectId) -> Result<Option<ObjectId>, GitError> {
    let mut at = id;
    for _ in 0..=TAG_LEVELS {
        match repo.header(at)?.0 {
            Kind::Commit => return Ok(Some(at)),
            Kind::Tag => {
                let raw = repo.raw_of(at, Kind::Tag, COMMIT_BYTES)?;
                let reason = "its first header is no object";
                at = tag_link(at, &raw).ok_or(GitError::Malformed { id: at, reason })?;
            }
            Kind::Tree | Kind::Blob => return Ok(None),
        }
    }
    Err(GitError::TagsTooDeep { id, limit: TAG_LEVELS })
}

/// The commits from `tip` down to the base, parents first; `None` where the way down is no
/// chain of single parents, or too long, or anything about it is odd.
fn chain(repo: &Repo, tip: ObjectId, is_base: impl Fn(ObjectId) -> bool) -> Option<Vec<ObjectId>> {
    let mut chain = Vec::new();
    let mut at = tip;
    while !is_base(at) {
        if chain.len() >= CHAIN {
            return None;
        }
        let (_, parents) = repo.links(at).ok()?;
        let [parent] = parents.as_slice() else { return None };
        chain.push(at);
        at = *parent;
    }
    chain.reverse();
    Some(chain)
}

fn within(commits: Vec<ObjectId>, limit: usize) -> Result<Vec<ObjectId>, GitError> {
    if commits.len() > limit { Err(GitError::TooManyCommits { limit }) } else { Ok(commits) }
}

/// What a walk leaves out, with all that is below it.
#[derive(Debug, Clone, Copy)]
pub enum Hidden<'a> {
    /// These commits.
    Commits(&'a [ObjectId]),
    /// What any ref of the repository holds.
    EveryRef,
}

/// A commit that a walk lists, with all its parents.
pub(super) struct Line {
    pub(super) id: ObjectId,
    pub(super) parents: Vec<ObjectId>,
}

/// What these tips reach and what is not hidden, in git's order.
pub(super) fn rev_list(
    repo: &Repo,
    tips: &[ObjectId],
    hidden: Hidden<'_>,
    limit: usize,
) -> Result<Vec<Line>, GitError> {
    let mut child = repo.git("rev-list").args([
        "--stdin",
        "--parents",
        &format!("--max-count={}", limit.saturating_add(1)),
    ]);
    let mut stdin: String = tips.iter().map(|tip| format!("{tip}\n")).collect();
    match hidden {
        Hidden::Commits(ids) => stdin.extend(ids.iter().map(|id| format!("^{id}\n"))),
        Hidden::EveryRef => child = child.args(["--not", "--all"]),
    }
    let said = child.stdin(stdin.into_bytes()).run()?;
    if said.code != 0 {
        let hidden = if let Hidden::Commits(ids) = hidden { ids } else { &[] };
        let gap = if let [tip] = tips { gap(repo, *tip, hidden, limit) } else { None };
        return Err(gap.unwrap_or_else(|| said.error("rev-list")));
    }
    let listed = parse(&said.stdout, repo.format())?;
    if listed.len() > limit { Err(GitError::TooManyCommits { limit }) } else { Ok(listed) }
}

fn garbled(command: &str) -> GitError {
    let reason = "its output is cut short or not what was asked for".to_owned();
    GitError::Child { command: command.to_owned(), reason }
}

fn lines<'a>(stdout: &'a [u8], command: &str) -> Result<impl Iterator<Item = &'a [u8]>, GitError> {
    let whole = match stdout {
        [] => stdout,
        _ => stdout.strip_suffix(b"\n").ok_or_else(|| garbled(command))?,
    };
    Ok(whole.split(|c| *c == b'\n').filter(|line| !line.is_empty()))
}

fn parse(stdout: &[u8], format: ObjectFormat) -> Result<Vec<Line>, GitError> {
    let mut listed = Vec::new();
    for line in lines(stdout, "rev-list")? {
        let ids: Option<Vec<ObjectId>> = line
            .split(|c| *c == b' ')
            .map(|hex| ObjectId::from_hex(hex).filter(|id| id.format() == format))
            .collect();
        let ids = ids.ok_or_else(|| garbled("rev-list"))?;
        let (id, parents) = ids.split_first().ok_or_else(|| garbled("rev-list"))?;
        listed.push(Line { id: *id, parents: parents.to_vec() });
    }
    Ok(listed)
}

/// Sorts so that parents come first; among those that may come next, git's oldest does.
pub(super) fn parents_first(listed: &[Line]) -> Result<Vec<ObjectId>, GitError> {
    let place: HashMap<ObjectId, usize> =
        listed.iter().enumerate().map(|(at, line)| (line.id, at)).collect();
    let mut waiting = vec![0_usize; listed.len()];
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); listed.len()];
    for (at, line) in listed.iter().enumerate() {
        for parent in line.parents.iter().filter_map(|p| place.get(p)) {
            if let (Some(n), Some(c)) = (waiting.get_mut(at), children.get_mut(*parent)) {
                *n += 1;
                c.push(at);
            }
        }
    }
    let ready = waiting.iter().enumerate().filter(|(_, n)| **n == 0).map(|(at, _)| at);
    let mut ready: BinaryHeap<usize> = ready.collect();
    let mut sorted = Vec::with_capacity(listed.len());
    while let Some(at) = ready.pop() {
        sorted.extend(listed.get(at).map(|line| line.id));
        for child in children.get(at).into_iter().flatten() {
            if let Some(n) = waiting.get_mut(*child) {
                *n -= 1;
                if *n == 0 {
                    ready.push(*child);
                }
            }
        }
    }
    if sorted.len() == listed.len() { Ok(sorted) } else { Err(garbled("rev-list")) }
}

/// Why a rev-list failed, if an object is missing; it looks at no more than `limit` commits,
/// nearest first.
fn gap(repo: &Repo, tip: ObjectId, hidden: &[ObjectId], limit: usize) -> Option<GitError> {
    // Pruning everything while a push is under way takes away what the push brought.
    if repo.quarantine.as_ref().is_some_and(|q| !q.objects().is_dir()) {
        return Some(GitError::Pruned);
    }
    if let Some(id) = std::iter::once(&tip).chain(hidden).find(|id| !repo.exists(**id)) {
        return Some(GitError::Missing { id: *id });
    }
    let mut seen: HashSet<ObjectId> = hidden.iter().copied().collect();
    let mut queue = BinaryHeap::from([Reverse((0_usize, tip))]);
    while let Some(Reverse((depth, commit))) = queue.pop() {
        if !seen.insert(commit) || seen.len() > limit.saturating_add(hidden.len()) {
            continue;
        }
        for parent in repo.links(commit).ok()?.1 {
            if !repo.exists(parent) {
                let ends_early = repo.sender_is_shallow();
                return Some(GitError::MissingParent { commit, parent, ends_early });
            }
            queue.push(Reverse((depth + 1, parent)));
        }
    }
    None
}
