//! The policy's people and keys as OpenSSH's `allowed_signers`, so that any sign-off is
//! verified without this program (G24).

use jiff::Timestamp;

use crate::domain::policy::{Key, Person, Policy};

/// The namespace of every signature over a statement.
const NAMESPACE: &str = "countersign-sign-off-v1";

/// One line for each key that is not revoked, sorted; the principal is the person's id.
///
/// `ssh-keygen -Y verify -f FILE -I ghopper -n countersign-sign-off-v1 -s SIG -O
/// verify-time=...` takes it. See ssh-keygen(1), ALLOWED SIGNERS.
#[must_use]
pub fn allowed_signers(policy: &Policy) -> String {
    let mut lines: Vec<String> = policy
        .people
        .values()
        .flat_map(|person| person.keys.iter().map(move |key| (person, key)))
        .filter(|(_, key)| !key.revoked)
        .map(|(person, key)| line(person, key))
        .collect();
    lines.sort();
    lines.concat()
}

fn line(person: &Person, key: &Key) -> String {
    let mut options = format!("namespaces=\"{NAMESPACE}\"");
    for (name, time) in [("valid-after", key.valid_after), ("valid-before", key.valid_before)] {
        if let Some(time) = time {
            options.push_str(&format!(",{name}=\"{}\"", utc(time)));
        }
    }
    format!("{} {options} {}\n", person.id.as_str(), key.public)
}

fn utc(time: Timestamp) -> String {
    time.strftime("%Y%m%d%H%M%SZ").to_string()
}
