//! Writes a [`Text`]: what `normalise` reads, as clean letters, words and lines.

use super::confusables::{Look, look};
use super::text::{Line, Text, Word, squeeze};

/// Separates words and stands for nothing else, whatever follows.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
        && !byte.is_ascii_alphanumeric()
        && !matches!(byte, b'\\' | b'&' | b'%' | b'<')
}

/// Builds a [`Text`], character by character.
pub(super) struct Writer {
    text: Text,
    in_word: bool,
    line_clean: usize,
    line_source: usize,
    line_words: usize,
    number: usize,
}

impl Writer {
    pub(super) fn new(capacity: usize) -> Self {
        let text = Text {
            clean: String::with_capacity(capacity),
            squeezed: Vec::with_capacity(capacity),
            words: Vec::with_capacity(capacity / 6),
            ..Text::default()
        };
        Self { text, in_word: false, line_clean: 0, line_source: 0, line_words: 0, number: 1 }
    }

    /// Takes letters and digits, or else one byte that only separates words; how many. They are
    /// what they are, whatever stands around them.
    pub(super) fn plain(&mut self, bytes: &[u8], at: usize) -> usize {
        let letters = bytes.iter().position(|b| !b.is_ascii_alphanumeric());
        let letters = bytes.get(..letters.unwrap_or(bytes.len())).unwrap_or_default();
        match bytes.first() {
            Some(byte) if letters.is_empty() && is_plain(*byte) => {
                self.separator(char::from(*byte));
                1
            }
            _ => {
                self.letters(letters, at);
                letters.len()
            }
        }
    }

    /// Letters and digits of one word, or of a part of it.
    fn letters(&mut self, letters: &[u8], at: usize) {
        let Ok(text) = str::from_utf8(letters) else { return };
        let Some(first) = letters.first() else { return };
        self.visible(*first, at);
        self.text.clean.push_str(text.get(1..).unwrap_or_default());
        self.text.squeezed.extend(letters.iter().skip(1).map(|b| squeeze(*b)));
        if let Some(word) = self.text.words.last_mut() {
            word.end = self.text.clean.len();
        }
    }

    pub(super) fn put(&mut self, c: char, at: usize, length: usize) {
        match look(c) {
            Look::Break => self.end_line(at, at + length, false),
            Look::Blank => self.separator(' '),
            Look::Invisible => self.end_word(),
            Look::Like(byte) => self.visible(byte, at),
            Look::LikeTwo(first, second) => {
                self.visible(first, at);
                self.visible(second, at);
            }
            Look::Itself => match u8::try_from(c) {
                Ok(byte) if byte.is_ascii() => self.visible(byte, at),
                _ => self.separator(c),
            },
        }
    }

    fn visible(&mut self, byte: u8, at: usize) {
        if !byte.is_ascii_alphanumeric() {
            return self.separator(char::from(byte));
        }
        let (start, squeezed) = (self.text.clean.len(), self.text.squeezed.len());
        if !self.in_word {
            let line = self.text.lines.len();
            self.text.words.push(Word { start, end: start, squeezed, source: at, line });
            self.in_word = true;
        }
        self.text.clean.push(char::from(byte));
        self.text.squeezed.push(squeeze(byte));
        if let Some(word) = self.text.words.last_mut() {
            word.end = start + 1;
        }
    }

    fn separator(&mut self, c: char) {
        self.end_word();
        self.text.clean.push(c);
    }

    pub(super) fn end_word(&mut self) {
        self.in_word = false;
    }

    pub(super) fn end_line(&mut self, at: usize, next: usize, counted: bool) {
        self.end_word();
        self.close_line(at);
        self.text.clean.push('\n');
        self.line_clean = self.text.clean.len();
        self.line_source = next;
        self.line_words = self.text.words.len();
        self.number += usize::from(counted);
    }

    /// Line feeds inside of what is read as something else: `<br\n>`.
    pub(super) fn pass_lines(&mut self, count: usize) {
        self.number += count;
    }

    fn close_line(&mut self, at: usize) {
        self.text.lines.push(Line {
            clean: self.line_clean..self.text.clean.len(),
            source: self.line_source..at,
            words: self.line_words..self.text.words.len(),
            number: self.number,
        });
    }

    pub(super) fn finish(mut self, source: Vec<u8>) -> Text {
        self.close_line(source.len());
        self.text.lower = self.text.clean.to_ascii_lowercase();
        self.text.source = source;
        self.text
    }
}
