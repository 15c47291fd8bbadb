//! One mark, spelled in all the ways that people, forges and cheats spell it (G6, G7, G8),
//! and what only looks like a mark.

use crate::support::{CLAUDE, Draft, MAIN, NEEDS, Policy, World, ai, human};

const SPELLINGS: &[(&str, &str)] = &[
    ("plain", "Add it\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n"),
    ("lower case", "Add it\n\nco-authored-by: claude <noreply@anthropic.com>\n"),
    ("upper case", "Add it\n\nCO-AUTHORED-BY: CLAUDE <NOREPLY@ANTHROPIC.COM>\n"),
    ("no final line feed", "Add it\n\nCo-Authored-By: Claude <noreply@anthropic.com>"),
    ("no blank line", "Add it\nCo-Authored-By: Claude <noreply@anthropic.com>\n"),
    ("in the subject", "Co-Authored-By: Claude <noreply@anthropic.com>\n"),
    ("CRLF", "Add it\r\n\r\nCo-Authored-By: Claude <noreply@anthropic.com>\r\n"),
    ("lone CR", "Add it\r\rCo-Authored-By: Claude <noreply@anthropic.com>\r"),
    ("indented", "Add it\n\n    Co-Authored-By: Claude <noreply@anthropic.com>\n"),
    ("tab", "Add it\n\n\tCo-Authored-By:\tClaude\t<noreply@anthropic.com>\n"),
    ("blank before the colon", "Add it\n\nCo-Authored-By : Claude <noreply@anthropic.com>\n"),
    ("no blank after the colon", "Add it\n\nCo-Authored-By:Claude <noreply@anthropic.com>\n"),
    ("folded", "Add it\n\nCo-Authored-By: Claude\n <noreply@anthropic.com>\n"),
    ("folded at once", "Add it\n\nCo-Authored-By:\n  Claude <noreply@anthropic.com>\n"),
    (
        "above the last paragraph",
        "Add it\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n\nSigned-off-by: K <k@x>\n",
    ),
    (
        "in a mixed paragraph",
        "Add it\n\nSome prose here.\nCo-Authored-By: Claude <noreply@anthropic.com>\nAnd more.\n",
    ),
    ("after ---", "Add it\n\nText.\n---\nCo-Authored-By: Claude <noreply@anthropic.com>\n"),
    ("before a comment", "Add it\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n# Comment\n"),
    ("after an empty trailer", "Add it\n\nX:\nCo-Authored-By: Claude <noreply@anthropic.com>\n"),
    ("in a list", "Squash (#1)\n\n* Add it\n\n  Co-Authored-By: Claude <noreply@anthropic.com>\n"),
    ("zero-width in the key", "Add it\n\nCo\u{200b}-Authored-By: Claude <noreply@anthropic.com>\n"),
    ("soft hyphen", "Add it\n\nCo-Auth\u{ad}ored-By: Claude <noreply@anthropic.com>\n"),
    ("look-alikes", "Add it\n\nC\u{43e}-Auth\u{43e}red-By: Claude <noreply@anthropic.com>\n"),
    ("another hyphen", "Add it\n\nCo\u{2010}Authored\u{2010}By: Claude <noreply@anthropic.com>\n"),
    ("full width colon", "Add it\n\nCo-Authored-By\u{ff1a} Claude <noreply@anthropic.com>\n"),
    (
        "zero-width in the address",
        "Add it\n\nCo-Authored-By: Claude <noreply@anthro\u{200b}pic.com>\n",
    ),
    ("model name", "Add it\n\nCo-Authored-By: Claude Opus 4.5 <noreply@anthropic.com>\n"),
    ("no address", "Add it\n\nCo-Authored-By: Claude Opus 4.5\n"),
    (
        "footer",
        "Add it\n\n\u{1f916} Generated with [Claude Code](https://claude.com/claude-code)\n",
    ),
    ("Copilot", "Add it\n\nCo-authored-by: Copilot <175728472+Copilot@users.noreply.github.com>\n"),
    ("Cursor", "Add it\n\nCo-authored-by: Cursor <cursoragent@cursor.com>\n"),
    ("Cursor's own", "Add it\n\nMade-with: Cursor\n"),
    ("Codex", "Add it\n\nCo-authored-by: Codex <noreply@openai.com>\n"),
    (
        "Gemini",
        "Add it\n\nCo-authored-by: gemini-code-assist[bot] \
         <176961590+gemini-code-assist[bot]@users.noreply.github.com>\n",
    ),
    ("Aider", "Add it\n\nCo-authored-by: aider (gpt-4o) <aider@aider.chat>\n"),
    (
        "Devin",
        "Add it\n\nCo-authored-by: devin-ai-integration[bot] \
         <158243242+devin-ai-integration[bot]@users.noreply.github.com>\n",
    ),
    (
        "Jules",
        "Add it\n\nCo-authored-by: google-labs-jules[bot] \
         <161369871+google-labs-jules[bot]@users.noreply.github.com>\n",
    ),
    ("Assisted-by", "Add it\n\nAssisted-by: Claude:claude-opus-4-6\n"),
    ("Generated-by", "Add it\n\nGenerated-by: GitHub Copilot\n"),
    ("declared", "Add it\n\nAI-Assisted: yes\n"),
];

