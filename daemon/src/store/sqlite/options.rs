//! What can be chosen about the SQLite store.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::store::AuditLimits;

/// When a commit counts as durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// Every commit is on the disk before it is acknowledged.
    #[default]
    Full,
    /// A commit survives a crash of the daemon; a crash of the machine may take the last ones.
    Normal,
}

impl Synchronous {
    pub(super) const fn pragma(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Normal => "NORMAL",
        }
    }
}

/// Settings of the store.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// Where the store lives; the directory must exist.
    pub data_dir: PathBuf,
    /// When a commit counts as durable.
    pub synchronous: Synchronous,
    /// How long to wait for a lock that another program holds.
    pub busy_timeout: Duration,
    /// Readers for long jobs, beside the one of each session arbiter.
    pub readers: usize,
    /// Requests that may wait for the writer.
    pub writer_mailbox: usize,
    /// Requests that may wait for one reader.
    pub reader_mailbox: usize,
    /// Size of the write-ahead log from which it is written back even while writes go on.
    pub wal_limit_bytes: u64,
    /// When a short read gives up. No read outlives its deadline, so none can hold up the
    /// write-ahead log for longer.
    pub read_timeout: Duration,
    /// How much of the audit is kept.
    pub audit: AuditLimits,
}

impl SqliteOptions {
    /// The defaults for a directory.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            synchronous: Synchronous::Full,
            busy_timeout: Duration::from_secs(5),
            readers: 2,
            writer_mailbox: 4_096,
            reader_mailbox: 4_096,
            wal_limit_bytes: 64 * 1024 * 1024,
            read_timeout: Duration::from_secs(5),
            audit: AuditLimits::default(),
        }
    }

    /// The database file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.data_dir.join("memory.db")
    }

    /// The write-ahead log.
    #[must_use]
    pub fn wal(&self) -> PathBuf {
        self.data_dir.join("memory.db-wal")
    }

    /// Where backups go.
    #[must_use]
    pub fn backups(&self) -> PathBuf {
        self.data_dir.join("backups")
    }
}

/// Size of a file; 0 when it is not there.
pub(super) fn file_bytes(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}
