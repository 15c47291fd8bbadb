//! A message made readable for markers: lines, words, and where each came from.
//!
//! Owns the shape that the scanner works on. How hostile bytes become it is
//! `normalise`'s business; what it means is `trailers`' and `identity`'s.

use std::ops::Range;

/// A run of ASCII letters and digits after look-alikes were undone. An invisible
/// character ends a word without standing between it and the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    /// First byte in [`Text::clean`].
    pub(super) start: usize,
    /// One past the last byte in [`Text::clean`].
    pub(super) end: usize,
    /// First byte in [`Text::squeezed`].
    pub(super) squeezed: usize,
    /// First byte in [`Text::source`].
    pub(super) source: usize,
    /// Index into [`Text::lines`].
    pub(super) line: usize,
}

/// A line by any reader's idea of a line break.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// Bytes of [`Text::clean`], without the break.
    pub(super) clean: Range<usize>,
    /// Bytes of [`Text::source`].
    pub(super) source: Range<usize>,
    /// Indices into [`Text::words`].
    pub(super) words: Range<usize>,
    /// The number by line feeds alone, from 1: what an editor shows.
    pub(super) number: usize,
}

/// One reading of a text.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// The bytes that this reading is of; decoded ones where an encoding is undone.
    pub(super) source: Vec<u8>,
    /// Look-alikes as ASCII, nothing invisible, blanks as spaces, every break a line feed.
    pub(super) clean: String,
    /// `clean` in lower case, byte for byte at the same place.
    pub(super) lower: String,
    /// All words, one after the other, as [`squeeze`] folds them.
    pub(super) squeezed: Vec<u8>,
    /// In order.
    pub(super) words: Vec<Word>,
    /// In order, at least one.
    pub(super) lines: Vec<Line>,
}

/// Letters that many fonts show alike fall together: `0` and `o`, `1`, `l` and `i`.
pub(super) const fn squeeze(byte: u8) -> u8 {
    match byte.to_ascii_lowercase() {
        b'0' => b'o',
        b'1' | b'l' => b'i',
        other => other,
    }
}

/// As words stand in [`Text::squeezed`]: letters and digits alone, folded.
pub(super) fn squeezed(text: &str) -> Vec<u8> {
    text.bytes().filter(u8::is_ascii_alphanumeric).map(squeeze).collect()
}

impl Text {
    /// A part of the readable text, case kept.
    pub(super) fn clean(&self, range: Range<usize>) -> &str {
        self.clean.get(range).unwrap_or_default()
    }

    /// A part of the readable text in lower case.
    pub(super) fn lower(&self, range: Range<usize>) -> &str {
        self.lower.get(range).unwrap_or_default()
    }

    /// A word in lower case.
    pub(super) fn word(&self, index: usize) -> &str {
        self.words.get(index).map_or("", |w| self.lower(w.start..w.end))
    }

    /// The line a word stands on.
    pub(super) fn line_of(&self, word: usize) -> Option<&Line> {
        self.lines.get(self.words.get(word)?.line)
    }

    /// The words that lie wholly in a range of `clean`.
    pub(super) fn words_in(&self, range: &Range<usize>) -> Range<usize> {
        let from = self.words.partition_point(|w| w.start < range.start);
        let to = self.words.partition_point(|w| w.end <= range.end);
        from..to.max(from)
    }

    /// The line at a place of `clean`.
    pub(super) fn line_at(&self, clean: usize) -> usize {
        self.lines.partition_point(|l| l.clean.start <= clean).saturating_sub(1)
    }

    /// Whether a line continues the one before it by git's rule: it starts with a blank
    /// and is not blank.
    pub(super) fn is_continuation(&self, line: usize) -> bool {
        self.lines.get(line).is_some_and(|l| {
            let text = self.clean(l.clean.clone());
            text.starts_with(' ') && !text.trim().is_empty()
        })
    }

    /// What to show of a line: all of it, or where it is long, from `from` on.
    pub(super) fn excerpt(&self, line: usize, from: usize) -> &[u8] {
        const SHOWN: usize = 160;
        let Some(line) = self.lines.get(line) else { return &[] };
        let whole = line.source.clone();
        let start = if whole.len() > SHOWN && whole.contains(&from) { from } else { whole.start };
        self.source.get(start..whole.end).unwrap_or_default().trim_ascii()
    }

    /// Where in the source a place of `clean` came from: the start of the word there.
    pub(super) fn source_of(&self, clean: usize) -> usize {
        let word = self.words.partition_point(|w| w.end <= clean);
        self.words.get(word).map_or(self.source.len(), |w| w.source)
    }
}
