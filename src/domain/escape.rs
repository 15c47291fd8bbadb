//! Hostile bytes to text that a terminal, a log or a page may show (G21).

/// Every byte from a push passes here before a person sees it.
///
/// Printable text stays as it is; control characters, bidi overrides, zero-width and
/// other invisible characters, line separators and bytes that are not UTF-8 become
/// `\x1b` or `\u{202e}`. A backslash stays itself: the text is for reading only.
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut marks = 0;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            marks = if is_combining(c) { marks + 1 } else { 0 };
            if marks > MARKS {
                out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
            } else {
                push_escaped(&mut out, c);
            }
        }
        for b in chunk.invalid() {
            out.push_str(&format!("\\x{b:02x}"));
        }
    }
    out
}

/// Marks that stand on one letter in any script's honest text; a heap of them is painted
/// over the lines above.
const MARKS: usize = 3;

/// Marks that are drawn on the letter before them, of the scripts' common blocks.
fn is_combining(c: char) -> bool {
    matches!(u32::from(c),
        0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5c7 | 0x610..=0x61a | 0x64b..=0x65f
        | 0x6d6..=0x6ed | 0xe34..=0xe3a | 0xe47..=0xe4e | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff
        | 0x20d0..=0x20ff | 0xfe20..=0xfe2f)
}

fn push_escaped(out: &mut String, c: char) {
    match c {
        '\t' => out.push(' '),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        c if c.is_ascii_control() => {
            out.push_str(&format!("\\x{:02x}", u32::from(c)));
        }
        c if is_invisible(c) => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
        c => out.push(c),
    }
}

/// Whether a character is not shown as itself: a control or an invisible one.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_ascii_control() || is_invisible(c)
}

/// Characters that change how their neighbours are read without being seen, or look like a
/// space and are none: C1 controls, zero-width, bidi marks and overrides, separators, blanks,
/// fillers, tags, variation selectors, combining enclosures and private use.
fn is_invisible(c: char) -> bool {
    matches!(u32::from(c),
        0x80..=0xa0 | 0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x1680 | 0x17b4 | 0x17b5
        | 0x180b..=0x180f | 0x2000..=0x200f | 0x2028..=0x202f | 0x205f..=0x206f | 0x2800
        | 0x3000 | 0x3164 | 0xe000..=0xf8ff | 0xfe00..=0xfe0f | 0xfeff | 0xffa0
        | 0xfff0..=0xfffc | 0xfffe | 0xffff | 0x13441 | 0x13442 | 0x16fe4 | 0x1bca0..=0x1bca3
        | 0x1d159 | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff | 0xf0000..=0x10ffff)
}

/// As [`escape`], then shortened to `columns` characters with `...` at the end.
#[must_use]
pub fn escape_short(bytes: &[u8], columns: usize) -> String {
    // Four bytes a character at most, so this prefix holds what can be shown.
    let prefix = bytes.get(..columns.saturating_mul(4).saturating_add(4)).unwrap_or(bytes);
    let text = escape(prefix);
    if prefix.len() == bytes.len() && text.chars().count() <= columns {
        return text;
    }
    let kept: String = text.chars().take(columns.saturating_sub(3)).collect();
    format!("{kept}...")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_bytes_become_visible() {
        let rows: &[(&[u8], &str)] = &[
            (b"plain text", "plain text"),
            ("Gr\u{fc}\u{df}e \u{65e5}".as_bytes(), "Gr\u{fc}\u{df}e \u{65e5}"),
            (b"\x1b[2Jgone", "\\x1b[2Jgone"),
            ("a\u{202e}b".as_bytes(), "a\\u{202e}b"),
            (
                "no\u{a0}break\u{2800}blank\u{3000}wide".as_bytes(),
                "no\\u{a0}break\\u{2800}blank\\u{3000}wide",
            ),
            ("zero\u{200b}width".as_bytes(), "zero\\u{200b}width"),
            ("c1\u{9b}31m".as_bytes(), "c1\\u{9b}31m"),
            (b"bad\xff\xfeutf8", "bad\\xff\\xfeutf8"),
            (b"a\nb\rc\td\0", "a\\nb\\rc d\\x00"),
            ("a\u{301}\u{323}".as_bytes(), "a\u{301}\u{323}"),
            (
                "a\u{301}\u{323}\u{301}\u{323}\u{301}b\u{301}".as_bytes(),
                "a\u{301}\u{323}\u{301}\\u{323}\\u{301}b\u{301}",
            ),
        ];
        for (bytes, text) in rows {
            assert_eq!(&escape(bytes), text);
        }
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        assert_eq!(escape_short(b"abcdefghij", 8), "abcde...");
        assert_eq!(escape_short(b"abcdefgh", 8), "abcdefgh");
        assert_eq!(escape_short(&vec![b'x'; 10_000_000], 6), "xxx...");
        assert_eq!(escape_short(&[0x1b; 20], 9), "\\x1b\\x...");
    }
}
