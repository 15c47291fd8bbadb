//! What is asked about review requests.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{RepositoryName, RequestId};

/// Which requests, in the order in which they came first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestQuery {
    /// These alone; empty: any.
    pub ids: Vec<RequestId>,
    /// Of this repository; `None`: of any.
    pub repository: Option<RepositoryName>,
    /// Those alone that are open and were pushed since this second; `None`: any.
    pub open_since: Option<i64>,
    /// Those after this place; 0: from the first.
    pub after: i64,
    /// How many at most.
    pub limit: usize,
}

impl RequestQuery {
    /// One request, open or not.
    #[must_use]
    pub fn one(id: &RequestId) -> Self {
        Self { ids: vec![id.clone()], repository: None, open_since: None, after: 0, limit: 1 }
    }
}
