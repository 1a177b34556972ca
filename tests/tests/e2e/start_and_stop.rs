//! One daemon for each data directory, and what its signals do.

use agent_memory_proto::{Request, Response, model::ScopeRef, request::Echo};
use agent_memory_tests::{Backend, Daemon, Exit, Instance, on_every_backend, requests, until};
use rustix::process::Signal;
use std::time::{Duration, Instant};

const ALREADY_RUNNING: Exit = Exit::Code(75);
const BAD_SETTING: Exit = Exit::Code(78);

#[test]
fn of_two_daemons_that_race_one_wins_and_the_other_names_it() {
    for _ in 0..5 {
        let instance = Instance::new();
        let mut daemons = [instance.spawn_daemon(), instance.spawn_daemon()];
        let loser = until("one daemon gives up", || daemons.iter_mut().position(|d| d.exited().is_some()));
        assert_eq!(daemons[loser].exited(), Some(ALREADY_RUNNING), "{}", daemons[loser].log());
        let winner = &daemons[1 - loser];
        let welcome = until("the winner answers", || instance.probe());
        assert_eq!(welcome.process_id, winner.id());
        let log = daemons[loser].log();
        assert!(log.contains("is in use by another agent-memoryd"), "{log}");
        // A loser that came while the winner was still writing its name may only say that it starts.
        let named = format!("process {}", winner.id());
        assert!(log.contains(&named) || log.contains("it is just starting"), "{log}");
    }
}

#[test]
fn a_second_daemon_says_which_process_holds_the_data_directory() {
    let instance = Instance::new();
    let first = instance.start_daemon();
    let mut second = instance.spawn_daemon();
    assert_eq!(second.wait(), ALREADY_RUNNING);
    let log = second.log();
    assert!(log.contains(&format!("process {}", first.id())), "{log}");
    assert!(log.contains(instance.socket().to_str().expect("text")), "{log}");
    assert_eq!(instance.probe().map(|welcome| welcome.process_id), Some(first.id()));
}

#[test]
fn a_second_daemon_on_another_socket_is_refused_as_well() {
    let instance = Instance::new();
    let _first = instance.start_daemon();
    let mut command = instance.command(agent_memory_tests::executable(agent_memory_tests::DAEMON));
    command.env("AGENT_MEMORY_SOCKET", instance.root().join("elsewhere/s"));
    let mut second = Daemon::spawn(command, instance.root());
    assert_eq!(second.wait(), ALREADY_RUNNING, "{}", second.log());
}

fn a_killed_daemon_leaves_nothing_that_keeps_the_next_from_starting(backend: Backend) {
    let instance = backend.instance();
    for _ in 0..3 {
        let mut daemon = instance.start_daemon();
        assert!(instance.socket().exists());
        assert_eq!(daemon.kill(), Exit::Signal(9));
        assert!(instance.socket().exists(), "the socket is stale now");
    }
    let _daemon = instance.start_daemon();
}

fn terminate_and_interrupt_end_it_cleanly(backend: Backend) {
    for signal in [Signal::TERM, Signal::INT] {
        let instance = backend.instance();
        let mut daemon = instance.start_daemon();
        let stored = instance.connect().call(&requests::add_knowledge(ScopeRef::GLOBAL, "a", "b"));
        assert!(matches!(stored, Response::Written(_)), "{stored:?}");
        daemon.signal(signal);
        assert_eq!(daemon.wait(), Exit::Code(0), "{}", daemon.log());
        assert!(instance.probe().is_none());
        if backend.is_shared() {
            continue;
        }
        let log_left = instance.data_dir().join("memory.db-wal");
        let left = std::fs::metadata(log_left).map_or(0, |metadata| metadata.len());
        assert_eq!(left, 0, "the write-ahead log was not checkpointed");
    }
}

fn a_stop_request_is_as_good_as_a_signal(backend: Backend) {
    let instance = backend.instance();
    let mut daemon = instance.start_daemon();
    assert_eq!(instance.connect().call(&Request::Stop), Response::Done);
    assert_eq!(daemon.wait(), Exit::Code(0), "{}", daemon.log());
}

