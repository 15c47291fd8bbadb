//! Tells quickly of most texts that no marker can be in them, so that nobody reads them.
//!
//! STRATEGY. A marker is found by its letters and digits alone, from the start of a word
//! (`phrases`). These are had by one pass over the bytes, by the same steps as the reader
//! takes where a byte is not plain ASCII, and a look at the first letters of each word rules
//! nearly all words out. Whatever is left is read in full: the sieve lets too much through,
//! never too little. A test holds it against the reader.

use std::cell::RefCell;

use super::confusables::{Look, look};
use super::entries::Class;
use super::normalise::{Nul, Piece, step};
use super::phrases::{EXACT_BELOW, SLOTS, slot};
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

/// A phrase, its third letter apart: most are ruled out by it.
#[derive(Debug, Clone)]
struct Phrase {
    third: Option<u8>,
    letters: Vec<u8>,
    /// A short one, in lower case: it folds together with other words.
    exact: Option<Vec<u8>>,
    asks: Asks,
}

thread_local! {
    static ROOM: RefCell<Letters> = RefCell::default();
}

/// Letters and digits of a text, and where its words begin among them.
#[derive(Debug, Default)]
struct Letters {
    /// As words are compared.
    squeezed: Vec<u8>,
    /// In lower case.
    clean: Vec<u8>,
    words: Vec<usize>,
    in_word: bool,
    /// What stood between the last two words.
    before: u8,
    /// Whether a plus sign stands in this run without blanks.
    has_plus: bool,
    /// The same of the run before.
    had_plus: bool,
}

/// Bytes of the largest text whose room is kept.
const ROOM_KEPT: usize = 1 << 16;

/// All phrases that may matter.
#[derive(Debug)]
pub(super) struct Sieve {
    /// By their first two letters.
    by_head: Vec<Vec<Phrase>>,
    /// Whether it tells anything: not beside a policy's regular expression for lines.
    pub(super) is_blind: bool,
}

/// What a byte is at first sight.
const SEPARATOR: u8 = 0;
const SPECIAL: u8 = 1;
const LETTER: u8 = 2;

/// By byte.
static FOLDED: [u8; 256] = folded();

#[expect(clippy::indexing_slicing, reason = "a constant is made, or nothing is compiled")]
const fn folded() -> [u8; 256] {
    let mut table = [SPECIAL; 256];
    let mut byte = 0;
    while byte < 0x80 {
        table[byte as usize] = fold(byte);
        byte += 1;
    }
    table
}

