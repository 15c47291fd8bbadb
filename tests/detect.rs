//! `countersign detect`: the detector alone, over records, repositories and labelled records.

use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};

use crate::support::clone::path_text;
use crate::support::run::{Output, bare_command, run};
use crate::support::{CLAUDE, World, ai, human};

fn detect(args: &[&str], stdin: &str) -> Output {
    let mut command = bare_command(env!("CARGO_BIN_EXE_countersign"));
    run(command.arg("detect").args(args), stdin.as_bytes())
}

/// A record; the author is a person.
fn record(id: &str, message: &str) -> Value {
    json!({
        "id": id, "author_name": "Kim", "author_email": "kim@example.com",
        "committer_name": "Kim", "committer_email": "kim@example.com", "message": message,
        "label": "human", "kind": "plain", "parents": 1,
    })
}

fn answers(output: &Output) -> Vec<Value> {
    let out = output.exits(0).out();
    out.lines().map(|line| serde_json::from_str(line).expect("JSON on each line")).collect()
}

#[test]
fn records_are_answered_line_by_line() {
    let mut agent = record("2", "Fix it");
    agent["author_email"] = "noreply@anthropic.com".into();
    let records = [
        record("1", "Fix the database cursor"),
        agent,
        record("3", &format!("Add it\n\n{CLAUDE}\n")),
        record("4", "Fix it\n\nReviewed-by: CodeRabbit"),
    ];
    let stdin: String = records.iter().map(|r| format!("{r}\n")).collect();
    // A blank line and a last line without a line feed are no records and one.
    let found = answers(&detect(&["--jsonl"], &format!("\n{}", stdin.trim_end())));
    let brief: Vec<_> = found.iter().map(|a| (a["id"].clone(), a["ai"].clone())).collect();
    let expected = [("1", false), ("2", true), ("3", true), ("4", false)];
    assert_eq!(brief, expected.map(|(id, ai)| (json!(id), json!(ai))));
    assert_eq!(
        found[2]["evidence"],
        json!([{
            "marker": "claude", "tool": "Claude Code", "kind": "trailer-identity",
            "strength": "assistance", "place": {"line": 3}, "text": CLAUDE,
        }])
    );
    assert_eq!(found[1]["evidence"][0]["place"], "author");
    assert_eq!(found[3]["evidence"][0]["strength"], "review-only");
}

#[test]
fn a_bad_record_is_told_by_its_line() {
    let good = record("1", "Fix it").to_string();
    let rows = [
        (format!("{good}\n{{\"id\": 7}}\n"), "line 2 of standard input is no record"),
        (format!("{good}\nhello\n"), "line 2 of standard input is no record: expected value"),
        (
            format!("{good}\n\n{{\"id\": \"1\"}}\n"),
            "line 3 of standard input is no record: missing",
        ),
        (format!("{good}\n{}\n", good.replace("}", ", \"id\": \"2\"}")), "duplicate field `id`"),
        (format!("{good}\n{}", "x".repeat((8 << 20) + 1)), "line 2 of standard input is longer"),
    ];
    for (stdin, says) in rows {
        let output = detect(&["--jsonl"], &stdin);
        output.exits(1).says(says);
        assert_eq!(output.out().lines().count(), 1, "what was in order is answered");
    }
    // The twin: a message of the largest size.
    let long = record("1", &"\u{1}".repeat(1 << 20)).to_string();
    assert_eq!(answers(&detect(&["--jsonl"], &long)).len(), 1);
}

#[test]
fn one_thing_is_looked_at() {
    for args in [&[][..], &["--jsonl", "--repo", "."], &["--jsonl", "--summary"], &["HEAD"]] {
        detect(args, "").exits(2);
    }
}

