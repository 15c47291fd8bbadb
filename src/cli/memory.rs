//! `countersign memory`: what the gate remembers, and why (G9).

use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::json;

use super::error::CliError;
use super::exit::Exit;
use super::{existing_store, out, policy_of, runtime, settings};
use crate::domain::escape::escape_short;
use crate::domain::ids::DecisionId;
use crate::domain::policy::Policy;
use crate::domain::statement::{SignOff, Verdict};
use crate::signature;
use crate::store::memory::Kept;
use crate::store::{Store, Wanted};

/// Commits shown for one abbreviated id.
const SHOWN: usize = 20;

/// What is asked.
#[derive(Debug, Args)]
pub(super) struct MemoryArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What is remembered of a commit, who showed it, and where it has landed since
    Show(ShowArgs),
    /// How much is remembered
    Stats(StatsArgs),
}

/// Which commit.
#[derive(Debug, Args)]
#[command(
    after_help = "Example, on the Git host:\n  countersign --config /etc/countersign/countersign.toml memory show 1a2b3c4d"
)]
struct ShowArgs {
    /// A commit's id, or its first four letters and digits or more; or a decision's, D-...
    #[arg(value_name = "COMMIT|D-ID")]
    commit: String,
}

/// Nothing to choose.
#[derive(Debug, Args)]
#[command(
    after_help = "Example, on the Git host:\n  countersign --config /etc/countersign/countersign.toml memory stats --json"
)]
struct StatsArgs {}

pub(super) fn run(args: &MemoryArgs, config: Option<&Path>, json: bool) -> Result<Exit, CliError> {
    match &args.command {
        Command::Show(args) => show(args, config, json),
        Command::Stats(StatsArgs {}) => stats(config, json),
    }
}

fn show(args: &ShowArgs, config: Option<&Path>, json: bool) -> Result<Exit, CliError> {
    let decision = args.commit.starts_with("D-").then(|| DecisionId::new(args.commit.clone()));
    let prefix = args.commit.to_ascii_lowercase();
    let is_id = decision.is_some()
        || (4..=64).contains(&prefix.len()) && prefix.bytes().all(|c| c.is_ascii_hexdigit());
    if !is_id {
        let id = escape_short(args.commit.as_bytes(), 80);
        return Err(CliError::usage(format!("\"{id}\" is no commit's id"))
            .hint("four to sixty-four letters a to f and digits, as git and the gate show them"));
    }
    let settings = settings(config)?;
    let policy = policy_of(&settings.policy)?;
    let found = runtime()?.block_on(async {
        let store = existing_store(&settings).await?;
        let mut prefixes = vec![prefix.clone()];
        if let Some(decision) = &decision {
            let shown = store.shown_in(decision, SHOWN).await?;
            prefixes = shown.iter().map(ToString::to_string).collect();
        }
        let mut all = Vec::new();
        for prefix in &prefixes {
            all.extend(store.traces(prefix, SHOWN).await?);
        }
        let mut found = Vec::new();
        for kept in all {
            let corrections = corrections(store.as_ref(), &policy, &kept).await?;
            found.push((kept, corrections));
        }
        Ok::<_, CliError>(found)
    })?;
    if found.is_empty() {
        let what = escape_short(args.commit.as_bytes(), 80);
        return Err(CliError::new(format!("nothing is remembered of {what}"))
            .hint("only AI-assisted commits that a push has shown are"));
    }
    if json {
        out::json(&found.iter().map(as_json).collect::<Vec<_>>())?;
    } else {
        found.iter().for_each(told);
    }
    Ok(Exit::Done)
}

/// Statements that verify and say that what is remembered of it is wrong. Whether they
/// suffice is for each rule to say.
async fn corrections(
    store: &dyn Store,
    policy: &Policy,
    kept: &Kept,
) -> Result<Vec<SignOff>, CliError> {
    let wanted = Wanted { commits: vec![kept.commit.commit], ..Wanted::default() };
    let all = store.statements_about(&kept.commit.repository, &wanted).await?;
    let verified = all.iter().filter_map(|s| signature::verify_within(s, policy, usize::MAX).ok());
    Ok(verified.filter(|s| s.statement.verdict == Verdict::Correct).collect())
}

fn told((kept, corrections): &(Kept, Vec<SignOff>)) {
    let c = &kept.commit;
    let by = c.first_pusher.as_ref().map_or_else(|| "nobody known".to_owned(), ToString::to_string);
    out::line(&format!("{} in {}", c.commit, escape_short(c.repository.as_str().as_bytes(), 80)));
    out::line(&format!("  shown {} by {by}, decision {}", out::second(c.at), c.decision));
    let how = if c.echo { "known by memory" } else { "mark" };
    out::line(&format!("  {how}: {}", escape_short(c.evidence.as_bytes(), 200)));
    let change = if kept.change.is_some() { "its change, " } else { "" };
    out::line(&format!(
        "  remembered: {change}{} files, {} lines in {} runs",
        kept.blobs, c.lines, kept.runs
    ));
    for (repository, rule, at) in &kept.landed {
        let repository = escape_short(repository.as_str().as_bytes(), 80);
        let rule = escape_short(rule.as_bytes(), 60);
        out::line(&format!(
            "  landed in {repository}, no evidence for rule \"{rule}\" since {}",
            out::second(*at)
        ));
    }
    for s in corrections {
        let reason = s.statement.reason.clone().unwrap_or_default();
        out::line(&format!(
            "  corrected by {} for {}, {}: {} (statement {})",
            s.signer,
            escape_short(s.statement.refs.join(", ").as_bytes(), 80),
            out::second(s.statement.issued_at),
            escape_short(reason.as_bytes(), 200),
            s.hash.short()
        ));
    }
}

fn as_json((kept, corrections): &(Kept, Vec<SignOff>)) -> serde_json::Value {
    let c = &kept.commit;
    let landed: Vec<_> = kept
        .landed
        .iter()
        .map(|(repository, rule, at)| json!({ "repository": repository, "rule": rule, "at": at }))
        .collect();
    let corrected: Vec<_> = corrections
        .iter()
        .map(|s| {
            json!({
                "statement": s.hash, "by": s.signer, "refs": s.statement.refs,
                "at": s.statement.issued_at, "reason": s.statement.reason,
            })
        })
        .collect();
    json!({
        "commit": c.commit, "repository": c.repository, "first_pusher": c.first_pusher,
        "at": c.at, "decision": c.decision, "evidence": c.evidence, "by_memory": c.echo,
        "change": kept.change, "files": kept.blobs, "lines": c.lines, "runs": kept.runs,
        "landed": landed, "corrected": corrected,
    })
}

fn stats(config: Option<&Path>, json: bool) -> Result<Exit, CliError> {
    let settings = settings(config)?;
    let stats = runtime()?.block_on(async {
        let store = existing_store(&settings).await?;
        Ok::<_, CliError>(store.memory_stats().await?)
    })?;
    if json {
        out::json(&stats)?;
        return Ok(Exit::Done);
    }
    for (number, what) in [
        (stats.commits, "commits remembered"),
        (stats.echoes, "of them told by memory alone"),
        (stats.blobs, "files"),
        (stats.runs, "runs of added lines"),
        (stats.discharges, "commits landed, by repository and rule"),
    ] {
        out::line(&format!("{number:>10}  {what}"));
    }
    Ok(Exit::Done)
}
