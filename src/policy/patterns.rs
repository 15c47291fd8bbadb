//! Patterns of repositories, refs and paths: compiled, and refused where they could never
//! match, since a rule that gates nothing looks like one that does.

use crate::diagnostics::read::{List, Text};
use crate::diagnostics::{Finding, Report, quoted_whole};
use crate::domain::glob::{Glob, Globs};

/// Patterns in one list.
pub(super) const MAX_PATTERNS: usize = 1_000;

/// What a pattern is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Repositories,
    Refs,
    Paths,
}

/// The patterns of a list that are usable; the others are in the report.
pub(super) fn globs(report: &mut Report, kind: Kind, key: &str, list: &List<'_>) -> Globs {
    if list.items.is_empty() && !list.is_short {
        let message = format!("\"{key}\" is empty: the rule would hold for nothing");
        let help = match kind {
            Kind::Repositories | Kind::Paths => "take it out to mean all of them",
            Kind::Refs if key == "trusts" => "take it out to mean the rule's own refs",
            Kind::Refs => "name the branches: [\"refs/heads/main\"]",
        };
        report.add(Finding::error("empty-list", &list.span, message).help(help));
    }
    let globs = list.items.iter().filter_map(|pattern| glob(report, kind, pattern));
    Globs::from_globs(globs.collect())
}

fn glob(report: &mut Report, kind: Kind, pattern: &Text<'_>) -> Option<Glob> {
    let glob = Glob::new(pattern.text).map_err(|e| {
        let message = format!("this is no pattern: {}", e.reason);
        let help = "\"*\" stops at \"/\", \"**\" does not; [a-z] and {a,b} have to be closed";
        report.add(Finding::error("bad-pattern", &pattern.span, message).help(help));
    });
    let glob = glob.ok()?;
    let never = match kind {
        Kind::Repositories => repository_never(pattern.text),
        Kind::Refs => ref_never(pattern.text),
        Kind::Paths => path_never(pattern.text),
    };
    if let Some(Never { why, instead }) = never {
        let message = format!("this pattern can never match: {why}");
        report.add(Finding::error("never-matches", &pattern.span, message).help(instead));
        return None;
    }
    warn_of_slips(report, pattern);
    Some(glob)
}

/// Characters that begin something else than themselves.
const SPECIAL: [char; 5] = ['*', '?', '[', '{', '\\'];

/// What every match begins with.
fn literal_start(pattern: &str) -> &str {
    pattern.split(SPECIAL).next().unwrap_or_default()
}

struct Never {
    why: &'static str,
    instead: String,
}

fn never(why: &'static str, instead: impl Into<String>) -> Option<Never> {
    Some(Never { why, instead: instead.into() })
}

fn write(pattern: &str) -> String {
    format!("write {}", quoted_whole(pattern))
}

fn ref_never(pattern: &str) -> Option<Never> {
    let start = literal_start(pattern);
    if !start.starts_with("refs/") && !"refs/".starts_with(start) {
        let bare = pattern.trim_start_matches('/');
        let instead = match bare {
            b if b.starts_with("refs/") => b.to_owned(),
            b if b.starts_with("heads/") || b.starts_with("tags/") => format!("refs/{b}"),
            b => format!("refs/heads/{b}"),
        };
        return never("a ref's full name begins with \"refs/\"", write(&instead));
    }
    if !pattern.contains('/') && !pattern.contains("**") && !pattern.contains(['{', '\\']) {
        return never("\"*\" stops at \"/\"", "write \"refs/heads/*\", or \"**\" for every ref");
    }
    if pattern.ends_with('/') {
        return never("no ref's name ends in \"/\"", write(&format!("{pattern}**")));
    }
    if pattern.contains("//") {
        return never("no ref's name has \"//\"", write(&pattern.replace("//", "/")));
    }
    if pattern.contains([' ', '~', ':']) || pattern.contains("..") {
        return never("git allows no space, \"~\", \":\" or \"..\" in a ref's name", "take it out");
    }
    if start.starts_with("refs/countersign/") {
        return never("refs below \"refs/countersign/\" are never gated", "take it out");
    }
    let (area, _) = start.strip_prefix("refs/")?.split_once('/')?;
    let near = |word: &str, most| area != word && strsim::damerau_levenshtein(area, word) <= most;
    for (word, most) in [("heads", 2), ("tags", 1)] {
        if near(word, most) && area != "heads" && area != "tags" {
            let instead = pattern.replacen(area, word, 1);
            return never("git has no refs there", write(&instead));
        }
    }
    None
}

fn repository_never(pattern: &str) -> Option<Never> {
    if let Some(bare) = pattern.strip_prefix('/') {
        return never("a repository's name does not begin with \"/\"", write(bare));
    }
    if let Some(bare) = pattern.strip_suffix(".git").filter(|bare| !bare.is_empty()) {
        return never("a repository's name is without a final \".git\"", write(bare));
    }
    if pattern.ends_with('/') {
        return never("no repository's name ends in \"/\"", write(&format!("{pattern}**")));
    }
    None
}

