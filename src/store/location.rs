//! Which store: chosen by its URL.

use std::path::Path;

use super::keeper::Keeper;
use super::{Store, StoreError, http, postgres, sqlite};
use crate::domain::escape::escape;

/// Where a store is.
#[derive(Debug, Clone, Copy)]
pub struct Location<'a> {
    /// `sqlite:///absolute/path`, `postgres://user@host/database`, or a server:
    /// `https://host`, `http://localhost`, `unix:/path`.
    pub url: &'a str,
    /// The file with the token that a server asks for.
    pub token: Option<&'a Path>,
    /// The file with the authorities that vouch for a server; the system's where there is none.
    pub authority: Option<&'a Path>,
    /// What a server's log calls the questions: a decision's id.
    pub request: Option<&'a str>,
}

/// Opens a store, and makes it where it isn't there: for setting up, and for tools. A server
/// sees to its own.
///
/// # Errors
/// [`StoreError::Unreachable`] for a URL of another kind, and what [`sqlite::open`],
/// [`postgres::open`] and [`http::open`] say.
pub async fn open_store(at: Location<'_>) -> Result<Box<dyn Store>, StoreError> {
    open_with(at, true).await
}

/// Opens a store that has to be there already: for the hook. A file
/// that is missing there is a disk that isn't mounted, and a new one in its place would
/// have forgotten every decline, revocation and sighting.
///
/// # Errors
/// As [`open_store`], and [`StoreError::Unreachable`] where there is none.
pub async fn open_existing_store(at: Location<'_>) -> Result<Box<dyn Store>, StoreError> {
    open_with(at, false).await
}

/// Opens the store of a server, which may not be another server, with so many connections.
///
/// # Errors
/// As [`open_store`].
pub async fn open_keeper(url: &str, connections: u32) -> Result<Box<dyn Keeper>, StoreError> {
    match url.split_once(':') {
        Some(("sqlite", _)) => {
            let options = sqlite::Options { connections, ..sqlite::Options::default() };
            Ok(Box::new(sqlite::open(url, options).await?))
        }
        Some(("postgres" | "postgresql", _)) => {
            let options = postgres::Options { connections, ..postgres::Options::default() };
            Ok(Box::new(postgres::open(url, options).await?))
        }
        _ => Err(StoreError::Unreachable("a server keeps its own store, and asks no other".into())),
    }
}

async fn open_with(at: Location<'_>, create: bool) -> Result<Box<dyn Store>, StoreError> {
    let Location { url, token, authority, request } = at;
    match url.split_once(':') {
        Some(("sqlite", _)) => {
            let options = sqlite::Options { create, ..sqlite::Options::default() };
            Ok(Box::new(sqlite::open(url, options).await?))
        }
        Some(("postgres" | "postgresql", _)) => {
            let options = postgres::Options { create, ..postgres::Options::default() };
            Ok(Box::new(postgres::open(url, options).await?))
        }
        Some(("https" | "http" | "unix", _)) => {
            let token = token.map(secret).transpose()?;
            let authority = authority.map(certificates).transpose()?;
            let request = request.map(str::to_owned);
            let options = http::Options { authority, request, ..http::Options::default() };
            Ok(Box::new(http::open(url, token.as_deref(), options)?))
        }
        // The rest of a URL may hold a password.
        Some((scheme, _)) => Err(StoreError::Unreachable(format!(
            "\"{}:\" is no kind of store that this program knows; it knows sqlite:///path and \
             postgres://user@host/database, https://host and unix:/path",
            escape(scheme.as_bytes())
        ))),
        None => Err(StoreError::Unreachable("its URL is not sqlite:///path".into())),
    }
}

/// What a file with a token says, without the line's end.
fn secret(path: &Path) -> Result<String, StoreError> {
    const LONGEST: u64 = 4096;
    let unreadable = |why: &str| {
        let path = escape(path.as_os_str().as_encoded_bytes());
        StoreError::Unreachable(format!("the token in \"{path}\" {why}"))
    };
    let file = std::fs::File::open(path).map_err(|e| unreadable(&format!("can't be read: {e}")))?;
    let mut text = String::new();
    let read = std::io::Read::read_to_string(&mut std::io::Read::take(file, LONGEST), &mut text);
    read.map_err(|e| unreadable(&format!("can't be read: {e}")))?;
    let token = text.trim();
    let is_token = !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
    if is_token { Ok(token.to_owned()) } else { Err(unreadable("is none")) }
}

/// A file with certificates, as PEM.
fn certificates(path: &Path) -> Result<Vec<u8>, StoreError> {
    std::fs::read(path).map_err(|e| {
        let path = escape(path.as_os_str().as_encoded_bytes());
        StoreError::Unreachable(format!("the authorities in \"{path}\" can't be read: {e}"))
    })
}
