//! TOML text to tables, told of every line that is not TOML.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeTable, Error};

use super::{Finding, Report};

/// Room for a text that is mended; the tables that are read may point into it.
pub type Mended = OnceCell<String>;

/// Letters of a list's name that its brackets may take.
pub(super) const STAND_IN: usize = 2;

/// Lines that the parser gave up on and that were passed over, so as to see further.
const MOST_MENDED: usize = 20;

/// Parses the text as far as it goes; what can't be parsed is in the report.
///
/// STRATEGY. The parser recovers from most mistakes, but ends at a key without a value. Such
/// a line is overwritten with spaces, and all is parsed again: places stay as they are, and
/// what stands below is told in the same report. Not so below a list that is not closed,
/// where no line is what it seems. A text in order is parsed once.
///
/// `[rule]` for `[[rule]]` would be one table that stands twice. Where a name of `lists` has
/// too few brackets, that is told, and two letters of it make room for the others.
#[must_use]
pub fn parse<'a>(
    file: &str,
    text: &'a str,
    lists: &[&str],
    mended: &'a Mended,
) -> (Report, Spanned<DeTable<'a>>) {
    let mut report = Report::new(file, text);
    let bracketed = in_two_brackets(&mut report, text, lists);
    if bracketed.is_none() {
        let (table, errors) = DeTable::parse_recoverable(text);
        if !can_be_mended(&errors) {
            tell(&mut report, errors);
            return (report, table);
        }
    }
    let mut blanked = bracketed.unwrap_or_else(|| text.to_owned());
    let mut told = Vec::new();
    let mut left = DeTable::parse_recoverable(&blanked).1;
    for _ in 0..MOST_MENDED {
        if !can_be_mended(&left) {
            break;
        }
        for error in left.into_iter().filter(ends_the_parse) {
            blank_line(&mut blanked, &error);
            told.push(error);
        }
        left = DeTable::parse_recoverable(&blanked).1;
    }
    let (table, rest) = DeTable::parse_recoverable(mended.get_or_init(|| blanked));
    told.extend(rest);
    tell(&mut report, told);
    (report, table)
}

/// The text with headers of lists as they have to be, if any was not.
fn in_two_brackets(report: &mut Report, text: &str, lists: &[&str]) -> Option<String> {
    let mut mended: Option<String> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let at = start + (line.len() - line.trim_start().len());
        start += line.len();
        let header = line.split('#').next().unwrap_or_default().trim();
        let name = header.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let Some(name) = name.filter(|name| lists.contains(name)) else { continue };
        let Some(short) = name.get(..name.len().saturating_sub(STAND_IN)) else { continue };
        let span = at + 1..at + 1 + name.len();
        let last = name.rsplit('.').next().unwrap_or(name);
        let message = format!("\"{last}\" is to be a list of tables, not a table");
        let help = format!("begin each with [[{name}]], in two brackets");
        report.add(Finding::error("wrong-type", &span, message).help(help));
        report.stands_in(at + 2 + short.len() - short.rsplit('.').next().unwrap_or(short).len());
        let text = mended.get_or_insert_with(|| text.to_owned());
        text.replace_range(at..at + header.len(), &format!("[[{short}]]"));
    }
    mended
}

fn can_be_mended(errors: &[Error]) -> bool {
    errors.iter().any(ends_the_parse) && !errors.iter().any(is_in_list)
}

fn is_in_list(error: &Error) -> bool {
    error.message().contains("array")
}

fn ends_the_parse(error: &Error) -> bool {
    error.message().starts_with("key with no value")
}

/// Overwrites the line of an error, byte for byte.
fn blank_line(text: &mut String, error: &Error) {
    let at = text.floor_char_boundary(error.span().map_or(0, |span| span.start));
    let (before, after) = text.split_at(at);
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let end = at + after.find('\n').unwrap_or(after.len());
    // The error may stand at the end of its line.
    text.replace_range(start..end, &" ".repeat(end - start));
}

fn tell(report: &mut Report, mut errors: Vec<Error>) {
    errors.sort_by_key(|error| error.span().map_or(0, |span| span.start));
    // A list that is not closed swallows the lines below it, one mistake after the other.
    let line = |report: &Report, error: &Error| report.line(&error.span().unwrap_or(0..0));
    let in_list: BTreeSet<usize> =
        errors.iter().filter(|e| is_in_list(e)).map(|e| line(report, e)).collect();
    for error in &errors {
        let line = line(report, error);
        if in_list.contains(&line) && in_list.contains(&line.saturating_sub(1)) {
            report.lose_line(line);
        } else {
            report.line_is_lost(finding(error));
        }
    }
}

fn finding(error: &Error) -> Finding {
    let span = error.span().unwrap_or(0..0);
    let help = match error.message() {
        m if m.starts_with("duplicate key") => "a key or a table stands once: remove one of them",
        m if m.starts_with("string values must be quoted") => "write it in double quotes",
        m if m.contains("array") => {
            "put a comma between the items, and close the list, perhaps above, with ]"
        }
        m if m.contains("string") => "close it with the quotes that it began with, on one line",
        m if m.contains("recur") => "nothing in this file is nested so deep",
        _ => {
            "write `key = value`: text in double quotes, lists as [\"a\", \"b\"], comments after #"
        }
    };
    Finding::error("syntax", &span, format!("not TOML: {}", error.message())).help(help)
}
