//! What commands on a person's own machine work with: the clone around them, its settings
//! in git's configuration, and the published log that it fetched.

use std::path::PathBuf;

use clap::Args;

use super::error::CliError;
use super::out;
use crate::detect::{self, Detector};
use crate::domain::decision::Decision;
use crate::domain::digest::row_hash;
use crate::domain::escape::escape_short;
use crate::domain::ids::{DecisionId, ObjectId, PolicyDigest, RepositoryName, RowHash};
use crate::domain::limits::Limits;
use crate::domain::policy::Policy;
use crate::domain::statement::Signed;
use crate::git::Repo;
use crate::git::log::{self, REF};
use crate::git::log_read::read_log;
use crate::policy;

/// Bytes of a statement of the log that are read, whatever its server's limit is.
pub(super) const STATEMENT: usize = 64 << 20;

/// A clone.
pub(super) struct Clone {
    pub(super) repo: Repo,
    pub(super) limits: Limits,
}

/// Where a command gets the published log from.
#[derive(Debug, Args)]
pub(super) struct LogArgs {
    /// The remote whose log is asked; else git config countersign.remote, else origin
    #[arg(long, value_name = "NAME")]
    pub(super) remote: Option<String>,
    /// Take refs/countersign/log as it was last fetched
    #[arg(long)]
    pub(super) offline: bool,
}

/// The published log, its decisions parsed, their rows checked.
pub(super) struct Log {
    pub(super) statements: Vec<Signed>,
    pub(super) decisions: Vec<Landing>,
    pub(super) policies: Vec<(PolicyDigest, Vec<u8>)>,
    pub(super) current: Option<PolicyDigest>,
}

/// A decision whose push landed.
pub(super) struct Landing {
    pub(super) decision: Decision,
    pub(super) body: Vec<u8>,
    pub(super) hash: RowHash,
    pub(super) previous: Option<RowHash>,
}

#[derive(serde::Deserialize)]
struct LandingFile {
    row: Row,
    body: String,
}

#[derive(serde::Deserialize)]
struct Row {
    hash: RowHash,
    previous: Option<RowHash>,
}

impl Clone {
    /// The clone around the current folder.
    pub(super) fn here() -> Result<Self, CliError> {
        let here = std::env::current_dir()?;
        let repo = Repo::discover(&here).map_err(|e| {
            CliError::new(e).hint("run this in a clone of the repository that you sign for")
        })?;
        Ok(Self { repo, limits: Limits { statement_bytes: STATEMENT, ..Limits::default() } })
    }

    /// The repository's name: a flag, else git config; never guessed from a URL.
    pub(super) fn repository(&self, flag: Option<&str>) -> Result<RepositoryName, CliError> {
        if let Some(name) = flag {
            return Ok(RepositoryName::new(name));
        }
        match self.repo.config("countersign.repository")? {
            Some(name) => Ok(RepositoryName::new(name)),
            None => Err(CliError::usage("the repository's name on the server is not known")
                .hint("give --repository NAME, as the rejected push printed it, or")
                .hint("git config countersign.repository NAME")),
        }
    }

    /// The remote: a flag, else git config countersign.remote, else `origin`.
    pub(super) fn remote(&self, flag: Option<&str>) -> Result<String, CliError> {
        if let Some(name) = flag {
            return Ok(name.to_owned());
        }
        let configured = self.repo.config("countersign.remote")?;
        Ok(configured.unwrap_or_else(|| "origin".to_owned()))
    }

    /// The key to sign with: a flag, else git config countersign.key, else git's own signing
    /// key where git signs with SSH.
    pub(super) fn key(&self, flag: Option<&PathBuf>) -> Result<String, CliError> {
        if let Some(path) = flag {
            return Ok(path.to_string_lossy().into_owned());
        }
        if let Some(key) = self.repo.config_path("countersign.key")? {
            return Ok(key);
        }
        if self.repo.config("gpg.format")?.as_deref() == Some("ssh")
            && let Some(key) = self.repo.config_path("user.signingKey")?
        {
            return Ok(key);
        }
        Err(CliError::usage("no key to sign with")
            .hint("give --key FILE (a private key, or a public one that an agent holds), or")
            .hint("git config countersign.key FILE"))
    }

    /// The published log; fetched first unless the person said not to.
    pub(super) fn log(&self, args: &LogArgs) -> Result<Option<Log>, CliError> {
        if !args.offline {
            let remote = self.remote(args.remote.as_deref())?;
            // Without a plus: the log only grows, and one that was rewritten is worth an error.
            let refspec = format!("{REF}:{REF}");
            if let Err(e) = self.repo.fetch(&remote, &refspec) {
                return Err(CliError::new(format!(
                    "the log of \"{remote}\" can't be fetched: {e}"
                ))
                .hint("--offline takes the log as it was last fetched")
                .hint("a log that was rewritten is refused here: ask the server's admins"));
            }
        }
        self.known_log()
    }

    /// The log as it was last fetched.
    pub(super) fn known_log(&self) -> Result<Option<Log>, CliError> {
        let Some(tip) = log::tip(&self.repo)? else { return Ok(None) };
        let raw = read_log(&self.repo, tip.commit, &self.limits)?;
        let mut decisions = Vec::new();
        for (id, bytes) in raw.decisions {
            decisions.push(landing(&id, &bytes)?);
        }
        decisions.sort_by_key(|l| l.decision.at);
        let current = tip.position.policy;
        Ok(Some(Log { statements: raw.statements, decisions, policies: raw.policies, current }))
    }

    /// The markers of a policy, else the built-in ones; says so where it should have been
    /// others.
    pub(super) fn detector(&self, policy: Option<&Policy>) -> Result<Detector, CliError> {
        if let Some(file) = policy.and_then(|p| p.detect.catalogue.as_ref())
            && file.text.is_none()
        {
            let name = escape_short(file.path.as_bytes(), 80);
            out::error(&format!(
                "warning: the policy's markers (\"{name}\") are not in the published log; the \
                 built-in ones are taken\n"
            ));
        }
        Ok(policy.map_or_else(Detector::builtin, Detector::of_policy)?)
    }

    /// The value of a remote-tracking or local ref.
    pub(super) fn resolve(&self, spec: &str) -> Result<ObjectId, CliError> {
        Ok(self.repo.resolve(spec)?)
    }
}

fn landing(id: &DecisionId, bytes: &[u8]) -> Result<Landing, CliError> {
    let damaged = || CliError::new(format!("the published log is damaged at decision {id}"));
    let file: LandingFile = serde_json::from_slice(bytes).map_err(|_| damaged())?;
    let body = file.body.into_bytes();
    let decision: Decision = serde_json::from_slice(&body).map_err(|_| damaged())?;
    let Row { hash, previous } = file.row;
    if row_hash(previous.as_ref(), &body) != hash || decision.id != *id {
        return Err(damaged());
    }
    Ok(Landing { decision, body, hash, previous })
}

impl Log {
    /// A policy of the log by its digest.
    pub(super) fn policy(&self, digest: &PolicyDigest) -> Result<Option<Policy>, CliError> {
        let Some((_, bytes)) = self.policies.iter().find(|(d, _)| d == digest) else {
            return Ok(None);
        };
        policy::parse("policy", bytes, &detect::marker_names())
            .map(|checked| Some(checked.policy))
            .map_err(|_| CliError::new(format!("policy {} of the log is broken", digest.short())))
    }

    /// The policy that was in force when the log was written.
    pub(super) fn current_policy(&self) -> Result<Option<Policy>, CliError> {
        match &self.current {
            Some(digest) => self.policy(digest),
            None => Ok(None),
        }
    }
}
