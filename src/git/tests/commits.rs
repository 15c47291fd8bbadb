//! The grammar of commits and tags (G17): what is read as it is, and what is refused.

use crate::domain::ids::ObjectId;
use crate::domain::object::Commit;
use crate::git::Kind;
use crate::git::commit::{parse_commit, parse_tag};

const A: &str = "1111111111111111111111111111111111111111";
const B: &str = "2222222222222222222222222222222222222222";
const C: &str = "4444444444444444444444444444444444444444";
const LONG: &str = "3333333333333333333333333333333333333333333333333333333333333333";
const WHO: &str = "Ada Lovelace <ada@example.com> 1700000000 +0000";

fn id() -> ObjectId {
    ObjectId::zero(crate::domain::ids::ObjectFormat::Sha1)
}

fn commit(raw: &str) -> Result<Commit, &'static str> {
    parse_commit(id(), raw.as_bytes()).map_err(|m| m.reason)
}

fn head() -> String {
    format!("tree {A}\nparent {B}\nparent {C}\nauthor {WHO}\ncommitter {WHO}\n")
}

#[test]
fn a_plain_commit_reads_as_it_is() {
    let c = commit(&format!("{}\n\nSubject\r\n\nBody\n", head())).unwrap();
    assert_eq!(c.tree.to_string(), A);
    assert_eq!(c.parents.iter().map(ToString::to_string).collect::<Vec<_>>(), [B, C]);
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
        format!("tree {A}\nauthor \u{fc} <a b@c>\ncommitter \r <x>\n\nm"),
    ];
    for raw in rows {
        assert!(commit(&raw).is_ok(), "{raw}: {:?}", commit(&raw));
    }
    let c = commit(&format!("{}encoding x\ngpgsig a\n b\n \n c\nz 1\n\nm\n", head())).unwrap();
    assert_eq!(c.encoding.as_deref(), Some(b"x".as_slice()));
    let (gpgsig, z) = ((b"gpgsig".to_vec(), b"a\nb\n\nc".to_vec()), (b"z".to_vec(), b"1".to_vec()));
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
        (&format!("tree {A}\nparent {A}\n{tail}"), "one object is its tree and a parent"),
        (
            &format!("tree {A}\nauthor {WHO}\nparent {B}\ncommitter {WHO}\n\nm"),
            "no committer follows the author",
        ),
        (
            &format!("tree {A}\nauthor {WHO}\nauthor {WHO}\ncommitter {WHO}\n\nm"),
            "no committer follows the author",
        ),
        (&format!("tree {A}\ncommitter {WHO}\nauthor {WHO}\n\nm"), "no author follows the parents"),
        (&format!("tree {A}\nauthor {WHO}\n\nm"), "no committer follows the author"),
        (&format!("{}parent {B}\n\nm", head()), "a header stands twice or out of order"),
        (&format!("{}author {WHO}\n\nm", head()), "a header stands twice or out of order"),
        (&format!("{}tree {B}\n\nm", head()), "a header stands twice or out of order"),
        (
            &format!("{}encoding a\nx y\nencoding b\n\nm", head()),
            "a header stands twice or out of order",
        ),
        (&format!("{}gpgsig a\ngpgsig b\n\nm", head()), "a header stands twice or out of order"),
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
        "Ada <a@b> soon",
        "Ada <a@b>1 +0000",
        "Ada <a@b> 99999999999999999999 +0000",
        "Ada <a@b> -",
        "Ada <a@b> \r",
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
