//! Made-up source files that look like somebody's work.

use std::fmt::Write;

use crate::support::{Clone, Commit, World, ai};

const NOUNS: [&str; 16] = [
    "account",
    "invoice",
    "ledger",
    "payment",
    "token",
    "session",
    "refund",
    "balance",
    "currency",
    "voucher",
    "customer",
    "receipt",
    "transfer",
    "mandate",
    "statement",
    "quota",
];
const VERBS: [&str; 12] = [
    "load", "verify", "settle", "collect", "reverse", "round", "split", "merge", "expire", "renew",
    "archive", "notify",
];

/// The same for the same seed, other for another.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % n
    }

    fn noun(&mut self) -> &'static str {
        NOUNS[self.below(NOUNS.len())]
    }

    fn verb(&mut self) -> &'static str {
        VERBS[self.below(VERBS.len())]
    }
}

/// A function of seven to ten lines.
pub(super) fn function(dice: &mut Dice) -> String {
    let (verb, noun, other) = (dice.verb(), dice.noun(), dice.noun());
    let n = dice.below(90) + 10;
    let mut f = format!("def {verb}_{noun}_{n}({noun}, limit={n}):\n");
    let _ = writeln!(f, "    if {noun} is None:");
    let _ = writeln!(f, "        raise ValueError(\"no {noun} to {verb}\")");
    let _ = writeln!(f, "    {other} = {noun}.{}_{other}(limit)", dice.verb());
    for _ in 0..=dice.below(3) {
        let (a, b, c) = (dice.noun(), dice.noun(), dice.below(900));
        let _ = writeln!(f, "    {other}[\"{a}\"] = {noun}.{b}({c})");
    }
    let _ = writeln!(f, "    for entry in {noun}.{}_entries():", dice.noun());
    let _ = writeln!(f, "        {other}.{}(entry.{}, {n})", dice.verb(), dice.noun());
    let _ = writeln!(f, "    return {other}\n");
    f
}

/// About this many lines.
pub(super) fn file(seed: u64, lines: usize) -> String {
    let mut dice = Dice(seed.wrapping_mul(7_919).wrapping_add(17));
    let mut text = String::new();
    while text.lines().count() < lines {
        text.push_str(&function(&mut dice));
    }
    text
}

/// Files of a change.
pub(super) const PATHS: [&str; 3] = ["app/ledger.py", "app/refund.py", "app/mandate.py"];

/// Three new files of about this many lines each.
pub(super) fn three(seed: u64, lines: usize) -> Vec<(String, String)> {
    (1..).zip(PATHS).map(|(n, path)| (path.to_owned(), file(seed * 10 + n, lines))).collect()
}

pub(super) fn with(mut commit: Commit, files: &[(String, String)]) -> Commit {
    for (path, text) in files {
        commit = commit.file(path, text);
    }
    commit
}

/// Kim shows marked work on a branch that nobody gates.
pub(super) fn show<'w>(world: &'w World, files: &[(String, String)]) -> Clone<'w> {
    let kim = world.clone("kim");
    kim.git(&["checkout", "-q", "-b", "topic"]);
    kim.commit(with(ai("Add the ledger"), files));
    kim.push(&["HEAD:refs/heads/topic"]).lands(&["refs/heads/topic"]);
    kim
}
