//! Finds known phrases at the start of a word, whatever stands between their words.
//!
//! `Co-authored-by`, `co_authored by`, `CoAuthoredBy` and `C o - authored - by` are one
//! phrase: only letters and digits are compared, folded as in [`squeezed`], and it has to
//! begin and end with a word.

use super::text::{Text, squeezed};

/// Phrases and what each stands for, found by their first two letters.
#[derive(Debug)]
pub(super) struct Phrases<T> {
    /// By [`slot`].
    by_head: Vec<Vec<Phrase<T>>>,
}

#[derive(Debug)]
struct Phrase<T> {
    squeezed: Vec<u8>,
    /// Short phrases fold together with other words (`Al`, `AI`) and are compared whole.
    exact: Option<String>,
    meaning: T,
}

/// Where a phrase was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found<T> {
    /// What it stands for.
    pub(super) meaning: T,
    /// The word it begins with.
    pub(super) first: usize,
    /// The word after its last.
    pub(super) next: usize,
    /// One past its last byte in [`Text::clean`].
    pub(super) end: usize,
    /// Whether a digit is glued to it (`gpt5`), which then belongs to the last word.
    pub(super) glued_digit: bool,
}

/// Phrases of so few letters are compared without folding.
pub(super) const EXACT_BELOW: usize = 4;

/// Letters and digits.
const LETTERS: usize = 36;

/// Pairs of them.
pub(super) const SLOTS: usize = LETTERS * LETTERS;

/// The place of a phrase by its first two letters; none for a shorter one.
pub(super) fn slot(squeezed: &[u8]) -> Option<usize> {
    let code = |byte: u8| match byte {
        b'0'..=b'9' => usize::from(byte - b'0'),
        _ => usize::from(byte.saturating_sub(b'a')) + 10,
    };
    squeezed.first_chunk::<2>().map(|[first, second]| code(*first) * LETTERS + code(*second))
}

impl<T: Copy> Phrases<T> {
    /// No phrases.
    pub(super) fn new() -> Self {
        Self { by_head: (0..SLOTS).map(|_| Vec::new()).collect() }
    }

    /// Adds a phrase; one of fewer than two letters or digits is never found.
    pub(super) fn insert(&mut self, text: &str, meaning: T) {
        let squeezed = squeezed(text);
        let Some(list) = slot(&squeezed).and_then(|slot| self.by_head.get_mut(slot)) else {
            return;
        };
        let exact = (squeezed.len() < EXACT_BELOW).then(|| {
            text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
        });
        let place = list.partition_point(|p| p.squeezed.len() >= squeezed.len());
        list.insert(place, Phrase { squeezed, exact, meaning });
    }

    /// Every phrase that begins with this word, the longest first.
    pub(super) fn all_at<'a>(
        &'a self,
        text: &'a Text,
        first: usize,
    ) -> impl Iterator<Item = Found<T>> + 'a {
        let word = text.words.get(first);
        let rest = word.and_then(|w| text.squeezed.get(w.squeezed..)).unwrap_or_default();
        let list = slot(rest).and_then(|slot| self.by_head.get(slot));
        list.into_iter()
            .flatten()
            .filter(move |phrase| rest.starts_with(&phrase.squeezed))
            .filter_map(move |phrase| phrase.found(text, first))
    }
}

impl<T: Copy> Phrase<T> {
    /// The squeezed letters match at `first`: does the phrase also end where a word does,
    /// on the same line or the next?
    fn found(&self, text: &Text, first: usize) -> Option<Found<T>> {
        let begin = text.words.get(first)?;
        let end = begin.squeezed + self.squeezed.len();
        let mut next = first + 1;
        while text.words.get(next).is_some_and(|w| w.squeezed < end) {
            next += 1;
        }
        let last = text.words.get(next - 1)?;
        if last.line > begin.line + 1 {
            return None;
        }
        let clean_end = last.start + (end - last.squeezed);
        let glued = text.lower(clean_end..last.end);
        if !glued.is_empty() && !is_version(glued) {
            return None;
        }
        if let Some(exact) = &self.exact {
            let found = text.lower(begin.start..clean_end).bytes();
            if !found.filter(u8::is_ascii_alphanumeric).eq(exact.bytes()) {
                return None;
            }
        }
        let glued_digit = !glued.is_empty();
        Some(Found { meaning: self.meaning, first, next, end: clean_end, glued_digit })
    }
}

/// `5`, `4o`, `45`: what model families have glued to their name.
fn is_version(glued: &str) -> bool {
    glued.len() <= 3 && glued.starts_with(|c: char| c.is_ascii_digit())
}
