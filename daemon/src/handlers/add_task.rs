//! Add a task.

use agent_memory_proto::{limits, request::AddTask};

use super::{Call, Handled, checks, task_details};
use crate::store::{NewTask, TaskWrite, Write};

pub(super) async fn handle(call: Call, request: AddTask) -> Handled {
    let mut details = task_details::checked(request.details)?;
    checks::optional("changeReason", request.change_reason.as_ref(), limits::RATIONALE_CHARS_MAX)?;
    let created_by = call.agent_or("createdBy", request.created_by)?;
    details.reporter = details.reporter.or_else(|| created_by.clone());
    call.scopes(request.scope, false).await?;
    let new = NewTask {
        id: request.id.unwrap_or_else(|| call.new_id()),
        version_id: call.new_id(),
        scope: request.scope,
        details,
        created_by,
        change_reason: request.change_reason,
    };
    call.write(Write::Task(TaskWrite::Add(Box::new(new)))).await
}
