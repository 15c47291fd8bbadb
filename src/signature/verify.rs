//! Whose signature it is, and whether it is one. Nothing else: a key that has expired or
//! was revoked verifies here, and the [`SignOff`] carries it for the decision (G15).

use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512, RsaPublicKeyComponents,
};
use ssh_key::public::{KeyData, RsaPublicKey};
use ssh_key::{Algorithm, PublicKey, Signature};

use super::check::StatementError;
use super::key::{self, KeyError};
use super::sshsig::{self, Fields, SshSig};
use super::statement::{self, NAMESPACE};
use super::twin;
use crate::domain::escape::escape_short;
use crate::domain::limits::Limits;
use crate::domain::policy::{Key, Person, Policy, Role};
use crate::domain::statement::{SignOff, Signed};

/// Why signed bytes are no sign-off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The signature's file is over the limit of bytes.
    #[error("the signature has {bytes} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The signature's file is no SSH signature.
    #[error("the signature does not parse: {0}")]
    NotASignature(&'static str),
    /// A signature made for something else.
    #[error("the signature is for \"{}\", not for \"{wanted}\"", shown(found))]
    WrongNamespace {
        /// What it was made for.
        found: String,
        /// What it should have been made for.
        wanted: &'static str,
    },
    /// An OpenSSH certificate signed.
    #[error("the signature is by an OpenSSH certificate; sign with the plain key")]
    Certificate,
    /// A kind of key or signature that is not taken; already escaped (G21).
    #[error("the signature is by {0}")]
    Unsupported(String),
    /// No person of the policy has this key.
    #[error("no person of the policy has the key {fingerprint}")]
    UnknownKey {
        /// `SHA256:...`.
        fingerprint: String,
    },
    /// The signature is not one of this key over these bytes.
    #[error("the signature by the key {fingerprint} does not match what it signs")]
    BadSignature {
        /// `SHA256:...`.
        fingerprint: String,
    },
    /// A security key signed without being touched.
    #[error("the security key {fingerprint} was not touched when it signed")]
    NoTouch {
        /// `SHA256:...`.
        fingerprint: String,
    },
    /// The bytes are signed, but are no statement.
    #[error(transparent)]
    Malformed(#[from] StatementError),
}

fn shown(text: &str) -> String {
    escape_short(text.as_bytes(), 80)
}

/// As [`verify_within`], under the default limit of bytes.
///
/// # Errors
/// [`VerifyError`].
pub fn verify(signed: &Signed, policy: &Policy) -> Result<SignOff, VerifyError> {
    verify_within(signed, policy, Limits::default().statement_bytes)
}

/// Bytes to a sign-off: the signature verifies over exactly these bytes, in our namespace,
/// under a key that the policy gives a person, and the bytes are a statement of at most
/// `limit` bytes.
///
/// One act of signing may come under two hashes: of an ECDSA signature (r, s) anybody can
/// make (r, n-s), which verifies as well. Both have the same signer and equal statements,
/// and each names the other as its twin; who revokes one, or uses up one, has to mean both.
///
/// # Errors
/// [`VerifyError`].
pub fn verify_within(
    signed: &Signed,
    policy: &Policy,
    limit: usize,
) -> Result<SignOff, VerifyError> {
    let seal = Seal::of(signed, limit)?;
    let (person, key) = owner(policy, &seal.public)
        .ok_or_else(|| VerifyError::UnknownKey { fingerprint: key::print_of(&seal.key) })?;
    seal.check(&signed.statement)?;
    Ok(SignOff {
        hash: signed.hash(),
        twin: twin::hash_of(&signed.statement, &seal.sig, &seal.key),
        statement: statement::parse(&signed.statement, limit)?,
        signer: person.id.clone(),
        key: key.clone(),
    })
}

/// Whether the signature holds under the key that it carries itself, whoever's that is:
/// the public key, `type base64`.
///
/// # Errors
/// [`VerifyError`], never [`VerifyError::UnknownKey`].
pub fn check_signature(signed: &Signed) -> Result<String, VerifyError> {
    let seal = Seal::of(signed, usize::MAX)?;
    seal.check(&signed.statement)?;
    Ok(seal.public)
}

/// As [`check_signature`], for any bytes and what they were signed for.
///
/// # Errors
/// [`VerifyError`], never [`VerifyError::UnknownKey`] or [`VerifyError::Malformed`].
pub(super) fn check_bytes(
    message: &[u8],
    signature: &[u8],
    namespace: &'static str,
) -> Result<String, VerifyError> {
    let seal = Seal::read(signature, namespace)?;
    seal.check(message)?;
    Ok(seal.public)
}

/// The person of the policy who has exactly this key; agents and services sign nothing.
fn owner<'a>(policy: &'a Policy, public: &str) -> Option<(&'a Person, &'a Key)> {
    let persons = policy.people.values().filter(|person| person.role == Role::Person);
    persons
        .flat_map(|person| person.keys.iter().map(move |key| (person, key)))
        .find(|(_, key)| key.public == public)
}

