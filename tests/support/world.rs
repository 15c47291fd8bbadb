//! A server's worth of repositories in a temporary folder.

use std::ffi::OsStr;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;

use super::clone::{Clone, path_text};
use super::policy::Policy;
use super::push::Refs;
use super::run::{Output, bare_command, run};

/// Git's settings of everybody in the world: no waiting for disks, no house-keeping.
const GIT_CONFIG: &str = "[user]\n\tname = Nobody\n\temail = nobody@example.com\n\
    [init]\n\tdefaultBranch = main\n[core]\n\tfsync = none\n[gc]\n\tauto = 0\n\
    [maintenance]\n\tauto = false\n[receive]\n\tautogc = false\n\
    [protocol \"file\"]\n\tallow = always\n[commit]\n\tgpgSign = false\n";

/// See the module.
pub(crate) struct World {
    dir: TempDir,
    /// `[limits]` and whatever else a test adds to `countersign.toml`.
    settings_tail: String,
}

impl World {
    /// The standard policy, and `payments/api` with a first commit on main.
    #[track_caller]
    pub(crate) fn new() -> Self {
        Self::with(&Policy::standard())
    }

    /// A policy of one's own.
    #[track_caller]
    pub(crate) fn with(policy: &Policy) -> Self {
        Self::with_settings(policy, "")
    }

    /// Also with lines at the end of `countersign.toml`.
    #[track_caller]
    pub(crate) fn with_settings(policy: &Policy, settings_tail: &str) -> Self {
        let dir = tempfile::Builder::new().prefix("countersign-test-").tempdir().expect("a folder");
        let world = Self { dir, settings_tail: settings_tail.to_owned() };
        for folder in ["home", "root", "clones"] {
            fs::create_dir(world.path(folder)).expect("a folder");
        }
        fs::write(world.path("gitconfig"), GIT_CONFIG).expect("a file");
        fs::write(world.path("policy.toml"), policy.to_toml()).expect("a file");
        world.write_settings(&Settings::default());
        world.repository(super::API);
        world
    }

    /// A path below the world's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The settings file.
    pub(crate) fn config(&self) -> PathBuf {
        self.path("countersign.toml")
    }

    /// Replaces the policy.
    pub(crate) fn set_policy(&self, policy: &Policy) {
        fs::write(self.path("policy.toml"), policy.to_toml()).expect("a file");
    }

    /// Replaces the settings.
    pub(crate) fn write_settings(&self, settings: &Settings) {
        let mut text = String::new();
        let quoted = |path: &Path| serde_json::Value::from(path_text(path)).to_string();
        writeln!(text, "policy = {}", quoted(&self.path("policy.toml"))).expect("text");
        let store = settings.store.clone().unwrap_or_else(|| self.store());
        let file = format!("sqlite://{}", path_text(&store));
        let store = settings.database.as_ref().unwrap_or(&file);
        writeln!(text, "store = \"{store}\"").expect("text");
        if let Some(token) = &settings.token {
            writeln!(text, "store_token = {}", quoted(token)).expect("text");
        }
        writeln!(text, "[repository]\nroot = {}", quoted(&self.path("root"))).expect("text");
        writeln!(text, "[identity]\nserver = {:?}", settings.server).expect("text");
        if settings.server == "env" {
            writeln!(text, "variable = {:?}", settings.variable).expect("text");
        }
        if let Some(unlisted) = settings.unlisted {
            writeln!(text, "unlisted = {unlisted:?}").expect("text");
        }
        text.push_str(&self.settings_tail);
        fs::write(self.config(), text).expect("a file");
    }

    /// The store's file.
    pub(crate) fn store(&self) -> PathBuf {
        self.path("countersign.db")
    }

    /// Where a bare repository lies.
    pub(crate) fn bare(&self, name: &str) -> PathBuf {
        self.path("root").join(format!("{name}.git"))
    }

