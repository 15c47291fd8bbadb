//! The list of updates: how many, how long, how long their names.

use super::{limited, refused, says, told};
use crate::support::{Clone, MAIN, Policy, PushResult, World, human};

/// Pushes the current commit to these.
#[track_caller]
fn push(clone: &Clone<'_>, names: &[&str]) -> PushResult {
    let specs: Vec<String> = names.iter().map(|name| format!("HEAD:{name}")).collect();
    clone.push(&specs.iter().map(String::as_str).collect::<Vec<_>>())
}

const TOPICS: [&str; 4] = ["refs/heads/a", "refs/heads/b", "refs/heads/c", "refs/heads/d"];

#[test]
fn refs_of_a_push() {
    let world = limited("refs", "3");
    let kim = world.clone("kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    let [a, b, c, _] = TOPICS;
    let many = push(&kim, &[a, b, c, MAIN]);
    refused(&many, "refs", 3, "this push has 4 refs");
    says(&many, "push fewer refs at once");
    push(&kim, &[a, b, MAIN]).lands(&[a, b, MAIN]);
}

/// Nothing in it is gated, so it lands; whoever pushes it is told that it was not looked at.
#[test]
fn refs_of_an_agents_ungated_push() {
    let policy =
        Policy::standard().entry("ci-agent", &[("agent", "true"), ("owner", "\"ghopper\"")]);
    let world = World::with_settings(&policy, "[limits]\nrefs = 3\nnew_commits = 2\n");
    let agent = world.clone("ci-agent");
    agent.commit(human("Plain\n").file("a", "a\n"));
    let many = push(&agent, &TOPICS);
    told(&many, "refs");
    says(&many, "what AI tools did here is not on record");
    many.lands(&TOPICS);
    (0..3).for_each(|n| drop(agent.commit(human(format!("{n}\n")).file("a", format!("{n}\n")))));
    let long = push(&agent, &["refs/heads/long"]);
    told(&long, "new_commits");
    long.lands(&["refs/heads/long"]);
    // With a gated ref beside them the same is refused.
    let [a, b, c, _] = TOPICS;
    refused(&push(&agent, &[a, b, c, MAIN]), "refs", 3, "this push has 4 refs");
}

/// A list that is too long to be read may name a gated ref.
#[test]
fn bytes_of_the_list() {
    // Two ids, two blanks, the name, a line feed.
    let line = |name: &str| 40 + 1 + 40 + 1 + name.len() + 1;
    let [a, b, ..] = TOPICS;
    let limit = line(MAIN) + line(a);
    let world = limited("stdin_bytes", &limit.to_string());
    let kim = world.clone("kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    let seen = format!("the refs of this push has more than {limit} bytes");
    refused(&push(&kim, &[MAIN, a, b]), "stdin_bytes", limit, &seen);
    let long = "refs/heads/a-branch-that-nothing-gates";
    refused(&push(&kim, &[a, b, long]), "stdin_bytes", limit, &seen);
    push(&kim, &[MAIN, a]).lands(&[a, MAIN]);
    // Where nothing is gated there is nothing to miss.
    let elsewhere = Policy::standard().with("repos", r#"["other/*"]"#);
    world.set_policy(&elsewhere);
    kim.commit(human("More\n").file("b", "b\n"));
    push(&kim, &[a, b, long]).lands(&[a, long, b]);
}

#[test]
fn bytes_of_a_name() {
    let world = limited("ref_name_bytes", "40");
    let kim = world.clone("kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    let name = |bytes: usize| format!("refs/heads/release/{}", "x".repeat(bytes - 19));
    let long = push(&kim, &[&name(41)]);
    refused(&long, "ref_name_bytes", 40, "has 41 bytes");
    says(&long, "refs/heads/release/");
    push(&kim, &[&name(40)]).lands(&[&name(40)]);
    let topic = format!("refs/heads/{}", "y".repeat(41 - 11));
    told(push(&kim, &[&topic]).lands(&[&topic]), "ref_name_bytes");
    refused(&push(&kim, &[&topic.replace('y', "z"), MAIN]), "ref_name_bytes", 40, "has 41 bytes");
}

/// As long as git can send them, of one part and of thousands.
#[test]
fn names_of_sixty_five_thousand_bytes() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    for tail in ["x".repeat(65_000), format!("{}x", "x/".repeat(32_000))] {
        let long = format!("refs/heads/{tail}");
        refused(&push(&kim, &[&long, MAIN]), "ref_name_bytes", 4_096, "bytes");
    }
    // Where it is not gated the gate lets it go, and git has no place for it.
    let ungated = push(&kim, &[&format!("refs/heads/{}", "x".repeat(65_000))]);
    assert!(!ungated.all.contains("hook declined"), "{}", ungated.all);
    let gated = format!("refs/heads/release/{}", "x".repeat(64_000));
    refused(&push(&kim, &[&gated]), "ref_name_bytes", 4_096, "has 64019 bytes");
    push(&kim, &[MAIN]).lands(&[MAIN]);
}
