//! Tags, tasks and relations that are carried over: every field checked as by the request that makes a new one, and
//! ids made anew where they are to be.

use agent_memory_proto::{
    ErrorBody, limits,
    model::{
        Id, Node, NodeKind, PortableExtra, PortableTask, Relation, ScopeLevel, ScopeRef, Tag, Task,
        TaskVersion,
    },
};

use super::{
    checks::{self, JsonShape},
    portable::{agent, derived, time},
    task_details,
};
use crate::imports::Staging;

/// Checks one of them and gives it the ids that it will have; `None` for a relation whose end becomes a scope that
/// cannot be one.
///
/// # Errors
/// What is wrong first.
pub(super) fn checked(staging: &Staging, extra: PortableExtra) -> Result<Option<PortableExtra>, ErrorBody> {
    match extra {
        PortableExtra::Tag(tag) => checked_tag(staging, tag).map(|tag| Some(PortableExtra::Tag(tag))),
        PortableExtra::Task(task) => {
            checked_task(staging, *task).map(|task| Some(PortableExtra::Task(Box::new(task))))
        }
        PortableExtra::Relation(relation) => {
            Ok(checked_relation(staging, relation)?.map(PortableExtra::Relation))
        }
    }
}

fn carried(staging: &Staging, id: Id) -> Id {
    if staging.options().generate_new_ids { derived(staging, id) } else { id }
}

fn checked_tag(staging: &Staging, tag: Tag) -> Result<Tag, ErrorBody> {
    checks::name("name", &tag.name, limits::TAG_CHARS_MAX)?;
    checks::optional("description", tag.description.as_ref(), limits::DESCRIPTION_CHARS_MAX)?;
    let created_at_ms = time("createdAt", tag.created_at_ms)?;
    Ok(Tag { id: carried(staging, tag.id), created_at_ms, ..tag })
}

fn checked_relation(staging: &Staging, relation: Relation) -> Result<Option<Relation>, ErrorBody> {
    agent("createdBy", relation.created_by.as_ref())?;
    let created_at_ms = time("createdAt", relation.created_at_ms)?;
    let metadata = checks::json("metadata", relation.metadata, JsonShape::Object)?;
    let (Some(source), Some(target)) = (end(staging, relation.source), end(staging, relation.target)) else {
        return Ok(None);
    };
    Ok(Some(Relation {
        id: carried(staging, relation.id),
        source,
        target,
        metadata,
        created_at_ms,
        ..relation
    }))
}

/// A project that becomes another scope is no end any more.
fn end(staging: &Staging, node: Node) -> Option<Node> {
    if node.kind != NodeKind::Project {
        return Some(Node { id: carried(staging, node.id), ..node });
    }
    let scope = staging.mapped(ScopeRef::project(node.id));
    scope.id.filter(|_| scope.level == ScopeLevel::Project).map(Node::project)
}

fn checked_task(staging: &Staging, carried_task: PortableTask) -> Result<PortableTask, ErrorBody> {
    let PortableTask { task, earlier } = carried_task;
    checks::scope("scopeId", task.scope)?;
    agent("createdBy", task.created_by.as_ref())?;
    agent("updatedBy", task.updated_by.as_ref())?;
    checks::optional("changeReason", task.change_reason.as_ref(), limits::RATIONALE_CHARS_MAX)?;
    if task.blockers.len() > limits::TASK_BLOCKERS_MAX {
        let allowed = format!("at most {} tasks", limits::TASK_BLOCKERS_MAX);
        return Err(ErrorBody::invalid("blockedBy", task.blockers.len(), allowed));
    }
    if task.blockers.contains(&task.id) {
        return Err(ErrorBody::invalid("blockedBy", task.id, "other tasks"));
    }
    let stamps = [
        ("assignedAt", task.assigned_at_ms),
        ("startedAt", task.started_at_ms),
        ("resolvedAt", task.resolved_at_ms),
        ("createdAt", Some(task.created_at_ms)),
        ("updatedAt", Some(task.updated_at_ms)),
    ];
    for (field, at_ms) in stamps {
        at_ms.map_or(Ok(0), |at_ms| time(field, at_ms))?;
    }
    let mut details = task_details::checked(task.details)?;
    details.parent_id = details.parent_id.map(|id| carried(staging, id));
    let mut blockers: Vec<Id> = task.blockers.iter().map(|id| carried(staging, *id)).collect();
    blockers.sort_unstable();
    blockers.dedup();
    let earlier = checked_versions(staging, task.version, earlier)?;
    let task = Task {
        id: carried(staging, task.id),
        scope: staging.mapped(task.scope),
        details,
        blockers,
        open_blockers: Vec::new(),
        version_id: carried(staging, task.version_id),
        ..task
    };
    Ok(PortableTask { task, earlier })
}

fn checked_versions(
    staging: &Staging,
    current: u32,
    earlier: Vec<TaskVersion>,
) -> Result<Vec<TaskVersion>, ErrorBody> {
    let mut before = 0;
    let mut checked = Vec::with_capacity(earlier.len());
    for (index, version) in earlier.into_iter().enumerate() {
        let version = checked_version(staging, &mut before, version);
        checked.push(version.map_err(|error| super::at_position("versions", index, error))?);
    }
    check_number(current, before)?;
    Ok(checked)
}

fn check_number(number: u32, before: u32) -> Result<(), ErrorBody> {
    if number > before && i32::try_from(number).is_ok() {
        return Ok(());
    }
    let allowed = format!("{} or more: versions come oldest first", before.saturating_add(1));
    Err(ErrorBody::invalid("versionNum", number, allowed))
}

fn checked_version(
    staging: &Staging,
    before: &mut u32,
    version: TaskVersion,
) -> Result<TaskVersion, ErrorBody> {
    check_number(version.number, *before)?;
    *before = version.number;
    time("createdAt", version.created_at_ms)?;
    agent("createdBy", version.created_by.as_ref())?;
    checks::optional("changeReason", version.change_reason.as_ref(), limits::RATIONALE_CHARS_MAX)?;
    checks::name("title", &version.title, limits::TITLE_CHARS_MAX)?;
    checks::optional("description", version.description.as_ref(), limits::CONTENT_CHARS_MAX)?;
    checks::optional("resolution", version.resolution.as_ref(), limits::DESCRIPTION_CHARS_MAX)?;
    version.assignee.as_ref().map_or(Ok(()), |name| checks::name("assignee", name, limits::TAG_CHARS_MAX))?;
    Ok(TaskVersion { id: carried(staging, version.id), ..version })
}
