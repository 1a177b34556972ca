//! Daemons that share a database: what one acknowledged is seen through the others, within the lag of
//! an event, and never forgotten again; a daemon that cannot hear the others does not trust its caches.

use std::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use agent_memory_proto::{
    Event, Request, Response,
    frame::FLAG_CACHED,
    model::{EntryKind, Id, ScopeRef},
    response::{Health, HealthStatus},
};
use agent_memory_testbed::{PgBouncer, PgBouncerOptions, PoolMode, Postgres};
use agent_memory_tests::{Instance, StopOnDrop, Wire, requests, until};

/// The longest that a write may stay unseen through another daemon.
const LAG_MAX: Duration = Duration::from_millis(100);

fn instance(server: &Postgres) -> Instance {
    Instance::new().with_database(&server.url("postgres")).without_rate_limits()
}

fn by_name() -> Request {
    requests::get_by_name(EntryKind::Knowledge, ScopeRef::GLOBAL, "n")
}

/// The version that a daemon answers with, and whether it came from the cache.
pub(crate) fn read(wire: &mut Wire) -> (u32, bool) {
    let (flags, answer) = wire.exchange(&by_name(), &Default::default()).expect("answered");
    let Response::Entry(entry) = answer else { panic!("{answer:?}") };
    (entry.version.number, flags & FLAG_CACHED != 0)
}

pub(crate) fn add(wire: &mut Wire) -> Id {
    match wire.call(&requests::add_knowledge(ScopeRef::GLOBAL, "n", "first")) {
        Response::Written(entry) => entry.id,
        other => panic!("{other:?}"),
    }
}

/// Makes the next version after this one.
pub(crate) fn update(wire: &mut Wire, id: Id, version: u32) {
    let answer = wire.call(&requests::update_knowledge(id, version, "next"));
    assert!(matches!(answer, Response::Written(_)), "{answer:?}");
}

fn subscribed(instance: &Instance) -> Wire {
    let mut wire = instance.connect();
    assert_eq!(wire.call(&Request::Subscribe), Response::Done);
    wire
}

fn health(wire: &mut Wire) -> Health {
    wire.health().health
}

/// Ends every connection for events; returns once they are gone.
fn end_event_connections(server: &Postgres) {
    let sql = "SELECT bool_and(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity \
               WHERE application_name = 'agent-memoryd events'";
    assert_eq!(server.sql("postgres", sql).expect("SQL runs").trim(), "t");
}

#[test]
fn nobody_reads_an_old_answer_after_the_event() {
    const VERSIONS: u32 = 300;
    let server = Postgres::start().expect("a server");
    let (one, other) = (instance(&server), instance(&server));
    let (_first, _second) = (one.start_daemon(), other.start_daemon());
    let (mut writer, mut reader, mut subscriber) = (one.connect(), other.connect(), subscribed(&other));
    let id = add(&mut writer);
    assert!(matches!(subscriber.event(), Ok(Event::EntryChanged { version: 1, .. })));
    let (heard, stop) = (AtomicU32::new(1), AtomicBool::new(false));
    let (mut lags, mut cached, mut gaps) = (Vec::new(), 0, 0);
    thread::scope(|scope| {
        let _end = StopOnDrop(&stop);
        for _ in 0..3 {
            scope.spawn(|| {
                let mut wire = other.connect();
                while !stop.load(Ordering::SeqCst) {
                    let heard = heard.load(Ordering::SeqCst);
                    let (version, _) = read(&mut wire);
                    assert!(version >= heard, "version {version} after the event of {heard}");
                }
            });
        }
        for version in 2..=VERSIONS {
            update(&mut writer, id, version - 1);
            let acknowledged = Instant::now();
            loop {
                match subscriber.event().expect("an event") {
                    Event::EntryChanged { version: told, .. } if told < version => {}
                    Event::EntryChanged { version: told, .. } => {
                        assert_eq!(told, version);
                        lags.push(acknowledged.elapsed());
                        break;
                    }
                    // The scheduler may leave one process of the server without a processor for seconds (see the
                    // guide); nothing old may be read then, either.
                    Event::ChangesMissed { .. } => {
                        gaps += 1;
                        break;
                    }
                    other => panic!("{other:?}"),
                }
            }
            heard.store(version, Ordering::SeqCst);
            for _ in 0..3 {
                let (seen, from_cache) = read(&mut reader);
                assert_eq!(seen, version);
                cached += u32::from(from_cache);
            }
        }
    });
    assert!(cached > 0, "nothing came from the cache: the test tests nothing");
    lags.sort();
    let (p50, p99) = (lags[lags.len() / 2], lags[lags.len() * 99 / 100]);
    println!(
        "from the acknowledgement to the other daemon's subscriber: p50 {p50:?}, p99 {p99:?}, {gaps} gaps"
    );
    assert!(p50 < LAG_MAX, "p50 {p50:?}, p99 {p99:?}");
}

