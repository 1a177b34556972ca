//! memory_task: what is to be done, and who does it.

use agent_memory_proto::{
    Request, limits,
    model::{Id, TaskDetails},
    request::{
        AddTask, AddTaskBlocker, ClaimTask, DeactivateTask, DeleteTask, GetTask, ListTasks,
        RemoveTaskBlocker, TaskHistory, TaskPatch, UpdateTask,
    },
};

use super::{
    super::{
        arguments::{Arguments, Refusal},
        scopes::Scopes,
    },
    Tool, page, unplanned,
};

pub(super) const TOOL: Tool = Tool {
    name: "memory_task",
    actions: &[
        "add",
        "update",
        "get",
        "list",
        "claim",
        "update_status",
        "list_by_status",
        "list_blocked",
        "add_blocker",
        "remove_blocker",
        "get_subtasks",
        "history",
        "deactivate",
        "delete",
    ],
    parameters: &[
        "action",
        "id",
        "title",
        "description",
        "scopeType",
        "scopeId",
        "taskType",
        "taskDomain",
        "severity",
        "urgency",
        "category",
        "status",
        "resolution",
        "file",
        "startLine",
        "endLine",
        "assignee",
        "reporter",
        "parentTaskId",
        "blockerId",
        "dueDate",
        "estimatedMinutes",
        "actualMinutes",
        "tags",
        "metadata",
        "agentId",
        "createdBy",
        "updatedBy",
        "changeReason",
        "expectedVersion",
        "includeInactive",
        "inherit",
        "limit",
        "offset",
        "project",
        "idempotencyKey",
    ],
    uses_project: true,
    may_create_project: false,
    plan,
};

fn plan(call: &mut Arguments, action: &str, scopes: &Scopes) -> Result<Request, Refusal> {
    let id = |call: &mut Arguments| call.required("id", Arguments::id);
    Ok(match action {
        "add" => Request::AddTask(Box::new(add(call, scopes)?)),
        "update" => Request::UpdateTask(Box::new(update(call)?)),
        "update_status" => Request::UpdateTask(Box::new(update_status(call)?)),
        "get" => Request::GetTask(GetTask { id: id(call)? }),
        "list" => Request::ListTasks(list(call, scopes)?),
        "list_by_status" => {
            if !call.has("status") {
                return Err(call.missing("status"));
            }
            Request::ListTasks(list(call, scopes)?)
        }
        "list_blocked" => Request::ListTasks(ListTasks { only_blocked: true, ..list(call, scopes)? }),
        "get_subtasks" => {
            let parent = call.id("parentTaskId")?.or(call.id("id")?);
            let parent_id = Some(call.need("parentTaskId", parent)?);
            // Parts of a task may be in narrower scopes than their whole.
            let listed = list(call, scopes)?;
            Request::ListTasks(ListTasks { parent_id, scope: None, ..listed })
        }
        "claim" => Request::ClaimTask(ClaimTask { id: id(call)?, agent_id: None }),
        "add_blocker" => {
            let (id, blocker_id) = blocker(call)?;
            Request::AddTaskBlocker(AddTaskBlocker { id, blocker_id, updated_by: call.text("updatedBy")? })
        }
        "remove_blocker" => {
            let (id, blocker_id) = blocker(call)?;
            let updated_by = call.text("updatedBy")?;
            Request::RemoveTaskBlocker(RemoveTaskBlocker { id, blocker_id, updated_by })
        }
        "history" => {
            let (limit, offset) = page(call)?;
            Request::TaskHistory(TaskHistory { id: id(call)?, limit, offset })
        }
        "deactivate" => Request::DeactivateTask(DeactivateTask {
            id: id(call)?,
            updated_by: call.text("updatedBy")?,
            change_reason: call.text("changeReason")?,
        }),
        "delete" => Request::DeleteTask(DeleteTask { id: id(call)? }),
        other => return Err(unplanned(other)),
    })
}

fn blocker(call: &mut Arguments) -> Result<(Id, Id), Refusal> {
    Ok((call.required("id", Arguments::id)?, call.required("blockerId", Arguments::id)?))
}

