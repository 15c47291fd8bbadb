//! `[requests]`: what is kept of refused pushes for those who sign.

use std::time::Duration;

use super::limits::number;
use crate::diagnostics::read::Fields;
use crate::diagnostics::{Finding, Report, duration, quoted};

/// Limits of review requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestSettings {
    /// Bytes of the largest file that is kept.
    pub file_bytes: usize,
    /// Bytes of all files of a request.
    pub request_bytes: usize,
    /// How long a request stays open after it was pushed last.
    pub expire: Duration,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for RequestSettings {
    fn default() -> Self {
        Self { file_bytes: 1 << 20, request_bytes: 20 << 20, expire: 30 * DAY }
    }
}

/// What a request may hold at most: it goes to a server in one question.
const MOST_BYTES: usize = 40 << 20;

pub(super) fn read(report: &mut Report, root: &Fields<'_>) -> RequestSettings {
    let mut settings = RequestSettings::default();
    let known = ["file_bytes", "request_bytes", "expire"];
    let Some(fields) = super::table(report, root, "requests", &known) else { return settings };
    for (key, bytes) in
        [("file_bytes", &mut settings.file_bytes), ("request_bytes", &mut settings.request_bytes)]
    {
        *bytes = number(report, &fields, key, MOST_BYTES).unwrap_or(*bytes);
    }
    if let Some(text) = fields.text(report, "expire")
        && let Some(expire) = duration::read(report, &text)
    {
        if expire > 365 * DAY {
            let message = format!("{} is too long for a request", quoted(text.text));
            let finding = Finding::error("bad-number", &text.span, message);
            report.add(finding.help("write one year or less: \"30d\""));
        }
        settings.expire = expire;
    }
    settings
}
