//! The README's five minutes, run as they stand.

use super::markdown::{Block, blocks};
use super::read;
use super::stage::{PEOPLE, Stage};
use crate::support::run::Output;

/// Runs every block of the quick start in its order, and holds what the document says that
/// the program said.
#[track_caller]
pub(super) fn play(stage: &Stage) {
    let readme = read("README.md");
    let mut before: Option<Output> = None;
    let mut counts = (0, 0);
    for block in blocks(&readme) {
        let Some(label) = block.label.strip_prefix("quick start: ") else { continue };
        if label == "said" {
            holds(&block, before.as_ref().expect("a command before"));
            counts.1 += 1;
            continue;
        }
        let (person, how) = label.split_once(", ").unwrap_or((label, ""));
        assert!(PEOPLE.contains(&person) && block.language == "sh", "{block:?}");
        let output = match how {
            "" => stage.run(person, &block.text, None),
            "rejected" => stage.run(person, &block.text, None),
            _ => {
                let answer = how.strip_prefix("answers ").expect("how a block ends");
                stage.run(person, &block.text, Some(&format!("{answer}\n")))
            }
        };
        output.exits(i32::from(how == "rejected"));
        before = Some(output);
        counts.0 += 1;
    }
    assert!(counts.0 >= 8 && counts.1 >= 2, "only {counts:?} blocks found");
}

/// Every line of the document stands in what was said, in this order, ids aside.
#[track_caller]
fn holds(block: &Block, output: &Output) {
    let all = output.all();
    let mut said = all.lines().map(|l| masked(l.trim_end()));
    for line in block.text.lines() {
        let line = masked(line.trim_end());
        assert!(said.any(|l| l == line), "not said, or not in this order: {line:?}\n{all}");
    }
}

/// Hex digits of ids and the random part of decisions made alike.
fn masked(line: &str) -> String {
    let id = regex::Regex::new(r"\b[0-9a-f]{8}\b|-[0-9a-f]{4}\b|D-[0-9A-Z]{10}").expect("a regex");
    id.replace_all(line, "#").into_owned()
}

/// A gate that lets everything in would go through the five minutes, too; so would keys that
/// lead to a shell, or to a name of the client's choice.
#[test]
fn five_minutes_lead_to_a_gate() {
    let stage = Stage::new();
    play(&stage);
    let shell = stage.run("kim", "ssh git@git.example.com 'echo in; id'", None);
    assert_ne!(shell.code, Some(0), "{}", shell.all());
    shell.keeps_quiet_about("uid=");
    let more = "git commit -q --allow-empty -m 'Mine

Co-Authored-By: Claude <noreply@anthropic.com>'
        COUNTERSIGN_PUSHER=grace git -c core.sshCommand='ssh -o SetEnv=COUNTERSIGN_PUSHER=grace' \
        push origin HEAD:refs/heads/main";
    stage.run("kim", more, None).exits(1).says("needs a senior sign-off").says("can sign: grace");
}

/// A settings file with a mistake is told by the command that README names.
#[test]
fn mistakes_of_the_settings_are_told() {
    let readme = read("README.md");
    let all = blocks(&readme);
    let stage = Stage::new();
    for block in all.iter().filter(|b| b.label == "quick start: host") {
        stage.run("host", &block.text, None).exits(0);
    }
    let check = all.iter().find(|b| b.text.contains(".toml policy check")).expect("the command");
    stage.run("host", &check.text, None).exits(0).says("in order");
    stage.run("host", "echo 'nonsense = 1' >> /etc/countersign/countersign.toml", None).exits(0);
    stage.run("host", &check.text, None).exits(1).says("unknown key \"nonsense\"");
}
