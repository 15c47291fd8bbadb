//! The pusher by a signed push (`git push --signed`, G22).
//!
//! STRATEGY. Of the variables that git sets for it, the certificate's id alone is used, and
//! only to find the blob: a client can set the others where sshd accepts them. Everything is
//! looked at again: the signature, the updates, the push options, the URL, and the nonce, so
//! that a certificate counts for this repository, this push and this time. The nonce ties it
//! to the repository by a seed that no other repository has: over HTTP git computes it of
//! the path `.`, whichever the repository is.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::environment::Environment;
use super::findings;
use super::input::{self, Update};
use super::pushee::Pushee;
use crate::domain::decision::{Family, Finding};
use crate::domain::ids::{Login, ObjectId, RefName, RepositoryName};
use crate::domain::limits::{Limits, Passed};
use crate::domain::policy::{Policy, Role};
use crate::domain::validity::is_valid_key;
use crate::git::{GitError, Kind, Repo};
use crate::signature::{self, CertificateError, PushCertificate};

/// Git's setting, and the fewest bytes of it that nobody guesses: a nonce, which everybody is
/// shown, lets whoever has one try seeds without end.
const SEED: &str = "receive.certNonceSeed";
const SEED_BYTES: usize = 32;
/// Hosts shown of a list.
const HOSTS: usize = 4;

/// What a certificate is held against.
pub(super) struct Counter<'a> {
    pub(super) repo: &'a Repo,
    /// Its name, without the settings' prefix.
    pub(super) repository: &'a RepositoryName,
    /// The folder of all repositories.
    pub(super) root: Option<&'a Path>,
    /// The server's names, if the settings tell them.
    pub(super) hosts: &'a [String],
    pub(super) policy: &'a Policy,
    pub(super) limits: &'a Limits,
    /// How long a certificate counts.
    pub(super) age: Duration,
    pub(super) now: Timestamp,
}

