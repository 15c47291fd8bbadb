//! One mistake a row: what is told, and on which line.

use std::collections::BTreeSet;

use super::*;

const ECDSA: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBHn05QSKG7rChRx1DP9NQG6kCxm6rX1mUuoMk3VHBRbQoSxC0yBhf1VDnB1tmGtTqRfNJPTBbasZJqh5FSUOcw4=";
const RSA_2048: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQD133QfKF3JBRqsePD5c68OLbNhngJLLC8mSk6wBTN5BsOBjsExM/SXLDzLAqJoJglcw0GTenU5FyMJmt456c3mRvlZRn5cwXdN+gjBHSj9oi1KhZoCn2n4wN5BsEkX4Qbiq63X3tO5nUTnQUpSqLaZGePs6Qdp8lo3DAew8hk+9c/U829cQzfcVlP5WflKgxgRV2irhzpXC6DoMfnWDdiz0FFub4RVLPoKIMTQ+ShfJvVYdFvi3yivfbDiY2qzDUW2IcGulpH0xhAUZhnpJJBX5ru+nXgoVwlHB0ObyAWxU9deZvVi5qjxfFiEFhReS0eAyFOe69TtxZF436b81EfN";
const RSA_1024: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDFLSX/GNe0ASbeYYruncwwopKzuCRfO5fjxEPybpmZZMnXFu5XnP6XIFf/cdYhfsJ63Qs/JezCeQ89Z3ReLzPycxpcjEDRAC+R90SLyEzERv+CeWAltG7Lgl+01e5niz+23Ye6oLkT8Km/iNxt72gAninPLr4+UB4FRENO/Iu5Qw==";
const DSA: &str = "ssh-dss AAAAB3NzaC1kc3MAAACBAPWiB2vf7jBVABs+8M4vBzX31G6OnWkKmATAhqXIXFtOxlkYllo2AJ7Ac6YDy24sGA8wrdTLgkcWIOsxk6sDTBFQWTTWETCHWjxsXrYcaTqM+RqhJeZ3lzcZ/nWrSldqq0HggEE8ZIDrJvp0RevzEpwfqFaHwU9FOzsdGReOH4AxAAAAFQDp11MepkyCQiwSJ76UIxHvMJoJJwAAAIB3iI0PLw/TZkP+8U+Pg4v+eikqH8M+t6tT1vKmY4ydNCuCMvltKqILKMJWBIZ0AYZ/tpIewITpclmrjaBbtmweD/qNlMieTB9j6dM4Y36OfuJGiC//WKgEzNfX9D7+ultxkvaXh1RbEwq/9aCdoKGdZPBn0wVVGe1mgHcPnVm8XQAAAIAYaw6Rzbkhmj/TlZJrxv/ugzIojeSBE6UVD9n5Y4R5IzYkXl/gKjvMz8dPntUNT1ux2j+IufJZtAZxo8opyu7ujTXSVhWMytJQwBdzZ6MKCueNFMe/v+8L3eqMw56hPdui3UjLvvnueT67RRTly4l6CQg7q+w4hrdxC/LVDHh12A==";
const CERTIFICATE: &str = "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIOCQkQ+XloX4vpFXe3W/MYU7hbWsH3kXRupIbIS/4eVZAAAAIDXNfUyI2fLBZvDjl35u0kALYNZ89nINYvMZbj5oRuzuAAAAAAAAAAAAAAABAAAAAXgAAAAFAAAAAXkAAAAAAAAAAP//////////AAAAAAAAAIIAAAAVcGVybWl0LVgxMS1mb3J3YXJkaW5nAAAAAAAAABdwZXJtaXQtYWdlbnQtZm9yd2FyZGluZwAAAAAAAAAWcGVybWl0LXBvcnQtZm9yd2FyZGluZwAAAAAAAAAKcGVybWl0LXB0eQAAAAAAAAAOcGVybWl0LXVzZXItcmMAAAAAAAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAgsbSi5GLWE/Kk56giiJrtSZXbudSd8QkjafYYMyJMhYUAAABTAAAAC3NzaC1lZDI1NTE5AAAAQO6EXQqFDazCjVBBt8GAstY2wZbR35fJP17qsZU0WFvxkRjpCQMcQF5XPnAEN7o4NxzH9uu1pzLPXpvr4y/p0wI=";

/// Codes and lines, in order of place.
type Told = &'static [(&'static str, usize)];

type Row = (&'static str, &'static str, Told);

