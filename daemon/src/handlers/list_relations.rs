//! List relations.

use agent_memory_proto::{Response, request::ListRelations};

use super::{Call, Handled, checks};

pub(super) async fn handle(call: Call, request: ListRelations) -> Handled {
    checks::page(request.limit, request.offset)?;
    let page = call.services.store.relations.relations(request).await?;
    Ok(Response::Relations(page).into())
}
