//! Collecting diagnostics while a file is read.

use std::collections::BTreeSet;
use std::ops::Range;

use super::place::Source;
use super::{Diagnostic, Diagnostics, MAX_DIAGNOSTICS, Related, Severity, secrets};

/// A diagnostic on its way into a [`Report`].
#[derive(Debug)]
pub struct Finding {
    severity: Severity,
    code: &'static str,
    span: Range<usize>,
    message: String,
    help: Option<String>,
    related: Vec<(Range<usize>, String)>,
    follows: bool,
}

impl Finding {
    /// The file can't be used.
    #[must_use]
    pub fn error(code: &'static str, span: &Range<usize>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            span: span.clone(),
            message: message.into(),
            help: None,
            related: Vec::new(),
            follows: false,
        }
    }

    /// The file can be used.
    #[must_use]
    pub fn warning(code: &'static str, span: &Range<usize>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, message) }
    }

    /// What to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Another place, and what stands there.
    #[must_use]
    pub fn related(mut self, span: &Range<usize>, text: impl Into<String>) -> Self {
        self.related.push((span.clone(), text.into()));
        self
    }

    /// It may be no more than a consequence of text that could not be parsed: something is
    /// missing or not known. Told only where the whole text was understood.
    #[must_use]
    pub fn if_all_was_read(mut self) -> Self {
        self.follows = true;
        self
    }
}

/// What was found so far.
#[derive(Debug)]
pub struct Report {
    source: Source,
    private_keys: Vec<Range<usize>>,
    list: Vec<Diagnostic>,
    errors: usize,
    omitted: usize,
    suggestions: usize,
    whole: bool,
    lost_lines: BTreeSet<usize>,
    stand_ins: BTreeSet<usize>,
}

impl Report {
    /// Begins with the private keys that stand in the text, be it in a comment: the file
    /// is published.
    #[must_use]
    pub fn new(file: &str, text: &str) -> Self {
        let private_keys = secrets::private_keys(text);
        let mut secret = private_keys.clone();
        secret.extend(secrets::passwords(text));
        secret.sort_by_key(|s| (s.start, s.end));
        let mut report = Self {
            source: Source::new(file, text, &secret),
            private_keys: Vec::new(),
            list: Vec::new(),
            errors: 0,
            omitted: 0,
            suggestions: 0,
            whole: true,
            lost_lines: BTreeSet::new(),
            stand_ins: BTreeSet::new(),
        };
        for span in &private_keys {
            let at = span.start.saturating_sub(1)..span.start;
            let finding = Finding::error("private-key", &at, "a private key stands in this file");
            report.add(finding.help(
                "write the one line of the .pub file instead, and take the private key out of \
                 use: whoever could read this file has it",
            ));
        }
        report.private_keys = private_keys;
        report
    }

    /// From here on some text is known to be lost.
    pub fn text_is_lost(&mut self) {
        self.whole = false;
    }

    /// A line that the parser did not understand: it is told once, and whatever else would
    /// be told of the line is a consequence.
    pub fn line_is_lost(&mut self, finding: Finding) {
        self.text_is_lost();
        let line = self.line(&finding.span);
        if !self.lost_lines.contains(&line) {
            self.add(finding);
            self.lose_line(line);
        }
    }

    /// Whatever would be told of the line is a consequence.
    pub fn lose_line(&mut self, line: usize) {
        self.lost_lines.insert(line);
    }

    /// A key at this byte stands for one of a longer name, and that was told.
    pub fn stands_in(&mut self, at: usize) {
        self.stand_ins.insert(at);
    }

    /// Whether a key at this place stands for one of a longer name.
    #[must_use]
    pub fn is_stand_in(&self, span: &Range<usize>) -> bool {
        self.stand_ins.contains(&span.start)
    }

    /// Whether an error was found.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Line of a byte, from 1.
    #[must_use]
    pub fn line(&self, span: &Range<usize>) -> usize {
        self.source.place(span.start).0
    }

