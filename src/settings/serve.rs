//! `[serve]`: what `countersign serve` does on this machine.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::diagnostics::read::Fields;
use crate::diagnostics::{Finding, Report, duration, quoted};

/// How a server listens, and whom it knows without a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeSettings {
    /// `address:port`, or `unix:/path`.
    pub listen: Vec<String>,
    /// System users that may ask over a socket without a token, by number.
    pub uids: Vec<u32>,
    /// Connections to the database at once.
    pub connections: u32,
    /// The address by which people know it, where that is another than it listens at.
    pub url: Option<String>,
    /// Certificate and key, as PEM, of what listens at a port; `None`: no TLS.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// How long a login lasts without being used.
    pub idle: Duration,
    /// How long it lasts at the longest.
    pub session: Duration,
}

const HOUR: Duration = Duration::from_secs(60 * 60);

impl Default for ServeSettings {
    fn default() -> Self {
        Self {
            listen: vec!["127.0.0.1:7117".to_owned()],
            uids: Vec::new(),
            connections: 8,
            url: None,
            tls: None,
            idle: 12 * HOUR,
            session: 7 * 24 * HOUR,
        }
    }
}

/// Addresses, and users, at most.
const MOST: usize = 100;

pub(super) fn read(report: &mut Report, folder: &Path, root: &Fields<'_>) -> ServeSettings {
    let mut settings = ServeSettings::default();
    let known =
        ["listen", "uids", "connections", "url", "tls_certificate", "tls_key", "idle", "session"];
    let Some(fields) = super::table(report, root, "serve", &known) else { return settings };
    if let Some(list) = fields.list(report, "listen", MOST) {
        for item in &list.items {
            let is_path = item.text.strip_prefix("unix:").is_some_and(|path| path.starts_with('/'));
            let port = item.text.rsplit_once(':').map(|(_, port)| port.parse::<u16>().is_ok());
            if !is_path && port != Some(true) {
                let message = "this is no address to listen at";
                let finding = Finding::error("bad-address", &item.span, message);
                report.add(finding.help("write \"127.0.0.1:7117\" or \"unix:/run/x.sock\""));
            }
        }
        if list.items.is_empty() {
            let finding = Finding::error("bad-address", &list.span, "a server listens somewhere");
            report.add(finding.help("write [\"127.0.0.1:7117\"], or leave the key out"));
        }
        settings.listen = list.items.iter().map(|item| item.text.to_owned()).collect();
    }
    if let Some(list) = fields.list(report, "uids", MOST) {
        for item in &list.items {
            match item.text.parse() {
                Ok(uid) => settings.uids.push(uid),
                Err(_) => {
                    let message = "this is no number of a system user";
                    let finding = Finding::error("bad-number", &item.span, message);
                    report.add(finding.help("write what `id -u git` says: [\"998\"]"));
                }
            }
        }
    }
    if let Some((number, span)) = fields.number(report, "connections") {
        match u32::try_from(number).ok().filter(|n| (1..=1000).contains(n)) {
            Some(number) => settings.connections = number,
            None => {
                let finding = Finding::error("bad-number", &span, "from 1 to 1000 connections");
                report.add(finding.help("write connections = 8"));
            }
        }
    }
    if let Some(url) = super::plain(report, &fields, "url") {
        if !url.text.starts_with("https://") && !url.text.starts_with("http://") {
            let finding = Finding::error("bad-address", &url.span, "this is no server's address");
            report.add(finding.help("write url = \"https://signoffs.example.com\""));
        }
        settings.url = Some(url.text.to_owned());
    }
    let certificate = super::path(report, folder, &fields, "tls_certificate");
    let key = super::path(report, folder, &fields, "tls_key");
    let is_there = |key: &str| fields.value(key).is_some();
    match (certificate, key) {
        (Some(certificate), Some(key)) => settings.tls = Some((certificate, key)),
        _ if is_there("tls_certificate") != is_there("tls_key") => {
            let message = "a certificate goes with its key";
            let finding = Finding::error("missing-key", &fields.span, message);
            report.add(finding.help("write both tls_certificate and tls_key, or neither"));
        }
        _ => {}
    }
    for (key, time) in [("idle", &mut settings.idle), ("session", &mut settings.session)] {
        let Some(text) = fields.text(report, key) else { continue };
        let Some(read) = duration::read(report, &text) else { continue };
        if read > 90 * 24 * HOUR {
            let message = format!("{} is too long for a login", quoted(text.text));
            let finding = Finding::error("bad-number", &text.span, message);
            report.add(finding.help("write 90 days or less: \"7d\""));
        }
        *time = read;
    }
    settings
}
