//! What a key with its value says.
//!
//! Owns the table key class x value -> evidence. Addresses decide first, then names; a
//! person's address beside a common name means a person.

use std::ops::Range;

use super::entries::Class;
use super::findings::Source;
use super::identity::{Address, Named, is_mailbox, is_placeholder, spelled_out};
use super::prose;
use super::scan::{Hit, Scan};
use super::value;
use crate::domain::evidence::{Declared, MarkerKind, Strength};

/// Words of a footer in which the tool is named.
const FOOTER_WORDS: usize = 4;

impl Scan<'_> {
    /// Judges one key: first with what follows on its line, then with what is folded.
    pub(super) fn judge(&mut self, hit: &Hit) {
        let mut ranges = vec![hit.value.clone()];
        let settled = !self.addresses_in(&hit.value).is_empty();
        if hit.folded != hit.value && !settled {
            ranges.push(hit.folded.clone());
        }
        // Git unfolds a value before anybody reads it: an address on the first line does not
        // make those below nobody's.
        if hit.key.class == Class::CoAuthor && self.source == Source::Message {
            self.collect_co_authors(hit, &hit.folded.clone());
        }
        let told = ranges.into_iter().any(|range| self.judge_value(hit, &range));
        // Whatever else it is, an agent's address is never overlooked.
        if !told && hit.key.class != Class::Review {
            self.agents_in(hit, &hit.folded.clone());
        }
    }

    /// True where it said something.
    fn judge_value(&mut self, hit: &Hit, range: &Range<usize>) -> bool {
        match hit.key.class {
            Class::CoAuthor => self.agents_in(hit, range) || self.co_author_named(hit, range),
            Class::SignOff => self.agents_in(hit, range) || self.signed_off(hit, range),
            Class::Assist => self.agents_in(hit, range) || self.assistant(hit, range),
            Class::Declare => self.declaration(hit, range),
            Class::Session => self.session(hit, range),
            Class::Review => self.reviewer(hit, range),
            Class::Denial => self.denial(hit, range),
        }
    }

    pub(super) fn words(&self, range: &Range<usize>) -> Range<usize> {
        self.text.words_in(range)
    }

    fn at(&self, hit: &Hit) -> usize {
        self.text.words.get(hit.first).map_or(hit.value.start, |w| w.start)
    }

    pub(super) fn tell_hit(
        &mut self,
        hit: &Hit,
        marker: usize,
        tool: Option<usize>,
        proof: (MarkerKind, Strength),
    ) -> bool {
        let (kind, strength) = proof;
        let in_code = self.is_in_code(hit);
        self.findings.in_code |= in_code;
        let talk = hit.quoted || (in_code && self.templates.contains(&hit.key.marker));
        let strength = if talk { Strength::Hint.max(strength) } else { strength };
        let at = self.at(hit);
        self.tell(marker, tool, (kind, strength), at);
        true
    }

    /// What an agent's identity proves where this text stands; a weak marker stays weak.
    fn identity_proof(&self, marker: usize) -> (MarkerKind, Strength) {
        let (kind, strength) = self.source.identity();
        let own = self.marker(marker).map_or(Strength::Hint, |m| m.strength);
        (kind, if own.counts() { strength } else { own })
    }

    /// Known agents' addresses and logins in a value.
    fn agents_in(&mut self, hit: &Hit, range: &Range<usize>) -> bool {
        let mut found: Vec<usize> = Vec::new();
        for address in self.addresses_in(range) {
            let name = range.start..address.at.start;
            let named = || self.catalogue.tool_named(self.text, self.words(&name));
            let agent = match self.catalogue.owner(&address.lower) {
                Some((marker, true)) => named().map(|n| n.marker).filter(|m| *m == marker),
                Some((marker, false)) => Some(marker),
                None => None,
            };
            found.extend(agent);
            found.extend(self.own_identity(&address.lower, false));
        }
        if let Some(text) = spelled_out(self.text.lower(range.clone())) {
            let mut parts = text.split(|c: char| c.is_whitespace() || "<>()[]:,".contains(c));
            found.extend(parts.find_map(|part| self.catalogue.agent(part)));
        }
        found.extend(
            self.text
                .lower(range.clone())
                .split([' ', '<', ',', '\n', ':'])
                .take(64)
                .find_map(|word| self.catalogue.bot_named(word)),
        );
        // "Update Co-authored-by email to aider@aider.chat" talks about a trailer.
        let talk = !hit.colon && !prose::is_anchored(self.text, hit.first);
        for marker in &found {
            let (kind, strength) = self.identity_proof(*marker);
            let strength = if talk { strength.max(Strength::Hint) } else { strength };
            self.tell_hit(hit, *marker, None, (kind, strength));
        }
        !found.is_empty()
    }

    /// The policy's own identity with this address.
    pub(super) fn own_identity(&self, lower: &str, author: bool) -> Vec<usize> {
        let own = self.catalogue.own_addresses.get(lower).into_iter().flatten();
        own.filter(|a| author || !a.author_only).map(|a| a.marker).collect()
    }

    /// A co-author that is a tool by its name.
    fn co_author_named(&mut self, hit: &Hit, range: &Range<usize>) -> bool {
        if !hit.colon && !prose::is_anchored(self.text, hit.first) {
            return false;
        }
        let address = self.addresses_in(range).first().cloned();
        let name = range.start..address.as_ref().map_or(range.end, |a| a.at.start);
        match self.named_identity(&name, address.as_ref()) {
            Some(marker) => {
                let proof = self.identity_proof(marker);
                self.tell_hit(hit, marker, None, proof)
            }
            None => false,
        }
    }

    /// `Signed-off-by: Claude Code <jane@example.org>`: surely a tool, and first.
    fn signed_off(&mut self, hit: &Hit, range: &Range<usize>) -> bool {
        let words = self.words(range);
        let named = self.catalogue.name_at(self.text, words.start);
        match named.filter(|n| hit.colon && n.sure && n.words.end <= words.end) {
            Some(named) => {
                let proof = self.identity_proof(named.marker);
                self.tell_hit(hit, named.marker, None, proof)
            }
            None => false,
        }
    }

    /// The tool that a name with its address is, where the address is no known agent's.
    pub(super) fn named_identity(
        &self,
        name: &Range<usize>,
        address: Option<&Address>,
    ) -> Option<usize> {
        if address.is_some_and(|a| self.catalogue.is_silenced(&a.lower)) {
            return None;
        }
        let words = self.words(name);
        if let Some(named) = self.catalogue.tool_named(self.text, words.clone()) {
            let alone =
                named.words.start == words.start && prose::name_ends(self.text, &named, &words);
            let no_person = address.is_none_or(|a| {
                is_mailbox(&a.lower) || (is_placeholder(&a.lower) && !named.first_name)
            });
            if named.sure || (no_person && alone) {
                return Some(named.marker);
            }
        }
        self.unknown_agent(&words, address)
    }

    /// `Frobnicator Agent <agent@frobnicator.example>`: a tool that no list has yet. Build
    /// agents are called so too.
    fn unknown_agent(&self, words: &Range<usize>, address: Option<&Address>) -> Option<usize> {
        const MACHINES: [&str; 13] = [
            "build",
            "ci",
            "cd",
            "deploy",
            "release",
            "jenkins",
            "buildkite",
            "azure",
            "devops",
            "teamcity",
            "bamboo",
            "go",
            "ssh",
        ];
        const MADE: [&str; 3] = ["agent", "ai", "assistant"];
        let (local, _) = address?.lower.split_once('@')?;
        let called = words.len() > 1 && MADE.contains(&self.text.word(words.end.checked_sub(1)?));
        let machine = words.clone().any(|w| MACHINES.contains(&self.text.word(w)));
        let mailbox = MADE.contains(&local.rsplit('-').next().unwrap_or(local));
        (called && mailbox && !machine).then(|| self.catalogue.rule("unknown-agent")).flatten()
    }

    /// `Assisted-by`, `Generated-by`, `Made with`, ...
    fn assistant(&mut self, hit: &Hit, range: &Range<usize>) -> bool {
        let words = self.words(range);
        let clean = self.trimmed(range).to_owned();
        let marker = hit.key.marker;
        if !hit.colon {
            return self.assistant_in_prose(hit, &words);
        }
        let person = self.addresses_in(range).iter().any(|a| !is_mailbox(&a.lower));
        let strength = self.marker(marker).map_or(Strength::Hint, |m| m.strength);
        let personal = value::is_personal_name(&clean);
        let named = self.catalogue.tool_named(self.text, words.clone());
        let means_tool = |n: &Named| {
            let product = !n.first_name || !personal || prose::name_ends(self.text, n, &words);
            n.sure || (!person && product)
        };
        let denied = value::is_denial(&clean.to_ascii_lowercase());
        if let Some(named) = named.filter(|n| n.sure || (means_tool(n) && !denied)) {
            let proof = (MarkerKind::Trailer, self.tool_strength(&named, strength));
            return self.tell_hit(hit, marker, Some(named.marker), proof);
        }
        if denied {
            self.declare(Declared::No);
            return false;
        }
        if person || value::is_placeholder(&clean) {
            return false;
        }
        let ai = value::names_ai(&clean);
        if !ai && (!hit.key.open || value::is_affirmation(&clean.to_ascii_lowercase())) {
            return false;
        }
        // Older use of the key: help by a person whose address is not given. In the middle
        // of a line a value that nobody knows is prose about the key.
        let prose = !prose::starts_line(self.text, hit.first);
        let strength = if (personal || prose) && !ai { Strength::Hint } else { strength };
        self.tell_hit(hit, marker, None, (MarkerKind::Trailer, strength))
    }

    /// A tool that only reviews proves no more by having assisted.
    fn tool_strength(&self, named: &Named, strength: Strength) -> Strength {
        match self.marker(named.marker) {
            Some(tool) if tool.reviewer => Strength::ReviewOnly,
            _ => strength,
        }
    }

    /// "Generated with [Claude Code](...)", "tests were written by Opus 5".
    fn assistant_in_prose(&mut self, hit: &Hit, words: &Range<usize>) -> bool {
        let unticked = prose::is_unticked(self.text, hit.first);
        if unticked || !prose::is_anchored(self.text, hit.first) {
            return false;
        }
        let first = prose::after_articles(self.text, words);
        let footer = prose::starts_line(self.text, hit.first);
        let proof = match footer {
            true => (MarkerKind::Footer, Strength::Assistance),
            false => (MarkerKind::Declaration, Strength::Declaration),
        };
        // A name may be broken by the end of the line.
        let fits = |n: &Named| n.words.start < words.end;
        let named = self
            .catalogue
            .name_at(self.text, first)
            .filter(|n| fits(n) && (n.sure || prose::name_ends(self.text, n, words)));
        // "Written by Jane with Letta Code": a footer is short. "Generated with `mux` - Model:
        // `anthropic:claude-opus-4-5`" names the model of a tool that nobody knows.
        let mut near = words.start..words.end.min(words.start + FOOTER_WORDS);
        if near.clone().any(|w| self.text.word(w) == "model") {
            near.end = words.end.min(near.end + 2 * FOOTER_WORDS);
        }
        let named = named.or_else(|| {
            let named = self.catalogue.tool_named(self.text, near).filter(|n| n.sure);
            named.filter(|n| footer && fits(n))
        });
        let named = named.filter(|n| {
            let name = self.text.words.get(n.words.start).map_or(hit.value.end, |w| w.start);
            !prose::is_path(self.text, hit.value.start, name)
        });
        if let Some(named) = named {
            let proof = (proof.0, self.tool_strength(&named, proof.1));
            return self.tell_hit(hit, hit.key.marker, Some(named.marker), proof);
        }
        let ai =
            first < words.end && ["ai", "llm", "llms", "genai"].contains(&self.text.word(first));
        ai && self.tell_hit(
            hit,
            hit.key.marker,
            None,
            (MarkerKind::Declaration, Strength::Declaration),
        )
    }

    /// Whether a key stands in a block of code. Beside the same key with a placeholder, the
    /// message is about the trailer and shows what it will look like.
    fn is_in_code(&self, hit: &Hit) -> bool {
        const CODE: &str = "    ";
        let line = self.text.line_of(hit.first);
        line.is_some_and(|l| self.text.clean(l.clean.clone()).starts_with(CODE))
    }

    /// A tool's own trailer.
    fn session(&mut self, hit: &Hit, range: &Range<usize>) -> bool {
        let clean = self.trimmed(range);
        let lower = clean.to_ascii_lowercase();
        let values = self.catalogue.values.get(hit.key.values);
        let fits = match values.filter(|v| !v.is_empty()) {
            Some(values) => values.iter().any(|v| lower.contains(v.as_str())),
            None => lower.contains(|c: char| c.is_ascii_digit()),
        };
        if !hit.colon || !fits || value::is_placeholder(clean) {
            return false;
        }
        let strength = self.marker(hit.key.marker).map_or(Strength::Hint, |m| m.strength);
        self.tell_hit(hit, hit.key.marker, None, (MarkerKind::Trailer, strength))
    }

    fn reviewer(&mut self, hit: &Hit, range: &Range<usize>) -> bool {
        let words = self.words(range);
        let address = self.addresses_in(range).first().map(|a| a.lower.clone());
        let agent = address.as_deref().and_then(|a| self.catalogue.agent(a));
        let impersonal = address.as_deref().is_none_or(is_mailbox);
        let named = self
            .catalogue
            .name_at(self.text, words.start)
            .filter(|n| n.words.end <= words.end)
            .filter(|n| n.sure || (impersonal && prose::name_ends(self.text, n, &words)))
            .map(|n| n.marker);
        match agent.or(named) {
            Some(tool) if hit.colon => {
                let proof = (MarkerKind::Trailer, Strength::ReviewOnly);
                self.tell_hit(hit, hit.key.marker, Some(tool), proof)
            }
            _ => false,
        }
    }

    /// A value without the colon and what decorates it.
    pub(super) fn trimmed(&self, range: &Range<usize>) -> &str {
        let value = self.text.clean(range.clone());
        value
            .trim_start_matches([' ', ':', '=', '*', '_', '`', '\n'])
            .trim_end_matches([' ', '*', '_', '`', '\n', '.'])
    }
}
