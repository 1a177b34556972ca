//! Take away what an agent may do in a scope.

use agent_memory_proto::{
    ErrorBody,
    model::{Permission, PermissionLevel},
    request::{PermissionTarget, RevokePermission},
};

use super::{Call, Handled, grant_permission};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: RevokePermission) -> Handled {
    call.check_admin("revoking a permission", request.admin_key.as_deref()).await?;
    match request.target {
        PermissionTarget::Id(id) => {
            let by = call.agent_or("created_by", request.created_by)?;
            tracing::warn!(
                target: "agent_memory::audit",
                action = "remove_permission",
                permission = %id,
                by,
                "a permission is removed"
            );
            call.write(Write::RemovePermission(id)).await
        }
        PermissionTarget::Level { agent_id, scope, kind, level } => {
            if level == PermissionLevel::None {
                return Err(ErrorBody::invalid("permission", level, "read, write, admin"));
            }
            let permission = Permission {
                id: call.new_id(),
                agent_id,
                scope,
                kind,
                level: level.below(),
                created_by: request.created_by,
                created_at_ms: call.now_ms,
            };
            grant_permission::set(&call, permission).await
        }
    }
}
