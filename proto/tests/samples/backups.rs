//! Backups: every request and response about them.

use agent_memory_proto::{Request, Response, request::*, response::*};

use super::{AT_MS, text};

pub(super) fn requests() -> Vec<Request> {
    let filename = || "nightly-20260131T120000000Z.db".to_owned();
    vec![
        Request::CreateBackup(CreateBackup { name: text("nightly"), admin_key: text("key") }),
        Request::ListBackups,
        Request::VerifyBackup(VerifyBackup { filename: filename(), admin_key: text("key") }),
        Request::RestoreBackup(RestoreBackup { filename: filename(), admin_key: text("key") }),
        Request::CleanupBackups(CleanupBackups { keep: 7, admin_key: text("key") }),
    ]
}

pub(super) fn responses() -> Vec<Response> {
    let file = |name: &str| BackupFile {
        filename: format!("{name}-20260131T120000000Z.db"),
        size_bytes: 131_072,
        created_at_ms: AT_MS,
    };
    let report = || BackupReport {
        backup: file("nightly"),
        directory: "/var/lib/agent-memory/backups".to_owned(),
        schema_version: 2,
        rows: 1_234,
        has_checksums: true,
    };
    let schedule = BackupSchedule {
        schedule: "0 3 * * *".to_owned(),
        retention: 7,
        next_at_ms: Some(AT_MS + 1),
        last_good_at_ms: Some(AT_MS),
        failure: Some((AT_MS, "no space left".to_owned())),
    };
    let list = BackupList {
        backups: vec![file("nightly"), file("before-restore")],
        has_more: true,
        directory: report().directory,
        schedule: Some(schedule),
    };
    let restored = RestoredBackup {
        restored: report(),
        kept_aside: file("before-restore"),
        damage: text("a page is missing"),
        writes_waited_ms: 250,
    };
    vec![
        Response::BackupCreated(Box::new(report())),
        Response::Backups(Box::new(list)),
        Response::BackupVerified(Box::new(report())),
        Response::BackupRestored(Box::new(restored)),
        Response::BackupsCleaned(CleanedBackups {
            deleted: vec![file("old").filename],
            kept: vec![file("nightly").filename],
        }),
    ]
}
