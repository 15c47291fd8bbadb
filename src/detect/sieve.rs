//! Tells quickly of most texts that no marker can be in them, so that nobody reads them.
//!
//! STRATEGY. A marker is found by its letters and digits alone, from the start of a word
//! (`phrases`). These are had by one pass over the bytes (`letters`), and a look at the first
//! three of each word rules nearly all words out. Whatever is left is read in full: the sieve
//! lets too much through, never too little. A test holds it against the reader.

use std::cell::RefCell;

use super::entries::Class;
use super::letters::Letters;
use super::phrases::{ByHead, EXACT_BELOW, begins};
use super::text::squeezed;

/// What a phrase asks for, for the text to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    /// Nothing more.
    Nothing,
    /// As the key of a trailer that says who looked: a name right after it.
    Name,
    /// As a name: such a key right before it, or a version after it.
    KeyOrVersion,
    /// As a model's name: a version after it.
    Version,
    /// As the beginning of an address: a tag after it.
    Tag,
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

#[derive(Debug, Clone)]
struct Phrase {
    letters: Vec<u8>,
    /// A short one, in lower case: it folds together with other words.
    exact: Option<Vec<u8>>,
    asks: Asks,
}

thread_local! {
    static ROOM: RefCell<Letters> = RefCell::default();
}

/// Bytes of the largest text whose room is kept.
const ROOM_KEPT: usize = 1 << 16;

/// All phrases that may matter.
#[derive(Debug)]
pub(super) struct Sieve {
    phrases: ByHead<Phrase>,
    /// Whether it tells anything: not beside a policy's regular expression for lines.
    pub(super) is_blind: bool,
}

impl Sieve {
    pub(super) fn new() -> Self {
        let mut sieve = Self { phrases: ByHead::new(), is_blind: false };
        for word in ["agent", "agents", "ai", "assistant"] {
            sieve.insert(word, Asks::Identity);
        }
        sieve
    }

    /// A phrase that is found by its letters and digits; others are not found at all.
    pub(super) fn insert(&mut self, text: &str, asks: Asks) {
        let letters = squeezed(text);
        let clean = text.bytes().filter(u8::is_ascii_alphanumeric);
        let exact =
            (letters.len() < EXACT_BELOW).then(|| clean.map(|b| b.to_ascii_lowercase()).collect());
        let phrase = Phrase { letters, exact, asks };
        if !self.phrases.insert(&phrase.letters, &phrase, |_| true) {
            // Too short to be told from anything.
            self.is_blind |=
                !phrase.letters.is_empty() && matches!(asks, Asks::Nothing | Asks::Tag);
        }
    }

    /// A key; a signature says nothing but by what else asks for nothing more.
    pub(super) fn key(&mut self, text: &str, class: Class) {
        match class {
            Class::SignOff => {}
            Class::Review => self.insert(text, Asks::Name),
            _ => self.insert(text, Asks::Nothing),
        }
    }

    /// An address; letters of other scripts are not among the squeezed ones.
    pub(super) fn address(&mut self, email: &str) {
        self.insert(email, Asks::Nothing);
        self.is_blind |= !email.is_ascii();
    }

    /// An address, also with a tag or with its signs written as words: `agent (at) ...`.
    pub(super) fn spelled(&mut self, email: &str) {
        self.address(email);
        let local = email.rsplit_once('@').map_or(email, |(local, _)| local);
        match local.split_once('.') {
            Some((before, _)) => self.insert(before, Asks::Nothing),
            None => self.insert(&format!("{local} at"), Asks::Nothing),
        }
        self.insert(local, Asks::Tag);
    }

    /// Whether a marker may be in these bytes.
    pub(super) fn may_hold(&self, bytes: &[u8], sort: Sort) -> bool {
        if self.is_blind {
            return true;
        }
        if bytes.len() > ROOM_KEPT {
            return self.sieve(bytes, sort, &mut Letters::default());
        }
        ROOM.with_borrow_mut(|letters| self.sieve(bytes, sort, letters))
    }

    fn sieve(&self, bytes: &[u8], sort: Sort, letters: &mut Letters) -> bool {
        !letters.take(bytes) || self.finds(letters, sort)
    }

    fn finds(&self, letters: &Letters, sort: Sort) -> bool {
        // Where the last key ends: a colon follows it and then, at once, the name.
        let mut key: Option<usize> = None;
        for (index, start) in letters.words().iter().enumerate() {
            let rest = letters.from(*start);
            for phrase in self.phrases.at(rest) {
                if !phrase.begins(rest) {
                    continue;
                }
                let end = start + phrase.letters.len();
                let Some(version) = after(letters, index, end) else { continue };
                let holds = match (phrase.asks, sort) {
                    (Asks::Nothing, _) => true,
                    (Asks::Tag, _) => letters.has_plus_at(end),
                    (Asks::Name, _) => {
                        key = key.max(Some(end));
                        false
                    }
                    (Asks::Merge, Sort::Identity) | (Asks::Identity, Sort::Message) => false,
                    (_, Sort::Identity) => true,
                    (Asks::KeyOrVersion, _) => version || key.is_some_and(|key| *start <= key),
                    (Asks::Version, _) => version,
                    (Asks::Merge, _) => {
                        letters.from(0).get(..5).is_some_and(|l| l.eq_ignore_ascii_case(b"merge"))
                    }
                };
                if holds {
                    return true;
                }
            }
        }
        false
    }
}

impl Phrase {
    /// Whether these letters begin with it.
    fn begins(&self, rest: &[u8]) -> bool {
        match &self.exact {
            Some(exact) => rest.get(..exact.len()).is_some_and(|f| f.eq_ignore_ascii_case(exact)),
            None => begins(rest, &self.letters),
        }
    }
}

/// Whether a phrase that begins with a word and ends here ends where a word does, or has a
/// version glued to it; if so, whether a version may follow.
fn after(letters: &Letters, index: usize, end: usize) -> Option<bool> {
    const LONGEST: usize = 3;
    let rest = letters.from(end);
    let next = letters.words().iter().skip(index + 1).copied().find(|start| *start >= end);
    let glued = next.map_or(rest.len(), |next| next - end);
    let first = rest.first().map(u8::to_ascii_lowercase);
    let digit = first.is_some_and(|b| b.is_ascii_digit());
    if glued > 0 {
        return (glued <= LONGEST && digit).then_some(true);
    }
    Some(digit || matches!(first, Some(b'v' | b'k')))
}
