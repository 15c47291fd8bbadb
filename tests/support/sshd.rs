//! A real sshd on loopback whose keys lead to `git-shell` by forced commands.

use std::fmt::Write;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use super::clone::path_text;
use super::keys::key;
use super::run::{bare_command, run};
use super::world::World;

/// Stops when dropped.
pub(crate) struct Sshd {
    child: Child,
    port: u16,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Sshd {
    /// Starts it; each of the people logs in with a key of their own.
    #[track_caller]
    pub(crate) fn start(world: &World, people: &[&str]) -> Self {
        Self::accepting(world, people, "COUNTERSIGN_* GIT_PROTOCOL")
    }

    /// Also with other patterns of variables that a client may send (`AcceptEnv`).
    #[track_caller]
    pub(crate) fn accepting(world: &World, people: &[&str], variables: &str) -> Self {
        let command = |person: &str| {
            format!(
                "env PATH='{}' {} COUNTERSIGN_PUSHER={person} git-shell -c \\\"$SSH_ORIGINAL_COMMAND\\\"",
                path(),
                home(world)
            )
        };
        Self::serving(world, people, variables, command)
    }

    /// Takes whatever a client sends, behind the forced command that `hooks/README.md` gives.
    #[track_caller]
    pub(crate) fn sealed(world: &World, people: &[&str]) -> Self {
        let hooks = concat!(env!("CARGO_MANIFEST_DIR"), "/hooks/README.md");
        let text = fs::read_to_string(hooks).expect("a file");
        let line = text.lines().find_map(|l| l.trim().strip_prefix("command=\"env -i "));
        let (command, _) = line.and_then(|l| l.split_once("\",restrict ")).expect("a command");
        let command = |person: &str| {
            let here = command
                .replace("PATH=/usr/bin:/bin", &format!("PATH='{}'", path()))
                .replace("HOME=/srv/git", &home(world))
                .replace("=kim ", &format!("={person} "));
            format!("env -i {here}")
        };
        Self::serving(world, people, "*", command)
    }

    #[track_caller]
    fn serving(
        world: &World,
        people: &[&str],
        variables: &str,
        command: impl Fn(&str) -> String,
    ) -> Self {
        let sshd = find("sshd");
        // OpenSSH refuses to start as root without it; the system makes it at boot. Nobody
        // else needs it, and may make it.
        let _ = fs::create_dir_all("/run/sshd");
        let keys = authorized_keys(people, command);
        fs::write(world.path("authorized_keys"), keys).expect("a file");
        // Between finding a free port and taking it somebody else may.
        for _ in 0..20 {
            let free = TcpListener::bind("127.0.0.1:0").expect("a port");
            let port = free.local_addr().expect("an address").port();
            drop(free);
            if let Some(child) = serve(world, &sshd, port, variables) {
                return Self { child, port };
            }
        }
        panic!("sshd does not start");
    }

    /// The command with which a person's git reaches it.
    pub(crate) fn client(&self, world: &World, person: &str) -> String {
        let known = world.path("known_hosts");
        let host = key("host").public;
        fs::write(&known, format!("[127.0.0.1]:{} {host}\n", self.port)).expect("a file");
        format!(
            "ssh -F none -p {} -i '{}' -o IdentitiesOnly=yes -o IdentityAgent=none \
             -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile='{}'",
            self.port,
            path_text(&key(&format!("login-{person}")).file),
            path_text(&known)
        )
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A bare repository's address.
    pub(crate) fn url(&self, bare: &Path) -> String {
        let user = run(bare_command("id").arg("-un"), b"").line();
        format!("{user}@127.0.0.1:{}", path_text(bare))
    }
}

fn path() -> String {
    std::env::var("PATH").expect("a PATH")
}

/// Git's settings of the world, and nobody's.
fn home(world: &World) -> String {
    format!(
        "HOME='{}' GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL='{}'",
        path_text(&world.path("home")),
        path_text(&world.path("gitconfig")),
    )
}

fn authorized_keys(people: &[&str], command: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    for person in people {
        let login = key(&format!("login-{person}")).public;
        writeln!(out, "restrict,command=\"{}\" {login}", command(person)).expect("text");
    }
    out
}

/// One attempt on one port; nothing if it did not come to listen.
fn serve(world: &World, sshd: &Path, port: u16, variables: &str) -> Option<Child> {
    let config = world.path("sshd_config");
    let text = format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\n\
         PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\n\
         PermitRootLogin forced-commands-only\nAcceptEnv {variables}\n",
        path_text(&key("host").file),
        path_text(&world.path("authorized_keys")),
    );
    fs::write(&config, text).expect("a file");
    let mut command = bare_command(sshd);
    command.args(["-D", "-e", "-f"]).arg(&config);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("sshd");
    let mut said = String::new();
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    while let Some(Ok(line)) = lines.next() {
        if line.contains("Server listening on") {
            // Keep reading, or a full pipe would stop it.
            std::thread::spawn(move || lines.for_each(drop));
            return Some(child);
        }
        said.push_str(&line);
        said.push('\n');
    }
    eprintln!("sshd on port {port}: {said}");
    let _ = child.wait();
    None
}

/// A server's program; it starts again by its full path.
#[track_caller]
fn find(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").expect("a PATH");
    let more = ["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from);
    let mut folders = std::env::split_paths(&path).chain(more);
    let found = folders.find(|f| f.join(name).is_file());
    found.map(|f| f.join(name)).unwrap_or_else(|| panic!("these tests need {name}: install it"))
}
