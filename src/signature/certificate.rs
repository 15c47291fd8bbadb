//! Push certificates: what `git push --signed` signs (gitprotocol-pack(5), "push
//! certificate"), read strictly and verified again (G22).
//!
//! Owns the certificate's grammar, its SSH signature and the nonce's code. Whether the
//! updates are those of the push, and who may push, is not asked here.

use ring::hmac;

use super::verify::{VerifyError, check_bytes};
use crate::domain::ids::ObjectFormat;

/// The namespace in which git signs.
pub const GIT_NAMESPACE: &str = "git";

const VERSION: &[u8] = b"certificate version 0.1";
const BEGIN_ANY: &[u8] = b"-----BEGIN ";
const BEGIN_SSH: &[u8] = b"-----BEGIN SSH SIGNATURE-----";

/// A push certificate's parts, nothing of them verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushCertificate<'a> {
    /// The URL that was pushed to, as the pusher wrote it.
    pub pushee: &'a [u8],
    /// What the server gave to be signed: seconds since 1970, `-`, a code in hexadecimal.
    pub nonce: &'a [u8],
    /// The push options, in their order.
    pub options: Vec<&'a [u8]>,
    /// Lines `old SP new SP ref LF`, as a hook gets them.
    pub updates: &'a [u8],
    signed: &'a [u8],
    signature: &'a [u8],
}

/// Why bytes are no push certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Without any signature.
    #[error("it bears no signature")]
    Unsigned,
    /// Signed with another tool than SSH.
    #[error("it is not signed with an SSH key")]
    NotSsh,
    /// Not what git writes.
    #[error("it is not in the form that git writes: {0}")]
    Malformed(&'static str),
}

/// Reads a certificate: the version, `pusher`, `pushee`, `nonce`, any `push-option`, an
/// empty line, the updates, one SSH signature to the end.
///
/// # Errors
/// [`CertificateError`] for anything else.
pub fn read_certificate(blob: &[u8]) -> Result<PushCertificate<'_>, CertificateError> {
    let wrong = |what| CertificateError::Malformed(what);
    if blob.contains(&0) {
        return Err(wrong("it holds a NUL byte"));
    }
    let (signed, signature) = split(blob)?;
    let mut rest = signed;
    let mut line = || {
        let end = rest.iter().position(|c| *c == b'\n')?;
        let (line, after) = rest.split_at_checked(end)?;
        rest = after.get(1..)?;
        Some(line)
    };
    if line() != Some(VERSION) {
        return Err(wrong("its first line is not \"certificate version 0.1\""));
    }
    let mut header = |key: &[u8]| line()?.strip_prefix(key);
    header(b"pusher ").ok_or(wrong("no pusher follows the version"))?;
    let pushee = header(b"pushee ").ok_or(wrong("no pushee follows the pusher"))?;
    let nonce = header(b"nonce ").ok_or(wrong("no nonce follows the pushee"))?;
    let mut options = Vec::new();
    loop {
        let odd = wrong("something else than push options follows the nonce");
        match line().ok_or(odd)? {
            b"" => break,
            option => options.push(option.strip_prefix(b"push-option ").ok_or(odd)?),
        }
    }
    Ok(PushCertificate { pushee, nonce, options, updates: rest, signed, signature })
}

/// What is signed, and the one signature after it.
fn split(blob: &[u8]) -> Result<(&[u8], &[u8]), CertificateError> {
    let mut at = 0;
    for line in blob.split_inclusive(|c| *c == b'\n') {
        if line.starts_with(BEGIN_ANY) {
            let parts = blob.split_at_checked(at).filter(|_| line.starts_with(BEGIN_SSH));
            return parts.ok_or(CertificateError::NotSsh);
        }
        at += line.len();
    }
    Err(CertificateError::Unsigned)
}

impl PushCertificate<'_> {
    /// The public key that signed exactly these bytes in git's namespace, `type base64`.
    ///
    /// # Errors
    /// [`VerifyError`] for a signature that is damaged, does not match or was made for
    /// something else.
    pub fn key(&self) -> Result<String, VerifyError> {
        check_bytes(self.signed, self.signature, GIT_NAMESPACE)
    }
}

/// The time of a nonce that this server gave out for a repository, in seconds since 1970;
/// `None` where none of the spellings of its path gives the nonce's code. As git's
/// receive-pack computes it: an HMAC in the repository's own hash, of the configured seed,
/// under the key `path:seconds`.
#[must_use]
pub fn nonce_time(nonce: &[u8], seed: &[u8], paths: &[&[u8]], format: ObjectFormat) -> Option<i64> {
    let dash = nonce.iter().position(|c| *c == b'-')?;
    let (stamp, code) = nonce.split_at_checked(dash)?;
    let code = unhex(code.get(1..)?)?;
    let algorithm = match format {
        ObjectFormat::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        ObjectFormat::Sha256 => hmac::HMAC_SHA256,
    };
    let is_of = |path: &&[u8]| {
        let key = hmac::Key::new(algorithm, &[path, b":".as_slice(), stamp].concat());
        hmac::verify(&key, seed, &code).is_ok()
    };
    // As git writes it: digits alone.
    let digits = std::str::from_utf8(stamp).ok().filter(|s| s.bytes().all(|b| b.is_ascii_digit()));
    let seconds = digits?.parse().ok()?;
    paths.iter().any(is_of).then_some(seconds)
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |c: &u8| char::from(*c).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    text.chunks(2).map(pair).collect()
}
