//! What a statement must be beyond well-formed JSON: which digests a subject may carry,
//! what each verdict needs, and limits (G20).

use std::collections::HashSet;

use super::statement::{PREDICATE_TYPE, STATEMENT_TYPE, verdict_name};
use crate::domain::escape::escape_short;
use crate::domain::statement::{Statement, Subject, Verdict};

/// Subjects of a statement. Its size in bytes ends it sooner by default.
pub(super) const MAX_SUBJECTS: usize = 10_000;
/// Refs that a statement is for.
pub(super) const MAX_REFS: usize = 256;
/// Bytes of a ref or a pattern for refs.
pub(super) const MAX_REF_BYTES: usize = 4_096;
/// Bytes of a repository's name.
pub(super) const MAX_REPOSITORY_BYTES: usize = 1_024;
/// Bytes of a subject's name.
pub(super) const MAX_NAME_BYTES: usize = 1_024;
/// Bytes of the reason.
pub(super) const MAX_REASON_BYTES: usize = 16 << 10;

/// Why bytes are no sign-off statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Over the limit of bytes.
    #[error("the statement has {bytes} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Not UTF-8.
    #[error("the statement is not UTF-8")]
    NotUtf8,
    /// Not the JSON it has to be: syntax, an unknown, repeated or missing field, a wrong type.
    /// Already escaped (G21).
    #[error("the statement does not parse: {0}")]
    Json(String),
    /// No in-toto statement.
    #[error("`_type` is \"{}\", not \"{STATEMENT_TYPE}\"", shown(found))]
    OtherType {
        /// As written.
        found: String,
    },
    /// A statement about something else.
    #[error("`predicateType` is \"{}\", not \"{PREDICATE_TYPE}\"", shown(found))]
    OtherPredicate {
        /// As written.
        found: String,
    },
    /// A verdict that this version does not know.
    #[error("unknown verdict \"{}\"", shown(found))]
    UnknownVerdict {
        /// As written.
        found: String,
    },
    /// No RFC 3339 time in UTC.
    #[error("`{field}` is \"{}\", not a time such as \"2026-11-20T10:15:00Z\"", shown(found))]
    NotATime {
        /// The field's name.
        field: &'static str,
        /// As written.
        found: String,
    },
    /// `expiresAt` is not after `issuedAt`.
    #[error("it expires before it is issued")]
    ExpiresFirst,
    /// A field that must say something says nothing.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// A list or a text over its limit.
    #[error("{what} is over the limit of {limit} {unit}")]
    TooMuch {
        /// What.
        what: &'static str,
        /// How much is taken.
        limit: usize,
        /// Of what.
        unit: &'static str,
    },
    /// A subject whose digests are not those of its kind.
    #[error("subject {place} (\"{}\") {problem}", shown(name))]
    Subject {
        /// Counted from 1.
        place: usize,
        /// Its name as written.
        name: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// The verdict asks for something that is not there, or the other way round.
    #[error("a statement that says \"{verdict}\" {problem}")]
    Verdict {
        /// The verdict.
        verdict: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
}

impl From<serde_json::Error> for StatementError {
    /// The message quotes fields as they were written.
    fn from(error: serde_json::Error) -> Self {
        Self::Json(escape_short(error.to_string().as_bytes(), 240))
    }
}

fn shown(text: &str) -> String {
    escape_short(text.as_bytes(), 80)
}

/// Everything that the types alone do not say.
pub(super) fn check(statement: &Statement) -> Result<(), StatementError> {
    check_limits(statement)?;
    if statement.expires_at.is_some_and(|end| end <= statement.issued_at) {
        return Err(StatementError::ExpiresFirst);
    }
    check_verdict(statement)?;
    check_subjects(statement)
}

fn check_limits(s: &Statement) -> Result<(), StatementError> {
    let reason = s.reason.as_deref().unwrap_or_default();
    let longest = |texts: &mut dyn Iterator<Item = &String>| texts.map(String::len).max();
    let longest_ref = longest(&mut s.refs.iter()).unwrap_or(0);
    let longest_name = longest(&mut s.subjects.iter().map(|s| &s.name)).unwrap_or(0);
    let rows = [
        ("`subject`", s.subjects.len(), MAX_SUBJECTS, "entries"),
        ("a subject's name", longest_name, MAX_NAME_BYTES, "bytes"),
        ("`repository`", s.repository.as_str().len(), MAX_REPOSITORY_BYTES, "bytes"),
        ("`refs`", s.refs.len(), MAX_REFS, "entries"),
        ("an entry of `refs`", longest_ref, MAX_REF_BYTES, "bytes"),
        ("`reason`", reason.len(), MAX_REASON_BYTES, "bytes"),
    ];
    for (what, have, limit, unit) in rows {
        if have > limit {
            return Err(StatementError::TooMuch { what, limit, unit });
        }
    }
    if s.subjects.is_empty() {
        return Err(StatementError::Empty("`subject`"));
    }
    if s.repository.as_str().is_empty() {
        return Err(StatementError::Empty("`repository`"));
    }
    if s.refs.iter().any(String::is_empty) {
        return Err(StatementError::Empty("an entry of `refs`"));
    }
    // A revocation is about statements, and they name their refs themselves.
    if s.refs.is_empty() && s.verdict != Verdict::Revoke {
        return Err(StatementError::Empty("`refs`"));
    }
    Ok(())
}

fn check_verdict(s: &Statement) -> Result<(), StatementError> {
    let refuse =
        |problem| Err(StatementError::Verdict { verdict: verdict_name(s.verdict), problem });
    let has_reason = s.reason.as_deref().is_some_and(|reason| !reason.trim().is_empty());
    match s.verdict {
        Verdict::Decline | Verdict::Override if !has_reason => refuse("needs a reason"),
        Verdict::Revoke | Verdict::Override | Verdict::Correct if s.net.is_some() => {
            refuse("has no net change")
        }
        // G19: exact commits and one ref, so nothing that may match two.
        Verdict::Override if !matches!(s.refs.as_slice(), [name] if is_plain(name)) => {
            refuse("names exactly one ref, in full")
        }
        _ => Ok(()),
    }
}

/// Whether no character of the glob dialect is in it.
fn is_plain(name: &str) -> bool {
    name.starts_with("refs/") && !name.contains(['*', '?', '[', '{', '\\'])
}

fn check_subjects(s: &Statement) -> Result<(), StatementError> {
    let mut commits = HashSet::new();
    let mut statements = HashSet::new();
    let mut nets = 0;
    for (place, subject) in (1..).zip(&s.subjects) {
        let refuse =
            |problem| Err(StatementError::Subject { place, name: subject.name.clone(), problem });
        let new = match kind(subject) {
            Err(problem) => return refuse(problem),
            Ok(Kind::Statement(_)) if s.verdict != Verdict::Revoke => {
                return refuse("names a statement, which only a revocation does");
            }
            Ok(Kind::Commit(_) | Kind::Net) if s.verdict == Verdict::Revoke => {
                return refuse("names no statement, and a revocation names nothing else");
            }
            Ok(Kind::Net) if s.net.is_none() => {
                return refuse("is a net change, but the predicate has no `net`");
            }
            Ok(Kind::Commit(id)) => commits.insert(id),
            Ok(Kind::Statement(hash)) => statements.insert(hash),
            Ok(Kind::Net) => {
                nets += 1;
                nets == 1
            }
        };
        if !new {
            return refuse("is there twice");
        }
    }
    Ok(())
}

enum Kind {
    Commit(crate::domain::ids::ObjectId),
    Net,
    Statement(crate::domain::ids::StatementHash),
}

fn kind(subject: &Subject) -> Result<Kind, &'static str> {
    let Subject { commit, change, paths, statement, name: _ } = subject;
    match (commit, change, paths, statement) {
        (Some(id), Some(_), Some(_), None) | (Some(id), None, None, None) => Ok(Kind::Commit(*id)),
        (None, Some(_), Some(_), None) => Ok(Kind::Net),
        (None, None, None, Some(hash)) => Ok(Kind::Statement(*hash)),
        (None, None, None, None) => Err("has no digest"),
        (_, _, _, Some(_)) => Err("has `sha256` beside other digests"),
        (_, _, _, None) => Err("has one of `change-v1` and `paths-v1` without the other"),
    }
}