/// Part of a word, between words, or what needs a look at the bytes around it: they may
/// stand for something else, tick a box, or be an address.
const fn fold(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => LETTER,
        b'\\' | b'&' | b'%' | b'<' | b']' | b'@' => SPECIAL,
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
            Some(list) => {
                let clean = text.bytes().filter(u8::is_ascii_alphanumeric);
                let exact = (letters.len() < EXACT_BELOW)
                    .then(|| clean.map(|b| b.to_ascii_lowercase()).collect());
                list.push(Phrase { third: letters.get(2).copied(), letters, exact, asks });
            }
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
        // Zero bytes are read in two ways.
        if self.is_blind || bytes.contains(&0) {
            return true;
        }
        if bytes.len() > ROOM_KEPT {
            return self.sieve(bytes, sort, &mut Letters::default());
        }
        ROOM.with_borrow_mut(|letters| self.sieve(bytes, sort, letters))
    }

    fn sieve(&self, bytes: &[u8], sort: Sort, letters: &mut Letters) -> bool {
        letters.clear();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            match FOLDED.get(usize::from(*byte)).copied().unwrap_or(SPECIAL) {
                LETTER => letters.letter(*byte),
                SEPARATOR => letters.separator(*byte),
                _ => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    let (piece, length) = step(rest, Nul::Breaks);
                    if !letters.take(&piece, rest.get(length..).unwrap_or_default()) {
                        return true;
                    }
                    at += length.max(1);
                    continue;
                }
            }
            at += 1;
        }
        self.finds(letters, sort)
    }

    fn finds(&self, letters: &Letters, sort: Sort) -> bool {
        let (mut key, mut name) = (false, false);
        for (index, start) in letters.words.iter().enumerate() {
            let Some(rest) = letters.squeezed.get(*start..) else { continue };
            let Some(list) = slot(rest).and_then(|slot| self.by_head.get(slot)) else { continue };
            let third = rest.get(2).copied();
            for Phrase { third: wanted, letters: phrase, exact, asks } in list {
                if (wanted.is_some() && *wanted != third) || !rest.starts_with(phrase) {
                    continue;
                }
                let clean = letters.clean.get(*start..start + phrase.len());
                if exact.is_some() && clean != exact.as_deref() {
                    continue;
                }
                let Some(version) = letters.after(index, start + phrase.len()) else { continue };
                match asks {
                    Asks::Nothing => return true,
                    Asks::Name => key = true,
                    Asks::KeyOrVersion => name = true,
                    Asks::Version | Asks::Merge | Asks::Identity => {}
                }
                let is_merge = || letters.squeezed.starts_with(b"merge");
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

impl Letters {
    fn clear(&mut self) {
        self.squeezed.clear();
        self.clean.clear();
        self.words.clear();
        (self.in_word, self.before) = (false, b' ');
        (self.has_plus, self.had_plus) = (false, false);
    }

    fn letter(&mut self, byte: u8) {
        if !self.in_word {
            self.words.push(self.squeezed.len());
            self.in_word = true;
        }
        self.squeezed.push(squeeze(byte));
        self.clean.push(byte.to_ascii_lowercase());
    }

    fn separator(&mut self, byte: u8) {
        match byte {
            b'+' => self.has_plus = true,
            b' ' | b'\n' | b'\t' | b'\r' => {
                // Blanks before an at sign are looked over.
                if self.in_word || !self.is_blank() {
                    self.had_plus = self.has_plus;
                }
                self.has_plus = false;
            }
            _ => {}
        }
        self.in_word = false;
        self.before = byte;
    }

    /// Whether a blank stands here.
    fn is_blank(&self) -> bool {
        matches!(self.before, b' ' | b'\n' | b'\t' | b'\r')
    }

    /// Takes what is not plain ASCII, as the reader does. False where the text has to be
    /// read: it is read in other ways, too, or has a ticked box, or an address with a tag.
    fn take(&mut self, piece: &Piece, rest: &[u8]) -> bool {
        let c = match piece {
            Piece::LineFeed => '\n',
            Piece::Char(c) => *c,
            Piece::Nothing => {
                self.in_word = false;
                return true;
            }
        };
        match look(c) {
            Look::Break | Look::Blank => self.separator(b' '),
            // Text turned round is read so, too.
            Look::Invisible if c == '\u{202e}' => return false,
            Look::Invisible => self.in_word = false,
            Look::Like(byte) => return self.take_byte(byte, rest),
            Look::LikeTwo(first, second) => {
                return self.take_byte(first, rest) && self.take_byte(second, rest);
            }
            Look::Itself => match u8::try_from(c) {
                Ok(byte) if byte.is_ascii() => return self.take_byte(byte, rest),
                _ => self.separator(b'?'),
            },
        }
        true
    }

    fn take_byte(&mut self, byte: u8, rest: &[u8]) -> bool {
        if byte.is_ascii_alphanumeric() {
            self.letter(byte);
            return true;
        }
        let forge = b"users.noreply.";
        let of_forge = || rest.get(..forge.len()).is_some_and(|a| a.eq_ignore_ascii_case(forge));
        let spread = !self.in_word && self.is_blank() && self.had_plus;
        let tagged = byte == b'@' && (self.has_plus || spread) && !of_forge();
        if (byte == b']' && self.is_tick()) || tagged {
            return false;
        }
        self.separator(byte);
        true
    }

    /// `[x]` ends here.
    fn is_tick(&self) -> bool {
        let alone = self.words.last().is_some_and(|start| start + 1 == self.clean.len());
        self.before == b'[' && alone && self.clean.last() == Some(&b'x')
    }

    /// Whether a phrase that begins with a word and ends here ends where a word does, or has
    /// a version glued to it; if so, whether a version may follow.
    fn after(&self, index: usize, end: usize) -> Option<bool> {
        const LONGEST: usize = 3;
        let next = self.words.iter().skip(index + 1).copied().find(|start| *start >= end);
        let next = next.unwrap_or(self.clean.len());
        let first = self.clean.get(end).copied();
        let digit = first.is_some_and(|b| b.is_ascii_digit());
        if next != end {
            return (next - end <= LONGEST && digit).then_some(true);
        }
        Some(digit || matches!(first, Some(b'v' | b'k')))
    }
}
