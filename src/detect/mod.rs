//! Ground floor. Markers, line scanner, identities: facts to evidence, pure.
//!
//! Owns which texts tell AI use. It must not read files, refs or the store, and knows no
//! rule of the policy but its own markers.
//!
//! The way of a message: `normalise` (bytes to readings, disguises and `encodings` undone)
//! gives `text` (lines and words); `scan` walks it and finds keys (`phrases`, from the `catalogue`);
//! `trailers` and `declarations` judge a key with its value, helped by `identity` (whose
//! address or name), `value` (yes, no, a person), `prose` (said of this commit or about
//! it) and `quotation` (another message's line); `co_authors` and `author` read people,
//! `boxes` judges whole lines and `own` the policy's markers; `findings` keeps what was
//! found. Most texts never come so far: `sieve` sees by their `letters` that nothing can be
//! in them, and of a message where something may be only those `parts` are read.

mod author;
mod boxes;
mod catalogue;
mod co_authors;
mod codepages;
mod comments;
mod confusables;
mod declarations;
mod encodings;
mod entries;
mod findings;
mod identity;
mod letters;
pub mod lines;
mod listing;
mod normalise;
pub mod notes;
mod own;
mod parts;
mod phrases;
mod prose;
mod quotation;
mod scan;
mod sieve;
mod text;
mod trailers;
mod value;
mod writer;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use crate::domain::evidence::{Detection, Evidence, MarkerKind, Place, Strength};
use crate::domain::ids::Login;
use crate::domain::object::{Commit, Ident, Tag};
use crate::domain::policy::{CustomMarker, CustomPattern, Detect, Policy, Role};

use catalogue::Catalogue;
pub use entries::Mistake;
pub use findings::EVIDENCE_KEPT;
use findings::{Findings, Piece, Source};
pub use listing::{Listed, Listing, check_catalogue, listing};
use normalise::readings;
use parts::{Part, parts};
use scan::scan;
use sieve::Sort;

/// Why there is no detector.
#[derive(Debug, thiserror::Error)]
pub enum DetectError {
    /// The program's own list is broken: a bug.
    #[error("the built-in markers can't be read")]
    Catalogue(#[source] toml::de::Error),
    /// A catalogue in the policy's place of the built-in one has mistakes.
    #[error("the catalogue of markers is broken: {0}")]
    Broken(String),
    /// `disable` names one that does not exist.
    #[error("no built-in marker is called \"{0}\"")]
    UnknownMarker(String),
    /// A policy's marker has a regular expression that does not compile or is too large.
    #[error("the pattern of marker \"{marker}\" can't be used")]
    Pattern {
        /// The marker's name.
        marker: String,
        /// Where and why.
        #[source]
        source: regex::Error,
    },
    /// A policy's marker has a trailer key that git would not take for one.
    #[error("\"{key}\" of marker \"{marker}\" is not a trailer's key of two letters or more")]
    Key {
        /// The marker's name.
        marker: String,
        /// The key.
        key: String,
    },
}

/// All markers, compiled. Built once a push.
#[derive(Debug)]
pub struct Detector {
    catalogue: Catalogue,
    /// Identities in which nothing can be found: few people make many commits.
    plain: Mutex<HashSet<Ident>>,
    /// What parts of messages and identities say: tools end theirs alike.
    known: Mutex<HashMap<Vec<u8>, Arc<Findings>>>,
}

/// Identities, and parts of messages, remembered.
const KEPT: usize = 4096;

/// Bytes of the longest part that is remembered.
const LONGEST_KEPT: usize = 1024;

/// Stands for the subject before a part that is read alone.
const SUBJECT: &[u8] = b"x\n\n";

/// Names of the built-in markers, which a policy's `disable` may hold.
#[must_use]
pub fn marker_names() -> Vec<String> {
    let entries = entries::builtin().map(|book| book.entries.as_slice()).unwrap_or_default();
    entries.iter().filter(|entry| !entry.fixed).map(|entry| entry.name.clone()).collect()
}

impl Detector {
    /// The built-in markers less the disabled ones, and the policy's own.
    ///
    /// # Errors
    /// Where `disable` names no built-in marker or an own marker can't be compiled.
    pub fn new(policy: &Detect) -> Result<Self, DetectError> {
        let (book, is_foreign) = listing::book(policy)?;
        let mut disable = policy.disable.clone();
        if is_foreign {
            disable.retain(|name| book.entries.iter().any(|e| e.name == *name && !e.fixed));
        }
        Ok(Self::of(Catalogue::new(&book, &disable, &policy.markers)?))
    }