impl Counter<'_> {
    /// The person whose key signed this push.
    ///
    /// # Errors
    /// A finding that says why there is none: mostly the pusher's to mend, else the admins'.
    pub(super) fn pusher(&self, env: &Environment, updates: &[Update]) -> Result<Login, Finding> {
        // Without it git lets nobody sign, so this is never the pusher's fault.
        let seed = self.seed()?;
        let blob = self.blob(env)?;
        let certificate = signature::read_certificate(&blob).map_err(|e| match e {
            CertificateError::Malformed(_) => {
                refused("certificate-malformed", format!("the push certificate is none: {e}"))
                    .hint("push again with git's own client")
            }
            CertificateError::Unsigned | CertificateError::NotSsh => unsigned(
                "certificate-unsigned",
                format!("the push certificate does not count: {e}"),
            ),
        })?;
        let key = certificate.key().map_err(|e| {
            let message = format!("the push certificate does not count: {e}");
            unsigned("certificate-signature", message)
        })?;
        self.check_place(&certificate)?;
        self.check_nonce(&certificate, &seed)?;
        self.check_updates(&certificate, updates)?;
        check_options(&certificate, env)?;
        self.owner(&key)
    }

    /// The repository's own seed.
    fn seed(&self) -> Result<Vec<u8>, Finding> {
        let why = match self.repo.own_setting(SEED) {
            Ok(Some(seed)) if seed.len() >= SEED_BYTES => return Ok(seed),
            Ok(Some(seed)) => format!(
                "has {} bytes in the configuration of {}, and a secret has {SEED_BYTES} or more",
                seed.len(),
                self.repository
            ),
            Ok(None) => format!("is not set in the configuration of {} itself", self.repository),
            Err(_) => format!("can't be read in the configuration of {}", self.repository),
        };
        let message = format!(
            "git's {SEED} {why}: without it no push certificate shows that it is for this \
             repository"
        );
        Err(Finding::new("certificate-seed", Family::PolicyBroken, message)
            .hint("this is not your fault: tell the server's admins")
            .hint(format!(
                "an admin runs, in this repository: git config {SEED} \"$(openssl rand -hex 32)\""
            )))
    }

    fn blob(&self, env: &Environment) -> Result<Vec<u8>, Finding> {
        let id = env.text("GIT_PUSH_CERT").and_then(|id| ObjectId::from_hex(id.as_bytes()));
        let Some(id) = id.filter(|id| !id.is_zero()) else {
            let message = "this push is not signed, and the server knows you by that alone";
            return Err(unsigned("certificate-missing", message));
        };
        let limit = self.limits.certificate_bytes;
        self.repo.raw_of(id, Kind::Blob, limit).map_err(|e| match e {
            GitError::TooLarge { size, .. } => {
                let passed = Passed::new("certificate_bytes", limit, "the push certificate");
                findings::limit(&passed.seen(size))
            }
            _ => {
                let message = format!("the push certificate {} can't be read", id.short());
                refused("certificate-unreadable", message)
                    .hint("push again; where it stays so, tell the server's admins")
            }
        })
    }

    /// A key's person, now.
    fn owner(&self, public: &str) -> Result<Login, Finding> {
        let people = self.policy.people.values().filter(|p| p.role == Role::Person);
        let mut owned = people.flat_map(|p| p.keys.iter().map(move |key| (p, key)));
        let named = || {
            let known = signature::fingerprint(public);
            known.map_or_else(|| "a key".to_owned(), |known| format!("the key {known}"))
        };
        let Some((person, key)) = owned.find(|(_, key)| key.public == public) else {
            let message =
                format!("the push is signed with {}, which the policy gives to nobody", named());
            return Err(refused("certificate-key-unknown", message)
                .hint("sign with a key that is yours in the policy: user.signingKey, or")
                .hint("ask the server's admins to add this one to it"));
        };
        if !is_valid_key(key, self.now) {
            let message = format!("the push is signed with {}, which is not valid now", named());
            return Err(refused("certificate-key-invalid", message)
                .hint("sign with another key of yours in the policy: user.signingKey, or")
                .hint("ask the server's admins, who set when it counts"));
        }
        Ok(Login::new(person.id.as_str()))
    }

    fn check_updates(
        &self,
        certificate: &PushCertificate<'_>,
        updates: &[Update],
    ) -> Result<(), Finding> {
        let signed = input::parse(certificate.updates, self.limits).map(|signed| signed.all);
        let differs = match &signed {
            Ok(Some(signed)) => difference(signed, updates),
            Ok(None) | Err(_) => Some("it has no list of updates that can be read".to_owned()),
        };
        let Some(differs) = differs else { return Ok(()) };
        let message = format!("the push certificate is for another push: {differs}");
        Err(refused("certificate-updates", message)
            .hint("push again, and leave out what git itself refuses, such as a hidden ref"))
    }

    fn check_place(&self, certificate: &PushCertificate<'_>) -> Result<(), Finding> {
        let pushee = Pushee(certificate.pushee);
        if !pushee.is_at(self.hosts) {
            let names = self.hosts.iter().take(HOSTS).map(String::as_str).collect::<Vec<_>>();
            let message = "the push certificate is for another server: its URL names no host of \
                           this one";
            return Err(refused("certificate-host", message)
                .hint(format!("push by a URL with the host {}", names.join(" or "))));
        }
        if pushee.leads_to(self.root, self.repo.path()) {
            return Ok(());
        }
        let message = format!(
            "the push certificate is for another repository: its URL does not lead to {}",
            self.repository
        );
        Err(refused("certificate-repository", message)
            .hint(format!("push by a URL that ends in {}.git", self.repository)))
    }

    fn check_nonce(&self, certificate: &PushCertificate<'_>, seed: &[u8]) -> Result<(), Finding> {
        let pushee = Pushee(certificate.pushee);
        let spellings = pushee.spellings(self.root, self.repository.as_str(), self.repo.path());
        let spellings: Vec<_> = spellings.iter().map(Vec::as_slice).collect();
        let time = signature::nonce_time(certificate.nonce, seed, &spellings, self.repo.format());
        let Some(time) = time else {
            let message = format!(
                "the push certificate's nonce is not one that {} gave out",
                self.repository
            );
            return Err(refused("certificate-nonce", message)
                .hint("push again: git asks for a new certificate each time")
                .hint(format!(
                    "where it stays so, tell the server's admins: git has to take {SEED} from \
                     the repository's own configuration"
                )));
        };
        let age = self.now.as_second().saturating_sub(time);
        // Git asked for it on this machine, so its time has passed unless a clock was set back.
        let Ok(age) = u64::try_from(age) else {
            let message = "the push certificate's nonce is of the future: the server's clock was \
                           set back";
            return Err(refused("certificate-future", message)
                .hint("push again; where it stays so, tell the server's admins"));
        };
        if Duration::from_secs(age) <= self.age {
            return Ok(());
        }
        let limit = self.age.as_secs();
        let message =
            format!("the push certificate is {age} seconds old, and counts for {limit} seconds");
        Err(refused("certificate-expired", message)
            .hint("push again: git asks for a new certificate each time")
            .hint("where the upload takes that long, push less at once, or")
            .hint("an admin can raise certificate_age under [identity]"))
    }
}

