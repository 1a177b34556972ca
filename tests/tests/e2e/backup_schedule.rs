//! Backups by the clock: made when due, made up for after a pause, kept as many as was asked for, told of when they
//! fail, and made by one daemon of those that share a database.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt};

use agent_memory_proto::{Response, response::BackupSchedule};
use agent_memory_tests::{Backend, Instance, Wire, on_every_backend, until};

use crate::backup::{add, creating, directory, files, list};

fn scheduled(instance: &Instance) -> Vec<String> {
    files(instance).into_iter().filter(|name| name.starts_with("scheduled-")).collect()
}

fn schedule(wire: &mut Wire) -> BackupSchedule {
    list(wire).schedule.expect("a schedule")
}

fn backups_are_made_when_due_and_old_ones_go(backend: Backend) {
    let instance = backend.instance().with("BACKUP_SCHEDULE", "* * * * * *").with("BACKUP_RETENTION", 2);
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    // A scheduled one may be under way just then.
    let own = until("nobody else makes one", || match wire.call(&creating("mine")) {
        Response::BackupCreated(report) => Some(report.backup.filename),
        _ => None,
    });
    let first = until("one is made", || scheduled(&instance).first().cloned());
    until("others take its place", || {
        let now = scheduled(&instance);
        (now.len() == 2 && !now.contains(&first)).then_some(())
    });
    assert!(files(&instance).contains(&own), "only scheduled ones are removed");
    let state = schedule(&mut wire);
    assert_eq!((state.schedule.as_str(), state.retention, &state.failure), ("* * * * * *", 2, &None));
    assert!(state.last_good_at_ms.is_some() && state.next_at_ms > state.last_good_at_ms, "{state:?}");
}

fn what_was_missed_is_made_up_once(backend: Backend) {
    // At midnight on the first of January: it was due, and is not due while the test runs.
    let instance = backend.instance().with("BACKUP_SCHEDULE", "0 0 1 1 *");
    let mut daemon = instance.start_daemon();
    until("the missed one is made", || (scheduled(&instance).len() == 1).then_some(()));
    let log = daemon.wait_for_log("the scheduled backup is there");
    assert!(log.contains("due_ms"), "{log}");
    daemon.stop();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    until("it knows of the one that is there", || schedule(&mut wire).last_good_at_ms);
    add(&mut wire, "meanwhile");
    assert_eq!(scheduled(&instance).len(), 1, "once");
}

on_every_backend!(backups_are_made_when_due_and_old_ones_go, what_was_missed_is_made_up_once);

#[test]
fn a_failure_never_looks_like_success() {
    let instance = Instance::new().with("BACKUP_SCHEDULE", "* * * * * *");
    fs::create_dir_all(instance.data_dir()).expect("makes");
    fs::set_permissions(instance.data_dir(), fs::Permissions::from_mode(0o700)).expect("private");
    // A file in the place of the directory: nothing can be kept.
    fs::write(directory(&instance), "in the way").expect("writes");
    let daemon = instance.start_daemon();
    daemon.wait_for_log("the scheduled backup failed");
    let mut wire = instance.connect();
    let health = wire.health().health;
    assert_eq!(health.status.name(), "degraded");
    assert!(
        health
            .problems
            .iter()
            .any(|text| text.contains("the scheduled backup failed") && text.contains("no good one")),
        "{:?}",
        health.problems
    );
    let doctor = instance.run(["doctor"]);
    assert!(doctor.out.contains("the scheduled backup failed"), "{}", doctor.out);
}

#[test]
fn a_schedule_that_is_none_stops_the_start_with_what_is_allowed() {
    for bad in ["soon", "99 * * * *", "0 0 30 2 *"] {
        let instance = Instance::new().with("BACKUP_SCHEDULE", bad);
        let mut daemon = instance.spawn_daemon();
        daemon.wait();
        let log = daemon.log();
        assert!(log.contains("AGENT_MEMORY_BACKUP_SCHEDULE") && log.contains("0 3 * * *"), "{bad}: {log}");
    }
    let off = Instance::new().with("BACKUP_SCHEDULE", "* * * * * *").with("BACKUP_ENABLED", 0);
    let _daemon = off.start_daemon();
    assert_eq!(list(&mut off.connect()).schedule, None);
}

#[test]
fn of_daemons_that_share_a_database_one_makes_each() {
    let first =
        Backend::Postgres.instance().with("BACKUP_SCHEDULE", "* * * * * *").with("BACKUP_RETENTION", 100);
    let second = first.another();
    let daemons = [first.start_daemon(), second.start_daemon()];
    until("both together have made some", || {
        (scheduled(&first).len() + scheduled(&second).len() >= 6).then_some(())
    });
    let due = |log: String| -> Vec<String> {
        log.lines()
            .filter(|line| line.contains("the scheduled backup is there"))
            .filter_map(|line| line.split("due_ms=").nth(1)?.split_whitespace().next().map(str::to_owned))
            .collect()
    };
    let made: Vec<String> = daemons.iter().flat_map(|daemon| due(daemon.log())).collect();
    let distinct: BTreeSet<&String> = made.iter().collect();
    assert!(!made.is_empty() && distinct.len() == made.len(), "each time once: {made:?}");
    for instance in [&first, &second] {
        assert!(schedule(&mut instance.connect()).last_good_at_ms.is_some(), "both know of it");
    }
}
