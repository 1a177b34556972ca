//! The database goes and comes back: what was read before is answered, and says that it may be stale;
//! everything else is refused at once, with the time to wait; nobody has to restart anything.

use std::time::{Duration, Instant};

use agent_memory_proto::{
    ErrorCode, Event, Request, Response,
    event::BreakerState,
    frame::{FLAG_CACHED, FLAG_DEGRADED, FLAG_EXPLAINED},
    handshake::Purpose,
    model::{EntryKind, ScopeRef},
    response::HealthStatus,
};
use agent_memory_testbed::{Postgres, Proxy};
use agent_memory_tests::{Bridge, Hello, Instance, Wire, requests, until};
use serde_json::json;

const CLI: [&str; 6] = ["--json", "knowledge", "get", "n", "--scope", "global"];

/// The breaker opens soon and stays open for longer than any test waits.
fn instance(server: &Postgres) -> Instance {
    let instance = Instance::new().with_database(&server.url("postgres")).without_rate_limits();
    instance.with("CB_FAILURE_THRESHOLD", 3).with("CB_RESET_TIMEOUT_MS", 600_000)
}

fn by_name(name: &str) -> Request {
    requests::get_by_name(EntryKind::Knowledge, ScopeRef::GLOBAL, name)
}

fn add(wire: &mut Wire, name: &str) {
    let answer = wire.call(&requests::add_knowledge(ScopeRef::GLOBAL, name, "text"));
    assert!(matches!(answer, Response::Written(_)), "{answer:?}");
}

fn flags(wire: &mut Wire, request: &Request) -> u8 {
    let (flags, answer) = wire.exchange(request, &Default::default()).expect("answered");
    assert!(matches!(answer, Response::Entry(_)), "{answer:?}");
    flags
}

/// Asks in vain until the breaker is open.
fn open_breaker(wire: &mut Wire, subscriber: &mut Wire) {
    let write = requests::add_knowledge(ScopeRef::GLOBAL, "never", "stored");
    until("the breaker opens", || {
        let refused = wire.refused(&write);
        refused.message.contains("circuit breaker").then(|| {
            assert_eq!(refused.code, ErrorCode::Unavailable);
            assert!(refused.retry_after_ms.is_some_and(|wait_ms| wait_ms > 500_000), "{refused:?}");
        })
    });
    let opened = loop {
        if let Event::BreakerChanged { service, state, retry_after_ms } =
            subscriber.event().expect("an event")
        {
            break (service, state, retry_after_ms);
        }
    };
    assert_eq!(opened, ("postgresql".to_owned(), BreakerState::Open, Some(600_000)));
}

#[test]
fn cached_answers_go_on_and_say_that_they_may_be_stale() {
    let mut server = Postgres::start().expect("a server");
    let instance = instance(&server);
    let _daemon = instance.start_daemon();
    let (mut wire, mut subscriber) = (instance.connect(), instance.connect());
    let mut old =
        Wire::open(&instance.socket(), &Hello::new(Purpose::Library).speaking(1, 1)).expect("accepted");
    let mut bridge = Bridge::start(&instance, "claude");
    let tool = json!({ "action": "get", "title": "n", "scopeType": "global" });
    add(&mut wire, "n");
    add(&mut wire, "not read before");
    assert_eq!(subscriber.call(&Request::Subscribe), Response::Done);
    flags(&mut wire, &by_name("n"));
    assert_eq!(flags(&mut wire, &by_name("n")), FLAG_CACHED);
    assert!(instance.run(CLI).ok().json().get("degraded").is_none());
    assert!(bridge.call_ok("memory_knowledge", &tool)["structuredContent"].get("degraded").is_none());

    server.stop_immediately().expect("it stops");
    open_breaker(&mut wire, &mut subscriber);
    let degraded = FLAG_CACHED | FLAG_DEGRADED;
    assert_eq!(flags(&mut wire, &by_name("n")), degraded | FLAG_EXPLAINED);
    let said = wire.degradation().expect("an explanation");
    assert!(said.age_ms.is_some() && said.reason.contains("cannot be reached"), "{said:?}");
    assert_eq!(flags(&mut old, &by_name("n")), degraded, "a peer of version 1 sees the flag");
    assert_eq!(wire.refused(&by_name("not read before")).code, ErrorCode::Unavailable);

    let shown = instance.run(CLI).ok().json();
    assert!(shown["degraded"]["ageMs"].is_u64(), "{shown}");
    let words = instance.run(&CLI[1..]).ok();
    assert!(words.err.contains("old: the database cannot be reached"), "{}", words.err);
    let answer = bridge.call_ok("memory_knowledge", &tool);
    assert!(
        answer["content"][0]["text"].as_str().is_some_and(|text| text.contains("answered from the cache"))
    );
    let health = wire.health().health;
    assert_eq!((health.status, health.breakers[0].state.as_str()), (HealthStatus::Unhealthy, "open"));

    server.run().expect("it starts again");
    loop {
        // The connection for events shows that the server is back, long before the breaker's time is over.
        if let Event::BreakerChanged { state: BreakerState::Closed, .. } =
            subscriber.event().expect("an event")
        {
            break;
        }
    }
    assert_eq!(flags(&mut wire, &by_name("n")) & FLAG_DEGRADED, 0);
    add(&mut wire, "afterwards");
    until("health", || (wire.health().health.status == HealthStatus::Healthy).then_some(()));
}

