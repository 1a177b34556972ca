//! Permissions: who asks, and what agents may do in which scopes. `authorise` is the one place that every request passes
//! before a handler sees it; the rows are held in memory, and read again before anything is decided by them
//! once another daemon may have changed them.

mod authorise;
mod claims;
mod demand;
mod events;
mod guesses;
mod lists;
mod names;
mod places;
mod protected;
mod refusal;
mod rights;
mod snapshot;

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicU64, Ordering},
};

use agent_memory_proto::{
    ErrorBody,
    model::{Permission, PermissionLevel},
};
use arc_swap::ArcSwapOption;
use tokio::sync::Mutex;

pub use self::protected::Protected;
use self::rights::Base;
pub(crate) use self::{
    authorise::{asked_for, authorise, demands_nothing, may_import},
    events::hearable,
    guesses::Guesses,
    lists::{page_of_readable, page_of_readable_kinds},
    names::{Credentials, Proof, Who, explain, lose_name, new_token, who},
    rights::Rights,
    snapshot::{Snapshot, decided_by},
};
use crate::{
    cache::Generations,
    services::Services,
    store::{KnownAgent, SecretHash},
};

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
    /// What takes the level admin to write, in either mode.
    pub protected: Protected,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker<'a> {
    /// Whoever owns the socket, without an agent's name.
    Owner,
    /// An agent that names itself, or does not.
    Agent(Option<&'a str>),
    /// An agent whose name counts as long as its token is good.
    Holder(&'a str, &'a SecretHash),
}

/// What agents may do, as far as it is known.
#[derive(Debug)]
pub struct Permissions {
    base: Base,
    snapshot: ArcSwapOption<Snapshot>,
    /// How often it was begun to be read.
    looks: AtomicU64,
    /// Of those who find it outdated, one reads it; which look it was that ended last, and what came of it.
    last_look: Mutex<Option<(u64, Outcome)>>,
}

/// What came of a look into the store.
type Outcome = Result<Arc<Snapshot>, ErrorBody>;

static OWNER: LazyLock<Arc<Rights>> = LazyLock::new(|| Arc::new(Rights::all()));
static NOTHING: LazyLock<Arc<Rights>> = LazyLock::new(|| Arc::new(Rights::nothing()));

impl Permissions {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(chosen: ChosenMode) -> Self {
        let base = Base { level: chosen.mode.level(), protected: chosen.protected };
        Self { base, snapshot: ArcSwapOption::empty(), looks: 0.into(), last_look: Mutex::default() }
    }

    /// What whoever has not been looked at may do: nothing.
    pub(crate) fn nothing() -> Arc<Rights> {
        Arc::clone(&NOTHING)
    }

    /// What an agent may do, if that is known without a look into the store.
    pub(crate) fn known(&self, services: &Services, asker: Asker<'_>) -> Option<Arc<Rights>> {
        match asker {
            Asker::Owner => Some(Arc::clone(&OWNER)),
            asker => self.fresh(&services.changes.generations)?.rights_of(asker),
        }
    }

    /// What an agent was last known to be allowed, for an answer that is marked as perhaps outdated.
    pub(crate) fn last_known(&self, asker: Asker<'_>) -> Option<Arc<Rights>> {
        match asker {
            Asker::Owner => Some(Arc::clone(&OWNER)),
            asker => self.snapshot.load().as_ref()?.rights_of(asker),
        }
    }

    /// What an agent may do; `None` when its token is not good any more.
    ///
    /// # Errors
    /// What the store says, where it has to be asked.
    pub(crate) async fn of(
        &self,
        services: &Services,
        asker: Asker<'_>,
    ) -> Result<Option<Arc<Rights>>, ErrorBody> {
        match asker {
            Asker::Owner => Ok(Some(Arc::clone(&OWNER))),
            asker => Ok(self.current(services).await?.rights_of(asker)),
        }
    }

