//! Deliveries (G24): the one shape, and everything that only resembles it.

use super::*;
use crate::domain::digest::statement_hash;
use crate::domain::ids::RefName;
use crate::domain::limits::{Limits, SIGNATURE_BYTES};
use crate::domain::statement::Signed;
use crate::git::GitError;
use crate::git::inbox::{InboxError, parse_ref_name, read, ref_name, write};

const WE: &str = "Countersign <countersign@localhost> 0 +0000";

fn signed() -> Signed {
    Signed { statement: b"{\"a\": 1}\n\n\0\xff".to_vec(), signature: b"-----BEGIN\n".to_vec() }
}

fn name_of(signed: &Signed) -> RefName {
    ref_name(&signed.hash())
}

/// A delivery's commit, with any part exchanged.
fn forged(ground: &Ground, tree: ObjectId, replace: (&str, &str)) -> ObjectId {
    let raw = format!("tree {tree}\nauthor {WE}\ncommitter {WE}\n\nCountersign delivery\n");
    assert!(replace.0.is_empty() || raw.contains(replace.0));
    ground.object("commit", raw.replacen(replace.0, replace.1, 1).as_bytes())
}

fn refusal(ground: &Ground, name: &RefName, id: ObjectId, limits: &Limits) -> String {
    match read(&ground.open(), name, id, limits) {
        Ok(_) => "taken".to_owned(),
        Err(InboxError::Refused(reason)) => reason,
        Err(InboxError::Git(e)) => format!("git: {e}"),
    }
}

#[test]
fn a_delivery_goes_round_and_is_the_same_everywhere() {
    let mut ids = Vec::new();
    for ground in [
        Ground::new(ObjectFormat::Sha1),
        Ground::reftable(),
        Ground::new(ObjectFormat::Sha256),
        Ground::new(ObjectFormat::Sha256),
    ] {
        let repo = ground.open();
        let (id, n) = children(|| write(&repo, &signed()).unwrap());
        assert_eq!(n, 1);
        assert_eq!(write(&repo, &signed()).unwrap(), id);
        let name = name_of(&signed());
        let (back, n) = children(|| read(&repo, &name, id, &Limits::default()).unwrap());
        assert_eq!((back, n), (signed(), 0));
        ground.git(&["fsck", "--strict"]);
        assert_eq!(ground.git(&["for-each-ref"]), "", "writing a delivery leaves no ref");
        ids.push(id.to_string());
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!(ids[2], ids[3]);
    assert_eq!(ids[0], "923272e4e7731b58a954f31623a053e1292c2211");
}

#[test]
fn a_delivery_written_by_hand_is_taken_too() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let (a, b) = (ground.blob(signed().statement), ground.blob(signed().signature));
    let tree = ground.tree(&[("100644", "statement.json", a), ("100644", "statement.json.sig", b)]);
    let id = forged(&ground, tree, ("", ""));
    assert_eq!(refusal(&ground, &name_of(&signed()), id, &Limits::default()), "taken");
    assert_eq!(write(&ground.open(), &signed()).unwrap(), id);
}

#[test]
fn other_commits_are_refused() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let (a, b) = (ground.blob(signed().statement), ground.blob(signed().signature));
    let tree = ground.tree(&[("100644", "statement.json", a), ("100644", "statement.json.sig", b)]);
    let parent = ground.commit(tree, &[], "x\n");
    let header = format!("\nparent {parent}\nauthor");
    let rows: &[(&str, &str)] = &[
        ("\nauthor", &header),
        ("author Countersign", "author Mallory"),
        ("committer Countersign", "committer Mallory"),
        (" 0 +0000\ncommitter", " 1 +0000\ncommitter"),
        (
            "committer Countersign <countersign@localhost> 0 +0000",
            "committer Countersign <countersign@localhost> 0 +0100",
        ),
        ("\n\nCountersign", "\nencoding latin1\n\nCountersign"),
        ("\n\nCountersign", "\ngpgsig x\n\nCountersign"),
        ("delivery\n", "delivery"),
        ("delivery\n", "delivery\n\n"),
        ("delivery\n", "delivery\nCo-authored-by: Claude\n"),
        ("tree ", "tree  "),
    ];
    for (from, to) in rows {
        let id = forged(&ground, tree, (from, to));
        let reason = refusal(&ground, &name_of(&signed()), id, &Limits::default());
        assert!(reason.starts_with("its commit has"), "{to}: {reason}");
    }
    let long = forged(&ground, tree, ("delivery\n", &"x".repeat(100_000)));
    let reason = refusal(&ground, &name_of(&signed()), long, &Limits::default());
    assert!(reason.starts_with("the commit has 100"), "{reason}");
    let tag = format!("object {parent}\ntype commit\ntag t\ntagger {PERSON}\n\nm\n");
    for id in [tree, a, ground.object("tag", tag.as_bytes())] {
        let reason = refusal(&ground, &name_of(&signed()), id, &Limits::default());
        assert_eq!(reason, "the commit is no commit");
    }
}

