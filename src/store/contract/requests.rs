//! Review requests, and what is shown with them.

use super::{at, commit, landing, repository, request, statement, subject, update};
use crate::domain::ids::{ObjectId, RequestId};
use crate::domain::request::{NewRequest, Request, Requested, Round};
use crate::domain::statement::Net;
use crate::store::request::RequestQuery;
use crate::store::{Durability, NewDecision, Store, StoreError};

const MAIN: &[u8] = b"refs/heads/main";

fn every() -> RequestQuery {
    RequestQuery { ids: Vec::new(), repository: None, open_since: None, after: 0, limit: 100 }
}

fn open() -> RequestQuery {
    RequestQuery { open_since: Some(at(0).as_second()), ..every() }
}

async fn ids(store: &dyn Store, query: &RequestQuery) -> Vec<RequestId> {
    let found = store.requests(query).await.unwrap();
    found.into_iter().map(|request| request.id).collect()
}

/// As another push of it, at another time.
fn again(new: &NewRequest, second: i64, change: impl FnOnce(&mut Round)) -> NewRequest {
    let mut new = new.clone();
    new.round.at = at(second);
    change(&mut new.round);
    new
}

/// One row, however often it is pushed; each push that says something new is a round.
pub(crate) async fn a_request_is_pushed_again(store: &dyn Store) {
    let new = request(1, "a");
    assert_eq!(store.keep_request(&new).await.unwrap(), Requested::Opened);
    assert_eq!(store.keep_request(&again(&new, 60, |_| ())).await.unwrap(), Requested::Known);
    assert_eq!(store.rounds(&new.id).await.unwrap(), std::slice::from_ref(&new.round));
    let moved = again(&new, 120, |round| round.commits[0].commit = commit(9));
    assert_eq!(store.keep_request(&moved).await.unwrap(), Requested::Moved);
    assert_eq!(store.keep_request(&again(&moved, 180, |_| ())).await.unwrap(), Requested::Known);
    assert_eq!(store.rounds(&new.id).await.unwrap(), [new.round.clone(), moved.round.clone()]);
    // Long after, the same again keeps it from ending.
    let late = again(&moved, 120 + 24 * 60 * 60, |_| ());
    assert_eq!(store.keep_request(&late).await.unwrap(), Requested::Known);
    let found = store.requests(&RequestQuery::one(&new.id)).await.unwrap();
    let [found] = found.as_slice() else { panic!("{found:?}") };
    let whole = Request {
        seq: found.seq,
        id: new.id.clone(),
        repository: new.repository.clone(),
        name: new.name.clone(),
        pusher: new.pusher.clone(),
        opened_at: jiff::Timestamp::from_second(at(0).as_second()).unwrap(),
        rounds: 3,
        last: late.round,
        landed_at: None,
    };
    assert_eq!(*found, whole);
    let nobody = NewRequest { pusher: None, id: RequestId::new("R-2"), ..new.clone() };
    store.keep_request(&nobody).await.unwrap();
    let found = store.requests(&RequestQuery::one(&nobody.id)).await.unwrap();
    assert_eq!(found.first().map(|r| r.pusher.clone()), Some(None));
}

pub(crate) async fn an_id_is_one_requests(store: &dyn Store) {
    let new = request(1, "a");
    store.keep_request(&new).await.unwrap();
    let others = [
        NewRequest { repository: repository("b"), ..new.clone() },
        NewRequest { name: crate::domain::ids::RefName::new("refs/heads/x"), ..new.clone() },
        NewRequest { pusher: None, ..new.clone() },
    ];
    for other in others {
        let refused = store.keep_request(&other).await;
        assert!(matches!(refused, Err(StoreError::Damaged(_))), "{refused:?}");
    }
    assert_eq!(store.rounds(&new.id).await.unwrap().len(), 1);
}

pub(crate) async fn requests_come_in_pages(store: &dyn Store) {
    for n in 1..=5 {
        let name = if n == 3 { "b" } else { "a" };
        store.keep_request(&again(&request(n, name), i64::from(n), |_| ())).await.unwrap();
    }
    let all = ids(store, &every()).await;
    assert_eq!(all, (1..=5).map(|n| request(n, "a").id).collect::<Vec<_>>());
    let page = store.requests(&RequestQuery { limit: 2, ..every() }).await.unwrap();
    assert_eq!(page.iter().map(|r| &r.id).collect::<Vec<_>>(), [&all[0], &all[1]]);
    let next = RequestQuery { limit: 2, after: page[1].seq, ..every() };
    assert_eq!(ids(store, &next).await, [all[2].clone(), all[3].clone()]);
    let of_b = RequestQuery { repository: Some(repository("b")), ..every() };
    assert_eq!(ids(store, &of_b).await, [all[2].clone()]);
    let some = RequestQuery { ids: vec![all[4].clone(), all[0].clone()], ..every() };
    assert_eq!(ids(store, &some).await, [all[0].clone(), all[4].clone()]);
    let recent = RequestQuery { open_since: Some(at(4).as_second()), ..every() };
    assert_eq!(ids(store, &recent).await, [all[3].clone(), all[4].clone()]);
}

