//! What each kind of key asks for beyond a signature that fits.

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use ssh_key::{HashAlg, PublicKey};

use super::fixtures::*;
use crate::domain::statement::Signed;
use crate::signature::sshsig::{self, Fields, SshSig};
use crate::signature::{
    NAMESPACE, VerifyError, allowed_signers, check_signature, fingerprint, verify,
};

#[test]
fn rsa_is_never_sha_1_and_never_short() {
    let ring = KeyRing::new();
    let public = ring.make("key", "rsa:2048");
    let policy_of_it = policy_of("ghopper", &[&public]);
    let signed = ring.sign("key", NAMESPACE, &message());
    let sig = || sshsig::read(&signed.signature).unwrap();
    assert_eq!(sig().algorithm, b"rsa-sha2-512");
    for algorithm in
        ["ssh-rsa", "rsa-sha1", "ssh-ed25519", "ssh-rsa-cert-v01@openssh.com", "", "\u{1b}"]
    {
        let named = SshSig { algorithm: algorithm.as_bytes().to_vec(), ..sig() };
        let error = verify(&seal(&message(), &named), &policy_of_it).unwrap_err();
        assert!(matches!(error, VerifyError::Unsupported(_)), "{algorithm}: {error}");
        assert!(!error.to_string().contains('\u{1b}'));
    }
    let other = SshSig { algorithm: b"rsa-sha2-256".to_vec(), ..sig() };
    assert_eq!(verify(&seal(&message(), &other), &policy_of_it), bad(&public));
    // The algorithm's name is no other name of the key's type: the key is not signed over.
    let key = [string(b"rsa-sha2-512"), sig().key[4 + 7..].to_vec()].concat();
    let error = verify(&seal(&message(), &SshSig { key, ..sig() }), &policy_of_it).unwrap_err();
    assert!(matches!(error, VerifyError::NotASignature(_)), "{error}");
    // Nor does a token's answer go with it.
    let token = SshSig { token: Some([1, 0, 0, 0, 1]), ..sig() };
    assert!(verify(&seal(&message(), &token), &policy_of_it).is_err());
    // Of one length only: a zero more in front is the same number.
    let longer = SshSig { signature: [vec![0], sig().signature].concat(), ..sig() };
    assert_eq!(verify(&seal(&message(), &longer), &policy_of_it), bad(&public));

    let short = ring.make("short", "rsa:1024");
    let signed = ring.sign("short", NAMESPACE, &message());
    let error = verify(&signed, &policy_of("ghopper", &[&short])).unwrap_err();
    let words = "the signature is by an RSA key of 1024 bits, not of 2048 to 8192";
    assert_eq!(error.to_string(), words);
}

/// Some agents sign with SHA-256; ssh-keygen itself does not.
#[test]
fn rsa_with_sha_256_counts() {
    let ring = KeyRing::new();
    let public = ring.make("key", "rsa:2048");
    let sig = sshsig::read(&ring.sign("key", NAMESPACE, &message()).signature).unwrap();
    let file = ring.text("key");
    let converted = ssh_keygen(&["-p", "-N", "", "-m", "PKCS8", "-f", &file], b"");
    assert!(converted.status.success());
    let pem = std::fs::read_to_string(&file).unwrap();
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = <base64ct::Base64 as base64ct::Encoding>::decode_vec(&base64).unwrap();
    let pair = RsaKeyPair::from_pkcs8(&der).unwrap();
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &signed_data(&message()), &mut signature)
        .unwrap();
    let made = SshSig { algorithm: b"rsa-sha2-256".to_vec(), signature, ..sig };
    let policy = policy_of("ghopper", &[&public]);
    let signed = seal(&message(), &made);
    assert!(verify(&signed, &policy).is_ok());
    let (good, words) = ring.stock_verify(&allowed_signers(&policy), "ghopper", &[], &signed);
    assert!(good, "{words}");
}

