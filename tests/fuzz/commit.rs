//! Any bytes as a commit: what our reader takes, libgit2 and git read alike.
//!
//! Git is asked for a few hundred commits at a time, since each question starts a child.

#![no_main]

use std::cell::RefCell;
use std::io::Write;
use std::process::{Command, Stdio};

use countersign::domain::ids::ObjectId;
use countersign::domain::object::{Commit, Ident};
use countersign::git::commit::{parse_commit, parse_tag};
use libfuzzer_sys::fuzz_target;
use reading::{AS_IT_STANDS, FORMAT, Read};

mod reading;

/// Commits that git is asked for at a time.
const BATCH: usize = 300;

struct Ground {
    folder: tempfile::TempDir,
    repo: git2::Repository,
    waiting: Vec<(Commit, Vec<u8>)>,
}

thread_local! {
    static GROUND: RefCell<Option<Ground>> = const { RefCell::new(None) };
}

impl Ground {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let repo = git2::Repository::init_bare(folder.path()).expect("a repository");
        // Ids of the corpus name nothing; libgit2 is not to mind.
        git2::opts::strict_object_creation(false);
        Self { folder, repo, waiting: Vec::new() }
    }

    fn take(&mut self, raw: &[u8]) {
        let Ok(oid) = git2::Oid::hash_object(git2::ObjectType::Commit, raw) else { return };
        let Some(id) = ObjectId::from_raw(oid.as_bytes()) else { return };
        let _ = parse_tag(id, raw);
        let Ok(commit) = parse_commit(id, raw) else { return };
        let odb = self.repo.odb().expect("an object store");
        odb.write(git2::ObjectType::Commit, raw).expect("a written object");
        let (ours, theirs) = (Read::ours(&commit), Read::of_libgit2(&self.repo, id));
        let recoded = commit.encoding.is_some();
        assert!(ours.is_alike(theirs.as_ref(), recoded), "ours {ours:?}\nlibgit2 {theirs:?}");
        drop(odb);
        self.waiting.push((commit, raw.to_vec()));
        if self.waiting.len() >= BATCH {
            let waiting = std::mem::take(&mut self.waiting);
            self.ask_git(&waiting);
            *self = Self::new();
        }
    }

    fn ask_git(&self, waiting: &[(Commit, Vec<u8>)]) {
        let mut git = Command::new("git");
        git.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        git.args(AS_IT_STANDS).current_dir(self.folder.path());
        git.args(["log", "--no-walk=unsorted", "--stdin", "--encoding=none", FORMAT]);
        let mut child =
            git.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("git starts");
        let ids: String = waiting.iter().map(|(c, _)| format!("{}\n", c.id)).collect();
        child.stdin.take().expect("a pipe").write_all(ids.as_bytes()).expect("git reads");
        let output = child.wait_with_output().expect("git ends");
        let gits = Read::of_git(&output.stdout);
        for (commit, raw) in waiting {
            let ours = Read::ours(commit);
            let name = commit.id.to_string();
            let git = gits.iter().find(|(id, _)| *id == name).map(|(_, read)| read);
            let shown = String::from_utf8_lossy(raw);
            let recoded = commit.encoding.is_some();
            assert!(ours.is_alike(git, recoded), "{shown:?}\nours {ours:?}\ngit {git:?}");
        }
    }
}

fuzz_target!(|raw: &[u8]| {
    GROUND.with_borrow_mut(|ground| ground.get_or_insert_with(Ground::new).take(raw));
});
