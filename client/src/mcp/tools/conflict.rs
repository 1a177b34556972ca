//! memory_conflict: entries that two agents changed at the same time.

use agent_memory_proto::{
    ErrorBody, Request,
    model::EntryKind,
    request::{ConflictPick, GetConflict, ListConflicts, ResolveConflict},
};

use super::{
    super::{
        arguments::{Arguments, Refusal},
        scopes::Scopes,
    },
    Tool, page, unplanned,
};

pub(super) const TOOL: Tool = Tool {
    name: "memory_conflict",
    actions: &["list", "get", "resolve"],
    parameters: &[
        "action",
        "entryType",
        "entryId",
        "resolved",
        "id",
        "resolution",
        "keep",
        "content",
        "expectedVersion",
        "resolvedBy",
        "limit",
        "offset",
        "agentId",
        "idempotencyKey",
    ],
    uses_project: false,
    may_create_project: false,
    plan,
};

fn plan(call: &mut Arguments, action: &str, _: &Scopes) -> Result<Request, Refusal> {
    Ok(match action {
        "list" => {
            let (limit, offset) = page(call)?;
            Request::ListConflicts(ListConflicts {
                kind: call.choice::<EntryKind>("entryType", "guideline, knowledge, tool")?,
                resolved: call.flag("resolved")?,
                entry_id: call.id("entryId")?,
                limit,
                offset,
            })
        }
        "get" => Request::GetConflict(GetConflict { id: call.required("id", Arguments::id)? }),
        "resolve" => Request::ResolveConflict(ResolveConflict {
            id: call.required("id", Arguments::id)?,
            resolution: call.required("resolution", Arguments::text)?,
            pick: pick(call)?,
            expected_version: call.integer("expectedVersion", 1..=u32::MAX)?,
            resolved_by: call.text("resolvedBy")?,
        }),
        other => return Err(unplanned(other)),
    })
}

fn pick(call: &mut Arguments) -> Result<ConflictPick, Refusal> {
    let (keep, content) = (call.text("keep")?, call.text("content")?);
    Ok(match (keep.as_deref(), content) {
        (Some(keep), Some(_)) => {
            return Err(Box::new(
                ErrorBody::invalid("keep", keep, "keep, or content with what both are to become")
                    .with_suggestion("Give one of the two"),
            ));
        }
        (None, Some(content)) => ConflictPick::Merged(content),
        (Some("a"), None) => ConflictPick::First,
        (Some("b"), None) => ConflictPick::Second,
        (Some(other), None) => return Err(Box::new(ErrorBody::invalid("keep", other, "a, b"))),
        (None, None) => ConflictPick::Current,
    })
}
