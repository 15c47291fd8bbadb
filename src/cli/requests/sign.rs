//! `countersign approve R-...` and `decline R-...`: signing what a request shows.

use std::path::PathBuf;

use super::reading::Reading;
use super::{Desk, State, id_of, show};
use crate::cli::approve::{confirm, now};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::{Place, files, out, runtime, submit};
use crate::domain::ids::RequestId;
use crate::domain::statement::{Signed, Statement, Verdict};
use crate::signature::{self, Signer};

/// What is said of requests, and how.
pub(in crate::cli) struct Words<'a> {
    pub(in crate::cli) verdict: Verdict,
    pub(in crate::cli) reason: Option<String>,
    pub(in crate::cli) signer: &'a Signer,
    pub(in crate::cli) yes: bool,
    pub(in crate::cli) out: Option<PathBuf>,
}

/// Signs requests, all or none, with one use of the key's passphrase.
pub(in crate::cli) fn run(
    ids: &[String],
    words: &Words<'_>,
    place: Place<'_>,
) -> Result<Exit, CliError> {
    let mut named: Vec<RequestId> = ids.iter().map(|id| id_of(id)).collect::<Result<_, _>>()?;
    named.dedup();
    let readings = runtime()?.block_on(async {
        let desk = Desk::open(place).await?;
        let mut readings = Vec::new();
        for id in &named {
            let reading = desk.read(id).await?;
            if desk.state(&reading.request, jiff::Timestamp::now()) == State::Landed {
                return Err(CliError::new(format!("{id} has landed: nothing is left to sign")));
            }
            readings.push(reading);
        }
        Ok::<_, CliError>(readings)
    })?;
    for reading in &readings {
        out::print(&show::text(reading, State::Open));
    }
    sign(&readings, words, place)
}

/// Signs what was shown.
pub(super) fn sign(
    readings: &[Reading],
    words: &Words<'_>,
    place: Place<'_>,
) -> Result<Exit, CliError> {
    let statements: Vec<Statement> =
        readings.iter().map(|r| statement(r, words)).collect::<Result<_, _>>()?;
    let bytes: Vec<Vec<u8>> = readings
        .iter()
        .zip(&statements)
        .map(|(r, s)| signature::render(s, Some(evidence(r))))
        .collect();
    if !words.yes {
        confirm()?;
    }
    let signatures = words.signer.sign_all(&bytes)?;
    let all: Vec<Signed> = bytes
        .into_iter()
        .zip(signatures)
        .map(|(statement, signature)| Signed { statement, signature })
        .collect();
    let Some(file) = &words.out else {
        return runtime()?.block_on(async {
            let desk = Desk::open(place).await?;
            let mut new = Vec::new();
            for (signed, reading) in all.into_iter().zip(readings) {
                let (policy, limit) = desk.policy_of(reading)?;
                new.push(submit::verified(signed, &policy, limit)?);
            }
            submit::store(&*desk.store, &new).await
        });
    };
    for (n, signed) in all.iter().enumerate() {
        let name = crate::cli::deliver::numbered(file, n, all.len());
        files::write_signed(&name, signed)?;
        out::line(&format!("wrote {} and its .sig", name.display()));
    }
    Ok(Exit::Done)
}

fn statement(reading: &Reading, words: &Words<'_>) -> Result<Statement, CliError> {
    let id = &reading.request.id;
    let merge = reading.parts.iter().find(|part| part.is_merge());
    if let Some(merge) = merge.filter(|_| words.verdict == Verdict::Approve) {
        let (merge, name) = (merge.commit.id.short(), &reading.request.name);
        return Err(CliError::new(format!(
            "{id} holds a merge, {merge}: no request shows all of it"
        ))
        .hint("approve it in a clone, where it can be merged again:")
        .hint(format!("countersign approve {merge} --ref {name}")));
    }
    if reading.request.name.to_string().as_bytes() != reading.request.name.as_bytes() {
        return Err(CliError::new(format!("{id} is for a ref whose name can't be shown"))
            .hint("push it to a plain name"));
    }
    if reading.parts.is_empty() {
        return Err(CliError::new(format!("{id} holds nothing that lacks a sign-off")));
    }
    Ok(Statement {
        subjects: reading.parts.iter().map(|part| part.subject()).collect(),
        repository: reading.request.repository.clone(),
        refs: vec![reading.request.name.to_string()],
        verdict: words.verdict,
        reason: words.reason.clone(),
        issued_at: now()?,
        expires_at: None,
        net: None,
    })
}

/// What made each commit AI-assisted, for the record.
fn evidence(reading: &Reading) -> serde_json::Value {
    let commits = reading.parts.iter().take(100).map(|part| {
        let counts = part.decided.evidence.iter().filter(|e| e.strength.counts());
        serde_json::json!({
            "commit": part.commit.id,
            "evidence": counts.take(5).collect::<Vec<_>>(),
        })
    });
    serde_json::Value::Array(commits.collect())
}
