//! The daemons of a store.

use agent_memory_proto::response::{ClusterDaemon, ClusterStatus};
use serde_json::{Value, json};

use super::{health, time};

pub(super) fn status(report: &ClusterStatus) -> Value {
    let daemons = report.daemons.iter().map(|one| daemon(one, one.id == report.answered_by));
    let mut value = super::list("daemons", daemons, report.has_more);
    value["success"] = json!(true);
    value["answeredBy"] = json!(report.answered_by);
    value
}

fn daemon(daemon: &ClusterDaemon, answers: bool) -> Value {
    let load = &daemon.load;
    let breakers: Vec<Value> = load.breakers.iter().map(health::breaker).collect();
    json!({
        "id": daemon.id,
        "answers": answers,
        "status": if daemon.is_stale { "stale" } else { "live" },
        "host": daemon.host,
        "dataDir": daemon.data_dir,
        "processId": daemon.process_id,
        "version": daemon.build,
        "protocol": { "min": daemon.protocol.0, "max": daemon.protocol.1 },
        "startedAt": time(daemon.started_at_ms),
        "uptimeMs": daemon.uptime_ms,
        "lastSeenMsAgo": daemon.seen_ms_ago,
        "connections": load.connections,
        "requests": load.requests,
        "requestsPerSecond": health::round(load.requests_per_s, 10.0),
        "pubSubLagMs": load.event_lag_us.map(health::milliseconds),
        "hearsOthers": load.deaf.is_none(),
        "notHeardBecause": load.deaf,
        "generation": load.generation,
        "circuitBreakers": breakers,
    })
}
