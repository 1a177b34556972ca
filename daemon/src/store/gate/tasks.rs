//! Every text of the writes of tasks and conflicts. A task is found by its id: its title may have a mask in it.

use agent_memory_proto::{
    ErrorBody,
    model::{PortableTask, Task, TaskDetails, TaskVersion},
    request::{ConflictPick, TaskPatch},
};

use super::walk::Walk;
use crate::store::{NewTask, Resolution, TaskChange, TaskWrite};

type Checked = Result<(), ErrorBody>;

pub(super) fn task_write(walk: &mut Walk<'_>, write: &mut TaskWrite) -> Checked {
    match write {
        TaskWrite::Add(new) => {
            let NewTask { id: _, version_id: _, scope: _, details: said, created_by, change_reason } =
                &mut **new;
            details(walk, said)?;
            walk.optional_name("createdBy", created_by.as_ref())?;
            walk.optional("changeReason", change_reason)
        }
        TaskWrite::Update { change: by, expected_version: _, patch: changes } => {
            patch(walk, changes)?;
            change(walk, by)
        }
        TaskWrite::Deactivate(by)
        | TaskWrite::AddBlocker { change: by, blocker_id: _ }
        | TaskWrite::RemoveBlocker { change: by, blocker_id: _ } => change(walk, by),
        TaskWrite::Delete { id: _, deleted_by } => walk.optional_name("deletedBy", deleted_by.as_ref()),
        TaskWrite::Claim { id: _, version_id: _, agent_id } => walk.name("agentId", agent_id),
    }
}

pub(super) fn carried(walk: &mut Walk<'_>, carried: &mut PortableTask) -> Checked {
    let PortableTask { task, earlier } = carried;
    let Task {
        id: _,
        scope: _,
        details: said,
        blockers: _,
        open_blockers: _,
        assigned_at_ms: _,
        started_at_ms: _,
        resolved_at_ms: _,
        is_active: _,
        created_at_ms: _,
        created_by,
        updated_at_ms: _,
        updated_by,
        version: _,
        version_id: _,
        change_reason,
    } = task;
    details(walk, said)?;
    walk.optional_name("createdBy", created_by.as_ref())?;
    walk.optional_name("updatedBy", updated_by.as_ref())?;
    walk.optional("changeReason", change_reason)?;
    earlier
        .iter_mut()
        .enumerate()
        .try_for_each(|(index, one)| walk.inside("versions", Some(index), |walk| version(walk, one)))
}

fn version(walk: &mut Walk<'_>, version: &mut TaskVersion) -> Checked {
    let TaskVersion {
        id: _,
        number: _,
        created_at_ms: _,
        created_by,
        change_reason,
        title,
        description,
        status: _,
        resolution,
        assignee,
    } = version;
    walk.optional_name("createdBy", created_by.as_ref())?;
    walk.optional("changeReason", change_reason)?;
    walk.text("title", title)?;
    walk.optional("description", description)?;
    walk.optional("resolution", resolution)?;
    walk.optional_name("assignee", assignee.as_ref())
}

pub(super) fn resolution(walk: &mut Walk<'_>, resolution: &mut Resolution) -> Checked {
    let Resolution { id: _, version_id: _, resolution: how, pick, expected_version: _, resolved_by } =
        resolution;
    walk.text("resolution", how)?;
    if let ConflictPick::Merged(content) = pick {
        walk.text("content", content)?;
    }
    walk.optional_name("resolvedBy", resolved_by.as_ref())
}

fn change(walk: &mut Walk<'_>, change: &mut TaskChange) -> Checked {
    let TaskChange { id: _, version_id: _, updated_by, change_reason } = change;
    walk.optional_name("updatedBy", updated_by.as_ref())?;
    walk.optional("changeReason", change_reason)
}

fn details(walk: &mut Walk<'_>, details: &mut TaskDetails) -> Checked {
    let TaskDetails {
        title,
        description,
        task_type: _,
        domain: _,
        severity: _,
        urgency: _,
        category,
        status: _,
        resolution,
        file,
        start_line: _,
        end_line: _,
        assignee,
        reporter,
        parent_id: _,
        due_at_ms: _,
        estimated_minutes: _,
        actual_minutes: _,
        tags,
        metadata,
    } = details;
    walk.text("title", title)?;
    walk.optional("description", description)?;
    walk.optional_name("category", category.as_ref())?;
    walk.optional("resolution", resolution)?;
    walk.optional_name("file", file.as_ref())?;
    walk.optional_name("assignee", assignee.as_ref())?;
    walk.optional_name("reporter", reporter.as_ref())?;
    walk.names("tags", tags)?;
    walk.json("metadata", metadata)
}

fn patch(walk: &mut Walk<'_>, patch: &mut TaskPatch) -> Checked {
    let TaskPatch {
        title,
        description,
        task_type: _,
        domain: _,
        severity: _,
        urgency: _,
        category,
        status: _,
        resolution,
        file,
        start_line: _,
        end_line: _,
        assignee,
        reporter,
        parent_id: _,
        due_at_ms: _,
        estimated_minutes: _,
        actual_minutes: _,
        tags,
        metadata,
    } = patch;
    walk.optional("title", title)?;
    walk.changed("description", description)?;
    walk.changed("resolution", resolution)?;
    walk.changed_name("category", category)?;
    walk.changed_name("file", file)?;
    walk.changed_name("assignee", assignee)?;
    walk.changed_name("reporter", reporter)?;
    walk.names("tags", tags.as_deref().unwrap_or_default())?;
    walk.changed_json("metadata", metadata)
}
