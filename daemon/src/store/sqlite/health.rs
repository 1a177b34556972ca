//! How the store is: a canary that is really written and read back, sizes, and what is wrong.

use std::{path::Path, sync::atomic::Ordering, time::Instant};

use agent_memory_proto::{model::EntryKind, response::DatabaseHealth};

use super::{SqliteStore, columns::kind_from, migrations, options::file_bytes, writer::Job};
use crate::store::{
    HealthStore, StoreError, StoreFuture,
    answers::health::{micros, problem},
};

/// Less free space than this is a problem.
const FREE_BYTES_MIN: u64 = 256 * 1024 * 1024;

impl HealthStore for SqliteStore {
    fn probe(&self) -> StoreFuture<'_, (DatabaseHealth, Vec<String>)> {
        Box::pin(self.probe_all())
    }

    fn repeated_writes(&self) -> Option<u64> {
        None
    }
}

impl SqliteStore {
    async fn probe_all(&self) -> Result<(DatabaseHealth, Vec<String>), StoreError> {
        let mut problems = Vec::new();
        let mut health = self.measure();
        let at_ms = self.clock.now_ms();
        let value = self.next_canary(at_ms);
        let started = Instant::now();
        let written = self.writer.submit(Job::Canary { value, at_ms }).await;
        match &written {
            Ok(_) => health.write_us = Some(micros(started)),
            Err(error) => problems.push(problem("writes fail", error)),
        }
        let started = Instant::now();
        match self.readers.run_short(|reader| reader.snapshot(None, read_canary)).await {
            Ok((found, entries)) => {
                health.read_us = Some(micros(started));
                health.entries = entries;
                // Another probe may have written after this one.
                health.connected = written.is_ok() && found >= value;
                if written.is_ok() && found < value {
                    problems.push(format!("the canary {value} was written and {found} read back"));
                }
            }
            Err(error) => problems.push(problem("reads fail", &error)),
        }
        if let Some(free) = health.free_bytes.filter(|free| *free < FREE_BYTES_MIN) {
            problems.push(format!(
                "only {} MB are free for {}; free space on its file system",
                free / (1024 * 1024),
                health.location
            ));
        }
        if health.wal_bytes > self.options.wal_limit_bytes {
            problems.push(format!(
                "the write-ahead log has {} MB, more than its limit; it shrinks when writes pause, \
                 unless another program keeps the database open",
                health.wal_bytes / (1024 * 1024)
            ));
        }
        Ok((health, problems))
    }

    /// A value that no canary had before: SQLite does not write a row that stays as it is.
    fn next_canary(&self, at_ms: i64) -> i64 {
        let next = |last: i64| at_ms.max(last + 1);
        let last = self.last_canary.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(next(last)));
        last.map_or(at_ms, next)
    }

    fn measure(&self) -> DatabaseHealth {
        let (pool_size, idle_connections, waiting) = self.readers.load();
        let database = self.options.database();
        DatabaseHealth {
            backend: "sqlite".to_owned(),
            connected: false,
            location: database.display().to_string(),
            engine_version: rusqlite::version().to_owned(),
            schema_version: migrations::newest(),
            size_bytes: file_bytes(&database),
            wal_bytes: file_bytes(&self.options.wal()),
            free_bytes: free_bytes(&self.options.data_dir),
            // The writer's connection counts, and is never idle: nobody else can take it.
            pool_size: pool_size + 1,
            idle_connections,
            waiting,
            write_us: None,
            read_us: None,
            entries: [0; EntryKind::ALL.len()],
        }
    }
}

fn read_canary(connection: &rusqlite::Connection) -> Result<(i64, [u64; 3]), StoreError> {
    let value = connection
        .prepare_cached("SELECT value FROM canary WHERE id = 1")?
        .query_row([], |row| row.get(0))?;
    let mut statement =
        connection.prepare_cached("SELECT kind, sum(active) FROM entry_counts GROUP BY kind")?;
    let mut entries = [0; EntryKind::ALL.len()];
    for row in statement.query_map([], |row| Ok((kind_from(row, 0)?, row.get::<_, i64>(1)?)))? {
        let (kind, active) = row?;
        entries[kind as usize] = u64::try_from(active).unwrap_or(0);
    }
    Ok((value, entries))
}

#[cfg(unix)]
fn free_bytes(directory: &Path) -> Option<u64> {
    let status = rustix::fs::statvfs(directory).ok()?;
    Some(status.f_bavail.saturating_mul(status.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}
