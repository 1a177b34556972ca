//! Locks of files: one owner at a time, whoever asks through whichever daemon, whatever dies.
//! `AGENT_MEMORY_LOCK_SECONDS` sets how long the agents hammer (3; scripts/campaign-locks: 30).

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, Scope},
    time::{Duration, Instant},
};

use agent_memory_client::{CallOptions, ConnectOptions, ReconnectingClient};
use agent_memory_proto::{
    ErrorCode, Request, Response,
    handshake::Purpose,
    model::{FileLock, SessionStatus},
    request::{
        CheckinFile, CheckoutFile, EndSession, ForceUnlockFile, GetFileLock, ListFileLocks, StartSession,
    },
};
use agent_memory_tests::{
    Backend, Daemon, Instance, StopOnDrop, Wire, from_environment, history::Held, on_every_backend,
    on_runtime, requests, until,
};

pub(crate) const AGENTS: usize = 16;
pub(crate) const FILES: usize = 4;
const TTL_MS: u64 = 1_500;

pub(crate) fn checkout(path: &str, agent: &str, wait_ms: u64) -> CheckoutFile {
    CheckoutFile {
        path: path.to_owned(),
        agent_id: Some(agent.to_owned()),
        session_id: None,
        project_id: None,
        reason: Some("testing".to_owned()),
        metadata: None,
        ttl_ms: Some(60_000),
        wait_ms,
    }
}

pub(crate) fn checkin(path: &str, agent: &str) -> Request {
    Request::CheckinFile(CheckinFile {
        path: path.to_owned(),
        agent_id: Some(agent.to_owned()),
        session_id: None,
        token: None,
    })
}

pub(crate) fn granted(wire: &mut Wire, request: CheckoutFile) -> FileLock {
    match wire.call(&Request::CheckoutFile(request)) {
        Response::CheckedOut(checked_out) => checked_out.lock,
        other => panic!("not checked out: {other:?}"),
    }
}

pub(crate) fn status(wire: &mut Wire, path: &str) -> (Option<FileLock>, u32) {
    match wire.call(&Request::GetFileLock(GetFileLock { path: path.to_owned() })) {
        Response::FileLockStatus(status) => (status.lock, status.waiting),
        other => panic!("no status: {other:?}"),
    }
}

fn a_lock_outlives_its_connection_and_its_daemon_and_names_its_owner(backend: Backend) {
    let instance = backend.instance();
    let mut daemon = instance.start_daemon();
    let lock = granted(&mut instance.connect(), checkout("/src/./x/../a.rs", "ada", 0));
    assert_eq!(lock.path, "/src/a.rs");
    daemon.kill();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    let refused = wire.refused(&Request::CheckoutFile(checkout("/src//a.rs", "bob", 0)));
    assert_eq!(refused.code, ErrorCode::FileLocked);
    assert!(refused.message.contains("\"ada\"") && refused.message.contains("testing"), "{refused}");
    assert_eq!(wire.refused(&checkin("/src/a.rs", "bob")).code, ErrorCode::FileLocked);
    assert_eq!(status(&mut wire, "/src/a.rs").0, Some(lock.clone()));
    assert!(matches!(wire.call(&checkin("/src/a.rs", "ada")), Response::CheckedIn(_)));
    assert!(granted(&mut wire, checkout("/src/a.rs", "bob", 0)).token > lock.token);
}

fn a_session_that_ends_frees_its_files_for_those_who_wait(backend: Backend) {
    let instance = backend.instance();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    let start = StartSession { agent_id: Some("ada".to_owned()), ..requests::start_session(None) };
    let Response::Session(session) = wire.call(&Request::StartSession(start)) else { panic!("no session") };
    granted(&mut wire, CheckoutFile { session_id: Some(session.id), ..checkout("/a", "ada", 0) });
    thread::scope(|scope| {
        let instance = &instance;
        let waiter = scope.spawn(move || granted(&mut instance.connect(), checkout("/a", "bob", 20_000)));
        until("bob waits", || (status(&mut wire, "/a").1 == 1).then_some(()));
        let ended =
            wire.call(&Request::EndSession(EndSession { id: session.id, status: SessionStatus::Completed }));
        assert!(matches!(ended, Response::Session(_)), "{ended:?}");
        assert_eq!(waiter.join().expect("granted").agent_id, "bob");
    });
}

