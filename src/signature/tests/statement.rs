//! The statement's JSON, whole, edited and damaged.

use serde_json::{Value, json};

use super::fixtures::{Noise, approval};
use crate::domain::ids::StatementHash;
use crate::domain::statement::{Statement, Subject, Verdict};
use crate::signature::statement::STATEMENT_TYPE;
use crate::signature::{PREDICATE_TYPE, StatementError, parse, render};

pub(super) const LIMIT: usize = 1 << 20;

pub(super) fn read(text: &str) -> Result<Statement, StatementError> {
    parse(text.as_bytes(), LIMIT)
}

pub(super) fn written(statement: &Statement) -> String {
    String::from_utf8(render(statement, None)).unwrap()
}

/// A revocation of one statement.
pub(super) fn revocation() -> Statement {
    let hash = StatementHash::from_hex("e".repeat(64).as_bytes());
    let subject =
        Subject { name: "e".into(), commit: None, change: None, paths: None, statement: hash };
    let bare = Statement { verdict: Verdict::Revoke, net: None, ..approval() };
    Statement { subjects: vec![subject], refs: Vec::new(), ..bare }
}

/// An approval with one place of its text replaced; the place must be there.
fn edited(from: &str, to: &str) -> String {
    let text = written(&approval());
    assert!(text.contains(from), "{from} is not in {text}");
    text.replacen(from, to, 1)
}

#[test]
fn what_is_written_is_read_back() {
    let first_commit = approval().subjects[..1].to_vec();
    let one = Statement { subjects: first_commit, net: None, ..approval() };
    let main = vec!["refs/heads/main".to_owned()];
    let rows = [
        approval(),
        revocation(),
        one.clone(),
        Statement { verdict: Verdict::Decline, ..approval() },
        Statement { verdict: Verdict::Correct, reason: None, ..one.clone() },
        Statement { verdict: Verdict::Override, refs: main, expires_at: None, ..one },
        Statement { reason: Some("\u{0}\u{1b}[2J\u{202e}\u{1F600}".into()), ..approval() },
        Statement { issued_at: "2026-11-20T10:15:00.000000001Z".parse().unwrap(), ..approval() },
    ];
    for statement in rows {
        assert_eq!(read(&written(&statement)).as_ref(), Ok(&statement));
        let shown = json!({ "commits": [{ "lines": [1, -2, 0.5, true, null, "x"] }] });
        let with_evidence = render(&statement, Some(shown.clone()));
        assert_eq!(parse(&with_evidence, LIMIT).as_ref(), Ok(&statement));
        assert_eq!(with_evidence, render(&statement, Some(shown)), "the same bytes each time");
    }
}

#[test]
fn the_written_form_is_the_documented_one() {
    let text = String::from_utf8(render(&approval(), Some(json!({ "b": 1, "a": 2 })))).unwrap();
    insta::assert_snapshot!(text);
}

#[test]
fn any_layout_of_the_same_json_is_read() {
    let value: Value = serde_json::from_str(&written(&approval())).unwrap();
    assert_eq!(read(&value.to_string()), Ok(approval()));
    assert_eq!(read(&format!("\n\t {value} \r\n")), Ok(approval()));
}

#[test]
fn every_object_refuses_unknown_and_repeated_fields_and_lists() {
    let net = r#""base": "3333333333333333333333333333333333333333","#;
    // The first field of each object, as it stands in the text.
    let firsts = [
        r#""_type": "https://in-toto.io/Statement/v1","#,
        r#""name": "Add token refresh","#,
        r#""gitCommit": "1111111111111111111111111111111111111111","#,
        r#""repository": "payments/api","#,
        net,
    ];
    for first in firsts {
        for field in [r#""extra": 1,"#, r#""Name": "x","#, first] {
            let text = edited(first, &format!("{field}{first}"));
            assert!(matches!(read(&text), Err(StatementError::Json(_))), "{field} before {first}");
        }
    }
    let optional = [
        r#""change-v1": "aa"#,
        r#""paths-v1": "bb"#,
        r#""verdict": "#,
        r#""reason": "#,
        r#""issuedAt": "#,
        r#""expiresAt": "#,
        r#""net": "#,
        r#""tip": "#,
        r#""refs": "#,
        r#""subject": "#,
        r#""predicate": "#,
    ];
    for field in optional {
        let name = field.split(':').next().unwrap();
        for value in ["null", "\"x\"", "[]", "{}", "7"] {
            let text = edited(field, &format!("{name}: {value}, {field}"));
            assert!(
                matches!(read(&text), Err(StatementError::Json(_))),
                "{name} {value} and again"
            );
        }
    }
}

