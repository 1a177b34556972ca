//! A network that fails between the daemon and PostgreSQL: what callers get, within what time, that
//! nothing acknowledged is lost and nothing refused is stored, and that the daemon goes on by itself.

use std::{
    thread,
    time::{Duration, Instant},
};

use agent_memory_proto::{
    ErrorCode, Response,
    model::{EntryKind, ScopeRef},
    response::{Health, HealthStatus},
};
use agent_memory_testbed::{Postgres, Proxy};
use agent_memory_tests::{Daemon, Instance, Wire, Workload, requests, until, until_within};

/// Statements and connections that take longer are given up.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(1_500);
/// The longest that a caller may wait for an answer: a connection, a statement and the time after
/// which the daemon no longer waits for the server to end it, on a machine that does other things.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(12);

/// A daemon on a database of a server, with short times.
pub(crate) fn impatient(url: &str) -> Instance {
    Instance::new()
        .without_rate_limits()
        .with_database(url)
        .with("PG_CONNECTION_TIMEOUT_MS", TIMEOUT.as_millis())
        .with("PG_STATEMENT_TIMEOUT_MS", TIMEOUT.as_millis())
        .with("PG_POOL_MAX", 6)
        .with("CB_FAILURE_THRESHOLD", 5)
        .with("CB_RESET_TIMEOUT_MS", 200)
        .with("CB_SUCCESS_THRESHOLD", 2)
}

pub(crate) fn health(wire: &mut Wire) -> Health {
    wire.health().health
}

/// Waits until the breaker of the database is in a state.
pub(crate) fn await_breaker(instance: &Instance, state: &str) -> Duration {
    let (mut wire, started) = (instance.connect(), Instant::now());
    until_within(Duration::from_secs(60), &format!("the breaker is {state}"), || {
        health(&mut wire).breakers.iter().any(|breaker| breaker.state == state).then_some(())
    });
    started.elapsed()
}

pub(crate) fn assert_well(instance: &Instance) {
    let mut wire = instance.connect();
    let well = until("the daemon is well again", || {
        let health = health(&mut wire);
        (health.status == HealthStatus::Healthy).then_some(health)
    });
    assert!(well.database.connected && well.problems.is_empty(), "{:?}", well.problems);
}

/// What callers without keys were told is one of these, and none waited too long.
pub(crate) fn assert_told(load: &Workload, expected: &[ErrorCode]) {
    for code in load.codes() {
        assert!(expected.iter().any(|expected| expected.name() == code), "{load}");
    }
    for refusals in expected.iter().filter_map(|code| load.refusals(*code)) {
        assert!(refusals.slowest < ANSWER_MAX, "{load}");
    }
    if let Some(unavailable) = load.refusals(ErrorCode::Unavailable) {
        assert!(unavailable.all_say_when, "{load}");
    }
}

/// A server, a proxy before it, and a daemon that knows only the proxy.
struct Behind {
    // The daemon ends before what it depends on.
    daemon: Daemon,
    instance: Instance,
    proxy: Proxy,
    _server: Postgres,
}

impl Behind {
    fn a_proxy() -> Self {
        let server = Postgres::start().expect("a server");
        let proxy = Proxy::start(server.port()).expect("a proxy");
        let instance = impatient(&format!("postgres://postgres@127.0.0.1:{}/postgres", proxy.port()));
        let daemon = instance.start_daemon();
        Self { daemon, instance, proxy, _server: server }
    }

    /// Lets callers write while `story` happens, and checks what they were told and what is there.
    fn under_load(&mut self, name: &str, expected: &[ErrorCode], story: impl FnOnce(&Workload, &Self)) {
        let load = Workload::run(&[&self.instance], 4, 2, |load| {
            load.await_acknowledged(50);
            story(load, self);
            load.await_acknowledged(50);
        });
        println!("{name}: {load}");
        assert_told(&load, expected);
        assert_well(&self.instance);
        load.check(&self.instance);
        assert!(self.daemon.exited().is_none(), "{}", self.daemon.log());
    }
}

