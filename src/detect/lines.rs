//! Lines of a text as memory compares them (G9): white space, comments, what ends a line and
//! the script of a letter folded away, lines that say nothing left out, and runs of what
//! remains hashed and thinned.
//!
//! The thinning is winnowing (Schleimer, Wilkerson and Aiken, 2003): of every [`WINDOW`]
//! runs in a row the smallest hash is kept, so that of a copied piece of `RUN + WINDOW - 1`
//! lines at least one run is among them, wherever it stands.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::comments::{Comment, without_comments};
use super::confusables::{Look, look};
use crate::domain::digest::fingerprint;
use crate::domain::memory::{Fingerprint, Place, RUN};

/// Runs in a row of which one is kept.
const WINDOW: usize = 2;
/// Letters and digits that a line needs to tell anything: not `}`, `end` or `else {`.
const LETTERS: usize = 5;
/// A text with more than one NUL in so many bytes is none.
const BINARY: usize = 100;
/// What may stand at the end of a line or not, in one language or another.
const ENDS: &[u8] = b";,.\\";
/// Of a longer line this many bytes tell; what comes after is hashed all the same.
const FOLDED: usize = 1 << 20;

/// Lines as they are compared, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lines {
    told: Vec<Vec<u8>>,
    /// What looks like comments. They are not remembered, since licences stand in them and
    /// anybody can put one between any two lines; but what is a comment in one language is
    /// code in another, so they are looked for in what is remembered.
    aside: Vec<Vec<u8>>,
}

impl Lines {
    /// The distinctive lines of a text; none of a binary one.
    ///
    /// Left out: lines with few letters, imports, and lines of one word. Comments stand aside:
    /// all functions but [`Lines::runs`] and [`Lines::without`] are about the other lines.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let text = decoded(text);
        // One here or there makes no text binary.
        let zeros = text.iter().filter(|c| **c == 0).count();
        if zeros.saturating_mul(BINARY) > text.len() {
            return Self::default();
        }
        let mut comment = Comment::Outside;
        let mut lines = Self::default();
        // Where the last comment of several lines begins.
        let mut begun = 0;
        for raw in text.split(|c| matches!(c, b'\n' | b'\r' | 0)) {
            let line = raw.trim_ascii();
            begun = if comment == Comment::Outside { lines.aside.len() } else { begun };
            if line.is_empty() || is_import(line) {
                continue;
            }
            let place = if comment.takes(line) { &mut lines.aside } else { &mut lines.told };
            let line = line.get(..FOLDED).unwrap_or(line);
            let folded = folded(&without_comments(line));
            let letters = folded.iter().filter(|c| c.is_ascii_alphanumeric() || !c.is_ascii());
            if letters.count() >= LETTERS && !is_word(&folded) {
                place.push(folded);
            }
        }
        if comment != Comment::Outside {
            // One that never ends is none.
            lines.told.extend(lines.aside.drain(begun.min(lines.aside.len())..));
        }
        lines
    }

    /// Those that stand in none of the other texts.
    #[must_use]
    pub fn without(mut self, others: &Known) -> Self {
        self.told.retain(|line| !others.0.contains(line));
        self.aside.retain(|line| !others.0.contains(line));
        self
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.told.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// Bytes of all of them.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.told.iter().map(Vec::len).sum()
    }

    /// How many different ones.
    #[must_use]
    pub fn distinct(&self) -> usize {
        self.told.iter().collect::<HashSet<_>>().len()
    }

    /// Every run, of what stands aside too, with the numbers of its lines: the same line has the same number, so that
    /// what is said again and again counts once.
    #[must_use]
    pub fn runs(&self) -> Vec<(Place, Fingerprint)> {
        let mut known: HashMap<&[u8], usize> = HashMap::new();
        let mut number = |line| {
            let next = known.len();
            *known.entry(line).or_insert(next)
        };
        let mut runs = Vec::new();
        for lines in [&self.told, &self.aside] {
            let numbers: Vec<usize> = lines.iter().map(|line| number(line)).collect();
            let places = numbers.array_windows::<RUN>().copied();
            runs.extend(places.zip(lines.windows(RUN).map(fingerprint)));
        }
        runs
    }

    /// The runs that are remembered.
    #[must_use]
    pub fn winnowed(&self) -> BTreeSet<Fingerprint> {
        let runs: Vec<Fingerprint> = self.told.windows(RUN).map(fingerprint).collect();
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
        self.0.extend(lines.told.into_iter().chain(lines.aside));
    }
}

