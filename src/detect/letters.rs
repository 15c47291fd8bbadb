//! The letters and digits of a text, by one cheap pass over its bytes, for the sieve.
//!
//! STRATEGY. Nearly all bytes are ASCII that means what it is: they go through a loop
//! without a branch. The others take the reader's own steps (`normalise`), so that what the
//! reader sees as a letter is one here, and begins a word here where it does there.

use super::confusables::{Look, look};
use super::normalise::{Nul, Piece, step};

/// Letters, digits, and where words begin among them.
#[derive(Debug, Default)]
pub(super) struct Letters {
    /// In any case; room for more than are there.
    letters: Vec<u8>,
    count: usize,
    /// Where words begin in `letters`; room for more, too.
    words: Vec<usize>,
    word_count: usize,
    in_word: bool,
    /// Runs of blanks and quotes so far, and whether one ends here.
    gaps: usize,
    in_gap: bool,
    /// Where each plus sign stands: letters before it.
    pluses: Vec<usize>,
    /// Gaps before the last of them.
    gaps_before_plus: usize,
}

/// What a byte is at first sight, as bits.
const LETTER: u8 = 1;
const BLANK: u8 = 2;
/// It needs a look at the bytes around it.
const SPECIAL: u8 = 4;

/// By byte.
static KINDS: [u8; 256] = kinds();

#[expect(clippy::indexing_slicing, reason = "a constant is made, or nothing is compiled")]
const fn kinds() -> [u8; 256] {
    let mut table = [SPECIAL; 256];
    let mut byte = 0;
    while byte < 0x80 {
        table[byte as usize] = kind(byte);
        byte += 1;
    }
    table
}

/// Special is what may stand for something else, tick a box, or be part of an address.
const fn kind(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => LETTER,
        b'\\' | b'&' | b'%' | b'<' | b']' | b'@' | b'+' => SPECIAL,
        b'\t' | b'\n' | b'\r' | b' ' | b'"' => BLANK,
        b'!'..=b'~' => 0,
        _ => SPECIAL,
    }
}

impl Letters {
    /// Takes a text in place of the one before. False where it has to be read whatever its
    /// letters are: it is read in other ways, too (zero bytes are), or has a ticked box, or an address with
    /// a tag.
    pub(super) fn take(&mut self, bytes: &[u8]) -> bool {
        // A byte that is no UTF-8 may look like two letters.
        let room = 2 * bytes.len() + 1;
        if self.letters.len() < room {
            self.letters.resize(room, 0);
            self.words.resize(room, 0);
        }
        (self.count, self.word_count, self.in_word) = (0, 0, false);
        (self.gaps, self.in_gap, self.gaps_before_plus) = (0, false, 0);
        self.pluses.clear();
        let mut rest = bytes;
        loop {
            rest = rest.get(self.plain(rest)..).unwrap_or_default();
            match rest.first() {
                None => return true,
                Some(0) => return false,
                Some(_) => {}
            }
            let (piece, length) = step(rest, Nul::Breaks);
            rest = rest.get(length.max(1)..).unwrap_or_default();
            if !self.piece(&piece, rest) {
                return false;
            }
        }
    }

    /// The letters from a word's beginning on.
    pub(super) fn from(&self, start: usize) -> &[u8] {
        self.letters.get(start..self.count).unwrap_or_default()
    }

    /// Where words begin.
    pub(super) fn words(&self) -> &[usize] {
        self.words.get(..self.word_count).unwrap_or_default()
    }

    /// Whether a plus sign stands after so many letters.
    pub(super) fn has_plus_at(&self, end: usize) -> bool {
        self.pluses.binary_search(&end).is_ok()
    }

    /// Takes bytes up to the first that is special; how many these are.
    fn plain(&mut self, bytes: &[u8]) -> usize {
        let (mut count, mut words, mut gaps) = (self.count, self.word_count, self.gaps);
        let (mut in_word, mut in_gap) = (usize::from(self.in_word), usize::from(self.in_gap));
        let (all_letters, all_words) = (self.letters.as_mut_slice(), self.words.as_mut_slice());
        let mut taken = 0;
        for byte in bytes {
            let kind = KINDS.get(usize::from(*byte)).copied().unwrap_or(SPECIAL);
            let (Some(letter), Some(word)) = (all_letters.get_mut(count), all_words.get_mut(words))
            else {
                break;
            };
            if kind == SPECIAL {
                break;
            }
            // Overwritten by the next one where this is none.
            (*letter, *word) = (*byte, count);
            let (is_letter, is_blank) = (usize::from(kind & LETTER), usize::from(kind >> 1));
            words += is_letter & (1 - in_word);
            count += is_letter;
            gaps += is_blank & (1 - in_gap);
            (in_word, in_gap) = (is_letter, is_blank);
            taken += 1;
        }
        (self.count, self.word_count, self.gaps) = (count, words, gaps);
        (self.in_word, self.in_gap) = (in_word == 1, in_gap == 1);
        taken
    }

    fn piece(&mut self, piece: &Piece, rest: &[u8]) -> bool {
        let c = match piece {
            Piece::LineFeed => '\n',
            Piece::Char(c) => *c,
            Piece::Nothing => {
                self.in_word = false;
                return true;
            }
        };
        match look(c) {
            Look::Break | Look::Blank => {
                self.plain(b" ");
            }
            // Text turned round is read so, too.
            Look::Invisible if c == '\u{202e}' => return false,
            Look::Invisible => self.in_word = false,
            Look::Like(byte) => return self.byte(byte, rest),
            Look::LikeTwo(first, second) => {
                return self.byte(first, rest) && self.byte(second, rest);
            }
            Look::Itself => match u8::try_from(c) {
                Ok(byte) if byte.is_ascii() => return self.byte(byte, rest),
                _ => {
                    self.plain(b"?");
                }
            },
        }
        true
    }

    /// A byte that is what it is.
    fn byte(&mut self, byte: u8, rest: &[u8]) -> bool {
        let forge = b"users.noreply.";
        match byte {
            b'@' => {
                // Blanks before the sign are looked over.
                let gaps = self.gaps - usize::from(self.in_gap);
                let tagged = !self.pluses.is_empty() && self.gaps_before_plus >= gaps;
                let of_forge = rest.get(..forge.len());
                if tagged && !of_forge.is_some_and(|a| a.eq_ignore_ascii_case(forge)) {
                    return false;
                }
            }
            b']' => {
                let word = self.words().last().copied().unwrap_or_default();
                if self.from(word).eq_ignore_ascii_case(b"x") {
                    return false;
                }
            }
            b'+' => {
                self.pluses.push(self.count);
                self.gaps_before_plus = self.gaps;
            }
            _ => {}
        }
        self.plain(match KINDS.get(usize::from(byte)) {
            Some(&SPECIAL) | None => b"?",
            Some(_) => std::slice::from_ref(&byte),
        });
        true
    }
}
