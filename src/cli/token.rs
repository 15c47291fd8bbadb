//! `countersign token`: which Git hosts may ask the server.

use std::path::Path;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::error::CliError;
use super::exit::Exit;
use super::{out, runtime, settings};
use crate::domain::digest::token_hash;
use crate::domain::escape::escape;
use crate::domain::glob::Globs;
use crate::store;
use crate::store::keeper::{Keeper, Token};

/// What to do with tokens.
#[derive(Debug, Args)]
#[command(
    after_help = "Example, on the server:\n  countersign --config /etc/countersign/countersign.toml token create git-1 'payments/*' > token"
)]
pub(super) struct TokenArgs {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Make a token for a Git host, and print it once: the store keeps its hash alone
    Create {
        /// The Git host, as you call it; a name is used once
        name: String,
        /// Globs of its repositories; \"**\" for all
        #[arg(required = true)]
        repositories: Vec<String>,
    },
    /// End a token, for good
    Revoke {
        /// The Git host
        name: String,
    },
    /// List tokens, revoked ones too
    List,
}

pub(super) fn run(args: &TokenArgs, config: Option<&Path>, json: bool) -> Result<Exit, CliError> {
    let settings = settings(config)?;
    let url = settings.store.secret();
    runtime()?.block_on(async {
        let store = store::open_keeper(url, 1).await?;
        match &args.act {
            Act::Create { name, repositories } => create(&*store, name, repositories).await,
            Act::Revoke { name } => revoke(&*store, name).await,
            Act::List => list(&*store, json).await,
        }
    })
}

async fn create(store: &dyn Keeper, name: &str, repositories: &[String]) -> Result<Exit, CliError> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_name) {
        return Err(CliError::usage("a name is up to 64 letters, digits, \"-\", \".\" and \"_\""));
    }
    Globs::new(repositories.iter().map(String::as_str)).map_err(CliError::usage)?;
    let mut bits = [0; 32];
    getrandom::fill(&mut bits).map_err(|e| CliError::new(format!("no random bits: {e}")))?;
    let hex: String = bits.iter().map(|byte| format!("{byte:02x}")).collect();
    let secret = format!("cst_{hex}");
    let token = Token {
        name: name.to_owned(),
        repositories: repositories.to_vec(),
        created_at: Timestamp::now(),
        revoked_at: None,
    };
    if !store.keep_token(&token_hash(&secret), &token).await? {
        return Err(CliError::new(format!("there was a token \"{name}\" already"))
            .hint("a name is used once, so that the log says which was meant: take another"));
    }
    out::line(&secret);
    Ok(Exit::Done)
}

async fn revoke(store: &dyn Keeper, name: &str) -> Result<Exit, CliError> {
    if store.revoke_token(name, Timestamp::now()).await? {
        out::line(&format!("revoked {name}"));
        return Ok(Exit::Done);
    }
    let name = escape(name.as_bytes());
    Err(CliError::new(format!("no token \"{name}\" that lives")).hint("countersign token list"))
}

async fn list(store: &dyn Keeper, json: bool) -> Result<Exit, CliError> {
    for token in store.tokens().await? {
        if json {
            out::json_line(&serde_json::json!({
                "name": token.name,
                "repositories": token.repositories,
                "created_at": token.created_at,
                "revoked_at": token.revoked_at,
            }))?;
            continue;
        }
        let until = token.revoked_at.map(|at| format!(", revoked {at:.0}")).unwrap_or_default();
        let globs = escape(token.repositories.join(" ").as_bytes());
        out::line(&format!("{}  {globs}  since {:.0}{until}", token.name, token.created_at));
    }
    Ok(Exit::Done)
}
