//! A statement's bytes to checked data, and checked data to bytes.

use std::str;

use jiff::Timestamp;
use serde_json::Value;

use super::check::{self, StatementError};
use super::wire::{self, Object};
use crate::domain::ids::RepositoryName;
use crate::domain::statement::{Net, Statement, Subject, Verdict};

/// What every sign-off says it is, in the words of in-toto.
pub const PREDICATE_TYPE: &str = "urn:countersign:sign-off:v1";

/// The SSHSIG namespace of every sign-off: a signature made for git, a file or another
/// version of the statement is no sign-off.
pub const NAMESPACE: &str = "countersign-sign-off-v1";

/// The in-toto statement layer's own name.
pub(super) const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// Reads a statement of at most `limit` bytes. One meaning has one spelling: unknown and
/// repeated fields, `null`, and anything after the object but blanks are refused.
///
/// # Errors
/// [`StatementError`] says what is wrong, with a place where the JSON itself is.
pub fn parse(bytes: &[u8], limit: usize) -> Result<Statement, StatementError> {
    if bytes.len() > limit {
        return Err(StatementError::TooLarge { bytes: bytes.len(), limit });
    }
    let text = str::from_utf8(bytes).map_err(|_| StatementError::NotUtf8)?;
    let Object(envelope): Object<wire::Envelope> = serde_json::from_str(text)?;
    if envelope._type != STATEMENT_TYPE {
        return Err(StatementError::OtherType { found: envelope._type });
    }
    if envelope.predicate_type != PREDICATE_TYPE {
        return Err(StatementError::OtherPredicate { found: envelope.predicate_type });
    }
    let Object(predicate) = envelope.predicate;
    let statement = Statement {
        verdict: verdict(predicate.verdict)?,
        issued_at: time("issuedAt", predicate.issued_at)?,
        expires_at: predicate.expires_at.map(|text| time("expiresAt", text)).transpose()?,
        subjects: envelope.subject.into_iter().map(subject).collect(),
        repository: RepositoryName::new(predicate.repository),
        refs: predicate.refs,
        reason: predicate.reason,
        net: predicate.net.map(|Object(net)| Net { base: net.base, tip: net.tip }),
    };
    check::check(&statement)?;
    Ok(statement)
}

/// Writes a statement: the same bytes for the same statement and evidence. `evidence` is
/// what the signer is shown, never used in judging.
///
/// What [`parse`] would refuse is written all the same; it is for the reader to refuse.
#[must_use]
pub fn render(statement: &Statement, evidence: Option<Value>) -> Vec<u8> {
    let envelope = wire::Envelope {
        _type: STATEMENT_TYPE.to_owned(),
        subject: statement.subjects.iter().map(wire_subject).collect(),
        predicate_type: PREDICATE_TYPE.to_owned(),
        predicate: Object(wire::Predicate {
            repository: statement.repository.as_str().to_owned(),
            refs: statement.refs.clone(),
            verdict: verdict_name(statement.verdict).to_owned(),
            reason: statement.reason.clone(),
            issued_at: statement.issued_at.to_string(),
            expires_at: statement.expires_at.map(|time| time.to_string()),
            net: statement.net.map(|net| Object(wire::Net { base: net.base, tip: net.tip })),
            evidence: evidence.map(wire::Evidence),
        }),
    };
    // Strings, hex and a JSON value can't fail to serialise; nothing at all is no statement.
    let mut bytes = serde_json::to_vec_pretty(&envelope).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn subject(Object(subject): Object<wire::Subject>) -> Subject {
    let Object(digest) = subject.digest;
    Subject {
        name: subject.name,
        commit: digest.commit,
        change: digest.change,
        paths: digest.paths,
        statement: digest.statement,
    }
}

fn wire_subject(subject: &Subject) -> Object<wire::Subject> {
    Object(wire::Subject {
        name: subject.name.clone(),
        digest: Object(wire::Digest {
            commit: subject.commit,
            change: subject.change,
            paths: subject.paths,
            statement: subject.statement,
        }),
    })
}

/// By hand: a derived enum also reads `{"approve": null}`.
fn verdict(text: String) -> Result<Verdict, StatementError> {
    match text.as_str() {
        "approve" => Ok(Verdict::Approve),
        "decline" => Ok(Verdict::Decline),
        "revoke" => Ok(Verdict::Revoke),
        "override" => Ok(Verdict::Override),
        "correct" => Ok(Verdict::Correct),
        _ => Err(StatementError::UnknownVerdict { found: text }),
    }
}

/// The word that a statement carries.
pub(super) fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approve",
        Verdict::Decline => "decline",
        Verdict::Revoke => "revoke",
        Verdict::Override => "override",
        Verdict::Correct => "correct",
    }
}

/// RFC 3339 in UTC, `2026-11-20T10:15:00Z`, with up to nine digits of fraction. jiff reads
/// far more (other zones, blanks for `T`, a leap second, no dashes): the shape is checked first.
fn time(field: &'static str, text: String) -> Result<Timestamp, StatementError> {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let shaped = |bytes: &[u8]| {
        let (head, tail) = bytes.split_at_checked(SHAPE.len())?;
        let same = |(have, want): (&u8, &u8)| match want {
            b'0' => have.is_ascii_digit(),
            _ => have == want,
        };
        let fraction = match tail.strip_suffix(b"Z")? {
            [] => true,
            [b'.', digits @ ..] => {
                (1..=9).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
            }
            _ => false,
        };
        (head.iter().zip(SHAPE).all(same) && fraction && !head.ends_with(b"60")).then_some(())
    };
    let read = shaped(text.as_bytes()).and_then(|()| text.parse().ok());
    read.ok_or(StatementError::NotATime { field, found: text })
}
