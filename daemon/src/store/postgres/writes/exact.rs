//! The exact path of a write: one transaction, in which the rules are followed step by step.

use std::{sync::atomic::Ordering, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};

use super::transaction::PgTransaction;
use crate::store::{
    StoreError, Write, WriteOutcome,
    postgres::{PostgresStore, connection::Connection, payload},
    rules::{self, KEPT_MS, PreparedWrite, WriteTransaction},
};

/// How often a write is run again that other writers got in the way of, and for how long at most.
const ATTEMPTS: usize = 20;
const PATIENCE: Duration = Duration::from_secs(3);
/// An import has waited for another one until it hears that it has to be run again.
const IMPORT_PATIENCE: Duration = Duration::from_secs(300);

/// Applies a write, as often as it takes until other writers leave it the time. What may have been
/// applied is run again only under an idempotency key, which then answers what was answered before;
/// `lost` is what an earlier attempt ended in of which that is not known.
///
/// # Errors
/// `Refused` with the cause; `Contended` when others were faster again and again; `Unsettled` when it is
/// not known whether it was applied.
pub(super) async fn apply(
    store: &PostgresStore,
    write: &PreparedWrite,
    lost: Option<StoreError>,
) -> Result<WriteOutcome, StoreError> {
    let has_key = write.request.idempotency.is_some();
    let mut lost = match lost {
        Some(lost) if !has_key => return Err(lost),
        lost => lost,
    };
    let backoff = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(2))
        .with_max_delay(Duration::from_millis(250))
        .with_max_times(ATTEMPTS)
        .with_jitter();
    let patience = match *write.request.write {
        Write::Import(_) => IMPORT_PATIENCE,
        _ => PATIENCE,
    };
    let started = tokio::time::Instant::now();
    let mut delays = backoff.build();
    loop {
        let error = match attempt(store, write).await {
            Ok(outcome) => return Ok(outcome),
            Err(error) => error,
        };
        let is_worth_another = match &error {
            StoreError::Contended(_) => true,
            StoreError::Unsettled(_) => has_key,
            StoreError::Unavailable(_) => lost.is_some(),
            _ => false,
        };
        if matches!(error, StoreError::Unsettled(_)) {
            lost.get_or_insert_with(|| error.clone());
        }
        let delay = delays.next().filter(|_| is_worth_another && started.elapsed() < patience);
        let Some(delay) = delay else {
            return Err(match (lost, error) {
                (_, refused @ StoreError::Refused(_)) => refused,
                (Some(lost), _) => lost,
                (None, error) => error,
            });
        };
        store.repeated_writes.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(%error, delay_ms = delay.as_millis(), "a write is run again");
        tokio::time::sleep(delay).await;
    }
}

async fn attempt(store: &PostgresStore, write: &PreparedWrite) -> Result<WriteOutcome, StoreError> {
    let connection = store.lease().await?;
    let result = in_transaction(store, &connection, write).await;
    if result.is_err() {
        connection.rollback().await;
    }
    result
}

async fn in_transaction(
    store: &PostgresStore,
    connection: &Connection,
    write: &PreparedWrite,
) -> Result<WriteOutcome, StoreError> {
    let request = &write.request;
    let rows = PgTransaction::begin(connection, request).await?;
    let outcome = match rules::apply(&rows, request, &write.texts).await {
        // What stands in the way may be the same write, which was sent twice.
        Err(error @ StoreError::Refused(_)) if came_twice(&rows, write).await? => {
            return Err(StoreError::Contended(error.to_string()));
        }
        outcome => outcome?,
    };
    if outcome.replayed {
        connection.rollback().await;
        // Whoever stored it may not have waited for the disk yet.
        connection.flush().await?;
        return Ok(outcome);
    }
    let payloads = payload::payloads(store.origin, outcome.changes.iter().map(payload::line));
    rows.commit(&payloads).await?;
    Ok(outcome)
}

/// Whether a write that is refused was applied under its key meanwhile.
async fn came_twice(rows: &PgTransaction<'_>, write: &PreparedWrite) -> Result<bool, StoreError> {
    let Some(key) = &write.request.idempotency else { return Ok(false) };
    let kept = rows.kept_reply(key).await?;
    Ok(kept.is_some_and(|kept| {
        kept.fingerprint == key.fingerprint && kept.at_ms >= write.request.at_ms.saturating_sub(KEPT_MS)
    }))
}
