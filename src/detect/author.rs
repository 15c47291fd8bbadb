//! Author, committer and tagger: an identity that is an agent's, or says that one helped.

use std::collections::HashSet;
use std::ops::Range;

use super::catalogue::{Catalogue, MarkerIndex};
use super::findings::{Findings, Source};
use super::identity::addresses;
use super::quotation::Quotes;
use super::scan::Scan;
use super::text::Text;
use crate::domain::evidence::{MarkerKind, Strength};

/// Reads `Name <address>`.
pub(super) fn scan_identity(
    catalogue: &Catalogue,
    text: &Text,
    source: Source<'_>,
    findings: &mut Findings,
) {
    let addresses = addresses(text, 0..text.clean.len());
    let quotes = Quotes::default();
    let templates = HashSet::new();
    let mut scan = Scan { catalogue, text, source, addresses, quotes, templates, findings };
    for (marker, helped) in scan.agents_of_identity(source == Source::Author) {
        let proof = scan.proof(marker, helped);
        scan.tell(marker, None, proof, 0);
    }
}

impl Scan<'_> {
    /// The markers of an identity, and whether the tool only helped a person.
    fn agents_of_identity(&self, author: bool) -> Vec<(MarkerIndex, bool)> {
        let address = self.addresses.last();
        let name = 0..address.map_or(self.text.clean.len(), |a| a.at.start);
        let words = self.text.words_in(&name);
        let lower = address.map_or("", |a| a.lower.as_str());
        let mut found: Vec<MarkerIndex> = self.own_identity(lower, author);
        match self.catalogue.owner(lower) {
            Some((marker, false)) => found.push(marker),
            Some((marker, true)) => {
                let named = self.catalogue.tool_named(self.text, words.clone());
                found.extend(named.filter(|n| n.marker == marker).map(|n| n.marker));
            }
            None => {}
        }
        if found.is_empty() {
            let bot = self.text.lower(name.clone()).trim_end_matches([' ', '<']);
            found.extend(self.catalogue.bot_named(bot));
        }
        if found.is_empty()
            && let Some(marker) = self.suffix(&name)
        {
            return vec![(marker, true)];
        }
        if found.is_empty() {
            found.extend(self.named_identity(&name, address));
        }
        found.into_iter().map(|marker| (marker, false)).collect()
    }

    /// `Jane Doe (aider)`, `Jane Doe (via Claude)`, `Jane Doe + Claude`.
    fn suffix(&self, name: &Range<usize>) -> Option<MarkerIndex> {
        const JOINS: [&str; 4] = ["via", "with", "using", "by"];
        let lower = self.text.lower(name.clone());
        let words = self.text.words_in(name);
        let joined = lower.rfind(['(', '+', '[']).map(|at| name.start + at + 1);
        let first = match joined {
            Some(at) => self.text.words_in(&(at..name.end)).start,
            None => words.clone().rev().find(|w| JOINS.contains(&self.text.word(*w)))? + 1,
        };
        let first = if JOINS.contains(&self.text.word(first)) { first + 1 } else { first };
        if first <= words.start {
            return None;
        }
        if lower.contains("(agent)") {
            return self.catalogue.rule("unknown-agent");
        }
        let named = self.catalogue.name_at(self.text, first)?;
        let suffix = self.marker(named.marker).is_some_and(|m| m.suffix);
        (named.words.end <= words.end && (named.sure || suffix)).then_some(named.marker)
    }

    /// A tool named after a person helped; a tool's own identity wrote.
    fn proof(&self, marker: MarkerIndex, helped: bool) -> (MarkerKind, Strength) {
        let (kind, strength) = self.source.identity();
        match self.marker(marker).map_or(Strength::Hint, |m| m.strength) {
            own if !own.counts() => (kind, own),
            Strength::Authorship => (kind, strength),
            _ if helped => (kind, Strength::Assistance),
            _ => (kind, strength),
        }
    }
}
