//! The policy's keys as an `allowed_signers` file, for `ssh-keygen -Y verify` (G24).

use std::fmt::Write;

use jiff::Timestamp;

use super::statement::NAMESPACE;
use crate::domain::policy::{Key, Policy, Role};

/// One line for each key of each person, in the order of the policy. The principal is the
/// person's key in `[people]`. Revoked keys stand as comments: the format has no word for
/// them, and they are to verify nothing. So do people whose name the format would read as
/// a pattern.
#[must_use]
pub fn allowed_signers(policy: &Policy) -> String {
    let mut out = String::new();
    for person in policy.people.values().filter(|person| person.role == Role::Person) {
        for key in &person.keys {
            let plain = is_plain(person.id.as_str());
            let comment = match (key.revoked, plain) {
                (true, _) => "# revoked: ",
                (false, false) => "# not a plain name: ",
                (false, true) => "",
            };
            let id = if plain { person.id.as_str().to_owned() } else { person.id.to_string() };
            // Writing to a string can't fail.
            let _ = writeln!(out, "{comment}{id} {} {}", options(key), key.public);
        }
    }
    out
}

/// ssh_config(5), PATTERNS: `*`, `?`, `!` and commas make a list of patterns; blanks and
/// quotes end or join words.
fn is_plain(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._@+".contains(&b);
    !id.is_empty() && id.bytes().all(plain)
}

fn options(key: &Key) -> String {
    let mut options = format!("namespaces=\"{NAMESPACE}\"");
    let ends = [("valid-after", key.valid_after), ("valid-before", key.valid_before)];
    for (name, time) in ends {
        if let Some(time) = time {
            let _ = write!(options, ",{name}=\"{}\"", compact(time));
        }
    }
    options
}

fn compact(time: Timestamp) -> String {
    time.strftime("%Y%m%d%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{KeyRing, approval, key, person, policy};
    use super::super::render;
    use super::*;

    #[test]
    fn lines_are_what_ssh_keygen_reads() {
        let ring = KeyRing::new();
        let names = ["forever", "limited", "revoked", "odd", "agent", "service"];
        let [forever, limited, revoked, odd, agent, service] =
            names.map(|name| ring.make(name, "ed25519"));
        let limited = Key {
            valid_after: Some("2026-01-02T03:04:05Z".parse().unwrap()),
            valid_before: Some("2026-06-07T08:09:10Z".parse().unwrap()),
            ..key(&limited)
        };
        let revoked = Key { revoked: true, ..key(&revoked) };
        let keys = vec![key(&forever), limited.clone(), revoked.clone()];
        let policy = policy(vec![
            person("ghopper", Role::Person, keys),
            person("*,odd\n", Role::Person, vec![key(&odd)]),
            person("agent", Role::Agent { owner: None }, vec![key(&agent)]),
            person("service", Role::Service, vec![key(&service)]),
        ]);
        let file = allowed_signers(&policy);
        let expected = format!(
            "# not a plain name: *,odd\\n namespaces=\"{NAMESPACE}\" {odd}\n\
             ghopper namespaces=\"{NAMESPACE}\" {forever}\n\
             ghopper namespaces=\"{NAMESPACE}\",valid-after=\"20260102030405Z\",\
             valid-before=\"20260607080910Z\" {}\n\
             # revoked: ghopper namespaces=\"{NAMESPACE}\" {}\n",
            limited.public, revoked.public
        );
        assert_eq!(file, expected);

        let message = render(&approval(), None);
        let good = |name: &str, time: &str| {
            let signed = ring.sign(name, NAMESPACE, &message);
            let option = format!("-Overify-time={time}");
            ring.stock_verify(&file, "ghopper", &[&option], &signed).0
        };
        let rows = [
            ("forever", "20260301000000Z", true),
            ("limited", "20260301000000Z", true),
            ("limited", "20260102030404Z", false),
            ("limited", "20260607080911Z", false),
            ("revoked", "20260301000000Z", false),
            ("odd", "20260301000000Z", false),
            ("agent", "20260301000000Z", false),
            ("service", "20260301000000Z", false),
        ];
        for (name, time, expected) in rows {
            assert_eq!(good(name, time), expected, "{name} at {time}");
        }
        // A signature for something else fails by the file's own option.
        let signed = ring.sign("forever", "git", &message);
        assert!(!ring.stock_verify(&file, "ghopper", &[], &signed).0);
    }
}
