//! What memory compares of a text, one rule a row: a row fails where its rule is gone.

use super::work::{self, show, three, with};
use crate::support::{Draft, MAIN, NEEDS, Policy, World, ai, human};

/// What Kim showed with a mark, what Mallory pushes of it under another name, and whether
/// that is known.
struct Row {
    name: &'static str,
    shown: String,
    pushed: String,
    known: bool,
}

fn row(name: &'static str, shown: &str, pushed: &str, known: bool) -> Row {
    Row { name, shown: shown.to_owned(), pushed: pushed.to_owned(), known }
}

fn numbered(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(|n| line(n) + "\n").collect()
}

/// Lines of code that say something.
fn code(n: usize) -> String {
    format!("settle_account_{n}(ledger.balance({n}), \"{}\");", n * 7)
}

fn rows() -> Vec<Row> {
    let body = work::file(3, 30);
    let long = numbered(30, |n| format!("{} {}", code(n), "and_so_on(it)".repeat(9)));
    let hidden = |line: &str| match line.trim().get(..6) {
        Some(start) => {
            line.replacen(start, &format!("{}\u{ad}{}\u{200b}", &start[..3], &start[3..]), 1)
        }
        None => line.to_owned(),
    };
    let soft: String = body.lines().map(|line| hidden(line) + "\n").collect();
    let inline = numbered(30, |n| format!("/* step {n} */ {}", code(n)));
    let behind = numbered(30, |n| format!("/* step\n{n} */ {}", code(n)));
    let twice = |text: &str| format!("{text}{}", code(99));
    let own = work::file(4, 14);
    let shared = |common: &str, seed| format!("{common}{}", work::file(seed, 14));
    let imports = numbered(40, |n| format!("import app.accounts.part_{n}"));
    let words = numbered(40, |n| format!("    account_name_{n},"));
    let short = numbered(40, |n| format!("a{} = {};", n % 10, n % 9));
    let mut rows = vec![
        row("lone CR", &body, &body.replace('\n', "\r"), true),
        row("a NUL for each line's end", &long, &long.replace('\n', "\0"), true),
        row("characters that can't be seen", &body, &soft, true),
        row("code behind a comment", &inline, &twice(&inline), true),
        row("code behind the end of a comment", &behind, &twice(&behind), true),
        row("half of it one's own", &body, &format!("{}{body}", work::file(5, 34)), true),
    ];
    for (name, common) in [("imports", imports), ("one word a line", words), ("short", short)] {
        rows.push(row(name, &shared(&common, 6), &format!("{common}{own}"), false));
    }
    rows
}

#[test]
fn each_rule_is_needed() {
    for Row { name, shown, pushed, known } in rows() {
        let world = World::new();
        let kim = show(&world, &[("app/ledger.c".to_owned(), shown)]);
        let other = world.clone("mallory");
        other.commit(human("Mine\n").file("lib/own.c", &pushed));
        let push = other.push_main();
        assert_eq!(!push.ok, known, "{name}:\n{}", push.all);
        if known {
            push.rejected_with(NEEDS).says("added lines (lib/own.c) as in");
        } else {
            push.lands(&[MAIN]);
        }
        drop(kim);
    }
}

/// A file too small for its lines to tell is known by its contents.
#[test]
fn a_small_file_is_known_whole() {
    let world = World::new();
    let small = numbered(6, code);
    let _kim = show(&world, &[("app/small.c".to_owned(), small.clone())]);
    let other = world.clone("mallory");
    let own = human("Mine\n").file("lib/own.c", work::file(4, 30));
    other.commit(own.file("lib/small.c", &small));
    other.push_main().rejected_with(NEEDS).says("same file lib/small.c as");
    other.git(&["reset", "-q", "--hard", "origin/main"]);
    let own = human("Mine\n").file("lib/own.c", work::file(4, 30));
    other.commit(own.file("lib/small.c", small.replace("settle", "charge")));
    other.push_main().lands(&[MAIN]);
}

