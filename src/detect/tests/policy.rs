//! The policy's own markers, and what it switches off.

use super::*;
use crate::domain::policy::{CustomMarker, CustomPattern};

fn with(pattern: CustomPattern) -> Result<Detector, DetectError> {
    let marker = CustomMarker {
        name: "acme".to_owned(),
        tool: Some("Acme".to_owned()),
        pattern,
        strength: Strength::Assistance,
    };
    Detector::new(&Detect { markers: vec![marker], ..Detect::default() })
}

fn trailer(key: &str, value: Option<&str>) -> CustomPattern {
    CustomPattern::Trailer { key: key.to_owned(), value: value.map(str::to_owned) }
}

fn acme(detector: &Detector, message: &str) -> bool {
    let found = detector.commit(&commit(format!("Fix it\n\n{message}\n")));
    found.evidence.iter().any(|e| e.marker == "acme" && e.tool.as_deref() == Some("Acme"))
}

#[test]
fn an_own_trailer_is_found_by_key_and_value() {
    let any = with(trailer("Acme-Agent", None)).unwrap();
    let valued = with(trailer("Acme-Agent", Some("^run [0-9]+$"))).unwrap();
    let rows = [
        ("Acme-Agent: run 7", true, true),
        ("acme-agent : run 7", true, true),
        ("  > Acme\u{2011}Agent： run 7", true, true),
        ("Acme-Agent:\n run\n  7", true, true),
        ("Acme-Agent: walk", true, false),
        ("Acme-Agent:", true, false),
        ("My-Acme-Agent: run 7", false, false),
        ("Acme-Agents: run 7", false, false),
        ("the Acme-Agent ran", false, false),
    ];
    for (line, by_key, by_value) in rows {
        assert_eq!((acme(&any, line), acme(&valued, line)), (by_key, by_value), "{line}");
    }
}

#[test]
fn an_own_line_is_found_disguised_too() {
    let detector = with(CustomPattern::Line("made by Acme v[0-9]".to_owned())).unwrap();
    for line in ["  made by Acme v2.", "made by Ac\u{200b}me v2", "mаde\u{a0}by Acme v2"] {
        assert!(acme(&detector, line), "{line}");
    }
    assert!(!acme(&detector, "made by Acme"));
}

#[test]
fn an_own_identity_is_whole_and_in_any_case() {
    let author = with(CustomPattern::AuthorEmail("Agent@acme.example.io".to_owned())).unwrap();
    let anywhere = with(CustomPattern::Identity("agent@acme.example.io".to_owned())).unwrap();
    let mut commit = commit("Fix it");
    commit.author = ident("x", "agent@ACME.example.io");
    for detector in [&author, &anywhere] {
        let found = detector.commit(&commit);
        assert!(found.evidence.iter().any(|e| e.marker == "acme" && e.place == Place::Author));
        assert_eq!(found.agents, [b"agent@acme.example.io"]);
    }
    std::mem::swap(&mut commit.author, &mut commit.committer);
    assert!(!author.commit(&commit).is_ai_assisted());
    assert!(anywhere.commit(&commit).is_ai_assisted());
    let line = "Co-authored-by: x <agent@acme.example.io>";
    assert!(!acme(&author, line) && acme(&anywhere, line));
    assert!(!acme(&anywhere, "Co-authored-by: x <my.agent@acme.example.io>"));
}

#[test]
fn an_own_marker_never_replaces_a_built_in_one() {
    let detector = with(CustomPattern::AuthorEmail("noreply@anthropic.com".to_owned())).unwrap();
    let line = "Fix it\n\nCo-authored-by: Claude <noreply@anthropic.com>\n";
    assert!(detector.commit(&commit(line)).is_ai_assisted());
}

#[test]
fn bad_markers_are_refused() {
    let rows = [
        (trailer("Acme-Agent", Some("(")), "the pattern of marker \"acme\" can't be used"),
        (
            CustomPattern::Line("a{1000}{1000}{1000}".to_owned()),
            "the pattern of marker \"acme\" can't be used",
        ),
        (
            trailer("Схема", None),
            "\"Схема\" of marker \"acme\" is not a trailer's key of two letters or more",
        ),
        (
            trailer("", None),
            "\"\" of marker \"acme\" is not a trailer's key of two letters or more",
        ),
    ];
    for (pattern, message) in rows {
        assert_eq!(with(pattern).unwrap_err().to_string(), message);
    }
}

fn without(name: &str) -> Result<Detector, DetectError> {
    Detector::new(&Detect { disable: vec![name.to_owned()], ..Detect::default() })
}

#[test]
fn a_marker_can_be_switched_off_alone() {
    let rows = [
        ("copilot-editor", "Co-authored-by: Copilot <copilot@github.com>", false),
        (
            "copilot-editor",
            "Co-authored-by: Copilot <175728472+Copilot@users.noreply.github.com>",
            true,
        ),
        ("claude", "Co-authored-by: Claude <noreply@anthropic.com>", false),
        ("claude", "Co-authored-by: Cursor <cursoragent@cursor.com>", true),
        ("assisted-by", "Assisted-by: Frobnicator", false),
        ("unknown-agent", "Co-authored-by: Frob Agent <agent@frob.example.io>", false),
    ];
    for (name, line, found) in rows {
        let detector = without(name).unwrap();
        let told = detector.commit(&commit(format!("Fix it\n\n{line}\n")));
        assert_eq!(told.is_ai_assisted(), found, "{name}: {line}");
    }
}

#[test]
fn what_the_rest_depends_on_can_not_be_switched_off() {
    assert!(marker_names().len() > 80);
    for name in ["no-such-marker", "co-authored-by", "signed-off-by", "no-ai"] {
        assert!(matches!(without(name), Err(DetectError::UnknownMarker(n)) if n == name));
        assert!(!marker_names().contains(&name.to_owned()));
    }
    for name in marker_names() {
        assert!(without(&name).is_ok(), "{name}");
    }
}
