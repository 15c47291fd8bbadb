//! One push, start to finish.
//!
//! Everything happens in a worker thread, so that a time budget, a panic or a hang ends in
//! a clear "no" (G5). The exit code belongs to `cli`.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use super::certificate::Counter;
use super::collect::{self, Bench, View};
use super::environment::{self, Environment};
use super::input::{self, Updates};
use super::log::{self, Place, chain};
use super::names::Aliases;
use super::record::{LazyStore, record};
use super::report::{self, Surroundings};
use super::waiting::{SILENCE, Waiting};
use super::{opened, refused, requests};
use crate::detect::{self, Detector};
use crate::domain::decide;
use crate::domain::decision::{Decision, Family, Finding, Outcome};
use crate::domain::ids::{DecisionId, RefName, RepositoryName};
use crate::domain::policy::{Mode, Policy};
use crate::git::{self, GitError, HookEnv, Repo};
use crate::policy;
use crate::settings::{self, ServerKind, Settings};

/// How long an answer that comes too late may take to clear up behind itself.
const CLEARING: Duration = Duration::from_secs(1);

/// What git started.
pub struct Invocation {
    /// `countersign.toml`.
    pub config: PathBuf,
    /// The process's environment.
    pub env: Environment,
    /// The folder git started the hook in: the repository.
    pub cwd: PathBuf,
    /// The list of ref updates.
    pub stdin: Box<dyn Read + Send>,
    /// The clock, read once.
    pub now: Timestamp,
    /// 64 random bits for the decision's id.
    pub random: u64,
}

/// What git is told.
#[derive(Debug)]
pub struct Answer {
    /// For the pusher.
    pub text: String,
    /// Whether the push may land.
    pub accepted: bool,
}

/// What the worker has found out about who would be rejected in vain (G5): nothing yet, or
/// the strictest mode of any gated ref.
type Progress = Arc<Mutex<Option<Option<Mode>>>>;

/// `countersign hook pre-receive`. `tell` puts a line before the pusher at once, where the
/// answer takes long.
#[must_use]
pub fn pre_receive(mut invocation: Invocation, tell: &dyn Fn(&str)) -> Answer {
    let id = DecisionId::from_random(invocation.random);
    let now = invocation.now;
    let mut place = Place { git_dir: invocation.cwd.clone(), repository: None };
    let refuse = |place: &Place, finding: Finding| {
        log::fault(place, &id, &finding);
        let decision = refusal(id.clone(), now, finding);
        let around = Surroundings { is_recorded: true, ..Surroundings::default() };
        Answer { text: report::text(&decision, &around), accepted: false }
    };
    let settings = match settings::load(&invocation.config) {
        Ok(settings) => settings,
        Err(e) => {
            log::start(&settings::log_of(&invocation.config));
            let finding = broken("the gate's settings can't be used").detail(chain(&e));
            return refuse(&place, finding);
        }
    };
    log::start(&settings.log);
    place.repository = repository_of(&invocation, &settings);
    let updates = match read_updates(&mut invocation.stdin, &settings) {
        Ok(updates) => updates,
        Err(finding) => return refuse(&place, finding),
    };
    let budget = settings.limits.time_budget;
    let progress = Progress::default();
    let (sender, receiver) = mpsc::channel();
    let shared = Arc::clone(&progress);
    let waiting = Arc::new(Waiting::default());
    let gate = Gate {
        invocation,
        settings,
        id: id.clone(),
        place: place.clone(),
        progress: shared,
        waiting: Arc::clone(&waiting),
    };
    let spawned = std::thread::Builder::new().name("gate".to_owned()).spawn(move || {
        let _ = sender.send(gate.judge(&updates));
    });
    if let Err(e) = spawned {
        let finding = unfinished("bug", "the server could not start the check");
        return refuse(&place, finding.detail(chain(&e)));
    }
    let answer = match receiver.recv_timeout(budget.min(SILENCE)) {
        Err(RecvTimeoutError::Timeout) if budget > SILENCE => {
            tell(waiting.line());
            receiver.recv_timeout(budget - SILENCE)
        }
        soon => soon,
    };
    match answer {
        Ok(answer) => answer,
        Err(RecvTimeoutError::Timeout) => {
            let known = progress.lock().ok().and_then(|p| *p);
            // No git runs on for nobody, and the worker takes its temporary folder away.
            git::stop_children();
            let _ = receiver.recv_timeout(CLEARING);
            let text = format!("the check did not finish, the limit time_budget is {budget:?}");
            let finding = unfinished("timeout", &text)
                .hint("this is not your fault: push again, or a smaller part first, or")
                .hint("an admin can raise time_budget under [limits]");
            match known {
                Some(None | Some(Mode::Observe | Mode::Warn)) => {
                    log::fault(&place, &id, &finding);
                    let text = "warning: countersign could not finish in time; accepted\n";
                    Answer { text: text.to_owned(), accepted: true }
                }
                _ => refuse(&place, finding),
            }
        }
        Err(RecvTimeoutError::Disconnected) => {
            refuse(&place, unfinished("bug", "the check stopped on a bug of its own"))
        }
    }
}

