//! The starter policy, and `allowed_signers` as ssh-keygen takes it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::*;

/// A new key without a passphrase; `ssh-keygen` has to be there.
pub(super) fn new_key(folder: &Path, name: &str) -> PathBuf {
    let file = folder.join(name);
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"])
        .arg(&file)
        .stdin(Stdio::null())
        .status()
        .expect("ssh-keygen is needed for the tests");
    assert!(made.success());
    file
}

fn public(key: &Path) -> String {
    let text = std::fs::read_to_string(key.with_extension("pub")).expect("the public key");
    text.trim().to_owned()
}

/// A text signed by a key in some namespace, to be verified against a policy's signers.
struct Signed {
    folder: tempfile::TempDir,
    key: PathBuf,
}

impl Signed {
    fn new(namespace: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let key = new_key(folder.path(), "id");
        std::fs::write(folder.path().join("text"), "text").expect("written");
        let signed = Command::new("ssh-keygen")
            .args(["-q", "-Y", "sign", "-n", namespace, "-f"])
            .arg(&key)
            .arg(folder.path().join("text"))
            .stderr(Stdio::null())
            .status()
            .expect("ssh-keygen is needed for the tests");
        assert!(signed.success());
        Self { folder, key }
    }

    /// Whether ssh-keygen takes it as grace's at a time.
    fn verifies(&self, policy: &Policy, namespace: &str, time: &str) -> bool {
        let signers = self.folder.path().join("allowed_signers");
        std::fs::write(&signers, crate::signature::allowed_signers(policy)).expect("written");
        Command::new("ssh-keygen")
            .args(["-Y", "verify", "-I", "grace", "-n", namespace])
            .arg(format!("-Overify-time={time}"))
            .arg("-f")
            .arg(&signers)
            .arg("-s")
            .arg(self.folder.path().join("text.sig"))
            .stdin(std::fs::File::open(self.folder.path().join("text")).expect("the text"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("ssh-keygen is needed for the tests")
            .success()
    }
}

#[test]
fn ssh_keygen_takes_the_signers_and_their_limits() {
    let signed = Signed::new("countersign-sign-off-v1");
    let key = public(&signed.key);
    let with = |entry: &str| sound(&SMALL.replace("\"$GRACE\"", entry)).policy;
    let whole = format!("\"{key}\"");
    let window = format!(
        "{{ key = \"{key}\", valid_after = 2027-01-01T00:00:00Z, valid_before = 2027-02-01T00:00:00Z }}"
    );
    let revoked = format!("{{ key = \"{key}\", revoked = true }}, \"$GRACE\"");
    let name = "countersign-sign-off-v1";
    let rows = [
        (&whole, name, "20270115000000Z", true),
        (&whole, "git", "20270115000000Z", false),
        (&window, name, "20261231235959Z", false),
        (&window, name, "20270101000000Z", true),
        (&window, name, "20270131235959Z", true),
        (&window, name, "20270201000001Z", false),
        (&revoked, name, "20270115000000Z", false),
    ];
    for (entry, namespace, time, expected) in rows {
        assert_eq!(signed.verifies(&with(entry), namespace, time), expected, "{entry} {time}");
    }
    let other = sound(&SMALL.replace("\"$ADA\"", &whole)).policy;
    assert!(!signed.verifies(&other, name, "20270115000000Z"), "ada's key is not grace's");
}

#[test]
fn a_signature_in_another_namespace_is_refused() {
    let signed = Signed::new("git");
    let key = public(&signed.key);
    let policy = sound(&SMALL.replace("$GRACE", &key)).policy;
    assert!(!signed.verifies(&policy, "git", "20270115000000Z"));
}

fn person(id: &str, name: &str, key: &str) -> StarterPerson {
    let email = format!("{}@example.com", id.len());
    StarterPerson { id: id.to_owned(), name: name.to_owned(), email, key: key.to_owned() }
}

#[test]
fn the_starter_is_in_order_with_one_senior_or_more() {
    let grace =
        person("grace", "Grace \"Amazing\" Hopper \\ \u{e9}", &format!("{GRACE} grace@host\n"));
    let ada = person("ada.love", "Ada", ADA);
    let two =
        checked(&starter(&[grace.clone(), ada])).unwrap_or_else(|d| panic!("{}", d.render(false)));
    assert_eq!(two.warnings.render(false), "");
    assert_eq!(two.policy.rules[0].approvers.len(), 2);
    let one = checked(&starter(std::slice::from_ref(&grace)))
        .unwrap_or_else(|d| panic!("{}", d.render(false)));
    assert_eq!(one.warnings.iter().map(|d| d.code).collect::<Vec<_>>(), ["no-substitute"]);
    let person = one.policy.people.values().next().expect("grace");
    assert_eq!(
        (person.name.as_str(), person.keys[0].public.as_str()),
        (grace.name.as_str(), GRACE)
    );
}

#[test]
fn the_starter_tells_of_what_it_was_given() {
    let rows = [
        (person("a b", "x", GRACE), "bad-name"),
        (person("a\n[people.evil]", "x", GRACE), "bad-name"),
        (person("a", "x\u{1b}\n", GRACE), "bad-text"),
        (person("a", "x", "no key"), "bad-key"),
    ];
    for (person, code) in rows {
        let all = checked(&starter(std::slice::from_ref(&person))).expect_err("a mistake");
        assert_eq!(all.iter().map(|d| d.code).next(), Some(code), "{}", all.render(false));
    }
    let form = checked(&starter(&[])).expect_err("a form");
    assert_eq!(form.iter().map(|d| d.code).collect::<Vec<_>>(), ["nobody-signs"]);
}
