//! A backup takes the place of the live store, between two batches of the writer. It is one transaction of
//! SQLite: whoever reads sees the old store or the new one, whatever dies in between, and connections go on.

use std::path::Path;

use rusqlite::Connection;

use super::{
    super::{audit, connection, file_locks, options::SqliteOptions, writer::SqliteWriter},
    copy, copy_over,
};
use crate::{
    backups::{self, BackupDirectory},
    store::{Change, KeptAside, StoreError},
};

impl SqliteWriter {
    /// Keeps what is stored as a backup, then puts the store of the directory `staged` in its place.
    ///
    /// # Errors
    /// Why it was not done; the store is as it was then.
    pub(in crate::store::sqlite) fn restore(
        &mut self,
        staged: &Path,
        aside: &BackupDirectory,
        now_ms: i64,
    ) -> Result<KeptAside, StoreError> {
        self.make_ready()?;
        let stage = aside.stage()?;
        copy(&self.connection, &stage.database())?;
        let kept = backups::keep_aside(stage, now_ms)?;
        let from = connection::open_writer(&SqliteOptions::new(staged))?;
        match carry_locks_over(&self.connection, &from) {
            Err(StoreError::Corrupt(cause)) => {
                tracing::warn!(cause, "locks of files cannot be read in the damaged store, and end");
            }
            carried => carried?,
        }
        match carry_audit_over(&self.connection, &from) {
            Err(StoreError::Corrupt(cause)) => {
                tracing::warn!(cause, "the audit cannot be read in the damaged store, and begins anew");
            }
            carried => carried?,
        }
        let replaced = copy_over(&from, &mut self.connection);
        drop(from);
        self.open_anew();
        replaced?;
        // Before anything else is written, so that nothing old is answered after it.
        (self.on_change)(&Change::of_restore());
        Ok(kept)
    }
}

/// The audit tells of everything that was done to this store, of what the restore takes back, too.
fn carry_audit_over(live: &Connection, staged: &Connection) -> Result<(), StoreError> {
    let transaction = staged.unchecked_transaction()?;
    audit::replace(live, &transaction)?;
    Ok(transaction.commit()?)
}

/// Locks of files are of now: those that are held stay, and those of the time of the backup do not come back.
/// Tokens only grow.
fn carry_locks_over(live: &Connection, staged: &Connection) -> Result<(), StoreError> {
    let transaction = staged.unchecked_transaction()?;
    transaction.execute("DELETE FROM file_locks", [])?;
    for lock in file_locks::all(live)? {
        file_locks::put(&transaction, &lock)?;
    }
    file_locks::raise_token(&transaction, file_locks::last_token(live)?)?;
    Ok(transaction.commit()?)
}
