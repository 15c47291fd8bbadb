//! What holds for any text: its width, its bytes, its length. What it says is for the
//! snapshots of whole pushes.

use super::*;
use crate::domain::decision::{Cannot, Early, RuleChecked, Unusable};
use crate::domain::escape::is_hidden;
use crate::domain::evidence::{MarkerKind, Strength};
use crate::domain::facts::{Answer, Delivery, RefChange};
use crate::domain::ids::{
    DecisionId, Login, ObjectFormat, ObjectId, PolicyDigest, RefName, RepositoryName, RequestId,
    StatementHash,
};
use crate::domain::policy::Binding;

const WIDTH: usize = 72;

/// Every field that holds words, so that a test can put its own into one of them.
const FIELDS: &[&str] = &[
    "subject",
    "repository",
    "pusher",
    "finding",
    "finding hint",
    "ref",
    "ref finding",
    "ref hint",
    "evidence",
    "header",
    "commit finding",
    "commit hint",
    "rule",
    "reason",
    "from",
    "have",
    "can sign",
    "cannot",
    "cannot why",
    "unusable",
    "unusable why",
    "declined",
    "declined why",
    "push first",
    "early refs",
    "early from",
    "code",
    "checked rule",
    "marker",
];

/// Fields that hold escaped text, or a name that the server made, already.
const ESCAPED: &[&str] = &[];

/// The words of each field: plain ones, and others in the field under test.
#[derive(Clone, Copy)]
struct Words<'a> {
    field: &'a str,
    text: &'a str,
}

impl Words<'_> {
    fn of(&self, field: &str, plain: &str) -> String {
        let chosen = self.field == field || self.field == "all" && !ESCAPED.contains(&field);
        if chosen { self.text } else { plain }.to_owned()
    }

    fn person(&self, field: &str, plain: &str) -> PersonId {
        PersonId::new(self.of(field, plain))
    }
}

/// How many there are of everything there may be many of.
#[derive(Clone, Copy)]
struct Size {
    refs: usize,
    commits: usize,
    each: usize,
}

const SMALL: Size = Size { refs: 2, commits: 2, each: 2 };

fn oid(n: usize) -> ObjectId {
    let mut raw = [7; 20];
    raw.iter_mut().zip(n.to_be_bytes()).for_each(|(to, from)| *to = from);
    ObjectId::from_raw(&raw).unwrap()
}

fn hash() -> StatementHash {
    StatementHash::from_raw([3; 32])
}

fn finding(w: Words<'_>, field: &str, hint: &str) -> Finding {
    let text = w.of(field, "the push has 2001 refs, more than the limit of 2000");
    Finding::new(&w.of("code", "too-many-refs"), Family::NotAllowed, text)
        .hint(w.of(hint, "push them in several parts, or ask an admin to raise the limit"))
}

fn unusable(w: Words<'_>, who: &str, why: &str) -> Unusable {
    Unusable {
        person: w.person(who, "ghopper"),
        statement: hash(),
        names: Some(oid(9)),
        why: w.of(why, "stale: it names 3f9c2ab1, whose files differ from what is pushed now"),
        had_a_hand: false,
        correction: false,
    }
}

fn requirement_of(w: Words<'_>, each: usize) -> Requirement {
    let person = |field, n: usize| PersonId::new(w.of(field, &format!("{}-{n}", "person")));
    let have = |n| Have {
        person: person("have", n),
        statement: hash(),
        binding: Binding::Replay,
        net: false,
    };
    let cannot =
        |n| Cannot { person: person("cannot", n), why: w.of("cannot why", "co-author, line 9") };
    Requirement {
        rule: w.of("rule", "production"),
        line: 34,
        mode: Mode::Enforce,
        reason: Some(w.of("reason", "AI-assisted changes to production need a senior's eyes.")),
        from: vec![w.of("from", "seniors"); each],
        needed: each * 2,
        one_more: true,
        met: Met::No,
        have: (0..each).map(have).collect(),
        can_sign: (0..each).map(|n| person("can sign", n)).collect(),
        cannot: (0..each).map(cannot).collect(),
        unusable: vec![unusable(w, "unusable", "unusable why"); each],
        declined: vec![unusable(w, "declined", "declined why"); each],
        blocked: false,
        push_first: Some(RefName::new(w.of("push first", "refs/heads/next"))),
    }
}

fn commit_of(w: Words<'_>, each: usize, n: usize) -> CommitDecision {
    let evidence = |place| Evidence {
        marker: w.of("marker", "claude"),
        tool: None,
        kind: MarkerKind::Trailer,
        strength: Strength::Assistance,
        place,
        text: w.of("evidence", "Co-Authored-By: Claude <noreply@anthropic.com>"),
        quotation: false,
    };
    let mut all = vec![evidence(Place::Header(w.of("header", "mergetag"), 3))];
    all.extend((0..each).map(|n| evidence(Place::Line(n))));
    CommitDecision {
        id: oid(n),
        subject: w.of("subject", "Add token refresh"),
        evidence: all,
        merge: Some(MergeDecision {
            own: (0..each).map(|n| w.of("path", &format!("src/{n}.rs"))).collect(),
            own_paths: each,
            brings: Some(oid(n)),
            unread: None,
        }),
        findings: vec![finding(w, "commit finding", "commit hint")],
        requirements: vec![requirement_of(w, each)],
    }
}

