//! The shape of `markers.toml`, the built-in markers as data, and of a file that replaces it.
//!
//! Owns what in such a file is a mistake, and where. It must not read files.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use serde::Deserialize;
use toml::Spanned;

use super::DetectError;
use crate::domain::evidence::Strength;

/// `markers.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    #[serde(rename = "marker")]
    markers: Vec<Spanned<Entry>>,
}

/// A catalogue, read.
#[derive(Debug, Clone)]
pub(super) struct Book {
    /// Its own version.
    pub(super) version: String,
    pub(super) entries: Vec<Entry>,
    /// Where each stands; none for those that the program itself adds.
    pub(super) spans: Vec<Range<usize>>,
}

/// What is wrong in a catalogue, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Bytes of the file.
    pub span: Range<usize>,
    /// The fact.
    pub message: String,
    /// What to write instead.
    pub help: &'static str,
}

/// One `[[marker]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// Stable: policies and reports name it.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) strength: Strength,
    #[serde(default)]
    pub(super) tool: Option<String>,
    /// When commits had it first.
    #[serde(default)]
    pub(super) since: Option<String>,
    /// Where that can be read.
    pub(super) source: String,
    /// `kind = "tool"`: whole addresses.
    #[serde(default)]
    pub(super) emails: Vec<String>,
    /// `kind = "tool"`: addresses that people share with it, taken only beside its name.
    #[serde(default)]
    pub(super) shared_emails: Vec<String>,
    /// `kind = "tool"`: logins at GitHub; the address may lead with any account number.
    #[serde(default)]
    pub(super) logins: Vec<String>,
    /// `kind = "tool"`: names that nothing and nobody else has.
    #[serde(default)]
    pub(super) names: Vec<String>,
    /// `kind = "tool"`: addresses that look like it and are not: release robots.
    #[serde(default)]
    pub(super) not_emails: Vec<String>,
    /// `kind = "tool"`: names that other things have too.
    #[serde(default)]
    pub(super) nicknames: Vec<String>,
    /// `kind = "tool"`: names that people have too.
    #[serde(default)]
    pub(super) first_names: Vec<String>,
    /// `kind = "tool"`: model families, a name only with a version after it.
    #[serde(default)]
    pub(super) models: Vec<String>,
    /// `kind = "tool"`: it mostly reviews, so "assisted" by it says no more.
    #[serde(default)]
    pub(super) reviewer: bool,
    /// `kind = "tool"`: `Jane Doe (nickname)` as a name means it, not an employer.
    #[serde(default)]
    pub(super) suffix: bool,
    /// `kind = "trailer"`.
    #[serde(default)]
    pub(super) keys: Vec<String>,
    #[serde(default)]
    pub(super) class: Option<Class>,
    /// `kind = "trailer"`: a value that is no person counts though no tool is known by it.
    #[serde(default)]
    pub(super) open: bool,
    /// `kind = "trailer"`: too common a key to count without a tool or a "yes".
    #[serde(default)]
    pub(super) strict: bool,
    /// `kind = "trailer"`: at the start of a line and without a colon it is a heading.
    #[serde(default)]
    pub(super) heading: bool,
    /// `kind = "trailer"`: values that count, by their start; empty: any.
    #[serde(default)]
    pub(super) values: Vec<String>,
    /// The rest depends on it: no policy can switch it off.
    #[serde(default)]
    pub(super) fixed: bool,
    /// `kind = "phrase"`.
    #[serde(default)]
    pub(super) phrases: Vec<String>,
    #[serde(default)]
    pub(super) at: At,
    /// `kind = "link"`: host and beginning of the path.
    #[serde(default)]
    pub(super) links: Vec<String>,
    /// `kind = "notes"`: refs, in full or with a `*` at the end.
    #[serde(default)]
    pub(super) refs: Vec<String>,
    /// Lines that it must find, and near misses that it must not; whole notes for a ref.
    pub(super) finds: Vec<String>,
    pub(super) misses: Vec<String>,
}

/// What a marker looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    Tool,
    Trailer,
    Phrase,
    Link,
    /// A ref whose notes tell who wrote what.
    Notes,
    /// Built into the scanner; here are its name and strength.
    Rule,
}

/// What a trailer's key says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Class {
    /// Somebody made it together with the author.
    CoAuthor,
    /// Something helped to make it.
    Assist,
    /// A statement about AI: yes, no, or with what.
    Declare,
    /// A tool's own trailer: its presence tells.
    Session,
    /// Somebody looked at it.
    Review,
    /// `Signed-off-by`.
    SignOff,
    /// A statement that no AI was used.
    Denial,
}

