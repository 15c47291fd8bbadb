//! Lines that speak as a whole: ticked boxes of a template, trailers whose key nobody knows,
//! and subjects of merges.

use super::entries::Class;
use super::scan::{Hit, Scan};
use super::value;
use crate::domain::evidence::{Declared, MarkerKind, Strength};

/// What a ticked box has to say for it to be about how the change was made.
const MAKING: [&str; 17] = [
    "used",
    "generated",
    "written",
    "created",
    "assisted",
    "assistance",
    "authored",
    "made",
    "built",
    "helped",
    "help",
    "via",
    "wrote",
    "generate",
    "using",
    "mode",
    "coauthored",
];

/// A rule that was read or a condition: no statement about this change.
const NO_STATEMENT: [&str; 12] = [
    "if",
    "policy",
    "guideline",
    "guidelines",
    "read",
    "understand",
    "any",
    "whether",
    "should",
    "must",
    "when",
    "unless",
];

/// "No AI tools were used".
const DENYING: [&str; 8] = ["no", "not", "none", "never", "without", "didn", "non", "zero"];

impl Scan<'_> {
    /// `- [x] AI tools were used`. An unticked box is a template's residue.
    pub(super) fn ticked_box(&mut self, index: usize) {
        let text = self.text;
        let Some(line) = text.lines.get(index) else { return };
        let lower = text.lower(line.clean.clone());
        let start = lower.trim_start_matches(|c: char| " >-*+#".contains(c));
        if !start.starts_with("[x]") || line.words.len() > 64 {
            return;
        }
        let words = || line.words.clone().map(|w| text.word(w));
        let has = |list: &[&str]| words().any(|w| list.contains(&w));
        let named = self.catalogue.tool_named(text, line.words.clone()).filter(|n| n.sure);
        if named.is_none() && !value::names_ai(text.clean(line.clean.clone())) {
            return;
        }
        if has(&DENYING) {
            self.declare(Declared::No);
        } else if has(&MAKING)
            && !has(&NO_STATEMENT)
            && let Some(rule) = self.catalogue.rule("ticked-box")
        {
            self.declare(Declared::Yes);
            let proof = (MarkerKind::Declaration, Strength::Declaration);
            self.tell(rule, named.map(|n| n.marker), proof, line.clean.start);
        }
    }

    /// `Merge branch 'claude/fix-parser'`: a merge that names a branch as agents call theirs
    /// speaks of other commits, and people call branches so too: a hint.
    pub(super) fn agent_branch(&mut self) {
        const LOOKED_AT: usize = 512;
        let text = self.text;
        let Some(line) = text.lines.iter().find(|l| !l.words.is_empty()) else { return };
        let mut end = line.clean.end.min(line.clean.start + LOOKED_AT);
        while !text.lower.is_char_boundary(end) {
            end -= 1;
        }
        let subject = text.lower(line.clean.start..end);
        if !subject.starts_with("merge ") {
            return;
        }
        let branches = &self.catalogue.branches;
        let named = subject.split([' ', '\'', '"', ':']).any(|word| {
            // A fork's owner may stand before it.
            let below = word.split_once('/').map_or("", |(_, branch)| branch);
            [word, below].iter().any(|w| branches.iter().any(|b| w.starts_with(b.as_str())))
        });
        if let (true, Some(rule)) = (named, self.catalogue.rule("agent-branch")) {
            self.tell(rule, None, (MarkerKind::Footer, Strength::Hint), line.clean.start);
        }
    }

    /// `Assited-by: Claude Code`, `Orchestrated-With: Codex CLI`: a key that nobody knows,
    /// ending in "by" or "with", and a value that is surely a tool. With blanks in the key
    /// it may as well be prose ("Works with: ...") and is a hint.
    pub(super) fn other_trailer(&mut self, index: usize, hits: &[Hit]) {
        const KEY_WORDS: usize = 5;
        const LAST: [&str; 4] = ["by", "with", "using", "via"];
        const NOT_MADE: [&str; 10] = [
            "superseded",
            "replaced",
            "used",
            "supported",
            "caused",
            "required",
            "blocked",
            "tracked",
            "compatible",
            "owned",
        ];
        let text = self.text;
        let Some(line) = text.lines.get(index) else { return };
        let lower = text.lower(line.clean.clone());
        let Some(colon) = lower.get(..lower.len().min(64)).unwrap_or(lower).find(':') else {
            return;
        };
        let colon = line.clean.start + colon;
        let key = text.words_in(&(line.clean.start..colon));
        let last = key.end.checked_sub(1).map_or("", |w| text.word(w));
        let known = hits.partition_point(|h| h.first < key.start);
        let known =
            hits.get(known).is_some_and(|h| h.first < key.end && h.key.class != Class::Declare);
        let made = !NOT_MADE.contains(&text.word(key.start));
        if known || key.len() > KEY_WORDS || !LAST.contains(&last) || !made {
            return;
        }
        let from = text.words.get(key.start).map_or(colon, |w| w.start);
        let blanks = text.clean(from..colon).trim_end().contains(' ');
        let words = text.words_in(&(colon..line.clean.end));
        let named = self.catalogue.name_at(text, words.start).filter(|n| n.sure);
        if let Some(named) = named
            && named.words.end <= words.end
            && let Some(rule) = self.catalogue.rule("other-trailer")
        {
            let strength = if blanks { Strength::Hint } else { Strength::Assistance };
            let proof = (MarkerKind::Trailer, strength);
            self.tell(rule, Some(named.marker), proof, line.clean.start);
        }
    }
}