    /// Keeps a finding, or counts it past [`MAX_DIAGNOSTICS`].
    pub fn add(&mut self, finding: Finding) {
        // The parser's stand-in for a value that it could not read has no place.
        let is_nowhere = finding.span == (0..0) && finding.code != "syntax";
        if ((finding.follows || is_nowhere) && !self.whole)
            || self.touches_private_key(&finding.span)
            || (!self.whole && self.lost_lines.contains(&self.line(&finding.span)))
        {
            return;
        }
        self.errors += usize::from(finding.severity == Severity::Error);
        if self.list.len() >= MAX_DIAGNOSTICS {
            self.omitted += 1;
            return;
        }
        let diagnostic = self.placed(finding);
        self.list.push(diagnostic);
    }

    /// What is said about a private key's text might repeat it.
    fn touches_private_key(&self, span: &Range<usize>) -> bool {
        let next = self.private_keys.partition_point(|key| key.end <= span.start);
        self.private_keys.get(next).is_some_and(|key| key.start < span.end.max(span.start + 1))
    }

    fn placed(&self, finding: Finding) -> Diagnostic {
        let span = self.source.clamp(finding.span);
        let (line, column) = self.source.place(span.start);
        let related = finding.related.into_iter().map(|(span, text)| {
            let span = self.source.clamp(span);
            let (line, column) = self.source.place(span.start);
            Related { span, line, column, text }
        });
        Diagnostic {
            severity: finding.severity,
            code: finding.code,
            message: finding.message,
            related: related.collect(),
            help: finding.help,
            span,
            line,
            column,
        }
    }

    /// The known word that somebody may have meant. Only asked as often as answers are
    /// kept, since each costs a walk over all that is known.
    pub fn suggest<'k>(
        &mut self,
        word: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Option<&'k str> {
        if self.suggestions >= MAX_DIAGNOSTICS {
            return None;
        }
        self.suggestions += 1;
        nearest(word, known)
    }

    /// All of it, in order of place.
    #[must_use]
    pub fn finish(mut self) -> Diagnostics {
        self.list.sort_by(|a, b| {
            (a.span.start, a.severity, a.span.end).cmp(&(b.span.start, b.severity, b.span.end))
        });
        Diagnostics {
            source: self.source,
            list: self.list,
            errors: self.errors,
            omitted: self.omitted,
        }
    }
}

/// Longest word that is compared with others.
const MAX_WORD: usize = 64;

/// The nearest word, case and `-`/`_` aside, if it is near enough to be a slip.
fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    if word.is_empty() || word.len() > MAX_WORD {
        return None;
    }
    let asked = plain(word);
    let allowed = (asked.chars().count() / 3).max(1);
    known
        .into_iter()
        .filter(|k| k.len() <= MAX_WORD)
        .map(|k| (strsim::damerau_levenshtein(&asked, &plain(k)), k))
        .filter(|(distance, k)| *distance <= allowed && *distance < k.len())
        .min()
        .map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_from_another_word() {
        let known = ["sign_offs", "refs", "from", "valid_for"];
        let rows = [
            ("signoffs", Some("sign_offs")),
            ("sign-offs", Some("sign_offs")),
            ("Refs", Some("refs")),
            ("form", Some("from")),
            ("validfor", Some("valid_for")),
            ("colour", None),
            ("", None),
        ];
        for (word, expected) in rows {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(100_000), known), None);
    }

    #[test]
    fn what_is_not_kept_is_counted_and_an_error_stays_one() {
        let mut report = Report::new("f", "x");
        for _ in 0..MAX_DIAGNOSTICS {
            report.add(Finding::warning("w", &(0..1), "w"));
        }
        report.add(Finding::error("e", &(0..1), "e"));
        let all = report.finish();
        assert!(all.has_errors());
        assert_eq!((all.iter().count(), all.omitted()), (MAX_DIAGNOSTICS, 1));
        assert_eq!(all.count(), "1 error and 200 warnings");
    }

    #[test]
    fn a_consequence_of_lost_text_is_not_told() {
        let mut report = Report::new("f", "x");
        report.text_is_lost();
        report.add(Finding::error("e", &(0..1), "missing").if_all_was_read());
        assert!(report.finish().is_empty());
    }
}
