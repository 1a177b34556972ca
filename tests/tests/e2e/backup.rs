//! Backups as their users know them: made while others write, checked, put back with the daemon running, and
//! never anything but plain files of the backup directory.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use agent_memory_proto::{
    ErrorCode, Event, Request, Response,
    model::{EntryKind, ScopeRef},
    request::{CheckoutFile, CleanupBackups, CreateBackup, RestoreBackup, VerifyBackup},
    response::{BackupList, BackupReport, RestoredBackup},
};
use agent_memory_tests::{Backend, Instance, Wire, Workload, on_every_backend, requests, until};
use serde_json::json;

use crate::file_locks::{checkin, checkout, granted, status};

pub(crate) fn creating(name: &str) -> Request {
    Request::CreateBackup(CreateBackup { name: Some(name.to_owned()), admin_key: None })
}

pub(crate) fn create(wire: &mut Wire, name: &str) -> BackupReport {
    match wire.call(&creating(name)) {
        Response::BackupCreated(report) => *report,
        other => panic!("no backup: {other:?}"),
    }
}

pub(crate) fn list(wire: &mut Wire) -> BackupList {
    match wire.call(&Request::ListBackups) {
        Response::Backups(list) => *list,
        other => panic!("no list: {other:?}"),
    }
}

fn verifying(filename: &str) -> Request {
    Request::VerifyBackup(VerifyBackup { filename: filename.to_owned(), admin_key: None })
}

pub(crate) fn restoring(filename: &str) -> Request {
    Request::RestoreBackup(RestoreBackup { filename: filename.to_owned(), admin_key: None })
}

pub(crate) fn restore(wire: &mut Wire, filename: &str) -> RestoredBackup {
    match wire.call(&restoring(filename)) {
        Response::BackupRestored(restored) => *restored,
        other => panic!("not restored: {other:?}"),
    }
}

pub(crate) fn directory(instance: &Instance) -> PathBuf {
    instance.data_dir().join("backups")
}

pub(crate) fn files(instance: &Instance) -> Vec<String> {
    let found = fs::read_dir(directory(instance)).into_iter().flatten();
    let mut names: Vec<String> =
        found.map(|entry| entry.expect("reads").file_name().into_string().expect("text")).collect();
    names.sort();
    names
}

pub(crate) fn add(wire: &mut Wire, title: &str) {
    let added = wire.call(&requests::add_knowledge(ScopeRef::GLOBAL, title, "Backups are tested"));
    assert!(matches!(added, Response::Written(_)), "{added:?}");
}

pub(crate) fn has(wire: &mut Wire, title: &str) -> bool {
    match wire.call(&requests::get_by_name(EntryKind::Knowledge, ScopeRef::GLOBAL, title)) {
        Response::Entry(_) => true,
        Response::Error(error) if error.code == ErrorCode::NotFound => false,
        other => panic!("{other:?}"),
    }
}

fn a_backup_is_made_checked_and_put_back(backend: Backend) {
    let instance = backend.instance();
    let _ = instance.run(["knowledge", "add", "before", "It was there", "--scope", "global"]).ok();
    let made = instance.json(["backup", "create", "nightly"]);
    let filename = made["filename"].as_str().expect("a name").to_owned();
    assert!(filename.starts_with("nightly-") && filename.ends_with("Z.db"), "{filename}");
    assert_eq!(made["backupPath"], json!(directory(&instance).join(&filename)));
    assert_eq!(files(&instance), [filename.as_str()], "nothing else is left");
    let mode = |path: PathBuf| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(directory(&instance).join(&filename)), 0o600);
    assert_eq!(mode(directory(&instance)), 0o700);
    let listed = instance.json(["backup", "list"]);
    assert_eq!((&listed["count"], &listed["backups"][0]["filename"]), (&json!(1), &json!(filename)));
    let checked = instance.json(["backup", "verify", &filename]);
    assert_eq!((&checked["hasChecksums"], &checked["rows"]), (&json!(true), &made["rows"]));

    let _ = instance.run(["knowledge", "add", "after", "It came later", "--scope", "global"]).ok();
    let restored = instance.json(["backup", "restore", &filename]);
    let aside = restored["keptAside"]["filename"].as_str().expect("a name").to_owned();
    assert!(aside.starts_with("before-restore-"), "{aside}");
    let find = |title: &str| instance.run(["knowledge", "get", title, "--scope", "global"]).code;
    assert_eq!((find("before"), find("after")), (0, 4));
    let found = instance.json(["query", "search", "later", "--scope", "global"]);
    assert!(!found.to_string().contains("It came later"), "{found}");
    let _ = instance.run(["knowledge", "add", "after", "It came again", "--scope", "global"]).ok();

    let text = instance.run(["backup", "restore", &aside]).ok().out;
    assert!(text.contains("what it replaced is kept as before-restore-"), "{text}");
    let found = instance.json(["query", "search", "later", "--scope", "global"]);
    assert!(found.to_string().contains("It came later"), "what was replaced is back: {found}");
    let health = instance.json(["health"]);
    assert_eq!(health["status"], "healthy", "{health}");
    let cleaned = instance.json(["backup", "cleanup", "--keep", "1"]);
    assert_eq!((&cleaned["deletedCount"], &cleaned["keptCount"]), (&json!(2), &json!(1)), "{cleaned}");
}

