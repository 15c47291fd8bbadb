//! The file that `[detect] catalogue` names: read and checked before the policy is, since
//! the policy names markers of it. Its mistakes are told in its own lines. Wherever a policy
//! is kept by its digest, its catalogue stands behind it.

use std::path::Path;

use serde::Deserialize;

use crate::detect;
use crate::diagnostics::{Diagnostics, Finding, Report, read};
use crate::domain::limits::{CATALOGUE_BYTES, POLICY_BYTES};
use crate::domain::policy::{joined, parts};

/// What stands behind the key.
#[derive(Debug, Default)]
pub(super) enum Catalogue {
    /// No file was looked for, or none is named.
    #[default]
    Elsewhere,
    /// Why the file can't be read.
    Unreadable(String),
    /// Its text, and the names that `disable` may hold.
    Read(String, Vec<String>),
}

impl Catalogue {
    /// A policy's bytes with what was read behind them.
    pub(super) fn behind(&self, policy: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Read(text, _) => joined(policy, text.as_bytes()),
            Self::Elsewhere | Self::Unreadable(_) => policy,
        }
    }
}

/// The one key that is looked for; the policy's own reader tells whatever is wrong with it.
#[derive(Deserialize)]
struct Policy {
    detect: Option<Detect>,
}

#[derive(Deserialize)]
struct Detect {
    catalogue: Option<String>,
}

/// The catalogue of a policy, read from the policy's folder.
///
/// # Errors
/// Its mistakes.
pub(super) fn load(policy: &Path, bytes: &[u8]) -> Result<Catalogue, Diagnostics> {
    let Some(name) = named(bytes) else { return Ok(Catalogue::Elsewhere) };
    let path = policy.parent().unwrap_or(Path::new("")).join(name);
    let bytes = match read::file(&path, CATALOGUE_BYTES) {
        Ok(bytes) => bytes,
        Err(e) => return Ok(Catalogue::Unreadable(e.to_string())),
    };
    checked(&path.to_string_lossy(), &bytes)
}

/// A policy, and the catalogue that is kept with it where it names one.
///
/// # Errors
/// The catalogue's mistakes.
pub(super) fn split<'b>(file: &str, bytes: &'b [u8]) -> Result<(&'b [u8], Catalogue), Diagnostics> {
    match parts(bytes) {
        (policy, Some(catalogue)) if named(policy).is_some() => {
            Ok((policy, checked(&format!("{file}'s catalogue"), catalogue)?))
        }
        _ => Ok((bytes, Catalogue::Elsewhere)),
    }
}

fn checked(file: &str, bytes: &[u8]) -> Result<Catalogue, Diagnostics> {
    let text = read::text_of(file, bytes, CATALOGUE_BYTES)?;
    match detect::check_catalogue(text) {
        Ok(names) => Ok(Catalogue::Read(text.to_owned(), names)),
        Err(mistakes) => {
            let mut report = Report::new(file, text);
            for mistake in mistakes {
                let finding = Finding::error("catalogue", &mistake.span, mistake.message);
                report.add(finding.help(mistake.help));
            }
            Err(report.finish())
        }
    }
}

fn named(bytes: &[u8]) -> Option<String> {
    let text = read::text_of("policy", bytes, POLICY_BYTES).ok()?;
    toml::from_str::<Policy>(text).ok()?.detect?.catalogue
}
