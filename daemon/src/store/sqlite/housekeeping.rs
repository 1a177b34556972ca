//! What the writer does while nobody writes, and a little while somebody does: writes the log back,
//! merges the full-text index, forgets old idempotency keys, old lines of the audit
//! and locks that are long past their time.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rusqlite::Connection;

use super::{
    audit, file_locks,
    gap::{GAP_MAX, Gap},
    idempotency,
    options::{SqliteOptions, file_bytes},
};
use crate::{
    clock::Clock,
    store::{AuditLimits, StoreError},
};

/// A page in the log: its 4 KiB and a header.
const LOG_PAGE_BYTES: u64 = 4_096 + 24;
/// Size of the log that is worth writing back while idle.
const IDLE_LOG_BYTES: u64 = 1024 * 1024;
/// Attempts to empty it after a write; they follow each other some 20 ms apart.
const IDLE_ATTEMPTS_MAX: u32 = 100;
/// Pages of the full-text index merged in one turn: some milliseconds.
const MERGE_PAGES: i64 = 64;
const OPTIMIZE_EVERY_MS: i64 = 6 * 60 * 60 * 1_000;
const PURGE_EVERY_MS: i64 = 60 * 1_000;

pub(super) struct Housekeeping {
    log: PathBuf,
    limit_bytes: u64,
    busy_timeout: Duration,
    clock: Clock,
    gap: Arc<Gap>,
    /// Pages in the log after the last commit. Unlike the file's size it falls when SQLite starts
    /// the log anew, so it tells what is still to be written back.
    pages: Arc<AtomicU64>,
    /// Size of the log from which it is looked at again.
    next_look_bytes: u64,
    /// Attempts to empty the log since the last write.
    idle_attempts: u32,
    /// Whether the full-text index may have segments to merge.
    may_merge: bool,
    optimized_at_ms: i64,
    purged_at_ms: i64,
    audit: AuditLimits,
}

/// How a checkpoint goes about readers that still look at an older state.
#[derive(Clone, Copy)]
enum WriteBack {
    /// Leaves what they need in the log.
    AroundReaders,
    /// Empties the log, unless a reader is in the way.
    Empty,
    /// Empties the log while new reads are held back for a moment, unless one that is under way
    /// takes longer than that.
    EmptyInGap,
    /// Empties the log, and waits for the readers, each of which ends at its deadline.
    EmptyAfterReaders,
}

impl Housekeeping {
    pub(super) fn new(options: &SqliteOptions, clock: Clock, gap: Arc<Gap>) -> Self {
        Self {
            log: options.wal(),
            limit_bytes: options.wal_limit_bytes,
            busy_timeout: options.busy_timeout,
            optimized_at_ms: clock.now_ms(),
            purged_at_ms: 0,
            audit: options.audit,
            clock,
            gap,
            pages: Arc::default(),
            next_look_bytes: 0,
            idle_attempts: 0,
            may_merge: true,
        }
    }