#[test]
fn a_repository_is_a_table_by_commit() {
    let world = World::new();
    let kim = world.clone("kim");
    let root = kim.head();
    let first = kim.commit(human("Plain\n").file("a", "a\n"));
    let marked = kim.commit(ai("Add it").file("b", "b\n"));
    let hinted = kim.commit(human("Fix\n\nReviewed-by: CodeRabbit\n").file("c", "c\n"));
    let dir = path_text(&kim.dir);
    let table = kim.countersign(&["detect", "--repo", &dir]);
    let line = "line 3 \"Co-Authored-By: Claude <noreply@anthropic.com>\"";
    table.exits(0).says(&marked[..8]).says("Claude Code").says(line);
    table.says("1 of 4 commits are AI-assisted (25.00 %)");
    table.keeps_quiet_about(&first[..8]).keeps_quiet_about(&hinted[..8]);
    assert_eq!(table.err(), "", "no progress bar into a pipe");

    let verbose = kim.countersign(&["detect", "--repo", &dir, "-v"]);
    verbose.exits(0).says(&hinted[..8]).says("review only by reviewed-by (trailer)");
    verbose.says("assistance by claude (identity in a trailer)");
    let range = format!("{marked}..HEAD");
    kim.countersign(&["detect", "--repo", &dir, &range]).exits(0).says("0 of 1 commits are AI");

    let lines = answers(&kim.countersign(&["detect", "--repo", &dir, "--json"]));
    let ids: Vec<_> = lines.iter().map(|l| (l["id"].clone(), l["ai"].clone())).collect();
    let expected = [(&hinted, false), (&marked, true), (&first, false), (&root, false)];
    assert_eq!(ids, expected.map(|(id, ai)| (json!(id), json!(ai))));

    kim.countersign(&["detect", "--repo", &dir, "no-such-branch"]).exits(1).says("no-such-branch");
    detect(&["--repo", "/"], "").exits(1);
}

#[test]
fn a_history_is_summed_up_by_tool_author_and_month() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    kim.commit(ai("Add it").file("b", "b\n"));
    kim.commit(human("Do it\n").author("Cursor Agent <cursoragent@cursor.com>").file("c", "c\n"));
    let dir = path_text(&kim.dir);
    let text = kim.countersign(&["detect", "--repo", &dir, "--summary"]).exits(0).out();
    assert!(text.starts_with("2 of 4 commits are AI-assisted (50.00 %)\n"), "{text}");
    let json = kim.countersign(&["detect", "--repo", &dir, "--summary", "--json"]).exits(0).out();
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&json["commits"], &json["ai_assisted"]), (&json!(4), &json!(2)));
    let tools = [("Claude Code", 1), ("Cursor", 1)];
    assert_eq!(json["tools"], json!(tools.map(|(t, n)| json!({"tool": t, "commits": n}))));
    let kims = &json["authors"][1];
    assert_eq!(
        (&kims["email"], &kims["ai_assisted"], &kims["commits"]),
        (&json!("kim@example.com"), &json!(1), &json!(2))
    );
    let months: usize = json["months"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|m| {
            assert_eq!(m["month"].as_str().map(str::len), Some(7));
            m["commits"].as_u64().and_then(|n| usize::try_from(n).ok()).expect("a number")
        })
        .sum();
    assert_eq!(months, 4);
}

/// A policy's own markers, and what it switches off.
#[test]
fn a_policy_says_what_is_detected() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(human("Do it\n\nAcme-Agent: v2\n").file("a", "a\n"));
    kim.commit(ai("Add it").file("b", "b\n"));
    let policy = fs::read_to_string(world.path("policy.toml")).expect("a policy");
    let own = "[detect]\ndisable = [\"claude\"]\n[[detect.marker]]\nname = \"acme\"\ntool = \"Acme\"\n\
               trailer = \"Acme-Agent\"\n";
    let file = world.path("detect.toml");
    fs::write(&file, format!("{policy}\n{own}")).expect("written");
    let dir = path_text(&kim.dir);
    let args = ["detect", "--repo", &dir, "--policy", &path_text(&file)];
    kim.countersign(&args).exits(0).says("Acme-Agent: v2").says("1 of 3 commits");
    fs::write(&file, "version = 2\n").expect("written");
    kim.countersign(&args).exits(1).says("policy check");
}

