//! A PostgreSQL server that fails under load: what callers get, that nothing acknowledged is lost and
//! nothing refused is stored, and that the daemon goes on by itself.

use std::{os::unix::fs::PermissionsExt, path::Path, thread, time::Instant};

use agent_memory_proto::{
    ErrorBody, ErrorCode, Response,
    model::{EntryKind, ScopeRef},
    response::HealthStatus,
};
use agent_memory_testbed::{Postgres, PostgresOptions, SmallDisk};
use agent_memory_tests::{Wire, Workload, requests, until};

use crate::postgres_faults::{ANSWER_MAX, assert_told, assert_well, await_breaker, health, impatient};

/// Ends every connection of the daemon, and tells how many there were.
const TERMINATE: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
    WHERE application_name = 'agent-memoryd'";

fn add(wire: &mut Wire, title: &str) -> Response {
    wire.call(&requests::add_knowledge(ScopeRef::GLOBAL, title, "text"))
}

fn can_read(wire: &mut Wire, title: &str) -> bool {
    let request = requests::get_by_name(EntryKind::Knowledge, ScopeRef::GLOBAL, title);
    matches!(wire.call(&request), Response::Entry(_))
}

/// Whether a write met a connection that was ending: it was not applied, or nobody knows.
fn is_of_the_cut(error: &ErrorBody) -> bool {
    error.code == ErrorCode::Unavailable || error.message.contains("not known whether this was stored")
}

#[test]
fn killed_backends_cost_only_what_was_under_way() {
    let server = Postgres::start().expect("a server");
    let instance = impatient(&server.url("postgres"));
    let _daemon = instance.start_daemon();
    let load = Workload::run(&[&instance], 4, 2, |load| {
        load.await_acknowledged(50);
        for _ in 0..5 {
            let ended = server.sql("postgres", TERMINATE).expect("the superuser may");
            assert_ne!(ended, "0", "there was no connection to end");
            load.await_acknowledged(30);
        }
    });
    println!("pg_terminate_backend: {load}");
    assert_told(&load, &[ErrorCode::Unavailable, ErrorCode::Internal]);
    assert_well(&instance);
    load.check(&instance);
}

/// A lock that another program holds keeps both connections of the pool busy: who waits is told in
/// time, and all goes on when the lock is gone.
#[test]
fn an_exhausted_pool_tells_who_waits() {
    const HOLD: &str = "BEGIN; LOCK TABLE entries; SELECT pg_sleep(60)";
    const HELD: &str = "SELECT count(*) FROM pg_locks WHERE relation = 'entries'::regclass \
        AND mode = 'AccessExclusiveLock' AND granted";
    const RELEASE: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
        WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()";
    let server = Postgres::start().expect("a server");
    let instance = impatient(&server.url("postgres")).with("PG_POOL_MAX", 2);
    let _daemon = instance.start_daemon();
    let load = Workload::run(&[&instance], 4, 2, |load| {
        load.await_acknowledged(50);
        thread::scope(|scope| {
            let holder = scope.spawn(|| server.sql("postgres", HOLD));
            until("the table is locked", || (server.sql("postgres", HELD).ok()? == "1").then_some(()));
            let started = Instant::now();
            let mut wires: Vec<_> = (0..12).map(|_| instance.connect()).collect();
            let read = |n| requests::get_by_name(EntryKind::Knowledge, ScopeRef::GLOBAL, &format!("no {n}"));
            let sent: Vec<_> = wires
                .iter_mut()
                .enumerate()
                .map(|(n, wire)| wire.send(&read(n), &Default::default()).expect("sends"))
                .collect();
            let answers = wires.iter_mut().zip(sent).map(|(wire, id)| wire.answer(id).expect("an answer").1);
            let codes: Vec<_> = answers
                .map(|answer| match answer {
                    Response::Error(error) => {
                        let is_busy = error.code == ErrorCode::Busy;
                        assert!(!is_busy || error.retry_after_ms.is_some(), "{error:?}");
                        error.code
                    }
                    other => panic!("{other:?}"),
                })
                .collect();
            println!("pool exhausted: {codes:?} within {} ms", started.elapsed().as_millis());
            assert!(codes.contains(&ErrorCode::Busy), "{codes:?}");
            assert!(started.elapsed() < ANSWER_MAX, "{:?}", started.elapsed());
            assert_eq!(server.sql("postgres", RELEASE).expect("the superuser may"), "1");
            holder.join().expect("no panic").expect_err("it was ended");
        });
        load.await_acknowledged(50);
    });
    println!("pool exhausted: {load}");
    let codes = [ErrorCode::Busy, ErrorCode::Unavailable, ErrorCode::DeadlineExceeded];
    assert_told(&load, &codes);
    assert_well(&instance);
    load.check(&instance);
}