    /// As [`current`](Self::current); what was known last while the store is away.
    ///
    /// # Errors
    /// What the store says, when nothing is known.
    pub(crate) async fn current_or_last(&self, services: &Services) -> Outcome {
        match self.current(services).await {
            Err(error) => self.snapshot.load_full().ok_or(error),
            current => current,
        }
    }

    fn fresh(&self, generations: &Generations) -> Option<Arc<Snapshot>> {
        let snapshot = self.snapshot.load_full()?;
        (snapshot.number() == generations.permissions() && !generations.are_blind()).then_some(snapshot)
    }

    /// All that was said, as it is in the store now.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn current(&self, services: &Services) -> Result<Arc<Snapshot>, ErrorBody> {
        let store = &services.store.permissions;
        let look = async || Ok(tokio::try_join!(store.permissions(), store.agents())?);
        self.newest(&services.changes.generations, look).await
    }

    /// What is known, unless it may be outdated: then what a look finds that began after this was asked.
    async fn newest(
        &self,
        generations: &Generations,
        look: impl AsyncFnOnce() -> Result<(Vec<Permission>, Vec<KnownAgent>), ErrorBody>,
    ) -> Outcome {
        if let Some(snapshot) = self.fresh(generations) {
            return Ok(snapshot);
        }
        let begun_before = self.looks.load(Ordering::SeqCst);
        let mut last_look = self.last_look.lock().await;
        if let Some(snapshot) = self.fresh(generations) {
            return Ok(snapshot);
        }
        // While other daemons are not heard nothing stays fresh: those who wait share the next look.
        if let Some((number, outcome)) = &*last_look
            && *number > begun_before
        {
            return outcome.clone();
        }
        let look_number = self.looks.fetch_add(1, Ordering::SeqCst) + 1;
        // Before the look: what is changed during it is looked for again.
        let number = generations.permissions();
        let outcome =
            look().await.map(|(rows, agents)| Arc::new(Snapshot::new(number, self.base, rows, agents)));
        if let Ok(snapshot) = &outcome {
            self.snapshot.store(Some(Arc::clone(snapshot)));
        }
        *last_look = Some((look_number, outcome.clone()));
        outcome
    }
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::ErrorCode;
    use futures_util::future::join_all;

    use super::*;

    fn strict() -> Permissions {
        Permissions::new(ChosenMode { mode: Mode::Strict, reason: "a test", protected: Protected::default() })
    }

    /// So many ask at once; returns how often the store was asked, and what they were told.
    async fn ask(
        permissions: &Permissions,
        generations: &Generations,
        askers: usize,
        found: Result<(), ErrorCode>,
    ) -> (usize, Vec<Outcome>) {
        let looks = AtomicU64::new(0);
        let look = async || {
            looks.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            found.map(|()| (Vec::new(), Vec::new())).map_err(|code| ErrorBody::new(code, "away"))
        };
        let outcomes = join_all((0..askers).map(|_| permissions.newest(generations, &look))).await;
        (usize::try_from(looks.into_inner()).expect("few"), outcomes)
    }

    #[tokio::test]
    async fn what_is_known_is_looked_for_again_only_once_it_may_have_changed() {
        let (permissions, generations) = (strict(), Generations::default());
        let looks = async |askers| ask(&permissions, &generations, askers, Ok(())).await.0;
        assert_eq!((looks(20).await, looks(20).await), (1, 0));
        generations.raise_permissions();
        assert_eq!((looks(20).await, looks(20).await), (1, 0));
    }

    #[tokio::test]
    async fn while_others_are_not_heard_nobody_is_told_of_an_earlier_look_and_who_waits_shares_the_next() {
        let (permissions, generations) = (strict(), Generations::default());
        generations.go_blind();
        for found in [Ok(()), Err(ErrorCode::Unavailable), Ok(())] {
            // The others came when the first had begun to look already.
            let (looks, outcomes) = ask(&permissions, &generations, 20, found).await;
            assert_eq!(looks, 2);
            assert!(outcomes.iter().all(|outcome| outcome.is_ok() == found.is_ok()));
            assert_eq!(ask(&permissions, &generations, 1, found).await.0, 1);
        }
    }
}
