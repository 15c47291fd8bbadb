//! The pusher by a signed push (`git push --signed`, G22).
//!
//! STRATEGY. Of the variables that git sets, the certificate's id alone is used, and only to
//! find the blob: a client can set the others where sshd accepts them. Everything else is
//! looked at again: the signature, the updates, the URL, and the nonce, so that a certificate
//! counts for this repository, this push and about this time.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::environment::Environment;
use super::input::{self, Update};
use crate::domain::decision::{Family, Finding};
use crate::domain::ids::{Login, ObjectId, RepositoryName};
use crate::domain::limits::{Limits, SIGNATURE_BYTES};
use crate::domain::policy::{Policy, Role};
use crate::domain::validity::{SKEW, is_valid_key};
use crate::git::{GitError, Kind, Repo};
use crate::signature::{self, PushCertificate};

/// Seconds that a nonce is good for: an upload may take its time, and over HTTP it is another
/// process that asks.
const NONCE_SECONDS: i64 = 3_600;
/// Bytes of a certificate beside its updates and its signature.
const HEADER_BYTES: usize = 64 << 10;

/// What a certificate is held against.
pub(super) struct Counter<'a> {
    pub(super) repo: &'a Repo,
    /// Its name, without the settings' prefix.
    pub(super) repository: &'a RepositoryName,
    pub(super) policy: &'a Policy,
    pub(super) limits: &'a Limits,
    pub(super) now: Timestamp,
}

impl Counter<'_> {
    /// The person whose key signed this push.
    ///
    /// # Errors
    /// A finding that says why there is none: mostly the pusher's to mend, else the admins'.
    pub(super) fn pusher(&self, env: &Environment, updates: &[Update]) -> Result<Login, Finding> {
        let id = env.text("GIT_PUSH_CERT").and_then(|id| ObjectId::from_hex(id.as_bytes()));
        let Some(id) = id.filter(|id| !id.is_zero()) else {
            return Err(unsigned(
                "this push is not signed, and the server knows you by that alone",
            ));
        };
        let max = self.limits.stdin_bytes + HEADER_BYTES + SIGNATURE_BYTES;
        let blob = self.repo.raw_of(id, Kind::Blob, max).map_err(|e| match e {
            GitError::TooLarge { .. } => unsigned(&format!("the push certificate has {e}")),
            _ => unsigned("the push certificate can't be read"),
        })?;
        let certificate = signature::read_certificate(&blob)
            .map_err(|e| unsigned(&format!("the push certificate does not count: {e}")))?;
        let key = certificate
            .key()
            .map_err(|e| unsigned(&format!("the push certificate does not count: {e}")))?;
        self.check_updates(&certificate, updates)?;
        self.check_place(&certificate)?;
        self.check_nonce(&certificate)?;
        self.owner(&key)
    }

    /// A key's person, now; a service is nobody.
    fn owner(&self, public: &str) -> Result<Login, Finding> {
        let people = self.policy.people.values().filter(|p| p.role != Role::Service);
        let owned = people.flat_map(|p| p.keys.iter().map(move |key| (p, key)));
        let Some((person, key)) = owned.into_iter().find(|(_, key)| key.public == public) else {
            return Err(unsigned("the push is signed with a key that the policy gives to nobody"));
        };
        if !is_valid_key(key, self.now) {
            return Err(unsigned("the push is signed with a key that is not valid now"));
        }
        Ok(Login::new(person.id.as_str()))
    }

    fn check_updates(
        &self,
        certificate: &PushCertificate<'_>,
        updates: &[Update],
    ) -> Result<(), Finding> {
        let signed = input::parse(certificate.updates, self.limits);
        if signed.is_ok_and(|signed| signed.all.as_deref() == Some(updates)) {
            return Ok(());
        }
        Err(unsigned("the push certificate is for another push: its updates differ"))
    }

    /// The URL is the pusher's words, and signed: it has to lead here, so that nobody takes
    /// a certificate from one repository to another.
    fn check_place(&self, certificate: &PushCertificate<'_>) -> Result<(), Finding> {
        let path = path_of(certificate.pushee);
        let path = std::str::from_utf8(path).unwrap_or_default();
        let leads_here = match existing(Path::new(path)) {
            Some(found) => found == self.repo.path(),
            None => ends_in(path, self.repository.as_str()),
        };
        if leads_here {
            return Ok(());
        }
        let message = format!(
            "the push certificate is for another repository: its URL does not end in {}",
            self.repository
        );
        Err(unsigned(&message))
    }

    fn check_nonce(&self, certificate: &PushCertificate<'_>) -> Result<(), Finding> {
        let seed = self.repo.server_setting("receive.certNonceSeed").ok().flatten();
        let Some(seed) = seed.filter(|seed| !seed.is_empty()) else {
            let message = "git's receive.certNonceSeed is not set for this repository, so that \
                           no push certificate can be believed";
            return Err(Finding::new("push-certificate", Family::PolicyBroken, message));
        };
        let own = self.repo.path().as_os_str().as_encoded_bytes();
        let path = path_of(certificate.pushee);
        // Over HTTP git knows the repository as ".".
        let mut spellings: Vec<&[u8]> = vec![b".", certificate.pushee, path, own];
        spellings.extend(path.strip_prefix(b"/").filter(|rest| rest.starts_with(b"~")));
        let time = signature::nonce_time(certificate.nonce, &seed, &spellings, self.repo.format());
        let Some(time) = time else {
            return Err(unsigned("the push certificate's nonce is not one that this server gave"));
        };
        let age = self.now.as_second().saturating_sub(time);
        if (-SKEW.as_secs()..=NONCE_SECONDS).contains(&age) {
            return Ok(());
        }
        Err(unsigned("the push certificate's nonce is too old"))
    }
}

