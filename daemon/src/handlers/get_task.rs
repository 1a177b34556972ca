//! Read a task, hidden or not.

use agent_memory_proto::{ErrorBody, Response, model::Id, request::GetTask};

use super::{Call, Handled};

pub(super) async fn handle(call: Call, request: GetTask) -> Handled {
    let task = call.services.store.tasks.task(request.id).await?;
    let task = task.ok_or_else(|| no_task("id", request.id))?;
    Ok(Response::Task(Box::new(task)).into())
}

/// A task that does not exist.
pub(super) fn no_task(field: &str, id: Id) -> ErrorBody {
    ErrorBody::not_found("task", id).with_field(field).with_suggestion("List the tasks to find the id")
}
