//! The detector as its callers see it; one file for each sort of question.

use super::*;
use crate::domain::ids::{ObjectFormat, ObjectId};

pub(super) fn ident(name: &str, email: &str) -> Ident {
    Ident { name: name.into(), email: email.into() }
}

pub(super) fn commit(message: impl Into<Vec<u8>>) -> Commit {
    let id = ObjectId::zero(ObjectFormat::Sha1);
    Commit {
        id,
        tree: id,
        parents: Vec::new(),
        author: ident("Jane Doe", "jane@example.org"),
        committer: ident("Jane Doe", "jane@example.org"),
        encoding: None,
        extra_headers: Vec::new(),
        message: message.into(),
    }
}

#[test]
fn every_marker_finds_its_lines_and_misses_its_near_misses() {
    let detector = Detector::builtin().unwrap();
    let faults = entries::builtin().unwrap().entries.iter().filter_map(|entry| {
        let (line, missed) = listing::fault(&detector, entry)?;
        Some(format!("{} {} {line}", entry.name, if missed { "misses" } else { "finds" }))
    });
    let wrong: Vec<_> = faults.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_catalogue_says_everything_once_and_with_examples() {
    let entries = &entries::builtin().unwrap().entries;
    let mut names = std::collections::HashSet::new();
    let mut literals = std::collections::HashMap::new();
    for entry in entries {
        assert!(names.insert(&entry.name), "{} twice", entry.name);
        assert!(!entry.misses.is_empty(), "{} has no near miss", entry.name);
        let silent = entry.fixed || entry.name == "unreadable-message";
        assert!(silent || !entry.finds.is_empty(), "{} has no example", entry.name);
        let addresses = [&entry.emails, &entry.shared_emails, &entry.logins];
        let names = [&entry.names, &entry.nicknames, &entry.first_names];
        for (sort, lists) in [("address", addresses), ("name", names)] {
            for literal in lists.into_iter().flatten() {
                let before = literals.insert((sort, literal.to_lowercase()), &entry.name);
                assert!(before.is_none(), "{literal} in {} and {before:?}", entry.name);
            }
        }
        for literal in entry.keys.iter().chain(&entry.links) {
            let before = literals.insert(("line", literal.to_lowercase()), &entry.name);
            assert!(before.is_none(), "{literal} in {} and {before:?}", entry.name);
        }
        for email in entry.emails.iter().chain(&entry.shared_emails) {
            assert!(!email.starts_with('@') && email.split('@').count() == 2, "{email}");
        }
    }
}

mod disguises;
mod git_view;
mod innocents;
mod limits;
mod people;
mod policy;
mod quotations;
mod sieve;
