//! Which lines of a message are another message's: of what it reverts, merges or answers.
//!
//! What they hold still counts (G6, G7): nothing in a message can prove that a line is not
//! its own. The finding says so, for whoever has to judge.

use super::text::{Line, Text};

/// Bytes of a line that are looked at.
const LOOKED_AT: usize = 96;

/// The quotations of one text.
#[derive(Debug, Default)]
pub(super) struct Quotes {
    /// The line of `Revert "..."` or `Reapply "..."`.
    reverts: Option<usize>,
    /// The line from which on a revert speaks for itself: `This reverts commit ...`.
    own_words: Option<usize>,
    /// The line below which an old message is copied.
    copied: Option<usize>,
    /// Whether this is a merge, whose log lists what came in.
    merges: bool,
}

impl Quotes {
    pub(super) fn of(text: &Text) -> Self {
        const REVERTS: [&str; 4] = ["revert \"", "reapply \"", "revert: ", "revert '"];
        const OWN_WORDS: [&str; 2] = ["this reverts commit ", "this reapplies commit "];
        const COPIED: [&str; 4] =
            ["original commit message", "original message", "original commit:", "original pr:"];
        let Some(subject) = text.lines.iter().position(|l| !l.words.is_empty()) else {
            return Self::default();
        };
        let begins = |index: usize, with: &[&str]| {
            let begin = text.lines.get(index).map_or("", |line| begin(text, line));
            with.iter().any(|w| begin.trim_start_matches(['*', '#', '>', ' ']).starts_with(w))
        };
        let merges = begins(subject, &["merge ", "merged "]);
        if !begins(subject, &REVERTS) {
            return Self { merges, ..Self::default() };
        }
        let below = subject + 1..text.lines.len();
        Self {
            reverts: Some(subject),
            own_words: below.clone().find(|l| begins(*l, &OWN_WORDS)),
            copied: below.clone().find(|l| begins(*l, &COPIED)),
            merges,
        }
    }

    /// Whether a line quotes another message.
    pub(super) fn hold(&self, text: &Text, index: usize) -> bool {
        let Some(line) = text.lines.get(index) else { return false };
        let begin = begin(text, line);
        let answered = begin.trim_start().starts_with('>');
        let listed = self.merges && (begin.starts_with("  ") || begin.starts_with("* "));
        let old = self.reverts.is_some_and(|subject| {
            index == subject
                || self.own_words.is_some_and(|own| subject < index && index < own)
                || self.copied.is_some_and(|copied| index > copied)
        });
        answered || listed || old
    }
}

fn begin<'a>(text: &'a Text, line: &Line) -> &'a str {
    let mut end = line.clean.end.min(line.clean.start + LOOKED_AT);
    while !text.lower.is_char_boundary(end) {
        end -= 1;
    }
    text.lower(line.clean.start..end)
}