/// Where a phrase has to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum At {
    #[default]
    Anywhere,
    /// First in its line, decoration aside; written as it stands.
    Line,
    /// First in the message; written as it stands.
    Subject,
}

/// The built-in catalogue's text.
pub(super) const MARKERS: &str = include_str!("markers.toml");

static BUILT_IN: LazyLock<Result<Book, toml::de::Error>> = LazyLock::new(|| {
    let file: File = toml::from_str(MARKERS)?;
    let spans = file.markers.iter().map(Spanned::span).collect();
    let entries = file.markers.into_iter().map(Spanned::into_inner).collect();
    Ok(Book { version: file.version, entries, spans })
});

/// The built-in catalogue.
pub(super) fn builtin() -> Result<&'static Book, DetectError> {
    BUILT_IN.as_ref().map_err(|error| DetectError::Catalogue(error.clone()))
}

/// Markers of a catalogue, and literals of all of them together.
const MOST_MARKERS: usize = 2_000;
const MOST_LITERALS: usize = 50_000;

/// A catalogue that replaces the built-in one. The keys that four eyes depend on (`fixed`)
/// are not its to leave out: the built-in ones stand in.
pub(super) fn read(text: &str) -> Result<Book, Vec<Mistake>> {
    let file: File = toml::from_str(text).map_err(|e| {
        let span = e.span().unwrap_or(0..0);
        let help = "it has the shape of src/detect/markers.toml of the program's source";
        vec![Mistake { span, message: e.message().trim().replace('\n', "; "), help }]
    })?;
    let mut mistakes = Vec::new();
    let mut names = BTreeMap::new();
    let mut literals = 0_usize;
    for marker in &file.markers {
        let (entry, span) = (marker.get_ref(), marker.span());
        let mut wrong = |message: String, help: &'static str| {
            mistakes.push(Mistake { span: span.clone(), message, help });
        };
        if !is_name(&entry.name) {
            let help = "take letters a-z A-Z, digits, \"_\", \"-\" and \".\", at most 100";
            wrong(format!("\"{}\" can't be the name of a marker", entry.name), help);
        }
        if names.insert(entry.name.clone(), ()).is_some() {
            let help = "take another name, or put both in one";
            wrong(format!("a marker \"{}\" is there already", entry.name), help);
        }
        for email in entry.emails.iter().chain(&entry.shared_emails) {
            let is_whole = email.split('@').count() == 2 && !email.starts_with('@');
            if !is_whole {
                let help = "write a whole address: people share a vendor's domain";
                wrong(format!("\"{email}\" is no address"), help);
            }
        }
        if (entry.kind == Kind::Trailer) != entry.class.is_some() {
            let help = "a trailer has a class, nothing else has one";
            wrong(format!("\"class\" and kind of \"{}\" do not go together", entry.name), help);
        }
        if entry.misses.is_empty() || (entry.finds.is_empty() && !entry.fixed) {
            let help = "add finds and misses: a line that it must find, and one that it must not";
            wrong(format!("marker \"{}\" has no example", entry.name), help);
        }
        literals += entry.literals().count();
    }
    let start = file.markers.first().map_or(0..0, Spanned::span);
    if file.markers.len() > MOST_MARKERS || literals > MOST_LITERALS {
        let message = format!("more than {MOST_MARKERS} markers or {MOST_LITERALS} texts");
        mistakes.push(Mistake { span: start, message, help: "take the list of another source" });
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let spans = file.markers.iter().map(Spanned::span).collect();
    let mut entries: Vec<Entry> = file.markers.into_iter().map(Spanned::into_inner).collect();
    let built_in = BUILT_IN.iter().flat_map(|book| &book.entries).filter(|e| e.fixed);
    entries.extend(built_in.filter(|e| !names.contains_key(&e.name)).cloned());
    Ok(Book { version: file.version, entries, spans })
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !name.is_empty()
        && name.len() <= 100
        && !name.starts_with(['.', '-'])
        && name.chars().all(plain)
}

impl Entry {
    /// All texts that it looks for.
    pub(super) fn literals(&self) -> impl Iterator<Item = &String> {
        let own = [&self.emails, &self.shared_emails, &self.logins, &self.names, &self.nicknames];
        let more = [&self.first_names, &self.models, &self.keys, &self.phrases, &self.links];
        own.into_iter().chain(more).chain([&self.refs]).flatten()
    }
}
