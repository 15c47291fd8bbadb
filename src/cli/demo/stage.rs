//! The stage of the demo: a folder with a server, a policy, people and their clones.
//!
//! Nothing of the user's environment or git configuration reaches what is played here, and
//! nothing outside of the folder is written. The script `as`, in the folder, is the one way
//! in which commands are run, by the demo and by whoever goes on playing.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::janitor::Janitor;
use crate::cli::error::CliError;
use crate::cli::{policy_of, runtime};
use crate::domain::escape::escape;
use crate::hook::opened::location;
use crate::{settings, store};

/// Id and name.
const PEOPLE: [(&str, &str); 3] =
    [("kim", "Kim Park"), ("ada", "Ada Lovelace"), ("grace", "Grace Hopper")];

/// What the policy guards.
pub(super) const RULE: &str = "\
[[rule]]
name      = \"main\"
reason    = \"AI-assisted changes to main need a senior's eyes.\"
refs      = [\"refs/heads/main\"]
sign_offs = 1
from      = [\"seniors\"]
";

const SETTINGS: &str = "\
# Relative paths are below this folder.
policy = \"policy.toml\"
store  = \"sqlite:countersign.db\"

[repository]
root = \"git\"

[identity]
server   = \"env\"
variable = \"COUNTERSIGN_PUSHER\"    # a demo's way; see config/countersign.example.toml

[log]
file = \"countersign.log\"
";

/// A folder that is played in. Dropped, it is gone, unless it is kept.
pub(super) struct Stage {
    folder: PathBuf,
    text: String,
    janitor: Option<Janitor>,
}

impl Stage {
    /// Builds everything up to the first push that the gate judges.
    pub(super) fn build(keep: Option<&Path>) -> Result<Self, CliError> {
        needs("git", "--version", "git")?;
        needs("ssh-keygen", "-?", "openssh-client")?;
        let stage = match keep {
            Some(folder) => Self::kept(folder)?,
            None => Self::temporary()?,
        };
        stage.furnish()?;
        Ok(stage)
    }

    fn kept(folder: &Path) -> Result<Self, CliError> {
        let said = |e| CliError::new(format!("\"{}\" can't be used: {e}", folder.display()));
        let folder = std::path::absolute(folder).map_err(said)?;
        usable(&folder)?;
        fs::create_dir_all(&folder).map_err(said)?;
        if fs::read_dir(&folder).map_err(said)?.next().is_some() {
            let text = format!("\"{}\" is not empty", folder.display());
            return Err(CliError::usage(text).hint("--keep wants a folder that is new or empty"));
        }
        let folder = folder.canonicalize().map_err(said)?;
        Ok(Self { text: usable(&folder)?, folder, janitor: None })
    }

    fn temporary() -> Result<Self, CliError> {
        let parent = std::env::temp_dir();
        let said = |e| {
            CliError::new(format!("no folder can be made in \"{}\": {e}", parent.display()))
                .hint(ELSEWHERE)
        };
        let made = tempfile::Builder::new().prefix("countersign-demo-").tempdir().map_err(said)?;
        let folder = made.path().canonicalize().map_err(said)?;
        let text = usable(&folder)?;
        let janitor = Some(Janitor::hire(&folder)?);
        // From here on the janitor alone removes it.
        let _ = made.keep();
        Ok(Self { folder, text, janitor })
    }

    /// Removes what is not kept.
    pub(super) fn strike(mut self) -> Result<(), CliError> {
        let Some(janitor) = self.janitor.take() else { return Ok(()) };
        janitor.dismiss();
        if self.folder.exists() {
            return Err(CliError::new(format!("\"{}\" could not be removed", self.text)));
        }
        Ok(())
    }

    /// The folder, for showing.
    pub(super) fn folder(&self) -> &str {
        &self.text
    }

    /// Something in the folder, for a shell.
    pub(super) fn path(&self, below: &str) -> String {
        quoted(&format!("{}/{below}", self.text))
    }

    /// Runs a command line of the shell as one of the people, in their clone. Whether it
    /// exited with 0, and its lines: standard output, then standard error, escaped.
    pub(super) fn run(&self, who: &str, line: &str) -> Result<(bool, Vec<String>), CliError> {
        let output = Command::new(self.folder.join("as"))
            .args([who, "sh", "-c", line])
            .stdin(Stdio::null())
            .output()
            .map_err(|e| match e.kind() {
                ErrorKind::PermissionDenied => {
                    CliError::new(format!("no program may run in \"{}\": {e}", self.text))
                        .hint("is it on a file system that is mounted noexec?")
                        .hint(ELSEWHERE)
                }
                _ => CliError::new(format!("\"{}/as\" can't be run: {e}", self.text)),
            })?;
        let lines = [output.stdout.trim_ascii_end(), output.stderr.trim_ascii_end()]
            .into_iter()
            .filter(|bytes| !bytes.is_empty())
            .flat_map(|bytes| bytes.split(|b| *b == b'\n'))
            .map(|line| escape(line.trim_ascii_end()))
            .collect();
        Ok((output.status.success(), lines))
    }

    /// As [`Stage::run`], unseen, for what comes before the story.
    fn sets_up(&self, who: &str, line: &str) -> Result<(), CliError> {
        let (ok, lines) = self.run(who, line)?;
        if ok {
            return Ok(());
        }
        let error = CliError::new(format!("the demo can't be set up: `{line}` failed"));
        Err(lines.iter().fold(error, |error, line| error.said(line)))
    }

    fn furnish(&self) -> Result<(), CliError> {
        let program = std::env::current_exe()?;
        fs::create_dir(self.folder.join("bin"))?;
        symlink(&program, self.folder.join("bin/countersign"))?;
        self.script("as", &AS.replace("{HERE}", &quoted(&self.text)))?;
        let mut policy = "version = 1\n\n".to_owned();
        for (who, name) in PEOPLE {
            policy += &self.person(who, name)?;
        }
        policy += "[groups]\nseniors = [\"ada\", \"grace\"]\n\n";
        policy += RULE;
        self.server(&policy)?;
        let url = self.path("server/git/shop.git");
        // Ada's work was there before the gate.
        self.sets_up("ada", &format!("git init -q --bare --template= {url}"))?;
        self.sets_up("ada", &format!("git clone -q --template= {url} shop"))?;
        self.sets_up("ada", HISTORY)?;
        for who in ["kim", "grace"] {
            self.sets_up(who, &format!("git clone -q --template= {url} shop"))?;
        }
        self.hooks()
    }

    /// Keys and git settings; gives their part of the policy.
    fn person(&self, who: &str, name: &str) -> Result<String, CliError> {
        let home = self.folder.join(who);
        fs::create_dir_all(home.join(".ssh"))?;
        fs::write(
            home.join(".gitconfig"),
            GIT_CONFIG.replace("{NAME}", name).replace("{WHO}", who),
        )?;
        let keygen = "ssh-keygen -q -t ed25519 -N '' -C \"$COUNTERSIGN_PUSHER\" \
                      -f \"$HOME/.ssh/id_ed25519\"";
        self.sets_up(who, keygen)?;
        let key = fs::read_to_string(home.join(".ssh/id_ed25519.pub"))?;
        Ok(format!(
            "[people.{who}]\nname   = \"{name}\"\nemails = [\"{who}@example.com\"]\n\
             keys   = [\"{}\"]\n\n",
            key.trim()
        ))
    }

    fn server(&self, policy: &str) -> Result<(), CliError> {
        let server = self.folder.join("server");
        fs::create_dir_all(server.join("git"))?;
        fs::write(server.join("policy.toml"), policy)?;
        fs::write(server.join("countersign.toml"), SETTINGS)?;
        // What is wrong with these would else be read as a rejected push.
        let settings = settings::load(&server.join("countersign.toml"))?;
        policy_of(&settings.policy)?;
        runtime()?.block_on(async { store::open_store(location(&settings)).await.map(drop) })?;
        Ok(())
    }

    fn hooks(&self) -> Result<(), CliError> {
        let hooks = "server/git/shop.git/hooks";
        fs::create_dir_all(self.folder.join(hooks))?;
        for hook in ["pre-receive", "post-receive"] {
            let program = self.path("bin/countersign");
            let config = self.path("server/countersign.toml");
            let shim = format!("#!/bin/sh\nexec {program} --config {config} hook {hook}\n");
            self.script(&format!("{hooks}/{hook}"), &shim)?;
        }
        Ok(())
    }

    fn script(&self, below: &str, text: &str) -> Result<(), CliError> {
        let path = self.folder.join(below);
        fs::write(&path, text)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(janitor) = self.janitor.take() {
            janitor.dismiss();
        }
    }
}

const ELSEWHERE: &str = "play elsewhere: TMPDIR=/another/folder countersign demo, or --keep DIR";

const AS: &str = "\
#!/bin/sh
# Runs a command as one of the people, in their clone: as kim git push origin main
# Without a command: a shell. Nothing of your own settings reaches it.
here={HERE}
case $1 in
  kim | ada | grace) who=$1 ;;
  *) echo 'usage: as kim|ada|grace [COMMAND...]' >&2; exit 2 ;;
