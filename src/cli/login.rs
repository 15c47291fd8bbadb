//! `countersign login` and `logout`: who a person is to a sign-off server.
//!
//! Owns the file of sessions: one for each server, readable by its owner alone.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

use clap::Args;

use super::clone::Clone;
use super::error::CliError;
use super::exit::Exit;
use super::{out, runtime};
use crate::domain::ids::PersonId;
use crate::signature::{Signer, login_text};
use crate::store::http::{self, Http, Options};
use crate::store::session::{LoggedIn, Login};

/// With which key.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  countersign login --server https://signoffs.example.com --key ~/.ssh/id_ed25519"
)]
pub(super) struct LoginArgs {
    /// The key that the policy has of you; else git config countersign.key, else git's signing key
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// Which server: a flag, else git config countersign.server.
pub(super) fn server_of(flag: Option<&str>) -> Result<Option<String>, CliError> {
    if let Some(server) = flag {
        return Ok(Some(server.to_owned()));
    }
    match Clone::here() {
        Ok(clone) => Ok(clone.repo.config("countersign.server")?),
        Err(_) => Ok(None),
    }
}

fn required(flag: Option<&str>) -> Result<String, CliError> {
    server_of(flag)?.ok_or_else(|| {
        CliError::usage("which server?")
            .hint("--server https://signoffs.example.com, or")
            .hint("git config countersign.server https://signoffs.example.com")
    })
}

/// The key to sign with, of a flag or of the clone around the current folder.
pub(super) fn signer(flag: Option<&PathBuf>) -> Result<Signer, CliError> {
    let setting = match (flag, Clone::here()) {
        (Some(key), _) => key.to_string_lossy().into_owned(),
        (None, Ok(clone)) => clone.key(None)?,
        (None, Err(_)) => {
            return Err(CliError::usage("no key to sign with")
                .hint("give --key FILE (a private key, or a public one that an agent holds)"));
        }
    };
    Ok(Signer::from_setting(&setting)?)
}

pub(super) fn login(args: &LoginArgs, server: Option<&str>) -> Result<Exit, CliError> {
    let server = required(server)?;
    let signer = signer(args.key.as_ref())?;
    let session = runtime()?.block_on(async {
        let http = http::open(&server, None, Options::default())?;
        let challenge = http.challenge().await?.challenge;
        let signature = signer.sign_login(&login_text(&server, &challenge))?;
        let signature = String::from_utf8_lossy(&signature).into_owned();
        let login = Login { server: server.clone(), challenge, signature };
        Ok::<_, CliError>(http.login(&login).await?)
    })?;
    let (person, until) = (session.person.clone(), out::second(session.expires_at));
    let mut sessions = read()?;
    sessions.insert(server.clone(), session);
    write(&sessions)?;
    out::line(&format!("logged in at {server} as {person}, until {until}"));
    Ok(Exit::Done)
}

pub(super) fn logout(server: Option<&str>) -> Result<Exit, CliError> {
    let server = required(server)?;
    let mut sessions = read()?;
    let Some(session) = sessions.remove(&server) else {
        return Err(CliError::new(format!("nobody is logged in at {server}")));
    };
    // The server ends it first: what is only forgotten here would live on there.
    runtime()?.block_on(async {
        let http = http::open(&server, Some(&session.session), Options::default())?;
        match http.logout().await {
            Ok(()) | Err(crate::store::StoreError::NoLogin(_)) => Ok::<_, CliError>(()),
            Err(e) => Err(e.into()),
        }
    })?;
    write(&sessions)?;
    out::line(&format!("logged out at {server}"));
    Ok(Exit::Done)
}

/// A server as the person who is logged in there asks it, and who that is.
pub(super) fn session(server: &str) -> Result<(Http, PersonId), CliError> {
    let sessions = read()?;
    let session = sessions.get(server).ok_or_else(|| not_logged_in(server))?;
    let http = http::open(server, Some(&session.session), Options::default())?;
    Ok((http, session.person.clone()))
}

fn not_logged_in(server: &str) -> CliError {
    CliError {
        exit: Exit::NotAuthenticated,
        ..CliError::new(format!("nobody is logged in at {server}"))
    }
    .hint(format!("countersign login --server {server}"))
}

/// `countersign/sessions.json` below `XDG_STATE_HOME` or `~/.local/state`.
fn file() -> Result<PathBuf, CliError> {
    let var = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let state = var("XDG_STATE_HOME").or_else(|| Some(var("HOME")?.join(".local/state")));
    let state = state.ok_or_else(|| CliError::new("there is no HOME to keep a session in"))?;
    Ok(state.join("countersign").join("sessions.json"))
}

fn read() -> Result<BTreeMap<String, LoggedIn>, CliError> {
    let file = file()?;
    match fs::read(&file) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| {
            CliError::new(format!("\"{}\" can't be read: {e}", file.display()))
                .hint("delete it and log in again")
        }),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(e) => Err(CliError::new(format!("\"{}\" can't be read: {e}", file.display()))),
    }
}

/// Beside its place and then into it, so that no half of it is ever read.
fn write(sessions: &BTreeMap<String, LoggedIn>) -> Result<(), CliError> {
    let file = file()?;
    let failed = |e: std::io::Error| {
        CliError::new(format!("the session can't be kept in \"{}\": {e}", file.display()))
    };
    if let Some(folder) = file.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    }
    let beside = file.with_extension(format!("{}.new", std::process::id()));
    let text = serde_json::to_vec_pretty(sessions)?;
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut new| new.write_all(&text));
    written.and_then(|()| fs::rename(&beside, &file)).map_err(failed)
}
