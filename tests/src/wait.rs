//! Waiting for a condition, and the end of those who go on until they are told. The only place of the tests that sleeps, and only between two looks.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(3);

/// Looks until `look` finds something, for half a minute at most.
///
/// # Panics
/// When it found nothing in that time; the message says what was waited for.
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    until_within(PATIENCE, what, look)
}

/// Looks until `look` finds something, for `patience` at most.
///
/// # Panics
/// When it found nothing in that time; the message says what was waited for.
pub fn until_within<T>(patience: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {patience:?} in vain: {what}");
        #[allow(clippy::disallowed_methods, reason = "the pause between two looks at a condition")]
        std::thread::sleep(BETWEEN_LOOKS);
    }
}

/// Says stop when it is dropped: also when a test fails, nobody goes on for ever.
#[derive(Debug)]
pub struct StopOnDrop<'a>(pub &'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
