//! Notes that tools keep about commits: what each of them says of AI use.
//!
//! Presence alone proves nothing: a note may say that a person wrote every line.

use serde_json::Value;

use crate::domain::evidence::{Evidence, MarkerKind, Place, Strength};
use crate::domain::ids::RefName;

/// Bytes of a note that are read.
pub const NOTE_BYTES: usize = 1 << 20;

/// Refs that hold notes about AI use, and what a note without any words about it is worth.
/// `git-ai` and its relatives, Agent Trace, Qwen Code and others.
const REFS: [(&str, &str); 10] = [
    ("refs/notes/ai", "git-ai"),
    ("refs/notes/ai-attribution", "ai-attribution"),
    ("refs/notes/ai-context", "ai-context"),
    ("refs/notes/agent-trace", "agent-trace"),
    ("refs/notes/sce-agent-trace", "agent-trace"),
    ("refs/notes/aigon-attribution", "aigon"),
    ("refs/notes/whogitit", "whogitit"),
    ("refs/notes/aict", "aict"),
    ("refs/notes/corvint", "corvint"),
    ("refs/notes/claude", "claude"),
];

/// The marker's name of a ref that holds notes about AI use; `None` for any other ref.
#[must_use]
pub fn marker_of(name: &RefName) -> Option<&'static str> {
    let bytes = name.as_bytes();
    let known = REFS.iter().find(|(known, _)| known.as_bytes() == bytes);
    let is_agents = || bytes.starts_with(b"refs/notes/agent");
    known.map(|(_, marker)| *marker).or_else(|| is_agents().then_some("agent-notes"))
}

/// What a note says.
enum Said {
    /// A tool made some of it; its name, where there is one.
    Ai(Option<String>),
    /// Nothing of AI, or that people made all of it.
    Nothing,
}

/// The evidence in one note; none where it tells of people alone.
#[must_use]
pub fn evidence(name: &RefName, marker: &str, note: &[u8]) -> Option<Evidence> {
    let note = String::from_utf8_lossy(note.get(..NOTE_BYTES).unwrap_or(note));
    let Said::Ai(tool) = said(&note) else { return None };
    let shown = tool.clone().unwrap_or_else(|| "an AI tool".to_owned());
    let text = format!("{name}: {shown}");
    Some(Evidence {
        marker: format!("notes-{marker}"),
        tool,
        kind: MarkerKind::Note,
        strength: Strength::Assistance,
        place: Place::Note,
        quotation: false,
        text: crate::domain::escape::escape_short(text.as_bytes(), 200),
    })
}

/// An authorship log (lines of attestation, `---`, JSON), or JSON alone.
fn said(note: &str) -> Said {
    let (lines, json) = match note.split_once("\n---\n") {
        Some((lines, json)) => (lines, json),
        None if note.trim_start().starts_with(['{', '[']) => ("", note),
        None => (note, ""),
    };
    let value: Option<Value> = serde_json::from_str(json.trim()).ok();
    let tool = value.as_ref().and_then(tool_of);
    if lines.lines().any(is_attested) || value.as_ref().is_some_and(|v| tells_ai(v, 0)) {
        return Said::Ai(tool);
    }
    Said::Nothing
}

/// `  <key> <ranges>` below a path: sixteen hex digits, or a session and a turn, are an
/// AI's; `h_` is a person's.
fn is_attested(line: &str) -> bool {
    let Some(entry) = line.strip_prefix("  ") else { return false };
    let Some((key, ranges)) = entry.split_once(' ') else { return false };
    let is_hex = |s: &str, n: usize| s.len() == n && s.bytes().all(|c| c.is_ascii_hexdigit());
    let is_session = key.split_once("::").is_some_and(|(session, turn)| {
        let of =
            |part: &str, prefix| part.strip_prefix(prefix).is_some_and(|rest| is_hex(rest, 14));
        of(session, "s_") && of(turn, "t_")
    });
    let is_range = |c: u8| c.is_ascii_digit() || matches!(c, b'-' | b',' | b' ');
    (is_hex(key, 16) || is_session) && !ranges.is_empty() && ranges.bytes().all(is_range)
}

/// How deep a note's JSON is looked into.
const LEVELS: usize = 16;

