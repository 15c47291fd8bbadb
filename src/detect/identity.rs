//! Whose name and address it is: a known agent's, or somebody's.
//!
//! Owns addresses and tools' names in a text. An address decides wherever it can (G8):
//! vendors' staff share its domain and people its name, so only whole addresses and bot
//! logins count, and a bare name only where no person is meant.

use std::ops::Range;

use super::catalogue::{Catalogue, MarkerIndex, Name, Sureness};
use super::phrases::Found;
use super::text::Text;

/// An address in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// Bytes of [`Text::clean`], brackets outside.
    pub(super) at: Range<usize>,
    /// In lower case.
    pub(super) lower: String,
}

/// No local part or domain is longer (RFC 5321, section 4.5.3.1).
const ADDRESS_BYTES: usize = 256;

/// Every address in this part of a text, with or without brackets.
pub(super) fn addresses(text: &Text, range: Range<usize>) -> Vec<Address> {
    let part = text.lower(range.clone());
    part.match_indices('@')
        .filter_map(|(at, _)| address_around(text, &range, range.start + at))
        .collect()
}

/// Blanks beside the `@` are looked over: a folded line leaves one.
fn address_around(text: &Text, range: &Range<usize>, at: usize) -> Option<Address> {
    let before = tail(text.lower(range.start..at)).trim_end_matches([' ', '\n', '"']);
    let after_at = text.lower(at + 1..range.end);
    let after = after_at.trim_start_matches([' ', '\n']);
    let skipped = after_at.len() - after.len();
    let before_at = tail(text.lower(range.start..at)).len();
    let spread = skipped + before_at - before.len();
    if spread > 6 {
        return None;
    }
    let local_start = before.rfind(|c: char| !is_local(c)).map_or(0, |i| i + char_at(before, i));
    let local = before.get(local_start..)?.trim_start_matches('[');
    let domain_end = after.find(|c: char| !is_domain(c)).unwrap_or(after.len()).min(ADDRESS_BYTES);
    let domain = after.get(..domain_end)?.trim_end_matches(['.', '-']);
    // Between blanks an at sign is as often a word: `Claude @ work`.
    if local.is_empty() || domain.is_empty() || (spread > 0 && !domain.contains('.')) {
        return None;
    }
    let start = at - (before_at - before.len()) - local.len();
    let end = at + 1 + skipped + domain.len();
    Some(Address { at: start..end, lower: format!("{local}@{domain}") })
}

/// The last bytes that an address could begin in.
fn tail(text: &str) -> &str {
    let mut from = text.len().saturating_sub(ADDRESS_BYTES);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text.get(from..).unwrap_or_default()
}

fn char_at(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
}

fn is_local(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._%+-[]=~!#$*?^{}|".contains(c)
}

fn is_domain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '.' || c == '-'
}

impl Catalogue {
    /// The built-in tool that this address is, whole; `shared` ones aside.
    pub(super) fn agent(&self, lower: &str) -> Option<MarkerIndex> {
        self.owner(lower).filter(|(_, shared)| !shared).map(|(marker, _)| marker)
    }

    /// The tool of an address, and whether people share it.
    pub(super) fn owner(&self, lower: &str) -> Option<(MarkerIndex, bool)> {
        let (local, domain) = lower.rsplit_once('@')?;
        let domain = domain.trim_end_matches('.');
        let whole = format!("{local}@{domain}");
        if let Some(owner) = self.emails.get(&whole) {
            return Some((owner.marker, owner.shared));
        }
        if domain.starts_with("users.noreply.") {
            return self.logins.get(account(local)).map(|marker| (*marker, false));
        }
        let (base, _) = local.split_once('+')?;
        self.emails.get(&format!("{base}@{domain}")).map(|o| (o.marker, o.shared))
    }

    /// Whether a marker with this address was switched off.
    pub(super) fn is_silenced(&self, lower: &str) -> bool {
        self.silenced.contains_key(lower)
            || lower.split_once('@').is_some_and(|(local, domain)| {
                domain.starts_with("users.noreply.") && self.silenced.contains_key(account(local))
            })
    }

    /// Whether an address is nobody's but a tool's (G13).
    pub(super) fn is_agent_address(&self, lower: &str) -> bool {
        self.agent(lower).is_some()
            || self.own_addresses.get(lower).is_some_and(|own| {
                own.iter().any(|a| self.markers.get(a.marker).is_some_and(|m| m.strength.counts()))
            })
    }

    /// The login of a bot account written as a name: `copilot-swe-agent[bot]`.
    pub(super) fn bot_named(&self, name: &str) -> Option<MarkerIndex> {
        let name = name.trim().trim_matches(['"', '\'', '@', '`']);
        name.ends_with("[bot]").then(|| self.logins.get(name).copied()).flatten()
    }

