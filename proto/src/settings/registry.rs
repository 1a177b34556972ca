//! The list of settings. A setting that is not here does not exist.

/// What every variable starts with; a TOML key is the rest in lower case.
pub const PREFIX: &str = "AGENT_MEMORY_";

/// What a setting allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// Any text.
    Text,
    /// A path.
    Path,
    /// A text that is never shown.
    Secret,
    /// `1|true|yes|on` or `0|false|no|off`.
    Flag,
    /// A whole number in a range, both ends included.
    Number {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name without the prefix.
    pub name: &'static str,
    /// What it allows.
    pub kind: SettingKind,
    /// Its default, as text; empty for none.
    pub default: &'static str,
    /// Whether SIGHUP takes up a new value.
    pub reloadable: bool,
    /// What it does, in one sentence.
    pub doc: &'static str,
}

const fn number(name: &'static str, default: &'static str, min: u64, max: u64, doc: &'static str) -> Setting {
    Setting { name, kind: SettingKind::Number { min, max }, default, reloadable: false, doc }
}

const fn other(name: &'static str, kind: SettingKind, default: &'static str, doc: &'static str) -> Setting {
    Setting { name, kind, default, reloadable: false, doc }
}

const fn reloadable(setting: Setting) -> Setting {
    Setting { reloadable: true, ..setting }
}

const YEAR_MS: u64 = 366 * 24 * 3_600_000;

