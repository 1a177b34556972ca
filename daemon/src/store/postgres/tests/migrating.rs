//! Migrations: many at once, foreign ones, further ones, and who may.

use agent_memory_testbed::Postgres;

use super::{
    super::{
        PostgresOptions, PostgresStore,
        connection::Connection,
        connector::Connector,
        migrations::{self, ALL, Migration},
    },
    open,
};
use crate::{actors::block_on, clock::Clock, store::StoreError};

fn options(server: &Postgres) -> PostgresOptions {
    PostgresOptions::new(server.url("postgres").parse().unwrap())
}

async fn connect(options: &PostgresOptions) -> Connection {
    Connector::new(options, &options.server).unwrap().connect().await.expect("a connection")
}

async fn refusal(options: PostgresOptions) -> String {
    let refused = PostgresStore::open(options, Clock::system(), std::sync::Arc::new(|_| {})).await;
    match refused.map(|_| ()) {
        Err(StoreError::Refused(body)) => body.message,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn of_eight_that_start_at_once_one_migrates() {
    let server = Postgres::start().unwrap();
    block_on(async {
        let started: Vec<_> = (0..8)
            .map(|_| {
                let options = options(&server);
                actix_rt::spawn(async move {
                    let connection = connect(&options).await;
                    migrations::migrate(&connection, &Clock::system(), ALL, true).await
                })
            })
            .collect();
        let mut applied = Vec::new();
        for one in started {
            applied.push(one.await.expect("ends").expect("the schema"));
        }
        applied.sort_unstable();
        let newest = migrations::newest();
        assert_eq!(applied, [0, 0, 0, 0, 0, 0, 0, newest]);
    })
    .unwrap();
    let count =
        server.sql("postgres", "SELECT count(*), count(DISTINCT version) FROM schema_migrations").unwrap();
    assert_eq!(count, format!("{0}|{0}", ALL.len()));
}

#[test]
fn a_newer_or_another_schema_is_refused_untouched() {
    let server = Postgres::start().unwrap();
    let dump = || server.sql("postgres", "SELECT * FROM schema_migrations").unwrap();
    block_on(async {
        drop(open(options(&server)).await);
        server
            .sql("postgres", "INSERT INTO schema_migrations VALUES (999, 'later', 'x', 'nothing', 0)")
            .unwrap();
        let before = dump();
        let newer = refusal(options(&server)).await;
        assert!(newer.contains("has schema 999"), "{newer}");
        assert_eq!(dump(), before);
        let altered =
            "DELETE FROM schema_migrations WHERE version = 999; UPDATE schema_migrations SET checksum = 'x'";
        server.sql("postgres", altered).unwrap();
        let before = dump();
        let altered = refusal(options(&server)).await;
        assert!(altered.contains("another lineage"), "{altered}");
        assert_eq!(dump(), before);
    })
    .unwrap();
}

#[test]
fn without_leave_to_migrate_it_says_what_to_run() {
    let server = Postgres::start().unwrap();
    block_on(async {
        let options = PostgresOptions { migrate: false, ..options(&server) };
        let refused = refusal(options.clone()).await;
        assert!(refused.contains("agent-memory db migrate"), "{refused}");
        assert_eq!(server.sql("postgres", "SELECT to_regclass('schema_migrations') IS NULL").unwrap(), "t");
        let connection = connect(&options).await;
        migrations::migrate(&connection, &Clock::system(), ALL, true).await.unwrap();
        drop(open(options).await);
    })
    .unwrap();
}

/// A step that comes later finds data, is applied once, and leaves nothing behind when it fails.
#[test]
fn a_further_step_is_applied_to_a_store_with_data() {
    let server = Postgres::start().unwrap();
    let next = migrations::newest() + 1;
    let step = |sql| {
        let mut steps = ALL.to_vec();
        steps.push(Migration { version: next, name: "colours", sql, locks: "writes of canary" });
        steps
    };
    block_on(async {
        let options = options(&server);
        let (world, _handle) = open(options.clone()).await;
        let connection = connect(&options).await;
        let clock = Clock::system();
        let broken = step("ALTER TABLE canary ADD COLUMN colour text; SELECT 1 / 0");
        migrations::migrate(&connection, &clock, &broken, true).await.expect_err("it fails");
        let columns =
            "SELECT count(*) FROM pg_attribute WHERE attrelid = 'canary'::regclass AND attname = 'colour'";
        assert_eq!(server.sql("postgres", columns).unwrap(), "0");
        let good = step("ALTER TABLE canary ADD COLUMN colour text NOT NULL DEFAULT 'yellow'");
        assert_eq!(migrations::migrate(&connection, &clock, &good, true).await, Ok(1));
        assert_eq!(migrations::migrate(&connection, &clock, &good, true).await, Ok(0));
        assert_eq!(server.sql("postgres", "SELECT colour FROM canary").unwrap(), "yellow");
        let locks = format!("SELECT locks FROM schema_migrations WHERE version = {next}");
        assert_eq!(server.sql("postgres", &locks).unwrap(), "writes of canary");
        // The daemon that runs goes on; one that starts again knows less than the schema.
        let global = agent_memory_proto::model::ScopeRef::GLOBAL;
        assert_eq!(world.store.scopes.chain(global).await, Ok(Some(vec![global])));
    })
    .unwrap();
}

#[test]
fn a_database_that_cannot_hold_every_text_is_refused() {
    let server = Postgres::start().unwrap();
    server.sql("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0").unwrap();
    block_on(async {
        let refused = refusal(PostgresOptions::new(server.url("latin").parse().unwrap())).await;
        assert!(refused.contains("LATIN1") && refused.contains("UTF8"), "{refused}");
    })
    .unwrap();
    assert_eq!(server.sql("latin", "SELECT to_regclass('schema_migrations') IS NULL").unwrap(), "t");
}

#[test]
fn every_step_says_what_it_locks() {
    assert!(ALL.iter().all(|step| !step.locks.is_empty()));
    assert!(ALL.iter().zip(1..).all(|(step, number)| step.version == number));
}
