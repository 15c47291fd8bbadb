mod hostile;
mod meaning;
mod mistakes;
mod reports;
mod signing;

use super::*;

pub(super) const GRACE: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILG0ouRi1hPypOeoIoia7UmV27nUnfEJI2n2GDMiTIWF";
pub(super) const ADA: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDXNfUyI2fLBZvDjl35u0kALYNZ89nINYvMZbj5oRuzu";
pub(super) const KATHERINE: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMhEpdXM8ZM53du3Of+PSCkz4RrtHrsoVQ2iMlM1nba+";

/// A policy in order, whose lines the tests of mistakes count on. `$GRACE` and `$ADA` stand
/// for their keys.
const SMALL: &str = r#"version = 1
[people.grace]
emails = ["grace@example.com"]
logins = ["grace.h"]
keys = ["$GRACE"]
[people.ada]
emails = ["ada@example.com"]
keys = ["$ADA"]
[people.bot]
agent = true
owner = "grace"
[people.queue]
service = true
[groups]
seniors = ["grace", "ada"]
others = ["@seniors"]
[detect]
disable = ["claude-code"]
[[detect.marker]]
name = "acme"
line = "^Made by Acme"
[[rule]]
name = "main"
refs = ["refs/heads/main"]
from = ["seniors"]
"#;

fn keyed(text: &str) -> String {
    text.replace("$GRACE", GRACE).replace("$ADA", ADA).replace("$KATHERINE", KATHERINE)
}

fn known_markers() -> Vec<String> {
    ["claude-code", "copilot", "cursor"].map(str::to_owned).to_vec()
}

fn checked(text: &str) -> Result<Checked, Diagnostics> {
    parse("policy.toml", keyed(text).as_bytes(), &known_markers())
}

/// The policy of [`SMALL`] with one text in place of another.
fn changed(from: &str, to: &str) -> Result<Checked, Diagnostics> {
    assert!(SMALL.contains(from), "{from} is not in the policy");
    checked(&SMALL.replacen(from, to, 1))
}

fn sound(text: &str) -> Checked {
    checked(text).unwrap_or_else(|d| panic!("{}", d.render(false)))
}

fn example() -> String {
    std::fs::read_to_string("config/policy.example.toml").expect("the example")
}
