//! What the scan of one commit or tag has found so far.
//!
//! Owns the limit on evidence (G20) and that the same marker in the same place is told
//! once, however many readings of the text show it.

use super::catalogue::{Marker, MarkerIndex};
use super::identity::Address;
use crate::domain::escape::escape_short;
use crate::domain::evidence::{
    CoAuthor, Declared, Detection, Evidence, MarkerKind, Place, Strength,
};
use crate::domain::object::Ident;

/// Pieces of evidence kept of one commit or tag.
pub const EVIDENCE_KEPT: usize = 64;

/// Characters shown of a piece of evidence.
const CHARACTERS_SHOWN: usize = 200;

/// Which text is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source<'a> {
    Message,
    Header(&'a [u8]),
    Tag,
    Author,
    Committer,
    Tagger,
}

impl Source<'_> {
    /// The place of a line of it.
    pub(super) fn place(self, number: usize) -> Place {
        match self {
            Self::Message => Place::Line(number),
            Self::Header(name) => Place::Header(escape_short(name, 64), number),
            Self::Tag => Place::Tag(number),
            Self::Author => Place::Author,
            Self::Committer => Place::Committer,
            Self::Tagger => Place::Tag(0),
        }
    }

    /// What an agent's identity there proves: it wrote the commit, or had a hand in it.
    pub(super) fn identity(self) -> (MarkerKind, Strength) {
        match self {
            Self::Author => (MarkerKind::Author, Strength::Authorship),
            Self::Committer | Self::Tagger => (MarkerKind::Committer, Strength::Assistance),
            Self::Message | Self::Header(_) | Self::Tag => {
                (MarkerKind::TrailerIdentity, Strength::Assistance)
            }
        }
    }
}

/// Grows while a commit is read.
#[derive(Debug, Default)]
pub(super) struct Findings {
    detection: Detection,
    /// Whether a key stands in a block of code: what it says depends on the whole message.
    pub(super) in_code: bool,
}

/// One piece to be told.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    /// Its marker.
    pub(super) marker: &'a Marker,
    /// The tool, where the value names one that the marker does not.
    pub(super) tool: Option<&'a str>,
    pub(super) kind: MarkerKind,
    pub(super) strength: Strength,
    pub(super) place: Place,
    /// Raw bytes.
    pub(super) text: &'a [u8],
    pub(super) quotation: bool,
}

impl Findings {
    /// Tells a piece, if there is room and the place does not tell it already. One that
    /// counts always finds room: it takes the place of one that does not.
    pub(super) fn tell(&mut self, piece: Piece<'_>) {
        let told = &mut self.detection.evidence;
        let same =
            told.iter_mut().find(|e| e.marker == piece.marker.name && e.place == piece.place);
        if let Some(same) = same {
            if piece.strength < same.strength {
                (same.strength, same.kind) = (piece.strength, piece.kind);
            }
            return;
        }
        if told.len() >= EVIDENCE_KEPT {
            if !piece.strength.counts() || told.iter().any(|e| e.strength.counts()) {
                return;
            }
            told.pop();
        }
        told.push(Evidence {
            marker: piece.marker.name.clone(),
            tool: piece.tool.map(str::to_owned).or_else(|| piece.marker.tool.clone()),
            kind: piece.kind,
            strength: piece.strength,
            place: piece.place,
            text: escape_short(piece.text, CHARACTERS_SHOWN),
            quotation: piece.quotation,
        });
    }

    /// A declaration; `Yes` stands, whatever else is said.
    pub(super) fn declare(&mut self, declared: Declared) {
        let now = &mut self.detection.declared;
        *now = match (*now, declared) {
            (Declared::Yes, _) | (_, Declared::Yes) => Declared::Yes,
            (Declared::No, _) | (_, Declared::No) => Declared::No,
            _ => Declared::Nothing,
        };
    }

    /// Pieces told so far.
    pub(super) fn count(&self) -> usize {
        self.detection.evidence.len()
    }

    /// Adds what a part of a message says, so many lines further down.
    pub(super) fn add(&mut self, part: &Self, lines: isize) {
        let moved = |line: usize| line.saturating_add_signed(lines);
        let (all, part) = (&mut self.detection, &part.detection);
        all.evidence.extend(part.evidence.iter().cloned().map(|mut piece| {
            if let Place::Line(line) = &mut piece.place {
                *line = moved(*line);
            }
            piece
        }));
        let co_authors = part.co_authors.iter().cloned();
        all.co_authors.extend(co_authors.map(|one| CoAuthor { line: moved(one.line), ..one }));
        all.agents.extend(part.agents.iter().cloned());
        self.declare(part.declared);
    }

    /// Somebody that a co-author line names.
    pub(super) fn co_author(&mut self, name: &[u8], email: &[u8], line: usize) {
        let ident = Ident { name: name.to_vec(), email: email.to_vec() };
        self.detection.co_authors.push(CoAuthor { ident, line });
    }

    /// An address that is an agent's.
    pub(super) fn agent(&mut self, lower: &str) {
        self.detection.agents.push(lower.as_bytes().to_vec());
    }

    /// The evidence in order of place, nobody named twice in one line.
    pub(super) fn finish(mut self) -> Detection {
        let detection = &mut self.detection;
        detection.evidence.sort_by(|a, b| a.place.cmp(&b.place));
        detection.co_authors.sort_by(|a, b| (a.line, &a.ident).cmp(&(b.line, &b.ident)));
        detection.co_authors.dedup();
        detection.agents.sort();
        detection.agents.dedup();
        self.detection
    }
}

/// The addresses of a sorted list that lie in a range.
pub(super) fn within<'a>(all: &'a [Address], range: &std::ops::Range<usize>) -> &'a [Address] {
    let from = all.partition_point(|a| a.at.start < range.start);
    let to = all.partition_point(|a| a.at.end <= range.end);
    all.get(from..to.max(from)).unwrap_or_default()
}

/// A marker's tool, for evidence that another marker tells.
pub(super) fn tool(markers: &[Marker], index: MarkerIndex) -> Option<&str> {
    markers.get(index)?.tool.as_deref()
}
