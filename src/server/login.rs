//! Logging in: a challenge, signed with a key that the policy gives a person.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;

use super::caller::{Caller, bearer};
use super::problem::Problem;
use super::{Server, body};
use crate::domain::digest::token_hash;
use crate::domain::ids::PersonId;
use crate::domain::policy::{Person, Policy, Role};
use crate::signature::{self, login_key, login_text};
use crate::store::keeper::Session;
use crate::store::session::{Challenge, LoggedIn, Login};

/// Seconds for which a challenge may be answered.
const CHALLENGE: i64 = 300;

/// Seconds after which a session's use is written down again.
pub(super) const TOUCH: i64 = 60;

/// Bytes of a login.
const LOGIN_BYTES: usize = 64 << 10;

/// A secret of 256 random bits.
fn secret() -> Result<String, Problem> {
    let mut bits = [0; 32];
    getrandom::fill(&mut bits).map_err(|e| Problem::bug(&e))?;
    let hex: String = bits.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("css_{hex}"))
}

pub(super) async fn challenge(State(server): State<Arc<Server>>) -> Result<Response, Problem> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|e| Problem::bug(&e))?;
    let second = (server.clock)().as_second();
    // Nothing is kept for whoever only asks.
    let challenge = signature::challenge(&server.secret, second, u128::from_be_bytes(random));
    Ok(no_store(Json(Challenge { challenge })))
}

pub(super) async fn login(
    State(server): State<Arc<Server>>,
    request: Request,
) -> Result<Response, Problem> {
    let body = body(request, LOGIN_BYTES).await?;
    let login: Login = serde_json::from_slice(&body).map_err(|e| Problem::unreadable(&e))?;
    let now = (server.clock)();
    let oldest = now.as_second() - CHALLENGE;
    let given = signature::challenge_time(&server.secret, &login.challenge);
    if given.is_none_or(|second| second < oldest) {
        return Err(Problem::login("the challenge is not this server's, or too old"));
    }
    let named = login.server.trim_end_matches('/');
    if !server.names.iter().any(|name| name.trim_end_matches('/') == named) {
        return Err(Problem::login("the challenge was signed for another server"));
    }
    let text = login_text(&login.server, &login.challenge);
    let key = login_key(&text, login.signature.as_bytes())
        .map_err(|e| Problem::login(&format!("the signature does not count: {e}")))?;
    let policy = server.policies.now(now);
    let person = owner(&policy, &key, now)
        .ok_or_else(|| Problem::login("the key is nobody's in the policy, or over"))?;
    let hash = token_hash(&login.challenge);
    let answered = server.store.answer_challenge(&hash, now.as_second(), oldest);
    if !answered.await.map_err(Problem::store)? {
        return Err(Problem::login("the challenge was answered before"));
    }
    let secret = secret()?;
    let session = Session {
        person: person.clone(),
        public_key: key,
        began: now.as_second(),
        used: now.as_second(),
    };
    let oldest = now.as_second() - server.sessions.longest;
    let kept = server.store.keep_session(&token_hash(&secret), &session, oldest).await;
    kept.map_err(Problem::store)?;
    tracing::info!(person = person.as_str(), "logged in");
    let ends = session.began + server.sessions.longest;
    let expires_at = Timestamp::from_second(ends).map_err(|e| Problem::bug(&e))?;
    Ok(no_store(Json(LoggedIn { session: secret, person, expires_at })))
}

pub(super) async fn logout(
    State(server): State<Arc<Server>>,
    request: Request,
) -> Result<Response, Problem> {
    let secret = bearer(request.headers())?;
    if server.store.end_session(&token_hash(secret)).await.map_err(Problem::store)? {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Err(Problem::no_login())
}

/// Whose session a secret is, while it lasts and the key is still theirs.
pub(super) async fn person_of(server: &Server, secret: &str) -> Result<Caller, Problem> {
    let hash = token_hash(secret);
    let session = server.store.session(&hash).await.map_err(Problem::store)?;
    let session = session.ok_or_else(Problem::no_login)?;
    let now = (server.clock)();
    let second = now.as_second();
    let is_over = second - session.began > server.sessions.longest
        || second - session.used > server.sessions.idle;
    let policy = server.policies.now(now);
    let is_theirs = owner(&policy, &session.public_key, now) == Some(session.person.clone());
    if is_over || !is_theirs {
        return Err(Problem::session_over());
    }
    if second - session.used >= TOUCH {
        server.store.touch_session(&hash, second).await.map_err(Problem::store)?;
    }
    Ok(Caller::Person { id: session.person, policy })
}

/// The person to whom a policy gives a key that counts now.
fn owner(policy: &Policy, public: &str, now: Timestamp) -> Option<PersonId> {
    let counts = |person: &&Person| {
        person.role == Role::Person
            && person.keys.iter().any(|key| {
                key.public == public
                    && !key.revoked
                    && key.valid_after.is_none_or(|after| after <= now)
                    && key.valid_before.is_none_or(|before| now < before)
            })
    };
    policy.people.values().find(counts).map(|person| person.id.clone())
}

/// What holds a secret is nobody's to keep on the way.
fn no_store<T: Serialize>(answer: Json<T>) -> Response {
    let headers = [(axum::http::header::CACHE_CONTROL, "no-store")];
    (headers, answer).into_response()
}
