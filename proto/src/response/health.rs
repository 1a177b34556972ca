//! How the daemon and its store are.

use crate::codec::{Decode, Encode};

/// The verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum HealthStatus {
    /// A canary was written and read back just now, and nothing is restricted.
    Healthy,
    /// It works, with a restriction that `problems` names.
    Degraded,
    /// Writes or reads fail.
    Unhealthy,
}

impl HealthStatus {
    /// The public name, as `healthy`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// The store.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct DatabaseHealth {
    /// `sqlite` or `postgresql`.
    pub backend: String,
    /// Whether the canary was written and read back.
    pub connected: bool,
    /// Where it is: the file's path, or the address of the server without its password.
    pub location: String,
    /// Version of the database library or server.
    pub engine_version: String,
    /// Version of the schema.
    pub schema_version: u32,
    /// Size of the database, in bytes.
    pub size_bytes: u64,
    /// Size of the write-ahead log of SQLite, in bytes.
    pub wal_bytes: u64,
    /// Space left on its file system, in bytes.
    pub free_bytes: Option<u64>,
    /// Connections open.
    pub pool_size: u32,
    /// Connections not in use.
    pub idle_connections: u32,
    /// Requests waiting for a connection.
    pub waiting: u32,
    /// Time of the canary's write, in microseconds.
    pub write_us: Option<u64>,
    /// Time of the canary's read, in microseconds.
    pub read_us: Option<u64>,
    /// Active entries: guidelines, knowledge, tools.
    pub entries: [u64; 3],
}

/// The query cache.
#[derive(Clone, Copy, Debug, PartialEq, Encode, Decode)]
pub struct CacheHealth {
    /// Results held.
    pub entries: u64,
    /// Their size, in bytes.
    pub memory_bytes: u64,
    /// Most bytes allowed.
    pub memory_limit_bytes: u64,
    /// Answers from the cache since the start.
    pub hits: u64,
    /// Look-ups that found nothing, or nothing fresh.
    pub misses: u64,
}

/// One rate limit.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LimitHealth {
    /// `perAgent`, `global`, `burst`.
    pub name: String,
    /// Requests allowed in the window; 0 when switched off.
    pub max: u32,
    /// The window, in milliseconds.
    pub window_ms: u64,
    /// Requests refused since the start.
    pub hits: u64,
}

/// Requests since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RequestHealth {
    /// All of them.
    pub total: u64,
    /// Answered with an error, without those that a rate limit refused.
    pub errors: u64,
    /// Refused by a rate limit.
    pub rate_limit_hits: u64,
    /// Under way.
    pub in_flight: u32,
    /// Connections open.
    pub connections: u32,
}

/// One circuit breaker.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct BreakerHealth {
    /// The service it guards.
    pub service: String,
    /// `closed`, `open`, `halfOpen`.
    pub state: String,
    /// Failures in a row.
    pub failures: u32,
    /// When it will be tried again.
    pub retry_after_ms: Option<u64>,
}

/// One supervised actor.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ActorHealth {
    /// Its name.
    pub name: String,
    /// Times it was started again after a panic.
    pub restarts: u32,
    /// Why it was started again last.
    pub last_panic: Option<String>,
}

/// The process.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct DaemonHealth {
    /// Its build.
    pub build: String,
    /// Protocol versions it speaks.
    pub protocol: (u16, u16),
    /// Its process id.
    pub process_id: u32,
    /// Since its start, in milliseconds.
    pub uptime_ms: u64,
    /// Its resident memory, in bytes.
    pub resident_bytes: Option<u64>,
    /// Its socket.
    pub socket: String,
    /// Whether a service manager decides its life.
    pub managed: bool,
    /// Its actors.
    pub actors: Vec<ActorHealth>,
}

/// What every version of the report has.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Health {
    /// The verdict.
    pub status: HealthStatus,
    /// What is wrong, in words, with the mend.
    pub problems: Vec<String>,
    /// The process.
    pub daemon: DaemonHealth,
    /// The store.
    pub database: DatabaseHealth,
    /// The query cache.
    pub cache: CacheHealth,
    /// The rate limits.
    pub rate_limits: Vec<LimitHealth>,
    /// The requests.
    pub requests: RequestHealth,
    /// The circuit breakers; none for a store inside the process.
    pub breakers: Vec<BreakerHealth>,
}

/// Redis, beside a store that daemons share.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RedisHealth {
    /// Whether it answered just now.
    pub connected: bool,
    /// Its host, or the path of its socket.
    pub host: String,
    /// Its port; 0 for a socket.
    pub port: u16,
    /// Version of the server; empty when it is not known.
    pub engine_version: String,
    /// Time of a bare question and answer, in microseconds.
    pub ping_us: Option<u64>,
    /// Memory that it uses, in bytes.
    pub memory_bytes: Option<u64>,
    /// Most memory that it may use, in bytes.
    pub memory_limit_bytes: Option<u64>,
    /// Connections that were lost or could not be made, since the daemon's start.
    pub connection_failures: u64,
    /// Whether every change of other daemons is heard through it.
    pub events_heard: bool,
    /// From the sending of a heartbeat to its coming back, in microseconds.
    pub event_lag_us: Option<u64>,
    /// Gaps in what other daemons told, since the daemon's start: at each every cache was dropped.
    pub event_gaps: u64,
    /// Other daemons that tell of their changes.
    pub daemons: u32,
}

