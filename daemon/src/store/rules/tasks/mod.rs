//! Tasks: how each write changes one, its times and its version, and what others are told.

mod claim;
mod graph;

use agent_memory_proto::{
    ErrorBody, ErrorCode, Event, Response,
    model::{Id, Task, TaskDetails, TaskStatus},
    request::TaskPatch,
    response::{TaskAction, TaskWritten},
};

pub(super) use graph::{check_chain, check_parent};

use super::{
    Applied,
    refusals::{check_version, id_taken},
    scopes,
    transaction::{Step, WriteTransaction},
};
use crate::store::{Change, NewTask, StoreError, TaskChange, TaskWrite, task_rows::StoredTask};

pub(super) async fn apply(rows: &impl WriteTransaction, write: &TaskWrite, at_ms: i64) -> Applied {
    match write {
        TaskWrite::Add(new) => add(rows, new, at_ms).await,
        TaskWrite::Update { change, expected_version, patch } => {
            update(rows, change, *expected_version, patch, at_ms).await
        }
        TaskWrite::Deactivate(change) => deactivate(rows, change, at_ms).await,
        TaskWrite::Delete { id, deleted_by } => delete(rows, *id, deleted_by.as_deref()).await,
        TaskWrite::AddBlocker { change, blocker_id } => {
            graph::add_blocker(rows, change, *blocker_id, at_ms).await
        }
        TaskWrite::RemoveBlocker { change, blocker_id } => {
            graph::remove_blocker(rows, change, *blocker_id, at_ms).await
        }
        TaskWrite::Claim { id, version_id, agent_id } => {
            claim::apply(rows, *id, *version_id, agent_id, at_ms).await
        }
    }
}

/// The task of that id, to be changed.
async fn require(rows: &impl WriteTransaction, id: Id, field: &str) -> Step<StoredTask> {
    rows.task(id).await?.ok_or_else(|| no_task(id, field))
}

pub(super) fn no_task(id: Id, field: &str) -> StoreError {
    StoreError::refused(
        ErrorBody::not_found("task", id).with_field(field).with_suggestion("List the tasks to find the id"),
    )
}

/// What others are told of a task.
pub(super) fn changed(action: TaskAction, task: &Task, version: u32, by: Option<&str>) -> Event {
    Event::TaskChanged {
        task_id: task.id,
        scope: task.scope,
        action,
        status: task.details.status,
        assignee: task.details.assignee.clone(),
        version,
        changed_by: by.map(str::to_owned),
    }
}

/// The answer, and what others are told.
fn written(action: TaskAction, task: Task, previous_status: Option<TaskStatus>) -> (Response, Vec<Change>) {
    let event = changed(action, &task, task.version, task.updated_by.as_deref());
    let change = Change::of_content(task.scope, Some(event));
    (Response::TaskWritten(Box::new(TaskWritten { action, task, previous_status })), vec![change])
}

/// The answer to a write that changes nothing.
fn unchanged(action: TaskAction, task: Task) -> (Response, Vec<Change>) {
    let previous_status = Some(task.details.status);
    (Response::TaskWritten(Box::new(TaskWritten { action, task, previous_status })), Vec::new())
}

async fn add(rows: &impl WriteTransaction, new: &NewTask, at_ms: i64) -> Applied {
    check_lines(&new.details)?;
    if new.details.parent_id.is_some() {
        rows.lock_task_graph().await?;
    }
    let scope_key = scopes::require(rows, &new.scope, "scopeId").await?;
    if let Some(parent) = new.details.parent_id {
        graph::check_parent(rows, new.id, scope_key, parent, 0).await?;
    }
    let task = Task {
        id: new.id,
        scope: new.scope,
        details: new.details.clone(),
        blockers: Vec::new(),
        open_blockers: Vec::new(),
        assigned_at_ms: new.details.assignee.as_ref().map(|_| at_ms),
        started_at_ms: (new.details.status == TaskStatus::InProgress).then_some(at_ms),
        resolved_at_ms: new.details.status.is_resolved().then_some(at_ms),
        is_active: true,
        created_at_ms: at_ms,
        created_by: new.created_by.clone(),
        updated_at_ms: at_ms,
        updated_by: new.created_by.clone(),
        version: 1,
        version_id: new.version_id,
        change_reason: new.change_reason.clone(),
    };
    if !rows.insert_task(scope_key, &task).await? {
        return Err(StoreError::refused(id_taken("a task", task.id)));
    }
    Ok(written(TaskAction::Added, task, None))
}

async fn update(
    rows: &impl WriteTransaction,
    change: &TaskChange,
    expected_version: Option<u32>,
    patch: &TaskPatch,
    at_ms: i64,
) -> Applied {
    if patch.parent_id.is_some() {
        rows.lock_task_graph().await?;
    }
    let old = require(rows, change.id, "id").await?;
    check_version("task", change.id, old.task.version, expected_version)?;
    let task = next(&old.task, change, patched(&old.task.details, patch), at_ms);
    check_lines(&task.details)?;
    if let Some(parent) = task.details.parent_id.filter(|_| patch.parent_id.is_some()) {
        let height = rows.task_height(task.id).await?;
        graph::check_parent(rows, task.id, old.scope_key, parent, height).await?;
    }
    rows.replace_task(&old, &task).await?;
    Ok(written(TaskAction::Updated, task, Some(old.task.details.status)))
}

