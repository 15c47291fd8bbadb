//! `[identity]`: the one source of the pusher's name (G22).

use std::time::Duration;

use super::table;
use crate::diagnostics::read::{Fields, Text};
use crate::diagnostics::{Finding, Report, duration, quoted};

/// Who says who pushes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentitySettings {
    /// The kind of Git server.
    pub server: ServerKind,
    /// The variable that holds the login, for [`ServerKind::Env`].
    pub variable: String,
    /// What a login stands for that the policy does not list.
    pub unlisted: Unlisted,
    /// How long a push certificate counts after git asked for it, for
    /// [`ServerKind::PushCertificate`].
    pub certificate_age: Duration,
    /// The host names of this server, in lower case, one of which a push certificate's URL has
    /// to name; none: any.
    pub hosts: Vec<String>,
}

/// Kinds of Git servers, by how they tell who pushes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServerKind {
    /// A variable that the forced command sets.
    Env,
    /// `SSH_USER_AUTH` of sshd's `ExposeAuthInfo`.
    SshUserAuth,
    /// `REMOTE_USER` of git-http-backend.
    HttpBackend,
    /// gitolite.
    Gitolite,
    /// Gitea.
    Gitea,
    /// Forgejo.
    Forgejo,
    /// GitLab.
    Gitlab,
    /// GitHub Enterprise Server.
    GithubEnterprise,
    /// Bitbucket Data Center.
    Bitbucket,
    /// The push certificate's signer.
    PushCertificate,
}

impl ServerKind {
    /// As the settings spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }

    /// Whether the server itself says which repository it is.
    #[must_use]
    pub fn names_repositories(self) -> bool {
        match self {
            Self::Env | Self::SshUserAuth | Self::HttpBackend | Self::PushCertificate => false,
            Self::Gitolite
            | Self::Gitea
            | Self::Forgejo
            | Self::Gitlab
            | Self::GithubEnterprise
            | Self::Bitbucket => true,
        }
    }
}

/// What a login stands for that the policy does not list (G13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unlisted {
    /// Somebody of their own.
    #[default]
    Person,
    /// Nobody; everyone is to be listed.
    Nobody,
}

const KINDS: [(&str, ServerKind); 10] = [
    ("env", ServerKind::Env),
    ("ssh-user-auth", ServerKind::SshUserAuth),
    ("http-backend", ServerKind::HttpBackend),
    ("gitolite", ServerKind::Gitolite),
    ("gitea", ServerKind::Gitea),
    ("forgejo", ServerKind::Forgejo),
    ("gitlab", ServerKind::Gitlab),
    ("github-enterprise", ServerKind::GithubEnterprise),
    ("bitbucket", ServerKind::Bitbucket),
    ("push-certificate", ServerKind::PushCertificate),
];

const DEFAULT_VARIABLE: &str = "COUNTERSIGN_PUSHER";

/// An upload may take its time.
const DEFAULT_AGE: Duration = Duration::from_secs(60 * 60);

/// Longest time that a certificate may count: for so long it is as good as its signer's
/// presence.
const LONGEST_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Names of one server, and the longest that DNS has.
const HOSTS: usize = 100;
const HOST_BYTES: usize = 253;

const KEYS: [&str; 5] = ["server", "variable", "unlisted", "certificate_age", "hosts"];

/// Reads `[identity]`, which has to be there: no source is guessed.
pub(super) fn read(report: &mut Report, root: &Fields<'_>) -> Option<IdentitySettings> {
    let help = "write [identity] and below it server = \"env\", or the kind of your server";
    root.require(report, "identity", "the file", help);
    let fields = table(report, root, "identity", &KEYS)?;
    fields.require(report, "server", "[identity]", help);
    let server = fields.choice(report, "server", &KINDS);
    let variable = variable(report, &fields, server);
    let words = [("person", Unlisted::Person), ("nobody", Unlisted::Nobody)];
    let unlisted = fields.choice(report, "unlisted", &words).unwrap_or_default();
    let certificate_age = certificate_age(report, &fields, server).unwrap_or(DEFAULT_AGE);
    let hosts = hosts(report, &fields, server).unwrap_or_default();
    Some(IdentitySettings { server: server?, variable, unlisted, certificate_age, hosts })
}

