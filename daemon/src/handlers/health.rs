//! Report how the daemon and its store are, after a real write and read.

use agent_memory_proto::{
    BUILD,
    handshake::{PROTOCOL_MAX, PROTOCOL_MIN},
    response::{DaemonHealth, Health, HealthReport, HealthStatus, RedisReport},
};

use super::{Call, Handled};
use crate::{lifecycle::Phase, memory};

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
    Ok(report.into_response(call.protocol).into())
}
