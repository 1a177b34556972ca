//! Report how the daemon and its store are, after a real write and read.

use agent_memory_proto::{
    BUILD, Response,
    handshake::{PROTOCOL_MAX, PROTOCOL_MIN},
    response::{DaemonHealth, Health, HealthStatus, HealthWithRedis},
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
        Some(redis) => Some(redis.probe().await),
        None => None,
    };
    let redis = redis.map(|(health, found)| {
        problems.extend(found);
        health
    });
    problems.extend(services.live.load().limiter.problem());
    problems.extend(services.supervisor.breakers().problems());
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
    Ok(match redis.filter(|_| call.protocol >= HealthWithRedis::PROTOCOL) {
        Some(redis) => Response::HealthWithRedis(Box::new(HealthWithRedis { health, redis })).into(),
        None => Response::Health(Box::new(health)).into(),
    })
}
