//! Who is logged in to a server.

use super::{Connection, Fault, write};
use crate::domain::ids::{PersonId, TokenHash};
use crate::store::keeper::Session;
use crate::store::{Durability, sql};

pub(super) async fn secret(
    conn: &mut Connection,
    name: &str,
    random: &[u8],
) -> Result<Vec<u8>, Fault> {
    let mut tx = write(conn, Durability::Synced).await?;
    sqlx::query(sql::KEEP_SECRET).bind(name).bind(random).execute(&mut *tx).await?;
    let kept: Vec<u8> = sqlx::query_scalar(sql::SECRET).bind(name).fetch_one(&mut *tx).await?;
    tx.commit().await?;
    Ok(kept)
}

pub(super) async fn answer(
    conn: &mut Connection,
    hash: &TokenHash,
    second: i64,
    oldest: i64,
) -> Result<bool, Fault> {
    let mut tx = write(conn, Durability::Synced).await?;
    sqlx::query(sql::FORGET_ANSWERED).bind(oldest).execute(&mut *tx).await?;
    let kept = sqlx::query(sql::KEEP_ANSWERED)
        .bind(hash.to_string())
        .bind(second)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(kept.rows_affected() > 0)
}

pub(super) async fn keep(
    conn: &mut Connection,
    hash: &TokenHash,
    session: &Session,
    oldest: i64,
) -> Result<(), Fault> {
    let mut tx = write(conn, Durability::Buffered).await?;
    sqlx::query(sql::FORGET_SESSIONS).bind(oldest).execute(&mut *tx).await?;
    sqlx::query(sql::KEEP_SESSION)
        .bind(hash.to_string())
        .bind(session.person.as_str())
        .bind(&session.public_key)
        .bind(session.began)
        .bind(session.used)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(())
}

pub(super) async fn find(
    conn: &mut Connection,
    hash: &TokenHash,
) -> Result<Option<Session>, Fault> {
    let row: Option<(String, String, i64, i64)> =
        sqlx::query_as(sql::SESSION).bind(hash.to_string()).fetch_optional(conn).await?;
    Ok(row.map(|(person, public_key, began, used)| Session {
        person: PersonId::new(person),
        public_key,
        began,
        used,
    }))
}

pub(super) async fn touch(
    conn: &mut Connection,
    hash: &TokenHash,
    second: i64,
) -> Result<(), Fault> {
    let mut tx = write(conn, Durability::Buffered).await?;
    sqlx::query(sql::USE_SESSION).bind(hash.to_string()).bind(second).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(())
}

pub(super) async fn end(conn: &mut Connection, hash: &TokenHash) -> Result<bool, Fault> {
    let mut tx = write(conn, Durability::Synced).await?;
    let ended = sqlx::query(sql::END_SESSION).bind(hash.to_string()).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(ended.rows_affected() > 0)
}
