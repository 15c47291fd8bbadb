//! The one glob dialect for repositories, refs and paths (G17).
//!
//! `*` and `?` stop at `/`, `**` does not; `[a-z]`, `{a,b}` and `\` as usual. A pattern
//! matches the whole name, byte for byte, case counts.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};
use serde::{Serialize, Serializer};

/// Why a pattern is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bad pattern \"{pattern}\": {reason}")]
pub struct GlobError {
    /// The pattern as written.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Longest pattern taken, in bytes (G20).
pub const MAX_PATTERN: usize = 1024;

/// One compiled pattern.
#[derive(Clone)]
pub struct Glob {
    pattern: String,
    matcher: GlobMatcher,
}

impl Glob {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// [`GlobError`] for an empty, too long or malformed pattern.
    pub fn new(pattern: &str) -> Result<Self, GlobError> {
        let bad =
            |reason: &str| GlobError { pattern: pattern.to_owned(), reason: reason.to_owned() };
        if pattern.is_empty() {
            return Err(bad("it is empty"));
        }
        if pattern.len() > MAX_PATTERN {
            return Err(bad("it is longer than 1024 bytes"));
        }
        let glob = GlobBuilder::new(pattern)
            .literal_separator(true)
            .backslash_escape(true)
            .build()
            .map_err(|e| bad(&e.kind().to_string()))?;
        Ok(Self { pattern: pattern.to_owned(), matcher: glob.compile_matcher() })
    }

    /// The pattern as written.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Whether the whole name matches.
    #[must_use]
    pub fn matches(&self, name: &[u8]) -> bool {
        self.matcher.is_match(Path::new(OsStr::from_bytes(name)))
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.pattern, f)
    }
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

impl Eq for Glob {}

impl Serialize for Glob {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.pattern)
    }
}

/// Several patterns, joined by "or".
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Globs(Vec<Glob>);

impl Globs {
    /// Compiles each pattern.
    ///
    /// # Errors
    /// The first [`GlobError`].
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, GlobError> {
        patterns.into_iter().map(Glob::new).collect::<Result<_, _>>().map(Self)
    }

    /// From compiled patterns.
    #[must_use]
    pub fn from_globs(globs: Vec<Glob>) -> Self {
        Self(globs)
    }

    /// Whether any pattern matches the whole name.
    #[must_use]
    pub fn matches(&self, name: &[u8]) -> bool {
        self.0.iter().any(|g| g.matches(name))
    }

    /// The patterns as written.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Glob::pattern)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dialect() {
        let rows: &[(&str, &[u8], bool)] = &[
            ("refs/heads/main", b"refs/heads/main", true),
            ("refs/heads/main", b"refs/heads/Main", false),
            ("refs/heads/main", b"refs/heads/main/x", false),
            ("refs/heads/*", b"refs/heads/a", true),
            ("refs/heads/*", b"refs/heads/a/b", false),
            ("refs/heads/**", b"refs/heads/a/b", true),
            ("refs/heads/release/*", b"refs/heads/release/1.0", true),
            ("refs/heads/release-?", b"refs/heads/release-/", false),
            ("refs/heads/{main,next}", b"refs/heads/next", true),
            ("**", b"any/thing", true),
            ("**", b"x\xff\n", true),
            ("src/*.rs", b"src/\xff.rs", true),
            ("*", b"a\nb", true),
            ("**/*.rs", b"a.rs", true),
            ("**/*.rs", b"x/y/a.rs", true),
        ];
        for (pattern, name, expected) in rows {
            let glob = Glob::new(pattern).expect(pattern);
            assert_eq!(glob.matches(name), *expected, "{pattern} {}", name.escape_ascii());
        }
    }

    #[test]
    fn bad_patterns_are_refused() {
        for pattern in ["", "[", "{a", "refs/[z-a]", &"x".repeat(2000)] {
            assert!(Glob::new(pattern).is_err(), "{pattern}");
        }
    }
}