#[test]
fn other_trees_are_refused() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let (a, b) = (ground.blob(signed().statement), ground.blob(signed().signature));
    let folder = ground.tree(&[("100644", "x", a)]);
    let (j, s) = ("statement.json", "statement.json.sig");
    let rows: &[&[(&str, &str, ObjectId)]] = &[
        &[],
        &[("100644", j, a)],
        &[("100644", s, b)],
        &[("100644", "a", a), ("100644", j, a), ("100644", s, b)],
        &[("100644", j, a), ("100644", s, b), ("40000", "z", folder)],
        &[("100644", j, a), ("40000", s, folder)],
        &[("40000", j, folder), ("100644", s, b)],
        &[("120000", j, a), ("100644", s, b)],
        &[("100755", j, a), ("100644", s, b)],
        &[("160000", j, a), ("100644", s, b)],
        &[("100664", j, a), ("100644", s, b)],
        &[("0100644", j, a), ("100644", s, b)],
        &[("100644", "statement.jsom", a), ("100644", s, b)],
        &[("100644", s, b), ("100644", j, a)],
        &[("100644", j, a), ("100644", j, b)],
        &[("100644", j, folder), ("100644", s, b)],
        &[("100644", j, b), ("100644", s, a)],
    ];
    for entries in rows {
        let tree = ground.object("tree", &tree_bytes(entries));
        let id = forged(&ground, tree, ("", ""));
        let reason = refusal(&ground, &name_of(&signed()), id, &Limits::default());
        assert!(reason != "taken" && !reason.starts_with("git"), "{entries:?}: {reason}");
    }
    // A tree that is not there is nobody's forgery.
    let absent = forged(&ground, ObjectId::from_raw(&[3; 20]).unwrap(), ("", ""));
    let reason = refusal(&ground, &name_of(&signed()), absent, &Limits::default());
    assert!(reason.starts_with("git: object 0303"), "{reason}");
}

#[test]
fn sizes_are_read_before_contents() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let repo = ground.open();
    let limits = Limits { statement_bytes: 1_000, ..Limits::default() };
    for (statement, signature, verdict) in [
        (1_000, SIGNATURE_BYTES, "taken"),
        (1_001, 1, "git: statement.json has 1001 bytes, the limit statement_bytes is 1000"),
        (1, SIGNATURE_BYTES + 1, "statement.json.sig has 16385 bytes, the limit is 16384"),
    ] {
        let signed = Signed { statement: vec![b'x'; statement], signature: vec![b'y'; signature] };
        let id = write(&repo, &signed).unwrap();
        assert_eq!(refusal(&ground, &name_of(&signed), id, &limits), verdict);
    }
}

#[test]
fn the_name_is_the_hash() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let id = write(&ground.open(), &signed()).unwrap();
    let hash = signed().hash();
    assert_eq!(hash, statement_hash(&signed().statement, &signed().signature));
    assert_eq!(parse_ref_name(&name_of(&signed())), Some(hash));
    let other = Signed { signature: b"another".to_vec(), ..signed() };
    let reason = refusal(&ground, &name_of(&other), id, &Limits::default());
    assert!(reason.contains("another hash"), "{reason}");
    for name in [
        "refs/countersign/inbox/".to_owned(),
        format!("refs/countersign/inbox/{hash}/x"),
        format!("refs/countersign/inbox/x/{hash}"),
        format!("refs/countersign/inbox/{}", hash.to_string().to_uppercase()),
        format!("refs/countersign/inbox/{}", &hash.to_string()[1..]),
        format!("refs/countersign/Inbox/{hash}"),
        format!("refs/heads/{hash}"),
        format!("{hash}"),
    ] {
        let name = RefName::new(name);
        assert_eq!(parse_ref_name(&name), None);
        assert!(refusal(&ground, &name, id, &Limits::default()).starts_with("its ref is not"));
    }
}

#[test]
fn a_missing_delivery_is_an_error_not_a_refusal() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let absent = ObjectId::from_raw(&[1; 20]).unwrap();
    let result = read(&ground.open(), &name_of(&signed()), absent, &Limits::default());
    assert!(matches!(result, Err(InboxError::Git(GitError::Missing { .. }))));
}