/// What is put in place of what in the small policy, and everything that is told.
const ERRORS: &[Row] = &[
    // The file.
    ("version = 1", "", &[("missing-key", 1)]),
    ("version = 1", "version = 2", &[("unknown-version", 1)]),
    ("version = 1", "version = \"1\"", &[("wrong-type", 1)]),
    ("version = 1", "version = -1", &[("bad-number", 1)]),
    ("version = 1", "version = 1\ncolour = 1", &[("unknown-key", 2)]),
    ("[[rule]]", "[[rules]]", &[("unknown-key", 22)]),
    ("[groups]", "[group]", &[("unknown-key", 14)]),
    (
        "[people.grace]",
        "[folk.grace]",
        &[("unknown-key", 2), ("unknown-person", 11), ("unknown-person", 15)],
    ),
    // What stands below a misspelt name is read as if it were spelt right.
    ("[people.grace]", "[persons.grace]", &[("unknown-key", 2)]),
    ("[people.grace]", "[person.grace]", &[("unknown-key", 2)]),
    ("[people.grace]", "[poeple.grace]\ncolour = 1", &[("unknown-key", 2), ("unknown-key", 3)]),
    ("[people.grace]", "[poeple.ada]\n[people.grace]", &[("unknown-key", 2), ("shared-login", 7)]),
    ("[groups]", "[Group]\nmore = [\"nobody\"]", &[("unknown-key", 14), ("unknown-person", 15)]),
    (
        "[groups]",
        "[grops]\nmore = [\"nobody\"]\n[groups]",
        &[("unknown-key", 14), ("unknown-person", 15)],
    ),
    ("[[rule]]", "[[rules]]\ncolour = 1", &[("unknown-key", 22), ("unknown-key", 23)]),
    (
        "[[rule]]",
        "[[rules]]\nname = \"main\"\nrefs = [\"main\"]\nfrom = [\"gone\"]\n[[rule]]",
        &[("unknown-key", 22), ("repeated-rule", 23), ("never-matches", 24), ("unknown-group", 25)],
    ),
    ("[[rule]]", "[rule]\ncolour = 1", &[("wrong-type", 22), ("unknown-key", 23)]),
    ("[[rule]]", "[rule.x]\ncolour = 1", &[("wrong-type", 22), ("unknown-key", 23)]),
    ("from = [", "approvers = [\"gone\", ", &[("unknown-key", 25), ("unknown-group", 25)]),
    ("[[rule]]", "[rule]", &[("wrong-type", 22)]),
    ("version = 1", "version = 1 1", &[("syntax", 1)]),
    ("refs = [\"refs/heads/main\"]", "refs = refs/heads/main", &[("syntax", 24)]),
    ("from = [\"seniors\"]", "from = [\"seniors\"]\nfrom = [\"others\"]", &[("syntax", 26)]),
    ("emails = [\"ada@example.com\"]", "emails = [\"ada@example.com\"", &[("syntax", 8)]),
    // People.
    ("[people.grace]", "[people.\"grace h\"]\nname = \"x\"\n[people.grace]", &[("bad-name", 2)]),
    ("[people.grace]", "[people.-x]\n[people.grace]", &[("bad-name", 2)]),
    ("[people.queue]", "[people]\nx = 1\n[people.queue]", &[("wrong-type", 13)]),
    ("emails = [\"grace@", "email = [\"grace@", &[("unknown-key", 3)]),
    ("emails = [\"grace@example.com\"]", "name = \"\"", &[("bad-text", 3)]),
    ("emails = [\"grace@example.com\"]", "name = \"a\\u0007\"", &[("bad-text", 3)]),
    ("grace@example.com", "grace", &[("bad-email", 3)]),
    ("grace@example.com", "Grace <grace@example.com>", &[("bad-email", 3)]),
    ("grace@example.com", "@example.com", &[("bad-email", 3)]),
    ("[\"grace@example.com\"]", "\"grace@example.com\"", &[("wrong-type", 3)]),
    ("[\"grace@example.com\"]", "[1]", &[("wrong-type", 3)]),
    ("ada@example.com", "GRACE@Example.com", &[("shared-email", 7)]),
    ("\"grace.h\"", "\"\"", &[("bad-text", 4)]),
    ("\"grace.h\"", "\"ada\"", &[("shared-login", 4)]),
    ("\"grace.h\"", "\"ADA\"", &[("shared-login", 4)]),
    ("\"grace.h\"", "\"deploy-key:12\"", &[("machine-login", 4)]),
    ("[people.queue]", "[people.Grace]", &[("shared-login", 12)]),
    ("service = true", "service = true\nlogins = [\"Grace.H\"]", &[("shared-login", 14)]),
    ("agent = true", "agent = 1", &[("wrong-type", 10)]),
    ("from = [\"seniors\"]", "from = [\"seniors\"]\nsign_offs = = 1", &[("syntax", 26)]),
    (
        "[people.grace]",
        "[people]\nemails = [\"grace@example.com\"]\n[people.grace]",
        &[("wrong-type", 3)],
    ),
    ("[people.grace]", "[[people.grace]]", &[("wrong-type", 2)]),
    ("[groups]", "[[groups]]", &[("wrong-type", 14)]),
    ("[detect]", "[detcet]\ndeclare = 7\n[detect]", &[("unknown-key", 17), ("wrong-type", 18)]),
    (
        "[[rule]]",
        "[rule]\nname = \"first\"\ntrusts = 7\n[rule] # the second\ncolour = 1\n[[rule]]",
        &[
            ("missing-key", 22),
            ("missing-key", 22),
            ("wrong-type", 22),
            ("wrong-type", 24),
            ("missing-key", 25),
            ("missing-key", 25),
            ("missing-key", 25),
            ("wrong-type", 25),
            ("unknown-key", 26),
        ],
    ),
    (
        "[[detect.marker]]",
        "[detect.marker]\nname = \"x\"\nline = \"(\"\n[detect.marker]",
        &[("wrong-type", 19), ("bad-regex", 21), ("wrong-type", 22)],
    ),
    ("agent = true", "", &[("owner-of-none", 11)]),
    ("agent = true", "agent = true\nservice = true", &[("agent-and-service", 11)]),
    ("agent = true", "agent = true\nkeys = [\"$KATHERINE\"]", &[("keys-of-none", 11)]),
    ("service = true", "service = true\nkeys = [\"$KATHERINE\"]", &[("keys-of-none", 14)]),
    ("owner = \"grace\"", "owner = \"gracie\"", &[("unknown-person", 11)]),
    ("owner = \"grace\"", "owner = \"queue\"", &[("bad-owner", 11)]),
    ("owner = \"grace\"", "owner = \"bot\"", &[("bad-owner", 11)]),
    // Keys.
    ("[\"$GRACE\"]", "\"$GRACE\"", &[("wrong-type", 5)]),
    ("[\"$GRACE\"]", "[1]", &[("wrong-type", 5)]),
    ("[\"$GRACE\"]", "[\"\"]", &[("bad-key", 5)]),
    ("[\"$GRACE\"]", "[\"ssh-ed25519 AAAA\"]", &[("bad-key", 5)]),
    (
        "[\"$GRACE\"]",
        "[\"ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAILG0ouRi1hPypOeoIoia7UmV27nUnfEJI2n2GDMiTIWF\"]",
        &[("bad-key", 5)],
    ),
    ("[\"$GRACE\"]", "[\"restrict $GRACE\"]", &[("bad-key", 5)]),
    ("[\"$GRACE\"]", "[\"~/.ssh/id_ed25519.pub\"]", &[("bad-key", 5)]),
    ("[\"$GRACE\"]", "[\"$GRACE\\nADA\"]", &[("bad-key", 5)]),
    (
        "[\"$GRACE\"]",
        "[\"-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaC1rZXktdjEAAAA\"]",
        &[("private-key", 5)],
    ),
    ("version = 1", "version = 1 # b3BlbnNzaC1rZXktdjEAAAA '", &[("private-key", 1)]),
    ("\"$GRACE\"]", "\"$GRACE\", \"$GRACE me@here\"]", &[("repeated-key", 5)]),
    ("\"$ADA\"]", "\"$GRACE\"]", &[("shared-key", 8)]),
    ("\"$ADA\"]", "{ key = \"$GRACE\", revoked = true }, \"$ADA\"]", &[("shared-key", 8)]),
    ("\"$ADA\"]", "{ keys = \"$ADA\" }]", &[("unknown-key", 8)]),
    ("\"$ADA\"]", "{ revoked = true }]", &[("missing-key", 8)]),
    ("\"$ADA\"]", "{ key = \"$ADA\", revoked = \"yes\" }]", &[("wrong-type", 8)]),
    ("\"$ADA\"]", "{ key = \"$ADA\", valid_after = \"2027-01-01\" }]", &[("wrong-type", 8)]),
    ("\"$ADA\"]", "{ key = \"$ADA\", valid_after = 2027-01-01 }]", &[("bad-time", 8)]),
    ("\"$ADA\"]", "{ key = \"$ADA\", valid_after = 2027-01-01T00:00:00 }]", &[("bad-time", 8)]),
    ("\"$ADA\"]", "{ key = \"$ADA\", valid_after = 2027-01-01T00:00:00.5Z }]", &[("bad-time", 8)]),
    ("\"$ADA\"]", "{ key = \"$ADA\", valid_before = 1970-01-01T00:00:00Z }]", &[("bad-time", 8)]),
    ("\"$ADA\"]", "{ key = \"$ADA\", valid_after = 2027-02-30T00:00:00Z }]", &[("syntax", 8)]),
    (
        "\"$ADA\"]",
        "{ key = \"$ADA\", valid_after = 2027-01-02T00:00:00Z, valid_before = 2027-01-02T02:00:00+02:00 }]",
        &[("empty-validity", 8)],
    ),
    // Groups.
    ("seniors = [\"grace\", \"ada\"]", "seniors = \"grace\"", &[("wrong-type", 15)]),
    ("[\"grace\", \"ada\"]", "[\"grace\", \"adda\"]", &[("unknown-person", 15)]),
    ("[\"grace\", \"ada\"]", "[\"grace\", \"others\"]", &[("group-for-person", 15)]),
    ("[\"@seniors\"]", "[\"@senors\"]", &[("unknown-group", 16)]),
    ("[\"@seniors\"]", "[\"@ada\"]", &[("person-for-group", 16)]),
    ("[\"grace\", \"ada\"]", "[\"grace\", \"ada\", \"@others\"]", &[("group-cycle", 16)]),
    ("[\"grace\", \"ada\"]", "[\"@seniors\"]", &[("group-cycle", 15)]),
    ("others =", "grace =", &[("name-clash", 16)]),
    ("others =", "\"o t\" =", &[("bad-name", 16)]),
    // Detection.
    ("disable = [\"claude-code\"]", "declare = \"require\"", &[("unknown-value", 18)]),
    ("disable = [\"claude-code\"]", "memory = \"yes\"", &[("wrong-type", 18)]),
    ("disable = [\"claude-code\"]", "memory_lines = 0", &[("bad-number", 18)]),
    ("disable = [\"claude-code\"]", "memory_share = 101", &[("bad-number", 18)]),
    ("disable = [\"claude-code\"]", "memory_share = \"half\"", &[("wrong-type", 18)]),
    ("disable = [\"claude-code\"]", "generated = [\"/dist/**\"]", &[("never-matches", 18)]),
    ("claude-code", "claude_code", &[("unknown-marker", 18)]),
    ("claude-code", "acme", &[("unknown-marker", 18)]),
    ("[[detect.marker]]", "[detect.marker]", &[("wrong-type", 19)]),
    ("name = \"acme\"", "", &[("missing-key", 19)]),
    ("name = \"acme\"", "name = \"copilot\"", &[("marker-name-taken", 20)]),
    (
        "name = \"acme\"",
        "name = \"a\"\nidentity = \"a@b\"\n[[detect.marker]]\nname = \"a\"",
        &[("repeated-marker", 23)],
    ),
    ("line = \"^Made by Acme\"", "", &[("marker-pattern", 19)]),
    ("line = \"^Made by Acme\"", "line = \"x\"\ntrailer = \"X\"", &[("marker-pattern", 21)]),
    ("line = \"^Made by Acme\"", "line = \"x\"\nvalue = \"X\"", &[("marker-pattern", 22)]),
    ("line = \"^Made by Acme\"", "trailer = \"Acme Agent\"", &[("bad-trailer", 21)]),
    ("line = \"^Made by Acme\"", "trailer = \"Acme\"\nvalue = \"(\"", &[("bad-regex", 22)]),
    ("line = \"^Made by Acme\"", "author_email = \"acme\"", &[("bad-email", 21)]),
    ("line = \"^Made by Acme\"", "identity = \"*@acme\\n\"", &[("bad-email", 21)]),
    ("line = \"^Made by Acme\"", "line = \"[a\"", &[("bad-regex", 21)]),
    ("line = \"^Made by Acme\"", "line = \"\"", &[("bad-regex", 21)]),
    ("line = \"^Made by Acme\"", "line = '(\\w{100}){100}'", &[("bad-regex", 21)]),
    ("line = \"^Made by Acme\"", "line = \"x*\"", &[("matches-everything", 21)]),
    ("line = \"^Made by Acme\"", "line = \"x\"\nstrength = \"strong\"", &[("unknown-value", 22)]),
    ("line = \"^Made by Acme\"", "line = \"x\"\ntool = \"\"", &[("bad-text", 22)]),
    // Rules.
    ("name = \"main\"", "", &[("missing-key", 22)]),
    ("name = \"main\"", "name = \" \"", &[("bad-text", 23)]),
    ("name = \"main\"", "name = \"main\"\nreason = \"\\u001b[2J\"", &[("bad-text", 24)]),
    ("refs = [\"refs/heads/main\"]", "", &[("missing-key", 22)]),
    ("refs = [\"refs/heads/main\"]", "ref = [\"refs/heads/main\"]", &[("unknown-key", 24)]),
    ("refs = [\"refs/heads/main\"]", "refs = []", &[("empty-list", 24)]),
    ("refs = [\"refs/heads/main\"]", "refs = \"refs/heads/main\"", &[("wrong-type", 24)]),
    ("\"refs/heads/main\"", "\"main\"", &[("never-matches", 24)]),
    ("\"refs/heads/main\"", "\"refs/head/main\"", &[("never-matches", 24)]),
    ("\"refs/heads/main\"", "\"refs/heads/{main\"", &[("bad-pattern", 24)]),
    ("\"refs/heads/main\"", "\"\"", &[("bad-pattern", 24)]),
    ("from = [\"seniors\"]", "", &[("missing-key", 22)]),
    ("from = [\"seniors\"]", "from = []", &[("nobody-signs", 25)]),
    ("from = [\"seniors\"]", "from = [\"senior\"]", &[("unknown-group", 25)]),
    ("from = [\"seniors\"]", "from = [\"@seniors\"]", &[("unknown-group", 25)]),
    ("from = [\"seniors\"]", "from = [\"ada\"]", &[("person-for-group", 25)]),
    ("from = [\"seniors\"]", "from = \"seniors\"", &[("wrong-type", 25)]),
    ("seniors = [\"grace\", \"ada\"]", "seniors = []", &[("nobody-signs", 25)]),
    ("seniors = [\"grace\", \"ada\"]", "seniors = [\"bot\", \"queue\"]", &[("nobody-signs", 25)]),
    ("from = [\"seniors\"]", "from = [\"seniors\"]\nsign_offs = 3", &[("unreachable", 26)]),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\", \"others\"]\nsign_offs = 3",
        &[("unreachable", 26)],
    ),
    ("from = [\"seniors\"]", "from = [\"seniors\"]\nsign_offs = 0", &[("bad-number", 26)]),
    ("from = [\"seniors\"]", "from = [\"seniors\"]\nsign_offs = -1", &[("bad-number", 26)]),
    ("from = [\"seniors\"]", "from = [\"seniors\"]\nsign_offs = 101", &[("bad-number", 26)]),
    ("from = [\"seniors\"]", "from = [\"seniors\"]\nsign_offs = 1.0", &[("wrong-type", 26)]),
    ("from = [\"seniors\"]", "from = [\"seniors\"]\nsign_offs = \"all\"", &[("wrong-type", 26)]),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\nbinding = \"samefiles\"",
        &[("unknown-value", 26)],
    ),
    ("from = [\"seniors\"]", "from = [\"seniors\"]\nmode = \"Enforce\"", &[("unknown-value", 26)]),
    ("from = [\"seniors\"]", "from = [\"seniors\"]\nmode = true", &[("wrong-type", 26)]),
    ("from = [\"seniors\"]", "from = [\"seniors\"]\nveto = \"true\"", &[("wrong-type", 26)]),
    ("from = [\"seniors\"]", "from = [\"seniors\"]\nfreeze = 1", &[("wrong-type", 26)]),
    ("from = [\"seniors\"]", "from = [\"seniors\"]\nallow = [\"force\"]", &[("unknown-value", 26)]),
    ("from = [\"seniors\"]", "from = [\"seniors\"]\nclean_merges = true", &[("wrong-type", 26)]),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\nclean_merges = \"ignore\"",
        &[("unknown-value", 26)],
    ),
    ("from = [\"seniors\"]", "from = [\"seniors\"]\nvalid_for = \"2w\"", &[("bad-duration", 26)]),
    ("from = [\"seniors\"]", "from = [\"seniors\"]\nvalid_for = 10", &[("wrong-type", 26)]),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\nreview_within = \"0h\"",
        &[("bad-duration", 26)],
    ),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\nexempt_pushers = [\"senior\"]",
        &[("unknown-group", 26)],
    ),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\nbreak_glass = [\"grace\"]",
        &[("person-for-group", 26)],
    ),
    ("from = [\"seniors\"]", "from = [\"seniors\"]\nrepos = []", &[("empty-list", 26)]),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\nrepos = [\"payments/api.git\"]",
        &[("never-matches", 26)],
    ),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\nrepos = [\"/payments/*\"]",
        &[("never-matches", 26)],
    ),
    ("from = [\"seniors\"]", "from = [\"seniors\"]\npaths = []", &[("empty-list", 26)]),
    ("from = [\"seniors\"]", "from = [\"seniors\"]\npaths = [\"src/\"]", &[("never-matches", 26)]),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\npaths = [\"./src/**\"]",
        &[("never-matches", 26)],
    ),
    ("from = [\"seniors\"]", "from = [\"seniors\"]\ntrusts = []", &[("empty-list", 26)]),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\n[[rule]]\nname = \"main\"\nrefs = [\"**\"]\nfrom = [\"seniors\"]",
        &[("repeated-rule", 27)],
    ),
];

