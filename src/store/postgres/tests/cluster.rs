//! A PostgreSQL server of a test's own, from Debian's packages, on a socket in a folder that
//! goes away with it. Without the packages the test fails and says what to install.

use std::fs::{File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running server, ended when it is dropped.
pub(crate) struct Cluster {
    folder: TempDir,
    server: Option<Child>,
}

/// Who a server runs as where the test is root, as which none starts.
const USER: &str = "postgres";

impl Cluster {
    /// Starts a server with no settings but the default ones.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// Starts a server with settings, `name=value` each.
    pub(crate) fn with(settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        give(folder.path());
        let data = folder.path().join("data");
        succeed(Command::new("cp").arg("-a").arg(template()).arg(data));
        let mut cluster = Self { folder, server: None };
        cluster.up(settings);
        cluster
    }

    /// What the store is opened with.
    pub(crate) fn url(&self) -> String {
        format!("postgres:///postgres?host={}&user={USER}", self.folder.path().display())
    }

    /// Starts the server (again) and waits until it answers.
    pub(crate) fn up(&mut self, settings: &[&str]) {
        let folder = self.folder.path();
        let log = File::create(folder.join("log")).expect("a log");
        let mut server = as_server("QUIT", &tool("postgres"));
        server.arg("-D").arg(folder.join("data")).arg("-k").arg(folder);
        server.args(["-c", "listen_addresses="]);
        server.args(settings.iter().flat_map(|setting| ["-c", setting]));
        server.stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log);
        self.server = Some(server.spawn().expect("setpriv of util-linux"));
        let started = Instant::now();
        loop {
            let ready = Command::new(tool("pg_isready")).arg("-q").arg("-h").arg(folder).status();
            if ready.expect("pg_isready").success() {
                return;
            }
            let ended = self.server.as_mut().and_then(|s| s.try_wait().expect("a child"));
            assert!(
                ended.is_none() && started.elapsed() < Duration::from_secs(60),
                "PostgreSQL does not start: {}",
                std::fs::read_to_string(folder.join("log")).unwrap_or_default()
            );
            sleep(Duration::from_millis(20));
        }
    }

    /// Ends the server in the middle of whatever it does, by a signal.
    pub(crate) fn end(&mut self, signal: &str) {
        let Some(mut server) = self.server.take() else { return };
        let id = server.id().to_string();
        Command::new("kill").args(["-s", signal, &id]).status().expect("kill");
        server.wait().expect("a child");
    }

    /// Kills every process of the server, as when the power goes.
    pub(crate) fn crash(&mut self) {
        let Some(server) = &self.server else { return };
        let children = format!("/proc/{0}/task/{0}/children", server.id());
        let children = std::fs::read_to_string(children).expect("children");
        let mut kill = Command::new("kill");
        kill.args(["-s", "KILL", &server.id().to_string()]).args(children.split_whitespace());
        kill.status().expect("kill");
        self.end("KILL");
    }

    /// What SQL says, unadorned, as the server's owner; panics where it refuses.
    pub(crate) fn sql(&self, text: &str) -> String {
        self.try_sql(text).unwrap_or_else(|said| panic!("{text}: {said}"))
    }

    /// What SQL says, or why it refuses.
    pub(crate) fn try_sql(&self, text: &str) -> Result<String, String> {
        let mut psql = Command::new(tool("psql"));
        psql.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-U", USER, "-d", "postgres"]);
        let said = psql.arg("-h").arg(self.folder.path()).args(["-c", text]).output();
        let said = said.expect("psql");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if said.status.success() { Ok(text(&said.stdout)) } else { Err(text(&said.stderr)) }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // At once, but so that it gives its shared memory back.
        self.end("QUIT");
    }
}

/// A program of the newest server that is installed.
fn tool(name: &str) -> PathBuf {
    let all = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = all.max_by_key(|e| e.file_name().to_str().and_then(|v| v.parse::<u32>().ok()));
    let tool = newest.map(|entry| entry.path().join("bin").join(name));
    tool.filter(|path| path.exists()).expect("PostgreSQL: apt-get install postgresql")
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").expect("/proc").uid() == 0
}

/// A program that runs as the server's user and ends when the test does.
fn as_server(signal: &str, program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]);
    }
    command.args(["--pdeathsig", signal]).arg(program);
    command.current_dir("/").env_clear().env("LC_ALL", "C");
    command
}

/// Makes a folder the server's.
fn give(folder: &Path) {
    std::fs::set_permissions(folder, Permissions::from_mode(0o755)).expect("a folder of ours");
    if is_root() {
        succeed(Command::new("chown").arg(USER).arg(folder));
    }
}

/// A data directory to be copied: to make one takes longer than all the rest. Made once for
/// all tests of this user.
fn template() -> PathBuf {
    let uid = std::fs::metadata("/proc/self").expect("/proc").uid();
    let version = tool("postgres");
    let version = version.iter().nth(4).expect("a version").to_string_lossy().into_owned();
    let folder = std::env::temp_dir().join(format!("countersign-postgres-{version}-{uid}"));
    std::fs::create_dir_all(&folder).expect("a folder for the template");
    let owner = std::fs::metadata(&folder).expect("the folder").uid();
    let lock = File::create(std::env::temp_dir().join(format!("{}.lock", folder.display())));
    let lock = lock.expect("a lock");
    lock.lock().expect("a lock");
    let data = folder.join("data");
    if !folder.join("whole").exists() {
        give(&folder);
        std::fs::remove_dir_all(&data).ok();
        let mut initdb = as_server("KILL", &tool("initdb"));
        initdb.arg("-D").arg(&data).args(["-U", USER, "-A", "trust", "-E", "UTF8"]);
        // As bytes sort nowhere: what depends on a collation is found.
        succeed(initdb.args(["--no-sync", "--locale=C.UTF-8"]));
        File::create(folder.join("whole")).expect("a mark");
    } else {
        let server = std::fs::metadata(&data).expect("the template").uid();
        assert!(owner == server || owner == uid, "{} is another's", folder.display());
    }
    data
}

fn succeed(command: &mut Command) {
    let said = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(said.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said.stderr));
}
