//! README's tables name every key of the policy and of the settings, with its default.

use std::collections::BTreeSet;
use std::path::Path;

use countersign::domain::policy::Rule;
use countersign::policy;
use countersign::settings::{self, Settings};

use super::markdown::{code, table};
use super::read;

/// A key's name, and its default where the table gives one as a literal.
fn rows(label: &str) -> Vec<(String, Option<String>)> {
    let readme = read("README.md");
    let rows = table(&readme, &format!("<!-- {label} -->"));
    rows.iter()
        .map(|row| {
            let key = code(&row[0]).expect("a key").to_owned();
            let literal = row[1].strip_prefix('`').and_then(|c| c.strip_suffix('`'));
            (key, literal.map(str::to_owned))
        })
        .collect()
}

fn names(label: &str) -> BTreeSet<String> {
    rows(label).into_iter().map(|(key, _)| key).collect()
}

fn example(name: &str) -> (toml::Table, String) {
    let text = read(name);
    (toml::from_str(&text).expect("TOML"), text)
}

/// Told keys are those of the example; what it only mentions stands in its comments.
#[track_caller]
fn same_keys(label: &str, told: &BTreeSet<String>, used: &BTreeSet<String>, example: &str) {
    let lacking: Vec<_> = used.difference(told).collect();
    assert!(lacking.is_empty(), "{label}: the table lacks {lacking:?}");
    let comments: String = example
        .lines()
        .filter_map(|l| l.split_once('#'))
        .map(|(_, c)| c)
        .fold(String::new(), |all, c| all + c + "\n");
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mentioned: BTreeSet<&str> = comments.split(|c| !is_word(c)).collect();
    let foreign: Vec<_> = told
        .difference(used)
        .filter(|key| !mentioned.contains(key.rsplit('.').next().unwrap_or(key)))
        .collect();
    assert!(foreign.is_empty(), "{label}: the example lacks {foreign:?}");
}

/// Keys of all tables in a list of tables.
fn keys_of<'a>(tables: impl IntoIterator<Item = &'a toml::Value>) -> BTreeSet<String> {
    let tables = tables.into_iter().filter_map(toml::Value::as_table);
    tables.flat_map(|t| t.keys().cloned()).collect()
}

#[test]
fn policy_keys_are_those_of_the_example() {
    let (policy, text) = example("config/policy.example.toml");
    let people = policy["people"].as_table().expect("people");
    let signing = people.values().filter_map(|p| p.get("keys")).filter_map(toml::Value::as_array);
    let detect = policy["detect"].as_table().expect("detect");
    let list = |value: &toml::Value| value.as_array().cloned().expect("a list");
    let parts = [
        ("keys: people", keys_of(people.values())),
        ("keys: key", keys_of(signing.flatten())),
        ("keys: detect", detect.keys().cloned().collect()),
        ("keys: marker", keys_of(&list(&detect["marker"]))),
        ("keys: rule", keys_of(&list(&policy["rule"]))),
    ];
    for (label, used) in parts {
        same_keys(label, &names(label), &used, &text);
    }
}

/// A key that the table has and the program does not know would be refused.
#[test]
fn policy_keys_are_known_to_the_program() {
    let policy = |place: &str, key: &str| {
        let mut lines = Policy::default();
        let line = format!("{key} = {{ odd = 1 }}\n");
        match place {
            "keys: people" => lines.person = line,
            "keys: key" => lines.key = format!(", {key} = {{ odd = 1 }}"),
            "keys: detect" => lines.detect = line,
            "keys: marker" => lines.marker = line,
            _ => lines.rule = line,
        }
        lines.text()
    };
    let unknown = |text: &str, key: &str| {
        let said = policy::parse("policy", text.as_bytes(), &[]).err();
        let said = said.expect("a table is no value");
        said.render(false).contains(&format!("unknown key \"{key}\""))
    };
    for place in ["keys: people", "keys: key", "keys: detect", "keys: marker", "keys: rule"] {
        for key in names(place) {
            assert!(!unknown(&policy(place, &key), &key), "{place}: {key} is not known");
        }
        assert!(unknown(&policy(place, "nonsense"), "nonsense"), "{place}");
    }
}

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILG0ouRi1hPypOeoIoia7UmV27nUnfEJI2n2GDMiTIWF";

/// A small policy with room for one more line in each of its places.
#[derive(Default)]
struct Policy {
    person: String,
    key: String,
    detect: String,
    marker: String,
    rule: String,
}

impl Policy {
    fn text(&self) -> String {
        let Self { person, key, detect, marker, rule } = self;
        format!(
            "version = 1\n[people.ada]\nkeys = [{{ key = \"{KEY}\"{key} }}]\n\
             [people.kim]\n{person}[groups]\nseniors = [\"ada\"]\n\
             [detect]\n{detect}[[detect.marker]]\nname = \"own\"\ntrailer = \"Own-Tool\"\n{marker}\
             [[rule]]\nname = \"main\"\nrefs = [\"refs/heads/main\"]\nfrom = [\"seniors\"]\n{rule}"
        )
    }

    /// What the program makes of it.
    #[track_caller]
    fn read(&self) -> String {
        let checked = policy::parse("policy", self.text().as_bytes(), &[]);
        let checked = checked.unwrap_or_else(|d| panic!("{}\n{}", self.text(), d.render(false)));
        let p = checked.policy;
        let rules: Vec<_> = p.rules.iter().map(shown).collect();
        format!("{:?} {:?} {:?}", p.people, p.detect, rules)
    }
}