#[test]
fn every_spelling_of_a_mark() {
    let world = World::new();
    let kim = world.clone("kim");
    let mut missed = Vec::new();
    for (label, message) in SPELLINGS {
        kim.git(&["reset", "-q", "--hard", "origin/main"]);
        kim.commit(human(message).file("a", label));
        let push = kim.push_main();
        if push.ok {
            missed.push(*label);
            world.git_in(&kim.bare, &["update-ref", MAIN, &kim.rev("HEAD~1")]);
        } else {
            push.rejected_with(NEEDS);
        }
    }
    assert!(missed.is_empty(), "not seen: {missed:?}");
}

const INNOCENT: &[(&str, &str)] = &[
    ("a person called Claude", "Add it\n\nCo-authored-by: Claude Monet <claude@example.com>\n"),
    ("staff of a vendor", "Add it\n\nCo-authored-by: Jo <jo@anthropic.com>\n"),
    ("about AI", "Document how Claude Code writes trailers\n\nAlso Copilot and Cursor.\n"),
    ("about a file", "Update CLAUDE.md and .cursorrules\n"),
    ("a database cursor", "Close the cursor\n\nFixes: the cursor leak\n"),
    ("no", "Add it\n\nAI-Assisted: no\n"),
    ("generated by a script", "Regenerate\n\nGenerated-by: protoc\n"),
    ("helped by a person", "Add it\n\nAssisted-by: Jo Smith <jo@example.com>\n"),
    ("signed off", "Add it\n\nSigned-off-by: Kim Developer <kim@example.com>\n"),
    (
        "a robot",
        "Bump serde\n\nCo-authored-by: dependabot[bot] \
      <49699333+dependabot[bot]@users.noreply.github.com>\n",
    ),
    ("empty", ""),
];

#[test]
fn what_only_looks_like_a_mark() {
    let world = World::new();
    let kim = world.clone("kim");
    for (label, message) in INNOCENT {
        kim.commit(human(message).file("a", label));
        let push = kim.push_main();
        assert!(push.ok, "{label} was taken for a mark:\n{}", push.all);
    }
}

