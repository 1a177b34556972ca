//! End, pause or take up a session.

use agent_memory_proto::{
    Response, limits,
    model::{FileLock, SessionStatus},
    request::{EndSession, ListFileLocks},
};

use super::{Call, Handled};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: EndSession) -> Handled {
    let shown = shown(&call, &request).await;
    let answer = call.write(Write::EndSession { id: request.id, status: request.status }).await?;
    // Its locks ended with it.
    call.services.lock_lines.all_freed();
    if let (Some(Response::Session(session)), Some(redis)) = (answer.response(), &call.services.redis)
        && session.ended_at_ms.is_some()
    {
        shown.iter().for_each(|lock| redis.end_lock(lock));
        redis.end_any_lock();
    }
    Ok(answer)
}

/// The locks that Redis shows as those of the session: as many as a page has. Of more than that, the rest
/// is shown until its time is over.
async fn shown(call: &Call, request: &EndSession) -> Vec<FileLock> {
    let ends = matches!(request.status, SessionStatus::Completed | SessionStatus::Discarded);
    if call.services.redis.is_none() || !ends {
        return Vec::new();
    }
    let session_id = Some(request.id);
    let limit = limits::PAGE_ROWS_MAX;
    let of_session = ListFileLocks { project_id: None, agent_id: None, session_id, limit, offset: 0 };
    // Nothing depends on it: without them, the session ends all the same.
    let page = call.services.store.locks.file_locks(of_session, call.now_ms).await;
    page.map(|page| page.locks).unwrap_or_default()
}
