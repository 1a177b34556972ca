//! Backups.

use std::path::Path;

use agent_memory_proto::response::{
    BackupFile, BackupList, BackupReport, BackupSchedule, CleanedBackups, RestoredBackup,
};
use serde_json::{Value, json};

use super::time;

/// A size for people.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["B", "KB", "MB", "GB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{size:.1} {}", UNITS[unit]) }
}

pub(super) fn created(report: &BackupReport) -> Value {
    let mut value = of_report(report);
    value["message"] = json!(format!("Made and verified the backup {}", report.backup.filename));
    value
}

pub(super) fn verified(report: &BackupReport) -> Value {
    let mut value = of_report(report);
    value["message"] = json!(format!("The backup {} is sound", report.backup.filename));
    value
}

pub(super) fn list(list: &BackupList) -> Value {
    json!({
        "success": true,
        "backups": list.backups.iter().map(|backup| file(backup, &list.directory)).collect::<Vec<_>>(),
        "backupDirectory": list.directory,
        "count": list.backups.len(),
        "hasMore": list.has_more,
        "schedule": list.schedule.as_ref().map(schedule),
    })
}

pub(super) fn restored(restored: &RestoredBackup) -> Value {
    let report = &restored.restored;
    json!({
        "success": true,
        "message": format!(
            "Restored {}; what it replaced is kept as {}", report.backup.filename, restored.kept_aside.filename
        ),
        "restored": file(&report.backup, &report.directory),
        "keptAside": file(&restored.kept_aside, &report.directory),
        "keptAsideDamage": restored.damage,
        "writesWaitedMs": restored.writes_waited_ms,
    })
}

pub(super) fn cleaned(cleaned: &CleanedBackups) -> Value {
    json!({
        "success": true,
        "deleted": cleaned.deleted,
        "kept": cleaned.kept,
        "deletedCount": cleaned.deleted.len(),
        "keptCount": cleaned.kept.len(),
    })
}

fn of_report(report: &BackupReport) -> Value {
    json!({
        "success": true,
        "filename": report.backup.filename,
        "backupPath": path(&report.backup, &report.directory),
        "timestamp": time(report.backup.created_at_ms),
        "backupDirectory": report.directory,
        "size": report.backup.size_bytes,
        "schemaVersion": report.schema_version,
        "rows": report.rows,
        "hasChecksums": report.has_checksums,
    })
}

fn file(backup: &BackupFile, directory: &str) -> Value {
    json!({
        "filename": backup.filename,
        "path": path(backup, directory),
        "size": backup.size_bytes,
        "sizeHuman": size(backup.size_bytes),
        "createdAt": time(backup.created_at_ms),
    })
}

fn path(backup: &BackupFile, directory: &str) -> String {
    Path::new(directory).join(&backup.filename).display().to_string()
}

fn schedule(schedule: &BackupSchedule) -> Value {
    json!({
        "schedule": schedule.schedule,
        "retention": schedule.retention,
        "nextAt": schedule.next_at_ms.map(time),
        "lastGoodAt": schedule.last_good_at_ms.map(time),
        "failedAt": schedule.failure.as_ref().map(|(at_ms, _)| time(*at_ms)),
        "failure": schedule.failure.as_ref().map(|(_, reason)| reason),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_for_people() {
        assert_eq!([size(0), size(1_023), size(1_536)], ["0 B", "1023 B", "1.5 KB"]);
        assert_eq!(size(104_857_600), "100.0 MB");
        assert_eq!(size(5_000_000_000_000), "4656.6 GB");
    }
}
