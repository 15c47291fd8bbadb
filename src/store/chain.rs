//! Whether the decisions still are what was appended.
//!
//! The hash covers a decision's body and the row before it, so a changed body, a row put
//! in, taken out or moved breaks the chain there. Rows cut off at its end leave a shorter
//! whole chain: hold its head against a published log or an export.

use crate::domain::digest::row_hash;
use crate::domain::ids::{DecisionId, RowHash};

use super::{Store, StoreError, StoredDecision};

/// Decisions read at once.
const PAGE: usize = 256;

/// What a walk over all decisions found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chain {
    /// Every row follows the one before it.
    Whole {
        /// How many there are.
        rows: u64,
        /// The last one's hash; `None` where there is none.
        head: Option<RowHash>,
    },
    /// The first row that doesn't hold.
    Broken {
        /// Its sequence number.
        seq: i64,
        /// Its id.
        id: DecisionId,
        /// What is wrong with it.
        link: Link,
    },
}

/// How a row fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Its hash isn't that of its body and the hash it names: it was changed.
    Changed,
    /// It doesn't name the row before it: one was put in, taken out or moved.
    Parted,
}

/// Whether a row's hash is that of its body and the hash it names; all that can be said of
/// one row alone.
#[must_use]
pub fn row_holds(row: &StoredDecision) -> bool {
    row_hash(row.previous.as_ref(), &row.body) == row.hash
}

/// Recomputes every hash, in order, up to the first row that doesn't hold.
///
/// # Errors
/// The store's own; a row that can't be read is [`StoreError::Damaged`].
pub async fn verify_chain(store: &dyn Store) -> Result<Chain, StoreError> {
    let (mut rows, mut head, mut last) = (0, None, i64::MIN);
    loop {
        let page = store.decisions(last, PAGE).await?;
        if page.is_empty() {
            return Ok(Chain::Whole { rows, head });
        }
        for (seq, row) in page {
            let link = if row.previous != head {
                Link::Parted
            } else if row_holds(&row) {
                (rows, head, last) = (rows + 1, Some(row.hash), seq);
                continue;
            } else {
                Link::Changed
            };
            return Ok(Chain::Broken { seq, id: row.id, link });
        }
    }
}
