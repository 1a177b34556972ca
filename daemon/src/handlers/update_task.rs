//! Write a new version of a task.

use agent_memory_proto::request::UpdateTask;

use super::{Call, Handled, task_details};
use crate::store::{TaskWrite, Write};

pub(super) async fn handle(call: Call, request: UpdateTask) -> Handled {
    let patch = Box::new(task_details::checked_patch(request.patch)?);
    let change = call.task_change(request.id, request.updated_by, request.change_reason)?;
    let expected_version = request.expected_version;
    call.write(Write::Task(TaskWrite::Update { change, expected_version, patch })).await
}