/// What a security key signs (PROTOCOL.u2f): the application's hash, flags and counter,
/// and the hash of what ssh wants signed.
fn token_data(token: [u8; 5]) -> Vec<u8> {
    let sha256 = |bytes: &[u8]| ring::digest::digest(&ring::digest::SHA256, bytes);
    let message = sha256(&signed_data(&message()));
    [sha256(b"ssh:").as_ref(), &token, message.as_ref()].concat()
}

fn token_sig(key: Vec<u8>, algorithm: &str, signature: Vec<u8>, token: [u8; 5]) -> SshSig {
    let namespace = NAMESPACE.as_bytes().to_vec();
    let algorithm = algorithm.as_bytes().to_vec();
    SshSig { key, namespace, hash: HashAlg::Sha512, algorithm, signature, token: Some(token) }
}

/// A key on a token, as a line of a public key file, and what it signs under these flags.
type Token = (String, Box<dyn Fn(u8) -> SshSig>);

fn sk_ed25519() -> Token {
    const NAME: &str = "sk-ssh-ed25519@openssh.com";
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let public = pair.public_key().as_ref();
    let key = [string(NAME.as_bytes()), string(public), string(b"ssh:")].concat();
    let line = PublicKey::from_bytes(&key).unwrap().to_openssh().unwrap();
    let sign = move |flags| {
        let token = [flags, 0, 0, 1, 9];
        let signature = pair.sign(&token_data(token)).as_ref().to_vec();
        token_sig(key.clone(), NAME, signature, token)
    };
    (line, Box::new(sign))
}

/// RFC 4251's `mpint` of a number that is not negative.
fn mpint(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let number = &bytes[zeros..];
    let sign: &[u8] = if number.first().is_some_and(|byte| *byte >= 0x80) { &[0] } else { &[] };
    string(&[sign, number].concat())
}

fn sk_ecdsa() -> Token {
    const NAME: &str = "sk-ecdsa-sha2-nistp256@openssh.com";
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap();
    let point = string(pair.public_key().as_ref());
    let key = [string(NAME.as_bytes()), string(b"nistp256"), point, string(b"ssh:")].concat();
    let line = PublicKey::from_bytes(&key).unwrap().to_openssh().unwrap();
    let sign = move |flags| {
        let token = [flags, 0, 0, 1, 9];
        let fixed = pair.sign(&random, &token_data(token)).unwrap();
        let (r, s) = fixed.as_ref().split_at(32);
        token_sig(key.clone(), NAME, [mpint(r), mpint(s)].concat(), token)
    };
    (line, Box::new(sign))
}

#[test]
fn a_security_key_must_have_been_touched() {
    let ring = KeyRing::new();
    for (public, sign) in [sk_ed25519(), sk_ecdsa()] {
        let policy = policy_of("ghopper", &[&public]);
        let fingerprint = fingerprint(&public).unwrap();
        for flags in [0x01, 0x05, 0x45, 0xff] {
            let signed = seal(&message(), &sign(flags));
            assert_eq!(verify(&signed, &policy).map(|s| s.key.public), Ok(public.clone()));
        }
        let signed = seal(&message(), &sign(0x01));
        let (good, words) = ring.stock_verify(&allowed_signers(&policy), "ghopper", &[], &signed);
        assert!(good, "the test signs as OpenSSH does: {words}");

        let untouched = Err(VerifyError::NoTouch { fingerprint });
        for flags in [0x00, 0x04, 0x80, 0xfe] {
            assert_eq!(verify(&seal(&message(), &sign(flags)), &policy), untouched);
            let signed = seal(&message(), &sign(flags));
            assert_eq!(check_signature(&signed), untouched.clone().map(|_| String::new()));
        }
        // The flags are signed: setting the bit afterwards shows.
        for token in [[0x01, 0, 0, 1, 9], [0x05, 0, 0, 1, 9]] {
            let pretended = SshSig { token: Some(token), ..sign(0x00) };
            assert_eq!(verify(&seal(&message(), &pretended), &policy), bad(&public));
        }
        let recounted = SshSig { token: Some([1, 0, 0, 1, 8]), ..sign(0x01) };
        assert_eq!(verify(&seal(&message(), &recounted), &policy), bad(&public));
        let bare = SshSig { token: None, ..sign(0x01) };
        let error = verify(&seal(&message(), &bare), &policy).unwrap_err();
        assert!(matches!(error, VerifyError::NotASignature(_)), "{error}");
    }
}

