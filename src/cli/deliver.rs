//! Handing a signed statement in: by git (G24), as files, or into the store at hand.

use std::path::{Path, PathBuf};

use clap::Args;

use super::clone::Clone;
use super::error::CliError;
use super::exit::Exit;
use super::{files, out, submit};
use crate::domain::ids::StatementHash;
use crate::domain::statement::Signed;
use crate::git::{PushSaid, inbox};

/// Where statements go.
#[derive(Debug, Args)]
pub(super) struct DeliveryArgs {
    /// Deliver by git push to this remote; else git config countersign.remote
    #[arg(long, value_name = "NAME", conflicts_with = "out")]
    remote: Option<String>,
    /// Write FILE and FILE.sig instead, for `countersign submit` on the Git host
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A place that was found before anything is signed, so that no touch of a key is wasted.
pub(super) enum Destination {
    Remote(String),
    Files(PathBuf),
    Store(PathBuf),
}

impl DeliveryArgs {
    pub(super) fn destination(
        &self,
        clone: &Clone,
        config: Option<&Path>,
    ) -> Result<Destination, CliError> {
        if let Some(remote) = &self.remote {
            return Ok(Destination::Remote(remote.clone()));
        }
        if let Some(file) = &self.out {
            return Ok(Destination::Files(file.clone()));
        }
        if let Some(config) = config {
            return Ok(Destination::Store(config.to_owned()));
        }
        match clone.repo.config("countersign.remote")? {
            Some(remote) => Ok(Destination::Remote(remote)),
            None => Err(CliError::usage("nowhere to deliver the sign-off to")
                .hint("--remote origin delivers it by git push, or")
                .hint("--out FILE writes it for `countersign submit FILE` on the Git host")),
        }
    }
}

impl DeliveryArgs {
    /// Where sign-offs of requests go: into the store that they were read from, or into files.
    pub(super) fn of_requests(&self) -> Result<Option<PathBuf>, CliError> {
        match &self.remote {
            None => Ok(self.out.clone()),
            Some(_) => Err(CliError::usage("a request is signed where it is kept: no --remote")),
        }
    }
}

impl Destination {
    /// That no file is in the way of this many statements; asked before anything is signed.
    pub(super) fn is_free(&self, count: usize) -> Result<(), CliError> {
        let Self::Files(file) = self else { return Ok(()) };
        (0..count).try_for_each(|n| files::is_free(&numbered(file, n, count)))
    }
}

/// `FILE`, or `FILE.1` and so on where there are several.
pub(super) fn numbered(file: &Path, n: usize, count: usize) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    if count > 1 {
        name.push(format!(".{}", n + 1));
    }
    name.into()
}

/// Hands statements in, one after the other.
pub(super) fn deliver(
    clone: &Clone,
    destination: &Destination,
    all: Vec<Signed>,
) -> Result<Exit, CliError> {
    match destination {
        Destination::Store(config) => submit::store_all(all, Some(config)),
        Destination::Files(file) => {
            for (n, signed) in all.iter().enumerate() {
                let name = numbered(file, n, all.len());
                files::write_signed(&name, signed)?;
                out::line(&format!("wrote {} and its .sig", name.display()));
            }
            Ok(Exit::Done)
        }
        Destination::Remote(remote) => {
            for signed in &all {
                let word = push(clone, remote, signed)?;
                out::line(&format!("{word} {} on {remote}", signed.hash()));
            }
            Ok(Exit::Done)
        }
    }
}

/// Pushes one delivery. A remote without the gate accepts any ref, so only the gate's own
/// word counts; where the remote already lists the ref git calls no hook, so it is deleted
/// first.
fn push(clone: &Clone, remote: &str, signed: &Signed) -> Result<&'static str, CliError> {
    let hash = signed.hash();
    let commit = inbox::write(&clone.repo, signed)?;
    let name = inbox::ref_name(&hash);
    let create = format!("{commit}:{name}");
    let delete = format!(":{name}");
    let said = clone.repo.push(remote, std::slice::from_ref(&create))?;
    if let Some(word) = answer(&said, &hash) {
        // Somebody else may be handing in the same at this moment.
        let is_there = said.ok || word == "known";
        return if is_there { Ok(word) } else { Err(refused(remote, &said)) };
    }
    if !said.ok {
        return Err(refused(remote, &said));
    }
    // No word of the gate: either git called no hook, since the ref is there, or there is
    // no gate. The answer to a delete tells.
    let deleted = clone.repo.push(remote, std::slice::from_ref(&delete))?;
    if let Some("known") = answer(&deleted, &hash) {
        return Ok("known");
    }
    if let Some("unknown") = answer(&deleted, &hash) {
        let again = clone.repo.push(remote, &[create])?;
        if let (true, Some(word)) = (again.ok, answer(&again, &hash)) {
            return Ok(word);
        }
        return Err(refused(remote, &again));
    }
    Err(CliError::new(format!("\"{remote}\" took the ref, but no gate answered"))
        .hint("is this the right remote? A repository that no rule is for has no gate")
        .hint("where a server refuses such refs: --out FILE, then `countersign submit FILE`"))
}

/// The gate's fixed line about this statement.
fn answer(said: &PushSaid, hash: &StatementHash) -> Option<&'static str> {
    ["stored", "known", "unknown"].into_iter().find(|word| {
        let line = format!("countersign: {word} {hash}");
        said.lines.iter().any(|l| l.trim_start_matches("remote:").trim() == line)
    })
}

fn refused(remote: &str, said: &PushSaid) -> CliError {
    let mut error = CliError::new(format!("\"{remote}\" did not take the sign-off"));
    for line in said.lines.iter().filter(|l| !l.trim().is_empty()).take(40) {
        error = error.said(line);
    }
    let says = |text: &str| said.lines.iter().any(|line| line.contains(text));
    if says("wrong repository") {
        error.hint("--repository NAME, as the gate's text names it")
    } else if says("no person of the policy") {
        error.hint("an admin puts your public key into the policy; then sign again")
    } else if says("sign-off store unreachable") || says("could not finish") {
        error.hint("try again later; the server's admins can tell what is wrong")
    } else if said.lines.iter().any(|line| line.starts_with("remote:")) {
        error.hint("where a server refuses such refs: --out FILE, then `countersign submit FILE`")
    } else {
        error.hint("git could not push there: is the remote's name right, and can it be reached?")
    }
}
