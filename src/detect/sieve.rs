//! Tells quickly of most texts that no marker can be in them, so that nobody reads them.
//!
//! STRATEGY. A marker is found by its letters and digits alone, from the start of a word
//! (`phrases`). One pass over the bytes tells where words begin (`letters`), and a look at the
//! first three letters of each rules nearly all words out. Whatever is left is read in full:
//! the sieve lets too much through, never too little. A test holds it against the reader.

use super::catalogue::Key;
use super::entries::Class;
use super::letters::{CHUNK, Special, classes, is_letter, letters, special, written_out};
use super::phrases::{ByHead, EXACT_BELOW, Heads, is_same};
use super::text::squeezed;
use super::value;

/// What a phrase asks for, for the text to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    /// Nothing more.
    Nothing,
    /// As a key that is none without its colon.
    Colon,
    /// As the key of a trailer that says who looked: a tool right after its colon.
    Reviewed,
    /// As the key of a trailer or sentence that says what helped: a tool, "AI" or "no"
    /// somewhere after it.
    Made,
    /// As a tool's name that is a common word: such a key before it, or a version after it.
    Tool,
    /// As a model's name: a version after it.
    Version,
    /// As the beginning of an address: a tag after it.
    Tag,
    /// That the text is a merge's.
    Merge,
    /// As a word for AI: that the text is an identity, or a key that says what helped.
    Ai,
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

/// All phrases that may matter.
#[derive(Debug)]
pub(super) struct Sieve {
    phrases: ByHead<Phrase>,
    heads: Heads,
    /// Whether it tells anything: not beside a policy's regular expression for lines.
    pub(super) is_blind: bool,
}

impl Sieve {
    pub(super) fn new() -> Self {
        let mut sieve = Self { phrases: ByHead::new(), heads: Heads::new(), is_blind: false };
        ["agent", "agents", "assistant"].iter().for_each(|w| sieve.insert(w, Asks::Identity));
        value::AI.iter().for_each(|word| sieve.insert(word, Asks::Ai));
        sieve
    }

    /// A phrase that is found by its letters and digits; others are not found at all.
    pub(super) fn insert(&mut self, text: &str, asks: Asks) {
        let letters = squeezed(text);
        let clean = text.bytes().filter(u8::is_ascii_alphanumeric);
        let exact =
            (letters.len() < EXACT_BELOW).then(|| clean.map(|b| b.to_ascii_lowercase()).collect());
        let phrase = Phrase { letters, exact, asks };
        self.heads.insert(&phrase.letters);
        if !self.phrases.insert(&phrase.letters, &phrase, |_| true) {
            // Too short to be told from anything.
            self.is_blind |=
                !phrase.letters.is_empty() && matches!(asks, Asks::Nothing | Asks::Tag);
        }
    }

