//! Tasks of an import. A task is known by its id. First every task is there, then what it is a part of and what
//! it waits for are looked at: in a document they may come in any order.

use std::collections::BTreeMap;

use agent_memory_proto::{
    ErrorBody, ErrorCode,
    model::{ExtraKind, Id, PortableExtra, PortableTask, Task, TaskDetails},
    request::ConflictStrategy,
    response::TaskAction,
};

use super::{
    Run,
    extras::{Fate, there_already},
};
use crate::store::{
    StoreError,
    rules::{
        refusals::no_scope,
        tasks::{changed, check_chain, check_lines, check_parent},
        transaction::{Step, WriteTransaction},
    },
    task_rows::StoredTask,
};

pub(super) async fn store_all(run: &mut Run<'_>, rows: &impl WriteTransaction) -> Step<()> {
    let mut found = run.extras(ExtraKind::Task)?;
    // Which of them are to be linked, and what became of each of these; of the others nothing is left to do.
    let mut to_link: BTreeMap<Id, Fate> = BTreeMap::new();
    let mut is_locked = false;
    while let Some((at, extra)) = found.next()? {
        let PortableExtra::Task(task) = &extra else { continue };
        if !std::mem::replace(&mut is_locked, true) {
            rows.lock_task_graph().await?;
        }
        let placed = match to_link.get(&task.task.id) {
            Some(_) => Err(there_already("task", task.task.id)),
            None => place(run, rows, task).await,
        };
        match placed {
            Ok(Fate::Skipped) => run.settle(at, &extra, Ok(Fate::Skipped))?,
            Ok(fate) => drop(to_link.insert(task.task.id, fate)),
            refused => run.settle(at, &extra, refused)?,
        }
    }
    let mut found = run.extras(ExtraKind::Task)?;
    while let Some((at, extra)) = found.next()? {
        let PortableExtra::Task(task) = &extra else { continue };
        let Some(fate) = to_link.remove(&task.task.id) else { continue };
        let linked = link(run, rows, &task.task, fate).await;
        run.settle(at, &extra, linked)?;
    }
    Ok(())
}

/// Stores a task that is not there, by itself. One that is there is left for later, unless it stays as it is.
async fn place(run: &Run<'_>, rows: &impl WriteTransaction, carried: &PortableTask) -> Step<Fate> {
    let task = &carried.task;
    check_lines(&task.details)?;
    let scope_key = run.keys.get(&task.scope).copied().ok_or_else(|| no_scope(&task.scope, "scopeId"))?;
    let Some(old) = rows.task(task.id).await? else {
        insert(rows, scope_key, carried).await?;
        return Ok(Fate::Created);
    };
    match run.staged.options.strategy {
        ConflictStrategy::Skip => Ok(Fate::Skipped),
        ConflictStrategy::Error => Err(there_already("task", task.id)),
        _ if old.scope_key != scope_key => Err(elsewhere(&old.task, task)),
        ConflictStrategy::Update => Ok(Fate::Updated),
        ConflictStrategy::Replace => {
            let waiting = rows.tasks_waiting_for(old.key).await?;
            rows.remove_task(old.key).await?;
            insert(rows, scope_key, carried).await?;
            let new = require(rows, task.id).await?;
            for task in waiting {
                rows.insert_task_blocker(task, new.key).await?;
            }
            Ok(Fate::Replaced)
        }
    }
}

async fn insert(rows: &impl WriteTransaction, scope_key: i64, carried: &PortableTask) -> Step<()> {
    let details = TaskDetails { parent_id: None, ..carried.task.details.clone() };
    let alone = Task { details, blockers: Vec::new(), ..carried.task.clone() };
    if !rows.insert_task(scope_key, &alone).await? {
        return Err(StoreError::Contended("the task came at the same time".to_owned()));
    }
    for version in &carried.earlier {
        rows.insert_task_version(alone.id, version).await?;
    }
    Ok(())
}

async fn require(rows: &impl WriteTransaction, id: Id) -> Step<StoredTask> {
    let found = rows.task(id).await?;
    found.ok_or_else(|| StoreError::Contended("the task went at the same time".to_owned()))
}

/// Makes it a part of its parent and lets it wait for its blockers, those that are there.
async fn link(run: &mut Run<'_>, rows: &impl WriteTransaction, task: &Task, fate: Fate) -> Step<Fate> {
    let old = require(rows, task.id).await?;
    let mut details = task.details.clone();
    if let Some(parent) = details.parent_id {
        if rows.task_place(parent).await?.is_some() {
            let height = rows.task_height(task.id).await?;
            check_parent(rows, task.id, old.scope_key, parent, height).await?;
        } else {
            details.parent_id = None;
            run.task_links_left_out += 1;
        }
    }
    let mut blockers = Vec::new();
    for blocker in &task.blockers {
        match rows.task(*blocker).await? {
            Some(there) => blockers.push((*blocker, there.key)),
            None => run.task_links_left_out += 1,
        }
    }
    let ids: Vec<Id> = blockers.iter().map(|(id, _)| *id).collect();
    let version = match fate {
        Fate::Updated => {
            if (&old.task.details, &old.task.blockers, old.task.is_active) == (&details, &ids, task.is_active)
            {
                return Ok(Fate::Skipped);
            }
            let new = next(run, &old.task, task, details);
            rows.replace_task(&old, &new).await?;
            new.version
        }
        _ => {
            if let Some(parent) = details.parent_id {
                rows.set_task_parent(old.key, parent).await?;
            }
            task.version
        }
    };
    for gone in old.task.blockers.iter().filter(|id| !ids.contains(id)) {
        rows.remove_task_blocker(old.key, *gone).await?;
    }
    for (id, key) in blockers {
        if !old.task.blockers.contains(&id) {
            check_chain(rows, task.id, id).await?;
            rows.insert_task_blocker(old.key, key).await?;
        }
    }
    tell(run, task, fate, version);
    Ok(fate)
}

fn next(run: &Run<'_>, old: &Task, task: &Task, details: TaskDetails) -> Task {
    Task {
        details,
        created_at_ms: old.created_at_ms,
        created_by: old.created_by.clone(),
        updated_at_ms: run.at_ms,
        updated_by: run.staged.options.imported_by.clone().or_else(|| task.updated_by.clone()),
        version: old.version + 1,
        version_id: run.import.clock.new_id(),
        change_reason: Some("imported".to_owned()),
        ..task.clone()
    }
}

fn tell(run: &mut Run<'_>, task: &Task, fate: Fate, version: u32) {
    let action = if fate == Fate::Created { TaskAction::Added } else { TaskAction::Updated };
    let event = changed(action, task, version, run.staged.options.imported_by.as_deref());
    run.tell(task.scope, event);
}

/// The id is that of a task in another scope.
fn elsewhere(old: &Task, task: &Task) -> StoreError {
    let message = format!("the id {} belongs to a task of {}, not of {}", task.id, old.scope, task.scope);
    StoreError::refused(
        ErrorBody::new(ErrorCode::AlreadyExists, message)
            .with_field("id")
            .with_value(task.id)
            .with_suggestion("Import with generateNewIds, or with conflictStrategy skip"),
    )
}
