//! List organisations.

use agent_memory_proto::{Response, request::ListOrgs};

use super::{Call, Handled, checks};

pub(super) async fn handle(call: Call, request: ListOrgs) -> Handled {
    checks::page(request.limit, request.offset)?;
    let page = call.services.store.scopes.orgs(request).await?;
    Ok(Response::Orgs(page).into())
}
