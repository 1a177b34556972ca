//! Floors: loops of the store's own statements over the daemon's own pool, from as many tasks as the
//! benchmark has callers, with nothing around them. What they write goes into a scratch project of
//! their own, which is removed after.

mod loops;
mod scratch;
mod tasks;

use agent_memory_proto::{request::MeasureFloor, response::Floor};

use super::PostgresStore;
use crate::store::{FloorStore, StoreError, StoreFuture};

impl FloorStore for PostgresStore {
    fn measure_floor(&self, request: MeasureFloor, now_ms: i64) -> StoreFuture<'_, Floor> {
        Box::pin(async move {
            // It goes to its end though its caller may have gone: what it wrote has to be removed.
            let measured = tokio::spawn(loops::run(self.clone(), request, now_ms));
            measured.await.unwrap_or_else(|_| Err(StoreError::Other("the measurement panicked".to_owned())))
        })
    }
}
