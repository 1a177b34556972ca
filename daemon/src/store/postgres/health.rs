//! How the store is: a canary that is really written and read back through the pool, what the server
//! tells of itself, and what is wrong. A database that is down is told of, quickly.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use agent_memory_proto::{model::EntryKind, response::DatabaseHealth};
use tokio_postgres::Row;

use super::{PostgresStore, columns::get, connection::Connection, migrations, values::value};
use crate::store::{
    HealthStore, StoreError, StoreFuture,
    answers::health::{micros, problem},
};

/// Whoever asks how the store is does not wait longer than this.
const PATIENCE: Duration = Duration::from_secs(3);
/// Connections that other programs of the server should find free.
const FREE_CONNECTIONS_MIN: i64 = 3;

impl HealthStore for PostgresStore {
    fn probe(&self) -> StoreFuture<'_, (DatabaseHealth, Vec<String>)> {
        Box::pin(async move { Ok(self.probe_all().await) })
    }

    fn repeated_writes(&self) -> Option<u64> {
        Some(self.repeated_writes.load(Ordering::Relaxed))
    }
}

/// What the server tells of itself.
struct Facts {
    version: String,
    schema_version: i64,
    is_standby: bool,
    size_bytes: Option<i64>,
    /// Connections that it takes, and that it has.
    connections_max: i64,
    connections: i64,
    entries: [u64; EntryKind::ALL.len()],
}

impl PostgresStore {
    async fn probe_all(&self) -> (DatabaseHealth, Vec<String>) {
        let mut problems = Vec::new();
        let load = self.pool.load();
        if load.waiting > 0 && load.idle == 0 && load.connections >= self.options.pool_max {
            problems.push(format!(
                "all {} connections of the pool are in use and {} requests wait for one; raise \
                 AGENT_MEMORY_PG_POOL_MAX if the server has room, or ask for less at a time",
                load.connections, load.waiting
            ));
        }
        let mut health = self.nothing_known();
        let examined = tokio::time::timeout(PATIENCE, self.examine(&mut health, &mut problems)).await;
        if examined.is_err() {
            health.connected = false;
            problems.push(format!(
                "{} did not answer within {} ms, or no connection of the pool came free; the daemon keeps trying",
                health.location,
                PATIENCE.as_millis()
            ));
        }
        let load = self.pool.load();
        (health.pool_size, health.idle_connections, health.waiting) =
            (load.connections, load.idle, load.waiting);
        (health, problems)
    }

    async fn examine(&self, health: &mut DatabaseHealth, problems: &mut Vec<String>) {
        let connection = match self.lease().await {
            Ok(connection) => connection,
            Err(error) => return problems.push(problem("the database cannot be used", &error)),
        };
        let started = Instant::now();
        let written = write_canary(&connection, self.clock.now_ms()).await;
        match &written {
            Ok(_) => health.write_us = Some(micros(started)),
            Err(error) => problems.push(problem("writes fail", error)),
        }
        let started = Instant::now();
        match (read_canary(&connection).await, &written) {
            (Ok(found), Ok(value)) => {
                health.read_us = Some(micros(started));
                // Every probe adds one, and others may have come after this one.
                health.connected = found >= *value;
                if found < *value {
                    problems.push(format!("the canary {value} was written and {found} read back"));
                }
            }
            (Ok(_), Err(_)) => health.read_us = Some(micros(started)),
            (Err(error), _) => problems.push(problem("reads fail", &error)),
        }
        match facts(&connection).await {
            Ok(facts) => self.take_over(&facts, health, problems),
            Err(error) => problems.push(problem("the server tells nothing of itself", &error)),
        }
    }