/// Every setting, in the order of the documentation.
pub const ALL: &[Setting] = &[
    other("DATA_DIR", SettingKind::Path, "", "Directory of the store; the platform's data home when not set"),
    other(
        "SOCKET",
        SettingKind::Path,
        "",
        "Path of the daemon's socket; derived from the data directory when not set",
    ),
    other(
        "CONFIG",
        SettingKind::Path,
        "",
        "Path of the settings file; config.toml in the platform's config home when not set",
    ),
    other(
        "DAEMON",
        SettingKind::Path,
        "",
        "Path of the agent-memoryd executable that clients start; the one beside the client, else on PATH",
    ),
    number(
        "IDLE_EXIT_MS",
        "1800000",
        0,
        YEAR_MS,
        "A daemon that a client started exits after this long without connections; 0 means never",
    ),
    number("START_TIMEOUT_MS", "10000", 100, 600_000, "How long a client waits for a daemon that it started"),
    number("REQUEST_TIMEOUT_MS", "30000", 100, 3_600_000, "Deadline of a request whose caller names none"),
    number(
        "SHUTDOWN_TIMEOUT_MS",
        "10000",
        0,
        600_000,
        "How long accepted requests may take to finish after SIGTERM",
    ),
    number("MAX_CONNECTIONS", "1024", 1, 65_536, "Most connections at once"),
    number("MAX_IN_FLIGHT", "256", 1, 65_536, "Most requests under way on one connection"),
    number("MAX_FRAME_BYTES", "16777216", 65_536, 1_073_741_824, "Largest frame, in bytes"),
    reloadable(other(
        "LOG_LEVEL",
        SettingKind::Choice(&["error", "warn", "info", "debug", "trace"]),
        "info",
        "What is logged",
    )),
    other("LOG_FORMAT", SettingKind::Choice(&["text", "json"]), "text", "How it is logged"),
    reloadable(other(
        "PERF",
        SettingKind::Flag,
        "0",
        "Log the time of every request and query, cache hits and misses, and rate limiting",
    )),
    other("DB_TYPE", SettingKind::Choice(&["sqlite", "postgresql"]), "sqlite", "Which store"),
    number("DB_BUSY_TIMEOUT_MS", "5000", 0, 600_000, "How long SQLite waits for a lock of another program"),
    other(
        "DB_SYNCHRONOUS",
        SettingKind::Choice(&["full", "normal"]),
        "full",
        "full: an acknowledged write survives a power cut; normal: it survives a crash of the daemon only",
    ),
    number("DB_READERS", "0", 0, 64, "Reader threads for searches; 0 means one per core, at most 4"),
    number("WAL_LIMIT_MB", "64", 1, 65_536, "Size beyond which the write-ahead log is checkpointed at once"),
    other(
        "PG_URL",
        SettingKind::Secret,
        "",
        "Connection of PostgreSQL as postgres://user:password@host:port/database; the other PG_ settings fill in what it leaves out",
    ),
    other(
        "PG_HOST",
        SettingKind::Text,
        "localhost",
        "Host of the PostgreSQL server, or the directory of its Unix socket",
    ),
    number("PG_PORT", "5432", 1, 65_535, "Port of the PostgreSQL server"),
    other("PG_DATABASE", SettingKind::Text, "agent_memory", "Database on the PostgreSQL server"),
    other("PG_USER", SettingKind::Text, "agent_memory", "Role that the daemon connects as"),
    other(
        "PG_PASSWORD",
        SettingKind::Secret,
        "",
        "Password of that role; from the file that PGPASSFILE names (~/.pgpass) when not set",
    ),
    other(
        "PG_SSL",
        SettingKind::Flag,
        "0",
        "Whether to connect over TLS only, checking the server's certificate and host name",
    ),
    other(
        "PG_SSL_REJECT_UNAUTHORIZED",
        SettingKind::Flag,
        "1",
        "0 takes any certificate: the connection is encrypted, but anybody may answer it",
    ),
    other(
        "PG_SSL_CA",
        SettingKind::Path,
        "",
        "PEM file with the authorities that may sign the server's certificate; those of the system when not set",
    ),
    number("PG_POOL_MIN", "2", 0, 1_000, "Connections that are kept open"),
    number("PG_POOL_MAX", "10", 1, 1_000, "Most connections of this daemon, beside the one for events"),
    number(
        "PG_IDLE_TIMEOUT_MS",
        "30000",
        1_000,
        YEAR_MS,
        "A connection beyond PG_POOL_MIN is closed after this long without use",
    ),
    number(
        "PG_CONNECTION_TIMEOUT_MS",
        "10000",
        100,
        600_000,
        "How long a request waits for a connection of the pool, and a new connection for the server",
    ),
    number("PG_STATEMENT_TIMEOUT_MS", "30000", 100, 3_600_000, "How long one statement may take"),
    other(
        "PG_EVENTS_URL",
        SettingKind::Secret,
        "",
        "Direct connection for events where PG_URL or PG_HOST is a pooler in transaction mode, which carries none",
    ),
    other(
        "PG_MIGRATE",
        SettingKind::Flag,
        "1",
        "Whether the daemon brings the schema up to date; 0 leaves that to `agent-memory db migrate`",
    ),
    other(
        "REDIS_ENABLED",
        SettingKind::Flag,
        "0",
        "Whether the daemons of one PostgreSQL database also share a Redis server",
    ),
    other(
        "REDIS_URL",
        SettingKind::Secret,
        "",
        "Address of Redis as redis://user:password@host:port/db, rediss:// for TLS, redis+unix:///path for a socket; the other REDIS_ settings fill in what it leaves out",
    ),
    other(
        "REDIS_HOST",
        SettingKind::Text,
        "localhost",
        "Host of the Redis server, or the path of its Unix socket",
    ),
    number("REDIS_PORT", "6379", 1, 65_535, "Port of the Redis server"),
    other(
        "REDIS_USERNAME",
        SettingKind::Text,
        "",
        "User of Redis's access list; its default user when not set",
    ),
    other("REDIS_PASSWORD", SettingKind::Secret, "", "Password of that user"),
    number("REDIS_DB", "0", 0, 65_535, "Number of the database on the Redis server"),
    other(
        "REDIS_TLS",
        SettingKind::Flag,
        "0",
        "Whether to connect over TLS only, checking the server's certificate and host name",
    ),
    other(
        "REDIS_TLS_REJECT_UNAUTHORIZED",
        SettingKind::Flag,
        "1",
        "0 takes any certificate: the connection is encrypted, but anybody may answer it",
    ),
    other(
        "REDIS_TLS_CA",
        SettingKind::Path,
        "",
        "PEM file with the authorities that may sign the server's certificate; those of the system when not set",
    ),
    other(
        "REDIS_SENTINELS",
        SettingKind::Text,
        "",
        "Sentinels that say where the Redis server is, as host:port,host:port; without a port 26379",
    ),
    other("REDIS_SENTINEL_MASTER", SettingKind::Text, "mymaster", "What the sentinels call the server"),
    other(
        "REDIS_SENTINEL_USERNAME",
        SettingKind::Text,
        "",
        "User of the sentinels' access list; their default user when not set",
    ),
    other(
        "REDIS_SENTINEL_PASSWORD",
        SettingKind::Secret,
        "",
        "Password of that user, where the sentinels ask for one",
    ),
    other(
        "REDIS_CLUSTER",
        SettingKind::Flag,
        "0",
        "Whether the Redis server is a node of a cluster, which names the others",
    ),
    other(
        "REDIS_CLUSTER_NODES",
        SettingKind::Text,
        "",
        "Nodes of the cluster to ask for the others, as host:port,host:port; REDIS_HOST alone when not set",
    ),
    other(
        "REDIS_KEY_PREFIX",
        SettingKind::Text,
        "agentmem:",
        "How every key and channel begins; the same for all daemons of a database",
    ),
    other(
        "REDIS_EVENT_CHANNEL",
        SettingKind::Text,
        "",
        "Channel on which daemons tell each other of their changes; `events` behind the key prefix when not set",
    ),
    number(
        "REDIS_LOCK_TTL_MS",
        "3600000",
        1_000,
        86_400_000,
        "How long Redis shows a lock of a file at most, unless it is renewed; the lock itself lasts as long as it was asked for",
    ),
    number(
        "REDIS_LOCK_RETRY_COUNT",
        "3",
        0,
        100,
        "How often it is tried again to show a lock in Redis, or its end, when Redis does not answer",
    ),
    number("REDIS_LOCK_RETRY_DELAY_MS", "100", 1, 60_000, "How long to wait before each of these tries"),
    number(
        "REDIS_CACHE_TTL_MS",
        "3600000",
        0,
        YEAR_MS,
        "How long an answer that daemons leave for each other in Redis is kept at most; 0 leaves none",
    ),
    number("REDIS_CONNECT_TIMEOUT_MS", "1000", 10, 60_000, "How long a connection to Redis may take"),
    number(
        "REDIS_RESPONSE_TIMEOUT_MS",
        "500",
        10,
        60_000,
        "How long Redis may take to answer; after that it is not asked until it is known to answer again",
    ),
    number(
        "CB_FAILURE_THRESHOLD",
        "5",
        1,
        1_000,
        "Failures in a row after which a service outside the daemon is left alone",
    ),
    number(
        "CB_RESET_TIMEOUT_MS",
        "30000",
        10,
        3_600_000,
        "How long it is left alone before it is tried again",
    ),
    number("CB_SUCCESS_THRESHOLD", "2", 1, 1_000, "Successes in a row after which it is used as before"),
    other(
        "SERVE_STALE",
        SettingKind::Flag,
        "1",
        "Whether answers from the cache, marked as degraded, are given while the store cannot be reached",
    ),
    number("QUERY_CACHE_SIZE", "1000", 0, 10_000_000, "Most results in the query cache; 0 switches it off"),
    number("QUERY_CACHE_MEMORY_MB", "200", 1, 1_048_576, "Most memory of the query cache"),
    reloadable(number(
        "QUERY_CACHE_TTL_MS",
        "300000",
        0,
        YEAR_MS,
        "How long a result may be answered from the cache; 0 means not at all",
    )),
    reloadable(number(
        "SCOPE_CACHE_TTL_MS",
        "600000",
        0,
        YEAR_MS,
        "How long a scope's parents are remembered",
    )),
    number("CACHE_LIMIT_MB", "512", 1, 1_048_576, "Most memory of all caches together"),
    reloadable(other("RATE_LIMIT", SettingKind::Flag, "1", "Whether requests are limited")),
    reloadable(number(
        "RATE_LIMIT_PER_AGENT_MAX",
        "500",
        1,
        100_000_000,
        "Requests of one agent in its window",
    )),
    reloadable(number(
        "RATE_LIMIT_PER_AGENT_WINDOW_MS",
        "60000",
        1,
        86_400_000,
        "Window of the limit per agent",
    )),
    reloadable(number(
        "RATE_LIMIT_GLOBAL_MAX",
        "5000",
        1,
        100_000_000,
        "Requests of all agents in the window",
    )),
    reloadable(number("RATE_LIMIT_GLOBAL_WINDOW_MS", "60000", 1, 86_400_000, "Window of the limit for all")),
    reloadable(number(
        "RATE_LIMIT_BURST_MAX",
        "50",
        1,
        100_000_000,
        "Requests of one agent in the burst window",
    )),
    reloadable(number("RATE_LIMIT_BURST_WINDOW_MS", "1000", 1, 86_400_000, "Window of the burst limit")),
    reloadable(number("CONTEXT_TOKENS", "2000", 100, 100_000, "Tokens of a context whose caller names none")),
    number(
        "CONFLICT_WINDOW_MS",
        "5000",
        0,
        86_400_000,
        "Two agents' updates within this time are recorded as a conflict",
    ),
    number(
        "SESSION_TIMEOUT_MS",
        "86400000",
        0,
        YEAR_MS,
        "A session ends by itself after this long without an entry, task or lock in it; 0 means never",
    ),
    other(
        "ADMIN_KEY",
        SettingKind::Secret,
        "",
        "Key that removing a project, importing, unlocking a file by force, changing permissions, registering agents and backups ask for; when not set, the socket's owner may at the command line, and nobody over MCP",
    ),
    other(
        "PERMISSIONS_MODE",
        SettingKind::Choice(&["permissive", "strict"]),
        "",
        "What agents may do where nothing was granted or denied: everything (permissive, the default with SQLite) or nothing (strict, the default with PostgreSQL)",
    ),
    other(
        "PROTECTED",
        SettingKind::Choice(&["none", "guidelines", "global", "guidelines,global"]),
        "none",
        "Entries that only agents who were granted the level admin may write, in either mode: guidelines, those of the global scope, or both",
    ),
    other(
        "AGENT_AUTH",
        SettingKind::Choice(&["none", "token"]),
        "none",
        "What makes an agent's name count: none takes it as it is said, token only with the token that agent-memory \
         agent register gave",
    ),
    other(
        "SECRETS",
        SettingKind::Choice(&["mask", "refuse", "allow"]),
        "mask",
        "What is done about a secret in what is written: mask stores [masked: its kind] in its place, refuse stores \
         nothing, allow looks for none",
    ),
    number("AUDIT_DAYS", "90", 0, 36_500, "Days that the audit is kept; 0 means until it is too long"),
    number(
        "AUDIT_MAX_LINES",
        "1000000",
        1_000,
        1_000_000_000,
        "Lines that the audit has at most; the oldest go first",
    ),
    number("MAX_IMPORT_ENTRIES", "100000", 1, 10_000_000, "Entries that one import may have"),
    other(
        "BACKUP_SCHEDULE",
        SettingKind::Text,
        "",
        "When backups are made, as a cron expression in UTC (`0 3 * * *` for every night at three); never when not set",
    ),
    number("BACKUP_RETENTION", "7", 1, 10_000, "How many scheduled backups are kept"),
    other("BACKUP_ENABLED", SettingKind::Flag, "1", "Whether backups are made by the schedule"),
    other(
        "PROJECT",
        SettingKind::Text,
        "",
        "Project that a client is bound to: an id, a name or a directory",
    ),
    other("AGENT", SettingKind::Text, "", "Agent that a client speaks for"),
    other(
        "AGENT_TOKEN",
        SettingKind::Secret,
        "",
        "Token that a client proves its agent's name with, from agent-memory agent register",
    ),
    other("TOOLS", SettingKind::Choice(&["default", "full"]), "default", "Which tools the MCP bridge lists"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn every_default_is_allowed() {
        for setting in ALL {
            let variable = format!("{PREFIX}{}", setting.name);
            if !setting.default.is_empty() {
                let resolved = Settings::resolve([(variable, setting.default.to_owned())], None);
                assert!(resolved.is_ok(), "{}: {resolved:?}", setting.name);
            }
        }
    }
}
