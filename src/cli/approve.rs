//! `countersign approve` and `countersign decline`: what a senior signs, shown first.

use std::io::{IsTerminal, stdin};
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;

use super::clone::Clone;
use super::deliver::{self, DeliveryArgs, Destination};
use super::error::CliError;
use super::exit::Exit;
use super::picked::{Item, NetChange, Picked, show};
use super::requests::{self, sign::Words};
use super::{Place, login, out};
use crate::domain::escape::{escape, escape_short};
use crate::domain::ids::{RefName, RepositoryName};
use crate::domain::policy::Policy;
use crate::domain::statement::{Signed, Statement, Subject, Verdict};
use crate::signature::{self, Signer};

/// Subjects of one statement: a larger range is split, and then has no net change.
const SUBJECTS: usize = 1_000;

/// What and how.
#[derive(Debug, Args)]
pub(super) struct SigningArgs {
    /// Commits, or one range A..B; or review requests by their ids
    #[arg(required = true, value_name = "COMMIT|RANGE|R-ID")]
    revisions: Vec<String>,
    /// The ref it may land on, such as refs/heads/main; may be given again. A request has its own
    #[arg(long = "ref", value_name = "REF")]
    refs: Vec<String>,
    #[command(flatten)]
    desk: SigningDesk,
}

/// Who signs, for which repository, and where it goes.
#[derive(Debug, Args)]
pub(super) struct SigningDesk {
    /// The repository's name on the server; else git config countersign.repository
    #[arg(long, value_name = "NAME")]
    repository: Option<String>,
    /// The key to sign with; else git config countersign.key, else git's signing key
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Sign without asking
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    delivery: DeliveryArgs,
}

/// All of it found, before anything is signed: no touch of a key is wasted.
pub(super) struct Prepared {
    pub(super) repository: RepositoryName,
    pub(super) destination: Destination,
    pub(super) signer: Signer,
}

impl SigningDesk {
    pub(super) fn ready(&self, clone: &Clone, config: Option<&Path>) -> Result<Prepared, CliError> {
        Ok(Prepared {
            repository: clone.repository(self.repository.as_deref())?,
            destination: self.delivery.destination(clone, config)?,
            signer: Signer::from_setting(&clone.key(self.key.as_ref())?)?,
        })
    }

    /// Asks on the terminal, unless told not to.
    pub(super) fn confirm(&self) -> Result<(), CliError> {
        if self.yes { Ok(()) } else { confirm() }
    }
}

/// `countersign approve`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  countersign approve 3f9c2ab1 --ref refs/heads/main --repository \
    payments/api \\\n    --remote origin\n  countersign approve main..topic --ref refs/heads/main --out \
    signoff.json\n  countersign approve R-7K3MQ9XW2F R-9VZ02CHA4D --key ~/.ssh/id_ed25519"
)]
pub(super) struct ApproveArgs {
    #[command(flatten)]
    signing: SigningArgs,
    /// Why, for the record
    #[arg(short, long, value_name = "REASON")]
    message: Option<String>,
}

/// `countersign decline`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  countersign decline 3f9c2ab1 --ref refs/heads/main -m \"tokens end up in the log\" \\\n    --repository payments/api --remote origin"
)]
pub(super) struct DeclineArgs {
    #[command(flatten)]
    signing: SigningArgs,
    /// Why; the author reads it
    #[arg(short, long, value_name = "REASON", required = true)]
    message: String,
}

/// `countersign correct`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  countersign correct 1a2b3c4d --ref refs/heads/main -m \"the trailer was wrong\" \\\n    --repository payments/api --remote origin"
)]
pub(super) struct CorrectArgs {
    #[command(flatten)]
    signing: SigningArgs,
    /// Why, for the record
    #[arg(short, long, value_name = "REASON", required = true)]
    message: String,
}

pub(super) fn correct(args: &CorrectArgs, place: Place<'_>) -> Result<Exit, CliError> {
    sign(&args.signing, Verdict::Correct, Some(args.message.clone()), place)
}

pub(super) fn approve(args: &ApproveArgs, place: Place<'_>) -> Result<Exit, CliError> {
    sign(&args.signing, Verdict::Approve, args.message.clone(), place)
}

pub(super) fn decline(args: &DeclineArgs, place: Place<'_>) -> Result<Exit, CliError> {
    sign(&args.signing, Verdict::Decline, Some(args.message.clone()), place)
}

