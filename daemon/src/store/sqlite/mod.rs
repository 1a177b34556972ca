//! The SQLite backend: one writer with group commit, readers that never wait for it. The only
//! folder that names the driver.

mod audit;
mod backup;
mod cells;
mod columns;
mod conflicts;
mod connection;
mod context;
mod copy;
mod error;
mod file_locks;
mod floor;
mod gap;
mod health;
mod housekeeping;
mod idempotency;
mod identity;
mod index;
mod migrations;
mod options;
mod permissions;
mod reads;
mod relations;
mod scope_keys;
mod search;
mod similar;
mod tags;
mod tasks;
#[cfg(test)]
pub(super) mod tests;
mod writer;
mod writes;

use std::sync::{Arc, atomic::AtomicI64};

use agent_memory_proto::response::ClusterDaemon;

pub(crate) use backup::{
    HEAD_BYTES as BACKUP_HEAD_BYTES, Sealed, examine as examine_backup, is_ours as is_backup_head,
    prepare as prepare_backup, seal as seal_backup,
};
pub use connection::ReadConnection;
pub(crate) use copy::SqliteSide;
pub use options::{SqliteOptions, Synchronous};

use self::{
    gap::Gap,
    writer::{Job, SqliteWriter},
};
use super::{
    MemberStore, OnChange, Store, StoreError, StoreFuture, WriteOutcome, WriteRequest, WriteStore,
    rules::{PreparedWrite, is_quick},
};
use crate::{
    actors::{Arbiters, WorkerPool, WriterHandle},
    clock::Clock,
    supervisor::Supervisor,
};

/// The store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SqliteStore(Arc<Parts>);

/// What the store consists of.
#[derive(Debug)]
pub struct Parts {
    options: SqliteOptions,
    clock: Clock,
    readers: WorkerPool<ReadConnection>,
    writer: WriterHandle<SqliteWriter>,
    last_canary: AtomicI64,
}

impl std::ops::Deref for SqliteStore {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl SqliteStore {
    /// Opens the store, creates or migrates it, and starts its actors. `on_change` is told of
    /// every durable change before the writer of it is answered. Must be called within the actor
    /// system.
    ///
    /// # Errors
    /// `Unavailable` when the store is newer than this build or no store at all, `ReadOnly`,
    /// `DiskFull`, `Corrupt` and `Locked` as the cause is. Nothing is changed then.
    pub fn open(
        options: SqliteOptions,
        supervisor: &Supervisor,
        arbiters: &Arbiters,
        clock: Clock,
        on_change: OnChange,
    ) -> Result<(Store, SqliteHandle), StoreError> {
        migrations::migrate(&options, &clock, migrations::ALL)?;
        floor::remove_leftovers(&options);
        let gap = Arc::new(Gap::default());
        let writer = {
            let (of_writer, clock, gap) = (options.clone(), clock.clone(), Arc::clone(&gap));
            let open = move || SqliteWriter::open(&of_writer, &clock, &on_change, &gap);
            WriterHandle::start(supervisor, options.writer_mailbox, open)?
        };
        let readers = {
            let of_readers = options.clone();
            let open = move || ReadConnection::open(&of_readers, &gap);
            WorkerPool::start(supervisor, arbiters, options.readers, "reader", options.reader_mailbox, open)?
        };
        let store = Self(Arc::new(Parts { options, clock, readers, writer, last_canary: 0.into() }));
        let handle = SqliteHandle { store: store.clone() };
        let shared = Arc::new(store);
        let store = Store {
            entries: Arc::clone(&shared) as _,
            scopes: Arc::clone(&shared) as _,
            locks: Arc::clone(&shared) as _,
            tasks: Arc::clone(&shared) as _,
            conflicts: Arc::clone(&shared) as _,
            relations: Arc::clone(&shared) as _,
            tags: Arc::clone(&shared) as _,
            permissions: Arc::clone(&shared) as _,
            audit: Arc::clone(&shared) as _,
            search: Arc::clone(&shared) as _,
            transfer: Arc::clone(&shared) as _,
            writes: Arc::clone(&shared) as _,
            members: Arc::clone(&shared) as _,
            health: Arc::clone(&shared) as _,
            backups: Arc::clone(&shared) as _,
            floors: shared,
        };
        Ok((store, handle))
    }
}

impl MemberStore for SqliteStore {
    /// The store belongs to one daemon.
    fn members(&self) -> StoreFuture<'_, (Vec<ClusterDaemon>, bool)> {
        Box::pin(async { Ok((Vec::new(), false)) })
    }
}

impl WriteStore for SqliteStore {
    fn write(&self, request: WriteRequest) -> StoreFuture<'_, WriteOutcome> {
        Box::pin(async move {
            let write = if is_quick(&request.write) {
                PreparedWrite::new(request)
            } else {
                self.readers.run_long(|_| Ok(PreparedWrite::new(request))).await?
            };
            self.writer.submit(Job::Write(Box::new(write))).await
        })
    }
}

/// Ends the store. Whoever opened it holds this.
#[derive(Clone, Debug)]
pub struct SqliteHandle {
    store: SqliteStore,
}

impl SqliteHandle {
    /// Finishes the writes that were accepted, writes the log back into the database, and stops
    /// the writer for good.
    pub async fn close(&self) {
        self.store.writer.close().await;
    }

    /// Readers, idle readers, and jobs that wait for one.
    #[must_use]
    pub fn load(&self) -> (u32, u32, u32) {
        self.store.readers.load()
    }
}