#[test]
fn absent_is_absent_and_an_object_is_an_object() {
    let value: Value = serde_json::from_str(&written(&approval())).unwrap();
    let places = [
        "/subject/0/digest/gitCommit",
        "/subject/0/digest/change-v1",
        "/subject/0/digest/paths-v1",
        "/predicate/reason",
        "/predicate/expiresAt",
        "/predicate/net",
        "/predicate/verdict",
        "/subject/0/digest",
        "/subject/0/name",
        "/subject/0",
        "/subject",
        "/predicate",
    ];
    for place in places {
        for other in [Value::Null, json!(1), json!(true)] {
            let mut text = value.clone();
            *text.pointer_mut(place).unwrap() = other;
            assert!(matches!(read(&text.to_string()), Err(StatementError::Json(_))), "{place}");
        }
    }
    // A derived struct reads a list of its fields, a derived enum an object.
    let lists = [
        (
            "/predicate/net",
            json!([
                "3333333333333333333333333333333333333333",
                "2222222222222222222222222222222222222222"
            ]),
        ),
        ("/subject/1/digest", json!(["2222222222222222222222222222222222222222"])),
        (
            "/subject/1",
            json!(["Merge", { "gitCommit": "2222222222222222222222222222222222222222" }]),
        ),
        ("/predicate/verdict", json!({ "approve": null })),
    ];
    for (place, list) in lists {
        let mut text = value.clone();
        *text.pointer_mut(place).unwrap() = list;
        assert!(matches!(read(&text.to_string()), Err(StatementError::Json(_))), "{place}");
    }
    let fields = value.as_object().unwrap();
    let list =
        json!([fields["_type"], fields["subject"], fields["predicateType"], fields["predicate"]]);
    assert!(matches!(read(&list.to_string()), Err(StatementError::Json(_))));
}

