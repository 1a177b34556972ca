//! Waiting for a condition, in tests.

use std::time::Duration;

const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// Looks until it is so, for `patience` at most.
///
/// # Panics
/// When it is not so in that time; the message says what was waited for.
pub(crate) async fn until_within(patience: Duration, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let looked = async {
        while !is_so().await {
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    };
    tokio::time::timeout(patience, looked).await.unwrap_or_else(|_| panic!("never: {what}"));
}
