//! The signer's side, with the real ssh-keygen.

use std::path::Path;
use std::process::Stdio;

use super::fixtures::{KeyRing, approval, message, policy_of, ssh_keygen};
use crate::domain::statement::Signed;
use crate::signature::sign::sign_to;
use crate::signature::{
    KeyError, SignError, Signer, VerifyError, fingerprint, public_key, sign, verify,
};

#[test]
fn what_is_signed_verifies() {
    let ring = KeyRing::new();
    for kind in ["ed25519", "ecdsa:521", "rsa:2048"] {
        let policy = policy_of("ghopper", &[&ring.make(kind, kind)]);
        for file in [ring.path(kind), ring.path(&format!("{kind}.pub"))] {
            let signature = Signer::file(&file).sign(&message()).unwrap();
            let signed = Signed { statement: message(), signature };
            assert_eq!(verify(&signed, &policy).map(|s| s.statement), Ok(approval()), "{kind}");
        }
    }
}

#[test]
fn a_key_that_is_not_there_is_named_with_the_programs_words() {
    let ring = KeyRing::new();
    let absent = ring.path("absent");
    let error = sign_to(&vec![b' '; 1 << 20], &absent, Stdio::piped()).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, SignError::Refused { .. }), "{text}");
    for words in ["ssh-keygen", absent.to_str().unwrap(), "No such file"] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
}

#[test]
fn what_no_server_would_take_is_not_given_out() {
    let ring = KeyRing::new();
    ring.make("short", "rsa:1024");
    let error = sign(&message(), &ring.path("short")).unwrap_err();
    assert!(matches!(error, SignError::Unusable { source: VerifyError::Unsupported(_), .. }));

    ring.make("authority", "ed25519");
    ring.make("key", "ed25519");
    let (authority, file) = (ring.text("authority"), ring.text("key.pub"));
    assert!(ssh_keygen(&["-q", "-s", &authority, "-I", "id", &file], b"").status.success());
    let error = sign(&message(), &ring.path("key-cert.pub")).unwrap_err();
    assert!(matches!(error, SignError::Unusable { source: VerifyError::Certificate, .. }));
    assert!(sign(&message(), &ring.path("key")).is_ok());
}

#[test]
fn a_setting_is_a_path_or_a_literal_key() {
    let ring = KeyRing::new();
    let public = ring.make("key", "ed25519");
    let literal = format!("key::{public} ghopper@laptop");
    let signer = Signer::from_setting(&literal).unwrap();
    assert_eq!(std::fs::read_to_string(signer.key()).unwrap(), format!("{public}\n"));
    let file = signer.key().to_owned();
    // No agent here holds it: ssh-keygen is asked, and says so.
    let Err(SignError::Refused { key, .. }) = signer.sign(&message()) else { panic!() };
    assert_eq!(key, file);
    drop(signer);
    assert!(!file.exists(), "the temporary file goes with the signer");

    assert_eq!(
        std::fs::read_to_string(Signer::from_setting(&public).unwrap().key()).unwrap(),
        format!("{public}\n")
    );
    for path in ["/home/ghopper/.ssh/id_ed25519", "id_ed25519.pub", "keys/ssh-ed25519"] {
        assert_eq!(Signer::from_setting(path).unwrap().key(), Path::new(path));
    }
    for bad in [
        "key::",
        "key::/home/ghopper/.ssh/id",
        "key::ssh-ed25519",
        "ssh-ed25519 AAAA",
        "ssh-dss AAAA",
    ] {
        let error = Signer::from_setting(bad).unwrap_err();
        assert!(matches!(error, SignError::Key(KeyError::NotAKey)), "{bad}: {error}");
    }
}

#[test]
fn public_keys_have_one_spelling_and_the_fingerprint_that_ssh_shows() {
    let ring = KeyRing::new();
    for kind in ["ed25519", "ecdsa:256", "ecdsa:384", "ecdsa:521", "rsa:3072"] {
        let public = ring.make(kind, kind);
        for line in [public.clone(), format!("{public} a comment\n"), format!("  {public}  ")] {
            assert_eq!(public_key(&line), Ok(public.clone()), "{line}");
        }
        let listed = ssh_keygen(&["-l", "-f", &ring.text(&format!("{kind}.pub"))], b"").stdout;
        let print = fingerprint(&public).unwrap();
        assert!(String::from_utf8(listed).unwrap().contains(&format!(" {print} ")), "{print}");
    }
    let short = ring.make("short", "rsa:1024");
    assert_eq!(public_key(&short), Err(KeyError::RsaBits { bits: 1024 }));
    assert_eq!(public_key("ssh-ed25519-cert-v01@openssh.com AAAA"), Err(KeyError::Certificate));
    for line in ["", "ssh-ed25519", "ghopper@example.com", "-----BEGIN OPENSSH PRIVATE KEY-----"] {
        assert_eq!(public_key(line), Err(KeyError::NotAKey), "{line}");
        assert_eq!(fingerprint(line), None);
    }
    let other = ring.make("other", "ed25519");
    let mislabelled = other.replacen("ssh-ed25519", "ssh-rsa", 1);
    assert_eq!(public_key(&mislabelled), Err(KeyError::NotAKey));
}