/// The path in a URL as the client wrote it (git-push(1), "GIT URLS").
fn path_of(url: &[u8]) -> &[u8] {
    let after = |needle: &[u8], text: &[u8]| text.windows(needle.len()).position(|w| w == needle);
    if let Some(at) = after(b"://", url) {
        let rest = url.get(at + 3..).unwrap_or_default();
        let slash = rest.iter().position(|c| *c == b'/').unwrap_or(rest.len());
        return rest.get(slash..).unwrap_or_default();
    }
    // `host:path`, unless a slash comes first.
    let colon = url.iter().position(|c| *c == b':');
    let slash = url.iter().position(|c| *c == b'/').unwrap_or(url.len());
    match colon.filter(|colon| *colon < slash) {
        Some(colon) => url.get(colon + 1..).unwrap_or_default(),
        None => url,
    }
}

/// An absolute path that leads to a repository here, as git finds it.
fn existing(path: &Path) -> Option<PathBuf> {
    if !path.is_absolute() {
        return None;
    }
    let with = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    [with("/.git"), with(""), with(".git/.git"), with(".git")]
        .into_iter()
        .filter_map(|p| p.canonicalize().ok())
        .find(|p| p.join("HEAD").is_file())
}

/// Whether the last parts of a path are a repository's name.
fn ends_in(path: &str, name: &str) -> bool {
    let plain = |text: &'_ str| -> String {
        let text = text.trim_end_matches('/');
        let text = text.strip_suffix("/.git").or_else(|| text.strip_suffix(".git")).unwrap_or(text);
        text.trim_end_matches('/').to_owned()
    };
    let (path, name) = (plain(path), plain(name));
    let before = path.strip_suffix(name.as_str());
    !name.is_empty() && before.is_some_and(|b| b.is_empty() || b.ends_with('/'))
}

fn unsigned(message: &str) -> Finding {
    Finding::new("push-certificate", Family::UnknownPusher, message)
        .hint("git push --signed, with gpg.format = ssh and user.signingKey set to your key")
        .hint("the key has to be yours in the policy: ask the server's admins")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_urls() {
        let rows: &[(&str, &str)] = &[
            ("ssh://git@host:22/srv/git/api.git", "/srv/git/api.git"),
            ("https://host/git/api.git/", "/git/api.git/"),
            ("ssh://host/~git/api.git", "/~git/api.git"),
            ("git@host:payments/api.git", "payments/api.git"),
            ("host:/srv/api", "/srv/api"),
            ("/srv/git/api.git", "/srv/git/api.git"),
            ("../a:b/api.git", "../a:b/api.git"),
            ("ssh://host", ""),
            ("", ""),
        ];
        for (url, path) in rows {
            assert_eq!(path_of(url.as_bytes()), path.as_bytes(), "{url}");
        }
    }

    #[test]
    fn a_name_is_whole_parts_of_a_path() {
        for path in
            ["payments/api", "/x/payments/api.git", "payments/api.git/", "a/payments/api/.git"]
        {
            assert!(ends_in(path, "payments/api"), "{path}");
        }
        for path in ["api", "xpayments/api", "payments/api2", "payments/api/x", "", "/", "api.git"]
        {
            assert!(!ends_in(path, "payments/api"), "{path}");
        }
        assert!(!ends_in("x", ""));
    }
}
