//! A copy of the store that lives as long as the measurement.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use agent_memory_proto::model::Id;
use rusqlite::Connection;

use crate::store::{
    StoreError,
    sqlite::{
        backup,
        connection::{self, ReadConnection},
        options::SqliteOptions,
    },
};

const PREFIX: &str = "floor-";
const COPY_TIME_MAX: Duration = Duration::from_secs(30);

/// When a copy has to be there.
pub(super) fn deadline() -> Instant {
    Instant::now() + COPY_TIME_MAX
}

/// A copy in a directory of its own inside the data directory; it is removed with this value.
pub(super) struct ScratchCopy {
    options: SqliteOptions,
    _directory: ScratchDirectory,
}

impl ScratchCopy {
    /// Copies the store.
    ///
    /// # Errors
    /// What the file system and SQLite say; nothing is left behind.
    pub(super) fn of(live: &Connection, options: &SqliteOptions, id: Id) -> Result<Self, StoreError> {
        let directory = ScratchDirectory::create(options.data_dir.join(format!("{PREFIX}{id}")))?;
        let mut options = options.clone();
        options.data_dir.clone_from(&directory.0);
        backup::copy(live, &options.database())?;
        // The first writer makes it a store with a write-ahead log.
        drop(connection::open_writer(&options)?);
        Ok(Self { options, _directory: directory })
    }

    /// A connection as the writer's.
    ///
    /// # Errors
    /// What SQLite says.
    pub(super) fn writer(&self) -> Result<Connection, StoreError> {
        connection::open_writer(&self.options)
    }

    /// A connection as the readers'.
    ///
    /// # Errors
    /// What SQLite says.
    pub(super) fn reader(&self) -> Result<ReadConnection, StoreError> {
        ReadConnection::open(&self.options, &std::sync::Arc::default())
    }
}

/// Removes the copies that a crash left behind.
pub(in crate::store::sqlite) fn remove_leftovers(options: &SqliteOptions) {
    let Ok(files) = std::fs::read_dir(&options.data_dir) else { return };
    for file in files.flatten().filter(|file| file.file_name().to_string_lossy().starts_with(PREFIX)) {
        drop(ScratchDirectory(file.path()));
    }
}

struct ScratchDirectory(PathBuf);

impl ScratchDirectory {
    fn create(path: PathBuf) -> Result<Self, StoreError> {
        let created = std::fs::create_dir(&path);
        created.map_err(|error| StoreError::ReadOnly(format!("{}: {error}", path.display())))?;
        Ok(Self(path))
    }
}

impl Drop for ScratchDirectory {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "the copy of a measurement stays behind");
        }
    }
}
