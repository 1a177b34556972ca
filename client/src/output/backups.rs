//! Backups, for people.

use agent_memory_client::{render::size, times};
use agent_memory_proto::response::{
    BackupList, BackupReport, BackupSchedule, CleanedBackups, RestoredBackup,
};

use super::{
    style::{Style, more},
    tables::fields,
};

pub(crate) fn report(style: Style, what: &str, report: &BackupReport) -> String {
    fields(
        style,
        &format!("{what} {}", style.bold(&report.backup.filename)),
        &[
            ("directory", Some(report.directory.clone())),
            ("size", Some(size(report.backup.size_bytes))),
            ("shows", Some(times::format(report.backup.created_at_ms))),
            ("rows", Some(report.rows.to_string())),
            ("schema", Some(report.schema_version.to_string())),
            ("checksums", (!report.has_checksums).then(|| "none: made by an earlier build".to_owned())),
        ],
    )
}

pub(crate) fn list(style: Style, list: &BackupList) -> String {
    let rows = list.backups.iter().map(|backup| {
        vec![backup.filename.clone(), size(backup.size_bytes), times::format(backup.created_at_ms)]
    });
    let table = style.table(&["backup", "size", "shows"], rows) + more(list.has_more);
    let schedule = match &list.schedule {
        Some(schedule) => scheduled(style, schedule),
        None => "no schedule: set AGENT_MEMORY_BACKUP_SCHEDULE".to_owned(),
    };
    format!("{table}\n\n{}\n{schedule}", list.directory)
}

fn scheduled(style: Style, schedule: &BackupSchedule) -> String {
    let failure = schedule.failure.as_ref();
    fields(
        style,
        &format!("scheduled at {} (UTC)", style.bold(&schedule.schedule)),
        &[
            ("kept", Some(schedule.retention.to_string())),
            ("next", schedule.next_at_ms.map(times::format)),
            ("last good", Some(schedule.last_good_at_ms.map_or_else(|| "never".to_owned(), times::format))),
            ("FAILED", failure.map(|(at_ms, reason)| format!("{}: {reason}", times::format(*at_ms)))),
        ],
    )
}

pub(crate) fn restored(style: Style, restored: &RestoredBackup) -> String {
    let mut text = report(style, "restored", &restored.restored);
    text.push_str(&format!("\nwhat it replaced is kept as {}", style.bold(&restored.kept_aside.filename)));
    if let Some(damage) = &restored.damage {
        text.push_str(&format!(", as it was: {damage}"));
    }
    text
}

pub(crate) fn cleaned(cleaned: &CleanedBackups) -> String {
    let mut lines: Vec<String> = cleaned.deleted.iter().map(|name| format!("removed {name}")).collect();
    lines.push(format!("{} removed, {} kept", cleaned.deleted.len(), cleaned.kept.len()));
    lines.join("\n")
}
