//! A cluster: every key is reached, and is again after a master was lost.

use agent_memory_testbed::{Authority, RedisCluster, RedisOptions as ServerOptions, Validity};

use super::*;
use crate::{
    actors::block_on,
    limiter::{Limit, Limits},
    redis::SharedLimits,
};

/// Keys enough for every master to have some.
const KEYS: usize = 64;

fn part_of(cluster: &RedisCluster, given: &[(&str, &str)]) -> RedisOptions {
    let nodes = [("REDIS_CLUSTER", "1".to_owned()), ("REDIS_CLUSTER_NODES", cluster.addresses())];
    let given = given.iter().map(|(name, value)| (*name, (*value).to_owned()));
    options(&nodes.into_iter().chain(given).collect::<Vec<_>>())
}

fn counting() -> redis::Script {
    redis::Script::new("return redis.call('INCRBY', KEYS[1], ARGV[1])")
}

/// Counts under every key; returns the counts.
async fn count(redis: &Redis, script: &redis::Script) -> Result<Vec<i64>, StoreError> {
    let mut counts = Vec::new();
    for number in 0..KEYS {
        let mut call = script.prepare_invoke();
        call.key(redis.key(&format!("count:{number}"))).arg(1);
        counts.push(redis.run(&call).await?);
    }
    Ok(counts)
}

#[test]
fn a_killed_master_is_replaced_and_every_key_is_reached_again() {
    let mut cluster = RedisCluster::start().unwrap();
    block_on(async {
        let supervisor = Supervisor::start();
        let redis = start(part_of(&cluster, &[]), &supervisor).await;
        let script = counting();
        assert_eq!(count(&redis, &script).await, Ok(vec![1; KEYS]));
        let set = redis.query::<String>(redis::cmd("SET").arg(redis.key("a")).arg("b")).await;
        assert_eq!(set.as_deref(), Ok("OK"));
        assert_eq!(redis.query::<String>(redis::cmd("GET").arg(redis.key("a"))).await.as_deref(), Ok("b"));
        let (health, problems) = redis.probe().await;
        assert!(health.connected && problems.is_empty(), "{problems:?}");
        assert_eq!(redis.kind().name(), "cluster");
        assert!(health.engine_version.contains('.') && health.memory_bytes.is_some(), "{health:?}");
        let mut killed = Vec::new();
        // The first is the node that the settings name first; the last holds the events' channel.
        for key in ["agentmem:ratelimit:{limits}:all", "agentmem:events"] {
            let master = cluster.master_of(key).unwrap();
            let port = master.port();
            master.kill().unwrap();
            killed.push(port);
            let began = Instant::now();
            until(async || count(&redis, &script).await.is_ok()).await;
            println!("every key was reached {:?} after a master was killed", began.elapsed());
            let nodes = cluster.nodes();
            nodes.iter_mut().find(|node| node.port() == port).unwrap().run().unwrap();
            until(async || {
                cluster.nodes()[0]
                    .command(&["CLUSTER", "NODES"])
                    .is_ok_and(|known| !known.contains("fail") && known.matches("slave").count() == 3)
            })
            .await;
        }
        assert!(!killed.is_empty());
        let (health, problems) = redis.probe().await;
        assert!(health.connected && problems.is_empty(), "{problems:?}");
    })
    .unwrap();
}

#[test]
fn a_silent_master_costs_one_timeout_once_and_its_replica_takes_its_place() {
    let mut cluster = RedisCluster::start().unwrap();
    block_on(async {
        let supervisor = Supervisor::start();
        let redis = start(part_of(&cluster, &[("REDIS_RESPONSE_TIMEOUT_MS", "300")]), &supervisor).await;
        let script = counting();
        count(&redis, &script).await.unwrap();
        let get = redis::cmd("GET").arg(redis.key("count:0")).to_owned();
        let silent = cluster.master_of("agentmem:count:0").unwrap();
        silent.freeze().unwrap();
        let began = Instant::now();
        redis.query::<i64>(&get).await.expect_err("it is silent");
        let first = began.elapsed();
        let began = Instant::now();
        for _ in 0..100 {
            redis.query::<i64>(&get).await.expect_err("it is silent");
        }
        let later = began.elapsed();
        println!("the first took {first:?}, the next 100 together {later:?}");
        assert!(first < Duration::from_millis(600) && later < Duration::from_millis(100));
        until(async || count(&redis, &script).await.is_ok()).await;
        println!("every key was reached {:?} after a master fell silent", began.elapsed());
        silent.go_on().unwrap();
    })
    .unwrap();
}

#[test]
fn a_lost_replica_is_not_missed() {
    let mut cluster = RedisCluster::start().unwrap();
    block_on(async {
        let supervisor = Supervisor::start();
        cluster.nodes()[3].kill().unwrap();
        cluster.nodes()[4].freeze().unwrap();
        let redis = start(part_of(&cluster, &[]), &supervisor).await;
        let script = counting();
        until(async || count(&redis, &script).await.is_ok()).await;
        let failures = redis.probe().await.0.connection_failures;
        assert_eq!(failures, 0, "{}", redis.0.link.cause());
        cluster.nodes()[4].go_on().unwrap();
    })
    .unwrap();
}

