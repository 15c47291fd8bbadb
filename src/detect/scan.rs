//! One reading of one text against all markers.
//!
//! STRATEGY. The text's words are walked once. A trailer's key is a phrase (`phrases`);
//! its value goes from there to the end of the line, or, folded, on through the lines
//! that continue it, but never past the next key: so every byte belongs to at most one
//! value and the whole is linear, also for a text of nothing but keys. Addresses, links,
//! ticked boxes and the policy's own markers are one walk each.

use std::collections::HashSet;
use std::ops::Range;

use super::catalogue::{Catalogue, Key, LinePhrase, Marker, MarkerIndex};
use super::entries::{At, Class};
use super::findings::{Findings, Piece, Source, within};
use super::identity::{Address, addresses};
use super::phrases::Found;
use super::prose;
use super::quotation::Quotes;
use super::text::Text;
use super::value;
use crate::domain::evidence::{MarkerKind, Strength};

/// A trailer's key in a text.
#[derive(Debug)]
pub(super) struct Hit {
    pub(super) key: Key,
    pub(super) first: usize,
    /// Whether a colon or equals sign follows.
    pub(super) colon: bool,
    /// What follows on the line.
    pub(super) value: Range<usize>,
    /// `value` with the lines that continue it.
    pub(super) folded: Range<usize>,
    /// In the middle of a line and right after a quote: it is talked about.
    pub(super) quoted: bool,
}

/// A scan in progress.
pub(super) struct Scan<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) text: &'a Text,
    pub(super) source: Source<'a>,
    pub(super) addresses: Vec<Address>,
    pub(super) quotes: Quotes,
    /// Markers whose key stands in the message with a placeholder for a value.
    pub(super) templates: HashSet<MarkerIndex>,
    pub(super) findings: &'a mut Findings,
}

/// Reads a text and tells what it finds.
pub(super) fn scan(
    catalogue: &Catalogue,
    text: &Text,
    source: Source<'_>,
    findings: &mut Findings,
) {
    let addresses = addresses(text, 0..text.clean.len());
    let quotes = Quotes::of(text);
    let templates = HashSet::new();
    let mut scan = Scan { catalogue, text, source, addresses, quotes, templates, findings };
    let hits = scan.hits();
    scan.templates = scan.templates(&hits);
    for hit in &hits {
        scan.judge(hit);
    }
    scan.bare_identities(&hits);
    scan.phrases();
    scan.links();
    scan.lines(&hits);
    scan.own_markers();
}

impl<'a> Scan<'a> {
    /// Every key, in order, none inside another.
    fn hits(&self) -> Vec<Hit> {
        let mut found: Vec<Found<Key>> = Vec::new();
        let mut word = 0;
        while word < self.text.words.len() {
            let key = self.key_at(word);
            word = key.as_ref().map_or(word + 1, |f| f.next);
            found.extend(key);
        }
        let starts: Vec<usize> = found.iter().map(|f| self.start_of(f.first)).collect();
        let ends = starts.into_iter().skip(1).chain([self.text.clean.len()]);
        found.iter().zip(ends).filter_map(|(found, end)| self.hit(found, end)).collect()
    }

    /// A key is not torn by a colon or bracket, and one that is a word of every day, or of
    /// which only the trailer tells, is none without a colon.
    fn key_at(&self, word: usize) -> Option<Found<Key>> {
        self.catalogue.keys.all_at(self.text, word).find(|found| {
            let key = found.meaning;
            let torn = self.text.lower(self.start_of(word)..found.end);
            let torn = torn.contains([':', '=', '<', '>', '@', '(', ')', '[', ']', ',', ';', '|']);
            let prose = matches!(key.class, Class::CoAuthor | Class::Assist)
                || (key.class == Class::Declare && !key.strict);
            let value = found.end..self.line_end(found.end);
            // `my_ai_tool`, not `_Generated with ..._`.
            let before = self.text.lower(0..self.start_of(word)).strip_suffix('_');
            let glued = before.is_some_and(|b| b.ends_with(|c: char| c.is_ascii_alphanumeric()));
            !found.glued_digit
                && !torn
                && !glued
                && (prose || self.has_colon(&value))
                && (!key.strict || self.has_colon_first(&value))
        })
    }

    pub(super) fn line_end(&self, at: usize) -> usize {
        self.text.lines.get(self.text.line_at(at)).map_or(at, |l| l.clean.end)
    }

    pub(super) fn start_of(&self, word: usize) -> usize {
        self.text.words.get(word).map_or(self.text.clean.len(), |w| w.start)
    }

