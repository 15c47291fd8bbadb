//! The gate's own log: JSON lines in the file that the settings name.

use std::error::Error as StdError;
use std::fs::OpenOptions;
use std::path::PathBuf;
use std::sync::Mutex;

use tracing::level_filters::LevelFilter;

use crate::domain::decision::{Decision, Family, Finding};
use crate::domain::ids::{DecisionId, RepositoryName};
use crate::settings::{LogLevel, LogSettings};

/// Starts the log, once a process; without a file in the settings there is none, since a
/// hook's standard error is the pusher's screen. A file that can't be opened is no reason
/// to refuse a push.
pub(super) fn start(settings: &LogSettings) {
    let Some(path) = &settings.file else { return };
    let Ok(file) = OpenOptions::new().create(true).append(true).open(path) else { return };
    let subscriber = tracing_subscriber::fmt()
        .json()
        // What is told of a full disk would come to the pusher's screen.
        .log_internal_errors(false)
        .with_max_level(level(settings.level))
        .with_writer(Mutex::new(file))
        .finish();
    // Only the first start of a process counts; a second one is no error.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Where a push goes, as far as it is known.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) git_dir: PathBuf,
    pub(super) repository: Option<RepositoryName>,
}

/// One line a push, one for each finding about a ref, and one for the admins where
/// something could not be judged.
pub(super) fn note(decision: &Decision, place: &Place, store_failure: Option<&str>) {
    let refs: Vec<String> = decision.refs.iter().take(20).map(|r| r.name.to_string()).collect();
    tracing::info!(
        decision = decision.id.as_str(),
        verdict = ?decision.verdict,
        repository = %decision.repository,
        pusher = decision.pusher.as_ref().map(ToString::to_string),
        refs = refs.join(" "),
        deliveries = decision.deliveries.len(),
        "push"
    );
    for r in &decision.refs {
        for finding in &r.findings {
            tracing::info!(code = finding.code, detail = finding.message, "finding");
        }
    }
    let commits = decision.refs.iter().flat_map(|r| &r.commits);
    let first = decision
        .findings
        .iter()
        .chain(decision.refs.iter().flat_map(|r| &r.findings))
        .chain(commits.flat_map(|c| &c.findings))
        .find(|f| f.family != Family::NotAllowed);
    if let Some(finding) = first {
        let of_store = store_failure.filter(|_| finding.family == Family::StoreUnreachable);
        let mut finding = finding.clone();
        finding.detail = of_store.map(str::to_owned).or(finding.detail);
        fault(place, &decision.id, &finding);
    }
}

/// An error and its sources, joined by colons.
pub(super) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let said = inner.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        source = inner.source();
    }
    text
}

/// The one `ERROR` line of a push that could not be judged: those are the admins' business.
/// What the policy does not allow is the pusher's.
pub(super) fn fault(place: &Place, id: &DecisionId, finding: &Finding) {
    let decision = id.as_str();
    let repository = place.repository.as_ref().map(ToString::to_string);
    let git_dir = place.git_dir.display();
    let cause = finding.detail.as_deref();
    let (code, detail) = (finding.code.as_str(), finding.message.as_str());
    match finding.family {
        Family::NotAllowed => {
            tracing::info!(decision, code, detail, cause, repository, %git_dir, "refused");
        }
        _ => tracing::error!(decision, code, detail, cause, repository, %git_dir, "not judged"),
    }
}

/// As the subscriber takes it.
pub fn level(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    }
}
