//! `countersign show D-...`: a decision as the log keeps it.

use clap::Args;

use super::error::CliError;
use super::exit::Exit;
use super::{Place, existing_store, out, requests, runtime, settings};
use crate::detect;
use crate::domain::decision::{Decision, Outcome};
use crate::domain::escape::escape_short;
use crate::domain::ids::{DecisionId, RequestId};
use crate::hook::report::{self, Surroundings};
use crate::hook::run::review_prefix;
use crate::policy;

/// Which decision.
#[derive(Debug, Args)]
#[command(
    after_help = "Example, on the Git host:\n  countersign --config /etc/countersign/countersign.toml show D-7K3MQ9XW2F --json"
)]
pub(super) struct ShowArgs {
    /// A decision's id, as a rejected push names it, or a review request's, as the queue does
    #[arg(value_name = "D-ID|R-ID")]
    id: String,
    /// Of a request: what its commits say and do, too
    #[arg(long)]
    diff: bool,
}

pub(super) fn run(args: &ShowArgs, place: Place<'_>, json: bool) -> Result<Exit, CliError> {
    if RequestId::is(&args.id) {
        return requests::show::run(&RequestId::new(args.id.clone()), place, args.diff, json);
    }
    if !DecisionId::is(&args.id) {
        let id = escape_short(args.id.as_bytes(), 60);
        return Err(CliError::usage(format!("\"{id}\" is no decision's id, nor a request's"))
            .hint("D- and ten capitals or digits, as the last line of a rejected push names it"));
    }
    let settings = settings(place.config)?;
    let id = DecisionId::new(args.id.clone());
    let (row, policy) = runtime()?.block_on(async {
        let store = existing_store(&settings).await?;
        let row = store.decision(&id).await?;
        let policy = match row.as_ref().and_then(|r| r.policy) {
            Some(digest) => store.policy(&digest).await?,
            None => None,
        };
        Ok::<_, CliError>((row, policy))
    })?;
    let Some(row) = row else {
        return Err(CliError::new(format!("the store has no decision \"{id}\""))
            .hint(format!("a push to ungated refs leaves none; see countersign memory show {id}"))
            .hint("decisions stand in the store of the server that judged the push")
            .hint("a push that could not be judged stands in the gate's log file alone"));
    };
    let decision: Decision = serde_json::from_slice(&row.body)?;
    if json {
        out::json(&decision)?;
        return Ok(Exit::Done);
    }
    let pusher = decision.pusher.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string);
    let verdict = match decision.verdict {
        Outcome::Accept => "accepted",
        Outcome::Reject => "rejected",
    };
    out::line(&format!(
        "{} {verdict} {} {} {pusher}",
        decision.id,
        out::second(decision.at),
        decision.repository
    ));
    let policy = policy.and_then(|bytes| {
        policy::parse("policy", &bytes, &detect::marker_names()).ok().map(|c| c.policy)
    });
    let around = Surroundings {
        is_recorded: true,
        review: policy.and_then(|p| review_prefix(&p, &decision.repository)),
        whole: true,
        ..Surroundings::default()
    };
    for r in &decision.refs {
        out::line(&format!("  {} {}..{}", r.name, r.old.short(), r.new.short()));
        for rule in &r.rules {
            let rule_name = &rule.rule;
            out::line(&format!("    rule \"{rule_name}\": {} new commits looked at", rule.checked));
        }
    }
    out::print(&report::text(&decision, &around));
    Ok(Exit::Done)
}
