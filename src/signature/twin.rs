//! The second file of an ECDSA signature. Of (r, s) anybody can make (r, n-s), n being the
//! curve's order, and it verifies as well: one act of signing under two hashes (G24). Who
//! revokes one means both (G15), and may have kept the other to themselves.

use ssh_key::public::{EcdsaPublicKey, KeyData};

use super::sshsig::{self, Fields, SshSig};
use crate::domain::digest::statement_hash;
use crate::domain::ids::StatementHash;

/// The orders of NIST's curves (SP 800-186, section 3.2.1), big-endian.
const P256: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
const P384: [u8; 48] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
    0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
];
const P521: [u8; 66] = [
    0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xfa, 0x51, 0x86, 0x87, 0x83, 0xbf, 0x2f, 0x96, 0x6b, 0x7f, 0xcc, 0x01, 0x48, 0xf7, 0x09,
    0xa5, 0xd0, 0x3b, 0xb5, 0xc9, 0xb8, 0x89, 0x9c, 0x47, 0xae, 0xbb, 0x6f, 0xb7, 0x1e, 0x91, 0x38,
    0x64, 0x09,
];

/// The hash under which a verified signature's twin would come; `None` where the key is
/// of a kind that has none.
pub(super) fn hash_of(statement: &[u8], sig: &SshSig, key: &KeyData) -> Option<StatementHash> {
    let order: &[u8] = match key {
        KeyData::Ecdsa(EcdsaPublicKey::NistP256(_)) | KeyData::SkEcdsaSha2NistP256(_) => &P256,
        KeyData::Ecdsa(EcdsaPublicKey::NistP384(_)) => &P384,
        KeyData::Ecdsa(EcdsaPublicKey::NistP521(_)) => &P521,
        _ => return None,
    };
    let mut fields = Fields(&sig.signature);
    let (r, s) = (fields.string()?, fields.string()?);
    let mut signature = Vec::new();
    sshsig::put(&mut signature, r);
    sshsig::put(&mut signature, &mpint(minus(order, s)?));
    let file = sshsig::armour(&sshsig::encode(sig, &signature));
    Some(statement_hash(statement, &file))
}

/// The order less a number that is smaller, in as many bytes as the order.
fn minus(order: &[u8], number: &[u8]) -> Option<Vec<u8>> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let number = number.get(zeros..)?;
    if number.len() > order.len() {
        return None;
    }
    let digits = number.iter().rev().chain(std::iter::repeat(&0));
    let mut borrowed = false;
    let mut difference: Vec<u8> = order
        .iter()
        .rev()
        .zip(digits)
        .map(|(from, less)| {
            let (one, under) = from.overflowing_sub(*less);
            let (both, under_again) = one.overflowing_sub(u8::from(borrowed));
            borrowed = under || under_again;
            both
        })
        .collect();
    difference.reverse();
    (!borrowed).then_some(difference)
}

/// RFC 4251's `mpint` without its length: no zeros in front but the one that keeps the
/// number positive.
fn mpint(mut number: Vec<u8>) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.drain(..zeros);
    if number.first().is_some_and(|byte| *byte >= 0x80) {
        number.insert(0, 0);
    }
    number
}
