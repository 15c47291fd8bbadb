//! The markers as people are told of them, and the check of a file that replaces them.

use std::borrow::Cow;

use serde::Serialize;

use super::entries::{self, At, Book, Class, Entry, Kind, Mistake};
use super::{Catalogue, DetectError, Detector};
use crate::domain::digest::catalogue_digest;
use crate::domain::evidence::Strength;
use crate::domain::ids::{CatalogueDigest, ObjectFormat, ObjectId, RefName};
use crate::domain::object::{Commit, Ident};
use crate::domain::policy::Detect;

/// A catalogue as it is told.
#[derive(Debug, Clone, Serialize)]
pub struct Listing {
    /// Its own version.
    pub version: String,
    /// Of its bytes.
    pub digest: CatalogueDigest,
    /// The file's path as the policy has it; none for the built-in one.
    pub file: Option<String>,
    /// In its order.
    pub markers: Vec<Listed>,
}

/// A marker as it is told.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// Its stable name.
    pub name: String,
    /// The tool it tells; none where the value names it.
    pub tool: Option<String>,
    /// The sort: `tool`, `trailer`, `phrase`, `link`, `notes` or `rule`.
    pub kind: &'static str,
    /// What it proves at most.
    pub strength: Strength,
    /// What is looked at.
    pub looks_at: &'static str,
    /// The texts looked for.
    pub texts: Vec<String>,
    /// When commits had it first, where that is known.
    pub since: Option<String>,
    /// Where that can be read.
    pub source: String,
    /// Lines that it finds.
    pub finds: Vec<String>,
    /// Lines that it does not find, though they look like it.
    pub misses: Vec<String>,
    /// False where the rest depends on it.
    pub can_be_disabled: bool,
    /// Whether the policy did.
    pub disabled: bool,
}

/// The book of a policy, and whether it is only the stand-in for a file that is elsewhere.
pub(super) fn book(policy: &Detect) -> Result<(Cow<'static, Book>, bool), DetectError> {
    match &policy.catalogue {
        None => Ok((Cow::Borrowed(entries::builtin()?), false)),
        Some(file) => match &file.text {
            None => Ok((Cow::Borrowed(entries::builtin()?), true)),
            Some(text) => {
                let broken = |all: Vec<Mistake>| {
                    let first = all.into_iter().next().map(|m| m.message).unwrap_or_default();
                    DetectError::Broken(first)
                };
                Ok((Cow::Owned(entries::read(text).map_err(broken)?), false))
            }
        },
    }
}

/// All markers of a policy's catalogue.
///
/// # Errors
/// Where it can't be read.
pub fn listing(policy: &Detect) -> Result<Listing, DetectError> {
    let (book, is_stand_in) = book(policy)?;
    let file = policy.catalogue.as_ref().filter(|_| !is_stand_in);
    let text = file.and_then(|f| f.text.as_deref()).unwrap_or(entries::MARKERS);
    let disabled = |entry: &Entry| policy.disable.contains(&entry.name);
    Ok(Listing {
        version: book.version.clone(),
        digest: catalogue_digest(text.as_bytes()),
        file: file.map(|f| f.path.clone()),
        markers: book.entries.iter().map(|e| listed(e, disabled(e))).collect(),
    })
}

