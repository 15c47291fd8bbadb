//! Whose signature it is, and over what.

use super::fixtures::*;
use crate::domain::ids::PersonId;
use crate::domain::policy::{Key, Role};
use crate::domain::statement::{SignOff, Signed};
use crate::signature::sshsig::{self, SshSig};
use crate::signature::{
    NAMESPACE, StatementError, VerifyError, allowed_signers, check_signature, fingerprint, verify,
    verify_within,
};

#[test]
fn what_ssh_keygen_signs_counts_for_every_kind_of_key() {
    let ring = KeyRing::new();
    let other = ring.make("other", "ed25519");
    for kind in KINDS {
        let public = ring.make(kind, kind);
        let policy = policy_of("ghopper", &[&other, &public]);
        for hash in ["sha256", "sha512"] {
            let option = format!("hashalg={hash}");
            let file = ring.text(kind);
            let arguments = ["-Y", "sign", "-O", &option, "-n", NAMESPACE, "-f", &file];
            let signed = ring.sign_with(&arguments, &message());
            let twin = verify(&signed, &policy).unwrap().twin;
            assert_eq!(twin.is_some(), kind.starts_with("ecdsa"), "{kind}");
            let expected = SignOff {
                twin,
                hash: signed.hash(),
                statement: approval(),
                signer: PersonId::new("ghopper"),
                key: key(&public),
            };
            assert_eq!(verify(&signed, &policy), Ok(expected), "{kind} {hash}");
            assert_eq!(check_signature(&signed), Ok(public.clone()), "{kind} {hash}");
        }
    }
}

#[test]
fn stock_tools_take_what_we_take() {
    let ring = KeyRing::new();
    for kind in KINDS {
        let public = ring.make(kind, kind);
        let allowed = allowed_signers(&policy_of("ghopper", &[&public]));
        let signed = ring.sign(kind, NAMESPACE, &message());
        let (good, words) = ring.stock_verify(&allowed, "ghopper", &[], &signed);
        assert!(good && words.contains("Good \"countersign-sign-off-v1\""), "{kind}: {words}");
        let (good, words) = ring.stock_verify(&allowed, "alovelace", &[], &signed);
        assert!(!good, "{kind}: {words}");
        let wrong = Signed { statement: b"other".to_vec(), ..signed };
        assert!(!ring.stock_verify(&allowed, "ghopper", &[], &wrong).0, "{kind}");
    }
}

/// The recipe of the layer's documentation, word for word.
#[test]
fn an_auditor_needs_stock_tools_alone() {
    let (ring, public, signed) = signed_by_ed25519();
    let allowed = allowed_signers(&policy_of("ghopper", &[&public]));
    std::fs::write(ring.path("allowed_signers"), allowed).unwrap();
    std::fs::write(ring.path("statement.json"), &signed.statement).unwrap();
    std::fs::write(ring.path("statement.json.sig"), &signed.signature).unwrap();
    let hash = signed.hash().to_string();
    let recipe = include_str!("../mod.rs");
    let blocks: Vec<&str> = recipe.split("//! ```text\n").skip(2).collect();
    let expected = ["ghopper", "Good \"countersign-sign-off-v1\" signature for ghopper", &hash];
    for (block, expected) in blocks.into_iter().zip(expected) {
        let script = block.split("//! ```").next().unwrap().replace("//! ", "");
        let output = std::process::Command::new("sh")
            .args(["-ec", &script])
            .current_dir(ring.path("."))
            .output()
            .expect("this test needs a shell");
        let words = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && words.starts_with(expected), "{script}{words}");
    }
}

#[test]
fn another_statement_or_another_key_does_not_count() {
    let ring = KeyRing::new();
    let mut noise = Noise(7);
    for kind in KINDS {
        let public = ring.make(kind, kind);
        let other = ring.make(&format!("other {kind}"), kind);
        let policy = policy_of("ghopper", &[&public]);
        let signed = ring.sign(kind, NAMESPACE, &message());
        for _ in 0..20 {
            let mut statement = signed.statement.clone();
            let at = noise.below(statement.len());
            statement[at] ^= 1 << noise.below(8);
            let changed = Signed { statement, ..signed.clone() };
            assert_eq!(verify(&changed, &policy), bad(&public), "{kind}: byte {at}");
        }
        let more = Signed { statement: [message(), b"\n".to_vec()].concat(), ..signed.clone() };
        assert_eq!(verify(&more, &policy), bad(&public), "{kind}");

        let unknown = VerifyError::UnknownKey { fingerprint: fingerprint(&public).unwrap() };
        assert_eq!(verify(&signed, &policy_of("x", &[&other])), Err(unknown), "{kind}");
        let theirs = ring.sign(&format!("other {kind}"), NAMESPACE, &message());
        let unknown = VerifyError::UnknownKey { fingerprint: fingerprint(&other).unwrap() };
        assert_eq!(verify(&theirs, &policy), Err(unknown), "{kind}");

        // Their signature under our key's name.
        let ours = sshsig::read(&signed.signature).unwrap();
        let theirs = sshsig::read(&theirs.signature).unwrap();
        let forged = seal(&message(), &SshSig { key: ours.key, ..theirs });
        assert_eq!(verify(&forged, &policy), bad(&public), "{kind}");
    }
}

