//! The chain, what landed, what a log lacks, and the policies.

use super::{at, commit, commit_sha256, decision, repository, statement, subject, update};
use crate::domain::digest::{policy_digest, row_hash};
use crate::domain::ids::{DecisionId, ObjectFormat, ObjectId};
use crate::store::chain::{Chain, verify_chain};
use crate::store::{Durability, NewDecision, Position, Store, StoreError, StoredDecision, Update};

const MAIN: &[u8] = b"refs/heads/main";

async fn append(store: &dyn Store, new: &NewDecision) -> StoredDecision {
    store.append(new, Durability::Buffered).await.unwrap()
}

fn ids(decisions: &[StoredDecision]) -> Vec<DecisionId> {
    decisions.iter().map(|stored| stored.id.clone()).collect()
}

pub(crate) async fn policies_come_back(store: &dyn Store) {
    let bytes = b"version = 1\n\xff\0";
    let digest = policy_digest(bytes);
    assert_eq!(store.policy(&digest).await.unwrap(), None);
    let wrong = store.keep_policy(&digest, b"version = 2\n").await;
    assert!(matches!(wrong, Err(StoreError::Damaged(_))));
    store.keep_policy(&digest, bytes).await.unwrap();
    store.keep_policy(&digest, bytes).await.unwrap();
    assert_eq!(store.policy(&digest).await.unwrap().as_deref(), Some(bytes.as_slice()));
}

pub(crate) async fn decisions_are_chained_across_repositories(store: &dyn Store) {
    assert_eq!(verify_chain(store).await.unwrap(), Chain::Whole { rows: 0, head: None });
    let first = NewDecision {
        policy: Some(policy_digest(b"p")),
        body: b"\xff\0not JSON, the store doesn't look".to_vec(),
        ..decision(1, "a", vec![update(MAIN, commit(1), commit(2))])
    };
    let second = NewDecision { accepted: false, ..decision(2, "b", vec![]) };
    let one = append(store, &first).await;
    let two = store.append(&second, Durability::Synced).await.unwrap();

    assert_eq!((one.previous, one.hash), (None, row_hash(None, &first.body)));
    assert_eq!(two.previous, Some(one.hash));
    assert_eq!(two.hash, row_hash(Some(&one.hash), &second.body));
    assert_eq!((&one.id, &one.repository), (&first.id, &first.repository));
    assert_eq!((one.policy, &one.body), (first.policy, &first.body));
    assert_eq!(store.decision(&first.id).await.unwrap(), Some(one));
    assert_eq!(store.decision(&second.id).await.unwrap(), Some(two.clone()));
    assert_eq!(store.decision(&DecisionId::new("D-0")).await.unwrap(), None);
    let whole = Chain::Whole { rows: 2, head: Some(two.hash) };
    assert_eq!(verify_chain(store).await.unwrap(), whole);
}

pub(crate) async fn an_id_is_taken_once(store: &dyn Store) {
    let first = append(store, &decision(1, "a", vec![])).await;
    let again = NewDecision { body: b"other".to_vec(), ..decision(1, "b", vec![]) };
    let refused = store.append(&again, Durability::Synced).await;
    assert!(matches!(refused, Err(StoreError::Damaged(_))));
    let next = append(store, &decision(2, "a", vec![])).await;
    assert_eq!(next.previous, Some(first.hash));
}

pub(crate) async fn decisions_come_in_pages(store: &dyn Store) {
    // More than one page of the walk over the chain.
    let mut appended = Vec::new();
    for n in 0..300 {
        appended.push(append(store, &decision(n, "a", vec![])).await);
    }
    let page = store.decisions(0, 2).await.unwrap();
    assert_eq!(ids(&appended[..2]), page.iter().map(|row| row.1.id.clone()).collect::<Vec<_>>());
    let (last, _) = page[1];
    let rest = store.decisions(last, 1_000).await.unwrap();
    assert_eq!(rest.into_iter().map(|row| row.1).collect::<Vec<_>>(), appended[2..]);
    let head = appended.last().map(|row| row.hash);
    assert_eq!(verify_chain(store).await.unwrap(), Chain::Whole { rows: 300, head });
}

pub(crate) async fn only_what_was_judged_lands(store: &dyn Store) {
    let zero = ObjectId::zero(ObjectFormat::Sha1);
    let latin1 = b"refs/heads/f\xfcr";
    let judged = vec![
        update(MAIN, commit(1), commit(2)),
        update(latin1, zero, commit(3)),
        update(b"refs/heads/gone", commit(4), zero),
        update(b"refs/heads/sha256", commit_sha256(1), commit_sha256(2)),
    ];
    let accepted = decision(1, "a", judged.clone());
    let rejected = NewDecision {
        accepted: false,
        ..decision(2, "a", vec![update(MAIN, commit(5), commit(6))])
    };
    append(store, &accepted).await;
    append(store, &rejected).await;

    let strangers: Vec<(&str, &str, Update)> = vec![
        ("another repository", "b", judged[0].clone()),
        ("another ref", "a", update(b"refs/heads/mai", commit(1), commit(2))),
        ("another old value", "a", update(MAIN, commit(9), commit(2))),
        ("another new value", "a", update(MAIN, commit(1), commit(9))),
        ("turned round", "a", update(MAIN, commit(2), commit(1))),
        ("no decision of ours", "a", update(latin1, commit(3), zero)),
        ("rejected", "a", rejected.updates[0].clone()),
    ];
    for (name, place, stranger) in strangers {
        let landed = store.land(&repository(place), &[stranger], at(3)).await.unwrap();
        assert_eq!(landed, [], "{name}");
    }
    let start = Position::default();
    let none = store.unpublished(&repository("a"), start, 10).await.unwrap();
    assert_eq!((none.decisions.len(), none.position), (0, start));

    assert_eq!(store.land(&repository("a"), &[], at(3)).await.unwrap(), []);
    for one in judged {
        let landed = store.land(&repository("a"), std::slice::from_ref(&one), at(3)).await.unwrap();
        assert_eq!(landed, std::slice::from_ref(&accepted.id), "{one:?}");
    }
}

