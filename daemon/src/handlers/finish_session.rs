//! End a session, and say what it came to.

use agent_memory_proto::{limits, request::FinishSession};

use super::{Call, Handled, checks, end_session};

pub(super) async fn handle(call: Call, request: FinishSession) -> Handled {
    checks::optional("summary", request.summary.as_ref(), limits::SESSION_SUMMARY_CHARS_MAX)?;
    end_session::end(&call, request.id, request.status, Some(request.summary)).await
}
