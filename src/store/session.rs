//! What a person's login says on the wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::ids::PersonId;

/// Where a challenge is asked for, below the server's address.
pub const CHALLENGE_PATH: &str = "api/v1/login/challenge";

/// Where it is answered.
pub const LOGIN_PATH: &str = "api/v1/login";

/// Where a session is ended.
pub const LOGOUT_PATH: &str = "api/v1/logout";

/// What is to be signed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// Random; it is good for one answer, within five minutes.
    pub challenge: String,
}

/// The answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The server's address, as the person wrote it; part of what is signed.
    pub server: String,
    /// The challenge.
    pub challenge: String,
    /// The armoured SSHSIG over both.
    pub signature: String,
}

/// A session.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoggedIn {
    /// Its secret.
    pub session: String,
    /// Whose it is.
    pub person: PersonId,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}
