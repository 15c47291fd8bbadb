//! What one program reads of a commit, so that it can be held against what others read.
//! A module of two: of the tests of `git`, and of the fuzz target. The parent brings
//! [`Commit`], [`Ident`] and [`ObjectId`].

use git2::Repository;

use super::{Commit, Ident, ObjectId};

/// What one of the three reads of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Read {
    tree: String,
    parents: Vec<String>,
    people: [Vec<u8>; 4],
    message: Vec<u8>,
}

/// Git's view, as [`Read::of_git`] takes it; without re-coding, which says nothing of what
/// stands there.
pub(crate) const FORMAT: &str = "--format=%H%x00%T%x00%P%x00%an%x00%ae%x00%cn%x00%ce%x00%B%x00";

/// Configuration under which git shows what stands there.
pub(crate) const AS_IT_STANDS: [&str; 4] =
    ["-c", "i18n.logOutputEncoding=none", "-c", "log.mailmap=false"];

impl Read {
    /// What our reader says.
    pub(crate) fn ours(commit: &Commit) -> Self {
        let Ident { name, email } = &commit.author;
        let c = &commit.committer;
        Self {
            tree: commit.tree.to_string(),
            parents: commit.parents.iter().map(ToString::to_string).collect(),
            people: [name.clone(), email.clone(), c.name.clone(), c.email.clone()].map(trim),
            message: commit.message.clone(),
        }
    }

    /// What libgit2 says, if it reads the commit at all.
    pub(crate) fn of_libgit2(repo: &Repository, id: ObjectId) -> Option<Self> {
        let commit = repo.find_commit(git2::Oid::from_bytes(id.as_bytes()).ok()?).ok()?;
        let (a, c) = (commit.author(), commit.committer());
        let people = [a.name_bytes(), a.email_bytes(), c.name_bytes(), c.email_bytes()];
        Some(Self {
            tree: commit.tree_id().to_string(),
            parents: commit.parent_ids().map(|p| p.to_string()).collect(),
            people: people.map(|p| trim(p.to_vec())),
            message: commit.message_raw_bytes().to_vec(),
        })
    }

    /// What git printed by [`FORMAT`], commit after commit, by their ids. Our reader takes no
    /// NUL, so none stands in between.
    pub(crate) fn of_git(printed: &[u8]) -> Vec<(String, Self)> {
        let mut parts = printed.split(|c| *c == 0).map(<[u8]>::to_vec);
        let mut all = Vec::new();
        while let Some((id, read)) = Self::next_of_git(&mut parts) {
            all.push((id, read));
        }
        all
    }

    fn next_of_git(parts: &mut impl Iterator<Item = Vec<u8>>) -> Option<(String, Self)> {
        let mut word = || String::from_utf8(parts.next()?).ok();
        // A line feed ends what was printed of the commit before.
        let id = word()?.trim_start_matches('\n').to_owned();
        let (tree, parents) = (word()?, word()?);
        let parents = parents.split(' ').filter(|p| !p.is_empty()).map(str::to_owned).collect();
        let mut person = || Some(trim(parts.next()?));
        let people = [person()?, person()?, person()?, person()?];
        Some((id, Self { tree, parents, people, message: parts.next()? }))
    }

    /// Whether another program reads the same. What a program re-codes by the commit's
    /// `encoding` is its own business.
    pub(crate) fn is_alike(&self, other: Option<&Self>, recoded: bool) -> bool {
        other.is_some_and(|o| {
            o.tree == self.tree
                && o.parents == self.parents
                && (recoded || o.people == self.people)
                && (recoded || o.message == self.message)
        })
    }
}

/// Blanks and marks around names and addresses, which libgit2 takes off, name nobody.
fn trim(part: Vec<u8>) -> Vec<u8> {
    let is_mark = |c: &u8| *c <= 32 || b".,:;<>\"\\'".contains(c);
    let start = part.iter().position(|c| !is_mark(c)).unwrap_or(part.len());
    let end = part.iter().rposition(|c| !is_mark(c)).map_or(start, |at| at + 1);
    part[start..end].to_vec()
}
