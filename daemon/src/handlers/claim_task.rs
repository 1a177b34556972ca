//! Take a task, unless another has it.

use agent_memory_proto::{ErrorBody, request::ClaimTask};

use super::{Call, Handled};
use crate::store::{TaskWrite, Write};

pub(super) async fn handle(call: Call, request: ClaimTask) -> Handled {
    let agent_id = call.agent_or("agentId", request.agent_id)?.ok_or_else(|| {
        ErrorBody::missing("agentId").with_suggestion("Say which agent takes it: a task belongs to an agent")
    })?;
    call.write(Write::Task(TaskWrite::Claim { id: request.id, version_id: call.new_id(), agent_id })).await
}