const WARNINGS: &[Row] = &[
    ("from = [\"seniors\"]", "from = [\"seniors\"]\nvalid_for = \"15d\"", &[("long-validity", 26)]),
    ("from = [\"seniors\"]", "from = [\"seniors\"]\nsign_offs = 2", &[("no-substitute", 25)]),
    ("keys = [\"$ADA\"]", "keys = []", &[("no-key", 6), ("no-substitute", 25)]),
    (
        "keys = [\"$ADA\"]",
        "keys = [{ key = \"$ADA\", revoked = true }]",
        &[("no-key", 6), ("no-substitute", 25)],
    ),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\npaths = [\"!docs/**\", \"**\"]",
        &[("no-negation", 26)],
    ),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\npaths = ['src\\main.rs', \"**\"]",
        &[("odd-escape", 26)],
    ),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\ntrusts = [\"refs/heads/main\", \"refs/heads/dev\"]",
        &[("trusts-ungated", 26)],
    ),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\ntrusts = [\"refs/heads/main\", \"refs/heads/*\"]",
        &[("trusts-ungated", 26)],
    ),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\ntrusts = [\"refs/heads/dev\"]\n[[rule]]\nname = \"dev\"\nrefs = [\"refs/heads/dev\"]\nfrom = [\"seniors\"]",
        &[("trusts-not-itself", 26)],
    ),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\ntrusts = [\"refs/heads/main\", \"refs/heads/dev\"]\n[[rule]]\nname = \"dev\"\nrefs = [\"refs/heads/dev\"]\nfrom = [\"seniors\"]\nmode = \"warn\"",
        &[("trusts-ungated", 26)],
    ),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\ntrusts = [\"refs/heads/main\", \"refs/heads/dev\"]\nrepos = [\"a/*\"]\n[[rule]]\nname = \"dev\"\nrefs = [\"refs/heads/dev\"]\nfrom = [\"seniors\"]\nrepos = [\"b/*\"]",
        &[("trusts-ungated", 26)],
    ),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\ntrusts = [\"refs/heads/main\", \"refs/heads/dev\"]\n[[rule]]\nname = \"dev\"\nrefs = [\"refs/heads/dev\"]\nfrom = [\"seniors\"]\npaths = [\"src/**\"]",
        &[("trusts-less", 26)],
    ),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\ntrusts = [\"refs/heads/main\", \"refs/heads/dev\"]\n[[rule]]\nname = \"dev\"\nrefs = [\"refs/heads/dev\"]\nfrom = [\"seniors\"]\nexempt_pushers = [\"others\"]",
        &[("trusts-less", 26)],
    ),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\ntrusts = [\"refs/heads/main\", \"refs/heads/dev\"]\nclean_merges = \"check\"\n[[rule]]\nname = \"dev\"\nrefs = [\"refs/heads/dev\"]\nfrom = [\"seniors\"]",
        &[("trusts-less", 26)],
    ),
];

