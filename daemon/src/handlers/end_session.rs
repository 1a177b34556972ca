//! End, pause or take up a session.

use agent_memory_proto::{
    Response, limits,
    model::{FileLock, Id, SessionStatus},
    request::{EndSession, ListFileLocks},
};

use super::{Call, Handled};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: EndSession) -> Handled {
    end(&call, request.id, request.status, None).await
}

/// Ends a session; the answer has its summary when one was asked for.
pub(super) async fn end(
    call: &Call,
    id: Id,
    status: SessionStatus,
    #[allow(clippy::option_option, reason = "not to be told, to be kept, and to be set")] summary: Option<
        Option<String>,
    >,
) -> Handled {
    let shown = shown(call, id, status).await;
    let answer = call.write(Write::EndSession { id, status, summary }).await?;
    // Its locks ended with it.
    call.services.lock_lines.all_freed();
    let session = match answer.response() {
        Some(Response::Session(session)) => Some(session),
        Some(Response::SessionReport(report)) => Some(&report.session),
        _ => None,
    };
    if let (Some(session), Some(redis)) = (session, &call.services.redis)
        && session.ended_at_ms.is_some()
    {
        shown.iter().for_each(|lock| redis.end_lock(lock));
        redis.end_any_lock();
    }
    Ok(answer)
}

/// The locks that Redis shows as those of the session: as many as a page has. Of more than that, the rest
/// is shown until its time is over.
async fn shown(call: &Call, id: Id, status: SessionStatus) -> Vec<FileLock> {
    let ends = matches!(status, SessionStatus::Completed | SessionStatus::Discarded);
    if call.services.redis.is_none() || !ends {
        return Vec::new();
    }
    let session_id = Some(id);
    let limit = limits::PAGE_ROWS_MAX;
    let of_session = ListFileLocks { project_id: None, agent_id: None, session_id, limit, offset: 0 };
    // Nothing depends on it: without them, the session ends all the same.
    let page = call.services.store.locks.file_locks(of_session, call.now_ms).await;
    page.map(|page| page.locks).unwrap_or_default()
}
