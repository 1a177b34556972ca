//! Forget an agent: its token is worthless from then on.

use agent_memory_proto::request::RevokeAgent;

use super::{Call, Handled, checks};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: RevokeAgent) -> Handled {
    call.check_admin("revoking an agent's token", request.admin_key.as_deref()).await?;
    checks::agent("name", &request.name)?;
    tracing::warn!(
        target: "agent_memory::audit",
        action = "revoke_agent",
        agent = request.name,
        by = call.agent,
        "an agent's token is revoked"
    );
    call.write(Write::RevokeAgent(request.name)).await
}
