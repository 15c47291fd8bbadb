//! The markers as data: `markers.toml` and the policy's own, compiled into look-up tables.
//!
//! Owns which marker a literal belongs to. The file's shape is `entries`' business, and
//! it judges no text.

use std::collections::HashMap;

use super::DetectError;
use super::entries::{At, Book, Class, Entry, Kind};
use super::normalise::readable;
use super::phrases::Phrases;
use super::sieve::{Asks, Sieve};
use crate::domain::evidence::Strength;
use crate::domain::policy::{CustomMarker, CustomPattern};
use regex::Regex;

/// A marker as reports name it.
#[derive(Debug, Clone)]
pub(super) struct Marker {
    pub(super) name: String,
    pub(super) tool: Option<String>,
    pub(super) strength: Strength,
    /// It mostly reviews.
    pub(super) reviewer: bool,
    /// Its nickname in parentheses after a person's name means it.
    pub(super) suffix: bool,
}

/// An index into [`Catalogue::markers`].
pub(super) type MarkerIndex = usize;

/// How much a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sureness {
    /// A model family: only with a version.
    Model,
    /// People have it: with a version, or without any address of a person.
    FirstName,
    /// Things have it: with a version, or where no person is meant.
    Nickname,
    /// The tool, whatever stands beside it.
    Sure,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    pub(super) marker: MarkerIndex,
    pub(super) sureness: Sureness,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    pub(super) marker: MarkerIndex,
    pub(super) class: Class,
    pub(super) open: bool,
    pub(super) strict: bool,
    pub(super) heading: bool,
    /// Index into [`Catalogue::values`].
    pub(super) values: usize,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct LinePhrase {
    pub(super) marker: MarkerIndex,
    pub(super) at: At,
    /// Index into [`Catalogue::literals`].
    pub(super) literal: usize,
}

/// A policy's own marker that is a regular expression or a trailer.
#[derive(Debug)]
pub(super) struct Custom {
    pub(super) marker: MarkerIndex,
    pub(super) pattern: Pattern,
}

#[derive(Debug)]
pub(super) enum Pattern {
    /// What its value must match; the key is in [`Catalogue::custom_keys`].
    Trailer(Option<Regex>),
    Line(Regex),
}

/// Whose an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) marker: MarkerIndex,
    /// Only beside the tool's name.
    pub(super) shared: bool,
}

/// An address that the policy names.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnAddress {
    pub(super) marker: MarkerIndex,
    /// Only as the author's.
    pub(super) author_only: bool,
}

/// Everything that the scanner asks.
#[derive(Debug)]
pub(super) struct Catalogue {
    pub(super) markers: Vec<Marker>,
    pub(super) emails: HashMap<String, Owner>,
    pub(super) logins: HashMap<String, MarkerIndex>,
    /// The policy's own, beside the built-in ones and never instead.
    pub(super) own_addresses: HashMap<String, Vec<OwnAddress>>,
    /// Rules of the scanner that are not switched off.
    rules: HashMap<String, MarkerIndex>,
    /// Beginnings of branches that agents make.
    pub(super) branches: Vec<String>,
    /// Addresses of markers that the policy switched off: their names don't count either.
    pub(super) silenced: HashMap<String, ()>,
    pub(super) names: Phrases<Name>,
    pub(super) keys: Phrases<Key>,
    pub(super) values: Vec<Vec<String>>,
    pub(super) phrases: Phrases<LinePhrase>,
    pub(super) literals: Vec<String>,
    pub(super) links: HashMap<String, Vec<(String, MarkerIndex)>>,
    /// Refs whose notes are read, in full or with a `*` at the end.
    pub(super) notes: Vec<(String, MarkerIndex)>,
    pub(super) custom: Vec<Custom>,
    /// What a text has to hold for any of these to be in it.
    pub(super) sieve: Sieve,
    /// Keys of custom trailers, by index into `custom`.
    pub(super) custom_keys: Phrases<usize>,
}

/// A compiled expression of the policy may take this much memory.
const REGEX_BYTES: usize = 1 << 20;

impl Catalogue {
    /// The markers of a book without the `disabled` ones, and the policy's own.
    pub(super) fn new(
        book: &Book,
        disabled: &[String],
        custom: &[CustomMarker],
    ) -> Result<Self, DetectError> {
        let entries = &book.entries;
        if let Some(name) =
            disabled.iter().find(|d| entries.iter().all(|e| e.fixed || e.name != **d))
        {
            return Err(DetectError::UnknownMarker(name.clone()));
        }
        let mut catalogue = Self::empty();
        for entry in entries {
            if disabled.contains(&entry.name) {
                let addresses = entry.emails.iter().chain(&entry.logins);
                catalogue.silenced.extend(addresses.map(|a| (a.to_ascii_lowercase(), ())));
            } else {
                catalogue.add(entry);
            }
        }
        custom.iter().try_for_each(|marker| catalogue.add_custom(marker))?;
        Ok(catalogue)
    }

    /// A rule of the scanner by its marker's name, unless it is switched off.
    pub(super) fn rule(&self, name: &str) -> Option<MarkerIndex> {
        self.rules.get(name).copied()
    }

