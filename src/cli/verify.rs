//! `countersign verify`: a landed commit, a ref or a statement's files, in any clone.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;

use super::clone::{Clone, Landing, Log, LogArgs};
use super::error::CliError;
use super::exit::Exit;
use super::landed::Ready;
use super::{files, out};
use crate::detect::Detector;
use crate::domain::decision::{MergeDecision, Met, RefDecision, Requirement};
use crate::domain::escape::{escape, escape_short};
use crate::domain::ids::{ObjectId, PolicyDigest, StatementHash};
use crate::domain::policy::Policy;
use crate::domain::statement::{Signed, Statement, Verdict};
use crate::git::range;
use crate::signature;

/// Commits of a ref that are looked at.
const ALL: usize = 10_000_000;

/// What to check.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  countersign verify HEAD\n  countersign verify \
    refs/remotes/origin/main --offline\n  countersign verify statement.json\n\nA name that begins \
    with refs/ is a ref: every commit of it is looked at. A file has its\nsignature beside it as \
    FILE.sig. Anything else names one commit.")]
pub(super) struct VerifyArgs {
    /// A commit, a full ref name, or a statement's file
    #[arg(value_name = "COMMIT|REF|FILE")]
    target: String,
    #[command(flatten)]
    log: LogArgs,
}

pub(super) fn run(args: &VerifyArgs, json: bool) -> Result<Exit, CliError> {
    let clone = Clone::here();
    if Path::new(&args.target).is_file() {
        let log = match clone {
            Ok(clone) => clone.known_log()?,
            Err(_) => None,
        };
        return file(Path::new(&args.target), log.as_ref(), json);
    }
    let clone = clone?;
    if clone.repo.is_shallow() {
        return Err(CliError::new("this is a shallow clone: what a commit changes can't be told")
            .hint("git fetch --unshallow"));
    }
    let Some(log) = clone.log(&args.log)? else {
        return Err(CliError::new("there is no published log in this clone")
            .hint("git fetch origin refs/countersign/log:refs/countersign/log"));
    };
    if args.target.starts_with("refs/") {
        return whole_ref(&clone, &Desk::new(&clone, &log)?, &args.target, json);
    }
    let desk = Desk::new(&clone, &log)?;
    let found = desk.find(clone.resolve(&args.target)?)?;
    if json {
        out::json(&found.view())?;
    } else {
        out::print(&found.text(true));
    }
    Ok(found.exit())
}

/// What can be said of one commit.
struct Found<'a> {
    id: ObjectId,
    subject: String,
    assisted: bool,
    landing: Option<(&'a Landing, &'a RefDecision)>,
    /// A merge without a change of its own: nobody need sign it (G16).
    is_clean_merge: bool,
    /// The requirements, judged again.
    requirements: Vec<Requirement>,
    /// Why they could not be judged again.
    trouble: Option<String>,
    /// Without a landing: who signed something that names it.
    signatures: Vec<String>,
}

/// What every commit is held against, read once.
struct Desk<'a> {
    clone: &'a Clone,
    log: &'a Log,
    detector: Detector,
    /// One for all: a clone's log is of one repository.
    source: Option<Ready>,
    policies: BTreeMap<PolicyDigest, Policy>,
}

impl<'a> Desk<'a> {
    fn new(clone: &'a Clone, log: &'a Log) -> Result<Self, CliError> {
        let current = log.current_policy()?;
        let mut policies = BTreeMap::new();
        for digest in log.decisions.iter().filter_map(|l| l.decision.policy) {
            if !policies.contains_key(&digest)
                && let Some(policy) = log.policy(&digest)?
            {
                policies.insert(digest, policy);
            }
        }
        let repository = log.decisions.first().map(|l| &l.decision.repository);
        Ok(Self {
            clone,
            log,
            detector: clone.detector(current.as_ref())?,
            source: repository.map(|r| clone.snapshot(log, r)),
            policies,
        })
    }

