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

/// Aliases as `name>hop>hop`, a linked folder with a slash.
fn aliases(repo: &Repo, patterns: &[&str]) -> Vec<String> {
    let mut told: Vec<String> = repo
        .symbolic_aliases(patterns)
        .unwrap()
        .iter()
        .map(|a| {
            let hops = a.hops.iter().map(|h| format!(">{h}"));
            let slash = if a.is_folder { "/" } else { "" };
            format!("{}{slash}{}", a.name, hops.collect::<String>()).replace("refs/heads/", "")
        })
        .collect();
    told.sort();
    told
}

#[test]
fn symbolic_refs_are_found_by_patterns() {
    for ground in every_kind() {
        let commit = ground.commit(ground.tree(&[]), &[], "Root\n");
        ground.point("refs/heads/trunk", commit);
        ground.point("refs/heads/release/1", commit);
        ground.point("refs/heads/releases", commit);
        for (name, target) in [
            ("main", "middle"),
            ("middle", "trunk"),
            ("release/current", "trunk"),
            ("release/a/b", "release/1"),
            ("releases-of", "trunk"),
            ("unborn", "new"),
            ("x", "y"),
            ("y", "x"),
        ] {
            let full = |n| format!("refs/heads/{n}");
            ground.git(&["symbolic-ref", &full(name), &full(target)]);
        }
        let repo = ground.open();
        let under_release = ["release/a/b>release/1", "release/current>trunk"];
        let rows: &[(&[&str], &[&str])] = &[
            (&[], &[]),
            (&["refs/heads/trunk", "refs/heads/absent", "HEAD", "main", "refs/a..b/"], &[]),
            (&["refs/heads/main"], &["main>middle>trunk"]),
            (&["refs/heads/unborn"], &["unborn>new"]),
            (&["refs/heads/release/*"], &under_release),
            (&["refs/heads/release/*", "refs/heads/release/a/*"], &under_release),
            (
                &["refs/heads/release/a/**", "refs/heads/main"],
                &["main>middle>trunk", under_release[0]],
            ),
            (&["refs/heads/no/*", "refs/tags/**", "x/*", "refs/heads/a b/*"], &[]),
        ];
        for packed in [false, true] {
            for (patterns, expected) in rows {
                assert_eq!(aliases(&repo, patterns), *expected, "{patterns:?}");
            }
            for all in ["**", "refs/**", "r*/heads/*", "{refs/heads/*,x}", "refs/heads/[a-z]*"] {
                let found = aliases(&repo, &[all]);
                for expected in ["main>middle>trunk", "releases-of>trunk", under_release[0]] {
                    assert!(found.contains(&expected.to_owned()), "{all}: {found:?}");
                }
            }
            if !packed {
                ground.git(&["pack-refs", "--all", "--prune"]);
            }
        }
        // A circle shows nothing and harms nobody.
        assert_eq!(aliases(&repo, &["refs/heads/x"]), ["x>y"]);
    }
}

#[test]
fn aliases_in_files_start_no_child_and_are_seen_before_their_target() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let heads = ground.path.join("refs/heads");
    for (name, text) in [
        ("unborn", "ref: refs/heads/new\n"),
        ("damaged", "ref: ../x"),
        ("empty", ""),
        ("cut", "ref"),
        ("other.lock", "ref: refs/heads/new\n"),
    ] {
        std::fs::write(heads.join(name), text).unwrap();
    }
    std::fs::create_dir(heads.join("many")).unwrap();
    for n in 0..2000 {
        std::fs::write(heads.join(format!("many/{n}")), format!("{n:040x}\n")).unwrap();
    }
    let repo = ground.open();
    let patterns = ["refs/heads/**", "refs/heads/damaged", "refs/heads/main"];
    let (found, n) = children(|| aliases(&repo, &patterns));
    assert_eq!((found, n), (vec!["unborn>new".to_owned()], 0));
}

#[test]
fn links_of_the_file_system_are_aliases() {
    use std::os::unix::fs::symlink;
    let ground = Ground::new(ObjectFormat::Sha1);
    let commit = ground.commit(ground.tree(&[]), &[], "Root\n");
    ground.point("refs/heads/trunk", commit);
    ground.point("refs/heads/rc/1", commit);
    let heads = ground.path.join("refs/heads");
    symlink("trunk", heads.join("main")).unwrap();
    symlink("rc", heads.join("release")).unwrap();
    ground.git(&["symbolic-ref", "refs/heads/rc/current", "refs/heads/trunk"]);
    let repo = ground.open();
    let current = "release/current>rc/current>trunk".to_owned();
    assert_eq!(aliases(&repo, &["refs/heads/main"]), ["main>trunk"]);
    let found = aliases(&repo, &["refs/heads/release/*"]);
    assert_eq!(found, ["release/>rc".to_owned(), current.clone()]);
    let found = aliases(&repo, &["refs/heads/*"]);
    assert!(found.contains(&current), "{found:?}");
    let folder = repo.symbolic_aliases(&["refs/heads/release/*"]).unwrap();
    let shown = |name: &str| folder.iter().find_map(|a| a.of(&RefName::new(name)));
    assert_eq!(shown("refs/heads/rc/new"), Some(RefName::new("refs/heads/release/new")));
    assert_eq!(shown("refs/heads/rcx"), None);
    assert_eq!(shown("refs/heads/rc"), None);
    // What can't be told is an error.
    symlink("gone", heads.join("nowhere")).unwrap();
    for pattern in ["refs/heads/nowhere", "refs/heads/*"] {
        let said = repo.symbolic_aliases(&[pattern]);
        assert!(matches!(said, Err(GitError::Ref { .. })), "{said:?}");
    }
}

#[test]
fn folders_that_go_in_circles_end() {
    use std::os::unix::fs::symlink;
    let ground = Ground::new(ObjectFormat::Sha1);
    let heads = ground.path.join("refs/heads");
    symlink(".", heads.join("a")).unwrap();
    symlink(".", heads.join("b")).unwrap();
    let said = ground.open().symbolic_aliases(&["refs/heads/**"]);
    assert!(matches!(said, Err(GitError::Ref { .. })), "{said:?}");
}
