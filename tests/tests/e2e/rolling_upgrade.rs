//! Daemons that share a database are stopped and started again one after the other, as an upgrade does:
//! their clients connect again and repeat, and notice no more than a pause.

use std::{
    os::unix::net::UnixDatagram,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use agent_memory_client::{CallOptions, ConnectOptions, ReconnectingClient};
use agent_memory_proto::{
    Request, Response,
    handshake::Purpose,
    model::{EntryKind, ScopeRef},
};
use agent_memory_testbed::{Postgres, Redis};
use agent_memory_tests::{
    DAEMON, Daemon, Exit, Instance, StopOnDrop, Workload, executable, on_runtime, requests,
};

use crate::{
    cluster_status::status,
    redis_events,
    shared_database::{add, update},
};

/// How long a caller lets the library repeat.
const PATIENCE: Duration = Duration::from_secs(30);

fn client(instance: &Instance, may_start: bool) -> ReconnectingClient {
    let mut options = ConnectOptions::new(&instance.locations(), Purpose::Library);
    options.daemon_program = Some(executable(DAEMON));
    ReconnectingClient::new(if may_start { options } else { options.without_start() })
}

async fn call(client: &ReconnectingClient, request: &Request) -> Response {
    let options = CallOptions::default().with_deadline(PATIENCE);
    client.call(request, options).await.unwrap_or_else(|error| panic!("{}: {error}", request.name())).response
}

/// Reads what others change until it is told to stop; every read is answered, and none goes back in time.
async fn read_until_stopped(instance: &Instance, stop: &AtomicBool, reads: &AtomicUsize) {
    let client = client(instance, false);
    let request = requests::get_by_name(EntryKind::Knowledge, ScopeRef::GLOBAL, "n");
    while !stop.load(Ordering::SeqCst) {
        let answer = call(&client, &request).await;
        assert!(matches!(answer, Response::Entry(_)), "{answer:?}");
        reads.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_rolling_upgrade_of_three_daemons_under_load_loses_no_request() {
    const ROUNDS: usize = 2;
    let (server, redis) = (Postgres::start().expect("a server"), Redis::start().expect("Redis"));
    let one = redis_events::instance(&server, &redis);
    let instances = [&one, &one.another(), &one.another()];
    let mut running: Vec<Daemon> = instances.iter().map(|instance| instance.start_daemon()).collect();
    let id = add(&mut one.connect());
    update(&mut one.connect(), id, 1);
    let (stop, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
    let load = thread::scope(|scope| {
        let _stop = StopOnDrop(&stop);
        for instance in instances {
            let (stop, reads) = (&stop, &reads);
            scope.spawn(move || on_runtime(read_until_stopped(instance, stop, reads)));
        }
        Workload::run(&instances, 0, 3, |load| {
            load.await_acknowledged(300);
            for _ in 0..ROUNDS {
                for (instance, daemon) in instances.iter().zip(&mut running) {
                    assert_eq!(daemon.stop(), Exit::Code(0), "{}", daemon.log());
                    *daemon = instance.start_daemon();
                    let report = status(&mut instance.connect());
                    assert!(report.daemons.iter().all(|daemon| !daemon.is_stale), "{report:?}");
                    assert_eq!(report.daemons.len(), instances.len(), "{report:?}");
                    load.await_acknowledged(100);
                }
            }
        })
    });
    println!("{} restarts: {load}; {} reads", ROUNDS * instances.len(), reads.load(Ordering::SeqCst));
    assert_eq!(load.failed(), 0, "{load}");
    assert!(reads.load(Ordering::SeqCst) > 300);
    for instance in instances {
        load.check(instance);
    }
}

/// The service manager is about to start it; a client that is quicker would take its place.
#[test]
fn a_client_leaves_the_restart_of_a_managed_daemon_to_its_manager() {
    let instance = Instance::new();
    let notifications = UnixDatagram::bind(instance.root().join("notify")).expect("binds");
    let managed = || {
        let mut command = instance.command(executable(DAEMON));
        command.env("NOTIFY_SOCKET", instance.root().join("notify"));
        instance.await_ready(Daemon::spawn(command, instance.root()))
    };
    let mut daemon = managed();
    on_runtime(async {
        let client = client(&instance, true);
        call(&client, &Request::Config).await;
        assert_eq!(daemon.stop(), Exit::Code(0), "{}", daemon.log());
        let asking = tokio::spawn(async move { (call(&client, &Request::Config).await, client) });
        // Meanwhile it asks again and again; nobody is there, and it starts nobody. That is an absence, which no
        // condition ends and only a span of time can show: its pauses grow, and several fit into this.
        for _ in 0..20 {
            tokio::task::yield_now().await;
            assert!(instance.probe().is_none());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let daemon = managed();
        let (answer, client) = asking.await.expect("no panic");
        assert!(matches!(answer, Response::Config(_)), "{answer:?}");
        assert_eq!(client.client().await.expect("connected").welcome().process_id, daemon.id());
    });
    drop(notifications);
}
