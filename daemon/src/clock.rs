//! Time and ids as values that are passed in, and secrets. The only file that may ask the system for any of them.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use agent_memory_proto::model::Id;
use uuid::{ContextV7, Timestamp, Uuid};

/// Tells the time and makes ids. Cheap to clone.
#[derive(Clone)]
pub struct Clock(Arc<Inner>);

enum Inner {
    System {
        ids: Mutex<ContextV7>,
    },
    #[cfg(test)]
    Manual {
        now_ms: std::sync::atomic::AtomicI64,
        ids: std::sync::atomic::AtomicU64,
    },
}

impl Clock {
    /// The system's clock.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "a clock is chosen, not defaulted")]
    pub fn system() -> Self {
        Self(Arc::new(Inner::System { ids: Mutex::new(ContextV7::new()) }))
    }

    /// A clock that only tests move.
    #[cfg(test)]
    #[must_use]
    pub fn manual(now_ms: i64) -> Self {
        Self(Arc::new(Inner::Manual { now_ms: now_ms.into(), ids: 0.into() }))
    }

    /// Moves a manual clock.
    #[cfg(test)]
    pub fn advance(&self, by_ms: i64) {
        if let Inner::Manual { now_ms, .. } = &*self.0 {
            now_ms.fetch_add(by_ms, std::sync::atomic::Ordering::SeqCst);
        }
    }

    /// Milliseconds since the Unix epoch, UTC.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        match &*self.0 {
            Inner::System { .. } => i64::try_from(since_epoch().as_millis()).unwrap_or(i64::MAX),
            #[cfg(test)]
            Inner::Manual { now_ms, .. } => now_ms.load(std::sync::atomic::Ordering::SeqCst),
        }
    }

    /// A new UUID, version 7, larger than every earlier one of this clock.
    #[must_use]
    pub fn new_id(&self) -> Id {
        match &*self.0 {
            Inner::System { ids } => {
                let now = since_epoch();
                let ids = ids.lock().unwrap_or_else(PoisonError::into_inner);
                Uuid::new_v7(Timestamp::from_unix(&*ids, now.as_secs(), now.subsec_nanos())).into()
            }
            #[cfg(test)]
            Inner::Manual { ids, .. } => {
                let next = ids.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
                Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | u128::from(next)).into()
            }
        }
    }
}

/// 256 random bits from the system, which nobody can guess.
///
/// # Errors
/// When the system gives none.
pub fn new_secret() -> Result<[u8; 32], getrandom::Error> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    Ok(secret)
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").finish_non_exhaustive()
    }
}

#[allow(clippy::disallowed_methods, reason = "this is the one place that reads the system clock")]
fn since_epoch() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_clock_grow() {
        let clock = Clock::system();
        let ids: Vec<Id> = (0..10_000).map(|_| clock.new_id()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
    }
}
