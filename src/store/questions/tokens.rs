//! Git hosts' tokens.

use jiff::Timestamp;

use super::{Connection, Fault, write};
use crate::domain::ids::TokenHash;
use crate::store::keeper::Token;
use crate::store::rows::{self, TokenRow};
use crate::store::{Durability, sql};

pub(super) async fn keep(
    conn: &mut Connection,
    hash: &TokenHash,
    token: &Token,
) -> Result<bool, Fault> {
    let mut tx = write(conn, Durability::Synced).await?;
    let kept = sqlx::query(sql::KEEP_TOKEN)
        .bind(&token.name)
        .bind(hash.to_string())
        .bind(rows::list(&token.repositories)?)
        .bind(token.created_at.to_string())
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(kept.rows_affected() > 0)
}

pub(super) async fn revoke(
    conn: &mut Connection,
    name: &str,
    at: Timestamp,
) -> Result<bool, Fault> {
    let mut tx = write(conn, Durability::Synced).await?;
    let revoked =
        sqlx::query(sql::REVOKE_TOKEN).bind(name).bind(at.to_string()).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(revoked.rows_affected() > 0)
}

pub(super) async fn all(conn: &mut Connection) -> Result<Vec<Token>, Fault> {
    let found: Vec<TokenRow> = sqlx::query_as(sql::TOKENS).fetch_all(conn).await?;
    Ok(found.into_iter().map(rows::token).collect::<Result<_, _>>()?)
}

pub(super) async fn by_hash(
    conn: &mut Connection,
    hash: &TokenHash,
) -> Result<Option<Token>, Fault> {
    let found: Option<TokenRow> =
        sqlx::query_as(sql::TOKEN).bind(hash.to_string()).fetch_optional(conn).await?;
    Ok(found.map(rows::token).transpose()?)
}
