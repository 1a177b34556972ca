//! Writes. Each is one transaction, or, if it only adds an entry, part of one that it shares with
//! those of other callers; it goes to its end though its caller may have gone.

mod add;
mod added;
mod agent_rows;
mod ahead;
mod batches;
mod conflict_rows;
mod entry_columns;
mod entry_rows;
mod exact;
mod expected;
pub(super) mod idempotency;
mod later;
mod lock_rows;
mod moving;
mod permission_rows;
mod scope_rows;
mod task_rows;
mod transaction;

use std::sync::atomic::Ordering;

pub(super) use batches::{Batches, batches};
pub(super) use entry_columns::parameters;
pub(super) use transaction::PgTransaction;

use super::PostgresStore;
use crate::store::{
    StoreError, StoreFuture, Write, WriteOutcome, WriteRequest, WriteStore,
    rules::{PreparedWrite, is_quick},
};

impl WriteStore for PostgresStore {
    fn write(&self, request: WriteRequest) -> StoreFuture<'_, WriteOutcome> {
        // Nothing is begun before this is waited for: whoever asked may still be refused.
        Box::pin(async move {
            if self.writers.is_closed() {
                return Err(StoreError::Unavailable("the daemon is stopping".to_owned()));
            }
            let write = if is_quick(&request.write) {
                PreparedWrite::new(request)
            } else {
                let prepared = tokio::task::spawn_blocking(|| PreparedWrite::new(request)).await;
                prepared.map_err(|_| StoreError::Unavailable("the write could not be prepared".to_owned()))?
            };
            match &*write.request.write {
                Write::AddEntries { entries, .. } if entries.len() == 1 => batches::apply(self, write).await,
                _ => self.apply_alone(write).await,
            }
        })
    }
}

impl PostgresStore {
    /// Applies a write in a task of its own.
    async fn apply_alone(&self, write: PreparedWrite) -> Result<WriteOutcome, StoreError> {
        let store = self.clone();
        let task = self.writers.spawn(async move {
            let outcome = match &*write.request.write {
                Write::AddEntries { entries, .. } if !entries.is_empty() => store.add_all(&write).await?,
                _ => exact::apply(&store, &write, None).await?,
            };
            store.tell(&outcome);
            Ok(outcome)
        });
        let lost = |_| Err(StoreError::Lost("the write panicked, or the daemon ended".to_owned()));
        task.await.unwrap_or_else(lost)
    }

    /// Applies a write that only adds entries in a transaction of its own, and tells nobody: for
    /// measurements.
    pub(super) async fn add_by_itself(&self, request: WriteRequest) -> Result<(), StoreError> {
        self.add_all(&PreparedWrite::new(request)).await.map(drop)
    }

    async fn add_all(&self, write: &PreparedWrite) -> Result<WriteOutcome, StoreError> {
        match add::all(self, write).await {
            Ok(Some(outcome)) => Ok(outcome),
            Ok(None) => exact::apply(self, write, None).await,
            Err(StoreError::Contended(_)) => {
                self.repeated_writes.fetch_add(1, Ordering::Relaxed);
                exact::apply(self, write, None).await
            }
            Err(lost @ StoreError::Unsettled(_)) => exact::apply(self, write, Some(lost)).await,
            Err(error) => Err(error),
        }
    }

    /// Tells this daemon what was changed, before its writer is answered.
    fn tell(&self, outcome: &WriteOutcome) {
        self.housekeeping.wrote();
        outcome.changes.iter().for_each(|change| (self.on_change)(change));
    }
}