#[test]
fn a_server_that_stops_at_once_is_taken_up_again() {
    let mut server = Postgres::start_with(PostgresOptions::default().set("fsync", "on")).expect("a server");
    let instance = impatient(&server.url("postgres"));
    let _daemon = instance.start_daemon();
    let load = Workload::run(&[&instance], 4, 2, |load| {
        load.await_acknowledged(50);
        server.stop_immediately().expect("it stops");
        println!("server stopped: breaker open after {} ms", await_breaker(&instance, "open").as_millis());
        let refused = health(&mut instance.connect());
        assert_eq!(refused.status, HealthStatus::Unhealthy, "{:?}", refused.problems);
        server.run().expect("it starts");
        println!("server stopped: wrote again {} ms after its start", load.await_acknowledged(1).as_millis());
        println!(
            "server stopped: breaker closed {} ms later",
            await_breaker(&instance, "closed").as_millis()
        );
        load.await_acknowledged(50);
    });
    println!("server stopped: {load}");
    assert_told(&load, &[ErrorCode::Unavailable, ErrorCode::Internal]);
    assert_well(&instance);
    load.check(&instance);
}

#[test]
fn a_full_disk_refuses_writes_and_lets_reads_go_on() {
    let Some(disk) = SmallDisk::mount(40).expect("a directory") else {
        println!("not tested here: a file system can only be mounted as root");
        return;
    };
    let server = Postgres::start().expect("a server");
    let small = format!("CREATE TABLESPACE small LOCATION '{}'", disk.path().display());
    server.sql("postgres", &small).expect("a tablespace");
    server.sql("postgres", "CREATE DATABASE crowded TABLESPACE small").expect("a database");
    let instance = impatient(&server.url("crowded"));
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    assert!(matches!(add(&mut wire, "before"), Response::Written(_)));
    disk.fill().expect("it is filled");
    let text = "text ".repeat(1_000);
    let error = (0..1_000)
        .find_map(|n| {
            match wire.call(&requests::add_knowledge(ScopeRef::GLOBAL, &format!("full {n}"), &text)) {
                Response::Written(_) => None,
                Response::Error(error) => Some(error),
                other => panic!("{other:?}"),
            }
        })
        .expect("the disk is full at last");
    println!("disk full: {error}");
    assert_eq!(error.code, ErrorCode::Database, "{error}");
    assert!(error.message.contains("no space left"), "{error}");
    assert!(error.suggestion.is_some_and(|text| text.contains("Nothing was stored")));
    assert!(can_read(&mut wire, "before"), "reads go on");
    disk.free().expect("it was filled");
    until("it recovers", || matches!(add(&mut wire, "after"), Response::Written(_)).then_some(()));
    assert_well(&instance);
}

fn set_password(file: &Path, password: &str) {
    std::fs::write(file, format!("127.0.0.1:*:*:agent:{password}\n")).expect("writes");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).expect("is ours");
}

