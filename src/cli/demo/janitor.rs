//! What removes the demo's folder, also after Ctrl-C, a kill or a panic.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::cli::error::CliError;

/// Removes the folder once this process is gone, however it went: it waits for the end of a
/// pipe that nobody writes to. In a process group of its own, Ctrl-C does not reach it.
pub(super) struct Janitor(Child);

const JANITOR: &str = "\
trap '' INT HUP TERM
cat >/dev/null
for i in 1 2 3; do rm -rf -- \"$1\" && exit; sleep 1; done
";

impl Janitor {
    /// Starts to wait. The folder is removed even if this process is killed.
    pub(super) fn hire(folder: &Path) -> Result<Self, CliError> {
        let child = Command::new("sh")
            .args(["-c", JANITOR, "sh"])
            .arg(folder)
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| CliError::new(format!("\"sh\" can't be run: {e}")))?;
        Ok(Self(child))
    }

    /// Lets it do its work, and waits for it.
    pub(super) fn dismiss(mut self) {
        // `wait` closes the pipe first.
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_janitor_leaves_nothing_and_touches_nothing_else() {
        let room = tempfile::tempdir().unwrap();
        let folder = room.path().join("a b'c");
        fs::create_dir_all(folder.join("deep")).unwrap();
        fs::write(folder.join("deep/file"), "x").unwrap();
        fs::write(room.path().join("a"), "x").unwrap();
        let janitor = Janitor::hire(&folder).unwrap();
        assert!(folder.join("deep/file").exists());
        janitor.dismiss();
        assert!(!folder.exists());
        assert!(room.path().join("a").exists());
    }
}
