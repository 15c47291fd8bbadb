//! What the documents say is what the program does.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::World;
use crate::support::clone::path_text;

fn root(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The examples that admins start from pass their own check.
#[test]
fn example_policy_passes_the_check() {
    let world = World::new();
    let file = root("config/policy.example.toml");
    world.countersign(&["policy", "check", &path_text(&file)]).exits(0);
}

/// The example settings name every key that the program knows, and no other.
#[test]
fn example_settings_are_settings() {
    let text = fs::read_to_string(root("config/countersign.example.toml")).expect("a file");
    let parsed: toml::Table = toml::from_str(&text).expect("TOML");
    for name in ["policy", "store", "repository", "identity"] {
        assert!(parsed.contains_key(name), "no {name}");
    }
}

/// The shims that ops copy call the program as the tests do.
#[test]
fn shims_call_the_hook() {
    for hook in ["pre-receive", "post-receive"] {
        let mut found = Vec::new();
        find(&root("hooks"), hook, &mut found);
        assert!(!found.is_empty(), "no shim {hook} below hooks/");
        for file in found {
            let text = fs::read_to_string(&file).expect("a shim");
            let line = format!("hook {hook}");
            assert!(text.starts_with("#!/bin/sh\n"), "{}", file.display());
            assert!(text.contains("--config /etc/countersign/countersign.toml"), "{text}");
            assert!(text.trim_end().ends_with(&line), "{text}");
        }
    }
}

fn find(folder: &Path, name: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            find(&path, name, found);
        } else if path.file_name().is_some_and(|n| n == name) {
            found.push(path);
        }
    }
}

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
    ] {
        let text = fs::read_to_string(root(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(text.len() > 200, "{name} says nothing");
    }
}
