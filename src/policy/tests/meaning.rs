//! What a policy in order says.

use std::time::Duration;

use super::*;
use crate::domain::evidence::Strength;
use crate::domain::ids::{Login, PersonId, RefName, RepositoryName};
use crate::domain::policy::{Binding, CustomPattern, Mode, Role, Rule};

fn ids(of: &std::collections::BTreeSet<PersonId>) -> Vec<&str> {
    of.iter().map(PersonId::as_str).collect()
}

fn only_rule(text: &str) -> Rule {
    sound(text).policy.rules.into_iter().next().expect("a rule")
}

#[test]
fn the_example_is_in_order_and_says_what_it_says() {
    let checked = load(Path::new("config/policy.example.toml"), &known_markers());
    let loaded = checked.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(loaded.checked.warnings.render(false), "");
    assert_eq!(loaded.bytes, example().as_bytes());
    let policy = &loaded.checked.policy;
    assert_eq!(policy.digest, policy_digest(example().as_bytes()));
    let lines: Vec<_> = policy.rules.iter().map(|r| (r.name.as_str(), r.line)).collect();
    let headers: Vec<usize> = example()
        .lines()
        .enumerate()
        .filter(|(_, line)| *line == "[[rule]]")
        .map(|(at, _)| at + 1)
        .collect();
    assert_eq!(lines, [("production", headers[0]), ("payments", headers[1])]);
    assert_eq!(ids(&policy.rules[1].approvers), ["alovelace", "ghopper", "khamilton"]);
    assert_eq!(policy.rules[1].sign_offs, 2);
    assert!(policy.rules[0].all_paths && !policy.rules[1].all_paths);
}

