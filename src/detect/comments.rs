//! Comments in a text of any language, as far as memory leaves them out (G9): anybody can put
//! one between two lines, or behind each.
//!
//! It knows no language: what looks like a comment in one may be code in another. Two texts
//! are folded alike, so behind code nothing but a difference is lost; whole lines are only
//! set aside (`lines`).

use std::borrow::Cow;

/// Where a text stands, as far as whole lines of comment tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comment {
    Outside,
    /// Inside `/* */` or `<!-- -->`; what ends it.
    Inside(&'static [u8]),
}

impl Comment {
    /// Takes the next line: whether it is nothing but comment.
    pub(super) fn takes(&mut self, line: &[u8]) -> bool {
        let ends = |end: &[u8], line: &[u8]| line.windows(end.len()).any(|part| part == end);
        if let Self::Inside(end) = *self {
            if ends(end, line) {
                *self = Self::Outside;
            }
            // What stands behind the end is code.
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
        // Not `;`, which may stand before any statement of many languages, nor `<?php`.
        let starts: [&[u8]; 7] = [b"# ", b"##", b"#!", b"//", b"-- ", b"%", b"<?xml"];
        line == b"#" || line == b"--" || starts.iter().any(|start| line.starts_with(start))
    }
}

/// A line without comments in it and behind it.
pub(super) fn without_comments(line: &[u8]) -> Cow<'_, [u8]> {
    let line = without_blocks(line);
    match (1..line.len()).find(|at| begins(&line, *at)) {
        None => line,
        Some(end) => match line {
            Cow::Borrowed(line) => Cow::Borrowed(line.get(..end).unwrap_or(line)),
            Cow::Owned(mut line) => {
                line.truncate(end);
                Cow::Owned(line)
            }
        },
    }
}

fn without_blocks(line: &[u8]) -> Cow<'_, [u8]> {
    let (mut out, mut rest) = (Vec::new(), line);
    while let Some((before, after)) = block(rest) {
        out.extend_from_slice(before);
        rest = after;
    }
    if rest.len() == line.len() {
        return Cow::Borrowed(line);
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// What stands before and after the first `/* */`.
fn block(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (before, begun) = cut(line, b"/*")?;
    let (_, after) = cut(begun, b"*/")?;
    Some((before, after))
}

fn cut<'a>(line: &'a [u8], word: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = line.windows(word.len()).position(|part| part == word)?;
    line.get(..at).zip(line.get(at + word.len()..))
}

/// Whether a comment begins at a place of a line: behind a blank, or behind what ends
/// something. Neither an address, nor a colour, nor a value within a string is one.
fn begins(line: &[u8], at: usize) -> bool {
    let Some((before, rest)) = line.split_at_checked(at) else { return false };
    match rest {
        [b'/', b'/' | b'*', ..] | [b'<', b'!', b'-', b'-', ..] => {}
        [b'-', b'-', rest @ ..] if rest.first().is_none_or(u8::is_ascii_whitespace) => {}
        [b'#', rest @ ..] if !is_value(rest) => {}
        _ => return false,
    }
    before.last().is_some_and(|c| c.is_ascii_whitespace() || b";,)]}".contains(c))
}

/// What stands behind a `#` and makes it no comment: `{name}`, `[attribute]`, `ffcc00`.
fn is_value(rest: &[u8]) -> bool {
    let digits = rest.iter().take_while(|c| c.is_ascii_hexdigit()).count();
    let ends = rest.get(digits).is_none_or(|c| !c.is_ascii_alphanumeric());
    matches!(rest.first(), Some(b'{' | b'[' | b'(')) || (matches!(digits, 3 | 4 | 6 | 8) && ends)
}
