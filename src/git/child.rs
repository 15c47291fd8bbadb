//! The one way to start `git`.
//!
//! Three environments, each an allow-list or close to it:
//! - *sealed* (the gate): `PATH` alone comes from this process. No configuration of the
//!   system or of a user, no replace refs, grafts, shallow list, commit-graph or lazy fetch,
//!   and the object directory that [`super::environment`] validated: nothing a client can
//!   set changes the answer (G17, G22).
//! - *plain*: `PATH`, `HOME` and `XDG_CONFIG_HOME`, so that git's own ownership check sees
//!   the `safe.directory` of the machine.
//! - *laptop*: the user's environment, without the variables that bind git to a repository.
//!
//! Arguments are ours or follow `--end-of-options`; standard input is fed from a thread,
//! standard output is bounded, the exit status is always looked at.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{self, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, Weak};

use crate::domain::escape::escape_short;

use super::GitError;

/// Bytes of standard output taken: about two million refs.
const STDOUT_BYTES: usize = 256 << 20;
/// What [`Child::bounded`] runs first: kibibytes of address space, beyond what packs that are
/// mapped take, and seconds of processor time. A harder limit that stands already stays.
const BOUNDS: &str = "[ \"$(ulimit -Hv)\" = unlimited ] && ulimit -v 4194304; \
    [ \"$(ulimit -Ht)\" = unlimited ] && ulimit -t 120; \
    exec git -c core.packedGitLimit=1g -c core.packedGitWindowSize=64m \"$@\"";
/// Bytes of standard error kept.
const STDERR_BYTES: usize = 4 << 10;

/// Variables that bind git to one repository (`git rev-parse --local-env-vars`), apart from
/// those that carry `git -c`.
const LOCAL: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

