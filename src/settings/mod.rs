//! `countersign.toml`: the settings of one machine.
//!
//! Owns the file's format and defaults. Nothing of it comes from the environment of a push
//! (G22), and it opens none of the files it names.

mod identity;
mod limits;
mod requests;
mod serve;
mod store;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostics::read::{self, Fields, Text};
use crate::diagnostics::syntax::{self, Mended};
pub use crate::diagnostics::{Diagnostic, Diagnostics, Severity};
use crate::diagnostics::{Finding, Report};
use crate::domain::escape::is_hidden;
use crate::domain::limits::{Limits, SETTINGS_BYTES};
pub use identity::{IdentitySettings, ServerKind, Unlisted};
pub use requests::RequestSettings;
pub use serve::ServeSettings;
pub use store::StoreUrl;

/// Everything that the machine decides and the policy does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The policy file.
    pub policy: PathBuf,
    /// Where sign-offs are kept.
    pub store: StoreUrl,
    /// `[repository]`.
    pub repository: RepositorySettings,
    /// `[identity]`.
    pub identity: IdentitySettings,
    /// `[limits]` (G20).
    pub limits: Limits,
    /// `[requests]`.
    pub requests: RequestSettings,
    /// `[report]`.
    pub report: ReportSettings,
    /// `[log]`.
    pub log: LogSettings,
    /// `[serve]`.
    pub serve: ServeSettings,
}

/// How a repository gets its name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RepositorySettings {
    /// Repositories are named by their path below it, where the server does not name them.
    pub root: Option<PathBuf>,
    /// Stands before every name, to tell apart hosts that share a store.
    pub prefix: String,
}

/// What a pusher is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportSettings {
    /// Whether a last line for programs is added.
    pub machine_line: bool,
    /// Whether a push to an ungated ref is told what a gated one would ask for (G25).
    pub ungated_hint: bool,
}

impl Default for ReportSettings {
    fn default() -> Self {
        Self { machine_line: false, ungated_hint: true }
    }
}

/// What is written down besides the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// Whether the policy and its keys are published with the log (G24).
    pub publish_policy: bool,
    /// A file for the program's own log, one line of JSON each; none: no log.
    pub file: Option<PathBuf>,
    /// How much of it.
    pub level: LogLevel,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { publish_policy: true, file: None, level: LogLevel::Info }
    }
}

/// How much is logged, each level with all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// What stopped the program from deciding.
    Error,
    /// What somebody should look at.
    Warn,
    /// One line a push.
    Info,
    /// For whoever looks for a fault.
    Debug,
}

impl LogLevel {
    /// As the settings spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        LEVELS.iter().find(|(_, level)| *level == self).map_or("info", |(word, _)| word)
    }
}

const LEVELS: [(&str, LogLevel); 4] = [
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
];

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file is not there, or not to be read.
    #[error("the settings \"{}\" can't be read", path.display())]
    Unreadable {
        /// As given.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// They have mistakes.
    #[error("the settings are broken: {0}")]
    Broken(Diagnostics),
}

/// Reads the settings file (at most 64 KiB, a regular file).
///
/// # Errors
/// [`SettingsError`]; without settings nothing may pass a gated ref (G5).
pub fn load(path: &Path) -> Result<Settings, SettingsError> {
    let unreadable = |source| SettingsError::Unreadable { path: path.to_owned(), source };
    let bytes = read::file(path, SETTINGS_BYTES).map_err(unreadable)?;
    // The hook is started in the repository, so a relative path would soon mean another.
    let whole = std::path::absolute(path).map_err(unreadable)?;
    let folder = whole.parent().unwrap_or(Path::new("/"));
    parse(&path.to_string_lossy(), folder, &bytes).map_err(SettingsError::Broken)
}

/// Where the log of settings is that may be broken, as far as that can be read: what is wrong
/// with them has to be told somewhere.
#[must_use]
pub fn log_of(path: &Path) -> LogSettings {
    let Ok(bytes) = read::file(path, SETTINGS_BYTES) else { return LogSettings::default() };
    let Ok(whole) = std::path::absolute(path) else { return LogSettings::default() };
    let Ok(text) = read::text_of("", &bytes, SETTINGS_BYTES) else {
        return LogSettings::default();
    };
    let mended = Mended::new();
    let (mut report, table) = syntax::parse("", text, &[], &mended);
    let root = Fields::new(&mut report, table.get_ref(), 0..0, &KEYS);
    log(&mut report, whole.parent().unwrap_or(Path::new("/")), &root)
}

const KEYS: [&str; 11] = [
    "policy",
    "store",
    "store_token",
    "store_authority",
    "repository",
    "identity",
    "limits",
    "requests",
    "report",
    "log",
    "serve",
];

