//! `countersign revoke`: a person takes statements of their own back, for good.

use std::path::Path;

use clap::Args;

use super::approve::{Prepared, SigningDesk, now, seal};
use super::clone::{Clone, Log};
use super::deliver;
use super::error::CliError;
use super::exit::Exit;
use super::{files, out};
use crate::domain::escape::{escape, escape_short};
use crate::domain::ids::{PersonId, StatementHash};
use crate::domain::policy::Policy;
use crate::domain::statement::{Signed, Statement, Subject, Verdict};
use crate::signature;

/// Subjects shown of a statement.
const SHOWN: usize = 10;

/// What and how.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  countersign revoke 6829e511 -m \"signed the wrong one\" --repository payments/api \\\n    --remote origin"
)]
pub(super) struct RevokeArgs {
    /// Hashes of statements (8 digits or more of one in the fetched log), or their files
    #[arg(required = true, value_name = "HASH|FILE")]
    statements: Vec<String>,
    /// Why, for the record
    #[arg(short, long, value_name = "REASON")]
    message: Option<String>,
    #[command(flatten)]
    desk: SigningDesk,
}

pub(super) fn run(args: &RevokeArgs, config: Option<&Path>) -> Result<Exit, CliError> {
    let clone = Clone::here()?;
    let Prepared { repository, destination, signer } = args.desk.ready(&clone, config)?;
    destination.is_free(1)?;
    let log = clone.known_log()?;
    let policy = match &log {
        Some(log) => log.current_policy()?,
        None => None,
    };
    let mut subjects = Vec::new();
    let mut signers = Vec::new();
    for text in &args.statements {
        let (hash, file) = hash_of(log.as_ref(), text)?;
        subjects.push(Subject {
            name: format!("statement {}", hash.short()),
            commit: None,
            change: None,
            paths: None,
            statement: Some(hash),
        });
        out::line(&format!("Revoke for {repository}: {hash}"));
        let known = log.as_ref().and_then(|l| l.statements.iter().find(|s| s.hash() == hash));
        if known.is_none() {
            missing(log.is_some());
        }
        if let Some(signed) = known.or(file.as_ref()) {
            let signer = signer_of(signed, policy.as_ref());
            show(signed, signer.as_ref());
            signers.extend(signer);
        }
    }
    args.desk.confirm()?;
    let statement = Statement {
        subjects,
        repository,
        refs: Vec::new(),
        verdict: Verdict::Revoke,
        reason: args.message.clone(),
        issued_at: now()?,
        expires_at: None,
        net: None,
    };
    let signed = seal(&signer, &statement, None)?;
    // Whose key this is shows only now: an agent or a token may have picked it.
    if let Some(by) = signer_of(&signed, policy.as_ref())
        && let Some(other) = signers.iter().find(|s| **s != by)
    {
        return Err(CliError::new(format!(
            "a statement is revoked by its own signer alone: {other} signed it, this key is {by}'s"
        ))
        .hint("nothing was delivered; --key FILE names the key to sign with"));
    }
    deliver::deliver(&clone, &destination, vec![signed])
}

/// Who signed it, where a policy is known and knows the key.
fn signer_of(signed: &Signed, policy: Option<&Policy>) -> Option<PersonId> {
    signature::verify_within(signed, policy?, usize::MAX).ok().map(|s| s.signer)
}

/// What the statement says, so that the right one is revoked.
fn show(signed: &Signed, signer: Option<&PersonId>) {
    let by = signer
        .map_or_else(|| "by a key that no policy here knows".to_owned(), |p| format!("by {p}"));
    let Ok(statement) = signature::parse(&signed.statement, usize::MAX) else {
        out::line("  it does not parse");
        return;
    };
    let verdict = format!("{:?}", statement.verdict).to_lowercase();
    let refs = escape_short(statement.refs.join(", ").as_bytes(), 200);
    let on = if refs.is_empty() { String::new() } else { format!(", {refs}") };
    let at = out::second(statement.issued_at);
    out::line(&format!("  {verdict} for {}{on}, {at}, {by}", statement.repository));
    for subject in statement.subjects.iter().take(SHOWN) {
        out::line(&format!("    {}", escape_short(subject.name.as_bytes(), 100)));
    }
    if statement.subjects.len() > SHOWN {
        out::line(&format!("    and {} more", statement.subjects.len() - SHOWN));
    }
}

fn missing(is_log_known: bool) {
    let why = if is_log_known {
        "it is not in the fetched log: nothing may be revoked by this"
    } else {
        "there is no fetched log to look it up in: nothing may be revoked by this"
    };
    out::error(&format!(
        "warning: {why}\nhint: git fetch origin refs/countersign/log:refs/countersign/log\n"
    ));
}

/// The hash that a command line means, and the statement where it named a file.
fn hash_of(log: Option<&Log>, text: &str) -> Result<(StatementHash, Option<Signed>), CliError> {
    if let Some(hash) = StatementHash::from_hex(text.as_bytes()) {
        return Ok((hash, None));
    }
    if Path::new(text).exists() {
        let signed = files::read_signed(Path::new(text))?;
        return Ok((signed.hash(), Some(signed)));
    }
    let is_prefix = text.len() >= 8 && text.bytes().all(|c| c.is_ascii_hexdigit());
    let known = log.filter(|_| is_prefix).map(|l| l.statements.as_slice()).unwrap_or_default();
    let mut hits = known.iter().map(Signed::hash).filter(|h| h.to_string().starts_with(text));
    if let (Some(hash), None) = (hits.next(), hits.next()) {
        return Ok((hash, None));
    }
    Err(CliError::usage(format!("\"{}\" names no one statement", escape(text.as_bytes())))
        .hint("give all 64 hex digits, as `countersign approve` printed them, or")
        .hint("the first 8 or more of a statement in the fetched refs/countersign/log, or a file"))
}