const INNOCENT: &[Row] = &[
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\ntrusts = [\"refs/heads/main\", \"refs/heads/dev\"]\n[[rule]]\nname = \"dev\"\nrefs = [\"refs/heads/dev\"]\nfrom = [\"seniors\"]",
        &[],
    ),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\ntrusts = [\"refs/heads/main\", \"refs/heads/dev\"]\npaths = [\"src/**\"]\n[[rule]]\nname = \"dev\"\nrefs = [\"refs/heads/dev\"]\nfrom = [\"seniors\"]\npaths = [\"src/**\"]",
        &[],
    ),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\ntrusts = [\"refs/heads/main\", \"refs/heads/dev\"]\npaths = [\"src/**\"]\n[[rule]]\nname = \"dev\"\nrefs = [\"refs/heads/dev\"]\nfrom = [\"seniors\"]\nexempt_pushers = []\nclean_merges = \"check\"",
        &[],
    ),
    ("version = 1", "#:schema ./policy.schema.json\nversion = 1", &[]),
    ("logins = [\"grace.h\"]", "logins = [\"grace\", \"grace.h\", \"grace.h\", \"Grace\"]", &[]),
    ("[\"grace@example.com\"]", "[\"grace@example.com\", \"Grace@Example.COM\"]", &[]),
    ("service = true", "service = true\nlogins = [\"deploy-key:12\", \"ci-token:7\"]", &[]),
    ("owner = \"grace\"", "", &[]),
    ("agent = true", "agent = true\nkeys = []", &[]),
    ("[\"$ADA\"]", "[\"$ADA ada@example.com with a comment\"]", &[]),
    (
        "[\"$ADA\"]",
        "[{ key = \"$ADA\", valid_after = 2027-01-01T00:00:00Z, valid_before = 2027-01-01T00:00:01Z }]",
        &[],
    ),
    ("[\"$ADA\"]", "[{ key = \"$KATHERINE\", revoked = true }, \"$ADA\"]", &[]),
    ("[\"grace\", \"ada\"]", "[\"grace\", \"ada\", \"bot\", \"queue\"]", &[]),
    (
        "others = [\"@seniors\"]",
        "others = [\"@seniors\", \"@seniors\"]\nempty = []\nmore = [\"@others\", \"@seniors\"]",
        &[],
    ),
    (
        "line = \"^Made by Acme\"",
        "trailer = \"Acme\"\nvalue = \".*\"\ntool = \"Acme\"\nstrength = \"review-only\"",
        &[],
    ),
    (
        "from = [\"seniors\"]",
        "from = [\"others\"]\nvalid_for = \"14d\"\nsign_offs = 1\nallow = [\"delete\", \"rewind\"]",
        &[],
    ),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\nsign_offs = 2\nexempt_pushers = [\"seniors\"]",
        &[],
    ),
    (
        "from = [\"seniors\"]",
        "from = [\"seniors\"]\ntrusts = [\"refs/heads/main\", \"refs/heads/dev\"]\n[[rule]]\nname = \"dev\"\nrefs = [\"refs/heads/d*\"]\nfrom = [\"seniors\"]",
        &[],
    ),
];

