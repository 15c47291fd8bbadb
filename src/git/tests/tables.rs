//! Reftables, read as git writes them: every shape of a stack, and what is damaged.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::*;
use crate::domain::ids::RefName;

/// Whether git makes tables here.
fn is_there(ground: &Ground) -> bool {
    ground.path.join("reftable").exists()
}

fn grounds() -> Vec<Ground> {
    let sha256 = ["--ref-format", "reftable", "--object-format", "sha256"];
    let plain = Ground::reftable();
    if !is_there(&plain) {
        return Vec::new();
    }
    vec![plain, Ground::with(&sha256, ObjectFormat::Sha256)]
}

/// What the model of a test says, held against what is read.
fn agrees(ground: &Ground, model: &BTreeMap<String, Option<String>>, commit: ObjectId) {
    let repo = ground.open();
    for (name, target) in model {
        let chain = repo.resolve_symbolic(&RefName::new(&**name)).unwrap();
        let held = chain.first().map(ToString::to_string);
        assert_eq!(held, *target, "{name}");
        if target.is_none() {
            assert_eq!(repo.ref_value(&RefName::new(&**name)).unwrap(), Some(commit), "{name}");
        }
    }
    let (aliases, n) = children(|| repo.symbolic_aliases(&["refs/**"]).unwrap());
    assert_eq!(n, 0);
    let found: Vec<_> = aliases.iter().map(|a| a.name.to_string()).collect();
    let expected: Vec<_> =
        model.iter().filter(|(_, target)| target.is_some()).map(|(name, _)| name.clone()).collect();
    assert_eq!(found, expected);
}

/// Several rounds of writing: new names, names that become symbolic or go, tables put together
/// or left in a heap, blocks of several sizes, indexes of one and more levels, logs beside.
#[test]
fn tables_are_read_as_git_wrote_them() {
    for ground in grounds() {
        let commit = ground.commit(ground.tree(&[]), &[], "Root\n");
        let tag = {
            ground.git(&["tag", "-a", "-m", "t", "v1", &commit.to_string()]);
            hex(ground.git(&["rev-parse", "refs/tags/v1"]).as_bytes())
        };
        ground.git(&["update-ref", "-d", "refs/tags/v1"]);
        let mut model: BTreeMap<String, Option<String>> = BTreeMap::new();
        let mut random = Random(7);
        for (round, (size, logs, heap, names)) in [
            ("4096", "false", "false", 40),
            ("4096", "always", "true", 300),
            ("700", "always", "false", 900),
            ("0", "false", "true", 60),
            ("1000", "always", "true", 30),
        ]
        .into_iter()
        .enumerate()
        {
            let mut input = String::new();
            for n in 0..names {
                let name = format!("refs/heads/{}/{round}-{n}", "x".repeat(n % 60 + 1));
                input.push_str(&format!("create {name} {commit}\n"));
                model.insert(name, None);
            }
            let keys: Vec<_> = model.keys().cloned().collect();
            for name in keys.iter().filter(|_| random.below(4) == 0) {
                if model.get(name).is_some_and(Option::is_none) && !input.contains(name.as_str()) {
                    input.push_str(&format!("delete {name}\n"));
                    model.remove(name);
                }
            }
            input.push_str(&format!("create refs/tags/t{round} {tag}\n"));
            let settings = [
                format!("reftable.blockSize={size}"),
                format!("core.logAllRefUpdates={logs}"),
                format!("reftable.geometricFactor={}", if heap == "true" { 0 } else { 2 }),
            ];
            let mut args: Vec<&str> = settings.iter().flat_map(|s| ["-c", s.as_str()]).collect();
            args.extend(["update-ref", "--stdin"]);
            ground.git_with(&args, input.as_bytes());
            let keys: Vec<_> = model.keys().cloned().collect();
            for (n, name) in keys.iter().enumerate().filter(|(n, _)| n % 97 == round) {
                let target = format!("refs/heads/{}{n}", "nowhere/".repeat(n % 30));
                let mut args = args.clone();
                args.truncate(6);
                args.extend(["symbolic-ref", name, &target]);
                ground.git(&args);
                model.insert(name.clone(), Some(target));
            }
            agrees(&ground, &model, commit);
        }
        let value = ground.open().ref_value(&RefName::new("refs/tags/t0")).unwrap();
        assert_eq!(value, Some(tag));
        ground.git(&["pack-refs", "--all"]);
        agrees(&ground, &model, commit);
    }
}