    /// A hermetic command; nobody's identity, no repository.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = bare_command(program);
        command.current_dir(self.path("home"));
        command.env("HOME", self.path("home"));
        command.env("TMPDIR", self.dir.path());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", self.path("gitconfig"));
        command.env("GIT_TERMINAL_PROMPT", "0");
        for part in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{part}_DATE"), "2026-01-05T10:00:00+00:00");
        }
        command
    }

    /// A new bare repository behind the gate, with a first commit on main.
    #[track_caller]
    pub(crate) fn repository(&self, name: &str) -> PathBuf {
        self.repository_of(name, "sha1")
    }

    /// Also with the other object format.
    #[track_caller]
    pub(crate) fn repository_of(&self, name: &str, format: &str) -> PathBuf {
        self.repository_with(name, &[&format!("--object-format={format}")])
    }

    /// Also with any option of `git init`.
    #[track_caller]
    pub(crate) fn repository_with(&self, name: &str, options: &[&str]) -> PathBuf {
        let bare = self.bare(name);
        let mut init = self.command("git");
        init.args(["init", "-q", "--bare", "--template="]).args(options);
        run(init.arg(&bare), b"").exits(0);
        fs::create_dir(bare.join("hooks")).expect("a folder");
        run(
            self.command("git").current_dir(&bare).args(["fast-import", "--quiet"]),
            &first_commit(),
        )
        .exits(0);
        self.install(&bare);
        bare
    }

    /// Places the shims in hooks/.
    pub(crate) fn install(&self, bare: &Path) {
        for hook in ["pre-receive", "post-receive"] {
            self.install_shim(bare, hook, &self.shim(hook));
        }
    }

    /// The line that a shim runs.
    pub(crate) fn shim(&self, hook: &str) -> String {
        let program = env!("CARGO_BIN_EXE_countersign");
        format!("exec '{program}' --config '{}' hook {hook}\n", path_text(&self.config()))
    }

    /// Writes a hook.
    pub(crate) fn install_shim(&self, bare: &Path, hook: &str, script: &str) {
        let file = bare.join("hooks").join(hook);
        fs::write(&file, format!("#!/bin/sh\n{script}")).expect("a file");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    /// A person's fresh clone of the tests' repository.
    #[track_caller]
    pub(crate) fn clone(&self, person: &str) -> Clone<'_> {
        self.clone_of(person, super::API)
    }

    /// A person's fresh clone.
    #[track_caller]
    pub(crate) fn clone_of(&self, person: &str, repository: &str) -> Clone<'_> {
        let bare = self.bare(repository);
        self.clone_from(person, &path_text(&bare), bare)
    }

    /// A person's fresh clone by any URL of a bare repository.
    #[track_caller]
    pub(crate) fn clone_from(&self, person: &str, url: &str, bare: PathBuf) -> Clone<'_> {
        let count = fs::read_dir(self.path("clones")).expect("a folder").count();
        let dir = self.path("clones").join(format!("{person}-{count}"));
        let mut command = self.command("git");
        command.args(["clone", "-q", "--template=", url]).arg(&dir);
        run(&mut command, b"").exits(0);
        Clone::new(self, person, dir, bare)
    }

    /// Runs git in a bare repository, as the host's admin; its output.
    #[track_caller]
    pub(crate) fn git_in(&self, bare: &Path, args: &[&str]) -> String {
        run(self.command("git").current_dir(bare).args(args), b"").line()
    }

    /// The value of a ref of a bare repository.
    #[track_caller]
    pub(crate) fn tip(&self, bare: &Path, name: &str) -> Option<String> {
        Refs::of(self, bare).0.get(name).cloned()
    }

    /// Runs `countersign` on the host.
    #[track_caller]
    pub(crate) fn countersign(&self, args: &[&str]) -> Output {
        let mut command = self.command(env!("CARGO_BIN_EXE_countersign"));
        command.arg("--config").arg(self.config()).args(args);
        run(&mut command, b"")
    }

    /// Runs a hook as receive-pack would, with this on standard input.
    #[track_caller]
    pub(crate) fn hook(&self, bare: &Path, hook: &str, pusher: &str, stdin: &[u8]) -> Output {
        let mut command = self.command(bare.join("hooks").join(hook));
        command.current_dir(bare).env("GIT_DIR", ".").env("COUNTERSIGN_PUSHER", pusher);
        run(&mut command, stdin)
    }
}

/// What a test may set in `countersign.toml`.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The store's file; the world's own where absent.
    pub(crate) store: Option<PathBuf>,
    /// The store's URL, where it is no file.
    pub(crate) database: Option<String>,
    /// The file with the token for it.
    pub(crate) token: Option<PathBuf>,
    /// The kind of Git server.
    pub(crate) server: &'static str,
    /// The variable that holds the pusher's login, for `env`.
    pub(crate) variable: &'static str,
    /// `person` or `nobody`.
    pub(crate) unlisted: Option<&'static str>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            store: None,
            database: None,
            token: None,
            server: "env",
            variable: "COUNTERSIGN_PUSHER",
            unlisted: None,
        }
    }
}

/// What makes `git init` keep refs in tables; nothing before git 2.45, which has none and can
/// meet none.
pub(crate) fn reftables() -> &'static [&'static str] {
    static HAS: LazyLock<bool> = LazyLock::new(|| {
        let version = run(bare_command("git").arg("version"), b"").line();
        let mut numbers = version.split(['.', ' ']).filter_map(|n| n.parse::<u32>().ok());
        (numbers.next(), numbers.next()) >= (Some(2), Some(45))
    });
    if *HAS { &["--ref-format=reftable"] } else { &[] }
}

/// A source file of sixty numbered lines, with some of them replaced.
pub(crate) fn lines(replaced: &[(usize, &str)]) -> String {
    (1..=60)
        .map(|n| match replaced.iter().find(|(at, _)| *at == n) {
            Some((_, text)) => format!("{text}\n"),
            None => format!("line {n}\n"),
        })
        .collect()
}

/// `git fast-import` of main's first commit: a README, `src/app.rs`, `src/other.rs`.
fn first_commit() -> Vec<u8> {
    let mut out = String::from(
        "commit refs/heads/main\n\
         author Setup <setup@example.com> 1767600000 +0000\n\
         committer Setup <setup@example.com> 1767600000 +0000\n\
         data 6\nBegin\n",
    );
    let files = [
        ("README.md", "# A service\n".to_owned()),
        ("src/app.rs", lines(&[])),
        ("src/other.rs", lines(&[])),
    ];
    for (path, content) in files {
        write!(out, "M 100644 inline {path}\ndata {}\n{content}\n", content.len()).expect("text");
    }
    out.push_str("\ndone\n");
    out.into_bytes()
}
