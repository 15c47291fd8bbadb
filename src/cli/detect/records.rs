//! Records as lines of JSON: commits that lie in no repository. One at a time is held.

use std::io::{self, BufRead, Read};

use serde::{Deserialize, Serialize};

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::out;
use crate::detect::Detector;
use crate::domain::evidence::Evidence;
use crate::domain::ids::{ObjectFormat, ObjectId};
use crate::domain::limits::RECORD_BYTES;
use crate::domain::object::{Commit, Ident};

/// What stands on a line; fields beside these are passed over.
#[derive(Debug, Deserialize)]
pub(super) struct Record {
    pub(super) id: String,
    author_name: String,
    author_email: String,
    committer_name: String,
    committer_email: String,
    message: String,
}

/// What is answered.
#[derive(Debug, Serialize)]
pub(super) struct Answer<'a> {
    pub(super) id: &'a str,
    pub(super) ai: bool,
    pub(super) evidence: &'a [Evidence],
}

impl Record {
    /// As a commit without a place in history.
    pub(super) fn commit(&self) -> Commit {
        let ident = |name: &str, email: &str| Ident { name: name.into(), email: email.into() };
        let id = ObjectId::zero(ObjectFormat::Sha1);
        Commit {
            id,
            tree: id,
            parents: Vec::new(),
            author: ident(&self.author_name, &self.author_email),
            committer: ident(&self.committer_name, &self.committer_email),
            encoding: None,
            extra_headers: Vec::new(),
            message: self.message.clone().into_bytes(),
        }
    }
}

/// Lines that are records; blank ones are passed over.
pub(super) struct Records<R> {
    input: R,
    /// For messages: `standard input`.
    name: String,
    line: Vec<u8>,
    number: usize,
}

impl<R: BufRead> Records<R> {
    pub(super) fn new(input: R, name: impl Into<String>) -> Self {
        Self { input, name: name.into(), line: Vec::new(), number: 0 }
    }

    /// The next record, its line read as what is asked for.
    ///
    /// # Errors
    /// The line's number and what is wrong with it.
    pub(super) fn next<T: for<'de> Deserialize<'de>>(&mut self) -> Result<Option<T>, CliError> {
        loop {
            self.line.clear();
            self.number += 1;
            let most = u64::try_from(RECORD_BYTES).unwrap_or(u64::MAX).saturating_add(1);
            let read = self.input.by_ref().take(most).read_until(b'\n', &mut self.line);
            if read.map_err(|e| self.bad(format!("can't be read: {e}")))? == 0 {
                return Ok(None);
            }
            if self.line.len() > RECORD_BYTES {
                return Err(self.bad(format!("is longer than {RECORD_BYTES} bytes")));
            }
            if self.line.trim_ascii().is_empty() {
                continue;
            }
            return match serde_json::from_slice(&self.line) {
                Ok(record) => Ok(Some(record)),
                Err(e) => {
                    // Serde's own place is within the line.
                    let said = e.to_string();
                    let said = said.split(" at line ").next().unwrap_or_default();
                    Err(self.bad(format!("is no record: {said} (column {})", e.column())))
                }
            };
        }
    }

    fn bad(&self, why: String) -> CliError {
        CliError::new(format!("line {} of {} {why}", self.number, self.name))
    }
}

/// Answers every record of standard input.
pub(super) fn answer(detector: &Detector) -> Result<Exit, CliError> {
    let mut records = Records::new(io::stdin().lock(), "standard input");
    while let Some(record) = records.next::<Record>()? {
        let found = detector.commit(&record.commit());
        let answer =
            Answer { id: &record.id, ai: found.is_ai_assisted(), evidence: &found.evidence };
        if out::json_line(&answer)? == out::Reader::Gone {
            break;
        }
    }
    Ok(Exit::Done)
}
