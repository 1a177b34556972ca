//! The daemon from start to end: lock, store, socket, sessions, and the way out.

use std::{sync::Arc, time::Duration};

use agent_memory_proto::settings::Settings;
use tracing::{error, info, warn};

use crate::{
    abandoned,
    actors::{self, Arbiters},
    audit, backups,
    cache::SharedCache,
    clock::Clock,
    config::Config,
    lifecycle::{self, DataLock, LockError, Phase, ServiceManager, Shutdown},
    memory::Trimmer,
    places::make_private_dir,
    secrets,
    services::{Changes, Live, Parts, Services},
    session,
    store::StoreError,
    stores::{self, StoreHandle},
    supervisor::Supervisor,
    telemetry::LogLevel,
    transport::{Detached, ListenError, Listener, check_peer},
};

/// Why the daemon did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be made.
    #[error("cannot make the data directory {path}: {cause}; set AGENT_MEMORY_DATA_DIR to a writable place")]
    DataDir {
        /// The directory.
        path: String,
        /// The cause.
        cause: String,
    },
    /// The data directory is in use, or cannot be locked.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The store cannot be opened.
    #[error("cannot open the store: {0}")]
    Store(StoreError),
    /// Redis can never be used as the settings say.
    #[error("cannot use Redis: {0}")]
    Redis(StoreError),
    /// The socket cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The system refused something else.
    #[error("{0}")]
    System(#[from] std::io::Error),
}

impl StartError {
    /// Whether another daemon is there and this one is not needed.
    #[must_use]
    pub fn is_already_running(&self) -> bool {
        matches!(self, Self::Lock(LockError::Held { .. }) | Self::Listen(ListenError::InUse { .. }))
    }
}

/// How the daemon ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Everything that was accepted was finished, and the store was closed.
    Clean,
    /// A second signal asked for an end at once. What was acknowledged is durable all the same.
    Hard,
}

/// Runs the daemon to its end.
///
/// # Errors
/// [`StartError`], before anything was served.
pub fn run(config: Config, log_level: LogLevel) -> Result<Ending, StartError> {
    actors::block_on(serve(config, log_level))?
}

async fn serve(config: Config, log_level: LogLevel) -> Result<Ending, StartError> {
    // Whatever is created from here on is for the owner only.
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    make_data_dir(&config)?;
    let _lock = DataLock::take(&config.data_dir, &config.socket)?;
    let service_manager = ServiceManager::from_environment();
    let supervisor = Supervisor::start();
    let arbiters = Arbiters::start(session_threads());
    let clock = Clock::system();
    let changes = Arc::new(Changes::default());
    let daemon_id = clock.new_id();
    let redis = stores::open_redis(&config, &supervisor, daemon_id, Arc::clone(&changes)).await;
    let redis = redis.map_err(StartError::Redis)?;
    let told = Arc::clone(&changes);
    let opened = stores::open(&config, &supervisor, &arbiters, clock.clone(), told, redis.clone()).await;
    let (store, handle) = opened.map_err(StartError::Store)?;
    let listener = match Listener::inherited(&config.socket)? {
        Some(listener) => listener,
        None => Listener::bind(&config.socket)?,
    };
    let shutdown = Shutdown::default();
    let shared_answers = redis.clone().zip(handle.snapshots(&supervisor)).map(|(redis, snapshots)| {
        Arc::new(SharedCache::new(redis, Arc::clone(&changes), snapshots, config.redis_cache_ttl))
    });
    let parts = Parts {
        daemon_id,
        clock,
        store,
        changes,
        redis,
        shared_answers,
        supervisor,
        shutdown: shutdown.clone(),
        socket: listener.path().to_owned(),
        managed: service_manager.is_there,
    };
    let services = Arc::new(Services::new(config, parts));
    handle.follow(&services).await.map_err(StartError::Store)?;
    say_permissions(&services).await;
    share_limits(&services).map_err(StartError::Redis)?;
    share_answers(&services).map_err(StartError::Redis)?;
    back_up(&services).map_err(StartError::Store)?;
    // The first write does not have to wait for it.
    drop(tokio::task::spawn_blocking(secrets::prepare));
    watch(&services, handle.clone(), log_level, service_manager);
    info!(socket = %services.socket.display(), data_dir = %services.config.data_dir.display(), "ready");
    service_manager.ready();
    accept(listener, &arbiters, &services).await;
    service_manager.stopping();
    Ok(finish(&services, handle).await)
}

