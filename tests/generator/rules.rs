//! The policy of a world, as the oracle knows it and as the gate reads it.

use std::fmt::Write;

use jiff::Timestamp;

use super::rng::Rng;
use crate::support::{self, key};

/// A person, an agent or a service.
pub(super) struct Person {
    pub(super) id: &'static str,
    pub(super) emails: &'static [&'static str],
    pub(super) logins: &'static [&'static str],
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Person,
    /// With its owner.
    Agent(Option<&'static str>),
    Service,
}

/// Everybody whom the policies know.
pub(super) const CAST: &[Person] = &[
    person("kim", &["kim@example.com"], &["kim"]),
    person("lee", &["lee@example.com"], &["lee"]),
    person("ghopper", &["grace@example.com", "grace.hopper@example.org"], &["ghopper", "grace.h"]),
    person("alovelace", &["ada@example.com"], &["alovelace"]),
    person("khamilton", &["margaret@example.com"], &["khamilton"]),
    person("bkernighan", &["brian@example.com"], &["bkernighan"]),
    Person {
        id: "ci-agent",
        emails: &["ci-agent@example.com"],
        logins: &["ci-agent"],
        kind: Kind::Agent(Some("ghopper")),
    },
    Person { id: "stray-agent", emails: &[], logins: &["stray-agent"], kind: Kind::Agent(None) },
    Person { id: "merge-queue", emails: &[], logins: &["merge-queue"], kind: Kind::Service },
];

const fn person(
    id: &'static str,
    emails: &'static [&'static str],
    logins: &'static [&'static str],
) -> Person {
    Person { id, emails, logins, kind: Kind::Person }
}

/// A key, whose it is and when it may sign; times are seconds from now.
pub(super) struct SigningKey {
    pub(super) name: &'static str,
    pub(super) owner: &'static str,
    pub(super) after: Option<i64>,
    pub(super) before: Option<i64>,
    pub(super) revoked: bool,
}

/// The keys of the policies. `stranger`, which is nobody's, is not among them.
pub(super) const KEYS: &[SigningKey] = &[
    good("ghopper"),
    good("alovelace"),
    good("khamilton"),
    good("bkernighan"),
    SigningKey { name: "retired", owner: "ghopper", before: Some(-3_600), ..good("ghopper") },
    SigningKey { name: "lost", owner: "alovelace", revoked: true, ..good("alovelace") },
    SigningKey { name: "fresh", owner: "khamilton", after: Some(-1_800), ..good("khamilton") },
    SigningKey { name: "second", ..good("ghopper") },
];

const fn good(name: &'static str) -> SigningKey {
    SigningKey { name, owner: name, after: None, before: None, revoked: false }
}

/// Who has a key, if the policies know it.
pub(super) fn owner(name: &str) -> Option<&'static SigningKey> {
    KEYS.iter().find(|k| k.name == name)
}

/// The seniors; who can sign the second rule are `PAYMENTS`.
pub(super) const SENIORS: &[&str] = &["ghopper", "alovelace", "khamilton"];
pub(super) const PAYMENTS: &[&str] = &["alovelace", "khamilton"];

/// Ordered from strict to loose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Binding {
    Commit,
    SameFiles,
    Replay,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    Observe,
    Warn,
    Enforce,
}

/// One rule.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) refs: Vec<&'static str>,
    pub(super) trusts: Option<Vec<&'static str>>,
    pub(super) paths: Vec<&'static str>,
    pub(super) sign_offs: usize,
    pub(super) from: (&'static str, &'static [&'static str]),
    pub(super) binding: Binding,
    /// Seconds.
    pub(super) valid_for: i64,
    pub(super) mode: Mode,
    pub(super) veto: bool,
    pub(super) allow_delete: bool,
    pub(super) allow_rewind: bool,
    pub(super) exempt: &'static [&'static str],
    pub(super) check_clean_merges: bool,
}

/// One world's rules.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) rules: Vec<Rule>,
    pub(super) declare: bool,
    pub(super) unlisted_is_nobody: bool,
    /// Options of `git init`: what kind of repository it is.
    pub(super) init: &'static [&'static str],
}

const HOUR: i64 = 3_600;
/// Rules for less time than the longest age of a sign-off in use.
const SHORT: i64 = 3 * HOUR;
const TEN_DAYS: i64 = 240 * HOUR;

impl Rules {
    pub(super) fn random(dice: &mut Rng) -> Self {
        let mut rules = vec![main_rule(dice)];
        if dice.chance(45) {
            rules.push(second_rule(dice));
        }
        let (declare, unlisted_is_nobody) = (dice.chance(15), dice.chance(20));
        let (sha256, reftable): (&[&str], &[&str]) =
            (&["--object-format=sha256"], support::reftables());
        let init = dice.weighted(&[(6, &[] as &[&str]), (1, sha256), (1, reftable)]);
        Self { rules, declare, unlisted_is_nobody, init }
    }

    /// As the gate's own file.
    pub(super) fn to_policy(&self, now: Timestamp) -> support::Policy {
        let mut policy = support::Policy::empty();
        for person in CAST {
            policy = policy.entry(person.id, &table(person, now));
        }
        policy = policy.group("seniors", &list(SENIORS)).group("payments", &list(PAYMENTS));
        policy = policy.group("trusted", &list(TRUSTED));
        // What is remembered is tried elsewhere: here a mark that is gone is gone.
        policy = policy.detect("memory", "false");
        if self.declare {
            policy = policy.detect("declare", "\"required\"");
        }
        for rule in &self.rules {
            policy = rule.add_to(policy);
        }
        policy
    }
}

