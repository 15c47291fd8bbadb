//! What a statement must be beyond well-formed JSON.

use serde_json::{Value, json};

use super::fixtures::approval;
use super::statement::{read, revocation, written};
use crate::domain::ids::{ObjectId, RepositoryName};
use crate::domain::statement::{Statement, Subject, Verdict};
use crate::signature::check::*;
use crate::signature::{parse, render};

/// An edit of the text; whether it is read, and if not, words of the error.
#[test]
fn digests_are_those_of_the_subjects_kind() {
    let (one, two) = ("1".repeat(40), "2".repeat(40));
    let (a, b, c, d, e) =
        ("a".repeat(64), "b".repeat(64), "c".repeat(64), "d".repeat(64), "e".repeat(64));
    let commit = |id: &str| json!({ "gitCommit": id });
    let rows = [
        (json!({ "gitCommit": one, "change-v1": a, "paths-v1": b }), ""),
        (commit(&one), ""),
        (commit(&e), ""),
        (commit(&two), "is there twice"),
        (json!({}), "has no digest"),
        (json!({ "change-v1": a, "paths-v1": b }), "is there twice"),
        (json!({ "gitCommit": one, "change-v1": a }), "without the other"),
        (json!({ "gitCommit": one, "paths-v1": b }), "without the other"),
        (json!({ "change-v1": a }), "without the other"),
        (json!({ "paths-v1": a }), "without the other"),
        (json!({ "sha256": e }), "names a statement"),
        (json!({ "gitCommit": one, "sha256": e }), "beside other digests"),
        (json!({ "change-v1": c, "paths-v1": d, "sha256": e }), "beside other digests"),
        (commit("1111"), "40 or 64 hex digits"),
        (commit(&"A".repeat(40)), "40 or 64 hex digits"),
        (commit(&"1".repeat(41)), "40 or 64 hex digits"),
        (json!({ "gitCommit": one, "change-v1": a, "paths-v1": "b".repeat(63) }), "64 hex"),
        (json!({ "gitCommit": one, "sha1": one }), "unknown field"),
        (json!({ "gitCommit": one, "change-v2": a }), "unknown field"),
    ];
    let value: Value = serde_json::from_str(&written(&approval())).unwrap();
    for (digest, words) in rows {
        let mut text = value.clone();
        // Before the net change, so that a second one is told at that place.
        *text.pointer_mut("/subject/0/digest").unwrap() = digest.clone();
        match read(&text.to_string()) {
            Ok(_) => assert!(words.is_empty(), "{digest} was read"),
            Err(error) => {
                assert!(
                    !words.is_empty() && error.to_string().contains(words),
                    "{digest}: {error}"
                );
            }
        }
    }
}

#[test]
fn each_verdict_has_what_it_needs() {
    let one = Statement { subjects: approval().subjects[..1].to_vec(), net: None, ..approval() };
    let main = || vec!["refs/heads/main".to_owned()];
    let glass = Statement { verdict: Verdict::Override, refs: main(), ..one.clone() };
    let no = Statement { verdict: Verdict::Decline, ..approval() };
    let repository = RepositoryName::new("");
    let twice = |s: &Statement| [s.subjects.clone(), s.subjects.clone()].concat();
    let rows = [
        (Statement { subjects: vec![], net: None, ..approval() }, "`subject` is empty"),
        (Statement { repository, ..approval() }, "`repository` is empty"),
        (Statement { refs: vec![], ..approval() }, "`refs` is empty"),
        (Statement { refs: vec![String::new()], ..approval() }, "an entry of `refs` is empty"),
        (Statement { reason: None, ..approval() }, ""),
        (Statement { net: None, ..approval() }, "the predicate has no `net`"),
        (Statement { net: approval().net, ..one.clone() }, ""),
        (
            Statement { subjects: twice(&one), ..one.clone() },
            "subject 2 (\"Add token refresh\") is there twice",
        ),
        (no.clone(), ""),
        (Statement { reason: None, ..no.clone() }, "\"decline\" needs a reason"),
        (Statement { reason: Some(" \n\u{3000}".into()), ..no }, "\"decline\" needs a reason"),
        (glass.clone(), ""),
        (Statement { reason: None, ..glass.clone() }, "\"override\" needs a reason"),
        (Statement { refs: [main(), main()].concat(), ..glass.clone() }, "exactly one ref"),
        (Statement { refs: vec!["refs/heads/*".into()], ..glass.clone() }, "exactly one ref"),
        (
            Statement { refs: vec!["refs/heads/{main,x}".into()], ..glass.clone() },
            "exactly one ref",
        ),
        (Statement { refs: vec!["main".into()], ..glass.clone() }, "exactly one ref"),
        (Statement { verdict: Verdict::Override, refs: main(), ..approval() }, "has no net change"),
        (Statement { verdict: Verdict::Correct, ..approval() }, "has no net change"),
        (Statement { verdict: Verdict::Correct, ..one.clone() }, ""),
        (revocation(), ""),
        (Statement { refs: main(), ..revocation() }, ""),
        (Statement { net: approval().net, ..revocation() }, "has no net change"),
        (Statement { subjects: twice(&revocation()), ..revocation() }, "is there twice"),
        (Statement { verdict: Verdict::Revoke, ..one.clone() }, "a revocation names nothing else"),
        (Statement { subjects: revocation().subjects, ..one }, "names a statement"),
    ];
    for (statement, words) in rows {
        match read(&written(&statement)) {
            Ok(read) => assert!(words.is_empty() && read == statement, "{statement:?} was read"),
            Err(error) => {
                let text = error.to_string();
                assert!(!words.is_empty() && text.contains(words), "{statement:?}: {text}");
            }
        }
    }
}

fn numbered(number: usize) -> Subject {
    let commit = ObjectId::from_hex(format!("{number:040x}").as_bytes());
    Subject { name: String::new(), commit, change: None, paths: None, statement: None }
}

fn about(subjects: Vec<Subject>) -> Statement {
    Statement { subjects, net: None, ..approval() }
}

#[test]
fn every_list_and_text_has_a_limit() {
    type Row = (&'static str, usize, fn(usize) -> Statement);
    let rows: [Row; 6] = [
        ("`subject`", MAX_SUBJECTS, |n| about((0..n).map(numbered).collect())),
        ("a subject's name", MAX_NAME_BYTES, |n| {
            about(vec![Subject { name: "n".repeat(n), ..numbered(1) }])
        }),
        ("`repository`", MAX_REPOSITORY_BYTES, |n| Statement {
            repository: RepositoryName::new("r".repeat(n)),
            ..approval()
        }),
        ("`refs`", MAX_REFS, |n| Statement { refs: vec!["refs/x".into(); n], ..approval() }),
        ("an entry of `refs`", MAX_REF_BYTES, |n| Statement {
            refs: vec!["r".repeat(n)],
            ..approval()
        }),
        ("`reason`", MAX_REASON_BYTES, |n| Statement { reason: Some("r".repeat(n)), ..approval() }),
    ];
    for (name, limit, of) in rows {
        let at = of(limit);
        assert_eq!(parse(&render(&at, None), usize::MAX), Ok(at), "{name} at its limit");
        let error = parse(&render(&of(limit + 1), None), usize::MAX).unwrap_err();
        assert!(matches!(&error, StatementError::TooMuch { what, .. } if *what == name), "{error}");
    }
}