fn ref_of(w: Words<'_>, size: Size, n: usize) -> RefDecision {
    RefDecision {
        name: RefName::new(w.of("ref", &format!("refs/heads/release/{n}"))),
        leads_to: vec![RefName::new(w.of("alias", "refs/heads/alias"))],
        change: RefChange::FastForward,
        old: oid(90),
        new: oid(91),
        gated: true,
        verdict: Outcome::Reject,
        findings: vec![finding(w, "ref finding", "ref hint")],
        rules: vec![RuleChecked {
            rule: w.of("checked rule", "production"),
            mode: Mode::Enforce,
            checked: size.commits,
        }],
        commits: (0..size.commits).map(|n| commit_of(w, size.each, n)).collect(),
        ungated_ai: 1,
        early: Some(Early {
            refs: w.of("early refs", "refs/heads/main"),
            sign_offs: 1,
            from: vec![w.of("early from", "seniors")],
        }),
    }
}

fn decision(w: Words<'_>, size: Size) -> Decision {
    Decision {
        id: DecisionId::new("D-7K3MQ9XW2F"),
        at: jiff::Timestamp::UNIX_EPOCH,
        repository: RepositoryName::new(w.of("repository", "payments/api")),
        policy: Some(PolicyDigest::from_raw([9; 32])),
        pusher: Some(Login::new(w.of("pusher", "kim"))),
        verdict: Outcome::Reject,
        findings: vec![finding(w, "finding", "finding hint")],
        deliveries: vec![Delivery { statement: hash(), answer: Answer::Stored }],
        refs: (0..size.refs).map(|n| ref_of(w, size, n)).collect(),
        first_pushers: Vec::new(),
    }
}

fn around() -> Surroundings {
    Surroundings {
        review: Some("refs/heads/review/".to_owned()),
        is_recorded: true,
        machine_line: false,
        ungated_hint: true,
        remembers: false,
        detail: false,
        whole: false,
        requests: std::collections::BTreeMap::new(),
        server: None,
    }
}

/// A decision turned into each of the other things a text can be about.
fn variants(d: &Decision) -> Vec<Decision> {
    let mut warns = d.clone();
    for q in warns.refs.iter_mut().flat_map(|r| &mut r.commits).flat_map(|c| &mut c.requirements) {
        q.mode = Mode::Warn;
    }
    let mut blocked = d.clone();
    for q in blocked.refs.iter_mut().flat_map(|r| &mut r.commits).flat_map(|c| &mut c.requirements)
    {
        q.blocked = true;
        q.can_sign.clear();
    }
    let mut let_in = d.clone();
    let_in.verdict = Outcome::Accept;
    let_in.findings.clear();
    for r in &mut let_in.refs {
        r.verdict = Outcome::Accept;
        r.findings.clear();
        for c in &mut r.commits {
            c.findings.clear();
            c.requirements.iter_mut().for_each(|q| q.met = Met::SignedOff);
        }
    }
    let mut undecided = d.clone();
    for f in &mut undecided.findings {
        f.family = Family::CouldNotFinish;
        f.hints.clear();
    }
    let mut created = d.clone();
    for r in &mut created.refs {
        r.old = ObjectId::zero(ObjectFormat::Sha1);
        r.change = RefChange::Create;
    }
    vec![d.clone(), warns, blocked, let_in, undecided, created]
}

fn texts(w: Words<'_>, size: Size) -> Vec<String> {
    let gated_everywhere = Surroundings { review: None, ..around() };
    let all = variants(&decision(w, size));
    let of = |d: &Decision| {
        let requests = d.refs.iter().map(|r| (r.name.clone(), RequestId::from_bits(7))).collect();
        let server = Some("https://signoffs.example.com".to_owned());
        let asked = Surroundings { requests, server, ..around() };
        [text(d, &around()), text(d, &gated_everywhere), text(d, &asked)]
    };
    all.iter().flat_map(of).collect()
}

/// Each field in a rejected push, and all of them in every kind of text.
fn each_field(text: &str, check: impl Fn(&str, &str)) {
    for field in FIELDS {
        check(field, &super::text(&decision(Words { field, text }, SMALL), &around()));
    }
    texts(Words { field: "all", text }, SMALL).iter().for_each(|text| check("all", text));
}

/// Fixed lines are for programs, commands are to be copied whole.
fn may_be_long(line: &str) -> bool {
    line.starts_with("countersign: ") || line.starts_with("hint:      ")
}

