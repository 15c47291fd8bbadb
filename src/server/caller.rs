//! Who asks: a Git host by its token, or a system user of this machine by its socket.

use axum::extract::connect_info::Connected;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::serve::IncomingStream;
use tokio::net::{TcpListener, UnixListener};

use super::Server;
use super::problem::Problem;
use crate::domain::digest::token_hash;
use crate::domain::glob::Globs;
use crate::domain::ids::RepositoryName;
use crate::store::wire::Question;

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) enum Peer {
    /// Somebody on a network.
    Network,
    /// A system user of this machine, where the system tells.
    User(Option<u32>),
}

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(_: IncomingStream<'_, TcpListener>) -> Self {
        Self::Network
    }
}

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Self::User(stream.io().peer_cred().ok().map(|cred| cred.uid()))
    }
}

/// Who asks, and of which repositories.
pub(super) struct Caller {
    /// None: of all.
    repositories: Option<Globs>,
}

impl Caller {
    /// A token counts wherever it comes from; without one, the socket's users that the
    /// settings name. Which of a token's mistakes it is, is not told.
    pub(super) async fn of(
        server: &Server,
        peer: Peer,
        headers: &HeaderMap,
    ) -> Result<Self, Problem> {
        let Some(given) = headers.get(AUTHORIZATION) else {
            return match peer {
                Peer::User(Some(uid)) if server.uids.contains(&uid) => {
                    Ok(Self { repositories: None })
                }
                _ => Err(Problem::no_login()),
            };
        };
        let secret = given.to_str().ok().and_then(|text| text.strip_prefix("Bearer "));
        let secret = secret.ok_or_else(Problem::no_login)?;
        let token = server.store.token(&token_hash(secret)).await.map_err(Problem::store)?;
        let token = token.filter(|t| t.revoked_at.is_none()).ok_or_else(Problem::no_login)?;
        let globs = Globs::new(token.repositories.iter().map(String::as_str));
        let globs = globs.map_err(|_| Problem::no_login())?;
        Ok(Self { repositories: Some(globs) })
    }

    /// Whether a repository is one of the caller's.
    pub(super) fn sees(&self, name: &RepositoryName) -> bool {
        self.repositories.as_ref().is_none_or(|globs| globs.matches(name.as_str().as_bytes()))
    }

    /// Whether the caller may ask this.
    pub(super) fn may(&self, question: &Question<'_>) -> Result<(), Problem> {
        let Some(globs) = &self.repositories else { return Ok(()) };
        let stranger = |name: &&&RepositoryName| !self.sees(name);
        if let Some(name) = question.repositories().iter().find(stranger) {
            return Err(Problem::not_yours(name));
        }
        let of_all = matches!(
            question,
            Question::Decisions { .. }
                | Question::Traces { .. }
                | Question::ShownIn { .. }
                | Question::MemoryStats {}
        );
        if of_all && !globs.patterns().any(|pattern| pattern == "**") {
            return Err(Problem::of_all());
        }
        Ok(())
    }
}
