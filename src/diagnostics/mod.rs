//! Ground floor: mistakes in a TOML file, each with its place, a caret and a fix.
//!
//! Owns [`Diagnostic`] and how a list of them is collected, rendered and serialised, and
//! the spanned reading of TOML ([`read`], [`tables`]) that the policy and the settings share. It must
//! not know what any key means, only which words people take for another; the one file it
//! touches is the one that [`read::file`] reads.

pub mod duration;
mod place;
pub mod read;
mod render;
mod report;
mod secrets;
pub mod syntax;
pub mod tables;

use std::fmt;
use std::ops::Range;

use serde::{Serialize, Serializer};

use crate::domain::escape::{escape, escape_short};
use place::Source;
pub use report::{Finding, Report};
pub use secrets::redacted;

/// Diagnostics kept of one file (G20); the others are counted.
pub const MAX_DIAGNOSTICS: usize = 200;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file can't be used.
    Error,
    /// It can be used, and is perhaps not what its author meant.
    Warning,
}

/// A second place that a diagnostic speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Related {
    /// Bytes of the file's text.
    #[serde(skip)]
    pub span: Range<usize>,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What stands there.
    pub text: String,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Stable, for programs.
    pub code: &'static str,
    /// The fact; lower case, no full stop; already escaped (G21).
    pub message: String,
    /// Bytes of the file's text, a byte order mark not counted.
    #[serde(skip)]
    pub span: Range<usize>,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What to write instead; already escaped.
    pub help: Option<String>,
    /// Other places that it speaks of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
}

/// All mistakes of one file, in order of place. Serialised as the plain list.
#[derive(Debug, Clone)]
pub struct Diagnostics {
    source: Source,
    list: Vec<Diagnostic>,
    errors: usize,
    omitted: usize,
}

impl Diagnostics {
    /// The file's name as it was given, escaped.
    #[must_use]
    pub fn file(&self) -> &str {
        self.source.file()
    }

    /// Whether the file can't be used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many there are, the omitted ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len() + self.omitted
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many were counted but not kept, past [`MAX_DIAGNOSTICS`].
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// The kept ones.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// As a compiler shows them, with the source line, carets and help; at the end the
    /// count. Empty where there is none. Secrets of the source are masked.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        render::render(self, color)
    }

    /// `3 errors and 1 warning`.
    #[must_use]
    pub fn count(&self) -> String {
        let plural = |n: usize, word: &str| match n {
            1 => format!("1 {word}"),
            n => format!("{n} {word}s"),
        };
        let warnings = self.len() - self.errors;
        match (self.errors, warnings) {
            (0, w) => plural(w, "warning"),
            (e, 0) => plural(e, "error"),
            (e, w) => format!("{} and {}", plural(e, "error"), plural(w, "warning")),
        }
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Serialize for Diagnostics {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(&self.list)
    }
}

/// Errors that stand in one line for a log.
const LOGGED: usize = 20;

/// One line for a log: each error's place and message, the first ones where there are many,
/// and the count.
impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut errors: Vec<_> = self.iter().filter(|d| d.severity == Severity::Error).collect();
        if errors.is_empty() {
            errors.extend(self.list.first());
        }
        let Some((first, more)) = errors.split_first() else {
            return write!(f, "{}: no mistakes", self.file());
        };
        write!(f, "{}:{}:{}: {}", self.file(), first.line, first.column, first.message)?;
        for d in more.iter().take(LOGGED - 1) {
            write!(f, "; {}:{}: {}", d.line, d.column, d.message)?;
        }
        if self.len() > 1 { write!(f, " ({} in all)", self.count()) } else { Ok(()) }
    }
}

/// Somebody's text in a message: escaped, at most 60 characters, in quotes.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", escape_short(text.as_bytes(), 60))
}

/// Somebody's text in a help, where a cut name would be no help: escaped, in quotes.
#[must_use]
pub fn quoted_whole(text: &str) -> String {
    if text.len() > 200 { quoted(text) } else { format!("\"{}\"", escape(text.as_bytes())) }
}

/// `"a", "b" or "c"`.
#[must_use]
pub fn alternatives<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(quoted).collect();
    match words.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