async fn deactivate(rows: &impl WriteTransaction, change: &TaskChange, at_ms: i64) -> Applied {
    let old = require(rows, change.id, "id").await?;
    if !old.task.is_active {
        return Ok(unchanged(TaskAction::Deactivated, old.task));
    }
    let mut task = next(&old.task, change, old.task.details.clone(), at_ms);
    task.is_active = false;
    rows.replace_task(&old, &task).await?;
    Ok(written(TaskAction::Deactivated, task, Some(old.task.details.status)))
}

async fn delete(rows: &impl WriteTransaction, id: Id, deleted_by: Option<&str>) -> Applied {
    rows.lock_task_graph().await?;
    let old = require(rows, id, "id").await?;
    if rows.task_height(id).await? > 0 {
        return Err(StoreError::refused(
            ErrorBody::new(ErrorCode::Conflict, format!("the task {id} has subtasks"))
                .with_field("id")
                .with_value(id)
                .with_suggestion(
                    "Remove its subtasks first, or give them another parentTaskId; or deactivate the task",
                ),
        ));
    }
    rows.remove_task(old.key).await?;
    let status = old.task.details.status;
    let task = Task { updated_by: deleted_by.map(str::to_owned), ..old.task };
    Ok(written(TaskAction::Deleted, task, Some(status)))
}

/// The next version of a task, with these details. The times follow its status and its assignee.
fn next(old: &Task, change: &TaskChange, mut details: TaskDetails, at_ms: i64) -> Task {
    let (before, after) = (old.details.status, details.status);
    let is_reopened = before.is_resolved() && !after.is_resolved();
    if is_reopened && details.resolution == old.details.resolution {
        details.resolution = None;
    }
    let resolved_at_ms = match (before.is_resolved(), after.is_resolved()) {
        (_, false) => None,
        (true, true) => old.resolved_at_ms.or(Some(at_ms)),
        (false, true) => Some(at_ms),
    };
    let assigned_at_ms = match &details.assignee {
        None => None,
        same if *same == old.details.assignee => old.assigned_at_ms,
        Some(_) => Some(at_ms),
    };
    Task {
        details,
        assigned_at_ms,
        started_at_ms: old.started_at_ms.or((after == TaskStatus::InProgress).then_some(at_ms)),
        resolved_at_ms,
        updated_at_ms: at_ms,
        updated_by: change.updated_by.clone(),
        version: old.version + 1,
        version_id: change.version_id,
        change_reason: change.change_reason.clone(),
        ..old.clone()
    }
}

fn patched(old: &TaskDetails, patch: &TaskPatch) -> TaskDetails {
    fn keep_or<T: Clone>(new: &Option<T>, old: &T) -> T {
        new.clone().unwrap_or_else(|| old.clone())
    }
    TaskDetails {
        title: keep_or(&patch.title, &old.title),
        description: keep_or(&patch.description, &old.description),
        task_type: patch.task_type.unwrap_or(old.task_type),
        domain: patch.domain.unwrap_or(old.domain),
        severity: patch.severity.unwrap_or(old.severity),
        urgency: patch.urgency.unwrap_or(old.urgency),
        category: keep_or(&patch.category, &old.category),
        status: patch.status.unwrap_or(old.status),
        resolution: keep_or(&patch.resolution, &old.resolution),
        file: keep_or(&patch.file, &old.file),
        start_line: patch.start_line.unwrap_or(old.start_line),
        end_line: patch.end_line.unwrap_or(old.end_line),
        assignee: keep_or(&patch.assignee, &old.assignee),
        reporter: keep_or(&patch.reporter, &old.reporter),
        parent_id: patch.parent_id.unwrap_or(old.parent_id),
        due_at_ms: patch.due_at_ms.unwrap_or(old.due_at_ms),
        estimated_minutes: patch.estimated_minutes.unwrap_or(old.estimated_minutes),
        actual_minutes: patch.actual_minutes.unwrap_or(old.actual_minutes),
        tags: keep_or(&patch.tags, &old.tags),
        metadata: keep_or(&patch.metadata, &old.metadata),
    }
}

/// The last line comes after the first, and neither is without a file.
pub(super) fn check_lines(details: &TaskDetails) -> Result<(), StoreError> {
    let (start, end) = (details.start_line, details.end_line);
    let refused = |field: &str, value: Option<u32>, allowed: String| {
        let value = value.map(|line| line.to_string()).unwrap_or_default();
        Err(StoreError::refused(ErrorBody::invalid(field, value, allowed)))
    };
    match (&details.file, start, end) {
        (None, Some(_), _) => refused("startLine", start, "a line of a file: give file, too".to_owned()),
        (None, None, Some(_)) => refused("endLine", end, "a line of a file: give file, too".to_owned()),
        (_, None, Some(_)) => {
            refused("endLine", end, "the last line after startLine: give that, too".to_owned())
        }
        (_, Some(first), Some(last)) if last < first => {
            refused("endLine", end, format!("startLine ({first}) or a later line"))
        }
        _ => Ok(()),
    }
}
