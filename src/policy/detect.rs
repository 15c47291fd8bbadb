//! `[detect]`: what the detector is told.

use std::collections::BTreeMap;

use regex::RegexBuilder;

use super::catalogue::Catalogue;
use super::{check_name, check_text, memory};
use crate::diagnostics::read::{Fields, Span, Text, Value};
use crate::diagnostics::{Finding, Report, quoted, quoted_whole, tables};
use crate::domain::evidence::Strength;
use crate::domain::limits::{MARKER_COMPILED_BYTES, MARKER_PATTERN_BYTES};
use crate::domain::policy::{CatalogueFile, CustomMarker, CustomPattern, Detect};

const KEYS: [&str; 8] = [
    "declare",
    "memory",
    "memory_lines",
    "memory_share",
    "generated",
    "catalogue",
    "disable",
    "marker",
];

const MARKER_KEYS: [&str; 8] =
    ["name", "tool", "trailer", "value", "author_email", "line", "identity", "strength"];

/// The keys of which a marker has exactly one.
const PATTERNS: [&str; 4] = ["trailer", "author_email", "identity", "line"];

const STRENGTHS: [(&str, Strength); 5] = [
    ("authorship", Strength::Authorship),
    ("assistance", Strength::Assistance),
    ("declaration", Strength::Declaration),
    ("review-only", Strength::ReviewOnly),
    ("hint", Strength::Hint),
];

/// Markers of a policy, or names it disables.
const MAX_MARKERS: usize = 500;

/// Reads `[detect]`.
pub(super) fn read<'a>(
    report: &mut Report,
    root: &Fields<'a>,
    built_in: &[String],
    catalogue: &Catalogue,
) -> Detect {
    let mut all = Detect { memory: true, generated: memory::generated(), ..Detect::default() };
    let Some(fields) = Fields::of_all(report, "\"detect\"", root.values("detect"), &KEYS) else {
        return all;
    };
    let words = [("optional", false), ("required", true)];
    all.declaration_required = fields.choice(report, "declare", &words).unwrap_or(false);
    memory::read(report, &fields, &mut all);
    all.catalogue = catalogue_file(report, &fields, catalogue);
    let known_markers = match (&all.catalogue, catalogue) {
        (Some(_), Catalogue::Read(_, names)) => names,
        _ => built_in,
    };
    // Names of a file that is not at hand can't be checked.
    let is_checked = all.catalogue.as_ref().is_none_or(|file| file.text.is_some());
    let mut names = BTreeMap::new();
    let help = "begin each with [[detect.marker]], in two brackets";
    for value in tables::tables(report, &fields, "marker", help, MAX_MARKERS) {
        all.markers.extend(marker(report, value, known_markers, &mut names));
    }
    let disable = fields.list(report, "disable", MAX_MARKERS);
    for name in disable.iter().flat_map(|list| &list.items) {
        if is_checked {
            check_disabled(report, name, known_markers, &names);
        }
        all.disable.push(name.text.to_owned());
    }
    all
}

fn catalogue_file(
    report: &mut Report,
    fields: &Fields<'_>,
    catalogue: &Catalogue,
) -> Option<CatalogueFile> {
    let path = fields.text(report, "catalogue")?;
    if !check_text(report, "path", &path, 4_096) {
        return None;
    }
    if let Catalogue::Unreadable(why) = catalogue {
        let message = format!("the catalogue {} can't be read: {why}", quoted(path.text));
        let finding = Finding::error("catalogue-unreadable", &path.span, message);
        report.add(finding.help("give a full path, or one from the policy's folder"));
    }
    let text = match catalogue {
        Catalogue::Read(text, _) => Some(text.clone()),
        Catalogue::Elsewhere | Catalogue::Unreadable(_) => None,
    };
    Some(CatalogueFile { path: path.text.to_owned(), text })
}

fn check_disabled(
    report: &mut Report,
    name: &Text<'_>,
    known: &[String],
    own: &BTreeMap<String, Span>,
) {
    if known.iter().any(|k| k == name.text) {
        return;
    }
    let message = format!("there is no built-in marker {}", quoted(name.text));
    let finding = Finding::error("unknown-marker", &name.span, message);
    let finding = match own.get(name.text) {
        Some(at) => {
            finding.related(at, "it is the policy's own").help("take the marker itself out")
        }
        None => match report.suggest(name.text, known.iter().map(String::as_str)) {
            Some(near) => finding.help(format!("did you mean {}?", quoted_whole(near))),
            None => finding.help("countersign markers lists them"),
        },
    };
    report.add(finding);
}

fn marker<'a>(
    report: &mut Report,
    value: &'a Value<'a>,
    known: &[String],
    names: &mut BTreeMap<String, Span>,
) -> Option<CustomMarker> {
    let fields = Fields::of(report, "a marker", value, &MARKER_KEYS)?;
    fields.require(report, "name", "this marker", "write name = \"acme-agent\"");
    let name = fields.text(report, "name");
    if let Some(name) = &name {
        check_name(report, "marker", name);
        check_marker_is_new(report, name, known, names);
    }
    let tool = fields.text(report, "tool").filter(|tool| check_text(report, "tool", tool, 100));
    let strength = fields.choice(report, "strength", &STRENGTHS).unwrap_or(Strength::Assistance);
    let pattern = pattern(report, &fields);
    Some(CustomMarker {
        name: name?.text.to_owned(),
        tool: tool.map(|t| t.text.to_owned()),
        pattern: pattern?,
        strength,
    })
}

