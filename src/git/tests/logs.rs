//! The published log (G24): appending, racing, reading what somebody else wrote.

use super::*;
use crate::domain::digest::policy_digest;
use crate::domain::ids::{DecisionId, RefName};
use crate::domain::limits::Limits;
use crate::domain::statement::Signed;
use crate::git::GitError;
use crate::git::log::{LogFile, LogPosition, LogWriter, REF, tip};
use crate::git::log_read::read_log;

fn signed(n: usize) -> Signed {
    Signed { statement: format!("{{{n}}}").into_bytes(), signature: format!("s{n}\n").into_bytes() }
}

fn decision(n: usize) -> DecisionId {
    DecisionId::new(format!("D-{n:010}"))
}

fn at(statements: i64, landings: i64) -> LogPosition {
    let statement = (statements > 0).then(|| signed(1).hash());
    LogPosition { statements, landings, statement, policy: Some(policy_digest(b"in force")) }
}

#[test]
fn the_log_grows_and_reads_back() {
    for ground in
        [Ground::new(ObjectFormat::Sha1), Ground::new(ObjectFormat::Sha256), Ground::reftable()]
    {
        let repo = ground.open();
        let policy = b"version = 1\n".to_vec();
        let digest = policy_digest(&policy);
        let log = LogWriter::lock(&repo).unwrap();
        assert_eq!(log.tip().unwrap(), None);
        let first = vec![
            LogFile::Statement(signed(1)),
            LogFile::Statement(signed(2)),
            LogFile::Decision(decision(1), b"{}".to_vec()),
            LogFile::Policy(digest, policy.clone()),
            LogFile::AllowedSigners(digest, b"keys\n".to_vec()),
        ];
        let one = log.append(None, first, at(2, 1)).unwrap();
        assert_eq!(log.tip().unwrap().map(|t| (t.commit, t.position)), Some((one, at(2, 1))));
        let more = vec![
            LogFile::Statement(signed(3)),
            LogFile::Decision(decision(2), b"\0\n\xff".to_vec()),
        ];
        let two = log.append(Some(one), more, at(3, 2)).unwrap();
        // A landing without anything new still moves the position.
        let three = log.append(Some(two), vec![], at(3, 5)).unwrap();
        drop(log);
        assert_eq!(tip(&repo).unwrap().unwrap().position, at(3, 5));
        let read = read_log(&repo, three, &Limits::default()).unwrap();
        let mut statements = read.statements.clone();
        statements.sort_by_key(|s| s.statement.clone());
        assert_eq!(statements, [signed(1), signed(2), signed(3)]);
        let decisions = [(decision(1), b"{}".to_vec()), (decision(2), b"\0\n\xff".to_vec())];
        assert_eq!(read.decisions, decisions);
        assert_eq!(read.policies, [(digest, policy)]);
        assert_eq!(read.allowed_signers, [(digest, b"keys\n".to_vec())]);
        assert_eq!(read.position, at(3, 5));

        ground.git(&["fsck", "--strict"]);
        assert_eq!(ground.git(&["rev-list", "--count", REF]), "3");
        assert_eq!(ground.git(&["for-each-ref", "--format=%(refname)"]), REF);
        let people = ground.git(&["log", "--format=%an %ae %at %cn %ce %ct", "-1", REF]);
        assert_eq!(
            people,
            "Countersign countersign@localhost 0 Countersign countersign@localhost 0"
        );
        let hash = signed(3).hash().to_string();
        let path = format!("{REF}:statements/{}/{hash}/statement.json", &hash[..2]);
        assert_eq!(ground.git(&["cat-file", "blob", &path]), "{3}");
    }
}

#[test]
fn a_log_that_moved_on_is_not_overwritten() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let repo = ground.open();
    let log = LogWriter::lock(&repo).unwrap();
    let one = log.append(None, vec![], at(1, 0)).unwrap();
    let two = log.append(Some(one), vec![], at(2, 0)).unwrap();
    for stale in [None, Some(one)] {
        let result = log.append(stale, vec![LogFile::Statement(signed(9))], at(9, 0));
        assert!(matches!(result, Err(GitError::RefMoved { .. })), "{result:?}");
    }
    assert_eq!(log.tip().unwrap().unwrap().commit, two);
}

#[test]
fn deleting_takes_only_what_is_still_the_same() {
    for ground in [Ground::new(ObjectFormat::Sha1), Ground::reftable()] {
        let (a, b) = (RefName::new("refs/countersign/inbox/a"), RefName::new("refs/x/b"));
        let tree = ground.tree(&[]);
        let old = ground.commit(tree, &[], "Old\n");
        let new = ground.commit(tree, &[], "New\n");
        ground.point("refs/countersign/inbox/a", old);
        ground.point("refs/x/b", new);
        let repo = ground.open();
        let log = LogWriter::lock(&repo).unwrap();
        let count = || repo.refs(None).unwrap().len();
        let moved = log.delete(&[(a.clone(), old), (b.clone(), old)]);
        assert!(matches!(moved, Err(GitError::RefMoved { .. })));
        assert_eq!(count(), 2);
        log.delete(&[]).unwrap();
        log.delete(&[(a, old), (b, new)]).unwrap();
        assert_eq!(count(), 0);
    }
}

