//! Backups of a PostgreSQL store. One is made of a single snapshot, read through a connection of its own into
//! the SQLite store that a backup is; one is put back in a single transaction, so that others see the old
//! store or the new one. Daemons that share the database are told, and drop what they remember.

use std::path::{Path, PathBuf};

use agent_memory_proto::model::Id;

use super::{PostgresSide, PostgresStore, scheduled_backup};
use crate::{
    backups::{self, BackupDirectory, Stage},
    clock::Clock,
    store::{
        BackupStore, Change, KeptAside, ScheduledBackup, StoreError, StoreFuture,
        copy::{self, CopyReport, Source, Target, Unseen},
        sqlite::{SqliteOptions, SqliteSide},
    },
};

impl BackupStore for PostgresStore {
    fn copy_out(&self, directory: PathBuf) -> StoreFuture<'_, ()> {
        let (options, clock) = (self.options.clone(), self.clock.clone());
        Box::pin(beside(move || async move {
            let place = options.location();
            let source = PostgresSide::open(options, clock.clone()).await?;
            let mut source =
                source.ok_or_else(|| StoreError::Unavailable(format!("{place} has no store")))?;
            copy_to(&mut source, &directory, clock).await
        }))
    }

    fn restore(&self, staged: PathBuf, aside: BackupDirectory, now_ms: i64) -> StoreFuture<'_, KeptAside> {
        let (options, clock) = (self.options.clone(), self.clock.clone());
        Box::pin(async move {
            let kept = beside(move || async move {
                let stage = aside.stage()?;
                let mut live = PostgresSide::target(options, clock.clone()).await?;
                live.begin_replacing().await?;
                match replace(&mut live, &staged, stage, &clock, now_ms).await {
                    Ok(kept) => live.commit().await.map(|()| kept),
                    Err(error) => {
                        live.undo().await;
                        Err(error)
                    }
                }
            });
            let kept = kept.await?;
            // Who hears of changes through Redis alone hears of this there.
            (self.on_change)(&Change::of_restore());
            Ok(kept)
        })
    }

    fn claim_scheduled(&self, due_at_ms: i64, daemon: Id) -> StoreFuture<'_, bool> {
        Box::pin(scheduled_backup::claim(self, due_at_ms, daemon))
    }

    fn settle_scheduled(
        &self,
        due_at_ms: i64,
        daemon: Id,
        at_ms: i64,
        outcome: Result<(), String>,
    ) -> StoreFuture<'_, ()> {
        Box::pin(scheduled_backup::settle(self, due_at_ms, daemon, at_ms, outcome))
    }

    fn scheduled(&self) -> StoreFuture<'_, Option<ScheduledBackup>> {
        Box::pin(scheduled_backup::look(self))
    }
}

/// Within a transaction that nobody else writes in.
async fn replace(
    live: &mut PostgresSide,
    staged: &Path,
    stage: Stage,
    clock: &Clock,
    now_ms: i64,
) -> Result<KeptAside, StoreError> {
    copy_to(live, stage.path(), clock.clone()).await?;
    let kept = backups::keep_aside(stage, now_ms)?;
    live.clear().await?;
    let from = SqliteSide::open(SqliteOptions::new(staged), clock.clone())?;
    let mut from = from.ok_or_else(|| StoreError::Unavailable("the backup has no store".to_owned()))?;
    same(&copy::copy_all(&mut from, live, &mut Unseen).await?)?;
    Ok(kept)
}

/// Copies everything into a new store in an empty directory, and compares both sides.
async fn copy_to(source: &mut impl Source, directory: &Path, clock: Clock) -> Result<(), StoreError> {
    let mut target = SqliteSide::target(SqliteOptions::new(directory), clock);
    same(&copy::copy(source, &mut target, &mut Unseen).await?)
}

fn same(report: &CopyReport) -> Result<(), StoreError> {
    if report.is_same() {
        return Ok(());
    }
    Err(StoreError::Corrupt(format!("the copy differs from what was copied:\n{report}")))
}

/// Runs work that keeps a thread busy on one of its own, with the connections of this runtime.
async fn beside<T, F>(make: impl FnOnce() -> F + Send + 'static) -> Result<T, StoreError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, StoreError>>,
{
    let runtime = tokio::runtime::Handle::current();
    backups::blocking(move || runtime.block_on(make())).await
}
