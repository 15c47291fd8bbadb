//! Memory: what is learned, recalled and discharged (G9).

use super::{at, commit, landing, repository, sighting, statement, subject, trace, update};
use crate::domain::ids::RepositoryName;
use crate::domain::memory::{Fingerprint, Trace};
use crate::store::memory::{Asked, Recalled};
use crate::store::{Durability, Store};

fn everything(trace: &Trace) -> Asked {
    Asked {
        commits: Vec::new(),
        changes: trace.change.into_iter().collect(),
        blobs: trace.blobs.iter().copied().collect(),
        runs: trace.runs.iter().map(|(run, _)| *run).collect(),
    }
}

async fn recall(store: &dyn Store, asked: &Asked) -> Recalled {
    store.recall(&RepositoryName::new("a"), asked).await.unwrap()
}

async fn learn(store: &dyn Store, traces: &[Trace]) {
    let sightings: Vec<_> = traces
        .iter()
        .map(|t| crate::domain::sighting::Sighting { commit: t.commit, ..sighting(1) })
        .collect();
    store.see(&sightings, &[], traces).await.unwrap();
}

pub(crate) async fn it_is_empty_until_something_is_learned(store: &dyn Store) {
    assert!(!store.has_memory().await.unwrap());
    store.see(&[sighting(1)], &[], &[]).await.unwrap();
    assert!(store.has_memory().await.unwrap());
    let itself = Asked { commits: vec![commit(1), commit(2)], ..Asked::default() };
    let known = recall(store, &itself).await;
    assert_eq!(known.itself, [(commit(1), 0)]);
    assert_eq!((known.commits[0].commit, known.commits[0].lines), (commit(1), 0));
    let nothing = recall(store, &everything(&trace(1))).await;
    assert!(nothing.commits.is_empty() && nothing.changes.is_empty());
    // Also of a commit whose row is older.
    store.see(&[sighting(1)], &[], &[trace(1)]).await.unwrap();
    let known = recall(store, &itself).await;
    assert_eq!(known.itself, [(commit(1), 0)]);
    assert_eq!(known.commits[0].lines, trace(1).lines);
}

pub(crate) async fn what_was_learned_is_recalled(store: &dyn Store) {
    let echo = Trace { echo: true, change: None, ..trace(2) };
    store.see(&[sighting(1), sighting(2)], &[], &[trace(1), echo]).await.unwrap();
    let of_one = recall(store, &everything(&trace(1))).await;
    let [known] = of_one.commits.as_slice() else { panic!("{:?}", of_one.commits) };
    let row = sighting(1);
    assert_eq!((known.commit, &known.repository), (commit(1), &row.repository));
    assert_eq!((&known.first_pusher, known.at), (&row.first_pusher, row.at));
    assert_eq!((&known.evidence, known.lines), (&row.evidence, trace(1).lines));
    assert_eq!((known.decision.as_str(), known.echo), ("D-1", false));
    assert_eq!(of_one.changes, [(trace(1).change.unwrap(), 0)]);
    let mut blobs: Vec<_> = of_one.blobs.iter().map(|(blob, place)| (*blob, *place)).collect();
    blobs.sort_unstable();
    let expected: Vec<_> = trace(1).blobs.into_iter().map(|blob| (blob, 0)).collect();
    assert_eq!(blobs, expected);
    let mut runs: Vec<_> =
        of_one.runs.iter().map(|(run, place, file)| (*run, *file, *place)).collect();
    runs.sort_unstable();
    let expected: Vec<_> = trace(1).runs.into_iter().map(|(run, file)| (run, file, 0)).collect();
    assert_eq!(runs, expected);
    let of_two = recall(store, &everything(&trace(2))).await;
    assert!(of_two.commits[0].echo && of_two.changes.is_empty());
    let of_none = recall(store, &everything(&trace(3))).await;
    assert!(of_none.commits.is_empty() && of_none.runs.is_empty());
}

