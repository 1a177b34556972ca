//! How tasks hang together: parts of a task, and tasks that wait for others. Neither goes round in a circle, and
//! both are bounded. Whoever changes it holds the lock of the whole of it.

use std::{
    collections::{HashMap, hash_map::Entry},
    iter::successors,
};

use agent_memory_proto::{
    ErrorBody, ErrorCode,
    limits::{TASK_BLOCKERS_MAX, TASK_CHAIN_MAX, TASK_DEPTH_MAX},
    model::{Id, ScopeLevel, Task},
    response::TaskAction,
};

use super::{next, no_task, require, unchanged, written};
use crate::store::{
    StoreError, TaskChange,
    rules::{
        Applied,
        transaction::{Step, WriteTransaction},
    },
};

/// Tasks of a circle that a refusal names.
const PATH_SHOWN_MAX: usize = 20;

/// Checks that a task of that scope, with `height` levels of parts below it, can be a part of another.
pub(in crate::store::rules) async fn check_parent(
    rows: &impl WriteTransaction,
    task: Id,
    scope_key: i64,
    parent: Id,
    height: u32,
) -> Step<()> {
    let mut path = vec![task];
    let mut above = Some(parent);
    while let Some(id) = above {
        path.push(id);
        if id == task {
            return Err(circle("parentTaskId", parent, "be a part of itself", &path));
        }
        let depth = u32::try_from(path.len()).unwrap_or(u32::MAX).saturating_add(height);
        if depth > TASK_DEPTH_MAX {
            return Err(StoreError::refused(
                ErrorBody::new(
                    ErrorCode::LimitExceeded,
                    format!("tasks would be nested deeper than {TASK_DEPTH_MAX} levels"),
                )
                .with_field("parentTaskId")
                .with_value(parent)
                .with_suggestion("Give it a parent that is further up"),
            ));
        }
        let Some((of_scope, next)) = rows.task_place(id).await? else {
            return Err(no_task(id, "parentTaskId"));
        };
        if id == parent {
            check_scope(rows, scope_key, of_scope, parent).await?;
        }
        above = next;
    }
    Ok(())
}

/// A parent is of the same scope or of one above it, so that it is there as long as its parts.
async fn check_scope(rows: &impl WriteTransaction, scope: i64, of_parent: i64, parent: Id) -> Step<()> {
    let mut above = Some(scope);
    for _ in ScopeLevel::ALL {
        if above == Some(of_parent) {
            return Ok(());
        }
        let Some(key) = above else { break };
        above = rows.scope_parent(key).await?;
    }
    Err(StoreError::refused(
        ErrorBody::invalid("parentTaskId", parent, "a task of the same scope, or of one above it")
            .with_suggestion("Use a blocker for a task of another project"),
    ))
}

pub(super) async fn add_blocker(
    rows: &impl WriteTransaction,
    change: &TaskChange,
    blocker: Id,
    at_ms: i64,
) -> Applied {
    rows.lock_task_graph().await?;
    let old = require(rows, change.id, "id").await?;
    if old.task.blockers.contains(&blocker) {
        return Ok(unchanged(TaskAction::BlockerAdded, old.task));
    }
    if blocker == change.id {
        return Err(circle("blockerId", blocker, "wait for itself", &[change.id, blocker]));
    }
    let other = require(rows, blocker, "blockerId").await?;
    if old.task.blockers.len() >= TASK_BLOCKERS_MAX {
        return Err(StoreError::refused(
            ErrorBody::new(
                ErrorCode::LimitExceeded,
                format!("the task {} waits for {TASK_BLOCKERS_MAX} tasks already", change.id),
            )
            .with_field("blockerId")
            .with_value(blocker)
            .with_suggestion("Let it wait for one task that waits for the others"),
        ));
    }
    check_chain(rows, change.id, blocker).await?;
    let mut task = next(&old.task, change, old.task.details.clone(), at_ms);
    task.blockers.push(blocker);
    task.blockers.sort_unstable();
    if is_open(&other.task) {
        task.open_blockers.push(blocker);
        task.open_blockers.sort_unstable();
    }
    rows.replace_task(&old, &task).await?;
    rows.insert_task_blocker(old.key, other.key).await?;
    Ok(written(TaskAction::BlockerAdded, task, Some(old.task.details.status)))
}

fn is_open(task: &Task) -> bool {
    task.is_active && !task.details.status.is_resolved()
}

pub(super) async fn remove_blocker(
    rows: &impl WriteTransaction,
    change: &TaskChange,
    blocker: Id,
    at_ms: i64,
) -> Applied {
    rows.lock_task_graph().await?;
    let old = require(rows, change.id, "id").await?;
    if !old.task.blockers.contains(&blocker) {
        return Err(StoreError::refused(
            ErrorBody::new(
                ErrorCode::NotFound,
                format!("the task {} does not wait for {blocker}", change.id),
            )
            .with_field("blockerId")
            .with_value(blocker)
            .with_suggestion("Get the task to see what it waits for"),
        ));
    }
    let mut task = next(&old.task, change, old.task.details.clone(), at_ms);
    task.blockers.retain(|id| *id != blocker);
    task.open_blockers.retain(|id| *id != blocker);
    rows.replace_task(&old, &task).await?;
    rows.remove_task_blocker(old.key, blocker).await?;
    Ok(written(TaskAction::BlockerRemoved, task, Some(old.task.details.status)))
}

/// Checks that a task does not come to wait for itself, by way of what it is to wait for.
pub(in crate::store::rules) async fn check_chain(
    rows: &impl WriteTransaction,
    task: Id,
    blocker: Id,
) -> Step<()> {
    // Each task that was reached, and which one waits for it; the task itself ends every way back.
    let mut reached: HashMap<Id, Id> = HashMap::from([(blocker, task)]);
    let mut wave = vec![blocker];
    while !wave.is_empty() {
        let edges = rows.blockers_of(&wave).await?;
        wave.clear();
        for (waiting, waited_for) in edges {
            if waited_for == task {
                return Err(circle("blockerId", blocker, "wait for itself", &path(&reached, task, waiting)));
            }
            if let Entry::Vacant(place) = reached.entry(waited_for) {
                place.insert(waiting);
                wave.push(waited_for);
            }
        }
        if reached.len() > TASK_CHAIN_MAX {
            return Err(StoreError::refused(
                ErrorBody::new(
                    ErrorCode::LimitExceeded,
                    format!("more than {TASK_CHAIN_MAX} tasks would have to be done before {task}"),
                )
                .with_field("blockerId")
                .with_value(blocker)
                .with_suggestion("Remove blockers that are not needed"),
            ));
        }
    }
    Ok(())
}

/// From a task over what it waits for, up to the one that waits for it.
fn path(reached: &HashMap<Id, Id>, task: Id, last: Id) -> Vec<Id> {
    let mut path: Vec<Id> = successors(Some(last), |at| reached.get(at).copied()).collect();
    path.reverse();
    path.push(task);
    path
}

fn circle(field: &str, value: Id, what: &str, path: &[Id]) -> StoreError {
    let shown = path.iter().take(PATH_SHOWN_MAX).map(Id::to_string);
    let rest = (path.len() > PATH_SHOWN_MAX).then(|| format!("{} more", path.len() - PATH_SHOWN_MAX));
    let path: Vec<String> = shown.chain(rest).collect();
    StoreError::refused(
        ErrorBody::new(ErrorCode::Conflict, format!("the task would {what}: {}", path.join(" -> ")))
            .with_field(field)
            .with_value(value)
            .with_suggestion("Remove one of these links first, if this one is the right one"),
    )
}