#[test]
fn labelled_records_are_scored() {
    let world = World::new();
    let labelled = |id: &str, message: &str, label: &str, kind: &str| {
        let mut record = record(id, message);
        (record["label"], record["kind"]) = (label.into(), kind.into());
        record.to_string()
    };
    let lines = [
        labelled("found", CLAUDE, "ai", "co-author"),
        labelled("missed", "Fix it", "ai", "footer"),
        labelled("said", "My robot friend typed this", "ai", "prose"),
        labelled("right", "Fix it", "human", "plain"),
        labelled("accused", "Assisted-by: Frobnicator 3", "human", "neg:hard"),
        labelled("unclear", CLAUDE, "ambiguous", "merge"),
    ];
    let file = world.path("labelled.jsonl");
    fs::write(&file, lines.join("\n")).expect("written");
    let file = path_text(&file);
    let score = detect(&["--score", &file, "-v"], "");
    score.exits(0).says("33.33 %  (1 of 3 labelled ai)").says("50.00 %  (1 of 2 labelled ai)");
    score.says("50.00 %  (1 of 2 found)").says("missed: footer 1 of 1\n  missed\n");
    score.says("wrongly found: neg:hard 1 of 1\n  accused  line 1 \"Assisted-by: Frobnicator 3\"");
    score.keeps_quiet_about("unclear");
    detect(&["--score", &file], "").exits(0).keeps_quiet_about("  missed");
    let json = detect(&["--score", &file, "--json"], "").exits(0).out();
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&json["recall"], &json["precision"]), (&json!("33.33"), &json!("50.00")));
    fs::write(world.path("labelled.jsonl"), "{\"id\": \"1\"}\n").expect("written");
    detect(&["--score", &file], "").exits(1).says("line 1 of");
    detect(&["--score", "no-such-file"], "").exits(1).says("no-such-file");
}

/// A commit that no gated ref would take is told, and the others are.
#[test]
fn unreadable_commits_are_told_last() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(ai("Add it").file("b", "b\n"));
    let tree = kim.git(&["rev-parse", "HEAD^{tree}"]);
    let head = kim.head();
    let mut raw = String::new();
    let person = "Kim <kim@example.com> 1700000000 +0000";
    write!(raw, "tree {tree}\nparent {head}\nauthor {person}\nauthor {person}\n").expect("text");
    write!(raw, "committer {person}\n\nTwo authors\n").expect("text");
    let id = kim.object("commit", raw.as_bytes());
    let dir = path_text(&kim.dir);
    let output = kim.countersign(&["detect", "--repo", &dir, &id]);
    output.exits(1).says(&head[..8]).says("1 commit was not looked at").says(&id[..8]);
}

/// A catalogue of one tool that nobody knows.
pub(crate) const CATALOGUE: &str = r#"
version = "acme 7"

[[marker]]
name = "acme"
kind = "tool"
tool = "Acme Coder"
strength = "assistance"
source = "https://acme.example/manual"
emails = ["coder@acme.example"]
finds = ["Co-authored-by: Acme <coder@acme.example>"]
misses = ["Co-authored-by: Jane Doe <jane@acme.example>"]
"#;

/// A world whose policy has these lines in `[detect]`, with a file of markers beside it.
pub(crate) fn with_catalogue(world: &World, detect: &str, catalogue: &str) -> String {
    let policy = world.path("policy.toml");
    let text = fs::read_to_string(&policy).expect("a policy");
    fs::write(&policy, format!("{text}\n[detect]\n{detect}")).expect("written");
    let folder = policy.parent().expect("a folder");
    fs::write(folder.join("markers.toml"), catalogue).expect("written");
    path_text(&policy)
}

#[test]
fn a_catalogue_takes_the_place_of_the_built_in_one() {
    let world = World::new();
    let policy = with_catalogue(&world, "catalogue = \"markers.toml\"\n", CATALOGUE);
    let kim = world.clone("kim");
    // Another tool's mark means nothing now; four eyes still read who the co-authors are.
    kim.commit(ai("Add it").file("a", "a\n"));
    kim.push_main().lands(&[crate::support::MAIN]);
    kim.commit(human("Do it\n\nCo-authored-by: Acme <coder@acme.example>\n").file("b", "b\n"));
    kim.push_main().rejected_with("needs a senior sign-off");

    let list = kim.countersign(&["markers", "--policy", &policy]);
    list.exits(0).says("catalogue acme 7 (from \"markers.toml\", digest ").says("Acme Coder");
    list.keeps_quiet_about("opencode").says("co-authored-by");
    kim.countersign(&["policy", "check", &policy]).exits(0);
}

