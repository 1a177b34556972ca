//! Sentinels: the master is found, lost, and found again where it is then.

use agent_memory_testbed::{Authority, RedisOptions as ServerOptions, RedisSentinels, Validity};

use super::*;
use crate::actors::block_on;

fn watched(servers: &RedisSentinels, given: &[(&str, &str)]) -> RedisOptions {
    let given = given.iter().map(|(name, value)| (*name, (*value).to_owned()));
    options(&given.chain([("REDIS_SENTINELS", servers.addresses())]).collect::<Vec<_>>())
}

/// Waits until commands go to the server at this port, and it takes writes.
async fn until_written_to(redis: &Redis, port: u16) -> Duration {
    let began = Instant::now();
    let write = async || redis.query::<String>(redis::cmd("SET").arg(redis.key("at")).arg(port)).await;
    until(async || redis.0.link.place().port == port && write().await.is_ok()).await;
    began.elapsed()
}

#[test]
fn a_killed_master_is_replaced_and_what_it_was_is_not_used_when_it_is_back() {
    let mut servers = RedisSentinels::start().unwrap();
    block_on(async {
        let supervisor = Supervisor::start();
        let redis = start(watched(&servers, &[]), &supervisor).await;
        let before = servers.master().unwrap().port();
        until_written_to(&redis, before).await;
        servers.master().unwrap().kill().unwrap();
        servers.until_replaced().unwrap();
        let port = servers.master().unwrap().port();
        assert_ne!(port, before);
        let took = until_written_to(&redis, port).await;
        println!("taken up {took:?} after the sentinels agreed on another master");
        let (health, problems) = redis.probe().await;
        assert_eq!(redis.kind().name(), "sentinel");
        assert_eq!((health.connected, health.host.as_str(), health.port), (true, "127.0.0.1", port));
        assert!(problems.is_empty(), "{problems:?}");
        let failures = health.connection_failures;
        servers.lost().for_each(|server| server.run().unwrap());
        // It comes back as a master of its own, until the sentinels have made it a replica.
        until(async || {
            let facts = servers.master().unwrap().command(&["INFO", "replication"]);
            facts.is_ok_and(|facts| facts.contains("connected_slaves:1"))
        })
        .await;
        ping(&redis).await.expect("nothing has changed");
        let (health, _) = redis.probe().await;
        let cause = redis.0.link.cause();
        assert_eq!((health.port, health.connection_failures), (port, failures), "{cause}");
    })
    .unwrap();
}

#[test]
fn a_master_that_became_a_replica_is_left() {
    let mut servers = RedisSentinels::start().unwrap();
    block_on(async {
        let supervisor = Supervisor::start();
        let redis = start(watched(&servers, &[]), &supervisor).await;
        let before = servers.master().unwrap().port();
        until_written_to(&redis, before).await;
        servers.hand_over().unwrap();
        until(async || servers.master().is_ok_and(|master| master.port() != before)).await;
        until_written_to(&redis, servers.master().unwrap().port()).await;
        // Nobody tells of this one: the answer to a write does, and there is nowhere else to go.
        let master = servers.master().unwrap();
        master.command(&["REPLICAOF", "127.0.0.1", "1"]).unwrap();
        let write = redis::cmd("SET").arg(redis.key("at")).arg(0).to_owned();
        until(async || {
            let refused = redis.query::<String>(&write).await;
            matches!(refused, Err(StoreError::Unavailable(_))) && !redis.is_connected()
        })
        .await;
        let cause = redis.0.link.cause();
        assert!(cause.contains("read only replica") || cause.contains("it is a replica"), "{cause}");
        master.command(&["REPLICAOF", "NO", "ONE"]).unwrap();
        until_it_answers(&redis).await;
    })
    .unwrap();
}

#[test]
fn one_sentinel_is_enough_to_find_the_master_and_a_wrong_name_is_told() {
    let mut servers = RedisSentinels::start().unwrap();
    let wrong = watched(&servers, &[("REDIS_SENTINEL_MASTER", "other")]);
    let right = watched(&servers, &[]);
    servers.sentinels()[0].kill().unwrap();
    servers.sentinels()[1].freeze().unwrap();
    block_on(async {
        let supervisor = Supervisor::start();
        let redis = start(right, &supervisor).await;
        until_it_answers(&redis).await;
        let redis = start(wrong, &supervisor).await;
        until(async || {
            let cause = redis.0.link.cause();
            cause.contains("knows no master \"other\"")
                && cause.contains("AGENT_MEMORY_REDIS_SENTINEL_MASTER")
        })
        .await;
    })
    .unwrap();
    servers.sentinels()[1].go_on().unwrap();
}

#[test]
fn passwords_and_tls_are_of_the_servers_and_of_the_sentinels() {
    let authority = Authority::new().unwrap();
    let tls = |options: ServerOptions| {
        let options = options.with_tls(&authority, "127.0.0.1", Validity::Now).unwrap();
        options.set("tls-replication", "yes")
    };
    let user = "worker on >secret ~agentmem:* &agentmem:* +@all -@admin -@dangerous +info";
    let server = tls(ServerOptions::default().with_password("sesame").with_user(user));
    let sentinel = tls(ServerOptions::default().with_password("guard"));
    let servers = RedisSentinels::start_with(server, sentinel).unwrap();
    let authorities = authority.file().display().to_string();
    let given = [
        ("REDIS_TLS", "1"),
        ("REDIS_TLS_CA", authorities.as_str()),
        ("REDIS_USERNAME", "worker"),
        ("REDIS_PASSWORD", "secret"),
        ("REDIS_SENTINEL_PASSWORD", "guard"),
    ];
    block_on(async {
        let supervisor = Supervisor::start();
        let redis = start(watched(&servers, &given), &supervisor).await;
        until_it_answers(&redis).await;
        let redis = start(watched(&servers, &given[..4]), &supervisor).await;
        let error = ping(&redis).await.expect_err("the sentinels ask for a password").to_string();
        assert!(error.contains("AGENT_MEMORY_REDIS_SENTINEL_PASSWORD"), "{error}");
    })
    .unwrap();
}
