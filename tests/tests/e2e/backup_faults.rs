//! What goes wrong with backups: a full disk, a damaged store or file, a newer schema, a daemon that is killed
//! in the middle of a restore, writers that must not wait.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use agent_memory_proto::{
    ErrorCode, Request, Response,
    model::{Json, ScopeRef},
    request::{AddEntry, BulkAddEntries, CleanupBackups},
};
use agent_memory_testbed::SmallDisk;
use agent_memory_tests::{Backend, Instance, Wire, on_every_backend, requests, until};
use serde_json::json;

use crate::backup::{add, create, creating, directory, files, has, list, restore, restoring};

/// Adds so many megabytes in entries of 50 KB, whose words are few.
fn grow(wire: &mut Wire, name: &str, megabytes: usize) {
    for batch in 0..megabytes.div_ceil(5) {
        let entry = |number| {
            let Request::AddEntry(AddEntry { mut draft, .. }) =
                requests::add_knowledge(ScopeRef::GLOBAL, &format!("{name} {batch} {number}"), "large")
            else {
                unreachable!("it adds an entry")
            };
            draft.metadata = Some(Json(json!({ "bulk": "x".repeat(49_900) }).to_string()));
            AddEntry { id: None, draft }
        };
        let bulk = BulkAddEntries { entries: (0..100).map(entry).collect() };
        let added = wire.call(&Request::BulkAddEntries(bulk));
        assert!(matches!(added, Response::BulkWritten(_)), "{added:?}");
    }
}

fn stages(instance: &Instance) -> usize {
    count(instance, ".part-")
}

fn count(instance: &Instance, prefix: &str) -> usize {
    files(instance).iter().filter(|name| name.starts_with(prefix)).count()
}

/// How far a restore is when the daemon is killed.
const MOMENTS: [&str; 5] = ["staging", "keeping", "kept", "replacing", "just after"];

fn reached(instance: &Instance, moment: &str, asides: usize) -> bool {
    let log = || fs::metadata(instance.data_dir().join("memory.db-wal")).map_or(0, |file| file.len());
    match moment {
        "staging" => stages(instance) >= 1,
        "keeping" => stages(instance) >= 2,
        "kept" => count(instance, "before-restore-") > asides,
        // On PostgreSQL nothing of it is seen from outside.
        "replacing" => {
            count(instance, "before-restore-") > asides && (log() > 1 << 20 || instance.database().is_none())
        }
        _ => false,
    }
}

fn a_daemon_killed_in_the_middle_of_a_restore_starts_on_a_whole_store(backend: Backend) {
    let instance = backend.instance().without_rate_limits();
    let mut daemon = instance.start_daemon();
    let mut wire = instance.connect();
    grow(&mut wire, "bulk", 10);
    add(&mut wire, "of the backup");
    let backup = create(&mut wire, "old").backup.filename;
    let (mut before, mut after) = (0, 0);
    for moment in MOMENTS {
        add(&mut wire, moment);
        let asides = count(&instance, "before-restore-");
        thread::scope(|scope| {
            let (filename, mut restoring_wire) = (backup.clone(), instance.connect());
            // Its connection breaks when the daemon is killed.
            let restore = scope.spawn(move || {
                restoring_wire
                    .exchange(&restoring(&filename), &agent_memory_proto::request::Envelope::default())
            });
            until(moment, || (reached(&instance, moment, asides) || restore.is_finished()).then_some(()));
            daemon.kill();
            let _ = restore.join().expect("no panic");
        });
        daemon = instance.start_daemon();
        wire = instance.connect();
        assert_eq!(stages(&instance), 0, "{moment}: half a backup is removed at the start");
        assert!(has(&mut wire, "of the backup"), "{moment}: it is in both");
        if has(&mut wire, moment) {
            before += 1
        } else {
            after += 1
        }
        // The check of a backup is that of the store.
        let made = create(&mut wire, "whole");
        assert!(made.rows > 200, "{moment}: {made:?}");
        restore(&mut wire, &backup);
        assert!(!has(&mut wire, moment), "{moment}");
    }
    eprintln!("{backend:?}: {before} kills left the old store, {after} the new one");
    assert!(before > 0 && after > 0, "{before} {after}");
}

fn on_a_full_disk_nothing_is_left_behind(backend: Backend) {
    let Some(disk) = SmallDisk::mount(24).expect("a directory") else {
        eprintln!("no file system can be mounted here: not tested");
        return;
    };
    let instance = backend.instance().without_rate_limits().with_data_dir(disk.path().join("data"));
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    grow(&mut wire, "bulk", 5);
    let first = create(&mut wire, "first").backup.filename;
    disk.fill().expect("fills");
    let refused = wire.refused(&creating("full"));
    assert!(refused.message.contains("no space left"), "{refused}");
    assert!(refused.suggestion.as_ref().is_some_and(|text| text.contains("free space")), "{refused:?}");
    assert_eq!(files(&instance), [first.as_str()], "the earlier backup stays, and nothing else");
    let refused = wire.refused(&restoring(&first));
    assert!(refused.message.contains("no space left"), "{refused}");
    assert_eq!(files(&instance), [first.as_str()]);
    disk.free().expect("frees");
    add(&mut wire, "after");
    let second = create(&mut wire, "second").backup.filename;
    let _ = wire.call(&Request::CleanupBackups(CleanupBackups { keep: 1, admin_key: None }));
    assert_eq!(files(&instance), [second.as_str()]);
}

