//! Opening: exact directories, quarantines, and what an injected environment can't do (G22).

use super::*;
use crate::git::environment::HookEnv;
use crate::git::{GitError, Kind};

/// What receive-pack sets for a hook.
fn hook_env(ground: &Ground, quarantine: &Path) -> HookEnv {
    HookEnv {
        git_dir: os("."),
        object_directory: os(quarantine),
        alternates: os(ground.path.join("objects")),
        quarantine_path: os(quarantine),
        namespace: None,
    }
}

fn quarantine(ground: &Ground) -> PathBuf {
    let path = ground.path.join("objects/tmp_objdir-incoming-abc123");
    std::fs::create_dir(&path).unwrap();
    path
}

fn refused(ground: &Ground, env: &HookEnv) -> String {
    match Repo::open_in_hook(&ground.path, env) {
        Err(GitError::Environment { variable }) => variable.to_owned(),
        Err(e) => e.to_string(),
        Ok(_) => "opened".to_owned(),
    }
}

#[test]
fn every_kind_of_repository_opens() {
    for ground in
        [Ground::new(ObjectFormat::Sha1), Ground::new(ObjectFormat::Sha256), Ground::reftable()]
    {
        let id = ground.blob("x");
        let repo = ground.open();
        assert_eq!((repo.format(), repo.path()), (ground.format, ground.path.as_path()));
        assert_eq!(repo.raw(id, 1).unwrap().0, Kind::Blob);
    }
}

#[test]
fn a_partial_clone_opens_and_fetches_nothing() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let commit = ground.commit(ground.files(&[("a", "x")]), &[], "One\n");
    ground.point("refs/heads/main", commit);
    ground.git(&["config", "uploadpack.allowFilter", "true"]);
    let from = format!("file://{}", ground.path.display());
    let to = ground.root.join("partial.git");
    ground.git(&["clone", "-q", "--bare", "--filter=blob:none", &from, to.to_str().unwrap()]);
    ground.git(&["--git-dir", to.to_str().unwrap(), "config", "extensions.partialClone", "origin"]);
    let repo = Repo::open(&to).unwrap();
    assert!(repo.exists(commit));
    assert_eq!(repo.refs(None).unwrap().len(), 1);
    let blob = repo.raw(ground.blob("x"), 9);
    assert!(matches!(blob, Err(GitError::Missing { .. })), "{blob:?}");
}

#[test]
fn only_the_exact_directory_is_opened() {
    let ground = Ground::new(ObjectFormat::Sha1);
    ground.git(&["init", "-q", "../work"]);
    let work = ground.root.join("work");
    std::fs::create_dir(work.join("sub")).unwrap();
    assert!(Repo::open(&work.join(".git")).is_ok());
    // Files of a work tree that look like a repository borrow nothing from its .git.
    std::fs::create_dir(work.join("objects")).unwrap();
    std::fs::write(work.join("config"), "").unwrap();
    for not_one in ["r.git/refs", "r.git/objects", "work/sub", "work", "absent", "."] {
        let opened = Repo::open(&ground.root.join(not_one));
        assert!(matches!(opened, Err(GitError::Open { .. })), "{not_one}");
    }
}

#[test]
fn a_repository_of_somebody_else_is_refused() {
    for ground in [Ground::new(ObjectFormat::Sha1), Ground::reftable()] {
        assert!(Repo::open(&ground.path).is_ok());
        // Giving a folder away takes root's rights; without them the rule can't be shown.
        if std::os::unix::fs::chown(&ground.path, Some(12_345), None).is_err() {
            return;
        }
        assert!(matches!(Repo::open(&ground.path), Err(GitError::Open { .. })));
    }
}

#[test]
fn a_hook_sees_the_quarantine_and_what_was_there_before() {
    for ground in
        [Ground::new(ObjectFormat::Sha1), Ground::new(ObjectFormat::Sha256), Ground::reftable()]
    {
        let old = ground.blob("old");
        let dir = quarantine(&ground);
        let new = write_object(&dir, ground.format, "blob", b"new");
        let repo = Repo::open_in_hook(&ground.path, &hook_env(&ground, &dir)).unwrap();
        assert_eq!(repo.quarantine().map(|q| q.objects()), Some(dir.as_path()));
        assert!(repo.exists(old) && repo.exists(new));
        assert!(repo.exists_before_push(old));
        assert!(!repo.exists_before_push(new));
        // Whoever opens the repository plainly does not see a push in flight.
        assert!(!ground.open().exists(new));
    }
}

#[test]
fn children_see_the_quarantine() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let tree = ground.tree(&[]);
    let old = ground.commit(tree, &[], "Old\n");
    ground.point("refs/heads/main", old);
    let dir = quarantine(&ground);
    let new = |raw: &[u8]| write_object(&dir, ground.format, "commit", raw);
    let side = new(&commit_bytes(tree, &[old], 1, "Side\n"));
    let merge = new(&commit_bytes(tree, &[old, side], 2, "Merge\n"));
    let repo = Repo::open_in_hook(&ground.path, &hook_env(&ground, &dir)).unwrap();
    let walked = crate::git::range::ref_change(&repo, old, merge, 10).unwrap();
    assert_eq!((walked.commits, walked.fast_forward), (vec![side, merge], true));
}