/// The report of a daemon that uses Redis, for peers of version 3.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct HealthWithRedis {
    /// As of any daemon.
    pub health: Health,
    /// Redis.
    pub redis: RedisHealth,
}

impl HealthWithRedis {
    /// The first protocol version that knows the report; older peers are sent the part that they know.
    pub const PROTOCOL: u16 = 3;
}

/// Which kind of Redis the settings name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum RedisKind {
    /// One server.
    Single,
    /// A master that sentinels name.
    Sentinel,
    /// Masters that have parts of the keys.
    Cluster,
}

impl RedisKind {
    /// The public name, as `single`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Sentinel => "sentinel",
            Self::Cluster => "cluster",
        }
    }
}

/// Looks of this daemon, since its start, at the answers that daemons leave for each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct SharedCacheHealth {
    /// An answer was there and could be used.
    pub hits: u64,
    /// None was there, or none that is new enough; or Redis did not tell.
    pub misses: u64,
}

/// Redis, and what it is used for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RedisReport {
    /// How it is.
    pub health: RedisHealth,
    /// Which kind it is.
    pub kind: RedisKind,
    /// The cache that daemons share there.
    pub shared_cache: SharedCacheHealth,
}

/// The whole report, of a daemon that uses Redis or not.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct HealthReport {
    /// As of any daemon.
    pub health: Health,
    /// Answers that the query cache gave up for want of room, since the start.
    pub cache_evictions: u64,
    /// Redis, if it is used.
    pub redis: Option<RedisReport>,
}

impl HealthReport {
    /// The first protocol version that knows the report; older peers are sent the part that they know.
    pub const PROTOCOL: u16 = 4;

    /// The report for a peer that speaks this protocol version.
    #[must_use]
    pub fn into_response(self, protocol: u16) -> super::Response {
        use super::Response;
        if protocol >= Self::PROTOCOL {
            return Response::HealthReport(Box::new(self));
        }
        match self.redis.filter(|_| protocol >= HealthWithRedis::PROTOCOL) {
            Some(redis) => {
                let known = HealthWithRedis { health: self.health, redis: redis.health };
                Response::HealthWithRedis(Box::new(known))
            }
            None => Response::Health(Box::new(self.health)),
        }
    }
}

/// The report, with figures that a newer daemon may have more of.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct FullHealthReport {
    /// What daemons of protocol version 4 tell.
    pub report: HealthReport,
    /// Further parts, each with a name of its own.
    pub sections: Vec<HealthSection>,
}

/// A part of the report, as `permissions`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct HealthSection {
    /// Its name.
    pub name: String,
    /// What it tells, in the order in which it is shown.
    pub figures: Vec<HealthFigure>,
}

/// One thing that is told, as `mode`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct HealthFigure {
    /// Its name, with its unit where it has one, as `p99Us`.
    pub name: String,
    /// What it is.
    pub value: FigureValue,
}

/// What a figure is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum FigureValue {
    /// A number.
    Number(u64),
    /// A word or a sentence.
    Text(String),
}

impl HealthSection {
    /// A part without figures.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), figures: Vec::new() }
    }

    /// With one more number.
    #[must_use]
    pub fn number(self, name: &str, value: u64) -> Self {
        self.figure(name, FigureValue::Number(value))
    }

    /// With one more text.
    #[must_use]
    pub fn text(self, name: &str, value: impl Into<String>) -> Self {
        self.figure(name, FigureValue::Text(value.into()))
    }

    fn figure(mut self, name: &str, value: FigureValue) -> Self {
        self.figures.push(HealthFigure { name: name.to_owned(), value });
        self
    }
}

impl std::fmt::Display for FigureValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl FullHealthReport {
    /// The first protocol version that knows the report; older peers are sent the part that they know.
    pub const PROTOCOL: u16 = 5;

    /// What a figure of a part is, if it is told.
    #[must_use]
    pub fn figure(&self, section: &str, name: &str) -> Option<&FigureValue> {
        let section = self.sections.iter().find(|found| found.name == section)?;
        section.figures.iter().find(|figure| figure.name == name).map(|figure| &figure.value)
    }

    /// The report for a peer that speaks this protocol version.
    #[must_use]
    pub fn into_response(self, protocol: u16) -> super::Response {
        if protocol >= Self::PROTOCOL {
            return super::Response::FullHealthReport(Box::new(self));
        }
        self.report.into_response(protocol)
    }
}
