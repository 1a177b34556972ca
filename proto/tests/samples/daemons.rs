//! What daemons say of themselves and of each other.

use agent_memory_proto::{Response, response::*};

use super::{AT_MS, id, text};

pub(super) fn responses() -> Vec<Response> {
    vec![
        Response::HealthWithRedis(Box::new(health_with_redis())),
        Response::ClusterStatus(Box::new(cluster_status())),
        Response::HealthReport(Box::new(health_report())),
        full_health_report(),
    ]
}

pub(super) fn health() -> Health {
    Health {
        status: HealthStatus::Degraded,
        problems: vec!["the disk is nearly full".to_owned()],
        daemon: DaemonHealth {
            build: "0.1.0".to_owned(),
            protocol: (1, 1),
            process_id: 4_242,
            uptime_ms: 61_000,
            resident_bytes: Some(12_000_000),
            socket: "/run/user/1000/agent-memory/s.sock".to_owned(),
            managed: true,
            actors: vec![ActorHealth {
                name: "writer".to_owned(),
                restarts: 1,
                last_panic: text("index out of bounds"),
            }],
        },
        database: database_health(),
        cache: CacheHealth {
            entries: 10,
            memory_bytes: 4_096,
            memory_limit_bytes: 200 << 20,
            hits: 90,
            misses: 10,
        },
        rate_limits: vec![LimitHealth { name: "perAgent".to_owned(), max: 500, window_ms: 60_000, hits: 2 }],
        requests: RequestHealth { total: 1_000, errors: 3, rate_limit_hits: 2, in_flight: 1, connections: 4 },
        breakers: vec![BreakerHealth {
            service: "postgresql".to_owned(),
            state: "open".to_owned(),
            failures: 5,
            retry_after_ms: Some(30_000),
        }],
    }
}

fn database_health() -> DatabaseHealth {
    DatabaseHealth {
        backend: "sqlite".to_owned(),
        connected: true,
        location: "/data/memory.db".to_owned(),
        engine_version: "3.54.1".to_owned(),
        schema_version: 1,
        size_bytes: 65_536,
        wal_bytes: 4_096,
        free_bytes: Some(1 << 30),
        pool_size: 4,
        idle_connections: 3,
        waiting: 1,
        write_us: Some(400),
        read_us: Some(12),
        entries: [1, 2, 3],
    }
}

fn health_with_redis() -> HealthWithRedis {
    let redis = RedisHealth {
        connected: true,
        host: "localhost".to_owned(),
        port: 6_379,
        engine_version: "7.0.15".to_owned(),
        ping_us: Some(55),
        memory_bytes: Some(1_048_576),
        memory_limit_bytes: Some(67_108_864),
        connection_failures: 2,
        events_heard: true,
        event_lag_us: Some(250),
        event_gaps: 1,
        daemons: 3,
    };
    HealthWithRedis { health: health(), redis }
}

fn health_report() -> HealthReport {
    let HealthWithRedis { health, redis } = health_with_redis();
    let shared_cache = SharedCacheHealth { hits: 70, misses: 30 };
    let redis = RedisReport { health: redis, kind: RedisKind::Sentinel, shared_cache };
    HealthReport { health, cache_evictions: 12, redis: Some(redis) }
}

fn full_health_report() -> Response {
    let sections = vec![
        HealthSection::new("permissions").text("mode", "strict"),
        HealthSection::new("reads").number("p99Us", 850),
    ];
    Response::FullHealthReport(Box::new(FullHealthReport { report: health_report(), sections }))
}

fn cluster_status() -> ClusterStatus {
    let load = DaemonLoad {
        connections: 4,
        requests: 1_000,
        requests_per_s: 12.5,
        event_lag_us: Some(250),
        deaf: text("the connection for events ended"),
        generation: 77,
        breakers: health().breakers,
    };
    let daemon = ClusterDaemon {
        id: id(4),
        host: "one.example.com".to_owned(),
        data_dir: "/var/lib/agent-memory".to_owned(),
        process_id: 4_242,
        build: "0.1.0".to_owned(),
        protocol: (1, 3),
        started_at_ms: AT_MS,
        uptime_ms: 61_000,
        seen_ms_ago: 20_000,
        is_stale: true,
        load,
    };
    ClusterStatus { answered_by: id(4), daemons: vec![daemon], has_more: true }
}