#[test]
fn a_push_without_quarantine_opens_too() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let old = ground.blob("old");
    let bare = HookEnv { git_dir: os("."), ..HookEnv::default() };
    let own = ground.path.join("objects");
    let named = HookEnv { object_directory: os(&own), alternates: os(&own), ..bare.clone() };
    for env in [HookEnv::default(), bare, named] {
        let repo = Repo::open_in_hook(&ground.path, &env).unwrap();
        assert!(repo.quarantine().is_none());
        assert!(repo.exists_before_push(old));
    }
}

#[test]
fn a_quarantine_elsewhere_is_refused() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let objects = ground.path.join("objects");
    let good = quarantine(&ground);
    let elsewhere = ground.root.join("tmp_objdir-incoming-evil");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::create_dir(objects.join("ab")).unwrap();
    std::fs::create_dir_all(objects.join("ab/tmp_objdir-incoming-deep")).unwrap();
    std::fs::write(objects.join("tmp_objdir-incoming-file"), "").unwrap();
    std::os::unix::fs::symlink(&elsewhere, objects.join("tmp_objdir-incoming-link")).unwrap();
    let bad = [
        elsewhere.clone(),
        objects.join("ab"),
        objects.join("pack"),
        objects.join("ab/tmp_objdir-incoming-deep"),
        objects.join("tmp_objdir-incoming-file"),
        objects.join("tmp_objdir-incoming-link"),
        objects.join("tmp_objdir-incoming-absent"),
        objects.join("tmp_objdir-incoming-abc123/../../../tmp_objdir-incoming-evil"),
        PathBuf::new(),
    ];
    for dir in bad {
        let env = HookEnv { quarantine_path: None, ..hook_env(&ground, &dir) };
        assert_eq!(refused(&ground, &env), "GIT_OBJECT_DIRECTORY", "{}", dir.display());
    }
    assert_eq!(refused(&ground, &hook_env(&ground, &good)), "opened");
    // GitLab's hooks get no GIT_QUARANTINE_PATH.
    let without = HookEnv { quarantine_path: None, ..hook_env(&ground, &good) };
    assert_eq!(refused(&ground, &without), "opened");
    for path in [os(&elsewhere), os(&objects), os("")] {
        let env = HookEnv { quarantine_path: path, ..hook_env(&ground, &good) };
        assert_eq!(refused(&ground, &env), "GIT_QUARANTINE_PATH");
    }
    let alone = HookEnv { quarantine_path: os(&good), ..HookEnv::default() };
    assert_eq!(refused(&ground, &alone), "GIT_QUARANTINE_PATH");
    let absent = HookEnv { quarantine_path: os("/absent"), ..HookEnv::default() };
    assert_eq!(refused(&ground, &absent), "GIT_QUARANTINE_PATH");
}

#[test]
fn an_injected_alternate_is_refused_and_a_real_one_is_not() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let pool = Ground::new(ObjectFormat::Sha1);
    let evil = Ground::new(ObjectFormat::Sha1);
    let pool_objects = pool.path.join("objects");
    let evil_objects = evil.path.join("objects");
    let own = ground.path.join("objects");
    let shared = pool.blob("in the pool");
    let hidden = evil.blob("injected");
    let info = format!("# ours\n{}\n/absent\n", pool_objects.display());
    std::fs::write(own.join("info/alternates"), info).unwrap();
    let dir = quarantine(&ground);
    let with = |list: String| HookEnv { alternates: os(list), ..hook_env(&ground, &dir) };
    let (own, pool_dir, evil_dir) = (own.display(), pool_objects.display(), evil_objects.display());

    for good in [
        format!("{own}"),
        format!("{own}:{pool_dir}"),
        format!("\"{own}\""),
        format!("{own}/../objects/::"),
        String::new(),
        "objects".to_owned(),
    ] {
        let repo = Repo::open_in_hook(&ground.path, &with(good.clone())).unwrap();
        assert!(repo.exists(shared) && repo.exists_before_push(shared), "{good}");
    }
    for bad in [
        format!("{evil_dir}"),
        format!("{own}:{evil_dir}"),
        format!("\"{evil_dir}\":{own}"),
        format!("{own}:/absent"),
        format!("{own}:\"unfinished"),
    ] {
        let variable = refused(&ground, &with(bad.clone()));
        assert_eq!(variable, "GIT_ALTERNATE_OBJECT_DIRECTORIES", "{bad}");
    }
    let deletes = HookEnv { alternates: os(evil_objects.clone()), ..HookEnv::default() };
    assert_eq!(refused(&ground, &deletes), "GIT_ALTERNATE_OBJECT_DIRECTORIES");
    assert!(!ground.open().exists(hidden));
}

