//! `countersign demo`, run as a newcomer would, on machines with habits of their own.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_countersign");

/// A machine whose git settings and environment would break any push that they reach.
struct Machine {
    room: TempDir,
}

const HOSTILE: &str = "\
[core]
\thooksPath = /dev/null
\tautocrlf = true
[commit]
\tgpgsign = true
[gpg]
\tprogram = /bin/false
[init]
\tdefaultBranch = trunk
[push]
\tdefault = nothing
\tgpgSign = true
[remote \"origin\"]
\tpushurl = /nonexistent
[user]
\tuseConfigOnly = true
";

impl Machine {
    fn new() -> Self {
        let machine = Self { room: tempfile::tempdir().unwrap() };
        for folder in [machine.tmp(), machine.path("home/.config/git"), machine.path("hooks")] {
            fs::create_dir_all(folder).unwrap();
        }
        for file in ["gitconfig", "home/.gitconfig", "home/.config/git/config"] {
            fs::write(machine.path(file), HOSTILE).unwrap();
        }
        for hook in ["pre-commit", "pre-push", "pre-receive"] {
            script(&machine.path("hooks").join(hook), "exit 1");
        }
        machine
    }

    fn path(&self, below: &str) -> PathBuf {
        self.room.path().join(below)
    }

    /// With a blank, a quote and a letter beyond ASCII.
    fn tmp(&self) -> PathBuf {
        self.path("it's a t\u{f6}mp")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.room.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("TMPDIR", self.tmp())
            .env("XDG_CONFIG_HOME", self.path("home/.config"))
            .env("GIT_CONFIG_GLOBAL", self.path("gitconfig"))
            .env("GIT_TEMPLATE_DIR", self.room.path())
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "core.hooksPath")
            .env("GIT_CONFIG_VALUE_0", self.path("hooks"))
            .env("GIT_CONFIG_PARAMETERS", "'core.hookspath'='/dev/null'")
            .env("GIT_DIR", "/nonexistent")
            .env("GIT_WORK_TREE", "/nonexistent")
            .env("GIT_OBJECT_DIRECTORY", "/nonexistent")
            .env("GIT_NAMESPACE", "elsewhere")
            .env("GIT_AUTHOR_EMAIL", "grace@example.com")
            .env("GIT_COMMITTER_DATE", "nonsense")
            .env("GIT_TRACE", "1")
            .env("COUNTERSIGN_PUSHER", "mallory");
        command
    }

    fn demo(&self, args: &[&str]) -> Output {
        self.command(PROGRAM).arg("demo").args(args).output().unwrap()
    }

    /// Names in the folder for temporary files.
    fn left(&self) -> Vec<String> {
        let entries = fs::read_dir(self.tmp()).unwrap();
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn config_is_as_it_was(&self) {
        for file in ["gitconfig", "home/.gitconfig", "home/.config/git/config"] {
            assert_eq!(fs::read_to_string(self.path(file)).unwrap(), HOSTILE, "{file}");
        }
    }
}

fn script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).map(|dir| dir.join(name)).find(|p| p.is_file());
    found.unwrap_or_else(|| panic!("these tests need {name}"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// All of it in this order, each in a line of its own.
fn in_order(text: &str, expected: &[&str]) {
    let mut lines = text.lines();
    for words in expected {
        assert!(lines.any(|line| line.contains(words)), "no \"{words}\", in its place, in\n{text}");
    }
}

const STORY: [&str; 31] = [
    "1. A human's commit",
    "kim$ git push origin main",
    "main -> main",
    "2. An AI-assisted commit",
    "kim$ git push origin main",
    "remote: error: 1 commit needs a senior sign-off (refs/heads/main)",
    "AI: line 3 \"Co-authored-by: Claude <noreply@anthropic.com>\"",
    "can sign: ada, grace",
    "! [remote rejected] main -> main (pre-receive hook declined)",
    "3. A senior's sign-off",
    "kim$ git push origin",
    "-> review/",
    "grace$ git fetch origin review/",
    "grace$ countersign approve",
    "  stored ",
    "4. The same push again",
    "kim$ git push origin main",
    "1 commit signed off by grace",
    "main -> main",
    "5. Signed, then changed",
    "grace$ countersign approve",
    "  stored ",
    "kim$ git push origin main",
    "stale: \"sale.py\"",
    "! [remote rejected] main -> main (pre-receive hook declined)",
    "6. Signing one's own work",
    "grace$ countersign approve",
    "  stored ",
    "grace can't: author",
    "! [remote rejected] main -> main (pre-receive hook declined)",
    "All six went as told.",
];

#[test]
fn hostile_surroundings_change_nothing_and_nothing_is_left() {
    let machine = Machine::new();
    let said = machine.demo(&[]);
    let out = text(&said.stdout);
    assert_eq!(text(&said.stderr), "", "{out}");
    assert_eq!(said.status.code(), Some(0), "{out}");
    in_order(&out, &STORY);
    assert_eq!(machine.left(), [""; 0]);
    machine.config_is_as_it_was();
    // Indented is what others say.
    for line in out.lines().filter(|line| !line.starts_with("  ")) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(out.lines().all(|line| line.trim_end() == line));
}

#[test]
fn what_is_kept_can_be_played_on_with() {
    let machine = Machine::new();
    let folder = machine.tmp().join("kept one");
    let keep = ["--keep", folder.to_str().unwrap()];
    let at_home = |program: &str| {
        let mut command = machine.command(program);
        command.env_remove("GIT_CONFIG_GLOBAL").env("HOME", machine.path("home"));
        command
    };
    let said = at_home(PROGRAM).arg("demo").args(keep).output().unwrap();
    let out = text(&said.stdout);
    assert_eq!(said.status.code(), Some(0), "{out}{}", text(&said.stderr));
    in_order(&out, &STORY[..30]);
    assert_eq!(machine.left(), ["kept one"]);
    machine.config_is_as_it_was();

    let (_, end) = out.split_once("All six went as told").unwrap();
    let mut commands: Vec<String> = Vec::new();
    for line in end.lines().filter(|line| line.starts_with("  ")) {
        match commands.last_mut().filter(|last| last.ends_with('\\')) {
            Some(last) => *last += &format!("\n{line}"),
            None => commands.push(line.trim_start().to_owned()),
        }
    }
    let answers = [
        ("git push origin", "[new branch]"),
        ("git fetch origin", "FETCH_HEAD"),
        ("countersign approve", "stored "),
        ("git push origin main", "1 commit signed off by ada"),
        ("as' kim", "Kim Park <kim@example.com>"),
        ("policy check", ": in order: 1 rule, 3 people"),
    ];
    assert_eq!(commands.len(), answers.len(), "{commands:#?}");
    for (command, (start, words)) in commands.iter().zip(answers) {
        assert!(command.contains(start), "{command}");
        let line = match start {
            "countersign approve" => format!("{command} --yes"),
            "as' kim" => format!("echo 'git var GIT_AUTHOR_IDENT' | {command}"),
            _ => command.clone(),
        };
        let said = at_home("/bin/sh").args(["-c", &line]).output().unwrap();
        let heard = text(&said.stdout) + &text(&said.stderr);
        assert!(said.status.success() && heard.contains(words), "{line}\n{heard}");
    }
}

#[test]
fn a_folder_with_something_in_it_is_refused() {
    let machine = Machine::new();
    fs::write(machine.tmp().join("mine"), "precious").unwrap();
    let said = machine.demo(&["--keep", machine.tmp().to_str().unwrap()]);
    assert_eq!(said.status.code(), Some(2));
    assert!(text(&said.stderr).contains("is not empty\nhint: "), "{}", text(&said.stderr));
    assert_eq!(text(&said.stdout), "");
    assert_eq!(machine.left(), ["mine"]);
}

#[test]
fn a_reader_that_leaves_early_is_no_panic() {
    let machine = Machine::new();
    let mut demo = machine
        .command(PROGRAM)
        .arg("demo")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut pipe = BufReader::new(demo.stdout.take().unwrap());
    pipe.read_line(&mut line).unwrap();
    assert!(line.starts_with("Countersign "), "{line}");
    drop(pipe);
    let mut errors = String::new();
    demo.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!(errors, "");
    assert_eq!(demo.wait().unwrap().code(), Some(0));
    assert_eq!(machine.left(), [""; 0]);
}

/// A git that runs no hooks stands for a gate that lets everything in.
#[test]
fn a_gate_that_does_not_hold_fails_the_demo() {
    let machine = Machine::new();
    let config = machine.path("no hooks");
    fs::write(&config, "[include]\n\tpath = ~/.gitconfig\n[core]\n\thooksPath = /dev/null\n")
        .unwrap();
    let bin = machine.path("bin");
    fs::create_dir(&bin).unwrap();
    let (git, config) = (program("git"), config.display());
    script(
        &bin.join("git"),
        &format!("GIT_CONFIG_GLOBAL='{config}' exec '{}' \"$@\"", git.display()),
    );
    let mut path = bin.into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    let said = machine.command(PROGRAM).arg("demo").env("PATH", path).output().unwrap();
    let errors = text(&said.stderr);
    assert_eq!(said.status.code(), Some(1), "{errors}");
    let told = "not as told, in \"2. An AI-assisted commit\": `git push origin main` was accepted";
    assert!(errors.contains(told), "{errors}\n{}", text(&said.stdout));
    assert!(!text(&said.stdout).contains("All six"));
    assert_eq!(machine.left(), [""; 0]);
}

#[test]
fn a_missing_program_is_named_with_its_package() {
    let machine = Machine::new();
    let bin = machine.path("bin");
    fs::create_dir(&bin).unwrap();
    for (missing, package) in [("git", "git"), ("ssh-keygen", "openssh-client")] {
        let said = machine.command(PROGRAM).arg("demo").env("PATH", &bin).output().unwrap();
        assert_eq!(said.status.code(), Some(1));
        let errors = text(&said.stderr);
        assert!(errors.contains(&format!("needs \"{missing}\"")), "{errors}");
        assert!(errors.contains(&format!("apt install {package}\n")), "{errors}");
        symlink(program(missing), bin.join(missing)).unwrap();
    }
    assert_eq!(machine.left(), [""; 0]);
}
