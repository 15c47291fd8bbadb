//! What went wrong, said with the database's name.

use sqlx::Error;

use crate::domain::escape::escape;
use crate::store::StoreError;
use crate::store::fault::Fault;

/// As the store's error about this database.
pub(super) fn explained(fault: Fault, name: &str) -> StoreError {
    match fault {
        Fault::Sql(error) => explain(&error, name),
        Fault::Row(why) => damaged(name, &why),
    }
}

pub(super) fn unreachable(name: &str, why: &str) -> StoreError {
    StoreError::Unreachable(format!("{name} {why}"))
}

fn damaged(name: &str, why: &str) -> StoreError {
    StoreError::Damaged(format!("{name}: {why}"))
}

/// By SQLSTATE (PostgreSQL's manual, appendix A).
fn explain(error: &Error, name: &str) -> StoreError {
    let Some(database) = error.as_database_error() else { return no_code(error, name) };
    let said = escape(database.message().as_bytes());
    let code = database.code().unwrap_or_default();
    match code.as_ref() {
        "25006" => unreachable(name, "is read-only: a standby, or set so"),
        "42501" => unreachable(name, &format!("lets this role do too little: {said}")),
        "53100" => unreachable(name, "can't grow: the disk is full"),
        "53300" => unreachable(name, "has too many connections"),
        "55P03" | "57014" => unreachable(name, "took too long to answer"),
        "57P01" | "57P02" | "57P03" => unreachable(name, &format!("is going down or up: {said}")),
        code => match code.get(..2) {
            Some("28") => unreachable(name, &format!("refuses the login: {said}")),
            Some("3D") => unreachable(name, &format!("is not there: {said}")),
            // What was asked, or a row that was to be added, can't be.
            Some("22" | "23" | "42" | "P0" | "XX") => damaged(name, &said),
            _ => unreachable(name, &format!("gave no answer: {said}")),
        },
    }
}

/// Errors that are sqlx's own.
fn no_code(error: &Error, name: &str) -> StoreError {
    let said = escape(error.to_string().as_bytes());
    match error {
        Error::PoolTimedOut => unreachable(name, "took too long to answer"),
        Error::RowNotFound
        | Error::ColumnDecode { .. }
        | Error::Decode(_)
        | Error::ColumnNotFound(_)
        | Error::ColumnIndexOutOfBounds { .. } => damaged(name, &said),
        Error::Tls(_) => unreachable(name, &format!("can't prove who it is: {said}")),
        Error::Io(io) => unreachable(name, &format!("can't be reached: {io}")),
        _ => unreachable(name, &format!("gave no answer: {said}")),
    }
}