#[test]
fn agents_as_author_or_committer() {
    let world = World::new();
    let kim = world.clone("kim");
    for agent in [
        "Claude <noreply@anthropic.com>",
        "Cursor Agent <cursoragent@cursor.com>",
        "copilot-swe-agent[bot] <198982749+Copilot@users.noreply.github.com>",
        "Kim Developer (aider) <kim@example.com>",
    ] {
        kim.git(&["reset", "-q", "--hard", "origin/main"]);
        kim.commit(human("Add it\n").author(agent).file("a", agent));
        kim.push_main().rejected_with(NEEDS);
    }
    kim.git(&["reset", "-q", "--hard", "origin/main"]);
    kim.commit(human("Add it\n").author("Claude Monet <claude@example.com>").file("a", "x"));
    kim.push_main().lands(&[MAIN]);
}

/// Agents that the policy names are known agents too, whoever pushes.
#[test]
fn the_policys_own_agents_as_author_or_helper() {
    let policy = Policy::standard().entry(
        "bot",
        &[("agent", "true"), ("owner", "\"ghopper\""), ("emails", "[\"bot@example.com\"]")],
    );
    let world = World::with(&policy);
    let kim = world.clone("kim");
    let bot = "Bot <Bot@example.com>";
    for commit in [
        human("Add it\n").author(bot),
        human("Add it\n").committer(bot),
        human("Add it\n\nCo-authored-by: Bot <bot@example.com>\n"),
    ] {
        kim.git(&["reset", "-q", "--hard", "origin/main"]);
        let id = kim.commit(commit.file("a", "a\n"));
        kim.push_main().rejected_with(NEEDS);
        // Its owner stands wherever it does.
        kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
        kim.push_main().rejected_with("ghopper can't");
    }
    kim.git(&["reset", "-q", "--hard", "origin/main"]);
    kim.commit(
        human("Tell bot@example.com of it\n").author("Bob <bob@example.com>").file("a", "x"),
    );
    kim.push_main().lands(&[MAIN]);
}

/// Bytes that git keeps and its own tools would not show.
#[test]
fn odd_objects() {
    let world = World::new();
    let kim = world.clone("kim");
    let who = "Kim Developer <kim@example.com> 1767600000 +0000";
    let head = format!("author {who}\ncommitter {who}\n");
    let latin = [head.as_bytes(), b"encoding ISO-8859-1\n\nGr\xfc\xdfe\n\n", CLAUDE.as_bytes()];
    let utf16: Vec<u8> =
        format!("Add it\n\n{CLAUDE}\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let rows: Vec<(&str, Vec<u8>)> = vec![
        ("in a header", format!("{head}note x\n {CLAUDE}\n\nAdd it\n").into_bytes()),
        ("after a NUL", format!("{head}\nAdd it\n\0\n{CLAUDE}\n").into_bytes()),
        ("in latin 1", latin.concat()),
        ("in another encoding", [head.as_bytes(), b"encoding UTF-16LE\n\n", &utf16].concat()),
        (
            "second author",
            format!(
                "author {who}\nauthor Claude <noreply@anthropic.com> 0 +0000\n\
            committer {who}\n\nAdd it\n"
            )
            .into_bytes(),
        ),
        (
            "second parent after author",
            format!("author {who}\nparent {}\ncommitter {who}\n\nx\n", kim.head()).into_bytes(),
        ),
        ("no committer", format!("author {who}\n\nAdd it\n").into_bytes()),
    ];
    for (label, rest) in rows {
        kim.git(&["reset", "-q", "--hard", "origin/main"]);
        kim.raw_commit(&human("").file("a", label), &rest);
        let push = kim.push_main();
        assert!(!push.ok, "{label} went in:\n{}", push.all);
        assert_eq!(push.landed(), Vec::<String>::new(), "{label}");
    }
    kim.git(&["reset", "-q", "--hard", "origin/main"]);
    let plain = [head.as_bytes(), b"encoding ISO-8859-1\n\nGr\xfc\xdfe\n"].concat();
    kim.raw_commit(&human("").file("a", "a"), &plain);
    kim.push_main().lands(&[MAIN]);
}

