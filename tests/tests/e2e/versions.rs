//! Versions are settled before any message.

use agent_memory_client::{Client, ClientError, ConnectOptions};
use agent_memory_proto::{
    Request, Response,
    handshake::{PROTOCOL_MAX, PROTOCOL_MIN, Purpose, Status},
    response::{FigureValue, RedisKind},
};
use agent_memory_testbed::{Postgres, Redis};
use agent_memory_tests::{Hello, Instance, Wire};

use crate::redis_events::instance;

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
    assert_eq!(wire.health().redis, None);
}

#[test]
fn an_older_peer_is_told_of_its_health_what_it_knows() {
    let (server, redis) = (Postgres::start().expect("a server"), Redis::start().expect("Redis"));
    let with_redis = instance(&server, &redis);
    let without = Instance::new();
    let _daemons = [with_redis.start_daemon(), without.start_daemon()];
    let asked = |instance: &Instance, newest: u16| {
        let hello = Hello::new(Purpose::Library).speaking(1, newest);
        let mut wire = Wire::open(&instance.socket(), &hello).expect("accepted");
        assert_eq!(wire.welcome().protocol, newest);
        wire.call(&Request::Health)
    };
    for newest in [1, 2] {
        assert!(matches!(asked(&with_redis, newest), Response::Health(_)));
    }
    assert!(matches!(asked(&with_redis, 3), Response::HealthWithRedis(_)));
    assert!(matches!(asked(&without, 3), Response::Health(_)));
    let Response::HealthReport(report) = asked(&with_redis, 4) else { panic!("another answer") };
    assert_eq!(report.redis.map(|redis| redis.kind), Some(RedisKind::Single));
    let Response::FullHealthReport(full) = asked(&with_redis, 5) else { panic!("another answer") };
    assert_eq!(full.figure("permissions", "mode"), Some(&FigureValue::Text("permissive".to_owned())));
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