/// For the log alone; judging asks again, and says why there is none.
fn repository_of(invocation: &Invocation, settings: &Settings) -> Option<RepositoryName> {
    let cwd = invocation.cwd.canonicalize().ok()?;
    environment::repository(&invocation.env, settings, &cwd).ok()
}

fn read_updates(stdin: &mut dyn Read, settings: &Settings) -> Result<Updates, Finding> {
    let limit = u64::try_from(settings.limits.stdin_bytes).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    stdin.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|e| {
        unfinished("input-malformed", "git's list of ref updates can't be read").detail(chain(&e))
    })?;
    input::parse(&bytes, &settings.limits)
}

fn broken(message: &str) -> Finding {
    Finding::new("policy-broken", Family::PolicyBroken, message)
        .hint("this is not your fault: tell the server's admins")
}

fn unfinished(code: &str, message: &str) -> Finding {
    Finding::new(code, Family::CouldNotFinish, message)
}

/// A decision made of one finding, for when there is nothing to judge with.
pub(super) fn refusal(id: DecisionId, at: Timestamp, finding: Finding) -> Decision {
    Decision {
        id,
        at,
        repository: RepositoryName::new(""),
        policy: None,
        pusher: None,
        verdict: Outcome::Reject,
        findings: vec![finding],
        deliveries: Vec::new(),
        refs: Vec::new(),
        first_pushers: Vec::new(),
    }
}

pub(super) struct Gate {
    pub(super) invocation: Invocation,
    settings: Settings,
    pub(super) id: DecisionId,
    pub(super) place: Place,
    progress: Progress,
    waiting: Arc<Waiting>,
}

impl Gate {
    fn judge(self, updates: &Updates) -> Answer {
        let machine_line = self.settings.report.machine_line;
        match self.try_judge(updates) {
            Ok(answer) => answer,
            Err(finding) => {
                log::fault(&self.place, &self.id, &finding);
                let decision = refusal(self.id.clone(), self.invocation.now, finding);
                let around =
                    Surroundings { is_recorded: true, machine_line, ..Surroundings::default() };
                Answer { text: report::text(&decision, &around), accepted: false }
            }
        }
    }