    fn hit(&self, found: &Found<Key>, next_key: usize) -> Option<Hit> {
        let key = found.meaning;
        if key.class == Class::Declare && prose::is_negated(self.text, found.first) {
            return None;
        }
        let line = self.text.line_at(found.end);
        let line_end = self.text.lines.get(line)?.clean.end;
        let line_end = line_end.min(next_key).max(found.end);
        let value = self.after_parentheses(found.end..self.value_end(found, line, line_end));
        let folded = found.end..self.fold(line, found.end, next_key).min(next_key).max(value.end);
        let folded = value.start..folded.end;
        let colon = self.has_colon(&value);
        let quoted = prose::is_quoted(self.text, found.first);
        Some(Hit { key, first: found.first, colon, value, folded, quoted })
    }

    /// `AI disclosure: Written with help by Codex` is one value, though "written with" is a
    /// key of its own; it is looked at so far that a line of nothing but keys is read once.
    fn value_end(&self, found: &Found<Key>, line: usize, next_key: usize) -> usize {
        const LONGEST: usize = 96;
        let empty = self.text.words_in(&(found.end..next_key)).is_empty();
        if !found.meaning.heading || !empty {
            return next_key;
        }
        let line_end = self.text.lines.get(line).map_or(next_key, |l| l.clean.end);
        let mut end = line_end.min(found.end + LONGEST);
        while !self.text.clean.is_char_boundary(end) {
            end -= 1;
        }
        let value = found.end..end.max(next_key);
        let named = self.catalogue.tool_named(self.text, self.text.words_in(&value));
        if self.has_colon(&value) && named.is_some_and(|n| n.sure) { value.end } else { next_key }
    }

    /// `Co-authored-by (AI): ...`: the value without what explains the key.
    fn after_parentheses(&self, value: Range<usize>) -> Range<usize> {
        const LONGEST: usize = 32;
        let text = self.text.clean(value.clone());
        let opens = text.trim_start_matches(' ');
        let close = opens.bytes().take(LONGEST).position(|b| b == b')');
        match close.filter(|_| opens.starts_with('(')) {
            Some(close)
                if opens.get(close + 1..).is_some_and(|r| r.trim_start().starts_with(':')) =>
            {
                value.start + (text.len() - opens.len()) + close + 1..value.end
            }
            _ => value,
        }
    }

    /// Whether the colon comes at once, but for what emphasises the key.
    pub(super) fn has_colon_first(&self, value: &Range<usize>) -> bool {
        let text = self.text.clean(value.clone());
        text.trim_start_matches([' ', '*', '_', '`']).starts_with([':', '='])
    }

    pub(super) fn has_colon(&self, value: &Range<usize>) -> bool {
        let text = self.text.clean(value.clone());
        let gap = text.find(|c: char| c.is_ascii_alphanumeric()).unwrap_or(text.len());
        text.get(..gap).is_some_and(|gap| gap.contains([':', '=']))
    }

    /// `Assisted-by: AGENT_NAME:MODEL_VERSION`.
    fn templates(&self, hits: &[Hit]) -> HashSet<MarkerIndex> {
        let shown = |hit: &&Hit| {
            let value = self.trimmed(&hit.value);
            hit.colon && !value.is_empty() && value::is_placeholder(value)
        };
        hits.iter().filter(shown).map(|hit| hit.key.marker).collect()
    }

    /// Where a value that starts on this line ends by git's folding, or at `limit`. An empty
    /// one also takes the next line, as some parsers do.
    pub(super) fn fold(&self, line: usize, start: usize, limit: usize) -> usize {
        let mut last = line;
        while self.text.is_continuation(last + 1)
            && self.text.lines.get(last + 1).is_some_and(|l| l.clean.start < limit)
        {
            last += 1;
        }
        let mut end = self.text.lines.get(last).map_or(start, |l| l.clean.end);
        if prose::only_articles(self.text, &self.text.words_in(&(start..end))) {
            end = self.text.lines.get(last + 1).map_or(end, |l| l.clean.end);
        }
        end
    }

    /// Tells a piece of evidence that stands at a word.
    pub(super) fn tell(
        &mut self,
        marker: MarkerIndex,
        tool: Option<MarkerIndex>,
        proof: (MarkerKind, Strength),
        at: usize,
    ) {
        let text = self.text;
        let Some(marker) = self.catalogue.markers.get(marker) else { return };
        let line = text.line_at(at);
        let number = text.lines.get(line).map_or(1, |l| l.number);
        self.findings.tell(Piece {
            marker,
            tool: tool.and_then(|t| super::findings::tool(&self.catalogue.markers, t)),
            kind: proof.0,
            strength: proof.1,
            place: self.source.place(number),
            text: text.excerpt(line, text.source_of(at)),
            quotation: self.quotes.hold(text, line),
        });
    }

