//! What a server asks of its own store besides: who may ask the server.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Store, StoreError};
use crate::domain::ids::{PersonId, TokenHash};

/// A Git host's token, as the store keeps it: never the token itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The Git host, as an admin calls it.
    pub name: String,
    /// Globs of the repositories that it is for.
    pub repositories: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ended.
    pub revoked_at: Option<Timestamp>,
}

/// Somebody who is logged in, as the store keeps it: never the session's secret. Times are
/// seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who, by the policy's key.
    pub person: PersonId,
    /// With which key: `type base64`.
    pub public_key: String,
    /// When they logged in.
    pub began: i64,
    /// When it was used last, to the minute.
    pub used: i64,
}

/// A store that can stand behind a server: one of its own, not another server.
#[async_trait]
pub trait Keeper: Store {
    /// Keeps a new token; false where its name is taken, also by a revoked one.
    async fn keep_token(&self, hash: &TokenHash, token: &Token) -> Result<bool, StoreError>;

    /// Ends a token for good; false where there is none of this name that lives.
    async fn revoke_token(&self, name: &str, at: Timestamp) -> Result<bool, StoreError>;

    /// All tokens by name, revoked ones too.
    async fn tokens(&self) -> Result<Vec<Token>, StoreError>;

    /// The token with this hash, revoked or not.
    async fn token(&self, hash: &TokenHash) -> Result<Option<Token>, StoreError>;

    /// The secret of this name: the random bytes given where there was none, else those that
    /// were given first.
    async fn secret(&self, name: &str, random: &[u8]) -> Result<Vec<u8>, StoreError>;

    /// Notes that a challenge was answered, and forgets those before `oldest`; false where it
    /// was before.
    async fn answer_challenge(
        &self,
        hash: &TokenHash,
        second: i64,
        oldest: i64,
    ) -> Result<bool, StoreError>;

    /// Keeps a session, and forgets those that began before `oldest`.
    async fn keep_session(
        &self,
        hash: &TokenHash,
        session: &Session,
        oldest: i64,
    ) -> Result<(), StoreError>;

    /// The session with this hash, whatever its age.
    async fn session(&self, hash: &TokenHash) -> Result<Option<Session>, StoreError>;

    /// Notes that a session was used.
    async fn touch_session(&self, hash: &TokenHash, second: i64) -> Result<(), StoreError>;

    /// Ends a session; false where there is none.
    async fn end_session(&self, hash: &TokenHash) -> Result<bool, StoreError>;
}
