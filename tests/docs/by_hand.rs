//! `docs/verify-by-hand.md`, run after the README's five minutes, by git and ssh-keygen
//! alone.

use std::fs;

use super::markdown::blocks;
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
fn landing_is_proved_without_the_program() {
    let stage = Stage::new();
    quick_start::play(&stage);
    fs::remove_file(stage.path("usr/local/bin/countersign")).expect("the program is gone");
    let good = "Good \"countersign-sign-off-v1\" signature for grace";
    let steps = labelled("by hand");
    let output = stage.run("kim", &steps, None);
    output.exits(0).says(good).says("\"verdict\": \"approve\"");

    // The same commands say no to other bytes.
    let check = steps.rsplit_once("ssh-keygen -Y verify").expect("the last step").1;
    let forged = format!(
        "signer=grace\nlanded={}\nsed -i 's/approve/decline/' statement.json\n\
         ssh-keygen -Y verify{check}",
        "20990101Z"
    );
    let output = stage.run("kim", &forged, None);
    assert_ne!(output.code, Some(0), "{}", output.all());
}

/// A statement that ssh-keygen alone signed is one that the store takes; being the same
/// bytes by the same key, it is the one that it has.
#[test]
fn statement_is_signed_without_the_program() {
    let stage = Stage::new();
    quick_start::play(&stage);
    let fetch = "git fetch -q origin refs/countersign/log:refs/countersign/log\n\
        file=$(git grep -l '' refs/countersign/log -- 'statements/*.json')\n\
        git show \"$file\" > statement.json\n";
    let sign = labelled("sign by hand");
    stage.run("grace", &format!("{fetch}{sign}"), None).exits(0);
    let submit =
        "countersign --config /etc/countersign/countersign.toml submit ../grace/api/statement.json";
    stage.run("host", submit, None).exits(0).says("known ");
    let other = "cd api 2>/dev/null || true\nsed -i 's/approve/decline/' statement.json";
    stage.run("grace", other, None).exits(0);
    stage.run("host", submit, None).exits(1);
}
