//! Wrong tokens and admin keys: counted, logged without the secret, and slowed down. Who guesses waits; nobody
//! else does, and nothing is held meanwhile.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use agent_memory_proto::{ErrorBody, ErrorCode};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};

use super::names::Credentials;
use crate::supervisor::lock;

/// How long the first one waits; each further one twice as long, up to the longest.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// So often one of the daemon's is forgiven.
const FORGIVEN_EVERY: Duration = Duration::from_secs(5);
/// Of how many the daemon remembers that they were not long ago.
const RECENT_MAX: u32 = 12;
/// How many wait at once; further ones are refused.
const WAITING_MAX: usize = 32;

/// The wrong tokens and keys that one daemon was given.
#[derive(Debug)]
pub(crate) struct Guesses {
    total: AtomicU64,
    recent: Mutex<Recent>,
    waiting: Semaphore,
}

#[derive(Debug)]
struct Recent {
    count: u32,
    at: Instant,
}

impl Default for Guesses {
    fn default() -> Self {
        let recent = Mutex::new(Recent { count: 0, at: Instant::now() });
        Self { total: 0.into(), recent, waiting: Semaphore::new(WAITING_MAX) }
    }
}

impl Guesses {
    /// How many there were since the start.
    pub(crate) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Takes note of a wrong one; `what` it was, in words, and whom it was to prove.
    pub(crate) fn note(&self, what: &str, agent: Option<&str>, credentials: &Credentials) {
        let total = self.total.fetch_add(1, Ordering::Relaxed) + 1;
        let of_connection = credentials.count_wrong();
        {
            let mut recent = lock(&self.recent);
            let count = recent.forgiven();
            *recent = Recent { count: (count + 1).min(RECENT_MAX), at: Instant::now() };
        }
        tracing::warn!(
            target: "agent_memory::audit",
            action = "wrong_credential",
            what,
            agent,
            process = credentials.process_id(),
            of_connection,
            total,
            "a wrong {what} was refused"
        );
    }

    /// Waits as long as befits what was wrong lately, on this connection or at this daemon; not at all when
    /// nothing was.
    ///
    /// # Errors
    /// `Busy` when too many wait already.
    pub(crate) async fn pause(&self, credentials: &Credentials) -> Result<(), ErrorBody> {
        let recent = lock(&self.recent).forgiven();
        let Some(doubled) = recent.max(credentials.wrong()).checked_sub(1) else { return Ok(()) };
        let pause = PAUSE_MIN.saturating_mul(1 << doubled.min(RECENT_MAX)).min(PAUSE_MAX);
        let Ok(_waiting) = self.waiting.try_acquire() else {
            let error = ErrorBody::new(ErrorCode::Busy, "too many wrong tokens or keys are being refused");
            let retry_after_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            return Err(error.with_retry_after_ms(retry_after_ms));
        };
        sleep(pause).await;
        Ok(())
    }
}

impl Recent {
    /// How many are left of them by now.
    fn forgiven(&self) -> u32 {
        let forgiven = self.at.elapsed().as_secs() / FORGIVEN_EVERY.as_secs();
        self.count.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    async fn paused(guesses: &Guesses, credentials: &Credentials) -> Duration {
        let began = Instant::now();
        guesses.pause(credentials).await.expect("there is room");
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn each_wrong_one_waits_longer_and_all_are_forgiven() {
        let (guesses, credentials) = (Guesses::default(), Credentials::new(7));
        assert_eq!(paused(&guesses, &credentials).await, Duration::ZERO);
        let mut last = Duration::ZERO;
        for number in 1..=20 {
            guesses.note("token", None, &credentials);
            let now = paused(&guesses, &credentials).await;
            assert!(now > last || now >= PAUSE_MAX, "{number}: {now:?}");
            last = now;
        }
        assert!(last < PAUSE_MAX + PAUSE_MIN, "{last:?}");
        assert_eq!(guesses.total(), 20);
        let another = Credentials::new(8);
        assert!(paused(&guesses, &another).await >= PAUSE_MAX, "a new connection does not help");
        sleep(FORGIVEN_EVERY * RECENT_MAX).await;
        assert_eq!(paused(&guesses, &another).await, Duration::ZERO);
        assert!(paused(&guesses, &credentials).await >= PAUSE_MAX, "this one goes on as it did");
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_wait_at_most() {
        let (guesses, credentials) = (Guesses::default(), Credentials::new(7));
        guesses.note("admin key", Some("eve"), &credentials);
        let waits = join_all((0..WAITING_MAX + 5).map(|_| guesses.pause(&credentials))).await;
        let refused: Vec<_> = waits.into_iter().filter_map(Result::err).collect();
        assert_eq!(refused.len(), 5);
        assert!(refused.iter().all(|error| error.code == ErrorCode::Busy && error.retry_after_ms > Some(0)));
    }
}
