//! `[[rule]]`: the guarded cases, and whether they can be met.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::groups::{Groups, Named};
use super::patterns::{self, Kind, MAX_PATTERNS};
use super::people::People;
use super::{check_text, trusts};
use crate::diagnostics::duration;
use crate::diagnostics::read::{self, Fields, Span, Text, Value, choose};
use crate::diagnostics::{Finding, Report, quoted, tables};
use crate::domain::glob::Globs;
use crate::domain::ids::PersonId;
use crate::domain::policy::{Binding, Mode, Rule};

/// Rules of a policy.
const MAX_RULES: usize = 500;

/// Groups that a rule names in one list.
const MAX_NAMED: usize = 100;

/// Sign-offs that a rule may ask for.
const MAX_SIGN_OFFS: u64 = 100;

/// Whether what is too weak to conclude counts.
const HINTS: [(&str, bool); 2] = [("show", false), ("count", true)];

const KEYS: [&str; 20] = [
    "name",
    "reason",
    "repos",
    "refs",
    "trusts",
    "paths",
    "sign_offs",
    "from",
    "binding",
    "valid_for",
    "mode",
    "veto",
    "allow",
    "exempt_pushers",
    "readers",
    "hints",
    "clean_merges",
    "break_glass",
    "review_within",
    "freeze",
];

const BINDINGS: [(&str, Binding); 3] =
    [("commit", Binding::Commit), ("same-files", Binding::SameFiles), ("replay", Binding::Replay)];

const MODES: [(&str, Mode); 3] =
    [("enforce", Mode::Enforce), ("warn", Mode::Warn), ("observe", Mode::Observe)];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Git's own default of `gc.pruneExpire`.
const PRUNE_EXPIRE: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// A rule, and where its parts stand.
pub(super) struct Placed<'a> {
    pub(super) rule: Rule,
    /// As written; empty by default.
    pub(super) trusts: Vec<Text<'a>>,
    pub(super) trusts_span: Span,
}

/// Reads every `[[rule]]`.
pub(super) fn read(
    report: &mut Report,
    root: &Fields<'_>,
    people: &People,
    groups: &Groups,
) -> Vec<Rule> {
    let mut reader = Reader { people, groups, names: BTreeMap::new(), keyless: BTreeSet::new() };
    let mut placed = Vec::new();
    for value in tables(report, root) {
        placed.extend(reader.rule(report, value));
    }
    reader.warn_of_keyless(report);
    trusts::warn(report, &placed);
    placed.into_iter().map(|placed| placed.rule).collect()
}

fn tables<'a>(report: &mut Report, root: &Fields<'a>) -> Vec<&'a Value<'a>> {
    let help = "begin each rule with [[rule]], in two brackets";
    let rules = tables::tables(report, root, "rule", help, MAX_RULES);
    let is_told = root.values("rule").any(|v| !v.get_ref().is_array());
    if rules.is_empty() && !is_told {
        let message = "the policy has no rule, so it gates nothing";
        let finding = Finding::error("no-rules", &root.key_span("rule"), message);
        report.add(finding.help("write a [[rule]] with name, refs and from").if_all_was_read());
    }
    rules
}

struct Reader<'p> {
    people: &'p People,
    groups: &'p Groups,
    names: BTreeMap<String, Span>,
    keyless: BTreeSet<PersonId>,
}

