//! Report how the daemon and its store are, after a real write and read.

use agent_memory_proto::{
    BUILD, Response,
    handshake::{PROTOCOL_MAX, PROTOCOL_MIN},
    response::{DaemonHealth, Health, HealthStatus},
};

use super::{Call, Handled};
use crate::lifecycle::Phase;

pub(super) async fn handle(call: Call) -> Handled {
    let services = &call.services;
    let (database, mut problems) = services.store.health.probe().await?;
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
            resident_bytes: resident_bytes(),
            socket: services.socket.display().to_string(),
            managed: services.managed,
            actors: services.supervisor.health(),
        },
        database,
        cache: services.answers.health(),
        rate_limits: services.live.load().limiter.health(),
        requests: services.counters.health(),
        breakers: Vec::new(),
    };
    Ok(Response::Health(Box::new(health)).into())
}

/// Resident memory, where the system tells it (Linux).
fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}
