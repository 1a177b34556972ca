//! Tasks.

use agent_memory_proto::{
    model::{Task, TaskVersion},
    response::{TaskPage, TaskVersions, TaskWritten},
};
use serde_json::{Value, json};

use super::{object, put_scope, time};

/// A task.
#[must_use]
pub fn task(task: &Task) -> Value {
    let details = &task.details;
    let mut fields = object(json!({
        "id": task.id,
        "title": details.title,
        "description": details.description,
        "taskType": details.task_type,
        "taskDomain": details.domain,
        "severity": details.severity,
        "urgency": details.urgency,
        "category": details.category,
        "status": details.status,
        "resolution": details.resolution,
        "file": details.file,
        "startLine": details.start_line,
        "endLine": details.end_line,
        "assignee": details.assignee,
        "assignedAt": task.assigned_at_ms.map(time),
        "reporter": details.reporter,
        "parentTaskId": details.parent_id,
        "blockedBy": task.blockers,
        "openBlockers": task.open_blockers,
        "dueDate": details.due_at_ms.map(time),
        "startedAt": task.started_at_ms.map(time),
        "resolvedAt": task.resolved_at_ms.map(time),
        "estimatedMinutes": details.estimated_minutes,
        "actualMinutes": details.actual_minutes,
        "tags": details.tags,
        "metadata": details.metadata,
        "createdAt": time(task.created_at_ms),
        "createdBy": task.created_by,
        "updatedAt": time(task.updated_at_ms),
        "updatedBy": task.updated_by,
        "isActive": task.is_active,
        "currentVersionId": task.version_id,
        "version": task.version,
        "changeReason": task.change_reason,
    }));
    put_scope(&mut fields, task.scope);
    Value::Object(fields)
}

pub(super) fn page(page: &TaskPage) -> Value {
    super::list("tasks", page.tasks.iter().map(task), page.has_more)
}

pub(super) fn written(report: &TaskWritten) -> Value {
    json!({
        "success": true,
        "action": report.action.name(),
        "task": task(&report.task),
        "previousStatus": report.previous_status,
    })
}

pub(super) fn history(report: &TaskVersions) -> Value {
    let versions: Vec<Value> = report.versions.iter().map(|version| self::version(report, version)).collect();
    json!({
        "taskId": report.task_id,
        "taskTitle": report.title,
        "meta": {
            "versionCount": versions.len(),
            "currentVersionNum": report.current,
            "returnedCount": versions.len(),
            "hasMore": report.has_more,
        },
        "versions": versions,
    })
}

fn version(report: &TaskVersions, version: &TaskVersion) -> Value {
    json!({
        "id": version.id,
        "taskId": report.task_id,
        "versionNum": version.number,
        "title": version.title,
        "description": version.description,
        "status": version.status,
        "resolution": version.resolution,
        "assignee": version.assignee,
        "createdAt": time(version.created_at_ms),
        "createdBy": version.created_by,
        "changeReason": version.change_reason,
    })
}
