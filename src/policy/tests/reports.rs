//! Reports as people read them.

use super::*;

macro_rules! report {
    ($name:literal, $all:expr) => {
        insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!($name, $all);
        });
    };
}

fn broken(text: &str) -> Diagnostics {
    checked(text).expect_err("mistakes")
}

#[test]
fn many_mistakes_at_once() {
    let text = r#"version = 1

[people.ghopper]
name   = "Grace Hopper"
emails = ["grace@example.com"]
keys   = ["$GRACE"]

[people.alovelace]
emails = ["Grace@example.com"]
keys   = ["$GRACE", { key = "$ADA", valid_after = 2027-02-01T00:00:00Z, valid_before = 2027-01-01T00:00:00Z }]

[groups]
seniors = ["ghopper", "alovelaec", "@oncall"]

[detect]
disable = ["claud-code"]

[[rule]]
name      = "production"
refs      = ["main", "refs/heads/release/*"]
signoffs  = 2
from      = ["seniors"]
binding   = "samefiles"
valid_for = "2 weeks"
"#;
    report!("many_mistakes_at_once", broken(text).render(false));
}

#[test]
fn a_threshold_out_of_reach() {
    let text = SMALL.to_owned() + "sign_offs = 3\n";
    report!("a_threshold_out_of_reach", broken(&text).render(false));
}

#[test]
fn broken_toml() {
    let text = SMALL
        .replace("owner = \"grace\"", "owner = \"grace")
        .replace("name = \"main\"", "name = main")
        .replace("others = ", "others : ")
        .replace("service = true", "service = true\nservice = false\ncolour = 1");
    report!("broken_toml", broken(&text).render(false));
}

#[test]
fn a_list_that_is_not_closed() {
    let text = SMALL.replace("\"grace.h\"]", "\"grace.h\"");
    report!("a_list_that_is_not_closed", broken(&text).render(false));
}

#[test]
fn a_private_key_is_named_and_not_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = super::signing::new_key(folder.path(), "id");
    let private = std::fs::read_to_string(&key).expect("the key");
    let body = private.lines().nth(1).expect("a line").to_owned();
    for text in [
        SMALL.replace("\"$ADA\"", &format!("\"\"\"{private}\"\"\"")),
        SMALL.replace("\"$ADA\"", &format!("\"{}\"", private.replace('\n', "\\n"))),
        SMALL.replace("\"$ADA\"", &private),
        SMALL.replace("\"$ADA\"", &format!("\"{body}\"")),
        format!("{SMALL}# {}", private.replace('\n', "\n# ")),
        private.clone(),
        format!("{private}{SMALL}"),
    ] {
        let all = broken(&text);
        assert!(all.iter().any(|d| d.code == "private-key"), "{}", all.render(false));
        let json = serde_json::to_string(&all).expect("json");
        for shown in
            [all.render(false), all.render(true), all.to_string(), json, format!("{all:?}")]
        {
            for line in private.lines().filter(|line| !line.starts_with('-')) {
                assert!(!shown.contains(line) && !shown.contains(&line[..20]), "{shown}");
            }
        }
    }
    let text = "k = \"\"\"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\"\"\"\n";
    report!("a_private_key", broken(&SMALL.replace("keys = [\"$ADA\"]", text)).render(false));
}

#[test]
fn warnings() {
    let text = SMALL.to_owned()
        + "valid_for = \"30d\"\ntrusts = [\"refs/heads/dev\", \"refs/heads/main\"]\nsign_offs = 2\n";
    report!("warnings", sound(&text).warnings.render(false));
}

#[test]
fn for_programs() {
    let all = broken(&SMALL.replace("\"$ADA\"", "\"$GRACE\""));
    report!("for_programs", serde_json::to_string_pretty(&all).expect("json"));
    assert_eq!(all.to_string(), "policy.toml:8:9: this key is grace's too");
}

#[test]
fn no_mistakes_say_nothing() {
    assert_eq!(sound(SMALL).warnings.render(false), "");
}

#[test]
fn colour_is_only_there_where_it_is_asked_for() {
    let all = broken("");
    assert!(!all.render(false).contains('\u{1b}'));
    assert!(all.render(true).contains('\u{1b}'));
}

#[test]
fn places_far_apart_and_lines_too_long_are_still_told() {
    let far = SMALL.replace("[people.ada]", &format!("{}[people.ada]", "# far\n".repeat(20_000)));
    let all = broken(&far.replace("\"$ADA\"", "\"$GRACE\""));
    let shown = all.render(false);
    assert!(shown.contains("policy.toml:20008:9") && shown.contains("policy.toml:5:9"), "{shown}");
    assert!(shown.len() < 2_000, "{shown}");
    let long = SMALL.replace("$ADA", &"x".repeat(100_000));
    let shown = broken(&long).render(false);
    assert!(shown.contains("policy.toml:8:9") && shown.len() < 2_000, "{shown}");
}
