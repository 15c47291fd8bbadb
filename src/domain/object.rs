//! Git's objects as facts: what a commit and a tag say, read strictly from raw bytes.

use super::ids::ObjectId;

/// A name and an address as free text (G2: nothing here is authenticated).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ident {
    /// What stands before `<`, outer blanks cut.
    pub name: Vec<u8>,
    /// What stands between `<` and `>`; empty where there is none.
    pub email: Vec<u8>,
}

/// A commit, its headers unfolded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: ObjectId,
    /// The tree it holds.
    pub tree: ObjectId,
    /// In the order of the headers.
    pub parents: Vec<ObjectId>,
    /// Who is said to have written it.
    pub author: Ident,
    /// Who is said to have committed it.
    pub committer: Ident,
    /// The `encoding` header.
    pub encoding: Option<Vec<u8>>,
    /// Every other header (`gpgsig`, `mergetag`, unknown ones), continuation lines joined
    /// by a line feed.
    pub extra_headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// Everything after the first empty line, as it is.
    pub message: Vec<u8>,
}

impl Commit {
    /// The message's first line that is not blank, for people (still hostile bytes).
    #[must_use]
    pub fn subject(&self) -> &[u8] {
        self.message
            .split(|b| *b == b'\n' || *b == b'\r')
            .map(<[u8]>::trim_ascii)
            .find(|line| !line.is_empty())
            .unwrap_or_default()
    }
}

/// An annotated tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its id.
    pub id: ObjectId,
    /// What it points to.
    pub target: ObjectId,
    /// Who is said to have tagged; absent in very old tags.
    pub tagger: Option<Ident>,
    /// Everything after the headers.
    pub message: Vec<u8>,
}
