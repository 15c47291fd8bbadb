//! Statements that are real but not for this, not now, or not anybody's (G12, G15).

use crate::support::keys::key_of;
use crate::support::statement::{DAY, HOUR, NAMESPACE, from_now, malleated, sign};
use crate::support::{API, Clone, Draft, MAIN, NEEDS, Policy, Signed, World, ai, key};

/// A pushed and refused commit of Kim's, and a draft that names it.
#[track_caller]
fn asked<'w>(world: &'w World) -> (Clone<'w>, Draft) {
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    kim.push_main().rejected_with(NEEDS);
    let draft = Draft::approve().commit(&kim, &id);
    (kim, draft)
}

/// Handed in, wherever it is stopped: at the door or at the decision.
#[track_caller]
fn does_not_count(kim: &Clone<'_>, signed: &Signed, why: &str) {
    let specs = kim.deliveries(&[signed]);
    let delivery = kim.push(&[&specs[0]]);
    if delivery.ok {
        kim.push_main().rejected_with(why);
    } else {
        delivery.rejected_with(why);
        kim.push_main().rejected_with(NEEDS);
    }
}

#[track_caller]
fn counts(kim: &Clone<'_>, signed: &Signed) {
    kim.deliver(&[signed]);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn of_another_repository() {
    let world = World::new();
    world.repository("payments/web");
    let (kim, draft) = asked(&world);
    let elsewhere = draft.clone().set("repository", "payments/web");
    // Handed in where it does not belong, the answer names where it does.
    does_not_count(&kim, &elsewhere.sign("ghopper"), "payments/web");
    // Handed in where it belongs, it does not count here.
    let web = world.clone_of("kim", "payments/web");
    web.take(&kim, "HEAD");
    web.deliver(&[&elsewhere.sign("ghopper")]);
    kim.push_main().rejected_with(NEEDS);
    counts(&kim, &draft.sign("ghopper"));
}

#[test]
fn of_another_ref() {
    let world = World::new();
    let (kim, draft) = asked(&world);
    let other = draft.clone().refs(&["refs/heads/release/1"]);
    does_not_count(&kim, &other.sign("ghopper"), "refs/heads/release/1");
    // A glob is the policy's own or it is none: nobody is talked into signing for `**`.
    for near in ["refs/heads/mai", "main", "refs/heads/main/", "refs/heads/MAIN", "refs/**"] {
        let signed = draft.clone().refs(&[near]).sign("alovelace");
        let specs = kim.deliveries(&[&signed]);
        kim.push(&[&specs[0]]);
        kim.push_main().rejected_with(NEEDS);
    }
    counts(&kim, &draft.refs(&["refs/heads/x", MAIN]).sign("khamilton"));
}

#[test]
fn expired_by_itself() {
    let world = World::new();
    let (kim, draft) = asked(&world);
    let aged = |expiry: i64| {
        draft.clone().set("issuedAt", from_now(-2 * HOUR)).set("expiresAt", from_now(expiry))
    };
    does_not_count(&kim, &aged(-HOUR).sign("ghopper"), "expired");
    counts(&kim, &aged(HOUR).sign("ghopper"));
}

#[test]
fn older_than_the_rule_allows() {
    let world = World::with(&Policy::standard().with("valid_for", "\"10d\""));
    let (kim, draft) = asked(&world);
    let aged = |days: i64| draft.clone().set("issuedAt", from_now(-days * DAY));
    does_not_count(&kim, &aged(11).sign("ghopper"), "expired");
    counts(&kim, &aged(9).sign("ghopper"));
}

#[test]
fn issued_in_the_future() {
    let world = World::new();
    let (kim, draft) = asked(&world);
    let ahead = |minutes: i64| draft.clone().set("issuedAt", from_now(minutes * 60));
    does_not_count(&kim, &ahead(30).sign("ghopper"), "future");
    counts(&kim, &ahead(3).sign("ghopper"));
}

#[test]
fn revoked_by_its_signer_and_by_nobody_else() {
    let world = World::new();
    let (kim, draft) = asked(&world);
    let signed = draft.sign("ghopper");
    let revoke = Draft::new("revoke", API).statement(&signed.hash());
    kim.deliver(&[&signed, &revoke.sign("alovelace")]);
    kim.push_main().lands(&[MAIN]);

    let (kim, draft) = asked(&world);
    let signed = draft.sign("ghopper");
    // It came first, and says an earlier time: revoked is revoked.
    let revoke =
        Draft::new("revoke", API).set("issuedAt", from_now(-DAY)).statement(&signed.hash());
    kim.deliver(&[&revoke.sign("ghopper")]);
    does_not_count(&kim, &signed, "revoked");
    counts(&kim, &draft.set("reason", "read again").sign("ghopper"));
}

/// Of an ECDSA signature anybody can make a second one under another hash. Revoked is what
/// was signed, also where the gate never saw the file that the revocation names.
#[test]
fn revoked_and_brought_back_as_its_twin() {
    let mine = key_of("ghopper", "ecdsa", "256");
    let world =
        World::with(&Policy::standard().set("ghopper", "keys", &format!("[{:?}]", mine.public)));
    let by_grace = |draft: &Draft| sign(&draft.bytes(), &mine, NAMESPACE);
    // The twin is as good as the original.
    let (kim, draft) = asked(&world);
    counts(&kim, &malleated(&by_grace(&draft)));

    let (kim, draft) = asked(&world);
    let kept_back = by_grace(&draft);
    let twin = malleated(&kept_back);
    assert_ne!(kept_back.hash(), twin.hash());
    kim.deliver(&[&by_grace(&Draft::new("revoke", API).statement(&kept_back.hash()))]);
    does_not_count(&kim, &twin, "revoked");
    does_not_count(&kim, &kept_back, "revoked");
    // Another one that nobody revoked counts.
    counts(&kim, &by_grace(&draft.set("reason", "read again")));
}

#[test]
fn tampered_with_after_signing() {
    let world = World::new();
    let (kim, draft) = asked(&world);
    let real = draft.sign("ghopper");
    let mut forged = real.clone();
    forged.statement = draft.clone().set("reason", "changed").bytes();
    does_not_count(&kim, &forged, "signature");
    let mut cut = real.clone();
    cut.signature.truncate(cut.signature.len() / 2);
    does_not_count(&kim, &cut, "signature");
    let mut empty = real.clone();
    empty.signature.clear();
    does_not_count(&kim, &empty, "signature");
    counts(&kim, &real);
}

#[test]
fn by_a_key_that_is_nobodys() {
    let world = World::new();
    let (kim, draft) = asked(&world);
    does_not_count(&kim, &draft.sign("mallory"), "key");
    counts(&kim, &draft.sign("ghopper"));
}

#[test]
fn by_somebody_who_is_no_senior() {
    let policy = Policy::standard().set("kim", "keys", &format!("[{:?}]", key("kim").public));
    let world = World::with(&policy);
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").author("alovelace").committer("alovelace").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    does_not_count(&kim, &Draft::approve().commit(&kim, &id).sign("kim"), NEEDS);
    counts(&kim, &Draft::approve().commit(&kim, &id).sign("ghopper"));
}

#[test]
fn for_another_purpose() {
    let world = World::new();
    let (kim, draft) = asked(&world);
    for namespace in ["git", "file", "countersign-sign-off-v2"] {
        let signed = sign(&draft.bytes(), &key("ghopper"), namespace);
        does_not_count(&kim, &signed, "\"countersign-sign-off-v1\"");
    }
    counts(&kim, &sign(&draft.bytes(), &key("ghopper"), NAMESPACE));
}

/// A policy where Grace's only key has these further fields.
fn key_with(fields: &str) -> Policy {
    let keys = format!("[{{ key = {:?}, {fields} }}]", key("ghopper").public);
    Policy::standard().set("ghopper", "keys", &keys)
}

#[test]
fn by_a_key_that_was_retired() {
    let world = World::with(&key_with(&format!("valid_before = {}", from_now(-HOUR))));
    let (kim, draft) = asked(&world);
    does_not_count(&kim, &draft.sign("ghopper"), "key");
    // Dated back to when the key was good: it must be good now as well.
    let back = draft.clone().set("issuedAt", from_now(-2 * HOUR));
    does_not_count(&kim, &back.sign("ghopper"), "key");
    world.set_policy(&key_with(&format!("valid_before = {}", from_now(HOUR))));
    counts(&kim, &draft.set("reason", "x").sign("ghopper"));
}

#[test]
fn by_a_key_that_was_not_yet_valid() {
    let world = World::with(&key_with(&format!("valid_after = {}", from_now(-HOUR))));
    let (kim, draft) = asked(&world);
    let back = draft.clone().set("issuedAt", from_now(-2 * HOUR));
    does_not_count(&kim, &back.sign("ghopper"), "key");
    counts(&kim, &draft.sign("ghopper"));
}

#[test]
fn by_a_key_that_was_revoked_after_signing() {
    let world = World::new();
    let (kim, draft) = asked(&world);
    kim.deliver(&[&draft.sign("ghopper")]);
    world.set_policy(&key_with("revoked = true"));
    kim.push_main().rejected_with(NEEDS);
    world.set_policy(&Policy::standard());
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn by_somebody_who_has_left_the_group() {
    let world = World::new();
    let (kim, draft) = asked(&world);
    kim.deliver(&[&draft.sign("ghopper")]);
    world.set_policy(&Policy::standard().group("seniors", r#"["alovelace", "khamilton"]"#));
    kim.push_main().rejected_with(NEEDS);
    world.set_policy(&Policy::standard());
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn that_do_not_approve() {
    let world = World::new();
    let (kim, draft) = asked(&world);
    for verdict in ["decline", "override", "correct", "Approve", "yes"] {
        let signed = draft.clone().set("verdict", verdict).set("reason", "x").sign("alovelace");
        let specs = kim.deliveries(&[&signed]);
        kim.push(&[&specs[0]]);
        kim.push_main().rejected_with(NEEDS);
    }
    counts(&kim, &draft.sign("ghopper"));
}

/// JSON that two readers would understand differently is refused at the door.
#[test]
fn that_can_be_read_in_two_ways() {
    let world = World::new();
    let (kim, draft) = asked(&world);
    let text = String::from_utf8(draft.bytes()).expect("text");
    let forms = [
        text.replacen("{", "{\"surprise\": 1,", 1),
        text.replacen("\"verdict\"", "\"verdict\": \"decline\", \"verdict\"", 1),
        text.replacen("\"subject\"", "\"subject\": [], \"subject\"", 1),
        text.replace("urn:countersign:sign-off:v1", "urn:countersign:sign-off:v2"),
        text.replace("in-toto.io/Statement/v1", "in-toto.io/Statement/v2"),
        format!("{text}{text}"),
        format!("[{text}]"),
        format!("\u{feff}{text}"),
        text.replace("gitCommit", "gitcommit"),
        String::new(),
        "null".to_owned(),
        "[".repeat(100_000),
    ];
    for form in forms {
        let signed = sign(form.as_bytes(), &key("ghopper"), NAMESPACE);
        let specs = kim.deliveries(&[&signed]);
        kim.push(&[&specs[0]]).rejected();
        kim.push_main().rejected_with(NEEDS);
    }
    let mut bytes = draft.bytes();
    bytes.extend_from_slice(b"\xff");
    let signed = sign(&bytes, &key("ghopper"), NAMESPACE);
    let specs = kim.deliveries(&[&signed]);
    kim.push(&[&specs[0]]).rejected();
    counts(&kim, &draft.sign("ghopper"));
}

/// A subject that is nothing, or names what was never read, covers nothing.
#[test]
fn that_name_nothing() {
    let world = World::new();
    let (kim, draft) = asked(&world);
    for subject in [
        serde_json::json!([]),
        serde_json::json!([{ "name": "x", "digest": {} }]),
        serde_json::json!([{ "name": "x", "digest": { "gitCommit": "0".repeat(40) } }]),
        serde_json::json!([{ "name": "x", "digest": { "paths-v1":
            draft.0["subject"][0]["digest"]["paths-v1"] } }]),
    ] {
        let signed = draft.clone().edit(|v| v["subject"] = subject).sign("alovelace");
        let specs = kim.deliveries(&[&signed]);
        kim.push(&[&specs[0]]);
        kim.push_main().rejected_with(NEEDS);
    }
    counts(&kim, &draft.sign("ghopper"));
}

/// Who has no key that counts now is not sent to sign.
#[test]
fn seniors_whose_keys_have_ended_are_not_asked() {
    let public = crate::support::key("ghopper").public;
    for how in ["valid_before = 2026-01-01T00:00:00Z", "valid_after = 2099-01-01T00:00:00Z"] {
        let keys = format!("[{{ key = {public:?}, {how} }}]");
        let world = World::with(&Policy::standard().set("ghopper", "keys", &keys));
        let kim = world.clone("kim");
        kim.commit(ai("Marked").file("a", "a\n"));
        kim.push_main()
            .rejected_with("ghopper can't: no key of theirs is valid now")
            .says("can sign: alovelace, khamilton");
    }
}

/// A sign-off that merely shares its files is no stale one of this: nobody could do anything
/// about it.
#[test]
fn other_work_on_the_same_files_is_not_called_stale() {
    let world = World::new();
    let kim = world.clone("kim");
    let start = kim.head();
    let id = kim.commit(ai("First").file("src/app.rs", "first\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    kim.deliver(&[&Draft::approve().commit(&kim, &id).sign("ghopper")]);
    kim.branch("other", &start);
    kim.commit(ai("Second").file("src/app.rs", "second\n"));
    kim.push_main().rejected_with(NEEDS).keeps_quiet_about("stale");
    // An amended one keeps its title.
    kim.branch("again", &start);
    kim.commit(ai("First").file("src/app.rs", "amended\n"));
    kim.push_main().rejected_with("stale");
}
