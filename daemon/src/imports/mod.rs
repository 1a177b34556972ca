//! Imports that are under way: what clients handed over, checked, on its way into the store. Kept outside
//! the store until the last part is there, so that an import is one transaction and needs little memory.

mod spool;
mod staging;

use std::{
    collections::{HashMap, VecDeque},
    io,
    path::PathBuf,
    sync::{Arc, Mutex, Weak},
    time::{Duration, Instant},
};

use agent_memory_proto::{ErrorBody, ErrorCode, model::Id, request::ImportOptions, response::ImportOutcome};

pub use spool::{Messages, Spool, Spooled};
pub use staging::{REFUSALS_MAX, Staged, Staging};

use crate::{store::StoreError, supervisor::lock};

/// Imports at the same time. Each has a few open files.
const IMPORTS_MAX: usize = 4;
/// An import that heard nothing for so long makes room for another one.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// Imports that stored nothing whose reports are kept, for those who ask again.
const REPORTS_MAX: usize = 16;
/// When to try again while as many are under way as may be.
const BUSY_RETRY_AFTER_MS: u64 = 500;

/// The imports of one daemon.
#[derive(Debug)]
pub struct Imports {
    directory: PathBuf,
    entries_max: u64,
    under_way: Mutex<HashMap<Id, UnderWay>>,
    reports: Mutex<VecDeque<Reported>>,
}

/// Who imports. Nobody else has anything to do with the import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Importer {
    /// The agent, if there is one.
    pub agent: Option<String>,
    /// Whether whoever owns the socket did it, not over MCP.
    pub by_hand: bool,
}

/// The connection of whoever imports: gone when nobody holds it any more.
pub type Line = Weak<()>;

#[derive(Debug)]
struct UnderWay {
    by: Importer,
    with_key: bool,
    line: Line,
    staging: Arc<Mutex<Staging>>,
    heard_at: Instant,
}

#[derive(Debug)]
struct Reported {
    id: Id,
    by: Importer,
    dry_run: bool,
    report: ImportOutcome,
}

impl Imports {
    /// Keeps what is handed over in files of that directory, and takes so many entries at most.
    #[must_use]
    pub fn new(directory: PathBuf, entries_max: u64) -> Self {
        Self { directory, entries_max, under_way: Mutex::default(), reports: Mutex::default() }
    }

    /// Begins an import; `with_key` when its importer showed the daemon's admin key.
    ///
    /// # Errors
    /// `Busy` when too many are under way; what the file system says.
    pub fn begin(
        &self,
        id: Id,
        options: ImportOptions,
        (by, with_key): (Importer, bool),
        line: Line,
        now: Instant,
    ) -> Result<(), ErrorBody> {
        let mut under_way = lock(&self.under_way);
        under_way.retain(|_, import| import.is_needed(now));
        if under_way.len() >= IMPORTS_MAX {
            under_way.retain(|_, import| import.line.strong_count() > 0 || import.is_used());
        }
        if under_way.len() >= IMPORTS_MAX {
            let message = format!("{IMPORTS_MAX} imports are under way");
            return Err(ErrorBody::new(ErrorCode::Busy, message)
                .with_retry_after_ms(BUSY_RETRY_AFTER_MS)
                .with_suggestion("Nothing was stored; wait until one of them has ended"));
        }
        let staging = Staging::new(id, &self.directory, options, self.entries_max)
            .map_err(|error| ErrorBody::from(of_file_system(&error)))?;
        let staging = Arc::new(Mutex::new(staging));
        under_way.insert(id, UnderWay { by, with_key, line, staging, heard_at: now });
        Ok(())
    }

    /// What was handed over so far; `None` when that importer has no such import, or it has ended.
    pub fn find(&self, id: Id, by: &Importer, line: &Line, now: Instant) -> Option<Arc<Mutex<Staging>>> {
        let mut under_way = lock(&self.under_way);
        let import = under_way.get_mut(&id).filter(|import| import.by == *by)?;
        import.heard_at = now;
        import.line = line.clone();
        Some(Arc::clone(&import.staging))
    }

    /// Whether that importer has such an import under way; if so, whether it was begun with the admin key.
    pub fn begun_with_key(&self, id: Id, by: &Importer) -> Option<bool> {
        lock(&self.under_way).get(&id).filter(|import| import.by == *by).map(|import| import.with_key)
    }

    /// Ends an import and forgets what was handed over.
    pub fn end(&self, id: Id, by: &Importer) {
        let mut under_way = lock(&self.under_way);
        if under_way.get(&id).is_some_and(|import| import.by == *by) {
            under_way.remove(&id);
        }
    }

    /// Ends an import of which nothing was stored. Its report is kept for a while.
    pub fn take_back(&self, id: Id, by: &Importer, dry_run: bool, report: ImportOutcome) {
        self.end(id, by);
        let mut reports = lock(&self.reports);
        reports.retain(|reported| reported.id != id);
        reports.push_back(Reported { id, by: by.clone(), dry_run, report });
        if reports.len() > REPORTS_MAX {
            reports.pop_front();
        }
    }