/// Whether a key of push certificates stands there in vain, which is reported.
fn is_vain(
    report: &mut Report,
    fields: &Fields<'_>,
    server: Option<ServerKind>,
    key: &str,
) -> bool {
    let other = server.filter(|server| *server != ServerKind::PushCertificate);
    let Some(other) = other.filter(|_| fields.value(key).is_some()) else { return false };
    let message = format!("\"{}\" knows nobody by push certificates", other.as_str());
    let finding = Finding::error("certificates-of-none", &fields.key_span(key), message);
    report.add(finding.help(format!("take {key} out, or set server = \"push-certificate\"")));
    true
}

fn hosts(
    report: &mut Report,
    fields: &Fields<'_>,
    server: Option<ServerKind>,
) -> Option<Vec<String>> {
    if is_vain(report, fields, server, "hosts") {
        return None;
    }
    let list = fields.list(report, "hosts", HOSTS)?;
    let help = "write names as they stand in URLs, without user and port: [\"git.example.com\"]";
    if list.items.is_empty() && !list.is_short {
        let finding = Finding::error("bad-text", &list.span, "no host at all is no server");
        report.add(finding.help(help));
    }
    let is_host = |text: &str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
        (1..=HOST_BYTES).contains(&text.len()) && text.chars().all(is_part)
    };
    for host in list.items.iter().filter(|host| !is_host(host.text)) {
        let message = format!("{} is no host's name", quoted(host.text));
        report.add(Finding::error("bad-text", &host.span, message).help(help));
    }
    Some(list.items.iter().map(|host| host.text.to_ascii_lowercase()).collect())
}

fn certificate_age(
    report: &mut Report,
    fields: &Fields<'_>,
    server: Option<ServerKind>,
) -> Option<Duration> {
    if is_vain(report, fields, server, "certificate_age") {
        return None;
    }
    let text = fields.text(report, "certificate_age")?;
    let age = duration::read(report, &text)?;
    if age > LONGEST_AGE {
        let message = format!("{} is too long for a push certificate", quoted(text.text));
        let finding = Finding::error("bad-number", &text.span, message);
        report.add(finding.help("write one day or less: \"1h\""));
        return None;
    }
    Some(age)
}

fn variable(report: &mut Report, fields: &Fields<'_>, server: Option<ServerKind>) -> String {
    let Some(name) = fields.text(report, "variable") else { return DEFAULT_VARIABLE.to_owned() };
    if let Some(other) = server.filter(|server| *server != ServerKind::Env) {
        let message = format!("\"{}\" has its own source: no variable is read", other.as_str());
        let finding = Finding::error("variable-of-none", &fields.key_span("variable"), message);
        report.add(finding.help("take it out, or set server = \"env\""));
    } else if let Some(why) = refused(&name) {
        let message = format!("{} can't hold the pusher's login: {why}", quoted(name.text));
        let finding = Finding::error("bad-variable", &name.span, message);
        report.add(finding.help(format!(
            "take a name that only the forced command sets, such as {DEFAULT_VARIABLE}"
        )));
    }
    name.text.to_owned()
}

/// Names by which a client can get a value of its own choosing into the hook: by sshd's
/// `AcceptEnv`, by a request's headers, or as the command it asks for.
const CLIENT_PREFIXES: [&str; 4] = ["LC_", "GIT_", "HTTP_", "SSH_"];

const CLIENT_NAMES: [&str; 12] = [
    "LANG",
    "LANGUAGE",
    "TERM",
    "COLORTERM",
    "TZ",
    "QUERY_STRING",
    "PATH_INFO",
    "PATH_TRANSLATED",
    "REQUEST_URI",
    "REQUEST_METHOD",
    "CONTENT_TYPE",
    "REMOTE_IDENT",
];

fn refused(name: &Text<'_>) -> Option<&'static str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let upper = name.text.to_ascii_uppercase();
    if name.text.is_empty()
        || name.text.starts_with(|c: char| c.is_ascii_digit())
        || !name.text.chars().all(is_name)
    {
        return Some("it is no variable's name");
    }
    let from_client = CLIENT_PREFIXES.iter().any(|prefix| upper.starts_with(prefix))
        || CLIENT_NAMES.contains(&upper.as_str());
    from_client.then_some("a client may set it")
}
