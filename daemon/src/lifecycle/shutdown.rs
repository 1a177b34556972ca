//! Shutdown as a value: whoever holds a clone can ask for it and wait for it.

use tokio::sync::watch;

/// How far the end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Requests are taken.
    Running,
    /// Nothing new is taken; what was accepted is finished.
    Draining,
    /// Everything stops at once.
    Now,
}

/// The value. Phases only go forward.
#[derive(Clone, Debug)]
pub struct Shutdown {
    phase: watch::Sender<Phase>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { phase: watch::Sender::new(Phase::Running) }
    }
}

impl Shutdown {
    /// Moves on to `phase`, unless that was reached already. The cause is logged.
    pub fn advance(&self, phase: Phase, cause: &str) {
        let moved = self.phase.send_if_modified(|current| {
            let forward = phase > *current;
            if forward {
                *current = phase;
            }
            forward
        });
        if moved {
            tracing::info!(?phase, "stopping: {cause}");
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Waits until `phase` is reached.
    pub async fn reached(&self, phase: Phase) {
        let mut receiver = self.phase.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = receiver.wait_for(|current| *current >= phase).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_only_go_forward() {
        let shutdown = Shutdown::default();
        shutdown.advance(Phase::Now, "test");
        shutdown.advance(Phase::Draining, "test");
        assert_eq!(shutdown.phase(), Phase::Now);
    }
}
