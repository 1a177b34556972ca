//! The daemon's configuration: typed values from the settings, and those that SIGHUP may change.

use std::{path::PathBuf, time::Duration};

use agent_memory_proto::settings::Settings;

use crate::{
    backups::Schedule,
    breaker::BreakerOptions,
    limiter::{Limit, Limits},
    permissions::{ChosenMode, Mode, Protected},
    redis::RedisOptions,
    store::{AuditLimits, SecretHash, SecretsMode, postgres::PostgresOptions},
};

/// What stays as it is for the daemon's life.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which store.
    pub store: StoreKind,
    /// The directory of the store.
    pub data_dir: PathBuf,
    /// The socket to listen on.
    pub socket: PathBuf,
    /// Whether a client started this daemon, so that it exits when nobody needs it.
    pub started_by_client: bool,
    /// How long without connections until then; zero means never.
    pub idle_exit: Duration,
    /// Deadline of a request that names none.
    pub request_timeout: Duration,
    /// How long accepted requests may take to finish at the end.
    pub shutdown_timeout: Duration,
    /// Most connections.
    pub connections_max: usize,
    /// Most requests under way on one connection.
    pub in_flight_max: usize,
    /// Largest payload of a frame.
    pub frame_bytes_max: u32,
    /// Whether each commit reaches the disk before it is acknowledged.
    pub synchronous_full: bool,
    /// How long SQLite waits for a lock of another program.
    pub busy_timeout: Duration,
    /// Threads for searches.
    pub readers: usize,
    /// Size beyond which the write-ahead log is checkpointed at once.
    pub wal_limit_bytes: u64,
    /// Most answers in the query cache.
    pub query_cache_entries: u64,
    /// Most bytes in the query cache.
    pub query_cache_bytes: u64,
    /// How long an answer is left for other daemons; zero leaves none.
    pub redis_cache_ttl: Duration,
    /// Redis, where daemons share it.
    pub redis: Option<Box<RedisOptions>>,
    /// When the breakers of services outside the daemon open and close.
    pub breaker: BreakerOptions,
    /// Whether answers from the cache, marked as degraded, are given while the store cannot be reached.
    pub serve_stale: bool,
    /// Entries that one import may have.
    pub import_entries_max: u64,
    /// When backups are made, if they are made by themselves.
    pub backup_schedule: Option<Schedule>,
    /// Two agents' updates within this time are a conflict.
    pub conflict_window_ms: i64,
    /// How long nothing may happen in a session before it ends by itself; zero means for ever.
    pub session_timeout: Duration,
    /// How long the audit is kept, and how much of it.
    pub audit: AuditLimits,
    /// What agents may do where nothing was said, and why.
    pub permissions: ChosenMode,
    /// Whether an agent's name counts only with its token.
    pub proves_names: bool,
    /// What is done about secrets in what is written.
    pub secrets: SecretsMode,
    /// The key that what can do harm asks for.
    pub admin_key: Option<AdminKey>,
    /// The settings it was made from.
    pub settings: Settings,
    /// The settings file, if there is one.
    pub settings_file: Option<PathBuf>,
}

/// Which store, and how to reach it if it is not in the data directory.
#[derive(Clone, Debug)]
pub enum StoreKind {
    /// Embedded.
    Sqlite,
    /// A PostgreSQL server.
    Postgres(Box<PostgresOptions>),
}

impl StoreKind {
    /// Whether the store is a service outside the process.
    #[must_use]
    pub fn is_outside(&self) -> bool {
        match self {
            Self::Sqlite => false,
            Self::Postgres(_) => true,
        }
    }
}

/// What SIGHUP may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveConfig {
    /// Whether times are logged.
    pub perf: bool,
    /// How long an answer may come from the cache.
    pub query_cache_ttl: Duration,
    /// How long a scope's parents are remembered.
    pub scope_cache_ttl: Duration,
    /// Tokens of a context whose caller names none.
    pub context_tokens: u32,
    /// The rate limits.
    pub limits: Limits,
}

/// A secret. Never shown.
#[derive(Clone)]
pub struct AdminKey(SecretHash);

impl AdminKey {
    /// Whether this is the key, in constant time.
    #[must_use]
    pub fn matches(&self, given: &str) -> bool {
        self.0 == SecretHash::of(given)
    }
}

impl std::fmt::Debug for AdminKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdminKey(secret)")
    }
}

/// Where the store and the socket are.
#[derive(Clone, Debug)]
pub struct Places {
    /// The directory of the store.
    pub data_dir: PathBuf,
    /// The socket to listen on.
    pub socket: PathBuf,
    /// The settings file, if there is one.
    pub settings_file: Option<PathBuf>,
}

const MEBIBYTE: u64 = 1024 * 1024;
const READERS_MAX: usize = 4;

