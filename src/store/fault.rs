//! What a question can fail with, before anybody knows which database was asked, and what
//! its writers wait for.

use super::rows::Unreadable;

/// What a step can fail with, before it knows which file it worked on.
#[derive(Debug)]
pub(super) enum Fault {
    /// The database said so.
    Sql(sqlx::Error),
    /// A row, or what was to become one, can't be.
    Row(String),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Unreadable> for Fault {
    fn from(row: Unreadable) -> Self {
        Self::Row(row.0)
    }
}

/// Rows whose numbers a reader follows. A writer that adds one waits for the one before it, so
/// that numbers appear in order and no reader passes over one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Statements, for a published log.
    Statements,
    /// Decisions: each names the hash of the last.
    Decisions,
    /// Landings, for a published log.
    Landings,
    /// What memory learns: who was first is told as the origin.
    Traces,
    /// Review requests, for a queue that is read on.
    Requests,
}
