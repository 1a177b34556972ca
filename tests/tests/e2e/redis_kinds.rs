//! Daemons that share Redis of each kind: when its master is lost, events and rate limits go on through
//! the server that takes its place, and nothing old is answered meanwhile.

use std::time::Instant;

use agent_memory_proto::{
    Response,
    handshake::Purpose,
    model::{EntryKind, ScopeRef},
    response::HealthStatus,
};
use agent_memory_testbed::{Postgres, RedisCluster, RedisSentinels};
use agent_memory_tests::{Daemon, Hello, Instance, Wire, requests, until};

use crate::{
    redis_events::{NOWHERE, SILENCE_MAX, health},
    shared_database::{add, read, update},
};

const HOUR_MS: u64 = 3_600_000;
const LIMIT: u32 = 50;

/// Two daemons that hear of each other through Redis alone, and share its rate limits.
struct Pair {
    one: Instance,
    other: Instance,
    _daemons: [Daemon; 2],
    _postgres: Postgres,
}

impl Pair {
    fn start(redis: &[(&str, String)]) -> Self {
        let postgres = Postgres::start().expect("a server");
        let mut one = Instance::new()
            .with_database(&postgres.url("postgres"))
            .with("PG_EVENTS_URL", NOWHERE)
            .with("RATE_LIMIT_PER_AGENT_MAX", LIMIT)
            .with("RATE_LIMIT_PER_AGENT_WINDOW_MS", HOUR_MS)
            .with("REDIS_ENABLED", 1);
        for (name, value) in redis {
            one = one.with(name, value);
        }
        let other = one.another();
        let daemons = [one.start_daemon(), other.start_daemon()];
        Self { one, other, _daemons: daemons, _postgres: postgres }
    }
}

/// Waits until both are whole: Redis is used, each hears the other, limits are shared.
fn until_whole(wires: [&mut Wire; 2]) {
    for wire in wires {
        until("Redis is whole", || {
            let report = health(wire);
            let is_whole = report.health.status == HealthStatus::Healthy
                && report.redis.events_heard
                && report.redis.daemons == 1;
            is_whole.then_some(())
        });
    }
}

/// How many requests of one agent both daemons admit, until each refuses.
fn admitted(pair: &Pair, agent: &str) -> u32 {
    let request = requests::list(EntryKind::Tool, ScopeRef::GLOBAL, 1, 0);
    let mut admitted = 0;
    for instance in [&pair.one, &pair.other] {
        let hello = Hello::new(Purpose::Library).of_agent(agent);
        let mut wire = Wire::open(&instance.socket(), &hello).expect("accepted");
        while !matches!(wire.call(&request), Response::Error(_)) {
            admitted += 1;
        }
    }
    admitted
}

/// Has a master lost, and another found by daemons that go on all the while.
fn goes_on_without(redis: &[(&str, String)], lose: impl FnOnce()) {
    let pair = Pair::start(redis);
    let (mut writer, mut reader) = (pair.one.connect_unlimited(), pair.other.connect_unlimited());
    until_whole([&mut writer, &mut reader]);
    assert_eq!(admitted(&pair, "before"), LIMIT);
    let id = add(&mut writer);
    let mut version = 1;
    let mut write_and_see = |writer: &mut Wire, reader: &mut Wire| {
        update(writer, id, version);
        version += 1;
        let began = Instant::now();
        while read(reader).0 != version {
            assert!(began.elapsed() < SILENCE_MAX, "version {version} is not seen");
        }
    };
    write_and_see(&mut writer, &mut reader);
    lose();
    let began = Instant::now();
    let is_whole = |wire: &mut Wire| health(wire).redis.events_heard && health(wire).redis.connected;
    until("both have lost it", || (!is_whole(&mut writer) && !is_whole(&mut reader)).then_some(()));
    until("both have found another", || {
        write_and_see(&mut writer, &mut reader);
        (is_whole(&mut writer) && is_whole(&mut reader)).then_some(())
    });
    println!("events were heard again {:?} after the master was killed", began.elapsed());
    until_whole([&mut writer, &mut reader]);
    write_and_see(&mut writer, &mut reader);
    until("answers come from the cache", || read(&mut reader).1.then_some(()));
    assert_eq!(admitted(&pair, "after"), LIMIT, "together what one daemon would");
}

#[test]
fn the_master_of_sentinels_is_lost_and_events_and_limits_go_on() {
    let mut servers = RedisSentinels::start().expect("Redis with sentinels");
    let settings = [("REDIS_SENTINELS", servers.addresses())];
    goes_on_without(&settings, || servers.master().expect("a master").kill().expect("killed"));
}

#[test]
fn a_master_of_a_cluster_is_lost_and_events_and_limits_go_on() {
    let mut cluster = RedisCluster::start().expect("a cluster");
    let settings = [("REDIS_CLUSTER", "1".to_owned()), ("REDIS_CLUSTER_NODES", cluster.addresses())];
    // The one that decides about the limits.
    let key = "agentmem:ratelimit:{limits}:all";
    goes_on_without(&settings, || cluster.master_of(key).expect("a master").kill().expect("killed"));
}
