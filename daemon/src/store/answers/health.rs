//! What a health report says of failures and times.

use std::time::Instant;

use agent_memory_proto::ErrorBody;

use crate::store::StoreError;

/// A failure as a problem of a health report, with its mend.
pub(in crate::store) fn problem(what: &str, error: &StoreError) -> String {
    let body = ErrorBody::from(error.clone());
    let mend = body.suggestion.unwrap_or_default();
    format!("{what}: {error}. {mend}")
}

/// Microseconds that have passed.
pub(in crate::store) fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}