/// A file with the id that git gives it.
fn blob(bytes: &[u8]) -> (ObjectId, Vec<u8>) {
    let id = git2::Oid::hash_object(git2::ObjectType::Blob, bytes).unwrap();
    (ObjectId::from_raw(id.as_bytes()).unwrap(), bytes.to_vec())
}

/// Bytes come back to the repository that brought them, and to no other.
pub(crate) async fn objects_are_read_where_they_were_shown(store: &dyn Store) {
    let object = |n: u32| blob(&[0_u8, 255, u8::try_from(n).unwrap()].repeat(1000));
    let with = |new: NewRequest, objects: &[u32]| NewRequest {
        objects: objects.iter().map(|n| object(*n)).collect(),
        ..new
    };
    store.keep_request(&with(request(1, "a"), &[1, 2])).await.unwrap();
    store.keep_request(&with(request(2, "b"), &[2, 3])).await.unwrap();
    store.keep_request(&with(request(3, "a"), &[1])).await.unwrap();
    let ids: Vec<ObjectId> = (1..=4).map(|n| object(n).0).collect();
    for (name, expected) in [("a", vec![1, 2]), ("b", vec![2, 3]), ("c", vec![])] {
        let name = repository(name);
        let mut has = store.has_objects(&name, &ids).await.unwrap();
        has.sort();
        let mut objects: Vec<_> = expected.iter().map(|n| object(*n)).collect();
        objects.sort();
        assert_eq!(has, objects.iter().map(|(id, _)| *id).collect::<Vec<_>>());
        let mut found = store.objects(&name, &ids).await.unwrap();
        found.sort();
        assert_eq!(found, objects);
    }
    let none = blob(b"");
    let empty = NewRequest { objects: vec![none.clone()], ..request(4, "a") };
    store.keep_request(&empty).await.unwrap();
    let found = store.objects(&repository("a"), &[none.0]).await.unwrap();
    assert_eq!(found, [none]);
}

async fn lands(store: &dyn Store, n: u64, name: &str, covered: &[ObjectId]) {
    let main = update(MAIN, commit(0), commit(u32::try_from(n).unwrap() + 100));
    land(store, landing(n, name, main, covered)).await;
}

async fn land(store: &dyn Store, new: NewDecision) {
    store.append(&new, Durability::Buffered).await.unwrap();
    store.land(&new.repository, &new.updates, at(500)).await.unwrap();
}

/// By its id, by a commit that does the same, and not by others or elsewhere.
pub(crate) async fn a_request_ends_when_it_lands(store: &dyn Store) {
    let new = request(1, "a");
    store.keep_request(&new).await.unwrap();
    lands(store, 1, "a", &[commit(2)]).await;
    lands(store, 2, "b", &[commit(1)]).await;
    let side = update(b"refs/heads/side", commit(0), commit(1));
    land(store, landing(3, "a", side, &[commit(1)])).await;
    assert_eq!(ids(store, &open()).await, std::slice::from_ref(&new.id));
    lands(store, 4, "a", &[commit(1)]).await;
    assert_eq!(ids(store, &open()).await, []);
    let found = store.requests(&RequestQuery::one(&new.id)).await.unwrap();
    assert_eq!(found.first().and_then(|r| r.landed_at), Some(at(500)));
    // Pushed once more, it is open again.
    assert_eq!(store.keep_request(&again(&new, 600, |_| ())).await.unwrap(), Requested::Opened);
    assert_eq!(ids(store, &open()).await, std::slice::from_ref(&new.id));
    // Rebased: another commit with the same change, of which the store has a row.
    let sighting = crate::domain::sighting::Sighting {
        change: super::sighting(1).change,
        ..super::sighting(7)
    };
    store.see(&[sighting], &[], &[]).await.unwrap();
    lands(store, 5, "a", &[commit(7)]).await;
    assert_eq!(ids(store, &open()).await, []);
}

/// All of its commits, or a squash of them.
pub(crate) async fn a_request_of_two_ends_with_both(store: &dyn Store) {
    let mut new = request(1, "a");
    new.round.commits.push(request(2, "a").round.commits[0]);
    store.keep_request(&new).await.unwrap();
    lands(store, 1, "a", &[commit(1)]).await;
    assert_eq!(ids(store, &open()).await, std::slice::from_ref(&new.id));
    let mut net = statement("net", "a", vec![subject(1), subject(2)]);
    net.statement.net = Some(Net { base: commit(0), tip: commit(2) });
    store.submit(std::slice::from_ref(&net)).await.unwrap();
    let main = update(MAIN, commit(0), commit(200));
    let mut squash = landing(2, "a", main, &[commit(50)]);
    let mut body: serde_json::Value = serde_json::from_slice(&squash.body).unwrap();
    body["refs"][0]["commits"][0]["requirements"][0]["have"] = serde_json::json!([{
        "person": "grace", "statement": net.signed.hash(), "binding": "same-files", "net": true,
    }]);
    squash.body = serde_json::to_vec(&body).unwrap();
    land(store, squash).await;
    assert_eq!(ids(store, &open()).await, []);
}
