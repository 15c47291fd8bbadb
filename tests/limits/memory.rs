//! What the hook holds of all commits of a push together (`push_bytes`).

use super::{TOPIC, commit, file, import, limited, refused, says, told};
use crate::support::{CLAUDE, MAIN, NEEDS};

/// Many commits, each within its own limits.
#[test]
fn many_long_messages() {
    let world = limited("push_bytes", "60_000");
    let kim = world.clone("kim");
    let long = |n: usize| commit(n, &format!("Work {n}\n\n{}\n", "x".repeat(10_000)), "");
    import(&kim, &(0..8).map(long).collect::<String>());
    let push = kim.push(&[&format!("{TOPIC}:{MAIN}")]);
    refused(&push, "push_bytes", 60_000, "of the commits of this push has more than 60000 bytes");
    says(&push, "push an older commit first");
    // On a ref that nothing gates it is told.
    told(kim.push(&["topic:topic"]).lands(&[TOPIC]), "push_bytes");
    kim.push(&["topic~4:main"]).lands(&[MAIN]);
    kim.push(&["topic:main"]).lands(&[MAIN]);
}

#[test]
fn many_changed_paths() {
    let world = limited("push_bytes", "100_000");
    let kim = world.clone("kim");
    let wide = |n: usize, message: &str| {
        let files = (0..60).map(|f| file(&format!("d{f}/some-file"), &n.to_string()));
        commit(n, message, &files.collect::<String>())
    };
    let marked = format!("Wide\n\n{CLAUDE}\n");
    import(&kim, &(0..6).map(|n| wide(n, &marked)).collect::<String>());
    let push = kim.push(&["topic:main"]);
    refused(&push, "push_bytes", 100_000, "has more than 100000 bytes");
    kim.push(&["topic~4:main"]).rejected_with(NEEDS);
    // Nobody asks what people's own commits change.
    import(&kim, &(100..106).map(|n| wide(n, "Wide\n")).collect::<String>());
    kim.push(&["topic:main"]).lands(&[MAIN]);
}

/// The same commits on many refs are listed for each of them.
#[test]
fn the_same_commits_on_many_refs() {
    let world = limited("push_bytes", "300_000");
    let kim = world.clone("kim");
    let marked = |n: usize| commit(n, &format!("Work {n}\n\n{CLAUDE}\n"), "");
    import(&kim, &(0..20).map(marked).collect::<String>());
    let gated = |n: usize| format!("topic:refs/heads/release/{n}");
    let specs: Vec<String> = (0..20).map(gated).collect();
    let specs: Vec<&str> = specs.iter().map(String::as_str).collect();
    refused(&kim.push(&specs), "push_bytes", 300_000, "has more than 300000 bytes");
    kim.push(&specs[..1]).rejected_with(NEEDS);
}
