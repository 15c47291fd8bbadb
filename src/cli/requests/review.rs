//! `countersign review`: one request after the other, in the terminal.

use std::io::{IsTerminal, Write, stdin, stdout};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::Args;
use jiff::Timestamp;

use super::queue::{self, Pick};
use super::sign::{self, Words};
use super::{Desk, State, show};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::{Place, out, runtime};
use crate::domain::ids::RequestId;
use crate::domain::statement::Verdict;
use crate::signature::Signer;

/// Who reviews, and with which key.
#[derive(Debug, Args)]
#[command(
    after_help = "Example, on the Git host:\n  countersign --config /etc/countersign/countersign.toml review --as ghopper --key ~/.ssh/id_ed25519"
)]
pub(in crate::cli) struct ReviewArgs {
    #[command(flatten)]
    pick: Pick,
    /// The key to sign with
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

/// What the senior says to a request.
enum Answer {
    Approve,
    Decline(String),
    Skip,
    Quit,
}

pub(in crate::cli) fn run(args: &ReviewArgs, place: Place<'_>) -> Result<Exit, CliError> {
    if !stdin().is_terminal() {
        return Err(CliError::usage("nobody is there to review")
            .hint("countersign queue and countersign approve R-... do without a terminal"));
    }
    let signer = Signer::file(&args.key);
    let runtime = runtime()?;
    let ids: Vec<RequestId> = runtime.block_on(async {
        let desk = Desk::open(place).await?;
        let found = queue::waiting(&desk, &args.pick, false, Timestamp::now()).await?;
        Ok::<_, CliError>(found.into_iter().map(|w| w.request.id).collect())
    })?;
    if ids.is_empty() {
        out::line("nothing waits for a sign-off");
    }
    for (n, id) in ids.iter().enumerate() {
        let reading = runtime.block_on(async {
            // Another may have signed it meanwhile, and it may have landed.
            let desk = Desk::open(place).await?;
            let reading = desk.read(id).await?;
            let state = desk.state(&reading.request, Timestamp::now());
            Ok::<_, CliError>((state == State::Open).then_some(reading))
        })?;
        let Some(reading) = reading else { continue };
        let head = show::text(&reading, State::Open);
        paged(&format!("{head}{}", show::diffs(&reading)?));
        out::print(&format!("\n{head}\n"));
        let answer = ask(n + 1, ids.len())?;
        let (verdict, reason) = match answer {
            Answer::Approve => (Verdict::Approve, None),
            Answer::Decline(reason) => (Verdict::Decline, Some(reason)),
            Answer::Skip => continue,
            Answer::Quit => break,
        };
        let words = Words { verdict, reason, signer: &signer, yes: true, out: None };
        // What can't be signed here is told, and the next one comes.
        if let Err(e) = sign::sign(std::slice::from_ref(&reading), &words, place) {
            out::error(&e.text());
        }
    }
    Ok(Exit::Done)
}

/// In the pager of the environment, as git does; straight out where there is none.
fn paged(text: &str) {
    if !stdout().is_terminal() {
        return out::print(text);
    }
    let named = ["GIT_PAGER", "PAGER"].into_iter().find_map(|name| std::env::var(name).ok());
    let pager = named.filter(|p| !p.trim().is_empty()).unwrap_or_else(|| "less".to_owned());
    let mut words = pager.split_whitespace();
    let Some(program) = words.next() else { return out::print(text) };
    // R: colours alone pass; nothing of the text can steer the terminal anyway.
    let started = Command::new(program)
        .args(words)
        .env("LESS", "FRX")
        .env("LESSSECURE", "1")
        .stdin(Stdio::piped())
        .spawn();
    let Ok(mut child) = started else { return out::print(text) };
    if let Some(mut input) = child.stdin.take() {
        // Whoever quits the pager has seen enough.
        let _ = input.write_all(text.as_bytes());
    }
    let _ = child.wait();
}

fn ask(n: usize, of: usize) -> Result<Answer, CliError> {
    loop {
        out::error(&format!("({n} of {of}) approve, decline, skip, quit? [a/d/s/q] "));
        let Some(line) = line()? else { return Ok(Answer::Quit) };
        match line.as_str() {
            "a" | "approve" => return Ok(Answer::Approve),
            "s" | "skip" | "n" | "next" => return Ok(Answer::Skip),
            "q" | "quit" => return Ok(Answer::Quit),
            "d" | "decline" => {
                out::error("Why? The author reads it: ");
                match line_of_reason()? {
                    Some(reason) => return Ok(Answer::Decline(reason)),
                    None => out::error("a decline needs a reason\n"),
                }
            }
            _ => {}
        }
    }
}

fn line_of_reason() -> Result<Option<String>, CliError> {
    Ok(line()?.filter(|reason| !reason.is_empty()))
}

/// `None` at the end of input.
fn line() -> Result<Option<String>, CliError> {
    let mut line = String::new();
    let read = stdin().read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim().to_owned()))
}
