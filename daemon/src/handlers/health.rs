//! Report how the daemon and its store are, after a real write and read.

use std::sync::atomic::{AtomicU64, Ordering};

use agent_memory_proto::{
    BUILD,
    handshake::{PROTOCOL_MAX, PROTOCOL_MIN},
    response::{
        DaemonHealth, FullHealthReport, Health, HealthReport, HealthSection, HealthStatus, RedisReport,
    },
};

use super::{Call, Handled};
use crate::{lifecycle::Phase, memory, permissions::ChosenMode, services::Services};

pub(super) async fn handle(call: Call) -> Handled {
    let services = &call.services;
    let (database, mut problems) = services.store.health.probe().await?;
    if let Some(reason) = services.changes.deaf() {
        problems.push(format!(
            "changes made through other daemons are not heard, so every read goes to the database: {reason}. \
             Events need a direct connection to the server: AGENT_MEMORY_PG_EVENTS_URL, else AGENT_MEMORY_PG_URL"
        ));
    }
    let redis = match &services.redis {
        Some(redis) => {
            let (health, found) = redis.probe().await;
            problems.extend(found);
            let shared_cache = services.shared_answers.as_ref().map(|shared| shared.health());
            Some(RedisReport { health, kind: redis.kind(), shared_cache: shared_cache.unwrap_or_default() })
        }
        None => None,
    };
    problems.extend(services.live.load().limiter.problem());
    problems.extend(services.supervisor.breakers().problems());
    problems.extend(services.backups.problem());
    let mut status = match (database.connected, problems.is_empty()) {
        (false, _) => HealthStatus::Unhealthy,
        (true, false) => HealthStatus::Degraded,
        (true, true) => HealthStatus::Healthy,
    };
    if services.shutdown.phase() > Phase::Running {
        problems.push("the daemon is stopping; connect again".to_owned());
        status = HealthStatus::Unhealthy;
    }
    let health = Health {
        status,
        problems,
        daemon: DaemonHealth {
            build: BUILD.to_owned(),
            protocol: (PROTOCOL_MIN, PROTOCOL_MAX),
            process_id: std::process::id(),
            uptime_ms: u64::try_from(services.started_at.elapsed().as_millis()).unwrap_or(u64::MAX),
            resident_bytes: memory::resident_bytes(),
            socket: services.socket.display().to_string(),
            managed: services.managed,
            actors: services.supervisor.health(),
        },
        database,
        cache: services.answers.health(),
        rate_limits: services.live.load().limiter.health(),
        requests: services.counters.health(),
        breakers: services.supervisor.breakers().health(),
    };
    let report = HealthReport { health, cache_evictions: services.answers.evictions(), redis };
    let full = FullHealthReport { report, sections: sections(services) };
    Ok(full.into_response(call.protocol).into())
}

/// What has no place in the report of older versions.
fn sections(services: &Services) -> Vec<HealthSection> {
    let counters = &services.counters;
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let mut transactions = HealthSection::new("transactions").number("writes", count(&counters.writes));
    if let Some(repeated) = services.store.health.repeated_writes() {
        transactions = transactions.number("repeated", repeated);
    }
    let ChosenMode { mode, reason, protected } = services.config.permissions;
    let [reads, writes] = counters.latencies.health();
    vec![
        HealthSection::new("permissions")
            .text("mode", mode.name())
            .text("because", reason)
            .text("protected", protected.name()),
        reads,
        writes,
        transactions,
        HealthSection::new("fileLocks")
            .number("asked", count(&counters.locks_asked))
            .number("refused", count(&counters.locks_refused)),
    ]
}
