//! `countersign detect --repo`: commits of a repository, newest first.

use std::path::Path;

use jiff::Timestamp;

use super::records::Answer;
use super::summary::Summary;
use super::{DetectArgs, proof, strongest, told};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::out::{self, Reader};
use crate::detect::Detector;
use crate::domain::escape::escape_short;
use crate::domain::evidence::Detection;
use crate::domain::ids::ObjectId;
use crate::domain::object::Commit;
use crate::git::commit::parse_commit;
use crate::git::laptop::Named;
use crate::git::{GitError, Kind, Repo, range};

/// Bytes of a commit that is looked at. A gate's own limit may be lower.
const COMMIT_BYTES: usize = 16 << 20;
/// Commits of a history: as many as git can count.
const COMMITS: usize = i32::MAX as usize - 1;
/// Columns of what gave a commit away, and of its author and tool.
const SHOWN: usize = 72;
const NAME: usize = 20;

/// A commit, looked at.
pub(super) struct Seen {
    pub(super) commit: Commit,
    /// When it was written, by its author's clock.
    pub(super) date: String,
    pub(super) detection: Detection,
}

pub(super) fn run(
    detector: &Detector,
    dir: &Path,
    args: &DetectArgs,
    json: bool,
) -> Result<Exit, CliError> {
    let repo = Repo::discover(dir)?;
    if repo.is_shallow() {
        return Err(CliError::new("this clone is shallow: most of its history is not here")
            .hint("git fetch --unshallow"));
    }
    let ids = match repo.resolve_range(&args.range)? {
        Named::Commit(tip) => range::new_commits(&repo, tip, &[], COMMITS)?,
        Named::Range { base, tip } => range::new_commits(&repo, tip, &[base], COMMITS)?,
    };
    let bar = out::progress(ids.len(), "commits");
    let mut summary = Summary::default();
    let mut unreadable = Vec::new();
    for id in ids.iter().rev() {
        bar.inc(1);
        match look(&repo, *id, detector) {
            Ok(seen) => {
                summary.count(&seen);
                if !args.summary && bar.suspend(|| show(&seen, args.verbose, json))? == Reader::Gone
                {
                    return Ok(Exit::Done);
                }
            }
            Err(e) => unreadable.push(e),
        }
    }
    bar.finish_and_clear();
    match (args.summary, json) {
        (true, true) => out::json(&summary.as_json(unreadable.len()))?,
        (true, false) => out::print(&summary.text()),
        (false, true) => {}
        (false, false) => out::line(&summary.headline()),
    }
    let Some(first) = unreadable.first() else { return Ok(Exit::Done) };
    let n = out::count(unreadable.len(), "commit was", "commits were");
    Err(CliError::new(format!("{n} not looked at: {first}"))
        .hint("git fsck tells more; a gated ref takes no such commit"))
}

fn look(repo: &Repo, id: ObjectId, detector: &Detector) -> Result<Seen, GitError> {
    let raw = repo.raw_of(id, Kind::Commit, COMMIT_BYTES)?;
    let commit = parse_commit(id, &raw)?;
    let detection = detector.commit(&commit);
    Ok(Seen { commit, date: date(&raw), detection })
}

/// The day in the author's line; git shows the same, but for the time zone.
fn date(raw: &[u8]) -> String {
    let line = raw.split(|b| *b == b'\n').find_map(|line| line.strip_prefix(b"author "));
    let seconds = line.and_then(|line| {
        let after = line.rsplit(|b| *b == b'>').next()?;
        std::str::from_utf8(after).ok()?.split_whitespace().next()?.parse().ok()
    });
    let at = seconds.and_then(|s| Timestamp::from_second(s).ok());
    at.map_or_else(|| "-".to_owned(), |at| at.strftime("%Y-%m-%d").to_string())
}

fn show(seen: &Seen, verbose: bool, json: bool) -> Result<Reader, CliError> {
    let Seen { commit, date, detection } = seen;
    if json {
        let id = commit.id.to_string();
        let ai = detection.is_ai_assisted();
        return Ok(out::json_line(&Answer { id: &id, ai, evidence: &detection.evidence })?);
    }
    let strongest = strongest(&detection.evidence);
    if strongest.is_none() && (!verbose || detection.evidence.is_empty()) {
        return Ok(Reader::There);
    }
    let tool = strongest.map_or("-", |e| e.tool.as_deref().unwrap_or("AI"));
    let mut text = format!(
        "{}  {date:<10}  {:<NAME$}  {:<NAME$}  ",
        commit.id.short(),
        escape_short(tool.as_bytes(), NAME),
        escape_short(&commit.author.name, NAME),
    );
    if verbose {
        text.push_str(&escape_short(commit.subject(), SHOWN));
        for piece in &detection.evidence {
            text.push_str(&format!("\n    {}\n        {}", told(piece), proof(piece)));
        }
    } else if let Some(piece) = strongest {
        text.push_str(&escape_short(told(piece).as_bytes(), SHOWN));
    }
    text.push('\n');
    Ok(out::try_print(&text))
}
