//! Whole histories of public repositories, read as pushes would be. Run by hand, with the
//! repositories' folders, separated by colons, in `COUNTERSIGN_REPOSITORIES`:
//!
//! `cargo nextest run --run-ignored only public --no-capture`

use super::*;
use crate::domain::limits::Limits;
use crate::git::change::of_commit;
use crate::git::{GitError, OwnChange};

/// Merges that are merged again by one child.
const BATCH: usize = 1_000;

fn folders() -> Vec<PathBuf> {
    let list = std::env::var_os("COUNTERSIGN_REPOSITORIES");
    let list = list.expect("COUNTERSIGN_REPOSITORIES names no repositories");
    std::env::split_paths(&list).collect()
}

fn ids(folder: &Path, args: &[&str]) -> Vec<ObjectId> {
    let mut git = git_in(folder, folder);
    git.env("GIT_DIR", folder).args(args);
    let (ok, stdout, stderr) = run(git, b"");
    assert!(ok, "{stderr}");
    stdout.split(|c| *c == b'\n').filter_map(ObjectId::from_hex).collect()
}

/// What fsck accepts without a warning is not malformed.
#[test]
#[ignore = "needs public repositories"]
fn public_commits_are_read() {
    let limits = Limits { changed_paths: 1_000_000, ..Limits::default() };
    for folder in folders() {
        let repo = Repo::open(&folder).unwrap();
        let all = ids(&folder, &["rev-list", "HEAD"]);
        let mut refused = Vec::new();
        for id in &all {
            let read = repo.commit(*id, &limits).and_then(|c| of_commit(&repo, &c, &limits));
            if let Err(e) = read {
                refused.push(e.to_string());
            }
        }
        eprintln!("{}: {} commits, {} refused", folder.display(), all.len(), refused.len());
        refused.iter().take(30).for_each(|e| eprintln!("  {e}"));
    }
}

/// Merges on the way of first parents, as pushes of main would bring them.
#[test]
#[ignore = "needs public repositories"]
fn public_merges_are_merged_again() {
    let limits = Limits { changed_paths: 1_000_000, ..Limits::default() };
    for folder in folders() {
        let repo = Repo::open(&folder).unwrap();
        let mut merges = Vec::new();
        for id in ids(&folder, &["rev-list", "--first-parent", "--merges", "HEAD"]) {
            match repo.commit(id, &limits) {
                Ok(commit) => merges.push(commit),
                Err(e) => eprintln!("  {e}"),
            }
        }
        let (mut clean, mut own) = (0, Vec::new());
        for batch in merges.chunks(BATCH) {
            let found = repo.own_changes(&batch.iter().collect::<Vec<_>>(), &limits);
            let found = found.unwrap_or_else(|e: GitError| panic!("{e}"));
            for (id, change) in found {
                match change {
                    OwnChange::Clean => clean += 1,
                    OwnChange::Paths(paths) => own.push((id, paths)),
                    OwnChange::Unread(absent) => panic!("{id} can't be merged without {absent}"),
                }
            }
        }
        eprintln!(
            "{}: {} merges, {clean} clean, {} own",
            folder.display(),
            merges.len(),
            own.len()
        );
        for (id, paths) in own {
            let shown: Vec<_> = paths.iter().take(3).map(ToString::to_string).collect();
            eprintln!("own {id} {} {}", paths.len(), shown.join(" "));
        }
    }
}
