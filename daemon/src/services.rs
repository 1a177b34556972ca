//! What every session and handler needs: handles to the parts of the daemon, and its counters.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Instant,
};

use agent_memory_proto::{Event, model::Id, response::RequestHealth, settings::Settings};
use arc_swap::ArcSwap;
use tokio::sync::{broadcast, watch};

use crate::{
    audit::Notes,
    backups::Backups,
    cache::{
        CachedReply, Dependencies, Flights, Generations, NextValidityChange, QueryCache, QueryCacheOptions,
        ScopeCache, SharedCache,
    },
    clock::Clock,
    config::{Config, LiveConfig},
    handlers::{Cacheable, Reply},
    hearing::{Channels, PassedOn},
    imports::Imports,
    latencies::Latencies,
    lifecycle::Shutdown,
    limiter::{Cluster, Limiter},
    lock_lines::LockLines,
    permissions::{Guesses, Permissions},
    places,
    redis::{Redis, SharedLimits},
    store::{Change, DaemonName, Store},
    supervisor::{Supervisor, lock},
};

/// Events kept for a subscriber that is slow to read them.
const EVENTS_KEPT: usize = 1_024;

/// An answer for all who asked the same at the same time.
#[derive(Debug)]
pub struct Landed {
    /// The answer.
    pub(crate) reply: Reply,
    /// What must not have changed.
    pub dependencies: Dependencies,
}

/// Handles to the parts of the daemon.
#[derive(Debug)]
pub struct Services {
    /// What stays as it is.
    pub config: Config,
    /// What SIGHUP may change.
    pub live: ArcSwap<Live>,
    /// Time and ids.
    pub clock: Clock,
    /// The store.
    pub store: Store,
    /// Answers.
    pub answers: QueryCache,
    /// Answers that daemons leave for each other, where they share Redis.
    pub shared_answers: Option<Arc<SharedCache>>,
    /// Questions under way.
    pub flights: Flights<Option<Landed>>,
    /// What changed.
    pub changes: Arc<Changes>,
    /// Who waits for which file.
    pub lock_lines: LockLines,
    /// What agents may do.
    pub permissions: Permissions,
    /// Wrong tokens and keys.
    pub(crate) guesses: Guesses,
    /// Scope chains.
    pub chains: ScopeCache,
    /// When the next entry becomes or ceases to be valid.
    pub next_validity_change: NextValidityChange,
    /// Redis, where daemons share it.
    pub redis: Option<Redis>,
    /// Rate limits of all daemons, where they share Redis.
    pub cluster_limits: Option<Arc<Cluster>>,
    /// Keeps the actors running.
    pub supervisor: Supervisor,
    /// The end.
    pub shutdown: Shutdown,
    /// Imports under way.
    pub imports: Imports,
    /// Backups.
    pub backups: Backups,
    /// Counters.
    pub counters: Counters,
    /// What the audit is still to say.
    pub notes: Notes,
    /// This run of the daemon.
    pub daemon_id: Id,
    /// As the audit names it.
    pub daemon: Arc<DaemonName>,
    /// When it began.
    pub started_at: Instant,
    /// Where it really listens.
    pub socket: PathBuf,
    /// Whether a service manager decides its life.
    pub managed: bool,
}

/// The settings that SIGHUP may change, and what is made from them.
#[derive(Debug)]
pub struct Live {
    /// The settings, all of them as they were read last.
    pub settings: Settings,
    /// Those that SIGHUP may change.
    pub config: LiveConfig,
    /// The rate limits.
    pub limiter: Limiter,
}

impl Live {
    /// Makes what the settings ask for.
    #[must_use]
    pub fn new(settings: Settings, cluster: Option<Arc<Cluster>>) -> Self {
        let config = LiveConfig::new(&settings);
        Self { limiter: Limiter::new(config.limits, cluster), config, settings }
    }
}

/// Told of every durable change, by the writer.
#[derive(Debug)]
pub struct Changes {
    /// One number per scope.
    pub generations: Generations,
    events: broadcast::Sender<Arc<Event>>,
    /// Where other daemons' changes are heard.
    channels: Mutex<Channels>,
    /// Other daemons' changes that subscribers were told of.
    passed_on: Mutex<PassedOn>,
}

