//! What may happen to a store from outside: damaged pages, a file that vanishes, a lock that
//! another program holds, a directory that cannot be written to.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    time::Duration,
};

use agent_memory_proto::{
    Response,
    model::{EntryKind, ScopeRef},
    request::ListOrgs,
};
use rusqlite::Connection;

use super::{audit, open};
use crate::{
    actors::{Arbiters, block_on},
    clock::Clock,
    store::{
        StoreError, Write,
        contract::fixtures::{START_MS, guideline},
        sqlite::{SqliteOptions, SqliteStore},
    },
    supervisor::Supervisor,
};

const PAGE_BYTES: usize = 4_096;
const ALL_ORGS: ListOrgs = ListOrgs { limit: 10, offset: 0 };

fn new_store() -> (tempfile::TempDir, SqliteOptions) {
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(directory.path());
    (directory, options)
}

fn try_open(options: &SqliteOptions) -> Result<(), StoreError> {
    let (supervisor, arbiters) = (Supervisor::start(), Arbiters::start(1));
    let clock = Clock::manual(START_MS);
    let on_change = std::sync::Arc::new(|_: &_| {});
    SqliteStore::open(options.clone(), &supervisor, &arbiters, clock, on_change).map(|_| ())
}

#[test]
fn acknowledged_writes_are_there_after_the_store_is_opened_again() {
    let (_directory, options) = new_store();
    let id = block_on(async {
        let (world, handle) = open(options.clone());
        let id = world.add(guideline(ScopeRef::GLOBAL, "kept", 1)).await.id;
        handle.close().await;
        let refused = world.write(world.adding(guideline(ScopeRef::GLOBAL, "late", 1))).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        id
    })
    .unwrap();
    assert_eq!(fs::metadata(options.wal()).map_or(0, |log| log.len()), 0, "the log was written back");
    block_on(async {
        let (world, _handle) = open(options.clone());
        assert!(world.get(EntryKind::Guideline, id).await.is_some());
    })
    .unwrap();
}

#[test]
fn a_damaged_page_fails_what_needs_it_and_nothing_else() {
    let (_directory, options) = new_store();
    let id = block_on(async {
        let (world, handle) = open(options.clone());
        world.org("acme").await;
        let id = world.add(guideline(ScopeRef::GLOBAL, "tabs", 1)).await.id;
        handle.close().await;
        id
    })
    .unwrap();
    let page: u32 = Connection::open(options.database())
        .unwrap()
        .query_row("SELECT rootpage - 1 FROM sqlite_schema WHERE name = 'orgs'", [], |row| row.get(0))
        .unwrap();
    let file = File::options().read(true).write(true).open(options.database()).unwrap();
    let (mut good, at) = (vec![0; PAGE_BYTES], u64::from(page) * PAGE_BYTES as u64);
    file.read_exact_at(&mut good, at).unwrap();
    file.write_all_at(&[0xAB; PAGE_BYTES], at).unwrap();
    block_on(async {
        let (world, handle) = open(options.clone());
        // The clock starts anew and its first ids are taken.
        (0..10).for_each(|_| _ = world.clock.new_id());
        let refused = world.store.scopes.orgs(ALL_ORGS).await;
        assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{refused:?}");
        let refused = world.write(Write::CreateOrg(world.org_named("new"))).await;
        assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{refused:?}");
        assert!(world.get(EntryKind::Guideline, id).await.is_some(), "reads of other pages go on");
        world.add(guideline(ScopeRef::GLOBAL, "spaces", 1)).await;

        file.write_all_at(&good, at).unwrap();
        world.add(guideline(ScopeRef::GLOBAL, "mended", 1)).await;
        world.org("new").await;
        assert_eq!(world.store.scopes.orgs(ALL_ORGS).await.unwrap().orgs.len(), 2);
        handle.close().await;
    })
    .unwrap();
    audit(&options);
}

#[test]
fn a_file_that_is_no_database_is_refused_untouched() {
    let (_directory, options) = new_store();
    let garbage = vec![0x5A; 3 * PAGE_BYTES];
    fs::write(options.database(), &garbage).unwrap();
    let refused = block_on(async { try_open(&options) }).unwrap();
    assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{refused:?}");
    assert_eq!(fs::read(options.database()).unwrap(), garbage);
}

#[test]
fn a_database_that_vanishes_takes_no_more_writes_until_it_is_back() {
    let (directory, options) = new_store();
    block_on(async {
        let (world, handle) = open(options.clone());
        let id = world.add(guideline(ScopeRef::GLOBAL, "before", 1)).await.id;
        let aside = directory.path().join("aside.db");
        fs::rename(options.database(), &aside).unwrap();
        let refused = world.write(world.adding(guideline(ScopeRef::GLOBAL, "lost", 1))).await;
        let Err(StoreError::Unavailable(text)) = refused else { panic!("{refused:?}") };
        assert!(text.contains("memory.db"), "{text}");
        assert!(world.get(EntryKind::Guideline, id).await.is_some(), "reads go on");
        assert!(!world.store.health.probe().await.unwrap().0.connected);
        fs::rename(&aside, options.database()).unwrap();
        world.add(guideline(ScopeRef::GLOBAL, "after", 1)).await;
        handle.close().await;
    })
    .unwrap();
    audit(&options);
}

#[test]
fn a_lock_of_another_program_is_told_and_waited_out() {
    let (_directory, mut options) = new_store();
    options.busy_timeout = Duration::from_millis(20);
    block_on(async {
        let (world, _handle) = open(options.clone());
        let other = Connection::open(options.database()).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let refused = world.write(world.adding(guideline(ScopeRef::GLOBAL, "tabs", 1))).await;
        assert!(matches!(refused, Err(StoreError::Locked(_))), "{refused:?}");
        other.execute_batch("ROLLBACK").unwrap();
        let stored = world.write(world.adding(guideline(ScopeRef::GLOBAL, "tabs", 1))).await;
        assert!(matches!(stored, Ok(Response::Written(_))), "{stored:?}");
    })
    .unwrap();
}

#[test]
fn a_directory_that_is_not_there_is_told() {
    let (directory, _) = new_store();
    let options = SqliteOptions::new(directory.path().join("missing"));
    let refused = block_on(async { try_open(&options) }).unwrap();
    assert!(matches!(refused, Err(StoreError::ReadOnly(_))), "{refused:?}");
}

/// Mounts the directory once more, read-only; without root it cannot, and the test says so.
fn bind_read_only(directory: &std::path::Path) -> bool {
    let mount = |options: &[&str]| {
        let run = std::process::Command::new("mount").args(options).arg(directory).arg(directory).output();
        run.is_ok_and(|output| output.status.success())
    };
    mount(&["--bind"]) && mount(&["-o", "remount,ro,bind"])
}

#[test]
fn a_read_only_directory_is_told_and_the_store_opens_when_it_is_not() {
    let (directory, options) = new_store();
    block_on(async {
        let (world, handle) = open(options.clone());
        world.add(guideline(ScopeRef::GLOBAL, "tabs", 1)).await;
        handle.close().await;
    })
    .unwrap();
    if !bind_read_only(directory.path()) {
        eprintln!("not checked: mounting a directory read-only needs root");
        return;
    }
    let refused = block_on(async { try_open(&options) }).unwrap();
    let _ = std::process::Command::new("umount").arg("--lazy").arg(directory.path()).status();
    assert!(matches!(refused, Err(StoreError::ReadOnly(_))), "{refused:?}");
    assert_eq!(block_on(async { try_open(&options) }).unwrap(), Ok(()));
}
