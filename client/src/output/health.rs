//! The health report, for people.

use agent_memory_proto::response::{
    CacheHealth, FullHealthReport, Health, HealthReport, HealthStatus, HealthWithRedis, RedisHealth,
    RedisReport,
};

use super::{style::Style, tables::fields};

/// How the daemon and its store are.
pub(crate) fn health(style: Style, report: &Health) -> String {
    parts(style, report, None)
}

/// How the daemon, its store and Redis are.
pub(crate) fn with_redis(style: Style, report: &HealthWithRedis) -> String {
    format!("{}\n{}", health(style, &report.health), redis(style, &report.redis, None))
}

/// How the daemon, its store, its caches and Redis are.
pub(crate) fn report(style: Style, report: &HealthReport) -> String {
    let all = parts(style, &report.health, Some(report.cache_evictions));
    match &report.redis {
        Some(used) => format!("{all}\n{}", redis(style, &used.health, Some(used))),
        None => all,
    }
}

/// How the daemon and everything that it uses are, with figures by their names.
pub(crate) fn full(style: Style, full: &FullHealthReport) -> String {
    let sections = full.sections.iter().map(|section| {
        let figures: Vec<_> = section
            .figures
            .iter()
            .map(|figure| (figure.name.as_str(), Some(figure.value.to_string())))
            .collect();
        fields(style, &section.name, &figures)
    });
    std::iter::once(report(style, &full.report)).chain(sections).collect::<Vec<_>>().join("\n")
}

fn parts(style: Style, report: &Health, cache_evictions: Option<u64>) -> String {
    let verdict = match report.status {
        HealthStatus::Healthy => style.good("healthy"),
        HealthStatus::Degraded => style.doubtful("degraded"),
        HealthStatus::Unhealthy => style.bad("unhealthy"),
    };
    let mut parts = vec![verdict];
    parts.extend(report.problems.iter().map(|problem| format!("  {} {problem}", style.bad("!"))));
    parts.push(daemon(style, report));
    parts.push(database(style, report));
    parts.push(cache(style, &report.cache, cache_evictions));
    for breaker in &report.breakers {
        parts.push(format!("breaker {}: {}", breaker.service, breaker.state));
    }
    for actor in report.daemon.actors.iter().filter(|actor| actor.restarts > 0) {
        let cause = actor.last_panic.as_deref().unwrap_or("unknown");
        parts.push(format!("actor {} was restarted {} times, last for: {cause}", actor.name, actor.restarts));
    }
    parts.join("\n")
}

/// Redis, with what newer daemons tell of it.
fn redis(style: Style, redis: &RedisHealth, more: Option<&RedisReport>) -> String {
    let memory = redis.memory_bytes.map(|bytes| match redis.memory_limit_bytes {
        Some(limit) => format!("{} of {}", size(bytes), size(limit)),
        None => size(bytes),
    });
    let shared = more.and_then(|more| hit_rate(more.shared_cache.hits, more.shared_cache.misses));
    fields(
        style,
        "redis",
        &[
            ("kind", more.map(|more| more.kind.name().to_owned())),
            ("place", Some(format!("{}:{}", redis.host, redis.port))),
            ("connected", Some(if redis.connected { "yes" } else { "no" }.to_owned())),
            ("version", Some(redis.engine_version.clone()).filter(|version| !version.is_empty())),
            ("answers in", redis.ping_us.map(|us| format!("{us} us"))),
            ("memory", memory),
            ("shared cache", shared.map(|hits| format!("hits {hits}"))),
            ("events", Some(if redis.events_heard { "heard" } else { "not heard" }.to_owned())),
            ("lag", redis.event_lag_us.map(|us| format!("{us} us"))),
            ("other daemons", Some(redis.daemons.to_string())),
            ("failures", Some(format!("{} connections", redis.connection_failures))),
        ],
    )
}

fn daemon(style: Style, report: &Health) -> String {
    let daemon = &report.daemon;
    let requests = &report.requests;
    let limits: Vec<String> = report
        .rate_limits
        .iter()
        .map(|limit| match limit.max {
            0 => format!("{} off", limit.name),
            max => format!("{} {max} per {} ms ({} refused)", limit.name, limit.window_ms, limit.hits),
        })
        .collect();
    fields(
        style,
        "daemon",
        &[
            ("build", Some(daemon.build.clone())),
            ("process", Some(daemon.process_id.to_string())),
            ("uptime", Some(format!("{} s", daemon.uptime_ms / 1_000))),
            ("resident", daemon.resident_bytes.map(size)),
            ("socket", Some(daemon.socket.clone())),
            ("requests", Some(format!("{} ({} errors)", requests.total, requests.errors))),
            ("connections", Some(requests.connections.to_string())),
            ("rate limits", Some(limits.join(", "))),
        ],
    )
}

fn database(style: Style, report: &Health) -> String {
    let database = &report.database;
    let [guidelines, knowledge, tools] = database.entries;
    let canary = database.write_us.zip(database.read_us);
    fields(
        style,
        "database",
        &[
            ("type", Some(format!("{} {}", database.backend, database.engine_version))),
            ("path", Some(database.location.clone())),
            ("schema", Some(database.schema_version.to_string())),
            ("entries", Some(format!("{guidelines} guidelines, {knowledge} knowledge, {tools} tools"))),
            ("size", Some(size(database.size_bytes))),
            ("log", Some(size(database.wal_bytes))),
            ("free", database.free_bytes.map(size)),
            ("canary", canary.map(|(write, read)| format!("written in {write} us, read in {read} us"))),
        ],
    )
}

fn cache(style: Style, cache: &CacheHealth, evictions: Option<u64>) -> String {
    fields(
        style,
        "cache",
        &[
            ("entries", Some(cache.entries.to_string())),
            ("memory", Some(format!("{} of {}", size(cache.memory_bytes), size(cache.memory_limit_bytes)))),
            ("hits", hit_rate(cache.hits, cache.misses)),
            ("evictions", evictions.map(|evictions| evictions.to_string())),
        ],
    )
}

/// The part of the look-ups that found something, unless there were none.
fn hit_rate(hits: u64, misses: u64) -> Option<String> {
    let lookups = hits + misses;
    (hits * 100).checked_div(lookups).map(|percent| format!("{percent} % of {lookups}"))
}

/// Bytes with a unit that keeps the number short.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1_024 {
        return format!("{bytes} B");
    }
    let mut scaled = bytes;
    let mut unit = 0;
    while scaled >= 1_024 * 1_024 && unit + 1 < UNITS.len() {
        scaled /= 1_024;
        unit += 1;
    }
    format!("{}.{} {}", scaled / 1_024, scaled % 1_024 * 10 / 1_024, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_short() {
        assert_eq!(size(512), "512 B");
        assert_eq!(size(1_536), "1.5 KiB");
        assert_eq!(size(64 << 20), "64.0 MiB");
        assert_eq!(size(3 << 30), "3.0 GiB");
    }
}
