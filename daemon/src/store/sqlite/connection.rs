//! Connections: how they are opened and set up, and the deadline that ends a long read.

use std::{
    sync::{
        Arc, Once,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags, ffi};

use super::{gap::Gap, options::SqliteOptions};
use crate::store::StoreError;

/// The first release without the write-ahead log's reset bug, which loses data silently.
const VERSION_MIN: i32 = 3_051_003;
const STATEMENT_CACHE: usize = 128;
const WRITER_CACHE_KIB: i32 = 8_192;
const READER_CACHE_KIB: i32 = 2_048;
/// Steps of SQLite's machine between two looks at the clock; a thousand take some 20 µs.
const STEPS_PER_CHECK: i32 = 1_000;

/// Sets up the library, once, before its first connection.
///
/// # Errors
/// When the library is too old to be trusted with a write-ahead log.
pub(super) fn set_up_library() -> Result<(), StoreError> {
    static ONCE: Once = Once::new();
    ONCE.call_once(switch_off_memory_statistics);
    let version = rusqlite::version_number();
    if version < VERSION_MIN {
        return Err(StoreError::Unavailable(format!(
            "SQLite {} has a bug that loses data; 3.51.3 or later is needed",
            rusqlite::version()
        )));
    }
    Ok(())
}

/// SQLite counts every allocation under one lock unless told not to, and that lock keeps
/// full-text searches on several threads from running side by side.
#[allow(unsafe_code, reason = "the library can only be configured through its C interface")]
fn switch_off_memory_statistics() {
    // SAFETY: MEMSTATUS takes one int. The library refuses the call, and nothing else happens,
    // when it is already in use.
    let _ = unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MEMSTATUS, 0) };
}

/// Opens the database for writing, and creates it when it is not there.
///
/// # Errors
/// What SQLite says.
pub(super) fn open_writer(options: &SqliteOptions) -> Result<Connection, StoreError> {
    set_up_library()?;
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(options.database(), flags)?;
    // SQLite opens a file that it may not write to all the same, for reading only.
    if connection.is_readonly(rusqlite::MAIN_DB)? {
        return Err(StoreError::ReadOnly(format!("{} cannot be written to", options.database().display())));
    }
    set_up(&connection, options, WRITER_CACHE_KIB)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Unavailable(format!(
            "the file system of {} does not support a write-ahead log (journal mode {mode})",
            options.data_dir.display()
        )));
    }
    // The log is written back by our own housekeeping, not in the middle of a commit.
    connection.execute_batch(&format!(
        "PRAGMA synchronous = {}; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = {};",
        options.synchronous.pragma(),
        options.wal_limit_bytes
    ))?;
    Ok(connection)
}

/// Opens the database for reading.
///
/// # Errors
/// What SQLite says.
pub(super) fn open_reader(options: &SqliteOptions) -> Result<Connection, StoreError> {
    set_up_library()?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(options.database(), flags)?;
    set_up(&connection, options, READER_CACHE_KIB)?;
    connection.execute_batch("PRAGMA query_only = ON")?;
    Ok(connection)
}

fn set_up(connection: &Connection, options: &SqliteOptions, cache_kib: i32) -> Result<(), StoreError> {
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    // Once ANALYZE has left samples, SQLite would prepare a cached statement again at every change
    // of a bound value, which costs more than the point reads themselves.
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.busy_timeout(options.busy_timeout)?;
    connection.execute_batch(&format!(
        "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{cache_kib};"
    ))?;
    Ok(())
}

/// A connection that cannot write. Every read has a deadline, so none can hold up the write-ahead
/// log for longer than that.
pub struct ReadConnection {
    connection: Connection,
    deadline: Arc<Deadline>,
    timeout: Duration,
    gap: Arc<Gap>,
}

impl std::fmt::Debug for ReadConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadConnection").finish_non_exhaustive()
    }
}

impl ReadConnection {
    pub(super) fn open(options: &SqliteOptions, gap: &Arc<Gap>) -> Result<Self, StoreError> {
        let mut connection = open_reader(options)?;
        let deadline = Arc::new(Deadline::default());
        let watched = Arc::clone(&deadline);
        connection.progress_handler(STEPS_PER_CHECK, Some(move || watched.has_passed()))?;
        Ok(Self { connection, deadline, timeout: options.read_timeout, gap: Arc::clone(gap) })
    }

    /// Runs a read of one statement, with the deadline of short reads.
    ///
    /// # Errors
    /// What `read` returns; `DeadlineExceeded` when it takes too long.
    pub(super) fn read<T>(
        &mut self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.read_until(Instant::now() + self.timeout, read)
    }

    /// Runs a read of one statement.
    ///
    /// # Errors
    /// As [`ReadConnection::read`].
    pub(super) fn read_until<T>(
        &mut self,
        deadline: Instant,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if Instant::now() >= deadline {
            return Err(StoreError::DeadlineExceeded);
        }
        self.gap.let_pass();
        self.deadline.set(deadline);
        let result = read(&self.connection);
        self.deadline.clear();
        result
    }

    /// Runs a read of several statements that all see the same state of the store.
    ///
    /// # Errors
    /// As [`ReadConnection::read`].
    pub(super) fn snapshot<T>(
        &mut self,
        deadline: Option<Instant>,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let deadline = deadline.unwrap_or_else(|| Instant::now() + self.timeout);
        let result = self.read_until(deadline, |connection| {
            connection.prepare_cached("BEGIN")?.execute([])?;
            read(connection)
        });
        if !self.connection.is_autocommit() {
            self.connection.prepare_cached("ROLLBACK")?.execute([])?;
        }
        result
    }
}

/// A point in time that another thread's callback may look at.
struct Deadline {
    base: Instant,
    /// Microseconds after the base; 0 for none.
    at_us: AtomicU64,
}

impl Default for Deadline {
    fn default() -> Self {
        Self { base: Instant::now(), at_us: 0.into() }
    }
}

impl Deadline {
    fn set(&self, at: Instant) {
        let after = at.saturating_duration_since(self.base).as_micros();
        self.at_us.store(u64::try_from(after).unwrap_or(u64::MAX).max(1), Ordering::Relaxed);
    }

    fn clear(&self) {
        self.at_us.store(0, Ordering::Relaxed);
    }

    fn has_passed(&self) -> bool {
        let at_us = self.at_us.load(Ordering::Relaxed);
        at_us != 0 && self.base.elapsed().as_micros() >= u128::from(at_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDLESS: &str =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

    #[test]
    fn an_endless_read_ends_at_its_deadline_and_the_next_one_works() {
        let directory = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(directory.path());
        open_writer(&options).unwrap();
        let mut reader = ReadConnection::open(&options, &Arc::default()).unwrap();
        let endless = |connection: &Connection| Ok(connection.query_row(ENDLESS, [], |row| row.get(0))?);
        let deadline = Instant::now() + Duration::from_millis(20);
        let ended: Result<i64, _> = reader.snapshot(Some(deadline), endless);
        assert_eq!(ended, Err(StoreError::DeadlineExceeded));
        let one: i64 = reader.read(|c| Ok(c.query_row("SELECT 1", [], |row| row.get(0))?)).unwrap();
        assert_eq!(one, 1);
    }

    #[test]
    fn a_reader_cannot_write() {
        let directory = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(directory.path());
        open_writer(&options).unwrap();
        let mut reader = ReadConnection::open(&options, &Arc::default()).unwrap();
        let refused = reader.read(|c| Ok(c.execute_batch("CREATE TABLE t (x)")?));
        assert!(matches!(refused, Err(StoreError::ReadOnly(_))), "{refused:?}");
    }
}
