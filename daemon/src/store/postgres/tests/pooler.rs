//! Behind a pooler: it is found out, and the store keeps its contract.

use agent_memory_testbed::{PgBouncer, PgBouncerOptions, PoolMode, Postgres};
use futures_util::future::join_all;

use super::{
    super::{Finding, Level, PostgresOptions, connector::Connector, inspect},
    open,
};
use crate::{
    actors::block_on,
    store::contract::{Scenario, guideline},
};

/// Whether it is taken for a pooler.
fn is_pooled(url: &str) -> bool {
    block_on(async {
        let options = PostgresOptions::new(url.parse().unwrap());
        let connector = Connector::new(&options, &options.server).unwrap();
        for _ in 0..3 {
            let connection = connector.connect().await.expect("a connection");
            // A statement that is kept would be looked for on the wrong connection the second time.
            for _ in 0..2 {
                connection.rows("SELECT 1", &[]).await.expect("an answer");
            }
        }
        connector.is_pooled()
    })
    .unwrap()
}

#[test]
fn a_pooler_is_found_out() {
    let server = Postgres::start().unwrap();
    assert!(!is_pooled(&server.url("postgres")));
    for mode in [PoolMode::Transaction, PoolMode::Session] {
        for ignores in [false, true] {
            let mut options = PgBouncerOptions::new(mode, 1);
            if ignores {
                options = options.set("ignore_startup_parameters", "options");
            }
            let pooler = PgBouncer::start(&server, &options).unwrap();
            assert!(is_pooled(&pooler.url("postgres")), "{mode:?}, ignores options: {ignores}");
        }
    }
}

/// Runs a scenario on a new store behind a pooler with fewer connections to the server than the
/// store makes to it.
fn behind_a_pooler(scenario: Scenario) {
    let server = Postgres::start().unwrap();
    let options = PgBouncerOptions::new(PoolMode::Transaction, 2).set("ignore_startup_parameters", "options");
    let pooler = PgBouncer::start(&server, &options).unwrap();
    block_on(async {
        let mut options = PostgresOptions::new(pooler.url("postgres").parse().unwrap());
        options.events_server = Some(server.url("postgres").parse().unwrap());
        let (world, handle) = open(options).await;
        scenario(world).await;
        handle.close().await;
    })
    .unwrap();
}

super::scenarios! { behind_a_pooler;
    entries::added_entries_are_read_back_whole,
    entries::deleted_entries_are_gone_with_their_history,
    names::the_narrowest_name_wins,
    updates::a_stale_version_is_refused,
    updates::two_agents_at_once_are_a_conflict,
    lists::pages_follow_each_other,
    bulk::bulk_writes_are_all_or_nothing,
    idempotency::a_key_is_applied_once,
    scopes::a_deleted_project_takes_everything_along,
    scopes::binding_races_meet,
    changes::every_durable_write_is_told,
    random::random_histories_match_a_model,
    health::a_healthy_store_says_so,
    search::words_find_what_has_them_best_first,
    context::guidelines_come_by_priority_then_the_latest_knowledge,
}

/// What the check says of it: without a way around it nothing is heard of other daemons.
#[test]
fn a_check_tells_what_a_pooler_does_not_carry() {
    let server = Postgres::start().unwrap();
    let pooler = PgBouncer::start(&server, &PgBouncerOptions::new(PoolMode::Transaction, 5)).unwrap();
    block_on(async {
        let mut options = PostgresOptions::new(pooler.url("postgres").parse().unwrap());
        let bad = |findings: Vec<Finding>| -> Vec<Finding> {
            findings.into_iter().filter(|finding| finding.level == Level::Bad).collect()
        };
        let found = bad(inspect(&options, None).await);
        let [events] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(events.about, "events");
        assert!(
            events.mend.as_deref().unwrap_or_default().contains("AGENT_MEMORY_PG_EVENTS_URL"),
            "{events:?}"
        );
        options.events_server = Some(server.url("postgres").parse().unwrap());
        assert_eq!(bad(inspect(&options, None).await), []);
    })
    .unwrap();
}

/// Two stores share one pooler that has three connections to the server for their twenty.
#[test]
fn two_stores_write_through_one_pooler() {
    const WRITES: usize = 40;
    let server = Postgres::start().unwrap();
    let options = PgBouncerOptions::new(PoolMode::Transaction, 3);
    let pooler = PgBouncer::start(&server, &options).unwrap();
    block_on(async {
        let options = PostgresOptions::new(pooler.url("postgres").parse().unwrap());
        let (one, one_handle) = open(options.clone()).await;
        let (other, other_handle) = open(options).await;
        let (one, other) = (&one, &other);
        let global = agent_memory_proto::model::ScopeRef::GLOBAL;
        let writes = (0..WRITES).map(|number| async move {
            let world = if number % 2 == 0 { one } else { other };
            // The ids of one of them, since both clocks stand at the same time.
            let draft = guideline(global, &format!("rule {number}"), 50);
            let added = world.write(one.adding(draft)).await.expect("a write");
            let agent_memory_proto::Response::Written(written) = added else { panic!("{added:?}") };
            written
        });
        for written in join_all(writes).await {
            assert!(other.get(written.kind, written.id).await.is_some());
        }
        one_handle.close().await;
        other_handle.close().await;
    })
    .unwrap();
    assert_eq!(server.sql("postgres", "SELECT count(*) FROM entries").unwrap(), WRITES.to_string());
}