fn listed(entry: &Entry, disabled: bool) -> Listed {
    let (kind, looks_at) = match (entry.kind, entry.class, entry.at) {
        (Kind::Tool, ..) => ("tool", "author, committer, trailers and footers that name it"),
        (Kind::Trailer, Some(Class::CoAuthor), _) => ("trailer", "the names in these trailers"),
        (Kind::Trailer, Some(Class::Session), _) => ("trailer", "a tool's own trailer"),
        (Kind::Trailer, Some(Class::Declare), _) => ("trailer", "what the author declares"),
        (Kind::Trailer, Some(Class::Denial), _) => ("trailer", "a \"no\"; it is no evidence"),
        (Kind::Trailer, Some(Class::Review), _) => ("trailer", "who looked at the change"),
        (Kind::Trailer, ..) => ("trailer", "who or what these keys name"),
        (Kind::Phrase, _, At::Subject) => ("phrase", "the beginning of the subject"),
        (Kind::Phrase, _, At::Line) => ("phrase", "the beginning of a line"),
        (Kind::Phrase, ..) => ("phrase", "every line"),
        (Kind::Link, ..) => ("link", "links, by host and beginning of the path"),
        (Kind::Notes, ..) => ("notes", "what the notes of these refs say of a commit"),
        (Kind::Rule, ..) => ("rule", "a rule of the scanner"),
    };
    Listed {
        name: entry.name.clone(),
        tool: entry.tool.clone(),
        kind,
        strength: entry.strength,
        looks_at,
        texts: entry.literals().cloned().collect(),
        since: entry.since.clone(),
        source: entry.source.clone(),
        finds: entry.finds.clone(),
        misses: entry.misses.clone(),
        can_be_disabled: !entry.fixed,
        disabled,
    }
}

/// Checks a file that is to replace the built-in catalogue, its examples included; gives the
/// names that `disable` may hold.
///
/// # Errors
/// Every mistake.
pub fn check_catalogue(text: &str) -> Result<Vec<String>, Vec<Mistake>> {
    let book = entries::read(text)?;
    let whole = |message: String| {
        vec![Mistake { span: 0..0, message, help: "take out what the message names" }]
    };
    let catalogue = Catalogue::new(&book, &[], &[]).map_err(|e| whole(e.to_string()))?;
    let detector = Detector::of(catalogue);
    let wrong = |(entry, span): (&Entry, &std::ops::Range<usize>)| {
        let (line, finds) = fault(&detector, entry)?;
        let (does, help) = match finds {
            true => ("does not find", "mend its patterns, or the line in finds"),
            false => ("counts", "mend its patterns, or the line in misses"),
        };
        let message = format!("marker \"{}\" {does} its example \"{line}\"", entry.name);
        Some(Mistake { span: span.clone(), message, help })
    };
    let mistakes: Vec<_> = book.entries.iter().zip(&book.spans).filter_map(wrong).collect();
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    Ok(book.entries.into_iter().filter(|e| !e.fixed).map(|e| e.name).collect())
}

/// The first line that a marker should find and does not (`true`), or finds and should not.
pub(super) fn fault(detector: &Detector, entry: &Entry) -> Option<(String, bool)> {
    let found = |line: &str| {
        if let (Kind::Notes, Some(name)) = (entry.kind, entry.refs.first()) {
            let name = RefName::new(name.replace('*', "x"));
            return detector.note(&name, line.as_bytes()).into_iter().collect();
        }
        let message = match line.strip_prefix("SUBJECT ") {
            Some(subject) => subject.to_owned(),
            None => format!("Fix the parser\n\n{line}\n"),
        };
        detector.commit(&example(message)).evidence
    };
    let finds = |line: &&String| {
        let counts = entry.strength.counts();
        !found(line).iter().any(|e| e.marker == entry.name && e.strength.counts() == counts)
    };
    let missed = entry.finds.iter().find(finds).map(|line| (line.clone(), true));
    missed.or_else(|| {
        let counts = |line: &&String| found(line).iter().any(|e| e.strength.counts());
        entry.misses.iter().find(counts).map(|line| (line.clone(), false))
    })
}

/// A commit of a person's.
fn example(message: String) -> Commit {
    let id = ObjectId::zero(ObjectFormat::Sha1);
    let jane = Ident { name: b"Jane Doe".to_vec(), email: b"jane@example.org".to_vec() };
    Commit {
        id,
        tree: id,
        parents: Vec::new(),
        author: jane.clone(),
        committer: jane,
        encoding: None,
        extra_headers: Vec::new(),
        message: message.into_bytes(),
    }
}
