//! What commands on a person's own machine ask.

use super::*;
use crate::git::GitError;
use crate::git::laptop::Named;

#[test]
fn a_repository_is_found_from_inside_it() {
    let ground = Ground::new(ObjectFormat::Sha1);
    ground.git(&["init", "-q", "-b", "main", "../work"]);
    let work = ground.root.join("work");
    let in_work = |args: &[&str]| {
        let mut git = git_in(&work, &ground.root);
        git.args(args);
        assert!(run(git, b"").0, "{args:?}");
    };
    in_work(&["commit", "-q", "--allow-empty", "-m", "One"]);
    in_work(&["worktree", "add", "-q", "../second"]);
    std::fs::create_dir_all(work.join("a/b")).unwrap();
    let main = Repo::discover(&work).unwrap();
    assert_eq!(main.path(), work.join(".git"));
    assert_eq!(Repo::discover(&work.join("a/b")).unwrap().path(), main.path());
    let second = Repo::discover(&ground.root.join("second")).unwrap();
    assert_ne!(second.path(), main.path());
    let head = main.resolve("HEAD").unwrap();
    assert_eq!(second.resolve("second").unwrap(), head);
    assert!(second.exists(head));
    assert_eq!(second.refs(Some("refs/heads/")).unwrap().len(), 2);
    assert!(!main.is_shallow());
    let outside = Repo::discover(&ground.root);
    assert!(matches!(outside, Err(GitError::Open { .. })));
}

#[test]
fn words_name_commits_and_ranges() {
    for ground in [Ground::new(ObjectFormat::Sha1), Ground::reftable()] {
        let tree = ground.files(&[("a", "x")]);
        let root = ground.commit(tree, &[], "Root\n");
        let main = ground.commit(tree, &[root], "Main\n");
        let side = ground.commit(tree, &[root], "Side\n");
        ground.point("refs/heads/main", main);
        ground.point("refs/heads/side", side);
        ground.git(&["tag", "-a", "-m", "t", "v1", "main"]);
        let repo = ground.open();
        for (spec, id) in [("main", main), ("main^", root), ("v1", main), ("HEAD", main)] {
            assert_eq!(repo.resolve(spec).unwrap(), id, "{spec}");
            assert_eq!(repo.resolve_range(spec).unwrap(), Named::Commit(id));
        }
        assert_eq!(repo.resolve(&side.to_string()[..12]).unwrap(), side);
        let range = |spec| repo.resolve_range(spec).unwrap();
        assert_eq!(range("main..side"), Named::Range { base: main, tip: side });
        assert_eq!(range("side..v1"), Named::Range { base: side, tip: main });
        assert_eq!(range("side.."), Named::Range { base: side, tip: main });
        for spec in ["", "absent", "^main", "--all", "-x", "main:a", "main main", "main^{tree}"] {
            let result = repo.resolve(spec);
            assert!(matches!(result, Err(GitError::Spec { .. })), "{spec}: {result:?}");
        }
        for spec in ["main...side", "absent..main", "--all..", "..--all"] {
            let result = repo.resolve_range(spec);
            assert!(matches!(result, Err(GitError::Spec { .. })), "{spec}: {result:?}");
        }
    }
}

#[test]
fn configuration_is_read() {
    let ground = Ground::new(ObjectFormat::Sha1);
    ground.git(&["config", "countersign.repository", "payments/api \n x"]);
    ground.git(&["config", "--type=path", "user.signingKey", "/home/ada/.ssh/id.pub"]);
    let repo = ground.open();
    let value = repo.config("countersign.repository").unwrap();
    assert_eq!(value.as_deref(), Some("payments/api \n x"));
    assert_eq!(repo.config("countersign.absent").unwrap(), None);
    let key = repo.config_path("user.signingKey").unwrap();
    assert_eq!(key.as_deref(), Some("/home/ada/.ssh/id.pub"));
    assert!(repo.config("nodot").is_err() || repo.config("nodot").unwrap().is_none());
}
