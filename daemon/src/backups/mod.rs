//! Backups of everything that is stored: made while it is used, verified, kept under plain names in one
//! directory, put back, and cleaned up. What a store does for that is behind its trait.

mod directory;
mod names;
mod schedule;

use std::{path::Path, sync::Arc, time::Instant};

use agent_memory_proto::{
    limits,
    response::{BackupFile, BackupList, BackupReport, CleanedBackups, RestoredBackup},
};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    task::JoinError,
};

pub(crate) use self::schedule::keep_up;
pub use self::{directory::BackupDirectory, schedule::Schedule};
pub(crate) use self::{directory::Stage, names::check_label};
use crate::{
    clock::Clock,
    services::Services,
    store::{
        KeptAside, StoreError,
        sqlite::{Sealed, SqliteOptions, examine_backup, prepare_backup, seal_backup},
    },
};

/// What a backup is called whose maker names none.
pub(crate) const LABEL_DEFAULT: &str = "backup";
/// What the store that a backup took the place of is called.
const LABEL_ASIDE: &str = "before-restore";

/// The backups of this daemon.
#[derive(Debug)]
pub struct Backups {
    directory: BackupDirectory,
    schedule: Option<Schedule>,
    /// One at a time makes, restores or removes backups.
    turn: Arc<Mutex<()>>,
}

/// Held while somebody makes, restores or removes backups.
type Turn = OwnedMutexGuard<()>;

impl Backups {
    /// Those of a data directory.
    #[must_use]
    pub fn new(data_dir: &Path, schedule: Option<Schedule>) -> Self {
        let directory = BackupDirectory::new(SqliteOptions::new(data_dir).backups());
        directory.remove_leftovers();
        Self { directory, schedule, turn: Arc::default() }
    }

    /// When they are made; `None` where they are not made by themselves.
    pub(crate) fn schedule(&self) -> Option<Schedule> {
        self.schedule.clone()
    }

    /// What is wrong with them, for the health of the daemon.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        self.schedule.as_ref().and_then(Schedule::problem)
    }

    fn turn(&self) -> Result<Turn, StoreError> {
        let free = Arc::clone(&self.turn).try_lock_owned();
        free.map_err(|_| StoreError::Busy { queue: "the line of those who make or restore backups" })
    }
}

/// Makes a backup and verifies it.
///
/// # Errors
/// Why there is none; nothing is left of it then.
pub(crate) async fn create(services: Arc<Services>, label: String) -> Result<BackupReport, StoreError> {
    to_the_end(async move {
        let turn = services.backups.turn()?;
        create_in_turn(&services, label, &turn).await
    })
    .await
}

async fn create_in_turn(
    services: &Services,
    label: String,
    _turn: &Turn,
) -> Result<BackupReport, StoreError> {
    let (directory, at_ms) = (services.backups.directory.clone(), services.clock.now_ms());
    let stage = directory.stage()?;
    services.store.backups.copy_out(stage.path().to_owned()).await?;
    let made = move || {
        let sealed = seal_backup(&stage.database(), at_ms)?;
        let backup = stage.publish(&label, at_ms)?;
        tracing::info!(
            file = backup.filename,
            bytes = backup.size_bytes,
            rows = sealed.rows,
            "made a backup"
        );
        Ok(report(&directory, backup, sealed))
    };
    blocking(made).await
}

/// The backups, newest first.
///
/// # Errors
/// What the file system says.
pub(crate) async fn list(services: &Services) -> Result<BackupList, StoreError> {
    let (directory, schedule) = (services.backups.directory.clone(), schedule::told(services).await);
    blocking(move || {
        let mut backups = directory.list()?;
        let has_more = backups.len() > limits::BACKUPS_LISTED_MAX;
        backups.truncate(limits::BACKUPS_LISTED_MAX);
        Ok(BackupList { backups, has_more, directory: shown(&directory), schedule })
    })
    .await
}

/// Checks a backup.
///
/// # Errors
/// `Refused` when it is no good.
pub(crate) async fn verify(services: &Services, filename: String) -> Result<BackupReport, StoreError> {
    let directory = services.backups.directory.clone();
    blocking(move || {
        let (_, backup) = directory.open(&filename)?;
        let sealed = examine_backup(&directory.path().join(&filename), &filename)?;
        Ok(report(&directory, backup, sealed))
    })
    .await
}

/// Puts a backup in the place of everything that is stored.
///
/// # Errors
/// Why it was not done; the store is as it was then.
pub(crate) async fn restore(services: Arc<Services>, filename: String) -> Result<RestoredBackup, StoreError> {
    to_the_end(restore_in_turn(services, filename)).await
}