fn connections_subscribers_and_locks_outlive_a_restore(backend: Backend) {
    let instance = backend.instance();
    let daemon = instance.start_daemon();
    let (mut wire, mut subscriber) = (instance.connect(), instance.connect());
    add(&mut wire, "kept");
    let lock = |wire: &mut Wire, path: &str| {
        granted(wire, CheckoutFile { ttl_ms: None, ..checkout(path, "ada", 0) }).token
    };
    lock(&mut wire, "/freed");
    let backup = create(&mut wire, "one").backup;
    assert!(matches!(wire.call(&checkin("/freed", "ada")), Response::CheckedIn(_)));
    let held = lock(&mut wire, "/held");
    add(&mut wire, "gone");
    assert!(has(&mut wire, "gone"), "it is in the cache now");
    assert!(matches!(subscriber.call(&Request::Subscribe), Response::Done));

    let restored = restore(&mut wire, &backup.filename);
    assert_eq!((restored.restored.backup.filename, restored.damage), (backup.filename, None));
    assert!(has(&mut wire, "kept") && !has(&mut wire, "gone"), "nothing old comes out of a cache");
    let missed = until("subscribers are told", || match subscriber.event().expect("an event") {
        Event::ChangesMissed { reason } => Some(reason),
        _ => None,
    });
    assert!(!missed.is_empty());
    let owner = |wire: &mut Wire, path: &str| status(wire, path).0.map(|lock| lock.token);
    assert_eq!((owner(&mut wire, "/held"), owner(&mut wire, "/freed")), (Some(held), None));
    assert!(lock(&mut wire, "/next") > held, "tokens only grow");
    drop(daemon);
}

fn backups_made_under_load_hold_everything_acknowledged_before(backend: Backend) {
    let instance = backend.instance().without_rate_limits();
    let _daemon = instance.start_daemon();
    let mut backups = Vec::new();
    Workload::run(&[&instance], 4, 2, |load| {
        let mut wire = instance.connect();
        for round in 0..3 {
            load.await_acknowledged(50);
            let title = format!("marker {round}");
            add(&mut wire, &title);
            backups.push((title, create(&mut wire, "busy").backup.filename));
        }
        load.await_acknowledged(20);
    });
    let mut wire = instance.connect();
    for (_, filename) in &backups {
        assert!(matches!(wire.call(&verifying(filename)), Response::BackupVerified(_)), "{filename}");
    }
    for (round, (title, filename)) in backups.iter().enumerate() {
        restore(&mut wire, filename);
        assert!(has(&mut wire, title), "{filename} has what was acknowledged before it");
        assert!(!has(&mut wire, &format!("marker {}", round + 1)), "and nothing of later");
    }
}

fn only_plain_files_of_the_directory_are_taken(backend: Backend) {
    let instance = backend.instance();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    add(&mut wire, "kept");
    let backup = create(&mut wire, "one").backup.filename;
    let backups = directory(&instance);
    let outside = instance.root().join("outside.db");
    fs::copy(backups.join(&backup), &outside).expect("copies");
    std::os::unix::fs::symlink(&outside, backups.join("link-20260101T000000000Z.db")).expect("links");
    std::os::unix::fs::symlink(backups.join(&backup), backups.join("inside.db")).expect("links");
    let pipe = backups.join("pipe-20260101T000000000Z.db");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).expect("a pipe");
    fs::create_dir(backups.join("directory-20260101T000000000Z.db")).expect("makes");
    fs::write(backups.join("text-20260101T000000000Z.db"), "no store").expect("writes");
    fs::write(backups.join("notes.txt"), "mine").expect("writes");
    let _socket = std::os::unix::net::UnixListener::bind(backups.join("socket.db")).expect("a socket");

    let outside = outside.to_str().expect("text");
    for bad in [
        outside,
        "../memory.db",
        "..",
        ".",
        "",
        "./x.db",
        "memory.db\0",
        "notes.txt",
        "link-20260101T000000000Z.db",
        "inside.db",
        "pipe-20260101T000000000Z.db",
        "directory-20260101T000000000Z.db",
        "socket.db",
        "text-20260101T000000000Z.db",
        "absent.db",
    ] {
        for request in [verifying(bad), restoring(bad)] {
            let refused = wire.refused(&request);
            assert_eq!(refused.field.as_deref(), Some("filename"), "{bad:?}: {refused:?}");
            assert!(refused.suggestion.is_some(), "{bad:?}: {refused:?}");
        }
    }
    for bad in ["../x", "a/b", "", ".hidden", "a b", "-rf"] {
        assert_eq!(wire.refused(&creating(bad)).field.as_deref(), Some("name"), "{bad:?}");
    }
    let refused = wire.refused(&Request::CleanupBackups(CleanupBackups { keep: 0, admin_key: None }));
    assert_eq!(refused.field.as_deref(), Some("keepCount"));
    let before = files(&instance);
    let Response::BackupsCleaned(cleaned) =
        wire.call(&Request::CleanupBackups(CleanupBackups { keep: 1, admin_key: None }))
    else {
        panic!("not cleaned")
    };
    assert_eq!((cleaned.deleted, cleaned.kept), (Vec::new(), vec![backup]), "nothing else is a backup");
    assert_eq!(files(&instance), before);
    assert!(has(&mut wire, "kept"));
}

on_every_backend!(
    a_backup_is_made_checked_and_put_back,
    connections_subscribers_and_locks_outlive_a_restore,
    backups_made_under_load_hold_everything_acknowledged_before,
    only_plain_files_of_the_directory_are_taken,
);