fn sign(
    args: &SigningArgs,
    verdict: Verdict,
    reason: Option<String>,
    place: Place<'_>,
) -> Result<Exit, CliError> {
    if args.revisions.iter().any(|r| r.starts_with("R-")) {
        return sign_requests(args, verdict, reason, place);
    }
    if args.refs.is_empty() {
        return Err(CliError::usage("--ref says where the commits may land")
            .hint("for example --ref refs/heads/main"));
    }
    let clone = Clone::here()?;
    for r in &args.refs {
        if !r.starts_with("refs/") {
            return Err(CliError::usage(format!(
                "\"{}\" is no full ref name",
                escape(r.as_bytes())
            ))
            .hint(format!("did you mean refs/heads/{}?", escape(r.as_bytes()))));
        }
    }
    let Prepared { repository, destination, signer } = args.desk.ready(&clone, place.config)?;
    let policy = match clone.known_log()? {
        Some(log) => log.current_policy()?,
        None => None,
    };
    let picked = Picked::read(&clone, &args.revisions, &clone.detector(policy.as_ref())?)?;
    let count = picked.items.len().div_ceil(SUBJECTS);
    destination.is_free(count)?;
    show(&picked, verdict, &repository, &args.refs);
    if let Some(policy) = &policy {
        warn_of_ungated(policy, &repository, &args.refs);
    }
    args.desk.confirm()?;
    let issued_at = now()?;
    let statement = |items: &[Item], net: Option<&NetChange>| {
        let mut subjects: Vec<Subject> = items.iter().map(Item::subject).collect();
        subjects.extend(net.map(NetChange::subject));
        Statement {
            subjects,
            repository: repository.clone(),
            refs: args.refs.clone(),
            verdict,
            reason: reason.clone(),
            issued_at,
            expires_at: None,
            net: net.map(|n| n.net),
        }
    };
    let statements: Vec<Statement> = if picked.items.len() > SUBJECTS {
        picked.items.chunks(SUBJECTS).map(|part| statement(part, None)).collect()
    } else {
        // A correction is about commits alone.
        let net = picked.net.as_ref().filter(|_| verdict != Verdict::Correct);
        vec![statement(&picked.items, net)]
    };
    let mut all = Vec::new();
    for statement in statements {
        all.push(seal(&signer, &statement, Some(picked.evidence()))?);
    }
    deliver::deliver(&clone, &destination, all)
}

/// Review requests, without a clone.
fn sign_requests(
    args: &SigningArgs,
    verdict: Verdict,
    reason: Option<String>,
    place: Place<'_>,
) -> Result<Exit, CliError> {
    if verdict == Verdict::Correct {
        return Err(CliError::usage("a correction is about commits, not about a request"));
    }
    if let Some(name) = args.refs.first() {
        let name = escape_short(name.as_bytes(), 80);
        return Err(CliError::usage(format!("a request has its own ref: no --ref {name}")));
    }
    let signer = login::signer(args.desk.key.as_ref())?;
    let out = args.desk.delivery.of_requests()?;
    let words = Words { verdict, reason, signer: &signer, yes: args.desk.yes, out };
    requests::sign::run(&args.revisions, &words, place)
}

/// What nothing asks for is allowed, and mostly a slip. A ref may also be one of the
/// policy's patterns, which gates itself.
fn warn_of_ungated(policy: &Policy, repository: &RepositoryName, refs: &[String]) {
    for name in refs {
        let is_pattern =
            policy.rules_for(repository).any(|(_, r)| r.refs.patterns().any(|p| p == *name));
        if !is_pattern && policy.mode_of(repository, [&RefName::new(name.as_str())]).is_none() {
            let name = escape_short(name.as_bytes(), 80);
            out::error(&format!(
                "warning: no rule of the fetched policy gates {name} in {repository}\n"
            ));
        }
    }
}

/// The clock, to the second: what a statement needs.
pub(super) fn now() -> Result<Timestamp, CliError> {
    Timestamp::from_second(Timestamp::now().as_second()).map_err(CliError::new)
}

/// Renders and signs.
pub(super) fn seal(
    signer: &Signer,
    statement: &Statement,
    evidence: Option<serde_json::Value>,
) -> Result<Signed, CliError> {
    let bytes = signature::render(statement, evidence);
    let signature = signer.sign(&bytes)?;
    Ok(Signed { statement: bytes, signature })
}

/// Asks on the terminal.
pub(super) fn confirm() -> Result<(), CliError> {
    if !stdin().is_terminal() {
        return Err(CliError::usage("nobody is there to confirm")
            .hint("--yes signs what is shown without asking"));
    }
    out::error("Sign this? [y/N] ");
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(CliError::new("not signed"))
    }
}
