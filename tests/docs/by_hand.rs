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
fn landing_is_proved_and_signed_without_the_program() {
    let stage = Stage::new();
    quick_start::play(&stage);
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
