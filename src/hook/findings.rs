//! Errors of the store in the pusher's words (G5): the fault is never theirs.

use crate::domain::decision::{Family, Finding};
use crate::domain::policy::Mode;
use crate::store::StoreError;

/// What rejects where anything is gated, under the strictest mode of the push. Else the push
/// lands, and there is nothing for the pusher to do.
pub(super) fn of_store(error: &StoreError, mode: Option<Mode>) -> Finding {
    match mode {
        Some(mode) => store(error).with_mode(mode),
        None => Finding {
            hints: vec![
                "what AI tools did here is not on record; nothing to do for you".to_owned(),
            ],
            ..store(error).with_mode(Mode::Warn)
        },
    }
}

/// A store error in the pusher's words.
#[must_use]
pub(super) fn store(error: &StoreError) -> Finding {
    let message = match error {
        StoreError::NewerSchema { .. } => "the sign-off store was written by a newer version",
        StoreError::Damaged(_) => "the sign-off store is damaged",
        StoreError::Behind(_) => "the sign-off store lacks what this repository has published",
        StoreError::Unreachable(_) => "the sign-off store does not answer",
    };
    Finding::new("store-unreachable", Family::StoreUnreachable, message)
        .hint("this is not your fault: push again later, or tell the server's admins")
}
