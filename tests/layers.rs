//! The house's lines: who may name what. Read from the sources, without their comments,
//! strings, test modules and files of tests.

use std::fs;
use std::path::{Path, PathBuf};

/// A source file below `src/`, as the compiler would see its names.
struct Source {
    /// Such as `git/read.rs`.
    path: String,
    /// Code alone.
    code: String,
    /// Lines of the file, tests included.
    lines: usize,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let tests: Vec<String> = files.iter().flat_map(|f| test_modules(&root, f)).collect();
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).expect("a source file");
        let path = file.strip_prefix(&root).expect("below src").to_string_lossy().into_owned();
        Source { path, lines: text.lines().count(), code: without_tests(&blank(&text)) }
    };
    let of_tests = |s: &Source| {
        s.path.ends_with("_tests.rs") || tests.iter().any(|t| s.path.starts_with(t.as_str()))
    };
    let sources: Vec<Source> = files.into_iter().map(read).filter(|s| !of_tests(s)).collect();
    assert!(sources.len() > 10, "the sources are not where they were");
    sources
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|x| x == "rs") {
            files.push(path);
        }
    }
}

/// `name.rs` and `name/` of every `#[cfg(test)] mod name;` of a file.
fn test_modules(root: &Path, file: &Path) -> Vec<String> {
    let code = blank(&fs::read_to_string(file).expect("a source file"));
    let mut home = file.strip_prefix(root).expect("below src").with_extension("");
    if ["mod", "lib", "main"].iter().any(|own| home.ends_with(own)) {
        home.pop();
    }
    let modules = code.split("#[cfg(test)]").skip(1).filter_map(|after| {
        let words: Vec<&str> = after.split_whitespace().take(3).collect();
        let at = words.iter().position(|w| *w == "mod")?;
        words.get(at + 1)?.strip_suffix(';')
    });
    let paths = modules.flat_map(|name| {
        let path = home.join(name).to_string_lossy().into_owned();
        [format!("{path}.rs"), format!("{path}/")]
    });
    paths.collect()
}

/// Blanks out comments and the contents of string and character literals, keeping lines.
fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    let keep_line = |out: &mut String, c: char| out.push(if c == '\n' { '\n' } else { ' ' });
    while i < chars.len() {
        let rest = &chars[i..];
        let end = if rest.starts_with(&['/', '/']) {
            i + rest.iter().position(|c| *c == '\n').unwrap_or(rest.len())
        } else if rest.starts_with(&['/', '*']) {
            let close = rest.windows(2).position(|w| w == ['*', '/']);
            i + close.map_or(rest.len(), |at| at + 2)
        } else if let Some(length) = raw_string(rest) {
            i + length
        } else if rest[0] == '"' {
            i + quoted(rest, '"')
        } else if rest[0] == '\'' && is_char_literal(rest) {
            i + quoted(rest, '\'')
        } else {
            out.push(chars[i]);
            i += 1;
            continue;
        };
        chars[i..end].iter().for_each(|c| keep_line(&mut out, *c));
        i = end;
    }
    out
}

/// The length of `r"…"` or `r#"…"#` at the start.
fn raw_string(rest: &[char]) -> Option<usize> {
    let hashes = rest.strip_prefix(&['r'])?.iter().take_while(|c| **c == '#').count();
    if rest.get(hashes + 1) != Some(&'"') {
        return None;
    }
    let mut close = vec!['"'];
    close.extend(std::iter::repeat_n('#', hashes));
    let from = hashes + 2;
    let at = rest.get(from..)?.windows(close.len()).position(|w| w == close)?;
    Some(from + at + close.len())
}

fn quoted(rest: &[char], quote: char) -> usize {
    let mut i = 1;
    while i < rest.len() && rest[i] != quote {
        i += if rest[i] == '\\' { 2 } else { 1 };
    }
    (i + 1).min(rest.len())
}

