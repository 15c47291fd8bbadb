//! What `[detect]` says of memory (G9): from when on it counts, and what it does not learn.

use super::patterns::{self, Kind, MAX_PATTERNS};
use crate::diagnostics::read::Fields;
use crate::diagnostics::{Finding, Report};
use crate::domain::glob::Globs;
use crate::domain::policy::Detect;

/// Files that tools write and that everybody has: memory does not learn from them, unless
/// the policy has a list of its own.
const GENERATED: [&str; 26] = [
    "**/*.lock",
    "**/package-lock.json",
    "**/npm-shrinkwrap.json",
    "**/pnpm-lock.yaml",
    "**/go.sum",
    "**/*.lockfile",
    "**/packages.lock.json",
    "**/Package.resolved",
    "**/.editorconfig",
    "**/vendor/**",
    "**/node_modules/**",
    "**/third_party/**",
    "**/dist/**",
    "**/*.min.js",
    "**/*.min.css",
    "**/*.map",
    "**/*.pb.go",
    "**/*_pb2.py",
    "**/*.pb.{cc,h}",
    "**/*.generated.*",
    "**/*.g.dart",
    "**/*.designer.cs",
    "**/*.snap",
    "**/__snapshots__/**",
    "**/{gradlew,gradlew.bat,mvnw,mvnw.cmd}",
    "**/{LICENSE,LICENSE.txt,LICENSE.md,COPYING,NOTICE}",
];

/// The list of files that a policy without one has.
pub(super) fn generated() -> Globs {
    Globs::new(GENERATED).unwrap_or_default()
}

/// Reads `memory`, `memory_lines`, `memory_share` and `generated`.
pub(super) fn read(report: &mut Report, fields: &Fields<'_>, all: &mut Detect) {
    all.memory = fields.flag(report, "memory").unwrap_or(true);
    let defaults = all.thresholds;
    let most = between(report, fields, "memory_lines", 1, 1_000);
    all.thresholds.lines = most.unwrap_or(defaults.lines);
    let share = between(report, fields, "memory_share", 1, 100);
    all.thresholds.share = share.unwrap_or(defaults.share);
    if let Some(list) = fields.list(report, "generated", MAX_PATTERNS) {
        all.generated = if list.items.is_empty() {
            Globs::default()
        } else {
            patterns::globs(report, Kind::Paths, "generated", &list)
        };
    }
}

/// A number in a range; one that is out of it is in the report.
fn between(
    report: &mut Report,
    fields: &Fields<'_>,
    key: &str,
    least: u64,
    most: u64,
) -> Option<usize> {
    let (number, span) = fields.number(report, key)?;
    if (least..=most).contains(&number) {
        return usize::try_from(number).ok();
    }
    let message = format!("\"{key}\" is {number}");
    let help = format!("write a number from {least} to {most}");
    report.add(Finding::error("bad-number", &span, message).help(help));
    None
}
