//! The lightest call that shows whether the server answers.

use std::time::Duration;

use tokio::time::sleep;

use super::PostgresHandle;
use crate::store::StoreError;

/// Beyond this, a new connection is tried as well: those of the pool may all be in use, or dead.
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

    /// Waits until [`PostgresHandle::check_ready`] allows requests for the first time.
    pub async fn reached(&self) {
        self.store.readiness.reached().await;
    }

    /// Asks the server for nothing, over a connection of the pool; when that takes long, over a new
    /// one, too, and whichever answers first counts. Whoever waits sets the limit.
    ///
    /// # Errors
    /// `Unavailable` when the server cannot be reached.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let pooled = async { self.store.pool.get().await?.batch("").await };
        let new = async {
            sleep(WAIT_FOR_POOL).await;
            self.store.connector.connect().await?.batch("").await
        };
        tokio::pin!(new);
        tokio::select! {
            biased;
            answer = pooled => match answer {
                // Others have all the connections; that says nothing about the server.
                Err(StoreError::Busy { .. }) => new.await,
                answer => answer,
            },
            answer = &mut new => answer,
        }
    }
}
