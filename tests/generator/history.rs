//! Commits as git itself tells of them: `git cat-file`, `git diff-tree`, `git rev-list`.

use std::collections::{HashMap, HashSet};

use super::objects::{Oid, oid};
use crate::support::Clone;
use crate::support::run::run;
use crate::support::statement::{Entry, digests_of};

/// `change-v1` and `paths-v1`.
pub(super) type Digests = (String, String);

/// One commit.
#[derive(Debug, Default)]
pub(super) struct Commit {
    pub(super) parents: Vec<Oid>,
    pub(super) tree: Oid,
    /// Addresses.
    pub(super) author: String,
    pub(super) committer: String,
    pub(super) message: String,
    /// What it changes; nothing for a merge.
    pub(super) entries: Vec<Entry>,
    /// `None` for a merge and for an empty change.
    pub(super) digests: Option<Digests>,
}

/// Every commit that was asked for, read once.
#[derive(Debug, Default)]
pub(super) struct History {
    commits: HashMap<Oid, Commit>,
    /// What a change digest stands for.
    pub(super) entries: HashMap<String, Vec<Entry>>,
    sums: HashMap<(Oid, Oid), Option<Digests>>,
}

impl History {
    /// A commit that is there.
    pub(super) fn commit(&mut self, clone: &Clone<'_>, id: &Oid) -> &Commit {
        self.read(clone, std::slice::from_ref(id));
        &self.commits[id]
    }

    /// Reads all of these at once.
    pub(super) fn read(&mut self, clone: &Clone<'_>, ids: &[Oid]) {
        let mut wanted: Vec<&str> =
            ids.iter().filter(|id| !self.commits.contains_key(*id)).map(Oid::as_str).collect();
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return;
        }
        let stdin = wanted.join("\n") + "\n";
        let output = run(clone.command("git").args(["cat-file", "--batch"]), stdin.as_bytes());
        output.exits(0);
        let mut rest = output.stdout.as_slice();
        for id in &wanted {
            let head = line(&mut rest);
            let size: usize = head.rsplit(' ').next().expect("a size").parse().expect("a size");
            self.commits.insert((*id).to_owned(), parse(&rest[..size]));
            rest = &rest[size + 1..];
        }
        let args = ["diff-tree", "--stdin", "-r", "--raw", "--no-renames", "--no-abbrev", "--root"];
        let output = run(clone.command("git").args(args), stdin.as_bytes());
        let mut at = String::new();
        for line in output.exits(0).out().lines() {
            match line.strip_prefix(':') {
                None => at = line.to_owned(),
                Some(raw) => {
                    let commit = self.commits.get_mut(&at).expect("a commit that was asked for");
                    commit.entries.push(entry(raw));
                }
            }
        }
        for id in wanted {
            let commit = self.commits.get_mut(id).expect("a commit");
            commit.digests = digests_of(format_of(id), commit.entries.clone());
            if let Some((change, _)) = &commit.digests {
                self.entries.insert(change.clone(), commit.entries.clone());
            }
        }
    }

    /// What a range does as a whole.
    pub(super) fn sum(&mut self, clone: &Clone<'_>, base: &Oid, tip: &Oid) -> Option<Digests> {
        let key = (base.clone(), tip.clone());
        if !self.sums.contains_key(&key) {
            let args = ["diff-tree", "-r", "--raw", "--no-renames", "--no-abbrev", base, tip];
            let text = clone.try_git(&args).line();
            let entries: Vec<_> =
                text.lines().filter_map(|l| l.strip_prefix(':')).map(entry).collect();
            let digests = digests_of(format_of(tip), entries.clone());
            if let Some((change, _)) = &digests {
                self.entries.insert(change.clone(), entries);
            }
            self.sums.insert(key.clone(), digests);
        }
        self.sums[&key].clone()
    }

    /// `git rev-list tips --not hidden`, parents first.
    pub(super) fn rev_list(&mut self, clone: &Clone<'_>, tips: &[Oid], hidden: &[Oid]) -> Vec<Oid> {
        let mut stdin = String::new();
        tips.iter().for_each(|id| stdin.push_str(&format!("{id}\n")));
        hidden.iter().for_each(|id| stdin.push_str(&format!("^{id}\n")));
        let args = ["rev-list", "--stdin", "--topo-order", "--reverse"];
        let listed = clone.git_with(&args, stdin.as_bytes());
        let listed: Vec<Oid> = listed.lines().map(str::to_owned).collect();
        self.read(clone, &listed);
        listed
    }
}

/// Ids of all objects that these tips lead to.
pub(super) fn objects_of(clone: &Clone<'_>, tips: &[Oid]) -> HashSet<Oid> {
    let stdin: String = tips.iter().map(|id| format!("{id}\n")).collect();
    let args = ["rev-list", "--stdin", "--objects", "--no-object-names"];
    clone.git_with(&args, stdin.as_bytes()).lines().map(str::to_owned).collect()
}

/// The object format by the length of an id.
fn format_of(id: &str) -> &'static str {
    if id.len() == 40 { "sha1" } else { "sha256" }
}

fn line<'a>(rest: &mut &'a [u8]) -> &'a str {
    let end = rest.iter().position(|b| *b == b'\n').expect("a line");
    let text = std::str::from_utf8(&rest[..end]).expect("text");
    *rest = &rest[end + 1..];
    text
}

fn parse(raw: &[u8]) -> Commit {
    let text = String::from_utf8_lossy(raw);
    let (head, message) = text.split_once("\n\n").expect("a message");
    let mut commit = Commit { message: message.to_owned(), ..Commit::default() };
    for line in head.lines() {
        let (key, value) = line.split_once(' ').expect("a header");
        match key {
            "tree" => value.clone_into(&mut commit.tree),
            "parent" => commit.parents.push(value.to_owned()),
            "author" => commit.author = address(value),
            "committer" => commit.committer = address(value),
            _ => {}
        }
    }
    commit
}

/// The address between brackets, in lower case.
pub(super) fn address(ident: &str) -> String {
    let start = ident.find('<').map_or(0, |at| at + 1);
    let end = ident[start..].find('>').map_or(ident.len(), |at| start + at);
    ident[start..end].trim().to_lowercase()
}

fn entry(raw: &str) -> Entry {
    let (meta, path) = raw.split_once('\t').expect("a path");
    let words: Vec<&str> = meta.split(' ').collect();
    let bytes = |hex: &str| oid(hex).as_bytes().to_vec();
    let mode = |octal: &str| u32::from_str_radix(octal, 8).expect("a mode");
    let (old, new) = ((mode(words[0]), bytes(words[2])), (mode(words[1]), bytes(words[3])));
    (path.as_bytes().to_vec(), old, new)
}
