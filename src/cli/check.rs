//! `countersign check` and `countersign status`: the gate's engine in a clone, before a
//! push.

use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use super::clone::{Clone, Log, LogArgs};
use super::error::CliError;
use super::exit::Exit;
use super::{out, random, runtime};
use crate::domain::decide;
use crate::domain::decision::{
    CommitDecision, Decision, Finding, Met, Outcome, RefDecision, Requirement,
};
use crate::domain::escape::escape;
use crate::domain::ids::{DecisionId, Login, ObjectId, PersonId, RefName, RepositoryName};
use crate::domain::policy::Policy;
use crate::git::laptop::Named;
use crate::hook::collect::{self, Bench, View};
use crate::hook::input::Update;
use crate::hook::names::Aliases;
use crate::hook::report::{self, Surroundings};
use crate::hook::run::review_prefix;

const UNKNOWN: &str = "not checked here: who first pushed what never landed, and declines or\n\
    revocations that the fetched log lacks";

/// What would be pushed where.
#[derive(Debug, Args)]
pub(super) struct PushArgs {
    /// The commit that would be pushed, or a range that ends in it
    #[arg(default_value = "HEAD", value_name = "RANGE")]
    range: String,
    /// The repository's name on the server; else git config countersign.repository
    #[arg(long, value_name = "NAME")]
    repository: Option<String>,
    /// Whose push it would be: a login of the server; else the policy's person with your
    /// git config user.email
    #[arg(long = "as", value_name = "LOGIN")]
    login: Option<String>,
    #[command(flatten)]
    log: LogArgs,
}

/// `countersign check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  countersign check --ref refs/heads/main --as kim\n\nExit code \
    3: the push would be rejected."
)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    push: PushArgs,
    /// The ref that it would go to, such as refs/heads/main
    #[arg(long = "ref", value_name = "REF")]
    name: String,
}

/// `countersign status`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  countersign status origin/main..HEAD --ref refs/heads/main\n  countersign status --wait && git push origin HEAD:main\n\nExit code 3: something is open."
)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    push: PushArgs,
    /// The ref that it would go to; else the first that the policy gates by its full name
    #[arg(long = "ref", value_name = "REF")]
    name: Option<String>,
    /// Ask again until everything is signed, or somebody has declined
    #[arg(long, conflicts_with = "offline")]
    wait: bool,
}

/// How long to wait before asking again, at first and at last.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

pub(super) fn check(args: &CheckArgs, json: bool) -> Result<Exit, CliError> {
    let (decision, policy) = judge(&args.push, Some(&args.name))?;
    if json {
        out::json(&decision)?;
    } else {
        let around = Surroundings {
            review: review_prefix(&policy, &decision.repository),
            remembers: false,
            detail: true,
            ..Surroundings::default()
        };
        out::print(&report::text(&decision, &around));
        if decision.verdict == Outcome::Accept {
            for r in &decision.refs {
                let new = r.rules.iter().map(|rule| rule.checked).max().unwrap_or(0);
                let what = match r.gated {
                    true => out::count(new, "new commit", "new commits"),
                    false => format!("no rule gates {} here", r.name),
                };
                out::line(&format!("{what}: the gate would accept the push"));
            }
        }
        judged_by(&decision);
    }
    Ok(match decision.verdict {
        Outcome::Accept => Exit::Done,
        Outcome::Reject => Exit::PolicySaysNo,
    })
}