    /// What a marker proves at most.
    pub(super) fn marker(&self, index: MarkerIndex) -> Option<&'a Marker> {
        self.catalogue.markers.get(index)
    }

    /// The addresses in a range.
    pub(super) fn addresses_in(&self, range: &Range<usize>) -> &[Address] {
        within(&self.addresses, range)
    }

    /// Agents' addresses that no key explains: `Claude <noreply@anthropic.com>` on a line
    /// of its own, or after a key that nobody knows. In the middle of prose it is a hint.
    fn bare_identities(&mut self, hits: &[Hit]) {
        let mut bare = Vec::new();
        for address in &self.addresses {
            let before = hits.partition_point(|h| h.value.start <= address.at.start);
            let explained = before.checked_sub(1).and_then(|i| hits.get(i)).is_some_and(|hit| {
                let own_line = !hit.colon || hit.key.class == Class::Review;
                let seen = if own_line { &hit.value } else { &hit.folded };
                seen.contains(&address.at.start)
            });
            if let (false, Some(marker)) = (explained, self.catalogue.agent(&address.lower)) {
                bare.push((marker, address.at.clone()));
            }
        }
        for (marker, at) in bare {
            let Some(strength) = self.marker(marker).map(|m| m.strength) else { continue };
            // "fix: allow agent@continue.dev" is no trailer; `Name <address>` may be one.
            let subject = self.text.words.first().map(|w| w.line);
            let bare = subject == Some(self.text.line_at(at.start))
                && !self.text.clean(0..at.start).ends_with('<');
            let alone = prose::stands_alone(self.text, &at) && !bare;
            let strength = if alone { strength } else { Strength::Hint };
            self.tell(marker, None, (MarkerKind::TrailerIdentity, strength), at.start);
        }
    }

    fn phrases(&mut self) {
        let subject = self.text.lines.iter().position(|l| !l.words.is_empty());
        for word in 0..self.text.words.len() {
            let found: Vec<_> = self.catalogue.phrases.all_at(self.text, word).collect();
            for phrase in found {
                if self.phrase_stands(&phrase, subject)
                    && let Some(marker) = self.marker(phrase.meaning.marker)
                {
                    let kind = match marker.strength {
                        Strength::Declaration => MarkerKind::Declaration,
                        _ => MarkerKind::Footer,
                    };
                    let at = self.start_of(word);
                    self.tell(phrase.meaning.marker, None, (kind, marker.strength), at);
                }
            }
        }
    }

    fn phrase_stands(&self, found: &Found<LinePhrase>, subject: Option<usize>) -> bool {
        let Some(line) = self.text.line_of(found.first) else { return false };
        let literal = self.catalogue.literals.get(found.meaning.literal);
        let decoration = [' ', '>', '*', '-', '#'];
        let as_written = || {
            let lower = self.text.lower(line.clean.clone()).trim_start_matches(decoration);
            literal.is_some_and(|l| lower.starts_with(l.trim_start_matches(decoration)))
        };
        let first = line.words.start == found.first && !found.glued_digit;
        match found.meaning.at {
            At::Anywhere => !found.glued_digit,
            At::Line => first && as_written(),
            At::Subject => {
                first
                    && subject.is_some_and(|s| {
                        self.text.lines.get(s).is_some_and(|l| l.clean == line.clean)
                    })
                    && as_written()
            }
        }
    }

    /// Links by host and beginning of the path.
    fn links(&mut self) {
        let lower = &self.text.lower;
        let mut found = Vec::new();
        for (slash, _) in lower.match_indices('/') {
            let before = lower.get(..slash).unwrap_or_default().as_bytes();
            let host_length = before
                .iter()
                .rev()
                .take(64)
                .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
                .count();
            let host = lower.get(slash - host_length..slash).unwrap_or_default();
            let host = host.strip_prefix("www.").unwrap_or(host);
            let rest = lower.get(slash + 1..).unwrap_or_default();
            for (path, marker) in self.catalogue.links.get(host).into_iter().flatten() {
                if rest.starts_with(path.as_str()) {
                    found.push((*marker, slash - host_length));
                }
            }
        }
        for (marker, at) in found {
            if let Some(strength) = self.marker(marker).map(|m| m.strength) {
                self.tell(marker, None, (MarkerKind::SessionLink, strength), at);
            }
        }
    }

    /// What a line says as a whole: ticked boxes, keys that nobody knows.
    fn lines(&mut self, hits: &[Hit]) {
        self.agent_branch();
        for index in 0..self.text.lines.len() {
            self.ticked_box(index);
            self.other_trailer(index, hits);
        }
    }
}
