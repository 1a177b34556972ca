//! Remove a task for good.

use agent_memory_proto::request::DeleteTask;

use super::{Call, Handled};
use crate::store::{TaskWrite, Write};

pub(super) async fn handle(call: Call, request: DeleteTask) -> Handled {
    let deleted_by = call.agent.clone();
    call.write(Write::Task(TaskWrite::Delete { id: request.id, deleted_by })).await
}
