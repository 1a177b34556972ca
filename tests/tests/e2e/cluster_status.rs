//! `cluster status`: the daemons of a store find each other, and one that is gone is told of.

use agent_memory_proto::{ErrorCode, Request, Response, response::ClusterStatus};
use agent_memory_testbed::Postgres;
use agent_memory_tests::{Backend, Instance, Wire, on_every_backend, until};

pub(crate) fn status(wire: &mut Wire) -> ClusterStatus {
    match wire.call(&Request::ClusterStatus) {
        Response::ClusterStatus(report) => *report,
        other => panic!("{other:?}"),
    }
}

/// Makes the daemon of an instance have said for the last time a while ago that it is there.
pub(crate) fn expire(server: &Postgres, instance: &Instance) {
    let data_dir = instance.data_dir().display();
    let sql = format!("UPDATE daemons SET seen_at_ms = seen_at_ms - 60000 WHERE data_dir = '{data_dir}'");
    server.sql("postgres", &sql).expect("SQL runs");
}

fn a_daemon_lists_itself(backend: Backend) {
    let instance = backend.instance();
    let daemon = instance.start_daemon();
    let report = status(&mut instance.connect());
    let [own] = report.daemons.as_slice() else { panic!("{report:?}") };
    assert_eq!((own.id, own.process_id), (report.answered_by, daemon.id()));
    assert_eq!(own.data_dir, instance.data_dir().display().to_string());
    assert!(!own.is_stale && own.load.connections >= 1 && own.load.requests >= 1, "{own:?}");
    let services: Vec<&str> = own.load.breakers.iter().map(|breaker| breaker.service.as_str()).collect();
    let expected: &[&str] = match backend {
        Backend::Sqlite => &[],
        Backend::Postgres => &["postgresql"],
        Backend::PostgresRedis => &["redis", "postgresql"],
    };
    assert_eq!(services, expected);
    let ran = instance.run(["--json", "cluster", "status"]).ok().json();
    assert_eq!(ran["daemons"][0]["processId"], daemon.id(), "{ran}");
    assert_eq!(ran["daemons"][0]["answers"], true, "{ran}");
    let table = instance.run(["cluster", "status"]).ok().out;
    assert!(table.contains("live*") && table.contains(agent_memory_proto::BUILD), "{table}");
}

on_every_backend!(a_daemon_lists_itself);

#[test]
fn daemons_of_a_database_list_each_other_while_they_are_there() {
    let server = Postgres::start().expect("a server");
    let one = Instance::new().with_database(&server.url("postgres")).without_rate_limits();
    let (other, third) = (one.another(), one.another());
    let (_first, mut second) = (one.start_daemon(), other.start_daemon());
    let mut killed = third.start_daemon();
    let mut wire = one.connect();
    let report = status(&mut wire);
    assert_eq!(report.daemons.len(), 3, "each is there before it answers anybody: {report:?}");
    assert!(report.daemons.iter().all(|daemon| !daemon.is_stale), "{report:?}");
    second.stop();
    assert_eq!(status(&mut wire).daemons.len(), 2, "it took its row away");
    killed.kill();
    expire(&server, &third);
    let report = status(&mut wire);
    let stale = report.daemons.iter().find(|daemon| daemon.is_stale).expect("the killed one is told of");
    assert_eq!(stale.process_id, killed.id());
    let ran = one.run(["--json", "cluster", "status"]).ok().json();
    let of_killed =
        ran["daemons"].as_array().expect("a list").iter().find(|daemon| daemon["status"] == "stale");
    assert_eq!(of_killed.map(|daemon| &daemon["processId"]), Some(&killed.id().into()), "{ran}");
    let table = one.run(["cluster", "status"]).ok().out;
    assert!(
        table.contains("stale") && table.contains("it was killed, or cannot reach the database"),
        "{table}"
    );
    let _again = third.start_daemon();
    let report = status(&mut wire);
    assert!(report.daemons.len() == 2 && report.daemons.iter().all(|daemon| !daemon.is_stale), "{report:?}");
}

#[test]
fn what_a_daemon_tells_of_itself_is_kept_up_to_date() {
    let server = Postgres::start().expect("a server");
    let one = Instance::new().with_database(&server.url("postgres")).without_rate_limits();
    let other = one.another();
    let (_first, _second) = (one.start_daemon(), other.start_daemon());
    let (mut asking, mut asked) = (one.connect(), other.connect());
    for _ in 0..50 {
        asked.call(&Request::Config);
    }
    let seen = until("the other tells of its requests", || {
        let report = status(&mut asking);
        report
            .daemons
            .into_iter()
            .find(|daemon| daemon.id != report.answered_by && daemon.load.requests >= 50)
    });
    assert!(!seen.is_stale && seen.load.deaf.is_none() && seen.load.connections >= 1, "{seen:?}");
}

#[test]
fn without_the_database_nobody_pretends_to_know() {
    let mut server = Postgres::start().expect("a server");
    let instance = Instance::new().with_database(&server.url("postgres")).without_rate_limits();
    let _daemon = instance.start_daemon();
    server.stop().expect("stopped");
    let refused = until("the loss is noticed", || match instance.connect().call(&Request::ClusterStatus) {
        Response::Error(error) => Some(error),
        _ => None,
    });
    assert!(matches!(refused.code, ErrorCode::Unavailable | ErrorCode::Internal), "{refused}");
}
