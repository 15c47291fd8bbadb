//! `[groups]`: names for people, which may nest.

use std::collections::{BTreeMap, BTreeSet};

use super::people::{People, known_people};
use crate::diagnostics::read::{Fields, List, Span, Text, Value, list};
use crate::diagnostics::{Finding, Report, quoted, quoted_whole, tables};
use crate::domain::ids::PersonId;

/// Groups of a policy.
const MAX_GROUPS: usize = 1_000;

/// Members of one group.
const MAX_MEMBERS: usize = 10_000;

/// `[groups]` as far as it could be read.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// Nested groups resolved to people.
    pub(super) map: BTreeMap<String, BTreeSet<PersonId>>,
    /// Those with a member that could not be resolved.
    unclear: BTreeSet<String>,
}

/// People that a rule names by groups.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Of all groups together.
    pub(super) people: BTreeSet<PersonId>,
    /// The groups' names, known or not.
    pub(super) names: Vec<String>,
    /// Whether a group is not known or could not be resolved.
    pub(super) is_unclear: bool,
}

impl Groups {
    /// The people of the groups that a rule lists.
    pub(super) fn named(&self, report: &mut Report, people: &People, names: &List<'_>) -> Named {
        let mut all = Named { is_unclear: names.is_short, ..Named::default() };
        for name in &names.items {
            all.names.push(name.text.to_owned());
            match self.map.get(name.text) {
                Some(members) => {
                    all.people.extend(members.iter().cloned());
                    all.is_unclear |= self.unclear.contains(name.text);
                }
                None => {
                    all.is_unclear = true;
                    self.unknown(report, people, name);
                }
            }
        }
        all
    }

    fn unknown(&self, report: &mut Report, people: &People, name: &Text<'_>) {
        let bare = name.text.strip_prefix('@').unwrap_or(name.text);
        let finding = if self.map.contains_key(bare) {
            let message = "groups stand without @ here";
            Finding::error("unknown-group", &name.span, message)
                .help(format!("write {}", quoted_whole(bare)))
        } else if people.map.contains_key(&PersonId::new(name.text)) {
            let message = format!("{} is a person; a rule names groups", quoted(name.text));
            Finding::error("person-for-group", &name.span, message)
                .help("put them into a group under [groups], and name that")
        } else {
            let message = format!("there is no group {}", quoted(name.text));
            Finding::error("unknown-group", &name.span, message)
                .help(known_groups(report, &self.map, bare))
                .if_all_was_read()
        };
        report.add(finding);
    }
}

fn known_groups(
    report: &mut Report,
    groups: &BTreeMap<String, BTreeSet<PersonId>>,
    asked: &str,
) -> String {
    match report.suggest(asked, groups.keys().map(String::as_str)) {
        Some(near) => format!("did you mean {}?", quoted_whole(near)),
        None => "add it under [groups]".to_owned(),
    }
}

/// A group as written.
struct Written<'a> {
    span: Span,
    people: BTreeSet<PersonId>,
    groups: Vec<Text<'a>>,
}

/// Reads `[groups]`.
pub(super) fn read(report: &mut Report, root: &Fields<'_>, people: &People) -> Groups {
    let help = "write [groups] and below it seniors = [\"ghopper\", \"alovelace\"]";
    let entries = tables::entries(report, root, "groups", help, MAX_GROUPS);
    let names: BTreeMap<String, BTreeSet<PersonId>> =
        entries.iter().map(|(key, _)| (key.get_ref().to_string(), BTreeSet::new())).collect();

    let mut resolved = Groups { map: names, unclear: BTreeSet::new() };
    let mut written = BTreeMap::new();
    for (key, value) in entries {
        let name = Text { text: key.get_ref(), span: key.span() };
        check_group_name(report, &name, people);
        let group = members(report, &name, value, people, &mut resolved);
        written.insert(name.text.to_owned(), group);
    }
    let order = order(report, &written, &mut resolved.unclear);
    resolve(&order, written, &mut resolved);
    resolved
}

fn check_group_name(report: &mut Report, name: &Text<'_>, people: &People) {
    super::check_name(report, "group", name);
    if let Some(at) = people.places.get(&PersonId::new(name.text)) {
        let message = format!("{} is a group and a person", quoted(name.text));
        let finding = Finding::error("name-clash", &name.span, message);
        report.add(finding.related(at, "the person").help("rename the group"));
    }
}

