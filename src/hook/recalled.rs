//! What memory is asked about commits, what it answered, and how that is said (G9).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::look::Looked;
use crate::domain::ids::{ChangeDigest, ObjectId, RepositoryName};
use crate::domain::memory::{
    Basis, FileRecollection, Fingerprint, Place, Recollection, Source, Sources, Trace,
};
use crate::store::memory::{Asked, Recalled};

/// A commit that was looked at and not yet answered for.
pub(super) struct Pending {
    pub(super) id: ObjectId,
    pub(super) change: Option<ChangeDigest>,
    pub(super) looked: Looked,
}

pub(super) fn questions(pending: &[Pending]) -> Asked {
    let mut asked = Asked::default();
    for commit in pending {
        asked.commits.push(commit.id);
        asked.changes.extend(commit.change);
        asked.blobs.extend(commit.looked.files.iter().map(|f| f.side.id));
        let runs = commit.looked.files.iter().flat_map(|f| f.added.runs());
        asked.runs.extend(runs.map(|(_, run)| run));
    }
    asked.blobs.sort_unstable();
    asked.blobs.dedup();
    asked.runs.sort_unstable();
    asked.runs.dedup();
    asked
}

/// Adds to an answer what this very push shows: a copy that comes with the original is one.
pub(super) fn with_own(mut recalled: Recalled, own: &[(Trace, Source)]) -> Recalled {
    for (trace, commit) in own {
        let place = recalled.commits.len();
        recalled.commits.push(commit.clone());
        recalled.changes.extend(trace.change.map(|change| (change, place)));
        recalled.blobs.extend(trace.blobs.iter().map(|blob| (*blob, place)));
        recalled.runs.extend(trace.runs.iter().map(|(run, file)| (*run, place, *file)));
    }
    recalled
}

/// What the store answered, by what was asked.
#[derive(Default)]
pub(super) struct Answers {
    commits: Vec<Source>,
    itself: HashMap<ObjectId, Sources>,
    changes: HashMap<ChangeDigest, Sources>,
    blobs: HashMap<ObjectId, Sources>,
    runs: HashMap<i64, Sources>,
}

/// Runs that so many people showed, in as many files, are everybody's.
const COMMON: usize = 3;

impl Answers {
    pub(super) fn new(recalled: Recalled) -> Self {
        let mut all = Self { commits: recalled.commits, ..Self::default() };
        for (commit, source) in recalled.itself {
            all.itself.entry(commit).or_default().push(source);
        }
        for (digest, source) in recalled.changes {
            all.changes.entry(digest).or_default().push(source);
        }
        for (blob, source) in recalled.blobs {
            all.blobs.entry(blob).or_default().push(source);
        }
        let mut files: HashMap<i64, BTreeSet<i64>> = HashMap::new();
        for (run, source, file) in recalled.runs {
            let sources = all.runs.entry(run.0).or_default();
            if !sources.contains(&source) {
                sources.push(source);
            }
            files.entry(run.0).or_default().insert(file);
        }
        all.runs.retain(|run, sources| {
            let people: BTreeSet<_> = sources
                .iter()
                .filter_map(|s| all.commits.get(*s))
                .map(|s| (&s.repository, &s.first_pusher))
                .collect();
            people.len() < COMMON || files.get(run).is_none_or(|files| files.len() < COMMON)
        });
        all
    }

    /// What memory has of a commit, with the sources that it needs alone.
    pub(super) fn of(&self, commit: &Pending) -> Option<Recollection> {
        let mut places: BTreeMap<usize, usize> = BTreeMap::new();
        let mut kept = Vec::new();
        let mut own = |sources: Option<&Sources>| -> Sources {
            let sources = sources.map_or(&[][..], Vec::as_slice);
            let place = |place: &usize| {
                let source = self.commits.get(*place)?;
                Some(*places.entry(*place).or_insert_with(|| {
                    kept.push(source.clone());
                    kept.len() - 1
                }))
            };
            sources.iter().filter_map(place).collect()
        };
        let itself = own(self.itself.get(&commit.id));
        let change = own(commit.change.as_ref().and_then(|digest| self.changes.get(digest)));
        let mut files = Vec::new();
        for file in &commit.looked.files {
            let blob = own(self.blobs.get(&file.side.id));
            let runs = file.added.runs().into_iter();
            let runs: BTreeMap<Place, Sources> = runs
                .filter_map(|(place, run)| Some((place, own(Some(self.runs.get(&run.0)?)))))
                .collect();
            if !blob.is_empty() || !runs.is_empty() {
                // What is known within comments is on top.
                let known: BTreeSet<usize> = runs.keys().flatten().copied().collect();
                let (path, lines) = (file.path.clone(), file.added.distinct().max(known.len()));
                let whole = BTreeMap::new();
                files.push(FileRecollection { path, lines, blob, runs, whole });
            }
        }
        let lines = commit.looked.distinct().max(files.iter().map(|f| f.lines).sum());
        (!kept.is_empty()).then(|| Recollection {
            sources: kept,
            itself,
            change,
            lines,
            files,
            ..Recollection::default()
        })
    }

    /// Adds what is remembered of a whole file, by its runs.
    pub(super) fn add_whole(
        &self,
        found: &mut Recollection,
        file: usize,
        runs: &[(Place, Fingerprint)],
    ) {
        let mut whole = BTreeMap::new();
        for (at, run) in runs {
            let Some(sources) = self.runs.get(&run.0) else { continue };
            let mut places = Sources::new();
            for source in sources.iter().filter_map(|place| self.commits.get(*place)) {
                let known = found.sources.iter().position(|s| s.commit == source.commit);
                places.push(known.unwrap_or_else(|| {
                    found.sources.push(source.clone());
                    found.sources.len() - 1
                }));
            }
            whole.insert(*at, places);
        }
        if let Some(file) = found.files.get_mut(file) {
            file.whole = whole;
        }
    }
}

/// What memory says, for the pusher. Of another repository only a decision to ask about.
pub(super) fn words(basis: &Basis<'_>, here: &RepositoryName) -> String {
    let shown = |s: &Source| {
        if s.repository != *here {
            return format!("in another repository, see decision {}", s.decision);
        }
        let day = s.at.to_string();
        let day = day.get(..10).unwrap_or(&day).to_owned();
        let by = s.first_pusher.as_ref().map_or_else(String::new, |p| format!(" by {p}"));
        format!("pushed {day}{by} with \"{}\"", s.evidence)
    };
    let of = |s: &Source| match s.repository == *here {
        true => format!("{}, {}", s.commit.short(), shown(s)),
        false => format!("a commit {}", shown(s)),
    };
    match basis {
        Basis::Itself(s) => format!("shown as AI-assisted before, {}", shown(s)),
        Basis::Change(s) => format!("same change as {}", of(s)),
        Basis::File(s, path) => format!("same file {path} as {}", of(s)),
        Basis::Lines { source, seen, of: all, files } => {
            let mut shown: Vec<_> = files.iter().take(3).map(ToString::to_string).collect();
            if files.len() > shown.len() {
                shown.push(format!("{} more", files.len() - shown.len()));
            }
            let shown = shown.join(", ");
            format!("{seen} of {all} added lines ({shown}) as in {}", of(source))
        }
        Basis::Spread(source, lines) => {
            format!("with others of this push {lines} added lines as in {}", of(source))
        }
    }
}