pub(crate) async fn what_was_let_in_and_has_not_landed_is_known(store: &dyn Store) {
    let main = update(MAIN, commit(1), commit(2));
    let side = update(b"refs/heads/side", commit(3), commit(4));
    let gone = update(b"refs/heads/\xff", commit(5), ObjectId::zero(ObjectFormat::Sha1));
    let first = decision(1, "a", vec![main.clone(), side.clone()]);
    let rejected = NewDecision { accepted: false, ..decision(2, "a", vec![gone.clone()]) };
    let elsewhere = decision(3, "b", vec![gone.clone()]);
    let last = decision(4, "a", vec![gone.clone()]);
    for new in [&first, &rejected, &elsewhere, &last] {
        append(store, new).await;
    }
    let open = async |among| store.not_landed(&repository("a"), among).await.unwrap();
    assert_eq!(open(100).await, [main.clone(), side.clone(), gone.clone()]);
    assert_eq!(open(1).await, std::slice::from_ref(&gone));
    store.land(&repository("a"), std::slice::from_ref(&main), at(3)).await.unwrap();
    assert_eq!(open(100).await, [side.clone(), gone.clone()]);
    store.land(&repository("a"), &[side, gone], at(3)).await.unwrap();
    assert_eq!(open(100).await, []);
}

pub(crate) async fn the_newest_decision_lands_and_once(store: &dyn Store) {
    let main = update(MAIN, commit(1), commit(2));
    let side = update(b"refs/heads/side", commit(3), commit(4));
    let older = decision(1, "a", vec![main.clone()]);
    let newer = decision(2, "a", vec![main.clone(), side.clone()]);
    let rejected = NewDecision { accepted: false, ..decision(3, "a", vec![main.clone()]) };
    for new in [&older, &newer, &rejected] {
        append(store, new).await;
    }
    let both = [side, main.clone()];
    for _ in 0..2 {
        let landed = store.land(&repository("a"), &both, at(3)).await.unwrap();
        assert_eq!(landed, std::slice::from_ref(&newer.id));
    }
    // The ref was taken back by the host, and the same push came again.
    let again = decision(4, "a", vec![main.clone()]);
    append(store, &again).await;
    let landed = store.land(&repository("a"), &[main], at(4)).await.unwrap();
    assert_eq!(landed, std::slice::from_ref(&again.id));
    let log = store.unpublished(&repository("a"), Position::default(), 10).await.unwrap();
    assert_eq!(ids(&log.decisions), [newer.id, again.id]);
}

pub(crate) async fn a_log_gets_what_it_lacks(store: &dyn Store) {
    let mine: Vec<_> =
        (0..5).map(|n| statement(&format!("mine {n}"), "a", vec![subject(n)])).collect();
    let theirs = statement("theirs", "b", vec![subject(0)]);
    store.submit(&mine[..2]).await.unwrap();
    store.submit(std::slice::from_ref(&theirs)).await.unwrap();
    store.submit(&mine[2..]).await.unwrap();

    let (mut position, mut pages) = (Position::default(), Vec::new());
    loop {
        let page = store.unpublished(&repository("a"), position, 2).await.unwrap();
        if page.statements.is_empty() {
            assert_eq!(page.position, position);
            break;
        }
        position = page.position;
        pages.push(page.statements);
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    let signed: Vec<_> = mine.iter().map(|new| new.signed.clone()).collect();
    assert_eq!(pages.concat(), signed);
    let b = store.unpublished(&repository("b"), Position::default(), 2).await.unwrap();
    assert_eq!(b.statements, [theirs.signed]);
    let none = store.unpublished(&repository("a"), Position::default(), 0).await.unwrap();
    assert_eq!((none.statements.len(), none.position), (0, Position::default()));
}

pub(crate) async fn a_log_gets_each_decision_once(store: &dyn Store) {
    let updates: Vec<Update> = (1..=6)
        .map(|n| update(format!("refs/heads/{n}").as_bytes(), commit(n), commit(n + 10)))
        .collect();
    let two_refs = decision(1, "a", updates[..2].to_vec());
    let one_ref = decision(2, "a", updates[2..3].to_vec());
    let never = decision(3, "a", updates[3..4].to_vec());
    let elsewhere = decision(4, "b", updates[4..5].to_vec());
    for new in [&two_refs, &one_ref, &never, &elsewhere] {
        append(store, new).await;
    }
    // In the order of landing, not of deciding.
    store.land(&repository("b"), &updates[4..5], at(3)).await.unwrap();
    store.land(&repository("a"), &updates[2..3], at(3)).await.unwrap();
    store.land(&repository("a"), &updates[..1], at(3)).await.unwrap();
    let first = store.unpublished(&repository("a"), Position::default(), 10).await.unwrap();
    assert_eq!(ids(&first.decisions), [one_ref.id.clone(), two_refs.id.clone()]);
    // Its second ref is swept up later: it is in the log already.
    store.land(&repository("a"), &updates[1..2], at(4)).await.unwrap();
    let later = store.unpublished(&repository("a"), first.position, 10).await.unwrap();
    assert_eq!(ids(&later.decisions), []);

    let all = store.unpublished(&repository("a"), Position::default(), 1).await.unwrap();
    assert_eq!(ids(&all.decisions), [one_ref.id]);
    let rest = store.unpublished(&repository("a"), all.position, 10).await.unwrap();
    assert_eq!(ids(&rest.decisions), [two_refs.id]);
}
