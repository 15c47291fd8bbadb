//! Keys made by the real ssh-keygen, policies and statements for the tests of this layer.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use ssh_key::HashAlg;
use tempfile::TempDir;

use crate::domain::digest::policy_digest;
use crate::domain::ids::{ChangeDigest, ObjectId, PathsDigest, PersonId, RepositoryName};
use crate::domain::policy::{Detect, Key, Person, Policy, Role};
use crate::domain::statement::{Net, SignOff, Signed, Statement, Subject, Verdict};
use crate::signature::sshsig::{SshSig, armour};
use crate::signature::verify::VerifyError;
use crate::signature::{NAMESPACE, fingerprint, render};

/// Runs ssh-keygen; a machine without it fails the test.
pub(super) fn ssh_keygen(arguments: &[&str], stdin: &[u8]) -> Output {
    let mut child = Command::new("ssh-keygen")
        .args(arguments)
        .env_remove("SSH_AUTH_SOCK")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("these tests need OpenSSH's ssh-keygen");
    let _ = child.stdin.take().unwrap().write_all(stdin);
    child.wait_with_output().unwrap()
}

fn succeed(arguments: &[&str], stdin: &[u8]) -> Vec<u8> {
    let output = ssh_keygen(arguments, stdin);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A folder with keys.
pub(super) struct KeyRing(TempDir);

impl KeyRing {
    pub(super) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// A new key of a kind such as `ed25519` or `rsa:2048`; its public half, `type base64`.
    pub(super) fn make(&self, name: &str, kind: &str) -> String {
        let (kind, bits) = kind.split_once(':').unwrap_or((kind, ""));
        let file = self.text(name);
        let mut arguments = vec!["-q", "-t", kind, "-N", "", "-C", "a comment", "-f", &file];
        if !bits.is_empty() {
            arguments.extend(["-b", bits]);
        }
        succeed(&arguments, b"");
        public_half(&self.path(&format!("{name}.pub")))
    }

    /// What ssh-keygen alone makes of a message, with none of our code.
    pub(super) fn sign(&self, name: &str, namespace: &str, message: &[u8]) -> Signed {
        self.sign_with(&["-Y", "sign", "-n", namespace, "-f", &self.text(name)], message)
    }

    pub(super) fn sign_with(&self, arguments: &[&str], message: &[u8]) -> Signed {
        Signed { statement: message.to_vec(), signature: succeed(arguments, message) }
    }

    /// Whether `ssh-keygen -Y verify` alone takes it, and what it says.
    pub(super) fn stock_verify(
        &self,
        allowed: &str,
        person: &str,
        more: &[&str],
        signed: &Signed,
    ) -> (bool, String) {
        std::fs::write(self.path("allowed_signers"), allowed).unwrap();
        std::fs::write(self.path("statement.json.sig"), &signed.signature).unwrap();
        let (allowed, sig) = (self.text("allowed_signers"), self.text("statement.json.sig"));
        let mut arguments = vec!["-Y", "verify", "-f", &allowed, "-I", person];
        arguments.extend(["-n", NAMESPACE, "-s", &sig]);
        arguments.extend(more);
        let output = ssh_keygen(&arguments, &signed.statement);
        let words = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&words).into_owned())
    }
}

