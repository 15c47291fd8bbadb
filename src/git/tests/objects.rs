//! Reading objects: limits, kinds, tags.

use super::*;
use crate::domain::limits::Limits;
use crate::git::{GitError, Kind};

fn tag_bytes(target: ObjectId, kind: &str, message: &str) -> Vec<u8> {
    format!("object {target}\ntype {kind}\ntag t\ntagger {PERSON}\n\n{message}").into_bytes()
}

#[test]
fn sizes_come_before_contents() {
    for format in FORMATS {
        let ground = Ground::new(format);
        let id = ground.blob("12345");
        let repo = ground.open();
        assert_eq!(repo.format(), format);
        assert_eq!(repo.raw(id, 5).unwrap(), (Kind::Blob, b"12345".to_vec()));
        let too_large = repo.raw(id, 4);
        assert!(matches!(too_large, Err(GitError::TooLarge { size: 5, max: 4, .. })));
        let none = repo.raw(ObjectId::zero(format), 5);
        assert!(matches!(none, Err(GitError::Missing { .. })), "{none:?}");
        assert!(!repo.exists(ObjectId::zero(format)));
        let wrong = repo.commit(id, &Limits::default());
        assert!(matches!(wrong, Err(GitError::WrongKind { wanted: "commit", .. })));
    }
}

#[test]
fn an_id_of_the_other_format_names_nothing() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let id = ground.blob("x");
    let mut longer = id.as_bytes().to_vec();
    longer.extend([0; 12]);
    let other = ObjectId::from_raw(&longer).unwrap();
    let repo = ground.open();
    assert!(repo.exists(id));
    assert!(!repo.exists(other));
    assert!(matches!(repo.raw(other, 9), Err(GitError::Missing { .. })));
}

#[test]
fn a_damaged_object_is_unreadable_not_missing() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let id = ground.blob("the right bytes");
    let text = id.to_string();
    let path = ground.path.join("objects").join(&text[..2]).join(&text[2..]);
    std::fs::write(&path, stored(b"blob 15\0the wrong bytes")).unwrap();
    let read = ground.open().raw(id, 100);
    assert!(matches!(read, Err(GitError::Unreadable { .. })), "{read:?}");
}

#[test]
fn packed_objects_read_alike() {
    for format in FORMATS {
        let ground = Ground::new(format);
        let body = "line\n".repeat(1_000);
        let mut parent = vec![];
        for n in 0..5 {
            let tree = ground.files(&[("a", &format!("{body}{n}\n"))]);
            parent = vec![ground.commit(tree, &parent, &format!("Number {n}\n"))];
        }
        ground.point("refs/heads/main", parent[0]);
        ground.git(&["repack", "-adfq"]);
        let repo = ground.open();
        let commit = repo.commit(parent[0], &Limits::default()).unwrap();
        assert_eq!(commit.message, b"Number 4\n");
        assert_eq!(repo.header(commit.tree).unwrap().0, Kind::Tree);
    }
}

#[test]
fn parents_have_a_limit() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let tree = ground.tree(&[]);
    let parents: Vec<_> = (0..3).map(|n| ground.commit(tree, &[], &format!("{n}\n"))).collect();
    let octopus = ground.commit(tree, &parents, "All\n");
    let repo = ground.open();
    let limits = |parents| Limits { parents, ..Limits::default() };
    assert!(repo.commit(octopus, &limits(3)).is_ok());
    let over = repo.commit(octopus, &limits(2));
    let Err(GitError::Limit(passed)) = over else { panic!("{over:?}") };
    assert_eq!((passed.key, passed.limit, passed.seen), ("parents", 2, Some(3)));
}

#[test]
fn tags_come_off_one_by_one_and_their_messages_are_kept() {
    let ground = Ground::new(ObjectFormat::Sha256);
    let commit = ground.commit(ground.tree(&[]), &[], "Root\n");
    let inner = ground.object("tag", &tag_bytes(commit, "commit", "inner\n"));
    let outer = ground.object("tag", &tag_bytes(inner, "tag", "outer\n"));
    let peeled = ground.open().peel(outer, &Limits::default()).unwrap();
    assert_eq!((peeled.target, peeled.kind), (commit, Kind::Commit));
    let messages: Vec<_> = peeled.tags.iter().map(|t| t.message.as_slice()).collect();
    assert_eq!(messages, [b"outer\n", b"inner\n"]);
    let plain = ground.open().peel(commit, &Limits::default()).unwrap();
    assert_eq!((plain.target, plain.tags.len()), (commit, 0));
}

#[test]
fn a_tag_that_lies_about_its_target_is_malformed() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let blob = ground.blob("x");
    let liar = ground.object("tag", &tag_bytes(blob, "commit", "m\n"));
    let peeled = ground.open().peel(liar, &Limits::default());
    assert!(matches!(peeled, Err(GitError::Malformed { .. })));
}

#[test]
fn a_bomb_of_tags_stops_at_its_limit() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let mut id = ground.commit(ground.tree(&[]), &[], "Root\n");
    let mut kind = "commit";
    let mut at_limit = id;
    for level in 1..=300 {
        id = ground.object("tag", &tag_bytes(id, kind, ""));
        kind = "tag";
        if level == 64 {
            at_limit = id;
        }
    }
    let repo = ground.open();
    assert_eq!(repo.peel(at_limit, &Limits::default()).unwrap().tags.len(), 64);
    let bomb = repo.peel(id, &Limits::default());
    assert!(matches!(bomb, Err(GitError::TagsTooDeep { limit: 64, .. })));
}
