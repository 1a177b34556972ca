//! List organisations.

use agent_memory_proto::{Response, model::ScopeRef, request::ListOrgs, response::OrgPage};

use super::{Call, Handled, checks};
use crate::permissions::page_of_readable;

pub(super) async fn handle(call: Call, request: ListOrgs) -> Handled {
    checks::page(request.limit, request.offset)?;
    let fetch = async |limit, offset| {
        let page = call.services.store.scopes.orgs(ListOrgs { limit, offset }).await?;
        Ok((page.orgs, page.has_more))
    };
    let wanted = (request.limit, request.offset);
    let (orgs, has_more) = page_of_readable(&call, wanted, fetch, |org| ScopeRef::org(org.id)).await?;
    Ok(Response::Orgs(OrgPage { orgs, has_more }).into())
}
