//! The policy's own markers that are lines or trailers.
//!
//! Owns what a policy's regular expression is held against: the bytes as they are and as
//! they read, of one line or, for a trailer that git would unfold, of its lines joined.

use super::catalogue::{MarkerIndex, Pattern};
use super::phrases::Found;
use super::scan::Scan;
use crate::domain::evidence::MarkerKind;

impl Scan<'_> {
    /// The policy's regular expressions and trailers.
    pub(super) fn own_markers(&mut self) {
        let (catalogue, text) = (self.catalogue, self.text);
        if catalogue.custom.is_empty() {
            return;
        }
        for line in &text.lines {
            let raw = text.source.get(line.source.clone()).unwrap_or_default();
            let raw = String::from_utf8_lossy(raw);
            let clean = text.clean(line.clean.clone());
            for custom in &catalogue.custom {
                if let Pattern::Line(regex) = &custom.pattern
                    && (regex.is_match(&raw) || regex.is_match(clean))
                {
                    self.tell_own(custom.marker, line.clean.start);
                }
            }
        }
        self.own_trailers();
    }

    /// A value ends where the next of the policy's keys begins, so that a line of nothing
    /// but keys is read once.
    fn own_trailers(&mut self) {
        let (catalogue, text) = (self.catalogue, self.text);
        let mut found: Vec<Found<usize>> = Vec::new();
        for word in 0..text.words.len() {
            found.extend(catalogue.custom_keys.all_at(text, word).filter(|f| self.is_own_key(f)));
        }
        let mut end = text.clean.len();
        let mut last = usize::MAX;
        for found in found.iter().rev() {
            if found.first != last {
                end = found.end.max(end.min(self.line_end(found.end)));
            }
            self.own_trailer(found, end);
            (end, last) = (self.start_of(found.first), found.first);
        }
    }

    /// `Acme-Agent:`, not `My-Acme-Agent:`.
    fn is_own_key(&self, found: &Found<usize>) -> bool {
        let start = self.start_of(found.first);
        let line = self.text.line_at(start);
        let line_start = self.text.lines.get(line).map_or(0, |l| l.clean.start);
        let before = self.text.clean(line_start..start);
        let joined = before.strip_suffix(['-', '_']);
        let inside = joined.is_some_and(|b| b.ends_with(|c: char| c.is_ascii_alphanumeric()));
        !found.glued_digit && !inside && self.has_colon(&(found.end..self.line_end(found.end)))
    }

    fn own_trailer(&mut self, found: &Found<usize>, end: usize) {
        let text = self.text;
        let Some(custom) = self.catalogue.custom.get(found.meaning) else { return };
        let Pattern::Trailer(pattern) = &custom.pattern else { return };
        let matches = pattern.as_ref().is_none_or(|regex| {
            regex.is_match(after_colon(text.clean(found.end..end)))
                || self.raw_value(found, end).is_some_and(|v| regex.is_match(&v))
                || self.unfolded(found).is_some_and(|v| regex.is_match(&v))
                || self.as_git_reads_it(found).is_some_and(|v| regex.is_match(&v))
        });
        if matches {
            self.tell_own(custom.marker, self.start_of(found.first));
        }
    }

    /// The value's bytes as they stand, where an ASCII colon or equals sign begins it.
    fn raw_value(&self, found: &Found<usize>, end: usize) -> Option<String> {
        let from = self.text.words.get(found.next.checked_sub(1)?)?.source;
        let line_end = self.text.lines.get(self.text.line_at(found.end))?.source.end;
        let end = if end == self.line_end(found.end) { line_end } else { self.text.source_of(end) };
        let raw = String::from_utf8_lossy(self.text.source.get(from..end)?);
        raw.contains([':', '=']).then(|| after_colon(&raw).to_owned())
    }

    /// A value over several lines, joined by single blanks, where git would see a trailer:
    /// its line starts with the key and continues no other.
    fn unfolded(&self, found: &Found<usize>) -> Option<String> {
        let index = self.text.line_at(self.start_of(found.first));
        let line = self.text.lines.get(index)?;
        if line.words.start != found.first || self.text.is_continuation(index) {
            return None;
        }
        let end = self.fold(index, found.end, self.text.clean.len());
        let text = after_colon(self.text.clean(found.end..end));
        Some(text.split(['\n', ' ']).filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" "))
    }

    /// The same from the bytes as they stand, where only a line feed ends a line.
    fn as_git_reads_it(&self, found: &Found<usize>) -> Option<String> {
        let lines = &self.text.lines;
        let index = self.text.line_at(self.start_of(found.first));
        let line = lines.get(index)?;
        let starts = |i: usize| {
            let before = i.checked_sub(1).and_then(|b| lines.get(b));
            lines.get(i).is_some_and(|l| before.is_none_or(|b| b.number != l.number))
        };
        let continues = |i: usize| {
            let line = lines.get(i).and_then(|l| self.text.source.get(l.source.start..));
            line.and_then(<[u8]>::first).is_some_and(u8::is_ascii_whitespace)
        };
        if line.words.start != found.first || !starts(index) || continues(index) {
            return None;
        }
        let more = lines.len() - index - 1;
        let ends = |i: &usize| starts(*i) && !continues(*i);
        let last = (index + 1..=index + more).find(ends).unwrap_or(index + more + 1) - 1;
        let from = self.text.words.get(found.next.checked_sub(1)?)?.source;
        let raw = self.text.source.get(from..lines.get(last)?.source.end)?;
        let raw = String::from_utf8_lossy(raw);
        let mut lines = after_colon(&raw).split('\n');
        let first = lines.next().unwrap_or_default().to_owned();
        let unfolded = lines.fold(first, |all, next| all + " " + next.trim_start());
        Some(unfolded.trim().to_owned())
    }

    fn tell_own(&mut self, marker: MarkerIndex, at: usize) {
        if let Some(strength) = self.marker(marker).map(|m| m.strength) {
            self.tell(marker, None, (MarkerKind::Trailer, strength), at);
        }
    }
}

fn after_colon(value: &str) -> &str {
    value.find([':', '=']).and_then(|at| value.get(at + 1..)).unwrap_or(value).trim()
}
