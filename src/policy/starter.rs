//! The first policy, as `countersign policy init` writes it.

use std::fmt::Write;

/// A senior of the first policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StarterPerson {
    /// Their key in `[people]`, by best custom their login on the Git server.
    pub id: String,
    /// For display.
    pub name: String,
    /// As git records it in their commits.
    pub email: String,
    /// The line of their `.pub` file.
    pub key: String,
}

/// A small policy for the main branch. With at least one senior it has no errors, provided
/// that what was given of them is in order; whoever writes it parses it first, and so tells
/// what is not. Without one it is a form to be filled in, which [`super::parse`] refuses,
/// since a rule that nobody can meet would stop every AI-assisted change.
#[must_use]
pub fn starter(seniors: &[StarterPerson]) -> String {
    let mut out = String::from(HEAD);
    for person in seniors {
        out.push_str(&table(person));
    }
    if seniors.is_empty() {
        out.push_str(FORM);
    }
    let ids: Vec<String> = seniors.iter().map(|p| string(&p.id)).collect();
    out.push_str(&TAIL.replace("{SENIORS}", &ids.join(", ")));
    out
}

fn table(person: &StarterPerson) -> String {
    format!(
        "[people.{}]\nname   = {}\nemails = [{}]\nlogins = []\nkeys   = [{}]\n\n",
        key(&person.id),
        string(&person.name),
        string(&person.email),
        string(person.key.trim()),
    )
}

fn key(id: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !id.is_empty() && id.chars().all(is_bare) { id.to_owned() } else { string(id) }
}

/// A basic string of TOML, whatever the text.
fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

const HEAD: &str = "\
# Countersign's policy: which changes need a senior's sign-off.
# After each change: countersign policy check FILE
version = 1

# Who can sign, and who wrote or pushed what. The name in brackets is also the
# login on the Git server; other logins and addresses of the same person:
# logins = [...], emails = [...].
";

const FORM: &str = "\
# Fill in at least one person, and name them under [groups].
# [people.ghopper]
# name   = \"Grace Hopper\"
# emails = [\"grace@example.com\"]
# logins = []
# keys   = [\"ssh-ed25519 AAAA...\"]     # the line of the .pub file

";

const TAIL: &str = "\
[groups]
seniors = [{SENIORS}]

[[rule]]
name      = \"main\"
reason    = \"AI-assisted changes to the main branch need a senior's eyes.\"
refs      = [\"refs/heads/main\"]
sign_offs = 1
from      = [\"seniors\"]
mode      = \"enforce\"                 # \"warn\" only tells, \"observe\" only records
";
