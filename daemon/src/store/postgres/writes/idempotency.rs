//! Idempotency keys, as rows.

use tokio_postgres::Row;

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

/// What is kept under a key.
pub(super) const FIND: &str = "SELECT fingerprint, at_ms, reply FROM idempotency_keys WHERE key = $1";

pub(super) async fn find(rows: &PgTransaction<'_>, key: &IdempotencyKey) -> Step<Option<KeptReply>> {
    rows.row(FIND, &[value(&uuid(key.key))]).await?.as_ref().map(from_row).transpose()
}

/// Reads a row of [`FIND`].
pub(super) fn from_row(row: &Row) -> Step<KeptReply> {
    let fingerprint: i64 = get(row, 0)?;
    Ok(KeptReply { fingerprint: fingerprint.cast_unsigned(), at_ms: get(row, 1)?, reply: get(row, 2)? })
}

/// Makes room for an answer where one is that is past its time.
pub(super) async fn forget(rows: &PgTransaction<'_>, key: &IdempotencyKey, now_ms: i64) -> Step<()> {
    const SQL: &str = "DELETE FROM idempotency_keys WHERE key = $1 AND at_ms < $2";
    rows.rows(SQL, &[value(&uuid(key.key)), value(&(now_ms - KEPT_MS))]).await?;
    Ok(())
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
