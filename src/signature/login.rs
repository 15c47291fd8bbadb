//! Logging in to a server: its challenge, signed with a key that the policy gives somebody.

use ring::hmac;

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

/// A challenge that a server knows again without keeping it: the second, random bits, and a
/// code over both by the server's secret.
#[must_use]
pub fn challenge(secret: &[u8], second: i64, random: u128) -> String {
    let body = format!("csc_{second}_{random:032x}");
    let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), body.as_bytes());
    let code: String = code.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{body}_{code}")
}

/// When a challenge was given out by a server with this secret; `None` for any other text.
#[must_use]
pub fn challenge_time(secret: &[u8], challenge: &str) -> Option<i64> {
    let (body, code) = challenge.rsplit_once('_')?;
    let pairs = code.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let code: Vec<u8> = pairs.0.iter().map(byte).collect::<Option<_>>()?;
    if !pairs.1.is_empty() {
        return None;
    }
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), body.as_bytes(), &code).ok()?;
    body.split('_').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_known_again_and_nothing_else_is() {
        let given = challenge(b"secret", 1_790_000_000, 7);
        assert_eq!(challenge_time(b"secret", &given), Some(1_790_000_000));
        assert_eq!(challenge_time(b"other", &given), None);
        for place in 4..given.len() {
            let mut other = given.clone().into_bytes();
            other[place] = if other[place] == b'1' { b'2' } else { b'1' };
            let other = String::from_utf8(other).unwrap();
            assert_eq!(challenge_time(b"secret", &other), None, "{other}");
        }
        for text in ["", "_", "csc_1_2_", "csc", &given[..given.len() - 1], &format!("{given}0")] {
            assert_eq!(challenge_time(b"secret", text), None, "{text}");
        }
    }
}
