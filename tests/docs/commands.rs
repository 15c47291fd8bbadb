//! Every command that is shown exists, with every flag that is shown.

use std::collections::{BTreeMap, BTreeSet};

use super::markdown::{blocks, code, spans, table};
use super::{documents, read};
use crate::support::run::{bare_command, run};

/// What `countersign WORDS --help` says; `None` where it says no.
fn help(words: &[String]) -> Option<String> {
    let mut command = bare_command(env!("CARGO_BIN_EXE_countersign"));
    let output = run(command.args(words).arg("--help"), b"");
    (output.code == Some(0)).then(|| output.out())
}

/// Names of subcommands, from the help.
fn subcommands(help: &str) -> BTreeSet<String> {
    let lines = help.lines().skip_while(|l| *l != "Commands:").skip(1);
    let lines = lines.take_while(|l| l.starts_with(' '));
    lines
        .filter(|l| !l.starts_with("    "))
        .filter_map(|l| l.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

/// Whether a flag stands in the help as a word of its own.
fn has_flag(help: &str, flag: &str) -> bool {
    let is_end = |c: char| c.is_whitespace() || ",=[".contains(c);
    help.split(is_end).any(|word| word == flag)
}

/// Commands that call the program in a text of code: the words behind its name.
fn calls(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\\\n", " ");
    let text = text.replace("cargo run --locked -- ", "countersign ");
    let mut all = Vec::new();
    for line in text.lines() {
        // What a comment says is prose.
        let line = line.trim_start().trim_start_matches("# ");
        for part in line.split(['|', ';', '&', '`']) {
            let words: Vec<&str> = part.split_whitespace().collect();
            let is_name = |w: &&str| *w == "countersign" || w.ends_with("/bin/countersign");
            let Some(at) = words.iter().position(is_name) else { continue };
            let behind: Vec<String> = words[at + 1..].iter().map(|w| (*w).to_owned()).collect();
            // A path at the end of another command is no call.
            if at == 0 || !behind.is_empty() {
                all.push(behind);
            }
        }
    }
    all
}

/// Where a call is wrong; `seen` keeps what the program was asked before.
fn fault(words: &[String], seen: &mut BTreeMap<Vec<String>, Option<String>>) -> Option<String> {
    let mut path: Vec<String> = Vec::new();
    let mut ask = |path: &[String]| seen.entry(path.to_vec()).or_insert_with(|| help(path)).clone();
    let mut text = ask(&path)?;
    let mut words = words.iter().map(|w| w.trim_matches(['"', '\'', ',', '.', ')', '(']));
    while let Some(word) = words.next() {
        if word == "--config" && path.is_empty() {
            words.next();
        } else if word.starts_with('-') && word.len() > 1 && word != "--" {
            let flag = word.split('=').next().unwrap_or(word);
            if !has_flag(&text, flag) {
                return Some(format!("no flag {flag} of {path:?}"));
            }
        } else if !subcommands(&text).is_empty() {
            path.push(word.to_owned());
            match ask(&path) {
                Some(more) => text = more,
                None => return Some(format!("no command {path:?}")),
            }
        }
    }
    let unfinished = path.is_empty() || !subcommands(&text).is_empty();
    // `countersign hook` names a family of commands.
    (unfinished && path.is_empty()).then(|| "no command at all".to_owned())
}

#[test]
fn shown_commands_exist() {
    let mut seen = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut count = 0;
    for name in documents() {
        let text = read(&name);
        let shells = blocks(&text).into_iter().filter(|b| b.language == "sh").map(|b| b.text);
        let spans = spans(&text).into_iter().filter(|s| s.starts_with("countersign "));
        // Domain tags of digests are no commands.
        let spans = spans.filter(|s| !s.ends_with(" v1"));
        for call in shells.chain(spans).flat_map(|text| calls(&text)) {
            count += 1;
            if let Some(why) = fault(&call, &mut seen) {
                wrong.push(format!("{name}: countersign {}: {why}", call.join(" ")));
            }
        }
    }
    assert!(count > 20, "only {count} commands found");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The comments of the examples are documents too.
#[test]
fn commands_of_the_examples_exist() {
    let mut seen = BTreeMap::new();
    let mut wrong = Vec::new();
    for name in ["config/policy.example.toml", "config/countersign.example.toml"] {
        let text = read(name);
        let comments = text.lines().filter_map(|line| line.split_once('#')).map(|(_, c)| c);
        for comment in comments.filter(|c| c.contains("countersign ")) {
            for call in calls(comment) {
                if let Some(why) = fault(&call, &mut seen) {
                    wrong.push(format!("{name}: {comment}: {why}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn reader_of_commands_sees_what_is_wrong() {
    let mut seen = BTreeMap::new();
    let mut judge = |text: &str| {
        let all = calls(text);
        assert_eq!(all.len(), 1, "{text}");
        fault(&all[0], &mut seen)
    };
    for fine in [
        "countersign policy check /etc/countersign/policy.toml",
        "/usr/local/bin/countersign --config x.toml hook pre-receive",
        "sudo countersign policy init a \\\n  --id grace",
        "x | countersign --config /a/b show D-0000000000 --json",
    ] {
        assert_eq!(judge(fine), None, "{fine}");
    }
    for bad in [
        "countersign polcy check x",
        "countersign policy chek x",
        "countersign policy init a --di grace",
        "countersign approve HEAD --refs x",
        "cargo run --locked -- demos",
    ] {
        assert!(judge(bad).is_some(), "{bad}");
    }
}

/// README's table has every command, and no other.
#[test]
fn every_command_is_in_the_table() {
    let readme = read("README.md");
    let rows = table(&readme, "## The commands");
    let told: BTreeSet<String> = rows
        .iter()
        .filter_map(|row| code(&row[0]))
        .filter_map(|c| c.split_whitespace().nth(1))
        .map(str::to_owned)
        .collect();
    let there = subcommands(&help(&[]).expect("help"));
    assert_eq!(told, there);
}

/// README's exit codes are those of the help, word for word.
#[test]
fn exit_codes_are_those_of_the_help() {
    let readme = read("README.md");
    let told: Vec<String> = table(&readme, "Exit codes:")
        .iter()
        .map(|row| format!("  {}  {}", row[0], row[1]))
        .collect();
    let help = help(&[]).expect("help");
    let lines = help.lines().skip_while(|l| *l != "Exit codes:").skip(1);
    let there: Vec<&str> = lines.take_while(|l| l.starts_with("  ")).collect();
    assert_eq!(told, there);
}