/// `'a'` and `'\n'`, not the lifetime `'a`.
fn is_char_literal(rest: &[char]) -> bool {
    rest.get(1) == Some(&'\\') || rest.get(2) == Some(&'\'')
}

/// Cuts `#[cfg(test)]` items: what tests name is their own affair.
fn without_tests(code: &str) -> String {
    let mut out = String::new();
    let mut rest = code;
    while let Some((before, after)) = rest.split_once("#[cfg(test)]") {
        out.push_str(before);
        let (mut depth, mut end) = (0_usize, after.len());
        for (at, c) in after.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth <= 1 => {
                    end = at + 1;
                    break;
                }
                '}' => depth -= 1,
                ';' if depth == 0 => {
                    end = at + 1;
                    break;
                }
                _ => {}
            }
        }
        rest = &after[end..];
    }
    out + rest
}

/// Whether code names this as a whole word, or a path such as `std::env`.
fn names(code: &str, word: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back().is_some_and(is_word);
        let after = code[at + word.len()..].chars().next().is_some_and(is_word);
        !before && !after
    })
}

/// `crate::layer`, also in `use crate::{layer, ...}` and `super::layer` of the top.
fn names_layer(code: &str, layer: &str) -> bool {
    let groups = code.match_indices("crate::{").any(|(at, open)| {
        let mut depth = 1_usize;
        let mut level = String::new();
        for c in code[at + open.len()..].chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 1 => break,
                '}' => depth -= 1,
                c if depth == 1 => level.push(c),
                _ => {}
            }
        }
        level.split(',').any(|item| item.trim().split("::").next() == Some(layer))
    });
    groups || names(code, &format!("crate::{layer}"))
}

/// Fails with every breach of a line.
#[track_caller]
fn hold(breaches: Vec<String>) {
    assert!(breaches.is_empty(), "lines crossed:\n  {}", breaches.join("\n  "));
}

/// What only these files, or files below these folders, may name.
const ONLY: &[(&str, &[&str])] = &[
    ("git2", &["git/"]),
    ("sqlx", &["store/"]),
    ("clap", &["cli/"]),
    ("println", &["cli/"]),
    ("print", &["cli/"]),
    ("eprintln", &["cli/"]),
    ("eprint", &["cli/"]),
    ("std::io::stdout", &["cli/"]),
    ("io::stdout", &["cli/"]),
    ("std::process::exit", &["cli/", "main.rs"]),
    ("process::exit", &["cli/", "main.rs"]),
    ("ExitCode", &["cli/", "main.rs"]),
    ("axum", &["server/"]),
    ("hyper", &["server/"]),
    ("tokio_rustls", &["server/"]),
    ("sha2", &["domain/digest.rs"]),
    ("ssh_key", &["signature/", "policy/"]),
    ("ring", &["signature/", "server/tls.rs", "store/http.rs"]),
    ("reqwest", &["store/http.rs"]),
    ("annotate_snippets", &["diagnostics/"]),
    ("toml", &["diagnostics/", "policy/", "settings/", "detect/"]),
    ("Timestamp::now", &["clock.rs", "cli/", "hook/", "main.rs"]),
    ("SystemTime", &["server/tls.rs"]),
    ("std::env", &["git/child.rs", "git/environment.rs", "settings/", "hook/", "cli/", "main.rs"]),
    ("tempfile", &["cli/", "git/", "signature/", "store/"]),
    ("unsafe", &[]),
];

#[test]
fn only_one_layer_names_each_dependency() {
    let mut breaches = Vec::new();
    for source in sources() {
        for (word, homes) in ONLY {
            let at_home = homes.iter().any(|h| source.path.starts_with(h));
            if !at_home && names(&source.code, word) {
                breaches.push(format!("src/{} names {word}; only {homes:?} may", source.path));
            }
        }
    }
    hold(breaches);
}

const LAYERS: &[&str] = &[
    "detect",
    "diagnostics",
    "policy",
    "signature",
    "git",
    "store",
    "settings",
    "hook",
    "server",
    "cli",
];

