//! Commits and tags from raw bytes, refusing whatever git, libgit2 and others read
//! differently (G17).
//!
//! Owns the grammar of object headers. It must not know a repository: it is pure.

use crate::domain::ids::ObjectId;
use crate::domain::object::{Commit, Ident, Tag};

use super::{GitError, Kind};

/// An object that programs read differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("object {id} is malformed: {reason}")]
pub struct Malformed {
    /// Which.
    pub id: ObjectId,
    /// What is wrong.
    pub reason: &'static str,
}

impl From<Malformed> for GitError {
    fn from(m: Malformed) -> Self {
        Self::Malformed { id: m.id, reason: m.reason }
    }
}

/// Headers that stand at most once, wherever they stand.
const ONCE: &[&[u8]] = &[
    b"tree",
    b"parent",
    b"author",
    b"committer",
    b"object",
    b"type",
    b"tag",
    b"tagger",
    b"encoding",
    b"gpgsig",
    b"gpgsig-sha256",
];

/// Reads a commit's raw bytes. The order is git's: `tree`, any number of `parent`,
/// `author`, `committer`, then `encoding`, signatures and others in any order (git and JGit
/// differ there), an empty line, the message.
///
/// # Errors
/// Names the first thing that is wrong; see the tests for all of them.
pub fn parse_commit(id: ObjectId, raw: &[u8]) -> Result<Commit, Malformed> {
    let (mut headers, message) = split(id, raw)?;
    let tree = headers.id(b"tree")?.ok_or_else(|| headers.wrong("its first header is no tree"))?;
    let mut parents = Vec::new();
    while let Some(parent) = headers.id(b"parent")? {
        parents.push(parent);
    }
    // One that names a parent twice is a merge to one program and none to another.
    let mut sorted = parents.clone();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() != parents.len() {
        return Err(headers.wrong("it names a parent twice"));
    }
    // Git reads no commit of which one object is the tree and a parent.
    if parents.contains(&tree) {
        return Err(headers.wrong("one object is its tree and a parent"));
    }
    let author = headers.ident(b"author")?;
    let author = author.ok_or_else(|| headers.wrong("no author follows the parents"))?;
    let committer = headers.ident(b"committer")?;
    let committer = committer.ok_or_else(|| headers.wrong("no committer follows the author"))?;
    let mut extra_headers = headers.others()?;
    let encoding = extra_headers.iter().position(|(key, _)| key == b"encoding");
    let encoding = encoding.map(|at| extra_headers.remove(at).1);
    if encoding.as_ref().is_some_and(|e| e.contains(&b'\n')) {
        return Err(Malformed { id, reason: "its encoding header is folded" });
    }
    let message = message.to_vec();
    Ok(Commit { id, tree, parents, author, committer, encoding, extra_headers, message })
}

/// Reads an annotated tag's raw bytes, and the kind it says its target has.
///
/// # Errors
/// As [`parse_commit`]. A header that a tag does not have is refused: it has no place in
/// [`Tag`], and nothing may go unread (G7).
pub fn parse_tag(id: ObjectId, raw: &[u8]) -> Result<(Tag, Kind), Malformed> {
    let (mut headers, message) = split(id, raw)?;
    let target = headers.id(b"object")?;
    let target = target.ok_or_else(|| headers.wrong("its first header is no object"))?;
    let kind = match headers.value(b"type")? {
        Some(b"commit") => Kind::Commit,
        Some(b"tree") => Kind::Tree,
        Some(b"blob") => Kind::Blob,
        Some(b"tag") => Kind::Tag,
        _ => return Err(headers.wrong("its second header is no type that git has")),
    };
    if headers.value(b"tag")?.is_none() {
        return Err(headers.wrong("no tag name follows the type"));
    }
    let tagger = headers.ident(b"tagger")?;
    if headers.others()?.iter().any(|(key, _)| !key.starts_with(b"gpgsig")) {
        return Err(Malformed { id, reason: "it has a header that tags do not have" });
    }
    Ok((Tag { id, target, tagger, message: message.to_vec() }, kind))
}

/// The tree and the parents alone, for walks; `None` unless they stand as git writes them.
pub(super) fn links(id: ObjectId, raw: &[u8]) -> Option<(ObjectId, Vec<ObjectId>)> {
    let mut headers = Headers { id, rest: raw };
    let tree = headers.id(b"tree").ok()??;
    let mut parents = Vec::new();
    while let Some(parent) = headers.id(b"parent").ok()? {
        parents.push(parent);
    }
    headers.rest.starts_with(b"author ").then_some((tree, parents))
}

/// What a tag points to, for walks, where the rest of it does not matter.
pub(super) fn tag_link(id: ObjectId, raw: &[u8]) -> Option<ObjectId> {
    Headers { id, rest: raw }.id(b"object").ok()?
}

/// A key and its value.
type Header = (Vec<u8>, Vec<u8>);

