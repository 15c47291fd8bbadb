//! Cuts a message where no marker goes on, so that each part can be read alone.
//!
//! Owns where that is: at blank lines, unless something beside one might reach over it. The
//! scanner's view of the whole message (merges, reverts, text in other readings) is not
//! given up for it: such a message is not cut. A test holds parts against wholes.

use memchr::{memchr_iter, memchr2, memmem};

use super::confusables::{Look, look};
use super::letters::{is_letter, letters};

/// A part of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) bytes: &'a [u8],
    /// Bytes of the message before it.
    start: usize,
    /// Line feeds before it; none before the one with the subject.
    pub(super) lines: usize,
}

impl Part<'_> {
    /// Bytes of the message up to where it ends.
    pub(super) fn end(&self) -> usize {
        self.start + self.bytes.len()
    }
}

/// Bytes at the beginning of a message that tell whether it speaks of another.
const BEGINNING: usize = 96;

/// The parts of a message, or none where it has to be read as a whole.
pub(super) fn parts(message: &[u8]) -> Option<Vec<Part<'_>>> {
    const OVERRIDE: &[u8] = "\u{202e}".as_bytes();
    const QUOTES: [&[u8]; 3] = [b"merge", b"revert", b"reapply"];
    let beginning = message.get(..BEGINNING.min(message.len())).unwrap_or_default();
    let first: Vec<u8> = letters(beginning).take(7).map(|b| b.to_ascii_lowercase()).collect();
    if first.len() < 7
        || !is_plain(beginning)
        || QUOTES.iter().any(|quote| first.starts_with(quote))
        || memchr2(0, 0x1b, message).is_some()
        || memmem::find(message, OVERRIDE).is_some()
    {
        return None;
    }
    let mut parts: Vec<Part<'_>> = Vec::new();
    let (mut start, mut lines, mut seen) = (0, 0, 0);
    for at in memchr_iter(b'\n', message) {
        seen += 1;
        let (before, after) = message.split_at_checked(at + 1)?;
        let part = message.get(start..=at)?;
        let has_words = !parts.is_empty() || part.iter().any(|b| is_letter(*b));
        if part.ends_with(b"\n\n") && has_words && ends(before) && begins(after) {
            parts.push(Part { bytes: part, start, lines });
            (start, lines) = (at + 1, seen);
        }
    }
    parts.push(Part { bytes: message.get(start..)?, start, lines });
    Some(parts)
}

/// Whether each character stands for itself. One that is cut off at the end is passed over.
fn is_plain(beginning: &[u8]) -> bool {
    let whole = match str::from_utf8(beginning) {
        Ok(text) => Some(text),
        Err(e) if e.error_len().is_some() => None,
        Err(e) => beginning.get(..e.valid_up_to()).and_then(|text| str::from_utf8(text).ok()),
    };
    whole.is_some_and(|text| text.chars().all(stands_for_itself))
}

fn stands_for_itself(c: char) -> bool {
    u8::try_from(c)
        .ok()
        .filter(u8::is_ascii)
        .map_or_else(|| look(c) == Look::Itself, |byte| !may_stand_for_more(byte))
}

/// Escapes, tags and controls.
const fn may_stand_for_more(byte: u8) -> bool {
    matches!(byte, b'%' | b'&' | b'\\' | b'<')
        || (byte < b' ' && !matches!(byte, b'\n' | b'\r' | b'\t'))
}

/// Whether nothing at the end of these bytes may go on: no address, escape or tag.
fn ends(before: &[u8]) -> bool {
    const LONGEST: usize = 16;
    let tail = before.get(before.len().saturating_sub(LONGEST)..).unwrap_or_default();
    let last = tail.iter().rfind(|b| !b.is_ascii_whitespace() && **b != b'"');
    last.is_some_and(|last| *last != b'@')
        && tail.iter().all(|b| b.is_ascii() && !may_stand_for_more(*b))
}

/// Whether these bytes continue nothing: neither a folded line nor an address.
fn begins(after: &[u8]) -> bool {
    match after.first() {
        Some(b'@' | b'"') => false,
        Some(first) if first.is_ascii() => {
            !first.is_ascii_whitespace() && !may_stand_for_more(*first)
        }
        Some(_) => {
            let lengths = 2..=4;
            let texts = lengths.filter_map(|n| str::from_utf8(after.get(..n)?).ok());
            let first = texts.filter_map(|text| text.chars().next()).next();
            first.is_some_and(|c| look(c) == Look::Itself)
        }
        None => false,
    }
}
