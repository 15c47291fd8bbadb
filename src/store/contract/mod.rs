//! What every store must do: test bodies against `&dyn Store`, and what they are made of.
//!
//! Each body gets a fresh, empty store. [`store_contract`] makes one test of each, so that
//! no store can leave one out.

pub(crate) mod decisions;
pub(crate) mod memory;
pub(crate) mod requests;
pub(crate) mod sightings;
pub(crate) mod statements;

use jiff::Timestamp;

use super::keeper::{Keeper, Session, Token};
use super::{NewDecision, NewStatement, Update};
use crate::domain::change::{Change, Entry, Side};
use crate::domain::digest::{change_digest, paths_digest, token_hash};
use crate::domain::ids::{
    ChangeDigest, DecisionId, Login, ObjectFormat, ObjectId, PathsDigest, PersonId, RefName,
    RepoPath, RepositoryName, RequestId, StatementHash,
};
use crate::domain::memory::{Fingerprint, Trace};
use crate::domain::request::{Asked, LeftOut, NewRequest, Round, Why};
use crate::domain::sighting::{Contributor, Contributors, Part, Sighting};
use crate::domain::statement::{Signed, Statement, Subject, Verdict};

/// `store_contract!(fresh)`, where `fresh` runs an async body on a fresh store.
macro_rules! store_contract {
    ($fresh:path) => {
        $crate::store::contract::store_contract! { @each $fresh,
            statements: submit_answers_each_and_keeps_the_bytes;
            statements: submit_keeps_all_or_none;
            statements: a_known_statement_still_brings_its_changes;
            statements: statements_are_found_by_what_they_are_about;
            statements: twenty_thousand_commits_are_one_question;
            statements: names_are_data;
            sightings: the_first_row_wins_for_ever;
            sightings: nobody_takes_an_empty_seat;
            sightings: see_answers_each_commit_once_in_order;
            sightings: see_refuses_bytes_that_are_not_the_change;
            sightings: sightings_are_found_by_change_too;
            sightings: every_field_of_a_sighting_comes_back;
            sightings: changes_come_back;
            sightings: many_sightings_at_once;
            memory: it_is_empty_until_something_is_learned;
            memory: what_was_learned_is_recalled;
            memory: only_the_first_lesson_of_a_commit_counts;
            memory: what_many_share_is_kept_of_some;
            memory: what_landed_covered_is_discharged;
            memory: a_rejected_push_discharges_nothing;
            memory: a_net_change_discharges_what_it_names;
            memory: many_lines_at_once;
            decisions: policies_come_back;
            decisions: decisions_are_chained_across_repositories;
            decisions: an_id_is_taken_once;
            decisions: decisions_come_in_pages;
            decisions: only_what_was_judged_lands;
            decisions: what_was_let_in_and_has_not_landed_is_known;
            decisions: the_newest_decision_lands_and_once;
            decisions: a_log_gets_what_it_lacks;
            decisions: a_log_gets_each_decision_once;
            requests: a_request_is_pushed_again;
            requests: an_id_is_one_requests;
            requests: requests_come_in_pages;
            requests: objects_are_read_where_they_were_shown;
            requests: a_request_ends_when_it_lands;
            requests: a_request_of_two_ends_with_both;
        }
    };
    (@each $fresh:path, $($file:ident: $name:ident;)*) => {$(
        #[test]
        fn $name() {
            $fresh(async |store| $crate::store::contract::$file::$name(store).await);
        }
    )*};
}
pub(crate) use store_contract;

pub(crate) fn run<F: Future>(body: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(body)
}

/// 32 bytes that are `n`'s alone.
fn bytes(kind: u8, n: u32) -> [u8; 32] {
    let mut raw = [kind; 32];
    raw[..4].copy_from_slice(&n.to_be_bytes());
    raw
}

pub(super) fn commit(n: u32) -> ObjectId {
    ObjectId::from_raw(&bytes(0xc0, n)[..20]).expect("20 bytes")
}

pub(super) fn commit_sha256(n: u32) -> ObjectId {
    ObjectId::from_raw(&bytes(0xc1, n)).expect("32 bytes")
}

pub(super) fn repository(name: &str) -> RepositoryName {
    RepositoryName::new(name)
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::new(1_790_000_000 + second, 123_456_789).expect("a time")
}

/// A change of one file, with what is derived from it.
pub(super) fn change(n: u32) -> (ChangeDigest, PathsDigest, Vec<u8>) {
    let id = ObjectId::from_raw(&bytes(0xb1, n)[..20]).expect("20 bytes");
    let path = RepoPath::new(format!("src/{n}.rs"));
    let entry = Entry { path, old: None, new: Some(Side { mode: 0o100_644, id }) };
    let change = Change::new(ObjectFormat::Sha1, vec![entry]);
    (change_digest(&change).expect("not empty"), paths_digest(&change), change.to_bytes())
}

