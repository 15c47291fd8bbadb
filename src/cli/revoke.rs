//! `countersign revoke`: a person takes statements of their own back, for good.

use std::path::Path;

use clap::Args;

use super::approve::{Prepared, SigningDesk, now, seal};
use super::clone::Clone;
use super::deliver;
use super::error::CliError;
use super::exit::Exit;
use super::{files, out};
use crate::domain::escape::escape;
use crate::domain::ids::StatementHash;
use crate::domain::statement::{Signed, Statement, Subject, Verdict};

/// What and how.
#[derive(Debug, Args)]
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
    let mut subjects = Vec::new();
    for text in &args.statements {
        let hash = hash_of(&clone, text)?;
        subjects.push(Subject {
            name: format!("statement {}", hash.short()),
            commit: None,
            change: None,
            paths: None,
            statement: Some(hash),
        });
        out::line(&format!("Revoke for {repository}: {hash}"));
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
    deliver::deliver(&clone, &destination, vec![signed])
}

fn hash_of(clone: &Clone, text: &str) -> Result<StatementHash, CliError> {
    if let Some(hash) = StatementHash::from_hex(text.as_bytes()) {
        return Ok(hash);
    }
    if Path::new(text).exists() {
        return Ok(files::read_signed(Path::new(text))?.hash());
    }
    let is_prefix = text.len() >= 8 && text.bytes().all(|c| c.is_ascii_hexdigit());
    let known = if is_prefix { clone.known_log()? } else { None };
    let known = known.map(|log| log.statements).unwrap_or_default();
    let mut hits = known.iter().map(Signed::hash).filter(|h| h.to_string().starts_with(text));
    if let (Some(hash), None) = (hits.next(), hits.next()) {
        return Ok(hash);
    }
    Err(CliError::usage(format!("\"{}\" names no one statement", escape(text.as_bytes())))
        .hint("give all 64 hex digits, as `countersign approve` printed them, or")
        .hint("the first 8 or more of a statement in the fetched refs/countersign/log, or a file"))
}
