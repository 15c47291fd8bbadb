//! Questions whose answers depend on who asks: everybody sees what is of their repositories
//! alone, and what comes in is held against its ids and signatures.

use super::Server;
use super::caller::Caller;
use super::problem::Problem;
use crate::domain::ids::ObjectId;
use crate::domain::policy::Policy;
use crate::domain::request::NewRequest;
use crate::git::{Kind, is_of};
use crate::signature;
use crate::store::NewStatement;
use crate::store::request::RequestQuery;
use crate::store::wire::{self, Question};

/// Requests of one answer.
const PAGE: usize = 10_000;

pub(super) async fn answer(
    server: &Server,
    caller: &Caller,
    question: Question<'_>,
) -> Result<Vec<u8>, Problem> {
    let store = &*server.store;
    match question {
        Question::Submit { statements } => {
            let mut new: Vec<NewStatement> =
                statements.into_iter().map(NewStatement::from).collect();
            if let Caller::Person { id, policy } = caller {
                let now = (server.clock)();
                for statement in &mut new {
                    check(statement, caller, policy)?;
                    statement.received_at = now;
                    statement.delivered_by = Some(id.as_str().to_owned());
                }
            }
            wire::json(&store.submit(&new).await.map_err(Problem::store)?).map_err(Problem::store)
        }
        Question::Decision { id } => {
            let found = store.decision(&id).await.map_err(Problem::store)?;
            let found = found.filter(|row| caller.sees(&row.repository));
            wire::json(&found.map(wire::WireDecision::from)).map_err(Problem::store)
        }
        Question::Statements { hashes } => {
            let mut found = store.statements(&hashes).await.map_err(Problem::store)?;
            found.retain(|signed| {
                let parsed = signature::parse(&signed.statement, usize::MAX);
                caller.sees_all() || parsed.is_ok_and(|s| caller.sees(&s.repository))
            });
            let found: Vec<_> = found.into_iter().map(wire::WireSigned::from).collect();
            wire::json(&found).map_err(Problem::store)
        }
        Question::Requests { query } => {
            let limit = query.limit.min(PAGE);
            let query = RequestQuery { limit, ..query.into_owned() };
            let mut found = store.requests(&query).await.map_err(Problem::store)?;
            found.retain(|request| caller.sees(&request.repository));
            wire::json(&found).map_err(Problem::store)
        }
        Question::Rounds { id } => {
            let of = store.requests(&RequestQuery::one(&id)).await.map_err(Problem::store)?;
            if of.iter().any(|request| !caller.sees(&request.repository)) {
                return wire::json(&[(); 0]).map_err(Problem::store);
            }
            wire::json(&store.rounds(&id).await.map_err(Problem::store)?).map_err(Problem::store)
        }
        Question::KeepRequest { request } => {
            let new = NewRequest::from(request);
            if let Some(id) = forged(&new) {
                return Err(Problem::forged(id));
            }
            wire::json(&store.keep_request(&new).await.map_err(Problem::store)?)
                .map_err(Problem::store)
        }
        question => wire::answer(store, question).await.map_err(Problem::store),
    }
}

/// A statement that a person hands in is its own proof, and is filed under what it says.
fn check(new: &mut NewStatement, caller: &Caller, policy: &Policy) -> Result<(), Problem> {
    let verified =
        signature::verify(&new.signed, policy).map_err(|e| Problem::unsigned(&e.to_string()))?;
    if !caller.sees(&verified.statement.repository) {
        return Err(Problem::not_yours(&verified.statement.repository));
    }
    new.statement = verified.statement;
    Ok(())
}

/// An object that is not what its id says.
fn forged(new: &NewRequest) -> Option<ObjectId> {
    let is_commit = |id| new.round.commits.iter().any(|asked| asked.commit == id);
    let is_forged = |(id, bytes): &&(ObjectId, Vec<u8>)| {
        let kind = if is_commit(*id) { Kind::Commit } else { Kind::Blob };
        !is_of(*id, kind, bytes)
    };
    new.objects.iter().find(is_forged).map(|(id, _)| *id)
}
