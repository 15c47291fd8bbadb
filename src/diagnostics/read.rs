//! TOML as spanned values: each accessor returns what is there, or reports why it can't be
//! used and returns nothing.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use jiff::Timestamp;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::value::Datetime;

use super::syntax::STAND_IN;
use super::{Diagnostics, Finding, Report, alternatives, quoted, quoted_whole};

/// Bytes of the file.
pub type Span = Range<usize>;

/// A value in the file.
pub type Value<'a> = Spanned<DeValue<'a>>;

/// A string in the file.
#[derive(Debug, Clone)]
pub struct Text<'a> {
    /// Its value.
    pub text: &'a str,
    /// Where it stands, quotes included.
    pub span: Span,
}

/// A configuration file's bytes; one byte more than `most` at most, so that whoever parses
/// them sees that they are too many. A pipe or a device could keep the hook waiting, so
/// only regular files are opened.
///
/// # Errors
/// What the system says, or that it is not a regular file.
pub fn file(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    fs::File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The file's bytes as text, without a byte order mark.
///
/// # Errors
/// One diagnostic where the bytes are too many or not UTF-8.
pub fn text_of<'b>(file: &str, bytes: &'b [u8], most: usize) -> Result<&'b str, Diagnostics> {
    let refused = |text: &str, finding: Finding| {
        let mut report = Report::new(file, text);
        report.add(finding);
        report.finish()
    };
    if bytes.len() > most {
        let message = format!("the file has {} bytes, more than {most}", bytes.len());
        return Err(refused("", Finding::error("file-too-large", &(0..0), message)));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|e| {
        let at = e.valid_up_to();
        let finding =
            Finding::error("not-utf8", &(at..at + 1), "the file is not UTF-8 from here on")
                .help("save it as UTF-8");
        refused(&String::from_utf8_lossy(bytes), finding)
    })
}

/// A table whose keys are known.
///
/// A misspelt key is told, and what stands under it is read as if it were spelt right:
/// otherwise its own mistakes would stay hidden, and each mention of it would be one more.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    tables: Vec<&'a DeTable<'a>>,
    /// The table's header, or the inline table.
    pub span: Span,
    misspelt: Vec<(&'static str, &'a Value<'a>)>,
}

