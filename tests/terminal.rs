//! What hostile text does to a terminal (G21): real commands in a pseudo-terminal, whose
//! bytes go through an emulator, whose screen is read.
//!
//! The screen has to hold what the same command writes into a pipe, line by line, and
//! nothing but: no colour, no moved cursor, no title, no bell.

use std::num::NonZeroU16;

use vt100::{Callbacks, Color, Parser, Screen};

use crate::support::run::run;
use crate::support::{CLAUDE, Clone, Draft, MAIN, World, human};

const ROWS: u16 = 1_200;
const COLUMNS: u16 = 160;

/// Git's own colours and progress are not what is looked at.
const PUSH: &str =
    "git -c color.ui=false -c color.transport=false -c color.push=false push --no-progress origin";
const PUSH_MAIN: &str = "git -c color.ui=false -c color.transport=false -c color.push=false push --no-progress origin HEAD:refs/heads/main";

/// Text that would do something to a terminal; no line feeds and no NUL, which git cuts.
const HOSTILE: &[&str] = &[
    // Over what was written: a return, blanks back, up and erased.
    "x\rsuccess: accepted",
    "x\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}ok",
    "x\x1b[1A\x1b[2Kgone",
    "x\x1b[2J\x1b[Hclean",
    "x\x1b[3;1Hthere",
    // Colours, hidden text, other screens, modes, a reset.
    "x\x1b[31mred\x1b[0m",
    "x\x1b[8mhidden\x1b[28m",
    "x\x1b[?1049h",
    "x\x1b[?25l\x1b[?2004h\x1b[?1000h",
    "x\x1bc",
    "x\x1b(0lqk",
    // Titles, links, the clipboard, a device's answer, a bell.
    "x\x1b]0;title\x07",
    "x\x1b]8;;http://evil.example\x07link\x1b]8;;\x07",
    "x\x1b]52;c;ZXZpbA==\x07",
    "x\x1bP$q\"p\x1b\\",
    "x\x1b[6n\x1b[c",
    "x\x07bell",
    // The same with C1 controls, as characters.
    "x\u{9b}31mred",
    "x\u{9d}0;title\u{9c}",
    "x\u{85}next line",
    "x\u{90}q\u{9c}",
    // The order of what is read, and what can't be seen.
    "x\u{202e}dessap\u{202c}",
    "x\u{2066}isolate\u{2069}",
    "x\u{200b}\u{feff}\u{ad}zero",
    "x\u{2028}line\u{2029}paragraph",
    // Harmless: it stands as it is.
    "Gr\u{fc}\u{df}e, \u{65e5}\u{672c}",
];

/// Whatever an emulator is asked to do beside showing text.
#[derive(Default)]
struct Asked(Vec<String>);

impl Callbacks for Asked {
    fn audible_bell(&mut self, _: &mut Screen) {
        self.0.push("bell".to_owned());
    }
    fn visual_bell(&mut self, _: &mut Screen) {
        self.0.push("visual bell".to_owned());
    }
    fn resize(&mut self, _: &mut Screen, size: (u16, u16)) {
        self.0.push(format!("resize {size:?}"));
    }
    fn set_window_icon_name(&mut self, _: &mut Screen, name: &[u8]) {
        self.0.push(format!("icon name {name:?}"));
    }
    fn set_window_title(&mut self, _: &mut Screen, title: &[u8]) {
        self.0.push(format!("title {title:?}"));
    }
    fn copy_to_clipboard(&mut self, _: &mut Screen, _: &[u8], data: &[u8]) {
        self.0.push(format!("clipboard {data:?}"));
    }
    fn paste_from_clipboard(&mut self, _: &mut Screen, _: &[u8]) {
        self.0.push("paste".to_owned());
    }
    fn unhandled_char(&mut self, _: &mut Screen, c: char) {
        self.0.push(format!("character {c:?}"));
    }
    fn unhandled_control(&mut self, _: &mut Screen, b: u8) {
        self.0.push(format!("control {b:#x}"));
    }
    fn unhandled_escape(&mut self, _: &mut Screen, _: Option<u8>, _: Option<u8>, b: u8) {
        self.0.push(format!("escape {b:#x}"));
    }
    fn unhandled_csi(
        &mut self,
        _: &mut Screen,
        _: Option<u8>,
        _: Option<u8>,
        parameters: &[&[u16]],
        c: char,
    ) {
        self.0.push(format!("sequence {parameters:?} {c}"));
    }
    fn unhandled_osc(&mut self, _: &mut Screen, parameters: &[&[u8]]) {
        self.0.push(format!("command {parameters:?}"));
    }
}

