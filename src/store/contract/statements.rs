//! Statements: kept whole, found by what they are about.

use super::{about_statement, change, commit, kept_change, repository, statement, subject};
use crate::domain::ids::{ObjectId, StatementHash};
use crate::domain::statement::{Signed, Subject};
use crate::store::{NewStatement, Store, StoreError, Submitted, Wanted};

fn signed(statements: &[&NewStatement]) -> Vec<Signed> {
    statements.iter().map(|new| new.signed.clone()).collect()
}

fn wanted_commits(commits: &[ObjectId]) -> Wanted {
    Wanted { commits: commits.to_vec(), ..Wanted::default() }
}

fn wanted_targets(targets: &[StatementHash]) -> Wanted {
    Wanted { targets: targets.to_vec(), ..Wanted::default() }
}

pub(crate) async fn submit_answers_each_and_keeps_the_bytes(store: &dyn Store) {
    use Submitted::{Known, Stored};
    let a = statement("a", "r", vec![subject(1)]);
    let b = statement("b", "r", vec![subject(2), subject(3)]);
    // Two people may sign the same bytes.
    let mut other_signer = a.clone();
    other_signer.signed.signature = b"another".to_vec();

    assert_eq!(store.submit(&[]).await.unwrap(), []);
    let batch = [a.clone(), b.clone(), a.clone(), other_signer.clone()];
    assert_eq!(store.submit(&batch).await.unwrap(), [Stored, Stored, Known, Stored]);
    assert_eq!(store.submit(&batch).await.unwrap(), [Known; 4]);
    let c = statement("c", "r", vec![]);
    assert_eq!(store.submit(&[a.clone(), c.clone()]).await.unwrap(), [Known, Stored]);

    let absent = StatementHash::from_raw([1; 32]);
    let hashes = [c.signed.hash(), absent, a.signed.hash(), a.signed.hash()];
    assert_eq!(store.statements(&hashes).await.unwrap(), signed(&[&a, &c]), "each once");
    let all = [a.signed.hash(), b.signed.hash(), c.signed.hash(), other_signer.signed.hash()];
    let found = store.statements(&all).await.unwrap();
    assert_eq!(found, signed(&[&a, &b, &other_signer, &c]));
    assert_eq!(store.statements(&[absent]).await.unwrap(), []);
    assert_eq!(store.statements(&[]).await.unwrap(), []);
}

pub(crate) async fn submit_keeps_all_or_none(store: &dyn Store) {
    let good = statement("good", "r", vec![subject(1)]);
    let mut bad = statement("bad", "r", vec![subject(2)]);
    bad.changes = vec![kept_change(2), (change(3).0, b"not its bytes".to_vec())];
    let both = [good.clone(), bad.clone()];
    assert!(matches!(store.submit(&both).await, Err(StoreError::Damaged(_))));
    let hashes = [good.signed.hash(), bad.signed.hash()];
    assert_eq!(store.statements(&hashes).await.unwrap(), []);
    assert_eq!(store.changes(&[change(2).0]).await.unwrap(), []);

    bad.changes.pop();
    assert_eq!(store.submit(&[good, bad]).await.unwrap(), [Submitted::Stored; 2]);
    assert_eq!(store.changes(&[change(2).0]).await.unwrap(), [kept_change(2)]);
}

pub(crate) async fn a_known_statement_still_brings_its_changes(store: &dyn Store) {
    let mut new = statement("a", "r", vec![subject(1)]);
    assert_eq!(store.submit(&[new.clone()]).await.unwrap(), [Submitted::Stored]);
    assert_eq!(store.changes(&[change(1).0]).await.unwrap(), []);
    new.changes = vec![kept_change(1)];
    assert_eq!(store.submit(&[new]).await.unwrap(), [Submitted::Known]);
    assert_eq!(store.changes(&[change(1).0]).await.unwrap(), [kept_change(1)]);
}

/// A small library of statements, in the order in which they came.
pub(in crate::store) fn library() -> Vec<NewStatement> {
    let sign_off = statement("sign-off of 1 and 2", "r", vec![subject(1), subject(2)]);
    let merge =
        statement("a merge", "r", vec![Subject { change: None, paths: None, ..subject(3) }]);
    let net = statement("a net change", "r", vec![Subject { commit: None, ..subject(4) }]);
    let elsewhere = statement("of 1, elsewhere", "other", vec![subject(1)]);
    let hash = sign_off.signed.hash();
    let revoke = statement("revokes it", "r", vec![about_statement(hash)]);
    let foreign = statement("revokes it, elsewhere", "other", vec![about_statement(hash)]);
    let of_merge = about_statement(merge.signed.hash());
    let unrelated = statement("revokes the merge", "r", vec![of_merge]);
    let of_revoke = about_statement(revoke.signed.hash());
    let second = statement("revokes the revocation", "r", vec![of_revoke]);
    let kept_back = statement("revokes what never came", "r", vec![about_statement(never())]);
    vec![sign_off, merge, net, elsewhere, revoke, foreign, unrelated, second, kept_back]
}

