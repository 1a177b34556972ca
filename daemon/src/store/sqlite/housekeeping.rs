//! What the writer does while nobody writes, and a little while somebody does: writes the log back,
//! merges the full-text index, forgets old idempotency keys.

use std::{path::PathBuf, time::Duration};

use rusqlite::Connection;

use super::{
    idempotency,
    options::{SqliteOptions, file_bytes},
};
use crate::{clock::Clock, store::StoreError};

/// Size of the log that is worth writing back while idle.
const IDLE_WAL_BYTES: u64 = 1024 * 1024;
/// Commits between two looks at the size of the log.
const COMMITS_PER_LOOK: u32 = 16;
/// Pages of the full-text index merged in one turn: some milliseconds.
const MERGE_PAGES: i64 = 64;
const OPTIMIZE_EVERY_MS: i64 = 6 * 60 * 60 * 1_000;
const PURGE_EVERY_MS: i64 = 60 * 1_000;

pub(super) struct Housekeeping {
    wal: PathBuf,
    wal_limit_bytes: u64,
    busy_timeout: Duration,
    clock: Clock,
    commits: u32,
    /// Whether the full-text index may have segments to merge.
    may_merge: bool,
    optimized_at_ms: i64,
    purged_at_ms: i64,
}

impl Housekeeping {
    pub(super) fn new(options: &SqliteOptions, clock: Clock) -> Self {
        Self {
            wal: options.wal(),
            wal_limit_bytes: options.wal_limit_bytes,
            busy_timeout: options.busy_timeout,
            optimized_at_ms: clock.now_ms(),
            purged_at_ms: 0,
            clock,
            commits: 0,
            may_merge: true,
        }
    }

    /// Keeps the log bounded while writes go on. The log starts anew with the next write after all
    /// of it has been written back, and reads do not hold that up for longer than their deadline.
    pub(super) fn after_commit(&mut self, connection: &Connection) {
        self.may_merge = true;
        self.commits = self.commits.wrapping_add(1);
        if self.commits.is_multiple_of(COMMITS_PER_LOOK) && file_bytes(&self.wal) > self.wal_limit_bytes / 2 {
            self.write_back(connection, "PASSIVE");
        }
        if self.commits.is_multiple_of(COMMITS_PER_LOOK) && file_bytes(&self.wal) > self.wal_limit_bytes {
            self.write_back(connection, "TRUNCATE");
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
        self.write_back(connection, "TRUNCATE");
    }

    fn turn(&mut self, connection: &Connection) -> Result<bool, StoreError> {
        let now_ms = self.clock.now_ms();
        if self.may_merge {
            self.may_merge = merge(connection)?;
            return Ok(true);
        }
        if now_ms - self.purged_at_ms >= PURGE_EVERY_MS {
            if idempotency::purge(connection, now_ms)? {
                return Ok(true);
            }
            self.purged_at_ms = now_ms;
        }
        if now_ms - self.optimized_at_ms >= OPTIMIZE_EVERY_MS {
            connection.execute_batch("PRAGMA optimize")?;
            self.optimized_at_ms = now_ms;
        }
        if file_bytes(&self.wal) > IDLE_WAL_BYTES {
            self.write_back(connection, "TRUNCATE");
        }
        Ok(false)
    }

    fn write_back(&self, connection: &Connection, mode: &str) {
        // A reader in the middle of a statement is not waited for: it is looked at again later.
        let _ = connection.busy_timeout(Duration::ZERO);
        let result = connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        });
        let _ = connection.busy_timeout(self.busy_timeout);
        match result {
            Ok((busy, pages, written)) => tracing::debug!(busy, pages, written, mode, "checkpoint"),
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
