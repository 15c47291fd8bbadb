//! One person's clone of one repository.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{cell::RefCell, ffi::OsStr};

use super::commit::{Commit, name_and_address};
use super::push::{PushResult, Refs};
use super::run::{Output, run};
use super::world::World;

/// A clone with its person's name in the environment of every command.
pub(crate) struct Clone<'w> {
    pub(crate) world: &'w World,
    pub(crate) person: String,
    pub(crate) dir: PathBuf,
    /// The bare repository it came from, to see what landed.
    pub(crate) bare: PathBuf,
    /// Further variables of each command, such as those a client tries to smuggle in.
    env: RefCell<Vec<(String, String)>>,
}

impl<'w> Clone<'w> {
    pub(crate) fn new(world: &'w World, person: &str, dir: PathBuf, bare: PathBuf) -> Self {
        Self { world, person: person.to_owned(), dir, bare, env: RefCell::default() }
    }

    /// Sets a variable for all later commands.
    pub(crate) fn set_env(&self, name: &str, value: &str) {
        self.env.borrow_mut().push((name.to_owned(), value.to_owned()));
    }

    /// A hermetic command in this clone, as its person.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.world.command(program);
        let (name, address) = name_and_address(&self.person);
        command.current_dir(&self.dir);
        command.env("GIT_AUTHOR_NAME", &name).env("GIT_AUTHOR_EMAIL", &address);
        command.env("GIT_COMMITTER_NAME", &name).env("GIT_COMMITTER_EMAIL", &address);
        if !self.person.is_empty() {
            command.env("COUNTERSIGN_PUSHER", &self.person);
        }
        command.envs(self.env.borrow().iter().cloned());
        command
    }

    /// Runs git, whatever becomes of it.
    #[track_caller]
    pub(crate) fn try_git(&self, args: &[&str]) -> Output {
        run(self.command("git").args(args), b"")
    }

    /// Runs git, which must succeed, for its first output.
    #[track_caller]
    pub(crate) fn git(&self, args: &[&str]) -> String {
        self.try_git(args).line()
    }

    /// As [`Clone::git`], with standard input.
    #[track_caller]
    pub(crate) fn git_with(&self, args: &[&str], stdin: &[u8]) -> String {
        run(self.command("git").args(args), stdin).line()
    }

    /// Runs `countersign` here.
    #[track_caller]
    pub(crate) fn countersign(&self, args: &[&str]) -> Output {
        run(self.command(env!("CARGO_BIN_EXE_countersign")).args(args), b"")
    }

    /// Commits on top of the current branch; the new commit's id.
    #[track_caller]
    pub(crate) fn commit(&self, commit: Commit) -> String {
        self.write(&commit);
        let mut command = self.command("git");
        command.args(["commit", "-q", "--allow-empty", "--allow-empty-message"]);
        command.args(["--cleanup=verbatim", "-F", "-"]);
        identities(&mut command, &commit);
        run(&mut command, &commit.message).exits(0);
        self.head()
    }

    /// Many commits that change nothing, on top of the current branch, by one child.
    #[track_caller]
    pub(crate) fn plain_commits(&self, count: usize) -> String {
        let mut stream = String::new();
        for n in 0..count {
            let from = if n == 0 { format!("from {}\n", self.head()) } else { String::new() };
            stream += "commit refs/heads/plain\ncommitter Kim <kim@example.com> 1700000000 +0000\n";
            stream += &format!("data <<.\nPlain {n}\n.\n{from}");
        }
        self.git_with(&["fast-import", "--quiet", "--force"], stream.as_bytes());
        self.git(&["reset", "-q", "--hard", "refs/heads/plain"]);
        self.head()
    }

    /// Replaces the last commit, files and all, by this one.
    #[track_caller]
    pub(crate) fn amend(&self, commit: Commit) -> String {
        self.git(&["reset", "-q", "--hard", "HEAD~1"]);
        self.commit(commit)
    }

    /// A commit object of exactly these bytes after the `tree` and `parent` headers; git's
    /// own checks are passed over. The branch moves to it.
    #[track_caller]
    pub(crate) fn raw_commit(&self, files: &Commit, rest: &[u8]) -> String {
        self.write(files);
        let tree = self.git(&["write-tree"]);
        let mut object = format!("tree {tree}\nparent {}\n", self.head()).into_bytes();
        object.extend_from_slice(rest);
        let id = self.object("commit", &object);
        self.git(&["reset", "-q", "--soft", &id]);
        id
    }

    /// Writes an object of any bytes.
    #[track_caller]
    pub(crate) fn object(&self, kind: &str, bytes: &[u8]) -> String {
        self.git_with(&["hash-object", "-t", kind, "--stdin", "-w", "--literally"], bytes)
    }

    #[track_caller]
    fn write(&self, commit: &Commit) {
        for (path, content) in &commit.files {
            let path = self.dir.join(OsStr::from_bytes(path));
            match content {
                None => fs::remove_file(&path).expect("a file to delete"),
                Some(content) => {
                    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                    fs::write(&path, content).expect("a file");
                }
            }
        }
        if !commit.files.is_empty() {
            self.git(&["add", "-A"]);
        }
    }

    /// The id of the current commit.
    #[track_caller]
    pub(crate) fn head(&self) -> String {
        self.rev("HEAD")
    }

    /// The id of anything git can name.
    #[track_caller]
    pub(crate) fn rev(&self, name: &str) -> String {
        self.git(&["rev-parse", "--verify", "-q", name])
    }

    /// Starts a branch at this place and checks it out.
    #[track_caller]
    pub(crate) fn branch(&self, name: &str, at: &str) {
        self.git(&["checkout", "-q", "--no-track", "-B", name, at]);
    }

    /// Gets what the server has.
    #[track_caller]
    pub(crate) fn fetch(&self) {
        self.git(&["fetch", "-q", "--prune", "origin"]);
    }

    /// Gets objects out of another person's clone, past the server.
    #[track_caller]
    pub(crate) fn take(&self, other: &Clone<'_>, what: &str) -> String {
        let from = path_text(&other.dir);
        self.git(&["fetch", "-q", &from, what]);
        self.rev("FETCH_HEAD")
    }

    /// Pushes these to `origin`.
    #[track_caller]
    pub(crate) fn push(&self, args: &[&str]) -> PushResult {
        self.push_with(&[], args)
    }

    /// Pushes with options that stand before the remote.
    #[track_caller]
    pub(crate) fn push_with(&self, options: &[&str], refspecs: &[&str]) -> PushResult {
        let before = Refs::of(self.world, &self.bare);
        let mut command = self.command("git");
        command.arg("push").args(options).arg("origin").args(refspecs);
        let output = run(&mut command, b"");
        let after = Refs::of(self.world, &self.bare);
        PushResult::new(output, before, after)
    }

    /// Pushes the current commit to the gated branch.
    #[track_caller]
    pub(crate) fn push_main(&self) -> PushResult {
        self.push(&["HEAD:refs/heads/main"])
    }
}

fn identities(command: &mut Command, commit: &Commit) {
    for (who, part) in [(&commit.author, "AUTHOR"), (&commit.committer, "COMMITTER")] {
        if let Some(who) = who {
            let (name, address) = name_and_address(who);
            command.env(format!("GIT_{part}_NAME"), name);
            command.env(format!("GIT_{part}_EMAIL"), address);
        }
    }
}

/// A path of the harness as text.
pub(crate) fn path_text(path: &Path) -> String {
    path.to_str().expect("a path in UTF-8").to_owned()
}
