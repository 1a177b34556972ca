//! Idempotency: the answer to a keyed write is kept in the same transaction, so the same key is
//! applied once, also after a restart.

use agent_memory_proto::{ErrorBody, ErrorCode, Response, codec::Message};

use super::{
    Applied,
    transaction::{Step, WriteTransaction},
};
use crate::store::{IdempotencyKey, StoreError, WriteOutcome};

/// How long a key is remembered.
pub(in crate::store) const KEPT_MS: i64 = 24 * 60 * 60 * 1_000;

/// Applies a write, unless its key was applied before.
///
/// # Errors
/// `Conflict` when the key came with another request; else what `applied` returns.
pub(super) async fn apply_once(
    rows: &impl WriteTransaction,
    key: Option<&IdempotencyKey>,
    at_ms: i64,
    applied: impl Future<Output = Applied>,
) -> Step<WriteOutcome> {
    if let Some(key) = key
        && let Some(kept) = rows.kept_reply(key).await?
        && kept.at_ms >= at_ms.saturating_sub(KEPT_MS)
    {
        let reply = replay(key, kept.fingerprint, &kept.reply)?;
        return Ok(WriteOutcome { reply, changes: Vec::new(), replayed: true });
    }
    let (reply, changes) = applied.await?;
    if let Some(key) = key {
        let bytes = reply.encode().map_err(|error| StoreError::Other(error.to_string()))?;
        rows.keep_reply(key, at_ms, &bytes).await?;
    }
    Ok(WriteOutcome { reply, changes, replayed: false })
}

/// The answer that was kept under a key.
///
/// # Errors
/// `Conflict` when it was given to another request, `Corrupt` when it cannot be read.
pub(in crate::store) fn replay(
    key: &IdempotencyKey,
    fingerprint: u64,
    reply: &[u8],
) -> Result<Response, StoreError> {
    if fingerprint != key.fingerprint {
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
    Response::decode(reply).map_err(|error| {
        StoreError::Corrupt(format!("the kept answer of {} is unreadable: {error}", key.key))
    })
}
