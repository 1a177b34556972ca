//! Daemons that share a database and a Redis: they hear of each other's writes through Redis alone, or
//! through the database alone, and through neither nothing old is answered.

use std::time::{Duration, Instant};

use agent_memory_proto::{
    Event, Request, Response,
    model::{EntryKind, Id, ScopeRef},
    response::{HealthStatus, HealthWithRedis},
};
use agent_memory_testbed::{Postgres, Redis};
use agent_memory_tests::{Instance, Wire, requests, until};

use crate::{
    cluster_status::expire,
    shared_database::{self, add, read},
};

/// The longest that a write may stay unseen when a daemon or Redis fell silent that was relied on.
pub(crate) const SILENCE_MAX: Duration = Duration::from_millis(2_500);
/// Nothing listens there: no notifications of the database are heard.
pub(crate) const NOWHERE: &str = "postgres://postgres@127.0.0.1:1/postgres";

pub(crate) fn instance(server: &Postgres, redis: &Redis) -> Instance {
    Instance::new().with_database(&server.url("postgres")).with_redis_at(&redis.url()).without_rate_limits()
}

/// Makes the next version after this one; returns it.
fn update(wire: &mut Wire, id: Id, version: u32) -> u32 {
    shared_database::update(wire, id, version);
    version + 1
}

pub(crate) fn health(wire: &mut Wire) -> HealthWithRedis {
    let report = wire.health();
    HealthWithRedis { health: report.health, redis: report.redis.expect("it uses Redis").health }
}

fn until_cached(wire: &mut Wire, version: u32) {
    until("an answer from the cache", || (read(wire) == (version, true)).then_some(()));
}

/// Reads until the version is seen, which must not take longer than this; nothing older is seen after.
fn sees(wire: &mut Wire, version: u32, within: Duration) -> Duration {
    let began = Instant::now();
    while read(wire).0 != version {
        assert!(began.elapsed() < within, "version {version} is not seen after {within:?}");
    }
    let took = began.elapsed();
    for _ in 0..5 {
        assert_eq!(read(wire).0, version);
    }
    took
}

#[test]
fn writes_are_seen_through_redis_where_the_database_tells_nothing() {
    let (server, redis) = (Postgres::start().expect("a server"), Redis::start().expect("Redis"));
    let one = instance(&server, &redis).with("PG_EVENTS_URL", NOWHERE);
    let other = one.another();
    let (_first, _second) = (one.start_daemon(), other.start_daemon());
    let (mut writer, mut reader) = (one.connect(), other.connect());
    let mut subscriber = other.connect();
    assert_eq!(subscriber.call(&Request::Subscribe), Response::Done);
    let id = add(&mut writer);
    let mut version = 1;
    let mut lags = Vec::new();
    for _ in 0..50 {
        until_cached(&mut reader, version);
        version = update(&mut writer, id, version);
        lags.push(sees(&mut reader, version, Duration::from_millis(500)));
    }
    lags.sort();
    println!("seen through the other daemon after p50 {:?}, max {:?}", lags[25], lags[49]);
    let told = loop {
        match subscriber.event().expect("an event") {
            Event::EntryChanged { version, .. } if version >= 2 => break version,
            _ => {}
        }
    };
    assert!(told <= version);
    let report = health(&mut reader);
    assert_eq!(report.health.status, HealthStatus::Healthy, "{:?}", report.health.problems);
    assert!(report.redis.connected && report.redis.events_heard && report.redis.daemons == 1, "{report:?}");
    assert!(report.redis.event_lag_us.is_some_and(|lag| lag < 1_000_000), "{report:?}");
}

#[test]
fn a_subscriber_is_told_once_of_what_two_channels_tell() {
    let (server, redis) = (Postgres::start().expect("a server"), Redis::start().expect("Redis"));
    let one = instance(&server, &redis);
    let other = one.another();
    let (_first, _second) = (one.start_daemon(), other.start_daemon());
    let (mut writer, mut reader, mut subscriber) = (one.connect(), other.connect(), other.connect());
    until("events are heard", || health(&mut reader).redis.events_heard.then_some(()));
    assert_eq!(subscriber.call(&Request::Subscribe), Response::Done);
    let id = add(&mut writer);
    let mut version = 1;
    for _ in 1..30 {
        version = update(&mut writer, id, version);
    }
    let mut told = Vec::new();
    while told.last() != Some(&version) {
        if let Event::EntryChanged { version, .. } = subscriber.event().expect("an event") {
            told.push(version);
        }
    }
    let mut once = told.clone();
    once.dedup();
    assert_eq!(told, once);
}

