//! A newer client replaces an idle older daemon, and only that.

use agent_memory_client::{Client, ConnectOptions};
use agent_memory_proto::{ErrorCode, Request, handshake::Purpose, request::HandOver};
use agent_memory_tests::{DAEMON, Exit, Instance, executable};

fn newer_client(instance: &Instance) -> ConnectOptions {
    let mut options = ConnectOptions::new(&instance.locations(), Purpose::Library);
    options.build = "99.0.0".to_owned();
    options.daemon_program = Some(executable(DAEMON));
    options
}

#[tokio::test]
async fn an_idle_older_daemon_makes_room() {
    let instance = Instance::new();
    let mut older = instance.start_daemon_as_clients_do();
    let client = Client::connect(newer_client(&instance)).await.expect("a daemon answers");
    assert_ne!(client.welcome().process_id, older.id(), "its own daemon answers now");
    assert_eq!(older.wait(), Exit::Code(0), "{}", older.log());
}

#[tokio::test]
async fn a_daemon_with_other_clients_is_used_as_it_is() {
    let instance = Instance::new();
    let older = instance.start_daemon_as_clients_do();
    let mut other = instance.connect();
    let client = Client::connect(newer_client(&instance)).await.expect("it is accepted");
    assert_eq!(client.welcome().process_id, older.id());
    let refused = other.refused(&Request::HandOver(HandOver { build: "99.0.0".to_owned() }));
    assert_eq!(refused.code, ErrorCode::Busy, "{refused}");
}

#[test]
fn an_older_or_equal_build_is_refused() {
    let instance = Instance::new();
    let _daemon = instance.start_daemon_as_clients_do();
    for build in ["0.0.1", agent_memory_proto::BUILD, "", "nonsense"] {
        let refused = instance.connect().refused(&Request::HandOver(HandOver { build: build.to_owned() }));
        assert!(matches!(refused.code, ErrorCode::Busy | ErrorCode::InvalidParameter), "{build}: {refused}");
    }
    assert!(instance.probe().is_some());
}
