//! The pool of connections: who waits for one is bounded, does not wait longer than there is hope,
//! and a connection that was left in the middle of something is not given to the next.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use bb8::{ErrorSink, ManageConnection, PooledConnection, QueueStrategy, RunError};
use tokio::sync::watch;

use super::{
    connection::Connection,
    connector::Connector,
    options::PostgresOptions,
    upkeep::{self, Kept},
};
use crate::store::StoreError;

/// Connections are replaced after so long, so that servers behind a balancer are used evenly.
const LIFETIME: Duration = Duration::from_secs(3_600);

/// Connections that are taken and given back.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    connections: bb8::Pool<Manager>,
    connector: Arc<Connector>,
    _alive: Arc<()>,
    waiting: Arc<AtomicU32>,
    waiting_max: u32,
    failures: watch::Receiver<Failures>,
}

/// How the pool is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PoolLoad {
    pub(super) connections: u32,
    pub(super) idle: u32,
    pub(super) waiting: u32,
}

/// Attempts to connect that failed, and why the last did.
#[derive(Clone, Debug, Default)]
struct Failures {
    count: u64,
    last: Option<StoreError>,
}

impl Pool {
    /// A pool that connects when it is asked to.
    pub(super) fn new(options: &PostgresOptions, connector: Arc<Connector>) -> Self {
        let (sender, failures) = watch::channel(Failures::default());
        let connections = bb8::Pool::builder()
            .max_size(options.pool_max.max(1))
            .idle_timeout(None)
            .max_lifetime(LIFETIME)
            // The one that was used last is used next, so that those beyond need are idle.
            .queue_strategy(QueueStrategy::Lifo)
            .connection_timeout(options.connection_timeout)
            .retry_connection(false)
            .test_on_check_out(false)
            .error_sink(Box::new(Sink(sender)))
            .build_unchecked(Manager(Arc::clone(&connector)));
        let alive = Arc::new(());
        upkeep::start(
            connections.clone(),
            Arc::clone(&connector),
            &alive,
            Kept { min: options.pool_min.min(options.pool_max), idle_timeout: options.idle_timeout },
        );
        Self {
            connections,
            connector,
            _alive: alive,
            waiting: Arc::default(),
            waiting_max: u32::try_from(options.waiting_max).unwrap_or(u32::MAX),
            failures,
        }
    }

    /// Takes a connection.
    ///
    /// # Errors
    /// `Busy` when too many wait or none came free in time, `Unavailable` when none can be made.
    pub(super) async fn get(&self) -> Result<Lease<'_>, StoreError> {
        let _place = self.enter()?;
        loop {
            let connection = self.take().await?;
            let lease = Lease { connection, connector: Arc::clone(&self.connector) };
            // The server may have gone while it was idle.
            if !lease.is_broken() {
                return Ok(lease);
            }
        }
    }

    async fn take(&self) -> Result<PooledConnection<'_, Manager>, StoreError> {
        let mut failures = self.failures.clone();
        failures.mark_unchanged();
        let started = Instant::now();
        let taken = self.connections.get();
        tokio::pin!(taken);
        loop {
            tokio::select! {
                biased;
                taken = &mut taken => {
                    return taken.map_err(|error| match error {
                        RunError::User(error) => error,
                        RunError::TimedOut => self.none_in_time(started),
                    });
                }
                changed = failures.changed() => {
                    let last = failures.borrow_and_update().last.clone();
                    if let (Ok(()), Some(error), 0) = (changed, last, self.connections.state().connections) {
                        return Err(error);
                    }
                }
            }
        }
    }

    fn none_in_time(&self, since: Instant) -> StoreError {
        let load = self.load();
        tracing::warn!(?load, waited_ms = since.elapsed().as_millis(), "no connection of the pool came free");
        StoreError::Busy { queue: "the pool of connections (AGENT_MEMORY_PG_POOL_MAX)" }
    }

    fn enter(&self) -> Result<Place, StoreError> {
        let place = Place(Arc::clone(&self.waiting));
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.waiting_max {
            return Err(StoreError::Busy { queue: "the queue for connections" });
        }
        Ok(place)
    }

    /// How it is now.
    pub(super) fn load(&self) -> PoolLoad {
        let state = self.connections.state();
        PoolLoad {
            connections: state.connections,
            idle: state.idle_connections,
            waiting: self.waiting.load(Ordering::Relaxed),
        }
    }
}

/// A connection that is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Lease<'a> {
    connection: PooledConnection<'a, Manager>,
    connector: Arc<Connector>,
}

impl std::ops::Deref for Lease<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.connection.rest();
        if self.connection.is_under_way() {
            let token = self.connection.cancel_token();
            let connector = Arc::clone(&self.connector);
            tokio::spawn(async move { connector.cancel(token).await });
        }
    }
}

struct Place(Arc<AtomicU32>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Makes connections and knows which are of no more use.
#[derive(Debug)]
pub(super) struct Manager(Arc<Connector>);

impl ManageConnection for Manager {
    type Connection = Connection;
    type Error = StoreError;

    async fn connect(&self) -> Result<Connection, StoreError> {
        self.0.connect().await
    }

    async fn is_valid(&self, connection: &mut Connection) -> Result<(), StoreError> {
        connection.batch("").await
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        connection.is_broken()
    }
}

#[derive(Clone, Debug)]
struct Sink(watch::Sender<Failures>);

impl ErrorSink<StoreError> for Sink {
    fn sink(&self, error: StoreError) {
        self.0.send_modify(|failures| {
            failures.count += 1;
            failures.last = Some(error);
        });
    }

    fn boxed_clone(&self) -> Box<dyn ErrorSink<StoreError>> {
        Box::new(self.clone())
    }
}
