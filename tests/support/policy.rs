//! Policies for tests: the standard one, and ways to bend it.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::keys::key;

/// A policy in the making.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    /// A person's table, by key; values are TOML.
    people: Vec<(String, BTreeMap<String, String>)>,
    groups: BTreeMap<String, String>,
    detect: BTreeMap<String, String>,
    rules: Vec<BTreeMap<String, String>>,
    tail: String,
}

fn text(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

impl Policy {
    /// Nobody and nothing.
    pub(crate) fn empty() -> Self {
        Self {
            people: Vec::new(),
            groups: BTreeMap::new(),
            detect: BTreeMap::new(),
            rules: Vec::new(),
            tail: String::new(),
        }
    }

    /// Kim develops, three seniors sign, main and releases need one of them.
    pub(crate) fn standard() -> Self {
        let mut policy = Self::empty();
        policy = policy.person("kim", "kim@example.com", None);
        policy = policy.person("ghopper", "grace@example.com", Some("ghopper"));
        policy = policy.person("alovelace", "ada@example.com", Some("alovelace"));
        policy = policy.person("khamilton", "margaret@example.com", Some("khamilton"));
        policy
            .set("ghopper", "emails", r#"["grace@example.com", "grace.hopper@example.org"]"#)
            .set("ghopper", "logins", r#"["grace.h"]"#)
            .group("seniors", r#"["ghopper", "alovelace", "khamilton"]"#)
            .rule("production")
            .with("reason", &text("AI-assisted changes to production need a senior's eyes."))
            .with("refs", r#"["refs/heads/main", "refs/heads/release/*"]"#)
            .with("from", r#"["seniors"]"#)
    }

    /// Adds a person with one address and, where named, one of the tests' keys.
    pub(crate) fn person(mut self, id: &str, email: &str, key_name: Option<&str>) -> Self {
        let mut table = BTreeMap::new();
        table.insert("emails".to_owned(), format!("[{}]", text(email)));
        if let Some(name) = key_name {
            table.insert("keys".to_owned(), format!("[{}]", text(&key(name).public)));
        }
        self.people.push((id.to_owned(), table));
        self
    }

    /// Adds a table of `[people]` as it is.
    pub(crate) fn entry<V: AsRef<str>>(mut self, id: &str, pairs: &[(&str, V)]) -> Self {
        let table = pairs.iter().map(|(k, v)| ((*k).to_owned(), v.as_ref().to_owned())).collect();
        self.people.push((id.to_owned(), table));
        self
    }

    /// Sets a key of a person's table; the value is TOML.
    pub(crate) fn set(mut self, id: &str, name: &str, value: &str) -> Self {
        let person = self.people.iter_mut().find(|(p, _)| p == id).expect("a person");
        person.1.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sets a group; the value is TOML.
    pub(crate) fn group(mut self, name: &str, members: &str) -> Self {
        self.groups.insert(name.to_owned(), members.to_owned());
        self
    }

    /// Sets a key of `[detect]`.
    pub(crate) fn detect(mut self, name: &str, value: &str) -> Self {
        self.detect.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Begins a further rule.
    pub(crate) fn rule(mut self, name: &str) -> Self {
        self.rules.push(BTreeMap::from([("name".to_owned(), text(name))]));
        self
    }

    /// Sets a key of the rule begun last; the value is TOML.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let rule = self.rules.last_mut().expect("a rule");
        rule.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Adds lines at the end as they are.
    pub(crate) fn tail(mut self, lines: &str) -> Self {
        self.tail.push_str(lines);
        self
    }

    /// The file.
    pub(crate) fn to_toml(&self) -> String {
        let mut out = String::from("version = 1\n");
        for (id, table) in &self.people {
            section(&mut out, &format!("[people.{id}]"), table);
        }
        section(&mut out, "[groups]", &self.groups);
        if !self.detect.is_empty() {
            section(&mut out, "[detect]", &self.detect);
        }
        for rule in &self.rules {
            section(&mut out, "[[rule]]", rule);
        }
        out + &self.tail
    }
}

fn section(out: &mut String, head: &str, table: &BTreeMap<String, String>) {
    writeln!(out, "\n{head}").expect("text");
    for (name, value) in table {
        writeln!(out, "{name} = {value}").expect("text");
    }
}
