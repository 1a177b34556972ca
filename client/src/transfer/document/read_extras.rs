//! Objects of the document as tags, tasks and relations.

use agent_memory_proto::{
    ErrorBody,
    model::{
        ExtraKind, Node, NodeKind, PortableExtra, PortableTask, Relation, Tag, TagCategory, Task,
        TaskDetails, TaskVersion,
    },
};
use serde_json::Value;

use super::read::{Object, Read};

/// Reads what a list beside the entries has; `None` for a relation that does not name its ends by their ids.
pub(in crate::transfer) fn extra(kind: ExtraKind, value: &Value) -> Read<Option<PortableExtra>> {
    Ok(match kind {
        ExtraKind::Tag => Some(PortableExtra::Tag(tag(&Object::of("tags", value)?)?)),
        ExtraKind::Task => Some(PortableExtra::Task(Box::new(task(&Object::of("tasks", value)?)?))),
        ExtraKind::Relation if ["sourceId", "targetId"].iter().any(|end| value.get(end).is_none()) => None,
        ExtraKind::Relation => Some(PortableExtra::Relation(relation(&Object::of("relations", value)?)?)),
    })
}

fn tag(fields: &Object<'_>) -> Read<Tag> {
    Ok(Tag {
        id: fields.required_id("id")?,
        name: fields.required("name")?,
        category: fields.word("category")?.unwrap_or(TagCategory::Custom),
        description: fields.text("description")?,
        is_predefined: fields.flag("isPredefined")?.unwrap_or(false),
        created_at_ms: fields.required_time("createdAt")?,
    })
}

fn relation(fields: &Object<'_>) -> Read<Relation> {
    let end = |kind: &str, id: &str| -> Read<Node> {
        let kind_text = fields.required(kind)?;
        let allowed = "guideline, knowledge, tool, project";
        let of: NodeKind = kind_text.parse().map_err(|()| ErrorBody::invalid(kind, &kind_text, allowed))?;
        Ok(Node { kind: of, id: fields.required_id(id)? })
    };
    Ok(Relation {
        id: fields.required_id("id")?,
        source: end("sourceType", "sourceId")?,
        target: end("targetType", "targetId")?,
        kind: fields.word("relationType")?.ok_or_else(|| ErrorBody::missing("relationType"))?,
        metadata: fields.json("metadata"),
        created_at_ms: fields.required_time("createdAt")?,
        created_by: fields.text("createdBy")?,
    })
}

fn task(fields: &Object<'_>) -> Read<PortableTask> {
    let id = fields.required_id("id")?;
    let created_at_ms = fields.required_time("createdAt")?;
    let task = Task {
        id,
        scope: fields.scope()?,
        details: details(fields)?,
        blockers: fields.ids("blockedBy")?,
        open_blockers: Vec::new(),
        assigned_at_ms: fields.time("assignedAt")?,
        started_at_ms: fields.time("startedAt")?,
        resolved_at_ms: fields.time("resolvedAt")?,
        is_active: fields.flag("isActive")?.unwrap_or(true),
        created_at_ms,
        updated_at_ms: fields.time("updatedAt")?.unwrap_or(created_at_ms),
        updated_by: fields.text("updatedBy")?,
        created_by: fields.text("createdBy")?,
        version: fields.count("version")?.unwrap_or(1),
        version_id: fields.id("currentVersionId")?.unwrap_or(id),
        change_reason: fields.text("changeReason")?,
    };
    let earlier = match fields.get("earlierVersions") {
        None => Vec::new(),
        Some(Value::Array(all)) => {
            all.iter().map(|value| version(&Object::of("earlierVersions", value)?)).collect::<Read<_>>()?
        }
        Some(other) => return Err(ErrorBody::invalid("earlierVersions", other, "an array of objects")),
    };
    Ok(PortableTask { task, earlier })
}

fn details(fields: &Object<'_>) -> Read<TaskDetails> {
    Ok(TaskDetails {
        title: fields.required("title")?,
        description: fields.text("description")?,
        task_type: fields.word("taskType")?.unwrap_or_default(),
        domain: fields.word("taskDomain")?.unwrap_or_default(),
        severity: fields.word("severity")?.unwrap_or_default(),
        urgency: fields.word("urgency")?.unwrap_or_default(),
        category: fields.text("category")?,
        status: fields.word("status")?.unwrap_or_default(),
        resolution: fields.text("resolution")?,
        file: fields.text("file")?,
        start_line: fields.count("startLine")?,
        end_line: fields.count("endLine")?,
        assignee: fields.text("assignee")?,
        reporter: fields.text("reporter")?,
        parent_id: fields.id("parentTaskId")?,
        due_at_ms: fields.time("dueDate")?,
        estimated_minutes: fields.count("estimatedMinutes")?,
        actual_minutes: fields.count("actualMinutes")?,
        tags: fields.tags()?,
        metadata: fields.json("metadata"),
    })
}

fn version(fields: &Object<'_>) -> Read<TaskVersion> {
    Ok(TaskVersion {
        id: fields.required_id("id")?,
        number: fields.count("versionNum")?.unwrap_or(1),
        created_at_ms: fields.required_time("createdAt")?,
        created_by: fields.text("createdBy")?,
        change_reason: fields.text("changeReason")?,
        title: fields.required("title")?,
        description: fields.text("description")?,
        status: fields.word("status")?.unwrap_or_default(),
        resolution: fields.text("resolution")?,
        assignee: fields.text("assignee")?,
    })
}
