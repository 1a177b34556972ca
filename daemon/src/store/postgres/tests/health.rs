//! The health of a store whose server has troubles.

use std::time::{Duration, Instant};

use agent_memory_testbed::Postgres;

use super::{PostgresOptions, open};
use crate::actors::block_on;

#[test]
fn a_server_that_is_down_is_told_of_quickly_and_by_name() {
    let mut server = Postgres::start().unwrap();
    let mut options = PostgresOptions::new(server.url("postgres").parse().unwrap());
    options.server.config.password("hidden secret");
    block_on(async {
        let (world, handle) = open(options).await;
        let (up, problems) = world.store.health.probe().await.unwrap();
        assert!(up.connected && problems.is_empty(), "{problems:?}");
        assert_eq!(up.backend, "postgresql");
        assert!(up.engine_version.starts_with("1"), "{}", up.engine_version);
        server.stop_immediately().unwrap();
        let started = Instant::now();
        let (down, problems) = world.store.health.probe().await.unwrap();
        assert!(started.elapsed() < Duration::from_secs(4));
        assert!(!down.connected && !problems.is_empty());
        assert!(!format!("{down:?}{problems:?}").contains("hidden secret"));
        handle.close().await;
        let (closed, problems) = world.store.health.probe().await.unwrap();
        assert!(!closed.connected && problems[0].contains("stopping"), "{problems:?}");
    })
    .unwrap();
}

#[test]
fn a_server_that_takes_no_writes_is_told_of() {
    let server = Postgres::start().unwrap();
    block_on(async {
        let (world, handle) = open(PostgresOptions::new(server.url("postgres").parse().unwrap())).await;
        server.sql("postgres", "ALTER SYSTEM SET default_transaction_read_only = on").unwrap();
        server.sql("postgres", "SELECT pg_reload_conf()").unwrap();
        // Every connection reads the setting before its next statement, once it was told to.
        let mut problems = Vec::new();
        for _ in 0..1_000 {
            let (health, found) = world.store.health.probe().await.unwrap();
            problems = found;
            if !health.connected && health.read_us.is_some() {
                break;
            }
        }
        assert!(problems.iter().any(|text| text.starts_with("writes fail")), "{problems:?}");
        handle.close().await;
    })
    .unwrap();
}

#[test]
fn probes_of_many_at_once_never_take_each_other_for_a_failure() {
    let server = Postgres::start().unwrap();
    block_on(async {
        let (world, handle) = open(PostgresOptions::new(server.url("postgres").parse().unwrap())).await;
        let probes = (0..40).map(|_| world.store.health.probe());
        for probe in futures_util::future::join_all(probes).await {
            let (health, _) = probe.unwrap();
            assert!(health.connected);
        }
        handle.close().await;
    })
    .unwrap();
}
