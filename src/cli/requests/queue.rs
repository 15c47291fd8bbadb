//! `countersign queue`: what waits for sign-offs.

use std::collections::BTreeMap;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Desk, State};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::{Place, out, runtime};
use crate::domain::escape::escape_short;
use crate::domain::ids::{PersonId, RepositoryName, StatementHash};
use crate::domain::request::Request;
use crate::domain::statement::{SignOff, Verdict};
use crate::store::Wanted;
use crate::store::request::RequestQuery;

/// Requests that are looked at, to put the own ones first.
const LOOKED_AT: usize = 5_000;

/// What to list.
#[derive(Debug, Args)]
#[command(
    after_help = "Example, on the Git host:\n  countersign --config /etc/countersign/countersign.toml queue --as ghopper"
)]
pub(in crate::cli) struct QueueArgs {
    #[command(flatten)]
    pub(super) pick: Pick,
    /// Landed ones and those that nobody pushes any more, too
    #[arg(long)]
    all: bool,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
}

/// Whose and which requests.
#[derive(Debug, Args)]
pub(in crate::cli) struct Pick {
    /// A person of the policy: what they can sign comes first; else who is logged in
    #[arg(long = "as", value_name = "PERSON")]
    pub(super) person: Option<String>,
    /// Only what this person can sign and has not answered yet
    #[arg(long)]
    mine: bool,
    /// Only those of this repository
    #[arg(long, value_name = "NAME")]
    repository: Option<String>,
}

/// A request in the queue.
pub(super) struct Waiting {
    pub(super) request: Request,
    /// Who spoke about it, by their last word.
    said: BTreeMap<PersonId, Verdict>,
    is_mine: bool,
}

pub(in crate::cli) fn run(
    args: &QueueArgs,
    place: Place<'_>,
    json: bool,
) -> Result<Exit, CliError> {
    runtime()?.block_on(async {
        let desk = Desk::open(place).await?;
        let now = Timestamp::now();
        let found = waiting(&desk, &args.pick, args.all, now).await?;
        for waiting in found.iter().take(args.limit) {
            if json {
                out::json_line(&as_json(&desk, waiting, now))?;
            } else {
                out::print(&text(&desk, waiting, now));
            }
        }
        if !json && found.is_empty() {
            out::line("nothing waits for a sign-off");
        }
        if !json && found.len() > args.limit {
            let more = out::count(found.len() - args.limit, "more request", "more requests");
            out::line(&format!("and {more}: --limit {}", found.len()));
        }
        Ok(Exit::Done)
    })
}

/// One's own first, then the oldest, then the smallest.
pub(super) async fn waiting(
    desk: &Desk,
    pick: &Pick,
    all: bool,
    now: Timestamp,
) -> Result<Vec<Waiting>, CliError> {
    let query = RequestQuery {
        ids: Vec::new(),
        repository: pick.repository.as_deref().map(RepositoryName::new),
        open_since: (!all).then(|| desk.expired_before(now).as_second().max(1)),
        after: 0,
        limit: LOOKED_AT,
    };
    let requests = desk.store.requests(&query).await?;
    let mut said = said(desk, &requests).await?;
    let me = pick.person.as_deref().map(PersonId::new).or_else(|| desk.person.clone());
    if pick.mine && me.is_none() {
        return Err(CliError::usage("whose? --as PERSON, as the policy calls them"));
    }
    let mut found: Vec<Waiting> = requests
        .into_iter()
        .map(|request| {
            let said = said.remove(&request.seq).unwrap_or_default();
            let can = |me: &PersonId| request.last.can_sign.contains(me) && !said.contains_key(me);
            let is_mine = request.landed_at.is_none() && me.as_ref().is_some_and(can);
            Waiting { request, said, is_mine }
        })
        .filter(|w| w.is_mine || !pick.mine)
        .collect();
    found.sort_by_key(|w| (!w.is_mine, w.request.opened_at, w.request.last.files));
    Ok(found)
}

