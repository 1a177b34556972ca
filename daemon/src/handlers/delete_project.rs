//! Remove a project with its sessions and entries for good.

use agent_memory_proto::{ErrorBody, ErrorCode, request::DeleteProject};

use super::{Call, Handled};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: DeleteProject) -> Handled {
    if !request.confirm {
        return Err(ErrorBody::missing("confirm")
            .with_allowed("true")
            .with_suggestion("The project, its sessions and all their entries are removed for good"));
    }
    if let Some(key) = &call.services.config.admin_key {
        let given = request.admin_key.as_deref().unwrap_or_default();
        if !key.matches(given) {
            tracing::warn!(agent = call.agent, project = %request.id, "refused to remove a project: wrong admin key");
            return Err(ErrorBody::new(
                ErrorCode::PermissionDenied,
                "removing a project needs the admin key",
            )
            .with_field("admin_key")
            .with_suggestion("Give the value of the daemon's AGENT_MEMORY_ADMIN_KEY"));
        }
    }
    call.write(Write::DeleteProject(request.id)).await
}
