//! Refs: listed by git, read one by one, followed where they lead.

use super::*;
use crate::domain::ids::RefName;
use crate::git::GitError;

fn names(repo: &Repo, prefix: Option<&str>) -> Vec<String> {
    repo.refs(prefix).unwrap().iter().map(|(name, _)| name.to_string()).collect()
}

fn chain(repo: &Repo, name: &str) -> Result<Vec<String>, GitError> {
    let chain = repo.resolve_symbolic(&RefName::new(name))?;
    Ok(chain.iter().map(ToString::to_string).collect())
}

fn every_kind() -> [Ground; 3] {
    [Ground::new(ObjectFormat::Sha1), Ground::new(ObjectFormat::Sha256), Ground::reftable()]
}

#[test]
fn refs_are_listed_by_prefix() {
    for ground in every_kind() {
        let commit = ground.commit(ground.tree(&[]), &[], "Root\n");
        let all = ["refs/heads/a", "refs/heads/ab", "refs/heads/b/c", "refs/tags/a", "refs/x[y/a"];
        for name in &all[..4] {
            ground.point(name, commit);
        }
        let repo = ground.open();
        assert_eq!(names(&repo, None), all[..4]);
        assert_eq!(names(&repo, Some("refs/heads/")), all[..3]);
        assert_eq!(names(&repo, Some("refs/heads/a")), all[..2]);
        assert_eq!(names(&repo, Some("refs/heads/b")), all[2..3]);
        assert_eq!(names(&repo, Some("refs/t")), all[3..4]);
        assert_eq!(names(&repo, Some("refs/*/a")), [""; 0]);
        assert_eq!(names(&repo, Some("--help")), [""; 0]);
        assert_eq!(repo.refs(Some("refs/tags")).unwrap()[0].1, commit);
        ground.git(&["pack-refs", "--all"]);
        assert_eq!(names(&repo, None), all[..4]);
    }
}

#[test]
fn one_ref_is_read_loose_packed_and_through_others() {
    for ground in every_kind() {
        let commit = ground.commit(ground.tree(&[]), &[], "Root\n");
        let later = ground.commit(ground.tree(&[]), &[commit], "Later\n");
        ground.point("refs/heads/main", commit);
        ground.point("refs/heads/main2", later);
        ground.git(&["symbolic-ref", "refs/heads/alias", "refs/heads/main"]);
        ground.git(&["tag", "-a", "-m", "t", "v1", &commit.to_string()]);
        let value = |name: &str| ground.open().ref_value(&RefName::new(name)).unwrap();
        for packed in [false, true] {
            assert_eq!(value("refs/heads/main"), Some(commit));
            assert_eq!(value("refs/heads/alias"), Some(commit));
            assert_eq!(value("refs/heads/main2"), Some(later));
            assert_eq!(value("refs/heads/mai"), None);
            assert_eq!(value("refs/heads"), None);
            assert_eq!(value("refs/heads/main/x"), None);
            let tag = hex(ground.git(&["rev-parse", "refs/tags/v1"]).as_bytes());
            assert_eq!(value("refs/tags/v1"), Some(tag));
            if !packed {
                ground.git(&["pack-refs", "--all", "--prune"]);
            }
        }
        // A loose one wins over a packed one.
        ground.point("refs/heads/main", later);
        assert_eq!(value("refs/heads/main"), Some(later));
    }
}

#[test]
fn symbolic_refs_are_followed_step_by_step() {
    for ground in every_kind() {
        let commit = ground.commit(ground.tree(&[]), &[], "Root\n");
        ground.point("refs/heads/main", commit);
        ground.git(&["symbolic-ref", "refs/heads/a", "refs/heads/b"]);
        ground.git(&["symbolic-ref", "refs/heads/b", "refs/heads/main"]);
        ground.git(&["symbolic-ref", "refs/heads/unborn", "refs/heads/new"]);
        let repo = ground.open();
        assert_eq!(chain(&repo, "refs/heads/main").unwrap(), [""; 0]);
        assert_eq!(chain(&repo, "refs/heads/absent").unwrap(), [""; 0]);
        assert_eq!(chain(&repo, "refs/heads/a").unwrap(), ["refs/heads/b", "refs/heads/main"]);
        assert_eq!(chain(&repo, "refs/heads/unborn").unwrap(), ["refs/heads/new"]);
        assert_eq!(chain(&repo, "HEAD").unwrap(), ["refs/heads/main"]);
        ground.git(&["symbolic-ref", "refs/heads/x", "refs/heads/y"]);
        ground.git(&["symbolic-ref", "refs/heads/y", "refs/heads/x"]);
        assert!(matches!(chain(&repo, "refs/heads/x"), Err(GitError::Ref { .. })));
    }
    let ground = Ground::new(ObjectFormat::Sha1);
    let repo = ground.open();
    let (_, n) = children(|| chain(&repo, "refs/heads/main").unwrap());
    assert_eq!(n, 0);
}

#[test]
fn links_of_the_file_system_count_as_symbolic() {
    use std::os::unix::fs::symlink;
    let ground = Ground::new(ObjectFormat::Sha1);
    let commit = ground.commit(ground.tree(&[]), &[], "Root\n");
    ground.point("refs/heads/main", commit);
    ground.point("refs/heads/release/1", commit);
    let heads = ground.path.join("refs/heads");
    symlink("refs/heads/main", heads.join("as-git-did")).unwrap();
    symlink("main", heads.join("file")).unwrap();
    symlink("release", heads.join("folder")).unwrap();
    symlink("gone", heads.join("nowhere")).unwrap();
    symlink("../../config", heads.join("config")).unwrap();
    symlink(ground.root.join("r.git"), heads.join("top")).unwrap();
    symlink("/etc", heads.join("out")).unwrap();
    let repo = ground.open();
    for (name, target) in [
        ("as-git-did", "refs/heads/main"),
        ("file", "refs/heads/main"),
        ("folder/1", "refs/heads/release/1"),
        ("folder/new", "refs/heads/release/new"),
        ("top/refs/heads/main", "refs/heads/main"),
    ] {
        assert_eq!(chain(&repo, &format!("refs/heads/{name}")).unwrap(), [target], "{name}");
    }
    for name in ["nowhere", "config", "out/passwd"] {
        let chain = chain(&repo, &format!("refs/heads/{name}"));
        assert!(matches!(chain, Err(GitError::Ref { .. })), "{name}: {chain:?}");
    }
}

#[test]
fn names_that_git_would_not_take_reach_no_file() {
    for ground in every_kind() {
        let repo = ground.open();
        for name in [
            "",
            "main",
            "config",
            "../x",
            "refs/../config",
            "refs/heads/../../config",
            "refs//heads",
            "refs/heads/",
            "refs/.x",
            "refs/heads/a.lock",
            "refs/a b",
            "refs/a\nb",
            "refs/a\0b",
            "refs/a..b",
            "refs/a:b",
            "/refs/heads/main",
            "-x",
            "--help",
        ] {
            let chain = chain(&repo, name);
            assert!(matches!(chain, Err(GitError::Ref { .. })), "{name:?}: {chain:?}");
        }
    }
}

#[test]
fn a_damaged_ref_is_an_error_not_an_absent_one() {
    let ground = Ground::new(ObjectFormat::Sha1);
    for bytes in ["", "x", "ref: ../../config", "ref:", "0000"] {
        std::fs::write(ground.path.join("refs/heads/main"), bytes).unwrap();
        let value = ground.open().ref_value(&RefName::new("refs/heads/main"));
        assert!(matches!(value, Err(GitError::Ref { .. })), "{bytes:?}: {value:?}");
    }
}
