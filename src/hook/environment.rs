//! What the Git server says about a push through the environment (G22).
//!
//! One configured source of the pusher's identity, never sniffed. The environment is never
//! logged: it may hold passwords.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::domain::decision::{Family, Finding};
use crate::domain::ids::{Login, PersonId, RepositoryName};
use crate::domain::policy::{Policy, Role};
use crate::settings::{ServerKind, Settings};

/// A process's environment. It has no `Debug`, so that it can't be logged by accident.
#[derive(Default)]
pub struct Environment(HashMap<OsString, OsString>);

impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<T: IntoIterator<Item = (OsString, OsString)>>(vars: T) -> Self {
        Self(vars.into_iter().collect())
    }
}

impl Environment {
    /// A variable that is set and not empty.
    #[must_use]
    pub fn os(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str).filter(|v| !v.is_empty())
    }

    /// As [`Environment::os`], where it is UTF-8.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.os(name)?.to_str()
    }
}

/// Longest login taken, in bytes.
const LOGIN: usize = 256;

/// Largest file that sshd writes for `ExposeAuthInfo`, in bytes.
const AUTH_INFO: u64 = 64 << 10;

/// Who pushes, by the one source that the settings name; `None` where it gives no name, and
/// where no variable gives it.
#[must_use]
pub fn pusher(env: &Environment, settings: &Settings, policy: &Policy) -> Option<Login> {
    let named = |variable: &str| env.text(variable).and_then(login);
    match settings.identity.server {
        ServerKind::Env => named(&settings.identity.variable),
        ServerKind::SshUserAuth => env.os("SSH_USER_AUTH").and_then(|f| by_key(f, policy)),
        ServerKind::HttpBackend => named("REMOTE_USER"),
        ServerKind::Gitolite => named("GL_USER"),
        ServerKind::Gitea | ServerKind::Forgejo => {
            match env.text("GITEA_DEPLOY_KEY_ID").filter(|id| *id != "0") {
                Some(id) => login(&format!("deploy-key:{id}")),
                None => named("GITEA_PUSHER_NAME"),
            }
        }
        ServerKind::Gitlab => match env.text("GL_ID").and_then(|id| id.strip_prefix("key-")) {
            Some(id) => login(&format!("deploy-key:{id}")),
            None => named("GL_USERNAME"),
        },
        ServerKind::GithubEnterprise => named("GITHUB_USER_LOGIN"),
        ServerKind::Bitbucket => named("BB_USER_NAME"),
        ServerKind::PushCertificate => None,
    }
}

fn login(text: &str) -> Option<Login> {
    let fine = !text.is_empty()
        && text.len() <= LOGIN
        && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    fine.then(|| Login::new(text))
}

/// The person whose public key sshd says was used (`ExposeAuthInfo yes`, sshd_config(5)):
/// lines of `publickey TYPE BASE64`. Two people's keys in one file are nobody's.
fn by_key(file: &OsStr, policy: &Policy) -> Option<Login> {
    let meta = std::fs::metadata(file).ok().filter(|m| m.is_file() && m.len() <= AUTH_INFO)?;
    let text = (meta.len() <= AUTH_INFO).then(|| std::fs::read_to_string(file).ok())??;
    let mut people: Vec<&PersonId> = text
        .lines()
        .filter_map(|line| line.strip_prefix("publickey "))
        .filter_map(|key| {
            let key: Vec<_> = key.split_ascii_whitespace().take(2).collect();
            let key = key.join(" ");
            policy.people.values().find(|p| p.keys.iter().any(|k| k.public == key && !k.revoked))
        })
        .filter(|p| p.role != Role::Service)
        .map(|p| &p.id)
        .collect();
    people.dedup();
    match people.as_slice() {
        [one] => Some(Login::new(one.as_str())),
        _ => None,
    }
}

/// The repository's name: the identity kind's own variable, else its path below the
/// configured root without a final `.git`; with the configured prefix before it.
///
/// # Errors
/// A finding where the repository does not lie below the root.
pub fn repository(
    env: &Environment,
    settings: &Settings,
    git_dir: &Path,
) -> Result<RepositoryName, Finding> {
    let own = match settings.identity.server {
        ServerKind::Gitolite => env.text("GL_REPO").map(str::to_owned),
        ServerKind::Gitlab => env.text("GL_PROJECT_PATH").map(str::to_owned),
        ServerKind::GithubEnterprise => env.text("GITHUB_REPO_NAME").map(str::to_owned),
        ServerKind::Gitea | ServerKind::Forgejo => {
            join(env, "GITEA_REPO_USER_NAME", "GITEA_REPO_NAME")
        }
        ServerKind::Bitbucket => join(env, "BB_PROJECT_KEY", "BB_REPO_SLUG"),
        _ => None,
    };
    let name = own.or_else(|| below_root(settings.repository.root.as_deref(), git_dir));
    name.map(|n| RepositoryName::new(format!("{}{n}", settings.repository.prefix))).ok_or_else(
        || {
            let message = "this repository has no name: it does not lie below [repository] root";
            Finding::new("repository-unnamed", Family::PolicyBroken, message)
                .hint("this is not your fault: tell the server's admins")
                .hint("an admin sets root in countersign.toml to the folder of all repositories")
        },
    )
}

/// A repository's name without the configured prefix.
pub(super) fn own_name(name: &RepositoryName, settings: &Settings) -> RepositoryName {
    let name = name.as_str();
    RepositoryName::new(name.strip_prefix(&settings.repository.prefix).unwrap_or(name))
}

fn join(env: &Environment, owner: &str, name: &str) -> Option<String> {
    Some(format!("{}/{}", env.text(owner)?, env.text(name)?))
}

fn below_root(root: Option<&Path>, git_dir: &Path) -> Option<String> {
    let root = root?.canonicalize().ok()?;
    // By whatever folder of a work tree a push comes, it is one repository with one name.
    let common = crate::git::common_dir(git_dir).ok()?;
    let path = common.strip_prefix(root).ok()?.to_str()?;
    let path = path.strip_suffix("/.git").or_else(|| path.strip_suffix(".git")).unwrap_or(path);
    (!path.is_empty()).then(|| path.to_owned())
}