    /// A key; a signature says nothing but by what else asks for nothing more.
    pub(super) fn key(&mut self, text: &str, key: &Key) {
        match key.class {
            Class::SignOff => {}
            Class::Review => self.insert(text, Asks::Reviewed),
            Class::Assist if !key.open => self.insert(text, Asks::Made),
            Class::Declare if key.strict => self.insert(text, Asks::Colon),
            Class::Session | Class::Denial => self.insert(text, Asks::Colon),
            Class::Assist | Class::Declare | Class::CoAuthor => self.insert(text, Asks::Nothing),
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
        let Some((local, domain)) = email.rsplit_once('@') else { return };
        let mut ways = vec![String::new()];
        for part in format!("{local} at {domain}").split_inclusive('.') {
            let (plain, spelled) = (part.to_owned(), part.replace('.', " dot "));
            let both = if plain == spelled { vec![plain] } else { vec![plain, spelled] };
            ways = both.iter().flat_map(|b| ways.iter().map(move |w| format!("{w}{b}"))).collect();
        }
        ways.iter().for_each(|way| self.insert(way, Asks::Nothing));
        self.insert(local, Asks::Tag);
    }

    /// Whether a marker may be in these bytes.
    pub(super) fn may_hold(&self, bytes: &[u8], sort: Sort) -> bool {
        self.first(bytes, sort).is_some()
    }

    /// Where at the earliest a marker may be in these bytes.
    pub(super) fn first(&self, bytes: &[u8], sort: Sort) -> Option<usize> {
        if self.is_blind {
            return Some(0);
        }
        let (seen, at) = self.look(bytes, sort, true);
        let may_be = match seen {
            Seen::Nothing => false,
            Seen::Something => true,
            Seen::Meaning => written_out(bytes)
                .is_none_or(|text| self.look(&text, sort, false).0 != Seen::Nothing),
        };
        may_be.then_some(at)
    }

    /// Looks at bytes as they stand; where they are `raw`, some may stand for others. With what
    /// it sees, which chunk it is in: where that begins.
    fn look(&self, bytes: &[u8], sort: Sort, raw: bool) -> (Seen, usize) {
        let mut look =
            Look { sieve: self, bytes, sort, raw, passed: 0, reviewer: None, made: false };
        let (chunks, tail) = bytes.as_chunks::<CHUNK>();
        let mut last = [b' '; CHUNK];
        last.iter_mut().zip(tail).for_each(|(to, from)| *to = *from);
        let mut chunks = chunks.iter().chain([&last]).map(classes);
        let (mut before, mut start, mut next) = (0, 0, chunks.next());
        while let Some(chunk) = next {
            next = chunks.next();
            let ahead = next.as_ref().map_or(0, |next| next.letters);
            let words = chunk.letters & !(chunk.letters << 1 | before);
            let seen = look.specials(start, chunk.special);
            if seen != Seen::Nothing {
                return (seen, start);
            }
            if look.words(start, words, u128::from(ahead) << CHUNK | u128::from(chunk.letters)) {
                return (Seen::Something, start);
            }
            before = chunk.letters >> (CHUNK - 1);
            start += CHUNK;
        }
        (Seen::Nothing, start)
    }
}

/// What a look at a text saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    /// A marker may be in it.
    Something,
    /// Something that stands for a letter or sign.
    Meaning,
}

/// A look at a text, under way.
struct Look<'a> {
    sieve: &'a Sieve,
    bytes: &'a [u8],
    sort: Sort,
    raw: bool,
    /// Where the first special byte can be that was not looked at.
    passed: usize,
    /// Where the value of the last key begins that says who looked.
    reviewer: Option<usize>,
    /// Whether a key was seen that says what helped, or a ticked box.
    made: bool,
}

