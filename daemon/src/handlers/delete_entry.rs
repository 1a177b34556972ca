//! Remove one entry for good.

use agent_memory_proto::request::DeleteEntry;

use super::{Call, Handled};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: DeleteEntry) -> Handled {
    let deleted_by = call.agent.clone();
    call.write(Write::DeleteEntries { kind: request.kind, ids: vec![request.id], bulk: false, deleted_by })
        .await
}
