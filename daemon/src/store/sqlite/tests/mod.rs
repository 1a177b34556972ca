//! Tests of the whole backend: the contract of every store, and what only SQLite can suffer.

mod contract;

use std::sync::Arc;

use super::{SqliteHandle, SqliteOptions, SqliteStore};
use crate::{
    actors::{Arbiters, block_on},
    clock::Clock,
    store::contract::{START_MS, Scenario, World},
    supervisor::Supervisor,
};

/// Runs a scenario on a new store in a directory of its own.
fn on_empty_store(scenario: Scenario) {
    let directory = tempfile::tempdir().unwrap();
    block_on(async move {
        let options = SqliteOptions::new(directory.path());
        let (mut world, _handle) = open(options);
        world._keep = Box::new((world._keep, directory));
        scenario(world).await;
    })
    .unwrap();
}

/// Opens a store with a clock that stands.
fn open(options: SqliteOptions) -> (World, SqliteHandle) {
    let clock = Clock::manual(START_MS);
    let changes = Arc::new(std::sync::Mutex::new(Vec::new()));
    let heard = Arc::clone(&changes);
    let on_change = Arc::new(move |change: &crate::store::Change| heard.lock().unwrap().push(change.clone()));
    let (supervisor, arbiters) = (Supervisor::start(), Arbiters::start(1));
    let (store, handle) =
        SqliteStore::open(options, &supervisor, &arbiters, clock.clone(), on_change).expect("a store");
    (World { store, clock, changes, _keep: Box::new((supervisor, arbiters)) }, handle)
}
