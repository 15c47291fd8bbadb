//! A catalogue of one's own in the place of the built-in one is part of the policy: of its
//! digest, and of what is published with it.

use std::fs;
use std::path::Path;

use crate::detect::{CATALOGUE, with_catalogue};
use crate::support::clone::path_text;
use crate::support::run::Output;
use crate::support::{API, Clone, MAIN, World, human};

const LOG: &str = "refs/countersign/log";
const CHECK: [&str; 7] = ["check", "--ref", MAIN, "--as", "kim", "--repository", API];
const ACME: &str = "Do it\n\nCo-authored-by: Acme <coder@acme.example>\n";

/// The digest of the policy that the published log names last.
fn published(world: &World) -> String {
    let message = world.git_in(&world.bare(API), &["log", "-1", "--format=%B", LOG]);
    let at = message.find("policy=").expect("a policy") + "policy=".len();
    message[at..].trim().to_owned()
}

fn beside(world: &World, digest: &str, kind: &str) -> String {
    world.git_in(&world.bare(API), &["cat-file", "blob", &format!("{LOG}:policy/{digest}.{kind}")])
}

fn checked(world: &World, policy: &str) -> Output {
    let output = world.countersign(&["policy", "check", policy]);
    output.exits(0);
    output
}

fn land(kim: &Clone<'_>, name: &str) {
    kim.commit(human("Plain\n").file(name, name));
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn it_changes_the_digest_that_decisions_carry() {
    let world = World::new();
    let policy = with_catalogue(&world, "catalogue = \"markers.toml\"\n", CATALOGUE);
    let kim = world.clone("kim");
    land(&kim, "a");
    let first = published(&world);
    checked(&world, &policy).says(&first[..8]);
    assert_eq!(beside(&world, &first, "markers.toml"), CATALOGUE.trim_end());
    // The same again is the same.
    land(&kim, "b");
    assert_eq!(published(&world), first);
    let file = world.path("markers.toml");
    fs::write(&file, CATALOGUE.replace("coder@", "robot@")).expect("written");
    land(&kim, "c");
    let second = published(&world);
    assert_ne!(second, first);
    checked(&world, &policy).says(&second[..8]);
    assert_eq!(beside(&world, &second, "toml"), beside(&world, &first, "toml"));
    assert_eq!(beside(&world, &second, "markers.toml").matches("robot@acme").count(), 2);
    let decision = world.git_in(&world.bare(API), &["grep", "-l", &second, LOG, "--", "decisions"]);
    assert_eq!(decision.lines().count(), 1, "{decision}");
    // As `docs/formats.md` says: policy, zero byte, catalogue.
    let mut whole = fs::read(&policy).expect("a policy");
    whole.push(0);
    whole.extend(fs::read(&file).expect("a catalogue"));
    assert_eq!(countersign::domain::digest::policy_digest(&whole).to_string(), second);
}

/// A clone judges by the server's markers, not by its own program's.
#[test]
fn a_clone_takes_it_from_the_log() {
    let world = World::new();
    with_catalogue(&world, "catalogue = \"markers.toml\"\n", CATALOGUE);
    let kim = world.clone("kim");
    land(&kim, "a");
    kim.commit(human(ACME).file("b", "b\n"));
    let rejected = kim.countersign(&CHECK);
    rejected.exits(3).says("Acme <coder@acme.example>").keeps_quiet_about("built-in");
    kim.git(&["config", "countersign.repository", API]);
    kim.countersign(&["verify", "HEAD"]).exits(3).keeps_quiet_about("built-in");
    kim.git(&["reset", "-q", "--hard", "HEAD~1"]);
    kim.commit(crate::support::ai("Another tool").file("c", "c\n"));
    kim.countersign(&CHECK).exits(0).says("the gate would accept the push");
}

/// A log that names a catalogue and does not have it: the built-in markers, and a word.
#[test]
fn a_clone_without_it_says_so() {
    let world = World::new();
    with_catalogue(&world, "catalogue = \"markers.toml\"\n", CATALOGUE);
    let kim = world.clone("kim");
    land(&kim, "a");
    kim.git(&["fetch", "-q", "origin", &format!("{LOG}:{LOG}")]);
    let digest = published(&world);
    let policy = fs::read(world.path("policy.toml")).expect("a policy");
    let alone = countersign::domain::digest::policy_digest(&policy).to_string();
    rewrite(&kim, &digest, &alone);
    kim.commit(human(ACME).file("b", "b\n"));
    let word = "warning: the policy's markers (\"markers.toml\") are not in the published log";
    let output = kim.countersign(&[&CHECK[..], &["--offline"]].concat());
    output.exits(0).says(word);
    assert_eq!(output.err().lines().count(), 1, "{}", output.err());
    kim.countersign(&["verify", "HEAD", "--offline"]).says(word);
    // A file that is asked for by name has to be there.
    fs::remove_file(world.path("markers.toml")).expect("removed");
    let dir = path_text(Path::new(&kim.dir));
    let policy = path_text(&world.path("policy.toml"));
    for args in
        [&["detect", "--repo", &dir, "--policy", &policy][..], &["markers", "--policy", &policy]]
    {
        kim.countersign(args).exits(1).says("policy check");
    }
    // What lies beside a policy under its digest and is another's is damage.
    kim.git(&[
        "update-ref",
        LOG,
        &rewritten(&kim, "HEAD:b", &format!("{alone}.markers.toml"), "\n"),
    ]);
    kim.countersign(&[&CHECK[..], &["--offline"]].concat()).exits(1).says("another digest");
}

/// The log with its policy under another digest and without a catalogue, as a gate wrote it
/// that knew none.
fn rewrite(kim: &Clone<'_>, digest: &str, alone: &str) {
    let policy = format!("{LOG}:policy/{digest}.toml");
    let commit = rewritten(kim, &policy, &format!("{alone}.toml"), ".toml");
    let message = kim.git(&["log", "-1", "--format=%B", LOG]).replace(digest, alone);
    let tree = kim.git(&["rev-parse", &format!("{commit}^{{tree}}")]);
    let id = kim
        .git_with(&["commit-tree", &tree, "-F", "-"], format!("{}\n", message.trim()).as_bytes());
    kim.git(&["update-ref", LOG, &id]);
}

/// A commit like the log's last with one more file below `policy`, without those that end so.
fn rewritten(kim: &Clone<'_>, blob: &str, name: &str, without: &str) -> String {
    let blob = kim.rev(blob);
    let policies = kim.git(&["ls-tree", &format!("{LOG}:policy")]);
    let kept = policies.lines().filter(|l| !l.ends_with(without));
    let listed: String = kept.map(|l| format!("{l}\n")).collect();
    let folder =
        kim.git_with(&["mktree"], format!("{listed}100644 blob {blob}\t{name}\n").as_bytes());
    let others = kim.git(&["ls-tree", LOG]);
    let kept: String =
        others.lines().filter(|l| !l.ends_with("\tpolicy")).map(|l| format!("{l}\n")).collect();
    let tree =
        kim.git_with(&["mktree"], format!("{kept}040000 tree {folder}\tpolicy\n").as_bytes());
    let message = kim.git(&["log", "-1", "--format=%B", LOG]);
    kim.git_with(&["commit-tree", &tree, "-F", "-"], format!("{}\n", message.trim()).as_bytes())
}
