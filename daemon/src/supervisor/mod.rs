//! The supervisor: keeps every actor running. An actor that panics loses the requests in hand; it
//! is started again before the next request is refused, and the cause is logged and kept.

mod panics;
mod slot;

use std::sync::{Arc, Mutex, PoisonError, Weak};

use actix::{Actor, AsyncContext, Context, Handler, Message};
use actix_rt::ArbiterHandle;
use agent_memory_proto::response::ActorHealth;

use crate::breaker::Breakers;

pub use panics::install_panic_hook;
#[cfg(test)]
pub(crate) use panics::remember_panics_for_test;
pub(crate) use slot::{DeathGuard, Slot, Supervised};

/// Starts actors and keeps them running. Cheap to clone.
#[derive(Clone)]
pub struct Supervisor(Arc<Shared>);

struct Shared {
    arbiter: ArbiterHandle,
    slots: Mutex<Vec<Arc<dyn Supervised>>>,
    watcher: Mutex<Option<actix::Addr<Watcher>>>,
    restarts: std::sync::atomic::AtomicU32,
    last_panic: Mutex<Option<String>>,
    breakers: Breakers,
}

const MAILBOX: usize = 1_024;
const RETRY_FIRST_MS: u64 = 50;
const RETRY_LAST_MS: u64 = 5_000;

impl Supervisor {
    /// Starts the supervisor on an arbiter of its own. Must be called within the actor system.
    #[must_use]
    pub fn start() -> Self {
        let arbiter = actix_rt::Arbiter::new().handle();
        let shared = Arc::new(Shared {
            arbiter,
            slots: Mutex::default(),
            watcher: Mutex::default(),
            restarts: 0.into(),
            last_panic: Mutex::default(),
            breakers: Breakers::default(),
        });
        start_watcher(&shared);
        Self(shared)
    }

    /// How the actors are.
    #[must_use]
    pub fn health(&self) -> Vec<ActorHealth> {
        let mut actors = vec![ActorHealth {
            name: "supervisor".to_owned(),
            restarts: self.0.restarts.load(std::sync::atomic::Ordering::Relaxed),
            last_panic: lock(&self.0.last_panic).clone(),
        }];
        actors.extend(lock(&self.0.slots).iter().map(|slot| slot.health()));
        actors
    }

    /// Makes the supervisor's own actor panic.
    #[cfg(test)]
    pub(crate) fn panic_for_test(&self) {
        if let Some(watcher) = &*lock(&self.0.watcher) {
            watcher.do_send(Panic);
        }
    }

    /// The breakers of the services outside the daemon.
    #[must_use]
    pub fn breakers(&self) -> &Breakers {
        &self.0.breakers
    }

    /// Where the supervisor runs, and tasks that do little.
    pub(crate) fn arbiter(&self) -> ArbiterHandle {
        self.0.arbiter.clone()
    }

    pub(crate) fn watch(&self, slot: Arc<dyn Supervised>) {
        lock(&self.0.slots).push(slot);
    }

    pub(crate) fn downgrade(&self) -> WeakSupervisor {
        WeakSupervisor(Arc::downgrade(&self.0))
    }
}

impl std::fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Supervisor").finish_non_exhaustive()
    }
}

/// What an actor holds of its supervisor: it does not keep it alive.
#[derive(Clone)]
pub(crate) struct WeakSupervisor(Weak<Shared>);

impl WeakSupervisor {
    /// Says that the actor of the slot of that name died.
    pub(crate) fn died(&self, name: &str) {
        let Some(shared) = self.0.upgrade() else { return };
        let watcher = lock(&shared.watcher).clone();
        let told = watcher.is_some_and(|watcher| watcher.try_send(Sweep { attempt: 0 }).is_ok());
        if !told {
            tracing::warn!(actor = name, "the supervisor is away; it looks after this actor when it is back");
        }
    }
}

/// The actor: looks at every slot when one of them says that its actor died, and when it starts.
struct Watcher {
    shared: Weak<Shared>,
}

impl Actor for Watcher {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(MAILBOX);
        context.notify(Sweep { attempt: 0 });
    }
}

/// Start every actor again that is not running.
#[derive(Message)]
#[rtype(result = "()")]
struct Sweep {
    attempt: u32,
}

impl Handler<Sweep> for Watcher {
    type Result = ();

    fn handle(&mut self, sweep: Sweep, context: &mut Self::Context) {
        let Some(shared) = self.shared.upgrade() else { return };
        let slots = lock(&shared.slots).clone();
        let failed = slots.iter().filter(|slot| slot.is_down() && !slot.revive()).count();
        if failed > 0 {
            let delay_ms = (RETRY_FIRST_MS << sweep.attempt.min(10)).min(RETRY_LAST_MS);
            context.notify_later(
                Sweep { attempt: sweep.attempt + 1 },
                std::time::Duration::from_millis(delay_ms),
            );
        }
    }
}

#[cfg(test)]
#[derive(Message)]
#[rtype(result = "()")]
struct Panic;

#[cfg(test)]
impl Handler<Panic> for Watcher {
    type Result = ();

    fn handle(&mut self, _: Panic, _: &mut Self::Context) {
        panic!("asked to");
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let Some(shared) = self.shared.upgrade() else { return };
        let cause = panics::take_last();
        if cause.is_none() {
            return;
        }
        *lock(&shared.last_panic) = cause;
        shared.restarts.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let again = Arc::clone(&shared);
        shared.arbiter.spawn_fn(move || start_watcher(&again));
    }
}

fn start_watcher(shared: &Arc<Shared>) {
    let weak = Arc::downgrade(shared);
    let watcher = Watcher::start_in_arbiter(&shared.arbiter, move |_| Watcher { shared: weak });
    *lock(&shared.watcher) = Some(watcher);
}

/// Locks a mutex, whatever happened to who held it before.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