    /// Takes note of the size of the log after each commit of this connection.
    ///
    /// # Errors
    /// What SQLite says.
    pub(super) fn watch(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let pages = Arc::clone(&self.pages);
        let note = move |_: &mut rusqlite::hooks::Wal, count: std::ffi::c_int| {
            pages.store(u64::try_from(count).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        };
        Ok(connection.wal_hook(Some(note))?)
    }

    /// Keeps the log bounded while writes go on: from half of the limit it is written back now and
    /// then, at the limit it is emptied if no reader is in the way, and well beyond it new reads
    /// are held back for a moment.
    pub(super) fn after_commit(&mut self, connection: &Connection) {
        self.may_merge = true;
        self.idle_attempts = 0;
        let bytes = self.pages.load(Ordering::Relaxed) * LOG_PAGE_BYTES;
        if bytes < self.limit_bytes / 2 {
            self.next_look_bytes = 0;
        } else if bytes >= self.next_look_bytes {
            self.next_look_bytes = bytes + self.limit_bytes / 8;
            let how = if bytes > self.limit_bytes + self.limit_bytes / 2 {
                WriteBack::EmptyInGap
            } else if bytes > self.limit_bytes {
                WriteBack::Empty
            } else {
                WriteBack::AroundReaders
            };
            self.write_back(connection, how);
        }
    }

    /// One turn; true when there is more to do.
    pub(super) fn idle(&mut self, connection: &Connection) -> bool {
        match self.turn(connection) {
            Ok(more) => more,
            Err(error) => {
                tracing::warn!(%error, "housekeeping failed; it is tried again after the next write");
                false
            }
        }
    }

    /// Leaves everything in the database file.
    pub(super) fn close(&self, connection: &Connection) {
        self.write_back(connection, WriteBack::EmptyAfterReaders);
    }

    fn turn(&mut self, connection: &Connection) -> Result<bool, StoreError> {
        let now_ms = self.clock.now_ms();
        if self.may_merge {
            self.may_merge = merge(connection)?;
            return Ok(true);
        }
        if now_ms - self.purged_at_ms >= PURGE_EVERY_MS {
            if idempotency::purge(connection, now_ms)?
                || file_locks::purge(connection, now_ms)?
                || audit::purge(connection, &self.audit, now_ms)?
            {
                return Ok(true);
            }
            self.purged_at_ms = now_ms;
        }
        if now_ms - self.optimized_at_ms >= OPTIMIZE_EVERY_MS {
            connection.execute_batch("PRAGMA optimize")?;
            self.optimized_at_ms = now_ms;
        }
        if file_bytes(&self.log) > IDLE_LOG_BYTES {
            self.write_back(connection, WriteBack::Empty);
            self.idle_attempts += 1;
            // A reader was in the way: its read ends soon, unless it is another program's.
            return Ok(file_bytes(&self.log) > IDLE_LOG_BYTES && self.idle_attempts < IDLE_ATTEMPTS_MAX);
        }
        Ok(false)
    }

    fn write_back(&self, connection: &Connection, how: WriteBack) {
        let (sql, wait) = match how {
            WriteBack::AroundReaders => ("PRAGMA wal_checkpoint(PASSIVE)", Duration::ZERO),
            WriteBack::Empty => ("PRAGMA wal_checkpoint(TRUNCATE)", Duration::ZERO),
            WriteBack::EmptyInGap => {
                return self
                    .gap
                    .during(|| self.checkpoint(connection, "PRAGMA wal_checkpoint(TRUNCATE)", GAP_MAX));
            }
            WriteBack::EmptyAfterReaders => ("PRAGMA wal_checkpoint(TRUNCATE)", self.busy_timeout),
        };
        self.checkpoint(connection, sql, wait);
    }

    fn checkpoint(&self, connection: &Connection, sql: &str, wait: Duration) {
        let written_back = connection.busy_timeout(wait).and_then(|()| {
            connection.prepare_cached(sql)?.query_row([], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
            })
        });
        if let Err(error) = connection.busy_timeout(self.busy_timeout) {
            tracing::warn!(%error, "the busy timeout could not be set again");
        }
        match written_back {
            Ok((busy, pages, written)) => tracing::debug!(busy, pages, written, sql, "checkpoint"),
            Err(error) => tracing::warn!(%error, "the write-ahead log could not be written back"),
        }
    }
}

/// Merges a little of the full-text index; true when there is more to merge.
fn merge(connection: &Connection) -> Result<bool, StoreError> {
    let before = connection.total_changes();
    connection
        .prepare_cached("INSERT INTO entry_index (entry_index, rank) VALUES ('merge', ?1)")?
        .execute([MERGE_PAGES])?;
    // As SQLite documents it: fewer than two changes mean that nothing was left to merge.
    Ok(connection.total_changes() - before >= 2)
}