pub(super) fn kept_change(n: u32) -> (ChangeDigest, Vec<u8>) {
    let (digest, _, bytes) = change(n);
    (digest, bytes)
}

/// What commit `n` left in memory, of which every field differs from another's.
pub(super) fn trace(n: u32) -> Trace {
    let id = |fill: u8| ObjectId::from_raw(&bytes(fill, n)[..20]).expect("20 bytes");
    let run = |k: i64| (Fingerprint(i64::from(n) * 100 + k), k);
    Trace {
        commit: commit(n),
        decision: DecisionId::new(format!("D-{n}")),
        change: Some(change(n).0),
        blobs: [id(0xb1), id(0xb2)].into(),
        runs: [run(1), run(2), (Fingerprint(i64::MIN + i64::from(n)), 7)].into(),
        lines: 10 + n as usize,
        echo: false,
    }
}

/// A decision that lets commits land on a ref, each covered for the rule "production".
pub(super) fn landing(n: u64, name: &str, update: Update, covered: &[ObjectId]) -> NewDecision {
    let commits: Vec<_> = covered
        .iter()
        .map(|id| {
            serde_json::json!({
                "id": id, "subject": "", "evidence": [], "findings": [],
                "requirements": [{
                    "rule": "production", "line": 1, "mode": "enforce", "reason": null,
                    "from": [], "needed": 1, "one_more": false, "met": "signed-off",
                    "have": [], "can_sign": [], "cannot": [], "unusable": [], "declined": [],
                    "blocked": false, "push_first": null,
                }],
            })
        })
        .collect();
    let new = decision(n, name, vec![update.clone()]);
    let body = serde_json::json!({
        "id": new.id, "at": at(1), "repository": name, "policy": null, "pusher": null,
        "verdict": "accept", "findings": [], "deliveries": [], "first_pushers": [],
        "refs": [{
            "name": update.name, "change": "fast-forward", "old": update.old, "new": update.new,
            "gated": true, "verdict": "accept", "findings": [], "rules": [], "commits": commits,
            "ungated_ai": 0, "early": null,
        }],
    });
    NewDecision { body: serde_json::to_vec(&body).expect("JSON"), ..new }
}

/// A sign-off of commit `n` with change `n`.
pub(super) fn subject(n: u32) -> Subject {
    let (digest, paths, _) = change(n);
    Subject {
        name: format!("commit {n}"),
        commit: Some(commit(n)),
        change: Some(digest),
        paths: Some(paths),
        statement: None,
    }
}

pub(super) fn about_statement(hash: StatementHash) -> Subject {
    Subject { name: "it".into(), commit: None, change: None, paths: None, statement: Some(hash) }
}

/// A statement; the store looks at no signature, so any bytes do.
pub(super) fn statement(name: &str, repository: &str, subjects: Vec<Subject>) -> NewStatement {
    let revokes = subjects.iter().any(|subject| subject.statement.is_some());
    NewStatement {
        signed: Signed {
            statement: format!("{{\"{name}\": \"\u{fc}\0\"}}").into_bytes(),
            signature: format!("signature of {name}\n").into_bytes(),
        },
        statement: Statement {
            subjects,
            repository: RepositoryName::new(repository),
            refs: vec!["refs/heads/main".into()],
            verdict: if revokes { Verdict::Revoke } else { Verdict::Approve },
            reason: None,
            issued_at: at(0),
            expires_at: None,
            net: None,
        },
        changes: Vec::new(),
        received_at: at(1),
        delivered_by: Some("kim".into()),
    }
}

/// Commit `n` with change `n`, shown by kim.
pub(super) fn sighting(n: u32) -> Sighting {
    let (digest, paths, _) = change(n);
    Sighting {
        commit: commit(n),
        repository: RepositoryName::new("payments/api"),
        first_pusher: Some(Login::new("kim")),
        at: at(i64::from(n)),
        change: Some(digest),
        paths: Some(paths),
        contributors: Contributors(vec![
            Contributor { part: Part::Author, email: "kim@example.com".into() },
            Contributor { part: Part::CoAuthor(7), email: "j\u{fc}rgen@example.com".into() },
            Contributor { part: Part::Committer, email: "\\xff@example.com".into() },
        ]),
        evidence: "Co-Authored-By: Claude <noreply@anthropic.com>".into(),
    }
}

pub(super) fn update(name: &[u8], old: ObjectId, new: ObjectId) -> Update {
    Update { name: RefName::new(name), old, new }
}

