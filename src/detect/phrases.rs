//! Finds known phrases at the start of a word, whatever stands between their words.
//!
//! `Co-authored-by`, `co_authored by`, `CoAuthoredBy` and `C o - authored - by` are one
//! phrase: only letters and digits are compared, folded as in [`squeezed`], and it has to
//! begin and end with a word.

use super::text::{Text, squeeze, squeezed};

/// Phrases and what each stands for.
#[derive(Debug)]
pub(super) struct Phrases<T>(ByHead<Phrase<T>>);

#[derive(Debug, Clone)]
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

/// Letters, digits and nothing.
const LETTERS: usize = 37;

/// What stands third where there are two letters.
const NOTHING: u8 = 36;

/// By letter or digit in any case, folded.
static CODES: [u8; 256] = codes();

#[expect(clippy::indexing_slicing, reason = "a constant is made, or nothing is compiled")]
const fn codes() -> [u8; 256] {
    let mut table = [NOTHING; 256];
    let mut byte = 0;
    while byte < 0x80 {
        table[byte as usize] = match squeeze(byte) {
            digit @ b'0'..=b'9' => digit - b'0',
            letter @ b'a'..=b'z' => letter - b'a' + 10,
            _ => NOTHING,
        };
        byte += 1;
    }
    table
}

/// Things found by the first three letters of a phrase: most words begin none.
#[derive(Debug)]
pub(super) struct ByHead<T> {
    /// A list's number, by the letters' codes; 0 where there is none.
    numbers: Vec<u16>,
    /// The first stays empty.
    lists: Vec<Vec<T>>,
}

impl<T: Clone> ByHead<T> {
    pub(super) fn new() -> Self {
        Self { numbers: vec![0; LETTERS * LETTERS * LETTERS], lists: vec![Vec::new()] }
    }

    /// Adds a thing before those of its list that are not `before` it. A phrase of two
    /// letters may be followed by any; false for a shorter one, which is never found.
    pub(super) fn insert(&mut self, phrase: &[u8], thing: &T, before: impl Fn(&T) -> bool) -> bool {
        let Some(place) = place(phrase) else { return false };
        let first = place - place % LETTERS;
        let places = if phrase.len() > 2 { place..place + 1 } else { first..first + LETTERS };
        for number in self.numbers.get_mut(places).unwrap_or_default() {
            if *number == 0 {
                *number = u16::try_from(self.lists.len()).unwrap_or(u16::MAX);
                self.lists.push(Vec::new());
            }
            if let Some(list) = self.lists.get_mut(usize::from(*number)) {
                list.insert(list.partition_point(&before), thing.clone());
            }
        }
        true
    }

    /// What may begin with these letters.
    pub(super) fn at(&self, letters: &[u8]) -> &[T] {
        let number = place(letters).and_then(|place| self.numbers.get(place));
        number.and_then(|n| self.lists.get(usize::from(*n))).map_or(&[], Vec::as_slice)
    }
}

/// How phrases begin: nearly all words begin otherwise. Small enough to stay near.
#[derive(Debug)]
pub(super) struct Heads {
    /// A bit for each hash of the first four letters.
    long: Box<[u64; 1 << (Heads::BITS - 6)]>,
    /// A bit for each three letters that a phrase of two or three begins with.
    short: Box<[u64; (LETTERS * LETTERS * LETTERS).div_ceil(64)]>,
}

impl Heads {
    /// Letters of a head.
    pub(super) const LETTERS: usize = 4;
    const BITS: u32 = 15;

    pub(super) fn new() -> Self {
        Self { long: Box::new([0; _]), short: Box::new([0; _]) }
    }

    /// Adds a phrase of two letters or more.
    pub(super) fn insert(&mut self, phrase: &[u8]) {
        let set = |bits: &mut [u64], bit: usize| {
            if let Some(word) = bits.get_mut(bit / 64) {
                *word |= 1 << (bit % 64);
            }
        };
        match (phrase.first_chunk(), phrase) {
            (Some(head), _) => set(&mut *self.long, Self::hash(*head)),
            (None, [first, second, third]) => {
                set(&mut *self.short, Self::place([*first, *second, *third]));
            }
            (None, [first, second]) => {
                let third = Self::place([*first, *second, 0]);
                (third - usize::from(NOTHING)..=third).for_each(|bit| set(&mut *self.short, bit));
            }
            _ => {}
        }
    }

    /// Whether a phrase may begin with these letters in any case; a zero stands for none.
    pub(super) fn hold(&self, letters: [u8; Self::LETTERS]) -> bool {
        let [first, second, third, _] = letters;
        let has =
            |bits: &[u64], bit: usize| bits.get(bit / 64).is_some_and(|w| w >> (bit % 64) & 1 == 1);
        has(&*self.long, Self::hash(letters))
            | has(&*self.short, Self::place([first, second, third]))
    }

    fn hash(letters: [u8; Self::LETTERS]) -> usize {
        let head = letters.iter().fold(0_u32, |head, letter| head << 6 | u32::from(code(*letter)));
        (head.wrapping_mul(0x9e37_79b1) >> (u32::BITS - Self::BITS)) as usize
    }

    fn place(letters: [u8; 3]) -> usize {
        letters.iter().fold(0, |place, letter| place * LETTERS + usize::from(code(*letter)))
    }
}

/// A place by the first three letters; none for fewer than two.
fn place(letters: &[u8]) -> Option<usize> {
    let third = letters.get(2).map_or(NOTHING, |third| code(*third));
    let [first, second] = letters.first_chunk::<2>()?;
    let head = usize::from(code(*first)) * LETTERS + usize::from(code(*second));
    Some(head * LETTERS + usize::from(third))
}

fn code(letter: u8) -> u8 {
    CODES.get(usize::from(letter)).copied().unwrap_or(NOTHING)
}

/// Whether a letter in any case is this one, folded.
pub(super) fn is_same(letter: u8, folded: u8) -> bool {
    code(letter) == code(folded)
}

impl<T: Copy> Phrases<T> {
    /// No phrases.
    pub(super) fn new() -> Self {
        Self(ByHead::new())
    }

    /// Adds a phrase; one of fewer than two letters or digits is never found.
    pub(super) fn insert(&mut self, text: &str, meaning: T) {
        let squeezed = squeezed(text);
        let exact = (squeezed.len() < EXACT_BELOW).then(|| {
            text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
        });
        let length = squeezed.len();
        let phrase = Phrase { squeezed, exact, meaning };
        self.0.insert(&phrase.squeezed, &phrase, |p| p.squeezed.len() >= length);
    }

    /// Every phrase that begins with this word, the longest first.
    pub(super) fn all_at<'a>(
        &'a self,
        text: &'a Text,
        first: usize,
    ) -> impl Iterator<Item = Found<T>> + 'a {
        let word = text.words.get(first);
        let rest = word.and_then(|w| text.squeezed.get(w.squeezed..)).unwrap_or_default();
        self.0
            .at(rest)
            .iter()
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
