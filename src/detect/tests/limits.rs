//! Limits, hostile bytes and hostile sizes (G20, G21).

use super::findings::EVIDENCE_KEPT;
use super::*;
use crate::domain::policy::{CustomMarker, CustomPattern};

#[test]
fn evidence_is_limited_and_the_verdict_stays_right() {
    let detector = Detector::builtin().unwrap();
    let review = "Reviewed-by: CodeRabbit\n".repeat(500);
    let found = detector.commit(&commit(format!("Fix it\n\n{review}")));
    assert_eq!((found.evidence.len(), found.is_ai_assisted()), (EVIDENCE_KEPT, false));
    let message = format!("Fix it\n\n{review}Co-authored-by: Claude <noreply@anthropic.com>\n");
    let found = detector.commit(&commit(message));
    assert_eq!((found.evidence.len(), found.is_ai_assisted()), (EVIDENCE_KEPT, true));
    let last = found.evidence.last().unwrap();
    assert_eq!((last.place.clone(), last.strength), (Place::Line(503), Strength::Assistance));
}

#[test]
fn co_authors_are_not_limited() {
    let people: String = (0..2000).map(|i| format!("Co-authored-by: P{i} <p{i}@x.io>\n")).collect();
    let found = Detector::builtin().unwrap().commit(&commit(format!("Fix it\n\n{people}")));
    assert_eq!(found.co_authors.len(), 2000);
    assert_eq!(found.co_authors.last().map(|c| c.line), Some(2002));
}

#[test]
fn what_is_shown_is_escaped_and_short() {
    let line = "\u{1b}[31mCo-authored-by: Cl\u{200b}aude\u{202e} <noreply@anthropic.com>";
    let found = Detector::builtin().unwrap().commit(&commit(format!("Fix it\n\n{line}\n")));
    assert_eq!(
        found.evidence.first().map(|e| e.text.as_str()),
        Some("\\x1b[31mCo-authored-by: Cl\\u{200b}aude\\u{202e} <noreply@anthropic.com>")
    );
    let line = format!("{} Co-authored-by: Claude Code {}", "x ".repeat(5000), "y ".repeat(5000));
    let found = Detector::builtin().unwrap().commit(&commit(format!("Fix it\n\n{line}\n")));
    let text = &found.evidence.first().unwrap().text;
    assert!(text.starts_with("Co-authored-by: Claude Code") && text.chars().count() <= 200);
}

#[test]
fn evidence_tells_lines_as_an_editor_does() {
    let rows = [
        ("Claude Code <x@x.io>", None),
        ("Co-authored-by: Claude Code", Some(1)),
        ("a\n\nCo-authored-by: Claude Code", Some(3)),
        ("a\r\n\r\nCo-authored-by: Claude Code\r\n", Some(3)),
        ("\n\n\nCo-authored-by: Claude Code", Some(4)),
        ("a\rb\nCo-authored-by: Claude Code", Some(2)),
        ("a\\nCo-authored-by: Claude Code", Some(1)),
        ("a\n\nCo-authored-by:\n Claude Code", Some(3)),
    ];
    for (message, line) in rows {
        let found = Detector::builtin().unwrap().commit(&commit(message));
        let place = found.evidence.first().map(|e| e.place.clone());
        assert_eq!(place, line.map(Place::Line), "{message:?}");
    }
}

#[test]
fn headers_and_tags_are_read() {
    let trailer = "Co-authored-by: Claude <noreply@anthropic.com>";
    let mut commit = commit("Merge tag 'v1'");
    commit.extra_headers = vec![
        (b"mergetag".to_vec(), format!("object 01\ntype commit\n\nv1\n\n{trailer}").into_bytes()),
        (b"x-note\x1b".to_vec(), trailer.into()),
    ];
    let detector = Detector::builtin().unwrap();
    let found = detector.commit(&commit);
    let places: Vec<_> = found.evidence.iter().map(|e| e.place.clone()).collect();
    let header = |name: &str, line| Place::Header(name.to_owned(), line);
    assert_eq!(places, [header("mergetag", 6), header("x-note\\x1b", 1)]);
    assert!(found.co_authors.is_empty(), "a merged tag's co-authors are not the commit's");

    let id = commit.id;
    let tagger = Some(ident("Cursor Agent", "cursoragent@cursor.com"));
    let tag = Tag { id, target: id, tagger, message: format!("v1\n\n{trailer}").into() };
    let places: Vec<_> = detector.tag(&tag).into_iter().map(|e| e.place).collect();
    assert_eq!(places, [Place::Tag(0), Place::Tag(3)]);
    let tagger = Some(ident("Jane", "jane@example.org"));
    assert!(detector.tag(&Tag { id, target: id, tagger, message: b"v1".to_vec() }).is_empty());
}

/// What a message of the worst kind repeats.
const UNITS: &[&str] = &[
    ":",
    "a:",
    "@",
    "a@",
    "a@b.c ",
    "\n",
    "\n ",
    "\r",
    "/",
    "a.b/",
    "<",
    "&",
    "%",
    "\\",
    "\\n",
    "\u{1b}[",
    "\0",
    "\u{202e}",
    "\u{200b}",
    "co ",
    "c o ",
    "Co-authored-by",
    "Co-authored-by:",
    "Co-authored-by: a ",
    "\u{e9} Co-authored-by: <\u{e9}@\u{e9}> ",
    "\n Co-authored-by:",
    "\nCo-authored-by: J <j@x.io>",
    "generated with ",
    "AI: ",
    "\nOwn: ",
    " Own: ",
    "\n Own: a",
    "noreply@anthropic.com ",
    "(noreply@anthropic.com) ",
    "Claude ",
    "[x] ai used ",
    "- ",
    "Reviewed-by: ",
    "x",
    "\u{ff}",
    "ai-assisted ",
    "\n: claude code",
    "a: ",
    "Claude Code ",
    "claude-opus-4.5 ",
    "gpt5",
    "Copilot <",
    "made with the help of ",
    "AI disclosure: written with ",
    "AI-Disclosure: AI-Disclosure: Codex CLI ",
    "\nAI disclosure: Written with a little help by ",
    "_Generated with `x` Model: ",
    "\n> Co-authored-by: a",
    "\n    Assisted-by: AGENT_NAME:MODEL_VERSION",
    "\u{200b}a",
    "\u{ad}@",
    "a\u{336}",
    "\u{ff41}",
    "claude.ai/code/session_",
    "noreply (at) anthropic (dot) com ",
    "\nmerge claude/",
    "\n* merge 'claude/x' ",
    "Revert \"",
    "\nThis reverts commit ",
    "\n[x] ",
    "( [ { < ",
    "\u{2028}a: b",
];

