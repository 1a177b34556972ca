//! Tests of the whole backend against a real server of their own: the contract of every store, and
//! what only PostgreSQL can suffer.

mod audit;
mod batches;
mod breaker;
mod connecting;
mod contract;
mod corpus;
mod events;
mod growth;
mod health;
mod housekeeping;
mod long_texts;
mod members;
mod migrating;
mod overlap;
mod pooler;
mod pooling;
mod reads;
mod roles;
mod snapshots;
mod two_daemons;

use std::{sync::Arc, time::Duration};

use agent_memory_testbed::Postgres;

use super::{PostgresHandle, PostgresOptions, PostgresStore};
use crate::{
    actors::block_on,
    clock::Clock,
    store::contract::{START_MS, Scenario, World},
    waiting::until_within,
};

/// Runs a scenario on a new store in a server of its own.
fn on_empty_store(scenario: Scenario) {
    let server = Postgres::start().unwrap();
    block_on(async {
        let (world, handle) = open(PostgresOptions::new(server.url("postgres").parse().unwrap())).await;
        scenario(world).await;
        handle.close().await;
    })
    .unwrap();
    audit::audit(&server);
}

/// Opens a store with a clock that stands.
pub(in crate::store) async fn open(options: PostgresOptions) -> (World, PostgresHandle) {
    open_with(options, Clock::manual(START_MS)).await
}

/// Opens a store with a clock that may be another store's as well.
async fn open_with(options: PostgresOptions, clock: Clock) -> (World, PostgresHandle) {
    let changes = Arc::new(std::sync::Mutex::new(Vec::new()));
    let heard = Arc::clone(&changes);
    let on_change = Arc::new(move |change: &crate::store::Change| heard.lock().unwrap().push(change.clone()));
    let (store, handle) = PostgresStore::open(options, clock.clone(), on_change).await.expect("a store");
    (World { store, clock, changes, _keep: Box::new(()) }, handle)
}

#[test]
fn an_empty_store_has_a_global_scope_and_no_entries() {
    let server = Postgres::start().unwrap();
    block_on(async {
        let (world, _) = open(PostgresOptions::new(server.url("postgres").parse().unwrap())).await;
        let global = agent_memory_proto::model::ScopeRef::GLOBAL;
        assert_eq!(world.store.scopes.chain(global).await, Ok(Some(vec![global])));
        let kind = agent_memory_proto::model::EntryKind::Tool;
        assert_eq!(world.get(kind, world.clock.new_id()).await, None);
    })
    .unwrap();
}

/// Makes a test of each of some scenarios of the contract; `$run` takes a scenario.
macro_rules! scenarios {
    ($run:ident; $($module:ident::$name:ident),+ $(,)?) => {
        $(#[test]
        fn $name() {
            $run(|world| Box::pin(crate::store::contract::$module::$name(world)));
        })+
    };
}
use scenarios;

/// Waits until a condition holds, for 20 seconds at most.
async fn until(what: &str, condition: impl Fn() -> bool) {
    until_within(Duration::from_secs(20), what, async || condition()).await;
}
