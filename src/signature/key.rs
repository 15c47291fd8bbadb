//! Public keys: which may sign, and their one spelling.

use ssh_key::public::KeyData;
use ssh_key::{HashAlg, PublicKey};

/// RSA moduli taken, in bits; below 2048 is too weak, above 8192 costs too much to check.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Why a public key can't sign off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No line of an OpenSSH public key file.
    #[error("not an OpenSSH public key such as \"ssh-ed25519 AAAA...\"")]
    NotAKey,
    /// An OpenSSH certificate.
    #[error("an OpenSSH certificate, not a public key")]
    Certificate,
    /// A type of key that this program does not verify.
    #[error("a key of type \"{0}\", which can't sign off")]
    Unsupported(String),
    /// An RSA key that is too short or too long.
    #[error("an RSA key of {bits} bits, not of 2048 to 8192")]
    RsaBits {
        /// Its modulus.
        bits: usize,
    },
}

/// Whether a type's name is that of an OpenSSH certificate.
pub(super) fn is_certificate(name: &[u8]) -> bool {
    name.ends_with(b"-cert-v01@openssh.com")
}

/// The canonical `type base64` of a public key that can sign off, from a line of an
/// OpenSSH public key file; the comment is dropped.
///
/// # Errors
/// [`KeyError`] for what is no key, or is one that [`super::verify()`] would never accept.
pub fn public_key(line: &str) -> Result<String, KeyError> {
    if is_certificate(line.split_ascii_whitespace().next().unwrap_or_default().as_bytes()) {
        return Err(KeyError::Certificate);
    }
    let key = PublicKey::from_openssh(line.trim()).map_err(|_| KeyError::NotAKey)?;
    spelled(key.key_data())
}

/// As [`public_key`], for a key that is already decoded.
pub(super) fn spelled(key: &KeyData) -> Result<String, KeyError> {
    match key {
        KeyData::Ed25519(_)
        | KeyData::SkEd25519(_)
        | KeyData::Ecdsa(_)
        | KeyData::SkEcdsaSha2NistP256(_) => {}
        KeyData::Rsa(rsa) => {
            let n = rsa.n.as_positive_bytes().ok_or(KeyError::NotAKey)?;
            let leading = n.first().map_or(0, |byte| byte.leading_zeros());
            let bits = (n.len() * 8).saturating_sub(usize::try_from(leading).unwrap_or(0));
            if !RSA_BITS.contains(&bits) {
                return Err(KeyError::RsaBits { bits });
            }
        }
        other => return Err(KeyError::Unsupported(other.algorithm().as_str().to_owned())),
    }
    PublicKey::from(key.clone()).to_openssh().map_err(|_| KeyError::NotAKey)
}

/// `SHA256:...` of a line of an OpenSSH public key file, as `ssh-keygen -l` writes it;
/// `None` where it is no key.
#[must_use]
pub fn fingerprint(public: &str) -> Option<String> {
    Some(print_of(PublicKey::from_openssh(public.trim()).ok()?.key_data()))
}

pub(super) fn print_of(key: &KeyData) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}
