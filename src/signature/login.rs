//! Logging in to a server: its challenge, signed with a key that the policy gives somebody.

use super::verify::{VerifyError, check_bytes};

/// The namespace of such signatures: none of them is a sign-off, nor the other way round.
pub const LOGIN_NAMESPACE: &str = "countersign-login-v1";

/// What is signed: the challenge, and for which server, so that another one, which passes the
/// challenge on, gains nothing.
#[must_use]
pub fn login_text(server: &str, challenge: &str) -> Vec<u8> {
    format!("countersign login v1\nserver {server}\nchallenge {challenge}\n").into_bytes()
}

/// The public key, `type base64`, under which a login's signature holds.
///
/// # Errors
/// [`VerifyError`].
pub fn login_key(text: &[u8], signature: &[u8]) -> Result<String, VerifyError> {
    check_bytes(text, signature, LOGIN_NAMESPACE)
}