impl Default for Changes {
    fn default() -> Self {
        Self {
            generations: Generations::default(),
            events: broadcast::Sender::new(EVENTS_KEPT),
            channels: Mutex::default(),
            passed_on: Mutex::default(),
        }
    }
}

impl Changes {
    /// Makes old answers unreachable, then tells the subscribers.
    pub fn publish(&self, change: &Change) {
        self.raise(change);
        if let Some(event) = &change.event {
            self.tell(event.clone());
        }
    }

    fn raise(&self, change: &Change) {
        if change.permissions {
            self.generations.raise_permissions();
        }
        if change.touches_answers() {
            self.generations.raise(change.scope, change.scope_tree);
        }
    }

    /// Tells the subscribers.
    pub fn tell(&self, event: Event) {
        // Without subscribers nobody has to be told.
        let _ = self.events.send(Arc::new(event));
    }

    /// As [`Changes::publish`], for a change of another daemon, which several channels may tell of.
    pub fn publish_of_other(&self, change: &Change) {
        self.raise(change);
        if let Some(event) = &change.event
            && lock(&self.passed_on).is_new(event)
        {
            self.tell(event.clone());
        }
    }

    /// Other daemons' changes are not heard through this channel from now on. When none is left, that
    /// no number was raised says nothing.
    pub fn go_deaf(&self, channel: &'static str, reason: &str) {
        let mut channels = lock(&self.channels);
        channels.set(channel, Some(reason.to_owned()));
        if channels.deaf().is_some() {
            self.generations.go_blind();
        }
    }

    /// Other daemons' changes are heard through this channel from now on. Returns why they were not.
    pub fn hear_again(&self, channel: &'static str) -> Option<String> {
        let mut channels = lock(&self.channels);
        let reason = channels.set(channel, None);
        self.generations.see_again();
        reason
    }

    /// Why other daemons' changes are not heard; `None` while they are, or when there are no others.
    #[must_use]
    pub fn deaf(&self) -> Option<String> {
        lock(&self.channels).deaf()
    }

    /// Why they are not heard through one channel.
    #[must_use]
    pub fn deaf_to(&self, channel: &str) -> Option<String> {
        lock(&self.channels).reason(channel)
    }

    /// From now on, every event.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Event>> {
        self.events.subscribe()
    }
}

/// Counters since the start.
#[derive(Debug)]
pub struct Counters {
    /// Requests.
    pub total: AtomicU64,
    /// Requests answered with an error.
    pub errors: AtomicU64,
    /// Requests refused by a rate limit.
    pub rate_limit_hits: AtomicU64,
    /// Requests under way.
    pub in_flight: AtomicU32,
    /// Requests that change something, whatever came of them.
    pub writes: AtomicU64,
    /// Attempts to lock a file.
    pub locks_asked: AtomicU64,
    /// Those that were refused, since another has the file or was there before.
    pub locks_refused: AtomicU64,
    /// How long requests took.
    pub latencies: Latencies,
    /// Connections that keep the daemon alive.
    pub connections: watch::Sender<usize>,
    /// How many requests there were in a second.
    rate: Mutex<Rate>,
}

/// Requests in a second, between the last two looks.
#[derive(Debug)]
struct Rate {
    per_s: f64,
    total: u64,
    looked_at: Instant,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            total: 0.into(),
            errors: 0.into(),
            rate_limit_hits: 0.into(),
            in_flight: 0.into(),
            writes: 0.into(),
            locks_asked: 0.into(),
            locks_refused: 0.into(),
            latencies: Latencies::default(),
            connections: watch::Sender::new(0),
            rate: Mutex::new(Rate { per_s: 0.0, total: 0, looked_at: Instant::now() }),
        }
    }
}

impl Counters {
    /// Looks how many requests came since the last look.
    #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
    pub fn measure_rate(&self) {
        let (mut rate, total, now) = (lock(&self.rate), self.total.load(Ordering::Relaxed), Instant::now());
        let seconds = now.saturating_duration_since(rate.looked_at).as_secs_f64();
        if seconds > 0.0 {
            let per_s = total.saturating_sub(rate.total) as f64 / seconds;
            *rate = Rate { per_s, total, looked_at: now };
        }
    }

    /// Requests in a second, between the last two looks.
    #[must_use]
    pub fn requests_per_s(&self) -> f64 {
        lock(&self.rate).per_s
    }

