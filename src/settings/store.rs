//! `store`: one URL.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::diagnostics::read::{Fields, Span};
use crate::diagnostics::{Finding, Report, redacted};

/// Where sign-offs are kept. Shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUrl {
    url: String,
    /// The file, of the embedded store.
    file: Option<PathBuf>,
    /// The file with the token that a server asks for.
    token: Option<PathBuf>,
    /// The authorities that vouch for a server; the system's where there is none.
    authority: Option<PathBuf>,
}

impl StoreUrl {
    /// The embedded store in this file.
    #[must_use]
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let slashes = if path.is_absolute() { "//" } else { "" };
        Self {
            url: format!("sqlite:{slashes}{}", path.display()),
            file: Some(path),
            token: None,
            authority: None,
        }
    }

    /// The whole URL, secrets included: for opening, never for showing.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.url
    }

    /// The file with the token that a server asks for.
    #[must_use]
    pub fn token(&self) -> Option<&Path> {
        self.token.as_deref()
    }

    /// The file with the authorities that vouch for a server.
    #[must_use]
    pub fn authority(&self) -> Option<&Path> {
        self.authority.as_deref()
    }

    /// Whether it is a server, which seniors may ask too.
    #[must_use]
    pub fn is_server(&self) -> bool {
        let scheme = self.url.split_once(':').map_or("", |(scheme, _)| scheme);
        ["https", "http", "unix"].contains(&scheme)
    }

    /// The address of a server, where it is the same for everybody.
    #[must_use]
    pub fn public(&self) -> Option<&str> {
        self.url.starts_with("https://").then_some(self.url.as_str())
    }

    /// The file of the embedded store; `None` for a store elsewhere.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redacted(&self.url))
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

const HELP: &str = "write store = \"sqlite:///var/lib/countersign/countersign.db\", or for \
                    several machines \"postgres://countersign@db.example.com/signoffs\" or \
                    \"https://sign.example.com\"";

/// Variables that a PostgreSQL client takes settings from. Some a pusher may be able to set, by
/// sshd's `AcceptEnv` (G22).
const VARIABLES: [&str; 12] = [
    "PGHOST",
    "PGHOSTADDR",
    "PGPORT",
    "PGUSER",
    "PGPASSWORD",
    "PGDATABASE",
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGAPPNAME",
    "PGOPTIONS",
];

/// A code and a message. The URL is not repeated: it may hold a password.
type Mistake = (&'static str, String);

fn bad<T>(why: &str) -> Result<T, Mistake> {
    Err(("bad-store", format!("the store's URL {why}")))
}

/// Reads `store`, which has to be there.
pub(super) fn read(report: &mut Report, folder: &Path, root: &Fields<'_>) -> Option<StoreUrl> {
    root.require(report, "store", "the file", HELP);
    let text = super::plain(report, root, "store")?;
    match store(folder, text.text) {
        Ok(store) => {
            let token = super::path(report, folder, root, "store_token");
            let authority = super::path(report, folder, root, "store_authority");
            if authority.is_some() && !store.url.starts_with("https:") {
                let key = root.key_span("store_authority");
                let message = "this store shows no certificate";
                let finding = Finding::error("authority-of-none", &key, message);
                report.add(finding.help("take store_authority out, or write https://"));
            }
            let store = StoreUrl { authority, ..store };
            with_token(report, root, &text.span, store, token)
        }
        Err((code, message)) => {
            report.add(Finding::error(code, &text.span, message).help(HELP));
            None
        }
    }
}

fn elsewhere(url: &str) -> StoreUrl {
    StoreUrl { url: url.to_owned(), file: None, token: None, authority: None }
}

/// A server knows a Git host by its token; on a socket it may know it by its user.
fn with_token(
    report: &mut Report,
    root: &Fields<'_>,
    span: &Span,
    store: StoreUrl,
    token: Option<PathBuf>,
) -> Option<StoreUrl> {
    let scheme = store.url.split(':').next().unwrap_or_default();
    match (scheme, token) {
        ("https" | "http", None) => {
            let finding = Finding::error("missing-token", span, "a server asks who asks");
            report.add(finding.help("write store_token = \"/etc/countersign/token\", a file"));
            None
        }
        ("https" | "http" | "unix", token) => Some(StoreUrl { token, ..store }),
        (_, None) => Some(store),
        (_, Some(_)) => {
            let key = root.key_span("store_token");
            let finding = Finding::error("token-of-none", &key, "this store asks for no token");
            report.add(finding.help("take store_token out"));
            None
        }
    }
}

fn store(folder: &Path, url: &str) -> Result<StoreUrl, Mistake> {
    let Some((scheme, rest)) = url.split_once(':') else { return bad("has no scheme") };
    match scheme {
        "sqlite" => Ok(StoreUrl::sqlite(folder.join(file(rest)?))),
        "postgres" | "postgresql" => {
            database(rest)?;
            Ok(elsewhere(url))
        }
        "https" | "http" if rest.contains('@') => bad("holds a login: write store_token = FILE"),
        "https" | "http" if rest.strip_prefix("//").is_none_or(str::is_empty) => {
            bad("needs two slashes and a host")
        }
        "unix" if !rest.starts_with('/') => bad("needs an absolute path after unix:"),
        "https" | "http" | "unix" => Ok(elsewhere(url)),
        // Whatever it is, it may be a secret of somebody who forgot the scheme.
        _ => Err((
            "unsupported-store",
            "this kind of store is not supported by this version".to_owned(),
        )),
    }
}

/// The path of `sqlite:///absolute` or `sqlite:relative`.
fn file(rest: &str) -> Result<&str, Mistake> {
    let path = match rest.strip_prefix("//") {
        Some(path) if path.starts_with('/') => path,
        Some(_) => return bad("needs three slashes before an absolute path"),
        None => rest,
    };
    match path {
        "" => bad("names no file"),
        ":memory:" => bad("would forget everything at once"),
        p if p.ends_with('/') => bad("names a folder"),
        p if p.contains(['?', '#', '%']) => bad("takes no options and no \"?\", \"#\" or \"%\""),
        p => Ok(p),
    }
}

/// Whether `//user@host/database?options` names a database, and nothing else does.
fn database(rest: &str) -> Result<(), Mistake> {
    if let Some(name) = VARIABLES.iter().find(|name| std::env::var_os(name).is_some()) {
        let message = format!("{name} is set, and what reaches the store comes from its URL alone");
        return Err(("store-environment", message));
    }
    let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
    let Some(place) = place.strip_prefix("//") else { return bad("needs two slashes and a host") };
    let Some((server, name)) = place.split_once('/') else { return bad("names no database") };
    let mut options = options.split('&').filter_map(|option| option.split_once('='));
    if options.any(|(key, _)| key == "password") {
        return bad("has its password where it would be shown: write user:password@host");
    }
    if server.is_empty() && !rest.contains("host=") {
        return bad("names no host");
    }
    if name.is_empty() { bad("names no database") } else { Ok(()) }
}
