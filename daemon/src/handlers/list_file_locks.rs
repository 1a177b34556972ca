//! List the locks that are held.

use agent_memory_proto::{Response, request::ListFileLocks, response::FileLockPage};

use super::{Call, Handled, checks};
use crate::permissions::page_of_readable;

pub(super) async fn handle(call: Call, request: ListFileLocks) -> Handled {
    checks::page(request.limit, request.offset)?;
    if let Some(agent) = &request.agent_id {
        checks::agent("agentId", agent)?;
    }
    let fetch = async |limit, offset| {
        let wanted = ListFileLocks { limit, offset, ..request.clone() };
        let page = call.services.store.locks.file_locks(wanted, call.now_ms).await?;
        Ok((page.locks, page.has_more))
    };
    let wanted = (request.limit, request.offset);
    let (locks, has_more) = page_of_readable(&call, wanted, fetch, Call::scope_of_lock).await?;
    Ok(Response::FileLocks(FileLockPage { locks, has_more }).into())
}
