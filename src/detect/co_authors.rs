//! Who else made a commit, by its co-author lines: people and agents alike (G13).
//!
//! Owns how a name and an address are read from such a line. Whether they are an agent's
//! evidence is `trailers`' business.

use std::ops::Range;

use super::identity::Address;
use super::scan::{Hit, Scan};

impl Scan<'_> {
    /// Everybody that a co-author line names, disguises undone, and as it is written where
    /// that differs.
    pub(super) fn collect_co_authors(&mut self, hit: &Hit, range: &Range<usize>) {
        let addresses = self.addresses_in(range).to_vec();
        let number = self.text.line_of(hit.first).map_or(1, |l| l.number);
        let mut from = range.start;
        for address in &addresses {
            let before = self.text.clean(from..address.at.start);
            let name = name_of(before.rsplit_once('<').map_or(before, |(name, _)| name));
            let written = self.text.clean(address.at.clone());
            let plain: String =
                written.chars().filter(|c| !matches!(c, ' ' | '\n' | '"')).collect();
            self.findings.co_author(name.as_bytes(), plain.as_bytes(), number);
            if written.contains('"') {
                self.collect_quoted(from, address, number);
            }
            self.note_agent(&address.lower);
            from = address.at.end;
        }
        self.collect_as_written(hit, range, number);
        if addresses.is_empty() && hit.colon {
            let value = self.text.clean(range.clone());
            let (name, email) = value.split_once('<').unwrap_or((value, ""));
            let (name, email) = (name_of(name), name_of(email.split('>').next().unwrap_or("")));
            if !name.is_empty() || !email.is_empty() {
                self.findings.co_author(name.as_bytes(), email.as_bytes(), number);
            }
        }
    }

    /// `<"grace"@example.com>` is Grace's mailbox (RFC 5321, section 4.1.2): as it is
    /// written, and what stands between the quotes.
    fn collect_quoted(&mut self, from: usize, address: &Address, number: usize) {
        let Some((_, domain)) = address.lower.rsplit_once('@') else { return };
        let before = self.text.clean(from..address.at.end);
        let Some((before, _)) = before.rsplit_once('@') else { return };
        let Some((before, _)) = before.rsplit_once('"') else { return };
        let Some((_, local)) = before.rsplit_once('"') else { return };
        if local.len() > 64 || local.contains(['<', '>', '@', '\n']) {
            return;
        }
        let forms =
            [format!("\"{local}\"@{domain}"), format!("{}@{domain}", local.replace('\\', ""))];
        for email in forms {
            self.findings.co_author(b"", email.as_bytes(), number);
        }
    }

    /// Addresses with letters of other scripts are people's too: `<jörg@example.com>`.
    fn collect_as_written(&mut self, hit: &Hit, range: &Range<usize>, number: usize) {
        let source = &self.text.source;
        let end = self.text.lines.get(self.text.line_at(range.end)).map_or(0, |l| l.source.end);
        let end = end.min(self.text.source_of(range.end));
        let written = source.get(self.text.source_of(range.start)..end).unwrap_or_default();
        if written.is_ascii() || !hit.colon {
            return;
        }
        for part in written.split(|b| *b == b'<').skip(1) {
            let email = part.split(|b| *b == b'>').next().unwrap_or_default();
            if email.contains(&b'@') && !email.is_ascii() && email.len() <= 512 {
                self.findings.co_author(b"", email, number);
            }
        }
    }

    /// Notes an address that is an agent's.
    pub(super) fn note_agent(&mut self, lower: &str) {
        if self.catalogue.is_agent_address(lower) {
            self.findings.agent(lower);
        }
    }
}

/// A name without colon, brackets and what decorates it, on one line and of a sane length.
fn name_of(text: &str) -> String {
    const LONGEST: usize = 256;
    let name = text
        .trim_start_matches(|c: char| !c.is_alphanumeric())
        .trim_end_matches(|c: char| !c.is_alphanumeric() && !")].".contains(c));
    let name = name.split([' ', '\n']).filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ");
    name.chars().take(LONGEST).collect()
}
