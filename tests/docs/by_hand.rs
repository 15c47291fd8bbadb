//! `docs/verify-by-hand.md`, run after the README's five minutes, by git and ssh-keygen
//! alone.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::markdown::{blocks, spans, table};
use super::stage::Stage;
use super::{quick_start, read};

fn labelled(label: &str) -> String {
    let document = read("docs/verify-by-hand.md");
    let all: Vec<String> =
        blocks(&document).into_iter().filter(|b| b.label == label).map(|b| b.text).collect();
    assert!(!all.is_empty(), "no block {label:?}");
    all.concat()
}

#[test]
fn landing_is_proved_and_signed_without_the_program() {
    let stage = Stage::new();
    quick_start::play(&stage);
    let steps = labelled("with the program");
    stage.run("kim", &steps, None).exits(0).says("signed off by grace").says("1 AI-assisted");
    formats_are_those_of_the_log(&stage);
    let program = stage.path("usr/local/bin/countersign");
    let aside = stage.path("countersign-aside");
    fs::rename(&program, &aside).expect("the program is gone");
    let steps = labelled("by hand");
    let good = "Good \"countersign-sign-off-v1\" signature for grace";
    stage.run("kim", &steps, None).exits(0).says(good).says("\"verdict\": \"approve\"");

    // The same command says no to other bytes.
    let check = steps.rsplit_once("ssh-keygen -Y verify").expect("the last step").1;
    let variables = "signer=grace\nlanded=$(date -u +%Y%m%d%H%M%SZ)\n";
    let verify = format!("{variables}ssh-keygen -Y verify{check}");
    stage.run("kim", &verify, None).exits(0).says(good);
    stage.run("kim", "sed -i 's/approve/decline/' statement.json", None).exits(0);
    assert_ne!(stage.run("kim", &verify, None).code, Some(0));

    // What ssh-keygen alone signs the store takes; being the same bytes by the same key, it
    // is what the store has.
    let fetch = "git fetch -q origin refs/countersign/log:refs/countersign/log
        file=$(git grep -l '' refs/countersign/log -- 'statements/*.json')
        git show \"$file\" > statement.json
";
    let sign = labelled("sign by hand");
    stage.run("grace", &format!("{fetch}{sign}"), None).exits(0);
    fs::rename(&aside, &program).expect("the program is back");
    let file = stage.home("grace").join("api/statement.json");
    let submit = format!(
        "countersign --config /etc/countersign/countersign.toml submit '{}'",
        file.display()
    );
    stage.run("host", &submit, None).exits(0).says("known ");
    stage.run("grace", "sed -i 's/approve/decline/' statement.json", None).exits(0);
    stage.run("host", &submit, None).exits(1);
}

/// `docs/formats.md` against the log of a clone: names of files, hashes, fields.
#[track_caller]
fn formats_are_those_of_the_log(stage: &Stage) {
    let show =
        |name: &str| stage.run("kim", &format!("git show 'refs/countersign/log:{name}'"), None);
    let list = stage.run("kim", "git ls-tree -r --name-only refs/countersign/log", None);
    list.exits(0);
    let mut kinds = BTreeSet::new();
    for name in list.out().lines() {
        let hash = |at: usize| name.split('/').nth(at).expect("a hash").to_owned();
        if name.starts_with("decisions/") {
            kinds.insert("decisions");
            decision(&show(name).out());
        } else if name.ends_with(".toml") {
            kinds.insert("policy");
            assert_eq!(format!("policy/{}.toml", hex(&[&show(name).stdout])), name);
        } else if let Some(statement) = name.strip_suffix(".sig") {
            kinds.insert("statements");
            let signed = hex(&[&show(statement).stdout, b"\0", &show(name).stdout]);
            assert_eq!((hash(1), hash(2)), (signed[..2].to_owned(), signed));
        }
    }
    assert_eq!(kinds.len(), 3, "{}", list.out());
}

#[track_caller]
fn decision(text: &str) {
    let file: Value = serde_json::from_str(text).expect("JSON");
    let body = file["body"].as_str().expect("a body");
    let previous = file["row"]["previous"].as_str().map_or_else(|| vec![0; 32], bytes);
    let hash = hex(&[b"countersign decision v1\n", &previous, body.as_bytes()]);
    assert_eq!(file["row"]["hash"], Value::from(hash));
    let fields: Value = serde_json::from_str(body).expect("JSON");
    let there: BTreeSet<&str> =
        fields.as_object().expect("an object").keys().map(String::as_str).collect();
    let document = read("docs/formats.md");
    let above = "The body, and `countersign show D-2TF4TV4KWF --json`:";
    let rows = table(&document, above);
    let told: BTreeSet<&str> =
        rows.iter().flat_map(|row| row[0].split('`').skip(1).step_by(2)).collect();
    assert_eq!(told, there);
    let mut lacking = BTreeSet::new();
    let told = spans(&document);
    names_of(&fields, &mut |name| {
        if told.iter().all(|span| span != name) {
            lacking.insert(name.to_owned());
        }
    });
    assert!(lacking.is_empty(), "docs/formats.md does not name {lacking:?}");
}

/// Names of all fields, however deep.
fn names_of(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                see(name);
                names_of(value, see);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| names_of(value, see)),
        _ => {}
    }
}

fn hex(parts: &[&[u8]]) -> String {
    let hash = parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).expect("digits"));
    digits.map(|two| u8::from_str_radix(two, 16).expect("hex digits")).collect()
}
