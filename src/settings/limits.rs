//! `[limits]` (G20).

use std::time::Duration;

use super::table;
use crate::diagnostics::read::{Fields, Span};
use crate::diagnostics::{Finding, Report, duration, quoted};
use crate::domain::limits::Limits;

/// Largest number of things that a limit may allow.
const MOST_THINGS: usize = 100_000_000;

/// Largest number of bytes that a limit may allow: one GiB.
const MOST_BYTES: usize = 1 << 30;

/// Longest time that a push may take.
const LONGEST_BUDGET: Duration = Duration::from_secs(60 * 60);

const KEYS: [&str; 14] = [
    "new_commits",
    "refs",
    "stdin_bytes",
    "certificate_bytes",
    "ref_name_bytes",
    "commit_bytes",
    "changed_paths",
    "parents",
    "statement_bytes",
    "deliveries",
    "path_levels",
    "merge_blob_bytes",
    "push_bytes",
    "time_budget",
];

/// Reads `[limits]`; what is absent stays at its default.
pub(super) fn read(report: &mut Report, root: &Fields<'_>) -> Limits {
    let mut limits = Limits::default();
    let Some(fields) = table(report, root, "limits", &KEYS) else { return limits };
    for (key, limit) in [
        ("new_commits", &mut limits.new_commits),
        ("refs", &mut limits.refs),
        ("stdin_bytes", &mut limits.stdin_bytes),
        ("certificate_bytes", &mut limits.certificate_bytes),
        ("ref_name_bytes", &mut limits.ref_name_bytes),
        ("commit_bytes", &mut limits.commit_bytes),
        ("changed_paths", &mut limits.changed_paths),
        ("parents", &mut limits.parents),
        ("statement_bytes", &mut limits.statement_bytes),
        ("deliveries", &mut limits.deliveries),
        ("path_levels", &mut limits.path_levels),
        ("merge_blob_bytes", &mut limits.merge_blob_bytes),
        ("push_bytes", &mut limits.push_bytes),
    ] {
        let most = if key.ends_with("_bytes") { MOST_BYTES } else { MOST_THINGS };
        *limit = number(report, &fields, key, most).unwrap_or(*limit);
    }
    limits.time_budget = time_budget(report, &fields).unwrap_or(limits.time_budget);
    limits
}

/// A number from 1 to `most`.
pub(super) fn number(
    report: &mut Report,
    fields: &Fields<'_>,
    key: &str,
    most: usize,
) -> Option<usize> {
    let (number, span) = fields.number(report, key)?;
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    if number == 0 || number > most {
        refuse(report, key, &span, &format!("write 1 to {most}"));
        return None;
    }
    Some(number)
}

fn time_budget(report: &mut Report, fields: &Fields<'_>) -> Option<Duration> {
    let text = fields.text(report, "time_budget")?;
    let budget = duration::read(report, &text)?;
    if budget > LONGEST_BUDGET {
        refuse(report, "time_budget", &text.span, "write one hour or less: \"30s\"");
        return None;
    }
    Some(budget)
}

fn refuse(report: &mut Report, key: &str, span: &Span, help: &str) {
    let message = format!("{} is no limit", quoted(key));
    report.add(Finding::error("bad-number", span, message).help(help));
}
