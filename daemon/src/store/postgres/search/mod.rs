//! Search: candidates from the server's index, ranked by BM25 in the daemon.

pub(super) mod index;

use agent_memory_proto::response::{Context, SearchPage, SimilarEntry};

use super::{PostgresStore, scope_keys};
use crate::store::{ContextQuery, SearchQuery, SearchStore, SimilarQuery, StoreError, StoreFuture};

impl SearchStore for PostgresStore {
    fn search(&self, query: SearchQuery) -> StoreFuture<'_, SearchPage> {
        Box::pin(async move {
            let connection = self.lease().await?;
            let _keys = scope_keys::find_all(&connection, &query.scopes.unwrap_or_default()).await?;
            Err(StoreError::Other("not there yet".to_owned()))
        })
    }

    fn context(&self, _query: ContextQuery) -> StoreFuture<'_, Context> {
        Box::pin(async move { Err(StoreError::Other("not there yet".to_owned())) })
    }

    fn similar(&self, _query: SimilarQuery) -> StoreFuture<'_, Vec<SimilarEntry>> {
        Box::pin(async move { Err(StoreError::Other("not there yet".to_owned())) })
    }
}