/// Long lines, many lines, many keys, and long runs before many keys: where one bound is
/// forgotten the cost is quadratic and this test takes minutes; there is no clock in it.
#[test]
fn large_messages_end() {
    let marker = |name: &str, pattern| CustomMarker {
        name: name.to_owned(),
        tool: None,
        pattern,
        strength: Strength::Assistance,
    };
    let value = Some("^no such value$".to_owned());
    let own = vec![
        marker("own", CustomPattern::Trailer { key: "Own".to_owned(), value }),
        marker("line", CustomPattern::Line("no such line".to_owned())),
    ];
    let detector = Detector::new(&Detect { markers: own, ..Detect::default() }).unwrap();
    let whole = ["x", "x\n", ":"].map(|unit| (unit, 1 << 20));
    for (unit, size) in UNITS.iter().map(|unit| (*unit, 1 << 14)).chain(whole) {
        let message = unit.repeat(size / unit.len());
        let found = detector.commit(&commit(message));
        assert!(found.evidence.len() <= EVIDENCE_KEPT, "{unit:?}");
    }
    let heads = ["-", " ", "Co-authored-by: ", "[ ] ", "\u{e9}"];
    let tails = ["Co-authored-by: a ", "generated by ai ", "noreply@anthropic.com ", "Own: b "];
    for (head, tail) in heads.iter().flat_map(|h| tails.map(|t| (h, t))) {
        let (long, many) =
            (head.repeat((1 << 16) / head.len()), tail.repeat((1 << 16) / tail.len()));
        let found = detector.commit(&commit(format!("{long}{many}")));
        assert!(found.evidence.len() <= EVIDENCE_KEPT, "{head:?} {tail:?}");
    }
}

/// A message of each kind takes about 32 times as long as one of a 32nd of its size. Were the
/// cost quadratic, it would be a thousand times: what is held is the ratio, whose bound lies
/// between, and no machine's speed. The largest size, 1 MiB, is asked for by
/// `COUNTERSIGN_LARGE`, as CONTRIBUTING.md has it.
#[test]
fn a_message_costs_what_its_bytes_do() {
    const GROWTH: u32 = 8 * 32;
    let large = if std::env::var_os("COUNTERSIGN_LARGE").is_some() { 1 << 20 } else { 1 << 17 };
    let small = large / 32;
    let detector = Detector::builtin().unwrap();
    let time = |unit: &str, size: usize| {
        let commit = commit(unit.repeat(size / unit.len()));
        let start = std::time::Instant::now();
        let found = detector.commit(&commit);
        assert!(found.evidence.len() <= EVIDENCE_KEPT, "{unit:?}");
        start.elapsed()
    };
    let mut slow = Vec::new();
    for unit in UNITS {
        // Others use the machine too: a second look at what seems slow.
        let ratio = || {
            let least = (0..3).map(|_| time(unit, small)).max().unwrap_or_default();
            (least, time(unit, large))
        };
        let is_slow =
            |(small, large): (std::time::Duration, std::time::Duration)| large > small * GROWTH;
        if is_slow(ratio()) && is_slow(ratio()) && is_slow(ratio()) {
            slow.push(*unit);
        }
    }
    assert!(slow.is_empty(), "{slow:?}");
}

/// Bytes of every kind: nothing panics, whatever the detector is told.
#[test]
fn any_bytes_are_read() {
    let parts: &[&[u8]] = &[
        b"Co-authored-by:",
        b" Claude",
        b"\n",
        b"\r",
        b"\0",
        b"\xff",
        b"\xe2\x80",
        b"\xe2\x80\xae",
        b"&#",
        b"&#x110000;",
        b"&lt;",
        b"\\u",
        b"\\u{",
        b"\\ud800",
        b"\\x4",
        b"%4",
        b"%",
        b"\x1b[",
        b"@",
        b"<",
        b">",
        b"[x]",
        b"AI:",
        b"=",
        b"\xf0\x9f\xa4\x96",
        b"1",
        b"/",
        b".",
        b" ",
        b"",
    ];
    let detector = Detector::builtin().unwrap();
    let encodings: [Option<&[u8]>; 4] = [None, Some(b"utf-16"), Some(b"latin-1"), Some(b"\xff")];
    let mut seed: u64 = 7;
    for round in 0..3000 {
        let mut message = Vec::new();
        for _ in 0..12 {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let pick = usize::try_from(seed >> 33).unwrap() % parts.len();
            message.extend_from_slice(parts[pick]);
        }
        let mut commit = commit(message.clone());
        commit.author.name = message.clone();
        commit.author.email = message;
        commit.encoding = encodings[round % 4].map(<[u8]>::to_vec);
        let found = detector.commit(&commit);
        assert!(found.evidence.len() <= EVIDENCE_KEPT);
    }
}
