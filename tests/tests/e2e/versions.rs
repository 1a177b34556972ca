//! Versions are settled before any message.

use agent_memory_client::{Client, ClientError, ConnectOptions};
use agent_memory_proto::{
    Request, Response,
    handshake::{PROTOCOL_MAX, PROTOCOL_MIN, Purpose, Status},
};
use agent_memory_tests::{Hello, Instance, Wire};

#[test]
fn a_client_without_a_common_version_is_told_so() {
    let instance = Instance::new();
    let _daemon = instance.start_daemon();
    let hello = Hello::new(Purpose::Library).speaking(PROTOCOL_MAX + 1, PROTOCOL_MAX + 5);
    let (_, welcome) = Wire::greet(&instance.socket(), &hello).expect("the daemon answers");
    assert_eq!(welcome.status, Status::VersionMismatch);
    assert_eq!((welcome.protocol_min, welcome.protocol_max), (PROTOCOL_MIN, PROTOCOL_MAX));
    assert_eq!(welcome.protocol, 0);
    assert_eq!(welcome.build, agent_memory_proto::BUILD);
}

#[test]
fn an_overlapping_range_settles_on_the_newest_common_version() {
    let instance = Instance::new();
    let _daemon = instance.start_daemon();
    let hello = Hello::new(Purpose::Library).speaking(0, u16::MAX);
    let mut wire = Wire::open(&instance.socket(), &hello).expect("accepted");
    assert_eq!(wire.welcome().protocol, PROTOCOL_MAX);
    assert!(matches!(wire.call(&Request::Health), Response::Health(_)));
}

#[tokio::test]
async fn the_library_says_which_side_is_too_old() {
    let instance = Instance::new();
    let _daemon = instance.start_daemon();
    let mut options = ConnectOptions::new(&instance.locations(), Purpose::Library).without_start();
    options.protocol = (PROTOCOL_MAX + 1, PROTOCOL_MAX + 1);
    let error = Client::connect(options).await.expect_err("no common version");
    assert!(matches!(error, ClientError::VersionMismatch { .. }), "{error}");
    assert!(error.to_string().contains("upgrade agent-memoryd"), "{error}");
}
