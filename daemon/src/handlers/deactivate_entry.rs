//! Hide one entry.

use agent_memory_proto::{limits, request::DeactivateEntry};

use super::{Call, Handled, checks};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: DeactivateEntry) -> Handled {
    checks::optional("changeReason", request.change_reason.as_ref(), limits::RATIONALE_CHARS_MAX)?;
    let write = Write::DeactivateEntry {
        kind: request.kind,
        id: request.id,
        version_id: call.new_id(),
        updated_by: call.agent_or("updatedBy", request.updated_by)?,
        change_reason: request.change_reason,
    };
    call.write(write).await
}