#[test]
fn no_line_is_wider_than_a_terminal() {
    let long_word = "x".repeat(500);
    let many_words = "a sentence of many words ".repeat(40);
    let deep = "\u{65e5}\u{672c}".repeat(200);
    for words in [&long_word, &many_words, &deep] {
        each_field(words, |field, text| {
            for line in text.lines().filter(|l| !may_be_long(l)) {
                assert!(line.chars().count() <= WIDTH, "{field}: {line}");
            }
        });
    }
}

#[test]
fn plain_data_makes_plain_text() {
    for text in texts(Words { field: "none", text: "" }, SMALL) {
        assert!(text.is_ascii(), "{text}");
        assert!(text.ends_with('\n') && !text.contains("\n\n\n"), "{text}");
        assert!(text.lines().all(|l| l.trim_end() == l), "blanks at the end:\n{text}");
    }
}

#[test]
fn hostile_bytes_reach_no_text() {
    let hostile =
        "a\u{1b}[2J\u{202e}b\u{9b}31m\u{200b}\r\nforged: line\n\nsuccess: ok\u{7}\0\u{feff}";
    each_field(hostile, |field, text| {
        let raw = text.chars().find(|c| *c != '\n' && is_hidden(*c));
        assert_eq!(raw, None, "{field}:\n{}", text.escape_debug());
        let forged = |l: &str| l.starts_with("forged") || l.starts_with("success: ok");
        assert!(!text.lines().any(forged), "{field}:\n{text}");
    });
}

/// The line for programs is one line, whatever stands in it.
#[test]
fn the_machine_line_is_one_line_of_json() {
    let hostile = "a\u{1b}[2J\"}\r\nforged: line\\\n";
    let machine = Surroundings { machine_line: true, ..around() };
    for field in ["all", "rule", "can sign"] {
        for d in variants(&decision(Words { field, text: hostile }, SMALL)) {
            let text = text(&d, &machine);
            let lines: Vec<_> =
                text.lines().filter_map(|l| l.strip_prefix("countersign-json: ")).collect();
            let [line] = lines.as_slice() else { panic!("{field}: {} lines", lines.len()) };
            assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{field}: {line}");
        }
    }
}

#[test]
fn nothing_makes_no_text_and_no_panic() {
    let w = Words { field: "all", text: "" };
    for size in [
        Size { refs: 0, commits: 0, each: 0 },
        Size { refs: 1, commits: 0, each: 0 },
        Size { refs: 1, commits: 1, each: 0 },
    ] {
        for d in variants(&decision(w, size)) {
            let _ = text(&d, &around());
            let _ = text(&d, &Surroundings::default());
        }
    }
    let mut quiet = decision(w, Size { refs: 0, commits: 0, each: 0 });
    (quiet.verdict, quiet.findings, quiet.deliveries) = (Outcome::Accept, vec![], vec![]);
    assert_eq!(text(&quiet, &around()), "");
}

#[test]
fn long_lists_are_cut_and_say_so() {
    let w = Words { field: "none", text: "" };
    let count = |text: &str, part: &str| text.lines().filter(|l| l.contains(part)).count();
    let commits = text(&decision(w, Size { refs: 1, commits: 500, each: 1 }), &around());
    assert_eq!(count(&commits, "Add token refresh"), COMMITS, "{commits}");
    assert_eq!(count(&commits, "and 490 more commits"), 1);
    let refs = text(&decision(w, Size { refs: 200, commits: 1, each: 1 }), &around());
    assert_eq!(count(&refs, "1 commit needs a senior sign-off"), REFS, "{refs}");
    assert_eq!(count(&refs, "and 192 more refs"), 1);
    let each = text(&decision(w, Size { refs: 1, commits: 1, each: 1000 }), &around());
    assert_eq!(count(&each, "AI: and 998 more lines"), 1, "{each}");
    assert_eq!(count(&each, "    AI: "), EVIDENCE + 1);
    assert_eq!(count(&each, "sign-off of"), PEOPLE);
    assert_eq!(count(&each, "declined it"), PEOPLE);
    assert_eq!(count(&each, "can't: co-author"), PEOPLE);
    assert!(each.contains("and 992 more"));
}

#[test]
fn a_text_has_an_end_however_large_the_push() {
    let w = Words { field: "none", text: "" };
    for size in [Size { refs: 12, commits: 12, each: 12 }, Size { refs: 1, commits: 300, each: 1 }]
    {
        for text in texts(w, size) {
            assert!(text.lines().count() < 8_000, "{} lines", text.lines().count());
        }
    }
}

#[test]
fn a_copied_command_is_whole() {
    let name = "refs/heads/it's a name with blanks and $(rm -rf ~) `x`";
    let text = text(&decision(Words { field: "ref", text: name }, SMALL), &around());
    let joined = text.replace(" \\\nhint:       ", "");
    let quoted = "'refs/heads/it'\\''s a name with blanks and $(rm -rf ~) `x`'";
    assert!(joined.contains(&format!("--ref {quoted}")), "{joined}");
    let commands = text.lines().filter(|l| l.starts_with("hint:      "));
    assert!(commands.count() >= 3);
}
