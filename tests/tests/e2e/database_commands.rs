//! `agent-memory db`, and how a daemon starts on a database: with others, with a schema that is not
//! its own, and with a password that must not be seen.

use agent_memory_testbed::{Postgres, PostgresOptions, postgres};
use agent_memory_tests::{Exit, Instance, until};

const SECRET: &str = "zq-sesame-81";

fn level(report: &serde_json::Value, about: &str) -> String {
    let findings = report["findings"].as_array().expect("findings");
    let found = findings.iter().find(|finding| finding["about"] == about);
    found.unwrap_or_else(|| panic!("nothing about {about}: {report}"))["level"]
        .as_str()
        .expect("a level")
        .to_owned()
}

#[test]
fn a_database_is_migrated_and_checked_from_the_command_line() {
    let server = Postgres::start().expect("a server");
    let instance = Instance::new().with_database(&server.url("postgres"));
    let dry = instance.run(["db", "migrate", "--dry-run"]).ok();
    assert!(dry.out.contains("to do: 1 initial; locks nothing that exists"), "{}", dry.out);
    assert!(instance.run(["db", "check"]).ok().out.contains("public is empty"));
    let migrated = instance.run(["--json", "db", "migrate"]).ok().json();
    assert_eq!(migrated["steps"][0]["name"], "initial");
    assert!(instance.run(["db", "migrate"]).ok().out.contains("nothing to do"));
    let report = instance.run(["db", "check", "--json"]).ok().json();
    for about in [
        "connection",
        "server",
        "encoding",
        "pooler",
        "encryption",
        "schema",
        "rights",
        "events",
        "connections",
    ] {
        assert_eq!(level(&report, about), "ok", "{about}: {report}");
    }
    assert_eq!(level(&report, "role"), "warning");
    let crowded = instance.run(["db", "check", "--daemons", "20"]).code_is(1);
    assert!(crowded.out.contains("20 x (10 + 1 for events) = 220"), "{}", crowded.out);
    assert!(crowded.out.contains("AGENT_MEMORY_PG_POOL_MAX=3"), "{}", crowded.out);
}

#[test]
fn a_store_of_sqlite_and_a_server_that_is_gone_are_told() {
    let sqlite = Instance::new().run(["db", "check"]).code_is(1);
    assert!(sqlite.err.contains("AGENT_MEMORY_DB_TYPE=postgresql"), "{}", sqlite.err);
    let gone = Instance::new().with_database("postgres://127.0.0.1:1/memory").run(["db", "check"]).code_is(1);
    assert!(gone.out.contains("AGENT_MEMORY_PG_PORT"), "{}", gone.out);
}

#[test]
fn two_daemons_that_start_at_once_on_an_empty_database_both_serve() {
    let server = Postgres::start().expect("a server");
    let one = Instance::new().with_database(&server.url("postgres"));
    let other = one.another();
    let (first, second) = (one.spawn_daemon(), other.spawn_daemon());
    let (first, second) = (one.await_ready(first), other.await_ready(second));
    for instance in [&one, &other] {
        let health = instance.run(["health", "--json"]).ok().json();
        assert_eq!(health["database"]["type"], "postgresql", "{health}");
    }
    let migrations = [first.log(), second.log()].concat().matches("migrating the schema").count();
    assert!(migrations >= 1, "{}{}", first.log(), second.log());
    assert_eq!(
        server.sql("postgres", "SELECT count(*) FROM schema_migrations WHERE version = 1").expect("a count"),
        "1"
    );
    until("both say that they are there", || {
        let check = one.run(["db", "check"]).ok();
        check.out.contains("2 x (10 + 1 for events) = 22").then_some(())
    });
}

#[test]
fn a_newer_schema_ends_the_start_untouched() {
    let server = Postgres::start().expect("a server");
    let instance = Instance::new().with_database(&server.url("postgres"));
    let _ = instance.run(["db", "migrate"]).ok();
    let newer = "INSERT INTO schema_migrations VALUES (999, 'later', 'x', 'nothing', 0)";
    server.sql("postgres", newer).expect("a newer schema");
    let mut daemon = instance.spawn_daemon();
    assert_eq!(daemon.wait(), Exit::Code(1));
    assert!(daemon.log().contains("has schema 999"), "{}", daemon.log());
    assert!(instance.run(["db", "migrate"]).code_is(1).err.contains("has schema 999"));
}

/// Nothing that is printed or logged holds the password, also when it is the cause of the failure.
#[test]
fn a_password_is_never_shown() {
    let access = vec!["local all all trust".to_owned(), "host all all 127.0.0.1/32 scram-sha-256".to_owned()];
    let server =
        Postgres::start_with(PostgresOptions { access, ..PostgresOptions::default() }).expect("a server");
    let socket = format!("host={} port={} user=postgres", server.socket_directory().display(), server.port());
    postgres::query(&socket, "ALTER ROLE postgres PASSWORD 'another'").expect("a password");
    let place = format!("postgres:{SECRET}@127.0.0.1:{}/postgres", server.port());
    let by_url = Instance::new().with_database(&format!("postgres://{place}"));
    let by_setting = Instance::new().with_database(&server.url("postgres")).with("PG_PASSWORD", SECRET);
    for instance in [by_url, by_setting] {
        let instance = instance.with("LOG_LEVEL", "trace");
        let daemon = instance.start_daemon();
        let log = daemon.wait_for_log("28P01");
        let mut said = vec![log];
        for command in [
            &["health"][..],
            &["config"],
            &["config", "--json"],
            &["doctor"],
            &["db", "check"],
            &["db", "migrate"],
            &["project", "list"],
        ] {
            let ran = instance.run(command);
            said.extend([ran.out, ran.err]);
        }
        said.push(daemon.log());
        for text in said {
            assert!(!text.contains(SECRET), "{text}");
        }
    }
    for wrong in [
        format!("postgres://u:{SECRET}@x@db/memory"),
        format!("postgres://u:{SECRET}/x@db/memory"),
        SECRET.to_owned(),
    ] {
        let instance = Instance::new().with_database(&wrong);
        let mut daemon = instance.spawn_daemon();
        assert_eq!(daemon.wait(), Exit::Code(78));
        assert!(
            daemon.log().contains("AGENT_MEMORY_PG_URL") && !daemon.log().contains("sesame"),
            "{}",
            daemon.log()
        );
    }
}
