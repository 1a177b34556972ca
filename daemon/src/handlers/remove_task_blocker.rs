//! Take back that a task has to be done before another.

use agent_memory_proto::request::RemoveTaskBlocker;

use super::{Call, Handled};
use crate::store::{TaskWrite, Write};

pub(super) async fn handle(call: Call, request: RemoveTaskBlocker) -> Handled {
    let change = call.task_change(request.id, request.updated_by, None)?;
    call.write(Write::Task(TaskWrite::RemoveBlocker { change, blocker_id: request.blocker_id })).await
}