fn told(all: &Diagnostics) -> Vec<(&'static str, usize)> {
    all.iter().map(|d| (d.code, d.line)).collect()
}

#[test]
fn every_error_has_its_code_its_line_and_a_fix() {
    for (from, to, expected) in ERRORS {
        let Err(all) = changed(from, to) else { panic!("taken: {from} -> {to}") };
        let errors: Vec<_> = all
            .iter()
            .filter(|d| d.severity == Severity::Error)
            .map(|d| (d.code, d.line))
            .collect();
        assert_eq!(errors, *expected, "{from} -> {to}\n{}", all.render(false));
        assert!(all.iter().all(|d| d.help.is_some()), "{}", all.render(false));
    }
}

#[test]
fn every_warning_has_its_code_its_line_and_a_fix() {
    for (from, to, expected) in WARNINGS {
        let all = changed(from, to).unwrap_or_else(|d| panic!("{}", d.render(false))).warnings;
        assert_eq!(told(&all), *expected, "{from} -> {to}\n{}", all.render(false));
        assert!(all.iter().all(|d| d.help.is_some() && d.severity == Severity::Warning));
    }
}

#[test]
fn the_innocent_twins_are_taken_without_a_word() {
    assert_eq!(sound(SMALL).warnings.render(false), "");
    for (from, to, _) in INNOCENT {
        let all = changed(from, to).unwrap_or_else(|d| panic!("{}", d.render(false))).warnings;
        assert_eq!(all.render(false), "", "{from} -> {to}");
    }
}