#[test]
fn an_sk_key_is_not_the_plain_key_of_the_same_numbers() {
    let (public, sign) = sk_ed25519();
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let plain = [string(b"ssh-ed25519"), string(pair.public_key().as_ref())].concat();
    let line = PublicKey::from_bytes(&plain).unwrap().to_openssh().unwrap();
    let policy = policy_of("ghopper", &[&public, &line]);
    // A signature without a token cannot stand under the token's key, nor the other way.
    let signature = pair.sign(&signed_data(&message())).as_ref().to_vec();
    let untokened =
        SshSig { algorithm: b"ssh-ed25519".to_vec(), signature, token: None, ..sign(1) };
    let own = SshSig { key: plain.clone(), ..sign(1) };
    for sig in [untokened, own] {
        let error = verify(&seal(&message(), &sig), &policy).unwrap_err();
        assert!(matches!(error, VerifyError::Unsupported(_)), "{error}");
    }
}

#[test]
fn certificates_and_other_kinds_are_refused_by_name() {
    let ring = KeyRing::new();
    let public = ring.make("key", "ed25519");
    ring.make("authority", "ed25519");
    let (authority, file) = (ring.text("authority"), ring.text("key.pub"));
    let made = ssh_keygen(&["-q", "-s", &authority, "-I", "id", "-n", "ghopper", &file], b"");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let certificate = ring.text("key-cert.pub");
    let arguments = ["-Y", "sign", "-n", NAMESPACE, "-f", &certificate];
    let signed = ring.sign_with(&arguments, &message());
    let policy = policy_of("ghopper", &[&public]);
    assert_eq!(verify(&signed, &policy), Err(VerifyError::Certificate));
    assert_eq!(check_signature(&signed), Err(VerifyError::Certificate));
    assert!(verify(&ring.sign("key", NAMESPACE, &message()), &policy).is_ok());

    let sig = || sshsig::read(&ring.sign("key", NAMESPACE, &message()).signature).unwrap();
    let dss = [string(b"ssh-dss"), string(&[3]), string(&[3]), string(&[3]), string(&[3])];
    let other = [string(b"ssh-new@example.com"), string(b"x")];
    for key in [dss.concat(), other.concat()] {
        let error = verify(&seal(&message(), &SshSig { key, ..sig() }), &policy).unwrap_err();
        assert!(matches!(error, VerifyError::Unsupported(_)), "{error}");
    }
}

/// The order of a curve, from its standard.
fn order(kind: &str) -> Vec<u8> {
    let hex = match kind {
        "ecdsa:256" => {
            "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551".to_owned()
        }
        "ecdsa:384" => "ff".repeat(24) + "c7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        _ => {
            let low = "fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409";
            format!("01{}{low}", "ff".repeat(32))
        }
    };
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}

fn minus(from: &[u8], number: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut out: Vec<u8> = (0..from.len())
        .rev()
        .map(|i| {
            let difference = i16::from(from[i]) - i16::from(number[i]) - borrow;
            borrow = i16::from(difference < 0);
            u8::try_from(difference.rem_euclid(256)).unwrap()
        })
        .collect();
    out.reverse();
    out
}

