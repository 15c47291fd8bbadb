//! What memory must not take for AI-assisted work.

use super::work::{self, show, three, with};
use crate::support::{Draft, MAIN, World, ai, human};

const LICENCE: &str = "# Copyright (c) The Authors\n#\n# Permission is hereby granted, free of \
    charge, to any person\n# obtaining a copy of this software and associated files,\n# to deal in \
    the Software without restriction.\n#\n# THE SOFTWARE IS PROVIDED \"AS IS\", WITHOUT WARRANTY\n\n";
const IMPORTS: &str = "import collections\nimport decimal\nimport itertools\nfrom datetime import \
    timedelta\nfrom app import currency, ledger\n\n";

#[test]
fn the_same_header_imports_and_lock_file() {
    let world = World::new();
    let head = format!("{LICENCE}{IMPORTS}");
    let lock: String =
        (0..80).map(|n| format!("name = \"crate-{n}\" version = \"1.{n}.0\"\n")).collect();
    let mut files = three(11, 30);
    files[0].1.insert_str(0, &head);
    files.push(("Cargo.lock".to_owned(), lock.clone()));
    let _kim = show(&world, &files);
    let other = world.clone("mallory");
    let own = work::function(&mut work::Dice(5_000));
    let commit = human("Mine\n").file("app/other.py", format!("{head}{own}"));
    other.commit(commit.file("Cargo.lock", lock));
    other.push_main().lands(&[MAIN]);
}

/// What an assistant copied from a file beside it stays what it was.
#[test]
fn what_stood_in_files_beside_it() {
    let world = World::new();
    let other = world.clone("mallory");
    let scaffold = work::file(21, 30);
    other.commit(human("Ours\n").file("tests/test_a.py", &scaffold));
    other.push_main().lands(&[MAIN]);
    let text = format!("{scaffold}{}", work::file(22, 20));
    let kim = show(&world, &[("tests/test_b.py".to_owned(), text)]);
    let text = format!("{scaffold}{}", work::file(23, 10));
    other.commit(human("Mine\n").file("tests/test_c.py", text));
    other.push_main().lands(&[MAIN]);
    drop(kim);
}

#[test]
fn the_same_few_lines() {
    let world = World::new();
    let getter =
        "    public String getCustomerName() {\n        return this.customerName;\n    }\n";
    let class =
        |name: &str, seed| format!("public class {name} {{\n{getter}{}}}\n", work::file(seed, 40));
    let _kim = show(&world, &[("src/A.java".to_owned(), class("A", 31))]);
    let other = world.clone("mallory");
    other.commit(human("Mine\n").file("src/B.java", format!("public class B {{\n{getter}}}\n")));
    other.push_main().lands(&[MAIN]);
    other.commit(human("More\n").file("src/empty.java", "").file("src/C.java", class("C", 32)));
    other.push_main().lands(&[MAIN]);
}

const MANAGE: &str = "def main():\n    \"\"\"Run administrative tasks.\"\"\"\n    \
    os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"NAME.settings\")\n    try:\n        \
    execute = load_management()\n    except ImportError as exc:\n        raise ImportError(\n            \
    \"Couldn't import Django. Are you sure it's installed and \"\n            \
    \"available on your PYTHONPATH environment variable? Did you \"\n            \
    \"forget to activate a virtual environment?\"\n        ) from exc\n    execute(sys.argv)\n    \
    return NAME_settings(\"NAME\")\n\n\nif __name__ == \"__main__\":\n    main()\n";
const LOAD: &str = "func LoadNAME(ctx context.Context, path string) (*Result, error) {\n\t\
    data, err := os.ReadFile(path)\n\tif err != nil {\n\t\treturn nil, err\n\t}\n\t\
    var res Result\n\tif err := json.Unmarshal(data, &res); err != nil {\n\t\treturn nil, \
    fmt.Errorf(\"parsing %s: %w\", path, err)\n\t}\n\treturn &res, nil\n}\n\n";
const CHECKS: &str = "name: NAME\non:\n  push:\n    branches: [main]\n  pull_request:\n\njobs:\n  \
    test:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      \
    - uses: actions/setup-node@v4\n        with:\n          node-version: 20\n          \
    cache: npm\n      - run: npm ci\n      - run: npm run NAME\n";

/// In a repository in which nothing stands yet that could show how common it is.
#[test]
fn the_same_idioms_and_scaffolds() {
    let load = |one: &str, two: &str| LOAD.replace("NAME", one) + &LOAD.replace("NAME", two);
    let rows = [
        ("a/manage.py", MANAGE.replace("NAME", "a"), MANAGE.replace("NAME", "b")),
        ("a/load.go", load("Account", "Refund"), load("Invoice", "Ledger")),
        ("a/checks.yml", CHECKS.replace("NAME", "test"), CHECKS.replace("NAME", "lint")),
    ];
    for (n, (path, theirs, ours)) in (33_u64..).zip(rows) {
        let world = World::new();
        let other = ("app/own.py".to_owned(), work::file(n, 40));
        let _kim = show(&world, &[(path.to_owned(), theirs.clone()), other]);
        let mallory = world.clone("mallory");
        mallory.commit(human("Mine\n").file(path.replace("a/", "b/"), &ours));
        mallory.push_main().lands(&[MAIN]);
        // The same to the letter, in a name and another line more, is no idiom any more.
        mallory
            .commit(human("Copy\n").file(path.replace("a/", "c/"), format!("{theirs}own = 1\n")));
        mallory.push_main().rejected();
    }
}

