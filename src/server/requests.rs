//! Questions about review requests: whoever asks sees those of their repositories alone, and
//! what comes in is held against its ids.

use super::caller::Caller;
use super::problem::Problem;
use crate::domain::ids::ObjectId;
use crate::domain::request::NewRequest;
use crate::git::{Kind, is_of};
use crate::store::Store;
use crate::store::request::RequestQuery;
use crate::store::wire::{self, Question};

pub(super) async fn answer(
    store: &dyn Store,
    caller: &Caller,
    question: Question<'_>,
) -> Result<Vec<u8>, Problem> {
    match question {
        Question::Requests { query } => {
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

/// An object that is not what its id says.
fn forged(new: &NewRequest) -> Option<ObjectId> {
    let is_commit = |id| new.round.commits.iter().any(|asked| asked.commit == id);
    let is_forged = |(id, bytes): &&(ObjectId, Vec<u8>)| {
        let kind = if is_commit(*id) { Kind::Commit } else { Kind::Blob };
        !is_of(*id, kind, bytes)
    };
    new.objects.iter().find(is_forged).map(|(id, _)| *id)
}
