//! Resolve a conflict.

use agent_memory_proto::{
    limits,
    request::{ConflictPick, ResolveConflict},
};

use super::{Call, Handled, checks};
use crate::store::{Resolution, Write};

pub(super) async fn handle(call: Call, request: ResolveConflict) -> Handled {
    checks::required("resolution", &request.resolution, limits::RATIONALE_CHARS_MAX)?;
    if let ConflictPick::Merged(content) = &request.pick {
        checks::required("content", content, limits::CONTENT_CHARS_MAX)?;
    }
    let resolved_by = call.agent_or("resolvedBy", request.resolved_by)?;
    call.write(Write::ResolveConflict(Box::new(Resolution {
        id: request.id,
        version_id: call.new_id(),
        resolution: request.resolution,
        pick: request.pick,
        expected_version: request.expected_version,
        resolved_by,
    })))
    .await
}
