//! Tables of tables: what stands under a key, from every place where it stands, however it
//! is spelt.

use std::borrow::Cow;

use toml::Spanned;

use super::read::{Fields, Value, wrong_type};
use super::{Finding, Report, quoted};

/// The tables of a list such as `[[rule]]`, from every place where they stand, at most
/// `most` of them. `[rule]` and `[rule.name]` are told and read all the same.
pub fn tables<'a>(
    report: &mut Report,
    fields: &Fields<'a>,
    key: &str,
    help: &str,
    most: usize,
) -> Vec<&'a Value<'a>> {
    let mut tables = Vec::new();
    for value in fields.values(key) {
        if let Some(array) = value.get_ref().as_array() {
            tables.extend(array.iter());
            continue;
        }
        wrong_type(report, &quoted(key), value, "a list of tables", help);
        match value.get_ref().as_table() {
            Some(named) if named.values().all(|v| v.get_ref().is_table()) => {
                tables.extend(named.values());
            }
            Some(_) => tables.push(value),
            None => {}
        }
    }
    if tables.len() > most {
        let message = format!("{} of {}, more than {most}", tables.len(), quoted(key));
        report.add(Finding::error("too-many", &fields.key_span(key), message));
        tables.truncate(most);
    }
    tables
}

/// Every entry of the tables that stand under a key, in order of place, at most `most`.
pub fn entries<'a>(
    report: &mut Report,
    fields: &Fields<'a>,
    key: &str,
    help: &str,
    most: usize,
) -> Vec<(&'a Spanned<Cow<'a, str>>, &'a Value<'a>)> {
    let mut entries: Vec<(&'a Spanned<Cow<'a, str>>, &'a Value<'a>)> = Vec::new();
    for value in fields.values(key) {
        match value.get_ref().as_table() {
            Some(table) => entries.extend(table.iter()),
            None => {
                wrong_type(report, &quoted(key), value, "a table", help);
                // Who stands in it is not known, and not missing either.
                report.text_is_lost();
            }
        }
    }
    if entries.len() > most {
        let message = format!("{} {key}, more than {most}", entries.len());
        report.add(Finding::error("too-many", &fields.key_span(key), message));
    }
    entries.sort_by_key(|(key, _)| key.span().start);
    entries.truncate(most);
    entries
}
