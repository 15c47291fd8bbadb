//! Sightings: one row per commit, the first, for ever.

use std::slice::from_ref;

use super::{at, change, commit, commit_sha256, kept_change, sighting};
use crate::domain::ids::{Login, RepositoryName};
use crate::domain::sighting::{Contributors, Sighting};
use crate::store::{Store, StoreError};

pub(crate) async fn the_first_row_wins_for_ever(store: &dyn Store) {
    let first = sighting(1);
    assert_eq!(store.see(&[sighting(1)], &[], &[]).await.unwrap(), [sighting(1)]);
    // The same commit, by somebody else, in another repository, with another story.
    let claim = Sighting {
        repository: RepositoryName::new("elsewhere"),
        first_pusher: Some(Login::new("mallory")),
        at: at(-9),
        change: None,
        paths: None,
        contributors: Contributors::default(),
        evidence: String::new(),
        ..first.clone()
    };
    assert_eq!(store.see(from_ref(&claim), &[], &[]).await.unwrap(), [sighting(1)]);
    // Also in the company of a new one, and twice in one call.
    let two = [claim.clone(), sighting(2), claim];
    assert_eq!(store.see(&two, &[], &[]).await.unwrap(), [first.clone(), sighting(2)]);
    assert_eq!(store.sightings(&[commit(1)], &[]).await.unwrap(), [first]);
}

/// A row without a name stays without one: whoever comes second was not first.
pub(crate) async fn nobody_takes_an_empty_seat(store: &dyn Store) {
    let nobody = Sighting { first_pusher: None, ..sighting(1) };
    store.see(from_ref(&nobody), &[], &[]).await.unwrap();
    assert_eq!(store.see(&[sighting(1)], &[], &[]).await.unwrap(), [nobody]);
}

pub(crate) async fn see_answers_each_commit_once_in_order(store: &dyn Store) {
    assert_eq!(store.see(&[], &[], &[]).await.unwrap(), []);
    let late = Sighting { first_pusher: None, ..sighting(5) };
    let given = [sighting(5), sighting(3), late, sighting(4)];
    let seen = store.see(&given, &[], &[]).await.unwrap();
    assert_eq!(seen, [sighting(5), sighting(3), sighting(4)]);
    assert_eq!(store.sightings(&[], &[]).await.unwrap(), []);
}

pub(crate) async fn see_refuses_bytes_that_are_not_the_change(store: &dyn Store) {
    let wrong = (change(1).0, kept_change(2).1);
    let refused = store.see(&[sighting(1)], &[kept_change(3), wrong], &[]).await;
    assert!(matches!(refused, Err(StoreError::Damaged(_))));
    assert_eq!(store.sightings(&[commit(1)], &[]).await.unwrap(), []);
    assert_eq!(store.changes(&[change(1).0, change(3).0]).await.unwrap(), []);

    store.see(&[sighting(1)], &[kept_change(1)], &[]).await.unwrap();
    assert_eq!(store.changes(&[change(1).0]).await.unwrap(), [kept_change(1)]);
}

pub(crate) async fn sightings_are_found_by_change_too(store: &dyn Store) {
    let same_change = Sighting {
        change: sighting(1).change,
        repository: RepositoryName::new("elsewhere"),
        at: at(-5),
        ..sighting(2)
    };
    let merge = Sighting { change: None, paths: None, ..sighting(3) };
    let given = [sighting(1), same_change.clone(), merge.clone(), sighting(4)];
    store.see(&given, &[], &[]).await.unwrap();

    let by_change = store.sightings(&[], &[change(1).0]).await.unwrap();
    assert_eq!(by_change, [same_change.clone(), sighting(1)], "oldest first");
    let both = store.sightings(&[commit(1), commit(3)], &[change(1).0, change(9).0]).await;
    assert_eq!(both.unwrap(), [same_change, sighting(1), merge]);
    assert_eq!(store.sightings(&[commit(9)], &[change(2).0]).await.unwrap(), []);
}

pub(crate) async fn every_field_of_a_sighting_comes_back(store: &dyn Store) {
    let bare = Sighting {
        commit: commit_sha256(2),
        repository: RepositoryName::new(""),
        first_pusher: None,
        at: "0001-01-01T00:00:00Z".parse().unwrap(),
        change: None,
        paths: None,
        contributors: Contributors::default(),
        evidence: String::new(),
    };
    let hostile = Sighting {
        repository: RepositoryName::new("a'b\u{fc}"),
        first_pusher: Some(Login::new("deploy-key:12\t")),
        at: "9999-12-30T22:00:00.999999999Z".parse().unwrap(),
        evidence: "a\nline \u{1f980}\" \\x1b".into(),
        ..sighting(1)
    };
    let given = [bare.clone(), hostile.clone()];
    assert_eq!(store.see(&given, &[], &[]).await.unwrap(), given);
    let found = store.sightings(&[hostile.commit, bare.commit], &[]).await.unwrap();
    assert_eq!(found, [bare, hostile]);
}

pub(crate) async fn changes_come_back(store: &dyn Store) {
    store.see(&[], &[kept_change(1), kept_change(2), kept_change(1)], &[]).await.unwrap();
    store.see(&[], &[kept_change(2)], &[]).await.unwrap();
    let mut expected = vec![kept_change(1), kept_change(2)];
    expected.sort();
    let found = store.changes(&[change(1).0, change(9).0, change(2).0, change(1).0]).await;
    assert_eq!(found.unwrap(), expected);
    assert_eq!(store.changes(&[]).await.unwrap(), []);
}

pub(crate) async fn many_sightings_at_once(store: &dyn Store) {
    let given: Vec<Sighting> = (0..2_000).map(sighting).collect();
    let changes: Vec<_> = (0..2_000).map(kept_change).collect();
    assert_eq!(store.see(&given, &changes, &[]).await.unwrap(), given);
    let digests: Vec<_> = changes.iter().map(|(digest, _)| *digest).collect();
    assert_eq!(store.changes(&digests).await.unwrap().len(), changes.len());
}
