//! Bytes to [`Text`]: undoes what hides a marker from a program but not from a reader.
//!
//! Owns look-alikes, invisible characters, line breaks of all kinds, escapes (HTML
//! entities, `\n` written out, `%40`, terminal sequences) and text written backwards; character
//! encodings are undone by `encodings`. It must not know any marker.
//!
//! STRATEGY. One pass over the bytes; each step looks at most a few bytes ahead, so the
//! cost is linear whatever the bytes are. A marker is searched in every reading that
//! [`readings`] gives: the raw bytes always; more only where the bytes ask for it.

use memchr::memmem;

use super::encodings::{Unreadable, decode};
use super::text::Text;
use super::writer::Writer;

/// What a zero byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nul {
    /// The end of a line, as for programs in C.
    Breaks,
    /// Nothing, as every other byte of ASCII text in UTF-16.
    Vanishes,
}

/// All readings of a message or header, and whether its encoding was understood.
pub(super) struct Readings {
    /// The raw bytes first.
    pub(super) texts: Vec<Text>,
    /// False where `encoding` names one that is not known or that the bytes are not in.
    pub(super) readable: bool,
}

/// Every way to read these bytes. `encoding` is git's header.
pub(super) fn readings(bytes: &[u8], encoding: Option<&[u8]>) -> Readings {
    let mut texts = vec![read(bytes.to_vec(), Nul::Breaks)];
    if bytes.contains(&0) {
        texts.push(read(bytes.to_vec(), Nul::Vanishes));
    }
    if let Some(mirrored) = mirrored(bytes) {
        texts.push(read(mirrored, Nul::Breaks));
    }
    let decoded = encoding.map(|label| decode(bytes, label));
    let readable = decoded.as_ref().is_none_or(Result::is_ok);
    for text in decoded.into_iter().flat_map(|d| d.unwrap_or_else(|Unreadable(lossy)| lossy)) {
        if text.as_bytes() != bytes {
            texts.push(read(text.into_bytes(), Nul::Breaks));
        }
    }
    Readings { texts, readable }
}

/// One line as it is compared: readable and in lower case.
pub(super) fn readable(bytes: &[u8]) -> String {
    read(bytes.to_vec(), Nul::Vanishes).lower
}

/// Text after a right-to-left override, turned round as a terminal shows it.
fn mirrored(bytes: &[u8]) -> Option<Vec<u8>> {
    const OVERRIDE: &str = "\u{202e}";
    memmem::find(bytes, OVERRIDE.as_bytes())?;
    let text = String::from_utf8_lossy(bytes);
    let turned = text.split('\n').map(|line| match line.split_once(OVERRIDE) {
        None => line.to_owned(),
        Some((before, after)) => before.chars().chain(after.chars().rev()).collect(),
    });
    Some(turned.collect::<Vec<_>>().join("\n").into_bytes())
}

/// One step of the pass.
pub(super) enum Piece {
    /// A line feed that stands in the bytes.
    LineFeed,
    /// A character that stands there, or that an escape stands for.
    Char(char),
    /// Not seen.
    Nothing,
}

fn read(source: Vec<u8>, nul: Nul) -> Text {
    let mut writer = Writer::new(source.len());
    let mut at = 0;
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        let plain = writer.plain(rest, at);
        if plain > 0 {
            at += plain;
            continue;
        }
        let (piece, length) = step(rest, nul);
        match piece {
            Piece::LineFeed => writer.end_line(at, at + length, true),
            Piece::Char(c) => writer.put(c, at, length),
            Piece::Nothing => writer.end_word(),
        }
        if !matches!(piece, Piece::LineFeed) && length > 1 {
            let taken = rest.get(..length).unwrap_or_default();
            writer.pass_lines(taken.iter().filter(|b| **b == b'\n').count());
        }
        at += length.max(1);
    }
    writer.finish(source)
}