impl Reader<'_> {
    fn rule<'a>(&mut self, report: &mut Report, value: &'a Value<'a>) -> Option<Placed<'a>> {
        let fields = Fields::of(report, "a rule", value, &KEYS)?;
        let name = self.name(report, &fields);
        let refs = patterns_of(report, &fields, Kind::Refs, "refs");
        fields.require(report, "refs", "the rule", "write refs = [\"refs/heads/main\"]");
        let trusts = patterns_of(report, &fields, Kind::Refs, "trusts");
        let trusts_list = fields.value("trusts").and_then(|v| v.get_ref().as_array());
        let refs = refs.unwrap_or_default();
        let paths = patterns_of(report, &fields, Kind::Paths, "paths").unwrap_or_else(everything);
        let all_paths = paths.patterns().any(|pattern| pattern == "**");
        let signers = self.signers(report, &fields);
        let exempt = self.exempt_pushers(report, &fields);
        self.warn_of_no_substitute(report, &fields, &signers, &exempt);
        let reason = fields
            .text(report, "reason")
            .filter(|reason| check_text(report, "reason", reason, 1_000));
        let allow = allowed(report, &fields);
        let merges = [("exempt", false), ("check", true)];
        let rule = Rule {
            name,
            line: report.line(&fields.span),
            reason: reason.map(|r| r.text.trim().to_owned()),
            repos: patterns_of(report, &fields, Kind::Repositories, "repos")
                .unwrap_or_else(everything),
            trusts: trusts.unwrap_or_else(|| refs.clone()),
            refs,
            all_paths,
            paths,
            sign_offs: signers.sign_offs,
            from: signers.from,
            approvers: signers.approvers,
            binding: fields.choice(report, "binding", &BINDINGS).unwrap_or(Binding::Replay),
            valid_for: valid_for(report, &fields),
            mode: fields.choice(report, "mode", &MODES).unwrap_or(Mode::Enforce),
            veto: fields.flag(report, "veto").unwrap_or(false),
            allow_delete: allow.contains(&Allow::Delete),
            allow_rewind: allow.contains(&Allow::Rewind),
            exempt_pushers: exempt,
            readers: self.readers(report, &fields),
            hints_count: fields.choice(report, "hints", &HINTS).unwrap_or(false),
            check_clean_merges: fields.choice(report, "clean_merges", &merges).unwrap_or(false),
            break_glass: self.break_glass(report, &fields),
            review_within: span_of_time(report, &fields, "review_within").unwrap_or(DAY),
            freeze: fields.flag(report, "freeze").unwrap_or(false),
        };
        let trusts = trusts_list.into_iter().flat_map(|list| list.iter());
        let trusts = trusts.filter_map(read::text).collect();
        Some(Placed { rule, trusts, trusts_span: fields.key_span("trusts") })
    }

    fn name(&mut self, report: &mut Report, fields: &Fields<'_>) -> String {
        fields.require(report, "name", "the rule", "write name = \"production\"");
        let Some(name) = fields.text(report, "name") else { return String::new() };
        check_text(report, "name", &name, 100);
        if let Some(first) = self.names.get(name.text) {
            let message = format!("a rule {} is there already", quoted(name.text));
            let finding = Finding::error("repeated-rule", &name.span, message);
            report.add(finding.related(first, "first here").help("take another name"));
        } else {
            self.names.insert(name.text.to_owned(), name.span.clone());
        }
        name.text.to_owned()
    }

    fn groups(&self, report: &mut Report, fields: &Fields<'_>, key: &str) -> Named {
        match fields.list(report, key, MAX_NAMED) {
            Some(list) => self.groups.named(report, self.people, &list),
            None => Named { is_unclear: fields.value(key).is_some(), ..Named::default() },
        }
    }

    /// `sign_offs` and `from`, and whether these people suffice.
    fn signers(&mut self, report: &mut Report, fields: &Fields<'_>) -> Signers {
        fields.require(
            report,
            "from",
            "the rule",
            "name the groups whose people sign: from = [\"seniors\"]",
        );
        let named = self.groups(report, fields, "from");
        let sign_offs = sign_offs(report, fields);
        let approvers: BTreeSet<PersonId> =
            named.people.iter().filter(|id| self.people.can_sign(id)).cloned().collect();
        let keyless =
            named.people.iter().filter(|id| self.people.is_person(id) && !self.people.can_sign(id));
        self.keyless.extend(keyless.cloned());
        let is_clear = !named.is_unclear && sign_offs.is_some() && fields.value("from").is_some();
        let sign_offs = sign_offs.unwrap_or(1);
        let signers = Signers { sign_offs, from: named.names, approvers, is_clear };
        if signers.is_clear && signers.approvers.len() < sign_offs {
            report.add(signers.too_few(fields));
        }
        signers
    }

    fn exempt_pushers(&self, report: &mut Report, fields: &Fields<'_>) -> BTreeSet<PersonId> {
        let named = self.groups(report, fields, "exempt_pushers");
        let (people, others): (BTreeSet<_>, BTreeSet<_>) =
            named.people.into_iter().partition(|id| self.people.is_person(id));
        if let Some(other) = others.first() {
            let message = format!("{other} is no person, so nothing it pushes is exempt");
            let span = fields.key_span("exempt_pushers");
            let finding = Finding::warning("exempt-nobody", &span, message);
            report.add(finding.help("take agents and services out of the group").if_all_was_read());
        }
        people
    }

    /// People alone: agents and services have no eyes.
    fn readers(&self, report: &mut Report, fields: &Fields<'_>) -> BTreeSet<PersonId> {
        let named = self.groups(report, fields, "readers").people;
        named.into_iter().filter(|id| self.people.is_person(id)).collect()
    }

    fn break_glass(&self, report: &mut Report, fields: &Fields<'_>) -> BTreeSet<PersonId> {
        let named = self.groups(report, fields, "break_glass");
        let people: BTreeSet<PersonId> =
            named.people.into_iter().filter(|id| self.people.can_sign(id)).collect();
        if people.is_empty() && !named.names.is_empty() && !named.is_unclear {
            let message = "nobody of these groups can sign, so nobody can break the glass";
            let span = fields.key_span("break_glass");
            let finding = Finding::warning("break-glass-nobody", &span, message);
            report.add(finding.help("give one of them a key").if_all_was_read());
        }
        people
    }

    /// Whoever takes part in a change can't sign it (G13).
    fn warn_of_no_substitute(
        &self,
        report: &mut Report,
        fields: &Fields<'_>,
        signers: &Signers,
        exempt: &BTreeSet<PersonId>,
    ) {
        let all_needed = signers.is_clear && signers.approvers.len() == signers.sign_offs;
        if !all_needed || signers.approvers.is_subset(exempt) {
            return;
        }
        let who = names_of(&signers.approvers);
        let message = format!("{who} can't sign what they take part in, and nobody else may");
        let finding = Finding::warning("no-substitute", &fields.key_span("from"), message);
        report.add(finding.help("have at least one person more than sign_offs in these groups"));
    }

    fn warn_of_keyless(&self, report: &mut Report) {
        for id in &self.keyless {
            let Some(span) = self.people.places.get(id) else { continue };
            let message = format!("{id} is to sign and has no key that counts");
            let finding = Finding::warning("no-key", span, message);
            report.add(finding.help("add keys = [\"ssh-ed25519 AAAA...\"]").if_all_was_read());
        }
    }
}

