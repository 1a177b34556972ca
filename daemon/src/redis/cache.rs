//! Answers that daemons share: values under keys that nobody removes, each for a time.

use std::time::Duration;

use super::Redis;
use crate::store::StoreError;

impl Redis {
    /// The value that is kept under a name.
    ///
    /// # Errors
    /// As [`Redis::query`].
    pub async fn cached(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.query(redis::cmd("GET").arg(self.key(&cache_key(name)))).await
    }

    /// Where who measures puts a value.
    #[must_use]
    pub fn floor_key(&self, name: &str) -> String {
        self.key(&format!("floor:{name}"))
    }

    /// The value that who measures has put there.
    ///
    /// # Errors
    /// As [`Redis::query`].
    pub async fn floor_value(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.query(redis::cmd("GET").arg(self.floor_key(name))).await
    }

    /// Keeps a value under a name for `ttl`.
    ///
    /// # Errors
    /// As [`Redis::query`].
    pub async fn keep_cached(&self, name: &str, value: &[u8], ttl: Duration) -> Result<(), StoreError> {
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).clamp(1, TTL_MS_MAX);
        self.query(redis::cmd("SET").arg(self.key(&cache_key(name))).arg(value).arg("PX").arg(ttl_ms)).await
    }
}

/// The server refuses times that end beyond its numbers.
const TTL_MS_MAX: u64 = 1 << 50;

fn cache_key(name: &str) -> String {
    format!("cache:{name}")
}
