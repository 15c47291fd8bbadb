//! How often each kind of thing happened: a generator that never makes it tests nothing.

use std::collections::BTreeMap;
use std::fmt;

use super::oracle::Verdict;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) pushes: usize,
    classes: BTreeMap<String, usize>,
}

impl Tally {
    /// One push.
    pub(super) fn count(&mut self, verdict: &Verdict) {
        self.pushes += 1;
        let mut one = |class: String| *self.classes.entry(class).or_default() += 1;
        one(if verdict.rejects { "rejected" } else { "accepted" }.to_owned());
        verdict.codes.iter().for_each(|code| one(format!("finding: {code}")));
        verdict.notes.iter().cloned().for_each(one);
    }

    /// Another world's.
    pub(super) fn add(&mut self, other: Self) {
        self.pushes += other.pushes;
        for (class, n) in other.classes {
            *self.classes.entry(class).or_default() += n;
        }
    }

    /// Every class of these happened.
    pub(super) fn assert_complete(&self) {
        let never: Vec<_> = CLASSES.iter().filter(|c| !self.classes.contains_key(**c)).collect();
        assert!(never.is_empty(), "the generator never made: {never:?}\n{self}");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} pushes", self.pushes)?;
        self.classes.iter().try_for_each(|(class, n)| writeln!(f, "{n:6} {class}"))
    }
}

/// What each run has to have met.
const CLASSES: &[&str] = &["accepted", "rejected"];
