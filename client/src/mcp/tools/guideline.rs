//! memory_guideline: rules to follow.

use agent_memory_proto::{
    Request, limits,
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
    name: "memory_guideline",
    actions: entry::ACTIONS,
    parameters: &[
        "action",
        "agentId",
        "id",
        "name",
        "scopeType",
        "scopeId",
        "category",
        "priority",
        "content",
        "rationale",
        "examples",
        "verificationRules",
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
    kind: EntryKind::Guideline,
    item_parameters: &[
        "id",
        "name",
        "scopeType",
        "scopeId",
        "category",
        "priority",
        "content",
        "rationale",
        "examples",
        "verificationRules",
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
    Ok(EntryBody::Guideline {
        content: call.required("content", Arguments::text)?,
        priority: call.integer("priority", 0..=limits::PRIORITY_MAX)?.unwrap_or(limits::PRIORITY_DEFAULT),
        rationale: call.text("rationale")?,
        examples: call.object("examples")?,
        verification_rules: call.object("verificationRules")?,
    })
}

fn patch(call: &mut Arguments) -> Result<BodyPatch, Refusal> {
    Ok(BodyPatch::Guideline {
        content: call.text("content")?,
        priority: call.integer("priority", 0..=limits::PRIORITY_MAX)?,
        rationale: call.change("rationale", Arguments::text)?,
        examples: call.change("examples", Arguments::object)?,
        verification_rules: call.change("verificationRules", Arguments::object)?,
    })
}
