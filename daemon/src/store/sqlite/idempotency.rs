//! Idempotency keys: the answer to a keyed write is kept in the same transaction, so the same key
//! is applied once, also after a restart.

use agent_memory_proto::{ErrorBody, ErrorCode, Response, codec::Message};
use rusqlite::{Connection, OptionalExtension};

use crate::store::{Change, IdempotencyKey, StoreError, WriteOutcome, WriteRequest};

/// How long a key is remembered.
const KEPT_MS: i64 = 24 * 60 * 60 * 1_000;
/// Keys forgotten in one turn of the housekeeping.
const PURGE_ROWS: i64 = 500;

/// Applies a write, unless its key was applied before.
///
/// # Errors
/// `Conflict` when the key came with another request; else what `apply` returns.
pub(super) fn apply_once(
    connection: &Connection,
    request: &WriteRequest,
    apply: impl FnOnce() -> Result<(Response, Vec<Change>), StoreError>,
) -> Result<WriteOutcome, StoreError> {
    if let Some(key) = &request.idempotency
        && let Some(reply) = recall(connection, key, request.at_ms)?
    {
        return Ok(WriteOutcome { reply, changes: Vec::new(), replayed: true });
    }
    let (reply, changes) = apply()?;
    if let Some(key) = &request.idempotency {
        keep(connection, key, &reply, request.at_ms)?;
    }
    Ok(WriteOutcome { reply, changes, replayed: false })
}

fn recall(connection: &Connection, key: &IdempotencyKey, at_ms: i64) -> Result<Option<Response>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT fingerprint, at_ms, reply FROM idempotency_keys WHERE key = ?1")?;
    let found: Option<(i64, i64, Vec<u8>)> =
        statement.query_row([key.key.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    let Some((fingerprint, kept_at_ms, reply)) = found else { return Ok(None) };
    if kept_at_ms < at_ms.saturating_sub(KEPT_MS) {
        connection.prepare_cached("DELETE FROM idempotency_keys WHERE key = ?1")?.execute([key.key.0])?;
        return Ok(None);
    }
    if fingerprint != key.fingerprint.cast_signed() {
        return Err(StoreError::refused(
            ErrorBody::new(
                ErrorCode::Conflict,
                format!("the idempotency key {} was used for another request", key.key),
            )
            .with_field("idempotencyKey")
            .with_value(key.key)
            .with_suggestion("Use a new key for a new request; repeat a request unchanged under its key"),
        ));
    }
    Response::decode(&reply).map(Some).map_err(|error| {
        StoreError::Corrupt(format!("the kept answer of {} is unreadable: {error}", key.key))
    })
}

fn keep(
    connection: &Connection,
    key: &IdempotencyKey,
    reply: &Response,
    at_ms: i64,
) -> Result<(), StoreError> {
    let reply = reply.encode().map_err(|error| StoreError::Other(error.to_string()))?;
    connection
        .prepare_cached(
            "INSERT INTO idempotency_keys (key, fingerprint, at_ms, reply) VALUES (?1, ?2, ?3, ?4)",
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
