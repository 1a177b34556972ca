//! Writes: each is one transaction, and goes to its end though its caller may have gone.

mod entry_columns;
mod entry_rows;
mod exact;
pub(super) mod idempotency;
mod scope_rows;
mod transaction;

use super::PostgresStore;
use crate::store::{
    StoreError, StoreFuture, WriteOutcome, WriteRequest, WriteStore,
    rules::{PreparedWrite, is_quick},
};

impl WriteStore for PostgresStore {
    fn write(&self, request: WriteRequest) -> StoreFuture<'_, WriteOutcome> {
        // Nothing is begun before this is waited for: whoever asked may still be refused.
        Box::pin(async move {
            let store = self.clone();
            let task = self.writers.spawn(async move { store.write_to_the_end(request).await });
            task.await.unwrap_or_else(|_| {
                Err(StoreError::Lost("the write panicked, or the daemon ended".to_owned()))
            })
        })
    }
}

impl PostgresStore {
    async fn write_to_the_end(&self, request: WriteRequest) -> Result<WriteOutcome, StoreError> {
        let write = if is_quick(&request.write) {
            PreparedWrite::new(request)
        } else {
            let prepared = tokio::task::spawn_blocking(|| PreparedWrite::new(request)).await;
            prepared.map_err(|_| StoreError::Unavailable("the write could not be prepared".to_owned()))?
        };
        let outcome = exact::apply(self, &write).await?;
        outcome.changes.iter().for_each(|change| (self.on_change)(change));
        Ok(outcome)
    }
}
