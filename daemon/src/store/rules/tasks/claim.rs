//! Who gets a task: the first that asks, while it is to be done and nothing stands in its way. The others are
//! told who has it, and since when.

use agent_memory_proto::{
    ErrorBody, ErrorCode,
    model::{Id, Task, TaskDetails, TaskStatus},
    response::TaskAction,
};

use super::{next, require, unchanged, written};
use crate::store::{
    StoreError, TaskChange,
    rules::{Applied, transaction::WriteTransaction},
};

pub(super) async fn apply(
    rows: &impl WriteTransaction,
    id: Id,
    version_id: Id,
    agent_id: &str,
    at_ms: i64,
) -> Applied {
    let old = require(rows, id, "id").await?;
    check(&old.task, agent_id, at_ms)?;
    let details = &old.task.details;
    let is_own = details.assignee.as_deref() == Some(agent_id);
    if is_own && details.status == TaskStatus::InProgress {
        return Ok(unchanged(TaskAction::Kept, old.task));
    }
    let change = TaskChange {
        id,
        version_id,
        updated_by: Some(agent_id.to_owned()),
        change_reason: Some("claimed".to_owned()),
    };
    let details = TaskDetails {
        assignee: Some(agent_id.to_owned()),
        status: TaskStatus::InProgress,
        ..details.clone()
    };
    let task = next(&old.task, &change, details, at_ms);
    rows.replace_task(&old, &task).await?;
    Ok(written(TaskAction::Claimed, task, Some(old.task.details.status)))
}

fn check(task: &Task, agent_id: &str, now_ms: i64) -> Result<(), StoreError> {
    let details = &task.details;
    let refused = |why: String, how: &str| {
        Err(StoreError::refused(
            ErrorBody::new(ErrorCode::Conflict, format!("the task {} {why}", task.id))
                .with_field("id")
                .with_value(task.id)
                .with_suggestion(how),
        ))
    };
    let age = |since_ms: Option<i64>| since_ms.map_or(0, |since_ms| (now_ms - since_ms).max(0) / 1_000);
    if !task.is_active {
        return refused("is deactivated".to_owned(), "List the tasks that are open, and claim another");
    }
    if details.status.is_resolved() {
        let since = age(task.resolved_at_ms);
        let why = format!("is {} since {since} s", details.status);
        return refused(why, "Claim another, or open it again with update_status if it is to be done anew");
    }
    if let Some(owner) = details.assignee.as_deref().filter(|owner| *owner != agent_id) {
        let since = age(task.assigned_at_ms);
        let why = format!("belongs to agent {owner:?} since {since} s and is {}", details.status);
        return refused(
            why,
            "Claim another; whoever has it gives it back by an update that clears its assignee",
        );
    }
    if !task.open_blockers.is_empty() {
        let ids: Vec<String> = task.open_blockers.iter().map(Id::to_string).collect();
        let why = format!("waits for tasks that are not done: {}", ids.join(", "));
        return refused(why, "Claim what it waits for, or another task");
    }
    if details.status == TaskStatus::Blocked {
        let why = "is blocked: its status says so".to_owned();
        return refused(why, "Set its status to open once nothing stands in its way, or claim another");
    }
    Ok(())
}
