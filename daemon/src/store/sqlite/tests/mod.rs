//! Tests of the whole backend: the contract of every store, and what only SQLite can suffer.

mod contract;
mod effort;
mod faults;
mod floor;
mod full_disk;
mod log;

use std::sync::Arc;

use super::{SqliteHandle, SqliteOptions, SqliteStore, connection};
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
        let (world, handle) = open(options.clone());
        scenario(world).await;
        handle.close().await;
        audit(&options);
    })
    .unwrap();
}

/// Opens a store with a clock that stands.
pub(in crate::store) fn open(options: SqliteOptions) -> (World, SqliteHandle) {
    let clock = Clock::manual(START_MS);
    let changes = Arc::new(std::sync::Mutex::new(Vec::new()));
    let heard = Arc::clone(&changes);
    let on_change = Arc::new(move |change: &crate::store::Change| heard.lock().unwrap().push(change.clone()));
    let (supervisor, arbiters) = (Supervisor::start(), Arbiters::start(1));
    let (store, handle) =
        SqliteStore::open(options, &supervisor, &arbiters, clock.clone(), on_change).expect("a store");
    (World { store, clock, changes, _keep: Box::new((supervisor, arbiters)) }, handle)
}

/// Checks what must hold for every store, whatever was done to it.
pub(in crate::store) fn audit(options: &SqliteOptions) {
    let connection = connection::open_writer(options).unwrap();
    let text = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(text("PRAGMA integrity_check"), "ok");
    assert_eq!(count("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    for (rule, broken) in [
        (
            "every entry is in the full-text index",
            "SELECT count(*) FROM entries e LEFT JOIN entry_index_docsize d ON d.id = e.rowid WHERE d.id IS NULL",
        ),
        (
            "only entries are in the full-text index",
            "SELECT count(*) FROM entry_index_docsize WHERE id NOT IN (SELECT rowid FROM entries)",
        ),
        (
            "tags stand in both places",
            "SELECT (SELECT count(*) FROM entry_tags) - (SELECT count(*) FROM entries e, json_each(e.tags) t \
             JOIN entry_tags g ON g.tag = t.value AND g.entry = e.rowid)",
        ),
        (
            "the counts are right",
            "SELECT count(*) FROM entry_counts c WHERE c.active <> \
             (SELECT count(*) FROM entries e WHERE e.scope = c.scope AND e.kind = c.kind AND e.is_active)",
        ),
        (
            "versions have no gap",
            "SELECT count(*) FROM entries e WHERE e.version - 1 <> \
             (SELECT count(*) FROM entry_versions v WHERE v.entry = e.rowid AND v.number < e.version)",
        ),
    ] {
        assert_eq!(count(broken), 0, "{rule}");
    }
}