fn path_never(pattern: &str) -> Option<Never> {
    for start in ["/", "./", "../"] {
        if let Some(bare) = pattern.strip_prefix(start) {
            let bare = bare.trim_start_matches(['/', '.']);
            return never("paths are told from the top of the tree", write(bare));
        }
    }
    if pattern.ends_with('/') {
        return never("a changed path is a file", write(&format!("{pattern}**")));
    }
    if pattern.contains("//") {
        return never("no path has \"//\"", write(&pattern.replace("//", "/")));
    }
    None
}

/// Patterns that can match, and are likely not meant as they are read.
fn warn_of_slips(report: &mut Report, pattern: &Text<'_>) {
    if pattern.text.starts_with('!') {
        let message = "\"!\" takes nothing out: it stands for itself here";
        let finding = Finding::warning("no-negation", &pattern.span, message);
        report.add(finding.help("name what the rule is for instead"));
    }
    let mut chars = pattern.text.chars();
    while let Some(c) = chars.next() {
        if c == '\\' && chars.next().is_some_and(char::is_alphanumeric) {
            let message = "\"\\\" takes a letter for itself, it separates nothing";
            let finding = Finding::warning("odd-escape", &pattern.span, message);
            report.add(finding.help("separate with \"/\""));
            return;
        }
    }
}

/// A few names that a pattern matches; none where the pattern is too clever for that. They
/// serve warnings, never a decision.
pub(super) fn samples(pattern: &str) -> Vec<String> {
    let Ok(glob) = Glob::new(pattern) else { return Vec::new() };
    let names = (0..MAX_ALTERNATIVES).map(|nth| sample(pattern, nth));
    let mut names: Vec<String> = names.filter(|name| glob.matches(name.as_bytes())).collect();
    names.dedup();
    names
}

const MAX_ALTERNATIVES: usize = 4;

/// The pattern with its nth alternatives, and something plain for each wildcard.
fn sample(pattern: &str, nth: usize) -> String {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            '*' => {
                out.push_str("some");
                after.trim_start_matches('*')
            }
            '?' => {
                out.push('x');
                after
            }
            '[' => {
                out.push(after.chars().next().unwrap_or('x'));
                after.get(1..).and_then(|r| r.split_once(']')).map_or("", |(_, r)| r)
            }
            '{' => {
                let (inside, after) = after.split_once('}').unwrap_or((after, ""));
                let words: Vec<&str> = inside.split(',').collect();
                out.push_str(words.get(nth.min(words.len() - 1)).copied().unwrap_or_default());
                after
            }
            '\\' => {
                out.extend(after.chars().next());
                after.get(after.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default()
            }
            c => {
                out.push(c);
                after
            }
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refs_that_can_never_be_are_told_with_what_was_meant() {
        let rows = [
            ("main", "write \"refs/heads/main\""),
            ("heads/main", "write \"refs/heads/main\""),
            ("tags/v*", "write \"refs/tags/v*\""),
            ("/refs/heads/main", "write \"refs/heads/main\""),
            ("release/*", "write \"refs/heads/release/*\""),
            ("refs/head/main", "write \"refs/heads/main\""),
            ("refs/Heads/main", "write \"refs/heads/main\""),
            ("refs/tag/v1", "write \"refs/tags/v1\""),
            ("refs/heads/", "write \"refs/heads/**\""),
            ("refs//heads/main", "write \"refs/heads/main\""),
            ("refs/heads/a b", "take it out"),
            ("refs/countersign/log", "take it out"),
            ("*", "write \"refs/heads/*\", or \"**\" for every ref"),
        ];
        for (pattern, instead) in rows {
            assert_eq!(
                ref_never(pattern).map(|n| n.instead).as_deref(),
                Some(instead),
                "{pattern}"
            );
        }
        let fine = [
            "refs/heads/main",
            "refs/heads/*",
            "**",
            "refs/**",
            "*/heads/main",
            "{refs/heads/main}",
            "refs/{heads,tags}/*",
            "refs/tags/v*",
            "refs/pull/*/head",
            "r*/heads/x",
            "refs/meta/x",
            "refs/h*/main",
        ];
        for pattern in fine {
            assert!(ref_never(pattern).is_none(), "{pattern}");
        }
    }

    #[test]
    fn samples_match_their_pattern() {
        let rows: [(&str, &[&str]); 6] = [
            ("refs/heads/main", &["refs/heads/main"]),
            ("refs/heads/*", &["refs/heads/some"]),
            ("**", &["some"]),
            ("refs/heads/{main,next}", &["refs/heads/main", "refs/heads/next"]),
            ("refs/[a-c]?/\\*", &["refs/ax/*"]),
            ("refs/[!!]", &[]),
        ];
        for (pattern, names) in rows {
            assert_eq!(samples(pattern), names, "{pattern}");
        }
    }
}