/// A small part of a large change, beside more of one's own: most of one file is enough.
#[test]
fn one_file_among_ones_own_is_known() {
    let world = World::new();
    let all = work::file(8, 200);
    let part: String = all.lines().take(30).map(|line| format!("{line}\n")).collect();
    let _kim = show(&world, &[("app/ledger.py".to_owned(), all)]);
    let other = world.clone("mallory");
    for (text, known) in [(part, true), (work::file(10, 30), false)] {
        other.git(&["reset", "-q", "--hard", "origin/main"]);
        let own = human("Mine\n").file("lib/own.py", work::file(9, 120));
        other.commit(own.file("lib/part.py", text));
        let push = other.push_main();
        assert_eq!(!push.ok, known, "{}", push.all);
    }
}

/// An assistant's lines in somebody's file don't make the rest of it an assistant's.
#[test]
fn what_was_in_the_file_before_stays_whose_it_was() {
    let world = World::new();
    let other = world.clone("mallory");
    let ours = work::file(11, 60);
    other.commit(human("Ours\n").file("app/ours.py", &ours));
    other.push_main().lands(&[MAIN]);
    let added = work::file(12, 12);
    let kim = show(&world, &[("app/ours.py".to_owned(), format!("{ours}{added}"))]);
    other.commit(human("Split\n").file("lib/part.py", &ours));
    other.push_main().lands(&[MAIN]);
    other.commit(human("Take it\n").file("lib/more.py", &added));
    other.push_main().rejected_with(NEEDS);
    drop(kim);
}

/// Three copies by one person are nobody else's.
#[test]
fn copies_do_not_make_it_common() {
    let world = World::new();
    let text = work::file(13, 40);
    let copies = work::PATHS.map(|path| (path.to_owned(), text.clone()));
    let _kim = show(&world, &copies);
    let other = world.clone("mallory");
    other.commit(human("Mine\n").file("lib/own.py", format!("{text}DEBUG = False\n")));
    other.push_main().rejected_with(NEEDS);
}

/// What comes with the original is asked for with it, where the rule asks for the original.
#[test]
fn with_its_original_it_needs_no_sign_off_of_its_own() {
    for paths in ["**", "app/**"] {
        let world = World::with(&Policy::standard().with("paths", &format!("[\"{paths}\"]")));
        let kim = world.clone("kim");
        let docs: Vec<_> =
            three(15, 40).into_iter().map(|(p, t)| (p.replace("app/", "docs/"), t)).collect();
        let id = kim.commit(with(ai("Add it"), &docs));
        kim.push(&["HEAD:refs/heads/topic"]).lands(&["refs/heads/topic"]);
        kim.git(&["mv", "docs", "app"]);
        kim.git(&["commit", "-q", "-m", "Move it"]);
        kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
        let push = kim.push_main();
        assert_eq!(push.ok, paths == "**", "{paths}:\n{}", push.all);
    }
}

/// Too few lines of each file to tell, but most of the commit.
#[test]
fn crumbs_in_many_files_are_counted_together() {
    let world = World::new();
    let all = numbered(200, code);
    let _kim = show(&world, &[("app/ledger.c".to_owned(), all.clone())]);
    let other = world.clone("mallory");
    for (text, known) in [(all, true), (numbered(200, |n| format!("own_work_{n}({n});")), false)] {
        other.git(&["reset", "-q", "--hard", "origin/main"]);
        let lines: Vec<&str> = text.lines().collect();
        let mut commit = human("Mine\n");
        for (n, part) in lines.chunks(20).enumerate().take(8) {
            commit = commit.file(format!("lib/part{n}.c"), part[..5].join("\n"));
        }
        other.commit(commit);
        let push = other.push_main();
        assert_eq!(!push.ok, known, "{}", push.all);
    }
}

/// Moved to where a rule asks, and changed a little by the way: new there.
#[test]
fn moved_in_and_changed() {
    for is_marked in [true, false] {
        let world = World::with(&Policy::standard().with("paths", r#"["app/**"]"#));
        let text = work::file(16, 40);
        let files = [("app/ledger.py".to_owned(), text.clone())];
        let kim = show(&world, if is_marked { &files } else { &[] });
        let other = world.clone("mallory");
        other.commit(human("Some notes\n").file("docs/ledger.py", &text));
        other.push_main().lands(&[MAIN]);
        let moved = human("Tidy up\n").without("docs/ledger.py");
        other.commit(moved.file("app/own.py", format!("{text}DEBUG = False\n")));
        let push = other.push_main();
        assert_eq!(push.ok, !is_marked, "{}", push.all);
        drop(kim);
    }
}
