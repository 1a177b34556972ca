//! Remove a project with its sessions and entries for good.

use agent_memory_proto::{ErrorBody, request::DeleteProject};

use super::{Call, Handled};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: DeleteProject) -> Handled {
    if !request.confirm {
        return Err(ErrorBody::missing("confirm")
            .with_allowed("true")
            .with_suggestion("The project, its sessions and all their entries are removed for good"));
    }
    call.check_admin("removing a project", request.admin_key.as_deref()).await?;
    let answer = call.write(Write::DeleteProject(request.id)).await?;
    call.services.lock_lines.all_freed();
    if let Some(redis) = &call.services.redis {
        redis.end_any_lock();
    }
    Ok(answer)
}