#[test]
fn groups_of_agents_and_services_are_told_where_they_count_for_nothing() {
    let rows = [
        ("exempt_pushers = [\"machines\"]", "exempt-nobody"),
        ("break_glass = [\"machines\"]", "break-glass-nobody"),
    ];
    for (line, code) in rows {
        let text = SMALL.replace("others = ", "machines = [\"bot\", \"queue\"]\nothers = ");
        let all = sound(&format!("{text}{line}\n")).warnings;
        assert_eq!(told(&all), [(code, 27)], "{}", all.render(false));
    }
}

#[test]
fn keys_of_other_kinds() {
    let rows = [
        (ECDSA, None),
        (RSA_2048, None),
        (RSA_1024, Some("weak-key")),
        (DSA, Some("unsupported-key")),
        (CERTIFICATE, Some("unsupported-key")),
        (
            "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAILG0ouRi1hPypOeoIoia7UmV27nUnfEJI2n2GDMiTIWFAAAABHNzaDo=",
            None,
        ),
    ];
    for (key, code) in rows {
        let got = changed("[\"$ADA\"]", &format!("[\"{key}\"]"));
        let got = got.err().map(|all| told(&all));
        assert_eq!(got, code.map(|code| vec![(code, 8)]), "{key}");
    }
}

#[test]
fn a_file_that_is_no_policy() {
    let rows: &[(&[u8], Told)] = &[
        (b"", &[("missing-key", 1), ("no-rules", 1)]),
        (b"# nothing\n", &[("missing-key", 1), ("no-rules", 1)]),
        (b"version = 1\n", &[("no-rules", 1)]),
        (
            b"version = 1\npeople = 1\ngroups = 1\ndetect = 1\nrule = 1",
            &[("wrong-type", 2), ("wrong-type", 3), ("wrong-type", 4), ("wrong-type", 5)],
        ),
        (b"version = 1\nrule = []\n", &[("no-rules", 2)]),
        (b"version = 1\n# \xff\n", &[("not-utf8", 2)]),
        (b"\xff\xfev\0e\0r\0", &[("not-utf8", 1)]),
    ];
    for (bytes, expected) in rows {
        let all = parse("policy.toml", bytes, &[]).expect_err("no policy");
        assert_eq!(told(&all), *expected, "{}", all.render(false));
    }
    let large = parse("policy.toml", &vec![b'\n'; POLICY_BYTES + 1], &[]).expect_err("large");
    assert_eq!(told(&large), [("file-too-large", 1)]);
}

