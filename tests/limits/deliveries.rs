//! Sign-offs that come with a push.

use super::{limited, refused, says};
use crate::support::{Delivery, Draft, MAIN, Signed, ai};

#[test]
fn statement_bytes() {
    let world = limited("statement_bytes", "3000");
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    let of = |bytes: usize| {
        let draft = Draft::approve().commit(&kim, &id).set("reason", "");
        let more = bytes - draft.bytes().len();
        draft.set("reason", "x".repeat(more)).sign("ghopper")
    };
    let long = of(3_001);
    assert_eq!(long.statement.len(), 3_001);
    let push = kim.push(&[&Delivery::of(&long).write(&kim)]);
    refused(&push, "statement_bytes", 3_000, "has 3001 bytes");
    says(&push, &format!("statement.json of refs/countersign/inbox/{}", &long.hash()[..8]));
    says(&push, "sign a part of the range at a time");
    kim.push_main().rejected_with("has 0");
    kim.deliver(&[&of(3_000)]);
    kim.push_main().lands(&[MAIN]);
}

#[test]
fn deliveries() {
    let world = limited("deliveries", "3");
    let kim = world.clone("kim");
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    let sign = |n: usize| Draft::approve().commit(&kim, &id).set("reason", n.to_string());
    let signed: Vec<Signed> = (0..4).map(|n| sign(n).sign("ghopper")).collect();
    let specs = kim.deliveries(&signed.iter().collect::<Vec<_>>());
    let mut specs: Vec<&str> = specs.iter().map(String::as_str).collect();
    let push = kim.push(&specs);
    refused(&push, "deliveries", 3, "this push has 4 sign-offs");
    says(&push, "hand in fewer sign-offs at once");
    specs.truncate(3);
    specs.push("HEAD:refs/heads/main");
    let push = kim.push(&specs);
    push.accepted();
    assert_eq!(push.landed(), [MAIN]);
}
