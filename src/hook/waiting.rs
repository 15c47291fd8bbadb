//! What a push that takes long is waiting for.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a push may take without a word.
pub(super) const SILENCE: Duration = Duration::from_secs(2);

/// Whether a push waits for an answer, or works.
#[derive(Debug, Default)]
pub(super) struct Waiting(AtomicBool);

impl Waiting {
    /// Runs a future, and knows while it waits: only the store is ever waited for.
    pub(super) async fn watch<F: Future>(&self, work: F) -> F::Output {
        let mut work = pin!(work);
        poll_fn(|context| {
            self.0.store(false, Ordering::Relaxed);
            let polled = work.as_mut().poll(context);
            self.0.store(polled.is_pending(), Ordering::Relaxed);
            polled
        })
        .await
    }

    /// One line for the pusher.
    pub(super) fn line(&self) -> &'static str {
        if self.0.load(Ordering::Relaxed) {
            "countersign: waiting for the sign-off store\n"
        } else {
            "countersign: reading what was pushed\n"
        }
    }
}