#[test]
fn what_is_too_many_is_told() {
    let many = |n: usize, one: &dyn Fn(usize) -> String| (0..n).map(one).collect::<String>();
    let texts = [
        SMALL.to_owned()
            + &many(500, &|i| {
                format!("[[rule]]\nname = \"r{i}\"\nrefs = [\"**\"]\nfrom = [\"seniors\"]\n")
            }),
        SMALL.replace("others =", &format!("{}others =", many(1_000, &|i| format!("g{i} = []\n")))),
        SMALL.replace(
            "[people.bot]",
            &format!("{}[people.bot]", many(10_000, &|i| format!("[people.p{i}]\n"))),
        ),
        SMALL.replace("\"refs/heads/main\"", &many(1_001, &|i| format!("\"refs/heads/m{i}\","))),
        SMALL.replace("\"grace.h\"", &many(101, &|i| format!("\"l{i}\","))),
        SMALL.replace("\"$GRACE\"", &many(101, &|_| "\"$GRACE\",".to_owned())),
        SMALL.replace(
            "[[rule]]",
            &format!(
                "{}[[rule]]",
                many(500, &|i| format!("[[detect.marker]]\nname = \"m{i}\"\nline = \"x\"\n"))
            ),
        ),
    ];
    for text in texts {
        let all = checked(&text).expect_err("too many");
        assert!(all.iter().any(|d| d.code == "too-many"), "{}", all.render(false));
    }
}