    fn take_over(&self, facts: &Facts, health: &mut DatabaseHealth, problems: &mut Vec<String>) {
        let is_pooled = self.connector.is_pooled();
        health.engine_version.clone_from(&facts.version);
        if is_pooled {
            health.engine_version.push_str(" behind a pooler: statements are not kept prepared");
        }
        health.schema_version = u32::try_from(facts.schema_version).unwrap_or(0);
        health.size_bytes = facts.size_bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0);
        health.entries = facts.entries;
        if facts.is_standby {
            problems.push(
                "the server is a read-only standby; name the primary in AGENT_MEMORY_PG_HOST or AGENT_MEMORY_PG_URL"
                    .to_owned(),
            );
        }
        if health.schema_version > migrations::newest() {
            problems.push(format!(
                "the schema is at version {}, and this build knows only {}; update the daemon",
                health.schema_version,
                migrations::newest()
            ));
        }
        if !is_pooled {
            problems.extend(self.shortage(facts));
        }
    }

    /// Whether the server has room for all connections that this pool may open.
    fn shortage(&self, facts: &Facts) -> Option<String> {
        let free = facts.connections_max - facts.connections;
        let to_open = i64::from(self.options.pool_max) - i64::from(self.pool.load().connections);
        (free < to_open.max(FREE_CONNECTIONS_MIN)).then(|| {
            format!(
                "the server has {} of its {} connections in use, and the pool may open {to_open} more; lower \
                 AGENT_MEMORY_PG_POOL_MAX or raise max_connections of the server",
                facts.connections, facts.connections_max
            )
        })
    }

    fn nothing_known(&self) -> DatabaseHealth {
        DatabaseHealth {
            backend: "postgresql".to_owned(),
            connected: false,
            location: self.options.location(),
            engine_version: String::new(),
            schema_version: 0,
            size_bytes: 0,
            wal_bytes: 0,
            free_bytes: None,
            pool_size: 0,
            idle_connections: 0,
            waiting: 0,
            write_us: None,
            read_us: None,
            entries: [0; EntryKind::ALL.len()],
        }
    }
}

/// The canary's new value: no other probe has the same, and later ones have greater ones.
async fn write_canary(connection: &Connection, at_ms: i64) -> Result<i64, StoreError> {
    const SQL: &str = "UPDATE canary SET value = value + 1, at_ms = $1 WHERE id = 1 RETURNING value";
    only(&connection.write(SQL, &[value(&at_ms)]).await?, 0)
}

async fn read_canary(connection: &Connection) -> Result<i64, StoreError> {
    only(&connection.rows("SELECT value FROM canary WHERE id = 1", &[]).await?, 0)
}

fn only(rows: &[Row], column: usize) -> Result<i64, StoreError> {
    match rows {
        [row] => get(row, column),
        _ => Err(StoreError::Corrupt("the table of the canary lost its row".to_owned())),
    }
}

async fn facts(connection: &Connection) -> Result<Facts, StoreError> {
    const SQL: &str = "SELECT current_setting('server_version'), pg_is_in_recovery(), \
        (SELECT max(version)::bigint FROM schema_migrations), \
        CASE WHEN has_database_privilege(current_database(), 'CONNECT') THEN pg_database_size(current_database()) END, \
        current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint, \
        (SELECT sum(numbackends)::bigint FROM pg_stat_database), \
        coalesce(guidelines, 0)::bigint, coalesce(knowledge, 0)::bigint, coalesce(tools, 0)::bigint \
        FROM (SELECT sum(active) FILTER (WHERE kind = 0) AS guidelines, \
        sum(active) FILTER (WHERE kind = 1) AS knowledge, \
        sum(active) FILTER (WHERE kind = 2) AS tools FROM entry_counts) c";
    let rows = connection.rows(SQL, &[]).await?;
    let row = rows.first().ok_or_else(|| StoreError::Other("no answer".to_owned()))?;
    let count = |column| Ok::<_, StoreError>(u64::try_from(get::<i64>(row, column)?).unwrap_or(0));
    Ok(Facts {
        version: get(row, 0)?,
        is_standby: get(row, 1)?,
        schema_version: get(row, 2)?,
        size_bytes: get(row, 3)?,
        connections_max: get(row, 4)?,
        connections: get(row, 5)?,
        entries: [count(6)?, count(7)?, count(8)?],
    })
}