#[test]
fn a_changed_password_is_told_and_taken_from_the_file() {
    let access = ["host all postgres 127.0.0.1/32 trust", "host all agent 127.0.0.1/32 scram-sha-256"];
    let options = PostgresOptions { access: access.map(str::to_owned).to_vec(), ..Default::default() };
    let server = Postgres::start_with(options).expect("a server");
    server.sql("postgres", "CREATE ROLE agent LOGIN PASSWORD 'first'").expect("a role");
    server.sql("postgres", "CREATE DATABASE memory OWNER agent").expect("a database");
    let instance = impatient(&format!("postgres://agent@127.0.0.1:{}/memory", server.port()));
    let file = instance.root().join(".pgpass");
    set_password(&file, "first");
    let daemon = instance.start_daemon();
    let mut wire = instance.connect();
    assert!(matches!(add(&mut wire, "before"), Response::Written(_)), "{}", daemon.log());

    server.sql("postgres", "ALTER ROLE agent PASSWORD 'second'").expect("changes");
    server.sql("postgres", TERMINATE).expect("the superuser may");
    let mut number = 0;
    let error = until("the old password is refused", || {
        number += 1;
        match add(&mut wire, &format!("refused {number}")) {
            Response::Error(error) if error.message.contains("password") => Some(error),
            Response::Error(error) if is_of_the_cut(&error) => None,
            other => panic!("{other:?}"),
        }
    });
    println!("password changed: {error}");
    assert_eq!(error.code, ErrorCode::Unavailable, "{error}");
    assert!(error.retry_after_ms.is_some(), "{error:?}");
    let sick = health(&mut wire);
    assert_eq!(sick.status, HealthStatus::Unhealthy);
    assert!(sick.problems.iter().any(|problem| problem.contains("password")), "{:?}", sick.problems);
    assert!(!daemon.log().contains("first"), "a password was logged");

    set_password(&file, "second");
    let started = Instant::now();
    until("it heals", || matches!(add(&mut wire, "after"), Response::Written(_)).then_some(()));
    println!("password changed: wrote {} ms after the file was mended", started.elapsed().as_millis());
    assert_well(&instance);
}

#[test]
fn a_standby_is_refused_by_its_name_until_it_is_promoted() {
    let mut server = Postgres::start().expect("a server");
    let instance = impatient(&server.url("postgres"));
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    assert!(matches!(add(&mut wire, "before"), Response::Written(_)));
    server.stop().expect("it stops");
    std::fs::write(server.data().join("standby.signal"), "").expect("writes");
    server.run().expect("it starts as a standby");
    let mut number = 0;
    let error = until("the standby is named", || {
        number += 1;
        match add(&mut wire, &format!("refused {number}")) {
            Response::Error(error) if error.message.contains("standby") => Some(error),
            Response::Error(error) if is_of_the_cut(&error) => None,
            other => panic!("{other:?}"),
        }
    });
    println!("standby: {error}");
    assert_eq!(error.code, ErrorCode::Unavailable, "{error}");
    assert!(error.retry_after_ms.is_some(), "{error:?}");
    let sick = health(&mut wire);
    assert_eq!(sick.status, HealthStatus::Unhealthy, "{:?}", sick.problems);
    assert!(sick.problems.iter().any(|problem| problem.contains("standby")), "{:?}", sick.problems);
    server.sql("postgres", "SELECT pg_promote()").expect("it is promoted");
    until("it heals", || matches!(add(&mut wire, "after"), Response::Written(_)).then_some(()));
    assert!(can_read(&mut wire, "before") && !can_read(&mut wire, "refused 1"));
    assert_well(&instance);
}

#[test]
fn a_database_that_is_switched_to_read_only_is_read_and_not_written_to() {
    let server = Postgres::start().expect("a server");
    let instance = impatient(&server.url("postgres"));
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    assert!(matches!(add(&mut wire, "before"), Response::Written(_)));
    let switch = |on: &str| {
        let sql = format!("ALTER DATABASE postgres SET default_transaction_read_only = {on}");
        server.sql("template1", &sql).expect("the superuser may");
        server.sql("template1", TERMINATE).expect("the superuser may");
    };
    switch("on");
    let error = until("writes are refused", || match add(&mut wire, "refused") {
        Response::Error(error) if is_of_the_cut(&error) => None,
        Response::Error(error) => Some(error),
        other => panic!("{other:?}"),
    });
    println!("read-only: {error}");
    assert_eq!(error.code, ErrorCode::Database, "{error}");
    assert!(error.message.contains("read-only"), "{error}");
    assert!(error.suggestion.as_ref().is_some_and(|text| text.contains("Nothing was stored")), "{error:?}");
    assert!(can_read(&mut wire, "before"), "reads go on");
    let sick = health(&mut wire);
    assert_ne!(sick.status, HealthStatus::Healthy, "{:?}", sick.problems);
    assert!(sick.problems.iter().any(|problem| problem.contains("read-only")), "{:?}", sick.problems);
    switch("off");
    until("it heals", || matches!(add(&mut wire, "after"), Response::Written(_)).then_some(()));
    assert_well(&instance);
}
