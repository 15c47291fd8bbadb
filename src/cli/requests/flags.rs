//! What in a file deserves a look before anything else.

use super::reading::Reading;
use crate::domain::change::{Change, Entry, Side};
use crate::domain::escape::is_hidden;

/// Whether generated files stand last, and flagged ones first.
pub(super) fn in_order<'a>(reading: &Reading, change: &'a Change) -> Vec<(&'a Entry, Vec<String>)> {
    let mut all: Vec<_> = change.entries().iter().map(|e| (e, of(reading, e))).collect();
    let is_generated = |e: &Entry| reading.policy.detect.generated.matches(e.path.as_bytes());
    all.sort_by_key(|(e, flags)| (flags.is_empty(), is_generated(e)));
    all
}

/// A file's flags, in words.
fn of(reading: &Reading, entry: &Entry) -> Vec<String> {
    let mut flags = Vec::new();
    let mode = |side: Option<Side>| side.map_or(0, |side| side.mode);
    let (old, new) = (mode(entry.old), mode(entry.new));
    if new != 0 && old != new && !matches!((old, new), (0, 0o100_644)) {
        let what = match new {
            0o100_755 => "executable",
            0o120_000 => "a link",
            0o160_000 => "a submodule",
            _ => "a plain file",
        };
        flags.push(format!("becomes {what}"));
    }
    let text = entry.new.and_then(|side| reading.file(side.id));
    if let Some(hidden) = text.and_then(hidden) {
        flags.push(format!(
            "has characters that can't be seen, such as U+{:04X}",
            u32::from(hidden)
        ));
    }
    flags
}

/// The first invisible character of a text, tabs and ends of lines aside.
fn hidden(bytes: &[u8]) -> Option<char> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    text.chars().find(|c| is_hidden(*c) && !matches!(c, '\t' | '\n' | '\r' | '\u{c}'))
}

#[cfg(test)]
mod tests {
    use super::hidden;

    #[test]
    fn what_can_not_be_seen_is_found() {
        for plain in ["", "a\tb\r\n\u{c}", "\u{feff}x", "\u{fc}\u{4e2d}", "e\u{301}"] {
            assert_eq!(hidden(plain.as_bytes()), None, "{plain:?}");
        }
        for (text, c) in
            [("a\u{202e}b", '\u{202e}'), ("x\u{200b}", '\u{200b}'), ("\u{1b}[1m", '\u{1b}')]
        {
            assert_eq!(hidden(text.as_bytes()), Some(c));
        }
    }
}
