//! Full sizes under the default limits, with a bound on the hook's memory:
//!
//! ```sh
//! COUNTERSIGN_LARGE=1 cargo nextest run --profile long limits::large --no-capture
//! ```
//!
//! Each case prints how long its hook took, where `/usr/bin/time` is there to tell.

use std::fs;
use std::time::Instant;

use super::{TOPIC, commit, file, import, many_refs, refused, told};
use crate::support::{CLAUDE, Clone, Draft, MAIN, NEEDS, Policy, PushResult, World, ai};

/// KiB of address space of the hook and its children: packs that are mapped count too, and a
/// thread's stack.
const ADDRESS_SPACE: usize = 2_500_000;

/// Whether somebody asked for these.
fn wanted() -> bool {
    std::env::var_os("COUNTERSIGN_LARGE").is_some()
}

/// The standard world, its hook under the bound; git itself may read deep trees. The time is
/// that of a program built for tests: a slow one.
fn world() -> World {
    let world = World::with_settings(&Policy::standard(), "[limits]\ntime_budget = \"2m\"\n");
    let bare = world.bare(crate::support::API);
    let time = "/usr/bin/time -f '%e s, %M KiB' -o";
    let measure = world.path("measure");
    let shim = world.shim("pre-receive").replace("exec ", "");
    let measured = format!("exec {time} '{}' {shim}", measure.display());
    let script =
        format!("ulimit -v {ADDRESS_SPACE}\n[ -x /usr/bin/time ] && {measured}\nexec {shim}");
    world.install_shim(&bare, "pre-receive", &script);
    world.git_in(&bare, &["config", "core.maxTreeDepth", "1000000"]);
    world
}

/// Pushes, and prints what it took.
fn push(clone: &Clone<'_>, what: &str, specs: &[&str]) -> PushResult {
    let start = Instant::now();
    let push = clone.push(specs);
    let took = start.elapsed().as_secs_f32();
    let measured = fs::read_to_string(clone.world.path("measure")).unwrap_or_default();
    let measured = measured.lines().last().unwrap_or_default();
    eprintln!("{what}: hook {measured}, push {took:.1} s");
    push
}

#[test]
fn twenty_thousand_commits() {
    if !wanted() {
        return;
    }
    for n in [1_000, 2_000, 4_000, 20_000, 20_001] {
        let world = world();
        let kim = world.clone("kim");
        import(&kim, &(0..n).map(|at| commit(at, "Work\n", "")).collect::<String>());
        let push = push(&kim, &format!("{n} commits"), &["topic:main"]);
        if n > 20_000 {
            refused(&push, "new_commits", 20_000, "has more than 20000 new commits");
        } else {
            push.lands(&[MAIN]);
        }
    }
}

#[test]
fn twenty_thousand_marked_commits() {
    if !wanted() {
        return;
    }
    for n in [1_000, 2_000, 4_000, 20_000] {
        let world = world();
        let kim = world.clone("kim");
        let work =
            |at: usize| commit(at, &format!("Work\n\n{CLAUDE}\n"), &file("f", &at.to_string()));
        import(&kim, &(0..n).map(work).collect::<String>());
        push(&kim, &format!("{n} marked commits"), &["topic:main"]).rejected_with(NEEDS);
    }
}

#[test]
fn twenty_thousand_merges() {
    if !wanted() {
        return;
    }
    for n in [1_000, 2_000, 4_000, 19_999] {
        let world = world();
        let kim = world.clone("kim");
        let side = commit(0, "Side\n", &file("s", "s\n")).replace(TOPIC, "refs/heads/side");
        let side = side.replacen("author", "mark :1\nauthor", 1);
        let side = format!("reset refs/heads/side\nfrom refs/remotes/origin/main\n\n{side}");
        let merge =
            |at: usize| commit(at + 1, "Merge\n", &format!("merge :1\n{}", file("s", "s\n")));
        import(&kim, &format!("{side}{}", (0..n).map(merge).collect::<String>()));
        push(&kim, &format!("{n} merges"), &["topic:main"]).lands(&[MAIN]);
    }
}

