//! Parts of the store that are not built yet. They refuse.

use agent_memory_proto::{
    request::MeasureFloor,
    response::{Context, Floor, SearchPage, SimilarEntry},
};

use super::SqliteStore;
use crate::store::{
    ContextQuery, FloorStore, SearchQuery, SearchStore, SimilarQuery, StoreError, StoreFuture,
};

fn refuse<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("this build cannot do that yet".to_owned()))
}

impl SearchStore for SqliteStore {
    fn search(&self, _: SearchQuery) -> StoreFuture<'_, SearchPage> {
        Box::pin(async { refuse() })
    }

    fn context(&self, _: ContextQuery) -> StoreFuture<'_, Context> {
        Box::pin(async { refuse() })
    }

    fn similar(&self, _: SimilarQuery) -> StoreFuture<'_, Vec<SimilarEntry>> {
        Box::pin(async { refuse() })
    }
}

impl FloorStore for SqliteStore {
    fn measure_floor(&self, _: MeasureFloor, _: i64) -> StoreFuture<'_, Floor> {
        Box::pin(async { refuse() })
    }
}
