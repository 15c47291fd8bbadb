//! Tells quickly of most texts that no marker can be in them, so that nobody reads them.
//!
//! STRATEGY. A marker is found by its letters and digits alone, from the start of a word
//! (`phrases`). Where a text is plain ASCII with nothing in it that stands for something
//! else, these can be had by one pass over its bytes, and a look at the first two letters of
//! each word rules nearly all words out. Whatever is left, or not plain, is read in full:
//! the sieve lets too much through, never too little. A test holds it against the reader.

use super::entries::Class;
use super::phrases::{SLOTS, slot};
use super::text::{squeeze, squeezed};

/// What a phrase asks for, for the text to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    /// Nothing more.
    Nothing,
    /// In the key of a trailer that says who looked: a name beside it.
    Name,
    /// As a name: such a key beside it, or a version after it.
    KeyOrVersion,
    /// As a model's name: a version after it.
    Version,
    /// That the text is a merge's.
    Merge,
    /// That the text is an identity.
    Identity,
}

/// Which text is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// A message or header.
    Message,
    /// `Name <address>`.
    Identity,
}

/// All phrases that may matter.
#[derive(Debug)]
pub(super) struct Sieve {
    /// By their first two letters.
    by_head: Vec<Vec<(Vec<u8>, Asks)>>,
    /// Whether it tells anything: not beside a policy's regular expression for lines.
    pub(super) is_blind: bool,
}

/// Bytes that stand for nothing but themselves, and what a word is made of.
const SEPARATOR: u8 = 0;
const SPECIAL: u8 = 1;

/// A letter or digit as words are compared, or one of the above.
const fn fold(byte: u8) -> u8 {
    match byte {
        // HTML, escapes, percent signs: they may stand for something else.
        b'\\' | b'&' | b'%' => SPECIAL,
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => squeeze(byte),
        b'\t' | b'\n' | b'\r' | b' '..=b'~' => SEPARATOR,
        _ => SPECIAL,
    }
}

impl Sieve {
    pub(super) fn new() -> Self {
        let mut sieve = Self { by_head: vec![Vec::new(); SLOTS], is_blind: false };
        for word in ["agent", "agents", "ai", "assistant"] {
            sieve.insert(word, Asks::Identity);
        }
        sieve
    }

    /// A phrase that is found by its letters and digits; others are not found at all.
    pub(super) fn insert(&mut self, text: &str, asks: Asks) {
        let letters = squeezed(text);
        let list = slot(&letters).and_then(|slot| self.by_head.get_mut(slot));
        match list {
            Some(list) => list.push((letters, asks)),
            // Too short to be told from anything.
            None => self.is_blind |= !letters.is_empty() && asks == Asks::Nothing,
        }
    }

    /// What a key of this class asks for.
    pub(super) fn key(class: Class) -> Asks {
        match class {
            Class::Review | Class::SignOff => Asks::Name,
            _ => Asks::Nothing,
        }
    }

    /// An address; letters of other scripts are not among the squeezed ones.
    pub(super) fn address(&mut self, email: &str) {
        self.insert(email, Asks::Nothing);
        self.is_blind |= !email.is_ascii();
    }

    /// Whether a marker may be in these bytes.
    pub(super) fn may_hold(&self, bytes: &[u8], sort: Sort) -> bool {
        if self.is_blind {
            return true;
        }
        let mut letters = Vec::with_capacity(bytes.len());
        let mut words: Vec<usize> = Vec::with_capacity(bytes.len() / 4 + 1);
        let mut in_word = false;
        for (at, byte) in bytes.iter().enumerate() {
            match fold(*byte) {
                SEPARATOR => {
                    if matches!(byte, b']' | b'<' | b'@') && is_marked(bytes, at) {
                        return true;
                    }
                    in_word = false;
                }
                SPECIAL => return true,
                letter => {
                    if !in_word {
                        words.push(letters.len());
                    }
                    letters.push(letter);
                    in_word = true;
                }
            }
        }
        self.finds(&letters, &words, sort)
    }

    fn finds(&self, letters: &[u8], words: &[usize], sort: Sort) -> bool {
        let (mut key, mut name) = (false, false);
        for (index, start) in words.iter().enumerate() {
            let Some(rest) = letters.get(*start..) else { continue };
            let Some(list) = slot(rest).and_then(|slot| self.by_head.get(slot)) else { continue };
            for (phrase, asks) in list {
                if !rest.starts_with(phrase) {
                    continue;
                }
                let Some(version) = after(letters, words, index, start + phrase.len()) else {
                    continue;
                };
                match asks {
                    Asks::Nothing => return true,
                    Asks::Name => key = true,
                    Asks::KeyOrVersion => name = true,
                    Asks::Version | Asks::Merge | Asks::Identity => {}
                }
                let is_merge = || letters.starts_with(b"merge");
                let holds = match sort {
                    Sort::Identity => *asks != Asks::Name && *asks != Asks::Merge,
                    Sort::Message => match asks {
                        Asks::KeyOrVersion | Asks::Version => version,
                        Asks::Merge => is_merge(),
                        _ => false,
                    },
                };
                if holds || (key && name) {
                    return true;
                }
            }
        }
        false
    }
}

/// Whether a phrase that begins with a word and ends here ends where a word does, or has a
/// version glued to it; if so, whether a version may follow.
fn after(letters: &[u8], words: &[usize], index: usize, end: usize) -> Option<bool> {
    const LONGEST: usize = 3;
    // What `squeeze` makes of digits, too.
    let digit = |at: usize| letters.get(at).is_some_and(|b| matches!(b, b'0'..=b'9' | b'o' | b'i'));
    let next = words.iter().skip(index + 1).copied().find(|start| *start >= end);
    let next = next.unwrap_or(letters.len());
    if next != end {
        return (next - end <= LONGEST && digit(end)).then_some(true);
    }
    let lead = letters.get(end).is_some_and(|b| matches!(b, b'v' | b'k'));
    Some(digit(end) || lead)
}

/// `[x]`, tags of HTML that only style or break a line, and addresses with a tag, as
/// `noreply+x@anthropic.com`, but for a forge's `123+login@users.noreply...`.
fn is_marked(bytes: &[u8], at: usize) -> bool {
    const LONGEST: usize = 9;
    const LOCAL: usize = 256;
    let before = || bytes.get(..at).unwrap_or_default();
    let after = bytes.get(at + 1..).unwrap_or_default();
    match bytes.get(at) {
        Some(b']') => {
            before().get(at.saturating_sub(2)..).unwrap_or_default().eq_ignore_ascii_case(b"[x")
        }
        Some(b'@') => {
            let forge = b"users.noreply.";
            let tagged =
                before().iter().rev().take(LOCAL).take_while(|b| **b > b' ').any(|b| *b == b'+');
            tagged && !after.get(..forge.len()).is_some_and(|a| a.eq_ignore_ascii_case(forge))
        }
        _ => after.iter().take(LONGEST).any(|b| *b == b'>'),
    }
}
