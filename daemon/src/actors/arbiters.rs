//! Threads: each arbiter is one thread with its own event loop. Sessions share a few of them;
//! the writer and each search reader have one to themselves.

use std::{cell::Cell, future::Future, io};

use actix_rt::{Arbiter, ArbiterHandle, System};

thread_local! {
    static SESSION_ARBITER: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Runs a future on this thread, with the actor system around it, until it is done.
///
/// # Errors
/// When the event loop cannot be made.
pub fn block_on<T>(future: impl Future<Output = T>) -> io::Result<T> {
    Ok(System::new().block_on(future))
}

/// Spawns a task on the current arbiter. It ends when it is done or its arbiter stops.
pub fn spawn_local(task: impl Future<Output = ()> + 'static) {
    actix_rt::spawn(task);
}

/// Which of the session arbiters this thread is; `None` on any other thread.
#[must_use]
pub fn current_session_arbiter() -> Option<usize> {
    SESSION_ARBITER.with(Cell::get)
}

/// The arbiters on which sessions run.
#[derive(Debug)]
pub struct Arbiters {
    sessions: Vec<Arbiter>,
}

impl Arbiters {
    /// Starts `count` session arbiters. Must be called within [`block_on`].
    #[must_use]
    pub fn start(count: usize) -> Self {
        let sessions: Vec<Arbiter> = (0..count.max(1)).map(|_| Arbiter::new()).collect();
        for (index, arbiter) in sessions.iter().enumerate() {
            arbiter.spawn_fn(move || SESSION_ARBITER.with(|cell| cell.set(Some(index))));
        }
        Self { sessions }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.sessions.len()
    }

    /// Runs `task` on one of them; false when it has stopped.
    pub fn spawn_on(&self, index: usize, task: impl FnOnce() + Send + 'static) -> bool {
        self.sessions[index % self.sessions.len()].spawn_fn(task)
    }

    /// The handles of all of them, in order.
    pub(crate) fn handles(&self) -> Vec<ArbiterHandle> {
        self.sessions.iter().map(Arbiter::handle).collect()
    }

    /// Stops them and waits for their threads to end.
    pub fn stop(self) {
        for arbiter in &self.sessions {
            arbiter.stop();
        }
        for arbiter in self.sessions {
            if arbiter.join().is_err() {
                tracing::error!("a session arbiter ended with a panic");
            }
        }
    }
}
