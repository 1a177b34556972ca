//! Sessions that were abandoned end by themselves: now and then, a few at a time. Every daemon of a store does it, and
//! it does not matter which comes first.

use std::{sync::Arc, time::Duration};

use agent_memory_proto::Response;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::{
    lifecycle::Phase,
    services::Services,
    store::{
        Caller, Write, WriteRequest,
        gate::{self, Masked},
    },
};

/// The longest time between two looks, and the shortest.
const LOOK_EVERY_MAX: Duration = Duration::from_secs(60);
const LOOK_EVERY_MIN: Duration = Duration::from_millis(50);
/// Sessions that are ended in one write.
const BATCH: u32 = 50;

/// Looks for them until the daemon stops.
pub(crate) async fn look_after(services: Arc<Services>) {
    let timeout = services.config.session_timeout;
    if timeout.is_zero() {
        return;
    }
    let every = (timeout / 4).clamp(LOOK_EVERY_MIN, LOOK_EVERY_MAX);
    let mut ticks = interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if services.shutdown.phase() > Phase::Running {
            return;
        }
        while end_some(&services, timeout).await {}
    }
}

/// Ends some; true when there may be more.
async fn end_some(services: &Services, timeout: Duration) -> bool {
    let at_ms = services.clock.now_ms();
    let timeout_ms = i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX);
    let write = Write::EndAbandonedSessions { before_ms: at_ms.saturating_sub(timeout_ms), limit: BATCH };
    let Ok(write) = gate::pass(services.config.secrets, write, &Masked::default()) else { return false };
    let request = WriteRequest { write, caller: Caller::daemon(&services.daemon), at_ms, idempotency: None };
    match services.store.writes.write(request).await {
        Ok(outcome) => match outcome.reply {
            Response::SessionReports(page) if !page.sessions.is_empty() => {
                tracing::info!(sessions = page.sessions.len(), "abandoned sessions ended by themselves");
                // Their locks ended with them.
                services.lock_lines.all_freed();
                if let Some(redis) = &services.redis {
                    redis.end_any_lock();
                }
                page.has_more
            }
            _ => false,
        },
        Err(error) => {
            tracing::debug!(%error, "abandoned sessions are looked for again later");
            false
        }
    }
}
