//! A text and the places in it.

use std::ops::Range;

use super::secrets;
use crate::domain::escape::escape;

/// A file's text, fit to be shown: secrets and invisible characters are overwritten, byte
/// for byte, so that every span still fits.
#[derive(Debug, Clone)]
pub(super) struct Source {
    file: String,
    shown: String,
    /// Where each line begins; the first is 0.
    lines: Vec<usize>,
}

impl Source {
    pub(super) fn new(file: &str, text: &str, secret: &[Range<usize>]) -> Self {
        let lines = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1))
            .collect();
        let shown = secrets::overwrite(text, secret);
        Self { file: escape(file.as_bytes()), shown, lines }
    }

    pub(super) fn file(&self) -> &str {
        &self.file
    }

    pub(super) fn text(&self) -> &str {
        &self.shown
    }

    /// A span that lies in the text, on the borders of characters.
    pub(super) fn clamp(&self, span: Range<usize>) -> Range<usize> {
        let start = self.shown.floor_char_boundary(span.start.min(self.shown.len()));
        let end = self.shown.ceil_char_boundary(span.end.clamp(start, self.shown.len()));
        start..end
    }

    /// Line and column of a byte, both from 1; the column in characters.
    pub(super) fn place(&self, at: usize) -> (usize, usize) {
        let at = self.shown.floor_char_boundary(at.min(self.shown.len()));
        let line = self.lines.partition_point(|start| *start <= at).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        let column = self.shown.get(start..at).map_or(0, |before| before.chars().count());
        (line, column + 1)
    }

    /// The whole lines that a span touches.
    pub(super) fn lines_around(&self, span: &Range<usize>) -> Range<usize> {
        let (first, _) = self.place(span.start);
        let start = self.lines.get(first - 1).copied().unwrap_or(0);
        let last = span.end.saturating_sub(1).max(span.start);
        let (line, _) = self.place(last);
        let end = self.lines.get(line).map_or(self.shown.len(), |next| next.saturating_sub(1));
        start..end.max(start)
    }
}
