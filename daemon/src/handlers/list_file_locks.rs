//! List the locks that are held.

use agent_memory_proto::{Response, request::ListFileLocks};

use super::{Call, Handled, checks};

pub(super) async fn handle(call: Call, request: ListFileLocks) -> Handled {
    checks::page(request.limit, request.offset)?;
    if let Some(agent) = &request.agent_id {
        checks::agent("agentId", agent)?;
    }
    let page = call.services.store.locks.file_locks(request, call.now_ms).await?;
    Ok(Response::FileLocks(page).into())
}
