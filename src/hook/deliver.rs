//! Sign-offs that come by `git push` to `refs/countersign/inbox/` (G24).

use jiff::Timestamp;

use super::findings;
use super::input::Update;
use crate::domain::decision::{Family, Finding};
use crate::domain::digest::change_digest;
use crate::domain::escape::escape_short;
use crate::domain::facts::{Answer, Delivery};
use crate::domain::ids::{Login, RefName, RepositoryName, StatementHash};
use crate::domain::limits::{Limits, Passed};
use crate::domain::policy::Policy;
use crate::domain::statement::{Signed, Statement, Verdict};
use crate::domain::validity::SKEW;
use crate::git::change::{self};
use crate::git::inbox::{self, InboxError};
use crate::git::{GitError, Repo};
use crate::signature;
use crate::store::{NewStatement, Store, StoreError, Submitted};

/// What is reserved where anything is gated.
pub(super) const RESERVED: &[u8] = b"refs/countersign/";

/// What deliveries are taken with.
pub(super) struct Desk<'a> {
    pub(super) repo: &'a Repo,
    pub(super) policy: &'a Policy,
    pub(super) repository: &'a RepositoryName,
    pub(super) limits: &'a Limits,
    pub(super) now: Timestamp,
    pub(super) pusher: Option<&'a Login>,
}

/// What became of all deliveries of a push.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) deliveries: Vec<Delivery>,
    pub(super) problems: Vec<Finding>,
}

impl Desk<'_> {
    /// Checks every update of a reserved ref and stores the good ones in one durable
    /// transaction, whatever becomes of the rest of the push.
    pub(super) async fn take(
        &self,
        updates: &[Update],
        store: &dyn Store,
    ) -> Result<Taken, StoreError> {
        let mut taken = Taken::default();
        if updates.len() > self.limits.deliveries {
            let passed = Passed::new("deliveries", self.limits.deliveries, "this push");
            taken.problems.push(findings::limit(&passed.seen(updates.len())));
            return Ok(taken);
        }
        let mut good = Vec::new();
        for update in updates {
            match self.one(update) {
                Ok(Taking::Store(new)) => good.push(*new),
                Ok(Taking::Look(hash)) => {
                    let known = !store.statements(&[hash]).await?.is_empty();
                    let answer = if known { Answer::Known } else { Answer::Unknown };
                    taken.deliveries.push(Delivery { statement: hash, answer });
                }
                Err(problem) => taken.problems.push(problem),
            }
        }
        if !good.is_empty() {
            let answers = store.submit(&good).await?;
            for (new, answer) in good.iter().zip(answers) {
                let answer = match answer {
                    Submitted::Stored => Answer::Stored,
                    Submitted::Known => Answer::Known,
                };
                taken.deliveries.push(Delivery { statement: new.signed.hash(), answer });
            }
        }
        Ok(taken)
    }

    fn one(&self, update: &Update) -> Result<Taking, Finding> {
        let refused = |why: &str| {
            Finding::new(
                "delivery-refused",
                Family::NotAllowed,
                format!("{}: {why}", shown(&update.name)),
            )
            .hint("countersign approve --remote NAME delivers sign-offs as they should be")
        };
        let Some(hash) = inbox::parse_ref_name(&update.name) else {
            return Err(Finding::new(
                "reserved-ref",
                Family::NotAllowed,
                format!("{} is kept by the gate itself", shown(&update.name)),
            )
            .hint("below refs/countersign/ a push may name refs/countersign/inbox/HASH alone"));
        };
        if update.is_delete() {
            return Ok(Taking::Look(hash));
        }
        if !update.old.is_zero() {
            return Err(refused("a delivery is created, never changed"));
        }
        let signed =
            inbox::read(self.repo, &update.name, update.new, self.limits).map_err(|e| match e {
                InboxError::Refused(why) => refused(&why),
                InboxError::Git(GitError::Limit(passed)) => {
                    let what = format!("{} of {}", passed.what, shown(&update.name));
                    findings::limit(&passed.about(what))
                }
                InboxError::Git(e) => findings::git(&e),
            })?;
        let statement = self.accept(&signed).map_err(|why| refused(&why))?;
        Ok(Taking::Store(Box::new(self.package(signed, statement))))
    }

    /// The signature is the authority, and it must be for this repository.
    pub(super) fn accept(&self, signed: &Signed) -> Result<Statement, String> {
        let limit = self.limits.statement_bytes;
        let s = signature::verify_within(signed, self.policy, limit).map_err(|e| e.to_string())?;
        if s.statement.repository != *self.repository {
            return Err(format!(
                "wrong repository: the statement is for {}, this is {}",
                s.statement.repository, self.repository
            ));
        }
        // It could not be lifted before its own time has come.
        let latest = self.now.checked_add(SKEW).unwrap_or(Timestamp::MAX);
        if s.statement.verdict == Verdict::Decline && s.statement.issued_at > latest {
            return Err("the decline is issued in the future: check the signer's clock".to_owned());
        }
        Ok(s.statement)
    }

    /// With the entries of every change that it names and that can be read here, so that a
    /// replay can be judged when the signed commits are gone.
    pub(super) fn package(&self, signed: Signed, statement: Statement) -> NewStatement {
        let changes = statement
            .subjects
            .iter()
            .filter_map(|s| {
                let wanted = s.change?;
                let found = match (s.commit, statement.net) {
                    (Some(id), _) => change::known(self.repo, id, self.limits)?,
                    (None, Some(net)) => {
                        change::net(self.repo, net.base, net.tip, self.limits).ok()?
                    }
                    (None, None) => return None,
                };
                (change_digest(&found) == Some(wanted)).then(|| (wanted, found.to_bytes()))
            })
            .collect();
        NewStatement {
            signed,
            statement,
            changes,
            received_at: self.now,
            delivered_by: self.pusher.map(|p| p.as_str().to_owned()),
        }
    }
}

/// A delivery's name, its hash cut: nobody reads 64 digits.
fn shown(name: &RefName) -> String {
    escape_short(name.as_bytes(), inbox::PREFIX.len() + 11)
}

enum Taking {
    Store(Box<NewStatement>),
    Look(StatementHash),
}