impl<'a> Fields<'a> {
    /// Reports every key that is not known.
    #[must_use]
    pub fn new(
        report: &mut Report,
        table: &'a DeTable<'a>,
        span: Span,
        known: &[&'static str],
    ) -> Self {
        let mut fields = Self { tables: Vec::new(), span, misspelt: Vec::new() };
        fields.add(report, table, known);
        fields
    }

    fn add(&mut self, report: &mut Report, table: &'a DeTable<'a>, known: &[&'static str]) {
        for (key, value) in table.iter().filter(|(k, _)| !known.contains(&k.get_ref().as_ref())) {
            let meant = if report.is_stand_in(&key.span()) {
                let key = key.get_ref();
                known
                    .iter()
                    .copied()
                    .find(|k| k.len() == key.len() + STAND_IN && k.starts_with(key.as_ref()))
            } else {
                unknown_key(report, key, known)
            };
            self.misspelt.extend(meant.map(|known| (known, value)));
        }
        self.tables.push(table);
    }

    /// The one table that several values are together: it may stand under its name and under
    /// a misspelt one. `None` where none of them is a table.
    #[must_use]
    pub fn of_all(
        report: &mut Report,
        what: &str,
        values: impl Iterator<Item = &'a Value<'a>>,
        known: &[&'static str],
    ) -> Option<Self> {
        let mut all: Option<Self> = None;
        for value in values {
            match (&mut all, value.get_ref()) {
                (Some(all), DeValue::Table(table)) => all.add(report, table, known),
                _ => all = Self::of(report, what, value, known).or(all),
            }
        }
        all
    }

    /// The table that a value is.
    #[must_use]
    pub fn of(
        report: &mut Report,
        what: &str,
        value: &'a Value<'a>,
        known: &[&'static str],
    ) -> Option<Self> {
        match value.get_ref() {
            DeValue::Table(table) => Some(Self::new(report, table, value.span(), known)),
            _ => {
                wrong_type(report, what, value, "a table", "write its keys below a [table] header");
                None
            }
        }
    }

    /// The value of a key.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&'a Value<'a>> {
        self.values(key).next()
    }

    /// The value of a key, and those under misspelt forms of it: a table may be spelt right
    /// here and wrong there.
    pub fn values(&self, key: &str) -> impl Iterator<Item = &'a Value<'a>> {
        let slips = self.misspelt.iter().filter(move |(known, _)| *known == key);
        let right = self.tables.iter().filter_map(move |table| table.get(key));
        right.chain(slips.map(|(_, value)| *value))
    }

    /// The key's own place; the table's where it is absent.
    #[must_use]
    pub fn key_span(&self, key: &str) -> Span {
        let found = self.tables.iter().find_map(|table| table.get_key_value(key));
        found.map_or(self.span.clone(), |(k, _)| k.span())
    }

    /// Reports a key that has to be there.
    pub fn require(&self, report: &mut Report, key: &str, what: &str, help: &str) {
        if self.value(key).is_none() {
            let message = format!("{what} has no {}", quoted(key));
            let finding = Finding::error("missing-key", &self.span, message);
            report.add(finding.help(help).if_all_was_read());
        }
    }

    /// A string.
    pub fn text(&self, report: &mut Report, key: &str) -> Option<Text<'a>> {
        let value = self.value(key)?;
        let text = text(value);
        if text.is_none() {
            let help = format!("write {key} = \"...\"");
            wrong_type(report, &quoted(key), value, "a string", &help);
        }
        text
    }

    /// `true` or `false`.
    pub fn flag(&self, report: &mut Report, key: &str) -> Option<bool> {
        let value = self.value(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            let help = format!("write {key} = true or {key} = false, without quotes");
            wrong_type(report, &quoted(key), value, "true or false", &help);
        }
        flag
    }

    /// A whole number from 0; a number past `u64` counts as its largest.
    pub fn number(&self, report: &mut Report, key: &str) -> Option<(u64, Span)> {
        let value = self.value(key)?;
        let Some(number) = value.get_ref().as_integer() else {
            let help = format!("write {key} = 1, without quotes");
            wrong_type(report, &quoted(key), value, "a whole number", &help);
            return None;
        };
        if number.as_str().starts_with('-') {
            let message = format!("{} is below zero", quoted(key));
            report
                .add(Finding::error("bad-number", &value.span(), message).help("write 1 or more"));
            return None;
        }
        let digits = number.as_str().trim_start_matches('+');
        Some((u64::from_str_radix(digits, number.radix()).unwrap_or(u64::MAX), value.span()))
    }

    /// A list of strings, at most `most` of them.
    pub fn list(&self, report: &mut Report, key: &str, most: usize) -> Option<List<'a>> {
        list(report, &quoted(key), self.value(key)?, most)
    }

    /// One of several words.
    pub fn choice<T: Copy>(
        &self,
        report: &mut Report,
        key: &str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let text = self.text(report, key)?;
        choose(report, key, &text, words)
    }

    /// A point in time with its zone, in whole seconds from the year 2000 on.
    pub fn time(&self, report: &mut Report, key: &str) -> Option<(Timestamp, Span)> {
        let value = self.value(key)?;
        let Some(datetime) = value.get_ref().as_datetime() else {
            let help = format!("write {key} = 2027-01-31T00:00:00Z, without quotes");
            wrong_type(report, &quoted(key), value, "a point in time", &help);
            return None;
        };
        match timestamp(datetime) {
            Ok(time) => Some((time, value.span())),
            Err(why) => {
                let message = format!("{} {why}", quoted(key));
                let finding = Finding::error("bad-time", &value.span(), message);
                report.add(finding.help(format!("write {key} = 2027-01-31T00:00:00Z")));
                None
            }
        }
    }
}

/// What people write for another key, where the other is known.
const OTHER_WORDS: [(&str, &str); 14] = [
    ("person", "people"),
    ("persons", "people"),
    ("user", "people"),
    ("users", "people"),
    ("member", "people"),
    ("members", "people"),
    ("team", "groups"),
    ("teams", "groups"),
    ("branch", "refs"),
    ("branches", "refs"),
    ("approvers", "from"),
    ("approvals", "sign_offs"),
    ("repositories", "repos"),
    ("repository", "repos"),
];

/// Reports the key, and returns the known one that it is a slip for.
fn unknown_key(
    report: &mut Report,
    key: &Spanned<Cow<'_, str>>,
    known: &[&'static str],
) -> Option<&'static str> {
    let other = OTHER_WORDS.iter().find(|(word, _)| *word == key.get_ref().to_lowercase());
    let near = match other.and_then(|(_, right)| known.iter().find(|k| *k == right)) {
        Some(known) => Some(*known),
        None => report.suggest(key.get_ref(), known.iter().copied()),
    };
    let help = match near {
        Some(near) => format!("did you mean {}?", quoted_whole(near)),
        None => format!("known here: {}", known.join(", ")),
    };
    let message = format!("unknown key {}", quoted(key.get_ref()));
    report.add(Finding::error("unknown-key", &key.span(), message).help(help));
    near
}

/// A list of strings in the file.
#[derive(Debug, Clone)]
pub struct List<'a> {
    /// Those that are strings.
    pub items: Vec<Text<'a>>,
    /// The whole list.
    pub span: Span,
    /// Whether something in it was no string, or past the limit.
    pub is_short: bool,
}