    /// The markers of a policy, and the addresses of its agents: an agent that wrote,
    /// committed or helped is evidence, whoever pushes (G8).
    ///
    /// # Errors
    /// As [`Detector::new`].
    pub fn of_policy(policy: &Policy) -> Result<Self, DetectError> {
        let mut detect = policy.detect.clone();
        let agents = policy.people.values().filter(|p| matches!(p.role, Role::Agent { .. }));
        for agent in agents {
            detect.markers.extend(agent.emails.iter().enumerate().map(|(n, email)| CustomMarker {
                name: format!("agent {} {n}", agent.id),
                tool: Some(agent.id.to_string()),
                pattern: CustomPattern::Identity(email.clone()),
                strength: Strength::Authorship,
            }));
        }
        Self::new(&detect)
    }

    /// The built-in markers alone.
    ///
    /// # Errors
    /// Only if the program's own list is broken.
    pub fn builtin() -> Result<Self, DetectError> {
        Ok(Self::of(Catalogue::new(entries::builtin()?, &[], &[])?))
    }

    fn of(catalogue: Catalogue) -> Self {
        Self { catalogue, plain: Mutex::default(), known: Mutex::default() }
    }

    /// All evidence in a commit (G6, G7, G8): author, committer, every line of the raw
    /// and of the decoded message, and of every header that is not git's own. At most 64
    /// pieces; whether any counts is right also beyond.
    #[must_use]
    pub fn commit(&self, commit: &Commit) -> Detection {
        let mut findings = Findings::default();
        // Mostly one and the same.
        let is_plain = !self.identity(&commit.author, Source::Author, &mut findings);
        if !is_plain || commit.committer != commit.author {
            self.identity(&commit.committer, Source::Committer, &mut findings);
        }
        let encoding = commit.encoding.as_deref();
        self.text(&commit.message, encoding, Source::Message, &mut findings);
        for (name, value) in &commit.extra_headers {
            self.text(value, encoding, Source::Header(name), &mut findings);
        }
        findings.finish()
    }

    /// All evidence in an annotated tag, by line of its message (G7, G17); line 0 is the
    /// tagger.
    #[must_use]
    pub fn tag(&self, tag: &Tag) -> Vec<Evidence> {
        let mut findings = Findings::default();
        if let Some(tagger) = &tag.tagger {
            self.identity(tagger, Source::Tagger, &mut findings);
        }
        self.text(&tag.message, None, Source::Tag, &mut findings);
        findings.finish().evidence
    }

    /// The evidence that an authenticated pusher is marked `agent` (G8).
    #[must_use]
    pub fn agent_pusher(login: &Login) -> Evidence {
        Evidence {
            marker: "agent-pusher".to_owned(),
            tool: None,
            kind: MarkerKind::Pusher,
            strength: Strength::Authorship,
            place: Place::Pusher,
            text: crate::domain::escape::escape_short(login.as_str().as_bytes(), 200),
            quotation: false,
        }
    }

    /// What each part of a message says, with the lines before it; before `first` there is
    /// nothing. None where the message has to be read as a whole.
    fn parts(&self, message: &[u8], first: usize) -> Option<Vec<(Arc<Findings>, isize)>> {
        let sieve = &self.catalogue.sieve;
        let parts = parts(message).filter(|parts| parts.len() > 1 && !sieve.is_blind)?;
        let read = parts
            .iter()
            .filter(|part| part.end() > first && sieve.may_hold(part.bytes, Sort::Message));
        let read: Vec<_> = read.map(|part| self.part(part)).collect::<Option<_>>()?;
        let told: usize = read.iter().map(|(part, _)| part.count()).sum();
        (told < EVIDENCE_KEPT / 2).then_some(read)
    }