/// Memory holds a million lines; none of what people push is among them, and then all of one
/// commit is.
#[test]
fn ten_thousand_commits_against_a_million_lines() {
    if !wanted() {
        return;
    }
    let world = world();
    let kim = world.clone("kim");
    let lines = |of: usize, count: usize| -> String {
        let line = |n: usize| format!("    total_{of}_{n} = rate_{n}.of(account_{of}, {n});\n");
        (0..count).map(line).collect()
    };
    for part in 0..20 {
        let marked = |n: usize| {
            let of = part * 50 + n;
            let text = file(&format!("src/{of}.rs"), &lines(of, 1_000));
            commit(n, &format!("Work\n\n{CLAUDE}\n"), &text)
        };
        import(&kim, &(0..50).map(marked).collect::<String>());
        let spec = format!("topic:refs/heads/{part}");
        kim.push(&[&spec]).lands(&[&format!("refs/heads/{part}")]);
    }
    let stats = "SELECT SUM(lines) FROM traces";
    assert_eq!(crate::support::store::count(&world.store(), stats), 1_000_000);
    let mallory = world.clone("mallory");
    let own = |n: usize| commit(n, "Mine\n", &file(&format!("own/{n}.rs"), &lines(10_000 + n, 30)));
    let all: String = (0..10_000).map(own).collect();
    let theirs = commit(10_000, "Theirs\n", &file("own/x.rs", &lines(999, 1_000)));
    import(&mallory, &format!("{all}{theirs}"));
    push(&mallory, "10,000 commits and a remembered one", &["topic:main"]).rejected_with("AI: ");
    push(&mallory, "10,000 commits", &["topic~1:main"]).lands(&[MAIN]);
}

#[test]
fn message_of_a_hundred_megabytes() {
    if !wanted() {
        return;
    }
    let world = world();
    let kim = world.clone("kim");
    import(&kim, &commit(0, &format!("Big\n\n{}\n", "x".repeat(100_000_000)), ""));
    let seen = "has 100000";
    let refused_one = push(&kim, "100 MB message", &["topic:main"]);
    refused_one.rejected_with("could not finish").says("commit_bytes").says(seen);
    told(&push(&kim, "100 MB message, ungated", &["topic:topic"]), "commit_bytes");
    import(&kim, &commit(0, &format!("Fits\n\n{}\n", "x".repeat(1_000_000)), ""));
    push(&kim, "1 MB message", &["topic:main"]).lands(&[MAIN]);
}

#[test]
fn messages_of_a_megabyte() {
    if !wanted() {
        return;
    }
    let world = world();
    let kim = world.clone("kim");
    let long = |n: usize| commit(n, &format!("{n}\n\n{}\n", "x".repeat(1_000_000)), "");
    import(&kim, &(0..500).map(long).collect::<String>());
    let over = push(&kim, "500 commits of 1 MB", &["topic:main"]);
    refused(&over, "push_bytes", 256 << 20, "bytes");
    push(&kim, "200 commits of 1 MB", &["topic~300:main"]).lands(&[MAIN]);
}

#[test]
fn commits_of_fifty_thousand_paths() {
    if !wanted() {
        return;
    }
    let world = world();
    let kim = world.clone("kim");
    let wide = |n: usize| {
        let files = (0..50_000).map(|f| format!("M 100644 :{} d{}/{f}\n", n % 2 + 1, f / 500));
        commit(n, &format!("Wide\n\n{CLAUDE}\n"), &files.collect::<String>())
    };
    let blobs = "blob\nmark :1\ndata 1\nx\nblob\nmark :2\ndata 1\ny\n";
    import(&kim, &format!("{blobs}{}", (0..40).map(wide).collect::<String>()));
    for n in [1, 2, 4, 8] {
        let spec = format!("topic~{}:main", 40 - n);
        push(&kim, &format!("{n} commits of 50,000 paths"), &[&spec]).rejected_with(NEEDS);
    }
    let over = push(&kim, "40 commits of 50,000 paths", &["topic:main"]);
    refused(&over, "push_bytes", 256 << 20, "bytes");
}