/// Whom a layer may name besides itself.
const BELOW: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("detect", &[]),
    ("diagnostics", &[]),
    ("policy", &["diagnostics", "detect"]),
    ("signature", &[]),
    ("git", &[]),
    ("store", &[]),
    ("settings", &["diagnostics"]),
    ("hook", &["detect", "diagnostics", "policy", "signature", "git", "store", "settings"]),
    ("server", &["detect", "git", "policy", "signature", "store"]),
    (
        "cli",
        &[
            "detect",
            "diagnostics",
            "policy",
            "signature",
            "git",
            "store",
            "settings",
            "hook",
            "server",
        ],
    ),
];

#[test]
fn arrows_point_down() {
    let sources = sources();
    let mut breaches = Vec::new();
    for (layer, below) in BELOW {
        let home = |s: &&Source| {
            s.path.starts_with(&format!("{layer}/")) || s.path == format!("{layer}.rs")
        };
        assert!(sources.iter().any(|s| home(&s)), "no layer {layer}");
        for source in sources.iter().filter(home) {
            for other in LAYERS.iter().filter(|o| *o != layer && !below.contains(o)) {
                if names_layer(&source.code, other) {
                    breaches.push(format!("src/{} names crate::{other}", source.path));
                }
            }
        }
    }
    hold(breaches);
}

#[test]
fn ground_floor_is_pure() {
    let forbidden =
        ["std::fs", "std::net", "std::process", "std::env", "tokio", "std::thread", "getrandom"];
    let mut breaches = Vec::new();
    for source in sources().iter().filter(|s| s.path.starts_with("domain/")) {
        for word in forbidden {
            if names(&source.code, word) {
                breaches.push(format!("src/{} names {word}", source.path));
            }
        }
    }
    hold(breaches);
}

#[test]
fn main_is_short_and_the_accepting_exit_stands_in_one_place() {
    let sources = sources();
    let main = sources.iter().find(|s| s.path == "main.rs").expect("main.rs");
    assert!(main.lines < 40, "main.rs has {} lines", main.lines);
}

/// A file past 400 lines is to be split; its tests do not count.
#[test]
fn files_stay_readable() {
    let breaches = sources()
        .iter()
        .filter(|s| s.code.lines().count() > 400)
        .map(|s| format!("src/{} has {} lines of code", s.path, s.code.lines().count()))
        .collect();
    hold(breaches);
}

/// Every module says what it owns.
#[test]
fn every_file_begins_by_saying_what_it_owns() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let silent =
        |path: &String| !fs::read_to_string(root.join(path)).expect("a file").starts_with("//!");
    hold(sources().into_iter().map(|s| s.path).filter(silent).collect());
}

/// The reader itself: what it must see and what it must not.
#[test]
fn reader_sees_names_and_passes_over_the_rest() {
    let code = |text: &str| without_tests(&blank(text));
    assert!(names(&code("use git2::Repository;"), "git2"));
    assert!(names(&code("fn f<'a>(x: &'a str) { git2::x() }"), "git2"));
    assert!(names(&code("let c = '\"'; git2::x()"), "git2"));
    assert!(!names(&code("// git2\n/* git2 */ let a = \"git2\"; let b = r#\"git2\"#;"), "git2"));
    assert!(!names(&code("let git2x = 1; let xgit2 = 2;"), "git2"));
    assert!(!names(&code("#[cfg(test)]\nmod tests { use git2::X; fn f() {} }\n"), "git2"));
    assert!(names(&code("#[cfg(test)]\nmod tests;\nuse git2::X;"), "git2"));
    assert!(names_layer("use crate::{domain::ids, store};", "store"));
    assert!(names_layer("crate::store::open()", "store"));
    assert!(!names_layer("use crate::{domain::{store, ids}};", "store"));
    assert!(!names_layer("use crate::storehouse;", "store"));
}
