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
