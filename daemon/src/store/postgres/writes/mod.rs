//! Writes: each is one transaction.

use super::PostgresStore;
use crate::store::{StoreError, StoreFuture, WriteOutcome, WriteRequest, WriteStore};

impl WriteStore for PostgresStore {
    fn write(&self, request: WriteRequest) -> StoreFuture<'_, WriteOutcome> {
        Box::pin(async move {
            let connection = self.lease().await?;
            let _rows = connection.write("SELECT $1", &[super::values::value(&request.at_ms)]).await?;
            let _ = (&self.on_change, super::values::value(&1_i32));
            Err(StoreError::Other("not there yet".to_owned()))
        })
    }
}
