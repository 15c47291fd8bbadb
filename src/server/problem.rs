//! Errors as `application/problem+json` (RFC 9457), each with a code of its own.
//!
//! What the store says goes to the log, with a number that the answer names, too: it may hold
//! names of hosts.

use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::domain::ids::{ObjectId, RepositoryName};
use crate::store::StoreError;

/// Why there is no answer.
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        let status = status.as_u16();
        Self { kind: "about:blank", title, status, code, detail: String::new() }
    }

    fn detail(self, detail: String) -> Self {
        Self { detail, ..self }
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "there is nothing at this address")
    }

    pub(super) fn method() -> Self {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Self::new(status, "method", "this address takes another method")
    }

    pub(super) fn too_large(bytes: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the question is too large")
            .detail(format!("it may have {bytes} bytes"))
    }

    pub(super) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "the question took too long to come")
    }

    pub(super) fn unreadable(error: &serde_json::Error) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unreadable", "the question can't be read")
            .detail(error.to_string())
    }

    pub(super) fn no_login() -> Self {
        let title = "no token that this server knows";
        Self::new(StatusCode::UNAUTHORIZED, "no-login", title)
    }

    pub(super) fn login(why: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "login", "nobody is logged in").detail(why.to_owned())
    }

    pub(super) fn session_over() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "session-over", "the session is over: log in again")
    }

    pub(super) fn hosts_alone() -> Self {
        Self::new(StatusCode::FORBIDDEN, "not-yours", "this is for Git hosts alone")
    }

    pub(super) fn unsigned(why: &str) -> Self {
        let title = "a statement is not what the policy takes";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "statement", title).detail(why.to_owned())
    }

    pub(super) fn bug(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(error = %error, "bug");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "bug", "the server's log says more")
    }

    pub(super) fn not_yours(name: &RepositoryName) -> Self {
        let title = "the token is for other repositories";
        Self::new(StatusCode::FORBIDDEN, "not-yours", title).detail(format!("not for {name}"))
    }

    pub(super) fn of_all() -> Self {
        let title = "this is about all repositories, and the token for some";
        Self::new(StatusCode::FORBIDDEN, "not-yours", title)
    }

    pub(super) fn forged(id: ObjectId) -> Self {
        let title = "an object is not what its id says";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "forged", title).detail(id.to_string())
    }

    pub(super) fn store(error: StoreError) -> Self {
        tracing::error!(error = %error, "the store");
        match error {
            StoreError::Damaged(_) => {
                let title = "the store is damaged, or was given what can't be";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "store-damaged", title)
                    .detail("the server's log says more".to_owned())
            }
            _ => {
                let title = "the store does not answer";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "store-unreachable", title)
                    .detail("the server's log says more".to_owned())
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response =
            (status, [(CONTENT_TYPE, "application/problem+json")], body).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
