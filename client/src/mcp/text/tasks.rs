//! Tasks.

use std::fmt::Write as _;

use agent_memory_proto::{
    Request,
    model::{Id, Task},
    response::{TaskAction, TaskPage, TaskVersions, TaskWritten},
};

use super::{RECALLED, list, more, one_line, part, provenance, quote, tags, when};
use crate::mcp::names::Names;

pub(super) fn one(task: &Task, names: &Names) -> String {
    let mut out = format!("{RECALLED}\nTask ");
    line(&mut out, task, names);
    rest(&mut out, task);
    out
}

pub(super) fn page(request: &Request, page: &TaskPage, names: &Names) -> String {
    let (noun, none) = match request {
        Request::ListTasks(list) if list.only_blocked => ("blocked tasks", "No task is blocked."),
        Request::ListTasks(list) if list.parent_id.is_some() => ("subtasks", "It has no subtasks."),
        _ => ("tasks", "No tasks."),
    };
    let heading = format!("{RECALLED}\n{} {noun}, the most pressing first:", page.tasks.len());
    list(none, &heading, &page.tasks, page.has_more, |out, task| line(out, task, names))
}

pub(super) fn written(report: &TaskWritten, names: &Names) -> String {
    let verb = match report.action {
        TaskAction::Added => "Added task ",
        TaskAction::Updated => "Updated task ",
        TaskAction::Deactivated => "Deactivated task ",
        TaskAction::Deleted => "Deleted task ",
        TaskAction::Claimed => "Claimed, it is yours: task ",
        TaskAction::Kept => "Yours before already: task ",
        TaskAction::BlockerAdded => "Blocker added to task ",
        TaskAction::BlockerRemoved => "Blocker removed from task ",
    };
    let mut out = verb.to_owned();
    line(&mut out, &report.task, names);
    if let Some(before) = report.previous_status.filter(|before| *before != report.task.details.status) {
        let _ = write!(out, " · was {before}");
    }
    if matches!(report.action, TaskAction::Claimed | TaskAction::Kept) {
        rest(&mut out, &report.task);
    }
    out
}

pub(super) fn history(report: &TaskVersions) -> String {
    let mut out = format!(
        "{RECALLED}\nTask {:?} (id {}), version {} now:",
        one_line(&report.title),
        report.task_id,
        report.current
    );
    for version in &report.versions {
        let _ = write!(out, "\n- version {} · {}", version.number, version.status);
        part(&mut out, "assignee ", version.assignee.as_deref());
        provenance(&mut out, version.created_by.as_deref(), version.created_at_ms);
        part(&mut out, "why: ", version.change_reason.as_deref());
    }
    more(&mut out, report.has_more, "give offset");
    out
}

fn line(out: &mut String, task: &Task, names: &Names) {
    let details = &task.details;
    let _ = write!(
        out,
        "{:?} (id {}, version {}) · {} · {} {}, {} · {}",
        one_line(&details.title),
        task.id,
        task.version,
        details.status,
        details.severity,
        details.task_type,
        details.urgency,
        names.label(task.scope)
    );
    part(out, "assignee ", details.assignee.as_deref());
    if !task.open_blockers.is_empty() {
        part(out, "waits for ", Some(&ids(&task.open_blockers)));
    }
    part(out, "part of ", details.parent_id.map(|id| id.to_string()).as_deref());
    part(out, "due ", details.due_at_ms.map(when).as_deref());
    if !task.is_active {
        out.push_str(" · deactivated");
    }
}

fn rest(out: &mut String, task: &Task) {
    let details = &task.details;
    part(out, "file ", details.file.as_deref());
    if let Some(first) = details.start_line {
        let _ = write!(out, ":{first}");
        if let Some(last) = details.end_line {
            let _ = write!(out, "-{last}");
        }
    }
    part(out, "category ", details.category.as_deref());
    part(out, "reported by ", details.reporter.as_deref());
    tags(out, &details.tags);
    for (label, at_ms) in [
        ("assigned ", task.assigned_at_ms),
        ("started ", task.started_at_ms),
        ("resolved ", task.resolved_at_ms),
    ] {
        part(out, label, at_ms.map(when).as_deref());
    }
    provenance(out, task.updated_by.as_deref(), task.updated_at_ms);
    if let Some(description) = &details.description {
        quote(out, description);
    }
    if let Some(resolution) = &details.resolution {
        out.push_str("\n  resolution:");
        quote(out, resolution);
    }
}

fn ids(ids: &[Id]) -> String {
    ids.iter().map(Id::to_string).collect::<Vec<_>>().join(", ")
}