/// Says what agents may do, and reads what was said of them. A store that is away is asked again later.
async fn say_permissions(services: &Services) {
    let chosen = services.config.permissions;
    info!(mode = chosen.mode.name(), protected = chosen.protected.name(), "permissions: {}", chosen.reason);
    if let Err(error) = services.permissions.current(services).await {
        warn!("permissions are not known yet: {}", error.message);
    }
}

/// Keeps the rate limits together with those of the other daemons, where they share Redis.
fn share_limits(services: &Services) -> Result<(), StoreError> {
    let Some(cluster) = services.cluster_limits.clone() else { return Ok(()) };
    actors::keep_running(&services.supervisor, "rate-limits".to_owned(), move || {
        let cluster = Arc::clone(&cluster);
        async move { cluster.keep_up().await }
    })
}

/// Leaves answers for the other daemons, where they share Redis.
fn share_answers(services: &Services) -> Result<(), StoreError> {
    let Some(answers) = services.shared_answers.clone() else { return Ok(()) };
    let looking = Arc::clone(&answers);
    actors::keep_running(&services.supervisor, "shared-cache".to_owned(), move || {
        let answers = Arc::clone(&answers);
        async move { answers.store().await }
    })?;
    actors::keep_running(&services.supervisor, "shared-cache-look".to_owned(), move || {
        let answers = Arc::clone(&looking);
        async move { answers.look().await }
    })
}

/// Makes backups when they are due.
fn back_up(services: &Arc<Services>) -> Result<(), StoreError> {
    let Some(schedule) = services.backups.schedule() else { return Ok(()) };
    let services_of_task = Arc::clone(services);
    actors::keep_running(&services.supervisor, "backup-schedule".to_owned(), move || {
        backups::keep_up(Arc::clone(&services_of_task), schedule.clone())
    })
}

/// Accepts until the end begins. The socket is gone after that.
async fn accept(listener: Listener, arbiters: &Arbiters, services: &Arc<Services>) {
    let mut next = 0;
    let mut looks = tokio::time::interval(Duration::from_secs(2));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = looks.tick() => {
                if !listener.is_in_place() {
                    // Nobody can reach this daemon any more, and its lock keeps others from starting.
                    services.shutdown.advance(Phase::Draining, "the socket was removed or replaced");
                }
                continue;
            }
            () = services.shutdown.reached(Phase::Draining) => return,
        };
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                // Out of descriptors, most likely: others may be given back meanwhile.
                error!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        if let Err(reason) = check_peer(&stream) {
            warn!("refused a connection: {reason}");
            continue;
        }
        let services = Arc::clone(services);
        let started = Detached::new(stream).map(|detached| {
            arbiters.spawn_on(next, move || match detached.attach() {
                Ok(stream) => actors::spawn_local(session::serve(stream, services)),
                Err(error) => error!(%error, "cannot serve a connection"),
            })
        });
        if let Err(error) = started {
            error!(%error, "cannot serve a connection");
        }
        next += 1;
    }
}

/// Starts everything that watches: signals, idleness, the watchdog, and the limiter's memory.
fn watch(
    services: &Arc<Services>,
    handle: StoreHandle,
    log_level: LogLevel,
    service_manager: ServiceManager,
) {
    let reloading = Arc::clone(services);
    let signals = lifecycle::watch_signals(services.shutdown.clone(), move || reload(&reloading, &log_level));
    // Before anybody is told that the daemon is ready: who knows may stop it at once.
    match signals {
        Ok(signals) => actors::spawn_local(signals),
        Err(error) => error!(%error, "signals are not watched"),
    }
    let config = &services.config;
    if config.started_by_client && !services.managed && !config.idle_exit.is_zero() {
        let connections = services.counters.connections.subscribe();
        actors::spawn_local(lifecycle::watch_idle(connections, config.idle_exit, services.shutdown.clone()));
    }
    if let Some(period) = service_manager.watchdog {
        actors::spawn_local(watchdog(Arc::clone(services), service_manager, period / 2));
    }
    actors::spawn_local(abandoned::look_after(Arc::clone(services)));
    actors::spawn_local(audit::keep_up(Arc::clone(services)));
    actors::spawn_local(tidy(Arc::clone(services), handle));
}