/// Whether JSON tells of a share above zero, of an AI contributor, or of an AI author.
fn tells_ai(value: &Value, level: usize) -> bool {
    if level > LEVELS {
        return false;
    }
    match value {
        Value::Array(all) => all.iter().any(|v| tells_ai(v, level + 1)),
        Value::Object(fields) => fields.iter().any(|(key, v)| {
            let key = key.to_lowercase().replace(['_', '-'], "");
            let share =
                matches!(key.as_str(), "aipercent" | "aipercentage" | "ailines" | "aiadditions")
                    && v.as_f64().is_some_and(|n| n > 0.0);
            let who = matches!(
                key.as_str(),
                "type" | "contributortype" | "author" | "authortype" | "source" | "kind"
            ) && v.as_str().is_some_and(|s| {
                matches!(
                    s.to_lowercase().as_str(),
                    "ai" | "mixed" | "agent" | "aigenerated" | "ai_generated" | "ai_modified"
                )
            });
            let flag = matches!(key.as_str(), "aiassisted" | "aigenerated" | "isai")
                && *v == Value::Bool(true);
            share || who || flag || tells_ai(v, level + 1)
        }),
        _ => false,
    }
}

/// The tool that JSON names first: an agent's `tool`, else a model.
fn tool_of(value: &Value) -> Option<String> {
    fn find(value: &Value, wanted: &str, level: usize) -> Option<String> {
        if level > LEVELS {
            return None;
        }
        match value {
            Value::Array(all) => all.iter().find_map(|v| find(v, wanted, level + 1)),
            Value::Object(fields) => {
                let here = fields.get(wanted).and_then(Value::as_str);
                let here = here.filter(|s| !s.is_empty()).map(|s| s.chars().take(60).collect());
                here.or_else(|| fields.values().find_map(|v| find(v, wanted, level + 1)))
            }
            _ => None,
        }
    }
    ["tool", "agent", "model", "model_id"].iter().find_map(|wanted| find(value, wanted, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tells(note: &str) -> Option<String> {
        let name = RefName::new("refs/notes/ai");
        evidence(&name, "git-ai", note.as_bytes()).map(|e| e.text)
    }

    #[test]
    fn an_authorship_log_tells_who_wrote_which_lines() {
        let log = |key: &str| {
            format!(
                "src/a.rs\n  {key} 1-7,9\n---\n{{\"schema_version\":\"authorship/3.0.0\",\"prompts\":\
                 {{\"{key}\":{{\"agent_id\":{{\"tool\":\"cursor\",\"id\":\"x\",\"model\":\"m\"}}}}}}}}"
            )
        };
        for key in ["0123456789abcdef", "s_0123456789abcd::t_0123456789abcd"] {
            assert_eq!(tells(&log(key)).as_deref(), Some("refs/notes/ai: cursor"), "{key}");
        }
        for key in ["h_0123456789abcd", "0123456789abcde", "s_x::t_y"] {
            assert_eq!(tells(&log(key)), None, "{key}");
        }
        assert_eq!(tells("src/a.rs\n---\n{\"prompts\":{}}"), None);
    }

    #[test]
    fn json_tells_a_share_or_a_contributor() {
        for yes in [
            r#"{"summary":{"aiPercent":12.5}}"#,
            r#"{"files":[{"contributors":[{"type":"ai"}]}]}"#,
            r#"{"files":[{"contributor":{"type":"mixed"}}],"model":"claude"}"#,
            r#"{"ai_assisted":true}"#,
        ] {
            assert!(tells(yes).is_some(), "{yes}");
        }
        for no in [
            r#"{"summary":{"aiPercent":0}}"#,
            r#"{"files":[{"contributors":[{"type":"human"}]}]}"#,
            r#"{"ai_assisted":false}"#,
            "",
            "Reviewed on the train",
            "{\"type\":\"ai\"",
            "the ai said so",
        ] {
            assert!(tells(no).is_none(), "{no}");
        }
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(tells(&deep), None);
    }

    #[test]
    fn refs_are_known_by_their_names() {
        let is_known = |name: &str| marker_of(&RefName::new(name)).is_some();
        assert!(is_known("refs/notes/ai") && is_known("refs/notes/agents/x"));
        assert!(!is_known("refs/notes/commits") && !is_known("refs/heads/ai"));
    }
}
