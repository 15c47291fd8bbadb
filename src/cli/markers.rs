//! `countersign markers`: the catalogue, listed and explained.

use std::path::PathBuf;

use clap::Args;

use super::detect::strength;
use super::error::CliError;
use super::exit::Exit;
use super::{out, policy_of};
use crate::detect::{self, Listed, Listing};
use crate::domain::escape::{escape, escape_short};
use crate::domain::evidence::Strength;
use crate::domain::policy::Detect;

/// Which markers.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  countersign markers\n  countersign markers claude\n  countersign \
    markers --policy /etc/countersign/policy.toml --json"
)]
pub(super) struct MarkersArgs {
    /// Explain this one
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// The catalogue of this policy's [detect]; else the built-in one
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

pub(super) fn run(args: &MarkersArgs, json: bool) -> Result<Exit, CliError> {
    let policy = match &args.policy {
        Some(file) => policy_of(file)?.detect,
        None => Detect::default(),
    };
    let listing = detect::listing(&policy)?;
    match &args.name {
        None if json => out::json(&listing)?,
        None => list(&listing),
        Some(name) => {
            let Some(marker) = listing.markers.iter().find(|m| m.name == *name) else {
                let name = escape_short(name.as_bytes(), 60);
                return Err(CliError::new(format!("no marker is called \"{name}\""))
                    .hint("countersign markers lists them"));
            };
            if json { out::json(marker)? } else { explain(marker) }
        }
    }
    Ok(Exit::Done)
}

fn list(listing: &Listing) {
    let from = listing.file.as_ref().map_or_else(
        || "built in".to_owned(),
        |file| format!("from \"{}\"", escape(file.as_bytes())),
    );
    out::line(&format!(
        "catalogue {} ({from}, digest {}), {}",
        escape_short(listing.version.as_bytes(), 60),
        listing.digest,
        out::count(listing.markers.len(), "marker", "markers")
    ));
    for marker in &listing.markers {
        let off = if marker.disabled { "  switched off" } else { "" };
        let line = format!(
            "{:<20}  {:<8}  {:<11}  {}{off}",
            escape_short(marker.name.as_bytes(), 60),
            marker.kind,
            strength(marker.strength),
            escape_short(marker.tool.as_deref().unwrap_or("").as_bytes(), 60),
        );
        out::line(line.trim_end());
    }
}

fn explain(marker: &Listed) {
    let proves = match marker.strength {
        Strength::Authorship => "a tool wrote the commit: evidence",
        Strength::Assistance => {
            "a tool helped with the commit: evidence; as its author, it wrote it"
        }
        Strength::Declaration => "the author says that AI helped: evidence",
        Strength::ReviewOnly => "a tool looked at the commit: shown, no evidence",
        Strength::Hint => "too little to conclude anything: shown, no evidence",
    };
    let line = |what: &str, value: &str| {
        out::line(format!("{what:<10}{}", escape(value.as_bytes())).trim_end());
    };
    line("marker", &marker.name);
    line("tool", marker.tool.as_deref().unwrap_or("as the line names it"));
    line("proves", proves);
    line("looks at", &format!("{} ({})", marker.looks_at, marker.kind));
    line("since", marker.since.as_deref().unwrap_or("not known"));
    line("source", &marker.source);
    let each = |what: &str, texts: &[String]| {
        for (n, text) in texts.iter().enumerate() {
            line(if n == 0 { what } else { "" }, text);
        }
    };
    each("for", &marker.texts);
    each("finds", &marker.finds);
    each("not", &marker.misses);
    let off = match (marker.can_be_disabled, marker.disabled) {
        (_, true) => "it is, by this policy".to_owned(),
        (true, false) => format!("[detect] disable = [\"{}\"]", marker.name),
        (false, false) => "not possible: the names in it are also who can't sign".to_owned(),
    };
    line("off", &off);
}
