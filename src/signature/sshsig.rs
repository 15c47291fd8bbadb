//! The SSHSIG envelope (OpenSSH, PROTOCOL.sshsig), read strictly.
//!
//! ssh-key's own reader is not used: it lets a length prefix run past what it holds and a
//! version be 0, reads other line lengths and text before the block. Each of these would
//! let anybody make from one signature many files that verify, each with a hash of its own
//! (G24), so that a revocation of one leaves the others (G15) and the newest statements
//! that are tried are all the same one (G10). Hence: one signature, one file, which is
//! the one that ssh-keygen writes.

use base64ct::{Base64, Encoding};
use ssh_key::HashAlg;

use super::verify::VerifyError;
use crate::domain::limits::SIGNATURE_BYTES;

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
const LINE: usize = 70;

/// What an SSHSIG file says, nothing of it verified.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SshSig {
    /// The public key's blob.
    pub(super) key: Vec<u8>,
    /// What the signature was made for.
    pub(super) namespace: Vec<u8>,
    /// The hash of the message that is signed.
    pub(super) hash: HashAlg,
    /// The signature's algorithm, as its blob names it.
    pub(super) algorithm: Vec<u8>,
    /// The signature proper.
    pub(super) signature: Vec<u8>,
    /// Security keys only: the flags, then the counter.
    pub(super) token: Option<[u8; 5]>,
}

/// The file as ssh-keygen would have written it: lines of 70 characters, line feeds, one
/// at the end. For signatures that came by mail or from another signing program.
///
/// # Errors
/// [`VerifyError::TooLarge`] and [`VerifyError::NotASignature`].
pub fn normalise(file: &[u8]) -> Result<Vec<u8>, VerifyError> {
    Ok(armour(&unarmour(file)?))
}

/// Reads a file that has exactly the form that ssh-keygen gives it.
pub(super) fn read(file: &[u8]) -> Result<SshSig, VerifyError> {
    let blob = unarmour(file)?;
    if armour(&blob) != file {
        return Err(VerifyError::NotASignature(
            "not in the form that ssh-keygen writes: lines of 70 characters, a line feed after each",
        ));
    }
    decode(&blob)
}

/// The blob of a block; blanks around it and any line length are let pass.
fn unarmour(file: &[u8]) -> Result<Vec<u8>, VerifyError> {
    if file.len() > SIGNATURE_BYTES {
        return Err(VerifyError::TooLarge { bytes: file.len(), limit: SIGNATURE_BYTES });
    }
    let text =
        std::str::from_utf8(file).map_err(|_| VerifyError::NotASignature("not text"))?.trim_ascii();
    let body = text.strip_prefix(BEGIN).ok_or(VerifyError::NotASignature(
        "it does not begin with \"-----BEGIN SSH SIGNATURE-----\"",
    ))?;
    let body = body.strip_suffix(END).ok_or(VerifyError::NotASignature(
        "it does not end with \"-----END SSH SIGNATURE-----\"",
    ))?;
    let base64: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    Base64::decode_vec(&base64).map_err(|_| VerifyError::NotASignature("its base64 is damaged"))
}

pub(super) fn armour(blob: &[u8]) -> Vec<u8> {
    let base64 = Base64::encode_string(blob);
    let mut file = format!("{BEGIN}\n").into_bytes();
    for line in base64.as_bytes().chunks(LINE) {
        file.extend_from_slice(line);
        file.push(b'\n');
    }
    file.extend_from_slice(END.as_bytes());
    file.push(b'\n');
    file
}

fn decode(blob: &[u8]) -> Result<SshSig, VerifyError> {
    const SHORT: VerifyError = VerifyError::NotASignature("its envelope is damaged");
    let mut outer = Fields(blob);
    if outer.take(6) != Some(b"SSHSIG") {
        return Err(VerifyError::NotASignature("no SSHSIG envelope"));
    }
    if outer.number() != Some(1) {
        return Err(VerifyError::NotASignature("not version 1 of SSHSIG"));
    }
    let key = outer.string().ok_or(SHORT)?;
    let namespace = outer.string().ok_or(SHORT)?;
    if !outer.string().ok_or(SHORT)?.is_empty() {
        return Err(VerifyError::NotASignature("its reserved field is not empty"));
    }
    let hash = match outer.string().ok_or(SHORT)? {
        b"sha256" => HashAlg::Sha256,
        b"sha512" => HashAlg::Sha512,
        _ => return Err(VerifyError::NotASignature("its hash is neither sha256 nor sha512")),
    };
    let mut inner = Fields(outer.string().ok_or(SHORT)?);
    let algorithm = inner.string().ok_or(SHORT)?;
    let signature = inner.string().ok_or(SHORT)?;
    // PROTOCOL.u2f: byte flags, uint32 counter.
    let token = match inner.0 {
        [] => None,
        rest => Some(rest.try_into().map_err(|_| SHORT)?),
    };
    if !outer.0.is_empty() {
        return Err(SHORT);
    }
    Ok(SshSig {
        key: key.to_vec(),
        namespace: namespace.to_vec(),
        hash,
        algorithm: algorithm.to_vec(),
        signature: signature.to_vec(),
        token,
    })
}

/// The blob of an envelope with another signature proper in it.
pub(super) fn encode(sig: &SshSig, signature: &[u8]) -> Vec<u8> {
    let mut inner = Vec::new();
    put(&mut inner, &sig.algorithm);
    put(&mut inner, signature);
    inner.extend(sig.token.iter().flatten());
    let mut blob = b"SSHSIG\0\0\0\x01".to_vec();
    put(&mut blob, &sig.key);
    put(&mut blob, &sig.namespace);
    put(&mut blob, b"");
    put(&mut blob, sig.hash.as_str().as_bytes());
    put(&mut blob, &inner);
    blob
}

/// RFC 4251's `string`, at the end. A signature's file is far shorter than 4 GiB.
pub(super) fn put(out: &mut Vec<u8>, field: &[u8]) {
    out.extend(u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(field);
}

/// RFC 4251's `uint32` and `string`, from the front.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(bytes)?;
        self.0 = tail;
        Some(head)
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let bytes = usize::try_from(self.number()?).ok()?;
        self.take(bytes)
    }
}