struct Headers<'a> {
    id: ObjectId,
    /// Whole lines, each with its line feed.
    rest: &'a [u8],
}

/// The header lines, and the message after the first empty line.
fn split(id: ObjectId, raw: &[u8]) -> Result<(Headers<'_>, &[u8]), Malformed> {
    if raw.contains(&0) {
        return Err(Malformed { id, reason: "it holds a NUL byte" });
    }
    let end = raw.windows(2).position(|w| w == b"\n\n").map(|at| at + 1);
    let parts = end.and_then(|end| raw.split_at_checked(end));
    let (head, message) =
        parts.ok_or(Malformed { id, reason: "no empty line ends its headers" })?;
    Ok((Headers { id, rest: head }, message.get(1..).unwrap_or_default()))
}

impl<'a> Headers<'a> {
    fn wrong(&self, reason: &'static str) -> Malformed {
        Malformed { id: self.id, reason }
    }

    fn line(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.iter().position(|c| *c == b'\n')?;
        let (line, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.get(1..).unwrap_or_default();
        Some(line)
    }

    /// The next line's value if it has this key.
    fn value(&mut self, key: &[u8]) -> Result<Option<&'a [u8]>, Malformed> {
        let after = self.rest.strip_prefix(key).and_then(|rest| rest.strip_prefix(b" "));
        if after.is_none() {
            return Ok(None);
        }
        let skip = key.len() + 1;
        let value = self.line().and_then(|line| line.get(skip..));
        if self.rest.starts_with(b" ") {
            return Err(self.wrong("one of its first headers is folded"));
        }
        Ok(value)
    }

    fn id(&mut self, key: &[u8]) -> Result<Option<ObjectId>, Malformed> {
        let Some(hex) = self.value(key)? else { return Ok(None) };
        ObjectId::from_hex(hex)
            .filter(|id| id.format() == self.id.format())
            .map(Some)
            .ok_or_else(|| self.wrong("it names an object by no lower-case id of its own format"))
    }

    fn ident(&mut self, key: &[u8]) -> Result<Option<Ident>, Malformed> {
        let Some(value) = self.value(key)? else { return Ok(None) };
        ident(value).map(Some).ok_or_else(|| {
            self.wrong("a person's name and address do not stand as \"name <address> time\"")
        })
    }

    /// All that is left, continuation lines joined by a line feed.
    fn others(&mut self) -> Result<Vec<Header>, Malformed> {
        let mut headers: Vec<Header> = Vec::new();
        while let Some(line) = self.line() {
            if let Some(more) = line.strip_prefix(b" ") {
                let Some((_, value)) = headers.last_mut() else {
                    return Err(self.wrong("one of its first headers is folded"));
                };
                value.push(b'\n');
                value.extend_from_slice(more);
                continue;
            }
            let end = line.iter().position(|c| *c == b' ').unwrap_or(line.len());
            let (key, value) = line.split_at_checked(end).unwrap_or((line, &[]));
            let known = ONCE.contains(&key);
            let allowed = key.starts_with(b"gpgsig") || key == b"encoding";
            if known && (!allowed || headers.iter().any(|(k, _)| k == key)) {
                return Err(self.wrong("a header stands twice or out of order"));
            }
            headers.push((key.to_vec(), value.get(1..).unwrap_or_default().to_vec()));
        }
        Ok(headers)
    }
}

/// Exactly one `<` and, after it, exactly one `>`: with more, git takes the first and
/// libgit2 the last. Nothing depends on the time; but one that is no number, or does not fit
/// into 64 bits, makes a commit that libgit2 can't read.
fn ident(value: &[u8]) -> Option<Ident> {
    let open = value.iter().position(|c| *c == b'<')?;
    let (name, rest) = value.split_at_checked(open)?;
    let rest = rest.get(1..)?;
    let close = rest.iter().position(|c| *c == b'>')?;
    let (email, time) = rest.split_at_checked(close)?;
    let time = time.get(1..)?;
    let stray = |part: &[u8]| part.iter().any(|c| matches!(c, b'<' | b'>'));
    if stray(name) || stray(email) || stray(time) || !is_time(time) {
        return None;
    }
    Some(Ident { name: name.trim_ascii().to_vec(), email: email.to_vec() })
}

/// Nothing, or a blank and a number of seconds; whatever follows is taken for a zone.
fn is_time(text: &[u8]) -> bool {
    let text = match text {
        b"" | b" " => return true,
        [b' ', text @ ..] => text.trim_ascii_start(),
        _ => return false,
    };
    let sign = usize::from(text.starts_with(b"-") || text.starts_with(b"+"));
    let digits = text.iter().skip(sign).take_while(|c| c.is_ascii_digit()).count();
    let number = text.get(..sign + digits).and_then(|n| std::str::from_utf8(n).ok());
    number.is_some_and(|n| n.parse::<i64>().is_ok())
}