/// A signature in a namespace whose key and kind are taken, not yet checked.
struct Seal {
    namespace: &'static str,
    sig: SshSig,
    key: KeyData,
    public: String,
}

impl Seal {
    fn of(signed: &Signed, limit: usize) -> Result<Self, VerifyError> {
        let bytes = signed.statement.len();
        if bytes > limit {
            return Err(StatementError::TooLarge { bytes, limit }.into());
        }
        Self::read(&signed.signature, NAMESPACE)
    }

    fn read(signature: &[u8], namespace: &'static str) -> Result<Self, VerifyError> {
        let sig = sshsig::read(signature)?;
        if sig.namespace != namespace.as_bytes() {
            let found = String::from_utf8_lossy(&sig.namespace).into_owned();
            return Err(VerifyError::WrongNamespace { found, wanted: namespace });
        }
        let kind = Fields(&sig.key).string().unwrap_or_default();
        if key::is_certificate(kind) {
            return Err(VerifyError::Certificate);
        }
        let damaged = VerifyError::NotASignature("its public key is damaged");
        let public = PublicKey::from_bytes(&sig.key).map_err(|_| damaged.clone())?;
        // A blob with another spelling would be another file for the same signature.
        if public.to_bytes().ok().as_deref() != Some(sig.key.as_slice()) {
            return Err(damaged);
        }
        let key = public.key_data().clone();
        let public = key::spelled(&key).map_err(|error| match error {
            KeyError::NotAKey => damaged,
            KeyError::Certificate => VerifyError::Certificate,
            other => VerifyError::Unsupported(escape_short(other.to_string().as_bytes(), 120)),
        })?;
        Ok(Self { namespace, sig, key, public })
    }

    fn check(&self, message: &[u8]) -> Result<(), VerifyError> {
        let fingerprint = key::print_of(&self.key);
        let bad = || VerifyError::BadSignature { fingerprint: fingerprint.clone() };
        let algorithm = self.algorithm()?;
        match &self.key {
            KeyData::Rsa(rsa) => self.check_rsa(rsa, &algorithm, message).ok_or_else(bad)?,
            _ => self.check_other(algorithm, message).ok_or_else(bad)?,
        }
        match self.sig.token {
            // PROTOCOL.u2f: bit 0 of the flags says that somebody touched the key. The flags
            // are signed; the signature alone does not ask for it.
            Some([flags, ..]) if flags & 1 == 0 => Err(VerifyError::NoTouch { fingerprint }),
            _ => Ok(()),
        }
    }

    /// The signature's algorithm where it is one of the key's, with a token's answer
    /// exactly where the key is on one.
    fn algorithm(&self) -> Result<Algorithm, VerifyError> {
        let sig = &self.sig;
        let named = std::str::from_utf8(&sig.algorithm).ok().and_then(|a| Algorithm::new(a).ok());
        let fits = |algorithm: &Algorithm| match &self.key {
            KeyData::Rsa(_) => matches!(algorithm, Algorithm::Rsa { hash: Some(_) }),
            key => *algorithm == key.algorithm(),
        };
        let algorithm = named.filter(fits).ok_or_else(|| {
            let name = escape_short(&sig.algorithm, 60);
            let key = self.key.algorithm();
            VerifyError::Unsupported(format!(
                "the algorithm \"{name}\" with a key of type \"{key}\""
            ))
        })?;
        let on_token = matches!(self.key, KeyData::SkEd25519(_) | KeyData::SkEcdsaSha2NistP256(_));
        if on_token != sig.token.is_some() {
            return Err(VerifyError::NotASignature("its envelope is damaged"));
        }
        Ok(algorithm)
    }

    /// SHA-2 alone; ring takes a signature only in the modulus's full length.
    fn check_rsa(&self, key: &RsaPublicKey, algorithm: &Algorithm, message: &[u8]) -> Option<()> {
        let data = ssh_key::SshSig::signed_data(self.namespace, self.sig.hash, message).ok()?;
        let parameters = match algorithm.as_str() {
            "rsa-sha2-256" => &RSA_PKCS1_2048_8192_SHA256,
            "rsa-sha2-512" => &RSA_PKCS1_2048_8192_SHA512,
            _ => return None,
        };
        let components =
            RsaPublicKeyComponents { n: key.n.as_positive_bytes()?, e: key.e.as_positive_bytes()? };
        components.verify(parameters, &data, &self.sig.signature).ok()
    }

    fn check_other(&self, algorithm: Algorithm, message: &[u8]) -> Option<()> {
        // ssh-key keeps a token's flags and counter behind the signature.
        let mut raw = self.sig.signature.clone();
        raw.extend_from_slice(self.sig.token.as_ref().map_or(&[], |token| token.as_slice()));
        let signature = Signature::new(algorithm, raw).ok()?;
        let sig = ssh_key::SshSig::new(self.key.clone(), self.namespace, self.sig.hash, signature)
            .ok()?;
        PublicKey::from(self.key.clone()).verify(self.namespace, message, &sig).ok()
    }
}
