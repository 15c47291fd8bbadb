//! Whether a verified statement counts for a rule and a ref, now (G12, G15).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::facts::{Facts, RefFacts};
use super::glob::Glob;
use super::policy::{Key, Rule};
use super::statement::{SignOff, Statement, Verdict};

/// How far the signer's clock may be ahead (G15).
pub const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// What a statement is held against.
#[derive(Clone, Copy)]
pub(super) struct Standard<'a> {
    pub(super) facts: &'a Facts,
    pub(super) rule: &'a Rule,
    pub(super) reference: &'a RefFacts,
}

impl Standard<'_> {
    /// Why an approval does not count; `Ok` where it does.
    pub(super) fn approval(self, s: &SignOff) -> Result<(), String> {
        self.scope(s)?;
        let now = self.facts.at;
        let issued = s.statement.issued_at;
        let age = now.duration_since(issued);
        let valid_for = to_signed(self.rule.valid_for);
        if age < -SKEW {
            return Err(format!("issued in the future ({issued}): check the signer's clock"));
        }
        if age > valid_for {
            let limit = span(valid_for);
            return Err(format!("expired: signed {} ago, valid for {limit}", span(age)));
        }
        if s.statement.expires_at.is_some_and(|end| end <= now) {
            return Err("expired: the signer let it end".to_owned());
        }
        key_holds(&s.key, issued)?;
        key_holds(&s.key, now)?;
        self.unrevoked(s)
    }

    /// Why a decline does not count: it does not expire, and stands under a key that has
    /// since expired, never under a revoked one.
    pub(super) fn decline(self, s: &SignOff) -> Result<(), String> {
        self.scope(s)?;
        key_holds(&s.key, s.statement.issued_at)?;
        self.unrevoked(s)
    }

    /// Why a correction of memory does not count. It does not age: what it says of a commit
    /// stays true. Its key has to be valid when it is signed and now.
    pub(super) fn correction(self, s: &SignOff) -> Result<(), String> {
        self.scope(s)?;
        let now = self.facts.at;
        let issued = s.statement.issued_at;
        if now.duration_since(issued) < -SKEW {
            return Err(format!("issued in the future ({issued}): check the signer's clock"));
        }
        if s.statement.expires_at.is_some_and(|end| end <= now) {
            return Err("expired: the signer let it end".to_owned());
        }
        key_holds(&s.key, issued)?;
        key_holds(&s.key, now)?;
        self.unrevoked(s)
    }

    fn scope(self, s: &SignOff) -> Result<(), String> {
        if s.statement.repository != self.facts.repository {
            return Err(format!("it is for the repository {}", s.statement.repository));
        }
        if !self.names_ref(&s.statement) {
            let refs = s.statement.refs.join(", ");
            return Err(format!("it is for {}", super::escape::escape_short(refs.as_bytes(), 80)));
        }
        if !self.rule.approvers.contains(&s.signer) {
            return Err(format!(
                "not in {} now, or without a key that counts",
                at_groups(&self.rule.from)
            ));
        }
        Ok(())
    }

    /// A full name, or a glob that the rule itself has (G12): else a signer could be talked
    /// into `**`.
    fn names_ref(self, statement: &Statement) -> bool {
        let names = |r: &str, n: &[u8]| {
            r.as_bytes() == n
                || (self.rule.refs.patterns().any(|p| p == r)
                    && Glob::new(r).is_ok_and(|g| g.matches(n)))
        };
        let refs = &statement.refs;
        self.reference.names().any(|n| refs.iter().any(|r| names(r, n.as_bytes())))
    }

    /// A revocation by the signer is final, whatever its time. It names a hash, but means
    /// what was said: of an ECDSA signature anybody can make a second one over the same
    /// bytes, under another hash, and the one that is revoked may never have come here.
    fn unrevoked(self, s: &SignOff) -> Result<(), String> {
        let all = &self.facts.sign_offs;
        let means = |hash| {
            hash == s.hash
                || Some(hash) == s.twin
                || all
                    .get(&hash)
                    .is_some_and(|o| o.signer == s.signer && o.statement == s.statement)
        };
        let revoked = all.values().any(|r| {
            r.statement.verdict == Verdict::Revoke
                && r.signer == s.signer
                && r.statement.repository == s.statement.repository
                && key_holds(&r.key, r.statement.issued_at).is_ok()
                && r.statement.subjects.iter().filter_map(|sub| sub.statement).any(means)
        });
        if revoked { Err("revoked by the signer".to_owned()) } else { Ok(()) }
    }
}

/// Whether a key may be used at a time.
#[must_use]
pub fn is_valid_key(key: &Key, at: Timestamp) -> bool {
    key_holds(key, at).is_ok()
}

fn key_holds(key: &Key, at: Timestamp) -> Result<(), String> {
    if key.revoked {
        return Err("signed with a key that the policy marks revoked".to_owned());
    }
    if key.valid_after.is_some_and(|start| at < start) {
        return Err("signed with a key that was not valid yet".to_owned());
    }
    if key.valid_before.is_some_and(|end| at >= end) {
        return Err("signed with a key that is no longer valid".to_owned());
    }
    Ok(())
}

fn to_signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

/// `12d`, `5h`, `30m`: the largest whole unit.
fn span(duration: SignedDuration) -> String {
    let minutes = duration.as_secs() / 60;
    match minutes {
        m if m >= 2880 => format!("{}d", m / 1440),
        m if m >= 120 => format!("{}h", m / 60),
        m => format!("{m}m"),
    }
}

/// `@seniors, @payments`.
pub(super) fn at_groups(groups: &[String]) -> String {
    let marked: Vec<_> = groups.iter().map(|g| format!("@{g}")).collect();
    marked.join(", ")
}
