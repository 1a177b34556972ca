//! List projects.

use agent_memory_proto::{
    Response,
    model::{Project, ScopeRef},
    request::ListProjects,
    response::ProjectPage,
};

use super::{Call, Handled, checks};
use crate::permissions::page_of_readable;

pub(super) async fn handle(call: Call, request: ListProjects) -> Handled {
    checks::page(request.limit, request.offset)?;
    call.require("orgId", request.org_id.map(ScopeRef::org)).await?;
    let fetch = async |limit, offset| {
        let page =
            call.services.store.scopes.projects(ListProjects { limit, offset, ..request.clone() }).await?;
        Ok((page.projects, page.has_more))
    };
    let wanted = (request.limit, request.offset);
    let scope_of = |project: &Project| ScopeRef::project(project.id);
    let (projects, has_more) = page_of_readable(&call, wanted, fetch, scope_of).await?;
    Ok(Response::Projects(ProjectPage { projects, has_more }).into())
}
