//! memory_knowledge: facts, decisions, context and references.

use agent_memory_proto::{
    Request,
    model::{BodyPatch, EntryBody, EntryKind},
};

use super::{
    super::{
        arguments::{Arguments, Refusal},
        scopes::Scopes,
    },
    Tool,
    entry::{self, Shape},
};

pub(super) const TOOL: Tool = Tool {
    name: "memory_knowledge",
    actions: entry::ACTIONS,
    parameters: &[
        "action",
        "agentId",
        "id",
        "title",
        "scopeType",
        "scopeId",
        "category",
        "content",
        "source",
        "confidence",
        "validFrom",
        "validUntil",
        "invalidatedBy",
        "createdBy",
        "changeReason",
        "updatedBy",
        "inherit",
        "includeInactive",
        "limit",
        "offset",
        "tags",
        "metadata",
        "expectedVersion",
        "entries",
        "updates",
        "ids",
        "project",
        "supersedes",
        "idempotencyKey",
    ],
    uses_project: true,
    may_create_project: false,
    plan,
};

const SHAPE: Shape = Shape {
    kind: EntryKind::Knowledge,
    item_parameters: &[
        "id",
        "title",
        "scopeType",
        "scopeId",
        "category",
        "content",
        "source",
        "confidence",
        "validFrom",
        "validUntil",
        "invalidatedBy",
        "createdBy",
        "changeReason",
        "updatedBy",
        "tags",
        "metadata",
        "expectedVersion",
    ],
    body,
    patch,
};

fn plan(call: &mut Arguments, action: &str, scopes: &Scopes) -> Result<Request, Refusal> {
    entry::plan(call, action, scopes, &SHAPE)
}

fn body(call: &mut Arguments) -> Result<EntryBody, Refusal> {
    Ok(EntryBody::Knowledge {
        content: call.required("content", Arguments::text)?,
        confidence: call.number("confidence", 0.0..=1.0)?.unwrap_or(1.0),
        source: call.text("source")?,
        valid_from_ms: call.time("validFrom")?,
        valid_until_ms: call.time("validUntil")?,
        invalidated_by: call.id("invalidatedBy")?,
    })
}

fn patch(call: &mut Arguments) -> Result<BodyPatch, Refusal> {
    Ok(BodyPatch::Knowledge {
        content: call.text("content")?,
        confidence: call.number("confidence", 0.0..=1.0)?,
        source: call.change("source", Arguments::text)?,
        valid_from_ms: call.change("validFrom", Arguments::time)?,
        valid_until_ms: call.change("validUntil", Arguments::time)?,
        invalidated_by: call.change("invalidatedBy", Arguments::id)?,
    })
}
