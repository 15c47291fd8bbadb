//! The keys as stock tools read them.

use super::fixtures::{KeyRing, key, message, person, policy};
use crate::domain::policy::{Key, Role};
use crate::signature::{NAMESPACE, allowed_signers};

#[test]
fn lines_are_what_ssh_keygen_reads() {
    let ring = KeyRing::new();
    let names = ["forever", "limited", "revoked", "odd", "agent", "service"];
    let [forever, limited, revoked, odd, agent, service] =
        names.map(|name| ring.make(name, "ed25519"));
    let limited = Key {
        valid_after: Some("2026-01-02T03:04:05Z".parse().unwrap()),
        valid_before: Some("2026-06-07T08:09:10Z".parse().unwrap()),
        ..key(&limited)
    };
    let revoked = Key { revoked: true, ..key(&revoked) };
    let keys = vec![key(&forever), limited.clone(), revoked.clone()];
    let policy = policy(vec![
        person("ghopper", Role::Person, keys),
        person("*,odd\n", Role::Person, vec![key(&odd)]),
        person("agent", Role::Agent { owner: None }, vec![key(&agent)]),
        person("service", Role::Service, vec![key(&service)]),
    ]);
    let file = allowed_signers(&policy);
    let expected = format!(
        "# not a plain name: *,odd\\n namespaces=\"{NAMESPACE}\" {odd}\n\
         ghopper namespaces=\"{NAMESPACE}\" {forever}\n\
         ghopper namespaces=\"{NAMESPACE}\",valid-after=\"20260102030405Z\",\
         valid-before=\"20260607080910Z\" {}\n\
         # revoked: ghopper namespaces=\"{NAMESPACE}\" {}\n",
        limited.public, revoked.public
    );
    assert_eq!(file, expected);

    let good = |name: &str, time: &str| {
        let signed = ring.sign(name, NAMESPACE, &message());
        let option = format!("-Overify-time={time}");
        ring.stock_verify(&file, "ghopper", &[&option], &signed).0
    };
    let rows = [
        ("forever", "20260301000000Z", true),
        ("limited", "20260301000000Z", true),
        ("limited", "20260102030404Z", false),
        ("limited", "20260607080911Z", false),
        ("revoked", "20260301000000Z", false),
        ("odd", "20260301000000Z", false),
        ("agent", "20260301000000Z", false),
        ("service", "20260301000000Z", false),
    ];
    for (name, time, expected) in rows {
        assert_eq!(good(name, time), expected, "{name} at {time}");
    }
    // A signature for something else fails by the file's own option.
    let signed = ring.sign("forever", "git", &message());
    assert!(!ring.stock_verify(&file, "ghopper", &[], &signed).0);
}
