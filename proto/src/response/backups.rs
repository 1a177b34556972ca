//! Backups: what was made, found, checked, restored and removed.

use crate::codec::{Decode, Encode};

/// A backup.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct BackupFile {
    /// The name of its file.
    pub filename: String,
    /// Its size, in bytes.
    pub size_bytes: u64,
    /// The moment that it shows, in milliseconds since the Unix epoch.
    pub created_at_ms: i64,
}

/// What a check of a backup found.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct BackupReport {
    /// The backup.
    pub backup: BackupFile,
    /// The directory of backups.
    pub directory: String,
    /// The version of its schema.
    pub schema_version: u32,
    /// Rows of all its tables.
    pub rows: u64,
    /// Whether the checksums that were written with it were there, and right. Files of earlier builds have none.
    pub has_checksums: bool,
}

/// When backups are made by themselves, and how that goes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct BackupSchedule {
    /// The cron expression.
    pub schedule: String,
    /// How many scheduled backups are kept.
    pub retention: u32,
    /// When the next one is due.
    pub next_at_ms: Option<i64>,
    /// When the last one was made that was verified, by any daemon of the store.
    pub last_good_at_ms: Option<i64>,
    /// When and why the last one failed, if no good one was made after it.
    pub failure: Option<(i64, String)>,
}

/// The backups of a daemon.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct BackupList {
    /// The backups, newest first; at most 1,000.
    pub backups: Vec<BackupFile>,
    /// Whether there are more.
    pub has_more: bool,
    /// The directory of backups.
    pub directory: String,
    /// The schedule, where there is one.
    pub schedule: Option<BackupSchedule>,
}

/// A backup took the place of what was stored.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RestoredBackup {
    /// The backup.
    pub restored: BackupReport,
    /// What was replaced, as a backup.
    pub kept_aside: BackupFile,
    /// Why what was replaced fails its check, if it does; it is kept as it was.
    pub damage: Option<String>,
    /// For how long writes had to wait, in milliseconds.
    pub writes_waited_ms: u64,
}

/// Backups were removed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct CleanedBackups {
    /// The names of those that were removed, newest first.
    pub deleted: Vec<String>,
    /// The names of those that were kept, newest first; at most 1,000.
    pub kept: Vec<String>,
}
