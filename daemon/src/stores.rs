//! Which store the settings ask for, and how it is opened and ended.

use std::sync::Arc;

use crate::{
    actors::Arbiters,
    clock::Clock,
    config::{Config, StoreKind},
    store::{
        Change, Store, StoreError,
        postgres::{PostgresHandle, PostgresStore},
        sqlite::{SqliteHandle, SqliteOptions, SqliteStore, Synchronous},
    },
    supervisor::Supervisor,
};

/// Told of every durable change, before its writer is answered.
pub type OnChange = Arc<dyn Fn(&Change) + Send + Sync>;

/// Opens the store of the settings.
///
/// # Errors
/// Why it cannot be opened.
pub async fn open(
    config: &Config,
    supervisor: &Supervisor,
    arbiters: &Arbiters,
    clock: Clock,
    on_change: OnChange,
) -> Result<(Store, StoreHandle), StoreError> {
    match &config.store {
        StoreKind::Sqlite => {
            let options = sqlite_options(config);
            let (store, handle) = SqliteStore::open(options, supervisor, arbiters, clock, on_change)?;
            Ok((store, StoreHandle::Sqlite(handle)))
        }
        StoreKind::Postgres(options) => {
            let (store, handle) = PostgresStore::open((**options).clone(), clock, on_change).await?;
            Ok((store, StoreHandle::Postgres(handle)))
        }
    }
}

/// Ends the store. Whoever opened it holds this.
#[derive(Clone, Debug)]
pub enum StoreHandle {
    /// Of an SQLite store.
    Sqlite(SqliteHandle),
    /// Of a PostgreSQL store.
    Postgres(PostgresHandle),
}

impl StoreHandle {
    /// Finishes the writes that were accepted, and closes the store for good.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(handle) => handle.close().await,
            Self::Postgres(handle) => handle.close().await,
        }
    }

    /// Readers or connections, those that are idle, and requests that wait for one.
    #[must_use]
    pub fn load(&self) -> (u32, u32, u32) {
        match self {
            Self::Sqlite(handle) => handle.load(),
            Self::Postgres(handle) => handle.load(),
        }
    }
}

fn sqlite_options(config: &Config) -> SqliteOptions {
    SqliteOptions {
        synchronous: if config.synchronous_full { Synchronous::Full } else { Synchronous::Normal },
        busy_timeout: config.busy_timeout,
        readers: config.readers,
        wal_limit_bytes: config.wal_limit_bytes,
        ..SqliteOptions::new(&config.data_dir)
    }
}
