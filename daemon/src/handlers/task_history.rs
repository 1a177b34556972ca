//! List the versions of a task.

use agent_memory_proto::{Response, request::TaskHistory};

use super::{Call, Handled, checks, get_task::no_task};

pub(super) async fn handle(call: Call, request: TaskHistory) -> Handled {
    checks::page(request.limit, request.offset)?;
    let id = request.id;
    let history = call.services.store.tasks.task_history(request).await?;
    Ok(Response::TaskHistory(history.ok_or_else(|| no_task("id", id))?).into())
}