/// Tells the service manager that all is well, as long as a store inside the process answers. A
/// server that is away is no fault of the daemon, and a restart would not mend it.
async fn watchdog(services: Arc<Services>, service_manager: ServiceManager, period: Duration) {
    let mut ticks = tokio::time::interval(period);
    loop {
        ticks.tick().await;
        if services.config.store.is_outside() {
            service_manager.alive();
            continue;
        }
        let read = services.store.entries.next_validity_change(services.clock.now_ms());
        match tokio::time::timeout(period, read).await {
            Ok(Ok(_)) => service_manager.alive(),
            Ok(Err(error)) => {
                error!(%error, "the store does not answer; the service manager is not told that all is well")
            }
            Err(_) => error!("the store is stuck; the service manager is not told that all is well"),
        }
    }
}

/// Forgets what nobody needs: idle agents' allowances, and memory that a peak left behind. It measures how
/// much is asked of the daemon. While the daemon is used, it logs how the readers are, if that is asked for.
async fn tidy(services: Arc<Services>, handle: StoreHandle) {
    let mut ticks = tokio::time::interval(Duration::from_secs(2));
    let mut trimmer = Trimmer::default();
    let mut requests = 0;
    loop {
        ticks.tick().await;
        services.counters.measure_rate();
        services.counters.latencies.turn(std::time::Instant::now());
        let live = services.live.load();
        live.limiter.tidy();
        let total = services.counters.health().total;
        if total == requests {
            trimmer.trim();
        } else if live.config.perf {
            let (readers, idle, waiting) = handle.load();
            info!(readers, idle, waiting, "perf: connection pool");
        }
        requests = total;
    }
}

/// Reads the settings again, takes up what can be, and says what cannot.
fn reload(services: &Services, log_level: &LogLevel) {
    let file = services.config.settings_file.as_deref().map(std::fs::read_to_string).transpose();
    let settings = match file {
        Ok(file) => Settings::resolve(std::env::vars(), file.as_deref()).map_err(|error| error.to_string()),
        Err(error) => Err(format!("the settings file cannot be read: {error}")),
    };
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => {
            error!("the settings stay as they are: {error}");
            return;
        }
    };
    let current = services.live.load_full();
    for (old, new) in current.settings.iter().zip(settings.iter()) {
        if old.value == new.value {
            continue;
        }
        let name = new.setting.name;
        if new.setting.reloadable {
            info!("{name} is now {:?} (was {:?})", new.shown(), old.shown());
        } else {
            warn!("{name} changed to {:?}, which needs a restart; it stays {:?}", new.shown(), old.shown());
        }
    }
    log_level.set(&settings);
    services.live.store(Arc::new(Live::new(settings, services.cluster_limits.clone())));
    services.answers.clear();
    info!("settings read again");
}

/// Waits for the sessions to finish what they accepted, then closes the store.
async fn finish(services: &Services, handle: StoreHandle) -> Ending {
    let mut connections = services.counters.connections.subscribe();
    let drained = async {
        let _ = connections.wait_for(|count| *count == 0).await;
    };
    let hard = tokio::select! {
        () = drained => false,
        () = services.shutdown.reached(Phase::Now) => true,
        () = tokio::time::sleep(services.config.shutdown_timeout) => {
            warn!("requests that did not finish in time are given up");
            false
        }
    };
    if hard {
        return Ending::Hard;
    }
    tokio::select! {
        () = close(services, &handle) => {
            info!("stopped");
            Ending::Clean
        }
        () = services.shutdown.reached(Phase::Now) => Ending::Hard,
    }
}

/// Closes the store; after that nothing changes through this daemon. Nothing is asked of it any more, so
/// it has no part in the rate limits.
async fn close(services: &Services, handle: &StoreHandle) {
    let departed = async {
        if let Some(cluster) = &services.cluster_limits {
            cluster.depart().await;
        }
    };
    audit::say_the_rest(services).await;
    tokio::join!(handle.close(), departed);
    if let Some(redis) = &services.redis {
        redis.say_goodbye().await;
    }
}

/// Makes the directory of the store, for its owner only.
pub(crate) fn make_data_dir(config: &Config) -> Result<(), StartError> {
    make_private_dir(&config.data_dir).map_err(|error| StartError::DataDir {
        path: config.data_dir.display().to_string(),
        cause: error.to_string(),
    })
}

fn session_threads() -> usize {
    const THREADS_MAX: usize = 4;
    std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX)
}