impl Look<'_> {
    /// Looks at a chunk's special bytes.
    fn specials(&mut self, start: usize, mut special: u64) -> Seen {
        while special != 0 {
            let at = start + special.trailing_zeros() as usize;
            special &= special - 1;
            if at >= self.passed {
                match self.special(at) {
                    Seen::Nothing => {}
                    seen => return seen,
                }
            }
        }
        Seen::Nothing
    }

    /// Looks at the words that begin in a chunk. `letters` are its and the next chunk's.
    fn words(&mut self, start: usize, mut words: u64, letters: u128) -> bool {
        while words != 0 {
            let bit = words.trailing_zeros();
            words &= words - 1;
            let at = start + bit as usize;
            let head = head(self.bytes.get(at..).unwrap_or_default(), (letters >> bit) as u64);
            if self.sieve.heads.hold(head) && self.word(at, head) {
                return true;
            }
        }
        false
    }

    fn special(&mut self, at: usize) -> Seen {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let found = match rest.first() {
            Some(b']') => Special::Bracket,
            _ if self.raw => special(rest),
            _ => Special::Separates(1),
        };
        match found {
            Special::Separates(length) => self.passed = at + length,
            Special::Bracket => self.made |= self.ticks(at),
            Special::Means => return Seen::Meaning,
            Special::Unsaid => return Seen::Something,
        }
        Seen::Nothing
    }

    /// Whether a bracket closes a ticked box: the word before it is an `x`.
    fn ticks(&self, at: usize) -> bool {
        let before = self.bytes.get(..at).unwrap_or_default();
        let mut letters = before.iter().rev().skip_while(|b| !is_letter(**b));
        matches!(letters.next(), Some(b'x' | b'X')) && letters.next().is_none_or(|b| !is_letter(*b))
    }

    /// Whether a marker may begin with the word here.
    fn word(&mut self, at: usize, head: [u8; Heads::LETTERS]) -> bool {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let [.., fourth] = head;
        self.sieve.phrases.at(&head).iter().any(|phrase| {
            if phrase.letters.get(3).is_some_and(|letter| !is_same(fourth, *letter)) {
                return false;
            }
            phrase.end_in(rest).is_some_and(|length| self.phrase(phrase, at, at + length))
        })
    }

    /// Whether a phrase that stands here has what it asks for.
    fn phrase(&mut self, phrase: &Phrase, at: usize, end: usize) -> bool {
        let rest = self.bytes.get(end..).unwrap_or_default();
        let Some(version) = after(rest) else { return false };
        let gap = rest.iter().position(|b| is_letter(*b)).unwrap_or(rest.len());
        let (gap, value) = rest.split_at_checked(gap).unwrap_or_default();
        let colon = || gap.contains(&b':') || gap.contains(&b'=');
        match (phrase.asks, self.sort) {
            (Asks::Nothing, _) => true,
            (Asks::Tag, _) => gap.contains(&b'+'),
            (Asks::Merge, Sort::Identity) | (Asks::Identity, Sort::Message) => false,
            (_, Sort::Identity) => true,
            (Asks::Colon, _) => colon(),
            (Asks::Reviewed, _) => {
                self.reviewer = if colon() { Some(end + gap.len()) } else { self.reviewer };
                false
            }
            (Asks::Made, _) => {
                self.made = true;
                let word = value.iter().position(|b| !is_letter(*b)).unwrap_or(value.len());
                colon() && value.get(..word).is_some_and(value::is_no)
            }
            (Asks::Tool, _) => {
                version || self.made || self.reviewer.is_some_and(|at_least| at <= at_least)
            }
            (Asks::Ai, _) => self.made,
            (Asks::Version, _) => version,
            (Asks::Merge, _) => {
                letters(self.bytes).map(|b| b.to_ascii_lowercase()).take(5).eq(*b"merge")
            }
        }
    }
}

/// The first letters of bytes; these are where they stand, the first at bit 0, as far as that
/// is known.
fn head(rest: &[u8], mut places: u64) -> [u8; Heads::LETTERS] {
    let mut last = 0;
    let head = [(); Heads::LETTERS].map(|()| {
        last = places;
        places &= places.wrapping_sub(1);
        rest.get(last.trailing_zeros() as usize).copied().unwrap_or_default()
    });
    if last != 0 {
        return head;
    }
    let mut all = letters(rest);
    [(); Heads::LETTERS].map(|()| all.next().unwrap_or_default())
}

impl Phrase {
    /// Where it ends in bytes whose letters begin with it.
    fn end_in(&self, rest: &[u8]) -> Option<usize> {
        let mut letters = rest.iter().enumerate().filter(|(_, byte)| is_letter(**byte));
        let mut end = 0;
        for (index, folded) in self.letters.iter().enumerate() {
            let (at, letter) = letters.next()?;
            let same = match &self.exact {
                Some(exact) => exact.get(index)? == &letter.to_ascii_lowercase(),
                None => is_same(*letter, *folded),
            };
            if !same {
                return None;
            }
            end = at + 1;
        }
        Some(end)
    }
}

/// Whether a phrase that ends before these bytes ends where a word does, or has a version
/// glued to it; if so, whether a version may follow.
fn after(rest: &[u8]) -> Option<bool> {
    const LONGEST: usize = 3;
    let glued = rest.iter().take(LONGEST + 1).take_while(|b| is_letter(**b)).count();
    let first = letters(rest).next().map(|b| b.to_ascii_lowercase());
    let digit = first.is_some_and(|b| b.is_ascii_digit());
    if glued > 0 {
        return (glued <= LONGEST && digit).then_some(true);
    }
    Some(digit || matches!(first, Some(b'v' | b'k')))
}