fn members<'a>(
    report: &mut Report,
    name: &Text<'_>,
    value: &'a Value<'a>,
    people: &People,
    resolved: &mut Groups,
) -> Written<'a> {
    let mut written =
        Written { span: name.span.clone(), people: BTreeSet::new(), groups: Vec::new() };
    let what = format!("group {}", quoted(name.text));
    let Some(list) = list(report, &what, value, MAX_MEMBERS) else {
        resolved.unclear.insert(name.text.to_owned());
        return written;
    };
    let mut is_clear = !list.is_short;
    for member in list.items {
        let id = PersonId::new(member.text);
        match member.text.strip_prefix('@') {
            Some(group) if resolved.map.contains_key(group) => written.groups.push(member),
            None if people.map.contains_key(&id) => {
                written.people.insert(id);
            }
            _ => {
                is_clear = false;
                unknown_member(report, &member, people, &resolved.map);
            }
        }
    }
    if !is_clear {
        resolved.unclear.insert(name.text.to_owned());
    }
    written
}

fn unknown_member(
    report: &mut Report,
    member: &Text<'_>,
    people: &People,
    groups: &BTreeMap<String, BTreeSet<PersonId>>,
) {
    let finding = match member.text.strip_prefix('@') {
        Some(group) if people.map.contains_key(&PersonId::new(group)) => {
            let message = format!("{} is a person, not a group", quoted(group));
            Finding::error("person-for-group", &member.span, message)
                .help(format!("write {}", quoted_whole(group)))
        }
        Some(group) => {
            let message = format!("there is no group {}", quoted(group));
            Finding::error("unknown-group", &member.span, message)
                .help(known_groups(report, groups, group))
                .if_all_was_read()
        }
        None if groups.contains_key(member.text) => {
            let message = format!("{} is a group, not a person", quoted(member.text));
            Finding::error("group-for-person", &member.span, message)
                .help(format!("write {}", quoted_whole(&format!("@{}", member.text))))
        }
        None => {
            let message = format!("{} is not in [people]", quoted(member.text));
            Finding::error("unknown-person", &member.span, message)
                .help(known_people(report, people, member.text))
                .if_all_was_read()
        }
    };
    report.add(finding);
}

/// How far the walk has come with a group.
#[derive(Clone, Copy, PartialEq)]
enum Walk {
    Open,
    Done,
}

/// The groups so that each stands after those it contains. A group that contains itself,
/// by whatever way, is an error told once, and its last link is left out.
fn order(
    report: &mut Report,
    written: &BTreeMap<String, Written<'_>>,
    unclear: &mut BTreeSet<String>,
) -> Vec<String> {
    let mut state: BTreeMap<&str, Walk> = BTreeMap::new();
    let mut order = Vec::new();
    let mut roots: Vec<_> = written.iter().collect();
    roots.sort_by_key(|(_, w)| w.span.start);
    for (root, _) in roots {
        // The path from the root, each with the number of its links already followed.
        let mut path: Vec<(&str, usize)> = Vec::new();
        if !state.contains_key(root.as_str()) {
            state.insert(root, Walk::Open);
            path.push((root, 0));
        }
        while let Some((name, next)) = path.last_mut() {
            let name: &str = name;
            let link = written.get(name).and_then(|w| w.groups.get(*next));
            *next += 1;
            let Some(link) = link else {
                state.insert(name, Walk::Done);
                order.push(name.to_owned());
                path.pop();
                continue;
            };
            let target = link.text.strip_prefix('@').unwrap_or(link.text);
            match state.get(target) {
                None => {
                    state.insert(target, Walk::Open);
                    path.push((target, 0));
                }
                Some(Walk::Open) => {
                    unclear.extend(path.iter().map(|(name, _)| (*name).to_owned()));
                    report.add(cycle(link, target, &path));
                }
                Some(Walk::Done) => {}
            }
        }
    }
    order
}

fn cycle(link: &Text<'_>, target: &str, path: &[(&str, usize)]) -> Finding {
    let names: Vec<&str> =
        path.iter().map(|(name, _)| *name).skip_while(|n| *n != target).collect();
    let message = match names.as_slice() {
        [_] => format!("group {} contains itself", quoted(target)),
        _ => {
            let way: Vec<String> =
                names.iter().chain([&target]).take(10).map(|n| quoted(n)).collect();
            format!("group {} contains itself: {}", quoted(target), way.join(" > "))
        }
    };
    Finding::error("group-cycle", &link.span, message).help("take this member out")
}

fn resolve(order: &[String], mut written: BTreeMap<String, Written<'_>>, into: &mut Groups) {
    for name in order {
        let Some(group) = written.remove(name) else { continue };
        let mut people = group.people;
        for link in &group.groups {
            let target = link.text.strip_prefix('@').unwrap_or(link.text);
            if into.unclear.contains(target) {
                into.unclear.insert(name.clone());
            }
            people.extend(into.map.get(target).into_iter().flatten().cloned());
        }
        into.map.insert(name.clone(), people);
    }
}
