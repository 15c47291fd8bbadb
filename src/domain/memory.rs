//! What the gate remembers of AI-assisted changes, and when a later commit is one of them
//! (G9). Pure: the questions were asked before.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{ChangeDigest, DecisionId, Login, ObjectId, RepoPath, RepositoryName};

/// Lines of a run: what is hashed together.
pub const RUN: usize = 2;

/// Where a run stands: the numbers of its lines. The same line has the same number in a file.
pub type Place = [usize; RUN];

/// A run of added lines, hashed: the first eight bytes of a SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub i64);

/// What is remembered of one AI-assisted commit: hashes and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The commit.
    pub commit: ObjectId,
    /// The push that showed it first.
    pub decision: DecisionId,
    /// What it does; `None` for a merge, and where that has no weight.
    pub change: Option<ChangeDigest>,
    /// Blobs that it made and that have weight.
    pub blobs: BTreeSet<ObjectId>,
    /// Runs of its added lines, each with a hash of the path that it stands in.
    pub runs: BTreeSet<(Fingerprint, i64)>,
    /// How many distinctive lines it adds.
    pub lines: usize,
    /// Whether only memory tells that it is AI-assisted: then it holds what was known of it,
    /// to be discharged when it lands, and is evidence of nothing.
    pub echo: bool,
}

/// From when on a commit is one of those remembered; `[detect]` of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Fewer lines than this tell nothing (`memory_lines`).
    pub lines: usize,
    /// This many of a hundred distinctive added lines (`memory_share`).
    pub share: usize,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { lines: 8, share: 50 }
    }
}

/// Fewer lines than this, and no third of what anybody showed, may be an idiom or a scaffold
/// that two people took from the same manual: then so many of a hundred have to be known.
const FEW: usize = 12;
const FEW_SHARE: usize = 80;
const FEW_PART: usize = 3;

impl Thresholds {
    /// Whether most of what somebody showed is seen again.
    fn is_most(self, seen: usize, of: usize) -> bool {
        of > 0 && seen >= self.lines && seen.saturating_mul(100) >= of.saturating_mul(self.share)
    }

    /// Whether most of a file or of a commit was seen before, which may be an idiom.
    fn makes_up(self, seen: usize, of: usize, idiom: bool) -> bool {
        let share = if idiom && seen < FEW { self.share.max(FEW_SHARE) } else { self.share };
        Self { share, ..self }.is_most(seen, of)
    }
}

/// An earlier commit that something was learned from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The commit.
    pub commit: ObjectId,
    /// Where it was shown.
    pub repository: RepositoryName,
    /// By whom.
    pub first_pusher: Option<Login>,
    /// When.
    pub at: Timestamp,
    /// The line that gave it away, escaped.
    pub evidence: String,
    /// The push that showed it.
    pub decision: DecisionId,
    /// How many distinctive lines it added.
    pub lines: usize,
    /// Whether only memory told it.
    pub echo: bool,
    /// Names of the rules for which it has landed in the repository of the push.
    pub landed_for: BTreeSet<String>,
}

/// Places in [`Recollection::sources`].
pub type Sources = Vec<usize>;

/// What memory says of one commit; thresholds, landings and corrections aside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recollection {
    /// Everything that matched was learned from these.
    pub sources: Vec<Source>,
    /// Itself, where it was shown as AI-assisted before.
    pub itself: Sources,
    /// Who made the same change.
    pub change: Sources,
    /// Distinctive lines that the commit adds.
    pub lines: usize,
    /// Its files of which anything is remembered.
    pub files: Vec<FileRecollection>,
    /// How many lines of a source all new commits of a rule add together, by the rule's
    /// place and the source's: somebody may have split them.
    pub spread: BTreeMap<(usize, usize), usize>,
    /// The rules, by place, for which it counts; what the commit takes back aside.
    pub rules: BTreeSet<usize>,
}

/// One file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRecollection {
    /// Where.
    pub path: RepoPath,
    /// Different distinctive lines that are added to it.
    pub lines: usize,
    /// Who made the same blob.
    pub blob: Sources,
    /// Runs that are remembered.
    pub runs: BTreeMap<Place, Sources>,
    /// The same of the whole file as it is then: somebody may have brought the rest before.
    pub whole: BTreeMap<Place, Sources>,
}

/// Why a commit is AI-assisted by memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis<'a> {
    /// It was shown so itself.
    Itself(&'a Source),
    /// It makes the same change.
    Change(&'a Source),
    /// It makes the same file.
    File(&'a Source, &'a RepoPath),
    /// It adds lines that were seen.
    Lines {
        /// Who most of them were learned from.
        source: &'a Source,
        /// How many.
        seen: usize,
        /// Of how many.
        of: usize,
        /// Where.
        files: Vec<&'a RepoPath>,
    },
    /// It and other new commits add lines of one that was seen.
    Spread(&'a Source, usize),
}

impl<'a> Basis<'a> {
    /// The commit that it was learned from, or most of it.
    #[must_use]
    pub fn source(&self) -> &'a Source {
        match self {
            Self::Itself(source) | Self::Change(source) | Self::File(source, _) => source,
            Self::Lines { source, .. } | Self::Spread(source, _) => source,
        }
    }
}

/// Lines seen, of one file or of a commit.
#[derive(Default)]
struct Seen {
    lines: usize,
    by_source: BTreeMap<usize, usize>,
}

/// For which rule memory is asked, and what seniors have said of it.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The rule's place in the policy.
    pub rule: usize,
    /// Its name.
    pub name: &'a str,
    /// Earlier commits whose weight was taken away.
    pub corrected: &'a BTreeSet<ObjectId>,
    /// From when on it counts.
    pub thresholds: Thresholds,
}