/// (r, n-s), made by hand.
fn malleated(sig: SshSig, order: &[u8]) -> SshSig {
    let mut fields = Fields(&sig.signature);
    let (r, s) = (fields.string().unwrap().to_vec(), fields.string().unwrap().to_vec());
    let zeros = s.iter().take_while(|byte| **byte == 0).count();
    let mut padded = vec![0; order.len() - (s.len() - zeros)];
    padded.extend(&s[zeros..]);
    let signature = [string(&r), mpint(&minus(order, &padded))].concat();
    SshSig { signature, ..sig }
}

/// What [`verify`] says of ECDSA: anybody can make the second file, and its sign-off has
/// the same signer and an equal statement under another hash. Each knows the other's.
#[track_caller]
fn is_twin(first: &Signed, kind: &str, public: &str) {
    let policy = policy_of("ghopper", &[public]);
    let made = malleated(sshsig::read(&first.signature).unwrap(), &order(kind));
    let second = seal(&first.statement, &made);
    let (first, second) = (verify(first, &policy).unwrap(), verify(&second, &policy).unwrap());
    assert_ne!(first.hash, second.hash);
    assert_eq!((first.twin, second.twin), (Some(second.hash), Some(first.hash)), "{kind}");
    assert_eq!((first.signer, first.statement), (second.signer, second.statement));
}

#[test]
fn an_ecdsa_signature_has_a_twin_that_says_the_same() {
    let ring = KeyRing::new();
    for kind in ["ecdsa:256", "ecdsa:384", "ecdsa:521"] {
        let public = ring.make(kind, kind);
        // Numbers of every length: some begin with a set bit, a few are a byte shorter.
        for _ in 0..8 {
            is_twin(&ring.sign(kind, NAMESPACE, &message()), kind, &public);
        }
    }
    let (public, sign) = sk_ecdsa();
    for _ in 0..1024 {
        is_twin(&seal(&message(), &sign(1)), "ecdsa:256", &public);
    }
}

#[test]
fn other_signatures_have_no_twin() {
    let ring = KeyRing::new();
    for kind in ["ed25519", "rsa:2048"] {
        let public = ring.make(kind, kind);
        let signed = ring.sign(kind, NAMESPACE, &message());
        let found = verify(&signed, &policy_of("ghopper", &[&public])).unwrap();
        assert_eq!(found.twin, None, "{kind}");
    }
    let (public, sign) = sk_ed25519();
    let found = verify(&seal(&message(), &sign(1)), &policy_of("ghopper", &[&public])).unwrap();
    assert_eq!(found.twin, None);
}

/// And no third: numbers with zeros in front, negative, or with something behind.
#[test]
fn an_ecdsa_signature_has_no_third_form() {
    let ring = KeyRing::new();
    for kind in ["ecdsa:256", "ecdsa:384", "ecdsa:521"] {
        let public = ring.make(kind, kind);
        let policy = policy_of("ghopper", &[&public]);
        let signed = ring.sign(kind, NAMESPACE, &message());
        let sig = || sshsig::read(&signed.signature).unwrap();
        let of = sig().signature;
        let mut fields = Fields(&of);
        let (r, s) = (fields.string().unwrap(), fields.string().unwrap());
        let zero = |number: &[u8]| [&[0], number].concat();
        let forms = [
            [string(&zero(r)), string(s)].concat(),
            [string(r), string(&zero(s))].concat(),
            [string(r), string(s), vec![0]].concat(),
            [string(s), string(r)].concat(),
            [string(r), string(b"")].concat(),
            [string(b""), string(b"")].concat(),
            [string(&[0]), string(&[0])].concat(),
            [string(&[1]), string(&[1])].concat(),
            [string(&[0xff; 32]), string(s)].concat(),
            [string(&[0x7f; 200]), string(s)].concat(),
            Vec::new(),
        ];
        for signature in forms {
            let form = SshSig { signature: signature.clone(), ..sig() };
            assert_eq!(verify(&seal(&message(), &form), &policy), bad(&public), "{signature:02x?}");
        }
    }
}
