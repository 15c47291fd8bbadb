//! What a server asks of its own store besides: who may ask the server.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Store, StoreError};
use crate::domain::ids::TokenHash;

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
}