    fn find(&self, id: ObjectId) -> Result<Found<'a>, CliError> {
        let commit = self.clone.repo.commit(id, &self.clone.limits)?;
        let mut found = Found {
            id,
            subject: escape_short(commit.subject(), 60),
            assisted: self.detector.commit(&commit).is_ai_assisted(),
            landing: None,
            is_clean_merge: false,
            requirements: Vec::new(),
            trouble: None,
            signatures: Vec::new(),
        };
        // What a decision asked of it is worth more than that one knew it for a clean merge.
        let landing = |asked: bool| {
            let knows = |r: &RefDecision| {
                r.commits.iter().any(|c| c.id == id && !(asked && c.requirements.is_empty()))
            };
            let all = self.log.decisions.iter();
            all.flat_map(|l| l.decision.refs.iter().map(move |r| (l, r))).find(|(_, r)| knows(r))
        };
        found.landing = landing(true).or_else(|| landing(false));
        match found.landing {
            Some(landing) => {
                found.assisted = true;
                self.judge(&mut found, landing)?;
            }
            None if found.assisted => found.signatures = signatures(self.log, id)?,
            None => {}
        }
        Ok(found)
    }

    fn judge(
        &self,
        found: &mut Found<'_>,
        (landing, r): (&Landing, &RefDecision),
    ) -> Result<(), CliError> {
        let policy = landing.decision.policy.and_then(|digest| self.policies.get(&digest));
        let (Some(policy), Some(source)) = (policy, &self.source) else {
            found.trouble = Some("the log does not hold the policy that judged it".to_owned());
            return Ok(());
        };
        let decision = &landing.decision;
        let again = self.clone.judge_again(policy, decision, r, &[found.id], source)?;
        let again = again.into_iter().find(|c| c.id == found.id);
        found.is_clean_merge =
            again.as_ref().and_then(|c| c.merge.as_ref()).is_some_and(MergeDecision::is_clean);
        found.requirements = again.map(|c| c.requirements).unwrap_or_default();
        if found.requirements.is_empty() && !found.is_clean_merge {
            found.trouble = Some("the policy of the log asks nothing of it".to_owned());
        }
        Ok(())
    }
}

impl Found<'_> {
    fn is_verified(&self) -> bool {
        !self.assisted
            || (self.landing.is_some()
                && self.trouble.is_none()
                && self.requirements.iter().all(|q| q.met != Met::No))
    }

    fn exit(&self) -> Exit {
        if self.is_verified() { Exit::Done } else { Exit::PolicySaysNo }
    }

    fn view(&self) -> serde_json::Value {
        serde_json::json!({
            "commit": self.id,
            "ai_assisted": self.assisted,
            "verified": self.is_verified(),
            "decision": self.landing.map(|(l, _)| &l.decision.id),
            "at": self.landing.map(|(l, _)| l.decision.at),
            "clean_merge": self.is_clean_merge,
            "row": self.landing.map(|(l, _)| serde_json::json!({
                "hash": l.hash, "previous": l.previous, "bytes": l.body.len(),
            })),
            "requirements": self.requirements,
            "trouble": self.trouble,
            "signature_only": self.signatures,
        })
    }

    fn text(&self, with_innocent: bool) -> String {
        let mut text = format!("{} {}\n", self.id.short(), self.subject);
        if !self.assisted {
            let none = "  no evidence of AI: it needs no sign-off\n";
            return if with_innocent { text + none } else { String::new() };
        }
        let Some((landing, r)) = self.landing else {
            text.push_str("  no landing of it stands in the log\n");
            for signer in &self.signatures {
                text.push_str(&format!("  signature only: {signer}\n"));
            }
            return text;
        };
        let d = &landing.decision;
        let pusher = d.pusher.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string);
        let policy = d.policy.map_or_else(String::new, |p| p.short());
        text.push_str(&format!(
            "  landed on {} by {pusher}, {}, decision {}, policy {policy}\n",
            r.name,
            out::second(d.at),
            d.id
        ));
        if self.is_clean_merge && self.requirements.is_empty() {
            text.push_str("  verified, a clean merge: it needs no sign-off of its own\n");
        }
        for q in &self.requirements {
            text.push_str(&format!("  rule \"{}\": {}\n", escape(q.rule.as_bytes()), said(q)));
        }
        if let Some(trouble) = &self.trouble {
            text.push_str(&format!("  not verified: {trouble}\n"));
        }
        text
    }
}

fn said(q: &Requirement) -> String {
    match q.met {
        Met::Exempt => "the pusher was exempt".to_owned(),
        Met::SignedOff => {
            let who: Vec<_> = q
                .have
                .iter()
                .map(|h| format!("{} (statement {})", h.person, h.statement.short()))
                .collect();
            format!("verified, signed off by {}", who.join(", "))
        }
        Met::No => {
            let why: Vec<_> =
                q.unusable.iter().map(|u| format!("{}: {}", u.person, u.why)).collect();
            let why =
                if why.is_empty() { "no statement covers it".to_owned() } else { why.join("; ") };
            format!("NOT verified: needs {}, has {}; {why}", q.needed, q.have.len())
        }
    }
}