/// The next piece and how many bytes it takes.
pub(super) fn step(rest: &[u8], nul: Nul) -> (Piece, usize) {
    let one = |c| (Piece::Char(c), 1);
    match rest {
        [b'\n', ..] => (Piece::LineFeed, 1),
        [b'\r', b'\n', ..] => (Piece::Nothing, 1),
        [0, ..] if nul == Nul::Vanishes => (Piece::Nothing, 1),
        [0, ..] => one('\n'),
        [b'\\', ..] => written_out(rest).unwrap_or(one('\\')),
        [b'&', ..] => entity(rest).unwrap_or(one('&')),
        [b'<', b'b' | b'B', b'r' | b'R', tail @ ..] => {
            let end = tail.iter().take(3).position(|b| *b == b'>');
            end.map_or(one('<'), |end| (Piece::Char('\n'), end + 4))
        }
        [b'<', tail @ ..] => match styling_tag(tail) {
            Some(length) => (Piece::Nothing, length + 1),
            None => one('<'),
        },
        [b'%', hi, lo, ..] => match hex(&[*hi, *lo]) {
            Some(c) if c == '\n' || (' '..='~').contains(&c) => (Piece::Char(c), 3),
            _ => one('%'),
        },
        [0x1b, b'[', tail @ ..] => {
            let end = tail.iter().take(32).position(|b| (0x40..=0x7e).contains(b));
            (Piece::Nothing, end.map_or(1, |end| end + 3))
        }
        [first, ..] if first.is_ascii() => one(char::from(*first)),
        _ => decoded_char(rest),
    }
}

/// The length of an HTML tag that only styles what it stands in: `b>`, `/span>`, `wbr>`.
fn styling_tag(tail: &[u8]) -> Option<usize> {
    const TAGS: [&[u8]; 17] = [
        b"b", b"i", b"u", b"s", b"em", b"strong", b"code", b"sup", b"sub", b"small", b"tt", b"kbd",
        b"mark", b"del", b"ins", b"span", b"wbr",
    ];
    let end = tail.iter().take(9).position(|b| *b == b'>')?;
    let name = tail.get(..end)?;
    let name = name.strip_prefix(b"/").unwrap_or(name).to_ascii_lowercase();
    TAGS.contains(&name.as_slice()).then_some(end + 1)
}

/// A character of UTF-8; a byte that is none is read as Latin-1.
fn decoded_char(rest: &[u8]) -> (Piece, usize) {
    let found = (2..=4).find_map(|length| {
        let text = std::str::from_utf8(rest.get(..length)?).ok()?;
        Some((Piece::Char(text.chars().next()?), length))
    });
    found.unwrap_or_else(|| (Piece::Char(rest.first().copied().map_or(' ', char::from)), 1))
}

/// `\n`, `\t`, `\x40`, `\u200b`, `\-`: as programs and Markdown write them out.
fn written_out(rest: &[u8]) -> Option<(Piece, usize)> {
    let hexes = |from: usize, digits: usize| {
        Some((Piece::Char(hex(rest.get(from..from + digits)?)?), from + digits))
    };
    match rest.get(1)? {
        b'n' | b'r' => Some((Piece::Char('\n'), 2)),
        b't' => Some((Piece::Char(' '), 2)),
        b'x' => hexes(2, 2),
        b'u' if rest.get(2) == Some(&b'{') => {
            let digits = rest.get(3..)?.iter().take(7).position(|b| *b == b'}')?;
            hexes(3, digits).map(|(piece, length)| (piece, length + 1))
        }
        b'u' => hexes(2, 4),
        next if next.is_ascii_punctuation() => Some((Piece::Nothing, 1)),
        _ => None,
    }
}

fn hex(digits: &[u8]) -> Option<char> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    char::from_u32(u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?)
}

/// `&lt;`, `&#64;`, `&#x40;`: HTML's names that a trailer may be made of.
fn entity(rest: &[u8]) -> Option<(Piece, usize)> {
    let end = rest.iter().take(12).position(|b| *b == b';')?;
    let name = std::str::from_utf8(rest.get(1..end)?).ok()?;
    let c = if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => number.parse().ok()?,
        };
        char::from_u32(code)?
    } else {
        match name.to_ascii_lowercase().as_str() {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "commat" => '@',
            "colon" => ':',
            "period" => '.',
            "hyphen" | "dash" | "ndash" | "mdash" | "minus" => '-',
            "lowbar" => '_',
            "nbsp" | "ensp" | "emsp" | "thinsp" => ' ',
            "newline" => '\n',
            "shy" | "zwj" | "zwnj" | "zerowidthspace" => '\u{200b}',
            "quot" => '"',
            "apos" => '\'',
            "lpar" => '(',
            "rpar" => ')',
            "lsqb" | "lbrack" => '[',
            "rsqb" | "rbrack" => ']',
            _ => return None,
        }
    };
    Some((Piece::Char(c), end + 1))
}
