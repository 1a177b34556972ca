//! List the backups, and how the schedule goes.

use agent_memory_proto::Response;

use super::{Call, Handled};
use crate::backups;

pub(super) async fn handle(call: Call) -> Handled {
    let list = backups::list(&call.services).await?;
    Ok(Response::Backups(Box::new(list)).into())
}