/// Who signed statements that name a commit, without a landing to hold them against.
fn signatures(log: &Log, id: ObjectId) -> Result<Vec<String>, CliError> {
    let policy = log.current_policy()?;
    let mut signers = Vec::new();
    for signed in &log.statements {
        let Ok(statement) = signature::parse(&signed.statement, usize::MAX) else { continue };
        if statement.subjects.iter().any(|s| s.commit == Some(id)) {
            let who =
                policy.as_ref().and_then(|p| signature::verify_within(signed, p, usize::MAX).ok());
            let who = who.map_or_else(|| "an unknown key".to_owned(), |s| s.signer.to_string());
            let verdict = format!("{:?}", statement.verdict).to_lowercase();
            let hash = signed.hash();
            let taken_back = if is_revoked(log, hash) { ", revoked" } else { "" };
            signers.push(format!("{who}, {verdict}, statement {}{taken_back}", hash.short()));
        }
    }
    Ok(signers)
}

/// Whether some statement of the log takes this one back; whose it is, is not asked.
fn is_revoked(log: &Log, hash: StatementHash) -> bool {
    log.statements.iter().any(|signed| {
        signature::parse(&signed.statement, usize::MAX).is_ok_and(|s| {
            s.verdict == Verdict::Revoke && s.subjects.iter().any(|s| s.statement == Some(hash))
        })
    })
}

/// Every AI-assisted commit of a ref; those without a verified landing are listed (G23).
fn whole_ref(clone: &Clone, desk: &Desk<'_>, name: &str, json: bool) -> Result<Exit, CliError> {
    let tip = clone.resolve(name)?;
    let all = range::new_commits(&clone.repo, tip, &[], ALL)?;
    let mut open = Vec::new();
    let mut assisted = 0;
    for id in &all {
        let found = desk.find(*id)?;
        assisted += usize::from(found.assisted);
        if !found.is_verified() {
            open.push(found);
        }
    }
    if json {
        out::json(&serde_json::json!({
            "ref": name, "commits": all.len(), "ai_assisted": assisted,
            "open": open.iter().map(Found::view).collect::<Vec<_>>(),
        }))?;
    } else {
        for found in &open {
            out::print(&found.text(false));
        }
        out::line(&format!(
            "{}: {} commits, {assisted} AI-assisted, {} of them without a verified landing",
            escape(name.as_bytes()),
            all.len(),
            open.len()
        ));
    }
    Ok(if open.is_empty() { Exit::Done } else { Exit::PolicySaysNo })
}

fn file(path: &Path, log: Option<&Log>, json: bool) -> Result<Exit, CliError> {
    let signed: Signed = files::read_signed(path)?;
    let public = signature::check_signature(&signed)?;
    let statement: Statement = signature::parse(&signed.statement, usize::MAX)?;
    let policy = match log {
        Some(log) => log.current_policy()?,
        None => None,
    };
    let signer =
        policy.as_ref().map(|p| signature::verify_within(&signed, p, usize::MAX).map(|s| s.signer));
    let print = signature::fingerprint(&public).unwrap_or_default();
    if json {
        let signer = signer.and_then(Result::ok);
        out::json(&serde_json::json!({
            "statement": signed.hash(), "signature": "good", "key": print, "signer": signer,
            "verdict": statement.verdict, "repository": statement.repository,
            "refs": statement.refs, "issued_at": statement.issued_at,
        }))?;
        return Ok(Exit::Done);
    }
    let verdict = format!("{:?}", statement.verdict).to_lowercase();
    out::line(&format!("statement {}", signed.hash()));
    let refs = escape_short(statement.refs.join(", ").as_bytes(), 200);
    out::line(&format!(
        "  {verdict} for {}, {refs}, {}",
        statement.repository,
        out::second(statement.issued_at)
    ));
    for subject in &statement.subjects {
        out::line(&format!("  {}", escape_short(subject.name.as_bytes(), 100)));
    }
    out::line(&match signer {
        Some(Ok(person)) => format!("good signature by {person}, key {print}"),
        Some(Err(_)) => format!("good signature, but the policy gives key {print} to nobody"),
        None => format!("good signature by key {print}; no policy here says whose it is"),
    });
    Ok(Exit::Done)
}
