//! How the store is.

use agent_memory_proto::response::DatabaseHealth;

use super::PostgresStore;
use crate::store::{HealthStore, StoreError, StoreFuture};

impl HealthStore for PostgresStore {
    fn probe(&self) -> StoreFuture<'_, (DatabaseHealth, Vec<String>)> {
        Box::pin(async move { Err(StoreError::Other("not there yet".to_owned())) })
    }
}
