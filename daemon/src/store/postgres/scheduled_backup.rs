//! Which daemon makes the scheduled backup, and how it went: one row that all daemons of the database share.
//! Of those that claim the same time, one gets it.

use std::sync::LazyLock;

use agent_memory_proto::model::Id;

use super::{
    PostgresStore,
    columns::{get, uuid},
    values::{NOW, value},
};
use crate::store::{ScheduledBackup, StoreError};

/// Once a claim is so old, its daemon will not make the backup any more.
const CLAIM_MS: i64 = 60 * 60 * 1_000;

/// A daemon may try again what it failed to make; another one may once the claim is old.
static CLAIM: LazyLock<String> = LazyLock::new(|| {
    format!(
        "UPDATE scheduled_backups SET due_at_ms = $1, daemon = $2, is_done = false, claimed_at_ms = {NOW} \
        WHERE id = 1 AND (due_at_ms < $1 OR due_at_ms = $1 AND NOT is_done \
            AND (daemon = $2 OR claimed_at_ms < {NOW} - $3)) RETURNING due_at_ms"
    )
});
const SETTLE_GOOD: &str = "UPDATE scheduled_backups SET is_done = true, good_at_ms = $3, failed_at_ms = NULL, \
    failure = NULL WHERE id = 1 AND due_at_ms = $1 AND daemon = $2";
const SETTLE_FAILED: &str = "UPDATE scheduled_backups SET failed_at_ms = $3, failure = $4 \
    WHERE id = 1 AND due_at_ms = $1 AND daemon = $2";
const LOOK: &str = "SELECT good_at_ms, failed_at_ms, failure FROM scheduled_backups WHERE id = 1";

pub(super) async fn claim(store: &PostgresStore, due_at_ms: i64, daemon: Id) -> Result<bool, StoreError> {
    let daemon = uuid(daemon);
    let values = [value(&due_at_ms), value(&daemon), value(&CLAIM_MS)];
    Ok(!store.lease().await?.write(&CLAIM, &values).await?.is_empty())
}

pub(super) async fn settle(
    store: &PostgresStore,
    due_at_ms: i64,
    daemon: Id,
    at_ms: i64,
    outcome: Result<(), String>,
) -> Result<(), StoreError> {
    let connection = store.lease().await?;
    let daemon = uuid(daemon);
    let mut values = vec![value(&due_at_ms), value(&daemon), value(&at_ms)];
    match &outcome {
        Ok(()) => connection.write(SETTLE_GOOD, &values).await.map(drop),
        Err(reason) => {
            values.push(value(reason));
            connection.write(SETTLE_FAILED, &values).await.map(drop)
        }
    }
}

pub(super) async fn look(store: &PostgresStore) -> Result<Option<ScheduledBackup>, StoreError> {
    let Some(row) = store.lease().await?.row(LOOK, &[]).await? else { return Ok(None) };
    let failed_at_ms: Option<i64> = get(&row, 1)?;
    let reason: Option<String> = get(&row, 2)?;
    Ok(Some(ScheduledBackup { last_good_at_ms: get(&row, 0)?, failure: failed_at_ms.zip(reason) }))
}
