//! `countersign adopt`: puts a repository that has a history behind the gate (G23).

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::error::CliError;
use super::exit::Exit;
use super::{out, policy_of, random, runtime, settings};
use crate::detect::Detector;
use crate::domain::escape::{escape, escape_short};
use crate::domain::ids::{DecisionId, ObjectId, RefName, RepositoryName};
use crate::domain::policy::Policy;
use crate::git::graph::NewGraph;
use crate::git::{Kind, Repo, range};
use crate::hook::adopt::{Lesson, OpenRef};
use crate::hook::collect::{Bench, StoreSource, View};
use crate::hook::environment::{self, Environment};
use crate::hook::names::Aliases;
use crate::hook::opened::location;
use crate::settings::Settings;
use crate::store::{self, Store, StoreError};

/// Commits of a history: as many as git can count.
const COMMITS: usize = i32::MAX as usize - 1;
/// AI-assisted commits of the base that are shown.
const SHOWN: usize = 10;
/// Where the refs of our own stand.
const RESERVED: &[u8] = b"refs/countersign/";
/// What could not be read that is shown.
const PROBLEMS: usize = 5;

/// Which repository, and what stands beside what its gated refs hold.
#[derive(Debug, Args)]
#[command(after_help = "Examples, on the Git host, as the user that runs the hooks:\n  \
    countersign --config /etc/countersign/countersign.toml adopt --repo /srv/git/api.git --dry-run\n  \
    countersign --config /etc/countersign/countersign.toml adopt --repo /srv/git/api.git")]
