//! The shape of `markers.toml`, the built-in markers as data.

use std::sync::LazyLock;

use serde::Deserialize;

use super::DetectError;
use crate::domain::evidence::Strength;

/// `markers.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(rename = "marker")]
    pub(super) markers: Vec<Entry>,
}

/// One `[[marker]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// Stable: policies and reports name it.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) strength: Strength,
    #[serde(default)]
    pub(super) tool: Option<String>,
    /// `kind = "tool"`: whole addresses.
    #[serde(default)]
    pub(super) emails: Vec<String>,
    /// `kind = "tool"`: addresses that people share with it, taken only beside its name.
    #[serde(default)]
    pub(super) shared_emails: Vec<String>,
    /// `kind = "tool"`: logins at GitHub; the address may lead with any account number.
    #[serde(default)]
    pub(super) logins: Vec<String>,
    /// `kind = "tool"`: names that nothing and nobody else has.
    #[serde(default)]
    pub(super) names: Vec<String>,
    /// `kind = "tool"`: addresses that look like it and are not: release robots.
    #[serde(default)]
    pub(super) not_emails: Vec<String>,
    /// `kind = "tool"`: names that other things have too.
    #[serde(default)]
    pub(super) nicknames: Vec<String>,
    /// `kind = "tool"`: names that people have too.
    #[serde(default)]
    pub(super) first_names: Vec<String>,
    /// `kind = "tool"`: model families, a name only with a version after it.
    #[serde(default)]
    pub(super) models: Vec<String>,
    /// `kind = "tool"`: it mostly reviews, so "assisted" by it says no more.
    #[serde(default)]
    pub(super) reviewer: bool,
    /// `kind = "tool"`: `Jane Doe (nickname)` as a name means it, not an employer.
    #[serde(default)]
    pub(super) suffix: bool,
    /// `kind = "trailer"`.
    #[serde(default)]
    pub(super) keys: Vec<String>,
    #[serde(default)]
    pub(super) class: Option<Class>,
    /// `kind = "trailer"`: a value that is no person counts though no tool is known by it.
    #[serde(default)]
    pub(super) open: bool,
    /// `kind = "trailer"`: too common a key to count without a tool or a "yes".
    #[serde(default)]
    pub(super) strict: bool,
    /// `kind = "trailer"`: at the start of a line and without a colon it is a heading.
    #[serde(default)]
    pub(super) heading: bool,
    /// `kind = "trailer"`: values that count, by their start; empty: any.
    #[serde(default)]
    pub(super) values: Vec<String>,
    /// The rest depends on it: no policy can switch it off.
    #[serde(default)]
    pub(super) fixed: bool,
    /// `kind = "phrase"`.
    #[serde(default)]
    pub(super) phrases: Vec<String>,
    #[serde(default)]
    pub(super) at: At,
    /// `kind = "link"`: host and beginning of the path.
    #[serde(default)]
    pub(super) links: Vec<String>,
    /// Lines that it must find, and near misses that it must not.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test runs them"))]
    pub(super) finds: Vec<String>,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test runs them"))]
    pub(super) misses: Vec<String>,
}

/// What a marker looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    Tool,
    Trailer,
    Phrase,
    Link,
    /// Built into the scanner; here are its name and strength.
    Rule,
}

/// What a trailer's key says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Class {
    /// Somebody made it together with the author.
    CoAuthor,
    /// Something helped to make it.
    Assist,
    /// A statement about AI: yes, no, or with what.
    Declare,
    /// A tool's own trailer: its presence tells.
    Session,
    /// Somebody looked at it.
    Review,
    /// `Signed-off-by`.
    SignOff,
    /// A statement that no AI was used.
    Denial,
}

/// Where a phrase has to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum At {
    #[default]
    Anywhere,
    /// First in its line, decoration aside; written as it stands.
    Line,
    /// First in the message; written as it stands.
    Subject,
}

const MARKERS: &str = include_str!("markers.toml");

static FILE: LazyLock<Result<File, toml::de::Error>> = LazyLock::new(|| toml::from_str(MARKERS));

/// The built-in markers as the file holds them.
pub(super) fn builtin() -> Result<&'static [Entry], DetectError> {
    match &*FILE {
        Ok(file) => Ok(&file.markers),
        Err(error) => Err(DetectError::Catalogue(error.clone())),
    }
}