esac
shift
cd \"$here/$who/shop\" 2>/dev/null || cd \"$here/$who\" || exit
[ $# -gt 0 ] || set -- sh
exec env -i PATH=\"$here/bin:$PATH\" TERM=\"${TERM:-dumb}\" LC_ALL=C PS1=\"$who\\$ \" \\
  HOME=\"$here/$who\" GIT_CONFIG_GLOBAL=\"$here/$who/.gitconfig\" GIT_CONFIG_NOSYSTEM=1 \\
  GIT_ATTR_NOSYSTEM=1 COUNTERSIGN_PUSHER=\"$who\" \"$@\"
";

// A run of gc in the background could outlive the demo.
const GIT_CONFIG: &str = "\
[user]
\tname = {NAME}
\temail = {WHO}@example.com
[countersign]
\tkey = ~/.ssh/id_ed25519
[init]
\tdefaultBranch = main
[pull]
\tff = only
[gc]
\tauto = 0
[maintenance]
\tauto = false
[receive]
\tautogc = false
";

const HISTORY: &str = "\
echo 'def total(prices): return sum(prices)' > price.py
git add price.py && git commit -q -m 'Add up prices' && git push -q origin main
";

/// The path as text that git, PATH and a shell can take.
fn usable(path: &Path) -> Result<String, CliError> {
    match path.to_str() {
        Some(text) if !text.contains(|c: char| c.is_control() || c == ':') => Ok(text.to_owned()),
        _ => Err(CliError::new(format!(
            "the demo can't play in \"{}\"",
            escape(path.as_os_str().as_encoded_bytes())
        ))
        .hint("it wants a path in UTF-8, without colons and control characters")
        .hint(ELSEWHERE)),
    }
}

/// In single quotes where a shell would read more into it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@".contains(c);
    if text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

fn needs(program: &str, argument: &str, package: &str) -> Result<(), CliError> {
    match Command::new(program).arg(argument).stdin(Stdio::null()).output() {
        Ok(_) => Ok(()),
        Err(e) if e.kind() == ErrorKind::NotFound => {
            Err(CliError::new(format!("the demo needs \"{program}\", which is not installed"))
                .hint(format!("on Debian: apt install {package}")))
        }
        Err(e) => Err(CliError::new(format!("\"{program}\" can't be run: {e}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_a_shell_would_misread_are_quoted_or_refused() {
        let rows: &[(&str, Option<&str>)] = &[
            ("/tmp/demo-1.x", Some("/tmp/demo-1.x")),
            ("/tmp/a b", Some("'/tmp/a b'")),
            ("/tmp/it's", Some("'/tmp/it'\\''s'")),
            ("/tmp/$x`y`", Some("'/tmp/$x`y`'")),
            ("/tmp/gr\u{fc}n", Some("'/tmp/gr\u{fc}n'")),
            ("/tmp/a:b", None),
            ("/tmp/a\nb", None),
        ];
        for (path, shell) in rows {
            let text = usable(Path::new(path)).ok().map(|text| quoted(&text));
            assert_eq!(text.as_deref(), *shell, "{path}");
        }
    }
}
