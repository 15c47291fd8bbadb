//! The letters and digits of a text, for the sieve: 64 bytes at a time, where they stand.
//!
//! STRATEGY. Nearly all bytes are ASCII that means what it is, and nearly all others only
//! separate words: so a text is looked at as it is. One in which something stands for a
//! letter is written out first, by the reader's own steps (`normalise`), so that what the
//! reader sees as a letter is one here, and begins a word here where it does there.

use super::confusables::{Look, look};
use super::normalise::{Nul, Piece, step};

/// Bytes that are classed in one go: one bit of a word each.
pub(super) const CHUNK: usize = 64;

/// Which bytes of a chunk are what, the first at bit 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Classes {
    /// ASCII letters and digits.
    pub(super) letters: u64,
    /// What may stand for something else, or tick a box.
    pub(super) special: u64,
}

/// What a special byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Special {
    /// It, and so many bytes in all, only separate words.
    Separates(usize),
    /// A bracket that closes.
    Bracket,
    /// The text has to be written out.
    Means,
    /// The text is read in other ways, too: turned round, or without its zero bytes.
    Unsaid,
}

/// Classes a chunk without a branch.
pub(super) fn classes(bytes: &[u8; CHUNK]) -> Classes {
    let mut kinds = [0_u8; CHUNK];
    for (kind, byte) in kinds.iter_mut().zip(bytes) {
        *kind = u8::from(is_letter(*byte)) | (u8::from(is_special(*byte)) << 1);
    }
    let (mut letters, mut special) = (0, 0);
    for (index, eight) in kinds.as_chunks().0.iter().enumerate() {
        let eight = u64::from_le_bytes(*eight);
        letters |= gathered(eight) << (8 * index);
        special |= gathered(eight >> 1) << (8 * index);
    }
    Classes { letters, special }
}

/// The lowest bits of eight bytes, the first byte's lowest.
const fn gathered(eight: u64) -> u64 {
    (eight & 0x0101_0101_0101_0101).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

pub(super) const fn is_letter(byte: u8) -> bool {
    (byte | 0x20).wrapping_sub(b'a') < 26 || byte.wrapping_sub(b'0') < 10
}

const fn is_special(byte: u8) -> bool {
    let control = byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    control || byte > b'~' || matches!(byte, b'\\' | b'&' | b'%' | b'<' | b']')
}

/// What the special byte that these bytes begin with is.
pub(super) fn special(rest: &[u8]) -> Special {
    match rest.first() {
        Some(0) => return Special::Unsaid,
        Some(b']') => return Special::Bracket,
        // An address more often than a tag.
        Some(b'<') if !rest.iter().take(TAG).any(|b| *b == b'>') => return Special::Separates(1),
        _ => {}
    }
    let (piece, length) = step(rest, Nul::Breaks);
    let taken = rest.get(..length).unwrap_or_default();
    let c = match piece {
        _ if taken.iter().any(|b| is_letter(*b)) => return Special::Means,
        Piece::LineFeed | Piece::Nothing => return Special::Separates(length),
        Piece::Char(c) => c,
    };
    match look(c) {
        Look::Invisible if c == TURNED => Special::Unsaid,
        Look::Break | Look::Blank | Look::Invisible => Special::Separates(length),
        Look::Like(byte) if is_letter(byte) || is_sign(byte) => Special::Means,
        Look::LikeTwo(..) => Special::Means,
        Look::Itself if c.is_ascii() && length > 1 => Special::Means,
        Look::Like(_) | Look::Itself => Special::Separates(length),
    }
}

/// From here on a terminal shows text from right to left.
const TURNED: char = '\u{202e}';

/// No tag that the reader knows is longer.
const TAG: usize = 16;

/// Separates words, but is not looked over.
const fn is_sign(byte: u8) -> bool {
    matches!(byte, b':' | b'=' | b'+' | b']')
}

/// The text in ASCII, whatever stood for it: letters, signs and blanks, `?` for the rest.
/// Nothing in it stands for anything else any more. None where it is read in other ways, too.
pub(super) fn written_out(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        if *first == 0 {
            return None;
        }
        let (piece, length) = step(rest, Nul::Breaks);
        rest = rest.get(length.max(1)..).unwrap_or_default();
        let c = match piece {
            Piece::LineFeed => '\n',
            Piece::Nothing => '?',
            Piece::Char(c) => c,
        };
        match look(c) {
            Look::Break | Look::Blank => out.push(b' '),
            Look::Invisible if matches!(c, TURNED | '\0') => return None,
            Look::Invisible => out.push(b'?'),
            Look::Like(byte) => out.push(byte),
            Look::LikeTwo(first, second) => out.extend([first, second]),
            Look::Itself => out.push(u8::try_from(c).ok().filter(u8::is_ascii).unwrap_or(b'?')),
        }
    }
    Some(out)
}

/// The letters and digits of some bytes.
pub(super) fn letters(bytes: &[u8]) -> impl Iterator<Item = u8> {
    bytes.iter().copied().filter(|byte| is_letter(*byte))
}
