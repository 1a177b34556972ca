//! Threads: each arbiter is one thread with its own event loop. Sessions share a few of them;
//! the writer and each search reader have one to themselves.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    io,
};

use actix_rt::{Arbiter, ArbiterHandle, System};

thread_local! {
    static SESSION_ARBITER: Cell<Option<usize>> = const { Cell::new(None) };
    static SESSION_ARBITERS: RefCell<Vec<ArbiterHandle>> = const { RefCell::new(Vec::new()) };
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

/// Spawns a task on one of the session arbiters, by turns when `number` counts up; on this thread
/// when it is none of theirs.
pub fn spawn_in_turn(number: usize, task: impl Future<Output = ()> + Send + 'static) {
    let arbiter = SESSION_ARBITERS.with_borrow(|all| all.get(number % all.len().max(1)).cloned());
    match arbiter {
        // A task that is not run is dropped, and whoever waits for it sees that.
        Some(arbiter) => drop(arbiter.spawn(task)),
        None => drop(tokio::spawn(task)),
    }
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
        let all: Vec<_> = sessions.iter().map(Arbiter::handle).collect();
        for (index, arbiter) in sessions.iter().enumerate() {
            let all = all.clone();
            arbiter.spawn_fn(move || {
                SESSION_ARBITER.set(Some(index));
                SESSION_ARBITERS.set(all);
            });
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
