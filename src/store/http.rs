//! A Countersign server as a store: over `https://`, `http://` to this machine, or `unix:`.
//!
//! It may be gone, hang, trickle, or say anything: every question has a time and an answer a
//! size. Statements that it gives out are verified by whoever asked, as any store's are.

mod login;
mod questions;

use std::path::Path;
use std::time::Duration;

use reqwest::{Client, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use super::wire::Question;
use crate::domain::escape::{escape, escape_short};

/// The one address that questions of a store go to, below the server's.
pub const PATH: &str = "api/v1/store";

/// How a server is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How long to wait for a connection.
    pub connect: Duration,
    /// How long one question may take, its answer to the last byte included.
    pub patience: Duration,
    /// Bytes of the largest answer that is read.
    pub answer_bytes: usize,
    /// The authorities that vouch for a server, as PEM; the system's where there are none.
    pub authority: Option<Vec<u8>>,
    /// What the server's log calls the questions.
    pub request: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            patience: Duration::from_secs(10),
            answer_bytes: 64 << 20,
            authority: None,
            request: None,
        }
    }
}

/// A server that is asked.
pub struct Http {
    /// For messages.
    name: String,
    url: Url,
    token: Option<String>,
    client: Client,
    options: Options,
}

/// Gets ready to ask a server; nothing is sent yet. `token` says which Git host asks; the
/// socket's owner needs none.
///
/// # Errors
/// [`StoreError::Unreachable`] for an address that is none, or that would send the token
/// over a network in the clear.
pub fn open(url: &str, token: Option<&str>, options: Options) -> Result<Http, StoreError> {
    let refuse = |why: &str| StoreError::Unreachable(format!("the URL of the store {why}"));
    // Done already where another store of this process was opened.
    rustls::crypto::ring::default_provider().install_default().ok();
    let mut client = Client::builder()
        .connect_timeout(options.connect)
        .timeout(options.patience)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")));
    if let Some(pem) = &options.authority {
        let read = reqwest::Certificate::from_pem_bundle(pem);
        let certificates = read.map_err(|e| refuse(&format!("has no authorities: {e}")))?;
        if certificates.is_empty() {
            return Err(refuse("has no authorities in the file of store_authority"));
        }
        client = client.tls_certs_only(certificates);
    }
    let address = match url.strip_prefix("unix:") {
        Some(path) => {
            let path = path.strip_prefix("//").unwrap_or(path);
            if !Path::new(path).is_absolute() {
                return Err(refuse("needs an absolute path after unix:"));
            }
            client = client.unix_socket(path);
            "http://localhost/".to_owned()
        }
        None if url.ends_with('/') => url.to_owned(),
        None => format!("{url}/"),
    };
    let base = Url::parse(&address).map_err(|_| refuse("can't be read"))?;
    let is_here = match base.host_str() {
        Some("localhost" | "127.0.0.1" | "[::1]") => true,
        Some(_) => false,
        None => return Err(refuse("names no host")),
    };
    match base.scheme() {
        "https" => {}
        "http" if is_here => {}
        "http" => return Err(refuse("would send everything in the clear: write https://")),
        _ => return Err(refuse("is not https://, unix: or http:// to this machine")),
    }
    if !base.username().is_empty() || base.password().is_some() || base.query().is_some() {
        return Err(refuse("takes no login and no options"));
    }
    let name = if url.starts_with("unix:") { url.to_owned() } else { base.to_string() };
    Ok(Http {
        name: format!("the server at {}", escape(name.as_bytes())),
        url: base,
        token: token.map(str::to_owned),
        client: client.build().map_err(|e| refuse(&format!("can't be used: {e}")))?,
        options,
    })
}

/// What a server says of an error (RFC 9457), as far as it matters here.
#[derive(serde::Deserialize)]
struct Problem {
    code: String,
    detail: Option<String>,
}

impl Http {
    fn unreachable(&self, why: &str) -> StoreError {
        StoreError::Unreachable(format!("{} {why}", self.name))
    }

    async fn ask<T: DeserializeOwned>(&self, question: &Question<'_>) -> Result<T, StoreError> {
        self.post(PATH, question).await
    }

    /// Posts JSON to an address below the server's.
    async fn post<Q: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        question: &Q,
    ) -> Result<T, StoreError> {
        let body = serde_json::to_vec(question).map_err(|e| self.unreachable(&e.to_string()))?;
        let url = self.url.join(path).map_err(|e| self.unreachable(&e.to_string()))?;
        let mut request = self.client.post(url).body(body);
        request = request.header("content-type", "application/json");
        if let Some(id) = &self.options.request {
            request = request.header("x-request-id", id);
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let mut response = request.send().await.map_err(|e| self.failed(&e))?;
        let status = response.status();
        let mut answer = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|e| self.failed(&e))? {
            if answer.len() + part.len() > self.options.answer_bytes {
                return Err(self.unreachable("gives an answer that is too large"));
            }
            answer.extend_from_slice(&part);
        }
        if !status.is_success() {
            return Err(self.problem(status.as_u16(), &answer));
        }
        // No content is nothing.
        let answer = if answer.is_empty() { b"null".to_vec() } else { answer };
        let answer = serde_json::from_slice(&answer);
        answer.map_err(|e| self.unreachable(&format!("gives an answer that can't be read: {e}")))
    }

    fn failed(&self, error: &reqwest::Error) -> StoreError {
        if error.is_timeout() {
            return self.unreachable("took too long to answer");
        }
        let mut said = String::new();
        let mut source: Option<&dyn std::error::Error> = std::error::Error::source(error);
        while let Some(inner) = source {
            said = inner.to_string();
            source = inner.source();
        }
        let said = escape(said.as_bytes());
        let what = if error.is_connect() { "can't be reached" } else { "broke off" };
        self.unreachable(&format!("{what}: {said}"))
    }

    fn problem(&self, status: u16, answer: &[u8]) -> StoreError {
        let Ok(problem) = serde_json::from_slice::<Problem>(answer) else {
            return self.unreachable(&format!("answers {status}"));
        };
        let code = escape_short(problem.code.as_bytes(), 80);
        let detail = escape_short(problem.detail.unwrap_or_default().as_bytes(), 400);
        match code.as_str() {
            _ if status == 401 => {
                StoreError::NoLogin(format!("{} answers {status}, {code}: {detail}", self.name))
            }
            "store-damaged" => StoreError::Damaged(format!("{}: {detail}", self.name)),
            _ => self.unreachable(&format!("answers {status}, {code}: {detail}")),
        }
    }
}
