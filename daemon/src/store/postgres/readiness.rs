//! Whether the database can be used: it was reached once, and its schema is the one of this build.
//! Until then the daemon keeps trying, and requests are refused with the cause.

use std::{sync::Mutex, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::{
    sync::watch,
    task::{JoinError, JoinHandle},
};

use super::{PostgresStore, connection::Connection, maintenance::MIGRATION_TIMEOUT, migrations, rights};
use crate::{store::StoreError, supervisor::lock};

/// How long the start of the daemon waits for the server.
const START_PATIENCE: Duration = Duration::from_secs(2);

/// Whether the database can be used.
#[derive(Debug)]
pub(super) struct Readiness {
    state: Mutex<State>,
    was_reached: watch::Sender<bool>,
}

#[derive(Clone, Debug)]
enum State {
    NotYet(StoreError),
    Ready,
    Closed,
}

impl Readiness {
    pub(super) fn new() -> Self {
        let cause = StoreError::Unavailable("the database was not reached yet".to_owned());
        Self { state: Mutex::new(State::NotYet(cause)), was_reached: watch::Sender::new(false) }
    }

    /// Waits until it can be used for the first time.
    pub(super) async fn reached(&self) {
        // The sender is held by this.
        let _ = self.was_reached.subscribe().wait_for(|was_reached| *was_reached).await;
    }

    /// # Errors
    /// Why it cannot be used.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match &*lock(&self.state) {
            State::Ready => Ok(()),
            State::NotYet(cause) => Err(cause.clone()),
            State::Closed => Err(StoreError::Unavailable("the daemon is stopping".to_owned())),
        }
    }

    /// From now on nothing is begun any more.
    pub(super) fn close(&self) {
        *lock(&self.state) = State::Closed;
    }

    /// Whether the store was closed for good.
    pub(super) fn is_closed(&self) -> bool {
        matches!(&*lock(&self.state), State::Closed)
    }

    fn is_open(&self) -> bool {
        matches!(&*lock(&self.state), State::NotYet(_))
    }

    fn set(&self, state: State) {
        let mut current = lock(&self.state);
        if !matches!(*current, State::Closed) {
            *current = state;
            if matches!(*current, State::Ready) {
                self.was_reached.send_replace(true);
            }
        }
    }
}

/// Makes the first attempt, and leaves it, or others, to a task when it takes long or fails.
///
/// # Errors
/// `Refused` when trying again will not help.
pub(super) async fn start(store: &PostgresStore) -> Result<(), StoreError> {
    let mut first = begin(store);
    let (error, under_way) = match tokio::time::timeout(START_PATIENCE, &mut first).await {
        Ok(ended) => match result_of(ended) {
            Ok(()) => {
                store.readiness.set(State::Ready);
                return Ok(());
            }
            Err(error @ StoreError::Refused(_)) => return Err(error),
            Err(error) => (error, None),
        },
        Err(_) => {
            let (location, waited_ms) = (store.options.location(), START_PATIENCE.as_millis());
            let text = format!("{location} was not reached, and its schema settled, within {waited_ms} ms");
            // A migration that was given up half-way would have to be begun again.
            (StoreError::Unavailable(text), Some(first))
        }
    };
    tracing::error!(
        location = store.options.location(),
        "the database cannot be used yet, every request is refused until then: {error}"
    );
    store.readiness.set(State::NotYet(error));
    tokio::spawn(keep_trying(store.clone(), under_way));
    Ok(())
}

type Attempt = JoinHandle<Result<(), StoreError>>;

fn begin(store: &PostgresStore) -> Attempt {
    let store = store.clone();
    tokio::spawn(async move { attempt(&store).await })
}

fn result_of(ended: Result<Result<(), StoreError>, JoinError>) -> Result<(), StoreError> {
    ended.unwrap_or_else(|_| {
        Err(StoreError::Unavailable("the attempt to reach the database panicked".to_owned()))
    })
}

async fn keep_trying(store: PostgresStore, mut under_way: Option<Attempt>) {
    let backoff = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(2))
        .with_jitter()
        .without_max_times();
    let mut last = String::new();
    for delay in backoff.build() {
        let attempt = match under_way.take() {
            Some(attempt) => attempt,
            None => {
                tokio::time::sleep(delay).await;
                if !store.readiness.is_open() {
                    return;
                }
                begin(&store)
            }
        };
        match result_of(attempt.await) {
            Ok(()) => {
                store.readiness.set(State::Ready);
                tracing::info!(location = store.options.location(), "the database was reached");
                return;
            }
            Err(error) => {
                let text = error.to_string();
                if text != last {
                    tracing::error!(location = store.options.location(), "still no database: {text}");
                    last = text;
                }
                store.readiness.set(State::NotYet(error));
            }
        }
    }
}

/// Connects, and checks or migrates the schema.
async fn attempt(store: &PostgresStore) -> Result<(), StoreError> {
    let (client, keeps_state) = store.connector.open(drop).await?;
    let connection = Connection::new(client, keeps_state, MIGRATION_TIMEOUT);
    // First, since a role without any would not even be told whether there is something to migrate.
    let grants = rights::missing(&connection, migrations::ALL).await?;
    if !grants.is_empty() {
        return Err(StoreError::Unavailable(format!(
            "the role lacks rights; run as the owner of the schema: {};",
            grants.join("; ")
        )));
    }
    let applied =
        migrations::migrate(&connection, &store.clock, migrations::ALL, store.options.migrate).await?;
    if applied > 0 {
        tracing::info!(applied, "the schema is up to date");
    }
    Ok(())
}