#[cfg(test)]
thread_local! {
    /// Children that this thread has started.
    pub(super) static STARTED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// A `git` about to run.
pub(super) struct Child {
    command: Command,
    name: String,
    stdin: Option<Vec<u8>>,
}

/// A child that runs, known to [`stop`].
struct Running(Arc<Mutex<process::Child>>);

static RUNNING: Mutex<Vec<Weak<Mutex<process::Child>>>> = Mutex::new(Vec::new());

/// Ends every child that runs: whoever waits for one hears that it was killed. For a hook
/// that is out of time; a git that it leaves behind would run on for nobody.
pub fn stop() {
    let Ok(mut running) = RUNNING.lock() else { return };
    for child in running.drain(..).filter_map(|child| child.upgrade()) {
        // One that is locked has said all it has to say.
        if let Ok(mut child) = child.try_lock() {
            let _ = child.kill();
        }
    }
}

impl Running {
    fn enter(child: process::Child) -> Self {
        let child = Arc::new(Mutex::new(child));
        if let Ok(mut running) = RUNNING.lock() {
            running.retain(|other| other.strong_count() > 0);
            running.push(Arc::downgrade(&child));
        }
        Self(child)
    }

    fn kill(&self) {
        if let Ok(mut child) = self.0.lock() {
            let _ = child.kill();
        }
    }

    fn wait(&self) -> std::io::Result<ExitStatus> {
        let mut child = self.0.lock().map_err(|_| std::io::Error::other("it is lost"))?;
        child.wait()
    }
}

/// What a `git` that ran said.
pub(super) struct Said {
    /// Its exit code; never a signal's.
    pub(super) code: i32,
    /// All of its standard output.
    pub(super) stdout: Vec<u8>,
    /// The first bytes of its standard error, escaped.
    pub(super) stderr: String,
}

fn inherited(command: &mut Command, name: &str) {
    if let Some(value) = std::env::var_os(name) {
        command.env(name, value);
    }
}

impl Child {
    fn new(name: &str) -> Self {
        Self::of(Command::new("git"), name)
    }

    fn of(mut command: Command, name: &str) -> Self {
        command.env_clear();
        inherited(&mut command, "PATH");
        command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0");
        Self { command, name: name.to_owned(), stdin: None }
    }

    /// In the sealed environment, in the repository `git_dir`. With an explicit `GIT_DIR`
    /// git checks no ownership; whoever opened the repository has.
    pub(super) fn sealed(git_dir: &Path, name: &str) -> Self {
        Self::new(name).seal(git_dir, &[])
    }

    /// As [`Child::sealed`], with settings, and with bounds on memory and processor time for
    /// work whose cost a push chooses (G20): past them it is killed or fails.
    pub(super) fn bounded(git_dir: &Path, name: &str, settings: &[&str]) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", BOUNDS, "git"]);
        Self::of(shell, name).seal(git_dir, settings)
    }

    fn seal(self, git_dir: &Path, settings: &[&str]) -> Self {
        let mut child = self;
        let name = child.name.clone();
        child
            .command
            .current_dir(git_dir)
            .env("GIT_DIR", git_dir)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_GRAFT_FILE", "/dev/null")
            // An empty name means: no shallow list at all.
            .env("GIT_SHALLOW_FILE", "")
            // No fetching of what a partial clone lacks; older gits heed the second alone.
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_ALLOW_PROTOCOL", "none")
            .args(["-c", "core.commitGraph=false", "-c", "advice.graftFileDeprecated=false"]);
        for setting in settings {
            child.command.args(["-c", setting]);
        }
        child.command.arg(name);
        child
    }

    /// In the plain environment, in `dir`.
    pub(super) fn plain(dir: &Path, name: &str) -> Self {
        let mut child = Self::new(name);
        inherited(&mut child.command, "HOME");
        inherited(&mut child.command, "XDG_CONFIG_HOME");
        child.command.current_dir(dir).arg(name);
        child
    }

    /// In the user's environment, in `dir`.
    pub(super) fn laptop(dir: &Path, name: &str) -> Self {
        let mut command = Command::new("git");
        for variable in LOCAL {
            command.env_remove(variable);
        }
        command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0").current_dir(dir).arg(name);
        Self { command, name: name.to_owned(), stdin: None }
    }

    pub(super) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(super) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub(super) fn stdin(mut self, bytes: Vec<u8>) -> Self {
        self.stdin = Some(bytes);
        self
    }

    /// For a child whose standard error people read whole.
    pub(super) fn into_command(self) -> Command {
        self.command
    }

    fn failed(name: &str, reason: impl Into<String>) -> GitError {
        GitError::Child { command: name.to_owned(), reason: reason.into() }
    }

    /// Runs it to its end; any exit code is an answer.
    pub(super) fn run(self) -> Result<Said, GitError> {
        let Self { mut command, name, stdin } = self;
        let limit = STDOUT_BYTES;
        #[cfg(test)]
        STARTED.set(STARTED.get() + 1);
        let failed = |e: std::io::Error| Self::failed(&name, e.to_string());
        command
            .stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let (input, output, errors) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let child = Running::enter(child);
        let (stdout, stderr, fed) = std::thread::scope(|scope| {
            let feeder = scope.spawn(|| feed(input, stdin));
            let listener = scope.spawn(|| errors.map(kept_start).unwrap_or_default());
            let stdout = output.map_or(Ok(Vec::new()), |o| bounded(o, limit));
            if !matches!(&stdout, Ok(bytes) if bytes.len() <= limit) {
                // It may wait for a reader that has left; its status is no longer of use.
                child.kill();
            }
            (stdout, listener.join().unwrap_or_default(), feeder.join().unwrap_or(Ok(())))
        });
        let status: ExitStatus = child.wait().map_err(failed)?;
        let stdout = stdout.map_err(failed)?;
        if stdout.len() > limit {
            return Err(Self::failed(&name, format!("it wrote more than {limit} bytes")));
        }
        let Some(code) = status.code() else {
            return Err(Self::failed(&name, "it was killed by a signal"));
        };
        if code == 0 {
            fed.map_err(|e| Self::failed(&name, format!("it did not read its input: {e}")))?;
        }
        Ok(Said { code, stdout, stderr: escape_short(stderr.trim_ascii(), 300) })
    }

    /// Runs it to its end; anything but exit code 0 is an error.
    pub(super) fn output(self) -> Result<Vec<u8>, GitError> {
        let name = self.name.clone();
        let said = self.run()?;
        if said.code == 0 { Ok(said.stdout) } else { Err(said.error(&name)) }
    }
}

impl Said {
    /// The error that this answer is, where it should have been another one.
    pub(super) fn error(&self, name: &str) -> GitError {
        Child::failed(name, format!("exit code {}, {}", self.code, self.stderr))
    }
}

fn feed(pipe: Option<ChildStdin>, bytes: Option<Vec<u8>>) -> std::io::Result<()> {
    match (pipe, bytes) {
        (Some(mut pipe), Some(bytes)) => pipe.write_all(&bytes),
        _ => Ok(()),
    }
}

/// At most `limit` bytes and one more, which says that there are too many.
fn bounded(pipe: impl Read, limit: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    pipe.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The first bytes; the rest is read and dropped, so that the child never waits for us.
fn kept_start(mut pipe: impl Read) -> Vec<u8> {
    let mut kept = bounded(&mut pipe, STDERR_BYTES).unwrap_or_default();
    let _ = std::io::copy(&mut pipe, &mut std::io::sink());
    kept.truncate(STDERR_BYTES);
    kept
}
