//! Writing commits of our own: fixed people, fixed dates, fixed words, so that the same
//! files give the same commit everywhere.
//!
//! One `git fast-import` writes the blobs, the trees that change and the commit; git itself
//! then keeps to `core.sharedRepository` and the umask, which libgit2 does not. No ref is
//! touched here.

use crate::domain::ids::ObjectId;

use super::{GitError, Repo};

/// Author and committer of every commit of ours.
pub(super) const PERSON: &str = "Countersign <countersign@localhost> 0 +0000";
/// A name that fast-import needs and does not keep.
const SCRATCH: &str = "refs/countersign/scratch";

/// A file on its way into a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewFile {
    /// Its path; plain characters only, no quoting is done.
    pub(super) path: String,
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
}

/// Writes a commit whose tree is that of `parent` (or empty) with `files` put in. One
/// child.
pub(super) fn commit(
    repo: &Repo,
    parent: Option<ObjectId>,
    message: &str,
    files: &[NewFile],
) -> Result<ObjectId, GitError> {
    let mut stream = Vec::new();
    let mut line = |text: String| stream.extend_from_slice(text.as_bytes());
    line(format!("feature done\ncommit {SCRATCH}\nmark :1\ncommitter {PERSON}\n"));
    line(format!("data {}\n{message}\n", message.len()));
    if let Some(parent) = parent {
        line(format!("from {parent}\n"));
    }
    for file in files {
        stream.extend_from_slice(format!("M 100644 inline {}\n", file.path).as_bytes());
        stream.extend_from_slice(format!("data {}\n", file.bytes.len()).as_bytes());
        stream.extend_from_slice(&file.bytes);
        stream.push(b'\n');
    }
    // A reset to the null id takes the scratch ref back before it was ever written.
    let null = ObjectId::zero(repo.format());
    let end = format!("reset {SCRATCH}\nfrom {null}\n\nget-mark :1\ndone\n");
    stream.extend_from_slice(end.as_bytes());
    let stdout = repo
        .git("fast-import")
        .args(["--quiet", "--done", "--date-format=raw"])
        .stdin(stream)
        .output()?;
    ObjectId::from_hex(stdout.trim_ascii_end())
        .filter(|id| id.format() == repo.format())
        .ok_or_else(|| GitError::Child {
            command: "fast-import".to_owned(),
            reason: "it did not say what it wrote".to_owned(),
        })
}