    /// The tools named in these words, the surest first.
    pub(super) fn tool_named(&self, text: &Text, words: Range<usize>) -> Option<Named> {
        let mut best: Option<Named> = None;
        let mut word = words.start;
        while word < words.end {
            let found = self.name_at(text, word).filter(|named| named.words.end <= words.end);
            word = found.as_ref().map_or(word + 1, |named| named.words.end.max(word + 1));
            if let Some(named) = found
                && best.as_ref().is_none_or(|b| named.sure && !b.sure)
            {
                best = Some(named);
            }
            if best.as_ref().is_some_and(|b| b.sure) {
                break;
            }
        }
        best
    }

    /// The tool named from this word on.
    pub(super) fn name_at(&self, text: &Text, word: usize) -> Option<Named> {
        let mut nickname = None;
        for found in self.names.all_at(text, word) {
            let version = has_version(text, &found);
            let Name { marker, sureness } = found.meaning;
            let words = found.first..found.next;
            match sureness {
                Sureness::Sure if !found.glued_digit => {
                    return Some(Named { marker, sure: true, first_name: false, words });
                }
                Sureness::Model if version || found.glued_digit => {
                    return Some(Named { marker, sure: true, first_name: false, words });
                }
                // `devin99` is somebody's login, `Devin 2.1` a product.
                Sureness::Nickname | Sureness::FirstName if !found.glued_digit => {
                    let first_name = sureness == Sureness::FirstName;
                    let named = Named { marker, sure: version, first_name, words };
                    if version {
                        return Some(named);
                    }
                    nickname = nickname.or(Some(named));
                }
                _ => {}
            }
        }
        nickname
    }
}

/// A tool's name in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) marker: MarkerIndex,
    /// False where something or somebody else may have it.
    pub(super) sure: bool,
    /// A person may have it.
    pub(super) first_name: bool,
    /// Indices into [`Text::words`].
    pub(super) words: Range<usize>,
}

/// ` 4.5`, `-5`, `:4o`, ` K2`, ` v3` right after a name, on its line.
fn has_version(text: &Text, found: &Found<Name>) -> bool {
    let Some(next) = text.words.get(found.next) else { return false };
    let gap = text.lower(found.end..next.start);
    let word = text.word(found.next).trim_start_matches(['v', 'k']);
    gap.len() <= 2
        && !gap.contains(['\n', '<', '@', '[', '#'])
        && word.len() <= 4
        && word.starts_with(|c: char| c.is_ascii_digit())
}

/// The login in the local part of a forge's address: `12345+login`.
fn account(local: &str) -> &str {
    match local.split_once('+') {
        Some((id, login)) if !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()) => login,
        _ => local,
    }
}

/// Whether nobody reads this mailbox: no person's address. A forge's privacy address is
/// a person's.
pub(super) fn is_mailbox(lower: &str) -> bool {
    const MAILBOXES: [&str; 14] = [
        "noreply",
        "no-reply",
        "no_reply",
        "donotreply",
        "do-not-reply",
        "agent",
        "agents",
        "bot",
        "ai",
        "assistant",
        "coder",
        "robot",
        "llm",
        "none",
    ];
    let Some((local, domain)) = lower.rsplit_once('@') else { return true };
    let base = local.split('+').next().unwrap_or(local);
    MAILBOXES.contains(&base) && !domain.starts_with("users.noreply.")
}

/// Whether an address is in a domain that documentation and templates use (RFC 2606).
pub(super) fn is_placeholder(lower: &str) -> bool {
    let domain = lower.rsplit_once('@').map_or("", |(_, domain)| domain);
    let ends = [".example", ".invalid", ".local", ".test", ".localhost"];
    ["example.com", "example.org", "example.net", "localhost"].contains(&domain)
        || ends.iter().any(|end| domain.ends_with(end))
}

/// Text that spells an address out, `noreply (at) anthropic (dot) com`, put together.
pub(super) fn spelled_out(lower: &str) -> Option<String> {
    const LONGEST: usize = 512;
    if lower.len() > LONGEST || lower.contains('@') || !lower.contains("at") {
        return None;
    }
    let mut text = lower.to_owned();
    for (words, sign) in [("at", "@"), ("dot", ".")] {
        for (open, close) in [("[", "]"), ("(", ")"), ("{", "}"), ("<", ">")] {
            let bracketed = format!("{open}{words}{close}");
            text = text.replace(&format!(" {bracketed} "), sign).replace(&bracketed, sign);
        }
        text = text.replace(&format!(" {words} "), sign);
    }
    text.contains('@').then_some(text)
}
