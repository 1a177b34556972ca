//! memory_permission: what agents may do.

use agent_memory_proto::{
    Request,
    model::{EntryKind, PermissionLevel, ScopeRef},
    request::{CheckPermission, GrantPermission, ListPermissions, PermissionTarget, RevokePermission},
};

use super::{
    super::{
        arguments::{Arguments, Refusal},
        scopes::Scopes,
    },
    Tool, page, unplanned,
};

pub(super) const TOOL: Tool = Tool {
    name: "memory_permission",
    actions: &["grant", "revoke", "check", "list"],
    parameters: &[
        "action",
        "agent_id",
        "scope_type",
        "scope_id",
        "entry_type",
        "permission",
        "permission_id",
        "created_by",
        "admin_key",
        "limit",
        "offset",
        "agentId",
        "project",
        "idempotencyKey",
    ],
    uses_project: true,
    may_create_project: false,
    plan,
};

const LEVELS: &str = "read, write, admin";

fn plan(call: &mut Arguments, action: &str, scopes: &Scopes) -> Result<Request, Refusal> {
    Ok(match action {
        "grant" => Request::GrantPermission(GrantPermission {
            agent_id: agent(call)?,
            scope: scope(call, scopes)?,
            kind: kind(call)?,
            level: level(call)?,
            created_by: call.text("created_by")?,
            admin_key: call.text("admin_key")?,
        }),
        "revoke" => {
            let target = match call.id("permission_id")? {
                Some(id) => PermissionTarget::Id(id),
                None => PermissionTarget::Level {
                    agent_id: agent(call)?,
                    scope: scope(call, scopes)?,
                    kind: kind(call)?,
                    level: level(call)?,
                },
            };
            let created_by = call.text("created_by")?;
            let admin_key = call.text("admin_key")?;
            Request::RevokePermission(RevokePermission { target, created_by, admin_key })
        }
        "check" => Request::CheckPermission(CheckPermission {
            agent_id: call.text("agent_id")?,
            scope: scope(call, scopes)?,
            kind: kind(call)?,
            level: level(call)?,
        }),
        "list" => {
            let (limit, offset) = page(call)?;
            Request::ListPermissions(ListPermissions {
                agent_id: call.text("agent_id")?,
                scope: scopes.given(call, "scope_type", "scope_id")?,
                kind: kind(call)?,
                limit,
                offset,
            })
        }
        other => return Err(unplanned(other)),
    })
}

fn agent(call: &mut Arguments) -> Result<String, Refusal> {
    call.required("agent_id", Arguments::text)
}

fn level(call: &mut Arguments) -> Result<PermissionLevel, Refusal> {
    call.required("permission", |call, name| call.choice(name, LEVELS))
}

fn kind(call: &mut Arguments) -> Result<Option<EntryKind>, Refusal> {
    call.choice("entry_type", "guideline, knowledge, tool")
}

/// The scope that the call names, else the bound project.
fn scope(call: &mut Arguments, scopes: &Scopes) -> Result<ScopeRef, Refusal> {
    let given = scopes.given(call, "scope_type", "scope_id")?;
    call.need("scope_type", given.or_else(|| scopes.bound()))
}