pub(super) struct AdoptArgs {
    /// The bare repository
    #[arg(long, value_name = "DIR")]
    repo: PathBuf,
    /// Its name, where the settings don't tell it from its folder
    #[arg(long, value_name = "NAME")]
    repository: Option<String>,
    /// A ref whose history stands too, in full; may be given again
    #[arg(long = "base", value_name = "REF")]
    bases: Vec<String>,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

/// What stands as it is.
struct Base {
    /// The refs, and the commits they end in.
    refs: Vec<(RefName, ObjectId)>,
    commits: Vec<ObjectId>,
    /// AI-assisted ones among them, newest first: id, subject, what gave it away.
    assisted: Vec<(ObjectId, String, String)>,
    unreadable: usize,
}

pub(super) fn run(args: &AdoptArgs, config: Option<&Path>, json: bool) -> Result<Exit, CliError> {
    let settings = settings(config)?;
    let policy = policy_of(&settings.policy)?;
    let detector = Detector::of_policy(&policy).map_err(CliError::new)?;
    let repo = Repo::open(&args.repo)?;
    let repository = name(args, &settings)?;
    let refs: Vec<_> = repo.refs(None)?;
    let base = base(args, &repo, &policy, &repository, &refs, &detector)?;
    let open = open(&repo, &policy, &repository, &refs, &base)?;
    let (learned, problems) = if args.dry_run || !policy.detect.memory {
        (None, Vec::new())
    } else {
        let bench = Bench {
            repo: &repo,
            repository: repository.clone(),
            policy: &policy,
            detector: &detector,
            limits: &settings.limits,
            pusher: None,
            no_pusher: None,
            unlisted_is_nobody: true,
            now: Timestamp::now(),
            id: DecisionId::from_random(random()?),
            view: View::Server,
            aliases: Aliases::new(),
        };
        let (learned, problems) = teach(&bench, &settings, &open, &base)?;
        (Some(learned), problems)
    };
    if !args.dry_run {
        // Last: one that was interrupted has adopted nothing.
        repo.add_bases(&base.refs.iter().map(|(_, id)| *id).collect())?;
    }
    if json {
        out::json(&as_json(&repository, &base, &open, learned, &problems))?;
    } else {
        told(args, &repository, &base, &open, learned);
    }
    let unread = problems.len() + base.unreadable;
    if unread == 0 {
        return Ok(Exit::Done);
    }
    let n = out::count(unread, "thing", "things");
    let mut error = CliError::new(format!("{n} could not be read, and nothing was learned of it"));
    for problem in problems.iter().take(PROBLEMS) {
        error = error.hint(problem.clone());
    }
    Err(error.hint("git fsck tells more"))
}

fn name(args: &AdoptArgs, settings: &Settings) -> Result<RepositoryName, CliError> {
    if let Some(name) = &args.repository {
        return Ok(RepositoryName::new(name.as_str()));
    }
    let folder = args.repo.canonicalize()?;
    environment::repository(&Environment::default(), settings, &folder).map_err(|finding| {
        CliError::usage(finding.message).hint("--repository NAME says what the server calls it")
    })
}

/// The tips of gated refs, of those that are named, and what was recorded before; with all
/// that is below them.
fn base(
    args: &AdoptArgs,
    repo: &Repo,
    policy: &Policy,
    repository: &RepositoryName,
    refs: &[(RefName, ObjectId)],
    detector: &Detector,
) -> Result<Base, CliError> {
    for wanted in &args.bases {
        if !refs.iter().any(|(name, _)| name.as_bytes() == wanted.as_bytes()) {
            let wanted = escape(wanted.as_bytes());
            return Err(CliError::usage(format!("there is no ref \"{wanted}\""))
                .hint("name it in full, such as refs/heads/main"));
        }
    }
    let is_named = |name: &RefName| args.bases.iter().any(|b| b.as_bytes() == name.as_bytes());
    let recorded = repo.recorded_bases()?;
    let stands = |name: &RefName, value: &ObjectId| {
        is_named(name) || recorded.has(name, value) || policy.mode_of(repository, [name]).is_some()
    };
    let mut base =
        Base { refs: Vec::new(), commits: Vec::new(), assisted: Vec::new(), unreadable: 0 };
    for (name, value) in refs.iter().filter(|(name, value)| stands(name, value)) {
        base.refs.extend(range::commit_of(repo, *value)?.map(|tip| (name.clone(), tip)));
    }
    base.commits = range::all_commits(repo, &tips(&base.refs), COMMITS)?;
    let bar = out::progress(base.commits.len(), "commits of the base");
    for id in base.commits.iter().rev() {
        bar.inc(1);
        let raw = repo.raw_of(*id, Kind::Commit, usize::MAX);
        let commit = raw.ok().and_then(|raw| crate::git::commit::parse_commit(*id, &raw).ok());
        let Some(commit) = commit else {
            base.unreadable += 1;
            continue;
        };
        let detection = detector.commit(&commit);
        if let Some(e) = detection.evidence.iter().find(|e| e.strength.counts()) {
            let subject = escape_short(commit.subject(), 60);
            base.assisted.push((*id, subject, e.text.clone()));
        }
    }
    bar.finish_and_clear();
    Ok(base)
}

/// What refs end in, each once.
fn tips(refs: &[(RefName, ObjectId)]) -> Vec<ObjectId> {
    let tips: BTreeSet<ObjectId> = refs.iter().map(|(_, id)| *id).collect();
    tips.into_iter().collect()
}

/// All other refs, reserved ones aside.
fn open(
    repo: &Repo,
    policy: &Policy,
    repository: &RepositoryName,
    refs: &[(RefName, ObjectId)],
    base: &Base,
) -> Result<Vec<OpenRef>, CliError> {
    let is_open = |name: &RefName| {
        !name.as_bytes().starts_with(RESERVED) && policy.mode_of(repository, [name]).is_none()
    };
    let mut found = Vec::new();
    for (name, value) in refs.iter().filter(|(name, _)| is_open(name)) {
        found.extend(range::commit_of(repo, *value)?.map(|tip| (name, *value, tip)));
    }
    let mut ends: Vec<ObjectId> = found.iter().map(|(.., tip)| *tip).collect();
    ends.sort_unstable();
    ends.dedup();
    let hidden = tips(&base.refs);
    if ends.is_empty() {
        return Ok(Vec::new());
    }
    // One walk for all of them: a forge has a ref for every change that was ever proposed.
    let graph = NewGraph::walk(repo, &ends, range::Hidden::Commits(&hidden), COMMITS)?;
    let (mut open, mut told) = (Vec::new(), HashSet::new());
    let bar = out::progress(found.len(), "refs");
    for (name, value, tip) in found {
        bar.inc(1);
        let commits = match graph.knows(&tip) {
            true => graph.besides(&told, &tip, COMMITS)?,
            false => Vec::new(),
        };
        let is_notes = name.as_bytes().starts_with(b"refs/notes/");
        if !commits.is_empty() || is_notes {
            told.extend(commits.iter().copied());
            open.push(OpenRef { name: name.clone(), value, commits });
        }
    }
    bar.finish_and_clear();
    Ok(open)
}

/// The store, made where it is not there yet.
struct Opened(Box<dyn Store>);

#[async_trait::async_trait(?Send)]
impl StoreSource for Opened {
    async fn store(&self) -> Result<&dyn Store, StoreError> {
        Ok(self.0.as_ref())
    }
}

fn teach(
    bench: &Bench<'_>,
    settings: &Settings,
    open: &[OpenRef],
    base: &Base,
) -> Result<(usize, Vec<String>), CliError> {
    let known: HashSet<ObjectId> = base.commits.iter().copied().collect();
    runtime()?.block_on(async {
        let source = Opened(store::open_store(location(settings)).await?);
        let mut lesson = Lesson::new(bench, &source, &known);
        let (mut learned, mut problems) = (0, Vec::new());
        let bar = out::progress(open.iter().map(|r| r.commits.len()).sum(), "open commits");
        for r in open {
            let of_ref = lesson.learn(r, |done| bar.inc(u64::try_from(done).unwrap_or_default()));
            let of_ref = of_ref.await.map_err(|finding| CliError::new(finding.message))?;
            learned += of_ref.commits;
            problems.extend(of_ref.problems.iter().map(|f| format!("{}: {}", r.name, f.message)));
        }
        bar.finish_and_clear();
        Ok((learned, problems))
    })
}

fn told(
    args: &AdoptArgs,
    repository: &RepositoryName,
    base: &Base,
    open: &[OpenRef],
    learned: Option<usize>,
) {
    let is_shown = |r: &&(RefName, ObjectId)| !r.0.as_bytes().starts_with(RESERVED);
    let done = if args.dry_run { "would adopt" } else { "adopted" };
    out::line(&format!("{done} {}", escape_short(repository.as_str().as_bytes(), 80)));
    out::line(&format!(
        "  base: {}, {}; {} AI-assisted, and stand as they are",
        out::count(base.refs.iter().filter(is_shown).count(), "ref", "refs"),
        out::count(base.commits.len(), "commit", "commits"),
        base.assisted.len()
    ));
    for (name, id) in base.refs.iter().filter(is_shown).take(SHOWN) {
        out::line(&format!("    {name} {}", id.short()));
    }
    for (id, subject, text) in base.assisted.iter().take(SHOWN) {
        out::line(&format!("    {} {subject} ({})", id.short(), escape_short(text.as_bytes(), 60)));
    }
    if base.assisted.len() > SHOWN {
        let more = base.assisted.len() - SHOWN;
        out::line(&format!("    and {more} more; --json lists all"));
    }
    let refs = out::count(open.len(), "open ref", "open refs");
    let commits: usize = open.iter().map(|r| r.commits.len()).sum();
    let commits = out::count(commits, "commit", "commits");
    out::line(&match learned {
        Some(learned) => format!("  memory: {refs}, {commits}; {learned} AI-assisted, remembered"),
        None => format!("  memory: {refs}, {commits}; nothing was learned"),
    });
}

fn as_json(
    repository: &RepositoryName,
    base: &Base,
    open: &[OpenRef],
    learned: Option<usize>,
    problems: &[String],
) -> serde_json::Value {
    let refs: BTreeMap<String, &ObjectId> =
        base.refs.iter().map(|(name, id)| (name.to_string(), id)).collect();
    let assisted: Vec<_> = base
        .assisted
        .iter()
        .map(|(id, subject, text)| json!({ "commit": id, "subject": subject, "evidence": text }))
        .collect();
    let open: Vec<_> = open
        .iter()
        .map(|r| json!({ "ref": r.name.to_string(), "commits": r.commits.len() }))
        .collect();
    json!({
        "repository": repository, "base": { "refs": refs, "commits": base.commits.len(),
        "assisted": assisted, "unreadable": base.unreadable }, "open": open,
        "remembered": learned, "problems": problems,
    })
}
