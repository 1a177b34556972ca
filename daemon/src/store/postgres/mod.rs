//! The PostgreSQL backend: many daemons share one database. Each has a pool of connections; a write
//! is one transaction, and readers see what was committed. The only folder that names the driver.

mod address;
mod audit;
mod backup;
mod cells;
mod columns;
mod conflicts;
mod connection;
mod connector;
mod context;
mod copy;
mod error;
mod events;
mod file_locks;
mod floor;
mod health;
mod housekeeping;
mod inspection;
mod lanes;
mod maintenance;
mod members;
mod migrations;
mod options;
mod password_file;
mod payload;
mod permissions;
mod ping;
mod pool;
mod readiness;
mod reads;
mod refusal;
mod relations;
mod rights;
mod scheduled_backup;
mod scope_keys;
mod search;
mod server;
mod similar;
mod snapshot;
mod tags;
mod tasks;
#[cfg(test)]
pub(in crate::store) mod tests;
mod tls;
mod upkeep;
mod values;
mod writes;

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Instant,
};

use agent_memory_proto::model::Id;
use tokio_util::task::TaskTracker;

pub(crate) use copy::PostgresSide;
pub use inspection::{Finding, Level, inspect};
pub use maintenance::{Step, migrate, pending_migrations};
pub use options::PostgresOptions;
pub use server::{Server, Tls};

use self::{
    connector::Connector,
    housekeeping::Housekeeping,
    members::Membership,
    pool::{Lease, Pool, PoolLoad},
    readiness::Readiness,
};
use super::{OnChange, Store, StoreError};
use crate::clock::Clock;

/// One of so many connections may be at work for a batch of new entries, and one for a batch of reads.
const LANE_CONNECTIONS: u32 = 3;

/// The store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct PostgresStore(Arc<Parts>);

/// What the store consists of.
pub struct Parts {
    options: PostgresOptions,
    clock: Clock,
    connector: Arc<Connector>,
    pool: Pool,
    readiness: Readiness,
    statistics: search::Statistics,
    on_change: OnChange,
    /// Names this daemon to the others in what it tells them.
    origin: Id,
    housekeeping: Housekeeping,
    /// How often a write was run again since other writers got in its way.
    repeated_writes: AtomicU64,
    /// This daemon in the table of daemons.
    membership: Membership,
    /// Writes that are under way.
    writers: TaskTracker,
    /// New entries that wait to be stored together.
    batches: writes::Batches,
    /// Entries that wait to be read together.
    readers: reads::Batches,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresStore").field("options", &self.options).finish_non_exhaustive()
    }
}

impl std::ops::Deref for PostgresStore {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl PostgresStore {
    /// Makes the store and gives the server a moment to be reached and its schema to be brought up to
    /// date; when that does not work out, it goes on in the background, and requests are refused
    /// with the cause until then. `on_change` is told of every durable change before the writer of
    /// it is answered. Must be called within the actor system.
    ///
    /// # Errors
    /// `Refused` when the schema is newer than this build or must be migrated by somebody else,
    /// `Unavailable` when the certificate authorities cannot be read.
    pub async fn open(
        options: PostgresOptions,
        clock: Clock,
        on_change: OnChange,
    ) -> Result<(Store, PostgresHandle), StoreError> {
        let connector = Arc::new(Connector::new(&options, &options.server)?);
        let pool = Pool::new(&options, Arc::clone(&connector));
        let readiness = Readiness::new();
        let origin = clock.new_id();
        let writers = TaskTracker::new();
        let lanes = usize::try_from(options.pool_max / LANE_CONNECTIONS).unwrap_or(1);
        let batches = writes::batches(lanes, options.waiting_max);
        let readers = reads::batches(lanes, options.waiting_max);
        let statistics = search::Statistics::default();
        let parts = Parts {
            options,
            clock,
            connector,
            pool,
            readiness,
            statistics,
            on_change,
            origin,
            writers,
            batches,
            readers,
            housekeeping: Housekeeping::default(),
            repeated_writes: 0.into(),
            membership: Membership::default(),
        };
        let store = Self(Arc::new(parts));
        readiness::start(&store).await?;
        housekeeping::start(&store);
        let handle = PostgresHandle { store: store.clone() };
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

    /// A connection to a database that is ready, if one comes free in time.
    async fn lease_until(&self, deadline: Instant) -> Result<Lease<'_>, StoreError> {
        let lease = tokio::time::timeout_at(deadline.into(), self.lease());
        lease.await.map_err(|_| StoreError::DeadlineExceeded)?
    }

    /// A connection to a database that is ready.
    async fn lease(&self) -> Result<Lease<'_>, StoreError> {
        self.readiness.check()?;
        self.pool.get().await
    }
}

/// Ends the store. Whoever opened it holds this.
#[derive(Clone, Debug)]
pub struct PostgresHandle {
    store: PostgresStore,
}

impl PostgresHandle {
    /// Finishes the writes that were accepted, and takes this daemon out of the table of daemons.
    pub async fn close(&self) {
        self.store.writers.close();
        self.store.writers.wait().await;
        self.store.readiness.close();
        members::leave(&self.store).await;
        self.store.housekeeping.close();
    }

    /// Connections, idle connections, and requests that wait for one.
    #[must_use]
    pub fn load(&self) -> (u32, u32, u32) {
        let PoolLoad { connections, idle, waiting } = self.store.pool.load();
        (connections, idle, waiting)
    }
}