/// Once it has landed signed off, it is everybody's.
#[test]
fn what_has_landed() {
    for way in ["merge", "squash"] {
        let world = World::new();
        let files = three(41, 40);
        let kim = show(&world, &files);
        let id = kim.head();
        let base = kim.rev("origin/main");
        kim.deliver(&[&Draft::approve().commit(&kim, &id).net(&kim, &base, &id).sign("ghopper")]);
        let ada = world.clone("alovelace");
        ada.take(&kim, "topic");
        match way {
            "merge" => drop(ada.git(&["merge", "-q", "--no-ff", &id])),
            _ => {
                ada.git(&["merge", "-q", "--squash", &id]);
                ada.git(&["commit", "-q", "-m", "Add the ledger (#1)"]);
            }
        }
        ada.push_main().lands(&[MAIN]);
        let other = world.clone("mallory");
        // One line mended.
        let mended = files[0].1.replacen("limit", "most", 1);
        other.commit(human("Mend it\n").file(work::PATHS[0], &mended));
        other.push_main().lands(&[MAIN]);
        // All of it moved, taken out, and put back.
        let moved: Vec<_> =
            files.iter().map(|(p, t)| (p.replace("app/", "lib/"), t.clone())).collect();
        let mut commit = with(human("Move it\n"), &moved);
        for path in work::PATHS {
            commit = commit.without(path);
        }
        other.commit(commit);
        other.push_main().lands(&[MAIN]);
        other.git(&["revert", "--no-edit", "HEAD"]);
        other.push_main().lands(&[MAIN]);
        other.git(&["revert", "--no-edit", "HEAD"]);
        other.push_main().lands(&[MAIN]);
        // And on another branch that the same rule gates, from before it.
        other.git(&["checkout", "-q", "-b", "release", &base]);
        other.commit(with(human("Sync it\n"), &files));
        other.push(&["HEAD:refs/heads/release/1"]).lands(&["refs/heads/release/1"]);
        // What has not landed is still known.
        let kim2 = world.clone("kim");
        kim2.git(&["checkout", "-q", "-b", "again"]);
        let more = vec![("app/more.py".to_owned(), work::file(45, 40))];
        kim2.commit(with(ai("More"), &more));
        kim2.push(&["HEAD:refs/heads/again"]).lands(&["refs/heads/again"]);
        other.git(&["checkout", "-q", "main"]);
        other.commit(with(human("More\n"), &more));
        other.push_main().rejected();
    }
}

/// What a gated branch held before anybody looked is grandfathered.
#[test]
fn what_the_branch_held_before_it_was_gated() {
    let world = World::new();
    let files = three(51, 40);
    let kim = show(&world, &files);
    let bare = kim.bare.clone();
    world.git_in(&bare, &["update-ref", MAIN, &kim.head()]);
    let other = world.clone("mallory");
    let moved: Vec<_> = files.iter().map(|(p, t)| (p.replace("app/", "lib/"), t.clone())).collect();
    other.commit(with(human("Copy it\n"), &moved));
    other.push_main().lands(&[MAIN]);
}

/// The exact inverse of what landed is never evidence, also where what it restores is known.
#[test]
fn the_inverse_of_a_landed_change() {
    let world = World::new();
    let files = three(61, 40);
    let other = world.clone("mallory");
    other.commit(with(human("Ours\n"), &files));
    other.push_main().lands(&[MAIN]);
    other.git(&["rm", "-q", "-r", "app"]);
    other.git(&["commit", "-q", "-m", "Take it out"]);
    other.push_main().lands(&[MAIN]);
    // An assistant writes the very same on a branch.
    let kim = world.clone("kim");
    kim.git(&["checkout", "-q", "-b", "topic"]);
    kim.commit(with(ai("Put it back"), &files));
    kim.push(&["HEAD:refs/heads/topic"]).lands(&["refs/heads/topic"]);
    other.git(&["revert", "--no-edit", "HEAD"]);
    other.push_main().lands(&[MAIN]);
}

/// A file to which an assistant only gave another name is whose it was.
#[test]
fn what_an_assistant_only_moved() {
    let world = World::new();
    let other = world.clone("mallory");
    let text = work::file(71, 40);
    other.commit(human("Ours\n").file("app/own.py", &text));
    other.push_main().lands(&[MAIN]);
    let kim = world.clone("kim");
    kim.git(&["checkout", "-q", "-b", "topic"]);
    kim.commit(ai("Tidy up").without("app/own.py").file("lib/own.py", &text).file("x", "x\n"));
    kim.push(&["HEAD:refs/heads/topic"]).lands(&["refs/heads/topic"]);
    other.commit(human("Move it\n").without("app/own.py").file("lib/own.py", &text));
    other.push_main().lands(&[MAIN]);
}
