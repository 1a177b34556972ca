//! List conflicts.

use agent_memory_proto::{Response, request::ListConflicts};

use super::{Call, Handled, checks};

pub(super) async fn handle(call: Call, request: ListConflicts) -> Handled {
    checks::page(request.limit, request.offset)?;
    let page = call.services.store.conflicts.conflicts(request).await?;
    Ok(Response::Conflicts(page).into())
}