async fn restore_in_turn(services: Arc<Services>, filename: String) -> Result<RestoredBackup, StoreError> {
    let _turn = services.backups.turn()?;
    let (directory, clock) = (services.backups.directory.clone(), services.clock.clone());
    let taken = {
        let directory = directory.clone();
        move || take(&directory, &filename, &clock)
    };
    let (stage, restored) = blocking(taken).await?;
    let (at_ms, started) = (services.clock.now_ms(), Instant::now());
    let KeptAside { backup: kept_aside, damage } =
        services.store.backups.restore(stage.path().to_owned(), directory, at_ms).await?;
    let waited = started.elapsed();
    services.everything_changed();
    blocking(move || {
        drop(stage);
        Ok(())
    })
    .await?;
    tracing::warn!(
        target: "agent_memory::audit",
        action = "restore_backup",
        file = restored.backup.filename,
        kept_aside = kept_aside.filename,
        "a backup took the place of what was stored"
    );
    let writes_waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
    Ok(RestoredBackup { restored, kept_aside, damage, writes_waited_ms })
}

/// Removes all but the newest backups.
///
/// # Errors
/// What the file system says.
pub(crate) async fn clean_up(services: &Services, keep: u32) -> Result<CleanedBackups, StoreError> {
    let turn = services.backups.turn()?;
    let directory = services.backups.directory.clone();
    blocking(move || {
        // It goes on when nobody waits for it any more.
        let _turn = turn;
        clean_up_in(&directory, keep, |_| true)
    })
    .await
}

/// Removes all but the newest of those that are made here and whose labels are meant.
fn clean_up_in(
    directory: &BackupDirectory,
    keep: u32,
    is_meant: impl Fn(&str) -> bool,
) -> Result<CleanedBackups, StoreError> {
    let mut cleaned = CleanedBackups { deleted: Vec::new(), kept: Vec::new() };
    let keep = usize::try_from(keep).unwrap_or(usize::MAX);
    for backup in directory.list()? {
        let label = names::parse(&backup.filename).map(|(label, _)| label);
        if !label.is_some_and(&is_meant) || !directory.is_ours(&backup.filename) {
            continue;
        }
        if cleaned.kept.len() < keep {
            cleaned.kept.push(backup.filename);
        } else {
            directory.remove(&backup.filename)?;
            tracing::info!(file = backup.filename, "removed a backup");
            cleaned.deleted.push(backup.filename);
        }
    }
    cleaned.kept.truncate(limits::BACKUPS_LISTED_MAX);
    Ok(cleaned)
}

/// Copies a backup, checks the copy, and makes a store of this build's schema out of it.
fn take(
    directory: &BackupDirectory,
    filename: &str,
    clock: &Clock,
) -> Result<(Stage, BackupReport), StoreError> {
    let (file, backup) = directory.open(filename)?;
    let stage = directory.stage()?;
    stage.fill(file)?;
    let sealed = examine_backup(&stage.database(), filename)?;
    prepare_backup(stage.path(), clock)?;
    Ok((stage, report(directory, backup, sealed)))
}

/// Keeps a copy of the store that is about to be replaced. One that fails its check is kept as it is.
///
/// # Errors
/// When it cannot be kept.
pub(crate) fn keep_aside(stage: Stage, at_ms: i64) -> Result<KeptAside, StoreError> {
    let damage = match seal_backup(&stage.database(), at_ms) {
        Ok(_) => None,
        Err(StoreError::Corrupt(text)) => Some(text),
        Err(error) => return Err(error),
    };
    Ok(KeptAside { backup: stage.publish(LABEL_ASIDE, at_ms)?, damage })
}

fn report(directory: &BackupDirectory, backup: BackupFile, sealed: Sealed) -> BackupReport {
    BackupReport {
        backup,
        directory: shown(directory),
        schema_version: sealed.schema_version,
        rows: sealed.rows,
        has_checksums: sealed.has_checksums,
    }
}

fn shown(directory: &BackupDirectory) -> String {
    directory.path().display().to_string()
}

/// Work that may take its time, on a thread where nobody waits for it.
///
/// # Errors
/// Those of the work; `Lost` when it panicked.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    ended(tokio::task::spawn_blocking(work).await)
}

/// Work that goes on to its end, also when whoever asked for it goes away meanwhile.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    ended(tokio::spawn(work).await)
}

fn ended<T>(done: Result<Result<T, StoreError>, JoinError>) -> Result<T, StoreError> {
    done.unwrap_or_else(|_| Err(StoreError::Lost("work on a backup panicked".to_owned())))
}
