//! What a command that failed says: the fact, where it came from, what to do next.

use std::error::Error as StdError;
use std::fmt::Display;

use super::exit::Exit;
use crate::store::StoreError;

/// A command's failure.
#[derive(Debug)]
pub(super) struct CliError {
    pub(super) exit: Exit,
    pub(super) message: String,
    pub(super) said: Vec<String>,
    pub(super) hints: Vec<String>,
}

impl CliError {
    /// A failure with the fact, lower case.
    pub(super) fn new(message: impl Display) -> Self {
        Self {
            exit: Exit::Failed,
            message: message.to_string(),
            said: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// A command line that lacks something.
    pub(super) fn usage(message: impl Display) -> Self {
        Self { exit: Exit::Usage, ..Self::new(message) }
    }

    /// With one more hint.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// With one more line of what another program said, escaped already.
    pub(super) fn said(mut self, line: &str) -> Self {
        self.said.push(line.to_owned());
        self
    }

    /// What goes to standard error.
    pub(super) fn text(&self) -> String {
        let mut text = format!("error: {}\n", self.message);
        for line in &self.said {
            text.push_str(&format!("  {line}\n"));
        }
        for hint in &self.hints {
            text.push_str(&format!("hint: {hint}\n"));
        }
        text
    }
}

/// The fact and every source below it, joined by colons.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        source = inner.source();
    }
    text
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        let new = Self::new(chain(&error));
        match error {
            StoreError::NoLogin(_) => Self { exit: Exit::NotAuthenticated, ..new }
                .hint("people log in with countersign login; a Git host's token is in store_token"),
            _ => Self { exit: Exit::StoreUnreachable, ..new },
        }
    }
}

macro_rules! from_chain {
    ($($error:ty),* $(,)?) => {$(
        impl From<$error> for CliError {
            fn from(error: $error) -> Self {
                Self::new(chain(&error))
            }
        }
    )*};
}

from_chain!(
    crate::git::GitError,
    crate::signature::SignError,
    crate::signature::StatementError,
    crate::signature::VerifyError,
    crate::settings::SettingsError,
    crate::detect::DetectError,
    std::io::Error,
    serde_json::Error,
);
