//! The README's Git host and people, in a folder: its commands run as they stand, but for
//! four paths, and for stand-ins of the commands that need root or the network.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::root;
use crate::support::run::{Output, bare_command, run};

/// Replaced by folders of the stage; CONTRIBUTING.md names them.
const PATHS: [&str; 4] = ["/etc/countersign", "/srv/git", "/var/lib/countersign", "/usr/local"];

/// Who runs a block.
pub(super) const PEOPLE: [&str; 3] = ["host", "kim", "grace"];

pub(super) struct Stage {
    dir: TempDir,
}

impl Stage {
    /// A host with a checkout, and two people with keys.
    pub(super) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("countersign-docs-").tempdir().expect("a folder");
        let stage = Self { dir };
        for person in PEOPLE {
            fs::create_dir_all(stage.home(person).join(".ssh")).expect("a home");
        }
        fs::create_dir_all(stage.path("usr/local/bin")).expect("a folder");
        fs::create_dir(stage.path("stand-ins")).expect("a folder");
        for person in ["kim", "grace"] {
            let key = stage.home(person).join(".ssh/id_ed25519");
            stage.keygen(&key);
            let public = format!("{person}.pub");
            fs::copy(key.with_extension("pub"), stage.home("host").join(public)).expect("a key");
        }
        stage.checkout();
        stage.stand_ins();
        stage.sshd();
        stage
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Where a person's shell begins; the host's is the checkout.
    pub(super) fn home(&self, person: &str) -> PathBuf {
        self.path("home").join(person)
    }

    /// A text with its paths replaced.
    fn staged(&self, text: &str) -> String {
        let here = self.dir.path().to_string_lossy().into_owned();
        PATHS
            .iter()
            .fold(text.to_owned(), |text, path| text.replace(path, &format!("{here}{path}")))
    }

    /// Runs a block in the folder where the person's last one ended. `answer` is what they
    /// type on the terminal; without one there is no terminal.
    #[track_caller]
    pub(super) fn run(&self, person: &str, block: &str, answer: Option<&str>) -> Output {
        let place = self.path(&format!("{person}.place"));
        let start = fs::read_to_string(&place).unwrap_or_else(|_| text(&self.home(person)));
        let script = format!(
            "set -eu\ncd '{}'\n{}\npwd > '{}'\n",
            start.trim_end(),
            self.staged(block),
            text(&place)
        );
        let file = self.path(&format!("{person}.sh"));
        fs::write(&file, script).expect("a file");
        let mut command = bare_command(if answer.is_some() { "script" } else { "bash" });
        match answer {
            Some(_) => command.args(["-qec", &format!("bash '{}'", text(&file)), "/dev/null"]),
            None => command.arg(&file),
        };
        let path = std::env::var("PATH").expect("a PATH");
        let (stand_ins, local) = (self.path("stand-ins"), self.path("usr/local/bin"));
        command.env("PATH", format!("{}:{}:{path}", text(&stand_ins), text(&local)));
        command.env("HOME", self.home(person)).env("TMPDIR", self.dir.path());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", self.path("gitconfig"));
        command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_PAGER", "cat").env("TERM", "dumb");
        run(&mut command, answer.unwrap_or_default().as_bytes())
    }

    fn keygen(&self, key: &Path) {
        let mut command = bare_command("ssh-keygen");
        command.args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(key);
        run(&mut command, b"").exits(0);
    }

    /// What the host's blocks take from the checkout: the hooks.
    fn checkout(&self) {
        let hooks = self.home("host").join("hooks/plain");
        fs::create_dir_all(&hooks).expect("a folder");
        for entry in fs::read_dir(root("hooks/plain")).expect("hooks") {
            let entry = entry.expect("a hook");
            let shim = fs::read_to_string(entry.path()).expect("a hook");
            fs::write(hooks.join(entry.file_name()), self.staged(&shim)).expect("a hook");
        }
        fs::write(self.path("gitconfig"), "[init]\n\tdefaultBranch = main\n").expect("a file");
    }

    fn stand_ins(&self) {
        let here = text(self.dir.path());
        let program = env!("CARGO_BIN_EXE_countersign");
        let wanted = format!("install --locked --path . --root {here}/usr/local");
        let cargo = format!(
            "test \"$*\" = '{wanted}' || exit 64\ncp '{program}' '{here}/usr/local/bin/'\n"
        );
        self.stand_in("cargo", &cargo);
        // Makes the home folder, and nobody to own it.
        let adduser = "while [ $# -gt 0 ]; do\n  case $1 in --home) mkdir -p \"$2\"; shift;; esac\n  \
            shift\ndone\n";
        self.stand_in("adduser", adduser);
        self.stand_in(
            "runuser",
            "test \"$1 $2 $3\" = '-u git --' || exit 64\nshift 3\nexec \"$@\"\n",
        );
        let install = "if [ \"$1 $2 $3 $4 $5\" = '-d -o git -g git' ]; then\n  shift 5\n  set -- -d \
            \"$@\"\nfi\nexec /usr/bin/install \"$@\"\n";
        self.stand_in("install", install);
        // The README's host is whoever runs the tests, on this machine.
        let ssh = format!(
            "me=$(id -un)\nfor word; do\n  shift\n  case $word in git@*) word=$me@${{word#git@}};; \
             esac\n  set -- \"$@\" \"$word\"\ndone\n\
             exec {} -F '{here}/ssh_config' -i \"$HOME/.ssh/id_ed25519\" \"$@\"\n",
            text(&find("ssh"))
        );
        self.stand_in("ssh", &ssh);
    }

    fn stand_in(&self, name: &str, script: &str) {
        let file = self.path("stand-ins").join(name);
        fs::write(&file, format!("#!/bin/sh\nset -eu\n{script}")).expect("a file");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    /// A real sshd for each connection, on a pipe: no port, nothing to wait for.
    fn sshd(&self) {
        let sshd = find("sshd");
        // OpenSSH refuses to start as root without it; a package makes it at boot. Anybody
        // else can't make it, and needs none.
        let _ = fs::create_dir_all("/run/sshd");
        let host = self.path("host_key");
        self.keygen(&host);
        let here = text(self.dir.path());
        let config = format!(
            "HostKey {here}/host_key\nAuthorizedKeysFile {here}/srv/git/.ssh/authorized_keys\n\
             PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\n\
             PermitRootLogin forced-commands-only\nAcceptEnv LANG LC_*\n\
             SetEnv GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL={here}/gitconfig\n"
        );
        fs::write(self.path("sshd_config"), config).expect("a file");
        let public = fs::read_to_string(host.with_extension("pub")).expect("a key");
        fs::write(self.path("known_hosts"), format!("git.example.com {public}")).expect("a file");
        let client = format!(
            "Host git.example.com\n  ProxyCommand {} -i -f {here}/sshd_config\n  \
             UserKnownHostsFile {here}/known_hosts\n  StrictHostKeyChecking yes\n  \
             IdentitiesOnly yes\n  IdentityAgent none\n  BatchMode yes\n  LogLevel ERROR\n",
            text(&sshd)
        );
        fs::write(self.path("ssh_config"), client).expect("a file");
        // The forced command finds git where the tests do.
        symlink(find("git-shell"), self.path("usr/local/bin/git-shell")).expect("a link");
    }
}

fn text(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}

/// A program by its full path.
#[track_caller]
fn find(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").expect("a PATH");
    let more = ["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from);
    let found =
        std::env::split_paths(&path).chain(more).map(|f| f.join(name)).find(|f| f.is_file());
    found.unwrap_or_else(|| panic!("these tests need {name}: install it"))
}
