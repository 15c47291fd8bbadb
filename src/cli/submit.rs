//! `countersign submit FILE`: hands a statement to the store on the Git host (G24).

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;

use super::error::CliError;
use super::exit::Exit;
use super::{existing_store, files, out, policy_of, runtime, settings};
use crate::domain::policy::Policy;
use crate::domain::statement::Signed;
use crate::signature;
use crate::store::{NewStatement, Store, Submitted};

/// Which statements.
#[derive(Debug, Args)]
#[command(
    after_help = "Example, on the Git host:\n  countersign --config /etc/countersign/countersign.toml submit statement.json"
)]
pub(super) struct SubmitArgs {
    /// A statement; its signature lies beside it as FILE.sig
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

pub(super) fn run(args: &SubmitArgs, config: Option<&Path>) -> Result<Exit, CliError> {
    let signed = args.files.iter().map(|f| files::read_signed(f)).collect::<Result<_, _>>()?;
    store_all(signed, config)
}

/// Verifies against the policy that the settings name, then stores all or none.
pub(super) fn store_all(all: Vec<Signed>, config: Option<&Path>) -> Result<Exit, CliError> {
    let settings = settings(config)?;
    let policy = policy_of(&settings.policy)?;
    let limit = settings.limits.statement_bytes;
    let new: Vec<NewStatement> =
        all.into_iter().map(|s| verified(s, &policy, limit)).collect::<Result<_, _>>()?;
    runtime()?.block_on(async { store(&*existing_store(&settings).await?, &new).await })
}

/// A statement on its way into a store.
pub(super) fn verified(
    signed: Signed,
    policy: &Policy,
    limit: usize,
) -> Result<NewStatement, CliError> {
    let verified = signature::verify_within(&signed, policy, limit)?;
    Ok(NewStatement {
        signed,
        statement: verified.statement,
        changes: Vec::new(),
        received_at: Timestamp::now(),
        delivered_by: None,
    })
}

/// Stores all or none, and tells of each.
pub(super) async fn store(store: &dyn Store, new: &[NewStatement]) -> Result<Exit, CliError> {
    let answers = store.submit(new).await?;
    for (new, answer) in new.iter().zip(answers) {
        let word = match answer {
            Submitted::Stored => "stored",
            Submitted::Known => "known",
        };
        out::line(&format!("{word} {}", new.signed.hash()));
    }
    Ok(Exit::Done)
}
