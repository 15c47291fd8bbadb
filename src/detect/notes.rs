//! Notes that tools keep about commits: what each of them says of AI use.
//!
//! Presence alone proves nothing: a note may say that a person wrote every line.

use serde_json::Value;

use super::Detector;
use super::catalogue::MarkerIndex;
use crate::domain::escape::escape_short;
use crate::domain::evidence::{Evidence, MarkerKind, Place};
use crate::domain::ids::RefName;

/// Bytes of a note that are read.
pub const NOTE_BYTES: usize = 1 << 20;

/// What a note says.
enum Said {
    /// A tool made some of it; its name, where there is one.
    Ai(Option<String>),
    /// Nothing of AI, or that people made all of it.
    Nothing,
}

impl Detector {
    /// Whether a ref holds notes about AI use.
    #[must_use]
    pub fn reads_notes(&self, name: &RefName) -> bool {
        self.notes_of(name).is_some()
    }

    /// The evidence in one note; none where it tells of people alone.
    #[must_use]
    pub fn note(&self, name: &RefName, note: &[u8]) -> Option<Evidence> {
        let marker = self.catalogue.markers.get(self.notes_of(name)?)?;
        let note = String::from_utf8_lossy(note.get(..NOTE_BYTES).unwrap_or(note));
        let Said::Ai(tool) = said(&note) else { return None };
        let tool = tool.or_else(|| marker.tool.clone());
        let shown = tool.clone().unwrap_or_else(|| "an AI tool".to_owned());
        let text = format!("{name}: {shown}");
        Some(Evidence {
            marker: marker.name.clone(),
            tool,
            kind: MarkerKind::Note,
            strength: marker.strength,
            place: Place::Note,
            quotation: false,
            text: escape_short(text.as_bytes(), 200),
        })
    }

    fn notes_of(&self, name: &RefName) -> Option<MarkerIndex> {
        let is = |wanted: &str| match wanted.strip_suffix('*') {
            Some(start) => name.as_bytes().starts_with(start.as_bytes()),
            None => name.as_bytes() == wanted.as_bytes(),
        };
        self.catalogue.notes.iter().find(|(wanted, _)| is(wanted)).map(|(_, marker)| *marker)
    }
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
        Detector::builtin().unwrap().note(&name, note.as_bytes()).map(|e| e.text)
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
        let detector = Detector::builtin().unwrap();
        let is_known = |name: &str| detector.reads_notes(&RefName::new(name));
        assert!(is_known("refs/notes/ai") && is_known("refs/notes/agents/x"));
        assert!(!is_known("refs/notes/commits") && !is_known("refs/heads/ai"));
    }
}
