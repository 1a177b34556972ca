//! Imports that are under way: what clients handed over, checked, on its way into the store. Kept outside
//! the store until the last part is there, so that an import is one transaction and needs little memory.

mod spool;
mod staging;

use std::{
    collections::HashMap,
    io,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use agent_memory_proto::{ErrorBody, ErrorCode, model::Id, request::ImportOptions};

pub use spool::{Messages, Spool, Spooled};
pub use staging::{REFUSALS_MAX, Staged, Staging};

use crate::{store::StoreError, supervisor::lock};

/// Imports at the same time. Each has two open files.
const IMPORTS_MAX: usize = 4;
/// An import that heard nothing for so long makes room for another one.
const IDLE_MAX: Duration = Duration::from_secs(600);

/// The imports of one daemon.
#[derive(Debug)]
pub struct Imports {
    directory: PathBuf,
    entries_max: u64,
    under_way: Mutex<HashMap<Id, UnderWay>>,
}

#[derive(Debug)]
struct UnderWay {
    staging: Arc<Mutex<Staging>>,
    heard_at: Instant,
}

impl Imports {
    /// Keeps what is handed over in files of that directory, and takes so many entries at most.
    #[must_use]
    pub fn new(directory: PathBuf, entries_max: u64) -> Self {
        Self { directory, entries_max, under_way: Mutex::default() }
    }

    /// Begins an import.
    ///
    /// # Errors
    /// `Busy` when too many are under way; what the file system says.
    pub fn begin(&self, id: Id, options: ImportOptions, now: Instant) -> Result<(), ErrorBody> {
        let mut under_way = lock(&self.under_way);
        if under_way.len() >= IMPORTS_MAX {
            under_way.retain(|_, import| now.saturating_duration_since(import.heard_at) < IDLE_MAX);
        }
        if under_way.len() >= IMPORTS_MAX {
            let message = format!("{IMPORTS_MAX} imports are under way");
            return Err(ErrorBody::new(ErrorCode::Busy, message)
                .with_suggestion("Nothing was stored; wait until one of them has ended"));
        }
        let staging = Staging::new(id, &self.directory, options, self.entries_max)
            .map_err(|error| ErrorBody::from(of_file_system(&error)))?;
        under_way.insert(id, UnderWay { staging: Arc::new(Mutex::new(staging)), heard_at: now });
        Ok(())
    }

    /// What was handed over so far; `None` when there is no such import, or it has ended.
    pub fn find(&self, id: Id, now: Instant) -> Option<Arc<Mutex<Staging>>> {
        let mut under_way = lock(&self.under_way);
        let import = under_way.get_mut(&id)?;
        import.heard_at = now;
        Some(Arc::clone(&import.staging))
    }

    /// Ends an import and forgets what was handed over.
    pub fn end(&self, id: Id) {
        lock(&self.under_way).remove(&id);
    }
}

/// There is no such import.
#[must_use]
pub fn unknown(id: Id) -> ErrorBody {
    ErrorBody::not_found("import", id).with_field("importId").with_suggestion(
        "Nothing of it was stored: the daemon was started anew, or the import was idle for too long. Begin it again",
    )
}

/// What the file system said, as an error of the store.
pub(crate) fn of_file_system(error: &io::Error) -> StoreError {
    StoreError::of_file_system("what was handed over for an import", error)
}
