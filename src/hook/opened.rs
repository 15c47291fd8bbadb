//! The store of a repository, opened in a way that notices one that is gone or old.

use crate::git::Repo;
use crate::git::log;
use crate::settings::Settings;
use crate::store::{self, Location, Store, StoreError};

/// Where the settings say that the store is.
#[must_use]
pub fn location(settings: &Settings) -> Location<'_> {
    let store = &settings.store;
    let (url, token, authority) = (store.secret(), store.token(), store.authority());
    Location { url, token, authority, request: None }
}

/// Opens a store. A repository that never published anything may be the
/// first of a new one. One with a published log had a store: where that is missing now, a
/// disk is not mounted, and where it lacks what was published last, it is an older copy, or
/// was made anew. Either has forgotten declines, revocations and first pushers.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn open(at: Location<'_>, repo: &Repo) -> Result<Box<dyn Store>, StoreError> {
    let Ok(tip) = log::tip(repo) else { return store::open_existing_store(at).await };
    let Some(tip) = tip else { return store::open_store(at).await };
    let store = store::open_existing_store(at).await?;
    if let Some(last) = tip.position.statement
        && store.statements(&[last]).await?.is_empty()
    {
        return Err(StoreError::Behind(last));
    }
    Ok(store)
}
