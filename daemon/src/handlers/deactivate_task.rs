//! Hide a task.

use agent_memory_proto::request::DeactivateTask;

use super::{Call, Handled};
use crate::store::{TaskWrite, Write};

pub(super) async fn handle(call: Call, request: DeactivateTask) -> Handled {
    let change = call.task_change(request.id, request.updated_by, request.change_reason)?;
    call.write(Write::Task(TaskWrite::Deactivate(change))).await
}
