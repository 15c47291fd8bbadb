//! A person's login at a server.

use super::Http;
use crate::store::StoreError;
use crate::store::session::{CHALLENGE_PATH, Challenge, LOGIN_PATH, LOGOUT_PATH, LoggedIn, Login};

impl Http {
    /// Asks for something to sign.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`], and [`StoreError::NoLogin`] where the server says no.
    pub async fn challenge(&self) -> Result<Challenge, StoreError> {
        self.post(CHALLENGE_PATH, &serde_json::json!({})).await
    }

    /// Answers a challenge.
    ///
    /// # Errors
    /// As [`Http::challenge`].
    pub async fn login(&self, login: &Login) -> Result<LoggedIn, StoreError> {
        self.post(LOGIN_PATH, login).await
    }

    /// Ends the session that this asks with.
    ///
    /// # Errors
    /// As [`Http::challenge`].
    pub async fn logout(&self) -> Result<(), StoreError> {
        self.post(LOGOUT_PATH, &serde_json::json!({})).await
    }
}
