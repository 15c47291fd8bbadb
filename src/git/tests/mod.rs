//! Tests of this layer against real repositories, made by real git in an environment of
//! their own.

mod changes;
mod commits;
mod deliveries;
mod differential;
mod laptops;
mod logs;
mod merges;
mod objects;
mod opens;
mod public;
mod refs;
mod replays;
mod tables;
mod walks;

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use git2::ObjectType;

use super::child::STARTED;
use super::repo::canonical;
use super::{Repo, read};
use crate::domain::ids::{ObjectFormat, ObjectId};

/// A bare repository in a folder of its own.
struct Ground {
    _dir: tempfile::TempDir,
    root: PathBuf,
    path: PathBuf,
    format: ObjectFormat,
}

const PERSON: &str = "Ada Lovelace <ada@example.com> 1700000000 +0000";
const FORMATS: [ObjectFormat; 2] = [ObjectFormat::Sha1, ObjectFormat::Sha256];

fn git_in(dir: &Path, home: &Path) -> Command {
    let mut git = Command::new("git");
    let path = std::env::var_os("PATH").unwrap_or_default();
    git.env_clear()
        .env("PATH", path)
        .env("HOME", home)
        .env("LC_ALL", "C")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "Ada Lovelace")
        .env("GIT_AUTHOR_EMAIL", "ada@example.com")
        .env("GIT_AUTHOR_DATE", "1700000000 +0000")
        .env("GIT_COMMITTER_NAME", "Ada Lovelace")
        .env("GIT_COMMITTER_EMAIL", "ada@example.com")
        .env("GIT_COMMITTER_DATE", "1700000000 +0000")
        .current_dir(dir);
    git
}

fn run(mut git: Command, stdin: &[u8]) -> (bool, Vec<u8>, String) {
    let mut child = git
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("git must be installed");
    child.stdin.take().unwrap().write_all(stdin).unwrap();
    let out = child.wait_with_output().unwrap();
    (out.status.success(), out.stdout, String::from_utf8_lossy(&out.stderr).into_owned())
}

impl Ground {
    fn new(format: ObjectFormat) -> Self {
        Self::with(&["--object-format", format.name()], format)
    }

    /// Git before 2.45 has no reftables and can't meet one: there the ground is a plain one.
    fn reftable() -> Self {
        let said = Command::new("git").arg("--version").output().expect("git must be installed");
        let said = String::from_utf8(said.stdout).unwrap();
        let version = said.split_whitespace().nth(2).expect("git version N");
        let mut numbers = version.split('.').map(|n| n.parse::<u32>().unwrap_or(0));
        let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        if version < (2, 45) {
            return Self::new(ObjectFormat::Sha1);
        }
        Self::with(&["--ref-format", "reftable"], ObjectFormat::Sha1)
    }

    fn with(args: &[&str], format: ObjectFormat) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = canonical(dir.path()).unwrap();
        let path = root.join("r.git");
        let mut git = git_in(&root, &root);
        git.args(["init", "-q", "--bare", "-b", "main"]).args(args).arg("r.git");
        let (ok, _, stderr) = run(git, b"");
        assert!(ok, "{stderr}");
        Self { _dir: dir, root, path, format }
    }

    fn open(&self) -> Repo {
        Repo::open(&self.path).unwrap()
    }

    fn git(&self, args: &[&str]) -> String {
        String::from_utf8(self.git_with(args, b"")).unwrap().trim_end().to_owned()
    }

    fn git_with(&self, args: &[&str], stdin: &[u8]) -> Vec<u8> {
        let mut git = git_in(&self.path, &self.root);
        git.args(args);
        let (ok, stdout, stderr) = run(git, stdin);
        assert!(ok, "git {args:?}: {stderr}");
        stdout
    }

    /// Any bytes as an object, valid or not, without a child.
    fn object(&self, kind: &str, raw: &[u8]) -> ObjectId {
        write_object(&self.path.join("objects"), self.format, kind, raw)
    }

    fn blob(&self, bytes: impl AsRef<[u8]>) -> ObjectId {
        self.object("blob", bytes.as_ref())
    }

    /// A folder from (mode, name, id), in the order given.
    fn tree(&self, entries: &[(&str, &str, ObjectId)]) -> ObjectId {
        self.object("tree", &tree_bytes(entries))
    }

    /// A tree of plain files, folders made from the slashes.
    fn files(&self, files: &[(&str, &str)]) -> ObjectId {
        let rows: Vec<_> = files.iter().map(|(p, c)| ("100644", *p, self.blob(c))).collect();
        self.nested(&rows)
    }

    /// A tree from (mode, path, id), folders made from the slashes.
    fn nested(&self, rows: &[(&str, &str, ObjectId)]) -> ObjectId {
        let mut stdin = Vec::new();
        for (mode, path, id) in rows {
            stdin.extend_from_slice(format!("{mode} {id} 0\t{path}\0").as_bytes());
        }
        let index = self.root.join(format!("index-{}", STEP.with(|s| s.replace(s.get() + 1))));
        let with_index = |args: &[&str], stdin: &[u8]| {
            let mut git = git_in(&self.path, &self.root);
            git.env("GIT_INDEX_FILE", &index).args(args);
            let (ok, stdout, stderr) = run(git, stdin);
            assert!(ok, "{stderr}");
            stdout
        };
        with_index(&["update-index", "-z", "--index-info"], &stdin);
        hex(&with_index(&["write-tree", "--missing-ok"], b""))
    }

    fn commit(&self, tree: ObjectId, parents: &[ObjectId], message: &str) -> ObjectId {
        self.object("commit", &commit_bytes(tree, parents, 1_700_000_000, message))
    }

    fn point(&self, name: &str, id: ObjectId) {
        self.git(&["update-ref", name, &id.to_string()]);
    }
}

