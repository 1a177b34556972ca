//! What other daemons tell of their writes: notifications over a connection of its own, which is made
//! again whenever it is lost. Nothing is decided here about caches: the follower is told in time.

mod session;

use std::{sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::sync::watch;

use super::{PostgresHandle, PostgresStore, connector::Connector};
use crate::{
    actors,
    store::{Follower, StoreError},
    supervisor::Supervisor,
};

/// How the server lists the connection.
const APPLICATION_NAME: &str = "agent-memoryd events";
/// How long the start of the daemon waits for the first connection.
const START_PATIENCE: Duration = Duration::from_secs(2);
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_LAST: Duration = Duration::from_secs(5);

impl PostgresHandle {
    /// Tells the follower of other daemons' changes from now on, and has the supervisor keep that
    /// running. Returns once they are heard, or it turned out that they are not yet.
    ///
    /// # Errors
    /// When it cannot be started at all.
    pub async fn follow(
        &self,
        supervisor: &Supervisor,
        follower: Arc<dyn Follower>,
    ) -> Result<(), StoreError> {
        let options = &self.store.options;
        let mut server = options.events_server.as_ref().unwrap_or(&options.server).clone();
        server.config.application_name(APPLICATION_NAME);
        let connector = Arc::new(Connector::new(options, &server)?);
        let (outcome, mut first) = watch::channel(false);
        follower.lost("the connection for events was not made yet");
        let (store, outcome) = (self.store.clone(), Arc::new(outcome));
        actors::keep_running(supervisor, "postgresql-events".to_owned(), move || {
            run(store.clone(), Arc::clone(&connector), Arc::clone(&follower), Arc::clone(&outcome))
        })?;
        // When it takes longer, the daemon starts all the same, and does not use its caches.
        let _ = tokio::time::timeout(START_PATIENCE, first.wait_for(|is_known| *is_known)).await;
        Ok(())
    }
}

/// Connects, listens, and connects again, for ever.
async fn run(
    store: PostgresStore,
    connector: Arc<Connector>,
    follower: Arc<dyn Follower>,
    outcome: Arc<watch::Sender<bool>>,
) {
    let _guard = LostOnDrop(Arc::clone(&follower));
    let mut pauses = pauses();
    let mut last_reason = String::new();
    while !store.readiness.is_closed() {
        let mut is_live = false;
        let restored = || {
            is_live = true;
            tracing::info!(
                location = store.options.location(),
                "changes made through other daemons are heard"
            );
            outcome.send_replace(true);
        };
        let reason = session::listen(&store, &connector, &follower, restored).await;
        follower.lost(&reason);
        outcome.send_replace(true);
        if is_live {
            pauses = self::pauses();
            last_reason.clear();
        }
        if reason != last_reason && !store.readiness.is_closed() {
            tracing::warn!(
                "caches are not used, since changes made through other daemons are not heard: {reason}"
            );
            last_reason = reason;
        }
        tokio::time::sleep(pauses.next().unwrap_or(RETRY_LAST)).await;
    }
    // The store was closed for good; the supervisor would begin again what ends.
    std::future::pending().await
}

/// A crash of the task that listens is a loss, too.
struct LostOnDrop(Arc<dyn Follower>);

impl Drop for LostOnDrop {
    fn drop(&mut self) {
        self.0.lost("the task that listens is started again");
    }
}

fn pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(RETRY_FIRST)
        .with_max_delay(RETRY_LAST)
        .with_jitter()
        .without_max_times()
        .build()
}
