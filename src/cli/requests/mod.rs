//! Review requests: the queue, one of them in full, and signing from it. No clone is needed:
//! what is shown comes from the store and is hashed again, so what is shown is what is signed.

mod flags;
pub(super) mod queue;
mod reading;
pub(super) mod review;
pub(super) mod show;
pub(super) mod sign;

use jiff::Timestamp;

use self::reading::Reading;
use super::error::CliError;
use super::{Place, existing_store, login, policy_of, settings};
use crate::detect;
use crate::domain::ids::{PersonId, PolicyDigest, RepositoryName, RequestId};
use crate::domain::limits::Limits;
use crate::domain::policy::Policy;
use crate::domain::request::Request;
use crate::domain::statement::{SignOff, Statement, Verdict};
use crate::policy;
use crate::settings::Settings;
use crate::signature;
use crate::store::request::RequestQuery;
use crate::store::{Store, Wanted};

/// A store, and what the settings say of requests.
pub(super) struct Desk {
    pub(super) store: Box<dyn Store>,
    /// Of the Git host; a person elsewhere has none.
    settings: Option<Settings>,
    /// Who is logged in, at a server.
    person: Option<PersonId>,
}

/// Whether a request still waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    Open,
    Landed,
    /// Nobody has pushed it for long.
    Expired,
}

impl Desk {
    pub(super) async fn open(place: Place<'_>) -> Result<Self, CliError> {
        if place.config.is_some() {
            let settings = settings(place.config)?;
            let store = existing_store(&settings).await?;
            return Ok(Self { settings: Some(settings), store, person: None });
        }
        let Some(server) = login::server_of(place.server)? else {
            return Err(CliError::usage("nowhere to look for review requests")
                .hint(
                    "--server https://signoffs.example.com asks a server, after countersign login",
                )
                .hint(
                    "--config /etc/countersign/countersign.toml asks the store of this Git host",
                ));
        };
        let (store, person) = login::session(&server)?;
        Ok(Self { settings: None, store: Box::new(store), person: Some(person) })
    }

    /// What a statement is held against before it goes out: the policy of the Git host as it
    /// is now, else the one under which the request was judged.
    pub(super) fn policy_of(&self, reading: &Reading) -> Result<(Policy, usize), CliError> {
        match &self.settings {
            Some(settings) => Ok((policy_of(&settings.policy)?, settings.limits.statement_bytes)),
            None => Ok((reading.policy.clone(), Limits::default().statement_bytes)),
        }
    }

    fn expire(&self) -> std::time::Duration {
        let own = self.settings.as_ref().map(|settings| settings.requests);
        own.unwrap_or_default().expire
    }

    /// Requests pushed before this are over.
    pub(super) fn expired_before(&self, now: Timestamp) -> Timestamp {
        now.checked_sub(self.expire()).unwrap_or(Timestamp::MIN)
    }

    pub(super) fn state(&self, request: &Request, now: Timestamp) -> State {
        match request.landed_at {
            Some(_) => State::Landed,
            None if request.last.at < self.expired_before(now) => State::Expired,
            None => State::Open,
        }
    }

    /// The policy of this digest, as the store keeps it and hashed again.
    pub(super) async fn policy(&self, digest: Option<PolicyDigest>) -> Result<Policy, CliError> {
        let none = || CliError::new("the store has no policy for this decision");
        let digest = digest.ok_or_else(none)?;
        let bytes = self.store.policy(&digest).await?.ok_or_else(none)?;
        let checked = policy::parse("policy", &bytes, &detect::marker_names()).map_err(|e| {
            CliError::new(format!("the policy {} can't be read: {e}", digest.short()))
        })?;
        if checked.policy.digest != digest {
            return Err(CliError::new(format!("the store gave another policy for {digest}")));
        }
        Ok(checked.policy)
    }

    pub(super) async fn request(&self, id: &RequestId) -> Result<Request, CliError> {
        let found = self.store.requests(&RequestQuery::one(id)).await?;
        found.into_iter().next().ok_or_else(|| {
            CliError::new(format!("the store has no review request \"{id}\""))
                .hint("countersign queue lists those that wait")
        })
    }

    pub(super) async fn read(&self, id: &RequestId) -> Result<Reading, CliError> {
        Reading::load(self, self.request(id).await?).await
    }

    /// What people said of any of these, verified, each person's last word.
    pub(super) async fn said(
        &self,
        repository: &RepositoryName,
        wanted: &Wanted,
        policy: &Policy,
    ) -> Result<Vec<SignOff>, CliError> {
        let found = self.store.statements_about(repository, wanted).await?;
        let verified = found
            .iter()
            .filter_map(|signed| signature::verify_within(signed, policy, usize::MAX).ok())
            .filter(|s| s.statement.repository == *repository);
        let all: Vec<SignOff> = verified.collect();
        let is_revoked = |s: &SignOff| {
            let revokes = |r: &Statement| {
                r.verdict == Verdict::Revoke
                    && r.subjects.iter().any(|sub| sub.statement == Some(s.hash))
            };
            all.iter().any(|r| r.signer == s.signer && revokes(&r.statement))
        };
        let is_word = |s: &&SignOff| {
            matches!(s.statement.verdict, Verdict::Approve | Verdict::Decline) && !is_revoked(s)
        };
        Ok(all.iter().filter(is_word).cloned().collect())
    }
}

/// The argument as a request's id.
pub(super) fn id_of(text: &str) -> Result<RequestId, CliError> {
    if RequestId::is(text) {
        return Ok(RequestId::new(text));
    }
    let text = crate::domain::escape::escape_short(text.as_bytes(), 60);
    Err(CliError::usage(format!("\"{text}\" is no review request's id"))
        .hint("R- and ten capitals or digits, as countersign queue lists them"))
}
