//! Any bytes as a message: nothing that stands before a trailer hides it, and what is shown
//! of a message holds nothing that a terminal would obey.

#![no_main]

use std::sync::LazyLock;

use countersign::detect::Detector;
use countersign::domain::escape::{escape_short, is_hidden};
use countersign::domain::ids::{ObjectFormat, ObjectId};
use countersign::domain::object::{Commit, Ident};
use libfuzzer_sys::fuzz_target;

static DETECTOR: LazyLock<Detector> = LazyLock::new(|| Detector::builtin().expect("markers"));

const TRAILER: &[u8] = b"\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n";

fn commit(message: Vec<u8>) -> Commit {
    let nobody = ObjectId::zero(ObjectFormat::Sha1);
    let kim = Ident { name: b"Kim".to_vec(), email: b"kim@example.com".to_vec() };
    Commit {
        id: nobody,
        tree: nobody,
        parents: Vec::new(),
        author: kim.clone(),
        committer: kim,
        encoding: None,
        extra_headers: Vec::new(),
        message,
    }
}

fuzz_target!(|message: &[u8]| {
    let plain = commit(message.to_vec());
    for evidence in DETECTOR.commit(&plain).evidence {
        let shown = escape_short(evidence.text.as_bytes(), 120);
        assert!(!shown.chars().any(is_hidden), "{shown:?}");
    }
    let marked = commit([message, TRAILER].concat());
    assert!(DETECTOR.commit(&marked).is_ai_assisted(), "the trailer is hidden");
});
