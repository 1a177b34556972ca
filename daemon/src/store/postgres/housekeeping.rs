//! What is done now and then while somebody writes, by one daemon of the cluster at a time: empties
//! the list of words that wait for their place in the index, so that no writer has to; folds the
//! rows of the counts together; forgets old idempotency keys, old lines of the audit and locks long past their time.
//! It sleeps while nobody writes.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{
    PostgresStore, audit, connection::Connection, file_locks, tags, values::value, writes::idempotency,
};
use crate::store::StoreError;

/// Between two turns while somebody writes. The list of waiting words must not grow to
/// `gin_pending_list_limit` in this time, or a writer empties it and stalls.
const TURN: Duration = Duration::from_millis(100);
/// Between two looks at what grows slowly.
const SLOW_TURN: Duration = Duration::from_secs(5);
/// Rows of the counts that are folded together in one turn.
pub(super) const FOLDED_MAX: i64 = 20_000;
/// "agmhouse" as a number: held by the daemon that keeps house.
pub(super) const LOCK: i64 = 0x6167_6d68_6f75_7365;

/// Wakes the housekeeping, and ends it.
#[derive(Debug, Default)]
pub(super) struct Housekeeping {
    wake: Notify,
    wrote: AtomicBool,
    end: CancellationToken,
}

impl Housekeeping {
    /// Something was written.
    pub(super) fn wrote(&self) {
        if !self.wrote.swap(true, Ordering::Relaxed) {
            self.wake.notify_one();
        }
    }

    /// It begins nothing more.
    pub(super) fn close(&self) {
        self.end.cancel();
    }
}

/// Keeps house until the store is closed.
pub(super) fn start(store: &PostgresStore) {
    let store = store.clone();
    tokio::spawn(async move {
        let end = store.housekeeping.end.clone();
        end.run_until_cancelled(keep_house(&store)).await;
    });
}

async fn keep_house(store: &PostgresStore) {
    let house = &store.housekeeping;
    let mut may_clean = true;
    loop {
        house.wake.notified().await;
        let mut slow_turn_at = Instant::now();
        loop {
            house.wrote.store(false, Ordering::Relaxed);
            tokio::time::sleep(TURN).await;
            let is_slow = slow_turn_at.elapsed() >= SLOW_TURN;
            if let Err(error) = turn(store, &mut may_clean, is_slow).await {
                tracing::debug!(%error, "housekeeping was left to the next turn");
            }
            let is_quiet = !house.wrote.load(Ordering::Relaxed);
            if is_slow && is_quiet {
                break;
            }
            if is_slow {
                slow_turn_at = Instant::now();
            } else if is_quiet {
                let left = SLOW_TURN.saturating_sub(slow_turn_at.elapsed());
                // It does not matter which of the two it was.
                let _ = tokio::time::timeout(left, house.wake.notified()).await;
            }
        }
    }
}

async fn turn(store: &PostgresStore, may_clean: &mut bool, is_slow: bool) -> Result<(), StoreError> {
    let connection = store.lease().await?;
    if *may_clean {
        match clean_index(&connection).await {
            Err(StoreError::ReadOnly(text)) => {
                *may_clean = false;
                tracing::info!(
                    "the role does not own the index, so now and then a writer waits until its pending list is \
                     merged: {text}"
                );
            }
            done => done?,
        }
    }
    if is_slow {
        fold_counts(&connection).await?;
        tags::fold_counts(&connection).await?;
        while idempotency::purge(&connection, store.clock.now_ms()).await? {}
        while audit::purge(&connection, &store.options.audit, store.clock.now_ms()).await? {}
        file_locks::forget_waiters(&connection).await?;
        while file_locks::purge(&connection).await? {}
    }
    Ok(())
}

/// Moves the words of new entries from the list that they wait in to their places.
pub(super) async fn clean_index(connection: &Connection) -> Result<(), StoreError> {
    const SQL: &str = "SELECT CASE WHEN pg_try_advisory_xact_lock($1) \
                       THEN gin_clean_pending_list('entry_index_terms'::regclass) END";
    connection.write(SQL, &[value(&LOCK)]).await?;
    Ok(())
}

/// Folds the rows of a scope and kind together once there are some. What was counted meanwhile has a
/// row of its own, and is folded the next time.
pub(super) async fn fold_counts(connection: &Connection) -> Result<(), StoreError> {
    const SQL: &str = "WITH many AS MATERIALIZED (\
            SELECT scope, kind FROM entry_counts WHERE (SELECT pg_try_advisory_xact_lock($1)) \
            GROUP BY scope, kind HAVING count(*) > 8), \
        gone AS (DELETE FROM entry_counts WHERE ctid = ANY (ARRAY(\
            SELECT c.ctid FROM many m JOIN entry_counts c ON c.scope = m.scope AND c.kind = m.kind LIMIT $2)) \
            RETURNING scope, kind, active) \
        INSERT INTO entry_counts (scope, kind, active) \
            SELECT scope, kind, sum(active)::int8 FROM gone GROUP BY scope, kind HAVING sum(active) <> 0";
    connection.write(SQL, &[value(&LOCK), value(&FOLDED_MAX)]).await?;
    Ok(())
}