fn those_who_wait_come_in_the_order_of_coming(backend: Backend) {
    let instance = backend.instance();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    granted(&mut wire, checkout("/a", "first", 0));
    let order = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for number in 1..=4_u32 {
            let (instance, order) = (&instance, &order);
            scope.spawn(move || {
                let (agent, mut wire) = (format!("agent {number}"), instance.connect());
                let token = granted(&mut wire, checkout("/a", &agent, 20_000)).token;
                order.lock().expect("no agent panicked").push((token, number));
                assert!(matches!(wire.call(&checkin("/a", &agent)), Response::CheckedIn(_)));
            });
            until("it waits", || (status(&mut wire, "/a").1 == number).then_some(()));
        }
        let passing = wire.refused(&Request::CheckoutFile(checkout("/a", "in a hurry", 0)));
        assert_eq!(passing.code, ErrorCode::FileLocked);
        // Its owner renews it, however many wait.
        granted(&mut wire, checkout("/a", "first", 0));
        assert!(matches!(wire.call(&checkin("/a", "first")), Response::CheckedIn(_)));
    });
    let mut order = order.into_inner().expect("no agent panicked");
    order.sort_unstable();
    assert_eq!(order.into_iter().map(|(_, number)| number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let refused = {
        granted(&mut wire, checkout("/a", "first", 0));
        let asked = Instant::now();
        let refused = wire.refused(&Request::CheckoutFile(checkout("/a", "impatient", 300)));
        assert!(asked.elapsed() >= Duration::from_millis(300), "it waited");
        refused
    };
    assert_eq!(refused.code, ErrorCode::FileLocked);
    assert_eq!(status(&mut wire, "/a").1, 0, "nobody is left in line");
}

#[test]
fn a_file_that_another_daemon_freed_is_had_at_once() {
    let first = Backend::Postgres.instance();
    let second = first.another();
    let _daemons = [first.start_daemon(), second.start_daemon()];
    let (mut ada, mut bob) = (first.connect(), second.connect());
    let mut waits = Vec::new();
    for _ in 0..5 {
        let held = granted(&mut ada, checkout("/a", "ada", 0));
        thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                let lock = granted(&mut bob, checkout("/a", "bob", 20_000));
                (lock, Instant::now())
            });
            until("bob waits", || (status(&mut second.connect(), "/a").1 == 1).then_some(()));
            let freed = Instant::now();
            assert!(matches!(ada.call(&checkin("/a", "ada")), Response::CheckedIn(_)));
            let (lock, had) = waiter.join().expect("granted");
            assert!(lock.token > held.token);
            waits.push(had.duration_since(freed));
        });
        assert!(matches!(bob.call(&checkin("/a", "bob")), Response::CheckedIn(_)));
    }
    // It would look by itself twice a second only.
    waits.sort_unstable();
    assert!(waits[1] < Duration::from_millis(250), "{waits:?}");
}

fn only_an_administrator_unlocks_by_force_and_it_is_logged(backend: Backend) {
    let instance = backend.instance().with("ADMIN_KEY", "sesame");
    let daemon = instance.start_daemon();
    let mut wire = instance.connect();
    granted(&mut wire, checkout("/a", "ada", 0));
    let force = |key: Option<&str>| {
        Request::ForceUnlockFile(ForceUnlockFile {
            path: "/a".to_owned(),
            agent_id: Some("root".to_owned()),
            reason: Some("ada is on holiday".to_owned()),
            admin_key: key.map(str::to_owned),
        })
    };
    for key in [None, Some("open"), Some("sesame ")] {
        assert_eq!(wire.refused(&force(key)).code, ErrorCode::PermissionDenied);
    }
    assert!(matches!(wire.call(&force(Some("sesame"))), Response::CheckedIn(done) if done.forced));
    assert_eq!(wire.refused(&force(Some("sesame"))).code, ErrorCode::NotFound);
    let log = daemon.log();
    assert!(log.contains("force_unlock") && log.contains("ada is on holiday"), "{log}");
    assert!(!log.contains("sesame"), "{log}");
}

fn what_is_wrong_is_refused_with_its_name(backend: Backend) {
    let instance = backend.instance();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    let good = checkout("/a", "ada", 0);
    for (bad, code, field) in [
        (CheckoutFile { path: "a.rs".to_owned(), ..good.clone() }, ErrorCode::InvalidParameter, "file_path"),
        (CheckoutFile { path: "/a\0".to_owned(), ..good.clone() }, ErrorCode::InvalidParameter, "file_path"),
        (CheckoutFile { path: "/x".repeat(3_000), ..good.clone() }, ErrorCode::InvalidParameter, "file_path"),
        (CheckoutFile { path: String::new(), ..good.clone() }, ErrorCode::MissingField, "file_path"),
        (CheckoutFile { ttl_ms: Some(1), ..good.clone() }, ErrorCode::InvalidParameter, "ttlMs"),
        (CheckoutFile { wait_ms: u64::MAX, ..good.clone() }, ErrorCode::InvalidParameter, "waitMs"),
        (
            CheckoutFile { agent_id: Some("a\nb".to_owned()), ..good.clone() },
            ErrorCode::InvalidParameter,
            "agentId",
        ),
        (
            CheckoutFile { reason: Some("x".repeat(501)), ..good.clone() },
            ErrorCode::InvalidParameter,
            "reason",
        ),
    ] {
        let refused = wire.refused(&Request::CheckoutFile(bad));
        assert_eq!((refused.code, refused.field.as_deref()), (code, Some(field)), "{refused}");
    }
    let all = ListFileLocks { project_id: None, agent_id: None, session_id: None, limit: 100, offset: 0 };
    let listed = wire.call(&Request::ListFileLocks(all));
    assert!(matches!(&listed, Response::FileLocks(page) if page.locks.is_empty()), "{listed:?}");
}