/// All of a rule but the line where it stands. No `..`: a new field is to be told here.
fn shown(rule: &Rule) -> String {
    let Rule {
        name,
        line: _,
        reason,
        repos,
        refs,
        trusts,
        paths,
        all_paths,
        sign_offs,
        from,
        approvers,
        binding,
        valid_for,
        mode,
        veto,
        allow_delete,
        allow_rewind,
        exempt_pushers,
        readers,
        hints_count,
        check_clean_merges,
        break_glass,
        review_within,
        freeze,
    } = rule;
    let globs = [repos, refs, trusts, paths].map(|g| g.patterns().collect::<Vec<_>>());
    format!(
        "{name} {reason:?} {globs:?} {all_paths} {sign_offs} {from:?} {approvers:?} {binding:?} \
         {valid_for:?} {mode:?} {veto} {allow_delete} {allow_rewind} {exempt_pushers:?} {readers:?} \
         {hints_count} {check_clean_merges} {break_glass:?} {review_within:?} {freeze}"
    )
}

#[test]
fn policy_defaults_are_those_of_the_program() {
    let plain = Policy::default().read();
    let mut count = 0;
    for place in ["keys: people", "keys: key", "keys: detect", "keys: marker", "keys: rule"] {
        for (key, default) in rows(place) {
            let Some(default) = default else { continue };
            let line = format!("{key} = {default}\n");
            let mut with = Policy::default();
            match place {
                "keys: people" => with.person = line,
                "keys: key" => with.key = format!(", {key} = {default}"),
                "keys: detect" => with.detect = line,
                "keys: marker" => with.marker = line,
                _ => with.rule = line,
            }
            assert_eq!(with.read(), plain, "{place}: {key} = {default} is not the default");
            count += 1;
        }
    }
    assert!(count > 20, "only {count} defaults found");
}

#[test]
fn another_value_than_the_default_shows() {
    let plain = Policy::default().read();
    let rule = |line: &str| Policy { rule: format!("{line}\n"), ..Policy::default() };
    for line in [
        "mode = \"warn\"",
        "binding = \"commit\"",
        "valid_for = \"9d\"",
        "repos = [\"a\"]",
        "paths = [\"a\"]",
        "trusts = [\"refs/heads/main\", \"refs/heads/x\"]",
        "veto = true",
        "allow = [\"delete\"]",
        "exempt_pushers = [\"seniors\"]",
        "readers = [\"seniors\"]",
        "hints = \"count\"",
        "clean_merges = \"check\"",
        "break_glass = [\"seniors\"]",
        "review_within = \"1h\"",
        "freeze = true",
        "reason = \"x\"",
    ] {
        assert_ne!(rule(line).read(), plain, "{line}");
    }
    let detect = Policy { detect: "memory = false\n".to_owned(), ..Policy::default() };
    assert_ne!(detect.read(), plain);
}

const SETTINGS: &str = "policy = \"/p\"\nstore = \"sqlite:///s\"\n[repository]\nroot = \"/r\"\n\
    [identity]\nserver = \"env\"\n";

/// The smallest settings, with one key more: `section.key` or `key`.
fn with(key: &str, value: &str) -> Result<Settings, String> {
    let (section, name) = key.split_once('.').unwrap_or(("", key));
    let line = format!("{name} = {value}\n");
    let head = format!("[{section}]\n");
    // Keys that one kind of server alone has.
    let base = match name {
        "certificate_age" | "hosts" => SETTINGS.replace("\"env\"", "\"push-certificate\""),
        _ => SETTINGS.to_owned(),
    };
    let text = match base.split_once(&head) {
        _ if section.is_empty() => format!("{line}{base}"),
        Some((before, after)) => format!("{before}{head}{line}{after}"),
        None => format!("{base}{head}{line}"),
    };
    settings::parse("settings", Path::new("/"), text.as_bytes()).map_err(|d| d.to_string())
}

#[test]
fn settings_keys_are_those_of_the_example() {
    let (settings, text) = example("config/countersign.example.toml");
    let mut used = BTreeSet::new();
    for (key, value) in &settings {
        match value.as_table() {
            Some(section) => used.extend(section.keys().map(|name| format!("{key}.{name}"))),
            None => drop(used.insert(key.clone())),
        }
    }
    let told = names("settings");
    same_keys("settings", &told, &used, &text);
    for key in &told {
        let said = with(key, "{}").expect_err("a table is no value");
        assert!(!said.contains("unknown key"), "{said}");
    }
    assert!(with("log.nonsense", "{}").expect_err("unknown").contains("unknown key"));
}

#[test]
fn settings_defaults_are_those_of_the_program() {
    let plain = settings::parse("settings", Path::new("/"), SETTINGS.as_bytes()).expect("valid");
    let mut count = 0;
    for (key, default) in rows("settings") {
        let Some(default) = default else { continue };
        let mut read = with(&key, &default).unwrap_or_else(|e| panic!("{key} = {default}: {e}"));
        read.identity.server = plain.identity.server;
        assert_eq!(read, plain, "{key} = {default} is not the default");
        count += 1;
    }
    assert!(count > 15, "only {count} defaults found");
    assert_ne!(with("limits.refs", "1999").expect("valid"), plain);
}

/// The first words of each family of "no" are those that the program writes.
#[test]
fn families_are_those_of_the_program() {
    let readme = read("README.md");
    let source = read("src/hook/report/mod.rs");
    let rows = table(&readme, "The first words say whose business it is:");
    assert_eq!(rows.len(), 5);
    let words = rows.iter().flat_map(|row| row[0].split('`').skip(1).step_by(2));
    for words in words.filter_map(|w| w.strip_suffix(':')) {
        assert!(source.contains(&format!("\"{words}\"")), "no family {words:?}");
    }
}
