//! Work on backups goes on to its end, also when the caller goes away meanwhile.

use agent_memory_proto::ErrorBody;

use crate::store::StoreError;

/// Does it in a task of its own.
pub(super) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, ErrorBody> {
    let done = tokio::spawn(work).await;
    let done = done.unwrap_or_else(|_| Err(StoreError::Lost("work on a backup panicked".to_owned())));
    done.map_err(ErrorBody::from)
}
