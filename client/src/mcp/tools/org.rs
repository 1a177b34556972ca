//! memory_org: organisations.

use agent_memory_proto::{
    Request,
    request::{CreateOrg, ListOrgs},
};

use super::{
    super::{
        arguments::{Arguments, Refusal},
        scopes::Scopes,
    },
    Tool, page, unplanned,
};

pub(super) const TOOL: Tool = Tool {
    name: "memory_org",
    actions: &["create", "list"],
    parameters: &["action", "limit", "offset", "name", "metadata", "agentId", "idempotencyKey"],
    uses_project: false,
    may_create_project: false,
    plan,
};

fn plan(call: &mut Arguments, action: &str, _: &Scopes) -> Result<Request, Refusal> {
    Ok(match action {
        "create" => {
            let name = call.required("name", Arguments::text)?;
            Request::CreateOrg(CreateOrg { id: None, name, metadata: call.object("metadata")? })
        }
        "list" => {
            let (limit, offset) = page(call)?;
            Request::ListOrgs(ListOrgs { limit, offset })
        }
        other => return Err(unplanned(other)),
    })
}
