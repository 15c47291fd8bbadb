//! Just enough Markdown: fenced blocks, tables, code spans, headings, links.

/// A fenced block.
#[derive(Debug)]
pub(super) struct Block {
    /// The comment `<!-- ... -->` on the line before; empty if there is none.
    pub(super) label: String,
    /// `sh`, `toml`, ...
    pub(super) language: String,
    /// Its lines.
    pub(super) text: String,
}

/// All fenced blocks.
pub(super) fn blocks(document: &str) -> Vec<Block> {
    let mut all = Vec::new();
    let mut label = String::new();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.trim_start().strip_prefix("```") else {
            label = comment(line).unwrap_or_default();
            continue;
        };
        let indent = line.len() - line.trim_start().len();
        let inside = lines.by_ref().take_while(|l| l.trim_start() != "```");
        let text = inside.map(|l| format!("{}\n", l.get(indent..).unwrap_or(""))).collect();
        let label = std::mem::take(&mut label);
        all.push(Block { label, language: language.to_owned(), text });
    }
    all
}

fn comment(line: &str) -> Option<String> {
    let inside = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    Some(inside.to_owned())
}

/// The document without its fenced blocks.
pub(super) fn prose(document: &str) -> String {
    let mut inside = false;
    let mut out = String::new();
    for line in document.lines() {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        if !inside && !fence {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// Code spans of the prose.
pub(super) fn spans(document: &str) -> Vec<String> {
    prose(document).split('`').skip(1).step_by(2).map(|s| s.replace('\n', " ")).collect()
}

/// The rows of the table below this comment, or below this line, cells trimmed, without its
/// head.
#[track_caller]
pub(super) fn table(document: &str, above: &str) -> Vec<Vec<String>> {
    let lines = document.lines().skip_while(|line| *line != above).skip(1);
    let rows: Vec<Vec<String>> = lines
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| line.trim_matches('|').split(" | ").map(|c| c.trim().to_owned()).collect())
        .collect();
    assert!(!rows.is_empty(), "no table below {above:?}");
    rows
}

/// What a cell says in code: the text between its first two backticks.
pub(super) fn code(cell: &str) -> Option<&str> {
    cell.split('`').nth(1)
}

/// `[text](target)`.
pub(super) fn links(document: &str) -> Vec<String> {
    let text = prose(document);
    let ends = text.match_indices("](").map(|(at, open)| &text[at + open.len()..]);
    ends.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned()).collect()
}

/// Anchors of the headings, as forges make them.
pub(super) fn anchors(document: &str) -> Vec<String> {
    let prose = prose(document);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let text = line.trim_start_matches('#').trim().to_lowercase();
            let kept = text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.collect::<String>().replace(' ', "-")
        })
        .collect()
}

#[test]
fn reader_reads() {
    let document = "# A Title's end\n<!-- one -->\n```sh\na\n\nb\n```\ntext `x y` and\n\
        [l](t#x)\n\n```text\n`no`\n```\n<!-- t -->\n| k | v |\n| --- | --- |\n| `a` | b |\n";
    let all = blocks(document);
    assert_eq!(all.len(), 2);
    assert_eq!((all[0].label.as_str(), all[0].text.as_str()), ("one", "a\n\nb\n"));
    assert_eq!((all[1].label.as_str(), all[1].language.as_str()), ("", "text"));
    assert_eq!(spans(document)[0], "x y");
    assert_eq!(links(document), ["t#x"]);
    assert_eq!(anchors(document), ["a-titles-end"]);
    assert_eq!(table(document, "<!-- t -->"), [["`a`", "b"]]);
    assert_eq!(code("`a` b"), Some("a"));
}