    /// How they stand.
    #[must_use]
    pub fn health(&self) -> RequestHealth {
        RequestHealth {
            total: self.total.load(Ordering::Relaxed),
            errors: self.errors.load(Ordering::Relaxed),
            rate_limit_hits: self.rate_limit_hits.load(Ordering::Relaxed),
            in_flight: self.in_flight.load(Ordering::Relaxed),
            connections: u32::try_from(*self.connections.borrow()).unwrap_or(u32::MAX),
        }
    }
}

impl Services {
    /// Puts the parts together.
    #[must_use]
    pub fn new(config: Config, parts: Parts) -> Self {
        let answers = QueryCache::new(QueryCacheOptions {
            entries_max: config.query_cache_entries,
            bytes_max: config.query_cache_bytes,
        });
        let daemon_id = parts.daemon_id;
        let cluster_limits =
            parts.redis.clone().map(|redis| Arc::new(Cluster::new(SharedLimits::new(redis, daemon_id))));
        Self {
            live: ArcSwap::from_pointee(Live::new(config.settings.clone(), cluster_limits.clone())),
            notes: Notes::default(),
            daemon_id,
            daemon: Arc::new(DaemonName { id: daemon_id, host: places::machine() }),
            cluster_limits,
            clock: parts.clock,
            store: parts.store,
            answers,
            shared_answers: parts.shared_answers,
            flights: Flights::default(),
            changes: parts.changes,
            lock_lines: LockLines::default(),
            permissions: Permissions::new(config.permissions),
            guesses: Guesses::default(),
            chains: ScopeCache::default(),
            next_validity_change: NextValidityChange::default(),
            redis: parts.redis,
            supervisor: parts.supervisor,
            shutdown: parts.shutdown,
            imports: Imports::new(config.data_dir.clone(), config.import_entries_max),
            backups: Backups::new(&config.data_dir, config.backup_schedule.clone()),
            counters: Counters::default(),
            started_at: Instant::now(),
            socket: parts.socket,
            managed: parts.managed,
            config,
        }
    }
}

impl Services {
    /// An answer from the cache that nothing is known to have made stale.
    #[must_use]
    pub fn fresh_answer(&self, request: &[u8], now: Instant) -> Option<Arc<CachedReply>> {
        if self.changes.generations.are_blind() {
            return None;
        }
        self.answers.get(request, now)
    }

    /// Keeps an answer for who asks the same, here and at the other daemons.
    pub(crate) fn keep_answer(&self, request: &[u8], payload: &[u8], cacheable: Cacheable) {
        let Cacheable { dependencies, ttl, place } = cacheable;
        if let (Some(shared), Some(place)) = (&self.shared_answers, place) {
            shared.keep(place, payload, &dependencies, ttl);
        }
        let ttl = ttl.min(self.live.load().config.query_cache_ttl);
        self.answers.put(request, payload, dependencies, Instant::now(), ttl);
    }

    /// An answer from the cache, for want of a better one, unless it is known to be wrong.
    #[must_use]
    pub fn stale_answer(&self, request: &[u8]) -> Option<Arc<CachedReply>> {
        if !self.config.serve_stale || !self.config.store.is_outside() {
            return None;
        }
        self.answers.get_stale(request)
    }

    /// Everything may be another: nothing that was read before is answered any more, and who waits for a file
    /// looks again.
    pub fn everything_changed(&self) {
        self.changes.generations.raise_all();
        self.forget_everything();
        self.lock_lines.all_freed();
    }

    /// Drops every cache.
    pub fn forget_everything(&self) {
        self.answers.clear();
        self.chains.clear();
    }
}

/// The parts that are started before the services.
#[derive(Debug)]
pub struct Parts {
    /// This run of the daemon.
    pub daemon_id: Id,
    /// Time and ids.
    pub clock: Clock,
    /// The store.
    pub store: Store,
    /// What the store tells of its changes.
    pub changes: Arc<Changes>,
    /// Redis, where daemons share it.
    pub redis: Option<Redis>,
    /// What daemons leave for each other there.
    pub shared_answers: Option<Arc<SharedCache>>,
    /// Keeps the actors running.
    pub supervisor: Supervisor,
    /// The end.
    pub shutdown: Shutdown,
    /// Where the daemon listens.
    pub socket: PathBuf,
    /// Whether a service manager decides its life.
    pub managed: bool,
}