#[test]
fn a_wrong_setting_stops_the_start_and_is_explained() {
    let cases = [
        ("DB_READERS", "many", "a whole number from 0 to 64"),
        ("LOG_LEVEL", "loud", "error or warn or info or debug or trace"),
        ("RATE_LIMIT", "perhaps", "1 or 0"),
        ("MAX_FRAME_BYTES", "5", "a whole number from 65536 to"),
    ];
    for (name, value, allowed) in cases {
        let instance = Instance::new().with(name, value);
        let mut daemon = instance.spawn_daemon();
        assert_eq!(daemon.wait(), BAD_SETTING, "{}", daemon.log());
        let log = daemon.log();
        for part in [&format!("AGENT_MEMORY_{name}"), value, allowed] {
            assert!(log.contains(part), "{part:?} is not in: {log}");
        }
    }
}

#[test]
fn an_unknown_variable_is_a_warning_with_the_nearest_name() {
    let instance = Instance::new().with("LOG_LEVLE", "debug");
    let daemon = instance.start_daemon();
    daemon.wait_for_log("AGENT_MEMORY_LOG_LEVLE");
    assert!(daemon.log().contains("did you mean AGENT_MEMORY_LOG_LEVEL"), "{}", daemon.log());
}

#[test]
fn hang_up_takes_up_what_can_be_changed_and_names_the_rest() {
    let instance = Instance::new();
    let file = instance.root().join("settings.toml");
    std::fs::write(&file, "rate_limit_burst_max = 1000000\ndb_readers = 2\n").expect("writes");
    let instance = instance.with("CONFIG", file.display()).with("RATE_LIMIT_PER_AGENT_MAX", 1_000_000);
    let daemon = instance.start_daemon();
    std::fs::write(&file, "rate_limit_burst_max = 3\ndb_readers = 4\n").expect("writes");
    daemon.signal(Signal::HUP);
    let log = daemon.wait_for_log("settings read again");
    assert!(log.contains("RATE_LIMIT_BURST_MAX is now \"3\""), "{log}");
    assert!(log.contains("DB_READERS changed to \"4\", which needs a restart"), "{log}");
    let mut wire = instance.connect();
    until("the new limit is met", || {
        matches!(wire.call(&Request::Config), Response::Error(error)
            if error.code == agent_memory_proto::ErrorCode::RateLimited)
        .then_some(())
    });
    std::fs::write(&file, "rate_limit_burst_max = \"none\"\n").expect("writes");
    daemon.signal(Signal::HUP);
    let log = daemon.wait_for_log("the settings stay as they are");
    assert!(log.contains("a whole number"), "{log}");
    assert!(instance.probe().is_some());
}

fn a_daemon_that_a_client_started_exits_when_nobody_needs_it(backend: Backend) {
    let idle = Duration::from_millis(300);
    let instance = backend.instance().with("IDLE_EXIT_MS", idle.as_millis()).without_rate_limits();
    let mut daemon = instance.start_daemon_as_clients_do();
    let mut wire = instance.connect();
    let connected = Instant::now();
    while connected.elapsed() < 3 * idle {
        let answer = wire.call(&Request::Echo(Echo { payload: Vec::new(), reply_bytes: 1 }));
        assert_eq!(answer, Response::Echo(vec![0]), "an open connection keeps it alive");
    }
    drop(wire);
    assert_eq!(daemon.wait(), Exit::Code(0), "{}", daemon.log());
    assert!(daemon.log().contains("no connection for"), "{}", daemon.log());
}

on_every_backend!(
    a_killed_daemon_leaves_nothing_that_keeps_the_next_from_starting,
    terminate_and_interrupt_end_it_cleanly,
    a_stop_request_is_as_good_as_a_signal,
    a_daemon_that_a_client_started_exits_when_nobody_needs_it,
);
