//! `[people]`: who they are, what they may be called, and what nobody may share.

use std::collections::{BTreeMap, BTreeSet};

use super::keys::{self, MAX_KEYS};
use super::{check_name, check_text};
use crate::diagnostics::read::{Fields, Span, Text, wrong_type};
use crate::diagnostics::{Finding, Report, quoted, quoted_whole, tables};
use crate::domain::ids::{Login, PersonId};
use crate::domain::policy::{Person, Role, is_machine_login};

/// People of a policy.
const MAX_PEOPLE: usize = 10_000;

/// Addresses, or logins, of one person.
const MAX_NAMES: usize = 100;

/// Bytes of a name, an address or a login.
const MAX_BYTES: usize = 254;

/// `[people]` as far as it could be read.
#[derive(Debug, Default)]
pub(super) struct People {
    /// By the table's key.
    pub(super) map: BTreeMap<PersonId, Person>,
    /// Where their tables are named.
    pub(super) places: BTreeMap<PersonId, Span>,
    /// Those with a key that could not be read; it is not to be missed a second time.
    unclear: BTreeSet<PersonId>,
}

impl People {
    /// Whether they are a person and have a key that is not revoked.
    pub(super) fn can_sign(&self, id: &PersonId) -> bool {
        self.map.get(id).is_some_and(|p| {
            let has_key = p.keys.iter().any(|k| !k.revoked) || self.unclear.contains(id);
            p.role == Role::Person && has_key
        })
    }

    /// Whether they are a person, no agent and no service.
    pub(super) fn is_person(&self, id: &PersonId) -> bool {
        self.map.get(id).is_some_and(|p| p.role == Role::Person)
    }

    /// All ids.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.map.keys().map(PersonId::as_str)
    }
}

const KEYS: [&str; 7] = ["name", "emails", "logins", "keys", "agent", "owner", "service"];

/// Reads `[people]`.
pub(super) fn read(report: &mut Report, root: &Fields<'_>) -> People {
    let help = "write a table for each person: [people.ghopper]";
    let entries = tables::entries(report, root, "people", help, MAX_PEOPLE);
    let mut reader = Reader::default();
    for (key, _) in &entries {
        reader.claim_table_key(report, &Text { text: key.get_ref(), span: key.span() });
    }
    for (key, value) in entries {
        let id = Text { text: key.get_ref(), span: key.span() };
        let what = format!("person {}", quoted(id.text));
        let fields = match KEYS.contains(&id.text) && !value.get_ref().is_table() {
            true => {
                let message = format!("{} stands outside of a person's table", quoted(id.text));
                let finding = Finding::error("wrong-type", &id.span, message);
                report.add(finding.help("begin each person with [people.NAME]"));
                None
            }
            false => Fields::of(report, &what, value, &KEYS),
        };
        let person = match fields {
            Some(fields) => reader.person(report, &id, &fields),
            None => nameless(PersonId::new(id.text)),
        };
        reader.people.places.insert(person.id.clone(), id.span);
        reader.people.map.insert(person.id.clone(), person);
    }
    reader.settle_owners(report);
    reader.people
}

fn nameless(id: PersonId) -> Person {
    let (name, logins) = (id.as_str().to_owned(), vec![Login::new(id.as_str())]);
    Person { id, name, emails: Vec::new(), logins, keys: Vec::new(), role: Role::Person }
}

/// A name that only one person may have, by its comparable form.
#[derive(Debug, Default)]
struct Claims(BTreeMap<String, (PersonId, Span)>);

impl Claims {
    /// The first to claim it, if that was another claim.
    fn claim(&mut self, form: String, by: &PersonId, span: &Span) -> Option<(PersonId, Span)> {
        if let Some(first) = self.0.get(&form) {
            return Some(first.clone());
        }
        self.0.insert(form, (by.clone(), span.clone()));
        None
    }
}

#[derive(Default)]
struct Reader<'a> {
    people: People,
    emails: Claims,
    logins: Claims,
    keys: Claims,
    owners: Vec<(PersonId, Text<'a>)>,
}