    fn empty() -> Self {
        Self {
            markers: Vec::new(),
            emails: HashMap::new(),
            logins: HashMap::new(),
            own_addresses: HashMap::new(),
            rules: HashMap::new(),
            branches: Vec::new(),
            silenced: HashMap::new(),
            names: Phrases::new(),
            keys: Phrases::new(),
            values: Vec::new(),
            phrases: Phrases::new(),
            literals: Vec::new(),
            links: HashMap::new(),
            notes: Vec::new(),
            custom: Vec::new(),
            sieve: Sieve::new(),
            custom_keys: Phrases::new(),
        }
    }

    fn marker(&mut self, name: &str, tool: Option<&str>, strength: Strength) -> MarkerIndex {
        let (name, tool) = (name.to_owned(), tool.map(str::to_owned));
        self.markers.push(Marker { name, tool, strength, reviewer: false, suffix: false });
        self.markers.len() - 1
    }

    fn add(&mut self, entry: &Entry) {
        let marker = self.marker(&entry.name, entry.tool.as_deref(), entry.strength);
        if let Some(added) = self.markers.get_mut(marker) {
            (added.reviewer, added.suffix) = (entry.reviewer, entry.suffix);
        }
        if entry.kind == Kind::Rule {
            self.rules.insert(entry.name.clone(), marker);
            entry.phrases.iter().for_each(|p| self.sieve.insert(p, Asks::Merge));
            self.branches.extend(entry.phrases.iter().map(|p| p.to_ascii_lowercase()));
            return;
        }
        for (list, shared) in [(&entry.emails, false), (&entry.shared_emails, true)] {
            for email in list {
                self.sieve.spelled(email);
                self.emails.insert(email.to_ascii_lowercase(), Owner { marker, shared });
            }
        }
        self.silenced.extend(entry.not_emails.iter().map(|e| (e.to_ascii_lowercase(), ())));
        for login in &entry.logins {
            self.sieve.insert(login, Asks::Nothing);
            self.logins.insert(login.to_ascii_lowercase(), marker);
        }
        let names = [
            (&entry.names, Sureness::Sure),
            (&entry.nicknames, Sureness::Nickname),
            (&entry.first_names, Sureness::FirstName),
            (&entry.models, Sureness::Model),
        ];
        for (list, sureness) in names {
            for name in list {
                self.sieve.insert(
                    name,
                    match sureness {
                        Sureness::Sure => Asks::Nothing,
                        Sureness::Model => Asks::Version,
                        Sureness::Nickname | Sureness::FirstName => Asks::Tool,
                    },
                );
                self.names.insert(name, Name { marker, sureness });
            }
        }
        self.add_lines(entry, marker);
    }

    fn add_lines(&mut self, entry: &Entry, marker: MarkerIndex) {
        if let Some(class) = entry.class {
            let values = self.values.len();
            self.values.push(entry.values.iter().map(|v| v.to_ascii_lowercase()).collect());
            let key = Key {
                marker,
                class,
                open: entry.open,
                strict: entry.strict,
                heading: entry.heading,
                values,
            };
            for text in &entry.keys {
                self.sieve.key(text, &key);
                self.keys.insert(text, key);
            }
        }
        for text in &entry.phrases {
            let phrase = LinePhrase { marker, at: entry.at, literal: self.literals.len() };
            self.literals.push(text.to_lowercase());
            self.sieve.insert(text, Asks::Nothing);
            self.phrases.insert(text, phrase);
        }
        self.notes.extend(entry.refs.iter().map(|name| (name.clone(), marker)));
        for link in &entry.links {
            let (host, path) = link.split_once('/').unwrap_or((link, ""));
            self.sieve.insert(host, Asks::Nothing);
            let paths = self.links.entry(host.to_ascii_lowercase()).or_default();
            paths.push((path.to_ascii_lowercase(), marker));
        }
    }

    fn add_custom(&mut self, custom: &CustomMarker) -> Result<(), DetectError> {
        let marker = self.marker(&custom.name, custom.tool.as_deref(), custom.strength);
        let pattern = match &custom.pattern {
            CustomPattern::AuthorEmail(email) => {
                self.add_address(email, OwnAddress { marker, author_only: true });
                return Ok(());
            }
            CustomPattern::Identity(email) => {
                self.add_address(email, OwnAddress { marker, author_only: false });
                return Ok(());
            }
            CustomPattern::Trailer { key, value } => {
                if !is_key(key) {
                    let (marker, key) = (custom.name.clone(), key.clone());
                    return Err(DetectError::Key { marker, key });
                }
                self.sieve.insert(key, Asks::Nothing);
                self.custom_keys.insert(key, self.custom.len());
                let value = value.as_deref().map(|v| regex(&custom.name, v)).transpose()?;
                Pattern::Trailer(value)
            }
            CustomPattern::Line(line) => {
                self.sieve.is_blind = true;
                Pattern::Line(regex(&custom.name, line)?)
            }
        };
        self.custom.push(Custom { marker, pattern });
        Ok(())
    }

    fn add_address(&mut self, email: &str, address: OwnAddress) {
        self.sieve.address(email);
        self.own_addresses.entry(readable(email.as_bytes())).or_default().push(address);
    }
}

/// What git takes for a trailer's key, and long enough to be told apart in a text.
fn is_key(key: &str) -> bool {
    key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && key.bytes().filter(u8::is_ascii_alphanumeric).count() >= 2
}

fn regex(marker: &str, pattern: &str) -> Result<Regex, DetectError> {
    regex::RegexBuilder::new(pattern)
        .size_limit(REGEX_BYTES)
        .dfa_size_limit(REGEX_BYTES)
        .build()
        .map_err(|source| DetectError::Pattern { marker: marker.to_owned(), source })
}
