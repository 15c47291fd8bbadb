//! Sign-off statements: bytes to verified and back. The only place that names a signature
//! crate.
//!
//! Owns the statement's JSON, the SSHSIG envelope, which key types may sign, the question
//! whose key it was, and running `ssh-keygen` for the signer. It must not judge: time
//! windows, groups, revocations, repositories and refs are the decision's.
//!
//! # Checking a sign-off without this program
//!
//! A sign-off is two files, `statement.json` and `statement.json.sig`. An auditor needs
//! OpenSSH 8.2 or newer and the policy's keys, one line a key ([`allowed_signers`] writes
//! that file, and the published log carries it as `policy/<digest>.allowed_signers`):
//!
//! ```text
//! ghopper namespaces="countersign-sign-off-v1" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA...
//! ```
//!
//! Who signed? It prints the person's key in the policy, here `ghopper`:
//!
//! ```text
//! ssh-keygen -Y find-principals -f allowed_signers -s statement.json.sig
//! ```
//!
//! Did they sign exactly these bytes? It prints `Good "countersign-sign-off-v1" signature
//! for ghopper with ED25519 key SHA256:...` and exits 0:
//!
//! ```text
//! ssh-keygen -Y verify -f allowed_signers -I ghopper -n countersign-sign-off-v1 \
//!     -s statement.json.sig < statement.json
//! ```
//!
//! Where the policy limits a key in time, say when to look from, in UTC (OpenSSH 9.1 or
//! newer): `-Overify-time=20261120101500Z`. Its hash, the name under which logs,
//! decisions and revocations speak of it (G24):
//!
//! ```text
//! { cat statement.json; printf '\0'; cat statement.json.sig; } | sha256sum
//! ```
//!
//! And signing without this program; the signature goes to `statement.json.sig`:
//!
//! ```text
//! ssh-keygen -Y sign -n countersign-sign-off-v1 -f ~/.ssh/id_ed25519 statement.json
//! ```

mod allowed;
mod certificate;
mod check;
mod key;
mod login;
mod sign;
mod sshsig;
mod statement;
mod twin;
mod verify;
mod wire;

#[cfg(test)]
mod tests;

pub use allowed::allowed_signers;
pub use certificate::{
    CertificateError, GIT_NAMESPACE, PushCertificate, nonce_time, read_certificate,
};
pub use check::StatementError;
pub use key::{KeyError, fingerprint, public_key};
pub use login::{LOGIN_NAMESPACE, challenge, challenge_time, login_key, login_text};
pub use sign::{SignError, Signer, sign};
pub use sshsig::normalise;
pub use statement::{NAMESPACE, PREDICATE_TYPE, parse, render};
pub use verify::{VerifyError, check_signature, verify, verify_within};