#[test]
fn mistakes_of_a_catalogue_have_their_line_and_caret() {
    let rows: &[(&str, &str, &[&str])] = &[
        ("version = \"acme 7\"", "version = 7", &["markers.toml:2", "^"]),
        ("kind = \"tool\"", "kind = \"robot\"", &["markers.toml:6", "robot", "^"]),
        ("emails =", "email =", &["markers.toml:10", "email", "^"]),
        ("name = \"acme\"", "name = \"a b\"", &["can't be the name of a marker", "^"]),
        ("coder@acme.example\"]", "@acme.example\"]", &["is no address", "^"]),
        ("misses = [\"Co", "misses = [] # [\"Co", &["has no example", "^"]),
        ("Acme <coder@", "Acme <robot@", &["does not find its example", "robot@acme.example", "^"]),
        ("jane@acme.example", "coder@acme.example", &["counts its example", "^"]),
        ("version = \"acme 7\"", "version = \"acme 7", &["markers.toml:2", "^"]),
    ];
    let world = World::new();
    let policy = with_catalogue(&world, "catalogue = \"markers.toml\"\n", CATALOGUE);
    let file = world.path("markers.toml");
    let check = || world.countersign(&["policy", "check", &policy]);
    for (from, to, says) in rows {
        assert!(CATALOGUE.contains(from), "{from}");
        fs::write(&file, CATALOGUE.replacen(from, to, 1)).expect("written");
        let output = check();
        output.exits(1);
        for needle in *says {
            output.says(needle);
        }
    }
    fs::write(&file, "#".repeat((1 << 20) + 1)).expect("written");
    check().exits(1).says("more than 1048576");
    fs::remove_file(&file).expect("removed");
    check().exits(1).says("the catalogue \"markers.toml\" can't be read").says("policy.toml:");
    // A gate without its markers is shut.
    let kim = world.clone("kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    kim.push_main().rejected();
    fs::write(&file, CATALOGUE).expect("written");
    check().exits(0);
    kim.push_main().lands(&[crate::support::MAIN]);
}

#[test]
fn a_policy_disables_markers_of_its_catalogue() {
    let world = World::new();
    let lines = "catalogue = \"markers.toml\"\ndisable = [\"acme\"]\n";
    let policy = with_catalogue(&world, lines, CATALOGUE);
    world.countersign(&["policy", "check", &policy]).exits(0);
    world.countersign(&["markers", "acme", "--policy", &policy]).exits(0).says("by this policy");
    let text = fs::read_to_string(&policy).expect("a policy");
    fs::write(&policy, text.replace("[\"acme\"]", "[\"claude\"]")).expect("written");
    world.countersign(&["policy", "check", &policy]).exits(1).says("no built-in marker \"claude\"");
}

#[test]
fn markers_are_listed_and_explained() {
    let countersign = |args: &[&str]| {
        let mut command = bare_command(env!("CARGO_BIN_EXE_countersign"));
        run(command.args(args), b"")
    };
    let list = countersign(&["markers"]);
    list.exits(0).says("(built in, digest ").says("claude                tool      assistance");
    let one = countersign(&["markers", "amp-thread"]).exits(0).out();
    for line in [
        "marker    amp-thread",
        "tool      Amp",
        "since     2025-09",
        "for       Amp-Thread-ID",
        "finds     Amp-Thread-ID: https://ampcode.com/threads/T-019cc416",
        "not       Amp-Thread-ID: <id>",
        "off       [detect] disable = [\"amp-thread\"]",
    ] {
        assert!(one.lines().any(|l| l == line), "no {line:?} in\n{one}");
    }
    countersign(&["markers", "co-authored-by"]).exits(0).says("who can't sign");
    countersign(&["markers", "clyde"]).exits(1).says("countersign markers lists them");
    let json = countersign(&["markers", "--json"]).exits(0).out();
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let markers = json["markers"].as_array().expect("a list");
    assert!(markers.len() > 80 && json["file"].is_null());
    assert!(markers.iter().all(|m| m["source"].as_str().is_some_and(|s| !s.is_empty())));
    assert_eq!(json["digest"].as_str().map(str::len), Some(64));
}
