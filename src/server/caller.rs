//! Who asks: a Git host by its token, a person by their session, or a system user of this
//! machine by its socket.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use super::problem::Problem;
use super::requests::Who;
use super::{Server, login};
use crate::domain::digest::token_hash;
use crate::domain::glob::Globs;
use crate::domain::ids::{PersonId, RepositoryName};
use crate::domain::policy::Policy;
use crate::store::wire::Question;

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) enum Peer {
    /// Somebody on a network.
    Network,
    /// A system user of this machine, where the system tells.
    User(Option<u32>),
}

/// Who asks, and of which repositories.
pub(super) enum Caller {
    /// A Git host, or a system user of this machine.
    Host {
        /// As its token or its system user is called.
        name: String,
        /// None: of all.
        repositories: Option<Globs>,
    },
    /// Somebody who is logged in.
    Person {
        /// Who.
        id: PersonId,
        /// The policy in force.
        policy: Arc<Policy>,
    },
}

/// The secret that a request bears.
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    given.and_then(|text| text.strip_prefix("Bearer ")).ok_or_else(Problem::no_login)
}

impl Caller {
    /// A token counts wherever it comes from; without one, the socket's users that the
    /// settings name. Which of a token's mistakes it is, is not told.
    pub(super) async fn of(
        server: &Server,
        peer: Peer,
        headers: &HeaderMap,
    ) -> Result<Self, Problem> {
        if headers.get(AUTHORIZATION).is_none() {
            return match peer {
                Peer::User(Some(uid)) if server.uids.contains(&uid) => {
                    Ok(Self::Host { name: format!("uid {uid}"), repositories: None })
                }
                _ => Err(Problem::no_login()),
            };
        }
        let secret = bearer(headers)?;
        if secret.starts_with("css_") {
            return login::person_of(server, secret).await;
        }
        let token = server.store.token(&token_hash(secret)).await.map_err(Problem::store)?;
        let token = token.filter(|t| t.revoked_at.is_none()).ok_or_else(Problem::no_login)?;
        let globs = Globs::new(token.repositories.iter().map(String::as_str));
        let globs = globs.map_err(|_| Problem::no_login())?;
        Ok(Self::Host { name: token.name, repositories: Some(globs) })
    }

    /// For the log.
    pub(super) fn who(&self) -> Who {
        match self {
            Self::Host { name, .. } => Who(format!("host {name}")),
            Self::Person { id, .. } => Who(format!("person {id}")),
        }
    }

    /// Whether nothing is kept from the caller.
    pub(super) fn sees_all(&self) -> bool {
        matches!(self, Self::Host { repositories: None, .. })
    }

    /// Whether a repository is one of the caller's.
    pub(super) fn sees(&self, name: &RepositoryName) -> bool {
        match self {
            Self::Host { repositories, .. } => {
                let matches = |globs: &Globs| globs.matches(name.as_str().as_bytes());
                repositories.as_ref().is_none_or(matches)
            }
            Self::Person { id, policy } => policy.may_read(id, name),
        }
    }

    /// Whether the caller may ask this.
    pub(super) fn may(&self, question: &Question<'_>) -> Result<(), Problem> {
        use Question as Q;
        let stranger = |name: &&&RepositoryName| !self.sees(name);
        if let Some(name) = question.repositories().iter().find(stranger) {
            return Err(Problem::not_yours(name));
        }
        let of_all = matches!(
            question,
            Q::Decisions { .. } | Q::Traces { .. } | Q::ShownIn { .. } | Q::MemoryStats {}
        );
        match self {
            Self::Host { repositories: None, .. } => Ok(()),
            Self::Host { repositories: Some(globs), .. } => {
                let is_wide = globs.patterns().any(|pattern| pattern == "**");
                if of_all && !is_wide { Err(Problem::of_all()) } else { Ok(()) }
            }
            Self::Person { .. } => match question {
                Q::Requests { .. }
                | Q::Rounds { .. }
                | Q::HasObjects { .. }
                | Q::Objects { .. }
                | Q::Changes { .. }
                | Q::Decision { .. }
                | Q::Statements { .. }
                | Q::StatementsAbout { .. }
                | Q::Policy { .. }
                | Q::Submit { .. } => Ok(()),
                _ => Err(Problem::hosts_alone()),
            },
        }
    }
}