pub(super) fn status(args: &StatusArgs, json: bool) -> Result<Exit, CliError> {
    let mut pause = PAUSE;
    let decision = loop {
        let (decision, _) = judge(&args.push, args.name.as_deref())?;
        if !args.wait || !waits(&decision) {
            break decision;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    };
    let open: usize = decision.refs.iter().map(open_in).sum();
    let exit = if open == 0 { Exit::Done } else { Exit::PolicySaysNo };
    if json {
        out::json(&decision)?;
        return Ok(exit);
    }
    for r in &decision.refs {
        for c in &r.commits {
            out::line(&format!("{} {}", c.id.short(), c.subject));
            for q in &c.requirements {
                out::line(&format!("  rule \"{}\": {}", escape(q.rule.as_bytes()), state(q)));
                if q.met == Met::No {
                    report::people_of(q).iter().for_each(|l| out::line(&format!("    {l}")));
                }
            }
            for finding in &c.findings {
                out::line(&format!("  {}", told(finding)));
            }
        }
        for finding in &r.findings {
            out::line(&format!("{}: {}", r.name, told(finding)));
        }
        if !r.gated {
            out::line(&format!("no rule gates {} here", r.name));
            continue;
        }
        let new = r.rules.iter().map(|rule| rule.checked).max().unwrap_or(0);
        let new = out::count(new, "new commit", "new commits");
        out::line(&format!("{}: {new}, {} open", r.name, open_in(r)));
    }
    judged_by(&decision);
    Ok(exit)
}

/// Which policy was asked, and what a clone can't know.
fn judged_by(decision: &Decision) {
    if let Some(policy) = &decision.policy {
        out::line(&format!("judged by policy {} of the fetched log", policy.short()));
    }
    out::line(UNKNOWN);
}

fn told(finding: &Finding) -> String {
    match &finding.detail {
        Some(detail) => format!("{}: {}", finding.message, escape(detail.as_bytes())),
        None => finding.message.clone(),
    }
}

/// Whether anything is open, and sign-offs that may still come would mend all of it.
fn waits(decision: &Decision) -> bool {
    let commits = || decision.refs.iter().flat_map(|r| &r.commits);
    let findings = commits()
        .flat_map(|c| &c.findings)
        .chain(decision.refs.iter().flat_map(|r| &r.findings))
        .chain(&decision.findings);
    let mut unmet = commits().flat_map(|c| &c.requirements).filter(|q| q.met == Met::No).peekable();
    unmet.peek().is_some()
        && unmet.all(|q| !q.blocked && q.declined.is_empty() && !q.can_sign.is_empty())
        && !findings.into_iter().any(Finding::rejects)
}

/// How many things a ref still needs.
fn open_in(r: &RefDecision) -> usize {
    let of = |c: &CommitDecision| {
        c.findings.len() + c.requirements.iter().filter(|q| q.met == Met::No).count()
    };
    r.findings.len() + r.commits.iter().map(of).sum::<usize>()
}

fn state(q: &Requirement) -> String {
    let names = |people: &mut dyn Iterator<Item = &PersonId>| {
        people.map(PersonId::to_string).collect::<Vec<_>>().join(", ")
    };
    match q.met {
        Met::SignedOff => format!("signed off by {}", names(&mut q.have.iter().map(|h| &h.person))),
        Met::Exempt => "exempt".to_owned(),
        Met::No => {
            let word = if q.blocked { "blocked; " } else { "" };
            format!("{word}needs {}, has {}", q.needed, q.have.len())
        }
    }
}

fn judge(args: &PushArgs, name: Option<&str>) -> Result<(Decision, Policy), CliError> {
    let clone = Clone::here()?;
    if clone.repo.is_shallow() {
        return Err(CliError::new("this is a shallow clone: what is new can't be told")
            .hint("git fetch --unshallow"));
    }
    let repository = clone.repository(args.repository.as_deref())?;
    let log = clone.log(&args.log)?.ok_or_else(|| {
        CliError::new("there is no published log in this clone, and so no policy")
            .hint("git fetch origin refs/countersign/log:refs/countersign/log")
    })?;
    let policy = log.current_policy()?.ok_or_else(|| {
        CliError::new("the published log holds no policy")
            .hint("the server's setting [log] publish_policy puts it there")
    })?;
    let name = match name {
        Some(name) if name.starts_with("refs/") => name.to_owned(),
        Some(name) => {
            let name = escape(name.as_bytes());
            return Err(CliError::usage(format!("\"{name}\" is no full ref name"))
                .hint(format!("did you mean refs/heads/{name}?")));
        }
        None => first_full_name(&policy, &repository)?,
    };
    let tip = match clone.repo.resolve_range(&args.range)? {
        Named::Commit(id) => id,
        Named::Range { tip, .. } => tip,
    };
    let remote = clone.remote(args.log.remote.as_deref())?;
    let tips = tips(&clone, &remote)?;
    let name = RefName::new(name);
    let old = tips.iter().find(|(n, _)| *n == name).map(|(_, id)| *id);
    let update = Update { old: old.unwrap_or(ObjectId::zero(clone.repo.format())), new: tip, name };
    let login = pusher(&clone, &policy, args.login.as_deref())?;
    let decision = decide_here(&clone, &log, &policy, Case { repository, update, tips, login })?;
    Ok((decision, policy))
}

/// Whose push it would be. Without anybody every rule would want one sign-off more.
fn pusher(clone: &Clone, policy: &Policy, flag: Option<&str>) -> Result<Login, CliError> {
    if let Some(login) = flag {
        return Ok(Login::new(login));
    }
    let email = clone.repo.config("user.email")?.unwrap_or_default();
    let person = policy.person_by_email(email.as_bytes());
    person.and_then(|p| p.logins.first().cloned()).ok_or_else(|| {
        let email = escape(email.as_bytes());
        CliError::usage(format!("whose push would it be? The policy knows nobody as \"{email}\""))
            .hint("--as LOGIN names them as the server does")
    })
}

struct Case {
    repository: RepositoryName,
    update: Update,
    tips: Vec<(RefName, ObjectId)>,
    login: Login,
}

fn decide_here(
    clone: &Clone,
    log: &Log,
    policy: &Policy,
    case: Case,
) -> Result<Decision, CliError> {
    let source = clone.snapshot(log, &case.repository);
    let detector = clone.detector(Some(policy))?;
    let bench = Bench {
        repo: &clone.repo,
        repository: case.repository,
        policy,
        detector: &detector,
        limits: &clone.limits,
        pusher: Some(case.login),
        no_pusher: None,
        unlisted_is_nobody: false,
        now: Timestamp::now(),
        id: DecisionId::from_random(random()?),
        view: View::Clone(case.tips),
        aliases: Aliases::from(Vec::new()),
    };
    let facts = runtime()?.block_on(collect::collect(&bench, &[case.update], &source));
    Ok(decide(policy, &facts))
}

/// What the server's refs held when they were last fetched: `refs/remotes/<remote>/*` by
/// their names there (G1), and tags.
fn tips(clone: &Clone, remote: &str) -> Result<Vec<(RefName, ObjectId)>, CliError> {
    let prefix = format!("refs/remotes/{remote}/");
    let refs = clone.repo.refs(Some("refs/"))?;
    Ok(refs
        .into_iter()
        .filter_map(|(name, id)| {
            let bytes = name.as_bytes();
            if bytes.starts_with(b"refs/tags/") {
                return Some((name, id));
            }
            let branch = bytes.strip_prefix(prefix.as_bytes()).filter(|b| *b != b"HEAD")?;
            Some((RefName::new([b"refs/heads/".as_slice(), branch].concat()), id))
        })
        .collect())
}

fn first_full_name(policy: &Policy, repository: &RepositoryName) -> Result<String, CliError> {
    let is_plain = |p: &&str| !p.contains(['*', '?', '[', '{']);
    policy
        .rules_for(repository)
        .flat_map(|(_, rule)| rule.refs.patterns())
        .find(is_plain)
        .map(str::to_owned)
        .ok_or_else(|| {
            CliError::usage("no ref is given").hint("--ref refs/heads/main, for example")
        })
}