fn tables(ground: &Ground) -> Vec<PathBuf> {
    let files = fs::read_dir(ground.path.join("reftable")).unwrap();
    let mut files: Vec<_> = files.map(|f| f.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "ref"));
    files.sort();
    files
}

/// What is cut or changed is an error or reads as it did, and never panics; the list of tables
/// too. A repository whose way to keep refs nobody knows is not opened.
#[test]
fn damaged_tables_are_no_absence() {
    let Some(ground) = grounds().into_iter().next() else { return };
    for n in 0..20 {
        ground.git(&["symbolic-ref", &format!("refs/heads/a{n}"), "refs/heads/unborn"]);
    }
    ground.git(&["pack-refs", "--all"]);
    let found = |ground: &Ground| ground.open().symbolic_aliases(&["refs/**"]).map(|a| a.len());
    assert_eq!(found(&ground).unwrap(), 20);
    let table = tables(&ground).pop().unwrap();
    let whole = fs::read(&table).unwrap();
    let put = |bytes: &[u8]| {
        // Git makes tables that nobody may write.
        fs::remove_file(&table).unwrap();
        fs::write(&table, bytes).unwrap();
    };
    for len in (0..whole.len()).step_by(9) {
        put(&whole[..len]);
        assert!(found(&ground).is_err(), "cut to {len}");
    }
    for at in 0..28 {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        put(&bytes);
        assert!(found(&ground).is_err(), "byte {at}");
    }
    for at in (28..whole.len()).step_by(5) {
        for bit in [1, 128] {
            let mut bytes = whole.clone();
            bytes[at] ^= bit;
            put(&bytes);
            let _ = found(&ground);
        }
    }
    put(&whole);
    let list = ground.path.join("reftable/tables.list");
    let listed = fs::read(&list).unwrap();
    for bad in ["../config\n", "gone.ref\n"] {
        fs::write(&list, [bad.as_bytes(), &listed].concat()).unwrap();
        assert!(found(&ground).is_err(), "{bad}");
    }
    fs::write(&list, listed).unwrap();
    ground.git(&["config", "extensions.refStorage", "other"]);
    assert!(Repo::open(&ground.path).is_err());
}

/// Tables that git puts together while they are read.
#[test]
fn tables_that_change_meanwhile() {
    let Some(ground) = grounds().into_iter().next() else { return };
    let commit = ground.commit(ground.tree(&[]), &[], "Root\n");
    ground.git(&["symbolic-ref", "refs/heads/alias", "refs/heads/unborn"]);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 0..40 {
                ground.point(&format!("refs/heads/b{n}"), commit);
                ground.git(&["pack-refs", "--all"]);
            }
        });
        let repo = ground.open();
        while !writer.is_finished() {
            assert_eq!(repo.symbolic_aliases(&["refs/heads/*"]).unwrap().len(), 1);
        }
        let last = RefName::new("refs/heads/b39");
        writer.join().unwrap();
        assert_eq!(repo.ref_value(&last).unwrap(), Some(commit));
    });
}

/// A further work tree has a stack of its own beside the one that all share.
#[test]
fn tables_of_a_further_work_tree() {
    let Some(ground) = grounds().into_iter().next() else { return };
    let commit = ground.commit(ground.tree(&[]), &[], "Root\n");
    ground.point("refs/heads/main", commit);
    ground.git(&["symbolic-ref", "refs/heads/release/next", "refs/heads/unborn"]);
    let further = ground.root.join("further");
    ground.git(&["worktree", "add", "-q", "-b", "side", further.to_str().unwrap()]);
    let repo = Repo::open(&ground.path.join("worktrees/further")).unwrap();
    let chain = repo.resolve_symbolic(&RefName::new("HEAD")).unwrap();
    assert_eq!(chain, [RefName::new("refs/heads/side")]);
    let aliases = repo.symbolic_aliases(&["refs/heads/release/*"]).unwrap();
    assert_eq!(aliases.len(), 1);
    assert_eq!(repo.ref_value(&RefName::new("refs/heads/side")).unwrap(), Some(commit));
}
