//! What the documents say is what the program does.

mod by_hand;
mod commands;
mod files;
mod keys;
mod markdown;
mod quick_start;
mod stage;

use std::fs;
use std::path::{Path, PathBuf};

/// A path of the checkout.
fn root(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A file of the checkout.
#[track_caller]
fn read(name: &str) -> String {
    fs::read_to_string(root(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Every document, by its path in the checkout.
fn documents() -> Vec<String> {
    let mut all = Vec::new();
    for folder in ["", "docs", "hooks"] {
        for entry in fs::read_dir(root(folder)).expect("a folder") {
            let name = entry.expect("an entry").file_name().into_string().expect("a name");
            if name.ends_with(".md") {
                all.push(Path::new(folder).join(name).to_string_lossy().into_owned());
            }
        }
    }
    assert!(all.len() > 5, "the documents are not where they were");
    all.sort();
    all
}
