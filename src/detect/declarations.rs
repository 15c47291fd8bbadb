//! What a commit says itself about AI: `AI-Assisted: yes`, "mostly AI generated", "no".
//!
//! A yes is evidence; a no is heard and takes no evidence back (G6).

use std::ops::Range;

use super::findings::Source;
use super::prose;
use super::scan::{Hit, Scan};
use super::value;
use crate::domain::evidence::{Declared, MarkerKind, Strength};

impl Scan<'_> {
    /// What the message says, not what a tag that it merges said.
    pub(super) fn declare(&mut self, declared: Declared) {
        if self.source == Source::Message {
            self.findings.declare(declared);
        }
    }

    /// `AI-Assisted: yes`.
    pub(super) fn declaration(&mut self, hit: &Hit, range: &Range<usize>) -> bool {
        if prose::is_unticked(self.text, hit.first) {
            return false;
        }
        if !hit.colon {
            return self.declaration_in_prose(hit, range);
        }
        let clean = self.trimmed(range).to_owned();
        let lower = clean.to_ascii_lowercase();
        let subject = prose::in_subject(self.text, hit.first);
        let scope = hit.key.strict || (hit.key.heading && subject);
        if value::is_placeholder(&clean) || (scope && !self.strictly(hit, range)) {
            return false;
        }
        let named = self.catalogue.tool_named(self.text, self.words(range));
        if value::is_denial(&lower) && !named.as_ref().is_some_and(|n| n.sure) {
            self.declare(Declared::No);
            return false;
        }
        self.declare(Declared::Yes);
        let kind = if named.is_some() { MarkerKind::Trailer } else { MarkerKind::Declaration };
        let strength = self.marker(hit.key.marker).map_or(Strength::Declaration, |m| m.strength);
        self.tell_hit(hit, hit.key.marker, named.map(|n| n.marker), (kind, strength))
    }

    /// Keys like `AI:` are also scopes of changes: the key has to start its line, right
    /// before the colon, and its value with yes, no or a tool; in the subject with yes or no.
    fn strictly(&self, hit: &Hit, range: &Range<usize>) -> bool {
        let words = self.words(range);
        let lower = self.trimmed(range).to_ascii_lowercase();
        let named = self.catalogue.name_at(self.text, words.start);
        let named = named.is_some_and(|n| prose::name_ends(self.text, &n, &words));
        prose::starts_line(self.text, hit.first)
            && self.has_colon_first(range)
            && (value::is_affirmation(&lower)
                || value::is_denial(&lower)
                || (named && !prose::in_subject(self.text, hit.first)))
    }

    /// "Mostly AI generated", "AI-assisted." and "AI-assisted by ..." at the end of a line.
    fn declaration_in_prose(&mut self, hit: &Hit, range: &Range<usize>) -> bool {
        const GOES_ON: [&str; 8] =
            ["by", "with", "using", "via", "and", "but", "assistance", "help"];
        let heading = hit.key.heading && prose::starts_line(self.text, hit.first);
        if hit.key.strict || heading || !prose::is_anchored(self.text, hit.first) {
            return false;
        }
        let words = self.words(range);
        let rest = self.text.lower(range.clone()).trim_start_matches([' ', '*', '_']);
        // "AI-assisted - Tool: Codex", not "AI-assisted-by".
        let spaced = self.text.clean(range.clone()).starts_with(' ');
        let below = if rest.is_empty() { prose::wrapped(self.text, hit.first) } else { None };
        let next = below.unwrap_or(words.start);
        let ends = (words.is_empty() && below.is_none())
            || (rest.starts_with(['.', ',', '(', ')', ';', '!']) && !rest.starts_with("!="))
            || (spaced && rest.starts_with('-') && !prose::in_subject(self.text, hit.first))
            || GOES_ON.contains(&self.text.word(next));
        ends && self.tell_hit(
            hit,
            hit.key.marker,
            None,
            (MarkerKind::Declaration, Strength::Declaration),
        )
    }

    /// `No-AI-Used: true`; a "no" to it says nothing that can be relied on.
    pub(super) fn denial(&mut self, hit: &Hit, range: &Range<usize>) -> bool {
        let clean = self.trimmed(range);
        let says = hit.colon
            && !value::is_placeholder(clean)
            && !value::is_denial(&clean.to_ascii_lowercase());
        if says {
            self.declare(Declared::No);
        }
        says
    }
}
