//! Backups of a store: copied while it is in use, verified before anyone relies on them, and put back. A
//! backup is a store of its own in one file, with its checksums in it.

mod checksums;
mod restore;
mod seal;

use std::path::{Path, PathBuf};

use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};

pub(crate) use self::seal::{HEAD_BYTES, Sealed, examine, is_ours, prepare, seal};
use super::{SqliteStore, connection, migrations::Migration, options::SqliteOptions};
use crate::{
    backups::{self, BackupDirectory},
    store::{BackupStore, KeptAside, StoreError, StoreFuture},
};

/// All at once, within one read: a copy in steps begins anew whenever the writer commits between
/// two of them, and under load would never end. Readers never wait for the writer, nor it for them.
const PAGES_PER_STEP: std::ffi::c_int = std::ffi::c_int::MAX;

/// Copies the store into the directory of backups before a migration, and checks the copy.
///
/// # Errors
/// When it cannot be written, or fails its check; nothing is left of it then.
pub(super) fn before_migration(
    source: &Connection,
    options: &SqliteOptions,
    label: &str,
    now_ms: i64,
    migrations: &[Migration],
) -> Result<PathBuf, StoreError> {
    let directory = BackupDirectory::new(options.backups());
    let stage = directory.stage()?;
    copy(source, &stage.database())?;
    seal::seal_as(&stage.database(), now_ms, migrations)?;
    let backup = stage.publish(label, now_ms)?;
    Ok(directory.path().join(backup.filename))
}

/// Copies a live store into a new file.
///
/// # Errors
/// What SQLite says of either side.
pub(super) fn copy(source: &Connection, file: &Path) -> Result<(), StoreError> {
    connection::set_up_library()?;
    copy_over(source, &mut Connection::open(file)?)
}

/// Puts a copy in the place of what another database has, in one transaction of it.
fn copy_over(source: &Connection, target: &mut Connection) -> Result<(), StoreError> {
    // It waits for locks of other programs as long as the target's connection does.
    match Backup::new(source, target)?.step(PAGES_PER_STEP)? {
        StepResult::Done => Ok(()),
        _ => Err(StoreError::Locked("another program has the database open".to_owned())),
    }
}

/// Copies the store of one moment, and compares how many rows there are.
fn copy_snapshot(options: &SqliteOptions, directory: &Path) -> Result<(), StoreError> {
    let source = connection::open_reader(options)?;
    // The moment is that of the first read.
    source.execute_batch("BEGIN")?;
    let expected = checksums::row_counts(&source)?;
    let file = SqliteOptions::new(directory).database();
    copy(&source, &file)?;
    let copied = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let found = checksums::row_counts(&copied)?;
    if expected == found {
        return Ok(());
    }
    Err(StoreError::Corrupt(format!("a backup is not complete: {expected:?} rows became {found:?}")))
}

impl BackupStore for SqliteStore {
    fn copy_out(&self, directory: PathBuf) -> StoreFuture<'_, ()> {
        let options = self.options.clone();
        // Not on a reader of the store: searches would wait for it.
        Box::pin(backups::blocking(move || copy_snapshot(&options, &directory)))
    }

    fn restore(&self, staged: PathBuf, aside: BackupDirectory, now_ms: i64) -> StoreFuture<'_, KeptAside> {
        Box::pin(self.writer.alone(move |writer| writer.restore(&staged, &aside, now_ms)))
    }
}
