//! Clients start the daemon; many at once converge on one.

use std::{collections::BTreeSet, thread};

use agent_memory_client::{CallOptions, Client, ConnectOptions};
use agent_memory_proto::{Request, handshake::Purpose};
use agent_memory_tests::{DAEMON, Instance, executable, until};

fn options(instance: &Instance) -> ConnectOptions {
    let mut options = ConnectOptions::new(&instance.locations(), Purpose::CommandLine);
    options.daemon_program = Some(executable(DAEMON));
    options
}

#[tokio::test]
async fn twenty_clients_at_once_start_one_daemon() {
    let instance = Instance::new();
    let clients: Vec<_> = (0..20).map(|_| tokio::spawn(Client::connect(options(&instance)))).collect();
    let mut daemons = BTreeSet::new();
    for client in clients {
        let client = client.await.expect("no panic").expect("it is served");
        client.call(Request::Health, CallOptions::default()).await.expect("answered");
        daemons.insert(client.welcome().process_id);
    }
    assert_eq!(daemons.len(), 1, "more than one daemon answered: {daemons:?}");
}

#[test]
fn twenty_command_lines_at_once_start_one_daemon() {
    let instance = Instance::new();
    let reports: Vec<_> = thread::scope(|scope| {
        let runs: Vec<_> = (0..20).map(|_| scope.spawn(|| instance.json(["health"]))).collect();
        runs.into_iter().map(|run| run.join().expect("it succeeds")).collect()
    });
    assert_eq!(reports.len(), 20);
    let running = instance.probe().expect("the daemon stays");
    let found: BTreeSet<String> = process_ids_of(&instance);
    assert_eq!(found, BTreeSet::from([running.process_id.to_string()]), "more daemons than one run");
}

/// The processes of this machine that have this instance's data directory in their environment and
/// are daemons.
fn process_ids_of(instance: &Instance) -> BTreeSet<String> {
    let mark = format!("AGENT_MEMORY_DATA_DIR={}", instance.data_dir().display());
    until("losers have gone", || {
        let found: BTreeSet<String> = std::fs::read_dir("/proc")
            .expect("there is /proc")
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
            .filter(|id| {
                let read = |file: &str| std::fs::read(format!("/proc/{id}/{file}")).unwrap_or_default();
                String::from_utf8_lossy(&read("comm")).trim() == "agent-memoryd"
                    && String::from_utf8_lossy(&read("environ")).contains(&mark)
            })
            .collect();
        (found.len() == 1).then_some(found)
    })
}

#[tokio::test]
async fn a_daemon_that_cannot_start_is_explained_with_its_log() {
    let instance = Instance::new();
    std::fs::write(instance.data_dir(), "a file in the way").expect("writes");
    let error = Client::connect(options(&instance)).await.expect_err("it cannot start").to_string();
    assert!(error.contains(instance.data_dir().to_str().expect("text")), "{error}");
}