fn check_marker_is_new(
    report: &mut Report,
    name: &Text<'_>,
    known: &[String],
    names: &mut BTreeMap<String, Span>,
) {
    if known.iter().any(|k| k == name.text) {
        let message = format!("{} is the name of a built-in marker", quoted(name.text));
        let finding = Finding::error("marker-name-taken", &name.span, message);
        report.add(finding.help("take another name; to replace the built-in one, disable it too"));
    }
    if let Some(first) = names.get(name.text) {
        let message = format!("a marker {} is there already", quoted(name.text));
        let finding = Finding::error("repeated-marker", &name.span, message);
        report.add(finding.related(first, "first here").help("take another name"));
    } else {
        names.insert(name.text.to_owned(), name.span.clone());
    }
}

fn pattern(report: &mut Report, fields: &Fields<'_>) -> Option<CustomPattern> {
    let present: Vec<&str> =
        PATTERNS.into_iter().filter(|key| fields.value(key).is_some()).collect();
    let help = "write one of trailer, author_email, identity and line; two markers may tell the \
                same tool";
    if fields.value("value").is_some() && !present.contains(&"trailer") {
        let message = "\"value\" belongs to a \"trailer\"";
        let finding = Finding::error("marker-pattern", &fields.key_span("value"), message);
        report.add(finding.help("add trailer = \"...\", or take value out"));
    }
    match present.as_slice() {
        ["trailer"] => trailer(report, fields),
        ["author_email"] => address(report, fields, "author_email").map(CustomPattern::AuthorEmail),
        ["identity"] => address(report, fields, "identity").map(CustomPattern::Identity),
        ["line"] => line(report, fields),
        [] => {
            let message = "this marker looks at nothing";
            let finding = Finding::error("marker-pattern", &fields.span, message);
            report.add(finding.help(help).if_all_was_read());
            None
        }
        [.., last] => {
            let message = format!("this marker looks at {} things", present.len());
            let finding = Finding::error("marker-pattern", &fields.key_span(last), message);
            report.add(finding.help(help));
            None
        }
    }
}

fn trailer(report: &mut Report, fields: &Fields<'_>) -> Option<CustomPattern> {
    let key = fields.text(report, "trailer");
    let value = match fields.text(report, "value") {
        Some(value) => Some(checked_regex(report, &value)?),
        None => None,
    };
    let key = key?;
    let is_key = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if key.text.is_empty() || key.text.len() > 100 || !key.text.chars().all(is_key) {
        let message = format!("{} is no trailer's key", quoted(key.text));
        let finding = Finding::error("bad-trailer", &key.span, message);
        report.add(finding.help("write what stands before the colon: letters, digits and \"-\""));
        return None;
    }
    Some(CustomPattern::Trailer {
        key: key.text.to_owned(),
        value: value.map(|v| v.as_str().to_owned()),
    })
}

fn address(report: &mut Report, fields: &Fields<'_>, key: &str) -> Option<String> {
    let text = fields.text(report, key)?;
    if super::people::is_address(text.text) && text.text.len() <= MARKER_PATTERN_BYTES {
        return Some(text.text.to_lowercase());
    }
    let message = format!("{} is no e-mail address", quoted(text.text));
    let help = "write the whole address; it is compared in any case. For a part of it, use line";
    report.add(Finding::error("bad-email", &text.span, message).help(help));
    None
}

fn line(report: &mut Report, fields: &Fields<'_>) -> Option<CustomPattern> {
    let text = fields.text(report, "line")?;
    let regex = checked_regex(report, &text)?;
    if regex.is_match("") {
        let message = "this expression matches every line, so every commit";
        let finding = Finding::error("matches-everything", &text.span, message);
        report.add(finding.help("write what only the tool's line has"));
        return None;
    }
    Some(CustomPattern::Line(regex.as_str().to_owned()))
}

/// A regular expression that compiles within its limits.
fn checked_regex(report: &mut Report, text: &Text<'_>) -> Option<regex::Regex> {
    let refused = if text.text.is_empty() {
        "it is empty".to_owned()
    } else if text.text.len() > MARKER_PATTERN_BYTES {
        format!("it is longer than {MARKER_PATTERN_BYTES} bytes")
    } else {
        match RegexBuilder::new(text.text).size_limit(MARKER_COMPILED_BYTES).build() {
            Ok(regex) => return Some(regex),
            Err(regex::Error::CompiledTooBig(_)) => "it becomes too large".to_owned(),
            Err(e) => reason(&e),
        }
    };
    let message = format!("this is no regular expression: {refused}");
    let help = "a backslash is written twice in \"...\" and once in '...'";
    report.add(Finding::error("bad-regex", &text.span, message).help(help));
    None
}

/// The last line of the library's several: the reason, after "error: ".
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    quoted(last.trim_start_matches("error: ")).trim_matches('"').to_owned()
}
