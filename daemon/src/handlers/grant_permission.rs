//! Say what an agent may do in a scope.

use agent_memory_proto::{
    ErrorBody,
    model::{Permission, PermissionLevel},
    request::GrantPermission,
};

use super::{Call, Handled, checks};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: GrantPermission) -> Handled {
    call.check_admin("granting a permission", request.admin_key.as_deref()).await?;
    if request.level == PermissionLevel::None {
        return Err(ErrorBody::invalid("permission", request.level, "read, write, admin")
            .with_suggestion("To deny an agent everything, revoke read from it"));
    }
    let permission = Permission {
        id: call.new_id(),
        agent_id: request.agent_id,
        scope: request.scope,
        kind: request.kind,
        level: request.level,
        created_by: request.created_by,
        created_at_ms: call.now_ms,
    };
    set(&call, permission).await
}

/// Stores what is said of an agent; a level that is taken away is stored as the one below.
pub(super) async fn set(call: &Call, permission: Permission) -> Handled {
    if permission.agent_id != Permission::EVERYONE {
        checks::agent("agent_id", &permission.agent_id)?;
    }
    checks::scope("scope_id", permission.scope)?;
    let created_by = call.agent_or("created_by", permission.created_by)?;
    let permission = Permission { created_by, ..permission };
    tracing::warn!(
        target: "agent_memory::audit",
        action = "set_permission",
        agent = permission.agent_id,
        scope = %permission.scope,
        kind = permission.kind.map(tracing::field::display),
        level = %permission.level,
        by = permission.created_by,
        "a permission is changed"
    );
    call.write(Write::SetPermission(permission)).await
}