/// UTF-16 as UTF-8, told by its byte order mark, or by zeros in nearly every second place and
/// hardly any elsewhere; anything else as it is.
fn decoded(text: &[u8]) -> Cow<'_, [u8]> {
    let (units, _) = text.as_chunks::<2>();
    let is_big = match text {
        [0xFE, 0xFF, ..] => true,
        [0xFF, 0xFE, ..] => false,
        _ if !text.contains(&0) => return Cow::Borrowed(text),
        _ => {
            let first = units.iter().filter(|[first, _]| *first == 0).count();
            let second = units.iter().filter(|[_, second]| *second == 0).count();
            let (most, least) = (first.max(second), first.min(second));
            if most.saturating_mul(2) < units.len() || least.saturating_mul(BINARY) > units.len() {
                return Cow::Borrowed(text);
            }
            first > second
        }
    };
    let unit = |u: &[u8; 2]| if is_big { u16::from_be_bytes(*u) } else { u16::from_le_bytes(*u) };
    let chars = char::decode_utf16(units.iter().map(unit));
    let text: String = chars.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    Cow::Owned(text.into_bytes())
}

/// Without white space, what is not seen, tags around it, and punctuation at its ends; letters of other scripts
/// as the ASCII ones that they look like. What is not UTF-8 stays as it is.
fn folded(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    if line.is_ascii() {
        out.extend(line.iter().filter(|c| c.is_ascii_graphic()));
    } else {
        for chunk in line.utf8_chunks() {
            for c in chunk.valid().chars() {
                match look(c) {
                    Look::Break | Look::Blank | Look::Invisible => {}
                    Look::Like(ascii) => out.push(ascii),
                    Look::LikeTwo(one, two) => out.extend([one, two]),
                    Look::Itself => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                }
            }
            out.extend_from_slice(chunk.invalid());
        }
    }
    let inner = out.strip_prefix(b"<?php").unwrap_or(&out);
    let inner = inner.strip_suffix(b"?>").unwrap_or(inner);
    let start = inner.iter().position(|c| *c != b';').unwrap_or(inner.len());
    let end = inner.iter().rposition(|c| !ENDS.contains(c)).map_or(0, |last| last + 1);
    inner.get(start..end).unwrap_or_default().to_vec()
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

/// A name and nothing else, such as an entry of a list, or a quoted one.
fn is_word(folded: &[u8]) -> bool {
    let quoted = folded.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    if let Some(name) = quoted {
        return name.iter().all(|c| c.is_ascii_alphanumeric() || b"_-./".contains(c));
    }
    folded.iter().all(|c| c.is_ascii_alphanumeric() || *c == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &[u8]) -> Vec<String> {
        let lines = Lines::of(text).told.into_iter();
        lines.map(|l| String::from_utf8_lossy(&l).into_owned()).collect()
    }

    #[test]
    fn lines_are_compared_without_what_costs_nothing_to_change() {
        let rows: [(&str, &[&str]); 14] = [
            ("  total = a + b\n", &["total=a+b"]),
            ("total = a + b;\ntotal = a + b \\\n", &["total=a+b", "total=a+b"]),
            ("total = a + b  # so it is\n", &["total=a+b"]),
            ("total = a + b; // so it is\n", &["total=a+b"]),
            ("total /* all */ = a + b /* of it */\n", &["total=a+b"]),
            ("total = a + b /*\n*/\n", &["total=a+b"]),
            ("total = a + b -- so it is\n", &["total=a+b"]),
            ("| total | a + b | <!-- so -->\n", &["|total|a+b|"]),
            // What only looks like a comment.
            ("get(\"http://a.example/b\")\n", &["get(\"http://a.example/b\")"]),
            ("  color: #ffcc00;\n", &["color:#ffcc00"]),
            ("puts \"total #{a}\"\n", &["puts\"total#{a}\""]),
            ("run --total --all\n", &["run--total--all"]),
            // Letters of other scripts.
            ("t\u{43e}tal = \u{430} + \u{ff42}\u{200b}\n", &["total=a+b"]),
            ("\u{5408}\u{8a08} = \u{548c}\n", &["\u{5408}\u{8a08}=\u{548c}"]),
        ];
        for (text, expected) in rows {
            assert_eq!(of(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn utf_16_is_read() {
        let text = "total = a + b\nother = \u{5408} - total\n";
        let expected = of(text.as_bytes());
        for mark in ["", "\u{feff}"] {
            let units: Vec<u16> = format!("{mark}{text}").encode_utf16().collect();
            let little: Vec<u8> = units.iter().flat_map(|u| u.to_le_bytes()).collect();
            let big: Vec<u8> = units.iter().flat_map(|u| u.to_be_bytes()).collect();
            assert_eq!(of(&little), expected);
            assert_eq!(of(&big), expected);
        }
        // No text.
        let binary: Vec<u8> = (0..4_000_u16).flat_map(|n| (n % 300 * 7).to_be_bytes()).collect();
        assert_eq!(of(&binary.repeat(2)), Vec::<String>::new());
    }
}
