//! What looks like a rebase and is not one (G10).

use crate::support::{Draft, MAIN, World, ai, human};

/// Two functions with the same body, `n` lines apart.
fn twins(first: &str, second: &str) -> String {
    let filler: String = (0..12).map(|n| format!("// filler {n}\n")).collect();
    let body = |name: &str, check: &str| {
        format!("fn {name}() {{\n    open();\n{check}    read();\n    close();\n}}\n")
    };
    format!("{}{filler}{}", body("admin", first), body("guest", second))
}

/// Signed and shown by Kim on top of `base`; main moves on to `main`; Kim pushes `result`.
#[track_caller]
fn row(base: &str, signed: &str, main: &str, result: &str, lands: bool) {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(human("Base\n").file("src/f.rs", base));
    kim.push_main().accepted();
    let id = kim.commit(ai("Check").file("src/f.rs", signed));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    kim.amend(human("Meanwhile\n").file("src/f.rs", main));
    kim.push_main().accepted();
    kim.commit(ai("Check").file("src/f.rs", result));
    let push = kim.push_main();
    if lands {
        push.lands(&[MAIN]);
    } else {
        push.rejected_with("stale");
    }
}

const CHECK: &str = "    check();\n";

#[test]
fn hunk_lands_in_the_function_that_was_signed() {
    let main = format!("// new head\n{}", twins("", ""));
    row(
        &twins("", ""),
        &twins("", CHECK),
        &main,
        &format!("// new head\n{}", twins("", CHECK)),
        true,
    );
}

#[test]
fn hunk_moved_into_the_other_function() {
    let main = format!("// new head\n{}", twins("", ""));
    row(
        &twins("", ""),
        &twins("", CHECK),
        &main,
        &format!("// new head\n{}", twins(CHECK, "")),
        false,
    );
}

/// Main deletes the function that was signed, the hunk turns up in the one that is left.
#[test]
fn hunk_follows_a_deleted_function_into_another() {
    let one =
        |check: &str| format!("fn guest() {{\n    open();\n{check}    read();\n    close();\n}}\n");
    row(&twins("", ""), &twins(CHECK, ""), &one(""), &one(CHECK), false);
}

/// Neighbouring lines: git's own rebase stops there, so a person decided, not a replay.
#[test]
fn git_would_call_it_a_conflict() {
    let file = |a: &str, b: &str| format!("1\n2\n3\n{a}\n{b}\n6\n7\n8\n");
    row(&file("4", "5"), &file("4", "five"), &file("four", "5"), &file("four", "five"), false);
    row(&file("4", "5"), &file("4", "five"), &file("4", "V"), &file("4", "five"), false);
}

#[test]
fn dedent_is_another_change() {
    let file = |line: &str| format!("if a:\n    x()\n{line}\nend()\n\n\n\n\n\ntail\n");
    let (base, signed) = (file(""), file("    y()"));
    row(&base, &signed, &format!("{base}more\n"), &format!("{}more\n", file("y()")), false);
    row(&base, &signed, &format!("{base}more\n"), &format!("{signed}more\n"), true);
}

#[test]
fn white_space_beside_the_hunk_is_another_change() {
    let file = |line: &str, tail: &str| format!("a\n{line}\nb\nc\nd\ne\nf\n{tail}\n");
    row(
        &file("x", "t"),
        &file("y", "t"),
        &file("x", "tt"),
        &file("y", "tt ").replace("\nc\n", "\nc \n"),
        false,
    );
}

/// One hop only: what is a rebase of a rebase is held against the original.
#[test]
fn binary_files_and_modes_are_not_merged() {
    let world = World::new();
    let kim = world.clone("kim");
    let binary = |a: u8, b: u8| {
        let mut bytes = vec![0; 64];
        bytes.extend(std::iter::repeat_n(b"line\n", 40).flatten());
        bytes[0] = a;
        bytes.extend([0, b]);
        bytes
    };
    kim.commit(human("Base\n").file("blob.bin", binary(1, 1)));
    kim.push_main().accepted();
    let id = kim.commit(ai("Edit").file("blob.bin", binary(2, 1)));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    kim.amend(human("Meanwhile\n").file("blob.bin", binary(1, 2)));
    kim.push_main().accepted();
    kim.commit(ai("Edit").file("blob.bin", binary(2, 2)));
    kim.push_main().rejected_with("stale");
}

#[test]
fn mode_that_was_not_signed() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = kim.commit(ai("Script").file("run.sh", "#!/bin/sh\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    kim.git(&["update-index", "--chmod=+x", "run.sh"]);
    kim.git(&["commit", "-q", "--amend", "--no-edit"]);
    kim.push_main().rejected_with("stale");
    kim.git(&["update-index", "--chmod=-x", "run.sh"]);
    kim.git(&["commit", "-q", "--amend", "--no-edit"]);
    kim.push_main().lands(&[MAIN]);
}