pub(super) fn public_half(file: &Path) -> String {
    let line = std::fs::read_to_string(file).unwrap();
    line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

pub(super) fn key(public: &str) -> Key {
    Key { public: public.to_owned(), valid_after: None, valid_before: None, revoked: false }
}

pub(super) fn person(id: &str, role: Role, keys: Vec<Key>) -> Person {
    let (name, emails, logins) = (id.to_owned(), Vec::new(), Vec::new());
    Person { id: PersonId::new(id), name, emails, logins, keys, role }
}

pub(super) fn policy(people: Vec<Person>) -> Policy {
    Policy {
        digest: policy_digest(b""),
        people: people.into_iter().map(|person| (person.id.clone(), person)).collect(),
        groups: BTreeMap::new(),
        detect: Detect::default(),
        rules: Vec::new(),
    }
}

/// One person with these keys.
pub(super) fn policy_of(id: &str, publics: &[&str]) -> Policy {
    policy(vec![person(id, Role::Person, publics.iter().map(|public| key(public)).collect())])
}

pub(super) fn commit_id(digit: char) -> ObjectId {
    ObjectId::from_hex(digit.to_string().repeat(40).as_bytes()).unwrap()
}

pub(super) fn change_digest(digit: char) -> ChangeDigest {
    ChangeDigest::from_hex(digit.to_string().repeat(64).as_bytes()).unwrap()
}

pub(super) fn paths_digest(digit: char) -> PathsDigest {
    PathsDigest::from_hex(digit.to_string().repeat(64).as_bytes()).unwrap()
}

/// Two commits, the second a merge, and their range's net change.
pub(super) fn approval() -> Statement {
    let bare = Subject {
        name: "Merge topic".to_owned(),
        commit: Some(commit_id('2')),
        change: None,
        paths: None,
        statement: None,
    };
    let commit = Subject {
        name: "Add token refresh".to_owned(),
        commit: Some(commit_id('1')),
        change: Some(change_digest('a')),
        paths: Some(paths_digest('b')),
        statement: None,
    };
    let net = Subject {
        name: "net change".to_owned(),
        commit: None,
        change: Some(change_digest('c')),
        paths: Some(paths_digest('d')),
        statement: None,
    };
    Statement {
        subjects: vec![commit, bare, net],
        repository: RepositoryName::new("payments/api"),
        refs: vec!["refs/heads/main".to_owned(), "refs/heads/release/*".to_owned()],
        verdict: Verdict::Approve,
        reason: Some("read it \u{2014} \"twice\"\n".to_owned()),
        issued_at: "2026-11-20T10:15:00Z".parse().unwrap(),
        expires_at: Some("2026-11-27T10:15:00.5Z".parse().unwrap()),
        net: Some(Net { base: commit_id('3'), tip: commit_id('2') }),
    }
}

/// RFC 4251's `string`.
pub(super) fn string(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

/// The blob of an envelope, field by field, so that a test can damage each.
pub(super) fn blob(sig: &SshSig) -> Vec<u8> {
    let hash = match sig.hash {
        HashAlg::Sha256 => "sha256",
        _ => "sha512",
    };
    let token = sig.token.map(|token| token.to_vec()).unwrap_or_default();
    let inner = [string(&sig.algorithm), string(&sig.signature), token].concat();
    let fields = [&sig.key, &sig.namespace, &Vec::new(), &hash.as_bytes().to_vec(), &inner];
    let mut blob = b"SSHSIG\0\0\0\x01".to_vec();
    fields.into_iter().for_each(|field| blob.extend(string(field)));
    blob
}

/// A signature file of these parts.
pub(super) fn seal(message: &[u8], sig: &SshSig) -> Signed {
    Signed { statement: message.to_vec(), signature: armour(&blob(sig)) }
}

/// What SSHSIG signs: the namespace and the hash of the message.
pub(super) fn signed_data(message: &[u8]) -> Vec<u8> {
    ssh_key::SshSig::signed_data(NAMESPACE, HashAlg::Sha512, message).unwrap()
}

/// Seeded bytes; the tests are the same on every run.
pub(super) struct Noise(pub(super) u64);

impl Noise {
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % end
    }

    /// Between one and four bytes changed, cut out or put in.
    pub(super) fn damage(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(out.len());
            let byte = u8::try_from(self.below(256)).unwrap();
            match self.below(3) {
                0 => out[at] = byte,
                1 => out.insert(at, byte),
                _ if out.len() > 1 => drop(out.remove(at)),
                _ => {}
            }
        }
        out
    }
}

/// All kinds that ssh-keygen makes without a device.
pub(super) const KINDS: [&str; 6] =
    ["ed25519", "ecdsa:256", "ecdsa:384", "ecdsa:521", "rsa:2048", "rsa:4096"];

pub(super) fn message() -> Vec<u8> {
    render(&approval(), None)
}

pub(super) fn bad(public: &str) -> Result<SignOff, VerifyError> {
    Err(VerifyError::BadSignature { fingerprint: fingerprint(public).unwrap() })
}

/// One ed25519 key and a sign-off by it, made by ssh-keygen alone.
pub(super) fn signed_by_ed25519() -> (KeyRing, String, Signed) {
    let ring = KeyRing::new();
    let public = ring.make("key", "ed25519");
    let signed = ring.sign("key", NAMESPACE, &message());
    (ring, public, signed)
}