#[test]
fn evidence_may_be_anything_that_every_reader_reads_alike() {
    let with =
        |evidence: &str| edited(r#""verdict""#, &format!(r#""evidence": {evidence}, "verdict""#));
    for fine in
        ["{}", "[]", "3", "\"x\"", r#"{"a": {"a": 1}, "b": {"a": 2}}"#, r#"[{"a":1},{"a":1}]"#]
    {
        assert_eq!(read(&with(fine)), Ok(approval()), "{fine}");
    }
    for bad in
        ["null", r#"{"a":1,"a":1}"#, r#"[[{"x":{"a":1,"\u0061":2}}]]"#, "{", "nul", "01", "1e"]
    {
        let evidence = with(bad);
        // `null` would be a second spelling of no evidence, but says nothing that is judged.
        if bad == "null" {
            assert_eq!(read(&evidence), Ok(approval()));
        } else {
            assert!(matches!(read(&evidence), Err(StatementError::Json(_))), "{bad}");
        }
    }
}

#[test]
fn nesting_ends_before_the_stack_does() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        for depth in [126, 200, 100_000] {
            let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let text = edited(r#""verdict""#, &format!(r#""evidence": {deep}, "verdict""#));
            let Err(StatementError::Json(why)) = read(&text) else { panic!("{depth} was read") };
            assert!(why.contains("recursion limit"), "{why}");
        }
        let shallow = format!("{}1{}", open.repeat(100), close.repeat(100));
        let text = edited(r#""verdict""#, &format!(r#""evidence": {shallow}, "verdict""#));
        assert_eq!(read(&text), Ok(approval()));
    }
    assert!(read(&"[".repeat(LIMIT)).is_err());
    assert!(read(&r#"{"subject":"#.repeat(50_000)).is_err());
}

#[test]
fn what_is_no_text_or_goes_on_is_refused() {
    let text = written(&approval());
    for more in ["x", "{}", "\0", ",", "\u{feff}", &text] {
        assert!(matches!(read(&format!("{text}{more}")), Err(StatementError::Json(_))), "{more}");
    }
    assert!(matches!(read(&format!("\u{feff}{text}")), Err(StatementError::Json(_))));
    assert!(matches!(read(""), Err(StatementError::Json(_))));
    let mut bytes = text.clone().into_bytes();
    let place = text.find("twice").unwrap();
    for wrong in [0xff, 0xc0, 0x80] {
        bytes[place] = wrong;
        assert_eq!(parse(&bytes, LIMIT), Err(StatementError::NotUtf8));
    }
    assert!(read(&edited("twice", r"\ud800")).is_err(), "half a surrogate pair");
    assert!(read(&edited("twice", "\n")).is_err(), "a control character that is not escaped");
}

#[test]
fn size_is_looked_at_first() {
    let text = written(&approval());
    assert_eq!(parse(text.as_bytes(), text.len()), Ok(approval()));
    let limit = text.len() - 1;
    let too_large = StatementError::TooLarge { bytes: text.len(), limit };
    assert_eq!(parse(text.as_bytes(), limit), Err(too_large));
    let bytes = 2 << 20;
    assert_eq!(
        parse(&vec![0xff; bytes], LIMIT),
        Err(StatementError::TooLarge { bytes, limit: LIMIT })
    );
}

#[test]
fn times_are_rfc_3339_in_utc() {
    let at = |time: &str| read(&edited("2026-11-20T10:15:00Z", time));
    for fine in
        ["2026-11-20T10:15:00Z", "2026-11-20T10:15:00.000Z", "2024-02-29T23:59:59.123456789Z"]
    {
        let issued_at = fine.parse().unwrap();
        assert_eq!(at(fine), Ok(Statement { issued_at, ..approval() }), "{fine}");
    }
    let bad = [
        "",
        "Z",
        "2026-11-20",
        "2026-11-20T10:15:00",
        "2026-11-20T10:15Z",
        "20261120T101500Z",
        "2026-11-20t10:15:00Z",
        "2026-11-20T10:15:00z",
        "2026-11-20 10:15:00Z",
        "2026-11-20T10:15:00+00:00",
        "2026-11-20T10:15:00-00:00",
        "2026-11-20T12:15:00+02:00",
        "2026-11-20T10:15:00Z[UTC]",
        "2026-11-20T10:15:00.Z",
        "2026-11-20T10:15:00.0123456789Z",
        "2026-11-20T10:15:00,5Z",
        "2026-11-20T10:15:60Z",
        "2026-11-20T24:00:00Z",
        "2026-02-30T10:15:00Z",
        "2026-13-01T10:15:00Z",
        "+002026-11-20T10:15:00Z",
        "-002026-11-20T10:15:00Z",
        " 2026-11-20T10:15:00Z",
        "2026-11-20T10:15:00Z ",
        "2026-11-20T10:15:00ZZ",
        "\u{ff12}026-11-20T10:15:00Z",
        "1795169700",
    ];
    for time in bad {
        let refused = Err(StatementError::NotATime { field: "issuedAt", found: time.into() });
        assert_eq!(at(time), refused, "{time}");
    }
    let ends = |time: &str| read(&edited("2026-11-27T10:15:00.5Z", time));
    assert_eq!(ends("2026-11-20T10:15:00Z"), Err(StatementError::ExpiresFirst));
    assert_eq!(ends("2026-11-20T10:14:59.999Z"), Err(StatementError::ExpiresFirst));
    assert!(ends("2026-11-20T10:15:00.1Z").is_ok());
    let found = "tomorrow".to_owned();
    assert_eq!(ends("tomorrow"), Err(StatementError::NotATime { field: "expiresAt", found }));
}

#[test]
fn types_and_verdicts_are_exact() {
    for (from, field) in [(STATEMENT_TYPE, "_type"), (PREDICATE_TYPE, "predicateType")] {
        for to in ["", "x", &from.to_uppercase(), &format!("{from}/"), &from[..from.len() - 1]] {
            let error = read(&edited(from, to)).unwrap_err();
            assert!(error.to_string().contains(&format!("`{field}` is \"{to}\"")), "{error}");
        }
    }
    for found in ["", "Approve", "approved", " approve", "accept", "\u{1b}[2J"] {
        let text = edited(r#""approve""#, &json!(found).to_string());
        let error = read(&text).unwrap_err();
        assert_eq!(error, StatementError::UnknownVerdict { found: found.to_owned() });
        assert!(!error.to_string().contains('\u{1b}'), "hostile text is escaped");
    }
    let Err(error) = read(&edited(r#""_type""#, r#""\u001b[31m": 1, "_type""#)) else { panic!() };
    assert!(!error.to_string().contains('\u{1b}'), "{error}");
}

#[test]
fn no_prefix_is_a_statement_and_no_damage_panics() {
    let bytes = render(&approval(), Some(json!({ "a": ["b", { "c": 1 }] })));
    let whole = bytes.trim_ascii_end().len();
    for end in 0..whole {
        assert!(parse(&bytes[..end], LIMIT).is_err(), "{end} bytes were read");
    }
    let mut noise = Noise(0x5eed);
    let mut refused = 0;
    for _ in 0..20_000 {
        refused += usize::from(parse(&noise.damage(&bytes), LIMIT).is_err());
    }
    assert!(refused > 10_000, "{refused} of 20000");
}