/// Whom some rules exempt.
const TRUSTED: &[&str] = &["khamilton", "lee"];

fn main_rule(dice: &mut Rng) -> Rule {
    let (main, release) = ("refs/heads/main", "refs/heads/release/*");
    let refs = match dice.below(6) {
        0 => vec![main],
        1 => vec![main, "refs/tags/*"],
        2 => vec!["refs/**"],
        _ => vec![main, release],
    };
    let trusts = match dice.below(6) {
        0 => Some(vec![main]),
        // Counts for nothing: nothing gates it.
        1 => Some([refs.clone(), vec!["refs/heads/topic/*"]].concat()),
        2 => Some([refs.clone(), vec![main, release]].concat()),
        _ => None,
    };
    Rule {
        name: "production",
        refs,
        trusts,
        paths: if dice.chance(15) { vec!["src/**"] } else { vec!["**"] },
        sign_offs: if dice.chance(25) { 2 } else { 1 },
        from: ("seniors", SENIORS),
        binding: dice.weighted(&[
            (2, Binding::Commit),
            (2, Binding::SameFiles),
            (4, Binding::Replay),
        ]),
        valid_for: if dice.chance(20) { SHORT } else { TEN_DAYS },
        mode: dice.weighted(&[(8, Mode::Enforce), (1, Mode::Warn), (1, Mode::Observe)]),
        veto: dice.chance(25),
        allow_delete: dice.chance(40),
        allow_rewind: dice.chance(50),
        exempt: if dice.chance(25) { TRUSTED } else { &[] },
        check_clean_merges: dice.chance(25),
    }
}

fn second_rule(dice: &mut Rng) -> Rule {
    let refs = match dice.below(4) {
        0 => vec!["refs/heads/main"],
        1 => vec!["refs/heads/release/*", "refs/heads/topic/b"],
        2 => vec!["refs/tags/*"],
        _ => vec!["refs/heads/**"],
    };
    Rule {
        name: "payments",
        refs,
        trusts: dice.chance(30).then(|| vec!["refs/heads/**"]),
        paths: if dice.chance(60) { vec!["src/*", "docs/**"] } else { vec!["**"] },
        from: ("payments", PAYMENTS),
        ..main_rule(dice)
    }
}

impl Rule {
    fn add_to(&self, policy: support::Policy) -> support::Policy {
        let mut policy = policy
            .rule(self.name)
            .with("refs", &list(&self.refs))
            .with("paths", &list(&self.paths))
            .with("sign_offs", &self.sign_offs.to_string())
            .with("from", &list(&[self.from.0]))
            .with("valid_for", &format!("\"{}h\"", self.valid_for / HOUR))
            .with("veto", if self.veto { "true" } else { "false" });
        if let Some(trusts) = &self.trusts {
            policy = policy.with("trusts", &list(trusts));
        }
        policy = policy.with(
            "binding",
            match self.binding {
                Binding::Commit => "\"commit\"",
                Binding::SameFiles => "\"same-files\"",
                Binding::Replay => "\"replay\"",
            },
        );
        policy = policy.with(
            "mode",
            match self.mode {
                Mode::Observe => "\"observe\"",
                Mode::Warn => "\"warn\"",
                Mode::Enforce => "\"enforce\"",
            },
        );
        let allowed = [(self.allow_delete, "delete"), (self.allow_rewind, "rewind")];
        let allowed: Vec<_> = allowed.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
        policy = policy.with("allow", &list(&allowed));
        if !self.exempt.is_empty() {
            policy = policy.with("exempt_pushers", "[\"trusted\"]");
        }
        if self.check_clean_merges {
            policy = policy.with("clean_merges", "\"check\"");
        }
        policy
    }
}

fn list(items: &[&str]) -> String {
    serde_json::to_string(items).expect("JSON")
}

fn table(person: &Person, now: Timestamp) -> Vec<(&'static str, String)> {
    let mut table = vec![("emails", list(person.emails)), ("logins", list(&person.logins[1..]))];
    match person.kind {
        Kind::Person => {}
        Kind::Agent(owner) => {
            table.push(("agent", "true".to_owned()));
            table.extend(owner.map(|owner| ("owner", format!("{owner:?}"))));
        }
        Kind::Service => table.push(("service", "true".to_owned())),
    }
    let keys = KEYS.iter().filter(|k| k.owner == person.id);
    let keys: Vec<_> = keys.map(|k| key_table(k, now)).collect();
    if !keys.is_empty() {
        table.push(("keys", format!("[{}]", keys.join(", "))));
    }
    table
}

fn key_table(k: &SigningKey, now: Timestamp) -> String {
    let mut text = format!("{{ key = {:?}", key(k.name).public);
    let mut time = |name: &str, at: Option<i64>| {
        if let Some(at) = at {
            write!(text, ", {name} = {}", super::scene::moment(now, at)).expect("text");
        }
    };
    time("valid_after", k.after);
    time("valid_before", k.before);
    if k.revoked {
        text.push_str(", revoked = true");
    }
    text + " }"
}

/// Whether a name matches one of these patterns. Of the glob dialect only what the policies
/// here use: a name, or a beginning and `*` (up to the next slash) or `**`.
pub(super) fn matches(patterns: &[&str], name: &str) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix("**") {
        Some(start) => name.starts_with(start),
        None => match pattern.strip_suffix('*') {
            Some(start) => name.strip_prefix(start).is_some_and(|rest| !rest.contains('/')),
            None => *pattern == name,
        },
    })
}
