//! What went wrong, said with the file's name.

use std::path::Path;

use crate::domain::escape::escape;
use crate::store::StoreError;
use crate::store::fault::Fault;

/// As the store's error about this file.
pub(super) fn explained(fault: Fault, path: &Path) -> StoreError {
    match fault {
        Fault::Sql(error) => explain(&error, path),
        Fault::Row(why) => StoreError::Damaged(format!("{}: {why}", quoted(path))),
    }
}

/// SQLite's primary result codes (<https://www.sqlite.org/rescode.html>).
const ERROR: i32 = 1;
const PERM: i32 = 3;
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const IOERR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const CONSTRAINT: i32 = 19;
const MISMATCH: i32 = 20;
const AUTH: i32 = 23;
const NOTADB: i32 = 26;

/// The low byte of an extended result code.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// The path between double quotes, escaped.
pub(super) fn quoted(path: &Path) -> String {
    format!("\"{}\"", escape(path.as_os_str().as_encoded_bytes()))
}

pub(super) fn unreachable(path: &Path, why: &str) -> StoreError {
    StoreError::Unreachable(format!("{} {why}", quoted(path)))
}

fn explain(error: &sqlx::Error, path: &Path) -> StoreError {
    let said = error.as_database_error().map_or_else(|| error.to_string(), |e| e.message().into());
    match primary_code(error) {
        Some(BUSY | LOCKED) => unreachable(path, "is locked by another process"),
        Some(READONLY) => unreachable(path, "is read-only"),
        Some(FULL) => unreachable(path, "can't grow: the disk is full"),
        Some(IOERR) => unreachable(path, &format!("can't be read or written: {said}")),
        Some(CANTOPEN | PERM | AUTH) => unreachable(path, &format!("can't be opened: {said}")),
        Some(NOTADB) => unreachable(path, "is not a database"),
        Some(ERROR | CORRUPT | CONSTRAINT | MISMATCH) => {
            StoreError::Damaged(format!("{}: {said}", quoted(path)))
        }
        Some(_) => unreachable(path, &format!("gave no answer: {said}")),
        None => no_code(error, path, &said),
    }
}

/// Errors that are sqlx's own.
fn no_code(error: &sqlx::Error, path: &Path, said: &str) -> StoreError {
    match error {
        sqlx::Error::PoolTimedOut => unreachable(path, "has no free connection"),
        sqlx::Error::RowNotFound
        | sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_)
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::ColumnIndexOutOfBounds { .. } => {
            StoreError::Damaged(format!("{}: {said}", quoted(path)))
        }
        _ => unreachable(path, &format!("gave no answer: {said}")),
    }
}
