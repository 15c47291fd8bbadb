//! `countersign show R-...`: one request in full.

use jiff::Timestamp;
use serde_json::json;

use super::reading::{Part, Reading};
use super::{Desk, State, flags};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::{Place, out, runtime};
use crate::domain::change::{Change, Entry};
use crate::domain::escape::{escape, escape_short};
use crate::domain::ids::{ObjectId, RequestId};
use crate::domain::request::Request;
use crate::domain::statement::Verdict;
use crate::git::diff::DiffText;
use crate::hook::report;

/// Files shown of a commit.
const FILES: usize = 50;

/// Bytes of a diff that is shown.
const DIFF_BYTES: usize = 64 << 20;

pub(in crate::cli) fn run(
    id: &RequestId,
    place: Place<'_>,
    diff: bool,
    json: bool,
) -> Result<Exit, CliError> {
    runtime()?.block_on(async {
        let desk = Desk::open(place).await?;
        let request = desk.request(id).await?;
        let state = desk.state(&request, Timestamp::now());
        if state == State::Landed && !json {
            out::print(&head(&request, state));
            return Ok(Exit::Done);
        }
        let reading = Reading::load(&desk, request).await?;
        if json {
            out::json(&as_json(&reading, state))?;
            return Ok(Exit::Done);
        }
        out::print(&text(&reading, state));
        if diff {
            out::print(&diffs(&reading)?);
        }
        Ok(Exit::Done)
    })
}

/// What and where it is.
fn head(request: &Request, state: State) -> String {
    let pusher = request.pusher.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string);
    let mut head =
        format!("{} for {} {}, by {pusher}\n", request.id, request.repository, request.name);
    let pushes = out::count(usize::try_from(request.rounds).unwrap_or(usize::MAX), "time", "times");
    head.push_str(&match state {
        State::Open => "  open".to_owned(),
        State::Landed => {
            let at = request.landed_at.map_or_else(String::new, out::second);
            format!("  landed {at}")
        }
        State::Expired => "  over: nobody pushed it for long".to_owned(),
    });
    head.push_str(&format!(
        ", first pushed {}, last {} ({}), {pushes}\n",
        out::second(request.opened_at),
        out::second(request.last.at),
        request.last.decision,
    ));
    head
}

pub(super) fn text(reading: &Reading, state: State) -> String {
    let mut text = head(&reading.request, state);
    for part in &reading.parts {
        text.push('\n');
        text.push_str(&report::commit_text(&part.decided));
        let author = &part.commit.author;
        let line = |text: &mut String, words: &str| text.push_str(&format!("    {words}\n"));
        let (name, email) = (escape_short(&author.name, 40), escape_short(&author.email, 60));
        line(&mut text, &format!("by {name} <{email}>"));
        for said in words_about(reading, part) {
            line(&mut text, &said);
        }
        match &part.change {
            Some(change) => files(&mut text, reading, change),
            None if part.is_merge() => {
                line(&mut text, "a merge: it is read and signed in a clone");
            }
            None => line(&mut text, "changes no file"),
        }
        if let Some(since) = &part.since {
            let signed = since.signed.short();
            let what = format!("since {} signed {signed}, other in it:", since.person);
            line(&mut text, &what);
            if since.change.entries().is_empty() {
                line(&mut text, "  no file");
            }
            for entry in since.change.entries().iter().take(FILES) {
                line(&mut text, &format!("  {}", escape_short(entry.path.as_bytes(), 100)));
            }
        }
    }
    text
}

/// Who signed what about a commit, also after it was pushed last.
fn words_about(reading: &Reading, part: &Part) -> Vec<String> {
    let subject = part.subject();
    let is_about = |sub: &crate::domain::statement::Subject| {
        sub.commit == subject.commit || (sub.change.is_some() && sub.change == subject.change)
    };
    let about = reading.said.iter().filter(|s| s.statement.subjects.iter().any(is_about));
    about
        .map(|s| {
            let verb = match s.statement.verdict {
                Verdict::Decline => "declined",
                _ => "approved",
            };
            let reason = s.statement.reason.as_deref().unwrap_or_default();
            let reason = match reason {
                "" => String::new(),
                reason => format!(": {}", escape_short(reason.as_bytes(), 300)),
            };
            format!("{} {verb} {}{reason}", s.signer, out::second(s.statement.issued_at))
        })
        .collect()
}

fn files(text: &mut String, reading: &Reading, change: &Change) {
    for (entry, flags) in flags::in_order(reading, change).into_iter().take(FILES) {
        let path = escape_short(entry.path.as_bytes(), 100);
        let flags = match flags.as_slice() {
            [] => String::new(),
            flags => format!("  ! {}", flags.join(", ")),
        };
        text.push_str(&format!("    {} {path}{flags}\n", sign(entry)));
    }
    if change.entries().len() > FILES {
        text.push_str(&format!("    and {} more files\n", change.entries().len() - FILES));
    }
}

fn sign(entry: &Entry) -> char {
    match (entry.old, entry.new) {
        (None, _) => 'A',
        (_, None) => 'D',
        (Some(old), Some(new)) if old.mode != new.mode => 'T',
        _ => 'M',
    }
}

/// Every commit's message and diff, and what is other than in what was signed before. Nothing
/// of it can steer a terminal.
pub(super) fn diffs(reading: &Reading) -> Result<String, CliError> {
    let mut text = String::new();
    for part in &reading.parts {
        text.push_str(&format!("\ncommit {}\n", part.commit.id));
        lines(&mut text, "    ", &part.commit.message);
        if let Some(change) = &part.change {
            text.push('\n');
            body(&mut text, &reading.diff(change, DIFF_BYTES)?);
        }
        if let Some(since) = &part.since {
            let signed = since.signed.short();
            text.push_str(&format!("\nsince {} signed {signed}:\n\n", since.person));
            body(&mut text, &reading.diff(&since.change, DIFF_BYTES)?);
        }
    }
    Ok(text)
}

fn body(text: &mut String, diff: &DiffText) {
    lines(text, "", &diff.text);
    if diff.is_cut {
        text.push_str("(not all of the change is shown)\n");
    }
}

/// Line by line, so that each stays one; a tab is what it is.
fn lines(text: &mut String, lead: &str, bytes: &[u8]) {
    for line in bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|b| *b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let cells: Vec<String> = line.split(|b| *b == b'\t').map(escape).collect();
        text.push_str(&format!("{lead}{}\n", cells.join("\t")));
    }
}

fn as_json(reading: &Reading, state: State) -> serde_json::Value {
    let side = |side: Option<crate::domain::change::Side>| {
        side.map(|s| json!({ "mode": format!("{:06o}", s.mode), "blob": s.id }))
    };
    let contents = |id: ObjectId| reading.file(id).map(|bytes| String::from_utf8_lossy(bytes));
    let entry = |e: &Entry| {
        json!({
            "path": escape(e.path.as_bytes()),
            "old": side(e.old),
            "new": side(e.new),
            "old_text": e.old.and_then(|s| contents(s.id)),
            "new_text": e.new.and_then(|s| contents(s.id)),
        })
    };
    let part = |p: &Part| {
        let entries = p.change.iter().flat_map(|c| c.entries()).map(entry);
        json!({
            "commit": p.commit.id,
            "message": String::from_utf8_lossy(&p.commit.message),
            "decided": p.decided,
            "change": p.subject().change,
            "files": entries.collect::<Vec<_>>(),
        })
    };
    json!({
        "request": reading.request,
        "state": state,
        "rounds": reading.rounds,
        "commits": reading.parts.iter().map(part).collect::<Vec<_>>(),
    })
}
