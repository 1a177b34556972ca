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

use super::{WeakSupervisor, panics};
use crate::store::StoreError;

/// What the supervisor sees of a slot.
pub(crate) trait Supervised: Send + Sync {
    fn health(&self) -> ActorHealth;
    fn is_down(&self) -> bool;
    /// Starts the actor again; false when that failed and has to be tried later.
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
            restarts: 0.into(),
            stopping: false.into(),
            last_panic: Mutex::default(),
            last_failure: Mutex::default(),
        });
        let first = factory(DeathGuard { state: Arc::clone(&state), supervisor: supervisor.clone() })?;
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

    /// Waits until a dead actor is back.
    pub(crate) async fn wait_revived(&self) -> Result<Addr<A>, StoreError> {
        let mut revived = self.revived.subscribe();
        let back = async {
            loop {
                revived.borrow_and_update();
                let address = self.address();
                if address.connected() {
                    return address;
                }
                if revived.changed().await.is_err() {
                    return address;
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
        !self.state.stopping.load(Ordering::SeqCst) && !self.address().connected()
    }

    fn revive(&self) -> bool {
        let guard = DeathGuard { state: Arc::clone(&self.state), supervisor: self.supervisor.clone() };
        match (self.factory)(guard) {
            Ok(address) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = address;
                let restarts = self.state.restarts.fetch_add(1, Ordering::Relaxed) + 1;
                *lock(&self.state.last_failure) = None;
                tracing::warn!(actor = self.state.name, restarts, "actor restarted");
                self.revived.send_modify(|count| *count = count.wrapping_add(1));
                true
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
    supervisor: WeakSupervisor,
}

impl Drop for DeathGuard {
    fn drop(&mut self) {
        if self.state.stopping.load(Ordering::SeqCst) {
            return;
        }
        if let Some(cause) = panics::take_last() {
            *lock(&self.state.last_panic) = Some(cause);
        }
        self.supervisor.died(&self.state.name);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