    /// What one part says. None where that depends on others.
    fn part(&self, part: &Part<'_>) -> Option<(Arc<Findings>, isize)> {
        let lines = isize::try_from(part.lines).ok()?;
        if lines == 0 {
            return self.alone(part.bytes).map(|found| (Arc::new(found), 0));
        }
        let lines = lines - 2;
        let found = self.known(part.bytes, || self.alone(&[SUBJECT, part.bytes].concat()));
        found.map(|found| (found, lines))
    }

    /// What was found before, or is now.
    fn known(&self, key: &[u8], find: impl FnOnce() -> Option<Findings>) -> Option<Arc<Findings>> {
        let known = self.known.lock().ok().and_then(|known| known.get(key).cloned());
        if known.is_some() {
            return known;
        }
        let found = Arc::new(find()?);
        if key.len() <= LONGEST_KEPT
            && let Ok(mut known) = self.known.lock()
            && known.len() < KEPT
        {
            known.insert(key.to_vec(), Arc::clone(&found));
        }
        Some(found)
    }

    fn alone(&self, bytes: &[u8]) -> Option<Findings> {
        let mut findings = Findings::default();
        for text in &readings(bytes, None).texts {
            scan(&self.catalogue, text, Source::Message, &mut findings);
        }
        (!findings.in_code).then_some(findings)
    }

    /// False where nothing can be found.
    fn identity(&self, ident: &Ident, source: Source<'_>, findings: &mut Findings) -> bool {
        if self.plain.lock().is_ok_and(|plain| plain.contains(ident)) {
            return false;
        }
        let mut line = Vec::with_capacity(ident.name.len() + ident.email.len() + 3);
        line.extend_from_slice(&ident.name);
        line.extend_from_slice(b" <");
        line.extend_from_slice(&ident.email);
        line.push(b'>');
        if !self.catalogue.sieve.may_hold(&line, Sort::Identity) {
            if let Ok(mut plain) = self.plain.lock()
                && plain.len() < KEPT
            {
                plain.insert(ident.clone());
            }
            return false;
        }
        // A byte that no part of a message begins with, and who it is.
        let mut key = match source {
            Source::Author => vec![0, 0],
            Source::Committer => vec![0, 1],
            _ => vec![0, 2],
        };
        key.extend_from_slice(&line);
        let found = self.known(&key, || {
            let mut findings = Findings::default();
            for text in readings(&line, None).texts {
                author::scan_identity(&self.catalogue, &text, source, &mut findings);
            }
            let exact = String::from_utf8_lossy(&ident.email).trim().to_lowercase();
            if self.catalogue.is_agent_address(&exact) {
                findings.agent(&exact);
            }
            Some(findings)
        });
        if let Some(found) = found {
            findings.add(&found, 0);
        }
        true
    }

    fn text(
        &self,
        bytes: &[u8],
        encoding: Option<&[u8]>,
        source: Source<'_>,
        findings: &mut Findings,
    ) {
        if encoding.is_none() {
            let Some(first) = self.catalogue.sieve.first(bytes, Sort::Message) else { return };
            if source == Source::Message
                && let Some(parts) = self.parts(bytes, first)
            {
                parts.iter().for_each(|(part, lines)| findings.add(part, *lines));
                return;
            }
        }
        let readings = readings(bytes, encoding);
        for text in &readings.texts {
            scan(&self.catalogue, text, source, findings);
        }
        let unreadable = self.catalogue.rule("unreadable-message");
        if let (false, Source::Message, Some(rule)) = (readings.readable, source, unreadable)
            && let Some(marker) = self.catalogue.markers.get(rule)
        {
            findings.tell(Piece {
                marker,
                tool: None,
                kind: MarkerKind::Unreadable,
                strength: Strength::Assistance,
                place: Place::Message,
                text: encoding.unwrap_or_default(),
                quotation: false,
            });
        }
    }
}

#[cfg(test)]
mod tests;
