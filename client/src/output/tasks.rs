//! Tasks, for people.

use agent_memory_client::times;
use agent_memory_proto::{
    model::{Id, Project, Task},
    response::{TaskAction, TaskVersions, TaskWritten},
};

use super::{
    style::{Style, first_line, more, scope},
    tables::fields,
};

/// Characters of a title in a table.
const TITLE_CHARS: usize = 60;

pub(crate) fn one(style: Style, task: &Task, project: Option<&Project>) -> String {
    let details = &task.details;
    let lines = details
        .start_line
        .map(|first| details.end_line.map_or_else(|| format!(":{first}"), |last| format!(":{first}-{last}")));
    let file = details.file.as_ref().map(|file| format!("{file}{}", lines.unwrap_or_default()));
    fields(
        style,
        &format!("task {} {}", style.bold(&details.title), details.status),
        &[
            ("id", Some(task.id.to_string())),
            ("scope", Some(scope(task.scope, project))),
            ("kind", Some(format!("{} {}, {}", details.severity, details.task_type, details.urgency))),
            ("assignee", details.assignee.clone()),
            ("since", task.assigned_at_ms.map(times::format)),
            ("reporter", details.reporter.clone()),
            ("part of", details.parent_id.map(|id| id.to_string())),
            ("waits for", Some(ids(&task.open_blockers))),
            ("file", file),
            ("category", details.category.clone()),
            ("tags", Some(details.tags.join(", "))),
            ("due", details.due_at_ms.map(times::format)),
            ("started", task.started_at_ms.map(times::format)),
            ("resolved", task.resolved_at_ms.map(times::format)),
            ("estimated", details.estimated_minutes.map(|minutes| format!("{minutes} min"))),
            ("took", details.actual_minutes.map(|minutes| format!("{minutes} min"))),
            ("version", Some(task.version.to_string())),
            ("changed", Some(times::format(task.updated_at_ms))),
            ("by", task.updated_by.clone()),
            ("state", (!task.is_active).then(|| "deactivated".to_owned())),
            ("metadata", details.metadata.as_ref().map(|json| json.0.clone())),
            ("resolution", details.resolution.clone()),
            ("description", details.description.clone()),
        ],
    )
}

pub(crate) fn page(style: Style, tasks: &[Task], has_more: bool) -> String {
    let rows = tasks.iter().map(|task| {
        let details = &task.details;
        vec![
            task.id.to_string(),
            first_line(&details.title, TITLE_CHARS),
            details.status.name().to_owned(),
            details.severity.name().to_owned(),
            details.urgency.name().to_owned(),
            details.assignee.clone().unwrap_or_default(),
            if task.open_blockers.is_empty() { String::new() } else { task.open_blockers.len().to_string() },
        ]
    });
    let header = ["id", "title", "status", "severity", "urgency", "assignee", "waits for"];
    style.table(&header, rows) + more(has_more)
}

pub(crate) fn written(style: Style, report: &TaskWritten, project: Option<&Project>) -> String {
    let what = match report.action {
        TaskAction::Added => "added",
        TaskAction::Updated => "updated",
        TaskAction::Deactivated => "deactivated",
        TaskAction::Deleted => "deleted",
        TaskAction::Claimed => "claimed",
        TaskAction::Kept => "yours already:",
        TaskAction::BlockerAdded => "blocker added to",
        TaskAction::BlockerRemoved => "blocker removed from",
    };
    format!("{what} {}", one(style, &report.task, project))
}

pub(crate) fn history(style: Style, report: &TaskVersions) -> String {
    let rows = report.versions.iter().map(|version| {
        vec![
            version.number.to_string(),
            version.status.name().to_owned(),
            version.assignee.clone().unwrap_or_default(),
            times::format(version.created_at_ms),
            version.created_by.clone().unwrap_or_default(),
            version.change_reason.clone().unwrap_or_default(),
        ]
    });
    let table = style.table(&["version", "status", "assignee", "at", "by", "why"], rows);
    format!("task {}\n{table}{}", style.bold(&report.title), more(report.has_more))
}

fn ids(ids: &[Id]) -> String {
    ids.iter().map(Id::to_string).collect::<Vec<_>>().join(", ")
}