    /// What was answered when nothing of that import was stored.
    pub fn reported(&self, id: Id, by: &Importer, dry_run: bool) -> Option<ImportOutcome> {
        let reports = lock(&self.reports);
        let mut same = reports
            .iter()
            .filter(|reported| (reported.id, &reported.by, reported.dry_run) == (id, by, dry_run));
        same.next().map(|reported| reported.report.clone())
    }
}

impl UnderWay {
    /// Somebody takes over a part of it, or stores it, just now.
    fn is_used(&self) -> bool {
        Arc::strong_count(&self.staging) > 1
    }

    fn is_needed(&self, now: Instant) -> bool {
        self.is_used() || now.saturating_duration_since(self.heard_at) < IDLE_MAX
    }
}

/// There is no such import.
#[must_use]
pub fn unknown(id: Id) -> ErrorBody {
    ErrorBody::not_found("import", id).with_field("importId").with_suggestion(
        "Nothing of it was stored: the daemon was started anew, or the import has ended. Begin it again",
    )
}

/// What the file system said, as an error of the store.
pub(crate) fn of_file_system(error: &io::Error) -> StoreError {
    StoreError::of_file_system("what was handed over for an import", error)
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::{request::ConflictStrategy, response::ImportReport};

    use super::*;

    fn options() -> ImportOptions {
        let strategy = ConflictStrategy::Update;
        ImportOptions { strategy, scope_mapping: Vec::new(), generate_new_ids: false, imported_by: None }
    }

    fn importer(agent: &str) -> Importer {
        Importer { agent: Some(agent.to_owned()), by_hand: false }
    }

    fn begin(imports: &Imports, number: u8, line: &Arc<()>, now: Instant) -> Result<Id, ErrorCode> {
        let id = Id([number; 16]);
        let begun = imports.begin(id, options(), (importer("ada"), false), Arc::downgrade(line), now);
        begun.map(|()| id).map_err(|error| error.code)
    }

    #[test]
    fn those_whose_connection_is_gone_and_those_who_idle_make_room() {
        let directory = tempfile::tempdir().expect("a directory");
        let imports = Imports::new(directory.path().to_owned(), 10);
        let (here, gone, now) = (Arc::new(()), Arc::new(()), Instant::now());
        for number in 0..3 {
            begin(&imports, number, &here, now).expect("room");
        }
        let lost = begin(&imports, 3, &gone, now).expect("room");
        assert_eq!(begin(&imports, 4, &here, now), Err(ErrorCode::Busy));
        drop(gone);
        assert_eq!(imports.begun_with_key(lost, &importer("ada")), Some(false), "it may come back");
        begin(&imports, 4, &here, now).expect("the place of the one that is gone");
        assert_eq!(imports.begun_with_key(lost, &importer("ada")), None);
        assert_eq!(begin(&imports, 5, &here, now), Err(ErrorCode::Busy));
        let used = imports.find(Id([0; 16]), &importer("ada"), &Arc::downgrade(&here), now);
        for number in 5..8 {
            begin(&imports, number, &here, now + IDLE_MAX).expect("the place of one that idles");
        }
        assert_eq!(begin(&imports, 8, &here, now + IDLE_MAX), Err(ErrorCode::Busy), "one of them is used");
        drop(used);
        begin(&imports, 8, &here, now + IDLE_MAX).expect("its place");
    }

    #[test]
    fn nobody_else_has_to_do_with_an_import() {
        let directory = tempfile::tempdir().expect("a directory");
        let imports = Imports::new(directory.path().to_owned(), 10);
        let (line, now, other) = (Arc::new(()), Instant::now(), importer("bob"));
        let id = begin(&imports, 1, &line, now).expect("room");
        assert!(imports.find(id, &other, &Arc::downgrade(&line), now).is_none());
        imports.end(id, &other);
        assert!(imports.find(id, &importer("ada"), &Arc::downgrade(&line), now).is_some());
        let report = ImportReport {
            applied: false,
            counts: Vec::new(),
            created_scopes: Vec::new(),
            created_scopes_total: 0,
            refusals: Vec::new(),
            refused_total: 0,
        };
        let report =
            ImportOutcome { report, extras: Vec::new(), task_links_left_out: 0, relations_removed: 0 };
        imports.take_back(id, &importer("ada"), true, report.clone());
        assert_eq!(imports.reported(id, &importer("ada"), true), Some(report));
        assert_eq!(imports.reported(id, &importer("ada"), false), None);
        assert_eq!(imports.reported(id, &other, true), None);
        for number in 0..u8::try_from(REPORTS_MAX).expect("few") {
            let report = imports.reported(id, &importer("ada"), true).expect("kept");
            imports.take_back(Id([100 + number; 16]), &other, true, report);
        }
        assert_eq!(imports.reported(id, &importer("ada"), true), None);
    }
}