/// A string, if it is one.
#[must_use]
pub fn text<'a>(value: &'a Value<'a>) -> Option<Text<'a>> {
    value.get_ref().as_str().map(|text| Text { text, span: value.span() })
}

/// The list of strings that a value is, at most `most` of them.
pub fn list<'a>(
    report: &mut Report,
    what: &str,
    value: &'a Value<'a>,
    most: usize,
) -> Option<List<'a>> {
    let Some(array) = value.get_ref().as_array() else {
        let help = match value.get_ref().as_str() {
            Some(one) => format!("put it in brackets: [{}]", quoted_whole(one)),
            None => "write [\"...\", \"...\"]".to_owned(),
        };
        wrong_type(report, what, value, "a list of strings", &help);
        return None;
    };
    let mut list = List { items: Vec::new(), span: value.span(), is_short: false };
    for item in array.iter().take(most) {
        match text(item) {
            Some(text) => list.items.push(text),
            None => {
                list.is_short = true;
                wrong_type(report, "each item", item, "a string", "write it in double quotes");
            }
        }
    }
    if array.len() > most {
        list.is_short = true;
        let message = format!("{what} has {} items, more than {most}", array.len());
        report.add(Finding::error("too-many", &value.span(), message).help("split it up"));
    }
    Some(list)
}

/// One of several words, or an error that names them.
pub fn choose<T: Copy>(
    report: &mut Report,
    key: &str,
    text: &Text<'_>,
    words: &[(&'static str, T)],
) -> Option<T> {
    let found = words.iter().find(|(word, _)| *word == text.text).map(|(_, value)| *value);
    if found.is_none() {
        let all = alternatives(words.iter().map(|(word, _)| *word));
        let help = match report.suggest(text.text, words.iter().map(|(word, _)| *word)) {
            Some(near) => format!("did you mean {}? It is {all}", quoted_whole(near)),
            None => format!("write {all}"),
        };
        let message = format!("{} can't be {}", quoted(key), quoted(text.text));
        report.add(Finding::error("unknown-value", &text.span, message).help(help));
    }
    found
}

/// Reports a value of another type. `what` is ready to be shown.
pub fn wrong_type(report: &mut Report, what: &str, value: &Value<'_>, wanted: &str, help: &str) {
    let found = match value.get_ref() {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a point in time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    let message = format!("{what} is to be {wanted}, not {found}");
    report.add(Finding::error("wrong-type", &value.span(), message).help(help));
}

/// Earliest time taken: `ssh-keygen` reads the time 0 as "no limit".
const EARLIEST_YEAR: u16 = 2000;

fn timestamp(datetime: &Datetime) -> Result<Timestamp, &'static str> {
    let (Some(date), Some(time)) = (datetime.date, datetime.time) else {
        return Err("has no date or no time");
    };
    let Some(offset) = datetime.offset else { return Err("has no time zone") };
    if date.year < EARLIEST_YEAR {
        return Err("is before the year 2000");
    }
    if time.nanosecond.unwrap_or(0) != 0 {
        return Err("has parts of a second");
    }
    let (hour, minute, second) = (time.hour, time.minute, time.second.unwrap_or(0));
    format!("{date}T{hour:02}:{minute:02}:{second:02}{offset}")
        .parse()
        .map_err(|_| "is no point in time")
}