/// The hash of a statement that no store has.
fn never() -> StatementHash {
    StatementHash::from_raw([7; 32])
}

/// What must be found in [`library`]; any store that holds it answers so.
pub(crate) async fn finds_the_library(store: &dyn Store) {
    let all = library();
    let [sign_off, merge, net, elsewhere, revoke, foreign, unrelated, second, kept_back] =
        all.iter().collect::<Vec<_>>().try_into().expect("nine");
    let (change_of, paths_of) = (|n| change(n).0, |n| change(n).1);
    let rows: Vec<(&str, Wanted, Vec<&NewStatement>)> = vec![
        ("a commit", wanted_commits(&[commit(1)]), vec![sign_off, revoke]),
        ("its other commit", wanted_commits(&[commit(2)]), vec![sign_off, revoke]),
        (
            "a change",
            Wanted { changes: vec![change_of(2)], ..Wanted::default() },
            vec![sign_off, revoke],
        ),
        ("paths", Wanted { paths: vec![paths_of(1)], ..Wanted::default() }, vec![sign_off, revoke]),
        ("a net change", Wanted { changes: vec![change_of(4)], ..Wanted::default() }, vec![net]),
        ("a net change's commit", wanted_commits(&[commit(4)]), vec![]),
        ("a merge", wanted_commits(&[commit(3)]), vec![merge, unrelated]),
        ("a merge's change", Wanted { changes: vec![change_of(3)], ..Wanted::default() }, vec![]),
        (
            "all of it at once",
            Wanted {
                commits: vec![commit(2), commit(1), commit(1), commit(9)],
                changes: vec![change_of(1), change_of(4)],
                paths: vec![paths_of(2)],
                targets: vec![merge.signed.hash()],
            },
            vec![sign_off, net, revoke, unrelated],
        ),
        ("what revokes a statement", wanted_targets(&[sign_off.signed.hash()]), vec![revoke]),
        ("what revokes a revocation", wanted_targets(&[revoke.signed.hash()]), vec![second]),
        ("what revokes one that never came", wanted_targets(&[never()]), vec![kept_back]),
        ("what revokes nothing", wanted_targets(&[second.signed.hash()]), vec![]),
        ("nothing", Wanted::default(), vec![]),
    ];
    for (name, wanted, expected) in rows {
        let found = store.statements_about(&repository("r"), &wanted).await.unwrap();
        assert_eq!(found, signed(&expected), "{name}");
    }
    let there = store.statements_about(&repository("other"), &wanted_commits(&[commit(1)])).await;
    assert_eq!(there.unwrap(), signed(&[elsewhere]), "not {foreign:?}");
    let third = store.statements_about(&repository("R"), &wanted_commits(&[commit(1)])).await;
    assert_eq!(third.unwrap(), []);
}

pub(crate) async fn statements_are_found_by_what_they_are_about(store: &dyn Store) {
    store.submit(&library()).await.unwrap();
    finds_the_library(store).await;
}

pub(crate) async fn twenty_thousand_commits_are_one_question(store: &dyn Store) {
    let many = 20_000;
    let new = statement("the last", "r", vec![subject(many - 1)]);
    store.submit(std::slice::from_ref(&new)).await.unwrap();
    let wanted = Wanted {
        commits: (0..many).map(commit).collect(),
        changes: (0..many).map(|n| change(n).0).collect(),
        paths: (0..many).map(|n| change(n).1).collect(),
        targets: (0..many).map(|n| StatementHash::from_raw(*change(n).0.as_bytes())).collect(),
    };
    let found = store.statements_about(&repository("r"), &wanted).await.unwrap();
    assert_eq!(found, [new.signed]);
    assert_eq!(store.sightings(&wanted.commits, &wanted.changes).await.unwrap(), []);
    assert_eq!(store.changes(&wanted.changes).await.unwrap(), []);
}

pub(crate) async fn names_are_data(store: &dyn Store) {
    let hostile = "x' OR 1=1; DROP TABLE statements; --\"\\\u{202e}%_[\"]";
    let new = statement("hostile", hostile, vec![subject(1)]);
    store.submit(&[new.clone(), statement("tame", "x", vec![subject(1)])]).await.unwrap();
    let wanted = wanted_commits(&[commit(1)]);
    let found = store.statements_about(&repository(hostile), &wanted).await.unwrap();
    assert_eq!(found, [new.signed]);
}