on_every_backend!(
    a_daemon_killed_in_the_middle_of_a_restore_starts_on_a_whole_store,
    on_a_full_disk_nothing_is_left_behind,
);

/// Damages the last page of an index.
fn damage(database: &Path) {
    const PAGE: usize = 4_096;
    const INDEX_LEAF: u8 = 10;
    let mut bytes = fs::read(database).expect("reads");
    let pages = bytes.len() / PAGE;
    let page = (1..pages).rev().find(|page| bytes[page * PAGE] == INDEX_LEAF).expect("an index");
    bytes[page * PAGE + 8..page * PAGE + 64].fill(0xff);
    fs::write(database, bytes).expect("writes");
}

#[test]
fn a_damaged_store_is_refused_and_an_earlier_backup_mends_it() {
    let instance = Instance::new().without_rate_limits();
    let mut daemon = instance.start_daemon();
    let mut wire = instance.connect();
    for number in 0..200 {
        add(&mut wire, &format!("entry {number}"));
    }
    let good = create(&mut wire, "good").backup.filename;
    daemon.stop();
    damage(&instance.database().expect("a file"));
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    let refused = wire.refused(&creating("bad"));
    assert_eq!(refused.code, ErrorCode::Database, "{refused}");
    assert!(refused.message.contains("damaged"), "{refused}");
    assert_eq!(files(&instance), [good.as_str()], "the earlier backup stays");
    let restored = restore(&mut wire, &good);
    assert!(restored.damage.is_some(), "what was kept is damaged, and that is said");
    assert!(has(&mut wire, "entry 199"));
    create(&mut wire, "good-again");
}

#[test]
fn damaged_and_newer_backups_are_refused_and_the_store_stays() {
    let instance = Instance::new();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    add(&mut wire, "of the backup");
    let made = create(&mut wire, "one").backup.filename;
    add(&mut wire, "later");
    let path = directory(&instance).join(&made);
    let change = |to: &str, sql: &str| {
        let path = directory(&instance).join(to);
        fs::copy(directory(&instance).join(&made), &path).expect("copies");
        rusqlite::Connection::open(path).expect("opens").execute_batch(sql).expect("changes");
    };
    change("newer.db", "INSERT INTO schema_migrations VALUES (999, 'later', 'x', 1)");
    change("rotten.db", "UPDATE entries SET content = 'something else'");
    let bytes = fs::read(&path).expect("reads");
    fs::write(directory(&instance).join("cut.db"), &bytes[..bytes.len() / 2]).expect("writes");
    for (name, code, says) in [
        ("newer.db", ErrorCode::Conflict, "has schema 999"),
        ("rotten.db", ErrorCode::Database, "entries"),
        ("cut.db", ErrorCode::Database, "damaged"),
    ] {
        let refused = wire.refused(&restoring(name));
        assert!(refused.code == code && refused.message.contains(says), "{name}: {refused}");
        assert!(has(&mut wire, "later"), "{name}");
    }
    assert_eq!(count(&instance, "before-restore-"), 0);
    assert_eq!(list(&mut wire).backups.len(), 1, "those are no backups by their names");
}

/// Measured, too: `cargo nextest run -p agent-memory-tests -E 'test(writers_do_not_wait)' --no-capture`.
#[test]
fn writers_do_not_wait_for_a_backup_of_a_large_store() {
    const MEGABYTES: usize = 100;
    let instance = Instance::new().without_rate_limits();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    grow(&mut wire, "bulk", MEGABYTES);
    let write = |wire: &mut Wire, title: &str| {
        let started = Instant::now();
        add(wire, title);
        started.elapsed()
    };
    let mut quiet: Vec<Duration> =
        (0..100).map(|number| write(&mut wire, &format!("quiet {number}"))).collect();
    let (mut busy, took) = thread::scope(|scope| {
        let backup = scope.spawn(|| {
            let (mut wire, started) = (instance.connect(), Instant::now());
            (create(&mut wire, "large"), started.elapsed())
        });
        let mut times = Vec::new();
        while !backup.is_finished() {
            times.push(write(&mut wire, &format!("busy {}", times.len())));
        }
        let (report, took) = backup.join().expect("a backup");
        assert!(report.backup.size_bytes > 1_000_000 * MEGABYTES as u64 * 9 / 10, "{report:?}");
        (times, took)
    });
    quiet.sort_unstable();
    busy.sort_unstable();
    let of = |times: &[Duration], share: usize| times[times.len() * share / 100];
    eprintln!(
        "a backup of {MEGABYTES} MB took {took:?}; writes beside it: {} (p50 {:?}, p99 {:?}, slowest {:?}); before it: p50 {:?}, p99 {:?}",
        busy.len(),
        of(&busy, 50),
        of(&busy, 99),
        busy[busy.len() - 1],
        of(&quiet, 50),
        of(&quiet, 99),
    );
    assert!(busy.len() >= 10, "writes went on: {}", busy.len());
    assert!(busy[busy.len() - 1] < took, "none waited for the end");
    let filename = list(&mut wire).backups[0].filename.clone();
    let started = Instant::now();
    let restored = restore(&mut wire, &filename);
    eprintln!("restoring it took {:?}; writes waited {} ms", started.elapsed(), restored.writes_waited_ms);
    assert!(!has(&mut wire, "busy 5") || restored.damage.is_none());
}