/// A black hole: nothing says that the database is gone. It is found out within seconds, and whoever
/// waits by then is answered, long before the deadline.
#[test]
fn a_read_that_waits_for_a_silent_database_is_answered_from_the_cache() {
    let server = Postgres::start().expect("a server");
    let proxy = Proxy::start(server.port()).expect("a proxy");
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", proxy.port());
    let instance = Instance::new().with_database(&url).without_rate_limits().with("CB_FAILURE_THRESHOLD", 1);
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    add(&mut wire, "n");
    flags(&mut wire, &by_name("n"));
    proxy.swallow();
    let silent = Instant::now();
    let mut longest = Duration::ZERO;
    while {
        let asked = Instant::now();
        let is_fresh = flags(&mut wire, &by_name("n")) & FLAG_DEGRADED == 0;
        longest = longest.max(asked.elapsed());
        is_fresh
    } {}
    println!("degraded {:?} after the silence began; the longest wait was {longest:?}", silent.elapsed());
    assert!(silent.elapsed() < Duration::from_secs(25), "{:?}", silent.elapsed());
}

#[test]
fn stale_answers_can_be_switched_off() {
    let mut server = Postgres::start().expect("a server");
    let instance = instance(&server).with("SERVE_STALE", "false");
    let _daemon = instance.start_daemon();
    let (mut wire, mut subscriber) = (instance.connect(), instance.connect());
    add(&mut wire, "n");
    assert_eq!(subscriber.call(&Request::Subscribe), Response::Done);
    flags(&mut wire, &by_name("n"));
    server.stop_immediately().expect("it stops");
    open_breaker(&mut wire, &mut subscriber);
    let refused = wire.refused(&by_name("n"));
    assert!(refused.code == ErrorCode::Unavailable && refused.suggestion.is_some(), "{refused:?}");
}

/// Refusals of an open breaker are as quick as answers from the cache: nothing waits for the server.
#[test]
fn an_open_breaker_refuses_at_once() {
    let mut server = Postgres::start().expect("a server");
    let instance = instance(&server);
    let _daemon = instance.start_daemon();
    let (mut wire, mut subscriber) = (instance.connect(), instance.connect());
    assert_eq!(subscriber.call(&Request::Subscribe), Response::Done);
    server.stop_immediately().expect("it stops");
    open_breaker(&mut wire, &mut subscriber);
    let write = requests::add_knowledge(ScopeRef::GLOBAL, "never", "stored");
    let mut times: Vec<Duration> = (0..1_000)
        .map(|_| {
            let began = Instant::now();
            let refused = wire.refused(&write);
            assert_eq!(refused.code, ErrorCode::Unavailable);
            assert!(refused.retry_after_ms.is_some_and(|wait| wait > 0), "{refused:?}");
            began.elapsed()
        })
        .collect();
    times.sort();
    println!("a refusal over the socket: p50 {:?}, p99 {:?}", times[500], times[990]);
}
