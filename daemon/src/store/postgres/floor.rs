//! Bare loops for the benchmark.

use agent_memory_proto::{request::MeasureFloor, response::Floor};

use super::PostgresStore;
use crate::store::{FloorStore, StoreError, StoreFuture};

impl FloorStore for PostgresStore {
    fn measure_floor(&self, _request: MeasureFloor, _now_ms: i64) -> StoreFuture<'_, Floor> {
        Box::pin(async move { Err(StoreError::Other("not there yet".to_owned())) })
    }
}