/// An agent that takes one file after another, and now and then forgets to give one back.
async fn hammer(instance: &Instance, agent: usize, stop: &AtomicBool, history: &Mutex<Vec<Held>>) {
    let options = ConnectOptions::new(&instance.locations(), Purpose::Library).without_start();
    let client = ReconnectingClient::new(options);
    let name = format!("agent {agent}");
    let mut round = agent;
    while !stop.load(Ordering::SeqCst) {
        round += 1;
        let path = (round * 7 + agent) % FILES;
        let file = format!("/src/{path}.rs");
        let wait_ms = if round.is_multiple_of(3) { 0 } else { 1_000 };
        let request = CheckoutFile { ttl_ms: Some(TTL_MS), ..checkout(&file, &name, wait_ms) };
        let asked = Instant::now();
        let options = CallOptions::default().with_deadline(Duration::from_secs(10));
        let reply = match client.call(Request::CheckoutFile(request), options.clone()).await {
            Ok(reply) => reply.response,
            Err(error) => {
                let code = error.refusal().map(|body| body.code);
                assert!(code != Some(ErrorCode::Internal), "{error}");
                // A daemon that was killed needs the processor to come back.
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        let Response::CheckedOut(checked_out) = reply else { panic!("{reply:?}") };
        let from = Instant::now();
        // The daemon began to count no sooner than it was asked, less what it waited for.
        let ends = asked + Duration::from_millis(TTL_MS);
        // The work that the lock is for.
        tokio::time::sleep(Duration::from_millis(round as u64 % 4)).await;
        let until = Instant::now().min(ends);
        let token = checked_out.lock.token;
        if from < until {
            let held = Held { file: path, token, agent, from, until };
            history.lock().expect("no agent panicked").push(held);
        }
        if !round.is_multiple_of(50) {
            let request = CheckinFile {
                path: file,
                agent_id: Some(name.clone()),
                session_id: None,
                token: Some(token),
            };
            // A lock that ended meanwhile is no failure here.
            let _ = client.call(Request::CheckinFile(request), options).await;
        }
    }
}

/// Starts the agents, each on a thread of its own, the next at the next instance; they hammer until they are
/// told to stop.
pub(crate) fn spawn_agents<'scope>(
    scope: &'scope Scope<'scope, '_>,
    instances: impl IntoIterator<Item = &'scope Instance, IntoIter: Clone>,
    stop: &'scope AtomicBool,
    history: &'scope Mutex<Vec<Held>>,
) {
    for (agent, instance) in (0..AGENTS).zip(instances.into_iter().cycle()) {
        scope.spawn(move || on_runtime(hammer(instance, agent, stop, history)));
    }
}

/// How long the agents hammer.
pub(crate) fn seconds() -> u64 {
    from_environment("AGENT_MEMORY_LOCK_SECONDS", 3)
}

fn never_two_owners_though_daemons_are_killed(backend: Backend) {
    let seconds = seconds();
    let first = backend.instance().without_rate_limits();
    // On a server two daemons share the files.
    let second = backend.is_shared().then(|| first.another());
    let instances: Vec<&Instance> = std::iter::once(&first).chain(second.as_ref()).collect();
    let mut daemons: Vec<Daemon> = instances.iter().map(|instance| instance.start_daemon()).collect();
    let (stop, history, mut kills) = (AtomicBool::new(false), Mutex::new(Vec::new()), 0);
    thread::scope(|scope| {
        let _stop = StopOnDrop(&stop);
        spawn_agents(scope, instances.iter().copied(), &stop, &history);
        let end = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < end {
            let before = history.lock().expect("no agent panicked").len();
            until("files go from hand to hand", || {
                (history.lock().expect("no agent panicked").len() > before + 60).then_some(())
            });
            let victim = kills % daemons.len();
            daemons[victim].kill();
            daemons[victim] = instances[victim].start_daemon();
            kills += 1;
        }
    });
    let history = history.into_inner().expect("no agent panicked");
    assert_eq!(Held::violation(&history), None);
    println!(
        "{seconds} s, {AGENTS} agents, {FILES} files, {} daemons, {kills} kills, {} locks: never two owners, \
         tokens grow with the locks of each file",
        daemons.len(),
        history.len()
    );
}

on_every_backend!(
    a_lock_outlives_its_connection_and_its_daemon_and_names_its_owner,
    a_session_that_ends_frees_its_files_for_those_who_wait,
    those_who_wait_come_in_the_order_of_coming,
    only_an_administrator_unlocks_by_force_and_it_is_logged,
    what_is_wrong_is_refused_with_its_name,
    never_two_owners_though_daemons_are_killed,
);
