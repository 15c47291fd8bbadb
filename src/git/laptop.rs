//! What commands on a person's own machine ask: which repository is this, what do these
//! words name, what is configured. Never called in a hook: these children see the user's
//! environment and configuration, each function starts one (discovery one, too).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::domain::escape::escape_short;
use crate::domain::ids::ObjectId;

use super::child::{Child, Said};
use super::repo::canonical;
use super::{GitError, Repo};

/// What a person named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// One commit.
    Commit(ObjectId),
    /// `base..tip`: the commits reachable from `tip` and not from `base`.
    Range {
        /// Left out, with all its ancestors.
        base: ObjectId,
        /// The last one.
        tip: ObjectId,
    },
}

/// A value of the user's own configuration, outside any repository; `None` where it is not
/// set, or no UTF-8. A leading `~` of a path stays.
///
/// # Errors
/// [`GitError`] where git can't be started or says no.
pub fn user_config(key: &str) -> Result<Option<String>, GitError> {
    value(&Child::laptop(Path::new("."), "config").args(["--null", "--get", key]).run()?)
}

/// What `git config --null --get` said.
fn value(said: &Said) -> Result<Option<String>, GitError> {
    match said.code {
        0 => {
            let value = said.stdout.strip_suffix(b"\0").unwrap_or(&said.stdout);
            Ok(String::from_utf8(value.to_vec()).ok())
        }
        1 => Ok(None),
        _ => Err(said.error("config")),
    }
}

impl Repo {
    /// The repository around a directory, as git finds it: upwards, through work trees,
    /// with git's own check of ownership.
    pub fn discover(dir: &Path) -> Result<Self, GitError> {
        let said = Child::laptop(dir, "rev-parse").args(["--absolute-git-dir"]).run()?;
        if said.code != 0 {
            return Err(GitError::Open { path: dir.to_owned(), reason: said.stderr });
        }
        let path = said.stdout.strip_suffix(b"\n").unwrap_or(&said.stdout);
        let git_dir = canonical(&PathBuf::from(OsStr::from_bytes(path)))?;
        Self::assemble(git_dir, |_| Ok(None))
    }

    /// The commit that a revision names (`git help revisions`).
    ///
    /// # Errors
    /// [`GitError::Spec`].
    pub fn resolve(&self, spec: &str) -> Result<ObjectId, GitError> {
        let said = self
            .git_for_people("rev-parse")
            .args(["--verify", "--quiet", "--end-of-options", &format!("{spec}^{{commit}}")])
            .run()?;
        match ids(&said, spec)?[..] {
            [(false, id)] => Ok(id),
            _ => Err(unclear(spec, "it is no single commit")),
        }
    }

    /// The commit or the range `A..B` that a revision names.
    ///
    /// # Errors
    /// [`GitError::Spec`], also for `A...B` and whatever else names no single base.
    pub fn resolve_range(&self, spec: &str) -> Result<Named, GitError> {
        if !spec.contains("..") {
            return Ok(Named::Commit(self.resolve(spec)?));
        }
        let said = self
            .git_for_people("rev-parse")
            .args(["--revs-only", "--end-of-options", spec])
            .run()?;
        let mut ids = ids(&said, spec)?;
        ids.sort_unstable();
        let [(false, tip), (true, base)] = ids[..] else {
            return Err(unclear(spec, "a range is A..B"));
        };
        Ok(Named::Range {
            base: self.resolve(&base.to_string())?,
            tip: self.resolve(&tip.to_string())?,
        })
    }

    /// A value of git's configuration, the user's and the repository's together; `None`
    /// where it is not set, or no UTF-8.
    pub fn config(&self, key: &str) -> Result<Option<String>, GitError> {
        self.ask_config(&["--null", "--get", key])
    }

    /// As [`Repo::config`], a leading `~` taken for the user's home.
    pub fn config_path(&self, key: &str) -> Result<Option<String>, GitError> {
        self.ask_config(&["--null", "--type=path", "--get", key])
    }

    fn ask_config(&self, args: &[&str]) -> Result<Option<String>, GitError> {
        value(&self.git_for_people("config").args(args).run()?)
    }

    fn git_for_people(&self, name: &str) -> Child {
        Child::laptop(&self.git_dir, name)
            .env("GIT_DIR", &self.git_dir)
            .env("GIT_NO_REPLACE_OBJECTS", "1")
    }
}

fn unclear(spec: &str, reason: &str) -> GitError {
    GitError::Spec { spec: escape_short(spec.as_bytes(), 80), reason: reason.to_owned() }
}

/// One id a line, those that are left out led by `^`.
fn ids(said: &Said, spec: &str) -> Result<Vec<(bool, ObjectId)>, GitError> {
    if said.code != 0 {
        let why = if said.stderr.is_empty() { "it is unknown" } else { &said.stderr };
        return Err(unclear(spec, why));
    }
    let lines = said.stdout.split(|c| *c == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let hex = line.strip_prefix(b"^");
            let id = ObjectId::from_hex(hex.unwrap_or(line));
            id.map(|id| (hex.is_some(), id)).ok_or_else(|| unclear(spec, "git says no id"))
        })
        .collect()
}
