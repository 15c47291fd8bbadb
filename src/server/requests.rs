//! One line of the log for each request, with an id that its answer bears, too.

use std::time::Instant;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

/// The header: a hook sends its decision's id in it, so that both logs can be joined.
pub(super) const REQUEST_ID: &str = "x-request-id";

/// Who asked, for the log.
#[derive(Debug, Clone)]
pub(super) struct Who(pub(super) String);

/// An id that may stand in a log.
fn given(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(REQUEST_ID)?.to_str().ok()?;
    let is_id = (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    is_id.then(|| text.to_owned())
}

fn random() -> String {
    getrandom::u64().map_or_else(|_| "none".to_owned(), |bits| format!("{bits:016x}"))
}

pub(super) async fn log(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = given(request.headers()).unwrap_or_else(random);
    let method = request.method().clone();
    let path = request.uri().path().chars().take(200).collect::<String>();
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let status = response.status().as_u16();
    let who = response.extensions().get::<Who>().map(|who| who.0.clone());
    let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    if path == "/healthz" || path == "/readyz" {
        tracing::debug!(request = id, path, status, "request");
    } else {
        tracing::info!(request = id, method = %method, path, status, who, milliseconds, "request");
    }
    response
}