/// Runs a line of shell in a pseudo-terminal; what the screen shows, and its exit code.
/// Fails where anything but plain text came.
#[track_caller]
fn on_screen(clone: &Clone<'_>, line: &str) -> (Vec<String>, Option<i32>) {
    let sized = format!("stty cols {COLUMNS} rows {ROWS}; {line}");
    let mut script = clone.command("script");
    script.env("TERM", "xterm-256color").env("SHELL", "/bin/sh");
    let output = run(script.args(["-q", "-e", "-c", &sized, "/dev/null"]), b"");
    let (rows, columns) = (NonZeroU16::new(ROWS).unwrap(), NonZeroU16::new(COLUMNS).unwrap());
    let mut parser = Parser::new_with_callbacks(rows, columns, 0, Asked::default());
    parser.process(&output.stdout);
    let asked = &parser.callbacks().0;
    assert!(asked.is_empty(), "{line}: the terminal was asked for {asked:?}");
    let screen = parser.screen();
    assert!(
        !screen.alternate_screen()
            && !screen.hide_cursor()
            && !screen.bracketed_paste()
            && !screen.application_cursor()
            && !screen.application_keypad()
            && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None,
        "{line}: a mode of the terminal was changed"
    );
    for row in 0..ROWS {
        for column in 0..COLUMNS {
            let cell = screen.cell(row, column).expect("a cell");
            let plain = cell.fgcolor() == Color::Default
                && cell.bgcolor() == Color::Default
                && !(cell.bold() || cell.dim() || cell.italic())
                && !(cell.underline() || cell.inverse());
            assert!(plain, "{line}: row {row}, column {column} is not plain");
        }
    }
    let shown = screen.rows(0, COLUMNS).map(|row| row.trim_end().to_owned()).collect();
    (trimmed(shown), output.code)
}

