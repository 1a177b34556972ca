//! Move entries of a session to its project.

use agent_memory_proto::{ErrorBody, limits, request::PromoteSession};

use super::{Call, Handled};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: PromoteSession) -> Handled {
    if request.entry_ids.len() > limits::PROMOTE_ENTRIES_MAX {
        let allowed = format!("at most {} ids", limits::PROMOTE_ENTRIES_MAX);
        return Err(ErrorBody::invalid("ids", format!("{} ids", request.entry_ids.len()), allowed));
    }
    let promoted_by = call.agent_or("agentId", request.promoted_by.clone())?;
    call.write(Write::PromoteSession(PromoteSession { promoted_by, ..request })).await
}