impl<'a> Reader<'a> {
    /// A table's key is a name and the first login.
    fn claim_table_key(&mut self, report: &mut Report, id: &Text<'_>) {
        check_name(report, "person", id);
        let person = PersonId::new(id.text);
        if let Some((other, at)) = self.logins.claim(id.text.to_lowercase(), &person, &id.span) {
            let message = match other.as_str() == id.text {
                true => format!("{} stands here twice", quoted(id.text)),
                false => format!("{} and {} differ by case alone", quoted(id.text), other),
            };
            let finding = Finding::error("shared-login", &id.span, message);
            report.add(finding.related(&at, "the other").help("rename one of them"));
        }
    }

    fn person(&mut self, report: &mut Report, id: &Text<'a>, fields: &Fields<'a>) -> Person {
        let mut person = nameless(PersonId::new(id.text));
        person.role = self.role(report, &person.id, fields);
        if let Some(name) = fields.text(report, "name")
            && check_text(report, "name", &name, MAX_BYTES)
        {
            name.text.trim().clone_into(&mut person.name);
        }
        let emails = fields.list(report, "emails", MAX_NAMES);
        for email in emails.iter().flat_map(|l| &l.items) {
            person.emails.extend(self.email(report, &person.id, email));
        }
        let logins = fields.list(report, "logins", MAX_NAMES);
        for login in logins.iter().flat_map(|l| &l.items) {
            person.logins.extend(self.login(report, &person, login));
        }
        self.keys(report, &mut person, fields);
        person.emails = first_of_each(person.emails);
        person.logins = first_of_each(person.logins);
        person
    }

    fn role(&mut self, report: &mut Report, id: &PersonId, fields: &Fields<'a>) -> Role {
        let agent = fields.flag(report, "agent").unwrap_or(false);
        let service = fields.flag(report, "service").unwrap_or(false);
        let owner = fields.text(report, "owner");
        if agent && service {
            let message = format!("{} is an agent and a service", quoted(id.as_str()));
            let finding = Finding::error("agent-and-service", &fields.key_span("service"), message);
            report.add(
                finding.help(
                    "an agent's pushes are AI-assisted, a service's stand for nobody: keep one",
                ),
            );
        }
        match owner {
            Some(_) if !agent && fields.value("agent").is_none_or(|v| v.get_ref().is_bool()) => {
                let message = "only an agent has an owner";
                let finding = Finding::error("owner-of-none", &fields.key_span("owner"), message);
                report.add(finding.help("add agent = true, or take owner out"));
            }
            Some(owner) => self.owners.push((id.clone(), owner)),
            None => {}
        }
        match (agent, service) {
            (true, _) => Role::Agent { owner: None },
            (false, true) => Role::Service,
            (false, false) => Role::Person,
        }
    }

    fn email(&mut self, report: &mut Report, id: &PersonId, email: &Text<'_>) -> Option<String> {
        if !check_text(report, "e-mail", email, MAX_BYTES) {
            return None;
        }
        if !is_address(email.text) {
            let message = format!("{} is no e-mail address", quoted(email.text));
            let help = "write the bare address, as git records it: grace@example.com";
            report.add(Finding::error("bad-email", &email.span, message).help(help));
            return None;
        }
        let form = email.text.to_lowercase();
        if let Some((other, at)) = self.emails.claim(form.clone(), id, &email.span)
            && other != *id
        {
            let message = format!("{} is given to {other} too", quoted(email.text));
            let finding = Finding::error("shared-email", &email.span, message);
            report.add(finding.related(&at, "first given here").help(
                "an address tells who wrote a commit: leave it with the one person who uses it",
            ));
        }
        Some(form)
    }

