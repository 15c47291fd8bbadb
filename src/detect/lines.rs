//! Lines of a text as memory compares them (G9): white space folded away, lines that say
//! nothing left out, and runs of what remains hashed and thinned.
//!
//! The thinning is winnowing (Schleimer, Wilkerson and Aiken, 2003): of every [`WINDOW`]
//! runs in a row the smallest hash is kept, so that of a copied piece of `RUN + WINDOW - 1`
//! lines at least one run is among them, wherever it stands.

use std::collections::{BTreeSet, HashSet};

use crate::domain::digest::fingerprint;
use crate::domain::memory::{Fingerprint, RUN};

/// Runs in a row of which one is kept.
const WINDOW: usize = 2;
/// Letters and digits that a line needs to tell anything: not `}`, `end` or `else {`.
const LETTERS: usize = 5;
/// A text with more than one NUL in so many bytes is none.
const BINARY: usize = 100;
/// Of a longer line this many bytes tell; what comes after is hashed all the same.
const FOLDED: usize = 1 << 20;

/// Lines as they are compared, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lines(Vec<Vec<u8>>);

impl Lines {
    /// The distinctive lines of a text; none of a binary one.
    ///
    /// Left out: lines with few letters, imports, lines of one word, and comments: licences
    /// stand in them, and anybody can put one between any two lines.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        // One here or there makes no text binary.
        let zeros = text.iter().filter(|c| **c == 0).count();
        if zeros.saturating_mul(BINARY) > text.len() {
            return Self::default();
        }
        let mut comment = Comment::Outside;
        let mut lines = Vec::new();
        for raw in text.split(|c| matches!(c, b'\n' | b'\r' | 0)) {
            let line = raw.trim_ascii();
            if line.is_empty() || comment.takes(line) || is_import(line) {
                continue;
            }
            let folded = folded(line);
            let letters = folded.iter().filter(|c| c.is_ascii_alphanumeric() || !c.is_ascii());
            if letters.count() >= LETTERS && !is_word(&folded) {
                lines.push(folded);
            }
        }
        Self(lines)
    }

    /// Those that stand in none of the other texts.
    #[must_use]
    pub fn without(self, others: &Known) -> Self {
        Self(self.0.into_iter().filter(|line| !others.0.contains(line)).collect())
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes of all of them.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// Every run, by the place of its first line.
    #[must_use]
    pub fn runs(&self) -> Vec<Fingerprint> {
        self.0.windows(RUN).map(fingerprint).collect()
    }

    /// The runs that are remembered.
    #[must_use]
    pub fn winnowed(&self) -> BTreeSet<Fingerprint> {
        let runs = self.runs();
        if runs.len() < WINDOW {
            return runs.into_iter().collect();
        }
        runs.windows(WINDOW).filter_map(|w| w.iter().min().copied()).collect()
    }
}

/// Lines that are there already.
#[derive(Debug, Default)]
pub struct Known(HashSet<Vec<u8>>);

impl Known {
    /// Takes the lines of one more text.
    pub fn add(&mut self, lines: Lines) {
        self.0.extend(lines.0);
    }
}

/// Without white space, control and invisible characters; what is not UTF-8 stays as it is.
fn folded(line: &[u8]) -> Vec<u8> {
    let line = line.get(..FOLDED).unwrap_or(line);
    if line.is_ascii() {
        return line.iter().copied().filter(u8::is_ascii_graphic).collect();
    }
    let mut out = Vec::with_capacity(line.len());
    for chunk in line.utf8_chunks() {
        let shown = |c: &char| {
            !c.is_whitespace()
                && !c.is_control()
                && !matches!(u32::from(*c), 0xAD | 0x200B..=0x200F | 0x2060 | 0xFEFF)
        };
        out.extend(chunk.valid().chars().filter(shown).collect::<String>().into_bytes());
        out.extend_from_slice(chunk.invalid());
    }
    out
}

/// What brings other files in, in the common languages.
fn is_import(line: &[u8]) -> bool {
    const STARTS: [&[u8]; 10] = [
        b"import ",
        b"from ",
        b"use ",
        b"using ",
        b"#include",
        b"package ",
        b"require ",
        b"require(",
        b"@import ",
        b"extern crate ",
    ];
    let is_from = line.starts_with(b"from ");
    let has = |word: &[u8]| line.windows(word.len()).any(|part| part == word);
    if is_from {
        return has(b" import");
    }
    STARTS.iter().any(|start| line.starts_with(start))
        || (line.starts_with(b"const ") && has(b"= require("))
        || (line.starts_with(b"}") && has(b" from "))
}

/// A name and nothing else, such as an entry of a list.
fn is_word(folded: &[u8]) -> bool {
    let name = folded.strip_suffix(b",").unwrap_or(folded);
    name.iter().all(|c| c.is_ascii_alphanumeric() || *c == b'_')
}

/// Where a text stands, as far as whole lines of comment tell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comment {
    Outside,
    /// Inside `/* */` or `<!-- -->`; what ends it.
    Inside(&'static [u8]),
}

impl Comment {
    fn takes(&mut self, line: &[u8]) -> bool {
        let ends = |end: &[u8], line: &[u8]| line.windows(end.len()).any(|part| part == end);
        if let Self::Inside(end) = *self {
            if ends(end, line) {
                *self = Self::Outside;
            }
            // What stands behind the end is code, and so is a block that never ends.
            return !ends(end, line) || line.ends_with(end);
        }
        for (begin, end) in [(b"/*".as_slice(), b"*/".as_slice()), (b"<!--", b"-->")] {
            if let Some(rest) = line.strip_prefix(begin) {
                if !ends(end, rest) {
                    *self = Self::Inside(end);
                    return true;
                }
                return rest.ends_with(end);
            }
        }
        let starts: [&[u8]; 8] = [b"# ", b"##", b"#!", b"//", b"-- ", b";", b"%", b"<?"];
        line == b"#" || line == b"--" || starts.iter().any(|start| line.starts_with(start))
    }
}
