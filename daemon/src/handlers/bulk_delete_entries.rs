//! Remove several entries for good, all or none.

use agent_memory_proto::request::BulkDeleteEntries;

use super::{Call, Handled, checks};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: BulkDeleteEntries) -> Handled {
    checks::bulk("ids", request.ids.len())?;
    let deleted_by = call.agent.clone();
    call.write(Write::DeleteEntries { kind: request.kind, ids: request.ids, bulk: true, deleted_by }).await
}
