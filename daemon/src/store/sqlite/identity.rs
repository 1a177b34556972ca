//! Which file the database is. A file that is moved or removed under a running daemon still takes
//! writes, and they are gone with its last connection: so the writer looks before each batch.

use std::{fs::Metadata, path::PathBuf};

use crate::store::StoreError;

/// The database file as it was when it was opened.
pub(super) struct FileIdentity {
    path: PathBuf,
    opened: Option<(u64, u64)>,
}

impl FileIdentity {
    pub(super) fn of(path: PathBuf) -> Self {
        let opened = std::fs::metadata(&path).ok().and_then(|metadata| identify(&metadata));
        Self { path, opened }
    }

    /// # Errors
    /// `Unavailable` when the path does not lead to the opened file any more.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let now = std::fs::metadata(&self.path).ok().and_then(|metadata| identify(&metadata));
        if self.opened == now {
            return Ok(());
        }
        Err(StoreError::Unavailable(format!(
            "{} was moved, removed or replaced while the daemon has it open; put it back, or restart the daemon",
            self.path.display()
        )))
    }
}

#[cfg(unix)]
fn identify(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

/// Windows does not let an open file be removed.
#[cfg(not(unix))]
fn identify(_: &Metadata) -> Option<(u64, u64)> {
    None
}
