//! The daemons that share a store: this one tells the others that it is there and how it is, and learns who
//! else is, so that nobody is relied on to be heard who is not.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use agent_memory_proto::{
    BUILD,
    handshake::{PROTOCOL_MAX, PROTOCOL_MIN},
    response::{ClusterDaemon, DaemonLoad},
};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::{
    actors, places,
    redis::Redis,
    services::Services,
    store::{StoreError, postgres::PostgresHandle},
};

/// How often a daemon says that it is there.
const SAY_EVERY: Duration = Duration::from_secs(5);
/// How often one that hears of changes through Redis looks who there is, and one that could not say so tries
/// again.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long the start of the daemon waits until the others know of it.
const START_PATIENCE: Duration = Duration::from_secs(2);

/// This daemon, as it is now.
pub(crate) fn own(services: &Services) -> ClusterDaemon {
    let uptime_ms = u64::try_from(services.started_at.elapsed().as_millis()).unwrap_or(u64::MAX);
    let requests = services.counters.health();
    ClusterDaemon {
        id: services.daemon_id,
        host: places::machine(),
        data_dir: services.config.data_dir.display().to_string(),
        process_id: std::process::id(),
        build: BUILD.to_owned(),
        protocol: (PROTOCOL_MIN, PROTOCOL_MAX),
        started_at_ms: services.clock.now_ms().saturating_sub_unsigned(uptime_ms),
        uptime_ms,
        seen_ms_ago: 0,
        is_stale: false,
        load: DaemonLoad {
            connections: requests.connections,
            requests: requests.total,
            requests_per_s: services.counters.requests_per_s(),
            event_lag_us: services.redis.as_ref().and_then(Redis::event_lag_us),
            deaf: services.changes.deaf(),
            generation: services.changes.generations.any_change(),
            breakers: services.supervisor.breakers().health(),
        },
    }
}

/// Tells the others from now on that this daemon is there. Returns once they can know, or it turned out that
/// the database cannot be told yet.
///
/// # Errors
/// When that cannot be started at all; that the database is away is no reason.
pub(crate) async fn join(services: &Arc<Services>, handle: &PostgresHandle) -> Result<(), StoreError> {
    let mut member = Member { services: Arc::clone(services), handle: handle.clone(), said_at: None };
    // When it takes longer, the daemon starts all the same.
    let _ = timeout(START_PATIENCE, member.look()).await;
    actors::keep_running(&services.supervisor, "members".to_owned(), move || member.clone().run())
}

/// This daemon among the others.
#[derive(Clone)]
struct Member {
    services: Arc<Services>,
    handle: PostgresHandle,
    /// When it said last that it is there.
    said_at: Option<Instant>,
}

impl Member {
    async fn run(mut self) {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            self.look().await;
        }
    }

    /// Says that it is there when it is time to, and looks who else is. What fails is tried again soon; those
    /// who need to know are told of a failure by its age.
    async fn look(&mut self) {
        if self.said_at.is_none_or(|at| at.elapsed() >= SAY_EVERY) {
            match self.handle.say_present(&own(&self.services)).await {
                Ok(()) => self.said_at = Some(Instant::now()),
                Err(error) => {
                    tracing::debug!(%error, "the other daemons were not told that this one is there")
                }
            }
        }
        let Some(redis) = &self.services.redis else { return };
        match self.handle.present().await {
            Ok(members) => redis.members_are(&members),
            Err(error) => tracing::debug!(%error, "it could not be read which daemons there are"),
        }
    }
}
