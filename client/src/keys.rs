//! Idempotency keys: the one place of the client where randomness comes from.

use agent_memory_proto::model::Id;
use uuid::Uuid;

/// A fresh key for one write.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "the client's single source of keys")]
pub fn new_key() -> Id {
    Uuid::new_v4().into()
}
