//! Policy TOML to checked data, with diagnostics that carry carets.
//!
//! Owns the policy's format (design: Formats) and what in it is a mistake: every mistake of
//! a file is told at once, with its place and what to write instead, and a policy with one
//! is no policy (G5). It judges no push and knows no store; besides [`load`] it touches no
//! file, and nothing in it asks the time.

mod catalogue;
mod detect;
mod groups;
mod keys;
mod memory;
mod patterns;
mod people;
mod rules;
mod starter;
#[cfg(test)]
mod tests;
mod trusts;

use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostics::syntax::{self, Mended};
pub use crate::diagnostics::{Diagnostic, Diagnostics, Related, Severity};
use crate::diagnostics::{Finding, Report, quoted, read};
use crate::domain::digest::policy_digest;
use crate::domain::escape::is_hidden;
use crate::domain::limits::POLICY_BYTES;
use crate::domain::policy::Policy;
use catalogue::Catalogue;
use read::{Fields, Text};
pub use starter::{StarterPerson, starter};

/// A policy without errors.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The policy.
    pub policy: Policy,
    /// What its author may not have meant.
    pub warnings: Diagnostics,
}

/// A policy and the bytes it was read from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The policy.
    pub checked: Checked,
    /// The file, byte for byte, and after a zero byte the catalogue that it names: what
    /// [`Policy::digest`] is of, and what [`parse`] reads.
    pub bytes: Vec<u8>,
}

/// Why there is no policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The file is not there, or not to be read.
    #[error("the policy \"{}\" can't be read", path.display())]
    Unreadable {
        /// As given.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It has mistakes; warnings are among them.
    #[error("the policy is broken: {0}")]
    Broken(Diagnostics),
}

/// Reads the policy file (at most 4 MiB, a regular file).
///
/// # Errors
/// [`PolicyError::Unreadable`] and [`PolicyError::Broken`]; in either case nothing may pass
/// a gated ref (G5).
pub fn load(path: &Path, known_markers: &[String]) -> Result<Loaded, PolicyError> {
    let bytes = read::file(path, POLICY_BYTES)
        .map_err(|source| PolicyError::Unreadable { path: path.to_owned(), source })?;
    let file = path.to_string_lossy();
    let catalogue = catalogue::load(path, &bytes).map_err(PolicyError::Broken)?;
    let checked = check(&file, &bytes, known_markers, &catalogue);
    let checked = checked.map_err(PolicyError::Broken)?;
    Ok(Loaded { checked, bytes: catalogue.behind(bytes) })
}

/// Top-level keys.
const KEYS: [&str; 5] = ["version", "people", "groups", "detect", "rule"];

/// Checks a policy's bytes. `file` is what diagnostics call it; `known_markers` are the
/// names of the built-in markers, which `disable` may name and a custom one may not take. No
/// file is read: the catalogue that `[detect] catalogue` names stands behind a zero byte, or
/// the built-in markers are taken.
///
/// # Errors
/// Everything that is wrong with it, warnings included, in order of place.
pub fn parse(file: &str, bytes: &[u8], known_markers: &[String]) -> Result<Checked, Diagnostics> {
    let (own, catalogue) = catalogue::split(file, bytes)?;
    check(file, own, known_markers, &catalogue)
}

fn check(
    file: &str,
    bytes: &[u8],
    known_markers: &[String],
    catalogue: &Catalogue,
) -> Result<Checked, Diagnostics> {
    let text = read::text_of(file, bytes, POLICY_BYTES)?;
    let mended = Mended::new();
    let (mut report, table) = syntax::parse(file, text, &["rule", "detect.marker"], &mended);
    let root = Fields::new(&mut report, table.get_ref(), 0..0, &KEYS);
    check_version(&mut report, &root);
    let people = people::read(&mut report, &root);
    let groups = groups::read(&mut report, &root, &people);
    let detect = detect::read(&mut report, &root, known_markers, catalogue);
    let rules = rules::read(&mut report, &root, &people, &groups);
    let diagnostics = report.finish();
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    let digest = policy_digest(&catalogue.behind(bytes.to_vec()));
    let policy = Policy { digest, people: people.map, groups: groups.map, detect, rules };
    Ok(Checked { policy, warnings: diagnostics })
}

/// The only version there is.
const VERSION: u64 = 1;

fn check_version(report: &mut Report, root: &Fields<'_>) {
    root.require(report, "version", "the policy", "begin the file with version = 1");
    if let Some((version, span)) = root.number(report, "version")
        && version != VERSION
    {
        let message = format!("this program reads version {VERSION} of the policy, not {version}");
        let help = "write version = 1, or install the program that knows this version";
        report.add(Finding::error("unknown-version", &span, message).help(help));
    }
}

/// Ids of people, groups and markers: they stand in files and on command lines.
fn check_name(report: &mut Report, what: &str, name: &Text<'_>) {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.text.is_empty()
        || name.text.len() > 100
        || name.text.starts_with(['.', '-'])
        || !name.text.chars().all(is_plain)
    {
        let message = format!("{} can't be the name of a {what}", quoted(name.text));
        let finding = Finding::error("bad-name", &name.span, message);
        report.add(finding.help(
            "take letters a-z A-Z, digits, \"_\", \"-\" and \".\", a letter, a digit or \"_\" \
             first, at most 100",
        ));
    }
}

/// Text that people are shown: not empty, not too long, nothing in it that can't be seen.
/// Otherwise it is reported and `false`.
fn check_text(report: &mut Report, what: &str, text: &Text<'_>, most: usize) -> bool {
    let why = match text.text {
        t if t.trim().is_empty() => "is empty".to_owned(),
        t if t.len() > most => format!("is longer than {most} bytes"),
        t if t.chars().any(is_hidden) => "has characters that can't be seen".to_owned(),
        _ => return true,
    };
    let message = format!("this {what} {why}");
    report.add(Finding::error("bad-text", &text.span, message).help("write it in plain text"));
    false
}
