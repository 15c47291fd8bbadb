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
            self.check(&waiting);
            *self = Self::new();
        }
    }

    fn check(&self, waiting: &[(Commit, Vec<u8>)]) {
        let all: Vec<&Commit> = waiting.iter().map(|(commit, _)| commit).collect();
        let gits = self.ask_git(&all);
        for (commit, raw) in waiting {
            let ours = Read::ours(commit);
            let name = commit.id.to_string();
            let found = |all: Vec<(String, Read)>| {
                all.into_iter().find(|(id, _)| *id == name).map(|(_, read)| read)
            };
            let recoded = commit.encoding.is_some();
            let git = found(gits.clone());
            if ours.is_alike(git.as_ref(), recoded) {
                continue;
            }
            // What is a tree in one commit and a parent in another, git reads in neither.
            let git = found(self.ask_git(&[commit]));
            let shown = String::from_utf8_lossy(raw);
            assert!(ours.is_alike(git.as_ref(), recoded), "{shown:?}\nours {ours:?}\ngit {git:?}");
        }
    }

    fn ask_git(&self, commits: &[&Commit]) -> Vec<(String, Read)> {
        let mut git = Command::new("git");
        git.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        git.args(AS_IT_STANDS).current_dir(self.folder.path());
        git.args(["log", "--no-walk=unsorted", "--stdin", "--encoding=none", FORMAT]);
        git.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = git.spawn().expect("git starts");
        let ids: String = commits.iter().map(|c| format!("{}\n", c.id)).collect();
        child.stdin.take().expect("a pipe").write_all(ids.as_bytes()).expect("git reads");
        Read::of_git(&child.wait_with_output().expect("git ends").stdout)
    }
}

fuzz_target!(|raw: &[u8]| {
    GROUND.with_borrow_mut(|ground| ground.get_or_insert_with(Ground::new).take(raw));
});