#[test]
fn slots_that_moved_are_found() {
    let mut cluster = RedisCluster::start().unwrap();
    block_on(async {
        let supervisor = Supervisor::start();
        let redis = start(part_of(&cluster, &[]), &supervisor).await;
        let script = counting();
        count(&redis, &script).await.unwrap();
        let slot = cluster.nodes()[0].command(&["CLUSTER", "KEYSLOT", "agentmem:moved"]).unwrap();
        let from = cluster.master_of("agentmem:moved").unwrap().port();
        let other = cluster.nodes()[..3].iter().position(|node| node.port() != from).unwrap();
        let id = cluster.nodes()[other].command(&["CLUSTER", "MYID"]).unwrap();
        for node in &cluster.nodes()[..3] {
            node.command(&["CLUSTER", "SETSLOT", &slot, "NODE", &id]).unwrap();
        }
        let set = redis.query::<String>(redis::cmd("SET").arg(redis.key("moved")).arg("b")).await;
        assert_eq!(set.as_deref(), Ok("OK"), "the first request finds it, and nobody notices");
        assert!(redis.is_connected());
    })
    .unwrap();
}

#[test]
fn keys_of_a_slot_are_reached_while_it_is_being_moved() {
    let mut cluster = RedisCluster::start().unwrap();
    block_on(async {
        let supervisor = Supervisor::start();
        let redis = start(part_of(&cluster, &[]), &supervisor).await;
        let (redis, script) = (&redis, counting());
        let count = async |name: &str| {
            let mut call = script.prepare_invoke();
            call.key(redis.key(name)).arg(1);
            redis.run::<i64>(&call).await
        };
        assert_eq!(count("{moved}:old").await, Ok(1));
        let moving = cluster.begin_to_move("agentmem:{moved}:old").unwrap();
        // What was there is where it was, what is new is at the other master.
        assert_eq!(count("{moved}:old").await, Ok(2));
        assert_eq!(count("{moved}:new").await, Ok(1));
        // Many at once over the same connections: the leave to answer is for the right one.
        let names: Vec<_> = (0..400).map(|n| [format!("{{moved}}:{n}"), format!("other:{n}")]).collect();
        let all = futures_util::future::join_all(names.iter().flatten().map(|name| count(name))).await;
        assert!(all.iter().all(|counted| *counted == Ok(1)), "{all:?}");
        assert_eq!(cluster.move_keys(&moving).unwrap(), 1, "only what was there before");
        for (name, counted) in [("{moved}:old", 3), ("{moved}:new", 2), ("{moved}:7", 2)] {
            assert_eq!(count(name).await, Ok(counted), "{name}");
        }
        cluster.end_move(moving).unwrap();
        for (name, counted) in [("{moved}:old", 4), ("{moved}:new", 3), ("{moved}:7", 3), ("other:7", 2)] {
            assert_eq!(count(name).await, Ok(counted), "{name}");
        }
        let failures = redis.probe().await.0.connection_failures;
        assert_eq!(failures, 0, "{}", redis.0.link.cause());
    })
    .unwrap();
}

#[test]
fn limits_keep_their_keys_together() {
    let cluster = RedisCluster::start().unwrap();
    block_on(async {
        let supervisor = Supervisor::start();
        let redis = start(part_of(&cluster, &[]), &supervisor).await;
        let limits = SharedLimits::new(redis.clone(), Clock::system().new_id());
        let limit = Limit { max: 10, window: Duration::from_secs(60) };
        let each = Limits { enabled: true, per_agent: limit, burst: limit, global: limit };
        assert_eq!(limits.announce().await, Ok(1));
        let (_, daemons) = limits.take("agent", &each, 4).await.unwrap();
        assert_eq!(daemons, 1);
        limits.give_back("agent", &each, 1).await.unwrap();
        limits.depart().await.unwrap();
        let other = SharedLimits::new(redis, Clock::system().new_id());
        assert_eq!(other.announce().await, Ok(1), "who departed is not counted");
    })
    .unwrap();
}

#[test]
fn a_cluster_may_ask_for_a_user_and_take_tls_only() {
    let authority = Authority::new().unwrap();
    let user = "worker on >secret ~agentmem:* &agentmem:* +@all -@admin -@dangerous +info";
    let options = ServerOptions::default().with_password("sesame").with_user(user);
    let options = options.with_tls(&authority, "127.0.0.1", Validity::Now).unwrap();
    let cluster = RedisCluster::start_with(options).unwrap();
    let authorities = authority.file().display().to_string();
    let given = [
        ("REDIS_USERNAME", "worker"),
        ("REDIS_PASSWORD", "secret"),
        ("REDIS_TLS", "1"),
        ("REDIS_TLS_CA", authorities.as_str()),
    ];
    block_on(async {
        let supervisor = Supervisor::start();
        let redis = start(part_of(&cluster, &given), &supervisor).await;
        assert_eq!(count(&redis, &counting()).await, Ok(vec![1; KEYS]));
        let redis = start(part_of(&cluster, &given[..3]), &supervisor).await;
        assert!(ping(&redis).await.is_err(), "nobody knows the authority");
    })
    .unwrap();
}

#[test]
fn a_node_of_a_cluster_is_no_single_server_and_a_single_server_is_no_cluster() {
    let (cluster, server) = (RedisCluster::start().unwrap(), Server::start().unwrap());
    block_on(async {
        let supervisor = Supervisor::start();
        let first = cluster.addresses().split(',').next().unwrap().to_owned();
        let redis = start(options(&[("REDIS_URL", format!("redis://{first}"))]), &supervisor).await;
        let error = ping(&redis).await.expect_err("a part is not the whole").to_string();
        assert!(error.contains("AGENT_MEMORY_REDIS_CLUSTER=1"), "{error}");
        let alone = [("REDIS_URL", server.url()), ("REDIS_CLUSTER", "1".to_owned())];
        let redis = start(options(&alone), &supervisor).await;
        let error = ping(&redis).await.expect_err("it is no cluster").to_string();
        assert!(error.contains("AGENT_MEMORY_REDIS_CLUSTER=0"), "{error}");
    })
    .unwrap();
}
