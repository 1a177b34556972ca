//! List tags.

use agent_memory_proto::{Response, request::ListTags};

use super::{Call, Handled, checks};

pub(super) async fn handle(call: Call, request: ListTags) -> Handled {
    checks::page(request.limit, request.offset)?;
    let page = call.services.store.tags.tags(request).await?;
    Ok(Response::Tags(page).into())
}
