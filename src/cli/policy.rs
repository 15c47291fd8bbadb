//! `countersign policy check | init`.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::error::CliError;
use super::exit::Exit;
use super::out;
use crate::detect;
use crate::domain::escape::escape;
use crate::domain::ids::PersonId;
use crate::domain::policy::Policy;
use crate::domain::validity::is_valid_key;
use crate::git::laptop;
use crate::policy::{self, Diagnostics, PolicyError, StarterPerson};
use crate::settings::{self, SettingsError};
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
    #[command(after_help = "Examples:\n  countersign policy check policy.toml\n  countersign \
        --config /etc/countersign/countersign.toml policy check")]
    Check {
        /// The policy; without it, the settings that --config names, and their policy
        file: Option<PathBuf>,
    },
    /// Write a small working policy to start from
    #[command(
        after_help = "Examples:\n  countersign policy init policy.toml\n  countersign policy init \
        policy.toml --id ghopper --name 'Grace Hopper' \\\n    --email grace@example.com --key \
        ~/.ssh/id_ed25519.pub\n\nWithout flags the first senior is you, as git config and ~/.ssh know you."
    )]
    Init(InitArgs),
}

/// The first senior.
#[derive(Debug, Args)]
struct InitArgs {
    /// Where to; standard output if it is not given
    file: Option<PathBuf>,
    /// The first senior's login; else the part of the address before the @
    #[arg(long)]
    id: Option<String>,
    /// Their name; else git config user.name
    #[arg(long)]
    name: Option<String>,
    /// The address in their commits; else git config user.email
    #[arg(long)]
    email: Option<String>,
    /// Their public key or its file; else git's SSH signing key, else ~/.ssh/id_*.pub
    #[arg(long)]
    key: Option<String>,
}

pub(super) fn run(args: &PolicyArgs, config: Option<&Path>, json: bool) -> Result<Exit, CliError> {
    match &args.command {
        Command::Check { file: Some(file) } => check(file, json),
        Command::Check { file: None } => check_settings(config, json),
        Command::Init(args) => init(args.file.as_deref(), first_senior(args)?),
    }
}

/// The settings with their mistakes, then the policy that they name.
fn check_settings(config: Option<&Path>, json: bool) -> Result<Exit, CliError> {
    let Some(config) = config else {
        return Err(CliError::usage("which policy?")
            .hint("countersign policy check FILE, or")
            .hint("countersign --config FILE policy check, for settings and policy"));
    };
    match settings::load(config) {
        Ok(settings) => {
            if let Some(file) = &settings.log.file
                && let Err(e) = appendable(file)
            {
                out::error(&format!(
                    "warning: the log \"{}\" can't be appended to: {e}\nhint: the hook goes on \
                     without a log; the user that runs it has to be able to write there\n",
                    file.display()
                ));
            }
            check(&settings.policy, json)
        }
        Err(SettingsError::Broken(diagnostics)) => {
            tell(&diagnostics, json)?;
            Ok(Exit::Failed)
        }
        Err(e) => Err(e.into()),
    }
}

/// Whether this user can append to a file, without making it: it would be theirs then.
fn appendable(file: &Path) -> io::Result<()> {
    match fs::OpenOptions::new().append(true).open(file) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            tempfile::tempfile_in(file.parent().unwrap_or(Path::new("/"))).map(drop)
        }
        opened => opened.map(drop),
    }
}

fn check(file: &Path, json: bool) -> Result<Exit, CliError> {
    match policy::load(file, &detect::marker_names()) {
        Ok(loaded) => {
            let checked = loaded.checked;
            tell(&checked.warnings, json)?;
            if !json {
                let policy = &checked.policy;
                out_of_reach_now(policy, Timestamp::now());
                out::line(&format!(
                    "{}: in order: {}, {}, {}, digest {}",
                    file.display(),
                    out::count(policy.rules.len(), "rule", "rules"),
                    out::count(policy.people.len(), "person", "people"),
                    out::count(policy.groups.len(), "group", "groups"),
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

/// The policy is the same at any time, and so is what is told of it. That keys run out is
/// the clock's doing: nobody need have changed a thing.
fn out_of_reach_now(policy: &Policy, now: Timestamp) {
    for rule in &policy.rules {
        let can = |id: &&PersonId| {
            policy.people.get(*id).is_some_and(|p| p.keys.iter().any(|k| is_valid_key(k, now)))
        };
        let able = rule.approvers.iter().filter(can).count();
        if able < rule.sign_offs {
            out::error(&format!(
                "warning: rule \"{}\" (line {}) needs {}, and only {} that is valid today\n\
                 hint: give them a key without valid_before, or with a later one\n",
                escape(rule.name.as_bytes()),
                rule.line,
                out::count(rule.sign_offs, "sign-off", "sign-offs"),
                match able {
                    1 => "1 person has a key".to_owned(),
                    n => format!("{n} people have a key"),
                }
            ));
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

/// As the flags say, else as the person's own machine knows them.
fn first_senior(args: &InitArgs) -> Result<StarterPerson, CliError> {
    let configured = |key: &str| laptop::user_config(key).ok().flatten();
    let email = args.email.clone().or_else(|| configured("user.email")).ok_or_else(|| {
        CliError::usage("the first senior's address is not known").hint("--email NAME@HOST")
    })?;
    let local = email.split('@').next().unwrap_or_default().to_owned();
    let id = args.id.clone().unwrap_or(local);
    let name = args.name.clone().or_else(|| configured("user.name")).unwrap_or_else(|| id.clone());
    let key = match &args.key {
        Some(key) => public(key)?,
        None => own_key(configured("user.signingkey"))?,
    };
    Ok(StarterPerson { id, name, email, key })
}

/// Git's SSH signing key, else the first of the usual public keys.
fn own_key(signing: Option<String>) -> Result<String, CliError> {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let usual = ["id_ed25519", "id_ecdsa", "id_ed25519_sk", "id_ecdsa_sk", "id_rsa"];
    let usual =
        usual.iter().map(|name| home.join(".ssh").join(name).to_string_lossy().into_owned());
    let literal = |s: String| s.strip_prefix("key::").map(str::to_owned).unwrap_or(s);
    signing
        .map(literal)
        .into_iter()
        .chain(usual)
        .find_map(|key| {
            let file = if key.ends_with(".pub") { key.clone() } else { format!("{key}.pub") };
            public(&file).or_else(|_| public(&key)).ok()
        })
        .ok_or_else(|| {
            CliError::usage("no public key of yours was found")
                .hint("ssh-keygen -t ed25519 makes one, or")
                .hint("--key FILE.pub names the first senior's")
        })
}

/// A public key as given, or out of a file.
fn public(key: &str) -> Result<String, CliError> {
    let is_there = Path::new(key).exists();
    // A key's own text has a blank after its type.
    if !is_there && !key.trim().contains(' ') {
        let key = escape(key.as_bytes());
        return Err(CliError::usage(format!("--key \"{key}\" is not there"))
            .hint("give a file that ends in .pub, or its one line"));
    }
    let text = if is_there { fs::read_to_string(key)? } else { key.to_owned() };
    signature::public_key(text.trim()).map_err(|e| {
        CliError::usage(format!("--key is {e}")).hint("give the file that ends in .pub")
    })
}
