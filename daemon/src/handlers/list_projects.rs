//! List projects.

use agent_memory_proto::{Response, model::ScopeRef, request::ListProjects};

use super::{Call, Handled, checks};

pub(super) async fn handle(call: Call, request: ListProjects) -> Handled {
    checks::page(request.limit, request.offset)?;
    if let Some(org_id) = request.org_id {
        call.scopes(ScopeRef::org(org_id), false).await?;
    }
    let page = call.services.store.scopes.projects(request).await?;
    Ok(Response::Projects(page).into())
}