struct Signers {
    sign_offs: usize,
    from: Vec<String>,
    approvers: BTreeSet<PersonId>,
    is_clear: bool,
}

impl Signers {
    fn too_few(&self, fields: &Fields<'_>) -> Finding {
        let groups: Vec<String> = self.from.iter().map(|g| quoted(g)).collect();
        let from = fields.key_span("from");
        if self.approvers.is_empty() {
            let message = match groups.is_empty() {
                true => "the rule names nobody who could sign".to_owned(),
                false => format!("nobody in {} can sign", groups.join(", ")),
            };
            return Finding::error("nobody-signs", &from, message)
                .help("name groups with people who have a key; agents and services never sign")
                .if_all_was_read();
        }
        let span = fields.value("sign_offs").map_or(from.clone(), |v| v.span());
        let people = self.approvers.len();
        let verb = if people == 1 { "person" } else { "people" };
        let message = format!(
            "{} sign-offs are needed, and only {people} {verb} can sign: {}",
            self.sign_offs,
            names_of(&self.approvers)
        );
        Finding::error("unreachable", &span, message)
            .related(&from, "who may sign")
            .help(format!("write sign_offs = {people} or less, or give more people a key"))
            .if_all_was_read()
    }
}

/// At most five, the others counted.
fn names_of(people: &BTreeSet<PersonId>) -> String {
    let names: Vec<String> = people.iter().take(5).map(ToString::to_string).collect();
    match people.len().saturating_sub(5) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

fn everything() -> Globs {
    Globs::new(["**"]).unwrap_or_default()
}

fn patterns_of(report: &mut Report, fields: &Fields<'_>, kind: Kind, key: &str) -> Option<Globs> {
    let list = fields.list(report, key, MAX_PATTERNS)?;
    Some(patterns::globs(report, kind, key, &list))
}

/// `None` where it can't be used.
fn sign_offs(report: &mut Report, fields: &Fields<'_>) -> Option<usize> {
    if fields.value("sign_offs").is_none() {
        return Some(1);
    }
    let (number, span) = fields.number(report, "sign_offs")?;
    let (message, help) = match number {
        0 => (
            "no sign-off at all is no rule".to_owned(),
            "write 1 or more; to only watch, set mode = \"observe\"",
        ),
        1..=MAX_SIGN_OFFS => return usize::try_from(number).ok(),
        _ => (format!("more than {MAX_SIGN_OFFS} sign-offs"), "write how many people are to sign"),
    };
    report.add(Finding::error("bad-number", &span, message).help(help));
    None
}

fn valid_for(report: &mut Report, fields: &Fields<'_>) -> Duration {
    let Some(time) = span_of_time(report, fields, "valid_for") else { return 10 * DAY };
    if time > PRUNE_EXPIRE {
        let span = fields.value("valid_for").map_or(fields.span.clone(), |v| v.span());
        let message = "by then git may have dropped the commits that were signed";
        let finding = Finding::warning("long-validity", &span, message);
        report.add(finding.help(
            "write \"14d\" or less, or set git's gc.pruneExpire (2 weeks) above it on the server",
        ));
    }
    time
}

fn span_of_time(report: &mut Report, fields: &Fields<'_>, key: &str) -> Option<Duration> {
    let text = fields.text(report, key)?;
    duration::read(report, &text)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Allow {
    Delete,
    Rewind,
}

fn allowed(report: &mut Report, fields: &Fields<'_>) -> Vec<Allow> {
    let words = [("delete", Allow::Delete), ("rewind", Allow::Rewind)];
    let list = fields.list(report, "allow", MAX_NAMED);
    let items = list.into_iter().flat_map(|list| list.items);
    items.filter_map(|word| choose(report, "allow", &word, &words)).collect()
}