fn trimmed(mut lines: Vec<String>) -> Vec<String> {
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// The lines that a command writes into a pipe, standard output first; the same command in
/// a terminal shows exactly these.
#[track_caller]
fn shows_what_it_writes(clone: &Clone<'_>, line: &str, is_ours: fn(&str) -> bool) -> String {
    let mut plain = clone.command("sh");
    let output = run(plain.args(["-c", &format!("{line} 2>&1")]), b"");
    let text = String::from_utf8(output.stdout.clone()).expect("text");
    let hidden = |c: char| c != '\n' && (c.is_control() || is_bidi(c));
    for written in text.split('\n').filter(|l| is_ours(l)) {
        assert!(!written.contains(hidden), "{line}: {written:?}");
    }
    let (shown, code) = on_screen(clone, line);
    assert_eq!(code, output.code, "{line}");
    let ours =
        |lines: Vec<String>| -> Vec<String> { lines.into_iter().filter(|l| is_ours(l)).collect() };
    // A decision's name is new each time.
    let told = |line: &str| match line.find("decision D-") {
        Some(at) => line[..at].to_owned(),
        None => line.to_owned(),
    };
    let written = trimmed(text.lines().map(|l| l.trim_end().to_owned()).collect());
    let written: Vec<_> = ours(written).iter().map(|l| told(l)).collect();
    let shown: Vec<_> = ours(shown).iter().map(|l| told(l)).collect();
    assert_eq!(shown, written, "{line}");
    assert!(!written.is_empty(), "{line} says nothing");
    text
}

fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn anything(_: &str) -> bool {
    true
}

/// Git itself repeats the names of refs; what the gate says, it marks.
fn remote(line: &str) -> bool {
    line.starts_with("remote:")
}

/// A commit with this text wherever a commit holds text of its author's choosing.
fn hostile_commit(clone: &Clone<'_>, n: usize, text: &str) -> String {
    let message = format!("{text}\n\nBody {text}\n\n{CLAUDE} {text}\nAssisted-by: {text}\n");
    let path: String = text.replace(['/', '\0'], "_");
    let who = text.replace(['<', '>', '\n'], "");
    let mut commit = human(message).file(format!("{n}{path}"), "x\n");
    commit.author = Some(format!("{who} <{}@example.com>", who.replace(' ', "")));
    clone.commit(commit)
}

#[test]
fn what_a_pusher_reads() {
    let world =
        World::with_settings(&crate::support::Policy::standard(), "[log]\nfile = \"LOG\"\n");
    let kim = world.clone("kim");
    for part in HOSTILE.chunks(9) {
        kim.git(&["reset", "-q", "--hard", "origin/main"]);
        for (n, text) in part.iter().enumerate() {
            hostile_commit(&kim, n, text);
        }
        let text = shows_what_it_writes(&kim, PUSH_MAIN, remote);
        assert!(text.contains(&format!("{} of {} commits need", part.len(), part.len())), "{text}");
        for hostile in part {
            // A return or a separator ends a line of the message.
            let first = hostile.split(['\r', '\u{85}', '\u{2028}']).next().expect("a part");
            let escaped = countersign::domain::escape::escape(first.as_bytes());
            let start: String = escaped.chars().take(12).collect();
            assert!(text.contains(&start), "{hostile:?} is not shown: {text}");
        }
    }
    // And whatever is kept of it, or told, for programs and for admins.
    let log = std::fs::read_to_string(world.path("LOG")).expect("the gate's log");
    let decision = log.rfind("D-").map(|at| log[at..at + 12].to_owned()).expect("a decision");
    let shown = world.countersign(&["show", &decision, "--json"]).out();
    let settings = std::fs::read_to_string(world.config()).expect("settings");
    std::fs::write(world.config(), settings + "[report]\nmachine_line = true\n").expect("a file");
    let told = kim.push_main();
    told.rejected_with("countersign-json: {");
    let line = told.all.lines().find(|l| l.contains("countersign-json")).map(str::to_owned);
    for kept in [log, shown, line.expect("a line")] {
        assert!(!kept.contains(|c: char| (c != '\n' && c.is_control()) || is_bidi(c)), "{kept:?}");
    }
}

/// Paths that a merge decides itself, messages of tags, and names of refs.
#[test]
fn what_else_is_named() {
    let world = World::with(
        &crate::support::Policy::standard()
            .with("refs", r#"["refs/heads/main", "refs/heads/x*", "refs/tags/*"]"#),
    );
    let kim = world.clone("kim");
    kim.branch("topic", "main");
    let id = kim.commit(crate::support::ai("Topic").file("t", "t\n"));
    let draft = Draft::approve().refs(&["refs/heads/main"]).commit(&kim, &id);
    kim.deliver(&[&draft.sign("ghopper")]);
    kim.git(&["checkout", "-q", "main"]);
    kim.commit(human("Main\n").file("m", "m\n"));
    kim.git(&["merge", "-q", "--no-ff", "--no-commit", "topic"]);
    for text in &HOSTILE[..5] {
        std::fs::write(kim.dir.join(text.replace('/', "_")), "evil\n").expect("a file");
    }
    kim.git(&["add", "-A"]);
    kim.git(&["commit", "-q", "-m", "Merge topic"]);
    let text = shows_what_it_writes(&kim, PUSH_MAIN, remote);
    assert!(text.contains("not a clean merge of AI-assisted"), "{text}");
    for (n, text) in HOSTILE.iter().enumerate().filter(|(_, t)| !t.contains('\n')) {
        let tag = format!(
            "object {}\ntype commit\ntag v{n}\ntagger {} <a@b> 1 +0000\n\n{text}\n\n\
            Assisted-by: Claude {text}\n",
            kim.head(),
            text.replace(['<', '>'], "")
        );
        let id = kim.object("tag", tag.as_bytes());
        kim.git(&["update-ref", &format!("refs/tags/v{n}"), &id]);
    }
    shows_what_it_writes(&kim, &format!("{PUSH} --tags"), remote);
    for name in ["refs/heads/x\u{202e}niam", "refs/heads/x\u{200b}main", "refs/heads/x\u{fc}"] {
        let push = format!("{PUSH} HEAD:{name}");
        let mut command = kim.command("sh");
        let output = run(command.args(["-c", &format!("{push} 2>&1")]), b"");
        let ours: Vec<_> = output.out().lines().filter(|l| remote(l)).map(str::to_owned).collect();
        assert!(!ours.join("\n").contains(is_bidi), "{ours:?}");
        assert!(ours.iter().any(|l| l.contains("x\\u{20") || l.contains("x\u{fc}")), "{ours:?}");
    }
}

/// In a clone of somebody else's work.
#[test]
fn what_a_senior_reads() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    kim.push_main().lands(&[MAIN]);
    for (n, text) in HOSTILE.iter().enumerate() {
        hostile_commit(&kim, n, text);
    }
    let base = kim.rev("origin/main");
    kim.push(&["HEAD:refs/heads/review"]).accepted();
    let grace = world.clone("ghopper");
    let program = env!("CARGO_BIN_EXE_countersign");
    let key = crate::support::key("ghopper").file;
    let tip = grace.rev("origin/review");
    let place = format!("--ref {MAIN} --repository payments/api");
    let with_key = format!("{place} --key '{}' --yes", key.display());
    for line in [
        format!("{program} approve {base}..{tip} {with_key} --out signed"),
        format!("{program} decline {tip} {with_key} -m 'no\u{202e}\u{1b}[31m' --out declined"),
        format!("{program} check {base}..{tip} --ref {MAIN} --repository payments/api --as kim"),
    ] {
        let line = format!("{line} < /dev/null; rm -rf signed* declined*");
        shows_what_it_writes(&grace, &line, anything);
    }
}
