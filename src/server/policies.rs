//! The policy as it is now. A broken one leaves the last good one in force.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::detect;
use crate::domain::policy::Policy;
use crate::policy::{self, PolicyError};

/// Seconds for which the file is not looked at again.
const FRESH: i64 = 2;

/// A policy's file, read again as it changes.
pub struct Policies {
    path: PathBuf,
    known_markers: Vec<String>,
    current: Mutex<Current>,
}

struct Current {
    policy: Arc<Policy>,
    looked_at: i64,
    /// What was told of the last file that could not be used.
    broken: Option<String>,
}

impl Policies {
    /// Reads the file for the first time.
    ///
    /// # Errors
    /// As [`policy::load`]: a server does not start without a policy.
    pub fn open(path: PathBuf, now: Timestamp) -> Result<Self, PolicyError> {
        let known_markers = detect::marker_names();
        let loaded = policy::load(&path, &known_markers)?;
        let policy = Arc::new(loaded.checked.policy);
        let current = Current { policy, looked_at: now.as_second(), broken: None };
        Ok(Self { path, known_markers, current: Mutex::new(current) })
    }

    /// The policy in force.
    pub(super) fn now(&self, now: Timestamp) -> Arc<Policy> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if (now.as_second() - current.looked_at).abs() < FRESH {
            return Arc::clone(&current.policy);
        }
        current.looked_at = now.as_second();
        match policy::load(&self.path, &self.known_markers) {
            Ok(loaded) => {
                let policy = loaded.checked.policy;
                if policy.digest != current.policy.digest {
                    tracing::info!(policy = %policy.digest, "the policy was read again");
                    current.policy = Arc::new(policy);
                }
                current.broken = None;
            }
            Err(e) => {
                let said = e.to_string();
                if current.broken.as_ref() != Some(&said) {
                    let kept = current.policy.digest;
                    tracing::error!(error = said, kept = %kept, "the policy can't be used; the last one stays");
                }
                current.broken = Some(said);
            }
        }
        Arc::clone(&current.policy)
    }

    /// Why the file as it is now can't be used.
    pub(super) fn broken(&self) -> Option<String> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).broken.clone()
    }
}
