//! Fresh keys by `ssh-keygen`, made once for a build directory and shared by all tests.

use std::fs;
use std::path::{Path, PathBuf};

use super::run::{bare_command, run};

/// A key pair on disk.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// The private key's file.
    pub(crate) file: PathBuf,
    /// `type base64`, no comment.
    pub(crate) public: String,
}

/// The ed25519 key of this name.
#[track_caller]
pub(crate) fn key(name: &str) -> Key {
    key_of(name, "ed25519", "0")
}

/// The key of this name and type; `bits` as `ssh-keygen -b` takes them, `0` for the
/// type's own.
#[track_caller]
pub(crate) fn key_of(name: &str, kind: &str, bits: &str) -> Key {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("keys");
    let folder = home.join(format!("{name}-{kind}-{bits}"));
    if !folder.join("id.pub").exists() {
        generate(&home, &folder, kind, bits);
    }
    let public = fs::read_to_string(folder.join("id.pub")).expect("a public key");
    let words: Vec<&str> = public.split_whitespace().take(2).collect();
    Key { file: folder.join("id"), public: words.join(" ") }
}

/// Made aside and moved into place, since tests run in several processes; whoever comes
/// second uses the first one's key.
fn generate(home: &Path, folder: &Path, kind: &str, bits: &str) {
    fs::create_dir_all(home).expect("a folder for keys");
    let aside = tempfile::tempdir_in(home).expect("a temporary folder");
    let mut command = bare_command("ssh-keygen");
    command.args(["-q", "-N", "", "-C", "", "-t", kind]);
    if bits != "0" {
        command.args(["-b", bits]);
    }
    command.arg("-f").arg(aside.path().join("id"));
    run(&mut command, b"").exits(0);
    if fs::rename(aside.path(), folder).is_ok() {
        // Moved away, nothing to clean up.
        let _ = aside.keep();
    }
    assert!(folder.join("id.pub").exists(), "no key at {}", folder.display());
}
