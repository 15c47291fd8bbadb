use super::*;
use crate::domain::evidence::Declared;
use crate::domain::ids::ObjectFormat;
use crate::domain::ids::ObjectId;

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
    let mut wrong = Vec::new();
    for entry in entries::builtin().unwrap() {
        let found = |line: &str| {
            let message = match line.strip_prefix("SUBJECT ") {
                Some(subject) => subject.to_owned(),
                None => format!("Fix the parser\n\n{line}\n"),
            };
            detector.commit(&commit(message)).evidence
        };
        for line in &entry.finds {
            if !found(line)
                .iter()
                .any(|e| e.marker == entry.name && e.strength.counts() == entry.strength.counts())
            {
                wrong.push(format!("{} does not find {line}: {:?}", entry.name, found(line)));
            }
        }
        for line in &entry.misses {
            if found(line).iter().any(|e| e.strength.counts()) {
                wrong.push(format!("{} finds {line}: {:?}", entry.name, found(line)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let _ = Declared::No;
}

mod disguises;
mod git_view;
mod innocents;
mod limits;
mod people;
mod policy;
