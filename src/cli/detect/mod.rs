//! `countersign detect`: the detector alone, over a repository, a stream or labelled records.

mod history;
mod records;
mod score;
mod summary;

use std::path::PathBuf;

use clap::Args;

use super::error::CliError;
use super::exit::Exit;
use super::policy_of;
use crate::detect::Detector;
use crate::domain::evidence::{Evidence, MarkerKind, Place, Strength};

/// What to look at.
#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("input").required(true).args(["repo", "jsonl", "score"]),
    after_help = "Examples:\n  countersign detect --repo . origin/main..HEAD\n  countersign detect \
        --repo . --summary\n  countersign detect --repo . -v --policy policy.toml\n  countersign \
        detect --jsonl < messages.jsonl > evidence.jsonl\n  countersign detect --score \
        labelled.jsonl\n\nEach record of --jsonl is one line: {\"id\": \"1\", \"author_name\": \
        \"Kim\", \"author_email\":\n\"kim@example.com\", \"committer_name\": ..., \
        \"committer_email\": ..., \"message\": ...}. It is answered\nby {\"id\", \"ai\", \
        \"evidence\": [{\"marker\", \"tool\", \"kind\", \"strength\", \"place\", \"text\"}]}, which\n\
        --repo writes too with --json. Evidence of strength \"review-only\" or \"hint\" is shown and\n\
        makes nothing AI-assisted."
)]
pub(super) struct DetectArgs {
    /// Look at the commits of the repository in or around this folder
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
    /// A commit with all its ancestors, or A..B
    #[arg(default_value = "HEAD", value_name = "RANGE", conflicts_with_all = ["jsonl", "score"])]
    range: String,
    /// Count by tool, author and month
    #[arg(long, conflicts_with_all = ["jsonl", "score"])]
    summary: bool,
    /// Read records on standard input, one a line, and answer each by a line
    #[arg(long)]
    jsonl: bool,
    /// Judge records that have a "label" ("ai", "human", "ambiguous") and a "kind", and tell
    /// how well
    #[arg(long, value_name = "FILE")]
    score: Option<PathBuf>,
    /// Use the markers as this policy has them; else the built-in ones
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Tell every piece of evidence, also what does not count; each error of --score
    #[arg(short, long)]
    verbose: bool,
}

pub(super) fn run(args: &DetectArgs, json: bool) -> Result<Exit, CliError> {
    let detector = match &args.policy {
        Some(file) => Detector::of_policy(&policy_of(file)?)?,
        None => Detector::builtin()?,
    };
    match (&args.repo, &args.score) {
        (Some(dir), _) => history::run(&detector, dir, args, json),
        (None, Some(file)) => score::run(&detector, file, args.verbose, json),
        (None, None) => records::answer(&detector),
    }
}

/// The piece that tells most: one that counts, and of these the strongest.
fn strongest(evidence: &[Evidence]) -> Option<&Evidence> {
    evidence.iter().filter(|e| e.strength.counts()).min_by_key(|e| e.strength)
}

/// A piece of evidence in one line.
fn told(piece: &Evidence) -> String {
    let text = &piece.text;
    let quotes = if piece.quotation { ", quoting another message" } else { "" };
    let place = match &piece.place {
        Place::Author => format!("author \"{text}\""),
        Place::Committer => format!("committer \"{text}\""),
        Place::Line(n) => format!("line {n} \"{text}\""),
        Place::Header(name, n) => format!("header {name}, line {n} \"{text}\""),
        Place::Tag(n) => format!("tag's line {n} \"{text}\""),
        Place::Pusher => "pusher".to_owned(),
        Place::Message => format!("message in encoding \"{text}\""),
        Place::Change => text.clone(),
        Place::Note => format!("note in {text}"),
    };
    format!("{place}{quotes}")
}

/// What it proves, and by which marker.
fn proof(piece: &Evidence) -> String {
    format!("{} by {} ({})", strength(piece.strength), piece.marker, kind(piece.kind))
}

/// The word that policies use.
pub(super) fn strength(strength: Strength) -> &'static str {
    match strength {
        Strength::Authorship => "authorship",
        Strength::Assistance => "assistance",
        Strength::Declaration => "declaration",
        Strength::ReviewOnly => "review only",
        Strength::Hint => "hint",
    }
}

fn kind(kind: MarkerKind) -> &'static str {
    match kind {
        MarkerKind::Author => "author",
        MarkerKind::Committer => "committer",
        MarkerKind::TrailerIdentity => "identity in a trailer",
        MarkerKind::Trailer => "trailer",
        MarkerKind::Footer => "footer",
        MarkerKind::SessionLink => "session link",
        MarkerKind::Declaration => "declaration",
        MarkerKind::Pusher => "pusher",
        MarkerKind::Unreadable => "unreadable",
        MarkerKind::Memory => "memory",
        MarkerKind::Note => "note",
    }
}

/// `12.34 %`; nothing of nothing is all of it.
fn percent(part: usize, whole: usize) -> String {
    let hundredths = part.saturating_mul(10_000).checked_div(whole).unwrap_or(10_000);
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}
