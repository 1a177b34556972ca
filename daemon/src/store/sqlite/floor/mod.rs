//! Floors: bare loops of the store's own statements on a copy of the store, in the same directory
//! and on one thread, to set a benchmark's figures against.

mod copy;
mod loops;

use agent_memory_proto::{request::MeasureFloor, response::Floor};

use self::copy::ScratchCopy;
pub(super) use self::copy::remove_leftovers;
use super::SqliteStore;
use crate::store::{FloorStore, StoreFuture};

impl FloorStore for SqliteStore {
    fn measure_floor(&self, request: MeasureFloor, now_ms: i64) -> StoreFuture<'_, Floor> {
        let (options, clock) = (self.options.clone(), self.clock.clone());
        Box::pin(self.readers.run_long(move |reader| {
            let copy = reader
                .read_until(copy::deadline(), |live| ScratchCopy::of(live, &options, clock.new_id()))?;
            loops::run(&copy, &request, &clock, now_ms)
        }))
    }
}