impl Config {
    /// Reads the settings, each of which is already checked.
    ///
    /// # Errors
    /// When settings contradict each other, or the address of the database cannot be read.
    pub fn new(settings: Settings, places: Places, started_by_client: bool) -> Result<Self, String> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let readers = match count(&settings, "DB_READERS") {
            0 => cores.min(READERS_MAX),
            readers => readers,
        };
        let cache_mb = settings.number("QUERY_CACHE_MEMORY_MB").min(settings.number("CACHE_LIMIT_MB"));
        let store = match settings.text("DB_TYPE") {
            Some("postgresql") => StoreKind::Postgres(Box::new(PostgresOptions::from_settings(&settings)?)),
            _ => StoreKind::Sqlite,
        };
        let permissions = chosen_mode(&settings, &store);
        let redis = RedisOptions::from_settings(&settings, &places.data_dir)?.map(Box::new);
        Ok(Self {
            store,
            redis,
            permissions,
            data_dir: places.data_dir,
            socket: places.socket,
            started_by_client,
            idle_exit: millis(&settings, "IDLE_EXIT_MS"),
            request_timeout: millis(&settings, "REQUEST_TIMEOUT_MS"),
            shutdown_timeout: millis(&settings, "SHUTDOWN_TIMEOUT_MS"),
            connections_max: count(&settings, "MAX_CONNECTIONS"),
            in_flight_max: count(&settings, "MAX_IN_FLIGHT"),
            frame_bytes_max: small(&settings, "MAX_FRAME_BYTES"),
            synchronous_full: settings.text("DB_SYNCHRONOUS") == Some("full"),
            busy_timeout: millis(&settings, "DB_BUSY_TIMEOUT_MS"),
            readers,
            wal_limit_bytes: settings.number("WAL_LIMIT_MB") * MEBIBYTE,
            query_cache_entries: settings.number("QUERY_CACHE_SIZE"),
            query_cache_bytes: cache_mb * MEBIBYTE,
            redis_cache_ttl: millis(&settings, "REDIS_CACHE_TTL_MS"),
            breaker: BreakerOptions {
                failure_threshold: small(&settings, "CB_FAILURE_THRESHOLD"),
                reset_timeout: millis(&settings, "CB_RESET_TIMEOUT_MS"),
                success_threshold: small(&settings, "CB_SUCCESS_THRESHOLD"),
            },
            serve_stale: settings.flag("SERVE_STALE"),
            backup_schedule: Schedule::from_settings(&settings)?,
            import_entries_max: settings.number("MAX_IMPORT_ENTRIES"),
            conflict_window_ms: i64::try_from(settings.number("CONFLICT_WINDOW_MS")).unwrap_or(i64::MAX),
            session_timeout: millis(&settings, "SESSION_TIMEOUT_MS"),
            audit: audit_limits(&settings),
            proves_names: settings.text("AGENT_AUTH") == Some("token"),
            secrets: SecretsMode::from_name(settings.text("SECRETS")),
            admin_key: settings.text("ADMIN_KEY").map(|key| AdminKey(SecretHash::of(key))),
            settings,
            settings_file: places.settings_file,
        })
    }
}

impl LiveConfig {
    /// Reads the settings that SIGHUP may change.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let limit = |name: &str| Limit {
            max: small(settings, &format!("RATE_LIMIT_{name}_MAX")),
            window: millis(settings, &format!("RATE_LIMIT_{name}_WINDOW_MS")),
        };
        Self {
            perf: settings.flag("PERF"),
            query_cache_ttl: millis(settings, "QUERY_CACHE_TTL_MS"),
            scope_cache_ttl: millis(settings, "SCOPE_CACHE_TTL_MS"),
            context_tokens: small(settings, "CONTEXT_TOKENS"),
            limits: Limits {
                enabled: settings.flag("RATE_LIMIT"),
                per_agent: limit("PER_AGENT"),
                burst: limit("BURST"),
                global: limit("GLOBAL"),
            },
        }
    }
}

/// A store of one person's own is open to that person's agents; one that a team shares is not, until somebody
/// says what they may do.
fn chosen_mode(settings: &Settings, store: &StoreKind) -> ChosenMode {
    let (mode, reason) = match (settings.text("PERMISSIONS_MODE"), store) {
        (Some("strict"), _) => (Mode::Strict, "AGENT_MEMORY_PERMISSIONS_MODE says so"),
        (Some(_), _) => (Mode::Permissive, "AGENT_MEMORY_PERMISSIONS_MODE says so"),
        (None, StoreKind::Sqlite) => (Mode::Permissive, "an SQLite store belongs to one user"),
        (None, StoreKind::Postgres(_)) => (Mode::Strict, "a PostgreSQL store may be shared by many"),
    };
    let protected = settings.text("PROTECTED").map(Protected::of_setting).unwrap_or_default();
    ChosenMode { mode, reason, protected }
}

/// How long the audit is kept, and how much of it.
fn audit_limits(settings: &Settings) -> AuditLimits {
    const DAY_MS: i64 = 24 * 3_600_000;
    let number = |name| i64::try_from(settings.number(name)).unwrap_or(i64::MAX);
    AuditLimits { kept_ms: number("AUDIT_DAYS").saturating_mul(DAY_MS), lines_max: number("AUDIT_MAX_LINES") }
}

fn millis(settings: &Settings, name: &str) -> Duration {
    Duration::from_millis(settings.number(name))
}

fn count(settings: &Settings, name: &str) -> usize {
    usize::try_from(settings.number(name)).unwrap_or(usize::MAX)
}

fn small(settings: &Settings, name: &str) -> u32 {
    u32::try_from(settings.number(name)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places { data_dir: "/data".into(), socket: "/socket".into(), settings_file: None }
    }

    #[test]
    fn every_name_is_in_the_registry() {
        let config = Config::new(Settings::resolve([], None).expect("defaults"), places(), true)
            .expect("a configuration");
        assert_eq!(config.idle_exit, Duration::from_secs(1_800));
        assert_eq!(LiveConfig::new(&config.settings).limits.burst.max, 50);
        assert!(config.synchronous_full);
    }

    #[test]
    fn the_admin_key_is_compared_and_never_shown() {
        let variable = ("AGENT_MEMORY_ADMIN_KEY".to_owned(), "sesame".to_owned());
        let settings = Settings::resolve([variable], None).expect("resolves");
        let config = Config::new(settings, places(), false).expect("a configuration");
        let key = config.admin_key.as_ref().expect("a key");
        assert!(key.matches("sesame"));
        assert!(!key.matches("sesam"));
        assert!(!format!("{key:?}").contains("sesame"));
    }
}