    fn try_judge(&self, updates: &Updates) -> Result<Answer, Finding> {
        let loaded = policy::load(&self.settings.policy, &detect::marker_names())
            .map_err(|e| broken("the gate's policy can't be used").detail(chain(&e)))?;
        let policy = &loaded.checked.policy;
        let cwd = self.invocation.cwd.canonicalize().map_err(|e| {
            let what = "the repository's folder can't be read";
            unfinished("repository-unreadable", what).detail(chain(&e))
        })?;
        let env = &self.invocation.env;
        let repository = environment::repository(env, &self.settings, &cwd)?;
        let any_gate = policy.rules_for(&repository).next().is_some();
        let Some(all) = &updates.all else {
            // A gated ref may be among them, and nobody can tell.
            let modes = policy.rules_for(&repository).map(|(_, rule)| rule.mode);
            return self.over(updates, modes.max(), any_gate);
        };
        let repo = match Repo::open_in_hook(&cwd, &hook_env(env)) {
            Ok(repo) => repo,
            Err(GitError::Namespace) if !any_gate => return Ok(silence()),
            Err(e) => {
                return Err(super::findings::git(&e).detail(chain(&e)));
            }
        };
        let detector = Detector::of_policy(policy)
            .map_err(|e| broken("the gate's markers can't be used").detail(chain(&e)))?;
        let limits = &self.settings.limits;
        let (pusher, no_pusher) = match self.settings.identity.server {
            ServerKind::PushCertificate => {
                let counter = Counter {
                    repo: &repo,
                    repository: &environment::own_name(&repository, &self.settings),
                    root: self.settings.repository.root.as_deref(),
                    hosts: &self.settings.identity.hosts,
                    policy,
                    limits,
                    age: self.settings.identity.certificate_age,
                    now: self.invocation.now,
                };
                match counter.pusher(env, all) {
                    Ok(login) => (Some(login), None),
                    Err(why) => (None, Some(why)),
                }
            }
            _ => (environment::pusher(env, &self.settings, policy), None),
        };
        let bench = Bench {
            repo: &repo,
            repository,
            policy,
            detector: &detector,
            limits,
            pusher,
            no_pusher,
            unlisted_is_nobody: self.settings.identity.unlisted == settings::Unlisted::Nobody,
            now: self.invocation.now,
            id: self.id.clone(),
            view: View::Server,
            aliases: Aliases::new(),
        };
        let mode = collect::strictest_mode(&bench, all);
        if let Ok(mut progress) = self.progress.lock() {
            *progress = Some(mode);
        }
        if updates.over.is_some() {
            // Whatever is gated is not judged in part; what is not gated goes its way.
            return self.over(updates, mode, any_gate);
        }
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| {
                unfinished("bug", "the server could not start the check").detail(chain(&e))
            })?;
        let source = {
            let at = opened::location(&self.settings);
            LazyStore::new(crate::store::Location { request: Some(self.id.as_str()), ..at }, &repo)
        };
        let (decision, requests) = runtime.block_on(self.waiting.watch(async {
            let mut facts = collect::collect(&bench, all, &source).await;
            facts.problems.extend(refused::nameless(&bench, &facts));
            let decision = decide(policy, &facts);
            let decision = record(decision, mode, &loaded.bytes, &source).await;
            let kept =
                requests::keep(&bench, &self.settings.requests, &decision, &self.place, &source);
            let requests = kept.await;
            (decision, requests)
        }));
        log::note(&decision, &self.place, source.failure());
        // Closing the last connection would checkpoint with two syncs; post-receive does that.
        if let Some(store) = source.into_store() {
            runtime.block_on(store.abandon());
        }
        let around = Surroundings {
            is_recorded: true,
            review: review_prefix(policy, &bench.repository),
            machine_line: self.settings.report.machine_line,
            ungated_hint: self.settings.report.ungated_hint,
            remembers: policy.detect.memory,
            detail: false,
            whole: false,
            requests: if self.settings.store.is_server() { requests } else { BTreeMap::new() },
            server: self.settings.store.public().map(str::to_owned),
        };
        Ok(Answer {
            text: report::text(&decision, &around),
            accepted: decision.verdict == Outcome::Accept,
        })
    }
}

pub(super) fn silence() -> Answer {
    Answer { text: String::new(), accepted: true }
}

fn hook_env(env: &Environment) -> HookEnv {
    let var = |name: &str| env.os(name).map(std::ffi::OsStr::to_owned);
    HookEnv {
        git_dir: var("GIT_DIR"),
        object_directory: var("GIT_OBJECT_DIRECTORY"),
        alternates: var("GIT_ALTERNATE_OBJECT_DIRECTORIES"),
        quarantine_path: var("GIT_QUARANTINE_PATH"),
        namespace: var("GIT_NAMESPACE"),
    }
}

/// A place for review branches that no rule gates.
#[must_use]
pub fn review_prefix(policy: &Policy, repository: &RepositoryName) -> Option<String> {
    ["refs/heads/review/", "refs/heads/countersign-review/", "refs/review/"]
        .into_iter()
        .find(|prefix| {
            let probe = RefName::new(format!("{prefix}x"));
            policy.mode_of(repository, [&probe]).is_none()
        })
        .map(str::to_owned)
}