/// Kim's push of commit `n` to main, refused.
pub(crate) fn request(n: u32, name: &str) -> NewRequest {
    let round = Round {
        at: at(0),
        decision: DecisionId::from_random(u64::from(n)),
        old: commit(0),
        tip: commit(n),
        commits: vec![Asked { commit: commit(n), change: Some(change(n).0) }],
        left_out: vec![LeftOut { id: commit(77), bytes: 1 << 40, why: Why::Large }],
        title: format!("Add {n}"),
        waiting: 1,
        files: 1,
        can_sign: vec![PersonId::new("ghopper")],
    };
    NewRequest {
        id: RequestId::from_bits(u64::from(n)),
        repository: repository(name),
        name: RefName::new("refs/heads/main"),
        pusher: Some(Login::new("kim")),
        round,
        objects: Vec::new(),
    }
}

/// The token of the Git host "git-1", for one folder of repositories.
pub(crate) fn token() -> Token {
    Token {
        name: "git-1".into(),
        repositories: vec!["payments/*".into()],
        created_at: at(3),
        revoked_at: None,
    }
}

/// What a server's own store does with tokens, on a fresh one.
pub(crate) async fn tokens_live_once(store: &dyn Keeper) {
    let (hash, other) = (token_hash("secret"), token_hash("other"));
    assert_eq!(store.token(&hash).await.expect("an answer"), None);
    assert!(store.keep_token(&hash, &token()).await.expect("kept"));
    assert_eq!(store.token(&hash).await.expect("an answer"), Some(token()));
    assert!(!store.keep_token(&other, &token()).await.expect("the name is taken"));
    let twin = Token { name: "git-2".into(), ..token() };
    assert!(!store.keep_token(&hash, &twin).await.expect("the secret is taken"));
    assert_eq!(store.token(&other).await.expect("an answer"), None);
    assert!(store.revoke_token("git-1", at(5)).await.expect("revoked"));
    assert!(!store.revoke_token("git-1", at(6)).await.expect("once"));
    assert!(!store.revoke_token("git-2", at(6)).await.expect("none"));
    assert!(!store.keep_token(&other, &token()).await.expect("the name stays taken"));
    let ended = Token { revoked_at: Some(at(5)), ..token() };
    assert_eq!(store.tokens().await.expect("all"), std::slice::from_ref(&ended));
    assert_eq!(store.token(&hash).await.expect("an answer"), Some(ended));
}

/// What a server's own store does with those who log in.
pub(crate) async fn sessions_come_and_go(store: &dyn Keeper) {
    let (hash, other) = (token_hash("secret"), token_hash("other"));
    assert_eq!(store.secret("login", b"one").await.expect("kept"), b"one");
    assert_eq!(store.secret("login", b"two").await.expect("the first"), b"one");
    assert_eq!(store.secret("other", b"two").await.expect("kept"), b"two");
    assert!(store.answer_challenge(&hash, 100, 0).await.expect("first"));
    assert!(!store.answer_challenge(&hash, 101, 0).await.expect("once"));
    assert!(store.answer_challenge(&other, 200, 100).await.expect("another"));
    assert!(!store.answer_challenge(&hash, 200, 100).await.expect("still known"));
    assert!(store.answer_challenge(&hash, 200, 101).await.expect("forgotten"));
    let session = Session {
        person: PersonId::new("grace"),
        public_key: "ssh-ed25519 AAAA".into(),
        began: 100,
        used: 100,
    };
    store.keep_session(&hash, &session, 0).await.expect("kept");
    assert_eq!(store.session(&hash).await.expect("an answer"), Some(session.clone()));
    assert_eq!(store.session(&other).await.expect("an answer"), None);
    store.touch_session(&hash, 160).await.expect("noted");
    store.touch_session(&hash, 130).await.expect("late");
    let used = Session { used: 160, ..session.clone() };
    assert_eq!(store.session(&hash).await.expect("an answer"), Some(used));
    store.keep_session(&other, &Session { began: 300, ..session }, 101).await.expect("kept");
    assert_eq!(store.session(&hash).await.expect("an answer"), None);
    assert!(store.end_session(&other).await.expect("ended"));
    assert!(!store.end_session(&other).await.expect("once"));
}

/// An accepted decision about `updates`, its body naming `n`.
pub(super) fn decision(n: u64, repository: &str, updates: Vec<Update>) -> NewDecision {
    NewDecision {
        id: DecisionId::from_random(n),
        repository: RepositoryName::new(repository),
        at: at(2),
        accepted: true,
        policy: None,
        body: format!("{{\"decision\": {n}}}").into_bytes(),
        updates,
    }
}
