//! Talking to a remote from a person's clone: push and fetch, as git itself does them, with
//! the person's own environment, configuration and terminal.

use std::ffi::OsString;

use super::child::Child;
use super::{GitError, Repo};
use crate::domain::escape::escape;

/// Lines of a push's standard error that are kept.
const LINES: usize = 2_000;

/// What a push came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushSaid {
    /// Whether git says that every ref was taken.
    pub ok: bool,
    /// The lines of standard error, git's own words and the remote's, escaped; at most 2,000.
    pub lines: Vec<String>,
}

impl Repo {
    /// `git push REMOTE REFSPEC...`. One child, which may ask for a passphrase.
    ///
    /// # Errors
    /// [`GitError`] where git can't be started.
    pub fn push(&self, remote: &str, refspecs: &[String]) -> Result<PushSaid, GitError> {
        let mut args: Vec<OsString> = vec!["--porcelain".into(), "--no-verify".into()];
        args.extend(["--".into(), remote.into()]);
        args.extend(refspecs.iter().map(OsString::from));
        let child = Child::laptop(&self.git_dir, "push").env("GIT_DIR", &self.git_dir).args(args);
        let output = child
            .into_command()
            .output()
            .map_err(|e| GitError::Child { command: "push".to_owned(), reason: e.to_string() })?;
        let lines = output.stderr.split(|b| *b == b'\n' || *b == b'\r').take(LINES);
        let lines = lines.map(|line| escape(line.trim_ascii_end())).collect();
        Ok(PushSaid { ok: output.status.success(), lines })
    }

    /// `git fetch REMOTE REFSPEC`. One child.
    ///
    /// # Errors
    /// [`GitError`] where git says no.
    pub fn fetch(&self, remote: &str, refspec: &str) -> Result<(), GitError> {
        let child = Child::laptop(&self.git_dir, "fetch").env("GIT_DIR", &self.git_dir);
        child
            .args(["--quiet", "--no-tags", "--no-write-fetch-head", "--", remote, refspec])
            .output()
            .map(|_| ())
    }
}
