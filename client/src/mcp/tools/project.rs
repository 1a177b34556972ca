//! memory_project: projects.

use agent_memory_proto::{
    Request,
    request::{CreateProject, DeleteProject, GetProject, ListProjects, UpdateProject},
};

use super::{
    super::{
        arguments::{Arguments, Refusal},
        scopes::Scopes,
    },
    Tool, page, unplanned,
};

pub(super) const TOOL: Tool = Tool {
    name: "memory_project",
    actions: &["create", "list", "get", "update", "delete"],
    parameters: &[
        "action",
        "id",
        "name",
        "orgId",
        "description",
        "rootPath",
        "metadata",
        "limit",
        "offset",
        "admin_key",
        "confirm",
        "agentId",
        "idempotencyKey",
    ],
    uses_project: true,
    may_create_project: true,
    plan,
};

fn plan(call: &mut Arguments, action: &str, scopes: &Scopes) -> Result<Request, Refusal> {
    Ok(match action {
        "create" => Request::CreateProject(CreateProject {
            id: None,
            org_id: call.id("orgId")?,
            name: call.required("name", Arguments::text)?,
            description: call.text("description")?,
            root_path: call.text("rootPath")?,
            metadata: call.object("metadata")?,
        }),
        "list" => {
            let (limit, offset) = page(call)?;
            Request::ListProjects(ListProjects { org_id: call.id("orgId")?, limit, offset })
        }
        "get" => Request::GetProject(get(call, scopes)?),
        "update" => Request::UpdateProject(update(call)?),
        "delete" => Request::DeleteProject(DeleteProject {
            id: call.required("id", Arguments::id)?,
            confirm: call.flag("confirm")?.unwrap_or(false),
            admin_key: call.text("admin_key")?,
        }),
        other => return Err(unplanned(other)),
    })
}

/// Without any of its parameters, the bound project.
fn get(call: &mut Arguments, scopes: &Scopes) -> Result<GetProject, Refusal> {
    let wanted = GetProject {
        id: call.id("id")?,
        root_path: call.text("rootPath")?,
        name: call.text("name")?,
        org_id: call.id("orgId")?,
    };
    if wanted.id.is_some() || wanted.root_path.is_some() || wanted.name.is_some() {
        return Ok(wanted);
    }
    let bound = scopes.project.as_ref().map(|project| project.id);
    let id = bound.ok_or_else(|| call.missing("id, name or rootPath"))?;
    Ok(GetProject { id: Some(id), ..wanted })
}

fn update(call: &mut Arguments) -> Result<UpdateProject, Refusal> {
    Ok(UpdateProject {
        id: call.required("id", Arguments::id)?,
        name: call.text("name")?,
        org_id: call.change("orgId", Arguments::id)?,
        description: call.change("description", Arguments::text)?,
        root_path: call.change("rootPath", Arguments::text)?,
        metadata: call.change("metadata", Arguments::object)?,
    })
}
