//! The lightest call that shows whether the server answers.

use std::time::Duration;

use super::{PostgresHandle, connection::Connection};
use crate::store::StoreError;

/// Beyond this, a connection of its own is made: those of the pool may all hang.
const WAIT_FOR_POOL: Duration = Duration::from_secs(1);

impl PostgresHandle {
    /// Whether requests may be sent to the server at all: it was reached once, its schema is right,
    /// and the store was not closed.
    ///
    /// # Errors
    /// Why not.
    pub fn check_ready(&self) -> Result<(), StoreError> {
        self.store.readiness.check()
    }

    /// Asks the server for nothing.
    ///
    /// # Errors
    /// `Unavailable` when it does not answer.
    pub async fn ping(&self) -> Result<(), StoreError> {
        match tokio::time::timeout(WAIT_FOR_POOL, self.store.pool.get()).await {
            Ok(Ok(connection)) => answers(&connection).await,
            Ok(Err(StoreError::Busy { .. })) | Err(_) => {
                answers(&self.store.connector.connect().await?).await
            }
            Ok(Err(error)) => Err(error),
        }
    }
}

async fn answers(connection: &Connection) -> Result<(), StoreError> {
    connection.row("SELECT 1", &[]).await.map(drop)
}
