//! Which store the settings ask for, and how it is opened and ended.

use std::sync::Arc;

use agent_memory_proto::{Event, model::Id};

use crate::{
    actors::{self, Arbiters},
    breaker::{self, OnBreaker, Ping},
    cache::Snapshots,
    clock::Clock,
    config::{Config, StoreKind},
    following::Following,
    members,
    redis::{REDIS, Redis},
    services::{Changes, Services},
    store::{
        OnChange, Store, StoreError, guarded,
        postgres::{PostgresHandle, PostgresOptions, PostgresStore},
        sqlite::{SqliteHandle, SqliteOptions, SqliteStore, Synchronous},
    },
    supervisor::Supervisor,
};

/// How the server is called where breakers are told of.
const POSTGRESQL: &str = "postgresql";

/// Opens the store of the settings.
///
/// # Errors
/// Why it cannot be opened.
pub async fn open(
    config: &Config,
    supervisor: &Supervisor,
    arbiters: &Arbiters,
    clock: Clock,
    changes: Arc<Changes>,
    redis: Option<Redis>,
) -> Result<(Store, StoreHandle), StoreError> {
    let published = Arc::clone(&changes);
    let on_change: OnChange = Arc::new(move |change| {
        published.publish(change);
        if let Some(redis) = &redis {
            redis.tell(change);
        }
    });
    match &config.store {
        StoreKind::Sqlite => {
            let options = sqlite_options(config);
            let (store, handle) = SqliteStore::open(options, supervisor, arbiters, clock, on_change)?;
            Ok((store, StoreHandle::Sqlite(handle)))
        }
        StoreKind::Postgres(options) => {
            let options = PostgresOptions { audit: config.audit, ..(**options).clone() };
            let (store, handle) = PostgresStore::open(options, clock, on_change).await?;
            let store = behind_breaker(store, &handle, config, supervisor, changes)?;
            Ok((store, StoreHandle::Postgres(handle)))
        }
    }
}

/// Puts the circuit breaker before the server. Subscribers are told of its changes.
fn behind_breaker(
    store: Store,
    handle: &PostgresHandle,
    config: &Config,
    supervisor: &Supervisor,
    changes: Arc<Changes>,
) -> Result<Store, StoreError> {
    let (pinged, ready) = (handle.clone(), handle.clone());
    let ping: Ping = Arc::new(move || {
        let handle = pinged.clone();
        Box::pin(async move { handle.ping().await })
    });
    let gate = breaker::start(supervisor, POSTGRESQL, config.breaker, ping, tell_subscribers(changes))?;
    let (reached, found) = (handle.clone(), gate.clone());
    actors::spawn_local(async move {
        // It may have been looked for in vain until now, by whoever does not wait for it to be ready.
        reached.reached().await;
        found.seen();
    });
    Ok(guarded(store, gate, Arc::new(move || ready.check_ready())))
}

/// Begins to use Redis, where the settings ask for it. `daemon_id` names this run of the daemon.
///
/// # Errors
/// When it can never be used as the settings say; that it is away is no reason.
pub async fn open_redis(
    config: &Config,
    supervisor: &Supervisor,
    daemon_id: Id,
    changes: Arc<Changes>,
) -> Result<Option<Redis>, StoreError> {
    let Some(options) = &config.redis else { return Ok(None) };
    let on_breaker = tell_subscribers(changes);
    Redis::start((**options).clone(), daemon_id, config.breaker, supervisor, on_breaker).await.map(Some)
}

fn tell_subscribers(changes: Arc<Changes>) -> OnBreaker {
    Arc::new(move |change: &breaker::Change| {
        changes.tell(Event::BreakerChanged {
            service: change.service.to_owned(),
            state: change.state,
            retry_after_ms: change.retry_after.and_then(|wait| u64::try_from(wait.as_millis()).ok()),
        });
    })
}

/// Ends the store. Whoever opened it holds this.
#[derive(Clone, Debug)]
pub enum StoreHandle {
    /// Of an SQLite store.
    Sqlite(SqliteHandle),
    /// Of a PostgreSQL store.
    Postgres(PostgresHandle),
}

impl StoreHandle {
    /// Hears from now on what other daemons change, where several share the store, and tells them that this one
    /// is there.
    ///
    /// # Errors
    /// When that cannot be started at all; that the store is away is no reason.
    pub async fn follow(&self, services: &Arc<Services>) -> Result<(), StoreError> {
        if let Some(redis) = &services.redis {
            redis.follow(&services.supervisor, Arc::new(Following::new(services, REDIS)))?;
        }
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(handle) => {
                let following = Arc::new(Following::new(services, POSTGRESQL));
                handle.follow(&services.supervisor, following).await?;
                members::join(services, handle).await
            }
        }
    }

    /// Tells how far the store is, where daemons share it.
    #[must_use]
    pub fn snapshots(&self, supervisor: &Supervisor) -> Option<Snapshots> {
        let Self::Postgres(handle) = self else { return None };
        let gate = supervisor.breakers().gate(POSTGRESQL)?;
        let handle = handle.clone();
        Some(Arc::new(move || {
            let (gate, handle) = (gate.clone(), handle.clone());
            Box::pin(async move {
                // That it is not ready yet is no failure of the service.
                handle.check_ready()?;
                gate.guard_read(handle.snapshot()).await
            })
        }))
    }

    /// Finishes the writes that were accepted, and closes the store for good.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(handle) => handle.close().await,
            Self::Postgres(handle) => handle.close().await,
        }
    }

    /// Readers or connections, those that are idle, and requests that wait for one.
    #[must_use]
    pub fn load(&self) -> (u32, u32, u32) {
        match self {
            Self::Sqlite(handle) => handle.load(),
            Self::Postgres(handle) => handle.load(),
        }
    }
}

/// The options of the SQLite store of the settings.
pub(crate) fn sqlite_options(config: &Config) -> SqliteOptions {
    SqliteOptions {
        synchronous: if config.synchronous_full { Synchronous::Full } else { Synchronous::Normal },
        busy_timeout: config.busy_timeout,
        readers: config.readers,
        wal_limit_bytes: config.wal_limit_bytes,
        audit: config.audit,
        ..SqliteOptions::new(&config.data_dir)
    }
}
