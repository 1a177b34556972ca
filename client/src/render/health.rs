//! The health report, with the fields of the scaling guide.

use agent_memory_proto::response::{
    BreakerHealth, CacheHealth, DaemonHealth, DatabaseHealth, FigureValue, FullHealthReport, Health,
    HealthReport, HealthWithRedis, RedisHealth, RedisReport, SharedCacheHealth,
};
use serde_json::{Map, Value, json};

const MEGABYTE: f64 = 1_048_576.0;

/// How the daemon and its store are.
#[must_use]
pub fn health(report: &Health) -> Value {
    let limits: Map<String, Value> = report
        .rate_limits
        .iter()
        .map(|limit| {
            let value = json!({
                "enabled": limit.max > 0,
                "max": limit.max,
                "windowMs": limit.window_ms,
                "hits": limit.hits,
            });
            (limit.name.clone(), value)
        })
        .collect();
    let breakers: Vec<Value> = report.breakers.iter().map(breaker).collect();
    json!({
        "status": report.status.name(),
        "problems": report.problems,
        "version": report.daemon.build,
        "uptimeMs": report.daemon.uptime_ms,
        "database": database(&report.database),
        "redis": { "enabled": false },
        "cache": cache(&report.cache),
        "rateLimits": limits,
        "requests": {
            "totalRequests": report.requests.total,
            "errors": report.requests.errors,
            "rateLimitHits": report.requests.rate_limit_hits,
            "inFlight": report.requests.in_flight,
            "connections": report.requests.connections,
        },
        "circuitBreakers": breakers,
        "daemon": daemon(&report.daemon),
    })
}

/// How the daemon, its store and Redis are.
#[must_use]
pub fn health_with_redis(report: &HealthWithRedis) -> Value {
    let mut value = health(&report.health);
    value["redis"] = redis(&report.redis);
    value
}

/// How the daemon, its store, its caches and Redis are.
#[must_use]
pub fn health_report(report: &HealthReport) -> Value {
    let mut value = health(&report.health);
    value["cache"]["evictions"] = report.cache_evictions.into();
    if let Some(redis) = &report.redis {
        value["redis"] = redis_report(redis);
    }
    value
}

/// How the daemon and everything that it uses are.
#[must_use]
pub fn full_health_report(full: &FullHealthReport) -> Value {
    let mut value = health_report(&full.report);
    for section in &full.sections {
        let figures = section.figures.iter().map(|figure| {
            let value = match &figure.value {
                FigureValue::Number(number) => json!(number),
                FigureValue::Text(text) => json!(text),
            };
            (figure.name.clone(), value)
        });
        value[&section.name] = Value::Object(figures.collect());
    }
    value
}

pub(super) fn breaker(report: &BreakerHealth) -> Value {
    json!({
        "service": report.service,
        "state": report.state,
        "failures": report.failures,
        "retryAfterMs": report.retry_after_ms,
    })
}

fn redis(report: &RedisHealth) -> Value {
    json!({
        "enabled": true,
        "connected": report.connected,
        "host": report.host,
        "port": report.port,
        "engineVersion": report.engine_version,
        "pingUs": report.ping_us,
        "memoryMB": report.memory_bytes.map(megabytes),
        "memoryLimitMB": report.memory_limit_bytes.map(megabytes),
        "connectionFailures": report.connection_failures,
        "eventsHeard": report.events_heard,
        "pubSubLagMs": report.event_lag_us.map(milliseconds),
        "eventGaps": report.event_gaps,
        "otherDaemons": report.daemons,
    })
}

fn redis_report(report: &RedisReport) -> Value {
    let mut value = redis(&report.health);
    value["kind"] = report.kind.name().into();
    let SharedCacheHealth { hits, misses } = report.shared_cache;
    value["sharedCache"] = json!({ "hitRate": hit_rate(hits, misses), "hits": hits, "misses": misses });
    value
}

fn database(report: &DatabaseHealth) -> Value {
    json!({
        "type": report.backend,
        "connected": report.connected,
        "path": report.location,
        "engineVersion": report.engine_version,
        "schemaVersion": report.schema_version,
        "sizeBytes": report.size_bytes,
        "walBytes": report.wal_bytes,
        "freeBytes": report.free_bytes,
        "poolSize": report.pool_size,
        "idleConnections": report.idle_connections,
        "waiting": report.waiting,
        "writeUs": report.write_us,
        "readUs": report.read_us,
        "entries": {
            "guidelines": report.entries[0],
            "knowledge": report.entries[1],
            "tools": report.entries[2],
        },
    })
}

fn cache(report: &CacheHealth) -> Value {
    json!({
        "entries": report.entries,
        "memoryMB": megabytes(report.memory_bytes),
        "memoryLimitMB": megabytes(report.memory_limit_bytes),
        "hitRate": hit_rate(report.hits, report.misses),
        "hits": report.hits,
        "misses": report.misses,
    })
}

/// The part of the look-ups that found something; 0 before the first.
fn hit_rate(hits: u64, misses: u64) -> f64 {
    match hits + misses {
        0 => 0.0,
        lookups => round(ratio(hits, lookups), 1_000.0),
    }
}

fn daemon(report: &DaemonHealth) -> Value {
    let actors: Vec<Value> = report
        .actors
        .iter()
        .map(|actor| json!({ "name": actor.name, "restarts": actor.restarts, "lastPanic": actor.last_panic }))
        .collect();
    json!({
        "version": report.build,
        "protocol": { "min": report.protocol.0, "max": report.protocol.1 },
        "processId": report.process_id,
        "uptimeMs": report.uptime_ms,
        "residentMB": report.resident_bytes.map(megabytes),
        "socket": report.socket,
        "managed": report.managed,
        "actors": actors,
    })
}

#[allow(clippy::cast_precision_loss, reason = "shown with three digits")]
pub(super) fn milliseconds(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

#[allow(clippy::cast_precision_loss, reason = "shown with two digits")]
fn megabytes(bytes: u64) -> f64 {
    round(bytes as f64 / MEGABYTE, 100.0)
}

#[allow(clippy::cast_precision_loss, reason = "shown with three digits")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

pub(super) fn round(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_has_the_fields_of_the_scaling_guide() {
        let report = CacheHealth {
            entries: 150,
            memory_bytes: 26_528_973,
            memory_limit_bytes: 0,
            hits: 87,
            misses: 13,
        };
        let value = cache(&report);
        assert_eq!(value["entries"], 150);
        assert_eq!(value["memoryMB"], 25.3);
        assert_eq!(value["hitRate"], 0.87);
    }

    #[test]
    fn an_unused_cache_has_no_hit_rate() {
        let report = CacheHealth { entries: 0, memory_bytes: 0, memory_limit_bytes: 0, hits: 0, misses: 0 };
        assert_eq!(cache(&report)["hitRate"], 0.0);
    }
}
