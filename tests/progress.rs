//! Bars of commands that take a while: real commands in a pseudo-terminal, whose bytes go
//! through an emulator. A bar moves, and is gone at the end; nobody sees one in a file.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroU16;

use vt100::Parser;

use crate::support::clone::path_text;
use crate::support::run::run;
use crate::support::{API, Clone, World};

const ROWS: u16 = 24;
const COLUMNS: u16 = 120;
/// More than what is done at once.
const MANY: usize = 2_500;

/// What was seen of a command in a terminal.
struct Seen {
    /// Where the bar stood.
    positions: BTreeSet<usize>,
    /// What the screen shows once it is done.
    screen: String,
}

/// Runs a line of shell in a pseudo-terminal, and follows the bar about `what`.
#[track_caller]
fn watched(clone: &Clone<'_>, line: &str, what: &str) -> Seen {
    let sized = format!("stty cols {COLUMNS} rows {ROWS}; {line}");
    let mut script = clone.command("script");
    script.env("TERM", "xterm-256color").env("SHELL", "/bin/sh");
    let output = run(script.args(["-q", "-e", "-c", &sized, "/dev/null"]), b"");
    output.exits(0);
    let (rows, columns) = (NonZeroU16::new(ROWS).unwrap(), NonZeroU16::new(COLUMNS).unwrap());
    let mut parser = Parser::new(rows, columns, 0);
    let mut positions = BTreeSet::new();
    let end = format!(" of {MANY} {what},");
    for byte in &output.stdout {
        parser.process(&[*byte]);
        let (row, _) = parser.screen().cursor_position();
        let shown = parser.screen().rows(0, COLUMNS).nth(usize::from(row)).unwrap_or_default();
        let before = shown.split_once(&end).and_then(|(before, _)| before.rsplit(' ').next());
        positions.extend(before.and_then(|digits| digits.parse::<usize>().ok()));
    }
    Seen { positions, screen: parser.screen().contents() }
}

impl Seen {
    #[track_caller]
    fn moves_and_goes(&self, says: &str) {
        let Self { positions, screen } = self;
        assert!(positions.len() > 1, "the bar did not move: {positions:?}\n{screen}");
        assert!(!screen.contains(" left"), "a bar is left:\n{screen}");
        assert!(screen.contains(says), "{says:?} is not said:\n{screen}");
    }
}

/// Standard error in a file, standard output in the terminal.
#[track_caller]
fn is_silent_in_a_file(clone: &Clone<'_>, line: &str, says: &str) {
    let file = clone.world.path("stderr");
    let seen = watched(clone, &format!("{line} 2>{}", path_text(&file)), "");
    assert!(seen.screen.contains(says) && !seen.screen.contains(" left"), "{}", seen.screen);
    assert_eq!(fs::read_to_string(&file).expect("standard error"), "");
}

const COUNTERSIGN: &str = env!("CARGO_BIN_EXE_countersign");

#[test]
fn detect_shows_a_bar() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.plain_commits(MANY - 1);
    let line = format!("{COUNTERSIGN} detect --repo . --summary");
    let says = format!("0 of {MANY} commits are AI-assisted");
    watched(&kim, &line, "commits").moves_and_goes(&says);
    is_silent_in_a_file(&kim, &line, &says);
}

#[test]
fn adopt_shows_a_bar() {
    let world = World::new();
    let bare = world.bare(API);
    let kim = world.clone("kim");
    let main = kim.plain_commits(MANY - 1);
    kim.plain_commits(MANY);
    let from = path_text(&kim.dir);
    world.git_in(&bare, &["fetch", "-q", &from, "HEAD:refs/heads/topic"]);
    world.git_in(&bare, &["update-ref", crate::support::MAIN, &main]);
    let (config, bare) = (path_text(&world.config()), path_text(&bare));
    let line = format!("{COUNTERSIGN} --config {config} adopt --repo {bare}");
    for (what, more) in
        [("commits of the base", " --dry-run"), ("commits of the base", ""), ("open commits", "")]
    {
        watched(&kim, &format!("{line}{more}"), what).moves_and_goes("1 open ref, 2500 commits");
    }
    is_silent_in_a_file(&kim, &line, "1 open ref, 2500 commits");
}
