//! Idempotency keys, as rows.

use super::transaction::PgTransaction;
use crate::store::{
    IdempotencyKey, StoreError,
    postgres::{
        columns::{get, uuid},
        connection::Connection,
        values::value,
    },
    rules::{KEPT_MS, KeptReply, Step},
};

/// Keys forgotten in one turn of the housekeeping.
const PURGE_ROWS: i64 = 500;

pub(super) async fn find(rows: &PgTransaction<'_>, key: &IdempotencyKey) -> Step<Option<KeptReply>> {
    const SQL: &str = "SELECT fingerprint, at_ms, reply FROM idempotency_keys WHERE key = $1";
    let found = rows.row(SQL, &[value(&uuid(key.key))]).await?;
    let kept = found.map(|row| {
        let fingerprint: i64 = get(&row, 0)?;
        Ok(KeptReply { fingerprint: fingerprint.cast_unsigned(), at_ms: get(&row, 1)?, reply: get(&row, 2)? })
    });
    kept.transpose()
}

/// Keeps an answer in the place of one that is past its time.
///
/// # Errors
/// `Contended` when another write under the same key was faster.
pub(super) async fn keep(
    rows: &PgTransaction<'_>,
    key: &IdempotencyKey,
    at_ms: i64,
    reply: &[u8],
) -> Step<()> {
    const SQL: &str = "INSERT INTO idempotency_keys AS k (key, fingerprint, at_ms, reply) \
        VALUES ($1, $2, $3, $4) ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, \
        at_ms = excluded.at_ms, reply = excluded.reply WHERE k.at_ms < $5 RETURNING key";
    match rows
        .row(
            SQL,
            &[
                value(&uuid(key.key)),
                value(&key.fingerprint.cast_signed()),
                value(&at_ms),
                value(&reply),
                value(&at_ms.saturating_sub(KEPT_MS)),
            ],
        )
        .await?
    {
        Some(_) => Ok(()),
        None => Err(StoreError::Contended(format!("the key {} was used at the same time", key.key))),
    }
}

/// Forgets some of the keys that are past their time; true when there may be more.
pub(in crate::store::postgres) async fn purge(
    connection: &Connection,
    now_ms: i64,
) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(\
        SELECT ctid FROM idempotency_keys WHERE at_ms < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING 1";
    let removed = connection.write(SQL, &[value(&(now_ms - KEPT_MS)), value(&PURGE_ROWS)]).await?;
    Ok(i64::try_from(removed.len()).is_ok_and(|removed| removed >= PURGE_ROWS))
}
