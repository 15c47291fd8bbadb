//! The sign-off server: the only place that names axum.
//!
//! Owns who may ask what over HTTP, and the form of its errors. It judges nothing: whoever
//! decides verifies what it gives out. No address changes or deletes a statement.

mod answers;
mod caller;
mod connections;
mod login;
mod policies;
mod problem;
mod requests;
#[cfg(test)]
mod tests;
mod tls;

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use tokio::net::{TcpListener, UnixListener};

use self::caller::{Caller, Peer};
pub use self::connections::serve;
pub use self::policies::Policies;
use self::problem::Problem;
pub use self::tls::{Tls, TlsError, TlsFiles};
use crate::store::http;
use crate::store::keeper::Keeper;
use crate::store::session::{CHALLENGE_PATH, LOGIN_PATH, LOGOUT_PATH};
use crate::store::wire::Question;

/// Bytes of the largest question: what memory learns of one push.
const QUESTION_BYTES: usize = 64 << 20;

/// How long a question may take to come in.
const QUESTION_TIME: Duration = Duration::from_secs(30);

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// `127.0.0.1:7117`.
    Tcp(String),
    /// `unix:/run/countersign/serve.sock`.
    Unix(PathBuf),
}

/// What a server knows.
pub struct Server {
    /// Its own store.
    pub store: Box<dyn Keeper>,
    /// System users that may ask over the socket, without a token.
    pub uids: Vec<u32>,
    /// The policy: who may log in, and read what.
    pub policies: Policies,
    /// Addresses for which a login may be signed: the server's own.
    pub names: Vec<String>,
    /// By which challenges are known again; the same for all servers of a store.
    pub secret: Vec<u8>,
    /// How long a login lasts.
    pub sessions: Sessions,
    /// What time it is.
    pub clock: fn() -> Timestamp,
}

/// How long a login lasts, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sessions {
    /// Without being used.
    pub idle: i64,
    /// At the longest.
    pub longest: i64,
}

/// An open address.
pub enum Listener {
    /// Over the network.
    Tcp(TcpListener),
    /// A socket of this machine.
    Unix(UnixListener),
}

impl Listener {
    /// Where it listens, with the port that the system chose where none was asked for.
    #[must_use]
    pub fn address(&self) -> String {
        match self {
            Self::Tcp(tcp) => tcp.local_addr().map_or_else(|e| e.to_string(), |a| a.to_string()),
            Self::Unix(unix) => {
                let address = unix.local_addr().ok();
                let path = address.as_ref().and_then(|a| a.as_pathname());
                format!("unix:{}", path.unwrap_or(Path::new("")).display())
            }
        }
    }
}

/// Opens an address. A socket that an earlier server left behind is replaced; one that answers
/// is another server's.
///
/// # Errors
/// What the system says.
pub async fn listen(address: &Address) -> io::Result<Listener> {
    match address {
        Address::Tcp(address) => Ok(Listener::Tcp(TcpListener::bind(address).await?)),
        Address::Unix(path) => {
            if tokio::net::UnixStream::connect(path).await.is_ok() {
                return Err(io::Error::new(io::ErrorKind::AddrInUse, "a server answers there"));
            }
            match std::fs::remove_file(path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
            let listener = UnixListener::bind(path)?;
            // Who may ask is decided by the peer's user, not by the file.
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
            Ok(Listener::Unix(listener))
        }
    }
}

fn path(below: &str) -> String {
    format!("/{below}")
}

fn router(server: Arc<Server>) -> Router {
    Router::new()
        .route(&path(http::PATH), post(store))
        .route(&path(CHALLENGE_PATH), post(login::challenge))
        .route(&path(LOGIN_PATH), post(login::login))
        .route(&path(LOGOUT_PATH), post(login::logout))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async { Problem::method() })
        .layer(axum::middleware::from_fn(requests::log))
        .with_state(server)
}

/// Whether the store answers.
async fn ready(State(server): State<Arc<Server>>) -> Response {
    match server.store.has_memory().await {
        Ok(_) => match server.policies.broken() {
            None => "ok\n".into_response(),
            // It still answers, under the last policy that was sound.
            Some(_) => "ok, but the policy's file is broken: the last one stays\n".into_response(),
        },
        Err(error) => {
            tracing::error!(error = %error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n").into_response()
        }
    }
}

/// All of a question, in time and within its size.
async fn body(request: Request, most: usize) -> Result<Bytes, Problem> {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    if length.is_some_and(|bytes: usize| bytes > most) {
        return Err(Problem::too_large(most));
    }
    let body = axum::body::to_bytes(request.into_body(), most);
    match tokio::time::timeout(QUESTION_TIME, body).await {
        Ok(body) => body.map_err(|_| Problem::too_large(most)),
        Err(_) => Err(Problem::too_slow()),
    }
}

/// A question of a hook's to the store.
async fn store(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
) -> Result<Response, Problem> {
    let caller = Caller::of(&server, peer, request.headers()).await?;
    let body = body(request, QUESTION_BYTES).await?;
    let question: Question<'_> =
        serde_json::from_slice(&body).map_err(|e| Problem::unreadable(&e))?;
    caller.may(&question)?;
    let answer = answers::answer(&server, &caller, question).await?;
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
    let mut response = (headers, Body::from(answer)).into_response();
    response.extensions_mut().insert(caller.who());
    Ok(response)
}
