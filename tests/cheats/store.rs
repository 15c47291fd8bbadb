//! Somebody who can write the store's file: what it returns is verified by whoever decides
//! (G15).

use crate::support::statement::hex;
use crate::support::store::{count, tamper, while_locked};
use crate::support::{Clone, Draft, MAIN, NEEDS, Signed, World, ai};

/// Two refused commits of Kim's, of which the first is signed.
fn two<'w>(world: &'w World) -> (Clone<'w>, String, String, Signed) {
    let kim = world.clone("kim");
    let first = kim.commit(ai("One").file("a", "a\n"));
    let second = kim.commit(ai("Two").file("b", "b\n"));
    kim.push_main().rejected_with("2 of 2 commits");
    let signed = Draft::approve().commit(&kim, &first).sign("ghopper");
    kim.deliver(&[&signed]);
    kim.push_main().rejected_with("1 of 2 commits");
    (kim, first, second, signed)
}

fn blob(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    format!("X'{digits}'")
}

#[test]
fn statement_rewritten_in_the_store() {
    let world = World::new();
    let (kim, _, second, signed) = two(&world);
    let forged = Draft::approve().commit(&kim, &second);
    tamper(
        &world.store(),
        &format!(
            "UPDATE statements SET statement = {} WHERE hash = '{}';
         UPDATE subjects SET commit_id = '{second}' WHERE statement_hash = '{}';",
            blob(&forged.bytes()),
            signed.hash(),
            signed.hash(),
        ),
    );
    kim.push_main().rejected();
}

#[test]
fn statement_forged_in_the_store() {
    let world = World::new();
    let (kim, _, second, signed) = two(&world);
    let forged = Draft::approve().commit(&kim, &second).bytes();
    let both = [&forged[..], b"\0", &signed.signature[..]].concat();
    let hash = hex(&both);
    tamper(
        &world.store(),
        &format!(
            "INSERT INTO statements (hash, repository, verdict, statement, signature, received_at)
         VALUES ('{hash}', 'payments/api', 'approve', {}, {}, '2026-01-01T00:00:00Z');
         INSERT INTO subjects (statement_hash, ordinal, repository, commit_id)
         VALUES ('{hash}', 0, 'payments/api', '{second}');",
            blob(&forged),
            blob(&signed.signature),
        ),
    );
    kim.push_main().rejected();
}

#[test]
fn statement_filed_under_another_commit() {
    let world = World::new();
    let (kim, first, second, signed) = two(&world);
    tamper(
        &world.store(),
        &format!(
            "INSERT INTO subjects (statement_hash, ordinal, repository, commit_id, change_digest)
         SELECT statement_hash, 7, repository, '{second}',
                (SELECT change_digest FROM sightings WHERE commit_id = '{second}')
         FROM subjects WHERE statement_hash = '{}';",
            signed.hash(),
        ),
    );
    kim.push_main().rejected_with(NEEDS);
    kim.push(&[&format!("{first}:{MAIN}")]).lands(&[MAIN]);
}

/// What a replay is held against comes out of the store; it is hashed again.
#[test]
fn change_rewritten_in_the_store() {
    let world = World::new();
    let kim = world.clone("kim");
    let file = |n: &str| crate::support::world::lines(&[(30, n)]);
    let good = kim.commit(ai("Good").file("src/app.rs", file("good")));
    kim.push(&["HEAD:refs/heads/good"]).accepted();
    kim.deliver(&[&Draft::approve().commit(&kim, &good).sign("ghopper")]);
    let evil = kim.amend(ai("Good").file("src/app.rs", file("evil")));
    kim.push_main().rejected_with("stale");
    tamper(
        &world.store(),
        &format!(
            "UPDATE changes SET bytes = (SELECT bytes FROM changes c, sightings s
             WHERE s.commit_id = '{evil}' AND c.digest = s.change_digest)
         WHERE digest = (SELECT change_digest FROM sightings WHERE commit_id = '{good}');",
        ),
    );
    kim.push_main().rejected();
}

#[test]
fn newer_schema_is_refused() {
    let world = World::new();
    let (kim, ..) = two(&world);
    tamper(&world.store(), "PRAGMA user_version = 99; CREATE TABLE x (y);");
    kim.push_main().rejected_with("store");
}

#[test]
fn locked_store_is_a_clear_no() {
    let world = World::new();
    let (kim, first, second, signed) = two(&world);
    let before = count(&world.store(), "SELECT count(*) FROM decisions");
    while_locked(&world.store(), || {
        kim.push_main().rejected_with("store").says("not your fault");
    });
    assert_eq!(count(&world.store(), "SELECT count(*) FROM decisions"), before);
    kim.deliver(&[&Draft::approve().commit(&kim, &second).sign("ghopper")]);
    kim.push_main().lands(&[MAIN]);
    assert_ne!(first, signed.hash());
}

/// Rows before an accepted push, not after.
#[test]
fn accepted_push_is_on_record_before_git_hears_of_it() {
    let world = World::new();
    let (kim, _, second, _) = two(&world);
    kim.deliver(&[&Draft::approve().commit(&kim, &second).sign("ghopper")]);
    // Git is stopped right after the hook's yes.
    let shim = world.shim("pre-receive").replace("exec ", "");
    world.install_shim(&kim.bare, "pre-receive", &format!("{shim}kill -9 $PPID\n"));
    let accepted = "SELECT count(*) FROM decisions WHERE accepted = 1";
    let before = count(&world.store(), accepted);
    assert!(!kim.push_main().ok);
    assert_eq!(count(&world.store(), accepted), before + 1);
    world.install(&kim.bare);
    kim.push_main().lands(&[MAIN]);
}
