//! Review requests, and the objects that are shown with them.

use std::collections::BTreeSet;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use jiff::Timestamp;

use super::decisions::count;
use super::{Connection, Fault, Turn, turn, write};
use crate::domain::ids::{ObjectId, RefName, RepositoryName, RequestId};
use crate::domain::request::{NewRequest, Request, Requested, Round};
use crate::store::memory::Discharged;
use crate::store::request::RequestQuery;
use crate::store::rows::{self, RequestRow};
use crate::store::{Durability, sql};

/// A round that says nothing new is kept again after this many seconds, so that a request that
/// is still pushed does not end.
const AGAIN: i64 = 24 * 60 * 60;

/// Bytes of objects in one answer: more than a request may hold.
const ANSWER_BYTES: i64 = 44 << 20;

pub(super) async fn keep(conn: &mut Connection, new: &NewRequest) -> Result<Requested, Fault> {
    let mut tx = write(conn, Durability::Buffered).await?;
    turn(&mut tx, Turn::Requests).await?;
    let pusher = new.pusher.as_ref().map(|login| login.as_str().to_owned());
    sqlx::query(sql::OPEN_REQUEST)
        .bind(new.id.as_str())
        .bind(new.repository.as_str())
        .bind(new.name.as_bytes())
        .bind(pusher.clone())
        .execute(&mut *tx)
        .await?;
    let key: (String, Vec<u8>, Option<String>) =
        sqlx::query_as(sql::REQUEST_KEY).bind(new.id.as_str()).fetch_one(&mut *tx).await?;
    if key != (new.repository.as_str().to_owned(), new.name.as_bytes().to_vec(), pusher) {
        return Err(Fault::Row(format!("{} is another request", new.id)));
    }
    let last: Option<(i64, i64, String, i64)> =
        sqlx::query_as(sql::LAST_ROUND).bind(new.id.as_str()).fetch_optional(&mut *tx).await?;
    let second = new.round.at.as_second();
    let (answer, is_due) = match last {
        None => (Requested::Opened, true),
        Some((_, _, _, closed)) if closed > 0 => (Requested::Opened, true),
        Some((_, at, body, _)) => {
            let last = rows::round(&body)?;
            let is_new = !last.says_the_same(&new.round) || second - at >= AGAIN;
            let is_moved = last.commits != new.round.commits;
            (if is_moved { Requested::Moved } else { Requested::Known }, is_new)
        }
    };
    if is_due {
        sqlx::query(sql::ADD_ROUND)
            .bind(new.id.as_str())
            .bind(second)
            .bind(rows::text(&new.round)?)
            .execute(&mut *tx)
            .await?;
    }
    // In one order for all writers, so that no two wait for each other.
    let mut objects: Vec<_> = new.objects.iter().collect();
    objects.sort_by_key(|(id, _)| *id);
    for (id, bytes) in objects {
        sqlx::query(sql::KEEP_OBJECT)
            .bind(id.to_string())
            .bind(count(bytes.len()))
            .bind(packed(bytes)?)
            .execute(&mut *tx)
            .await?;
        sqlx::query(sql::LINK_OBJECT)
            .bind(new.repository.as_str())
            .bind(id.to_string())
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(answer)
}

pub(super) async fn find(
    conn: &mut Connection,
    query: &RequestQuery,
) -> Result<Vec<Request>, Fault> {
    let ids: Vec<&str> = query.ids.iter().map(RequestId::as_str).collect();
    let found: Vec<RequestRow> = sqlx::query_as(sql::REQUESTS)
        .bind(rows::text(&ids)?)
        .bind(query.repository.as_ref().map_or("", RepositoryName::as_str))
        .bind(query.open_since.unwrap_or(0))
        .bind(query.after)
        .bind(count(query.limit))
        .fetch_all(conn)
        .await?;
    Ok(found.into_iter().map(rows::request).collect::<Result<_, _>>()?)
}

pub(super) async fn rounds(conn: &mut Connection, id: &RequestId) -> Result<Vec<Round>, Fault> {
    let found: Vec<String> =
        sqlx::query_scalar(sql::ROUNDS).bind(id.as_str()).fetch_all(conn).await?;
    Ok(found.iter().map(|body| rows::round(body)).collect::<Result<_, _>>()?)
}

pub(super) async fn has_objects(
    conn: &mut Connection,
    repository: &RepositoryName,
    ids: &[ObjectId],
) -> Result<Vec<ObjectId>, Fault> {
    let found: Vec<(String, i64)> = sqlx::query_as(sql::HAS_OBJECTS)
        .bind(repository.as_str())
        .bind(rows::list(ids)?)
        .fetch_all(conn)
        .await?;
    Ok(found.iter().map(|(id, _)| rows::object(id)).collect::<Result<_, _>>()?)
}

pub(super) async fn objects(
    conn: &mut Connection,
    repository: &RepositoryName,
    ids: &[ObjectId],
) -> Result<Vec<(ObjectId, Vec<u8>)>, Fault> {
    let sizes: Vec<(String, i64)> = sqlx::query_as(sql::HAS_OBJECTS)
        .bind(repository.as_str())
        .bind(rows::list(ids)?)
        .fetch_all(&mut *conn)
        .await?;
    let mut left = ANSWER_BYTES;
    let within = |(id, bytes): (String, i64)| {
        left -= bytes;
        (left >= 0).then_some(id)
    };
    let within: Vec<String> = sizes.into_iter().map_while(within).collect();
    let found: Vec<(String, i64, Vec<u8>)> = sqlx::query_as(sql::OBJECTS)
        .bind(repository.as_str())
        .bind(rows::list(&within)?)
        .fetch_all(conn)
        .await?;
    let object = |(id, bytes, packed): (String, i64, Vec<u8>)| {
        Ok((rows::object(&id)?, unpacked(&id, bytes, &packed)?))
    };
    found.into_iter().map(object).collect()
}

/// Closes what is open for a ref and has landed: by its id, by a commit that does the same, or
/// in a squash.
pub(super) async fn close_landed(
    tx: &mut Connection,
    repository: &RepositoryName,
    name: &RefName,
    landed: &[Discharged],
    at: Timestamp,
) -> Result<(), Fault> {
    let open: Vec<(i64, String)> = sqlx::query_as(sql::OPEN_ROUNDS)
        .bind(repository.as_str())
        .bind(name.as_bytes())
        .fetch_all(&mut *tx)
        .await?;
    if open.is_empty() {
        return Ok(());
    }
    let mut ids: Vec<ObjectId> = landed.iter().flat_map(|d| d.commits.iter().copied()).collect();
    let nets: Vec<_> = landed.iter().flat_map(|d| &d.nets).collect();
    let named: Vec<String> =
        sqlx::query_scalar(sql::COMMITS_NAMED).bind(rows::list(&nets)?).fetch_all(&mut *tx).await?;
    for id in &named {
        ids.push(rows::object(id)?);
    }
    let changes: Vec<String> =
        sqlx::query_scalar(sql::CHANGES_OF).bind(rows::list(&ids)?).fetch_all(&mut *tx).await?;
    let changes: BTreeSet<String> = changes.into_iter().collect();
    for (round, body) in open {
        let has_landed = rows::round(&body)?.commits.iter().all(|asked| {
            ids.contains(&asked.commit)
                || asked.change.is_some_and(|change| changes.contains(&change.to_string()))
        });
        if has_landed {
            sqlx::query(sql::CLOSE).bind(round).bind(at.to_string()).execute(&mut *tx).await?;
        }
    }
    Ok(())
}

fn packed(bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.map_err(|e| Fault::Row(format!("an object can't be packed: {e}")))
}

/// Never more than the row says that it is.
fn unpacked(id: &str, bytes: i64, packed: &[u8]) -> Result<Vec<u8>, Fault> {
    let wrong = || Fault::Row(format!("the object {id} can't be unpacked"));
    let size = u64::try_from(bytes).map_err(|_| wrong())?;
    let mut out = Vec::new();
    let mut decoder = ZlibDecoder::new(packed).take(size.saturating_add(1));
    decoder.read_to_end(&mut out).map_err(|_| wrong())?;
    if u64::try_from(out.len()) == Ok(size) { Ok(out) } else { Err(wrong()) }
}
