//! Start a session.

use agent_memory_proto::{
    ErrorBody, limits,
    model::{Session, SessionStatus},
    request::StartSession,
};

use super::{
    Call, Handled,
    checks::{self, JsonShape},
};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: StartSession) -> Handled {
    let session = new_session(&call, request)?;
    call.write(Write::StartSession(session)).await
}

/// Checks the fields of a session; quickstart starts sessions too.
pub(super) fn new_session(call: &Call, request: StartSession) -> Result<Session, ErrorBody> {
    if let Some(name) = &request.name {
        checks::name("name", name, limits::NAME_CHARS_MAX)?;
    }
    checks::optional("purpose", request.purpose.as_ref(), limits::DESCRIPTION_CHARS_MAX)?;
    Ok(Session {
        id: request.id.unwrap_or_else(|| call.new_id()),
        project_id: request.project_id,
        name: request.name,
        purpose: request.purpose,
        agent_id: call.agent_or("agentId", request.agent_id)?,
        status: SessionStatus::Active,
        metadata: checks::json("metadata", request.metadata, JsonShape::Object)?,
        started_at_ms: call.now_ms,
        ended_at_ms: None,
    })
}
