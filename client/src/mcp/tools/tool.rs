//! memory_tool: commands, functions and services, and how to use them.

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
    name: "memory_tool",
    actions: entry::ACTIONS,
    parameters: &[
        "action",
        "agentId",
        "id",
        "name",
        "scopeType",
        "scopeId",
        "category",
        "description",
        "parameters",
        "examples",
        "constraints",
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
    kind: EntryKind::Tool,
    item_parameters: &[
        "id",
        "name",
        "scopeType",
        "scopeId",
        "category",
        "description",
        "parameters",
        "examples",
        "constraints",
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
    Ok(EntryBody::Tool {
        description: call.required("description", Arguments::text)?,
        parameters: call.object("parameters")?,
        examples: call.list("examples")?,
        constraints: call.text("constraints")?,
    })
}

fn patch(call: &mut Arguments) -> Result<BodyPatch, Refusal> {
    Ok(BodyPatch::Tool {
        description: call.text("description")?,
        parameters: call.change("parameters", Arguments::object)?,
        examples: call.change("examples", Arguments::list)?,
        constraints: call.change("constraints", Arguments::text)?,
    })
}