#[test]
fn a_daemon_that_lost_its_connection_for_events_answers_nothing_old() {
    const ROUNDS: u32 = 20;
    let server = Postgres::start().expect("a server");
    let (one, other) = (instance(&server), instance(&server));
    let (_first, _second) = (one.start_daemon(), other.start_daemon());
    let (mut writer, mut reader, mut subscriber) = (one.connect(), other.connect(), subscribed(&other));
    let id = add(&mut writer);
    let mut version = 1;
    for _ in 0..ROUNDS {
        until("an answer from the cache", || read(&mut reader).1.then_some(()));
        end_event_connections(&server);
        update(&mut writer, id, version);
        version += 1;
        let acknowledged = Instant::now();
        while read(&mut reader).0 != version {
            assert!(acknowledged.elapsed() < LAG_MAX, "version {version} is not seen");
        }
        // The connection comes back meanwhile, and what was cached before may not.
        while !matches!(subscriber.event().expect("an event"), Event::ChangesMissed { .. }) {
            assert_eq!(read(&mut reader).0, version);
        }
        for _ in 0..10 {
            assert_eq!(read(&mut reader).0, version);
        }
    }
    update(&mut writer, id, version);
    loop {
        match subscriber.event().expect("an event") {
            Event::EntryChanged { version: told, .. } if told == version + 1 => break,
            _ => {}
        }
    }
    assert_eq!(read(&mut reader).0, version + 1);
}

/// A pooler in transaction mode passes no notifications on: the caches are not used, until the server's
/// own address is known.
#[test]
fn behind_a_pooler_events_need_the_address_of_the_server_itself() {
    let server = Postgres::start().expect("a server");
    let pooler =
        PgBouncer::start(&server, &PgBouncerOptions::new(PoolMode::Transaction, 10)).expect("a pooler");
    let pooled = Instance::new().with_database(&pooler.url("postgres")).without_rate_limits();
    let direct = pooled.another().with("PG_EVENTS_URL", server.url("postgres"));
    let (_first, _second) = (pooled.start_daemon(), direct.start_daemon());
    let (mut one, mut other) = (pooled.connect(), direct.connect());
    let id = add(&mut one);
    for version in 1..20 {
        assert_eq!(read(&mut one), (version, false), "no answer comes from the cache");
        until("an answer from the cache", || (read(&mut other) == (version, true)).then_some(()));
        update(&mut one, id, version);
    }
    let problems = health(&mut one).problems;
    assert!(problems.iter().any(|problem| problem.contains("AGENT_MEMORY_PG_EVENTS_URL")), "{problems:?}");
    assert_eq!(health(&mut other).status, HealthStatus::Healthy);
}

#[test]
fn health_says_when_other_daemons_are_not_heard_and_what_to_do() {
    let server = Postgres::start().expect("a server");
    let instance = instance(&server).with("PG_EVENTS_URL", "postgres://postgres@127.0.0.1:1/postgres");
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    add(&mut wire);
    for _ in 0..3 {
        assert_eq!(read(&mut wire), (1, false), "no answer comes from the cache");
    }
    let health = health(&mut wire);
    assert_eq!(health.status, HealthStatus::Degraded);
    let problem = health.problems.iter().find(|problem| problem.contains("are not heard"));
    let problem = problem.unwrap_or_else(|| panic!("{:?}", health.problems));
    assert!(problem.contains("AGENT_MEMORY_PG_EVENTS_URL"), "{problem}");
}