/// The start waits for it for 2 s only; what has begun goes on.
#[test]
fn a_migration_that_takes_long_is_not_begun_again() {
    const HOLD: &str = "BEGIN; CREATE TABLE entries (); SELECT pg_sleep(4); ROLLBACK";
    const HELD: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    let server = Postgres::start().expect("a server");
    thread::scope(|scope| {
        let holder = scope.spawn(|| server.sql("postgres", HOLD));
        until("the name of the table is taken", || {
            (server.sql("postgres", HELD).ok()?.trim() == "1").then_some(())
        });
        let instance = Instance::new().with_database(&server.url("postgres"));
        let daemon = instance.start_daemon();
        let refused = instance.connect().refused(&requests::list(EntryKind::Tool, ScopeRef::GLOBAL, 1, 0));
        assert!(refused.message.contains("schema settled, within 2000 ms"), "{refused}");
        let log = daemon.wait_for_log("the database was reached");
        assert_eq!(log.matches("version=1 name=\"initial\"").count(), 1, "{log}");
        holder.join().expect("ends").expect("SQL runs");
    });
}

#[test]
fn without_a_server_the_daemon_starts_says_so_and_heals() {
    let server = Postgres::start().expect("a server");
    let proxy = Proxy::start(server.port()).expect("a proxy");
    proxy.refuse();
    let instance = impatient(&format!("postgres://postgres@127.0.0.1:{}/postgres", proxy.port()));
    let daemon = instance.start_daemon();
    let log = daemon.wait_for_log("the database cannot be used yet");
    assert!(log.contains("Connection refused"), "{log}");
    let mut wire = instance.connect();
    let started = Instant::now();
    let error = wire.refused(&requests::add_knowledge(ScopeRef::GLOBAL, "early", "text"));
    assert!(started.elapsed() < TIMEOUT, "{:?}", started.elapsed());
    assert_eq!(error.code, ErrorCode::Unavailable, "{error}");
    assert!(error.retry_after_ms.is_some() && error.message.contains("Connection refused"), "{error:?}");
    let sick = health(&mut wire);
    assert_eq!(sick.status, HealthStatus::Unhealthy);
    assert!(!sick.database.connected);
    assert!(
        sick.problems.iter().any(|problem| problem.contains("Connection refused")),
        "{:?}",
        sick.problems
    );

    proxy.restore();
    let started = Instant::now();
    until("it heals", || {
        let answer = wire.call(&requests::add_knowledge(ScopeRef::GLOBAL, "late", "text"));
        matches!(answer, Response::Written(_)).then_some(())
    });
    println!("refused at start: {error}; wrote {} ms after it could", started.elapsed().as_millis());
    assert_well(&instance);
}

#[test]
fn a_cut_network_costs_only_what_was_under_way() {
    let mut behind = Behind::a_proxy();
    behind.under_load("cut", &[ErrorCode::Unavailable, ErrorCode::Internal], |load, behind| {
        for _ in 0..5 {
            behind.proxy.cut();
            load.await_acknowledged(20);
        }
        behind.proxy.cut_and_refuse();
        await_breaker(&behind.instance, "open");
        load.await_refusal(ErrorCode::Unavailable);
        behind.proxy.restore();
        println!("cut: wrote again {} ms after the way was free", load.await_acknowledged(1).as_millis());
        await_breaker(&behind.instance, "closed");
    });
}

#[test]
fn a_black_hole_is_noticed_and_left() {
    let mut behind = Behind::a_proxy();
    let codes = [ErrorCode::Unavailable, ErrorCode::Internal, ErrorCode::Busy, ErrorCode::DeadlineExceeded];
    behind.under_load("black hole", &codes, |load, behind| {
        behind.proxy.swallow();
        println!("black hole: breaker open after {} ms", await_breaker(&behind.instance, "open").as_millis());
        load.await_refusal(ErrorCode::Unavailable);
        behind.proxy.restore();
        println!("black hole: wrote again {} ms after", load.await_acknowledged(1).as_millis());
        await_breaker(&behind.instance, "closed");
    });
}

#[test]
fn a_slow_server_is_slow_and_no_more() {
    let mut behind = Behind::a_proxy();
    behind.under_load("slow", &[], |load, behind| {
        behind.proxy.delay(Duration::from_millis(500));
        load.await_acknowledged(12);
        let started = Instant::now();
        let slow = health(&mut behind.instance.connect());
        assert!(started.elapsed() < ANSWER_MAX, "{:?}", started.elapsed());
        println!("slow: health in {} ms: {:?}", started.elapsed().as_millis(), slow.problems);
        behind.proxy.restore();
    });
}
