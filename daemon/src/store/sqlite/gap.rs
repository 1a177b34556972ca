//! A gap between reads: SQLite can empty the write-ahead log only while no read needs it, and where
//! readers are always at work on several threads that moment never comes by itself. The writer asks
//! for one, and new reads let it go first, for a bounded time.

use std::{
    sync::{
        Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How long reads are held back, and the writer waits for those under way, at most.
pub(super) const GAP_MAX: Duration = Duration::from_millis(50);

/// Shared by the writer and all readers of one store.
#[derive(Debug, Default)]
pub(super) struct Gap {
    /// Looked at before every read, so it is no lock.
    is_wanted: AtomicBool,
    wanted: Mutex<bool>,
    over: Condvar,
}

impl Gap {
    /// Called before a read: waits while the writer wants a gap, at most [`GAP_MAX`].
    pub(super) fn let_pass(&self) {
        if !self.is_wanted.load(Ordering::Relaxed) {
            return;
        }
        let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        // Whether it was in time makes no difference to the read.
        drop(self.over.wait_timeout_while(wanted, GAP_MAX, |wanted| *wanted));
    }

    /// Runs `work` while new reads are held back.
    pub(super) fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        self.set(true);
        let _over = Over(self);
        work()
    }

    fn set(&self, wanted: bool) {
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = wanted;
        self.is_wanted.store(wanted, Ordering::Relaxed);
    }
}

/// Ends the gap, also when what was done in it panicked.
struct Over<'a>(&'a Gap);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.set(false);
        self.0.over.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn reads_wait_for_the_end_of_the_gap_and_not_for_ever() {
        let gap = Arc::new(Gap::default());
        gap.let_pass();
        let reading = Arc::clone(&gap);
        let read = gap.during(|| {
            let read = std::thread::spawn(move || reading.let_pass());
            // Even a gap that does not end holds a read back for a bounded time only.
            gap.let_pass();
            read
        });
        read.join().expect("the read went on");
    }
}
