//! `countersign policy check | init`.

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::error::CliError;
use super::exit::Exit;
use super::out;
use crate::detect;
use crate::policy::{self, Diagnostics, PolicyError, StarterPerson};
use crate::signature;

/// What to do.
#[derive(Debug, Args)]
pub(super) struct PolicyArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tell every mistake of a policy at once, with its place and what to write instead
    Check {
        /// The policy
        file: PathBuf,
    },
    /// Write a small working policy to start from
    #[command(after_help = "Example:\n  countersign policy init policy.toml --id ghopper \\\n    \
        --name 'Grace Hopper' --email grace@example.com --key ~/.ssh/id_ed25519.pub")]
    Init {
        /// Where to; standard output if it is not given
        file: Option<PathBuf>,
        /// The first senior's login
        #[arg(long)]
        id: String,
        /// Their name
        #[arg(long)]
        name: Option<String>,
        /// The address in their commits
        #[arg(long)]
        email: String,
        /// Their public key, or its file
        #[arg(long)]
        key: String,
    },
}

pub(super) fn run(args: &PolicyArgs, json: bool) -> Result<Exit, CliError> {
    match &args.command {
        Command::Check { file } => check(file, json),
        Command::Init { file, id, name, email, key } => {
            let name = name.clone().unwrap_or_else(|| id.clone());
            let person =
                StarterPerson { id: id.clone(), name, email: email.clone(), key: public(key)? };
            init(file.as_deref(), person)
        }
    }
}

fn check(file: &Path, json: bool) -> Result<Exit, CliError> {
    match policy::load(file, &detect::marker_names()) {
        Ok(loaded) => {
            let checked = loaded.checked;
            tell(&checked.warnings, json)?;
            if !json {
                let policy = &checked.policy;
                out::line(&format!(
                    "{}: fine: {} rules, {} people, {} groups, digest {}",
                    file.display(),
                    policy.rules.len(),
                    policy.people.len(),
                    policy.groups.len(),
                    policy.digest.short()
                ));
            }
            Ok(Exit::Done)
        }
        Err(PolicyError::Broken(diagnostics)) => {
            tell(&diagnostics, json)?;
            Ok(Exit::Failed)
        }
        Err(e @ PolicyError::Unreadable { .. }) => {
            let why = std::error::Error::source(&e).map(|s| format!(": {s}")).unwrap_or_default();
            Err(CliError::new(format!("{e}{why}")))
        }
    }
}

fn tell(diagnostics: &Diagnostics, json: bool) -> Result<(), CliError> {
    if json {
        out::json(&diagnostics.iter().collect::<Vec<_>>())?;
    } else {
        out::error(&diagnostics.render(std::io::stderr().is_terminal()));
    }
    Ok(())
}

fn init(file: Option<&Path>, person: StarterPerson) -> Result<Exit, CliError> {
    let text = policy::starter(&[person]);
    if let Err(diagnostics) = policy::parse("policy.toml", text.as_bytes(), &detect::marker_names())
    {
        out::error(&diagnostics.render(false));
        return Err(CliError::new("the policy would be broken by what was given"));
    }
    let Some(file) = file else {
        out::print(&text);
        return Ok(Exit::Done);
    };
    let write = || {
        let mut new = fs::OpenOptions::new().write(true).create_new(true).open(file)?;
        std::io::Write::write_all(&mut new, text.as_bytes())
    };
    write().map_err(|e| CliError::new(format!("\"{}\" can't be written: {e}", file.display())))?;
    out::line(&format!("wrote {}", file.display()));
    Ok(Exit::Done)
}

/// A public key as given, or out of a file.
fn public(key: &str) -> Result<String, CliError> {
    let text = if Path::new(key).exists() { fs::read_to_string(key)? } else { key.to_owned() };
    signature::public_key(text.trim()).map_err(|e| {
        CliError::usage(format!("--key is {e}")).hint("give the file that ends in .pub")
    })
}
