//! Child processes: nothing inherited, everything captured, and a failure that shows all.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

/// What a child said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Output {
    /// The command, for messages.
    pub(crate) command: String,
    /// Its exit status; `None` after a signal.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) stdout: Vec<u8>,
    /// Standard error.
    pub(crate) stderr: Vec<u8>,
}

impl Output {
    /// Both streams as one text, for messages and for looking in.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.out(), self.err())
    }

    /// Standard output as text.
    pub(crate) fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    pub(crate) fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Standard output without the last line feed; the child must have succeeded.
    #[track_caller]
    pub(crate) fn line(&self) -> String {
        self.exits(0);
        self.out().trim_end_matches('\n').to_owned()
    }

    /// The exit code is this one.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        assert_eq!(
            self.code,
            Some(code),
            "exit code of {}\n--- stdout\n{}--- stderr\n{}---",
            self.command,
            self.out(),
            self.err()
        );
        self
    }

    /// One of the streams contains this.
    #[track_caller]
    pub(crate) fn says(&self, needle: &str) -> &Self {
        let text = self.all();
        assert!(
            text.contains(needle),
            "{} does not say {needle:?}\n--- stdout\n{}--- stderr\n{}---",
            self.command,
            self.out(),
            self.err()
        );
        self
    }

    /// None of the streams contains this.
    #[track_caller]
    pub(crate) fn keeps_quiet_about(&self, needle: &str) -> &Self {
        assert!(!self.all().contains(needle), "{} says {needle:?}\n{}", self.command, self.all());
        self
    }
}

/// A command that inherits nothing but `PATH`.
pub(crate) fn bare_command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    command.env("PATH", std::env::var_os("PATH").expect("a PATH"));
    command.env("LC_ALL", "C").env("TZ", "UTC");
    command
}

/// Runs to the end, feeding standard input.
#[track_caller]
pub(crate) fn run(command: &mut Command, stdin: &[u8]) -> Output {
    let shown = shown(command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|e| panic!("can't run {shown}: {e}"));
    let mut pipe = child.stdin.take().expect("a pipe");
    let output = thread::scope(|scope| {
        // A child that does not read its input closes the pipe, which is no fault.
        scope.spawn(move || pipe.write_all(stdin).ok());
        child.wait_with_output().expect("output")
    });
    Output {
        command: shown,
        code: output.status.code(),
        stdout: output.stdout,
        stderr: output.stderr,
    }
}

fn shown(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_name().unwrap_or_default();
    let mut text = name.to_string_lossy().into_owned();
    for arg in command.get_args() {
        text.push(' ');
        text.push_str(&arg.to_string_lossy());
    }
    text
}
