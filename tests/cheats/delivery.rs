//! Deliveries that are forged, bloated, doubled or deleted (G24).

use crate::support::statement::{NAMESPACE, sign};
use crate::support::{Clone, Delivery, Draft, MAIN, NEEDS, Policy, Signed, World, ai, key};

/// A refused commit of Kim's and Grace's approval of it, not handed in yet.
#[track_caller]
fn asked<'w>(world: &'w World) -> (Clone<'w>, Draft, Signed) {
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    kim.push_main().rejected_with(NEEDS);
    let draft = Draft::approve().commit(&kim, &id);
    let signed = draft.sign("ghopper");
    (kim, draft, signed)
}

/// Whatever is not exactly the form is refused, and nothing of it is kept.
#[test]
fn forged_in_form() {
    let world = World::new();
    let (kim, _, signed) = asked(&world);
    let real = Delivery::of(&signed);
    let other = Delivery { hash: "1".repeat(64), ..real.clone() };
    let bend = |change: &dyn Fn(&mut Delivery)| {
        let mut delivery = real.clone();
        change(&mut delivery);
        delivery
    };
    let plain = |name: &str| ("100644", name.to_owned(), b"x".to_vec());
    let forms: Vec<(&str, Delivery)> = vec![
        ("another hash in the name", other),
        ("upper case in the name", bend(&|d| d.hash = d.hash.to_uppercase())),
        ("a cut name", bend(&|d| d.hash.truncate(40))),
        ("a parent", bend(&|d| d.parents = vec![kim.rev("origin/main")])),
        ("an AI-assisted parent", bend(&|d| d.parents = vec![kim.head()])),
        ("another author", bend(&|d| d.author = "Kim <kim@example.com> 0 +0000".to_owned())),
        ("another committer", bend(&|d| d.committer = "Kim <kim@example.com> 0 +0000".to_owned())),
        ("another date", bend(&|d| d.author = d.author.replace(" 0 +", " 1 +"))),
        ("another zone", bend(&|d| d.committer = d.committer.replace("+0000", "+0100"))),
        ("another message", bend(&|d| d.message = "Countersign delivery".to_owned())),
        ("a longer message", bend(&|d| d.message.push_str("\nmore\n"))),
        ("another header", bend(&|d| d.extra_headers = "note x\n".to_owned())),
        ("a third file", bend(&|d| d.files.push(plain("zzz")))),
        ("a third file before", bend(&|d| d.files.insert(0, plain("a")))),
        ("no signature", bend(&|d| drop(d.files.pop()))),
        ("no files", bend(&|d| d.files.clear())),
        ("another name", bend(&|d| d.files[0].1 = "Statement.json".to_owned())),
        ("a program", bend(&|d| d.files[0].0 = "100755")),
        ("a link", bend(&|d| d.files[1].0 = "120000")),
        ("a folder", bend(&|d| d.files[1] = ("040000", "statement.json.sig".to_owned(), vec![]))),
    ];
    for (label, form) in forms {
        let spec = form.write(&kim);
        let push = kim.push(&[&spec]);
        assert!(!push.ok, "{label} was taken:\n{}", push.all);
        push.refused();
        assert!(!push.remote.contains("countersign: stored"), "{label}:\n{}", push.all);
        // Nor beside main.
        kim.push(&["HEAD:refs/heads/main", &spec]).refused();
        kim.push_main().rejected_with("has 0");
    }
    kim.deliver(&[&signed]);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn that_is_no_commit() {
    let world = World::new();
    let (kim, _, signed) = asked(&world);
    let blob = kim.object("blob", &signed.statement);
    let tree = kim.rev("HEAD^{tree}");
    let commit = Delivery::of(&signed).write(&kim);
    let commit = commit.split(':').next().expect("an id").to_owned();
    let tag = format!("object {commit}\ntype commit\ntag x\ntagger K <k@x> 0 +0000\n\nx\n");
    let tag = kim.object("tag", tag.as_bytes());
    for id in [blob, tree, tag] {
        kim.push(&[&format!("{id}:{}", Delivery::of(&signed).name())]).rejected();
    }
    kim.push_main().rejected_with("has 0");
    kim.deliver(&[&signed]);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn too_large() {
    let world = World::new();
    let (kim, draft, signed) = asked(&world);
    let reason = "x".repeat(2 << 20);
    let fat = sign(&draft.clone().set("reason", reason).bytes(), &key("ghopper"), NAMESPACE);
    let spec = Delivery::of(&fat).write(&kim);
    kim.push(&[&spec]).rejected_with("statement_bytes is 1048576");
    let mut heavy = signed.clone();
    heavy.signature.extend(std::iter::repeat_n(b'\n', 2 << 20));
    let spec = Delivery::of(&heavy).write(&kim);
    kim.push(&[&spec]).rejected();
    kim.push_main().rejected_with("has 0");
    // Long is not too long: many subjects besides the one that counts.
    let long = draft.edit(|v| {
        let subjects = v["subject"].as_array_mut().expect("a list");
        subjects.extend((0..3_000).map(|n| {
            serde_json::json!({ "name": "another", "digest": { "gitCommit": format!("{n:040}") } })
        }));
    });
    assert!(long.bytes().len() > 200_000);
    kim.deliver(&[&long.sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
}

/// Under a raised limit a long statement is not only taken but counts; else "stored" would be
/// a lie.
#[test]
fn long_under_a_raised_limit_counts() {
    let world = World::with_settings(&Policy::standard(), "[limits]\nstatement_bytes = 3000000\n");
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    kim.push_main().rejected_with(NEEDS);
    let mut bytes = Draft::approve().commit(&kim, &id).bytes();
    bytes.splice(1..1, std::iter::repeat_n(b' ', 2 << 20));
    kim.deliver(&[&sign(&bytes, &key("ghopper"), NAMESPACE)]);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn too_many() {
    let world = World::with_settings(&Policy::standard(), "[limits]\ndeliveries = 3\n");
    let (kim, draft, _) = asked(&world);
    let signed: Vec<Signed> =
        (0..4).map(|n| draft.clone().set("reason", n.to_string()).sign("ghopper")).collect();
    let specs = kim.deliveries(&signed.iter().collect::<Vec<_>>());
    let specs: Vec<&str> = specs.iter().map(String::as_str).collect();
    kim.push(&specs).rejected_with("deliveries");
    kim.push_main().rejected_with("has 0");
    kim.push(&specs[1..]).accepted();
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn the_same_twice() {
    let world = World::new();
    let (kim, _, signed) = asked(&world);
    kim.deliver(&[&signed]);
    let spec = Delivery::of(&signed).write(&kim);
    kim.push(&[&spec]).accepted().says(&format!("countersign: known {}", signed.hash()));
    kim.push_main().lands(&[MAIN]);
}

/// The statement is in the store; taking its ref away takes nothing away.
#[test]
fn somebody_elses_deleted() {
    let world = World::new();
    let (kim, _, signed) = asked(&world);
    // Without post-receive the inbox stays, as after a crash.
    std::fs::remove_file(kim.bare.join("hooks/post-receive")).expect("a hook");
    kim.deliver(&[&signed]);
    let name = Delivery::of(&signed).name();
    assert!(world.tip(&kim.bare, &name).is_some());
    let mallory = world.clone("mallory");
    mallory.push(&[&format!(":{name}")]).accepted().says("countersign: known");
    assert!(world.tip(&kim.bare, &name).is_none());
    kim.push_main().lands(&[MAIN]);
}

/// A ref that is there is not overwritten with something else under its name.
#[test]
fn somebody_elses_overwritten() {
    let world = World::new();
    let (kim, draft, signed) = asked(&world);
    std::fs::remove_file(kim.bare.join("hooks/post-receive")).expect("a hook");
    kim.deliver(&[&signed]);
    let name = Delivery::of(&signed).name();
    let before = world.tip(&kim.bare, &name);
    let other = Delivery { hash: signed.hash(), ..Delivery::of(&draft.sign("alovelace")) };
    kim.push(&[&format!("+{}", other.write(&kim))]).refused();
    kim.push(&[&format!("+HEAD:{name}")]).refused();
    assert_eq!(world.tip(&kim.bare, &name), before);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn deleted_before_it_was_ever_there() {
    let world = World::new();
    let (kim, _, signed) = asked(&world);
    // Placed past the gate, so the store has never seen it.
    let spec = Delivery::of(&signed).write(&kim);
    let (id, name) = spec.split_once(':').expect("a refspec");
    kim.git(&["update-ref", name, id]);
    world.git_in(
        &kim.bare,
        &["fetch", "-q", kim.dir.to_str().expect("a path"), &format!("{name}:{name}")],
    );
    kim.push(&[&format!(":{name}")]).accepted().says("countersign: unknown");
    kim.push_main().rejected_with("has 0");
}

/// What a rejected push brought is kept all the same, and only once.
#[test]
fn kept_although_the_push_was_rejected() {
    let world = World::new();
    let (kim, draft, signed) = asked(&world);
    kim.commit(ai("Another").file("b", "b\n"));
    let spec = Delivery::of(&signed).write(&kim);
    let push = kim.push(&["HEAD:refs/heads/main", &spec]);
    push.rejected_with("1 of 2 commits").says("countersign: stored");
    kim.push(&["HEAD~1:refs/heads/main"]).lands(&[MAIN]);
    assert!(draft.0["subject"].is_array());
}

/// Delivering grants nothing, to whoever delivers.
#[test]
fn by_anybody_and_for_nobodys_gain() {
    let world = World::new();
    let (kim, _, signed) = asked(&world);
    let mallory = world.clone("mallory");
    mallory.deliver(&[&signed]);
    kim.push_main().lands(&[MAIN]);
}
