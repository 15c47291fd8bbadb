//! Files that the documents name are there, and are what they are said to be.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::markdown::{anchors, blocks, links};
use super::{documents, read, root};

/// Documents that every reader looks for.
#[test]
fn documents_are_there() {
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
        "LICENSE",
        "LICENSE-MIT",
        "LICENSE-APACHE",
    ] {
        assert!(read(name).len() > 200, "{name} says nothing");
    }
}

#[test]
fn links_lead_somewhere() {
    let mut dead = Vec::new();
    for name in documents() {
        let text = read(&name);
        for link in links(&text).iter().filter(|l| !l.contains("://")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let folder = Path::new(&name).parent().expect("a folder");
            let target = if path.is_empty() { PathBuf::from(&name) } else { folder.join(path) };
            let there = root(&target.to_string_lossy());
            let found = there.exists()
                && (anchor.is_empty()
                    || anchors(&fs::read_to_string(&there).expect("text"))
                        .contains(&anchor.to_owned()));
            if !found {
                dead.push(format!("{name}: {link}"));
            }
        }
    }
    assert!(dead.is_empty(), "dead links: {dead:#?}");
}

/// The shims that ops copy name the program and the settings by their full paths.
#[test]
fn shims_call_the_hook() {
    for hook in ["pre-receive", "post-receive"] {
        let name = format!("hooks/plain/{hook}");
        let text = read(&name);
        assert!(text.starts_with("#!/bin/sh\n"), "{text}");
        let line = format!(
            "exec /usr/local/bin/countersign --config /etc/countersign/countersign.toml hook {hook}"
        );
        assert_eq!(text.lines().last(), Some(line.as_str()), "{text}");
        assert!(is_run(&name), "{name} has no run bit");
    }
}

#[test]
fn scripts_can_be_run() {
    for name in ["tests/run", ".ci/run"] {
        assert!(is_run(name), "{name} has no run bit");
    }
}

fn is_run(name: &str) -> bool {
    fs::metadata(root(name)).expect("a file").permissions().mode() & 0o111 == 0o111
}

/// The statement in the formats is one that the program takes.
#[test]
fn statement_of_the_formats_is_one() {
    let text = read("docs/formats.md");
    let all = blocks(&text);
    let block = all.iter().find(|b| b.text.contains("in-toto.io")).expect("a statement");
    let parsed = countersign::signature::parse(block.text.as_bytes(), 1 << 20).expect("valid");
    assert_eq!(parsed.repository.as_str(), "payments/api");
    let more = block.text.replace("\"reason\"", "\"raison\"");
    assert!(countersign::signature::parse(more.as_bytes(), 1 << 20).is_err());
}

/// Lines fit a terminal; tables, links and what a program says are as long as they are.
#[test]
fn prose_is_narrow() {
    let mut wide = Vec::new();
    for name in documents() {
        for (number, line) in (1..).zip(read(&name).lines()) {
            let free = line.starts_with('|') || line.contains("](") || line.contains('"');
            if line.chars().count() > 100 && !free {
                wide.push(format!("{name}:{number}"));
            }
        }
    }
    assert!(wide.is_empty(), "more than 100 columns: {wide:?}");
}