/// By request: everybody's last word about any of its commits.
async fn said(
    desk: &Desk,
    requests: &[Request],
) -> Result<BTreeMap<i64, BTreeMap<PersonId, Verdict>>, CliError> {
    let mut by_repository: BTreeMap<&RepositoryName, Vec<&Request>> = BTreeMap::new();
    for request in requests {
        by_repository.entry(&request.repository).or_default().push(request);
    }
    let mut words: BTreeMap<i64, BTreeMap<PersonId, Verdict>> = BTreeMap::new();
    for (repository, requests) in by_repository {
        let asked = || requests.iter().flat_map(|r| &r.last.commits);
        let wanted = Wanted {
            commits: asked().map(|a| a.commit).collect(),
            changes: asked().filter_map(|a| a.change).collect(),
            ..Wanted::default()
        };
        let Some(newest) = requests.iter().max_by_key(|r| r.last.at) else { continue };
        let row = desk.store.decision(&newest.last.decision).await?;
        let Some(digest) = row.and_then(|row| row.policy) else { continue };
        let policy = desk.policy(Some(digest)).await?;
        let mut signed = desk.said(repository, &wanted, &policy).await?;
        signed.sort_by_key(|s| (s.statement.issued_at, s.hash));
        let index = Index::of(&signed);
        for request in requests {
            let said = words.entry(request.seq).or_default();
            for s in index.about(request) {
                said.insert(s.signer.clone(), s.statement.verdict);
            }
        }
    }
    Ok(words)
}

/// Statements by what they are about, in the order in which they were signed.
struct Index<'a> {
    all: &'a [SignOff],
    by_subject: BTreeMap<String, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn of(all: &'a [SignOff]) -> Self {
        let mut by_subject: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (n, s) in all.iter().enumerate() {
            for sub in &s.statement.subjects {
                let names = [sub.commit.map(|c| c.to_string()), sub.change.map(|c| c.to_string())];
                for name in names.into_iter().flatten() {
                    by_subject.entry(name).or_default().push(n);
                }
            }
        }
        Self { all, by_subject }
    }

    fn about(&self, request: &Request) -> Vec<&'a SignOff> {
        let mut places: BTreeMap<StatementHash, usize> = BTreeMap::new();
        for asked in &request.last.commits {
            let names = [Some(asked.commit.to_string()), asked.change.map(|c| c.to_string())];
            for n in names.into_iter().flatten().filter_map(|name| self.by_subject.get(&name)) {
                places.extend(n.iter().filter_map(|n| Some((self.all.get(*n)?.hash, *n))));
            }
        }
        let mut places: Vec<usize> = places.into_values().collect();
        places.sort_unstable();
        places.into_iter().filter_map(|n| self.all.get(n)).collect()
    }
}

pub(super) fn text(desk: &Desk, waiting: &Waiting, now: Timestamp) -> String {
    let request = &waiting.request;
    let pusher = request.pusher.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string);
    let state = match desk.state(request, now) {
        State::Open => String::new(),
        State::Landed => " landed".to_owned(),
        State::Expired => " over".to_owned(),
    };
    let last = &request.last;
    let mut text = format!(
        "{}{state}  {}  {} {}  {pusher}, {} old\n",
        request.id,
        if waiting.is_mine { "*" } else { " " },
        request.repository,
        request.name,
        age(now.duration_since(request.opened_at)),
    );
    let title = escape_short(last.title.as_bytes(), 60);
    let commits = out::count(last.waiting, "commit", "commits");
    let files = out::count(last.files, "file", "files");
    text.push_str(&format!("    \"{title}\", {commits}, {files}\n"));
    for (person, verdict) in &waiting.said {
        let verb = if *verdict == Verdict::Decline { "declined" } else { "approved" };
        text.push_str(&format!("    {person} {verb}\n"));
    }
    let open: Vec<String> = last
        .can_sign
        .iter()
        .filter(|p| !waiting.said.contains_key(p))
        .map(ToString::to_string)
        .collect();
    if !open.is_empty() {
        text.push_str(&format!("    can sign: {}\n", open.join(", ")));
    }
    text
}

fn age(age: SignedDuration) -> String {
    match age.as_hours() {
        hours @ 48.. => format!("{} days", hours / 24),
        hours @ 2..48 => format!("{hours} hours"),
        _ => format!("{} minutes", age.as_mins().max(0)),
    }
}

fn as_json(desk: &Desk, waiting: &Waiting, now: Timestamp) -> serde_json::Value {
    json!({
        "request": waiting.request,
        "state": desk.state(&waiting.request, now),
        "mine": waiting.is_mine,
        "said": waiting.said,
    })
}
