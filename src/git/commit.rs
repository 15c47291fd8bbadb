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
/// libgit2 the last. The time is not looked at; nothing here depends on it.
fn ident(value: &[u8]) -> Option<Ident> {
    let open = value.iter().position(|c| *c == b'<')?;
    let (name, rest) = value.split_at_checked(open)?;
    let rest = rest.get(1..)?;
    let close = rest.iter().position(|c| *c == b'>')?;
    let (email, time) = rest.split_at_checked(close)?;
    let time = time.get(1..)?;
    let stray = |part: &[u8]| part.iter().any(|c| matches!(c, b'<' | b'>'));
    if stray(name) || stray(email) || stray(time) {
        return None;
    }
    Some(Ident { name: name.trim_ascii().to_vec(), email: email.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "1111111111111111111111111111111111111111";
    const B: &str = "2222222222222222222222222222222222222222";
    const LONG: &str = "3333333333333333333333333333333333333333333333333333333333333333";
    const WHO: &str = "Ada Lovelace <ada@example.com> 1700000000 +0000";

    fn id() -> ObjectId {
        ObjectId::zero(crate::domain::ids::ObjectFormat::Sha1)
    }

    fn commit(raw: &str) -> Result<Commit, &'static str> {
        parse_commit(id(), raw.as_bytes()).map_err(|m| m.reason)
    }

    fn head() -> String {
        format!("tree {A}\nparent {A}\nparent {B}\nauthor {WHO}\ncommitter {WHO}\n")
    }

    #[test]
    fn a_plain_commit_reads_as_it_is() {
        let c = commit(&format!("{}\n\nSubject\r\n\nBody\n", head())).unwrap();
        assert_eq!(c.tree.to_string(), A);
        assert_eq!(c.parents.iter().map(ToString::to_string).collect::<Vec<_>>(), [A, B]);
        assert_eq!(
            (c.author.name.as_slice(), c.author.email.as_slice()),
            (b"Ada Lovelace".as_slice(), b"ada@example.com".as_slice())
        );
        assert_eq!(c.committer, c.author);
        assert_eq!(c.message, b"\nSubject\r\n\nBody\n");
        assert_eq!(c.subject(), b"Subject");
        assert_eq!((c.encoding, c.extra_headers), (None, vec![]));
    }

    #[test]
    fn what_is_odd_and_honest_is_taken() {
        let rows = [
            format!("tree {A}\nauthor {WHO}\ncommitter {WHO}\n\n"),
            format!("{}encoding ISO-8859-1\n\nm\n", head()),
            // JGit writes the signature first.
            format!("{}gpgsig -----BEGIN\n line\n \n -----END\nencoding latin1\n\nm\n", head()),
            format!("{}mergetag object {A}\n type commit\nmergetag object {B}\n\nm\n", head()),
            format!("{}HG:extra a\nHG:extra b\nrebase-source {A}\n\nm\n", head()),
            format!("{}keyalone\n\nm\n", head()),
            format!("tree {A}\nauthor <> -5 -0730\ncommitter A<a@b> 99999999999999 +051800\n\nm"),
            format!("tree {A}\nauthor \u{fc} <a b@c>\ncommitter \r <x> soon\n\nm"),
        ];
        for raw in rows {
            assert!(commit(&raw).is_ok(), "{raw}: {:?}", commit(&raw));
        }
        let c = commit(&format!("{}encoding x\ngpgsig a\n b\n \n c\nz 1\n\nm\n", head())).unwrap();
        assert_eq!(c.encoding.as_deref(), Some(b"x".as_slice()));
        let (gpgsig, z) =
            ((b"gpgsig".to_vec(), b"a\nb\n\nc".to_vec()), (b"z".to_vec(), b"1".to_vec()));
        assert_eq!(c.extra_headers, [gpgsig, z]);
    }

    #[test]
    fn what_programs_read_differently_is_refused() {
        let tail = format!("author {WHO}\ncommitter {WHO}\n\nm\n");
        let upper = A.replace('1', "A");
        let head_alone = head();
        let rows = [
            ("", "no empty line ends its headers"),
            ("\n\n", "its first header is no tree"),
            (&head_alone, "no empty line ends its headers"),
            (head_alone.trim_end(), "no empty line ends its headers"),
            (&format!("tree {A}\n{tail}\0"), "it holds a NUL byte"),
            (&format!("tree {A}\n{}", tail.replace("Ada", "A\0da")), "it holds a NUL byte"),
            (&tail, "its first header is no tree"),
            (&format!("parent {B}\ntree {A}\n{tail}"), "its first header is no tree"),
            (&format!("tree {A}\ntree {B}\n{tail}"), "no author follows the parents"),
            (&format!("tree {A}\nparent {B}\nparent {B}\n{tail}"), "it names a parent twice"),
            (
                &format!("tree {A}\nauthor {WHO}\nparent {B}\ncommitter {WHO}\n\nm"),
                "no committer follows the author",
            ),
            (
                &format!("tree {A}\nauthor {WHO}\nauthor {WHO}\ncommitter {WHO}\n\nm"),
                "no committer follows the author",
            ),
            (
                &format!("tree {A}\ncommitter {WHO}\nauthor {WHO}\n\nm"),
                "no author follows the parents",
            ),
            (&format!("tree {A}\nauthor {WHO}\n\nm"), "no committer follows the author"),
            (&format!("{}parent {B}\n\nm", head()), "a header stands twice or out of order"),
            (&format!("{}author {WHO}\n\nm", head()), "a header stands twice or out of order"),
            (&format!("{}tree {B}\n\nm", head()), "a header stands twice or out of order"),
            (
                &format!("{}encoding a\nx y\nencoding b\n\nm", head()),
                "a header stands twice or out of order",
            ),
            (
                &format!("{}gpgsig a\ngpgsig b\n\nm", head()),
                "a header stands twice or out of order",
            ),
            (&format!("{}encoding a\n b\n\nm", head()), "its encoding header is folded"),
            (&format!("{} folded\n\nm", head()), "one of its first headers is folded"),
            (&format!("tree {A}\n {B}\n{tail}"), "one of its first headers is folded"),
        ];
        for (raw, reason) in rows {
            assert_eq!(commit(raw).err(), Some(reason), "{raw:?}");
        }
        for tree in [&A[1..], LONG, &upper, "", &format!(" {A}"), &format!("{A} ")] {
            let reason = "it names an object by no lower-case id of its own format";
            assert_eq!(commit(&format!("tree {tree}\n{tail}")).err(), Some(reason), "{tree}");
        }
    }

    #[test]
    fn people_stand_between_one_pair_of_brackets() {
        let rows = [
            "Ada",
            "Ada ada@example.com 1 +0000",
            "Ada <ada@example.com 1 +0000",
            "Ada ada@example.com> 1 +0000",
            "Ada <a@b> <c@d> 1 +0000",
            "Ada <a@b>c> 1 +0000",
            "Ada <<a@b> 1 +0000",
            "Ada > <a@b> 1 +0000",
            ">Ada< 1 +0000",
            "Ada <a@b> 1 +0000 <",
        ];
        for who in rows {
            let reason = "a person's name and address do not stand as \"name <address> time\"";
            let author = format!("tree {A}\nauthor {who}\ncommitter {WHO}\n\nm");
            let committer = format!("tree {A}\nauthor {WHO}\ncommitter {who}\n\nm");
            assert_eq!(commit(&author).err(), Some(reason), "{who}");
            assert_eq!(commit(&committer).err(), Some(reason), "{who}");
        }
    }

    #[test]
    fn cut_anywhere_a_commit_is_refused_or_loses_message_alone() {
        let raw = format!("{}gpgsig a\n b\n\nmessage\n", head());
        let whole = commit(&raw).unwrap();
        for cut in 0..raw.len() {
            if let Ok(c) = commit(&raw[..cut]) {
                assert_eq!(Commit { message: whole.message.clone(), ..c }, whole);
            }
        }
    }

    #[test]
    fn tags() {
        let tag = |raw: &str| parse_tag(id(), raw.as_bytes()).map_err(|m| m.reason);
        let start = format!("object {A}\ntype commit\ntag v1\n");
        let (t, kind) = tag(&format!("{start}tagger {WHO}\n\nmessage\n")).unwrap();
        assert_eq!((t.target.to_string().as_str(), kind), (A, Kind::Commit));
        assert_eq!(t.message, b"message\n");
        assert!(t.tagger.is_some());
        assert_eq!(tag(&format!("{start}\nold\n")).unwrap().0.tagger, None);
        assert!(tag(&format!("{start}tagger {WHO}\ngpgsig-sha256 a\n b\n\nm")).is_ok());
        let bad = [
            start.clone(),
            format!("{start}tagger {WHO}\n"),
            format!("{start}tagger {WHO}\ntagger {WHO}\n\nm"),
            format!("{start}tagger {WHO}\nAI-Assisted yes\n\nm"),
            format!("{start}tagger nobody\n\nm"),
            format!("{start}object {B}\n\nm"),
            format!("{start}\nm\0"),
            format!("type commit\nobject {A}\ntag v1\n\nm"),
            format!("object {A}\ntype bush\ntag v1\n\nm"),
            format!("object {A}\ntype commit\n\nm"),
            format!("object {LONG}\ntype commit\ntag v1\n\nm"),
        ];
        for raw in bad {
            assert!(tag(&raw).is_err(), "{raw:?}");
        }
    }
}