#[test]
fn path_of_twenty_thousand_levels() {
    if !wanted() {
        return;
    }
    let world = world();
    let kim = world.clone("kim");
    kim.git(&["config", "core.maxTreeDepth", "1000000"]);
    let path = format!("{}f", "d/".repeat(19_999));
    import(&kim, &commit(0, &format!("Deep\n\n{CLAUDE}\n"), &file(&path, "x\n")));
    let deep = push(&kim, "20,000 levels", &["topic:main"]);
    refused(&deep, "path_levels", 1_000, "has more than 1000 levels");
    told(&push(&kim, "20,000 levels, ungated", &["topic:topic"]), "path_levels");
}

#[test]
fn blob_of_two_gigabytes() {
    if !wanted() {
        return;
    }
    let world = world();
    let kim = world.clone("kim");
    let file = fs::File::create(kim.dir.join("big")).expect("a file");
    file.set_len(2_100_000_000).expect("a size");
    kim.git(&["-c", "core.bigFileThreshold=1m", "add", "big"]);
    kim.git(&["commit", "-q", "-m", &format!("Big\n\n{CLAUDE}")]);
    let signed = Draft::approve().commit(&kim, &kim.head()).sign("ghopper");
    push(&kim, "2 GB blob", &["HEAD:main"]).rejected_with(NEEDS);
    kim.deliver(&[&signed]);
    push(&kim, "2 GB blob, signed", &["HEAD:main"]).lands(&[MAIN]);
}

#[test]
fn a_hundred_thousand_refs() {
    if !wanted() {
        return;
    }
    for existing in [1_000, 10_000, 100_000] {
        for pushed in [100, 400] {
            let world = world();
            let kim = world.clone("kim");
            many_refs::settle(&world, &kim, existing);
            many_refs::branches(&kim, "new", pushed, "New\n");
            many_refs::branches(&kim, "release", pushed, "New\n");
            let specs = ["refs/heads/new/*:refs/heads/new/*"];
            let what = format!("{pushed} refs onto {existing}");
            push(&kim, &what, &specs).accepted();
            let specs = ["refs/heads/release/*:refs/heads/release/*"];
            push(&kim, &format!("{what}, gated"), &specs).accepted();
        }
    }
}

/// A hundred sign-offs in a push, and more and more of them for one change.
#[test]
fn many_sign_offs_of_one_change() {
    if !wanted() {
        return;
    }
    let world = world();
    world.set_policy(&Policy::standard().with("sign_offs", "2"));
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    kim.push(&["HEAD:topic"]).accepted();
    kim.amend(ai("Add it again").file("a", "a\n"));
    for round in 1..=4 {
        let sign = |n: usize| {
            let draft = Draft::approve().commit(&kim, &id);
            draft.set("reason", format!("{round} {n}")).sign("ghopper")
        };
        let signed: Vec<_> = (0..100).map(sign).collect();
        let specs = kim.deliveries(&signed.iter().collect::<Vec<_>>());
        let specs: Vec<&str> = specs.iter().map(String::as_str).collect();
        push(&kim, "100 deliveries", &specs).accepted();
        let what = format!("one change with {round}00 sign-offs");
        push(&kim, &what, &["HEAD:main"]).rejected_with("needs 2").says("has 1");
    }
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("alovelace")]);
    push(&kim, "one change with 401 sign-offs", &["HEAD:main"]).lands(&[MAIN]);
}

/// As many branches as a push may have, all on the same new commits.
#[test]
fn two_thousand_refs_on_the_same_commits() {
    if !wanted() {
        return;
    }
    for refs in [10, 100, 1_000, 2_000] {
        let world = world();
        let kim = world.clone("kim");
        let work = |at: usize| commit(at, &format!("Work\n\n{CLAUDE}\n"), "");
        import(&kim, &(0..2_000).map(work).collect::<String>());
        let specs = |below: &str| -> Vec<String> {
            (0..refs).map(|n| format!("topic:refs/heads/{below}/{n}")).collect()
        };
        let what = format!("{refs} refs on the same 2,000 commits");
        let gated = specs("release");
        let gated: Vec<&str> = gated.iter().map(String::as_str).collect();
        push(&kim, &format!("{what}, gated"), &gated).rejected();
        let ungated = specs("t");
        let ungated: Vec<&str> = ungated.iter().map(String::as_str).collect();
        push(&kim, &what, &ungated).accepted().says("2000 commits are AI-assisted");
    }
}
