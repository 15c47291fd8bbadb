//! `store`: one URL.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::diagnostics::read::Fields;
use crate::diagnostics::{Finding, Report, quoted, redacted};

/// Where sign-offs are kept. Shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUrl {
    url: String,
    path: PathBuf,
}

impl StoreUrl {
    /// The embedded store in this file.
    #[must_use]
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let slashes = if path.is_absolute() { "//" } else { "" };
        Self { url: format!("sqlite:{slashes}{}", path.display()), path }
    }

    /// The whole URL, secrets included: for opening, never for showing.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.url
    }

    /// The file of the embedded store.
    #[must_use]
    pub fn sqlite_path(&self) -> &Path {
        &self.path
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

const HELP: &str = "write store = \"sqlite:///var/lib/countersign/countersign.db\"";

/// Reads `store`, which has to be there.
pub(super) fn read(report: &mut Report, folder: &Path, root: &Fields<'_>) -> Option<StoreUrl> {
    root.require(report, "store", "the file", HELP);
    let text = super::plain(report, root, "store")?;
    match sqlite_path(text.text) {
        Ok(path) => Some(StoreUrl::sqlite(folder.join(path))),
        Err((code, message)) => {
            report.add(Finding::error(code, &text.span, message).help(HELP));
            None
        }
    }
}

/// The path of `sqlite:///absolute` or `sqlite:relative`. The URL is not repeated: it may
/// hold a password.
fn sqlite_path(url: &str) -> Result<&str, (&'static str, String)> {
    let bad = |why: &str| Err(("bad-store", format!("the store's URL {why}")));
    let Some((scheme, rest)) = url.split_once(':') else { return bad("has no scheme") };
    if scheme != "sqlite" {
        let message = match scheme {
            "postgres" | "postgresql" | "https" | "unix" => {
                format!("{} stores are not supported by this version", quoted(scheme))
            }
            // Whatever it is, it may be a secret of somebody who forgot the scheme.
            _ => "this kind of store is not supported by this version".to_owned(),
        };
        return Err(("unsupported-store", message));
    }
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