    fn login(&mut self, report: &mut Report, person: &Person, login: &Text<'_>) -> Option<Login> {
        if !check_text(report, "login", login, MAX_BYTES) {
            return None;
        }
        if let Some((other, at)) =
            self.logins.claim(login.text.to_lowercase(), &person.id, &login.span)
            && other != person.id
        {
            let message = format!("the login {} is {other}'s too", quoted(login.text));
            let finding = Finding::error("shared-login", &login.span, message);
            report.add(finding.related(&at, "first given here").help(
                "a login tells who pushes: leave it with one person (case makes no difference)",
            ));
        }
        let name = Login::new(login.text);
        if is_machine_login(&name) && person.role == Role::Person {
            let message = format!("{} is a machine's login, not a person's", quoted(login.text));
            let finding = Finding::error("machine-login", &login.span, message);
            report.add(finding.help(
                "give it a table of its own with service = true: whoever has the key or token is \
                 not known",
            ));
        }
        Some(name)
    }

    fn keys(&mut self, report: &mut Report, person: &mut Person, fields: &Fields<'a>) {
        let Some(value) = fields.value("keys") else { return };
        let Some(list) = value.get_ref().as_array() else {
            let help = "write keys = [\"ssh-ed25519 AAAA...\"]";
            wrong_type(report, "\"keys\"", value, "a list of public keys", help);
            self.people.unclear.insert(person.id.clone());
            return;
        };
        if person.role != Role::Person && !list.is_empty() {
            let kind = if person.role == Role::Service { "a service" } else { "an agent" };
            let message = format!("{kind} never signs, so it has no keys");
            let finding = Finding::error("keys-of-none", &fields.key_span("keys"), message);
            report.add(
                finding.help("take its keys out; a person who signs needs a table of their own"),
            );
        }
        if list.len() > MAX_KEYS {
            let message = format!("{} keys, more than {MAX_KEYS}", list.len());
            report.add(Finding::error("too-many", &value.span(), message));
        }
        for item in list.iter().take(MAX_KEYS) {
            match keys::read(report, item) {
                Some((key, span)) => {
                    self.claim_key(report, &person.id, &key.public, &span);
                    person.keys.push(key);
                }
                None => {
                    self.people.unclear.insert(person.id.clone());
                }
            }
        }
    }

    fn claim_key(&mut self, report: &mut Report, id: &PersonId, key: &str, span: &Span) {
        let Some((other, at)) = self.keys.claim(key.to_owned(), id, span) else { return };
        let finding = if other == *id {
            Finding::error("repeated-key", span, "this key is given twice").help("take one out")
        } else {
            let message = format!("this key is {other}'s too");
            Finding::error("shared-key", span, message).help(
                "a key tells who signed: it belongs to one person. Let the other make their own",
            )
        };
        report.add(finding.related(&at, "first given here"));
    }

    /// Once everybody is read: an owner is a person of the policy.
    fn settle_owners(&mut self, report: &mut Report) {
        for (agent, owner) in std::mem::take(&mut self.owners) {
            let id = PersonId::new(owner.text);
            if self.people.is_person(&id) {
                if let Some(person) = self.people.map.get_mut(&agent) {
                    person.role = Role::Agent { owner: Some(id) };
                }
                continue;
            }
            let finding = if self.people.map.contains_key(&id) {
                let message = format!("the owner {} is no person", quoted(owner.text));
                Finding::error("bad-owner", &owner.span, message)
                    .help("name the person who runs the agent")
            } else {
                let message = format!("the owner {} is not in [people]", quoted(owner.text));
                Finding::error("unknown-person", &owner.span, message)
                    .help(known_people(report, &self.people, owner.text))
                    .if_all_was_read()
            };
            report.add(finding);
        }
    }
}

/// The nearest person, else how to add one.
pub(super) fn known_people(report: &mut Report, people: &People, asked: &str) -> String {
    match report.suggest(asked, people.ids()) {
        Some(near) => format!("did you mean {}?", quoted_whole(near)),
        None => format!("add a table [people.{}]", quoted(asked).trim_matches('"')),
    }
}

/// `user@host`, bare.
pub(super) fn is_address(text: &str) -> bool {
    let parts = text.rsplit_once('@');
    let odd = |c: char| c.is_whitespace() || "<>,;\"".contains(c);
    parts.is_some_and(|(user, host)| !user.is_empty() && !host.is_empty()) && !text.contains(odd)
}

fn first_of_each<T: Ord + Clone>(list: Vec<T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    list.into_iter().filter(|item| seen.insert(item.clone())).collect()
}
