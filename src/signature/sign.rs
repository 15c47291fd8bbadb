//! The signer's side: runs `ssh-keygen -Y sign`, so that agents, passphrases, FIDO touch
//! and PKCS#11 work as they do for git.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::NamedTempFile;

use super::key::{self, KeyError};
use super::login::{LOGIN_NAMESPACE, login_key};
use super::sshsig;
use super::statement::NAMESPACE;
use super::verify::{self, VerifyError};
use crate::domain::escape::escape_short;
use crate::domain::statement::Signed;

const PROGRAM: &str = "ssh-keygen";

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The setting names no key.
    #[error("the signing key is {0}")]
    Key(#[from] KeyError),
    /// The literal public key could not be put where ssh-keygen reads it.
    #[error("the public key can't be written to a temporary file")]
    Temporary(#[source] io::Error),
    /// The program did not start.
    #[error("\"{PROGRAM}\" can't be run")]
    Start(#[source] io::Error),
    /// The program ran and signed nothing.
    #[error("\"{PROGRAM}\" did not sign with the key \"{}\"{}", .key.display(), last_words(said))]
    Refused {
        /// The key's file.
        key: PathBuf,
        /// Its last words, escaped; empty where they went to the terminal.
        said: String,
    },
    /// The program signed, but no server would take it.
    #[error("\"{PROGRAM}\" signed with the key \"{}\", but it does not count", .key.display())]
    Unusable {
        /// The key's file.
        key: PathBuf,
        /// Why.
        #[source]
        source: VerifyError,
    },
}

fn last_words(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}

/// A key to sign with: a private key's file, or a public key's whose private half an
/// agent or a token holds.
#[derive(Debug)]
pub struct Signer {
    key: PathBuf,
    /// Keeps the file of a literal key until nobody signs any more.
    _literal: Option<NamedTempFile>,
}

impl Signer {
    /// A file, private or public.
    #[must_use]
    pub fn file(key: impl Into<PathBuf>) -> Self {
        Self { key: key.into(), _literal: None }
    }

    /// As git reads `user.signingKey` where `gpg.format` is `ssh`: `key::` and a public key,
    /// or a bare one that begins with `ssh-`, whose private half an agent holds; anything
    /// else is a path (`git config --type=path` has expanded its `~/`).
    ///
    /// # Errors
    /// [`SignError::Key`] and [`SignError::Temporary`] for a literal key.
    pub fn from_setting(setting: &str) -> Result<Self, SignError> {
        let literal = match setting.strip_prefix("key::") {
            None if setting.starts_with("ssh-") => setting,
            None => return Ok(Self::file(setting)),
            Some(literal) => literal,
        };
        let public = key::public_key(literal)?;
        let write = || -> io::Result<NamedTempFile> {
            let mut file =
                tempfile::Builder::new().prefix("countersign-").suffix(".pub").tempfile()?;
            writeln!(file, "{public}")?;
            Ok(file)
        };
        let file = write().map_err(SignError::Temporary)?;
        Ok(Self { key: file.path().to_owned(), _literal: Some(file) })
    }

    /// The file that ssh-keygen is given.
    #[must_use]
    pub fn key(&self) -> &Path {
        &self.key
    }

    /// As [`sign`].
    ///
    /// # Errors
    /// [`SignError`].
    pub fn sign(&self, statement: &[u8]) -> Result<Vec<u8>, SignError> {
        sign(statement, &self.key)
    }

    /// A login's signature over these bytes.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn sign_login(&self, text: &[u8]) -> Result<Vec<u8>, SignError> {
        let output = ran(text, &self.key, LOGIN_NAMESPACE, stderr())?;
        let unusable = |source| SignError::Unusable { key: self.key.clone(), source };
        login_key(text, &output.stdout).map_err(unusable)?;
        Ok(output.stdout)
    }

    /// As [`sign`], for several statements with one use of the passphrase; a token is touched
    /// for each.
    ///
    /// # Errors
    /// [`SignError`]; then none of them is given out.
    pub fn sign_all(&self, statements: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, SignError> {
        match statements {
            [one] => Ok(vec![self.sign(one)?]),
            several => sign_files(several, &self.key),
        }
    }
}

/// The armoured signature over exactly these bytes. May ask for a passphrase, a PIN or a
/// touch: ssh-keygen has the terminal and the environment to itself. What comes back is checked
/// before it is given out.
///
/// # Errors
/// [`SignError`].
pub fn sign(statement: &[u8], key: &Path) -> Result<Vec<u8>, SignError> {
    sign_to(statement, key, stderr())
}

/// It asks for a touch only where its standard error is the terminal itself; elsewhere its
/// words are caught for the error.
fn stderr() -> Stdio {
    if io::stderr().is_terminal() { Stdio::inherit() } else { Stdio::piped() }
}

pub(super) fn sign_to(statement: &[u8], key: &Path, stderr: Stdio) -> Result<Vec<u8>, SignError> {
    let output = ran(statement, key, NAMESPACE, stderr)?;
    checked(statement, &output.stdout, key)
}

/// What ssh-keygen made, if it is a signature that a server takes.
fn checked(statement: &[u8], made: &[u8], key: &Path) -> Result<Vec<u8>, SignError> {
    let unusable = |source| SignError::Unusable { key: key.to_owned(), source };
    let signature = sshsig::normalise(made).map_err(unusable)?;
    let signed = Signed { statement: statement.to_vec(), signature };
    verify::check_signature(&signed).map_err(unusable)?;
    Ok(signed.signature)
}

/// ssh-keygen reads the key once and signs file after file.
fn sign_files(statements: &[Vec<u8>], key: &Path) -> Result<Vec<Vec<u8>>, SignError> {
    let folder =
        tempfile::Builder::new().prefix("countersign-").tempdir().map_err(SignError::Temporary)?;
    let name = |n: usize| folder.path().join(n.to_string());
    let mut command = Command::new(PROGRAM);
    command.args(["-q", "-Y", "sign", "-n", NAMESPACE, "-f"]).arg(key);
    for (n, statement) in statements.iter().enumerate() {
        std::fs::write(name(n), statement).map_err(SignError::Temporary)?;
        command.arg(name(n));
    }
    let output = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(stderr())
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .map_err(SignError::Start)?;
    let read = |n: usize| std::fs::read(name(n).with_extension("sig"));
    let made: io::Result<Vec<Vec<u8>>> = (0..statements.len()).map(read).collect();
    let made = match made {
        Ok(made) if output.status.success() => made,
        _ => {
            let said = escape_short(output.stderr.trim_ascii(), 400);
            return Err(SignError::Refused { key: key.to_owned(), said });
        }
    };
    let statements = statements.iter().zip(made);
    statements.map(|(statement, made)| checked(statement, &made, key)).collect()
}

/// ssh-keygen, having signed.
fn ran(text: &[u8], key: &Path, namespace: &str, stderr: Stdio) -> Result<Output, SignError> {
    let output = run(text, key, namespace, stderr).map_err(SignError::Start)?;
    if output.status.success() {
        return Ok(output);
    }
    let said = escape_short(output.stderr.trim_ascii(), 400);
    Err(SignError::Refused { key: key.to_owned(), said })
}

fn run(text: &[u8], key: &Path, namespace: &str, stderr: Stdio) -> io::Result<Output> {
    let mut child = Command::new(PROGRAM)
        .args(["-q", "-Y", "sign", "-n", namespace, "-f"])
        .arg(key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that refuses the key reads nothing; its exit status says it better.
        let _ = stdin.write_all(text);
    }
    child.wait_with_output()
}