pub(crate) async fn only_the_first_lesson_of_a_commit_counts(store: &dyn Store) {
    let other = Trace { commit: commit(1), ..trace(2) };
    learn(store, &[trace(1), other.clone()]).await;
    learn(store, std::slice::from_ref(&other)).await;
    assert!(recall(store, &everything(&other)).await.commits.is_empty());
    assert_eq!(recall(store, &everything(&trace(1))).await.commits.len(), 1);
}

pub(crate) async fn what_many_share_is_kept_of_some(store: &dyn Store) {
    let shared = Fingerprint(7);
    let all: Vec<_> = (1..=100)
        .map(|n| Trace {
            runs: [(shared, i64::from(n)), (Fingerprint(-i64::from(n)), 1)].into(),
            ..trace(n)
        })
        .collect();
    learn(store, &all).await;
    let asked = Asked { runs: vec![shared, Fingerprint(-100)], ..Asked::default() };
    let recalled = recall(store, &asked).await;
    let of = |run| recalled.runs.iter().filter(|(r, ..)| *r == run).count();
    assert_eq!((of(shared), of(Fingerprint(-100))), (64, 1));
}

async fn land(store: &dyn Store, is_accepted: bool, covered: &[crate::domain::ids::ObjectId]) {
    let main = update(b"refs/heads/main", commit(8), commit(9));
    let new = landing(1, "a", main.clone(), covered);
    let new = crate::store::NewDecision { accepted: is_accepted, ..new };
    store.append(&new, Durability::Buffered).await.unwrap();
    store.land(&repository("a"), &[main], at(3)).await.unwrap();
}

pub(crate) async fn what_landed_covered_is_discharged(store: &dyn Store) {
    learn(store, &[trace(1), trace(2)]).await;
    land(store, true, &[commit(1)]).await;
    let landed = recall(store, &everything(&trace(1))).await;
    assert_eq!(landed.commits[0].landed_for, ["production".to_owned()].into());
    let elsewhere = store.recall(&RepositoryName::new("b"), &everything(&trace(1))).await.unwrap();
    assert!(elsewhere.commits[0].landed_for.is_empty());
    assert!(recall(store, &everything(&trace(2))).await.commits[0].landed_for.is_empty());
}

pub(crate) async fn a_rejected_push_discharges_nothing(store: &dyn Store) {
    learn(store, &[trace(1)]).await;
    land(store, false, &[commit(1)]).await;
    assert!(recall(store, &everything(&trace(1))).await.commits[0].landed_for.is_empty());
}

pub(crate) async fn a_net_change_discharges_what_it_names(store: &dyn Store) {
    learn(store, &[trace(1), trace(2)]).await;
    let signed = statement("a", "a", vec![subject(1), subject(3)]);
    let hash = signed.signed.hash();
    store.submit(&[signed]).await.unwrap();
    let main = update(b"refs/heads/main", commit(8), commit(9));
    let mut new = landing(1, "a", main.clone(), &[commit(7)]);
    let mut body: serde_json::Value = serde_json::from_slice(&new.body).unwrap();
    body["refs"][0]["commits"][0]["requirements"][0]["have"] = serde_json::json!([
        { "person": "ghopper", "statement": hash, "binding": "replay", "net": true }
    ]);
    new.body = serde_json::to_vec(&body).unwrap();
    store.append(&new, Durability::Buffered).await.unwrap();
    store.land(&repository("a"), &[main], at(3)).await.unwrap();
    assert!(!recall(store, &everything(&trace(1))).await.commits[0].landed_for.is_empty());
    assert!(recall(store, &everything(&trace(2))).await.commits[0].landed_for.is_empty());
}

pub(crate) async fn many_lines_at_once(store: &dyn Store) {
    let runs = (0..20_000).map(|n| (Fingerprint(n * 7), n)).collect();
    learn(store, &[Trace { runs, ..trace(1) }]).await;
    let asked =
        Asked { runs: (0..40_000).map(|n| Fingerprint(n * 7)).collect(), ..Asked::default() };
    assert_eq!(recall(store, &asked).await.runs.len(), 20_000);
}
