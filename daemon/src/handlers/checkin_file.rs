//! End a lock of one's own.

use agent_memory_proto::{Response, request::CheckinFile};

use super::{Answer, Call, Handled, checkout_file, lock_path};
use crate::store::{LockOwner, Write};

pub(super) async fn handle(call: Call, request: CheckinFile) -> Handled {
    let path = lock_path::normal(&request.path)?;
    let owner = checkout_file::owner(&call, request.agent_id, request.session_id)?;
    unlock(&call, path, Some(owner), request.token).await
}

/// Ends a lock; without an owner, whoever holds it.
pub(super) async fn unlock(
    call: &Call,
    path: String,
    owner: Option<LockOwner>,
    token: Option<u64>,
) -> Handled {
    let answer: Answer = call.write(Write::CheckinFile { path, owner, token }).await?;
    if let Some(Response::CheckedIn(checked_in)) = answer.response() {
        call.services.lock_lines.freed(&checked_in.lock.path);
        if let Some(redis) = &call.services.redis {
            redis.end_lock(&checked_in.lock);
        }
    }
    Ok(answer)
}