impl Recollection {
    /// Why the commit is AI-assisted for a rule; `None` where it is not.
    #[must_use]
    pub fn basis(&self, question: Question<'_>) -> Option<Basis<'_>> {
        let alive = |sources: &Sources| self.alive(sources, question).next();
        if let Some(source) = alive(&self.itself) {
            return Some(Basis::Itself(self.sources.get(source)?));
        }
        if let Some(source) = alive(&self.change) {
            return Some(Basis::Change(self.sources.get(source)?));
        }
        for file in &self.files {
            if let Some(source) = alive(&file.blob) {
                return Some(Basis::File(self.sources.get(source)?, &file.path));
            }
        }
        self.lines(question).or_else(|| self.spread(question))
    }

    /// Whether the commit itself was shown with a mark of its own.
    #[must_use]
    pub fn was_shown(&self) -> bool {
        self.itself.iter().filter_map(|place| self.sources.get(*place)).any(|s| !s.echo)
    }

    /// Lines of each source that still has weight.
    #[must_use]
    pub fn seen_of(&self, question: Question<'_>) -> BTreeMap<usize, usize> {
        let mut all = BTreeMap::new();
        for (source, lines) in
            self.files.iter().flat_map(|f| self.seen(&f.runs, question).by_source)
        {
            *all.entry(source).or_default() += lines;
        }
        all
    }

    fn spread(&self, question: Question<'_>) -> Option<Basis<'_>> {
        let seen = self.seen_of(question);
        let spread = self.spread.iter().filter(|((rule, _), _)| *rule == question.rule);
        let mut is_most = spread.filter_map(|((_, place), lines)| {
            let source = self.sources.get(*place).filter(|_| seen.contains_key(place))?;
            question.thresholds.is_most(*lines, source.lines).then_some((source, *lines))
        });
        is_most.next().map(|(source, lines)| Basis::Spread(source, lines))
    }

    /// Most lines of the commit, most of one of its files, or most of what one earlier
    /// commit added.
    fn lines(&self, question: Question<'_>) -> Option<Basis<'_>> {
        let thresholds = question.thresholds;
        let (mut all, mut files, mut shares) = (Seen::default(), Vec::new(), Vec::new());
        for file in &self.files {
            let seen = self.seen(&file.runs, question);
            shares.push((seen.lines, file.lines));
            if seen.lines > 0 {
                files.push(&file.path);
            }
            all.lines += seen.lines;
            for (source, lines) in seen.by_source {
                *all.by_source.entry(source).or_default() += lines;
            }
        }
        shares.push((all.lines, self.lines));
        let is_part = |(source, seen): (&usize, &usize)| {
            let of = self.sources.get(*source).map(|s| s.lines);
            of.is_some_and(|of| seen.saturating_mul(FEW_PART) >= of)
        };
        let idiom = !all.by_source.iter().any(is_part);
        let mut is_most = shares.iter().any(|(seen, of)| thresholds.makes_up(*seen, *of, idiom));
        let mut whole: BTreeMap<usize, usize> = BTreeMap::new();
        for file in &self.files {
            for (source, lines) in self.seen(&file.whole, question).by_source {
                *whole.entry(source).or_default() += lines;
            }
        }
        is_most |= all.by_source.iter().any(|(source, seen)| {
            let seen = whole.get(source).copied().unwrap_or_default().max(*seen);
            self.sources.get(*source).is_some_and(|s| thresholds.is_most(seen, s.lines))
        });
        let (source, _) = all.by_source.iter().max_by_key(|(_, lines)| **lines)?;
        is_most.then_some(Basis::Lines {
            source: self.sources.get(*source)?,
            seen: all.lines,
            of: self.lines,
            files,
        })
    }

    fn seen(&self, runs: &BTreeMap<Place, Sources>, question: Question<'_>) -> Seen {
        let mut lines: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (place, sources) in runs {
            for source in self.alive(sources, question) {
                for line in place {
                    lines.entry(*line).or_default().insert(source);
                }
            }
        }
        let mut seen = Seen { lines: lines.len(), by_source: BTreeMap::new() };
        for source in lines.into_values().flatten() {
            *seen.by_source.entry(source).or_default() += 1;
        }
        seen
    }

    /// Those of whom something still has weight: what has landed is nobody's evidence,
    /// from whichever commit it was learned.
    fn alive(&self, sources: &Sources, question: Question<'_>) -> impl Iterator<Item = usize> {
        let of = |place: &usize| self.sources.get(*place);
        let landed = sources.iter().filter_map(of).any(|s| s.landed_for.contains(question.name));
        let standing = |place: &usize| {
            of(place).is_some_and(|s| !s.echo && !question.corrected.contains(&s.commit))
        };
        let alive: Vec<usize> =
            if landed { Vec::new() } else { sources.iter().copied().filter(standing).collect() };
        alive.into_iter()
    }
}