/// What git itself decodes is read, and what nobody can read tells how to be read.
#[test]
fn messages_in_the_encodings_of_many_machines() {
    let world = World::new();
    let kim = world.clone("kim");
    let commit = |encoding: &str, message: &[u8]| {
        kim.git(&["reset", "-q", "--hard", "origin/main"]);
        std::fs::write(kim.dir.join("a"), [encoding.as_bytes(), message].concat()).expect("a file");
        kim.git(&["add", "a"]);
        let setting = format!("i18n.commitEncoding={encoding}");
        kim.git_with(&["-c", &setting, "commit", "-q", "-F", "-"], message);
    };
    let rows: [(&str, &[u8]); 9] = [
        ("cp932", b"\x93\xfa\x96\x7b"),
        ("eucJP", b"\xc6\xfc\xcb\xdc"),
        ("EUCKR", b"\xc7\xd1"),
        ("EUCCN", b"\xd6\xd0"),
        ("cp936", b"\xd6\xd0"),
        ("cp949", b"\xc7\xd1"),
        ("cp950", b"\xa4\xa4"),
        ("cp437", b"\x82"),
        ("cp850", b"\x82"),
    ];
    for (encoding, word) in rows {
        for text in [word, b"plain words"] {
            commit(encoding, text);
            kim.push_main().lands(&[MAIN]);
            commit(encoding, &[text, b"\n\n", CLAUDE.as_bytes()].concat());
            kim.push_main().rejected_with("line 3").keeps_quiet_about("commitEncoding");
        }
    }
    commit("EUC-TW", b"plain words");
    kim.push_main().lands(&[MAIN]);
    commit("EUC-TW", b"\xc4\xe3");
    kim.push_main()
        .rejected_with("can't be read as \"EUC-TW\"")
        .says("git config i18n.commitEncoding UTF-8")
        .says("git commit --amend");
    // What could not be read is not remembered against what can be.
    let many: String =
        (0..80).map(|n| format!("let line_{n} = compute_something({n});\n")).collect();
    std::fs::write(kim.dir.join("b"), many).expect("a file");
    kim.git(&["add", "b"]);
    kim.git(&["-c", "i18n.commitEncoding=EUC-TW", "commit", "-q", "--amend", "--no-edit"]);
    kim.push_main().rejected_with("can't be read").keeps_quiet_about("remembered");
    kim.git(&["config", "i18n.commitEncoding", "UTF-8"]);
    kim.git(&["commit", "-q", "--amend", "--no-edit"]);
    kim.push_main().lands(&[MAIN]);
    commit("EUC-TW", &[b"\xc4\xe3\n\n", CLAUDE.as_bytes()].concat());
    kim.push_main().rejected_with("line 3").keeps_quiet_about("commitEncoding");
}

#[test]
fn enormous_message() {
    let world = World::new();
    let kim = world.clone("kim");
    let filler = "word ".repeat(30_000);
    let lines = "x: y\n".repeat(20_000);
    kim.commit(human(format!("Add it\n\n{filler}\n{lines}\n{CLAUDE}\n{lines}\n")).file("a", "a"));
    kim.push_main().rejected_with(NEEDS);
    kim.amend(human(format!("Add it\n\n{filler}\n{lines}\n")).file("a", "a"));
    kim.push_main().lands(&[MAIN]);
    kim.commit(human("x".repeat((1 << 20) + 1)).file("b", "b"));
    kim.push_main().rejected_with("commit_bytes");
    kim.push(&["HEAD:refs/heads/topic"]).lands(&["refs/heads/topic"]);
}

#[test]
fn many_commits_are_all_counted_and_the_list_is_capped() {
    let world = World::new();
    let kim = world.clone("kim");
    for n in 0..60 {
        kim.commit(ai(&format!("Work {n}")).file("a", format!("{n}\n")));
    }
    let push = kim.push_main();
    push.rejected_with("60 of 60 commits");
    assert!(push.remote.lines().count() < 200, "{}", push.all);
}
