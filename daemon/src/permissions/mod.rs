//! Permissions: what agents may do in which scopes. `authorise` is the one place that every request passes
//! before a handler sees it; the rows are held in memory, and read again before anything is decided by them
//! once another daemon may have changed them.

mod authorise;
mod demand;
mod events;
mod lists;
mod places;
mod refusal;
mod rights;
mod snapshot;

use std::sync::{Arc, LazyLock};

use agent_memory_proto::{ErrorBody, model::PermissionLevel};
use arc_swap::ArcSwapOption;
use tokio::sync::Mutex;

pub(crate) use self::{
    authorise::{authorise, demands_nothing},
    events::hearable,
    lists::{page_of_readable, page_of_readable_kinds},
    rights::Rights,
    snapshot::{Snapshot, decided_by},
};
use crate::services::Services;

/// What an agent may do where nothing was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Everything that was not denied.
    Permissive,
    /// Nothing that was not granted.
    Strict,
}

impl Mode {
    /// The public name, as `strict`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Permissive => "permissive",
            Self::Strict => "strict",
        }
    }

    const fn level(self) -> PermissionLevel {
        match self {
            Self::Permissive => PermissionLevel::Admin,
            Self::Strict => PermissionLevel::None,
        }
    }
}

/// The mode, and why it is that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChosenMode {
    /// The mode.
    pub mode: Mode,
    /// Why, in words.
    pub reason: &'static str,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker<'a> {
    /// Whoever owns the socket, without an agent's name.
    Owner,
    /// An agent that names itself, or does not.
    Agent(Option<&'a str>),
}

/// What agents may do, as far as it is known.
#[derive(Debug)]
pub struct Permissions {
    mode: Mode,
    snapshot: ArcSwapOption<Snapshot>,
    /// Of those who find it outdated, one reads it.
    reading: Mutex<()>,
}

static OWNER: LazyLock<Arc<Rights>> = LazyLock::new(|| Arc::new(Rights::all()));
static NOTHING: LazyLock<Arc<Rights>> = LazyLock::new(|| Arc::new(Rights::nothing()));

impl Permissions {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        Self { mode, snapshot: ArcSwapOption::empty(), reading: Mutex::default() }
    }

    /// What whoever has not been looked at may do: nothing.
    pub(crate) fn nothing() -> Arc<Rights> {
        Arc::clone(&NOTHING)
    }

    /// What an agent may do, if that is known without a look into the store.
    pub(crate) fn known(&self, services: &Services, asker: Asker<'_>) -> Option<Arc<Rights>> {
        match asker {
            Asker::Owner => Some(Arc::clone(&OWNER)),
            Asker::Agent(agent) => self.fresh(services).map(|snapshot| snapshot.rights(agent)),
        }
    }

    /// What an agent was last known to be allowed, for an answer that is marked as perhaps outdated.
    pub(crate) fn last_known(&self, asker: Asker<'_>) -> Option<Arc<Rights>> {
        match asker {
            Asker::Owner => Some(Arc::clone(&OWNER)),
            Asker::Agent(agent) => self.snapshot.load().as_ref().map(|snapshot| snapshot.rights(agent)),
        }
    }

    /// What an agent may do.
    ///
    /// # Errors
    /// What the store says, where it has to be asked.
    pub(crate) async fn of(&self, services: &Services, asker: Asker<'_>) -> Result<Arc<Rights>, ErrorBody> {
        match asker {
            Asker::Owner => Ok(Arc::clone(&OWNER)),
            Asker::Agent(agent) => Ok(self.current(services).await?.rights(agent)),
        }
    }

    fn fresh(&self, services: &Services) -> Option<Arc<Snapshot>> {
        let generations = &services.changes.generations;
        let snapshot = self.snapshot.load_full()?;
        (snapshot.number() == generations.permissions() && !generations.are_blind()).then_some(snapshot)
    }

    /// All that was said, as it is in the store now.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn current(&self, services: &Services) -> Result<Arc<Snapshot>, ErrorBody> {
        if let Some(snapshot) = self.fresh(services) {
            return Ok(snapshot);
        }
        let generations = &services.changes.generations;
        let _reading = self.reading.lock().await;
        if let Some(snapshot) = self.fresh(services) {
            return Ok(snapshot);
        }
        // Before the look: what is changed during it is looked for again.
        let number = generations.permissions();
        let rows = services.store.permissions.permissions().await?;
        let snapshot = Arc::new(Snapshot::new(number, self.mode, rows));
        self.snapshot.store(Some(Arc::clone(&snapshot)));
        Ok(snapshot)
    }
}
