//! memory_remember: plain text in, stored as the kind of entry it looks like.

use agent_memory_proto::{
    Request, limits,
    request::{Remember, RememberInstead},
};

use super::{
    super::{
        arguments::{Arguments, Refusal},
        scopes::Scopes,
    },
    Tool, entry,
};

pub(super) const TOOL: Tool = Tool {
    name: "memory_remember",
    actions: &[],
    parameters: &[
        "text",
        "forceType",
        "priority",
        "tags",
        "supersedes",
        "scopeType",
        "scopeId",
        "project",
        "agentId",
        "idempotencyKey",
    ],
    uses_project: true,
    may_create_project: false,
    plan,
};

fn plan(call: &mut Arguments, _: &str, scopes: &Scopes) -> Result<Request, Refusal> {
    let text = call.text("text")?;
    let remember = Remember {
        text: call.need("text", text)?,
        force_kind: call.choice("forceType", "guideline, knowledge, tool")?,
        priority: call.integer("priority", 0..=limits::PRIORITY_MAX)?,
        tags: call.texts("tags")?.unwrap_or_default(),
        scope: scopes.to_write(call)?,
    };
    let supersedes = entry::supersedes(call)?;
    Ok(match supersedes.is_empty() {
        true => Request::Remember(remember),
        false => Request::RememberInstead(Box::new(RememberInstead { remember, supersedes })),
    })
}