#[test]
fn a_decision_id_is_no_path() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let repo = ground.open();
    let log = LogWriter::lock(&repo).unwrap();
    for id in ["", "D-", "../x", "D-123456789", "D-12345678901", "D-123456789\n", "D-12345678/9"] {
        let result =
            log.append(None, vec![LogFile::Decision(DecisionId::new(id), vec![])], at(0, 0));
        assert!(matches!(result, Err(GitError::Log { .. })), "{id}");
    }
    let random = DecisionId::from_random(u64::MAX / 3);
    assert!(log.append(None, vec![LogFile::Decision(random, vec![])], at(0, 0)).is_ok());
}

/// Ten writers, each with a repository of its own; locks are of open files, so they hold
/// against threads as they do against processes.
#[test]
fn many_writers_lose_nothing() {
    let ground = Ground::new(ObjectFormat::Sha1);
    std::thread::scope(|scope| {
        for n in 0..10 {
            let ground = &ground;
            scope.spawn(move || {
                let repo = ground.open();
                let log = LogWriter::lock(&repo).unwrap();
                let tip = log.tip().unwrap();
                let position = tip.map(|t| t.position).unwrap_or_default();
                let next = at(position.statements + 1, 0);
                log.append(tip.map(|t| t.commit), vec![LogFile::Statement(signed(n))], next)
                    .unwrap();
            });
        }
    });
    let repo = ground.open();
    let end = tip(&repo).unwrap().unwrap();
    assert_eq!(end.position, at(10, 0));
    assert_eq!(read_log(&repo, end.commit, &Limits::default()).unwrap().statements.len(), 10);
}

#[test]
fn only_one_holds_the_lock() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let (one, two) = (ground.open(), ground.open());
    let held = LogWriter::try_lock(&one).unwrap();
    assert!(held.is_some());
    assert!(LogWriter::try_lock(&two).unwrap().is_none());
    drop(held);
    assert!(LogWriter::try_lock(&two).unwrap().is_some());
}

#[test]
fn nothing_in_somebody_elses_log_is_trusted() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let repo = ground.open();
    let commit = |files: &[(&str, &str)]| {
        let message = "Countersign log\n\nPosition: statements=1 landings=0\n";
        ground.commit(ground.files(files), &[], message)
    };
    let hash = signed(1).hash().to_string();
    let (fan, good) = (&hash[..2], format!("statements/{}/{hash}", &hash[..2]));
    let (json, sig) = (format!("{good}/statement.json"), format!("{good}/statement.json.sig"));
    let digest = policy_digest(b"x");
    let read = |files: &[(&str, &str)], limits: &Limits| read_log(&repo, commit(files), limits);

    let whole = read(&[(&json, "{1}"), (&sig, "s1\n")], &Limits::default()).unwrap();
    assert_eq!(whole.statements, [signed(1)]);
    // What a later version may add is passed over.
    let newer = read(
        &[
            (&json, "{1}"),
            (&sig, "s1\n"),
            (&format!("{good}/note"), "x"),
            ("README", "x"),
            ("decisions/summary.txt", "x"),
            ("decisions/D-1.json", "x"),
            ("policy/current", "x"),
            (&format!("policy/{digest}.sig"), "x"),
            ("statements/index", "x"),
            (&format!("statements/{fan}/index"), "x"),
        ],
        &Limits::default(),
    )
    .unwrap();
    assert_eq!(
        (newer.statements, newer.decisions.len(), newer.policies.len()),
        (vec![signed(1)], 0, 0)
    );

    let moved = format!("statements/zz/{hash}/statement.json");
    let damaged: &[&[(&str, &str)]] = &[
        &[(&json, "{2}"), (&sig, "s1\n")],
        &[(&json, "{1}"), (&sig, "s2\n")],
        &[(&json, "{1}")],
        &[(&sig, "s1\n")],
        &[(&moved, "{1}"), (&moved.replace(".json", ".json.sig"), "s1\n")],
        &[(&format!("policy/{digest}.toml"), "y")],
    ];
    for files in damaged {
        let log = read(files, &Limits::default());
        assert!(matches!(log, Err(GitError::Log { .. })), "{files:?}: {log:?}");
    }
    let small = Limits { statement_bytes: 2, ..Limits::default() };
    let large = read(&[(&json, "{1}"), (&sig, "s1\n")], &small);
    assert!(matches!(large, Err(GitError::TooLarge { .. })));
    for message in ["", "Position: statements=1 landings=0\n", "Countersign log\n\nPosition: x\n"] {
        let other = ground.commit(ground.tree(&[]), &[], message);
        let log = read_log(&repo, other, &Limits::default());
        assert!(matches!(log, Err(GitError::Malformed { .. })), "{message}");
    }
}
