//! Backups.

use std::fmt::Write as _;

use agent_memory_proto::response::{BackupList, BackupReport, CleanedBackups, RestoredBackup};

use super::{more, one_line, when};
use crate::render::size;

pub(super) fn report(what: &str, report: &BackupReport) -> String {
    let backup = &report.backup;
    let checksums = if report.has_checksums { "checksums right" } else { "made without checksums" };
    format!(
        "{what}: {} · {} · {} rows · schema {} · {checksums} · in {}",
        one_line(&backup.filename),
        size(backup.size_bytes),
        report.rows,
        report.schema_version,
        one_line(&report.directory)
    )
}

pub(super) fn list(list: &BackupList) -> String {
    let mut out = match list.backups.len() {
        0 => "There are no backups".to_owned(),
        count => format!("{count} backups"),
    };
    let _ = write!(out, " in {}", one_line(&list.directory));
    for backup in &list.backups {
        let _ = write!(
            out,
            "\n- {} · {} · shows {}",
            one_line(&backup.filename),
            size(backup.size_bytes),
            when(backup.created_at_ms)
        );
    }
    more(&mut out, list.has_more, "older ones are in the directory");
    if let Some(schedule) = &list.schedule {
        let good = schedule.last_good_at_ms.map_or_else(|| "never".to_owned(), when);
        let _ = write!(out, "\nSchedule {:?} (UTC), last good one: {good}", schedule.schedule);
        if let Some((at_ms, reason)) = &schedule.failure {
            let _ = write!(out, "\nThe scheduled backup FAILED at {}: {}", when(*at_ms), one_line(reason));
        }
    }
    out
}

pub(super) fn restored(restored: &RestoredBackup) -> String {
    let mut out = report("Restored", &restored.restored);
    let _ = write!(out, "\nWhat it replaced is kept as {}", one_line(&restored.kept_aside.filename));
    if let Some(damage) = &restored.damage {
        let _ = write!(out, ", as it was, though it fails its check: {}", one_line(damage));
    }
    out.push_str("\nEverything that was recalled before may be out of date.");
    out
}

pub(super) fn cleaned(cleaned: &CleanedBackups) -> String {
    let mut out = format!("{} backups removed, {} kept", cleaned.deleted.len(), cleaned.kept.len());
    for name in &cleaned.deleted {
        let _ = write!(out, "\n- removed {}", one_line(name));
    }
    out
}