thread_local! {
    static STEP: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

fn hex(stdout: &[u8]) -> ObjectId {
    ObjectId::from_hex(stdout.trim_ascii_end()).unwrap()
}

fn tree_bytes(entries: &[(&str, &str, ObjectId)]) -> Vec<u8> {
    let mut raw = Vec::new();
    for (mode, name, id) in entries {
        raw.extend_from_slice(format!("{mode} {name}\0").as_bytes());
        raw.extend_from_slice(id.as_bytes());
    }
    raw
}

fn commit_bytes(tree: ObjectId, parents: &[ObjectId], time: i64, message: &str) -> Vec<u8> {
    let mut raw = format!("tree {tree}\n");
    for parent in parents {
        raw.push_str(&format!("parent {parent}\n"));
    }
    let person = format!("Ada Lovelace <ada@example.com> {time} +0000");
    raw.push_str(&format!("author {person}\ncommitter {person}\n\n{message}"));
    raw.into_bytes()
}

/// Writes a loose object into any object directory, a quarantine too.
fn write_object(objects: &Path, format: ObjectFormat, kind: &str, raw: &[u8]) -> ObjectId {
    let kind = ObjectType::from_str(kind).unwrap();
    let id = git2::Oid::hash_object_ext(kind, raw, read::git2_format(format)).unwrap();
    let id = ObjectId::from_raw(id.as_bytes()).unwrap();
    let text = id.to_string();
    let path = objects.join(&text[..2]).join(&text[2..]);
    if path.exists() {
        return id;
    }
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut loose = format!("{} {}\0", kind.str(), raw.len()).into_bytes();
    loose.extend_from_slice(raw);
    std::fs::write(path, stored(&loose)).unwrap();
    id
}

/// A zlib stream of stored (not compressed) blocks, RFC 1950 and 1951.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut chunks = bytes.chunks(0xffff).peekable();
    while let Some(chunk) = chunks.next() {
        let len = u16::try_from(chunk.len()).unwrap();
        out.push(u8::from(chunks.peek().is_none()));
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&(!len).to_le_bytes());
        out.extend_from_slice(chunk);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend_from_slice(&((b << 16) | a).to_be_bytes());
    out
}

/// How many children `f` starts.
fn children<T>(f: impl FnOnce() -> T) -> (T, usize) {
    let before = STARTED.get();
    let result = f();
    (result, STARTED.get() - before)
}

/// Marsaglia's xorshift: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % n
    }
}

fn os(text: impl AsRef<OsStr>) -> Option<std::ffi::OsString> {
    Some(text.as_ref().to_owned())
}

#[test]
fn the_ground_writes_what_git_reads() {
    for format in FORMATS {
        let ground = Ground::new(format);
        let long = "x".repeat(200_000);
        let tree = ground.files(&[("a", "one\n"), ("b/c", &long)]);
        let commit = ground.commit(tree, &[], "First\n");
        ground.point("refs/heads/main", commit);
        ground.git(&["fsck", "--strict"]);
        assert_eq!(ground.git(&["cat-file", "-s", &format!("{commit}:b/c")]), "200000");
    }
}