#[test]
fn alternates_of_alternates_are_followed() {
    let (a, b, c) = (
        Ground::new(ObjectFormat::Sha1),
        Ground::new(ObjectFormat::Sha1),
        Ground::new(ObjectFormat::Sha1),
    );
    let link = |from: &Ground, to: &Path| {
        std::fs::write(from.path.join("objects/info/alternates"), to.display().to_string() + "\n")
            .unwrap();
    };
    link(&a, &b.path.join("objects"));
    link(&b, &c.path.join("objects"));
    // A circle ends.
    link(&c, &a.path.join("objects"));
    let far = c.blob("far");
    assert!(a.open().exists(far));
}

#[test]
fn the_repository_is_the_one_the_hook_was_started_in() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let other = Ground::new(ObjectFormat::Sha1);
    let with = |dir: &Path| HookEnv { git_dir: os(dir), ..HookEnv::default() };
    assert_eq!(refused(&ground, &with(&ground.path)), "opened");
    assert_eq!(refused(&ground, &with(&ground.path.join("../r.git"))), "opened");
    assert_eq!(refused(&ground, &with(&other.path)), "GIT_DIR");
    assert_eq!(refused(&ground, &with(Path::new(""))), "GIT_DIR");
    let namespace = HookEnv { namespace: os("tenant"), ..with(&ground.path) };
    assert!(matches!(Repo::open_in_hook(&ground.path, &namespace), Err(GitError::Namespace)));
    let none = HookEnv { namespace: os(""), ..with(&ground.path) };
    assert_eq!(refused(&ground, &none), "opened");
}

#[test]
fn a_path_with_a_colon_reaches_the_children() {
    let ground = Ground::new(ObjectFormat::Sha1);
    let path = ground.root.join("odd:\"name.git");
    ground.git(&["init", "-q", "--bare", path.to_str().unwrap()]);
    let objects = path.join("objects");
    let tree = write_object(&objects, ground.format, "tree", b"");
    let root = write_object(&objects, ground.format, "commit", &commit_bytes(tree, &[], 1, "r\n"));
    let dir = objects.join("incoming-x");
    std::fs::create_dir(&dir).unwrap();
    let new = write_object(&dir, ground.format, "commit", &commit_bytes(tree, &[], 2, "n\n"));
    let env = HookEnv { object_directory: os(&dir), ..HookEnv::default() };
    let repo = Repo::open_in_hook(&path, &env).unwrap();
    assert_eq!(crate::git::range::new_commits(&repo, new, &[root], 5).unwrap(), [new]);
}

/// A real push, held inside its hook by two named pipes while this test looks around.
#[test]
fn what_receive_pack_sets_is_accepted() {
    for ground in [Ground::new(ObjectFormat::Sha1), Ground::new(ObjectFormat::Sha256)] {
        let tree = ground.tree(&[]);
        let root = ground.commit(tree, &[], "Root\n");
        ground.point("refs/heads/main", root);
        ground.git(&["clone", "-q", "--bare", ".", "../client.git"]);
        let client = ground.root.join("client.git");
        let objects = client.join("objects");
        let new = write_object(
            &objects,
            ground.format,
            "commit",
            &commit_bytes(tree, &[root], 2, "New\n"),
        );
        let pipes = ground.root.join("said").display().to_string();
        let go_on = ground.root.join("go-on");
        let made = Command::new("mkfifo").arg(&pipes).arg(&go_on).status().unwrap();
        assert!(made.success());
        let names = [
            "GIT_DIR",
            "GIT_OBJECT_DIRECTORY",
            "GIT_ALTERNATE_OBJECT_DIRECTORIES",
            "GIT_QUARANTINE_PATH",
            "GIT_NAMESPACE",
        ];
        let say: String = names.iter().map(|n| format!("echo \"${n}\"; ")).collect();
        let hook = ground.path.join("hooks/pre-receive");
        std::fs::create_dir_all(ground.path.join("hooks")).unwrap();
        std::fs::write(
            &hook,
            format!("#!/bin/sh\n{{ {say}}} > '{pipes}'\nread x < '{}'\n", go_on.display()),
        )
        .unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&hook, mode).unwrap();
        let mut push = git_in(&client, &ground.root);
        push.args(["push", "-q", "../r.git", &format!("{new}:refs/heads/main")]);
        let push = std::thread::spawn(move || run(push, b""));
        let said = std::fs::read_to_string(&pipes).unwrap();
        let mut values = said.lines().map(os);
        let mut next = || values.next().unwrap().filter(|v| !v.is_empty());
        let env = HookEnv {
            git_dir: next(),
            object_directory: next(),
            alternates: next(),
            quarantine_path: next(),
            namespace: next(),
        };
        let repo = Repo::open_in_hook(&ground.path, &env).unwrap();
        let seen = (repo.exists(new), repo.exists_before_push(new), repo.exists_before_push(root));
        let walked = crate::git::range::ref_change(&repo, root, new, 9).unwrap();
        std::fs::write(&go_on, "x\n").unwrap();
        let (ok, _, stderr) = push.join().unwrap();
        assert!(ok, "{stderr}");
        assert!(env.quarantine_path.is_some(), "git is expected to set it");
        assert_eq!((seen, walked.commits), ((true, false, true), vec![new]));
    }
}