/// A catalogue is read beside the policy; that it is not there, or broken, is a mistake too.
#[test]
fn catalogues_are_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("policy.toml");
    let line = "disable = [\"claude-code\"]";
    let with = |lines: &str| keyed(&SMALL.replacen(line, lines, 1));
    std::fs::write(&policy, with("catalogue = \"markers.toml\"")).expect("written");
    let code = || match crate::policy::load(&policy, &known_markers()) {
        Err(PolicyError::Broken(all)) => all.iter().map(|d| d.code).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(code(), ["catalogue-unreadable"]);
    let markers = folder.path().join("markers.toml");
    std::fs::write(markers, "version = \"1\"\nmarker = 7\n").expect("written");
    assert_eq!(code(), ["catalogue"]);
    // The bytes alone are a policy all the same: a clone has no more.
    let all = checked(&with("catalogue = \"x\"\ndisable = [\"y\"]")).expect("a policy");
    assert!(all.policy.detect.catalogue.is_some_and(|file| file.text.is_none()));
    let empty = checked(&with("catalogue = \"\"")).expect_err("a mistake");
    assert!(empty.iter().any(|d| d.code == "bad-text"), "{}", empty.render(false));
}

/// Every code that the source can tell is told in some row of this file.
#[test]
fn no_code_is_untested() {
    let sources = [
        include_str!("../mod.rs"),
        include_str!("../people.rs"),
        include_str!("../keys.rs"),
        include_str!("../groups.rs"),
        include_str!("../catalogue.rs"),
        include_str!("../detect.rs"),
        include_str!("../patterns.rs"),
        include_str!("../rules.rs"),
        include_str!("../trusts.rs"),
        include_str!("../../diagnostics/read.rs"),
        include_str!("../../diagnostics/syntax.rs"),
        include_str!("../../diagnostics/report.rs"),
        include_str!("../../diagnostics/duration.rs"),
    ];
    let code = regex::Regex::new(r#"(?:error|warning|refused)\(\s*"([a-z0-9-]+)""#).expect("regex");
    let used: BTreeSet<&str> = sources
        .iter()
        .flat_map(|source| source.split("#[cfg(test)]").next())
        .flat_map(|source| code.captures_iter(source).filter_map(|c| c.get(1)))
        .map(|c| c.as_str())
        .collect();
    let here = include_str!("mistakes.rs");
    let missing: Vec<_> =
        used.iter().filter(|code| !here.contains(&format!("\"{code}\""))).collect();
    assert!(used.len() > 50, "{used:?}");
    assert!(missing.is_empty(), "{missing:?}");
}
