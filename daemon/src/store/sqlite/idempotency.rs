//! Idempotency keys, as rows.

use rusqlite::{Connection, OptionalExtension};

use crate::store::{
    IdempotencyKey, StoreError,
    rules::{KEPT_MS, KeptReply},
};

/// Keys forgotten in one turn of the housekeeping.
const PURGE_ROWS: i64 = 500;

pub(super) fn find(connection: &Connection, key: &IdempotencyKey) -> Result<Option<KeptReply>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT fingerprint, at_ms, reply FROM idempotency_keys WHERE key = ?1")?;
    let found = statement.query_row([key.key.0], |row| {
        let fingerprint: i64 = row.get(0)?;
        Ok(KeptReply { fingerprint: fingerprint.cast_unsigned(), at_ms: row.get(1)?, reply: row.get(2)? })
    });
    Ok(found.optional()?)
}

pub(super) fn keep(
    connection: &Connection,
    key: &IdempotencyKey,
    at_ms: i64,
    reply: &[u8],
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO idempotency_keys (key, fingerprint, at_ms, reply) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((key.key.0, key.fingerprint.cast_signed(), at_ms, reply))?;
    Ok(())
}

/// Forgets some of the oldest keys that are past their time; true when there may be more.
pub(super) fn purge(connection: &Connection, now_ms: i64) -> Result<bool, StoreError> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM idempotency_keys WHERE at_ms < ?1 AND rowid IN \
             (SELECT rowid FROM idempotency_keys ORDER BY rowid LIMIT ?2)",
        )?
        .execute((now_ms - KEPT_MS, PURGE_ROWS))?;
    Ok(i64::try_from(removed).is_ok_and(|removed| removed >= PURGE_ROWS))
}
