//! The health report in a few lines; programs get all of it as an object.

use std::fmt::Write as _;

use agent_memory_proto::response::{
    FullHealthReport, Health, HealthReport, HealthWithRedis, RedisHealth, SharedCacheHealth,
};

/// How the daemon, its store and Redis are.
pub(super) fn with_redis(report: &HealthWithRedis) -> String {
    format!("{}\nredis: {}", health(&report.health), standing(&report.redis))
}

/// How the daemon, its store, its caches and Redis are.
pub(super) fn report(report: &HealthReport) -> String {
    let mut out = health(&report.health);
    if let Some(redis) = &report.redis {
        let SharedCacheHealth { hits, misses } = redis.shared_cache;
        let _ = write!(out, "\nredis: {}, {}", redis.kind.name(), standing(&redis.health));
        let _ = write!(out, "; shared cache: {hits} hits, {misses} misses");
    }
    out
}

/// How the daemon and everything that it uses are, with figures by their names.
pub(super) fn full(full: &FullHealthReport) -> String {
    let mut out = report(&full.report);
    for section in &full.sections {
        let figures: Vec<_> =
            section.figures.iter().map(|figure| format!("{} {}", figure.name, figure.value)).collect();
        let _ = write!(out, "\n{}: {}", section.name, figures.join(", "));
    }
    out
}

fn standing(redis: &RedisHealth) -> String {
    let standing = if redis.connected { "connected" } else { "not connected" };
    format!("{}:{} {standing}", redis.host, redis.port)
}

/// How the daemon and its store are.
pub(super) fn health(report: &Health) -> String {
    let mut out = format!("{}: agent-memoryd {}", report.status.name(), report.daemon.build);
    let _ = write!(out, ", up {} s", report.daemon.uptime_ms / 1_000);
    for problem in &report.problems {
        let _ = write!(out, "\n- {problem}");
    }
    let database = &report.database;
    let [guidelines, knowledge, tools] = database.entries;
    let _ = write!(
        out,
        "\ndatabase: {} {}, {} kB (log {} kB); {guidelines} guidelines, {knowledge} knowledge, {tools} tools",
        database.backend,
        database.location,
        database.size_bytes / 1_024,
        database.wal_bytes / 1_024
    );
    let (cache, requests) = (&report.cache, &report.requests);
    let _ = write!(
        out,
        "\ncache: {} entries, {} kB, {} hits, {} misses",
        cache.entries,
        cache.memory_bytes / 1_024,
        cache.hits,
        cache.misses
    );
    let _ = write!(
        out,
        "\nrequests: {}, {} errors, {} refused by rate limits; {} connections",
        requests.total, requests.errors, requests.rate_limit_hits, requests.connections
    );
    for breaker in &report.breakers {
        let _ = write!(out, "\nbreaker {}: {}", breaker.service, breaker.state);
    }
    out
}