fn add(call: &mut Arguments, scopes: &Scopes) -> Result<AddTask, Refusal> {
    let details = TaskDetails {
        title: call.required("title", Arguments::text)?,
        description: call.text("description")?,
        task_type: call.word("taskType")?.unwrap_or_default(),
        domain: call.word("taskDomain")?.unwrap_or_default(),
        severity: call.word("severity")?.unwrap_or_default(),
        urgency: call.word("urgency")?.unwrap_or_default(),
        category: call.text("category")?,
        status: call.word("status")?.unwrap_or_default(),
        resolution: call.text("resolution")?,
        file: call.text("file")?,
        start_line: line(call, "startLine")?,
        end_line: line(call, "endLine")?,
        assignee: call.text("assignee")?,
        reporter: call.text("reporter")?,
        parent_id: call.id("parentTaskId")?,
        due_at_ms: call.time("dueDate")?,
        estimated_minutes: minutes(call, "estimatedMinutes")?,
        actual_minutes: minutes(call, "actualMinutes")?,
        tags: call.texts("tags")?.unwrap_or_default(),
        metadata: call.object("metadata")?,
    };
    Ok(AddTask {
        id: None,
        scope: scopes.to_write(call)?,
        details,
        created_by: call.text("createdBy")?,
        change_reason: call.text("changeReason")?,
    })
}

fn line(call: &mut Arguments, name: &str) -> Result<Option<u32>, Refusal> {
    call.integer(name, 1..=limits::TASK_LINE_MAX)
}

fn minutes(call: &mut Arguments, name: &str) -> Result<Option<u32>, Refusal> {
    call.integer(name, 0..=limits::TASK_MINUTES_MAX)
}

fn update(call: &mut Arguments) -> Result<UpdateTask, Refusal> {
    let patch = TaskPatch {
        title: call.text("title")?,
        description: call.change("description", Arguments::text)?,
        task_type: call.word("taskType")?,
        domain: call.word("taskDomain")?,
        severity: call.word("severity")?,
        urgency: call.word("urgency")?,
        category: call.change("category", Arguments::text)?,
        status: call.word("status")?,
        resolution: call.change("resolution", Arguments::text)?,
        file: call.change("file", Arguments::text)?,
        start_line: call.change("startLine", line)?,
        end_line: call.change("endLine", line)?,
        assignee: call.change("assignee", Arguments::text)?,
        reporter: call.change("reporter", Arguments::text)?,
        parent_id: call.change("parentTaskId", Arguments::id)?,
        due_at_ms: call.change("dueDate", Arguments::time)?,
        estimated_minutes: call.change("estimatedMinutes", minutes)?,
        actual_minutes: call.change("actualMinutes", minutes)?,
        tags: call.texts("tags")?,
        metadata: call.change("metadata", Arguments::object)?,
    };
    updated(call, patch)
}

fn update_status(call: &mut Arguments) -> Result<UpdateTask, Refusal> {
    let status = call.word("status")?;
    let patch = TaskPatch {
        status: Some(call.need("status", status)?),
        resolution: call.change("resolution", Arguments::text)?,
        actual_minutes: call.change("actualMinutes", minutes)?,
        ..TaskPatch::default()
    };
    updated(call, patch)
}

fn updated(call: &mut Arguments, patch: TaskPatch) -> Result<UpdateTask, Refusal> {
    Ok(UpdateTask {
        id: call.required("id", Arguments::id)?,
        expected_version: call.integer("expectedVersion", 1..=u32::MAX)?,
        patch,
        updated_by: call.text("updatedBy")?,
        change_reason: call.text("changeReason")?,
    })
}

fn list(call: &mut Arguments, scopes: &Scopes) -> Result<ListTasks, Refusal> {
    let (limit, offset) = page(call)?;
    Ok(ListTasks {
        scope: Some(scopes.to_read(call)?),
        inherit: call.flag("inherit")?.unwrap_or(true),
        include_inactive: call.flag("includeInactive")?.unwrap_or(false),
        statuses: call.word("status")?.into_iter().collect(),
        task_type: call.word("taskType")?,
        domain: call.word("taskDomain")?,
        severity: call.word("severity")?,
        urgency: call.word("urgency")?,
        category: call.text("category")?,
        assignee: call.text("assignee")?,
        parent_id: call.id("parentTaskId")?,
        only_blocked: false,
        limit,
        offset,
    })
}
