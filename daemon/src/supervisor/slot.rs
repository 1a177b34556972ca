//! A slot: the place of one actor, which outlives the actor that is in it.

use std::{
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use actix::{Actor, Addr};
use agent_memory_proto::response::ActorHealth;
use tokio::sync::watch;

use super::{WeakSupervisor, lock, panics};
use crate::store::StoreError;

/// What the supervisor sees of a slot.
pub(crate) trait Supervised: Send + Sync {
    fn health(&self) -> ActorHealth;
    fn is_down(&self) -> bool;
    /// Starts the actor again; false when that failed, or it died at once, and has to be tried later.
    fn revive(&self) -> bool;
}

type Factory<A> = dyn Fn(DeathGuard) -> Result<Addr<A>, StoreError> + Send + Sync;

/// The place of one actor.
pub(crate) struct Slot<A: Actor> {
    state: Arc<State>,
    current: RwLock<Addr<A>>,
    factory: Box<Factory<A>>,
    supervisor: WeakSupervisor,
    revived: watch::Sender<u32>,
}

struct State {
    name: String,
    /// Counts the actors that have been in the slot.
    current: AtomicU32,
    /// The last of them that died. An actor's address stays open for a moment after its death.
    dead: AtomicU32,
    restarts: AtomicU32,
    stopping: AtomicBool,
    last_panic: Mutex<Option<String>>,
    last_failure: Mutex<Option<String>>,
}

const REVIVAL_WAIT: Duration = Duration::from_secs(1);

impl<A: Actor> Slot<A> {
    /// Starts the actor and puts it in a slot that the supervisor still has to be told of.
    pub(crate) fn start(
        name: String,
        supervisor: WeakSupervisor,
        factory: impl Fn(DeathGuard) -> Result<Addr<A>, StoreError> + Send + Sync + 'static,
    ) -> Result<Arc<Self>, StoreError> {
        let state = Arc::new(State {
            name,
            current: 0.into(),
            dead: 0.into(),
            restarts: 0.into(),
            stopping: false.into(),
            last_panic: Mutex::default(),
            last_failure: Mutex::default(),
        });
        let guard = DeathGuard { state: Arc::clone(&state), number: 1, supervisor: supervisor.clone() };
        let first = factory(guard)?;
        state.current.store(1, Ordering::SeqCst);
        Ok(Arc::new(Self {
            state,
            current: RwLock::new(first),
            factory: Box::new(factory),
            supervisor,
            revived: watch::Sender::new(0),
        }))
    }

    /// The actor's address; it may have died since.
    pub(crate) fn address(&self) -> Addr<A> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The address of an actor that lives; waits until a dead one is back.
    pub(crate) async fn wait_alive(&self) -> Result<Addr<A>, StoreError> {
        if self.is_retired() {
            return Err(StoreError::Unavailable(format!("{} has stopped", self.state.name)));
        }
        if !self.is_dead() {
            return Ok(self.address());
        }
        let mut revived = self.revived.subscribe();
        let back = async {
            loop {
                revived.borrow_and_update();
                if !self.is_dead() || revived.changed().await.is_err() {
                    return self.address();
                }
            }
        };
        tokio::time::timeout(REVIVAL_WAIT, back).await.map_err(|_| {
            let failure = lock(&self.state.last_failure).clone();
            StoreError::Unavailable(
                failure.unwrap_or_else(|| format!("{} is being restarted", self.state.name)),
            )
        })
    }

    fn is_dead(&self) -> bool {
        self.state.dead.load(Ordering::SeqCst) >= self.state.current.load(Ordering::SeqCst)
    }

    /// From now on an end of the actor is intended.
    pub(crate) fn retire(&self) {
        self.state.stopping.store(true, Ordering::SeqCst);
    }

    /// Whether the end of the actor is intended.
    pub(crate) fn is_retired(&self) -> bool {
        self.state.stopping.load(Ordering::SeqCst)
    }
}

impl<A: Actor> Supervised for Slot<A> {
    fn health(&self) -> ActorHealth {
        ActorHealth {
            name: self.state.name.clone(),
            restarts: self.state.restarts.load(Ordering::Relaxed),
            last_panic: lock(&self.state.last_panic).clone(),
        }
    }

    fn is_down(&self) -> bool {
        !self.is_retired() && self.is_dead()
    }

    fn revive(&self) -> bool {
        // Numbers are not used twice: that of an attempt that failed counts as dead.
        let (current, dead) =
            (self.state.current.load(Ordering::SeqCst), self.state.dead.load(Ordering::SeqCst));
        let number = current.max(dead) + 1;
        let guard =
            DeathGuard { state: Arc::clone(&self.state), number, supervisor: self.supervisor.clone() };
        match (self.factory)(guard) {
            Ok(address) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = address;
                let restarts = self.state.restarts.fetch_add(1, Ordering::Relaxed) + 1;
                *lock(&self.state.last_failure) = None;
                self.state.current.store(number, Ordering::SeqCst);
                tracing::warn!(actor = self.state.name, restarts, "actor restarted");
                self.revived.send_modify(|count| *count = count.wrapping_add(1));
                !self.is_dead()
            }
            Err(error) => {
                tracing::error!(actor = self.state.name, %error, "actor cannot be restarted yet");
                *lock(&self.state.last_failure) = Some(error.to_string());
                false
            }
        }
    }
}

/// Held by an actor: tells the supervisor when the actor is dropped without having been retired.
pub(crate) struct DeathGuard {
    state: Arc<State>,
    number: u32,
    supervisor: WeakSupervisor,
}

impl Drop for DeathGuard {
    fn drop(&mut self) {
        if self.state.stopping.load(Ordering::SeqCst) {
            return;
        }
        self.state.dead.fetch_max(self.number, Ordering::SeqCst);
        // An actor that never got into its slot is looked after by who tried to put it there.
        if self.number > self.state.current.load(Ordering::SeqCst) {
            return;
        }
        if let Some(cause) = panics::take_last() {
            *lock(&self.state.last_panic) = Some(cause);
        }
        self.supervisor.died(&self.state.name);
    }
}