#[test]
fn redis_dies_and_comes_back_and_nothing_old_is_answered() {
    let (server, mut redis) = (Postgres::start().expect("a server"), Redis::start().expect("Redis"));
    for listens in [true, false] {
        let mut one = instance(&server, &redis);
        if !listens {
            one = one.with("PG_EVENTS_URL", NOWHERE);
        }
        let other = one.another();
        let (_first, _second) = (one.start_daemon(), other.start_daemon());
        let (mut writer, mut reader) = (one.connect(), other.connect());
        let id = if listens { add(&mut writer) } else { entry_id(&mut writer) };
        let mut version = read(&mut writer).0;
        for round in 0..4 {
            until_cached(&mut reader, version);
            until("both are connected", || {
                let both = [&mut writer, &mut reader].map(|wire| health(wire).redis);
                both.iter().all(|redis| redis.events_heard).then_some(())
            });
            match round {
                0 => redis.flush().expect("flushed"),
                1 => redis.freeze().expect("frozen"),
                _ => redis.kill().expect("killed"),
            }
            let bound = if listens { Duration::from_millis(500) } else { SILENCE_MAX };
            for _ in 0..5 {
                let began = Instant::now();
                version = update(&mut writer, id, version);
                assert!(
                    began.elapsed() < Duration::from_secs(2),
                    "a write waits for Redis: {:?}",
                    began.elapsed()
                );
                let took = sees(&mut reader, version, bound);
                println!("listens {listens}, round {round}: version {version} seen after {took:?}");
            }
            match round {
                0 => {}
                1 => redis.go_on().expect("goes on"),
                _ => redis.run().expect("is back"),
            }
            for _ in 0..5 {
                version = update(&mut writer, id, version);
                sees(&mut reader, version, bound);
            }
        }
    }
}

fn entry_id(wire: &mut Wire) -> Id {
    let request = requests::get_by_name(EntryKind::Knowledge, ScopeRef::GLOBAL, "n");
    match wire.call(&request) {
        Response::Entry(entry) => entry.id,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_killed_daemon_is_missed_until_it_is_back_or_given_up() {
    let (server, redis) = (Postgres::start().expect("a server"), Redis::start().expect("Redis"));
    let one = instance(&server, &redis).with("PG_EVENTS_URL", NOWHERE);
    let other = one.another();
    let (mut first, _second) = (one.start_daemon(), other.start_daemon());
    let mut reader = other.connect();
    add(&mut one.connect());
    until_cached(&mut reader, 1);
    first.kill();
    let problem = until("its silence is noticed", || {
        health(&mut reader)
            .health
            .problems
            .into_iter()
            .find(|problem| problem.contains("is not heard through Redis"))
    });
    assert!(problem.contains(&one.data_dir().display().to_string()), "{problem}");
    assert_eq!(read(&mut reader), (1, false), "no answer comes from the cache");
    let mut first = one.start_daemon();
    until_cached(&mut reader, 1);
    first.kill();
    until("its silence is noticed", || (!read(&mut reader).1).then_some(()));
    expire(&server, &one);
    until_cached(&mut reader, 1);
    let mut first = one.start_daemon();
    until_cached(&mut reader, 1);
    first.stop();
    // It said goodbye: nobody waits for it.
    until("nobody else is there", || (health(&mut reader).redis.daemons == 0).then_some(()));
    until_cached(&mut reader, 1);
}

/// One that has another prefix, or does not use Redis at all, changes what nobody tells of here.
#[test]
fn a_daemon_that_was_never_heard_is_missed_while_it_is_there() {
    let (server, redis) = (Postgres::start().expect("a server"), Redis::start().expect("Redis"));
    let one = instance(&server, &redis).with("PG_EVENTS_URL", NOWHERE);
    let _first = one.start_daemon();
    let mut reader = one.connect();
    let id = add(&mut reader);
    let mut version = 1;
    for (setting, value) in [("REDIS_KEY_PREFIX", "other:"), ("REDIS_ENABLED", "false")] {
        until_cached(&mut reader, version);
        let stranger = one.another().with(setting, value);
        let mut daemon = stranger.start_daemon();
        let began = Instant::now();
        let problem = until("it is missed", || {
            let problems = health(&mut reader).health.problems;
            problems.into_iter().find(|problem| problem.contains("is not heard through Redis"))
        });
        assert!(problem.contains(&stranger.data_dir().display().to_string()), "{problem}");
        println!("{setting}={value}: missed {:?} after its start", began.elapsed());
        let mut writer = stranger.connect();
        for _ in 0..20 {
            version = update(&mut writer, id, version);
            assert_eq!(read(&mut reader), (version, false), "no answer comes from the cache");
        }
        daemon.stop();
    }
    until_cached(&mut reader, version);
}

#[test]
fn without_redis_the_daemon_starts_and_says_so() {
    let (server, mut redis) = (Postgres::start().expect("a server"), Redis::start().expect("Redis"));
    redis.stop().expect("stopped");
    let instance = instance(&server, &redis);
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    add(&mut wire);
    until_cached(&mut wire, 1);
    let report = health(&mut wire);
    assert_eq!(report.health.status, HealthStatus::Degraded);
    assert!(report.health.problems.iter().any(|problem| problem.contains("nothing is lost")), "{report:?}");
    redis.run().expect("is back");
    until("it is used", || (health(&mut wire).health.status == HealthStatus::Healthy).then_some(()));
}