#[test]
fn the_namespace_is_exact() {
    let ring = KeyRing::new();
    let policy = policy_of("ghopper", &[&ring.make("key", "ed25519")]);
    let namespaces = [
        "git",
        "file",
        "countersign-sign-off-v2",
        "countersign-sign-off-v1 ",
        "Countersign-sign-off-v1",
    ];
    for found in namespaces {
        let signed = ring.sign("key", found, &message());
        let found = found.to_owned();
        assert_eq!(
            verify(&signed, &policy),
            Err(VerifyError::WrongNamespace { found, wanted: NAMESPACE })
        );
        // And renaming it does not help: the namespace is signed.
        let sig = sshsig::read(&signed.signature).unwrap();
        let renamed = SshSig { namespace: NAMESPACE.as_bytes().to_vec(), ..sig };
        let error = verify(&seal(&message(), &renamed), &policy).unwrap_err();
        assert!(matches!(error, VerifyError::BadSignature { .. }), "{error}");
    }
}

#[test]
fn only_persons_sign() {
    let (_ring, public, signed) = signed_by_ed25519();
    let unknown = VerifyError::UnknownKey { fingerprint: fingerprint(&public).unwrap() };
    let owner = Some(PersonId::new("ghopper"));
    for role in [Role::Service, Role::Agent { owner: None }, Role::Agent { owner }] {
        let policy = policy(vec![
            person("machine", role, vec![key(&public)]),
            person("ghopper", Role::Person, vec![]),
        ]);
        assert_eq!(verify(&signed, &policy), Err(unknown.clone()));
    }
    assert_eq!(verify(&signed, &policy(vec![])), Err(unknown));
}

#[test]
fn expired_and_revoked_keys_verify_and_say_so() {
    let (_ring, public, signed) = signed_by_ed25519();
    let old = Key {
        valid_before: Some("2001-01-01T00:00:00Z".parse().unwrap()),
        revoked: true,
        ..key(&public)
    };
    let policy = policy(vec![person("ghopper", Role::Person, vec![old.clone()])]);
    assert_eq!(verify(&signed, &policy).map(|sign_off| sign_off.key), Ok(old));
}

#[test]
fn two_people_may_sign_the_same_bytes() {
    let ring = KeyRing::new();
    let (one, two) = (ring.make("one", "ed25519"), ring.make("two", "ed25519"));
    let policy = policy(vec![
        person("alovelace", Role::Person, vec![key(&two)]),
        person("ghopper", Role::Person, vec![key(&one)]),
    ]);
    let by = |name: &str| verify(&ring.sign(name, NAMESPACE, &message()), &policy).unwrap();
    assert_eq!((by("one").signer.as_str(), by("two").signer.as_str()), ("ghopper", "alovelace"));
    assert_ne!(by("one").hash, by("two").hash);
    assert_eq!(by("one").statement, by("two").statement);
}

#[test]
fn signed_nonsense_is_no_statement() {
    let ring = KeyRing::new();
    let policy = policy_of("ghopper", &[&ring.make("key", "ed25519")]);
    for nonsense in [&b""[..], b"yes", b"{}", b"\xff"] {
        let error = verify(&ring.sign("key", NAMESPACE, nonsense), &policy).unwrap_err();
        assert!(matches!(error, VerifyError::Malformed(_)), "{error}");
    }
    let large = vec![b' '; 2 << 20];
    let signed = ring.sign("key", NAMESPACE, &large);
    let too_large = StatementError::TooLarge { bytes: 2 << 20, limit: 1 << 20 };
    assert_eq!(verify(&signed, &policy), Err(VerifyError::Malformed(too_large.clone())));
    // Looked at first, before anything is hashed.
    let unsigned = Signed { signature: Vec::new(), ..signed.clone() };
    assert_eq!(verify(&unsigned, &policy), Err(VerifyError::Malformed(too_large)));
    let error = verify_within(&signed, &policy, 2 << 20).unwrap_err();
    assert!(matches!(error, VerifyError::Malformed(StatementError::Json(_))), "{error}");
}
