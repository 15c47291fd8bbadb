//! Standard output and standard error, written in one place. A closed pipe is no panic.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

/// To standard output.
pub(super) fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// To standard output, with a line feed.
pub(super) fn line(text: &str) {
    print(&format!("{text}\n"));
}

/// Whether anybody still reads standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    There,
    Gone,
}

/// To standard output; for what is written piece by piece and may end early.
pub(super) fn try_print(text: &str) -> Reader {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => Reader::There,
        Err(_) => Reader::Gone,
    }
}

/// A value as one line of JSON.
pub(super) fn json_line(value: &impl serde::Serialize) -> Result<Reader, serde_json::Error> {
    Ok(try_print(&format!("{}\n", serde_json::to_string(value)?)))
}

/// To standard error.
pub(super) fn error(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// `1 rule`, `2 rules`.
pub(super) fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// A time for people, to the second.
pub(super) fn second(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// A value as pretty JSON.
pub(super) fn json(value: &impl serde::Serialize) -> Result<(), serde_json::Error> {
    line(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Steps from which on a progress bar is worth its line.
const LONG: usize = 2_000;

/// A progress bar on standard error, on a terminal and where it takes a while.
pub(super) fn progress(steps: usize, what: &str) -> ProgressBar {
    if steps < LONG || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::try_from(steps).unwrap_or(u64::MAX));
    let template = format!("{{bar:40}} {{pos}} of {{len}} {what}, {{eta}} left");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar
}