/// Checks the settings' bytes. Relative paths are below `folder`.
///
/// # Errors
/// Everything that is wrong with them, in order of place.
pub fn parse(file: &str, folder: &Path, bytes: &[u8]) -> Result<Settings, Diagnostics> {
    let text = read::text_of(file, bytes, SETTINGS_BYTES)?;
    let mended = Mended::new();
    let (mut report, table) = syntax::parse(file, text, &[], &mended);
    let report = &mut report;
    let root = Fields::new(report, table.get_ref(), 0..0, &KEYS);
    root.require(report, "policy", "the file", "write policy = \"/etc/countersign/policy.toml\"");
    let policy = path(report, folder, &root, "policy");
    let store = store::read(report, folder, &root);
    let identity = identity::read(report, &root);
    let repository = repository(report, folder, &root, identity.as_ref());
    let limits = limits::read(report, &root);
    let requests = requests::read(report, &root);
    let told = told(report, &root);
    let log = log(report, folder, &root);
    let serve = serve::read(report, folder, &root);
    let diagnostics = std::mem::replace(report, Report::new(file, "")).finish();
    match (policy, store, identity) {
        (Some(policy), Some(store), Some(identity)) if !diagnostics.has_errors() => Ok(Settings {
            policy,
            store,
            repository,
            identity,
            limits,
            requests,
            report: told,
            log,
            serve,
        }),
        _ => Err(diagnostics),
    }
}

fn table<'a>(
    report: &mut Report,
    root: &Fields<'a>,
    key: &str,
    known: &[&'static str],
) -> Option<Fields<'a>> {
    Fields::of_all(report, &format!("\"{key}\""), root.values(key), known)
}

/// Text without anything that can't be seen; otherwise it is reported.
fn plain<'a>(report: &mut Report, fields: &Fields<'a>, key: &str) -> Option<Text<'a>> {
    let text = fields.text(report, key)?;
    if text.text.chars().any(is_hidden) {
        let message = format!("\"{key}\" has characters that can't be seen");
        let finding = Finding::error("bad-text", &text.span, message);
        report.add(finding.help("write it in plain text"));
        return None;
    }
    Some(text)
}

/// A path, below the settings' folder where it is relative.
fn path(report: &mut Report, folder: &Path, fields: &Fields<'_>, key: &str) -> Option<PathBuf> {
    let text = plain(report, fields, key)?;
    if text.text.is_empty() {
        let message = format!("\"{key}\" is empty");
        let finding = Finding::error("bad-text", &text.span, message);
        report.add(finding.help("write a path"));
        return None;
    }
    Some(folder.join(text.text))
}

fn repository(
    report: &mut Report,
    folder: &Path,
    root: &Fields<'_>,
    identity: Option<&IdentitySettings>,
) -> RepositorySettings {
    let fields = table(report, root, "repository", &["root", "prefix"]);
    let mut settings = RepositorySettings::default();
    if let Some(fields) = &fields {
        settings.root = path(report, folder, fields, "root");
        let prefix = plain(report, fields, "prefix");
        settings.prefix = prefix.map(|p| p.text.to_owned()).unwrap_or_default();
    }
    let is_given = fields.as_ref().is_some_and(|f| f.value("root").is_some());
    if identity.is_some_and(|i| !i.server.names_repositories()) && !is_given {
        let span = fields.map_or(root.span.clone(), |f| f.span);
        let message = "repositories have no name without \"root\"";
        let finding = Finding::error("missing-key", &span, message);
        report.add(finding.help(
            "write [repository] and below it root = \"/srv/git\": a repository's name is its path \
             there",
        ));
    }
    settings
}

fn told(report: &mut Report, root: &Fields<'_>) -> ReportSettings {
    let mut settings = ReportSettings::default();
    let Some(fields) = table(report, root, "report", &["machine_line", "ungated_hint"]) else {
        return settings;
    };
    settings.machine_line = fields.flag(report, "machine_line").unwrap_or(settings.machine_line);
    settings.ungated_hint = fields.flag(report, "ungated_hint").unwrap_or(settings.ungated_hint);
    settings
}

fn log(report: &mut Report, folder: &Path, root: &Fields<'_>) -> LogSettings {
    let mut settings = LogSettings::default();
    let Some(fields) = table(report, root, "log", &["publish_policy", "file", "level"]) else {
        return settings;
    };
    let publish = fields.flag(report, "publish_policy");
    settings.publish_policy = publish.unwrap_or(settings.publish_policy);
    settings.file = path(report, folder, &fields, "file");
    settings.level = fields.choice(report, "level", &LEVELS).unwrap_or(settings.level);
    settings
}