/// The example is the reference of the format, so it shows every key there is.
#[test]
fn the_example_names_every_key() {
    let keys = "version name emails logins keys agent owner service key valid_after valid_before \
        revoked declare memory disable tool trailer value author_email identity line strength \
        reason repos refs trusts paths sign_offs from binding valid_for mode veto allow \
        exempt_pushers readers clean_merges break_glass review_within freeze";
    for key in keys.split_whitespace() {
        assert!(example().contains(&format!("{key} ")), "{key}");
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    let rule = only_rule(SMALL);
    let patterns = |globs: &crate::domain::glob::Globs| {
        globs.patterns().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!((rule.name.as_str(), rule.line, rule.reason), ("main", 22, None));
    assert_eq!(patterns(&rule.repos), ["**"]);
    assert_eq!(patterns(&rule.refs), ["refs/heads/main"]);
    assert_eq!(patterns(&rule.trusts), ["refs/heads/main"]);
    assert_eq!(patterns(&rule.paths), ["**"]);
    assert!(rule.all_paths);
    assert_eq!((rule.sign_offs, rule.binding, rule.mode), (1, Binding::Replay, Mode::Enforce));
    assert_eq!(rule.valid_for, Duration::from_secs(10 * 86_400));
    assert_eq!(rule.review_within, Duration::from_secs(86_400));
    assert!(!rule.veto && !rule.allow_delete && !rule.allow_rewind && !rule.freeze);
    assert!(!rule.check_clean_merges);
    assert!(rule.exempt_pushers.is_empty() && rule.readers.is_empty());
    assert!(rule.break_glass.is_empty());
    let detect = sound(
        "version = 1\n[people.a]\nkeys = [\"$ADA\"]\n[groups]\ng = [\"a\"]\n\
        [[rule]]\nname = \"r\"\nrefs = [\"**\"]\nfrom = [\"g\"]\n",
    )
    .policy
    .detect;
    assert!(detect.memory && !detect.declaration_required);
    assert!(detect.disable.is_empty() && detect.markers.is_empty());
}

#[test]
fn what_is_set_is_read() {
    let rule = only_rule(&SMALL.replace(
        "from = [\"seniors\"]",
        "from = [\"others\", \"seniors\"]\nreason = \" Why.\"\nrepos = [\"pay/*\"]\n\
         trusts = [\"refs/heads/*\", \"refs/heads/main\"]\npaths = [\"src/**\"]\nsign_offs = 2\n\
         binding = \"same-files\"\nvalid_for = \"36h\"\nmode = \"warn\"\nveto = true\n\
         allow = [\"delete\", \"rewind\"]\nexempt_pushers = [\"others\"]\nreaders = [\"others\"]\n\
         clean_merges = \"check\"\nbreak_glass = [\"seniors\"]\nreview_within = \"90m\"\n\
         freeze = true",
    ));
    assert_eq!(rule.from, ["others", "seniors"]);
    assert_eq!(rule.reason.as_deref(), Some("Why."));
    assert!(rule.is_for(&RepositoryName::new("pay/api")));
    assert!(!rule.is_for(&RepositoryName::new("pay/api/x")));
    assert!(rule.gates(&RefName::new("refs/heads/main")));
    assert!(rule.trusts.matches(b"refs/heads/other"));
    assert!(rule.paths.matches(b"src/a/b.rs") && !rule.paths.matches(b"a.rs"));
    assert!(!rule.all_paths);
    assert_eq!((rule.sign_offs, rule.binding, rule.mode), (2, Binding::SameFiles, Mode::Warn));
    assert_eq!(rule.valid_for, Duration::from_secs(36 * 3_600));
    assert_eq!(rule.review_within, Duration::from_secs(90 * 60));
    assert!(rule.veto && rule.allow_delete && rule.allow_rewind && rule.freeze);
    assert!(rule.check_clean_merges);
    assert_eq!(ids(&rule.exempt_pushers), ["ada", "grace"]);
    assert_eq!(ids(&rule.readers), ["ada", "grace"]);
    assert_eq!(ids(&rule.break_glass), ["ada", "grace"]);
    let only_delete = SMALL.to_owned() + "allow = [\"delete\"]\n";
    let rule = only_rule(&only_delete);
    assert!(rule.allow_delete && !rule.allow_rewind);
}

#[test]
fn agents_services_and_the_keyless_are_in_groups_but_never_sign() {
    let text = SMALL
        .replace("[groups]", "[people.zoe]\n[groups]")
        .replace("[\"grace\", \"ada\"]", "[\"grace\", \"ada\", \"bot\", \"queue\", \"zoe\"]")
        + "exempt_pushers = [\"seniors\"]\nreaders = [\"others\"]\nbreak_glass = [\"others\"]\n";
    let policy = sound(&text).policy;
    assert_eq!(ids(&policy.groups["others"]), ["ada", "bot", "grace", "queue", "zoe"]);
    assert_eq!(ids(&policy.rules[0].approvers), ["ada", "grace"]);
    assert_eq!(ids(&policy.rules[0].break_glass), ["ada", "grace"]);
    assert_eq!(ids(&policy.rules[0].exempt_pushers), ["ada", "grace", "zoe"]);
    assert_eq!(ids(&policy.rules[0].readers), ["ada", "grace", "zoe"]);
}

#[test]
fn a_person_is_known_by_every_name() {
    let policy = sound(SMALL).policy;
    let grace = &policy.people[&PersonId::new("grace")];
    assert_eq!(grace.logins, [Login::new("grace"), Login::new("grace.h")]);
    assert_eq!(grace.keys[0].public, GRACE);
    assert_eq!(grace.name, "grace");
    assert_eq!(policy.person_by_email(b"GRACE@Example.Com").map(|p| &p.id), Some(&grace.id));
    let upper = sound(&SMALL.replace("grace@example.com", "Grace@EXAMPLE.com")).policy;
    assert_eq!(upper.people[&grace.id].emails, ["grace@example.com"]);
    let bot = &policy.people[&PersonId::new("bot")];
    assert_eq!(bot.role, Role::Agent { owner: Some(grace.id.clone()) });
    assert_eq!(policy.people[&PersonId::new("queue")].role, Role::Service);
}

#[test]
fn keys_and_their_times() {
    let text = SMALL.replace(
        "\"$ADA\"",
        "{ key = \"  $ADA ada@example.com \", valid_after = 2027-01-01T00:00:00+01:00, \
         valid_before = 2027-02-01 00:00:00Z }, { key = \"$KATHERINE\", revoked = true }",
    );
    let policy = sound(&text).policy;
    let keys = &policy.people[&PersonId::new("ada")].keys;
    assert_eq!(keys[0].public, ADA);
    assert_eq!(keys[0].valid_after.map(|t| t.to_string()).as_deref(), Some("2026-12-31T23:00:00Z"));
    assert_eq!(
        keys[0].valid_before.map(|t| t.to_string()).as_deref(),
        Some("2027-02-01T00:00:00Z")
    );
    assert!(!keys[0].revoked && keys[1].revoked);
}

#[test]
fn markers_of_every_kind() {
    let rows = [
        (
            "trailer = \"Acme-Agent\"",
            CustomPattern::Trailer { key: "Acme-Agent".into(), value: None },
        ),
        (
            "trailer = \"Acme\"\nvalue = '^v\\d'",
            CustomPattern::Trailer { key: "Acme".into(), value: Some("^v\\d".into()) },
        ),
        ("author_email = \"A@B.c\"", CustomPattern::AuthorEmail("a@b.c".into())),
        ("identity = \"A@B.c\"", CustomPattern::Identity("a@b.c".into())),
        ("line = 'by \\S+'", CustomPattern::Line("by \\S+".into())),
    ];
    for (lines, pattern) in rows {
        let text = SMALL.replace("line = \"^Made by Acme\"", lines);
        let marker = sound(&text).policy.detect.markers.remove(0);
        assert_eq!((marker.pattern, marker.strength), (pattern, Strength::Assistance), "{lines}");
        let text = text.replace(lines, &format!("{lines}\nstrength = \"hint\"\ntool = \"T\""));
        let marker = sound(&text).policy.detect.markers.remove(0);
        assert_eq!((marker.tool.as_deref(), marker.strength), (Some("T"), Strength::Hint));
    }
}

#[test]
fn a_long_chain_of_groups_is_followed_to_its_end() {
    let chain: String = (0..900)
        .map(|i| format!("g{i} = [\"@g{}\"]\n", i + 1))
        .chain(["g900 = [\"ada\"]\n".into()])
        .collect();
    let text = SMALL.replace("others =", &format!("{chain}others =")) + "break_glass = [\"g0\"]\n";
    assert_eq!(ids(&sound(&text).policy.rules[0].break_glass), ["ada"]);
    let ring = text.replace("g900 = [\"ada\"]", "g900 = [\"@g0\"]");
    let told = checked(&ring).expect_err("a ring");
    assert_eq!(told.iter().filter(|d| d.code == "group-cycle").count(), 1);
}

#[test]
fn line_ends_and_a_byte_order_mark_change_the_digest_alone() {
    let plain = sound(SMALL).policy;
    let texts =
        [format!("\u{feff}{SMALL}"), SMALL.replace('\n', "\r\n"), format!("\u{feff}\n{SMALL}")];
    for (at, text) in texts.iter().enumerate() {
        let other = sound(text).policy;
        assert_eq!(other.people, plain.people);
        assert_eq!(other.rules[0].line, if at == 2 { 23 } else { 22 });
        assert_ne!(other.digest, plain.digest);
        assert_eq!(other.digest, policy_digest(keyed(text).as_bytes()));
    }
    let broken = checked(&format!("\u{feff}colour = 1\n{SMALL}")).expect_err("unknown key");
    assert_eq!(broken.iter().map(|d| (d.line, d.column)).next(), Some((1, 1)));
}

#[test]
fn a_file_that_is_not_there_is_not_an_empty_policy() {
    let missing = load(Path::new("/nowhere/policy.toml"), &[]).expect_err("no file");
    assert!(matches!(missing, PolicyError::Unreadable { .. }), "{missing}");
    let folder = load(Path::new("src"), &[]).expect_err("a folder");
    assert!(matches!(folder, PolicyError::Unreadable { .. }), "{folder}");
    let empty = tempfile::NamedTempFile::new().expect("a file");
    let broken = load(empty.path(), &[]).expect_err("empty");
    assert!(matches!(broken, PolicyError::Broken(_)), "{broken}");
}
