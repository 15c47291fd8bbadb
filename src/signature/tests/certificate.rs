//! Push certificates: only what git writes is read, and only what was signed verifies.

use crate::domain::ids::ObjectFormat;
use crate::signature::certificate::{
    CertificateError, GIT_NAMESPACE, nonce_time, read_certificate,
};

use super::fixtures::{KeyRing, Noise};

const TEXT: &str = "certificate version 0.1\n\
    pusher SHA256:x 1767600000 +0000\n\
    pushee ssh://git@host/srv/git/api.git\n\
    nonce 1767600000-00ff\n\
    push-option one\n\
    push-option \n\
    \n\
    1111111111111111111111111111111111111111 2222222222222222222222222222222222222222 refs/heads/main\n";

fn certificate(kind: &str) -> (String, Vec<u8>) {
    let ring = KeyRing::new();
    let public = ring.make("key", kind);
    let signed = ring.sign("key", GIT_NAMESPACE, TEXT.as_bytes());
    (public, [signed.statement, signed.signature].concat())
}

#[test]
fn its_parts_and_its_key() {
    for kind in ["ed25519", "ecdsa:256", "rsa:2048"] {
        let (public, blob) = certificate(kind);
        let read = read_certificate(&blob).unwrap();
        assert_eq!(read.pushee, b"ssh://git@host/srv/git/api.git");
        assert_eq!(read.nonce, b"1767600000-00ff");
        assert_eq!(read.options, [b"one".as_slice(), b""]);
        assert!(read.updates.ends_with(b" refs/heads/main\n"));
        assert_eq!(read.key(), Ok(public), "{kind}");
    }
}

/// Whatever is cut off, changed or put in, it does not verify as another text's.
#[test]
fn damaged_ones_do_not_verify() {
    let (_, blob) = certificate("ed25519");
    for end in 0..blob.len() {
        let read = read_certificate(&blob[..end]);
        assert!(read.is_err() || read.is_ok_and(|c| c.key().is_err()), "cut at {end}");
    }
    let mut noise = Noise(0x5eed_0001);
    for _ in 0..2_000 {
        let damaged = noise.damage(&blob);
        if damaged != blob {
            let read = read_certificate(&damaged);
            assert!(
                read.is_err() || read.is_ok_and(|c| c.key().is_err()),
                "{}",
                String::from_utf8_lossy(&damaged)
            );
        }
    }
}

#[test]
fn unsigned_and_otherwise_signed() {
    let with = |tail: &str| read_certificate(format!("{TEXT}{tail}").as_bytes()).map(|_| ());
    assert_eq!(with(""), Err(CertificateError::Unsigned));
    for tail in ["-----BEGIN PGP SIGNATURE-----\n", "-----BEGIN SIGNED MESSAGE-----\nx\n"] {
        assert_eq!(with(tail), Err(CertificateError::NotSsh), "{tail}");
    }
    // Whose block comes first says what it is.
    let both = "-----BEGIN PGP SIGNATURE-----\n-----BEGIN SSH SIGNATURE-----\n";
    assert_eq!(with(both), Err(CertificateError::NotSsh));
}

/// Nonces that git's receive-pack gave out for the seed "x".
#[test]
fn nonces_are_those_of_git() {
    let short: &[u8] = b"1796063607-c9988e156c536d6f768cb0f890afa1a2490b2716";
    let long: &[u8] =
        b"1796064985-c87687b64a8004b01c5615e0286a36c9d047ed4a12cde233a855d891fb31d70f";
    let (sha1, sha256) = (ObjectFormat::Sha1, ObjectFormat::Sha256);
    let (one, two): (&[u8], &[u8]) = (b"/tmp/t/s.git", b"/tmp/t/s2.git");
    let time = |nonce, seed: &str, paths: &[&[u8]], format| {
        nonce_time(nonce, seed.as_bytes(), paths, format)
    };
    assert_eq!(time(short, "x", &[one], sha1), Some(1_796_063_607));
    assert_eq!(time(short, "x", &[b".", two, one], sha1), Some(1_796_063_607));
    assert_eq!(time(long, "x", &[two], sha256), Some(1_796_064_985));
    assert_eq!(time(short, "y", &[one], sha1), None);
    assert_eq!(time(short, "x", &[two, b"."], sha1), None);
    assert_eq!(time(short, "x", &[], sha1), None);
    assert_eq!(time(short, "x", &[one], sha256), None);
    assert_eq!(time(long, "x", &[two], sha1), None);
    for odd in ["", "-", "1796063607", "1796063607-", "-c9988e", "+1796063607-00", "1-zz", "1-0"] {
        assert_eq!(time(odd.as_bytes(), "x", &[one], sha1), None, "{odd}");
    }
}