/// How what was signed is not what is pushed; `None` where it is, in the same order and each
/// ref once.
fn difference(signed: &[Update], pushed: &[Update]) -> Option<String> {
    let by_name = |all: &[Update]| -> BTreeMap<RefName, Update> {
        all.iter().map(|u| (u.name.clone(), u.clone())).collect()
    };
    let (ours, theirs) = (by_name(signed), by_name(pushed));
    let mut seen = BTreeSet::new();
    for update in signed {
        let name = &update.name;
        match theirs.get(name) {
            _ if !seen.insert(name) => return Some(format!("{name} stands in it twice")),
            None => return Some(format!("{name} stands in it and is not pushed")),
            Some(other) if other != update => {
                return Some(format!("{name} goes from another commit or to another one"));
            }
            Some(_) => {}
        }
    }
    match theirs.keys().find(|name| !ours.contains_key(name)) {
        Some(name) => Some(format!("{name} is pushed and does not stand in it")),
        None if signed == pushed => None,
        None => Some("its refs stand in another order".to_owned()),
    }
}

/// Push options decide nothing; that they are the signed ones shows that nobody came between.
fn check_options(certificate: &PushCertificate<'_>, env: &Environment) -> Result<(), Finding> {
    let count = env.text("GIT_PUSH_OPTION_COUNT").map_or(Ok(0), str::parse);
    let is_signed = |(n, signed): (usize, &&[u8])| {
        let option = env.os(&format!("GIT_PUSH_OPTION_{n}"));
        option.map_or(&[][..], |option| option.as_bytes()) == *signed
    };
    let mut options = certificate.options.iter().enumerate();
    if count == Ok(certificate.options.len()) && options.all(is_signed) {
        return Ok(());
    }
    let message = "the push certificate is for another push: it has other push options";
    Err(refused("certificate-options", message).hint("push again with git's own client"))
}

fn refused(code: &str, message: impl Into<String>) -> Finding {
    Finding::new(code, Family::UnknownPusher, message)
}

fn unsigned(code: &str, message: impl Into<String>) -> Finding {
    refused(code, message)
        .hint("git push --signed, with gpg.format = ssh and user.signingKey set to your key")
        .hint("the key has to be yours in the policy: ask the server's admins")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_difference_is_told() {
        let update = |line: &str| {
            let [old, new, name] = line.split(' ').collect::<Vec<_>>().try_into().expect("three");
            let id = |digit: &str| ObjectId::from_hex(digit.repeat(40).as_bytes()).expect("an id");
            Update { old: id(old), new: id(new), name: RefName::new(name) }
        };
        let all = |list: &str| -> Vec<Update> {
            list.split(',').filter(|line| !line.is_empty()).map(update).collect()
        };
        let rows: &[(&str, &str, Option<&str>)] = &[
            ("1 2 a,3 4 b", "1 2 a,3 4 b", None),
            ("1 0 a", "1 0 a", None),
            ("", "", None),
            ("1 2 a", "1 2 a,3 4 b", Some("b is pushed and does not")),
            ("1 2 a,3 4 b", "1 2 a", Some("b stands in it and is not pushed")),
            ("1 2 a", "1 3 a", Some("a goes from another commit")),
            ("1 2 a", "3 2 a", Some("a goes from another commit")),
            ("1 2 a,1 2 a", "1 2 a,1 2 a", Some("a stands in it twice")),
            ("1 2 a,1 3 a", "1 2 a", Some("a stands in it twice")),
            ("1 2 a", "1 2 a,1 2 a", Some("another order")),
            ("1 2 a,3 4 b", "3 4 b,1 2 a", Some("another order")),
        ];
        for (signed, pushed, why) in rows {
            let told = difference(&all(signed), &all(pushed));
            match why {
                Some(why) => assert!(told.clone().is_some_and(|t| t.contains(why)), "{told:?}"),
                None => assert_eq!(told, None, "{signed} and {pushed}"),
            }
        }
    }
}
